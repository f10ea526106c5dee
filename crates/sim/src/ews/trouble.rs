//! What goes wrong on purpose, in Exchange's dresses (reference: throttling, response codes, and what clients report).

use http::StatusCode;

use super::soap::{Call, Trouble};
use crate::{faults::Fault, http::Reply, world::World};

/// How long a busy server wants to be left alone, in milliseconds.
const BACK_OFF: &str = "2500";
/// Bytes of a gigantic answer.
const GIGANTIC: usize = 64 * 1024 * 1024;

/// Trouble before anybody looks at the request: front end, proxies, policies.
pub(super) fn in_front(world: &World) -> Option<Reply> {
    let strikes = |fault| world.faults.strikes(fault);
    let redirect = |to: &str| Some(Reply::empty(StatusCode::FOUND).with("location", to));
    if strikes(Fault::EwsUnavailable) {
        return Some(Reply::empty(StatusCode::SERVICE_UNAVAILABLE));
    }
    if strikes(Fault::EwsErrorPage) {
        return redirect("/ews/genericerrorpage.htm?aspxerrorpath=/EWS/Exchange.asmx");
    }
    if strikes(Fault::EwsFormLogin) {
        return redirect(
            "/owa/auth/logon.aspx?url=https%3a%2f%2fmail.lindenhof.example%2fEWS%2fExchange.asmx&reason=0",
        );
    }
    if strikes(Fault::EwsLoginTimeout) {
        let status = StatusCode::from_u16(440).unwrap_or(StatusCode::UNAUTHORIZED);
        return Some(Reply::body(status, "text/html", "<html><body>Login Timeout</body></html>"));
    }
    if strikes(Fault::EwsBlocked) {
        let reason = "EWS is blocked by policy for this user or tenant";
        return Some(Reply::empty(StatusCode::FORBIDDEN).with("x-ews-policy-reason", reason));
    }
    if strikes(Fault::EwsServerError) {
        let page = "<html><head><title>Runtime Error</title></head><body><h1>Server Error in '/EWS' Application.</h1></body></html>";
        return Some(Reply::body(StatusCode::INTERNAL_SERVER_ERROR, "text/html; charset=utf-8", page));
    }
    None
}

/// Trouble with the whole request: a busy or an old server.
pub(super) fn of_the_server(world: &World, call: &Call<'_>) -> Result<(), Trouble> {
    let strikes = |fault| world.faults.strikes(fault);
    if strikes(Fault::EwsBusy) {
        let text = "The server cannot service this request right now. Try again later.";
        return Err(Trouble::new("ErrorServerBusy", text).with("BackOffMilliseconds", BACK_OFF));
    }
    if call.version.is_newer_than_2010() {
        if strikes(Fault::EwsOldServer) {
            return Err(Trouble::new("ErrorInvalidServerVersion", "The specified server version is invalid."));
        }
        if strikes(Fault::EwsOldMailbox) {
            let text = "The requested schema version is not supported by the server that hosts the mailbox.";
            return Err(Trouble::new("ErrorInvalidSchemaVersionForMailboxVersion", text));
        }
    }
    Ok(())
}

/// An old server that says so in plain text.
pub(super) fn of_an_old_server(world: &World, call: &Call<'_>) -> Option<Reply> {
    let strikes = call.version.is_newer_than_2010() && world.faults.strikes(Fault::EwsOldServerBare);
    let page = "The specified server version is invalid.";
    strikes.then(|| Reply::body(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", page))
}

/// Trouble with mailboxes: with all that a request names, or with one of them.
pub(super) struct Unlucky {
    every: Option<fn() -> Trouble>,
    one: Option<usize>,
}

impl Unlucky {
    /// Decides what becomes of a request that names so many mailboxes.
    pub(super) fn new(world: &World, mailboxes: usize) -> Self {
        let faults: [(Fault, fn() -> Trouble); 7] = [
            (Fault::EwsBusyQuiet, || {
                let text = "The server cannot service this request right now. Try again later.";
                Trouble::new("ErrorServerBusy", text).with("BackOffMilliseconds", BACK_OFF)
            }),
            (Fault::EwsBusyHidden, || {
                let text = "An internal server error occurred. The operation failed., ErrorServerBusy: the server cannot service this request right now.";
                Trouble::new("ErrorInternalServerError", text)
                    .with("InnerErrorMessageText", "The server cannot service this request right now. Try again later.")
                    .with("InnerErrorResponseCode", "ErrorServerBusy")
                    .with("InnerErrorDescriptiveLinkKey", "0")
            }),
            (Fault::EwsMoving, moving),
            (Fault::EwsTimeout, || Trouble::new("ErrorTimeoutExpired", "The operation has timed out.")),
            (Fault::EwsTooManyObjects, || {
                Trouble::new("ErrorTooManyObjectsOpened", "Too many concurrent opened objects.")
            }),
            (Fault::EwsProxyRefused, || {
                Trouble::new("ErrorProxyRequestNotAllowed", "The proxy request is not allowed for this mailbox.")
            }),
            (Fault::EwsFindCount, find_count),
        ];
        // A single mailbox is what is left when a batch was made smaller; it is served.
        let of_batches = [Fault::EwsTimeout, Fault::EwsTooManyObjects, Fault::EwsProxyRefused, Fault::EwsFindCount];
        let found = faults
            .into_iter()
            .find(|(fault, _)| (mailboxes > 1 || !of_batches.contains(fault)) && world.faults.strikes(*fault));
        let one = (mailboxes > 1 && world.faults.strikes(Fault::EwsPartial)).then_some(mailboxes / 2);
        Self { every: found.map(|(_, trouble)| trouble), one }
    }

    /// What happens to the mailbox at a place of the request.
    pub(super) fn at(&self, place: usize) -> Result<(), Trouble> {
        if let Some(trouble) = self.every {
            return Err(trouble());
        }
        if self.one == Some(place) {
            let text = "The mailbox database is temporarily unavailable.";
            return Err(Trouble::new("ErrorMailboxStoreUnavailable", text));
        }
        Ok(())
    }
}

/// A mailbox is on its way to another database.
pub(super) fn moving() -> Trouble {
    Trouble::new("ErrorMailboxMoveInProgress", "Mailbox move in progress. Try again later.")
}

/// More than one caller may hold in memory.
pub(super) fn find_count() -> Trouble {
    let text = "You have exceeded the maximum number of objects that can be returned for the find operation. Use paging to reduce the result size and try your request again.";
    Trouble::new("ErrorExceededFindCountLimit", text)
}

/// Trouble with an answer that is ready.
pub(super) fn behind(world: &World, mut reply: Reply) -> Reply {
    if reply.status != StatusCode::OK {
        return reply;
    }
    if world.faults.strikes(Fault::EwsGigantic) {
        let at = reply.body.windows(2).position(|pair| pair == b"?>").map_or(0, |place| place + 2);
        let padding = vec![b' '; GIGANTIC];
        reply.body = [&reply.body[..at], b"<!--", &padding, b"-->", &reply.body[at..]].concat().into();
    }
    if world.faults.strikes(Fault::EwsDoubled) {
        reply.body = [&reply.body[..], &reply.body[..]].concat().into();
    }
    if world.faults.strikes(Fault::EwsInvalidCharacters) {
        // .NET writes them, although XML can't have them in any way.
        let text = String::from_utf8_lossy(&reply.body).replace("<t:Subject>", "<t:Subject>&#x1F;");
        reply.body = text.into();
    }
    reply
}
