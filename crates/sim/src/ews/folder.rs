//! Folders: which a mailbox has, how requests name them, and GetFolder and FindFolder.

use roxmltree::Node;

use super::{
    caller::{Caller, Opened, Right},
    ids,
    soap::{Call, MESSAGES, TYPES, Trouble},
    xml::Xml,
};
use crate::{directory::Entry, http::Reply, world::World};

/// A folder of a mailbox. Only the calendar has anything in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folder {
    Root,
    Top,
    Inbox,
    Calendar,
}

impl Folder {
    const ALL: [Self; 4] = [Self::Root, Self::Top, Self::Inbox, Self::Calendar];

    /// Its distinguished name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Top => "msgfolderroot",
            Self::Inbox => "inbox",
            Self::Calendar => "calendar",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|folder| folder.name() == name)
    }

    fn parent(self) -> Self {
        match self {
            Self::Root | Self::Top => Self::Root,
            Self::Inbox | Self::Calendar => Self::Top,
        }
    }

    /// What people call it, in the language of the mailbox.
    fn display_name(self, english: bool) -> &'static str {
        match (self, english) {
            (Self::Root, _) => "",
            (Self::Top, true) => "Top of Information Store",
            (Self::Top, false) => "Oberste Ebene des Informationsspeichers",
            (Self::Inbox, true) => "Inbox",
            (Self::Inbox, false) => "Posteingang",
            (Self::Calendar, true) => "Calendar",
            (Self::Calendar, false) => "Kalender",
        }
    }
}

/// Finds the folder that an element names, for a caller.
pub(super) fn open(world: &World, caller: &Caller, node: Node<'_, '_>) -> Result<(Opened, Folder), Trouble> {
    let not_found = || Trouble::new("ErrorFolderNotFound", "The specified folder could not be found in the store.");
    let (opened, folder) = if node.tag_name().name() == "FolderId" {
        let id = node.attribute("Id").unwrap_or_default();
        let malformed = || Trouble::new("ErrorInvalidIdMalformed", "Id is malformed.");
        let (owner, folder) = ids::read_folder_id(id).ok_or_else(malformed)?;
        let entry = world.directory.by_id(&owner.to_string()).ok_or_else(not_found)?;
        (caller.open(&entry)?, folder)
    } else {
        let folder = Folder::from_name(node.attribute("Id").unwrap_or_default());
        let address = node.descendants().find(|node| node.has_tag_name((TYPES, "EmailAddress")));
        let opened = match address.and_then(|address| address.text()) {
            Some(address) => caller.open_address(world, address.trim())?,
            None => caller.own()?,
        };
        (opened, folder.ok_or_else(not_found)?)
    };
    match (folder, opened.right) {
        (_, Right::Owner) | (Folder::Calendar, Right::Reviewer) => Ok((opened, folder)),
        // Rights on the calendar are none on what is around it.
        (_, Right::None) | (Folder::Inbox | Folder::Top, _) => Err(not_found()),
        (Folder::Root | Folder::Calendar, _) => {
            Err(Trouble::new("ErrorAccessDenied", "Access is denied. Check credentials and try again."))
        }
    }
}

/// `GetFolder`.
pub(super) fn get(world: &World, caller: &Caller, call: &Call<'_>) -> Result<Reply, Trouble> {
    let mut xml = Xml::default();
    xml.open_with("m:GetFolderResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]).open("m:ResponseMessages");
    let all = !is_id_only(call.operation);
    for id in ids_in(call.operation, "FolderIds") {
        const TAG: &str = "m:GetFolderResponseMessage";
        match open(world, caller, id) {
            Ok((opened, folder)) => {
                xml.open_with(TAG, &[("ResponseClass", "Success")])
                    .value("m:ResponseCode", "NoError")
                    .open("m:Folders");
                write(&mut xml, &opened.entry, folder, all, opened.right == Right::Owner);
                xml.close("m:Folders");
            }
            Err(trouble) => trouble.in_message(xml.open_with(TAG, &[("ResponseClass", "Error")])),
        }
        xml.close(TAG);
    }
    xml.close("m:ResponseMessages").close("m:GetFolderResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

/// `FindFolder`: what is below a folder.
pub(super) fn find(world: &World, caller: &Caller, call: &Call<'_>) -> Result<Reply, Trouble> {
    let mut xml = Xml::default();
    xml.open_with("m:FindFolderResponse", &[("xmlns:m", MESSAGES), ("xmlns:t", TYPES)]).open("m:ResponseMessages");
    let all = !is_id_only(call.operation);
    let deep = call.operation.attribute("Traversal") == Some("Deep");
    for id in ids_in(call.operation, "ParentFolderIds") {
        const TAG: &str = "m:FindFolderResponseMessage";
        match open(world, caller, id) {
            Ok((opened, parent)) => {
                let below = |folder: &Folder| {
                    *folder != Folder::Root
                        && (folder.parent() == parent || (deep && folder.parent().parent() == parent))
                };
                let found: Vec<Folder> = Folder::ALL.into_iter().filter(below).collect();
                let count = found.len().to_string();
                xml.open_with(TAG, &[("ResponseClass", "Success")]).value("m:ResponseCode", "NoError");
                let paging = [
                    ("IndexedPagingOffset", count.as_str()),
                    ("TotalItemsInView", &count),
                    ("IncludesLastItemInRange", "true"),
                ];
                xml.open_with("m:RootFolder", &paging).open("t:Folders");
                for folder in found {
                    write(&mut xml, &opened.entry, folder, all, opened.right == Right::Owner);
                }
                xml.close("t:Folders").close("m:RootFolder");
            }
            Err(trouble) => trouble.in_message(xml.open_with(TAG, &[("ResponseClass", "Error")])),
        }
        xml.close(TAG);
    }
    xml.close("m:ResponseMessages").close("m:FindFolderResponse");
    Ok(super::soap::answer(&xml.into_string()))
}

fn is_id_only(operation: Node<'_, '_>) -> bool {
    let has = |name: &str| operation.descendants().find(|node| node.has_tag_name((TYPES, name)));
    has("BaseShape").and_then(|shape| shape.text()).is_some_and(|text| text.trim() == "IdOnly")
        && has("AdditionalProperties").is_none()
}

/// The ids in a list of a request.
pub(super) fn ids_in<'a>(operation: Node<'a, 'a>, list: &str) -> Vec<Node<'a, 'a>> {
    let list = operation.children().find(|node| node.has_tag_name((MESSAGES, list)));
    list.into_iter().flat_map(|list| list.children()).filter(Node::is_element).collect()
}

fn write(xml: &mut Xml, entry: &Entry, folder: Folder, all: bool, owner: bool) {
    let person = &entry.person;
    let (id, parent) = (ids::folder_id(person.object_id, folder), ids::folder_id(person.object_id, folder.parent()));
    let change = ids::folder_change_key(entry.mailbox().change());
    let tag = if folder == Folder::Calendar { "t:CalendarFolder" } else { "t:Folder" };
    xml.open(tag).empty("t:FolderId", &[("Id", &id), ("ChangeKey", &change)]);
    if all {
        if folder != Folder::Root {
            xml.empty("t:ParentFolderId", &[("Id", &parent), ("ChangeKey", &change)]);
        }
        match folder {
            Folder::Calendar => xml.value("t:FolderClass", "IPF.Appointment"),
            Folder::Inbox => xml.value("t:FolderClass", "IPF.Note"),
            Folder::Root | Folder::Top => xml,
        };
        xml.text("t:DisplayName", folder.display_name(person.english)).value("t:TotalCount", 0);
        let children = Folder::ALL.iter().filter(|child| child.parent() == folder && **child != Folder::Root).count();
        xml.value("t:ChildFolderCount", children);
        effective_rights(xml, owner);
        xml.value("t:DistinguishedFolderId", folder.name());
        if folder != Folder::Calendar {
            xml.value("t:UnreadCount", 0);
        }
    }
    xml.close(tag);
}

/// What the caller may do: all, or only read.
pub(super) fn effective_rights(xml: &mut Xml, owner: bool) {
    xml.open("t:EffectiveRights");
    for name in ["t:CreateAssociated", "t:CreateContents", "t:CreateHierarchy", "t:Delete", "t:Modify"] {
        xml.value(name, owner);
    }
    xml.value("t:Read", true).value("t:ViewPrivateItems", owner).close("t:EffectiveRights");
}
