//! Requests to the pretended Exchange Server, written by hand.

use std::fmt::Write as _;

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{RequestBuilder, Response, StatusCode};

use super::House;

/// An answer of the server.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        Self { status: response.status(), text: response.text().await.unwrap() }
    }

    /// The texts of all elements with a name, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let document = roxmltree::Document::parse(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text));
        let found = document.descendants().filter(|node| node.tag_name().name() == name);
        found.map(|node| node.text().unwrap_or_default().to_owned()).collect()
    }

    /// The codes of all response messages, or the one of a fault.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.all("ResponseCode")
    }
}

/// An envelope about a body, with further headers.
pub(crate) fn envelope(version: &str, headers: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\" \
         xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\"><soap:Header>\
         <t:RequestServerVersion Version=\"{version}\"/>{headers}</soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"
    )
}

/// The header of who acts for somebody.
pub(crate) fn acting_for(mail: &str) -> String {
    format!(
        "<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>{mail}</t:SmtpAddress></t:ConnectingSID>\
         </t:ExchangeImpersonation>"
    )
}

/// What is in some calendars in two weeks of November 2026.
pub(crate) fn view(mails: &[&str]) -> String {
    view_of(mails, "IdOnly", &["item:Subject", "item:Sensitivity", "calendar:Start", "calendar:End"])
}

pub(crate) fn view_of(mails: &[&str], shape: &str, properties: &[&str]) -> String {
    let mut paths = String::new();
    for property in properties {
        write!(paths, "<t:FieldURI FieldURI=\"{property}\"/>").unwrap();
    }
    let more = if paths.is_empty() {
        String::new()
    } else {
        format!("<t:AdditionalProperties>{paths}</t:AdditionalProperties>")
    };
    format!(
        "<m:FindItem Traversal=\"Shallow\"><m:ItemShape><t:BaseShape>{shape}</t:BaseShape>{more}</m:ItemShape>\
         <m:CalendarView StartDate=\"2026-11-23T00:00:00Z\" EndDate=\"2026-12-07T00:00:00Z\"/>\
         <m:ParentFolderIds>{}</m:ParentFolderIds></m:FindItem>",
        calendars(mails)
    )
}

pub(crate) fn calendars(mails: &[&str]) -> String {
    mails.iter().map(|mail| folder("calendar", mail)).collect()
}

pub(crate) fn folder(name: &str, mail: &str) -> String {
    format!(
        "<t:DistinguishedFolderId Id=\"{name}\"><t:Mailbox><t:EmailAddress>{mail}</t:EmailAddress></t:Mailbox>\
         </t:DistinguishedFolderId>"
    )
}

/// When some people are taken on two days, by the clocks of Berlin.
pub(crate) fn availability(mails: &[&str], view: &str, from: &str, to: &str) -> String {
    let mut people = String::new();
    for mail in mails {
        write!(
            people,
            "<t:MailboxData><t:Email><t:Address>{mail}</t:Address></t:Email><t:AttendeeType>Required</t:AttendeeType>\
             </t:MailboxData>"
        )
        .unwrap();
    }
    let time = |tag: &str, bias: i32, at: &str, month: u8| {
        format!(
            "<t:{tag}><t:Bias>{bias}</t:Bias><t:Time>{at}</t:Time><t:DayOrder>5</t:DayOrder><t:Month>{month}</t:Month>\
             <t:DayOfWeek>Sunday</t:DayOfWeek></t:{tag}>"
        )
    };
    format!(
        "<m:GetUserAvailabilityRequest><t:TimeZone><t:Bias>-60</t:Bias>{}{}</t:TimeZone><m:MailboxDataArray>{people}\
         </m:MailboxDataArray><t:FreeBusyViewOptions><t:TimeWindow><t:StartTime>{from}</t:StartTime><t:EndTime>{to}\
         </t:EndTime></t:TimeWindow><t:MergedFreeBusyIntervalInMinutes>30</t:MergedFreeBusyIntervalInMinutes>\
         <t:RequestedView>{view}</t:RequestedView></t:FreeBusyViewOptions></m:GetUserAvailabilityRequest>",
        time("StandardTime", 0, "03:00:00", 10),
        time("DaylightTime", -60, "02:00:00", 3),
    )
}

impl House {
    /// A request without credentials.
    pub(crate) fn ews_request(&self, envelope: String) -> RequestBuilder {
        self.http.post(&self.sim.ready().ews).header("Content-Type", "text/xml; charset=utf-8").body(envelope)
    }

    /// Asks as the service account, by Basic.
    pub(crate) async fn ews(&self, body: &str) -> Answer {
        self.ews_with("", body).await
    }

    /// The same, with further headers of SOAP.
    pub(crate) async fn ews_with(&self, headers: &str, body: &str) -> Answer {
        let ready = self.sim.ready();
        let request = self.ews_request(envelope("Exchange2013_SP1", headers, body));
        Answer::of(request.basic_auth(&ready.ews_user, Some(&ready.ews_password)).send().await.unwrap()).await
    }

    /// What `Authorization` says for Basic with a password.
    pub(crate) fn basic(&self, password: &str) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{password}", self.sim.ready().ews_user)))
    }
}
