//! What clients ask besides calendars: names, ids in other formats, settings of their own.

use super::{
    soap::{Call, MESSAGES, TYPES, Trouble},
    xml::Xml,
};
use crate::{http::Reply, world::World};

/// Most people that a name may stand for ("ResolveNames operation").
const MAX_FOUND: usize = 100;

/// `ResolveNames`: people by the beginning of a name or address.
pub(super) fn resolve_names(world: &World, call: &Call<'_>) -> Result<Reply, Trouble> {
    let entry = call.operation.children().find(|node| node.has_tag_name((MESSAGES, "UnresolvedEntry")));
    let asked = entry.and_then(|entry| entry.text()).unwrap_or_default().trim().to_lowercase();
    let asked = asked.strip_prefix("smtp:").unwrap_or(&asked);
    let matches = |text: &str| text.to_lowercase().starts_with(asked);
    let mut found = world.directory.all();
    found.retain(|entry| {
        let person = &entry.person;
        [&person.mail, &person.alias, &person.given, &person.family].into_iter().any(|text| matches(text))
            || matches(&person.name())
    });
    const TAG: &str = "m:ResolveNamesResponseMessage";
    let mut xml = Xml::default();
    xml.open_with("m:ResolveNamesResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]).open("m:ResponseMessages");
    match found.len() {
        0 => Trouble::new("ErrorNameResolutionNoResults", "No results were found.")
            .in_message(xml.open_with(TAG, &[("ResponseClass", "Error")])),
        1 => {
            xml.open_with(TAG, &[("ResponseClass", "Success")]).value("m:ResponseCode", "NoError");
        }
        _ => Trouble::new("ErrorNameResolutionMultipleResults", "Multiple results were found.")
            .in_message(xml.open_with(TAG, &[("ResponseClass", "Warning")])),
    }
    if !found.is_empty() {
        let total = found.len().min(MAX_FOUND).to_string();
        let last = if found.len() > MAX_FOUND { "false" } else { "true" };
        xml.open_with("m:ResolutionSet", &[("TotalItemsInView", &total), ("IncludesLastItemInRange", last)]);
        for entry in found.iter().take(MAX_FOUND) {
            xml.open("t:Resolution").open("t:Mailbox").text("t:Name", &entry.person.name());
            xml.text("t:EmailAddress", &entry.person.mail).value("t:RoutingType", "SMTP");
            xml.value("t:MailboxType", "Mailbox").close("t:Mailbox").close("t:Resolution");
        }
        xml.close("m:ResolutionSet");
    }
    xml.close(TAG).close("m:ResponseMessages").close("m:ResolveNamesResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

/// `ConvertId`, which clients call to see whether anybody is there. No id is known in another format.
pub(super) fn convert_id(call: &Call<'_>) -> Result<Reply, Trouble> {
    const TAG: &str = "m:ConvertIdResponseMessage";
    let mut xml = Xml::default();
    xml.open_with("m:ConvertIdResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]).open("m:ResponseMessages");
    for id in call.operation.descendants().filter(|node| node.has_tag_name((TYPES, "AlternateId"))) {
        xml.open_with(TAG, &[("ResponseClass", "Error")]);
        if id.attribute("Mailbox").is_some_and(|mailbox| mailbox.contains('@')) {
            Trouble::new("ErrorInvalidIdMalformed", "Id is malformed.").in_message(&mut xml);
        } else {
            Trouble::new("ErrorInvalidSmtpAddress", "The SMTP address format is invalid.").in_message(&mut xml);
        }
        xml.close(TAG);
    }
    xml.close("m:ResponseMessages").close("m:ConvertIdResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

/// `GetUserConfiguration`: nobody has one.
pub(super) fn get_user_configuration() -> Result<Reply, Trouble> {
    const TAG: &str = "m:GetUserConfigurationResponseMessage";
    let mut xml = Xml::default();
    xml.open_with("m:GetUserConfigurationResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]);
    xml.open("m:ResponseMessages").open_with(TAG, &[("ResponseClass", "Error")]);
    Trouble::new("ErrorItemNotFound", "The specified object was not found in the store.").in_message(&mut xml);
    xml.close(TAG).close("m:ResponseMessages").close("m:GetUserConfigurationResponse");
    Ok(super::soap::answer(&xml.into_string()))
}
