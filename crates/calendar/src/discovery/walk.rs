//! The walk: whom to ask, in which order, and where the answers lead.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use busylamp_core::ids::MailAddress;
use busylamp_ews::autodiscover::{self, Pox, V2};
use busylamp_net::http::{Delivery, HttpErrorKind, Transport};
use bytes::Bytes;
use http::{
    HeaderMap, Request, Response, StatusCode,
    header::{CONTENT_TYPE, LOCATION},
};
use url::Url;

use super::{Confirm, Found, Learned, Method, Place, Reach, Report, Tried};
use crate::ews::is_exchange_online;

/// Most redirections, of whatever kind, in one search. Outlook's own bound is 10; no set-up needs more than three.
const MOST_HOPS: usize = 5;

/// Most requests of one search.
const MOST_REQUESTS: usize = 24;

/// Hosts that may refuse the password before no further one is shown it: each refusal counts towards a lock-out.
const MOST_REFUSALS: usize = 2;

/// The path of POX Autodiscover on every host.
const POX: &str = "/autodiscover/autodiscover.xml";

/// Where EWS of Exchange Online is, for every mailbox there.
const ONLINE: &str = "https://outlook.office365.com/EWS/Exchange.asmx";

/// One search.
pub(super) struct Walk<'a> {
    reach: &'a dyn Reach,
    /// In the spelling of [`name`].
    confirmed: BTreeSet<String>,
    report: Report,
    hops: usize,
    requests: usize,
    refusals: usize,
    /// Servers that can't be reached: each is waited for once.
    dead: BTreeSet<String>,
    /// Ways that sign in, one for each server: a connection that was refused is not tried again.
    signed_in: BTreeMap<String, Arc<dyn Transport>>,
    /// Who was asked what, so that nobody is asked twice.
    asked: BTreeSet<(Method, String, MailAddress)>,
}

/// What a step came to.
enum Step {
    Found(Found),
    OtherAddress(MailAddress),
    Nothing,
}

impl<'a> Walk<'a> {
    /// A search that may show the password to these hosts.
    pub(super) fn new(confirmed: &BTreeSet<String>, reach: &'a dyn Reach) -> Self {
        let confirmed = confirmed.iter().filter_map(|host| server(host)).map(|server| name(&server)).collect();
        Self {
            reach,
            confirmed,
            report: Report::default(),
            hops: 0,
            requests: 0,
            refusals: 0,
            dead: BTreeSet::new(),
            signed_in: BTreeMap::new(),
            asked: BTreeSet::new(),
        }
    }

    /// Looks for the server of a mailbox, and of those that its address is said to stand for.
    pub(super) async fn of(mut self, mailbox: &MailAddress) -> Report {
        let mut mailbox = mailbox.clone();
        let mut seen = BTreeSet::new();
        while seen.insert(mailbox.clone()) {
            match self.address(&mailbox).await {
                Step::Found(found) => {
                    self.report.found = Some(found);
                    // What might have known more needn't be confirmed any longer.
                    self.report.confirm.clear();
                    break;
                }
                Step::OtherAddress(next) if self.hop() => mailbox = next,
                Step::OtherAddress(_) | Step::Nothing => break,
            }
        }
        self.report
    }

    async fn address(&mut self, mailbox: &MailAddress) -> Step {
        let domain = mailbox.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
        if domain == "onmicrosoft.com" || domain.ends_with(".onmicrosoft.com") {
            return online(domain.to_owned(), mailbox);
        }
        if server(domain).is_none() {
            let said = "this is no name of a host; check the mail address".to_owned();
            self.report.tried.push(Tried { method: Method::V2, host: domain.to_owned(), said });
            return Step::Nothing;
        }
        let candidates = [domain.to_owned(), format!("autodiscover.{domain}")];
        let mut servers: Vec<Url> = Vec::new();
        for server in self.confirmed.iter().chain(&candidates).filter_map(|host| server(host)) {
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        for server in &servers {
            if let Some(step) = self.v2(server, mailbox).await {
                return step;
            }
        }
        if let Some(step) = self.plain(&candidates[1], mailbox, &servers).await {
            return step;
        }
        for server in &servers {
            if let Some(step) = self.pox(server, mailbox).await {
                return step;
            }
        }
        Step::Nothing
    }

    /// Version 2, from a server on along its redirections. No password is in play.
    async fn v2(&mut self, server: &Url, mailbox: &MailAddress) -> Option<Step> {
        let mut url = autodiscover::v2_url(&name(server), mailbox.as_str())?;
        loop {
            let answer = self.get(Method::V2, &url, mailbox).await?;
            let status = answer.status();
            if status == StatusCode::OK {
                let said = match autodiscover::v2(answer.body()) {
                    Ok(V2::Server(found)) => return Some(self.found(Method::V2, &url, found, mailbox)),
                    Ok(V2::Refused(code)) => format!("it has no server for this address ({code})"),
                    Err(error) => error.to_string(),
                };
                self.tried(Method::V2, &url, said);
                return None;
            }
            if !status.is_redirection() {
                self.tried(Method::V2, &url, said(status));
                return None;
            }
            let next = self.redirection(Method::V2, &url, answer.headers())?;
            if is_exchange_online(&next) {
                return Some(online(name(&url), mailbox));
            }
            url = next;
        }
    }

    /// Where plain HTTP leads to. The answer is only a hint, since anybody on the way can have written it.
    async fn plain(&mut self, host: &str, mailbox: &MailAddress, servers: &[Url]) -> Option<Step> {
        let mut url = server(host).filter(|server| server.port().is_none())?;
        url.set_scheme("http").ok()?;
        url.set_path(POX);
        let answer = self.get(Method::PlainHttp, &url, mailbox).await?;
        if !answer.status().is_redirection() {
            self.tried(Method::PlainHttp, &url, said(answer.status()));
            return None;
        }
        let next = self.redirection(Method::PlainHttp, &url, answer.headers())?;
        if is_exchange_online(&next) {
            return Some(online(name(&url), mailbox));
        }
        if !servers.iter().any(|server| name(server) == name(&next)) {
            self.confirm(&next, Learned::PlainHttp).await;
        }
        None
    }

    /// POX, from a server on along its redirections; with the password where the administrator has confirmed the host.
    async fn pox(&mut self, server: &Url, mailbox: &MailAddress) -> Option<Step> {
        let mut url = server.join(POX).ok()?;
        let mut learned = Learned::Candidate;
        loop {
            let confirmed = self.confirmed.contains(&name(&url));
            let way = if confirmed { self.way_in(&url) } else { None };
            let (method, answer) = match way {
                Some(way) => (Method::PoxSignedIn, self.ask(&way, &url, mailbox).await?),
                None => (Method::Pox, self.get(Method::Pox, &url, mailbox).await?),
            };
            let status = answer.status();
            if status.is_redirection() {
                let next = self.redirection(method, &url, answer.headers())?;
                if is_exchange_online(&next) {
                    return Some(online(name(&url), mailbox));
                }
                learned = Learned::Redirect { from: name(&url) };
                url = next;
                continue;
            }
            if status == StatusCode::UNAUTHORIZED {
                let said = match (method, confirmed) {
                    (Method::PoxSignedIn, _) => {
                        self.refusals += 1;
                        "it refuses the user or the password; check both before trying again, so that no account is locked"
                    }
                    (_, true) if self.refusals >= MOST_REFUSALS => {
                        "it wants a sign-in, but the password has been refused too often to be shown to it"
                    }
                    (_, true) => "it wants a sign-in: give a user and a password",
                    (_, false) => "it wants a sign-in, and has not been confirmed",
                };
                self.tried(method, &url, said.to_owned());
                if !confirmed {
                    self.confirm(&url, learned).await;
                }
                return None;
            }
            if method != Method::PoxSignedIn || status != StatusCode::OK {
                self.tried(method, &url, said(status));
                return None;
            }
            let said = match autodiscover::pox(answer.body()) {
                Ok(Pox::Server(found)) => return Some(self.found(method, &url, found, mailbox)),
                Ok(Pox::OtherAddress(other)) => {
                    self.tried(method, &url, "it leads to another mail address".to_owned());
                    return Some(Step::OtherAddress(other));
                }
                Ok(Pox::OtherUrl(next)) if is_exchange_online(&next) => return Some(online(name(&url), mailbox)),
                Ok(Pox::OtherUrl(next)) => {
                    self.tried(method, &url, format!("it leads to {}", name(&next)));
                    if !self.hop() {
                        return None;
                    }
                    learned = Learned::Redirect { from: name(&url) };
                    url = next;
                    continue;
                }
                Ok(Pox::Refused(code)) => format!("it has no server for this address (error {code})"),
                Err(error) => error.to_string(),
            };
            self.tried(method, &url, said);
            return None;
        }
    }

    /// A way to a confirmed server that signs in, unless there is no credential or it was refused too often.
    fn way_in(&mut self, url: &Url) -> Option<Arc<dyn Transport>> {
        if url.scheme() != "https" || self.refusals >= MOST_REFUSALS {
            return None;
        }
        if let Some(way) = self.signed_in.get(&name(url)) {
            return Some(Arc::clone(way));
        }
        match self.reach.signed_in(url)? {
            Ok(way) => {
                self.signed_in.insert(name(url), Arc::clone(&way));
                Some(way)
            }
            Err(error) => {
                self.tried(Method::PoxSignedIn, url, error);
                None
            }
        }
    }

    /// Asks POX with the password.
    async fn ask(&mut self, way: &Arc<dyn Transport>, url: &Url, mailbox: &MailAddress) -> Option<Response<Bytes>> {
        let body = Bytes::from(autodiscover::pox_request(mailbox.as_str()));
        let request = Request::post(url.as_str()).header(CONTENT_TYPE, busylamp_ews::CONTENT_TYPE).body(body).ok()?;
        self.send(Method::PoxSignedIn, way, url, request, mailbox).await
    }

    /// Asks without a password.
    async fn get(&mut self, method: Method, url: &Url, mailbox: &MailAddress) -> Option<Response<Bytes>> {
        let way = match self.reach.anonymous(url) {
            Ok(way) => way,
            Err(error) => {
                self.tried(method, url, error);
                return None;
            }
        };
        let request =
            Request::get(url.as_str()).header("accept", "application/json, text/xml").body(Bytes::new()).ok()?;
        self.send(method, &way, url, request, mailbox).await
    }

    async fn send(
        &mut self,
        method: Method,
        way: &Arc<dyn Transport>,
        url: &Url,
        request: Request<Bytes>,
        mailbox: &MailAddress,
    ) -> Option<Response<Bytes>> {
        if self.dead.contains(&place(url)) {
            return None;
        }
        if !self.asked.insert((method, url.to_string(), mailbox.clone())) {
            self.tried(method, url, "it was asked before: the answers lead in a circle".to_owned());
            return None;
        }
        if self.requests >= MOST_REQUESTS {
            self.tried(method, url, "not asked: there have been too many requests".to_owned());
            return None;
        }
        self.requests += 1;
        match way.send(request).await {
            Ok(answer) => Some(answer),
            Err(error) => {
                if error.delivery() == Delivery::NotSent || matches!(error.kind, HttpErrorKind::TimeOut { .. }) {
                    self.dead.insert(place(url));
                }
                self.tried(method, url, format!("{}; {}", error.kind, error.advice()));
                None
            }
        }
    }

    /// Where an answer leads to, if one may go there: over https, and not too often.
    fn redirection(&mut self, method: Method, url: &Url, headers: &HeaderMap) -> Option<Url> {
        let location = headers.get(LOCATION).and_then(|location| location.to_str().ok());
        let next = location.and_then(|location| url.join(location).ok());
        let bare = |next: &Url| next.host().is_some() && next.username().is_empty() && next.password().is_none();
        let said = match next {
            Some(next) if next.scheme() == "https" && bare(&next) => {
                self.tried(method, url, format!("it leads to {}", name(&next)));
                return self.hop().then_some(next);
            }
            Some(_) => "it leads to an address that is not a valid one of https, and is not followed",
            None => "it leads nowhere",
        };
        self.tried(method, url, said.to_owned());
        None
    }

    /// Whether one may go on.
    fn hop(&mut self) -> bool {
        self.hops += 1;
        let may = self.hops <= MOST_HOPS;
        if !may && let Some(last) = self.report.tried.last_mut() {
            last.said.push_str("; not followed, since there have been too many redirections");
        }
        may
    }

    async fn confirm(&mut self, url: &Url, learned: Learned) {
        let host = name(url);
        if !self.report.confirm.iter().any(|known| known.host == host) {
            let fingerprint = self.reach.fingerprint(url).await;
            self.report.confirm.push(Confirm { host, fingerprint, learned });
        }
    }

    fn found(&mut self, method: Method, by: &Url, url: Url, mailbox: &MailAddress) -> Step {
        self.tried(method, by, format!("the server is {}", name(&url)));
        let place = if is_exchange_online(&url) { Place::Online } else { Place::Server };
        Step::Found(Found { url, place, said_by: name(by), mailbox: mailbox.clone() })
    }

    fn tried(&mut self, method: Method, url: &Url, said: String) {
        self.report.tried.push(Tried { method, host: name(url), said });
    }
}

/// Whoever leads to Microsoft's hosts says that the mailbox is there; they needn't be asked.
fn online(said_by: String, mailbox: &MailAddress) -> Step {
    let url = Url::parse(ONLINE).expect("this address is well formed");
    Step::Found(Found { url, place: Place::Online, said_by, mailbox: mailbox.clone() })
}

/// The server of a host's name, with or without a port. What isn't a name alone is none.
fn server(host: &str) -> Option<Url> {
    let harmless = |c: char| c.is_alphanumeric() || ['-', '.', ':', '[', ']', '_'].contains(&c);
    if host.is_empty() || !host.chars().all(harmless) {
        return None;
    }
    Url::parse(&format!("https://{host}/")).ok()
}

/// A server's name as the administrator confirms it: with the port unless it is the usual one.
fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn place(url: &Url) -> String {
    url.origin().ascii_serialization()
}

fn said(status: StatusCode) -> String {
    status.to_string()
}
