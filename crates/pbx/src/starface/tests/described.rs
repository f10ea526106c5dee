//! Every call of the driver is one of the maker's description of the interface, with parameters that it lists.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use busylamp_core::account::{Dimension, Value};
use jiff::SignedDuration;
use serde_norway::Value as Yaml;

use super::{house::House, script::Reply};
use crate::Pbx;

/// The description; `None` without conformance data, which is a failure where `CI` is set to `true`.
fn description() -> Option<Yaml> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance");
    let folder = env::var_os("BUSYLAMP_CONFORMANCE").map_or_else(beside, PathBuf::from);
    if !folder.is_dir() {
        assert!(env::var("CI").as_deref() != Ok("true"), "no conformance data at {}", folder.display());
        // A test that checks nothing says so.
        #[allow(clippy::print_stderr)]
        {
            eprintln!("skipped: no conformance data");
        }
        return None;
    }
    let text = fs::read_to_string(folder.join("starface/starface-rest-6.7.0.22.swagger.yaml")).unwrap();
    Some(serde_norway::from_str(&text).unwrap())
}

/// What is called and is not in the description: it came with STARFACE 10, and nothing depends on it.
const NEWER: [&str; 1] = ["GET /server/version"];

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let same = |(word, part): (&&str, &&str)| word == part || (word.starts_with('{') && !part.is_empty());
    template.len() == path.len() && template.iter().zip(&path).all(same)
}

#[tokio::test]
async fn every_call_is_described() {
    let Some(description) = description() else { return };
    let house = House::open().await;
    // One entry whose number the list does not tell, so that the user's own list is asked for as well.
    house.script.entry(
        "8",
        "odd-8",
        r#"{"id":"odd-8","enabled":true,"redirectTrigger":{"redirectTriggerType":"ALWAYS"}}"#,
    );
    house.pbx.capabilities().await.unwrap();
    house.pbx.directory("Kalender").await.unwrap();
    house.pbx.read(&["7".into(), "8".into(), "99".into()]).await.unwrap();
    house.pbx.changes(SignedDuration::ZERO).await.unwrap();
    house.pbx.check("Kalender").await;
    house.script.once("PUT /rest/redirects/ext-7", Reply::status(200));
    house.switch("ext-7", true).await;
    house.pbx.survey_labels(&["7".into(), "8".into()].into()).await.unwrap();
    for name in ["Chefin · Jour fixe", "Chefin"] {
        house.write("7", vec![(Dimension::Label("8/k1".into()), Value::Text(name.into()))]).await;
    }
    house.write("7", vec![(Dimension::Dnd, Value::Switch(true))]).await;

    let paths = description["paths"].as_mapping().unwrap();
    let mut called = BTreeSet::new();
    for asked in house.script.asked() {
        let Some(path) = asked.path.strip_prefix("/rest") else {
            assert_eq!(asked.path, "/xml-rpc");
            continue;
        };
        let call = format!("{} {path}", asked.method);
        called.insert(call.clone());
        if NEWER.contains(&call.as_str()) {
            continue;
        }
        let method = asked.method.to_lowercase();
        // A path that is spelt out comes before one with a variable, as `/users/me`.
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template.as_str().unwrap(), path)).collect();
        fitting.sort_by_key(|(template, _)| template.as_str().unwrap().contains('{'));
        let operation = fitting.first().and_then(|(_, operations)| operations.get(method.as_str()));
        let operation = operation.unwrap_or_else(|| panic!("{call} is not described"));
        let listed = operation["parameters"].as_sequence().into_iter().flatten();
        let listed: Vec<_> = listed.filter(|one| one["in"] == "query").filter_map(|one| one["name"].as_str()).collect();
        for (name, _) in &asked.query {
            assert!(listed.contains(&name.as_str()), "{call}: {name} is not described");
        }
        assert!(operation["responses"].as_mapping().unwrap().keys().any(|status| status == 200 || status == 204));
    }
    for call in [
        "GET /login",
        "POST /login",
        "GET /users",
        "GET /users/me",
        "GET /users/99",
        "GET /users/8/phonenumberconfig/phonenumbers/",
        "GET /groups",
        "GET /groups/50",
        "GET /phonenumbers",
        "GET /redirects",
        "GET /redirects/ext-7",
        "PUT /redirects/ext-7",
        "GET /functionkeysets",
        "GET /functionkeysets/s8/",
        "GET /functionkeysets/s8/k1",
        "GET /functionkeysets/s8/edit/k1",
        "PUT /functionkeysets/s8/k1",
        "GET /functionkeysets/s8/phones",
    ] {
        assert!(called.contains(call), "the test reaches {call}: {called:?}");
    }
}
