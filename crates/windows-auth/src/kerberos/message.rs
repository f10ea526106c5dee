//! Kerberos' messages (RFC 4120), as far as a client with a password needs them.

use aws_lc_rs::error::Unspecified;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use zeroize::Zeroizing;

use super::{
    crypto::{Key, Kind},
    der::{
        OCTETS, SEQUENCE, TEXT, TIME, application, contents, element, elements, field, fields, flags, integer, list,
        number, octets, text,
    },
};

/// The numbers of what keys are used for (RFC 4120, section 7.5.1).
const USE_PREAUTHENTICATION: u32 = 1;
const USE_AS_REPLY: u32 = 3;
const USE_TGS_BODY: u32 = 6;
const USE_TGS_AUTHENTICATOR: u32 = 7;
const USE_TGS_REPLY: u32 = 8;
const USE_AP_AUTHENTICATOR: u32 = 11;

/// Kinds of pre-authentication data (RFC 4120, section 7.5.2).
const PA_TGS_REQUEST: i64 = 1;
const PA_ENCRYPTED_TIMESTAMP: i64 = 2;
const PA_KIND_OF_KEY: i64 = 19;

const KERBEROS_5: i64 = 5;
const AS_REQUEST: u8 = 10;
const AS_REPLY: u8 = 11;
const TGS_REQUEST: u8 = 12;
const TGS_REPLY: u8 = 13;
const AP_REQUEST: u8 = 14;
const ERROR: u8 = 30;
const AUTHENTICATOR: u8 = 2;
const TICKET: u8 = 1;

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) name: String,
    /// In capitals.
    pub(super) realm: String,
}

/// A ticket with its key.
#[derive(Clone)]
pub(super) struct Ticket {
    bytes: Vec<u8>,
    pub(super) key: Key,
    pub(super) ends: Timestamp,
}

/// What is random or of this moment in a message.
#[derive(Clone, Copy)]
pub(super) struct Fresh {
    pub(super) now: Timestamp,
    pub(super) nonce: u32,
    pub(super) confounder: [u8; 16],
}

/// What a KDC answers.
pub(super) enum Reply<'a> {
    /// A ticket; the contents of its message.
    Ticket(&'a [u8]),
    /// An error.
    Error(KdcError),
}

/// A KDC's error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KdcError {
    /// By RFC 4120, section 7.5.9.
    pub(super) code: i64,
    data: Vec<u8>,
}

/// How a password becomes a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Recipe {
    pub(super) kind: Kind,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: u32,
}

impl Client {
    /// Windows' salt where a KDC names none: realm and name.
    pub(super) fn salt(&self) -> Vec<u8> {
        format!("{}{}", self.realm, self.name).into_bytes()
    }

    /// Asks for a ticket that tickets are asked for with, with a proof of the password or without.
    pub(super) fn ask_as(&self, fresh: Fresh, key: Option<&Key>) -> Result<Vec<u8>, Unspecified> {
        let mut data = Vec::new();
        if let Some(key) = key {
            let stamp = fields(&[(0, time(fresh.now)), (1, integer(micros(fresh.now)))]);
            let sealed = sealed(key, USE_PREAUTHENTICATION, fresh.confounder, &stamp)?;
            data.push(fields(&[(1, integer(PA_ENCRYPTED_TIMESTAMP)), (2, octets(&sealed))]));
        }
        let body = self.body(&["krbtgt", &self.realm], fresh, true);
        Ok(kdc_request(AS_REQUEST, &data, body))
    }

    /// Asks for a ticket for a service.
    pub(super) fn ask_tgs(&self, service: &[&str], granting: &Ticket, fresh: Fresh) -> Result<Vec<u8>, Unspecified> {
        let body = self.body(service, fresh, false);
        let kind = granting.key.kind();
        let check = granting.key.check(USE_TGS_BODY, &body)?;
        let check = fields(&[(0, integer(kind.checksum())), (1, octets(&check))]);
        let request = self.ap_request(granting, USE_TGS_AUTHENTICATOR, check, fresh)?;
        let data = fields(&[(1, integer(PA_TGS_REQUEST)), (2, octets(&request))]);
        Ok(kdc_request(TGS_REQUEST, &[data], body))
    }

    /// Shows a ticket to its service, with the checksum that GSS-API wants there (RFC 4121, section 4.1.1).
    pub(super) fn show(&self, ticket: &Ticket, gss: &[u8], fresh: Fresh) -> Result<Vec<u8>, Unspecified> {
        const GSS_CHECKSUM: i64 = 0x8003;
        let check = fields(&[(0, integer(GSS_CHECKSUM)), (1, octets(gss))]);
        self.ap_request(ticket, USE_AP_AUTHENTICATOR, check, fresh)
    }

    fn ap_request(&self, ticket: &Ticket, usage: u32, check: Vec<u8>, fresh: Fresh) -> Result<Vec<u8>, Unspecified> {
        let authenticator = fields(&[
            (0, integer(KERBEROS_5)),
            (1, text(&self.realm)),
            (2, principal(&[&self.name])),
            (3, check),
            (4, integer(micros(fresh.now))),
            (5, time(fresh.now)),
            (7, integer(i64::from(fresh.nonce))),
        ]);
        let authenticator = element(application(AUTHENTICATOR), &[&authenticator]);
        let sealed = sealed(&ticket.key, usage, fresh.confounder, &authenticator)?;
        let request = fields(&[
            (0, integer(KERBEROS_5)),
            (1, integer(i64::from(AP_REQUEST))),
            (2, flags(0)),
            (3, ticket.bytes.clone()),
            (4, sealed),
        ]);
        Ok(element(application(AP_REQUEST), &[&request]))
    }

    fn body(&self, service: &[&str], fresh: Fresh, names_client: bool) -> Vec<u8> {
        let kinds: Vec<Vec<u8>> = Kind::ALL.iter().map(|kind| integer(kind.number())).collect();
        let mut body = vec![(0, flags(0))];
        if names_client {
            body.push((1, principal(&[&self.name])));
        }
        body.extend([
            (2, text(&self.realm)),
            (3, principal(service)),
            // As long as the KDC allows: the end of time by RFC 4120.
            (5, element(TIME, &[b"20370913024805Z"])),
            (7, integer(i64::from(fresh.nonce))),
            (8, list(&kinds)),
        ]);
        fields(&body)
    }
}

impl<'a> Reply<'a> {
    pub(super) fn read(message: &'a [u8]) -> Option<Self> {
        for tag in [AS_REPLY, TGS_REPLY] {
            if let Some(reply) = contents(message, application(tag)) {
                return contents(reply, SEQUENCE).map(Reply::Ticket);
            }
        }
        let error = contents(contents(message, application(ERROR))?, SEQUENCE)?;
        let code = number(field(error, 6)?)?;
        let data = field(error, 12).and_then(|data| contents(data, OCTETS)).unwrap_or_default();
        Some(Reply::Error(KdcError { code, data: data.to_vec() }))
    }
}

impl KdcError {
    /// The client has to prove the password first.
    pub(super) fn wants_proof(&self) -> bool {
        self.code == 25
    }

    /// How the KDC makes a key of this client's password: the first recipe that we know.
    pub(super) fn recipe(&self, client: &Client) -> Option<Recipe> {
        let data = elements(contents(&self.data, SEQUENCE)?).filter_map(|data| contents(data, SEQUENCE));
        let kinds = data
            .filter(|data| field(data, 1).and_then(number) == Some(PA_KIND_OF_KEY))
            .filter_map(|data| contents(contents(field(data, 2)?, OCTETS)?, SEQUENCE))
            .next()?;
        elements(kinds).filter_map(|entry| Recipe::read(contents(entry, SEQUENCE)?, client)).next()
    }
}

impl Recipe {
    /// More iterations than any KDC asks for would only keep us busy.
    const MOST_ITERATIONS: u32 = 1 << 20;

    fn read(entry: &[u8], client: &Client) -> Option<Self> {
        let kind = Kind::of(number(field(entry, 0)?)?)?;
        let salt = field(entry, 1).and_then(|salt| contents(salt, TEXT));
        let salt = salt.map_or_else(|| client.salt(), <[u8]>::to_vec);
        let iterations = match field(entry, 2) {
            Some(parameters) => u32::from_be_bytes(contents(parameters, OCTETS)?.try_into().ok()?),
            None => 4096,
        };
        (1..=Self::MOST_ITERATIONS).contains(&iterations).then_some(Self { kind, salt, iterations })
    }
}

impl Ticket {
    /// The ticket in an answer of the authentication service.
    pub(super) fn granting(reply: &[u8], key: &Key, nonce: u32) -> Option<Self> {
        Self::read(reply, key, USE_AS_REPLY, nonce)
    }

    /// The ticket in an answer of the ticket-granting service.
    pub(super) fn for_service(reply: &[u8], granting: &Self, nonce: u32) -> Option<Self> {
        Self::read(reply, &granting.key, USE_TGS_REPLY, nonce)
    }

    fn read(reply: &[u8], key: &Key, usage: u32, nonce: u32) -> Option<Self> {
        let bytes = field(reply, 5)?;
        contents(bytes, application(TICKET))?;
        let encrypted = contents(field(reply, 6)?, SEQUENCE)?;
        if number(field(encrypted, 0)?)? != key.kind().number() {
            return None;
        }
        let plain: Zeroizing<Vec<u8>> = key.decrypt(usage, contents(field(encrypted, 2)?, OCTETS)?).ok()?;
        // The part of an AS reply may bear the tag of a TGS reply's (RFC 4120, section 5.4.2).
        let part = [25, 26].into_iter().find_map(|tag| contents(&plain, application(tag)))?;
        let part = contents(part, SEQUENCE)?;
        if number(field(part, 2)?)? != i64::from(nonce) {
            return None;
        }
        let session = contents(field(part, 0)?, SEQUENCE)?;
        let kind = Kind::of(number(field(session, 0)?)?)?;
        let key = Key::new(kind, contents(field(session, 1)?, OCTETS)?)?;
        Some(Self { bytes: bytes.to_vec(), key, ends: read_time(field(part, 7)?)? })
    }
}

fn kdc_request(kind: u8, data: &[Vec<u8>], body: Vec<u8>) -> Vec<u8> {
    let mut request = vec![(1, integer(KERBEROS_5)), (2, integer(i64::from(kind)))];
    if !data.is_empty() {
        request.push((3, list(data)));
    }
    request.push((4, body));
    element(application(kind), &[&fields(&request)])
}

fn sealed(key: &Key, usage: u32, confounder: [u8; 16], plain: &[u8]) -> Result<Vec<u8>, Unspecified> {
    let cipher = key.encrypt(usage, confounder, plain)?;
    Ok(fields(&[(0, integer(key.kind().number())), (2, octets(&cipher))]))
}

/// A name of one part is a user's, one of several a service's (RFC 4120, section 6.2).
fn principal(parts: &[&str]) -> Vec<u8> {
    let kind = if parts.len() == 1 { 1 } else { 2 };
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| text(part)).collect();
    fields(&[(0, integer(kind)), (1, list(&parts))])
}

fn time(at: Timestamp) -> Vec<u8> {
    element(TIME, &[at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes()])
}

fn micros(at: Timestamp) -> i64 {
    at.as_microsecond().rem_euclid(1_000_000)
}

fn read_time(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(contents(bytes, TIME)?).ok()?;
    let at = DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    TimeZone::UTC.to_timestamp(at).ok()
}

#[cfg(test)]
mod tests;
