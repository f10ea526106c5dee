//! A small server's side of the wire, for tests: it writes answers as Exchange does, or as other servers might. It
//! shares nothing with the code that it tests.

use std::fmt::Write as _;

/// How an answer is dressed. None of it changes what is said.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dress {
    /// Prefixes for the namespaces, or default namespaces.
    pub(crate) prefixes: bool,
    /// Properties in another order than the schema's.
    pub(crate) reversed: bool,
    /// Elements, attributes and comments that nobody knows.
    pub(crate) strangers: bool,
    /// White space everywhere.
    pub(crate) airy: bool,
    /// A byte order mark.
    pub(crate) marked: bool,
}

/// An item to be written; texts go out as character references where they must.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) id: String,
    /// Name and text of each property, in the schema's order.
    pub(crate) properties: Vec<(&'static str, String)>,
    /// Name of the item's zone.
    pub(crate) zone: Option<String>,
}

/// What is answered for a mailbox.
#[derive(Clone, Debug)]
pub(crate) enum Folder {
    Items { items: Vec<Item>, last: bool },
    Error { code: String, text: String, back_off: Option<u64> },
}

/// An answer to FindItem.
pub(crate) fn find_item(folders: &[Folder], dress: Dress) -> Vec<u8> {
    let mut messages = String::new();
    for folder in folders {
        messages.push_str(&message(folder, dress));
    }
    envelope(
        &format!("<m:FindItemResponse><m:ResponseMessages>{messages}</m:ResponseMessages></m:FindItemResponse>"),
        dress,
    )
}

/// An envelope around a content that uses the prefixes `m` and `t`.
pub(crate) fn envelope(content: &str, dress: Dress) -> Vec<u8> {
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><s:Header><t:ServerVersionInfo \
         MajorVersion=\"15\" MinorVersion=\"2\" MajorBuildNumber=\"2562\" MinorBuildNumber=\"17\"/></s:Header>\
         <s:Body>{content}</s:Body></s:Envelope>"
    );
    if dress.strangers {
        // Whatever closes an element gets a stranger behind it, but for the envelope itself.
        text = text.replace(
            "</t:Items>",
            "<t:Stranger t:of=\"nowhere\"><!-- ? --><t:Start>x</t:Start></t:Stranger></t:Items>",
        );
        text = text.replace("<s:Body>", "<?stranger things?><s:Body>");
        text = text.replace(
            "<t:CalendarItem>",
            "<!-- an item --><t:CalendarItem stranger=\"1\"><t:Enemy>&#60;Start&#62;</t:Enemy>",
        );
    }
    if dress.airy {
        text = text.replace("><", ">\r\n\t <").replace("?>\r\n\t <", "?>\r\n<");
    }
    if !dress.prefixes {
        text = text.replace("<t:", "<").replace("</t:", "</").replace("<m:", "<").replace("</m:", "</");
    }
    let mut bytes = if dress.marked { b"\xef\xbb\xbf".to_vec() } else { Vec::new() };
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

fn message(folder: &Folder, dress: Dress) -> String {
    match folder {
        Folder::Items { items, last } => {
            let written: String = items.iter().map(|item| write_item(item, dress)).collect();
            let total = items.len() + usize::from(!last);
            format!(
                "<m:FindItemResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>\
                 <m:RootFolder TotalItemsInView=\"{total}\" IncludesLastItemInRange=\"{last}\"><t:Items>{written}\
                 </t:Items></m:RootFolder></m:FindItemResponseMessage>"
            )
        }
        Folder::Error { code, text, back_off } => {
            let details = back_off.map_or_else(String::new, |milliseconds| {
                format!("<m:MessageXml><t:Value Name=\"BackOffMilliseconds\">{milliseconds}</t:Value></m:MessageXml>")
            });
            format!(
                "<m:FindItemResponseMessage ResponseClass=\"Error\"><m:MessageText>{}</m:MessageText>\
                 <m:ResponseCode>{code}</m:ResponseCode><m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>{details}\
                 </m:FindItemResponseMessage>",
                references(text)
            )
        }
    }
}

fn write_item(item: &Item, dress: Dress) -> String {
    let mut parts = vec![format!("<t:ItemId Id=\"{}\" ChangeKey=\"CK\"/>", references(&item.id))];
    parts.extend(item.properties.iter().map(|(name, text)| format!("<t:{name}>{}</t:{name}>", references(text))));
    if let Some(zone) = &item.zone {
        let zone = references(zone);
        parts.push(format!(
            "<t:StartTimeZone Id=\"{zone}\" Name=\"{zone}\"><t:Periods><t:Period Bias=\"-PT1H\" Name=\"Standard\" \
             Id=\"x\"/></t:Periods></t:StartTimeZone>"
        ));
    }
    if dress.reversed {
        parts.reverse();
    }
    format!("<t:CalendarItem>{}</t:CalendarItem>", parts.concat())
}

/// Everything but letters and digits as numbers.
fn references(text: &str) -> String {
    let mut written = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || [' ', '-', ':', '.'].contains(&c) {
            written.push(c);
        } else {
            let _ = write!(written, "&#x{:x};", u32::from(c));
        }
    }
    written
}
