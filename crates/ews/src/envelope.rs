//! What is around every answer: the envelope, the header, the fault, and one message for each mailbox.

use crate::{
    MOST_BYTES, encoding,
    refusal::{AnswerError, MailboxFault, Refusal},
    version::ServerBuild,
    xml::{self, Element},
};

/// What a server answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<T> {
    /// What the server says it is.
    pub server: Option<ServerBuild>,
    /// One for each mailbox of the request, in its order.
    pub mailboxes: Vec<Result<T, MailboxFault>>,
}

/// Takes an answer's envelope off and hands its content, an element of this name, to `read`.
pub(crate) fn open<T>(
    body: &[u8],
    operation: &'static str,
    read: impl FnOnce(Element<'_>) -> Result<Vec<Result<T, MailboxFault>>, AnswerError>,
) -> Result<Answer<T>, AnswerError> {
    with_content(body, |server, content| {
        if content.name() == "Fault" {
            return Err(AnswerError::Fault { refusal: Refusal::read(content), server });
        }
        if content.name() != operation {
            return Err(AnswerError::OtherOperation);
        }
        Ok(Answer { server, mailboxes: read(content)? })
    })
}

/// The fault that an answer is, whatever was asked.
pub(crate) fn fault(body: &[u8]) -> Result<Refusal, AnswerError> {
    with_content(body, |_, content| match content.name() == "Fault" {
        true => Ok(Refusal::read(content)),
        false => Err(AnswerError::OtherOperation),
    })
}

fn with_content<T>(
    body: &[u8],
    read: impl FnOnce(Option<ServerBuild>, Element<'_>) -> Result<T, AnswerError>,
) -> Result<T, AnswerError> {
    if body.len() > MOST_BYTES {
        return Err(AnswerError::TooLarge);
    }
    let text = encoding::text(body).map_err(AnswerError::Unreadable)?;
    let document = xml::parse(&text).map_err(AnswerError::Unreadable)?;
    let root = document.root();
    if root.name() != "Envelope" {
        return Err(AnswerError::NotSoap);
    }
    let info = xml::child(root, "Header").and_then(|header| xml::child(header, "ServerVersionInfo"));
    let content = xml::child(root, "Body").and_then(|body| body.children().next()).ok_or(AnswerError::NotSoap)?;
    read(info.and_then(ServerBuild::read), content)
}

/// Reads the messages of this name, of which there must be one for each mailbox.
pub(crate) fn messages<'a, T>(
    messages: impl Iterator<Item = Element<'a>>,
    asked: usize,
    mut read: impl FnMut(usize, Element<'a>) -> Result<T, MailboxFault>,
) -> Result<Vec<Result<T, MailboxFault>>, AnswerError> {
    let messages: Vec<_> = messages.collect();
    if messages.len() != asked {
        return Err(AnswerError::Count { asked, answered: messages.len() });
    }
    Ok(messages.into_iter().enumerate().map(|(place, message)| read(place, message)).collect())
}

/// A message's refusal, if it is one. Only a plain success is none: a warning says that something is missing.
pub(crate) fn refusal(message: Element<'_>) -> Option<Refusal> {
    let plain = xml::attribute(message, "ResponseClass") == Some("Success")
        && xml::word(message, "ResponseCode").is_none_or(|code| code == "NoError");
    (!plain).then(|| Refusal::read(message))
}
