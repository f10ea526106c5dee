//! `GetItem`: single items by their ids.

use std::sync::Arc;

use super::{
    caller::{Caller, Right},
    folder::ids_in,
    ids,
    item::{self, Seen, Wanted},
    soap::{Call, MESSAGES, TYPES, Trouble},
    xml::Xml,
};
use crate::{http::Reply, world::World};

const TAG: &str = "m:GetItemResponseMessage";

/// Answers for every id on its own, in the order of the request.
pub(super) fn get(world: &World, caller: &Caller, call: &Call<'_>) -> Result<Reply, Trouble> {
    let shape = call.operation.children().find(|node| node.has_tag_name((MESSAGES, "ItemShape")));
    let wanted = shape.map_or_else(Wanted::default, |shape| Wanted::read(shape, false));
    let mut xml = Xml::default();
    xml.open_with("m:GetItemResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]).open("m:ResponseMessages");
    for id in ids_in(call.operation, "ItemIds") {
        let mut one = Xml::default();
        let text = id.attributes().find(|attribute| attribute.name().ends_with("Id")).map_or("", |id| id.value());
        match write(&mut one, world, caller, call, text, wanted) {
            Ok(()) => {
                xml.open_with(TAG, &[("ResponseClass", "Success")]).value("m:ResponseCode", "NoError");
                xml.open("m:Items").raw(&one.into_string()).close("m:Items");
            }
            Err(trouble) => {
                trouble.in_message(xml.open_with(TAG, &[("ResponseClass", "Error")]));
                xml.empty("m:Items", &[]);
            }
        }
        xml.close(TAG);
    }
    xml.close("m:ResponseMessages").close("m:GetItemResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

fn write(
    xml: &mut Xml,
    world: &World,
    caller: &Caller,
    call: &Call<'_>,
    id: &str,
    wanted: Wanted,
) -> Result<(), Trouble> {
    let not_found = || Trouble::new("ErrorItemNotFound", "The specified object was not found in the store.");
    let malformed = || Trouble::new("ErrorInvalidIdMalformed", "Id is malformed.");
    let (owner, id) = ids::read_item_id(id).ok_or_else(malformed)?;
    let entry = world.directory.by_id(&owner.to_string()).ok_or_else(not_found)?;
    let opened = caller.open(&entry)?;
    if !matches!(opened.right, Right::Owner | Right::Reviewer) {
        return Err(Trouble::new("ErrorAccessDenied", "Access is denied. Check credentials and try again."));
    }
    let (company, person) = (&world.company, &opened.entry.person);
    let mailbox = opened.entry.mailbox();
    let (item, day) = mailbox.find(company, person, &id).ok_or_else(not_found)?;
    let item = Arc::clone(&item);
    let instance = mailbox.instance(company, person, &item, day).ok_or_else(not_found)?;
    let (start, end) = instance.span.interval(&item.zone);
    let trusted = opened.right == Right::Owner;
    let seen = Seen { person, instance: &instance, start, end, trusted, version: call.version, listed: false };
    item::write(xml, &seen, wanted);
    Ok(())
}
