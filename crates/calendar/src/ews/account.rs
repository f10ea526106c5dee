//! The account on an Exchange Server: one sign-in, its connections, and what was learned about the server. Asks, waits, asks
//! again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use busylamp_core::{
    ids::MailAddress,
    said::{Phrase, Said},
};
use busylamp_ews::{
    Answer, AnswerError, CONTENT_TYPE, Class as Code, Header, MailboxFault, ServerBuild, ServerVersion,
};
use busylamp_net::{
    http::{Delivery, HttpError, HttpErrorKind, Transport},
    retry::{self, Backoff},
};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use tokio::{task::JoinSet, time::Instant};
use url::Url;

use super::{
    EwsSetupError,
    batch::BatchSize,
    error::{EwsError, Told},
    guard::{Guard, Turn},
    http::soap,
    settings::{Access, EwsSettings},
    throttle::{PATIENCE, Throttle},
    wires::{self, Credential, Wires},
};
use crate::clock::Clock;

/// Most requests of an account under way. Exchange allows 10 (2010) or 27 (since) to all programs of an account together
/// ("EWS throttling in Exchange", `EWSMaxConcurrency`).
const AT_ONCE: usize = 4;

/// Bytes of an answer that takes its time.
const LONG: usize = 16 << 10;

/// How often a request is sent within one poll.
const ATTEMPTS: u32 = 4;

const PAUSES: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(8) };

/// How long a locked account is left alone that was accepted before.
const LOCKED_REST: Duration = Duration::from_secs(3600);

/// An account on an Exchange Server, for all instances that read with it: a refused password is tried once in all.
pub struct EwsAccount {
    url: Url,
    pub(super) access: Access,
    /// Where an administrator consents to an application, where there is one; else empty.
    pub(super) consent_url: String,
    wires: Wires,
    pub(super) credential: Credential,
    guard: Guard,
    throttle: Throttle,
    version: Mutex<ServerVersion>,
    server: Mutex<Option<ServerBuild>>,
    /// How many mailboxes a request for items holds.
    pub(super) items: BatchSize,
    /// How many mailboxes a request for free/busy times holds.
    pub(super) availability: BatchSize,
}

/// One request to Exchange, whatever its version.
pub(super) struct Question<'a> {
    /// The mailbox whose server is to serve it (`X-AnchorMailbox`).
    pub(super) anchor: &'a MailAddress,
    /// As whose owner it is asked.
    pub(super) acting_as: Option<&'a MailAddress>,
    /// How many mailboxes it is about.
    pub(super) mailboxes: usize,
    /// Writes it.
    pub(super) body: &'a (dyn Fn(Header<'_>) -> Vec<u8> + Sync),
}

/// What each mailbox of a request is answered.
pub(super) type Answers<T> = Vec<Result<T, MailboxFault>>;

/// Takes an answer apart. It borrows nothing, since another thread does it.
pub(super) type Read<T> = Arc<dyn Fn(&[u8]) -> Result<Answer<T>, AnswerError> + Send + Sync>;

impl EwsAccount {
    /// An account with these settings. Nothing is asked yet.
    ///
    /// # Errors
    /// When a setting is wrong or its trust can't be used.
    pub fn new(settings: &EwsSettings) -> Result<Arc<Self>, EwsSetupError> {
        settings.validate()?;
        let (wires, credential) = wires::connect(settings, AT_ONCE)?;
        Ok(Arc::new(Self::over(settings, wires, credential)))
    }

    /// An account over these connections.
    pub(super) fn over(settings: &EwsSettings, wires: Wires, credential: Credential) -> Self {
        Self {
            url: settings.url.clone(),
            access: settings.access,
            consent_url: settings.app().map(|app| app.consent_url()).unwrap_or_default(),
            wires,
            credential,
            guard: Guard::new(),
            throttle: Throttle::new(AT_ONCE),
            version: Mutex::default(),
            server: Mutex::new(None),
            items: BatchSize::new(50),
            availability: BatchSize::new(busylamp_ews::request::MOST_AVAILABILITY),
        }
    }

    /// What the server has said it is.
    pub(super) fn server(&self) -> Option<ServerBuild> {
        *self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many requests may be under way now.
    #[cfg(test)]
    pub(super) fn at_once(&self) -> usize {
        self.throttle.at_once()
    }

    /// Asks as often as it takes and is allowed, and gives what each mailbox was answered.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: &Question<'_>,
        read: Read<T>,
        clock: Clock,
    ) -> Result<Answers<T>, EwsError> {
        self.throttle.wait_until_wanted(Instant::now() + PATIENCE).await?;
        self.throttle.take_turn(question.mailboxes).await;
        let give_up = Instant::now() + PATIENCE;
        let mut attempt = 1;
        // Of a request of which a part was answered.
        let mut in_part: Option<Answers<T>> = None;
        loop {
            if let Err(error) = self.throttle.wait_until_wanted(give_up).await {
                return in_part.ok_or(error);
            }
            let version = *self.version.lock().unwrap_or_else(PoisonError::into_inner);
            let answered = match self.once(question, version, clock).await {
                Ok(body) => self.take_apart(body, &read).await,
                Err(error) => Err(error),
            };
            let error = match answered {
                Ok(answers) => {
                    // What one mailbox's server says is true for the account.
                    let Some(refusal) = worst(&answers) else {
                        self.throttle.served();
                        return Ok(answers);
                    };
                    in_part = Some(answers);
                    EwsError::Fault(refusal)
                }
                Err(error) => error,
            };
            if error.is_version() && self.lower(version) {
                continue;
            }
            let pause = PAUSES.pause(attempt, None, retry::jitter());
            let in_time = error.after().is_some() || Instant::now() + pause <= give_up;
            let again = attempt < ATTEMPTS && in_time && worth_another_attempt(&error);
            // A connection that broke once says nothing of the account.
            if !(again && error.is_of_account()) {
                self.throttle.note(&error);
            }
            if !again {
                return in_part.ok_or(error);
            }
            if error.after().is_none() {
                tokio::time::sleep(pause).await;
            }
            attempt += 1;
        }
    }

    /// Sends it once, with a second try where the sign-in is refused that was accepted before.
    async fn once(&self, question: &Question<'_>, version: ServerVersion, clock: Clock) -> Result<Bytes, EwsError> {
        let body = Bytes::from((question.body)(Header { version, acting_as: question.acting_as }));
        if !self.credential.is_password() {
            return self.with_token(question, body, clock).await;
        }
        let mut turn = self.guard.enter().await?;
        // Who had the turn before may have been refused.
        self.throttle.is_awake()?;
        let sent = Instant::now();
        let refusal = match self.send(question, &body, None, turn.as_mut(), clock).await {
            Err(error @ (EwsError::Refused { .. } | EwsError::LockedOut(_))) => error,
            other => return self.let_in(other),
        };
        if self.guard.is_new() {
            self.guard.refused(&refusal);
            tracing::error!("Exchange refuses the sign-in; the account rests until its configuration changes");
            return Err(refusal);
        }
        if matches!(refusal, EwsError::LockedOut(_)) {
            self.throttle.leave_alone(LOCKED_REST, &refusal);
            return Err(refusal);
        }
        if self.guard.is_doubted() {
            return Err(self.doubt(refusal));
        }
        self.throttle.slow_down();
        let mut turn: Option<Turn<'_>> = match turn {
            Some(turn) => Some(turn),
            None => self.guard.second_try(sent).await?,
        };
        self.throttle.is_awake()?;
        self.wires.renew();
        let sent = Instant::now();
        match self.send(question, &body, None, turn.as_mut(), clock).await {
            Err(error @ EwsError::Refused { .. }) => {
                if turn.is_none() && self.guard.accepted_since(sent) {
                    // Others are let in with the same password meanwhile: it is too much for the server.
                    let text = Said::new("mitten in einer Sitzung abgelehnt", "refused in the middle of a session");
                    let told = Told { status: 401, text: Some(text) };
                    return Err(EwsError::Busy { after: None, told });
                }
                Err(self.doubt(error))
            }
            other => self.let_in(other),
        }
    }

    /// A sign-in that was accepted before is refused: the account is left alone for a while.
    fn doubt(&self, refusal: EwsError) -> EwsError {
        let pause = self.guard.doubt();
        self.throttle.leave_alone(pause, &refusal);
        let minutes = pause.as_secs() / 60;
        tracing::error!(minutes, "Exchange refuses the sign-in that it took before; the account rests");
        refusal
    }

    /// Whatever is answered but a refusal, the sign-in was accepted; what comes from something in front of Exchange says
    /// nothing.
    fn let_in(&self, answer: Result<Bytes, EwsError>) -> Result<Bytes, EwsError> {
        if matches!(answer, Ok(_) | Err(EwsError::Fault(_))) {
            self.guard.accepted();
        }
        answer
    }

    /// Sends it with a token, with another one if that is refused.
    async fn with_token(&self, question: &Question<'_>, body: Bytes, clock: Clock) -> Result<Bytes, EwsError> {
        let letter = self.credential.letter(clock.now()).await?;
        let refusal = match self.send(question, &body, letter.header, None, clock).await {
            Err(error @ EwsError::Refused { .. }) => error,
            other => return other,
        };
        let (Credential::Token(tokens), Some(token)) = (&self.credential, &letter.token) else { return Err(refusal) };
        tokens.instead_of(token, clock.now()).await.map_err(EwsError::Token)?;
        let letter = self.credential.letter(clock.now()).await?;
        self.send(question, &body, letter.header, None, clock).await
    }

    async fn send(
        &self,
        question: &Question<'_>,
        body: &Bytes,
        token: Option<HeaderValue>,
        turn: Option<&mut Turn<'_>>,
        clock: Clock,
    ) -> Result<Bytes, EwsError> {
        let anchor = HeaderValue::from_str(question.anchor.as_str()).ok();
        let credential = match token {
            Some(token) => Some(token),
            None => self.credential.letter(clock.now()).await?.header,
        };
        let mut request = Request::post(self.url.as_str())
            .header(header::CONTENT_TYPE, CONTENT_TYPE)
            .header(header::ACCEPT, "text/xml")
            .body(body.clone())
            .expect("the settings' address was checked, the rest is constant");
        if let Some(anchor) = anchor {
            request.headers_mut().insert("x-anchormailbox", anchor);
        }
        if let Some(credential) = credential {
            request.headers_mut().insert(header::AUTHORIZATION, credential);
        }
        let pass = self.throttle.enter().await?;
        let wires = self.wires.present();
        let answer = match turn {
            Some(turn) => turn.send(Box::pin(async move { wires.send(request).await })).await,
            None => apart(wires, request).await,
        };
        drop(pass);
        let answer: Response<Bytes> = answer.map_err(EwsError::of_network)?;
        soap(answer, self.credential.is_password(), clock.now())
    }

    /// Takes an answer apart, beside the requests under way where it is long: else they would wait for it.
    async fn take_apart<T: Send + 'static>(&self, body: Bytes, read: &Read<T>) -> Result<Answers<T>, EwsError> {
        let answer = if body.len() < LONG {
            read(&body)
        } else {
            let read = Arc::clone(read);
            let apart = tokio::task::spawn_blocking(move || read(&body)).await;
            apart.map_err(|_| {
                EwsError::BadAnswer(Phrase::new("sie lässt sich nicht zerlegen", "it can't be taken apart"))
            })?
        };
        match answer {
            Ok(answer) => {
                self.met(answer.server);
                Ok(answer.mailboxes)
            }
            Err(AnswerError::Fault { refusal, server }) => {
                self.met(server);
                Err(EwsError::Fault(refusal))
            }
            Err(AnswerError::TooLarge) => Err(EwsError::TooLarge),
            Err(AnswerError::NotSoap) => Err(EwsError::BadAnswer(Phrase::new("sie ist kein SOAP", "it is no SOAP"))),
            Err(AnswerError::OtherOperation) => {
                Err(EwsError::BadAnswer(Phrase::new("sie antwortet auf etwas anderes", "it answers something else")))
            }
            Err(AnswerError::Count { .. }) => Err(EwsError::BadAnswer(Phrase::new(
                "sie antwortet für eine andere Zahl von Postfächern",
                "it answers for another number of mailboxes",
            ))),
            Err(AnswerError::Unreadable(why)) => Err(EwsError::BadAnswer(why)),
        }
    }

    fn met(&self, server: Option<ServerBuild>) {
        if let Some(server) = server {
            *self.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        }
    }

    /// From here on requests are written for an older version than this one, if there is one.
    fn lower(&self, refused: ServerVersion) -> bool {
        let mut version = self.version.lock().unwrap_or_else(PoisonError::into_inner);
        if *version == refused {
            let Some(older) = refused.older() else { return false };
            tracing::info!(version = older.name(), "Exchange wants an older version of the protocol");
            *version = older;
        }
        true
    }
}

/// Sends on a task of its own, since a long answer takes its time to be unpacked: others would wait for it. The task ends
/// with whoever waits for it.
async fn apart(wires: Arc<dyn Transport>, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let host = request.uri().host().unwrap_or_default().to_owned();
    let mut task = JoinSet::new();
    task.spawn(async move { wires.send(request).await });
    match task.join_next().await {
        Some(Ok(answer)) => answer,
        Some(Err(_)) | None => Err(HttpError::new(host, HttpErrorKind::BadAnswer, Delivery::MaybeSent)),
    }
}

/// What one mailbox's answer says that is true for the account: that it is too much, or that our version is too new.
fn worst<T>(answers: &Answers<T>) -> Option<busylamp_ews::Refusal> {
    answers.iter().find_map(|answer| match answer {
        Err(MailboxFault::Refused(refusal)) if matches!(refusal.class(), Code::Throttled | Code::OlderVersion) => {
            Some(refusal.clone())
        }
        Ok(_) | Err(MailboxFault::Refused(_) | MailboxFault::Unreadable(_)) => None,
    })
}

/// Whether the same request may have another answer within this poll.
fn worth_another_attempt(error: &EwsError) -> bool {
    match error {
        EwsError::Busy { .. } | EwsError::Trouble(_) => true,
        EwsError::Fault(_) => error.is_busy(),
        EwsError::Network(error) => matches!(error.kind, HttpErrorKind::Reset),
        EwsError::Token(_)
        | EwsError::Refused { .. }
        | EwsError::LockedOut(_)
        | EwsError::FormLogin(_)
        | EwsError::Policy(_)
        | EwsError::Forbidden(_)
        | EwsError::NoService(_)
        | EwsError::Version(_)
        | EwsError::TooSlow(_)
        | EwsError::TooLarge
        | EwsError::Unreadable(_)
        | EwsError::BadAnswer(_) => false,
    }
}
