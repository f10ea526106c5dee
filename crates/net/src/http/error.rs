//! Why there is no answer.

use std::{error::Error as StdError, io};

use busylamp_core::said::Said;
use thiserror::Error;

use super::HttpSettings;
use crate::{
    connection::SignInError,
    retry::Class,
    trust::{Cause, Untrusted},
    words,
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
    Unreachable(Said),
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
    pub fn advice(&self) -> Said {
        let (german, english) = match &self.kind {
            HttpErrorKind::BadRequest => (
                "Prüfen Sie die eingestellte Adresse; ist sie richtig, ist es ein Fehler von Busylamp.",
                "check the address that is configured; else this is a fault of Busylamp",
            ),
            HttpErrorKind::NameResolution => (
                "Prüfen Sie den Namen des Servers und das DNS dieses Rechners.",
                "check the host name and this machine's DNS",
            ),
            HttpErrorKind::ConnectRefused => (
                "Prüfen Sie Namen und Port, und ob der Server läuft.",
                "check host and port, and whether the server runs",
            ),
            HttpErrorKind::Unreachable(_) => (
                "Prüfen Sie das Netz und die Firewall zwischen diesem Rechner und dem Server.",
                "check the network and the firewall between this machine and the server",
            ),
            HttpErrorKind::Certificate(untrusted) => return certificate_advice(untrusted),
            HttpErrorKind::Tls(_) => (
                "Prüfen Sie, ob der Server auf diesem Port TLS 1.2 oder neuer anbietet.",
                "check that the server offers TLS 1.2 or newer on this port",
            ),
            HttpErrorKind::TimeOut { .. } => (
                "Prüfen Sie, ob der Server überlastet ist oder eine Firewall Pakete verwirft.",
                "check whether the server is overloaded or a firewall drops packets",
            ),
            HttpErrorKind::Reset => (
                "Es wird wieder versucht; bleibt es so, suchen Sie nach einem Proxy oder einer Firewall dazwischen.",
                "it is tried again; if it stays, look for a proxy or firewall in between",
            ),
            HttpErrorKind::TooLarge { .. } => (
                "Prüfen Sie, ob die Adresse zum richtigen Server führt.",
                "check that the address leads to the right server",
            ),
            HttpErrorKind::BadAnswer => (
                "Prüfen Sie, ob die Adresse zum richtigen Server und Port führt, mit http oder https.",
                "check that the address leads to the right server and port, http or https",
            ),
            HttpErrorKind::SignIn(error) => return error.advice().into(),
        };
        Said::new(german, english)
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

fn certificate_advice(untrusted: &Untrusted) -> Said {
    let seen = untrusted.seen;
    let (german, english) = match &untrusted.cause {
        Cause::UnknownIssuer => (
            "Geben Sie die Zertifizierungsstelle an, die es ausgestellt hat, oder vergleichen Sie, wenn es selbstsigniert \
             ist, seinen Fingerabdruck mit dem auf dem Server und tragen Sie ihn ein",
            "set the authority that issued it, or, if it is self-signed, compare its fingerprint with the server's and pin it",
        ),
        Cause::NotPinned => (
            "Hat der Server ein neues Zertifikat, so vergleichen Sie den Fingerabdruck mit dem auf dem Server und tragen Sie \
             den neuen ein",
            "if the server got a new certificate, compare the fingerprint with the server's and pin the new one",
        ),
        Cause::Expired => (
            "Erneuern Sie das Zertifikat des Servers, oder tragen Sie seinen Fingerabdruck ein",
            "renew the server's certificate, or pin it",
        ),
        Cause::WrongName { .. } => (
            "Verwenden Sie einen dieser Namen in der Adresse, oder vergleichen Sie den Fingerabdruck und tragen Sie ihn ein",
            "use one of these names in the address, or compare the fingerprint and pin it",
        ),
        Cause::NotYetValid => {
            return Said::new(
                "Stellen Sie die Uhren dieses Rechners und des Servers.",
                "set the clocks of this machine and of the server",
            );
        }
        Cause::Revoked => {
            return Said::new("Ersetzen Sie das Zertifikat des Servers.", "replace the server's certificate");
        }
        Cause::Other(_) => (
            "Ersetzen Sie das Zertifikat des Servers, oder vergleichen Sie seinen Fingerabdruck und tragen Sie ihn ein",
            "replace the server's certificate, or compare its fingerprint and pin it",
        ),
    };
    Said::new(format!("{german}: {seen}."), format!("{english}: {seen}"))
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
            Some(kind) if connecting => HttpErrorKind::Unreachable(words::of(kind)),
            _ if self.broken => HttpErrorKind::Reset,
            None if connecting => HttpErrorKind::Unreachable(Said::new("keine Verbindung", "no connection")),
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
