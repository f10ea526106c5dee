//! The SOAP around every request and answer (SOAP 1.1; EWS reference, "SOAP headers", `RequestServerVersion`,
//! `ExchangeImpersonation`, `ServerVersionInfo`).

use http::StatusCode;
use jiff::tz::TimeZone;
use roxmltree::{Document, Node};

use super::{
    schema::{self, Violation},
    xml::Xml,
    zones,
};
use crate::http::Reply;

pub(super) const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
pub(super) const MESSAGES: &str = "http://schemas.microsoft.com/exchange/services/2006/messages";
pub(super) const TYPES: &str = "http://schemas.microsoft.com/exchange/services/2006/types";
const ERRORS: &str = "http://schemas.microsoft.com/exchange/services/2006/errors";

/// The versions that a request may ask for, in their order (schema of Exchange SE, `ExchangeVersionType`).
const VERSIONS: [&str; 18] = [
    "Exchange2007",
    "Exchange2007_SP1",
    "Exchange2009",
    "Exchange2010",
    "Exchange2010_SP1",
    "Exchange2010_SP2",
    "Exchange2012",
    "Exchange2013",
    "Exchange2013_SP1",
    "Exchange2015",
    "Exchange2016",
    "V2015_10_05",
    "V2016_01_06",
    "V2016_04_13",
    "V2016_07_13",
    "V2016_10_10",
    "V2017_01_07",
    "V2017_04_14",
];
/// The newest one, which answers name.
const NEWEST: &str = "V2017_07_11";
const FIRST_2010: usize = 3;
const LAST_2010: usize = 5;
const FIRST_2013: usize = 7;

/// The version of the interface that a client wants to be served by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(usize);

impl Version {
    fn read(name: &str) -> Option<Self> {
        if name == NEWEST {
            return Some(Self(VERSIONS.len()));
        }
        VERSIONS.iter().position(|known| *known == name).map(Self)
    }

    /// Whether `WorkingElsewhere` is known.
    pub(super) fn is_2013(self) -> bool {
        self.0 >= FIRST_2013
    }

    /// Whether zones of their own for start and end are known.
    pub(super) fn is_2010(self) -> bool {
        self.0 >= FIRST_2010
    }

    /// Whether a server of 2010 would refuse it.
    pub(super) fn is_newer_than_2010(self) -> bool {
        self.0 > LAST_2010
    }
}

/// What goes wrong with a request, or with one of the things that it asks for.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) code: &'static str,
    pub(super) text: String,
    /// `Value` elements by their names.
    pub(super) values: Vec<(&'static str, String)>,
    violation: Option<Violation>,
}

impl Trouble {
    pub(super) fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), values: Vec::new(), violation: None }
    }

    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, value.into()));
        self
    }

    fn message_xml(&self, tag: &str, xml: &mut Xml) {
        if self.values.is_empty() && self.violation.is_none() {
            return;
        }
        xml.open(tag);
        if let Some(Violation { line, position, text }) = &self.violation {
            xml.value("t:LineNumber", line).value("t:LinePosition", position).text("t:Violation", text);
        }
        for (name, value) in &self.values {
            xml.open_with("t:Value", &[("Name", name)]).raw(&super::xml_text(value)).close("t:Value");
        }
        xml.close(tag);
    }

    /// As a response message: one thing of several has failed. The caller writes the element around it.
    pub(super) fn in_message(&self, xml: &mut Xml) {
        xml.text("m:MessageText", &self.text).value("m:ResponseCode", self.code).value("m:DescriptiveLinkKey", 0);
        self.message_xml("m:MessageXml", xml);
    }

    /// As a fault: the whole request has failed.
    pub(super) fn fault(&self) -> Reply {
        let mut xml = Xml::default();
        xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        xml.open_with("s:Envelope", &[("xmlns:s", SOAP)]).open("s:Body").open("s:Fault");
        xml.open_with("faultcode", &[("xmlns:a", TYPES)]).raw("a:").raw(self.code).close("faultcode");
        xml.open_with("faultstring", &[("xml:lang", "en-US")]).raw(&super::xml_text(&self.text)).close("faultstring");
        xml.open("detail");
        xml.open_with("e:ResponseCode", &[("xmlns:e", ERRORS)]).raw(self.code).close("e:ResponseCode");
        xml.open_with("e:Message", &[("xmlns:e", ERRORS)]).raw(&super::xml_text(&self.text)).close("e:Message");
        let mut detail = Xml::default();
        self.message_xml("t:MessageXml", &mut detail);
        // The namespace is declared where it is first needed.
        xml.raw(&detail.into_string().replacen("<t:MessageXml>", &format!("<t:MessageXml xmlns:t=\"{TYPES}\">"), 1));
        xml.close("detail").close("s:Fault").close("s:Body").close("s:Envelope");
        Reply::body(StatusCode::INTERNAL_SERVER_ERROR, super::MEDIA, xml.into_string())
    }
}

impl From<Violation> for Trouble {
    fn from(violation: Violation) -> Self {
        let text = format!("The request failed schema validation: {}", violation.text);
        Self { code: "ErrorSchemaValidation", text, values: Vec::new(), violation: Some(violation) }
    }
}

/// Whose mailbox an application wants to act in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Connecting {
    Address(String),
    PrincipalName(String),
    Sid(String),
}

/// A request with its headers.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The one element in the body.
    pub(super) operation: Node<'a, 'a>,
    pub(super) version: Version,
    pub(super) connecting: Option<Connecting>,
    /// The zone of times without an offset, if the request names one.
    pub(super) context: Option<TimeZone>,
}

impl<'a> Call<'a> {
    /// The zone of times without an offset: UTC if nothing else is said.
    pub(super) fn zone(&self) -> TimeZone {
        self.context.clone().unwrap_or(TimeZone::UTC)
    }

    /// Reads and checks a request.
    pub(super) fn read(document: &'a Document<'a>) -> Result<Self, Trouble> {
        let root = document.root_element();
        let invalid = |node: Node<'_, '_>, text: String| Trouble::from(Violation::at(node, text));
        if !root.has_tag_name((SOAP, "Envelope")) {
            return Err(invalid(root, format!("The element '{}' is no SOAP 1.1 envelope.", root.tag_name().name())));
        }
        let part = |name: &str| root.children().find(|node| node.has_tag_name((SOAP, name)));
        let body = part("Body").ok_or_else(|| invalid(root, "The envelope has no body.".to_owned()))?;
        let mut operations = body.children().filter(Node::is_element);
        let (Some(operation), None) = (operations.next(), operations.next()) else {
            return Err(invalid(body, "The body must contain one element.".to_owned()));
        };
        let mut call = Self { operation, version: Version(1), connecting: None, context: None };
        for header in part("Header").into_iter().flat_map(|header| header.children()).filter(Node::is_element) {
            schema::check_header(header)?;
            match header.tag_name().name() {
                "RequestServerVersion" => {
                    let version = header.attribute("Version").and_then(Version::read);
                    let unknown =
                        || Trouble::new("ErrorInvalidServerVersion", "The specified server version is invalid.");
                    call.version = version.ok_or_else(unknown)?;
                }
                "ExchangeImpersonation" => call.connecting = connecting(header),
                "TimeZoneContext" => {
                    let definition = header.first_element_child();
                    let id = definition.and_then(|definition| definition.attribute("Id")).unwrap_or_default();
                    let known = definition.and_then(zones::read_definition);
                    let unknown =
                        || Trouble::new("ErrorTimeZone", "The specified time zone isn't valid.").with("Id", id);
                    call.context = Some(known.ok_or_else(unknown)?);
                }
                _ => {}
            }
        }
        schema::check_operation(operation)?;
        Ok(call)
    }
}

fn connecting(header: Node<'_, '_>) -> Option<Connecting> {
    let named = header.first_element_child()?.first_element_child()?;
    let text = named.text().unwrap_or_default().trim().to_owned();
    match named.tag_name().name() {
        "PrincipalName" => Some(Connecting::PrincipalName(text)),
        "SID" => Some(Connecting::Sid(text)),
        _ => Some(Connecting::Address(text)),
    }
}

/// Puts the envelope around a body, whose element declares its own namespaces.
pub(super) fn answer(body: &str) -> Reply {
    let mut xml = Xml::with_capacity(body.len() + 800);
    xml.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>")
        .open_with("s:Envelope", &[("xmlns:s", SOAP)])
        .open("s:Header");
    xml.empty(
        "h:ServerVersionInfo",
        &[
            ("MajorVersion", "15"),
            ("MinorVersion", "2"),
            ("MajorBuildNumber", "2562"),
            ("MinorBuildNumber", "17"),
            ("Version", NEWEST),
            ("xmlns:h", TYPES),
            ("xmlns", TYPES),
            ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        ],
    );
    xml.close("s:Header");
    xml.open_with(
        "s:Body",
        &[
            ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
            ("xmlns:xsd", "http://www.w3.org/2001/XMLSchema"),
        ],
    );
    xml.raw(body).close("s:Body").close("s:Envelope");
    Reply::body(StatusCode::OK, super::MEDIA, xml.into_string())
}
