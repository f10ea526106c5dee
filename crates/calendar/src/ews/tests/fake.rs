//! A pretended Exchange: its own writer of answers, its own reader of requests. Its default behaviour is right; a test bends
//! it with a hook.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use busylamp_core::ids::MailAddress;
use busylamp_net::http::{HttpError, Transport};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use jiff::Timestamp;
use roxmltree::Document;

/// A whole answer, or none.
pub(super) type Reply = Result<Response<Bytes>, HttpError>;
/// Answers a request in place of the default; `None` leaves it to the default.
type OnRequest = Box<dyn FnMut(&Asked) -> Option<Reply> + Send>;
/// Changes calendars after a request was answered.
type OnAnswered = Box<dyn FnMut(&Asked, &mut BTreeMap<String, Mailbox>) + Send>;
/// The code and text with which a mailbox is refused in an answer; `None` serves it.
type OnMailbox = Box<dyn FnMut(&Asked, &str) -> Option<Refused> + Send>;

/// What stands in a response message in place of content.
#[derive(Clone, Default)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) text: &'static str,
    pub(super) back_off: Option<u64>,
}

/// One request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// `FindItem` or `GetUserAvailabilityRequest`.
    pub(super) operation: String,
    pub(super) version: String,
    pub(super) acting_as: Option<String>,
    pub(super) anchor: Option<String>,
    pub(super) authorization: Option<String>,
    pub(super) mails: Vec<String>,
    /// Ids and change keys only.
    pub(super) is_probe: bool,
    pub(super) most: usize,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
}

#[derive(Clone)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) kind: &'static str,
    pub(super) all_day: bool,
    change: u64,
}

#[derive(Clone, Default)]
pub(super) struct Mailbox {
    pub(super) items: Vec<Item>,
    changes: u64,
    /// Without working hours it tells no zone.
    pub(super) utc_bias: Option<i32>,
}

impl Mailbox {
    /// Adds or replaces.
    pub(super) fn put(&mut self, id: &str, subject: &str, start: &str, end: &str) {
        self.remove(id);
        self.changes += 1;
        let (start, end) = (start.parse().unwrap(), end.parse().unwrap());
        let (id, subject, change) = (id.to_owned(), subject.to_owned(), self.changes);
        self.items.push(Item { id, subject, start, end, kind: "Busy", all_day: false, change });
        self.items.sort_by_key(|item| (item.start, item.id.clone()));
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.changes += 1;
        self.items.retain(|item| item.id != id);
    }
}

pub(super) struct FakeExchange(Mutex<State>);

pub(super) struct State {
    pub(super) mailboxes: BTreeMap<String, Mailbox>,
    pub(super) on_request: OnRequest,
    pub(super) on_mailbox: OnMailbox,
    pub(super) on_answered: OnAnswered,
    pub(super) asked: Vec<Asked>,
    pub(super) most_at_once: usize,
    at_once: usize,
    /// Requests that were sent, answered or not.
    pub(super) sent: usize,
    /// Fresh connections that were made.
    pub(super) connections: usize,
}

impl FakeExchange {
    /// With mailboxes `u0000@example.com`, …, each with an event `a` at ten.
    pub(super) fn new(mailboxes: usize) -> Self {
        let mut mailbox = Mailbox::default();
        mailbox.put("a", "Jour fixe", "2026-11-24T10:00:00Z", "2026-11-24T11:00:00Z");
        let named = (0..mailboxes).map(|number| (format!("u{number:04}@example.com"), mailbox.clone()));
        Self(Mutex::new(State {
            mailboxes: named.collect(),
            on_request: Box::new(|_| None),
            on_mailbox: Box::new(|_, _| None),
            on_answered: Box::new(|_, _| ()),
            asked: Vec::new(),
            most_at_once: 0,
            at_once: 0,
            sent: 0,
            connections: 0,
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Changes the first mailbox.
    pub(super) fn first(&self, change: impl FnOnce(&mut Mailbox)) {
        change(self.state().mailboxes.values_mut().next().unwrap());
    }

    pub(super) fn mails(&self) -> Vec<MailAddress> {
        self.state().mailboxes.keys().map(|mail| MailAddress::parse(mail).unwrap()).collect()
    }

    /// What has been asked since the last look.
    pub(super) fn seen(&self) -> Vec<Asked> {
        let mut state = self.state();
        state.most_at_once = 0;
        std::mem::take(&mut state.asked)
    }

    pub(super) fn on_request(&self, hook: impl FnMut(&Asked) -> Option<Reply> + Send + 'static) {
        self.state().on_request = Box::new(hook);
    }

    pub(super) fn on_mailbox(&self, hook: impl FnMut(&Asked, &str) -> Option<Refused> + Send + 'static) {
        self.state().on_mailbox = Box::new(hook);
    }

    /// The first `times` requests are answered so.
    pub(super) fn answer_first(&self, times: usize, reply: impl Fn() -> Reply + Send + 'static) {
        let mut left = times;
        self.on_request(move |_| {
            let hit = left > 0;
            left -= usize::from(hit);
            hit.then(&reply)
        });
    }

    fn answer(&self, request: &Request<Bytes>) -> Reply {
        let mut state = self.state();
        let asked = read(request);
        state.asked.push(asked.clone());
        let State { mailboxes, on_request, on_mailbox, on_answered, .. } = &mut *state;
        if let Some(reply) = on_request(&asked) {
            return reply;
        }
        let messages: String = asked
            .mails
            .iter()
            .map(|mail| match (on_mailbox(&asked, mail), mailboxes.get(mail)) {
                (Some(refused), _) => message(&asked, &refusal(&refused), ""),
                (None, None) => {
                    let code = if asked.operation == "FindItem" {
                        "ErrorNonExistentMailbox"
                    } else {
                        "ErrorMailRecipientNotFound"
                    };
                    message(&asked, &refusal(&Refused { code, ..Refused::default() }), "")
                }
                (None, Some(mailbox)) => {
                    message(&asked, "<m:ResponseCode>NoError</m:ResponseCode>", &content(&asked, mailbox))
                }
            })
            .collect();
        on_answered(&asked, mailboxes);
        Ok(xml(
            200,
            &match asked.operation.as_str() {
                "FindItem" => format!(
                    "<m:FindItemResponse><m:ResponseMessages>{messages}</m:ResponseMessages></m:FindItemResponse>"
                ),
                _ => format!(
                    "<m:GetUserAvailabilityResponse><m:FreeBusyResponseArray>{messages}</m:FreeBusyResponseArray></m:GetUserAvailabilityResponse>"
                ),
            },
        ))
    }
}

impl Transport for FakeExchange {
    fn send(&self, request: Request<Bytes>) -> BoxFuture<'_, Reply> {
        Box::pin(async move {
            {
                let mut state = self.state();
                state.at_once += 1;
                state.sent += 1;
                state.most_at_once = state.most_at_once.max(state.at_once);
            }
            // Long enough for others to come along.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let reply = self.answer(&request);
            self.state().at_once -= 1;
            reply
        })
    }
}

fn read(request: &Request<Bytes>) -> Asked {
    let text = std::str::from_utf8(request.body()).unwrap();
    let document = Document::parse(text).unwrap();
    let all = |name: &'static str| document.descendants().filter(move |node| node.tag_name().name() == name);
    let text_of = |name| all(name).next().and_then(|node| node.text()).map(str::to_owned);
    let attribute =
        |name, attribute: &str| all(name).next().and_then(|node| node.attribute(attribute)).map(str::to_owned);
    let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let body = all("Body").next().and_then(|body| body.first_element_child()).unwrap();
    let operation = body.tag_name().name().to_owned();
    let time = |text: Option<String>| -> Timestamp {
        let text = text.unwrap();
        if text.ends_with('Z') { text.parse() } else { format!("{text}Z").parse() }.unwrap()
    };
    let (from, to, mails) = if operation == "FindItem" {
        let mails = all("EmailAddress");
        (attribute("CalendarView", "StartDate"), attribute("CalendarView", "EndDate"), mails.collect::<Vec<_>>())
    } else {
        (
            all("TimeWindow")
                .next()
                .and_then(|window| window.first_element_child())
                .and_then(|start| start.text())
                .map(str::to_owned),
            text_of("EndTime"),
            all("Address").collect(),
        )
    };
    Asked {
        version: attribute("RequestServerVersion", "Version").unwrap(),
        acting_as: all("ConnectingSID").next().map(|sid| {
            sid.descendants()
                .filter(|node| node.is_text())
                .filter_map(|node| node.text())
                .collect::<String>()
                .trim()
                .to_owned()
        }),
        anchor: header("x-anchormailbox"),
        authorization: header("authorization"),
        mails: mails.iter().map(|node| node.text().unwrap().to_owned()).collect(),
        is_probe: operation == "FindItem" && all("FieldURI").next().is_none(),
        most: attribute("CalendarView", "MaxEntriesReturned").map_or(0, |most| most.parse().unwrap()),
        from: time(from),
        to: time(to),
        operation,
    }
}

/// One mailbox's part of an answer.
fn message(asked: &Asked, code: &str, content: &str) -> String {
    let class = if code.contains("NoError") { "Success" } else { "Error" };
    if asked.operation == "FindItem" {
        return format!(
            r#"<m:FindItemResponseMessage ResponseClass="{class}">{code}{content}</m:FindItemResponseMessage>"#
        );
    }
    format!(
        r#"<m:FreeBusyResponse><m:ResponseMessage ResponseClass="{class}">{code}</m:ResponseMessage>{content}</m:FreeBusyResponse>"#
    )
}

fn refusal(refused: &Refused) -> String {
    let Refused { code, text, back_off } = refused;
    let back_off = back_off
        .map(|ms| format!(r#"<m:MessageXml><t:Value Name="BackOffMilliseconds">{ms}</t:Value></m:MessageXml>"#));
    format!(
        "<m:MessageText>{text}</m:MessageText><m:ResponseCode>{code}</m:ResponseCode>{}",
        back_off.unwrap_or_default()
    )
}

fn content(asked: &Asked, mailbox: &Mailbox) -> String {
    let in_span = |item: &&Item| item.start < asked.to && item.end >= asked.from;
    if asked.operation != "FindItem" {
        let local = |at: Timestamp| at.to_string().trim_end_matches('Z').to_owned();
        let event = |item: &Item| {
            let (start, end) = (local(item.start), local(item.end));
            format!(
                "<t:CalendarEvent><t:StartTime>{start}</t:StartTime><t:EndTime>{end}</t:EndTime><t:BusyType>{}</t:BusyType></t:CalendarEvent>",
                item.kind
            )
        };
        let events: String = mailbox.items.iter().filter(in_span).map(event).collect();
        let zone = mailbox.utc_bias.map_or_else(String::new, |bias| {
            let change = "<t:Bias>0</t:Bias><t:Time>00:00:00</t:Time><t:DayOrder>0</t:DayOrder><t:Month>0</t:Month><t:DayOfWeek>Sunday</t:DayOfWeek>";
            format!(
                "<t:WorkingHours><t:TimeZone><t:Bias>{bias}</t:Bias><t:StandardTime>{change}</t:StandardTime>\
                 <t:DaylightTime>{change}</t:DaylightTime></t:TimeZone><t:WorkingPeriodArray/></t:WorkingHours>"
            )
        });
        return format!(
            "<m:FreeBusyView><t:FreeBusyViewType>FreeBusy</t:FreeBusyViewType>\
             <t:CalendarEventArray>{events}</t:CalendarEventArray>{zone}</m:FreeBusyView>"
        );
    }
    let all: Vec<&Item> = mailbox.items.iter().filter(in_span).collect();
    let page = &all[..all.len().min(asked.most)];
    let item = |item: &&Item| {
        let id = format!(r#"<t:ItemId Id="{}" ChangeKey="{}"/>"#, item.id, item.change);
        if asked.is_probe {
            return format!("<t:CalendarItem>{id}</t:CalendarItem>");
        }
        format!(
            "<t:CalendarItem>{id}<t:Subject>{}</t:Subject><t:Sensitivity>Normal</t:Sensitivity><t:Start>{}</t:Start>\
             <t:End>{}</t:End><t:IsAllDayEvent>{}</t:IsAllDayEvent><t:LegacyFreeBusyStatus>{}</t:LegacyFreeBusyStatus>\
             <t:CalendarItemType>Single</t:CalendarItemType></t:CalendarItem>",
            item.subject, item.start, item.end, item.all_day, item.kind
        )
    };
    let items: String = page.iter().map(item).collect();
    format!(
        r#"<m:RootFolder TotalItemsInView="{}" IncludesLastItemInRange="{}"><t:Items>{items}</t:Items></m:RootFolder>"#,
        all.len(),
        page.len() == all.len()
    )
}

/// An envelope with this content.
pub(super) fn xml(status: u16, content: &str) -> Response<Bytes> {
    let envelope = format!(
        r#"<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><h:ServerVersionInfo MajorVersion="15" MinorVersion="2" MajorBuildNumber="2562" MinorBuildNumber="17" xmlns:h="http://schemas.microsoft.com/exchange/services/2006/types"/></s:Header><s:Body xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">{content}</s:Body></s:Envelope>"#
    );
    Response::builder().status(status).header("content-type", "text/xml; charset=utf-8").body(envelope.into()).unwrap()
}

/// A SOAP fault with this code.
pub(super) fn fault(code: &str, text: &str, back_off: Option<u64>) -> Reply {
    let back_off = back_off.map_or_else(String::new, |ms| {
        format!(r#"<t:MessageXml><t:Value Name="BackOffMilliseconds">{ms}</t:Value></t:MessageXml>"#)
    });
    Ok(xml(
        500,
        &format!(
            r#"<s:Fault><faultcode>a:{code}</faultcode><faultstring>{text}</faultstring><detail><e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">{code}</e:ResponseCode><e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">{text}</e:Message>{back_off}</detail></s:Fault>"#
        ),
    ))
}

/// An answer that is no SOAP.
pub(super) fn page(status: u16, headers: &[(&str, &str)], body: &'static str) -> Reply {
    let mut answer = Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    Ok(answer.body(Bytes::from_static(body.as_bytes())).unwrap())
}
