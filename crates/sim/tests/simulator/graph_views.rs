//! Reading calendars over real HTTP.

use crate::support::{House, lively, quiet};
use reqwest::Method;
use serde_json::{Value, json};

const WINDOW: &str = "startDateTime=2026-11-23T00:00:00Z&endDateTime=2026-12-07T00:00:00Z";

fn view(house: &House, place: usize, more: &str) -> String {
    format!("/users/{}/calendarView?{WINDOW}{more}", house.mail(place))
}

#[tokio::test]
async fn an_event_that_was_entered_is_in_the_view_with_all_that_was_said_of_it() {
    let house = House::open(quiet()).await;
    let event = json!({
        "start": "2026-11-24T09:00:00+01:00", "end": "2026-11-24T10:30:00+01:00", "kind": "out_of_office",
        "subject": "Jour fixe (DND)", "sensitivity": "private", "response": "tentative",
    });
    house.put_event(0, "a", event).await;
    let (_, body) =
        house.get(&view(&house, 0, "&$select=showAs,sensitivity,subject,responseStatus,start,isAllDay")).await;
    let [event] = body["value"].as_array().unwrap().as_slice() else { panic!("{body}") };
    assert_eq!(event["id"], "a");
    assert_eq!(event["showAs"], "oof");
    assert_eq!(event["sensitivity"], "private");
    assert_eq!(event["subject"], "Jour fixe (DND)");
    assert_eq!(event["responseStatus"]["response"], "tentativelyAccepted");
    assert_eq!(event["start"], json!({"dateTime": "2026-11-24T08:00:00.0000000", "timeZone": "UTC"}));
    assert!(event["@odata.etag"].as_str().unwrap().starts_with("W/\""));
    assert!(event.get("end").is_none(), "what was not selected is not there: {event}");
}

#[tokio::test]
async fn pages_are_ten_long_and_single_events_come_before_occurrences() {
    let house = House::open(quiet()).await;
    house.put_event(0, "s", json!({"start": "2026-11-23T08:00:00Z", "end": "2026-11-23T08:15:00Z", "recurrence": {"every_days": 1, "count": 9}})).await;
    for n in 0..4 {
        let event =
            json!({"start": format!("2026-11-2{}T12:00:00Z", 5 + n), "end": format!("2026-11-2{}T13:00:00Z", 5 + n)});
        house.put_event(0, &format!("e{n}"), event).await;
    }
    let (first, _) = house.get(&view(&house, 0, "")).await;
    assert!(first.is_success());
    let (all, pages) = house.pages(&view(&house, 0, "")).await;
    assert_eq!((all.len(), pages), (13, 2));
    let types: Vec<_> = all.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(types[..4], ["singleInstance"; 4]);
    assert_eq!(types[4..], ["occurrence"; 9]);
    assert!(all[4..].iter().all(|event| event["seriesMasterId"] == "s"));
    let (all, pages) = house.pages(&view(&house, 0, "&$top=5")).await;
    assert_eq!((all.len(), pages), (13, 3));
}

#[tokio::test]
async fn all_day_events_are_midnight_to_midnight_in_whatever_zone_is_asked_for() {
    let house = House::open(quiet()).await;
    house
        .put_event(
            0,
            "m",
            json!({"all_day": true, "first_day": "2026-11-24", "last_day": "2026-11-25", "kind": "free"}),
        )
        .await;
    for zone in ["UTC", "Tokyo Standard Time", "Europe/Berlin"] {
        let request = house.graph(Method::GET, &view(&house, 0, ""));
        let response = request.header("Prefer", format!("outlook.timezone=\"{zone}\"")).send().await.unwrap();
        assert!(response.headers()["preference-applied"].to_str().unwrap().contains(zone));
        let body: Value = response.json().await.unwrap();
        let event = &body["value"][0];
        assert_eq!(event["isAllDay"], true);
        assert_eq!(event["start"], json!({"dateTime": "2026-11-24T00:00:00.0000000", "timeZone": zone}));
        assert_eq!(event["end"]["dateTime"], "2026-11-26T00:00:00.0000000");
    }
}

#[tokio::test]
async fn a_series_keeps_its_local_time_over_the_change_of_clocks() {
    let house = House::open(quiet()).await;
    house.put_event(0, "s", json!({"start": "2026-10-23T09:00:00+02:00", "end": "2026-10-23T10:00:00+02:00", "recurrence": {"every_days": 1, "count": 5}})).await;
    let path = format!(
        "/users/{}/calendarView?startDateTime=2026-10-20T00:00:00Z&endDateTime=2026-11-01T00:00:00Z",
        house.mail(0)
    );
    let (all, _) = house.pages(&path).await;
    let starts: Vec<_> =
        all.iter().map(|event| event["start"]["dateTime"].as_str().unwrap()[5..16].to_owned()).collect();
    assert_eq!(starts, ["10-23T07:00", "10-24T07:00", "10-25T08:00", "10-26T08:00", "10-27T08:00"]);
}

#[tokio::test]
async fn errors_have_the_form_of_the_real_service() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    let cases = [
        (view(&house, 0, "&$select=shoAs"), 400, "RequestBroker--ParseUri"),
        (format!("/users/{mail}/calendarView"), 400, "ErrorInvalidParameter"),
        (
            format!("/users/{mail}/calendarView?startDateTime=2020-01-01&endDateTime=2026-01-01"),
            400,
            "ErrorInvalidRequest",
        ),
        ("/users/nobody@lindenhof.example/calendarView".to_owned() + "?" + WINDOW, 404, "ErrorInvalidUser"),
        ("/users/nobody@lindenhof.example".to_owned(), 404, "Request_ResourceNotFound"),
        ("/users?$select=foo".to_owned(), 400, "BadRequest"),
        ("/users?$filter=mail%20is%20'x'".to_owned(), 400, "BadRequest"),
        ("/elephants".to_owned(), 400, "BadRequest"),
    ];
    for (path, status, code) in cases {
        let (got, body) = house.get(&path).await;
        assert_eq!((got.as_u16(), body["error"]["code"].as_str()), (status, Some(code)), "{path}: {body}");
        assert!(body["error"]["innerError"]["request-id"].is_string());
    }
    let response =
        house.http.get(format!("{}/users", house.sim.ready().graph)).bearer_auth("nonsense").send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert!(response.headers().contains_key("request-id"));
    assert!(response.headers().contains_key("www-authenticate"));
}

#[tokio::test]
async fn the_directory_finds_people_by_address_by_alias_and_by_name() {
    let house = House::open(lively()).await;
    let (mail, account) = (house.mail(3), house.account(3));
    let (_, by_mail) =
        house.get(&format!("/users?$filter=mail eq '{}'&$select=id,mail,userPrincipalName", mail.to_uppercase())).await;
    let [user] = by_mail["value"].as_array().unwrap().as_slice() else { panic!("{by_mail}") };
    assert_eq!(user["mail"], mail.as_str());
    assert_ne!(user["userPrincipalName"], mail.as_str(), "the fourth has another user name");
    let alias = format!("/users?$filter=proxyAddresses/any(p:p eq 'smtp:{account}@lindenhof.example')&$select=id");
    let (_, by_alias) = house.get(&alias).await;
    assert_eq!(by_alias["value"][0]["id"], user["id"]);
    let several =
        format!("/users?$filter=mail in ('{mail}','{}') or mail eq '{}'&$select=mail", house.mail(1), house.mail(1));
    assert_eq!(house.get(&several).await.1["value"].as_array().unwrap().len(), 2);
    let (_, by_upn) = house.get(&format!("/users/{}", user["userPrincipalName"].as_str().unwrap())).await;
    assert_eq!(by_upn["id"], user["id"]);
    assert_eq!(
        house.get(&format!("/users/{mail}")).await.0,
        404,
        "the directory does not know addresses that are no names"
    );
    let (all, pages) = house.pages("/users?$top=7&$select=mail").await;
    assert_eq!((all.len(), pages), (20, 3));
}

#[tokio::test]
async fn a_mailbox_tells_its_zone_or_keeps_everyone_out() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    let path = format!("/users/{mail}/mailboxSettings/timeZone");
    assert_eq!(house.get(&path).await.1["value"], "W. Europe Standard Time");
    house.done(Method::PATCH, &format!("/mailboxes/{mail}"), json!({"zone_name": "Europe/Berlin"})).await;
    assert_eq!(house.get(&path).await.1["value"], "Europe/Berlin");
    for (access, status, code) in
        [("missing", 404, "MailboxNotEnabledForRESTAPI"), ("denied", 403, "ErrorAccessDenied")]
    {
        house.done(Method::PATCH, &format!("/mailboxes/{mail}"), json!({"access": access})).await;
        let (got, body) = house.get(&view(&house, 0, "")).await;
        assert_eq!((got.as_u16(), body["error"]["code"].as_str()), (status, Some(code)));
    }
}

#[tokio::test]
async fn conditions_and_orders_narrow_a_view() {
    let house = House::open(quiet()).await;
    for (id, kind, hour) in [("a", "busy", 9), ("b", "free", 8), ("c", "busy", 7)] {
        house.put_event(0, id, json!({"start": format!("2026-11-24T0{hour}:00:00Z"), "end": format!("2026-11-24T0{hour}:30:00Z"), "kind": kind})).await;
    }
    let (_, body) = house
        .get(&view(&house, 0, "&$filter=showAs eq 'busy'&$orderby=start/dateTime desc&$select=showAs&$count=true"))
        .await;
    let ids: Vec<_> = body["value"].as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "c"]);
    assert_eq!(body["@odata.count"], 2);
    assert!(body["value"][0].get("start").is_none());
}

#[tokio::test]
async fn a_company_is_the_same_for_the_same_seed_and_another_for_another() {
    let mut shown = Vec::new();
    for seed in [1, 1, 2] {
        let house = House::open(busylamp_sim::SimConfig { seed, ..lively() }).await;
        let mut all = Vec::new();
        for place in 0..5 {
            all.extend(house.pages(&view(&house, place, "&$top=100&$select=subject,start,end,showAs")).await.0);
        }
        shown.push(all);
    }
    assert!(shown[0].len() > 100);
    assert_eq!(shown[0], shown[1]);
    assert_ne!(shown[0], shown[2]);
    for kind in ["busy", "free", "tentative", "oof", "workingElsewhere"] {
        assert!(shown[0].iter().any(|event| event["showAs"] == kind), "{kind}");
    }
}
