//! Why there is no answer.

use std::{error::Error as StdError, io};

use thiserror::Error;

use super::HttpSettings;
use crate::{
    connection::SignInError,
    retry::Class,
    trust::{Cause, Untrusted},
};

/// There is no complete answer. Names the host, never a path or a query.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{host}: {kind}")]
pub struct HttpError {
    /// The host that was asked, with its port if one was given.
    pub host: String,
    /// What happened.
    pub kind: HttpErrorKind,
    delivery: Delivery,
}

/// What happened to a request.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HttpErrorKind {
    /// The request itself is malformed: a fault of ours.
    #[error("the request can't be built")]
    BadRequest,
    /// The host's name has no address.
    #[error("the name can't be resolved")]
    NameResolution,
    /// Nobody listens there, or a firewall says so.
    #[error("the connection is refused")]
    ConnectRefused,
    /// There is no way there.
    #[error("it can't be reached ({0})")]
    Unreachable(String),
    /// The server's certificate is not believed.
    #[error("{0}")]
    Certificate(Untrusted),
    /// The TLS handshake failed for another reason.
    #[error("TLS fails: {0}")]
    Tls(String),
    /// It took too long.
    #[error("no complete answer within {seconds} s")]
    TimeOut {
        /// The longest time for everything.
        seconds: u64,
    },
    /// The connection broke.
    #[error("the connection broke")]
    Reset,
    /// The answer is larger than allowed.
    #[error("the answer is larger than {limit} bytes")]
    TooLarge {
        /// The limit that it passed.
        limit: usize,
    },
    /// What came back isn't HTTP, or is damaged.
    #[error("the answer can't be read")]
    BadAnswer,
    /// The connection can't be signed in. Not a refused credential: that is an answer.
    #[error("signing in fails: {0}")]
    SignIn(SignInError),
}

impl HttpErrorKind {
    /// Why there is no connection.
    pub(crate) fn of_connecting(error: &io::Error) -> Self {
        Chain::of(Some(error)).kind(true)
    }

    /// Why there is no answer on a connection.
    pub(crate) fn of_answering(error: &hyper::Error) -> Self {
        Chain::of(Some(error)).kind(false)
    }
}

/// Whether the server may have seen a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Certainly not: nothing was done.
    NotSent,
    /// Perhaps: what was asked for may have been done.
    MaybeSent,
}

impl HttpError {
    /// An error of another transport than [`HttpClient`](super::HttpClient).
    pub fn new(host: impl Into<String>, kind: HttpErrorKind, delivery: Delivery) -> Self {
        Self { host: host.into(), kind, delivery }
    }

    /// Whether the server may have seen the request.
    pub fn delivery(&self) -> Delivery {
        self.delivery
    }

    /// Who can do something about it.
    pub fn class(&self) -> Class {
        match &self.kind {
            HttpErrorKind::BadRequest => Class::Bug,
            HttpErrorKind::Certificate(_)
            | HttpErrorKind::Tls(_)
            | HttpErrorKind::SignIn(SignInError::Refused(_) | SignInError::Unsupported(_)) => Class::NeedsAdministrator,
            HttpErrorKind::NameResolution
            | HttpErrorKind::ConnectRefused
            | HttpErrorKind::Unreachable(_)
            | HttpErrorKind::TimeOut { .. }
            | HttpErrorKind::Reset
            | HttpErrorKind::TooLarge { .. }
            | HttpErrorKind::BadAnswer
            | HttpErrorKind::SignIn(_) => Class::Retryable,
        }
    }

    /// What the administrator can do.
    pub fn advice(&self) -> String {
        match &self.kind {
            HttpErrorKind::BadRequest => {
                "check the address that is configured; else this is a fault of Busylamp".into()
            }
            HttpErrorKind::NameResolution => "check the host name and this machine's DNS".into(),
            HttpErrorKind::ConnectRefused => "check host and port, and whether the server runs".into(),
            HttpErrorKind::Unreachable(_) => {
                "check the network and the firewall between this machine and the server".into()
            }
            HttpErrorKind::Certificate(untrusted) => certificate_advice(untrusted),
            HttpErrorKind::Tls(_) => "check that the server offers TLS 1.2 or newer on this port".into(),
            HttpErrorKind::TimeOut { .. } => {
                "check whether the server is overloaded or a firewall drops packets".into()
            }
            HttpErrorKind::Reset => "it is tried again; if it stays, look for a proxy or firewall in between".into(),
            HttpErrorKind::TooLarge { .. } => "check that the address leads to the right server".into(),
            HttpErrorKind::BadAnswer => {
                "check that the address leads to the right server and port, http or https".into()
            }
            HttpErrorKind::SignIn(error) => error.advice().into(),
        }
    }

    pub(super) fn too_large(host: &str, limit: usize) -> Self {
        Self::new(host, HttpErrorKind::TooLarge { limit }, Delivery::MaybeSent)
    }

    pub(super) fn of(host: &str, error: &reqwest::Error, settings: &HttpSettings) -> Self {
        let not_sent = error.is_builder() || error.is_connect();
        let delivery = if not_sent { Delivery::NotSent } else { Delivery::MaybeSent };
        Self::new(host, kind(error, settings), delivery)
    }

    pub(super) fn of_body(host: &str, error: &reqwest::Error, settings: &HttpSettings) -> Self {
        Self::new(host, kind(error, settings), Delivery::MaybeSent)
    }
}

fn certificate_advice(untrusted: &Untrusted) -> String {
    let seen = untrusted.seen;
    match &untrusted.cause {
        Cause::UnknownIssuer => format!(
            "set the authority that issued it, or, if it is self-signed, compare its fingerprint with the server's and pin it: {seen}"
        ),
        Cause::NotPinned => format!(
            "if the server got a new certificate, compare the fingerprint with the server's and pin the new one: {seen}"
        ),
        Cause::Expired => format!("renew the server's certificate, or pin it: {seen}"),
        Cause::WrongName { .. } => {
            format!("use one of these names in the address, or compare the fingerprint and pin it: {seen}")
        }
        Cause::NotYetValid => "set the clocks of this machine and of the server".to_owned(),
        Cause::Revoked => "replace the server's certificate".to_owned(),
        Cause::Other(_) => format!("replace the server's certificate, or compare its fingerprint and pin it: {seen}"),
    }
}

fn kind(error: &reqwest::Error, settings: &HttpSettings) -> HttpErrorKind {
    if error.is_builder() {
        return HttpErrorKind::BadRequest;
    }
    let chain = Chain::of(error.source());
    if chain.tls.is_none() && error.is_dns() {
        return HttpErrorKind::NameResolution;
    }
    if chain.tls.is_none() && error.is_timeout() {
        return HttpErrorKind::TimeOut { seconds: settings.total_timeout.as_secs() };
    }
    chain.kind(error.is_connect())
}

/// The typed reasons in a chain of causes.
#[derive(Default)]
struct Chain {
    tls: Option<HttpErrorKind>,
    io: Option<io::ErrorKind>,
    broken: bool,
}

impl Chain {
    /// A TLS error hides inside an [`io::Error`], which doesn't name it as its source.
    fn of(mut cause: Option<&(dyn StdError + 'static)>) -> Self {
        let mut chain = Self::default();
        while let Some(error) = cause {
            if let Some(tls) = error.downcast_ref::<rustls::Error>() {
                chain.tls = Some(tls_kind(tls));
                break;
            }
            if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
                chain.broken |= hyper.is_incomplete_message() || hyper.is_closed() || hyper.is_canceled();
            }
            let mut next = error.source();
            if let Some(io) = error.downcast_ref::<io::Error>() {
                chain.io = Some(io.kind());
                next = io.get_ref().map(|inner| inner as &(dyn StdError + 'static));
            }
            cause = next;
        }
        chain
    }

    fn kind(self, connecting: bool) -> HttpErrorKind {
        if let Some(tls) = self.tls {
            return tls;
        }
        match self.io {
            Some(io::ErrorKind::ConnectionRefused) => HttpErrorKind::ConnectRefused,
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::NotConnected,
            ) => HttpErrorKind::Reset,
            Some(kind) if connecting => HttpErrorKind::Unreachable(kind.to_string()),
            _ if self.broken => HttpErrorKind::Reset,
            None if connecting => HttpErrorKind::Unreachable("no connection".to_owned()),
            Some(_) | None => HttpErrorKind::BadAnswer,
        }
    }
}

fn tls_kind(error: &rustls::Error) -> HttpErrorKind {
    if let rustls::Error::InvalidCertificate(rustls::CertificateError::Other(rustls::OtherError(inner))) = error
        && let Some(untrusted) = inner.downcast_ref::<Untrusted>()
    {
        return HttpErrorKind::Certificate(untrusted.clone());
    }
    HttpErrorKind::Tls(error.to_string())
}
