//! Graph's answers held against its published descriptions: the schemas of the OpenAPI document, the names and
//! values of the CSDL.

use std::collections::BTreeMap;

use crate::support::{
    House,
    conformance::{check, folder, validator, yaml},
    lively, read,
};
use reqwest::Method;
use serde_json::{Value, json};

const DOCUMENT: &str = "graph/graph-v1.0-calendar-subset.openapi.yaml";
const WINDOW: &str = "startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-12-07T00:00:00Z";

/// The OpenAPI document as JSON Schema. Two things are put right: OpenAPI 3.0 says `nullable` where JSON Schema has
/// a type `null`; and the document marks `@odata.type` as required everywhere, which real answers leave out
/// wherever the type is the declared one.
fn as_json_schema(value: &mut Value) {
    if let Some(members) = value.as_object_mut() {
        if members.remove("nullable") == Some(Value::Bool(true)) {
            if let Some(kind) = members.get_mut("type") {
                *kind = json!([kind.clone(), "null"]);
            }
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.push(Value::Null);
            }
        }
        if let Some(Value::Array(required)) = members.get_mut("required") {
            required.retain(|name| name != "@odata.type");
        }
        members.values_mut().for_each(as_json_schema);
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(as_json_schema);
    }
}

fn document() -> Option<Value> {
    let mut document = yaml(DOCUMENT)?;
    as_json_schema(&mut document);
    Some(document)
}

/// Where the schema of an operation's good answer is.
fn answer_schema(document: &Value, path: &str, method: &str) -> String {
    let escaped = path.replace('~', "~0").replace('/', "~1");
    let base = format!("/paths/{escaped}/{method}/responses/2XX");
    let response = document.pointer(&base).unwrap_or_else(|| panic!("{path} is not described"));
    match response["$ref"].as_str() {
        Some(reference) => format!("{}/content/application~1json/schema", reference.trim_start_matches('#')),
        None => format!("{base}/content/application~1json/schema"),
    }
}

async fn a_series(house: &House) -> String {
    house.put_event(1, "series", json!({"start": "2026-11-24T09:00:00Z", "end": "2026-11-24T09:30:00Z", "recurrence": {"every_days": 2, "count": 4}})).await;
    house.put_event(1, "day", json!({"all_day": true, "first_day": "2026-11-24", "last_day": "2026-11-24", "kind": "out_of_office", "response": "declined", "sensitivity": "confidential"})).await;
    house.mail(1)
}

#[tokio::test]
async fn every_answer_is_as_the_openapi_document_describes_it() {
    let Some(document) = document() else { return };
    let house = House::open(lively()).await;
    let user = a_series(&house).await;
    let calendar = house.get(&format!("/users/{user}/calendar")).await.1["id"].as_str().unwrap().to_owned();
    let operations = [
        ("/users", "/users?$top=3".to_owned()),
        ("/users/{user-id}", format!("/users/{user}")),
        ("/users/{user-id}/calendar", format!("/users/{user}/calendar")),
        ("/users/{user-id}/calendars", format!("/users/{user}/calendars")),
        ("/users/{user-id}/calendars/{calendar-id}", format!("/users/{user}/calendars/{calendar}")),
        ("/users/{user-id}/calendarView", format!("/users/{user}/calendarView?{WINDOW}&$top=100")),
        ("/users/{user-id}/calendar/calendarView", format!("/users/{user}/calendar/calendarView?{WINDOW}&$count=true")),
        (
            "/users/{user-id}/calendars/{calendar-id}/calendarView",
            format!("/users/{user}/calendars/{calendar}/calendarView?{WINDOW}"),
        ),
        ("/users/{user-id}/calendarView/delta()", format!("/users/{user}/calendarView/delta()?{WINDOW}")),
        (
            "/users/{user-id}/calendar/calendarView/delta()",
            format!("/users/{user}/calendar/calendarView/delta()?{WINDOW}"),
        ),
        (
            "/users/{user-id}/calendars/{calendar-id}/calendarView/delta()",
            format!("/users/{user}/calendars/{calendar}/calendarView/delta()?{WINDOW}"),
        ),
        ("/users/{user-id}/events", format!("/users/{user}/events?$top=100")),
        ("/users/{user-id}/calendar/events", format!("/users/{user}/calendar/events")),
        ("/users/{user-id}/events/{event-id}", format!("/users/{user}/events/series")),
        ("/users/{user-id}/events/{event-id}/instances", format!("/users/{user}/events/series/instances?{WINDOW}")),
    ];
    for (path, url) in operations {
        let (status, answer) = house.get(&url).await;
        assert_eq!(status, 200, "{url}: {answer}");
        assert!(answer["value"].as_array().is_none_or(|value| !value.is_empty()), "{url} shows something");
        check(&validator(&document, &answer_schema(&document, path, "get")), &url, &answer);
    }
    let time = |text: &str| json!({"dateTime": text, "timeZone": "UTC"});
    let ask = json!({"schedules": [user, "nobody@x.example"], "startTime": time("2026-11-24T00:00:00"), "endTime": time("2026-11-26T00:00:00")});
    let url = format!("/users/{user}/calendar/getSchedule");
    let (_, answer) = read(house.graph(Method::POST, &url).json(&ask).send().await.unwrap()).await;
    check(
        &validator(&document, &answer_schema(&document, "/users/{user-id}/calendar/getSchedule", "post")),
        &url,
        &answer,
    );
    let settings = validator(&document, "/components/schemas/microsoft.graph.mailboxSettings");
    let (_, answer) = house.get(&format!("/users/{user}/mailboxSettings")).await;
    check(&settings, "mailboxSettings", &answer);
}

#[tokio::test]
async fn every_error_is_as_the_openapi_document_describes_it() {
    let Some(document) = document() else { return };
    let house = House::open(lively()).await;
    let error = validator(&document, "/components/schemas/microsoft.graph.ODataErrors.ODataError");
    for (fault, url) in [
        ("graph_throttled", "/users"),
        ("graph_unauthorized", "/users"),
        ("graph_error", "/users"),
        ("text_cut", "/users/nobody"),
        ("text_cut", "/users?$select=x"),
    ] {
        house.fault(fault, json!({"on": true})).await;
        let (status, answer) = house.get(url).await;
        assert!(!status.is_success());
        check(&error, url, &answer);
        house.fault(fault, json!({"on": false})).await;
    }
}

#[tokio::test]
async fn the_descriptions_can_refuse_an_answer() {
    let Some(document) = document() else { return };
    let view = validator(&document, &answer_schema(&document, "/users/{user-id}/calendarView", "get"));
    assert!(view.is_valid(&json!({"value": [{"showAs": "oof", "subject": null}]})));
    for wrong in [
        json!({"value": [{"showAs": "asleep"}]}),
        json!({"value": [{"isAllDay": "no"}]}),
        json!({"value": [{"start": "now"}]}),
    ] {
        assert!(!view.is_valid(&wrong), "{wrong}");
    }
}

/// Types of the CSDL: their properties, or their members.
#[derive(Default)]
struct Types {
    properties: BTreeMap<String, (Option<String>, BTreeMap<String, String>)>,
    members: BTreeMap<String, Vec<String>>,
}

impl Types {
    fn read() -> Option<Self> {
        let text = std::fs::read_to_string(folder()?.join("graph/graph-v1.0-calendar-subset.csdl.xml")).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let mut types = Self::default();
        for node in document.descendants() {
            let Some(name) = node.attribute("Name") else { continue };
            let name = format!("graph.{name}");
            match node.tag_name().name() {
                "EntityType" | "ComplexType" => {
                    let properties = node.children().filter(|child| child.tag_name().name().ends_with("Property"));
                    let properties = properties.map(|child| {
                        (child.attribute("Name").unwrap().to_owned(), child.attribute("Type").unwrap().to_owned())
                    });
                    types
                        .properties
                        .insert(name, (node.attribute("BaseType").map(str::to_owned), properties.collect()));
                }
                "EnumType" => {
                    let members = node.children().filter_map(|child| child.attribute("Name").map(str::to_owned));
                    types.members.insert(name, members.collect());
                }
                _ => {}
            }
        }
        Some(types)
    }

    fn property(&self, of: &str, name: &str) -> Option<&str> {
        let (base, properties) = self.properties.get(of)?;
        properties.get(name).map(String::as_str).or_else(|| self.property(base.as_deref()?, name))
    }

    /// Fails where a value is not of a type.
    fn check(&self, of: &str, value: &Value, place: &str) {
        if value.is_null() {
            return;
        }
        if let Some(inner) = of.strip_prefix("Collection(").and_then(|of| of.strip_suffix(')')) {
            let items = value.as_array().unwrap_or_else(|| panic!("{place} is no collection: {value}"));
            items.iter().for_each(|item| self.check(inner, item, place));
        } else if let Some(members) = self.members.get(of) {
            let word = value.as_str().unwrap_or_default();
            assert!(members.iter().any(|member| member == word), "{place}: {value} is none of {members:?}");
        } else if self.properties.contains_key(of) {
            let object = value.as_object().unwrap_or_else(|| panic!("{place} is no object: {value}"));
            for (name, value) in object.iter().filter(|(name, _)| !name.starts_with('@')) {
                let inner = self.property(of, name).unwrap_or_else(|| panic!("{place}: {of} has no property {name}"));
                self.check(inner, value, &format!("{place}.{name}"));
            }
        } else {
            let fits = match of {
                "Edm.Boolean" => value.is_boolean(),
                "Edm.Int32" => value.is_i64(),
                "Edm.Date" | "Edm.TimeOfDay" | "Edm.String" => value.is_string(),
                "Edm.DateTimeOffset" => value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
                other => panic!("{place}: the type {other} is not known"),
            };
            assert!(fits, "{place}: {value} is no {of}");
        }
    }
}

#[tokio::test]
async fn every_property_and_every_value_is_one_of_the_csdl() {
    let Some(types) = Types::read() else { return };
    let house = House::open(lively()).await;
    let user = a_series(&house).await;
    let mut lists = vec![
        ("graph.event", format!("/users/{user}/events?$top=200")),
        ("graph.calendar", format!("/users/{user}/calendars")),
    ];
    let views =
        (0..10).map(|place| ("graph.event", format!("/users/{}/calendarView?{WINDOW}&$top=200", house.mail(place))));
    lists.extend(views);
    let mut checked = 0;
    for (of, url) in lists {
        for item in house.pages(&url).await.0 {
            types.check(of, &item, of);
            checked += 1;
        }
    }
    assert!(checked > 500, "{checked}");
    types.check(
        "graph.mailboxSettings",
        &house.get(&format!("/users/{user}/mailboxSettings")).await.1,
        "mailboxSettings",
    );
    // The description of users is cut down: what it names can be selected.
    let names: Vec<_> = types.properties["graph.user"]
        .1
        .iter()
        .filter(|(name, of)| !of.contains("graph.") || *name == "assignedPlans")
        .map(|(name, _)| name.clone())
        .collect();
    let (status, answer) = house.get(&format!("/users/{user}?$select={}", names.join(","))).await;
    assert_eq!(status, 200, "{answer}");
    types.check("graph.user", &answer, "user");
}
