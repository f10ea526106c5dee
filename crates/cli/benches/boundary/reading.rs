//! What reading costs beside asking: every calendar of a large company is read from the pretended Exchange for the first
//! time, and in the same run the very same requests are sent by a client that receives the answers as HTTP brings them,
//! unpacked, and decodes nothing.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Result, ensure};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use busylamp_calendar::{
    Calendar as _, Outcome, Request as Poll, Window,
    ews::{Access, EwsAccount, EwsCalendar, EwsSettings, EwsSignIn},
};
use busylamp_core::{ids::MailAddress, policy::Policy, secret::Secret};
use busylamp_net::trust::Trust;
use busylamp_sim::{Calendars, SimConfig};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use reqwest::{
    Client,
    header::{ACCEPT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap},
};
use serde_json::json;
use tokio::{
    net::TcpListener,
    sync::Mutex,
    task::{JoinHandle, JoinSet},
    time::Instant,
};

use crate::{
    REQUEST,
    company::Company,
    figures::{load, verdict},
};

const MAILBOXES: usize = 2_000;
const EVENTS: i64 = 30;
/// Pairs of a reading and the bare requests; the one that goes first takes turns.
const PAIRS: usize = 8;
/// As a multiple of the bare requests' time.
const TARGET: f64 = 1.3;
/// No request is longer, in bytes.
const LONGEST: usize = 1 << 20;
/// Events are entered by so many clients side by side.
const HANDS: usize = 8;

pub(crate) async fn measure() -> Result<()> {
    println!(
        "\nreading: {MAILBOXES} mailboxes with {EVENTS} events each, for the first time, from the pretended Exchange; target at most {TARGET} × the bare requests"
    );
    let company =
        Company::start(SimConfig { users: MAILBOXES, calendars: Calendars::Empty, ..SimConfig::default() }).await?;
    let now = Timestamp::from_second(Timestamp::now().as_second())?;
    enter(&company, now).await?;
    let reader = Reader::new(&company, now)?;
    let listener = Listener::start(&company.ready().ews).await?;
    reader.read(&listener.url).await?;
    let (requests, at_once) = listener.stop().await;
    let bare = Bare { url: company.ready().ews.clone(), at_once };
    let bytes = bare.send_all(&requests).await?.bytes;
    println!("  {} requests, at most {at_once} at a time, {:.1} MB of answers", requests.len(), bytes as f64 / 1e6);
    println!(" a server that has every answer at hand");
    pairs(&reader, &bare, &requests).await?;
    println!(" a server that takes {} ms for each request", REQUEST.as_millis());
    company.control.pace("ews", REQUEST).await?;
    pairs(&reader, &bare, &requests).await?;
    company.stop().await;
    Ok(())
}

/// Reads and sends in turn, and says how they compare.
async fn pairs(reader: &Reader, bare: &Bare, requests: &Arc<Vec<Heard>>) -> Result<()> {
    let mut ratios = Vec::with_capacity(PAIRS);
    for pair in 1..=PAIRS {
        let (read, sent) = if pair % 2 == 1 {
            let read = reader.read(&bare.url).await?;
            (read, bare.send_all(requests).await?.took)
        } else {
            let sent = bare.send_all(requests).await?.took;
            (reader.read(&bare.url).await?, sent)
        };
        let (read, sent) = (read.as_secs_f64(), sent.as_secs_f64());
        let ratio = read / sent;
        println!("  pair {pair}, {}: read in {read:.3} s, bare requests in {sent:.3} s, {ratio:.2} ×", load());
        ratios.push(ratio);
    }
    ratios.sort_by(f64::total_cmp);
    let median = f64::midpoint(ratios[(PAIRS - 1) / 2], ratios[PAIRS / 2]);
    let (lowest, highest) = (ratios[0], ratios[PAIRS - 1]);
    println!("  median {median:.2} ×, lowest {lowest:.2} ×, highest {highest:.2} ×   {}", verdict(median <= TARGET));
    Ok(())
}

/// Gives everybody events of half an hour, over the two weeks that are read.
async fn enter(company: &Company, now: Timestamp) -> Result<()> {
    let next = Arc::new(AtomicUsize::new(0));
    let mails: Arc<Vec<String>> = Arc::new(company.users().iter().map(|user| user.mail.clone()).collect());
    let control = company.ready().control.clone();
    let mut hands = JoinSet::new();
    for _ in 0..HANDS {
        let (next, mails, control) = (Arc::clone(&next), Arc::clone(&mails), control.clone());
        hands.spawn(async move {
            let http = Client::builder().no_proxy().build()?;
            while let Some(mail) = mails.get(next.fetch_add(1, Ordering::Relaxed)) {
                for number in 0..EVENTS {
                    let start = now + SignedDuration::from_hours(1 + 11 * number);
                    let event = json!({"start": start.to_string(), "end": (start + SignedDuration::from_mins(30)).to_string(),
                        "kind": "busy", "subject": format!("Besprechung Vertrieb, Teil {number} (DND)")});
                    let url = format!("{control}/mailboxes/{mail}/events/measured{number:02}");
                    http.put(url).json(&event).send().await?.error_for_status()?;
                }
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(hand) = hands.join_next().await {
        hand??;
    }
    Ok(())
}

/// The reader, and what it is asked.
struct Reader {
    settings: EwsSettings,
    mailboxes: Vec<MailAddress>,
    now: Timestamp,
}

impl Reader {
    fn new(company: &Company, now: Timestamp) -> Result<Self> {
        let ready = company.ready();
        let sign_in =
            EwsSignIn::Basic { user: ready.ews_user.clone(), password: Secret::new(ready.ews_password.clone()) };
        let settings = EwsSettings { url: ready.ews.parse()?, sign_in, access: Access::Folder, trust: Trust::System };
        let mut mailboxes: Vec<MailAddress> =
            company.users().iter().map(|user| MailAddress::from(user.mail.clone())).collect();
        mailboxes.sort();
        Ok(Self { settings, mailboxes, now })
    }

    /// Reads everything as if for the first time; how long that took.
    async fn read(&self, url: &str) -> Result<Duration> {
        let settings = EwsSettings { url: url.parse()?, ..self.settings.clone() };
        let calendar = EwsCalendar::new(EwsAccount::new(&settings)?);
        let window = Window {
            from: self.now - SignedDuration::from_hours(24),
            to: self.now + SignedDuration::from_hours(14 * 24),
        };
        let (reading, zone, mailboxes) =
            (Policy::default().reading(), TimeZone::get("Europe/Berlin")?, &self.mailboxes);
        let begun = Instant::now();
        let outcomes =
            calendar.poll(Poll { mailboxes, window, reading: &reading, zone: &zone, now: self.now, full: true }).await;
        let took = begun.elapsed();
        let whole = |outcome: &Outcome| matches!(outcome, Outcome::Read { agenda, .. } if agenda.events().len() == EVENTS as usize);
        let count = outcomes.values().filter(|outcome| whole(outcome)).count();
        ensure!(count == MAILBOXES, "only {count} of {MAILBOXES} mailboxes were read whole");
        Ok(took)
    }
}

/// A request of the reader's.
#[derive(Clone)]
struct Heard {
    headers: HeaderMap,
    body: bytes::Bytes,
}

/// Stands between reader and server for once and writes down what is asked.
struct Listener {
    url: String,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

struct Line {
    http: Client,
    server: String,
    heard: Mutex<Vec<Heard>>,
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Listener {
    async fn start(server: &str) -> Result<Self> {
        let line = Arc::new(Line {
            http: Client::builder().no_proxy().no_gzip().build()?,
            server: server.to_owned(),
            heard: Mutex::default(),
            now: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/EWS/Exchange.asmx", listener.local_addr()?);
        let router = Router::new().fallback(pass_on).with_state(Arc::clone(&line));
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the listener");
            }
        });
        Ok(Self { url, line, task })
    }

    /// All requests, and how many were under way at a time.
    async fn stop(self) -> (Arc<Vec<Heard>>, usize) {
        self.task.abort();
        let heard = std::mem::take(&mut *self.line.heard.lock().await);
        (Arc::new(heard), self.line.most.load(Ordering::Relaxed))
    }
}

async fn pass_on(State(line): State<Arc<Line>>, request: Request) -> Response {
    line.most.fetch_max(line.now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
    let answer = line.pass_on(request).await;
    line.now.fetch_sub(1, Ordering::Relaxed);
    answer.unwrap_or_else(|error| {
        let mut answer = Response::new(Body::from(error.to_string()));
        *answer.status_mut() = reqwest::StatusCode::BAD_GATEWAY;
        answer
    })
}

impl Line {
    async fn pass_on(&self, request: Request) -> Result<Response> {
        let (head, body) = request.into_parts();
        let mut headers = head.headers;
        headers.remove(HOST);
        headers.remove(CONTENT_LENGTH);
        let body = axum::body::to_bytes(body, LONGEST).await?;
        let mut bare = headers.clone();
        // The bare client asks for the same compression itself, else it would not unpack what comes.
        bare.remove(ACCEPT_ENCODING);
        self.heard.lock().await.push(Heard { headers: bare, body: body.clone() });
        let answer = self.http.post(&self.server).headers(headers).body(body).send().await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut passed = Response::new(Body::from(answer.bytes().await?));
        *passed.status_mut() = status;
        *passed.headers_mut() = headers;
        Ok(passed)
    }
}

/// A client that knows what to ask and doesn't look at the answers. It unpacks them: compression is HTTP's.
struct Bare {
    url: String,
    at_once: usize,
}

struct Sent {
    took: Duration,
    bytes: usize,
}

impl Bare {
    async fn send_all(&self, requests: &Arc<Vec<Heard>>) -> Result<Sent> {
        let next = Arc::new(AtomicUsize::new(0));
        // Connections of its own each time, as the reader has.
        let http = Client::builder().no_proxy().build()?;
        let begun = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..self.at_once {
            let (http, url, requests, next) = (http.clone(), self.url.clone(), Arc::clone(requests), Arc::clone(&next));
            workers.spawn(async move {
                let mut bytes = 0;
                while let Some(Heard { headers, body }) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let request = http.post(&url).headers(headers.clone()).body(body.clone());
                    let mut answer = request.send().await?.error_for_status()?;
                    while let Some(chunk) = answer.chunk().await? {
                        bytes += chunk.len();
                    }
                }
                Ok::<_, anyhow::Error>(bytes)
            });
        }
        let mut bytes = 0;
        while let Some(worker) = workers.join_next().await {
            bytes += worker??;
        }
        Ok(Sent { took: begun.elapsed(), bytes })
    }
}
