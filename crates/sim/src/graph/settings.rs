//! `mailboxSettings`: zone, language, working hours.

use serde_json::{Value, json};

use super::{
    Here, no_segment,
    odata::{Answer, Error, Options, context, key, ok},
    zones,
};

const PROPERTIES: [&str; 9] = [
    "archiveFolder",
    "automaticRepliesSetting",
    "dateFormat",
    "delegateMeetingMessageDeliveryOptions",
    "language",
    "timeFormat",
    "timeZone",
    "userPurpose",
    "workingHours",
];

/// `mailboxSettings` and each of its properties.
pub(super) fn get(here: &Here<'_>, path: &[&str]) -> Answer {
    let options = Options::read(here.request)?;
    options.check_select(&PROPERTIES, "RequestBroker--ParseUri", "Microsoft.OutlookServices.MailboxSettings")?;
    let base = format!("users('{}')/mailboxSettings", key(&here.entry.person.object_id.to_string()));
    match path {
        [] => {
            let mut body =
                json!({"@odata.context": context(here.request, &format!("{base}{}", options.context_suffix()))});
            let all = PROPERTIES.iter().map(|name| (*name).to_owned()).collect();
            for name in options.select.unwrap_or(all) {
                body[name.as_str()] = property(here, &name);
            }
            Ok(ok(body))
        }
        [name] => {
            let known = PROPERTIES.iter().any(|known| known == name);
            if !known {
                return Err(no_segment(name));
            }
            let context = context(here.request, &format!("{base}/{name}"));
            let mut value = property(here, name);
            if value.is_object() {
                value["@odata.context"] = json!(context);
                return Ok(ok(value));
            }
            Ok(ok(json!({"@odata.context": context, "value": value})))
        }
        _ => Err(Error::bad("BadRequest", "Resource not found for the segment.")),
    }
}

fn property(here: &Here<'_>, name: &str) -> Value {
    let person = &here.entry.person;
    match name {
        "timeZone" => json!(zone_name(here)),
        "language" if person.english => json!({"locale": "en-GB", "displayName": "English (United Kingdom)"}),
        "language" => json!({"locale": "de-DE", "displayName": "Deutsch (Deutschland)"}),
        "workingHours" => working_hours(here),
        "dateFormat" => json!(if person.english { "dd/MM/yyyy" } else { "dd.MM.yyyy" }),
        "timeFormat" => json!("HH:mm"),
        "userPurpose" => json!("user"),
        "delegateMeetingMessageDeliveryOptions" => json!("sendToDelegateOnly"),
        "archiveFolder" => json!("AAMkAGArchive="),
        _ => json!({
            "status": "disabled",
            "externalAudience": "none",
            "internalReplyMessage": "",
            "externalReplyMessage": "",
            "scheduledStartDateTime": super::event::date_time(jiff::civil::date(2026, 1, 1).at(0, 0, 0, 0), "UTC"),
            "scheduledEndDateTime": super::event::date_time(jiff::civil::date(2026, 1, 2).at(0, 0, 0, 0), "UTC"),
        }),
    }
}

/// The zone as the mailbox names it: Windows' name for most, IANA's for those who set it in a newer client.
fn zone_name(here: &Here<'_>) -> String {
    let mailbox = here.entry.mailbox();
    if let Some(name) = &mailbox.zone_name {
        return name.clone();
    }
    if here.entry.person.number % 7 == 6 {
        mailbox.zone.iana_name().unwrap_or("UTC").to_owned()
    } else {
        zones::windows_name(&mailbox.zone).to_owned()
    }
}

/// Monday to Friday, 8 to 17, where the mailbox is.
pub(super) fn working_hours(here: &Here<'_>) -> Value {
    json!({
        "daysOfWeek": ["monday", "tuesday", "wednesday", "thursday", "friday"],
        "startTime": "08:00:00.0000000",
        "endTime": "17:00:00.0000000",
        "timeZone": {"name": zone_name(here)},
    })
}
