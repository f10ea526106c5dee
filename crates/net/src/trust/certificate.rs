//! What stands in a certificate, for people; and which certificates servers show us, so that their end is known ahead.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, ServerName};
use x509_parser::{certificate::X509Certificate, prelude::FromDer};

/// A name of a certificate is not shown longer, in characters.
const LONGEST: usize = 256;
/// A client meets no more servers than this; further ones are not remembered.
const SERVERS: usize = 32;

/// What stands in a certificate. Nothing of it is checked here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is, as a distinguished name (RFC 4514).
    pub subject: String,
    /// Who issued it.
    pub issuer: String,
    /// Its last instant (RFC 5280, section 4.1.2.5).
    pub not_after: Timestamp,
}

impl Certificate {
    /// The key that a certificate vouches for, as it stands in it (RFC 5280, section 4.1.2.7); `None` if it can't be read.
    pub fn public_key(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        Some(read.public_key().subject_public_key.data.to_vec())
    }

    /// Reads a certificate; `None` if it can't be read.
    pub fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(certificate).ok()?;
        let name = |name: String| name.chars().filter(|letter| !letter.is_control()).take(LONGEST).collect();
        Some(Self {
            subject: name(read.subject().to_string()),
            issuer: name(read.issuer().to_string()),
            not_after: Timestamp::from_second(read.validity().not_after.timestamp()).ok()?,
        })
    }
}

/// The certificate that a server showed us last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PeerCertificate {
    /// The server, as it was asked for.
    pub host: String,
    /// The certificate's last instant.
    pub not_after: Timestamp,
}

/// The certificates that servers showed to the clients that there are, each server's latest, by server. What a client
/// saw is forgotten with the client, so a server that is asked no more is not listed.
pub fn certificates() -> Vec<PeerCertificate> {
    let mut all = BTreeMap::<String, Timestamp>::new();
    for book in lock(&BOOKS).iter().filter_map(Weak::upgrade) {
        for (host, not_after) in lock(&book.0).iter() {
            // Two servers of one name: the one that ends first is the one to care about.
            let known = all.entry(host.clone()).or_insert(*not_after);
            *known = (*known).min(*not_after);
        }
    }
    all.into_iter().map(|(host, not_after)| PeerCertificate { host, not_after }).collect()
}

/// The books of all clients that there are.
static BOOKS: Mutex<Vec<Weak<Book>>> = Mutex::new(Vec::new());

/// Which certificates one client was shown.
#[derive(Debug, Default)]
pub(super) struct Book(Mutex<BTreeMap<String, Timestamp>>);

impl Book {
    /// An empty book that [`certificates`] looks into as long as it is there.
    pub(super) fn open() -> Arc<Self> {
        let book = Arc::new(Self::default());
        let mut books = lock(&BOOKS);
        books.retain(|book| book.strong_count() > 0);
        books.push(Arc::downgrade(&book));
        book
    }

    /// A server that is believed has shown this certificate.
    pub(super) fn note(&self, server: &ServerName<'_>, certificate: &CertificateDer<'_>) {
        let Some(read) = Certificate::read(certificate) else { return };
        let mut seen = lock(&self.0);
        let host = server.to_str().into_owned();
        if seen.len() < SERVERS || seen.contains_key(&host) {
            seen.insert(host, read.not_after);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing is ever half written.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    fn certificate(name: &str, year: i32) -> CertificateDer<'static> {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = date_time_ymd(year, 3, 1);
        params.distinguished_name.push(DnType::CommonName, name);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    fn of(host: &str) -> Vec<String> {
        let of_host = certificates().into_iter().filter(|seen| seen.host == host);
        of_host.map(|seen| seen.not_after.to_string()).collect()
    }

    #[test]
    fn a_certificate_tells_its_names_and_its_end() {
        // Before 2050 and after, the date is written in two different ways.
        for (year, end) in [(2031, "2031-03-01T00:00:00Z"), (2061, "2061-03-01T00:00:00Z")] {
            let read = Certificate::read(&certificate("pbx.example.com", year)).unwrap();
            assert!(read.subject.contains("CN=pbx.example.com"), "{read:?}");
            assert_eq!((read.issuer, read.not_after.to_string().as_str()), (read.subject.clone(), end));
        }
    }

    #[test]
    fn a_name_has_no_control_characters_and_an_end() {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("a\nb{}", "c".repeat(2 * LONGEST)));
        let shown = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone();
        let read = Certificate::read(&shown).unwrap();
        assert!(read.subject.contains("abc") && read.subject.chars().count() == LONGEST, "{read:?}");
    }

    #[test]
    fn what_a_client_saw_is_known_as_long_as_the_client_is_there() {
        let server = ServerName::try_from("book.example.com").unwrap();
        let (first, second) = (Book::open(), Book::open());
        first.note(&server, &certificate("book.example.com", 2030));
        first.note(&server, &certificate("book.example.com", 2033));
        assert_eq!(of("book.example.com"), ["2033-03-01T00:00:00Z"], "the latest counts");
        second.note(&server, &certificate("book.example.com", 2032));
        assert_eq!(of("book.example.com"), ["2032-03-01T00:00:00Z"], "of two servers the one that ends first");
        drop((first, second));
        assert!(of("book.example.com").is_empty());
    }

    #[test]
    fn a_client_remembers_only_so_many_servers() {
        let book = Book::open();
        let shown = certificate("many.example.com", 2030);
        for number in 0..SERVERS + 5 {
            book.note(&ServerName::try_from(format!("s{number}.many.example.com")).unwrap(), &shown);
        }
        assert_eq!(lock(&book.0).len(), SERVERS);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _read = Certificate::read(&CertificateDer::from(bytes));
        }
    }
}
