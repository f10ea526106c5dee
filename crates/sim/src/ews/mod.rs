//! The pretended Exchange Web Services of an Exchange Server SE, read only.
//!
//! ```text
//! sign_in, account  Basic, NTLM and Bearer; who is locked out; counting wrong passwords
//! soap, schema, xml the envelope, what a request must look like, writing
//! caller            impersonation, and what mailboxes let a caller do
//! find_item         calendars; item, ids, restriction: what is in them
//! single            GetItem
//! availability      GetUserAvailability
//! folder            GetFolder, FindFolder
//! directory         ResolveNames, ConvertId, GetUserConfiguration
//! zones             time zones as rules; GetServerTimeZones
//! trouble           what goes wrong on purpose
//! autodiscover      where the server is
//! ```

pub(crate) mod account;
pub(crate) mod autodiscover;
mod availability;
mod caller;
mod directory;
mod find_item;
mod folder;
mod ids;
mod item;
mod restriction;
mod schema;
mod sign_in;
mod single;
mod soap;
mod trouble;
mod xml;
mod zones;

use http::{Method, StatusCode};
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use roxmltree::Document;

pub(crate) use self::account::Ews;
use self::{
    caller::Caller,
    sign_in::Principal,
    soap::{Call, Trouble},
};
use crate::{
    http::{Connection, Reply, Request},
    world::World,
};

const MEDIA: &str = "text/xml; charset=utf-8";
/// Largest body of a request ("EWS throttling": 400 KB).
const MAX_BODY: usize = 400 * 1024;

/// Answers under `/EWS`.
pub(crate) async fn answer(world: &World, connection: &Connection, request: &Request) -> Reply {
    let reply = reply(world, connection, request).await;
    let id = uuid::Uuid::new_v4().to_string();
    reply
        .with("server", "Microsoft-IIS/10.0")
        .with("cache-control", "private")
        .with("request-id", &id)
        .with("x-feserver", "MAIL01")
        .with("x-powered-by", "ASP.NET")
}

async fn reply(world: &World, connection: &Connection, request: &Request) -> Reply {
    if let Some(reply) = trouble::in_front(world) {
        return reply;
    }
    let principal = match sign_in::check(world, connection, request) {
        Ok(principal) => principal,
        Err(reply) => return reply.counted_as("ews.unauthorized"),
    };
    let parts = request.parts();
    let here = parts.len() == 2 && parts[1].eq_ignore_ascii_case("Exchange.asmx");
    match (&request.method, here) {
        (_, false) => return Reply::empty(StatusCode::NOT_FOUND).counted_as("ews.other"),
        (&Method::POST, _) => {}
        (_, true) => {
            let page = "<html><head><title>Exchange Web Services</title></head><body></body></html>";
            return Reply::body(StatusCode::OK, "text/html; charset=utf-8", page).counted_as("ews.other");
        }
    }
    let media = request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("text/xml") {
        return Reply::empty(StatusCode::UNSUPPORTED_MEDIA_TYPE).counted_as("ews.other");
    }
    let reply = perform(world, request, principal).await;
    compressed(request, trouble::behind(world, reply))
}

/// Does what the body asks for.
async fn perform(world: &World, request: &Request, principal: Principal) -> Reply {
    if request.body.len() > MAX_BODY {
        let trouble = Trouble::new("ErrorRequestStreamTooBig", "The request stream is too big.");
        return trouble.fault().counted_as("ews.other");
    }
    // A byte order mark may lead.
    let text = std::str::from_utf8(request.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&request.body));
    let Some(document) = text.ok().and_then(|text| Document::parse(text).ok()) else {
        return Reply::empty(StatusCode::BAD_REQUEST).counted_as("ews.other");
    };
    world.ews.note_anchor(request.header("x-anchormailbox"));
    let reply = answered(world, &document, principal).await.unwrap_or_else(|trouble| trouble.fault());
    reply.counted_as(kind(&document))
}

async fn answered(world: &World, document: &Document<'_>, principal: Principal) -> Result<Reply, Trouble> {
    let call = Call::read(document)?;
    trouble::of_the_server(world, &call)?;
    if let Some(reply) = trouble::of_an_old_server(world, &call) {
        return Ok(reply);
    }
    let caller = Caller::new(world, call.connecting.as_ref(), principal)?;
    let _place = world.ews.enter(caller.budget()).ok_or_else(|| {
        let text = "You have exceeded the available concurrent connections for your account. Try again once your other requests have completed.";
        Trouble::new("ErrorExceededConnectionCount", text)
    })?;
    let _pass = world.ews_gate.pass().await;
    match call.operation.tag_name().name() {
        "FindItem" => find_item::answer(world, &caller, &call),
        "GetItem" => single::get(world, &caller, &call),
        "GetFolder" => folder::get(world, &caller, &call),
        "FindFolder" => folder::find(world, &caller, &call),
        "GetUserAvailabilityRequest" => availability::get(world, &caller, &call),
        "GetServerTimeZones" => zones::get_server_time_zones(world, &call),
        "ResolveNames" => directory::resolve_names(world, &call),
        "ConvertId" => directory::convert_id(&call),
        "GetUserConfiguration" => directory::get_user_configuration(),
        name => Err(Trouble::new("ErrorInvalidRequest", format!("The operation {name} is not pretended here."))),
    }
}

/// What a request is counted as.
fn kind(document: &Document<'_>) -> &'static str {
    let body = document.root_element().children().find(|node| node.has_tag_name((soap::SOAP, "Body")));
    let operation = body.and_then(|body| body.first_element_child());
    match operation.map(|operation| operation.tag_name().name()) {
        Some("FindItem") => "ews.find_item",
        Some("GetItem") => "ews.get_item",
        Some("GetFolder") => "ews.get_folder",
        Some("FindFolder") => "ews.find_folder",
        Some("GetUserAvailabilityRequest") => "ews.get_user_availability",
        Some("GetServerTimeZones") => "ews.get_server_time_zones",
        Some("ResolveNames") => "ews.resolve_names",
        Some("ConvertId") => "ews.convert_id",
        Some("GetUserConfiguration") => "ews.get_user_configuration",
        Some("SyncFolderItems") => "ews.sync_folder_items",
        Some("Subscribe" | "GetStreamingEvents" | "Unsubscribe") => "ews.notifications",
        _ => "ews.other",
    }
}

/// Compresses what is worth it, for who takes it.
fn compressed(request: &Request, mut reply: Reply) -> Reply {
    let takes = request.header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip"));
    let worth_it = 1024..32 * 1024 * 1024;
    if !takes || !worth_it.contains(&reply.body.len()) {
        return reply;
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let written = std::io::Write::write_all(&mut encoder, &reply.body).and_then(|()| encoder.finish());
    if let Ok(body) = written {
        reply.body = body.into();
        return reply.with("content-encoding", "gzip").with("vary", "Accept-Encoding");
    }
    reply
}

/// An instant of a request (`xs:dateTime`): with an offset, or else in a zone.
fn instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let sign = |at: usize| text.as_bytes().get(at).copied();
    // The schema wants all of it, seconds included, and knows no zones by name.
    if (sign(10), sign(13), sign(16)) != (Some(b'T'), Some(b':'), Some(b':')) || text.contains('[') {
        return None;
    }
    text.parse::<Timestamp>().ok().or_else(|| zone.to_timestamp(text.parse::<DateTime>().ok()?).ok())
}

/// A text as it stands between tags.
fn xml_text(text: &str) -> String {
    let mut xml = xml::Xml::default();
    xml.text("x", text);
    let xml = xml.into_string();
    xml.strip_prefix("<x>").and_then(|rest| rest.strip_suffix("</x>")).unwrap_or_default().to_owned()
}
