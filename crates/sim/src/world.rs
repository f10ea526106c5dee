//! Everything that is pretended, in one place; and which server a request is for.

use std::{
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::StatusCode;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    Calendars, SimConfig,
    clock::Clock,
    company::{Company, Dice},
    control,
    count::Counts,
    directory::Directory,
    entra::{self, Entra},
    ews::{self, Ews},
    faults::{Fault, Faults},
    graph,
    http::{Connection, Reply, Request},
    pace::Gate,
    starface::{
        bridge, oauth,
        pbx::{Pbx, SERVICE_LOGIN},
        rest,
        session::Sessions,
    },
};

/// How long a slow server takes.
const SLOW: Duration = Duration::from_secs(10);

/// The pretended world.
pub(crate) struct World {
    pub(crate) clock: Clock,
    /// Tells this run from any other.
    pub(crate) run: String,
    pub(crate) company: Company,
    pub(crate) directory: Directory,
    pub(crate) entra: Entra,
    pub(crate) ews: Ews,
    pbx: Mutex<Pbx>,
    sessions: Mutex<Sessions>,
    pub(crate) bridge_key: String,
    pub(crate) faults: Faults,
    pub(crate) counts: Counts,
    pub(crate) graph_gate: Gate,
    pub(crate) ews_gate: Gate,
    pub(crate) rest_gate: Gate,
    pub(crate) bridge_gate: Gate,
    /// Something has happened that the bridge tells.
    pub(crate) told: Notify,
    /// Long polls that wait for it.
    pub(crate) listening: AtomicUsize,
    /// The simulator stops: whoever waits comes back.
    pub(crate) stop: CancellationToken,
    dice: Mutex<Dice>,
}

/// What becomes of a request.
#[derive(Debug)]
pub(crate) enum Outcome {
    Reply(Reply),
    /// The answer breaks off in the middle.
    Cut(Reply),
    /// The connection is closed without an answer.
    Hangup,
}

impl World {
    pub(crate) fn new(config: &SimConfig, stop: CancellationToken) -> Result<Self, String> {
        let seed = config.seed;
        let company = Company::new(seed, config.users);
        let faults = Faults::new(seed);
        for (name, rate) in &config.faults {
            faults.set(name, *rate, None)?;
        }
        let word = |what: &str| {
            let hash = Sha256::digest(format!("{what}:{seed}"));
            URL_SAFE_NO_PAD.encode(&hash[..24]).replace(['-', '_'], "x")
        };
        let filled = config.calendars == Calendars::Company;
        Ok(Self {
            clock: config.clock.clone(),
            run: Uuid::new_v4().simple().to_string(),
            directory: Directory::new(company.people.iter().cloned(), filled),
            entra: Entra::new(seed),
            ews: Ews::new(word("exchange")),
            pbx: Mutex::new(Pbx::new(&company, config.starface)),
            sessions: Mutex::new(Sessions::new(SERVICE_LOGIN, word("password"), word("rest-client"))),
            bridge_key: format!("{}{}", word("bridge"), word("key")),
            faults,
            counts: Counts::default(),
            graph_gate: Gate::new(config.graph),
            ews_gate: Gate::new(config.ews),
            rest_gate: Gate::new(config.rest),
            bridge_gate: Gate::new(config.bridge),
            told: Notify::new(),
            listening: AtomicUsize::new(0),
            stop,
            dice: Mutex::new(Dice::new(seed, &[0x5f])),
            company,
        })
    }

    pub(crate) fn pbx(&self) -> MutexGuard<'_, Pbx> {
        self.pbx.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts things into another order.
    pub(crate) fn shuffle<T>(&self, things: &mut [T]) {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        for place in (1..things.len()).rev() {
            let other = usize::try_from(dice.below(place as u64 + 1)).unwrap_or(0);
            things.swap(place, other);
        }
    }

    /// Answers a request; `head` is the size of what came before its body.
    pub(crate) async fn answer(&self, connection: &Connection, request: Request, head: usize) -> Outcome {
        let server = Server::of(&request);
        let mut kind = server.kind(&request);
        let bytes_in = head + request.body.len();
        let outcome = self.with_broken_lines(server, connection, &request).await;
        let bytes_out = match &outcome {
            Outcome::Reply(reply) | Outcome::Cut(reply) => {
                kind = reply.kind.unwrap_or(kind);
                let head: usize = reply.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
                head + reply.body.len()
            }
            Outcome::Hangup => 0,
        };
        if server != Server::Control {
            self.counts.add(kind, bytes_in, bytes_out);
        }
        outcome
    }

    /// Answers over a line that may be slow, break before the request is read, while it is answered, or after.
    async fn with_broken_lines(&self, server: Server, connection: &Connection, request: &Request) -> Outcome {
        let strikes = |fault: Option<Fault>| fault.is_some_and(|fault| self.faults.strikes(fault));
        let lines = server.lines();
        if strikes(lines.slow) {
            tokio::select! { () = tokio::time::sleep(SLOW) => {} () = self.stop.cancelled() => {} }
        }
        if lines.reset.iter().any(|fault| self.faults.strikes(*fault)) {
            return Outcome::Hangup;
        }
        if strikes(lines.unavailable) {
            return Outcome::Reply(Reply::empty(StatusCode::SERVICE_UNAVAILABLE));
        }
        if strikes(lines.garbage) {
            let page = "<html><body><h1>It works!</h1></body></html>";
            return Outcome::Reply(Reply::body(StatusCode::OK, "text/html", page));
        }
        let reply = self.serve(server, connection, request).await;
        if lines.answer_lost.iter().any(|fault| self.faults.strikes(*fault)) {
            return Outcome::Hangup;
        }
        if strikes(lines.cut) { Outcome::Cut(reply) } else { Outcome::Reply(reply) }
    }

    async fn serve(&self, server: Server, connection: &Connection, request: &Request) -> Reply {
        match server {
            Server::Login => entra::answer(self, request),
            Server::Graph => graph::answer(self, request).await,
            Server::Rest => rest::answer(self, request).await,
            Server::OAuth => oauth::answer(self, request),
            Server::Bridge => bridge::answer(self, request).await,
            Server::Control => control::answer(self, request),
            Server::Ews => ews::answer(self, connection, request).await,
            Server::Autodiscover => ews::autodiscover::answer(self, connection, request),
            Server::None => Reply::empty(StatusCode::NOT_FOUND),
        }
    }
}

/// Which of the pretended servers a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    Login,
    Graph,
    Rest,
    OAuth,
    Bridge,
    Ews,
    Autodiscover,
    Control,
    None,
}

/// The faults of a server's line.
#[derive(Default)]
struct Lines {
    slow: Option<Fault>,
    reset: &'static [Fault],
    unavailable: Option<Fault>,
    garbage: Option<Fault>,
    answer_lost: &'static [Fault],
    cut: Option<Fault>,
}

impl Server {
    fn of(request: &Request) -> Self {
        match request.segments.first().map(String::as_str) {
            Some("login") => Self::Login,
            Some("graph") => Self::Graph,
            Some("rest") => Self::Rest,
            Some("auth") => Self::OAuth,
            Some("xml-rpc") => Self::Bridge,
            Some(part) if part.eq_ignore_ascii_case("ews") => Self::Ews,
            Some(part) if part.eq_ignore_ascii_case("autodiscover") => Self::Autodiscover,
            Some("control") => Self::Control,
            _ => Self::None,
        }
    }

    fn kind(self, request: &Request) -> &'static str {
        match self {
            Self::Login => "login.token",
            Self::Graph => graph::kind(request),
            Self::Rest => rest::kind(request),
            Self::OAuth => "rest.token",
            Self::Bridge => "bridge.refused",
            Self::Ews => "ews.other",
            Self::Autodiscover => "ews.autodiscover",
            Self::Control | Self::None => "other",
        }
    }

    fn lines(self) -> Lines {
        let starface = Lines {
            slow: Some(Fault::StarfaceSlow),
            reset: &[Fault::StarfaceReset],
            unavailable: Some(Fault::StarfaceUnavailable),
            garbage: None,
            answer_lost: &[Fault::StarfaceAnswerLost],
            cut: Some(Fault::StarfaceCut),
        };
        match self {
            Self::Login => Lines { reset: &[Fault::LoginReset], ..Lines::default() },
            Self::Graph => Lines {
                slow: Some(Fault::GraphSlow),
                reset: &[Fault::GraphReset],
                garbage: Some(Fault::GraphGarbage),
                cut: Some(Fault::GraphCut),
                ..Lines::default()
            },
            Self::Rest => starface,
            Self::OAuth => Lines { answer_lost: &[], ..starface },
            Self::Bridge => Lines {
                reset: &[Fault::StarfaceReset, Fault::BridgeReset],
                answer_lost: &[Fault::StarfaceAnswerLost, Fault::BridgeAnswerLost],
                ..starface
            },
            Self::Ews => Lines {
                slow: Some(Fault::EwsSlow),
                reset: &[Fault::EwsReset],
                garbage: Some(Fault::EwsGarbage),
                cut: Some(Fault::EwsCut),
                ..Lines::default()
            },
            Self::Autodiscover | Self::Control | Self::None => Lines::default(),
        }
    }
}
