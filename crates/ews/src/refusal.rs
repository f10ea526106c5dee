//! Refusals: of a request as a whole, or of one of its mailboxes.

use std::{fmt, time::Duration};

use busylamp_core::said::{Phrase, Said};
use thiserror::Error;

use crate::{
    code::{Class, Code},
    version::ServerBuild,
    xml::{self, Element},
};

/// Longest pause that a server can order. It is wrong rather than busy when it wants more.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(3600);

/// Longest text of a server's that is kept.
const LONGEST_TEXT: usize = 300;

/// A server's no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its code.
    pub code: Code,
    /// The server's own words, on one line and not long.
    pub text: String,
    /// How long it wants not to be asked (`BackOffMilliseconds`), at most an hour.
    pub back_off: Option<Duration>,
}

impl Refusal {
    /// Reads what stands in a response message or a fault, wherever in it.
    pub(crate) fn read(element: Element<'_>) -> Self {
        let first = |names: &[&str]| {
            let named = |name: &&str| element.descendants().find(|node| node.name() == *name);
            names.iter().find_map(named).map(|node| xml::text(node).to_owned())
        };
        // SOAP 1.1 and 1.2 have names of their own for what Exchange's `detail` repeats. A value with a name is none of them.
        let soap_12 = || {
            let values = element.descendants().filter(|node| node.name() == "Value");
            values.filter(|node| !node.has_attributes()).last().map(|node| xml::text(node).to_owned())
        };
        let code = first(&["ResponseCode", "faultcode"]).or_else(soap_12).unwrap_or_default();
        let text = first(&["MessageText", "Message", "faultstring", "Text"]).unwrap_or_default();
        let mut values = element.descendants().filter(|node| node.name() == "Value");
        let back_off = values.find(|node| xml::attribute(*node, "Name") == Some("BackOffMilliseconds"));
        let back_off = back_off.map(|node| pause(xml::text(node)));
        Self { code: Code::from_word(&code), text: clean(&text), back_off }
    }

    /// What it asks for. The text counts too: servers hide one code in the text of another.
    pub fn class(&self) -> Class {
        let class = self.code.class();
        if matches!(class, Class::Unlisted | Class::Transient) {
            if self.text.contains("ErrorServerBusy") || self.back_off.is_some() {
                return Class::Throttled;
            }
            if self.text.contains("ErrorExceededFindCountLimit") {
                return Class::TooMuch;
            }
        }
        if class != Class::OlderVersion && self.text.contains("The specified server version is invalid") {
            return Class::OlderVersion;
        }
        class
    }

    /// What happened, in either language, without advice. The server's own words stay as they are.
    pub fn happened(&self) -> Said {
        let german = match (&self.code, self.text.as_str()) {
            (Code::Other(word), "") if word.is_empty() => "Exchange lehnt ab, ohne einen Grund zu nennen".to_owned(),
            (Code::Other(word), text) if word.is_empty() => format!("Exchange lehnt ab: „{text}“"),
            _ => format!("Exchange lehnt ab: „{self}“"),
        };
        Said::new(german, self.to_string())
    }

    /// What an administrator can do about it.
    pub fn advice(&self) -> Phrase {
        if self.text.contains("ExchangeImpersonation SOAP header must be present") {
            return Phrase::new(
                "Mit dem Token einer Anwendung geht nur der Identitätswechsel: setzen Sie access = \"impersonation\".",
                "with a token of an application only impersonation works: set access = \"impersonation\"",
            );
        }
        let class = self.class();
        if class == self.code.class() {
            return self.code.advice();
        }
        // The text said more than the code.
        match class {
            Class::Throttled => Code::ServerBusy.advice(),
            Class::TooMuch => Code::ExceededFindCountLimit.advice(),
            Class::OlderVersion => Code::InvalidServerVersion.advice(),
            Class::NotFound | Class::Denied | Class::Transient | Class::Routing | Class::OwnFault | Class::Unlisted => {
                self.code.advice()
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.text.as_str() {
            "" => write!(f, "{}", self.code),
            text => write!(f, "{}: {text}", self.code),
        }
    }
}

/// Digits that are no number are a pause all the same.
fn pause(milliseconds: &str) -> Duration {
    milliseconds.trim().parse().map_or(LONGEST_BACK_OFF, Duration::from_millis).min(LONGEST_BACK_OFF)
}

fn clean(text: &str) -> String {
    let mut clean = String::new();
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !clean.is_empty() {
            clean.push(' ');
        }
        clean.push_str(word);
        if clean.len() > LONGEST_TEXT {
            let mut end = LONGEST_TEXT;
            while !clean.is_char_boundary(end) {
                end -= 1;
            }
            clean.truncate(end);
            clean.push('…');
            break;
        }
    }
    clean
}

/// Why one mailbox of an answer has no content.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MailboxFault {
    /// The server refused it.
    #[error("{0}")]
    Refused(Refusal),
    /// The server's answer for it can't be understood as a whole. Says what is wrong, without a word of the answer.
    #[error("the server's answer for this mailbox can't be read: {0}")]
    Unreadable(Phrase),
}

/// Why there is no answer for any mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// The server refused the request as a whole (a SOAP fault).
    #[error("the server refused the request: {refusal}")]
    Fault {
        /// Its no.
        refusal: Refusal,
        /// What it says it is.
        server: Option<ServerBuild>,
    },
    /// This is no answer of EWS, perhaps a page of a proxy.
    #[error("the server's answer is not one of Exchange Web Services")]
    NotSoap,
    /// This is the answer to something else.
    #[error("the server's answer belongs to another request")]
    OtherOperation,
    /// It can't be read. Says what is wrong, without a word of the answer.
    #[error("the server's answer can't be read: {0}")]
    Unreadable(Phrase),
    /// It has more or fewer parts than there were mailboxes, so that none can be told apart.
    #[error("the server answered for {answered} mailboxes, asked for {asked}")]
    Count {
        /// Mailboxes in the request.
        asked: usize,
        /// Parts of the answer.
        answered: usize,
    },
    /// It is larger than can be read ([`crate::MOST_BYTES`]).
    #[error("the server's answer is too large")]
    TooLarge,
}

#[cfg(test)]
mod tests {
    use busylamp_core::language::Language;

    use super::*;

    fn refusal(code: &str, text: &str) -> Refusal {
        Refusal { code: Code::from_word(code), text: text.to_owned(), back_off: None }
    }

    #[test]
    fn a_code_in_the_text_of_another_counts() {
        let busy = refusal("ErrorInternalServerError", "An internal server error occurred. ErrorServerBusy");
        assert_eq!(busy.class(), Class::Throttled);
        assert_eq!(busy.advice(), Code::ServerBusy.advice());
        assert_eq!(refusal("ErrorInternalServerError", "Oh.").class(), Class::Transient);
        let paused = Refusal { back_off: Some(Duration::from_secs(1)), ..refusal("ErrorNew", "") };
        assert_eq!(paused.class(), Class::Throttled);
        assert_eq!(refusal("ErrorNew", "").class(), Class::Unlisted);
        let version = refusal("Client", "The specified server version is invalid.");
        assert_eq!(version.class(), Class::OlderVersion);
        assert_eq!(refusal("ErrorAccessDenied", "ErrorServerBusy").class(), Class::Denied);
    }

    #[test]
    fn a_fault_of_either_soap_has_a_code() {
        let read = |text: &str| {
            let document = xml::parse(text).unwrap();
            let refusal = Refusal::read(document.root());
            (refusal.code.to_string(), refusal.text, refusal.back_off)
        };
        let (code, text, _) = read(
            "<Fault><Code><Value>s:Sender</Value><Subcode><Value>t:ErrorAccessDenied</Value></Subcode></Code>\
             <Reason><Text>Kein Zugriff</Text></Reason></Fault>",
        );
        assert_eq!((code.as_str(), text.as_str()), ("ErrorAccessDenied", "Kein Zugriff"));
        let (code, _, _) = read("<Fault><faultcode>a:ErrorServerBusy</faultcode><detail/></Fault>");
        assert_eq!(code, "ErrorServerBusy");
        let (code, _, pause) = read("<Fault><detail><Value Name='BackOffMilliseconds'> 250 </Value></detail></Fault>");
        assert_eq!((code.as_str(), pause), ("no response code", Some(Duration::from_millis(250))));
    }

    #[test]
    fn a_token_of_an_application_needs_impersonation() {
        let text = "ExchangeImpersonation SOAP header must be present for this type of OAuth token.";
        assert!(refusal("ErrorAccessDenied", text).advice().to_string().contains("access = \"impersonation\""));
    }

    #[test]
    fn a_refusal_is_told_in_german_too() {
        for (code, text, german) in [
            ("ErrorItemNotFound", "Oh.", "Exchange lehnt ab: „ErrorItemNotFound: Oh.“"),
            ("ErrorItemNotFound", "", "Exchange lehnt ab: „ErrorItemNotFound“"),
            ("", "Oh.", "Exchange lehnt ab: „Oh.“"),
            ("", "", "Exchange lehnt ab, ohne einen Grund zu nennen"),
        ] {
            let (refusal, happened) = (refusal(code, text), refusal(code, text).happened());
            assert_eq!(happened.speak(Language::German), german);
            assert_eq!(happened.to_string(), refusal.to_string());
        }
    }

    #[test]
    fn a_servers_words_are_put_on_one_short_line() {
        assert_eq!(clean(" a\r\n\tb\u{0}c\u{9b}d "), "a b c d");
        let long = clean(&"ä ".repeat(1000));
        assert!(long.len() < LONGEST_TEXT + 10 && long.ends_with('…'), "{long}");
    }
}
