//! What went wrong with one call, and whether it may have been done nevertheless.

use busylamp_core::{check::Name, language::Language, said::Said};
use busylamp_net::http::{Delivery, HttpError, HttpErrorKind};
use http::StatusCode;

use crate::{PbxError, WriteOutcome};

/// A call that has no usable answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Why.
    pub(crate) error: PbxError,
    /// Whether the PBX may have carried it out.
    pub(crate) delivery: Delivery,
}

impl Failure {
    /// It certainly was not done.
    pub(crate) fn not_done(error: PbxError) -> Self {
        Self { error, delivery: Delivery::NotSent }
    }

    /// It may have been done.
    pub(crate) fn perhaps_done(error: PbxError) -> Self {
        Self { error, delivery: Delivery::MaybeSent }
    }

    /// A status that says neither yes nor no: busy (RFC 9110 §15.6.4, RFC 6585 §4) or broken.
    pub(crate) fn of_status(what: Name, status: StatusCode) -> Self {
        let code = status.as_u16();
        let advice = Said::new(
            format!("{}: sie antwortet {code}; es wird wieder versucht", what.speak(Language::German)),
            format!("{what}: it answers {code}; it is tried again"),
        );
        let error = PbxError::Unreachable { advice };
        match status {
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => Self::not_done(error),
            _ => Self::perhaps_done(error),
        }
    }

    /// What becomes of a write that failed so.
    pub(crate) fn outcome(self) -> WriteOutcome {
        let advice = self.error.said();
        match self.delivery {
            Delivery::NotSent => WriteOutcome::NotDone { advice },
            Delivery::MaybeSent => WriteOutcome::Unknown { advice },
        }
    }
}

/// What is wrong with an answer, for whoever makes the other side: in German too it is quoted as it is.
pub(crate) fn technical(detail: impl ToString) -> Said {
    let detail = detail.to_string();
    Said::new(format!("ihre Antwort entspricht nicht dem Protokoll („{detail}“)"), detail)
}

/// A complaint, and what it is about.
pub(crate) fn about(what: Name, complaint: &Said) -> Said {
    Said::each(|language| format!("{}: {}", what.speak(language), complaint.speak(language)))
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        let advice = error.said();
        let delivery = error.delivery();
        let error = match error.kind {
            HttpErrorKind::TooLarge { .. } | HttpErrorKind::BadAnswer => PbxError::Protocol { advice },
            HttpErrorKind::BadRequest
            | HttpErrorKind::NameResolution
            | HttpErrorKind::ConnectRefused
            | HttpErrorKind::Unreachable(_)
            | HttpErrorKind::Certificate(_)
            | HttpErrorKind::Tls(_)
            | HttpErrorKind::TimeOut { .. }
            | HttpErrorKind::Reset
            | HttpErrorKind::SignIn(_) => PbxError::Unreachable { advice },
        };
        Self { error, delivery }
    }
}

impl From<Failure> for PbxError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}
