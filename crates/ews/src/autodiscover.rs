//! The documents that say where a mailbox's server is: Autodiscover v2 (JSON, without a sign-in) and POX ("plain old
//! XML", with one). Pages `Autodiscover for Exchange` and `POX Autodiscover web service reference` of Microsoft's.

use busylamp_core::ids::MailAddress;
use serde::Deserialize;
use thiserror::Error;
use url::Url;

use crate::{
    encoding,
    write::Writer,
    xml::{self, Element},
};

/// Most bytes of such a document.
pub const MOST_BYTES: usize = 1 << 20;

/// What v2 answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum V2 {
    /// The address of EWS.
    Server(Url),
    /// It has none, for the reason of this code (`InvalidProtocol`, `UserNotFound` …).
    Refused(String),
}

/// What POX answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pox {
    /// The address of EWS.
    Server(Url),
    /// Ask again with this mail address (action `redirectAddr`).
    OtherAddress(MailAddress),
    /// Ask again at this address (action `redirectUrl`).
    OtherUrl(Url),
    /// It can't tell, for the reason of this number (600 invalid request, 601 no provider for this address …).
    Refused(String),
}

/// Why a document says nothing. Without a word of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DocumentError {
    /// It is none of Autodiscover's.
    #[error("the answer is no document of Autodiscover")]
    Other,
    /// It is larger than [`MOST_BYTES`].
    #[error("the answer is too large")]
    TooLarge,
    /// It names no server of EWS.
    #[error("the answer names no server of EWS")]
    NoServer,
    /// It leads to somewhere that isn't an address, or not a secure one.
    #[error("the answer leads to an address that is not a valid one of https")]
    BadUrl,
}

/// The path and query of v2's question at a host.
pub fn v2_url(host: &str, mailbox: &str) -> Option<Url> {
    let mut url = Url::parse(&format!("https://{host}/")).ok()?;
    url.path_segments_mut().ok()?.extend(["autodiscover", "autodiscover.json", "v1.0", mailbox]);
    url.query_pairs_mut().append_pair("Protocol", "EWS");
    Some(url)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WireV2 {
    url: Option<String>,
    error_code: Option<String>,
}

/// Reads v2's answer.
///
/// # Errors
/// When it is none, or leads nowhere.
pub fn v2(body: &[u8]) -> Result<V2, DocumentError> {
    if body.len() > MOST_BYTES {
        return Err(DocumentError::TooLarge);
    }
    let text = encoding::text(body).map_err(|_| DocumentError::Other)?;
    let answer: WireV2 = serde_json::from_str(&text).map_err(|_| DocumentError::Other)?;
    match (answer.url, answer.error_code) {
        (Some(url), _) => secure(&url).map(V2::Server),
        (None, Some(code)) => Ok(V2::Refused(word(&code))),
        (None, None) => Err(DocumentError::Other),
    }
}

/// POX's question for a mailbox.
pub fn pox_request(mailbox: &str) -> Vec<u8> {
    const SCHEMAS: &str = "http://schemas.microsoft.com/exchange/autodiscover/outlook/";
    let mut w = Writer::new();
    w.element("Autodiscover", &[("xmlns", &format!("{SCHEMAS}requestschema/2006"))], |w| {
        w.element("Request", &[], |w| {
            w.text("EMailAddress", mailbox);
            w.text("AcceptableResponseSchema", &format!("{SCHEMAS}responseschema/2006a"));
        });
    });
    w.into_bytes()
}

/// Reads POX's answer.
///
/// # Errors
/// When it is none, or leads nowhere.
pub fn pox(body: &[u8]) -> Result<Pox, DocumentError> {
    if body.len() > MOST_BYTES {
        return Err(DocumentError::TooLarge);
    }
    let text = encoding::text(body).map_err(|_| DocumentError::Other)?;
    let document = xml::parse(&text).map_err(|_| DocumentError::Other)?;
    let root = document.root();
    if root.name() != "Autodiscover" {
        return Err(DocumentError::Other);
    }
    let response = xml::child(root, "Response").ok_or(DocumentError::Other)?;
    if let Some(error) = xml::child(response, "Error") {
        return Ok(Pox::Refused(word(xml::word(error, "ErrorCode").unwrap_or_default())));
    }
    let account = xml::child(response, "Account").ok_or(DocumentError::NoServer)?;
    match xml::word(account, "Action") {
        Some("redirectAddr") => {
            let address = xml::word(account, "RedirectAddr").and_then(MailAddress::parse);
            address.map(Pox::OtherAddress).ok_or(DocumentError::NoServer)
        }
        Some("redirectUrl") => {
            let url = xml::word(account, "RedirectUrl").ok_or(DocumentError::NoServer)?;
            secure(url).map(Pox::OtherUrl)
        }
        _ => secure(&server(account).ok_or(DocumentError::NoServer)?).map(Pox::Server),
    }
}

/// Exchange's own kinds of protocol, the inner before the outer; `ASUrl` is what servers before 2010 called it.
fn server(account: Element<'_>) -> Option<String> {
    let protocols = |kind| {
        let of_kind = move |node: &Element<'_>| xml::word(*node, "Type") == Some(kind);
        xml::children(account, "Protocol").filter(of_kind)
    };
    ["EXCH", "EXPR"].into_iter().find_map(|kind| {
        protocols(kind).find_map(|protocol| {
            let url = xml::word(protocol, "EwsUrl").or_else(|| xml::word(protocol, "ASUrl"))?;
            Some(url.to_owned())
        })
    })
}

/// An address of https with a host, and without a name or password in it.
fn secure(text: &str) -> Result<Url, DocumentError> {
    let url = Url::parse(text.trim()).map_err(|_| DocumentError::BadUrl)?;
    let bare = url.username().is_empty() && url.password().is_none();
    if url.scheme() == "https" && url.host().is_some() && bare { Ok(url) } else { Err(DocumentError::BadUrl) }
}

fn word(code: &str) -> String {
    code.trim().chars().filter(|c| !c.is_control()).take(64).collect()
}
