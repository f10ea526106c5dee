//! Autodiscover: where the server for an address is, as JSON (version 2) and as XML (POX).

use http::{Method, StatusCode};
use jiff::Timestamp;
use roxmltree::Document;
use serde_json::json;

use super::{account::Redirect, sign_in, xml::Xml};
use crate::{
    http::{Connection, Reply, Request},
    mailbox::Home,
    world::World,
};

const RESPONSE: &str = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
const OUTLOOK: &str = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
const CLOUD: &str = "https://outlook.office365.com/EWS/Exchange.asmx";

/// Answers under `/autodiscover`.
pub(crate) fn answer(world: &World, connection: &Connection, request: &Request) -> Reply {
    if request.headers.contains_key("authorization") {
        world.ews.settings().autodiscover_with_credentials += 1;
    }
    let parts = request.parts();
    let lower: Vec<String> = parts.iter().skip(1).map(|part| part.to_lowercase()).collect();
    let reply = match (&request.method, lower.iter().map(String::as_str).collect::<Vec<_>>().as_slice()) {
        (&Method::GET, ["autodiscover.json", "v1.0", address]) => version_2(world, request, address),
        (&Method::GET, ["autodiscover.json"]) => {
            let email = request.query.iter().find(|(name, _)| name.eq_ignore_ascii_case("email"));
            let address = email.map(|(_, address)| address.clone()).unwrap_or_default();
            version_2(world, request, &address)
        }
        (_, ["autodiscover.xml"]) => pox(world, connection, request),
        _ => Reply::empty(StatusCode::NOT_FOUND),
    };
    reply.counted_as("ews.autodiscover")
}

/// Where a mailbox is served: here, in the cloud, or nobody knows.
fn url(world: &World, request: &Request, address: &str) -> Option<String> {
    let entry = world.directory.by_mail(address).into_iter().next()?;
    let home = entry.mailbox().home;
    Some(if home == Home::Cloud { CLOUD.to_owned() } else { format!("{}/EWS/Exchange.asmx", request.origin) })
}

/// Version 2 needs no sign-in, and tells of unknown addresses what it tells of known ones.
fn version_2(world: &World, request: &Request, address: &str) -> Reply {
    let protocol = request.query.iter().find(|(name, _)| name.eq_ignore_ascii_case("protocol"));
    let protocol = protocol.map(|(_, protocol)| protocol.to_lowercase()).unwrap_or_default();
    if protocol != "ews" {
        let message = format!("The given protocol value '{protocol}' is invalid. Supported values are 'EWS'.");
        return Reply::json(StatusCode::BAD_REQUEST, &json!({"ErrorCode": "InvalidProtocol", "ErrorMessage": message}));
    }
    if !address.contains('@') {
        let body = json!({"ErrorCode": "InvalidUserId", "ErrorMessage": "The given address is not valid."});
        return Reply::json(StatusCode::BAD_REQUEST, &body);
    }
    if let Some(Redirect::Url(to)) = &world.ews.settings().redirect {
        return Reply::empty(StatusCode::FOUND).with("location", to);
    }
    let here = format!("{}/EWS/Exchange.asmx", request.origin);
    let url = url(world, request, address).unwrap_or(here);
    Reply::json(StatusCode::OK, &json!({"Protocol": "EWS", "Url": url}))
}

/// The older form, for those who are signed in.
fn pox(world: &World, connection: &Connection, request: &Request) -> Reply {
    if let Err(refusal) = sign_in::check(world, connection, request) {
        return *refusal;
    }
    if request.method != Method::POST {
        return failed(world, "600", "Invalid Request");
    }
    let address = std::str::from_utf8(&request.body).ok().and_then(|text| {
        let document = Document::parse(text.trim_start_matches('\u{feff}')).ok()?;
        let node = document.descendants().find(|node| node.tag_name().name() == "EMailAddress")?;
        node.text().map(|text| text.trim().to_owned())
    });
    let Some(address) = address.filter(|address| address.contains('@')) else {
        return failed(world, "600", "Invalid Request");
    };
    let redirect = world.ews.settings().redirect.clone();
    let mut xml = Xml::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>").open_with("Autodiscover", &[("xmlns", RESPONSE)]);
    xml.open_with("Response", &[("xmlns", OUTLOOK)]);
    match redirect {
        // A redirection by address ends where that address is asked for.
        Some(Redirect::Address(to)) if !to.eq_ignore_ascii_case(&address) => {
            xml.open("Account").text("Action", "redirectAddr").text("RedirectAddr", &to).close("Account");
        }
        Some(Redirect::Url(to)) => {
            xml.open("Account").text("AccountType", "email").text("Action", "redirectUrl").text("RedirectUrl", &to);
            xml.close("Account");
        }
        _ => {
            let Some(url) = url(world, request, &address) else {
                return failed(world, "500", "The e-mail address cannot be found.");
            };
            xml.open("User").text("DisplayName", &address).text("AutoDiscoverSMTPAddress", &address).close("User");
            xml.open("Account").text("AccountType", "email").text("Action", "settings");
            xml.text("MicrosoftOnline", if url == CLOUD { "True" } else { "False" });
            for kind in ["EXCH", "EXPR"] {
                xml.open("Protocol").text("Type", kind).text("Server", "mail.lindenhof.example");
                xml.text("ASUrl", &url).text("EwsUrl", &url).text("OOFUrl", &url).close("Protocol");
            }
            xml.close("Account");
        }
    }
    xml.close("Response").close("Autodiscover");
    Reply::body(StatusCode::OK, super::MEDIA, xml.into_string())
}

fn failed(world: &World, code: &str, message: &str) -> Reply {
    let now: Timestamp = world.clock.now();
    let time = now.strftime("%H:%M:%S.%7f").to_string();
    let mut xml = Xml::default();
    xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
        .open_with("Autodiscover", &[("xmlns", RESPONSE)])
        .open("Response");
    xml.open_with("Error", &[("Time", &time), ("Id", "1054084152")]);
    xml.text("ErrorCode", code).text("Message", message).empty("DebugData", &[]).close("Error");
    xml.close("Response").close("Autodiscover");
    Reply::body(StatusCode::OK, super::MEDIA, xml.into_string())
}
