//! Asks Graph: in batches, few at a time, again after a pause, with a fresh token where needed.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use busylamp_core::said::Phrase;
use busylamp_net::{
    http::{HttpErrorKind, Transport},
    limit::{KeyedGate, Pace},
    retry::{self, Backoff},
};
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response, header};
use tokio::time::Instant;

use super::{
    batch::{self, Answer, Call},
    error::GraphError,
    link::Endpoint,
    settings::GraphSettings,
};
use crate::{
    clock::Clock,
    entra::{App, Token, TokenSource},
};

/// Graph works on up to four questions of a batch at a time (`concepts/json-batching.md`).
const WORKED_ON_OF_A_BATCH: usize = 4;

/// Most requests about one mailbox at a time. Graph allows four to all of an application's processes together
/// (`concepts/throttling-limits.md`).
const PER_MAILBOX: usize = 2;

/// How often a question is asked within one poll.
const ATTEMPTS: u32 = 4;

/// How long a poll waits in all for Graph to want us again; a longer wait is left to the next poll.
const PATIENCE: Duration = Duration::from_secs(10);

const PAUSES: Backoff = Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(8) };

/// How long nobody tries once the network has failed or Graph has refused a fresh token, so that a poll of many
/// mailboxes fails as a whole.
const ACCOUNT_REST: Duration = Duration::from_secs(5);

/// Questions a second in the time after an outage. A mailbox that was not read for long costs three: its doorbell, its
/// reading, its doorbell again; so 10,000 of them are read within two minutes.
const AFTER_AN_OUTAGE: u32 = 300;

/// The connection to Graph of one application.
pub(super) struct Client {
    transport: Arc<dyn Transport>,
    tokens: TokenSource,
    endpoint: Endpoint,
    gate: KeyedGate<String>,
    pace: Pace,
    /// Until when the account is to be left alone, and why.
    rest: Mutex<Option<(Instant, GraphError)>>,
}

impl Client {
    pub(super) fn new(
        settings: &GraphSettings,
        app: App,
        login: Arc<dyn Transport>,
        graph: Arc<dyn Transport>,
    ) -> Self {
        Self {
            transport: graph,
            tokens: TokenSource::new(login, app),
            endpoint: settings.graph(),
            gate: KeyedGate::new(PER_MAILBOX, settings.ceiling / WORKED_ON_OF_A_BATCH),
            pace: Pace::new(AFTER_AN_OUTAGE),
            rest: Mutex::new(None),
        }
    }

    /// Where tokens come from.
    pub(super) fn tokens(&self) -> &TokenSource {
        &self.tokens
    }

    /// Graph's address.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// How many batches may be under way now.
    #[cfg(test)]
    pub(super) fn gate_limit(&self) -> usize {
        self.gate.overall().limit()
    }

    /// Asks all these questions, at most `most` in a batch, and gives the answers in their order.
    pub(super) async fn ask(&self, calls: &[Call], most: usize, clock: Clock) -> Vec<Answer> {
        let chunks = batch::chunks(calls, most.clamp(1, batch::MOST));
        let asked =
            chunks.iter().map(|chunk| self.ask_chunk(chunk.iter().map(|index| &calls[*index]).collect(), clock));
        let mut answers: Vec<(usize, Answer)> = Vec::with_capacity(calls.len());
        for (chunk, found) in chunks.iter().zip(join_all(asked).await) {
            answers.extend(chunk.iter().copied().zip(found));
        }
        answers.sort_by_key(|(index, _)| *index);
        answers.into_iter().map(|(_, answer)| answer).collect()
    }

    /// The answers to at most twenty questions, after as many attempts as it takes and is allowed.
    async fn ask_chunk(&self, calls: Vec<&Call>, clock: Clock) -> Vec<Answer> {
        let mut answers: Vec<Answer> = calls.iter().map(|_| Err(GraphError::NOT_ASKED)).collect();
        let mut open: Vec<usize> = (0..calls.len()).collect();
        let mut renewed = false;
        if let Err(error) = self.wait_until_wanted(Instant::now() + PATIENCE).await {
            return overwrite(answers, &open, &error);
        }
        self.pace.wait(calls.len()).await;
        let give_up = Instant::now() + PATIENCE;
        for attempt in 1..=ATTEMPTS {
            let asked: Vec<&Call> = open.iter().map(|place| calls[*place]).collect();
            if let Err(error) = self.wait_until_wanted(give_up).await {
                return overwrite(answers, &open, &error);
            }
            let found = match self.send(&asked, clock).await {
                Ok((token, found)) => {
                    let refused = found.iter().any(|answer| matches!(answer, Err(GraphError::Unauthorized(_))));
                    if refused && !renewed {
                        renewed = true;
                        if let Err(error) = self.tokens.instead_of(&token, clock.now()).await {
                            return overwrite(answers, &open, &GraphError::SignIn(error));
                        }
                    }
                    found
                }
                Err(error) if is_about_size(&error) && asked.len() > 1 => {
                    // Half as many questions have half as long an answer.
                    let (first, second) = asked.split_at(asked.len() / 2);
                    let mut halves = Box::pin(self.ask_chunk(first.to_vec(), clock)).await;
                    halves.extend(Box::pin(self.ask_chunk(second.to_vec(), clock)).await);
                    halves
                }
                Err(error) if is_about_size(&error) => {
                    vec![Err(GraphError::BadAnswer(Phrase::new(
                        "die Antwort ist größer, als gelesen wird",
                        "the answer is larger than can be read",
                    )))]
                }
                Err(error) => asked.iter().map(|_| Err(error.clone())).collect(),
            };
            let (mut again, mut after) = (Vec::new(), None);
            for (place, answer) in open.iter().copied().zip(found) {
                if let Err(error) = &answer
                    && worth_another_attempt(error, attempt)
                {
                    again.push(place);
                    after = after.max(error.after());
                }
                answers[place] = answer;
            }
            let pause = PAUSES.pause(attempt, after, retry::jitter());
            let unauthorized = again.iter().all(|place| matches!(answers[*place], Err(GraphError::Unauthorized(_))));
            open = again;
            if open.is_empty() || attempt == ATTEMPTS {
                break;
            }
            if unauthorized {
                continue;
            }
            if Instant::now() + pause > give_up {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        answers
    }

    /// Sends one batch, with a second token if the first is refused as a whole.
    async fn send(&self, calls: &[&Call], clock: Clock) -> Result<(Token, Vec<Answer>), GraphError> {
        let mut token = self.tokens.get(clock.now()).await.map_err(GraphError::SignIn)?;
        let body = Bytes::from(batch::body(calls));
        let mut answer = self.post(calls, &token, body.clone()).await?;
        if answer.status().as_u16() == 401 {
            token = self.tokens.instead_of(&token, clock.now()).await.map_err(GraphError::SignIn)?;
            answer = self.post(calls, &token, body).await?;
        }
        let status = answer.status().as_u16();
        let found = if status == 200 {
            batch::read(answer.body(), calls.len(), clock.now())
        } else if answer.status().is_success() || answer.status().is_redirection() {
            Err(GraphError::BadAnswer(Phrase::new(
                "sie ist keine Antwort auf eine Sammelanfrage",
                "it is no answer to a batch",
            )))
        } else {
            Err(GraphError::of(status, answer.body(), retry::retry_after(answer.headers(), clock.now())))
        };
        let is_throttled = |error: &GraphError| matches!(error, GraphError::Throttled { .. });
        let throttled = match &found {
            Ok(answers) => answers.iter().any(|answer| answer.as_ref().is_err_and(is_throttled)),
            Err(error) => is_throttled(error),
        };
        if throttled {
            self.gate.overall().slow_down();
        } else if found.is_ok() {
            self.gate.overall().speed_up();
        }
        match found {
            Ok(answers) => Ok((token, answers)),
            Err(error) => {
                if let Some(after) = error.after() {
                    self.leave_alone(after, &error);
                } else if error.is_of_account() {
                    self.leave_alone(ACCOUNT_REST, &error);
                }
                Err(error)
            }
        }
    }

    async fn post(&self, calls: &[&Call], token: &Token, body: Bytes) -> Result<Response<Bytes>, GraphError> {
        let mut bearer = header::HeaderValue::from_str(&format!("Bearer {}", token.secret.expose())).map_err(|_| {
            GraphError::BadAnswer(Phrase::new("das Token passt in keine Kopfzeile", "the token fits into no header"))
        })?;
        bearer.set_sensitive(true);
        let request = Request::post(self.endpoint.batch_url())
            .header(header::AUTHORIZATION, bearer)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::ACCEPT, "application/json")
            .body(body)
            .expect("the settings' address was checked, the rest is constant");
        let pass = self.gate.enter(calls.iter().map(|call| call.target.clone())).await;
        // Others may have failed while this one waited.
        if let Some((_, error)) = self.resting().filter(|(_, error)| error.is_of_account()) {
            return Err(error);
        }
        let answer = self.transport.send(request).await;
        drop(pass);
        answer.map_err(|error| {
            let error = GraphError::Network(error);
            if !is_about_size(&error) {
                self.leave_alone(ACCOUNT_REST, &error);
            }
            error
        })
    }

    /// Waits while the account is to be left alone; fails at once if that takes too long or can't help.
    async fn wait_until_wanted(&self, give_up: Instant) -> Result<(), GraphError> {
        let Some((until, error)) = self.resting() else { return Ok(()) };
        if until > give_up || error.is_of_account() {
            return Err(error);
        }
        tokio::time::sleep_until(until).await;
        Ok(())
    }

    /// Until when the account is to be left alone, and why, if it is.
    fn resting(&self) -> Option<(Instant, GraphError)> {
        let rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        rest.filter(|(until, _)| Instant::now() < *until)
    }

    fn leave_alone(&self, pause: Duration, error: &GraphError) {
        self.pace.stumble();
        let until = Instant::now() + pause;
        let mut rest = self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        if rest.as_ref().is_none_or(|(present, _)| *present < until) {
            *rest = Some((until, error.clone()));
        }
    }
}

fn is_about_size(error: &GraphError) -> bool {
    matches!(error, GraphError::Network(error) if matches!(error.kind, HttpErrorKind::TooLarge { .. }))
}

/// Whether the same question may have another answer within this poll.
fn worth_another_attempt(error: &GraphError, attempt: u32) -> bool {
    match error {
        GraphError::Throttled { .. } | GraphError::Trouble { .. } => true,
        // The token has been renewed meanwhile, once.
        GraphError::Unauthorized(_) => attempt == 1,
        GraphError::SignIn(_)
        | GraphError::Network(_)
        | GraphError::Denied { .. }
        | GraphError::NotInCloud(_)
        | GraphError::NoSuchUser(_)
        | GraphError::LinkLost(_)
        | GraphError::BadRequest(_)
        | GraphError::BadAnswer(_) => false,
    }
}

fn overwrite(mut answers: Vec<Answer>, places: &[usize], error: &GraphError) -> Vec<Answer> {
    for place in places {
        answers[*place] = Err(error.clone());
    }
    answers
}
