//! The pretended Exchange Server: what it shows to whom, what it refuses, and in which words.

use crate::support::{
    House,
    ews::{Answer, acting_for, availability, calendars, envelope, folder, view, view_of},
    lively, quiet,
};
use busylamp_sim::{Pace, SimConfig};
use reqwest::Method;
use serde_json::{Value, json};

fn event(subject: &str) -> Value {
    json!({"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T09:00:00Z", "subject": subject})
}

#[tokio::test]
async fn each_mailbox_of_a_batch_gets_its_own_answer_in_the_order_of_the_request() {
    let house = House::open(quiet()).await;
    let (anna, bert, cara) = (house.mail(0), house.mail(1), house.mail(2));
    house.put_event(0, "a", event("Jour fixe")).await;
    house.put_event(2, "c", event("Arzt")).await;
    house.done(Method::PATCH, &format!("/mailboxes/{bert}"), json!({"ews": "availability"})).await;
    let answer = house.ews(&view(&[&cara, "nobody@lindenhof.example", &bert, "anna", &anna])).await;
    assert_eq!(
        answer.codes(),
        ["NoError", "ErrorNonExistentMailbox", "ErrorAccessDenied", "ErrorInvalidSmtpAddress", "NoError"]
    );
    assert_eq!(answer.all("Subject"), ["Arzt", "Jour fixe"]);
    assert_eq!(answer.all("Value"), ["nobody@lindenhof.example"]);
}

#[tokio::test]
async fn both_worlds_show_the_same_events_under_different_ids() {
    let house = House::open(lively()).await;
    for place in [1, 4, 6] {
        let mail = house.mail(place);
        let answer = house.ews_with(&acting_for(&mail), &view(&[&mail])).await;
        let mut seen: Vec<(String, String)> = answer.all("Subject").into_iter().zip(answer.all("Start")).collect();
        let path = format!("/mailboxes/{mail}/events?from=2026-11-23T00:00:00Z&to=2026-12-07T00:00:00Z");
        let listed = house.done(Method::GET, &path, Value::Null).await;
        let zone = jiff::tz::TimeZone::get("Europe/Berlin").unwrap();
        let mut entered: Vec<(String, String)> = listed
            .as_array()
            .unwrap()
            .iter()
            .map(|event| {
                let start = event["start"].as_str().map(str::to_owned).unwrap_or_else(|| {
                    let day: jiff::civil::Date = event["first_day"].as_str().unwrap().parse().unwrap();
                    zone.to_timestamp(day.at(0, 0, 0, 0)).unwrap().to_string()
                });
                (event["subject"].as_str().unwrap().to_owned(), start)
            })
            .collect();
        seen.sort();
        entered.sort();
        assert_eq!(seen, entered);
        assert!(seen.len() > 10);
    }
}

#[tokio::test]
async fn a_view_is_continued_behind_the_last_item_that_was_shown() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    for hour in 10..15 {
        let times = json!({"start": format!("2026-11-24T{hour}:00:00Z"), "end": format!("2026-11-24T{hour}:30:00Z"), "subject": hour.to_string()});
        house.put_event(0, &format!("e{hour}"), times).await;
    }
    let page = |from: &str| {
        view(&[&mail])
            .replace("StartDate=\"2026-11-23T00:00:00Z\"", &format!("MaxEntriesReturned=\"3\" StartDate=\"{from}\""))
    };
    let first = house.ews(&page("2026-11-23T00:00:00Z")).await;
    assert_eq!(first.all("Subject"), ["10", "11", "12"]);
    assert!(first.text.contains("TotalItemsInView=\"5\" IncludesLastItemInRange=\"false\""), "{}", first.text);
    let second = house.ews(&page("2026-11-24T12:00:00Z")).await;
    assert_eq!(second.all("Subject"), ["12", "13", "14"]);
    assert!(second.text.contains("IncludesLastItemInRange=\"true\""));
    let nothing = house.ews(&page("2026-11-24T12:00:00Z").replace("\"3\"", "\"0\"")).await;
    assert_eq!(nothing.codes(), ["ErrorInvalidPagingMaxRows"]);
}

#[tokio::test]
async fn what_is_not_valid_is_refused_with_its_place() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    let good = view(&[&mail]);
    let shape = &good[good.find("<m:ItemShape>").unwrap()..good.find("<m:CalendarView").unwrap()];
    let calendar = &good[good.find("<m:CalendarView").unwrap()..good.find("<m:ParentFolderIds>").unwrap()];
    let wrong = [
        good.replace(calendar, "").replace("</m:ParentFolderIds>", &format!("</m:ParentFolderIds>{calendar}")),
        good.replace(shape, ""),
        good.replace("Shallow", "Deep"),
        good.replace("calendar:Start", "calendar:Begin"),
        good.replace("2026-11-23T00:00:00Z", "gestern"),
        good.replace("2026-11-23T00:00:00Z", "2026-11-23"),
        good.replace("2026-11-23T00:00:00Z", "2026-11-23T00:00Z"),
        good.replace("<t:EmailAddress>", "<t:EmailAdress>").replace("</t:EmailAddress>", "</t:EmailAdress>"),
        good.replace("t:DistinguishedFolderId", "m:DistinguishedFolderId"),
    ];
    for body in &wrong {
        let answer = house.ews(body).await;
        assert_eq!((answer.status.as_u16(), answer.codes()), (500, vec!["ErrorSchemaValidation".to_owned()]), "{body}");
        assert_eq!(answer.all("LineNumber"), ["1"]);
        assert!(!answer.all("Violation")[0].is_empty());
    }
    assert_eq!(house.ews(&good).await.codes(), ["NoError"]);
    let ready = house.sim.ready();
    let send = async |body: String| {
        let request = house.ews_request(body).basic_auth(&ready.ews_user, Some(&ready.ews_password));
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(send("not XML".to_owned()).await.status, 400);
    let bomb =
        envelope("Exchange2013", "", &good).replace("<soap:Envelope", "<!DOCTYPE a [<!ENTITY b \"c\">]><soap:Envelope");
    assert_eq!(send(bomb).await.status, 400);
    assert_eq!(send(envelope("Exchange2099", "", &good)).await.codes(), ["ErrorInvalidServerVersion"]);
    assert_eq!(send(envelope("Exchange2013", "", "<m:CreateItem/>")).await.codes(), ["ErrorInvalidRequest"]);
}

#[tokio::test]
async fn times_of_a_request_without_an_offset_are_those_of_its_zone() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    house
        .put_event(0, "a", json!({"start": "2026-11-22T23:15:00Z", "end": "2026-11-22T23:45:00Z", "subject": "Nacht"}))
        .await;
    let local = view(&[&mail]).replace("2026-11-23T00:00:00Z", "2026-11-23T00:00:00");
    assert!(house.ews(&local).await.all("Subject").is_empty(), "UTC if nothing is said");
    let berlin = "<t:TimeZoneContext><t:TimeZoneDefinition Id=\"W. Europe Standard Time\"/></t:TimeZoneContext>";
    assert_eq!(house.ews_with(berlin, &local).await.all("Subject"), ["Nacht"]);
    let nowhere = berlin.replace("W. Europe", "Mars");
    assert_eq!(house.ews_with(&nowhere, &local).await.codes(), ["ErrorTimeZone"]);
}

#[tokio::test]
async fn who_acts_for_an_owner_sees_all_of_it_and_only_where_that_is_allowed() {
    let house = House::open(quiet()).await;
    let (anna, bert) = (house.mail(0), house.mail(1));
    let mut private = event("Arzt (DND)");
    private["sensitivity"] = json!("private");
    house.put_event(0, "a", private).await;
    assert_eq!(house.ews(&view(&[&anna])).await.all("Subject"), ["Private Appointment"]);
    assert_eq!(house.ews_with(&acting_for(&anna), &view(&[&anna])).await.all("Subject"), ["Arzt (DND)"]);
    let own = view(&[]).replace("<m:ParentFolderIds>", "<m:ParentFolderIds><t:DistinguishedFolderId Id=\"calendar\"/>");
    assert_eq!(house.ews_with(&acting_for(&anna), &own).await.all("Subject"), ["Arzt (DND)"]);
    assert_eq!(house.ews(&own).await.codes(), ["ErrorMissingEmailAddress"]);
    assert_eq!(house.ews_with(&acting_for(&bert), &view(&[&anna])).await.codes(), ["ErrorAccessDenied"]);
    let nobody = house.ews_with(&acting_for("nobody@lindenhof.example"), &own).await;
    assert_eq!((nobody.status.as_u16(), nobody.codes()), (500, vec!["ErrorNonExistentMailbox".to_owned()]));
    house.done(Method::PATCH, &format!("/mailboxes/{anna}"), json!({"impersonable": false})).await;
    let denied = house.ews_with(&acting_for(&anna), &own).await;
    assert_eq!((denied.status.as_u16(), denied.codes()), (500, vec!["ErrorImpersonateUserDenied".to_owned()]));
}

#[tokio::test]
async fn a_mailbox_lives_in_one_world_or_the_other_or_is_on_its_way() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    let graph = format!("/users/{mail}/calendarView?startDateTime=2026-11-23&endDateTime=2026-12-07");
    for (home, at_graph, at_exchange) in [
        ("both", 200, "NoError"),
        ("cloud", 200, "ErrorNonExistentMailbox"),
        ("server", 404, "NoError"),
        ("moving", 404, "ErrorMailboxMoveInProgress"),
    ] {
        let told = house.done(Method::PATCH, &format!("/mailboxes/{mail}"), json!({"home": home})).await;
        assert_eq!(told["home"], home);
        let (status, body) = house.get(&graph).await;
        assert_eq!(status.as_u16(), at_graph, "{home}");
        if at_graph == 404 {
            assert_eq!(body["error"]["code"], "MailboxNotEnabledForRESTAPI");
        }
        assert_eq!(house.ews(&view(&[&mail])).await.codes(), [at_exchange], "{home}");
    }
    let answer = house
        .http
        .get(format!("{}/autodiscover/autodiscover.json/v1.0/{mail}?Protocol=EWS", house.sim.ready().starface));
    let told: Value = answer.send().await.unwrap().json().await.unwrap();
    assert_eq!(told, json!({"Protocol": "EWS", "Url": house.sim.ready().ews}));
}

#[tokio::test]
async fn applications_come_with_a_token_for_exchange_and_say_for_whom_they_act() {
    let house = House::open(quiet()).await;
    let (ready, mail) = (house.sim.ready(), house.mail(0));
    let token = async |scope: &str| {
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &ready.client_id),
            ("client_secret", &ready.client_secret),
            ("scope", scope),
        ];
        let url = format!("{}/{}/oauth2/v2.0/token", ready.login, ready.tenant);
        let answer: Value = house.http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    };
    let ask = async |token: &str, headers: &str| {
        let request = house.ews_request(envelope("Exchange2013_SP1", headers, &view(&[&mail])));
        Answer::of(request.bearer_auth(token).send().await.unwrap()).await
    };
    let exchange = token("https://outlook.office365.com/.default").await;
    assert_eq!(ask(&exchange, &acting_for(&mail)).await.codes(), ["NoError"]);
    let bare = ask(&exchange, "").await;
    assert_eq!(
        (bare.status.as_u16(), bare.codes()),
        (500, vec!["ErrorInvalidExchangeImpersonationHeaderData".to_owned()])
    );
    assert!(bare.text.contains("ExchangeImpersonation SOAP header must be present for this type of OAuth token."));
    assert_eq!(ask(&house.graph_token, &acting_for(&mail)).await.status, 401);
    let at_graph = house.http.get(format!("{}/users/{mail}", ready.graph)).bearer_auth(&exchange).send().await.unwrap();
    assert_eq!(at_graph.status(), 401);
    house.fault("no_exchange_role", json!({"on": true})).await;
    let weak = token("https://outlook.office365.com/.default").await;
    assert_eq!(ask(&weak, &acting_for(&mail)).await.status, 401);
}

#[tokio::test]
async fn the_schemes_that_are_offered_are_told_one_by_one_and_others_are_refused() {
    let house = House::open(quiet()).await;
    let ready = house.sim.ready();
    let offered = async |authorization: Option<&str>| {
        let mut request = house.ews_request(envelope("Exchange2013", "", &view(&[&house.mail(0)])));
        if let Some(authorization) = authorization {
            request = request.header("Authorization", authorization);
        }
        let response = request.send().await.unwrap();
        let values = response.headers().get_all("www-authenticate").iter();
        (response.status().as_u16(), values.map(|value| value.to_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    let basic = "Basic realm=\"mail.lindenhof.example\"".to_owned();
    assert_eq!(offered(None).await, (401, vec!["Negotiate".to_owned(), "NTLM".to_owned(), basic]));
    house.done(Method::PATCH, "/ews", json!({"authentication": ["ntlm"]})).await;
    let right = house.basic(&ready.ews_password);
    assert_eq!(offered(Some(&right)).await, (401, vec!["NTLM".to_owned()]));
    // The first message of NTLM gets the second; anything else in its place is refused.
    let (status, challenge) = offered(Some("NTLM TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==")).await;
    assert!(status == 401 && challenge.len() == 1 && challenge[0].starts_with("NTLM TlRMTVNTUAAC"), "{challenge:?}");
    for nonsense in ["NTLM", "NTLM ====", "NTLM TlRMTVNTUAADAAAA", "Digest a=b", "Negotiate YII", "Bearer", "Basic"] {
        assert_eq!(offered(Some(nonsense)).await, (401, vec!["NTLM".to_owned()]), "{nonsense}");
    }
    assert_eq!(house.done(Method::GET, "/ews", Value::Null).await["wrong_passwords"], 0);
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_account_and_the_control_api_sees_it() {
    let house = House::open(quiet()).await;
    let ask = async |password: &str| {
        let request = house.ews_request(envelope("Exchange2013", "", &view(&[&house.mail(0)])));
        Answer::of(request.header("Authorization", house.basic(password)).send().await.unwrap()).await
    };
    for _ in 0..5 {
        assert!(!ask("wrong").await.text.contains("locked out"));
    }
    let state = house.done(Method::GET, "/ews", Value::Null).await;
    assert_eq!((&state["locked"], &state["wrong_passwords"]), (&json!(true), &json!(5)));
    let right = house.sim.ready().ews_password.clone();
    let locked = ask(&right).await;
    assert_eq!(locked.status, 401);
    assert!(locked.text.contains("The referenced account is currently locked out"));
    house.done(Method::PATCH, "/ews", json!({"locked": false, "password": "neu"})).await;
    assert_eq!((ask("neu").await.status.as_u16(), ask(&right).await.status.as_u16()), (200, 401));
}

#[tokio::test]
async fn what_one_caller_may_have_at_a_time_is_bounded() {
    let house = House::open(lively()).await;
    let mails: Vec<String> = (0..20).map(|place| house.mail(place)).collect();
    let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
    house.done(Method::PATCH, "/ews", json!({"find_count_limit": 100})).await;
    let codes = house.ews(&view(&mails)).await.codes();
    assert_eq!(codes.len(), 20);
    assert_eq!(codes[0], "NoError");
    assert!(codes.iter().any(|code| code == "ErrorExceededFindCountLimit"));
    // While one request is worked on there is no place for another of the same account.
    let slow = Pace { latency: std::time::Duration::from_millis(300), parallel: None };
    let house = House::open(SimConfig { ews: slow, ..quiet() }).await;
    house.done(Method::PATCH, "/ews", json!({"concurrency": 1})).await;
    let (anna, bert) = (house.mail(0), house.mail(1));
    let (anna, bert) = (anna.as_str(), bert.as_str());
    let (own, other) = (view(&[anna]), view(&[bert]));
    let (mine, yours) = (acting_for(anna), acting_for(bert));
    let (first, second, third) = tokio::join!(house.ews(&own), house.ews(&own), house.ews_with(&yours, &other));
    let mut codes = [first.codes(), second.codes()].concat();
    codes.sort();
    assert_eq!(codes, ["ErrorExceededConnectionCount", "NoError"]);
    assert_eq!(third.codes(), ["NoError"], "who acts for others is charged to them");
    assert_eq!(house.ews_with(&mine, &own).await.codes(), ["NoError"]);
}

#[tokio::test]
async fn availability_is_told_within_its_bounds() {
    let house = House::open(quiet()).await;
    let (anna, bert) = (house.mail(0), house.mail(1));
    let mut private = event("Arzt");
    private["sensitivity"] = json!("private");
    private["kind"] = json!("out_of_office");
    house.put_event(0, "a", private).await;
    house
        .put_event(0, "b", json!({"start": "2026-11-24T10:00:00Z", "end": "2026-11-24T10:30:00Z", "kind": "unknown"}))
        .await;
    let day = ("2026-11-24T09:00:00", "2026-11-24T12:00:00");
    let ask = async |mails: &[&str], view: &str| house.ews(&availability(mails, view, day.0, day.1)).await;
    let told = ask(&[&anna, "nobody@lindenhof.example"], "DetailedMerged").await;
    assert_eq!(told.codes(), ["NoError", "ErrorMailRecipientNotFound"]);
    assert_eq!(told.all("FreeBusyViewType"), ["DetailedMerged", "None"]);
    assert_eq!(told.all("MergedFreeBusy"), ["330040"]);
    assert_eq!(
        (told.all("Subject"), told.all("IsPrivate")),
        (vec![String::new()], vec!["true".to_owned(), "false".to_owned()])
    );
    assert_eq!(told.all("StartTime"), ["2026-11-24T09:00:00", "2026-11-24T11:00:00"]);
    assert_eq!(told.all("BusyType"), ["OOF", "NoData"]);
    for (right, view, merged) in [("availability", "FreeBusy", 0), ("merged", "MergedOnly", 1)] {
        house.done(Method::PATCH, &format!("/mailboxes/{anna}"), json!({"ews": right})).await;
        let told = ask(&[&anna], "Detailed").await;
        assert_eq!((told.all("FreeBusyViewType"), told.all("MergedFreeBusy").len()), (vec![view.to_owned()], merged));
        assert!(told.all("CalendarEventDetails").is_empty());
    }
    house.done(Method::PATCH, &format!("/mailboxes/{anna}"), json!({"ews": "none"})).await;
    assert_eq!(ask(&[&anna, &bert], "FreeBusy").await.codes(), ["ErrorNoFreeBusyAccess", "NoError"]);
    assert_eq!(ask(&[&anna], "None").await.codes(), ["ErrorInvalidFreeBusyViewType"]);
    let crowd = vec![bert.as_str(); 101];
    assert_eq!(ask(&crowd, "FreeBusy").await.codes(), ["ErrorMailboxDataArrayTooBig"]);
    assert_eq!(ask(&crowd[..100], "FreeBusy").await.codes().len(), 100);
    let whole = availability(&[&bert], "FreeBusy", day.0, day.1);
    let zone = &whole[whole.find("<t:TimeZone>").unwrap()..whole.find("<m:MailboxDataArray>").unwrap()];
    let without = whole.replace(zone, "");
    assert_eq!(house.ews(&without).await.codes(), ["ErrorTimeZone"], "a zone is obligatory");
    let context = "<t:TimeZoneContext><t:TimeZoneDefinition Id=\"UTC\"/></t:TimeZoneContext>";
    assert_eq!(house.ews_with(context, &without).await.codes(), ["NoError"]);
    let long = availability(&[&bert], "FreeBusy", "2026-11-01T00:00:00", "2026-12-14T00:00:00");
    assert_eq!(house.ews(&long).await.codes(), ["ErrorTimeIntervalTooBig"]);
}

#[tokio::test]
async fn it_fails_as_it_is_told() {
    let house = House::open(quiet()).await;
    let (anna, bert, cara) = (house.mail(0), house.mail(1), house.mail(2));
    house.put_event(0, "a", event("x")).await;
    let three = view(&[&anna, &bert, &cara]);
    let same = |code: &str| vec![code.to_owned(); 3];
    let one = |code: &str| vec![code.to_owned()];
    for (fault, status, codes) in [
        ("ews_busy", 500, one("ErrorServerBusy")),
        ("ews_busy_quiet", 200, same("ErrorServerBusy")),
        ("ews_busy_hidden", 200, same("ErrorInternalServerError")),
        ("ews_old_server", 500, one("ErrorInvalidServerVersion")),
        ("ews_old_mailbox", 500, one("ErrorInvalidSchemaVersionForMailboxVersion")),
        ("ews_moving", 200, same("ErrorMailboxMoveInProgress")),
        ("ews_timeout", 200, same("ErrorTimeoutExpired")),
        ("ews_too_many_objects", 200, same("ErrorTooManyObjectsOpened")),
        ("ews_proxy_refused", 200, same("ErrorProxyRequestNotAllowed")),
        ("ews_find_count", 200, same("ErrorExceededFindCountLimit")),
    ] {
        house.fault(fault, json!({"on": true})).await;
        let answer = house.ews(&three).await;
        assert_eq!((answer.status.as_u16(), answer.codes()), (status, codes), "{fault}");
        house.fault(fault, json!({"on": false})).await;
        assert_eq!(house.ews(&three).await.codes(), same("NoError"));
    }
    house.fault("ews_partial", json!({"on": true})).await;
    assert_eq!(house.ews(&three).await.codes(), ["NoError", "ErrorMailboxStoreUnavailable", "NoError"]);
    assert_eq!(house.ews(&view(&[&bert])).await.codes(), ["NoError"], "one alone is served");
    house.fault("ews_partial", json!({"on": false})).await;
    for (fault, status, says) in [
        ("ews_unauthorized", 401, "Unauthorized"),
        ("ews_unavailable", 503, ""),
        ("ews_login_timeout", 440, ""),
        ("ews_blocked", 403, ""),
        ("ews_server_error", 500, "Server Error in '/EWS' Application"),
        ("ews_old_server_bare", 500, "The specified server version is invalid"),
        ("ews_garbage", 200, "It works!"),
        ("ews_doubled", 200, "</s:Envelope><?xml"),
        ("ews_invalid_characters", 200, "&#x1F;x"),
    ] {
        house.fault(fault, json!({"on": true})).await;
        let answer = house.ews(&three).await;
        assert_eq!(answer.status.as_u16(), status, "{fault}");
        assert!(answer.text.contains(says), "{fault}: {}", answer.text);
        house.fault(fault, json!({"on": false})).await;
    }
    house.fault("ews_gigantic", json!({"on": true})).await;
    assert!(house.ews(&three).await.text.len() > 60_000_000);
    house.fault("ews_gigantic", json!({"on": false})).await;
    for fault in ["ews_reset", "ews_cut"] {
        house.fault(fault, json!({"on": true})).await;
        let ready = house.sim.ready();
        let request = house.ews_request(envelope("Exchange2013", "", &three));
        let answer = request.basic_auth(&ready.ews_user, Some(&ready.ews_password)).send().await;
        let broken = match answer {
            Err(_) => true,
            Ok(answer) => answer.bytes().await.is_err(),
        };
        assert!(broken, "{fault}");
        house.fault(fault, json!({"on": false})).await;
    }
}

#[tokio::test]
async fn redirections_and_policies_are_told_in_headers() {
    let house = House::open(quiet()).await;
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let ready = house.sim.ready();
    for (fault, status, name, value) in [
        ("ews_error_page", 302, "location", "/ews/genericerrorpage.htm?aspxerrorpath=/EWS/Exchange.asmx"),
        ("ews_form_login", 302, "location", "/owa/auth/logon.aspx"),
        ("ews_blocked", 403, "x-ews-policy-reason", "EWS is blocked by policy for this user or tenant"),
    ] {
        house.fault(fault, json!({"on": true})).await;
        let answer =
            client.post(&ready.ews).header("Authorization", house.basic(&ready.ews_password)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{fault}");
        assert!(answer.headers()[name].to_str().unwrap().starts_with(value), "{fault}");
        house.fault(fault, json!({"on": false})).await;
    }
}

#[tokio::test]
async fn autodiscover_finds_the_server_and_leads_astray_when_told() {
    let house = House::open(quiet()).await;
    let (ready, mail) = (house.sim.ready(), house.mail(0));
    let url = format!("{}/autodiscover/autodiscover.xml", ready.starface);
    let ask = async |mail: &str, with_password: bool| {
        let body = format!(
            "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\"><Request>\
             <EMailAddress>{mail}</EMailAddress><AcceptableResponseSchema>\
             http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>\
             </Request></Autodiscover>"
        );
        let mut request = house.http.post(&url).header("Content-Type", "text/xml").body(body);
        if with_password {
            request = request.header("Authorization", house.basic(&ready.ews_password));
        }
        Answer::of(request.send().await.unwrap()).await
    };
    assert_eq!(ask(&mail, false).await.status, 401);
    let found = ask(&mail, true).await;
    assert_eq!(found.all("EwsUrl"), [ready.ews.clone(), ready.ews.clone()]);
    assert_eq!(ask("nobody@lindenhof.example", true).await.all("ErrorCode"), ["500"]);
    house.done(Method::PATCH, "/ews", json!({"autodiscover_redirect": {"address": "x@other.example"}})).await;
    assert_eq!(ask(&mail, true).await.all("RedirectAddr"), ["x@other.example"]);
    house.done(Method::PATCH, "/ews", json!({"autodiscover_redirect": {"url": "https://other.example/a.xml"}})).await;
    assert_eq!(ask(&mail, true).await.all("RedirectUrl"), ["https://other.example/a.xml"]);
    house.done(Method::PATCH, "/ews", json!({"autodiscover_redirect": null})).await;
    house.done(Method::PATCH, &format!("/mailboxes/{mail}"), json!({"home": "cloud"})).await;
    assert_eq!(ask(&mail, true).await.all("EwsUrl")[0], "https://outlook.office365.com/EWS/Exchange.asmx");
    assert_eq!(house.done(Method::GET, "/ews", Value::Null).await["autodiscover_with_credentials"], 5);
}

#[tokio::test]
async fn requests_are_counted_by_operation() {
    let house = House::open(quiet()).await;
    let mail = house.mail(0);
    house.ews(&view(&[&mail])).await;
    house.ews(&view_of(&[&mail], "AllProperties", &[])).await;
    house.ews(&availability(&[&mail], "FreeBusy", "2026-11-24T00:00:00", "2026-11-25T00:00:00")).await;
    let shape = "<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>";
    house.ews(&format!("<m:GetFolder>{shape}<m:FolderIds>{}</m:FolderIds></m:GetFolder>", calendars(&[&mail]))).await;
    let parent = folder("calendar", &mail);
    house
        .ews(&format!(
            "<m:FindFolder Traversal=\"Shallow\">{shape}<m:ParentFolderIds>{parent}</m:ParentFolderIds></m:FindFolder>"
        ))
        .await;
    house.ews_request(String::new()).send().await.unwrap();
    let counted = house.done(Method::GET, "/requests", Value::Null).await;
    let requests = |kind: &str| counted[kind]["requests"].as_u64();
    assert_eq!(requests("ews.find_item"), Some(2));
    assert_eq!(requests("ews.get_user_availability"), Some(1));
    assert_eq!((requests("ews.get_folder"), requests("ews.find_folder")), (Some(1), Some(1)));
    assert_eq!(requests("ews.unauthorized"), Some(1));
    let state = house.done(Method::GET, "/ews", Value::Null).await;
    assert_eq!((&state["anchored"], &state["unanchored"]), (&json!(0), &json!(5)));
}
