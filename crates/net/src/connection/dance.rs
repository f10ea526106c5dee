//! The messages of a sign-in over one connection.

use busylamp_core::said::Phrase;
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH},
};
use tokio::time::Instant;

use super::{
    ChannelBinding, SignIn, SignInError,
    line::{Endpoint, Line, Unanswered},
    sign_in::{Offer, offer, written},
};
use crate::http::{Delivery, HttpError, HttpErrorKind};

/// More tokens than any method has.
const MOST_TOKENS: usize = 6;

/// How a sign-in went. Each with the server's last answer.
pub(super) enum Outcome {
    /// The answer to the request, which went with our last word.
    Answered(Response<Bytes>),
    /// The credential, or its binding, is refused: 401 after our last word.
    Refused(Response<Bytes>),
    /// The server offers to go on in another of the credential's schemes only.
    Elsewhere(usize),
    /// The server answered before our last word otherwise than with a challenge. The credential was not tried.
    Untried(Response<Bytes>),
}

/// Signs a new connection in with the scheme of this number, and sends the request with the last message.
///
/// The messages before have the request's method and path and an empty body, as browsers do it for IIS: a body that
/// goes with them would be thrown away.
pub(super) async fn sign_in(
    endpoint: &Endpoint,
    line: &mut Line,
    how: (&dyn SignIn, usize),
    binding: Option<&ChannelBinding>,
    request: &Request<Bytes>,
    deadline: Instant,
) -> Result<Outcome, HttpError> {
    let failed = |error| endpoint.error(HttpErrorKind::SignIn(error), Delivery::NotSent);
    let (method, number) = how;
    let schemes = method.schemes();
    let scheme = schemes.get(number).copied().unwrap_or_default();
    let mut conversation = method.begin(&endpoint.host, binding).map_err(failed)?;
    let mut challenge: Option<Vec<u8>> = None;
    for _ in 0..MOST_TOKENS {
        let token = conversation.step(challenge.as_deref()).await.map_err(failed)?;
        let authorization = HeaderValue::try_from(written(scheme, &token.bytes));
        let mut authorization = authorization
            .map_err(|_| failed(SignInError::BadChallenge(Phrase::new("sein Verfahren", "its scheme"))))?;
        authorization.set_sensitive(true);
        let mut leg = request.clone();
        leg.headers_mut().insert(AUTHORIZATION, authorization);
        if !token.last {
            *leg.body_mut() = Bytes::new();
            // Else a POST without a body would have no length at all, which IIS refuses with 411.
            leg.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let answer = match line.send(leg, deadline).await {
            Ok(answer) => answer,
            Err(Unanswered::Unsent(_)) if challenge.is_some() => return Err(failed(SignInError::NotKeptAlive)),
            Err(Unanswered::Unsent(_)) => return Err(endpoint.error(HttpErrorKind::Reset, Delivery::NotSent)),
            Err(Unanswered::Failed(error)) if token.last => return Err(error),
            Err(Unanswered::Failed(error)) => return Err(endpoint.error(error.kind, Delivery::NotSent)),
        };
        let asked = answer.status() == StatusCode::UNAUTHORIZED;
        if token.last {
            return Ok(if asked { Outcome::Refused(answer) } else { Outcome::Answered(answer) });
        }
        if !asked {
            return Ok(Outcome::Untried(answer));
        }
        match offer(answer.headers(), scheme).map_err(failed)? {
            Offer::Continue(token) => challenge = Some(token),
            Offer::Begin | Offer::None => {
                let others = (number + 1)..schemes.len();
                let mut offered =
                    others.filter(|other| matches!(offer(answer.headers(), schemes[*other]), Ok(Offer::Begin)));
                return Ok(offered.next().map_or(Outcome::Untried(answer), Outcome::Elsewhere));
            }
        }
    }
    Err(failed(SignInError::Endless))
}
