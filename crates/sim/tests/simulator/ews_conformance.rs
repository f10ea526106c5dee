//! What the pretended Exchange Server answers, held against Microsoft's schemas by `xmllint`.

use std::{path::Path, process::Command};

use crate::support::{
    House, conformance,
    ews::{Answer, acting_for, availability, calendars, folder, view_of},
    lively,
};
use reqwest::Method;
use serde_json::json;

const SCHEMAS: [&str; 2] = ["ews/schema-se/messages.xsd", "ews/schema-2013-sp1/messages.xsd"];

/// Whether there is something to compare with.
fn xmllint() -> bool {
    let there = Command::new("xmllint").arg("--version").output().is_ok();
    assert!(there || std::env::var("CI").as_deref() != Ok("true"), "xmllint is missing (package libxml2-utils)");
    if !there {
        #[allow(clippy::print_stdout, reason = "whoever reads the test's output should know that nothing was compared")]
        {
            println!("skipped: no xmllint");
        }
    }
    there
}

/// The element in the body, as a document of its own.
fn body(answer: &Answer) -> String {
    let document = roxmltree::Document::parse(&answer.text).unwrap();
    let body = document.root_element().children().find(|node| node.tag_name().name() == "Body").unwrap();
    answer.text[body.first_element_child().unwrap().range()].to_owned()
}

fn check(folder: &Path, schema: &str, bodies: &[(&str, String)]) {
    let place = tempfile::tempdir().unwrap();
    let files: Vec<_> = bodies
        .iter()
        .map(|(name, body)| {
            let file = place.path().join(format!("{name}.xml"));
            std::fs::write(&file, body).unwrap();
            file
        })
        .collect();
    let run = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(folder.join(schema))
        .args(&files)
        .output()
        .unwrap();
    assert!(run.status.success(), "{schema}: {}", String::from_utf8_lossy(&run.stderr));
}

#[tokio::test]
async fn every_answer_is_valid_by_both_schemas() {
    let Some(conformance) = conformance::folder() else { return };
    if !xmllint() {
        return;
    }
    let house = House::open(lively()).await;
    let (anna, bert) = (house.mail(1), house.mail(2));
    let (anna, bert) = (anna.as_str(), bert.as_str());
    house.put_event(1, "s", json!({"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T08:15:00Z", "subject": "]]> & <b> \u{7} 🦊", "recurrence": {"every_days": 2, "count": 5}})).await;
    house.put_event(1, "d", json!({"all_day": true, "first_day": "2026-11-25", "last_day": "2026-11-26", "kind": "working_elsewhere", "sensitivity": "private"})).await;
    house.done(Method::PATCH, &format!("/mailboxes/{bert}"), json!({"ews": "availability"})).await;
    let as_anna = acting_for(anna);
    let find = view_of(&[anna, bert, "nobody@lindenhof.example"], "AllProperties", &[]);
    let all: Vec<String> = (0..20).map(|place| house.mail(place)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let listed = house
        .ews_with(&as_anna, &view_of(&[anna], "Default", &["calendar:StartTimeZone", "calendar:AppointmentState"]))
        .await;
    let ids: String = roxmltree::Document::parse(&listed.text)
        .unwrap()
        .descendants()
        .filter_map(|node| (node.tag_name().name() == "ItemId").then(|| node.attribute("Id")).flatten())
        .map(|id| format!("<t:ItemId Id=\"{id}\"/>"))
        .collect();
    let item_shape = "<m:ItemShape><t:BaseShape>AllProperties</t:BaseShape></m:ItemShape>";
    let folder_shape = "<m:FolderShape><t:BaseShape>AllProperties</t:BaseShape></m:FolderShape>";
    let folders: String =
        ["root", "msgfolderroot", "inbox", "calendar", "tasks"].map(|name| folder(name, anna)).concat();
    let day = ("2026-11-24T00:00:00", "2026-11-26T00:00:00");
    let requests = [
        ("find", String::new(), find.clone()),
        ("find-everybody", String::new(), view_of(&all, "AllProperties", &[])),
        ("find-as-owner", as_anna.clone(), find),
        ("find-stored", as_anna.clone(), format!("<m:FindItem Traversal=\"Shallow\">{item_shape}<m:IndexedPageItemView MaxEntriesReturned=\"50\" Offset=\"0\" BasePoint=\"Beginning\"/><m:ParentFolderIds>{}</m:ParentFolderIds></m:FindItem>", calendars(&[anna]))),
        ("get-item", as_anna.clone(), format!("<m:GetItem>{item_shape}<m:ItemIds>{ids}<t:ItemId Id=\"nonsense\"/></m:ItemIds></m:GetItem>")),
        ("get-folder", as_anna.clone(), format!("<m:GetFolder>{folder_shape}<m:FolderIds>{folders}</m:FolderIds></m:GetFolder>")),
        ("get-folder-as-delegate", String::new(), format!("<m:GetFolder>{folder_shape}<m:FolderIds>{folders}</m:FolderIds></m:GetFolder>")),
        ("find-folder", as_anna.clone(), format!("<m:FindFolder Traversal=\"Deep\">{folder_shape}<m:ParentFolderIds>{}</m:ParentFolderIds></m:FindFolder>", folder("root", anna))),
        ("availability", String::new(), availability(&[anna, bert, "nobody@lindenhof.example"], "DetailedMerged", day.0, day.1)),
        ("availability-merged", String::new(), availability(&[anna], "MergedOnly", day.0, day.1)),
        ("zones", String::new(), "<m:GetServerTimeZones ReturnFullTimeZoneData=\"true\"/>".to_owned()),
        ("names", String::new(), "<m:ResolveNames ReturnFullContactData=\"false\"><m:UnresolvedEntry>a</m:UnresolvedEntry></m:ResolveNames>".to_owned()),
        ("convert", String::new(), "<m:ConvertId DestinationFormat=\"EntryId\"><m:SourceIds><t:AlternateId Id=\"x\" Format=\"EwsId\" Mailbox=\"x\"/></m:SourceIds></m:ConvertId>".to_owned()),
        ("configuration", as_anna, "<m:GetUserConfiguration><m:UserConfigurationName Name=\"x\"><t:DistinguishedFolderId Id=\"calendar\"/></m:UserConfigurationName><m:UserConfigurationProperties>All</m:UserConfigurationProperties></m:GetUserConfiguration>".to_owned()),
    ];
    let mut bodies = Vec::new();
    for (name, headers, request) in &requests {
        let answer = house.ews_with(headers, request).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        bodies.push((*name, body(&answer)));
    }
    for schema in SCHEMAS {
        check(&conformance, schema, &bodies);
    }
}

#[tokio::test]
async fn requests_that_are_valid_by_the_schema_are_accepted() {
    let Some(conformance) = conformance::folder() else { return };
    let house = House::open(lively()).await;
    let ready = house.sim.ready();
    let mut seen = 0;
    for entry in std::fs::read_dir(conformance.join("ews/fixtures")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let ours = ["finditem", "getuseravailability"].iter().any(|start| name.starts_with(start));
        if !ours || !name.ends_with(".request.xml") {
            continue;
        }
        let request = house.ews_request(std::fs::read_to_string(&path).unwrap());
        let answer = request.basic_auth(&ready.ews_user, Some(&ready.ews_password)).send().await.unwrap();
        let answer = Answer::of(answer).await;
        assert!(!answer.text.contains("ErrorSchemaValidation"), "{name}: {}", answer.text);
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}
