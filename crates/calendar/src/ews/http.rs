//! What a server, or whatever stands in front of it, says by HTTP instead of SOAP.

use busylamp_core::said::{Phrase, Said};
use busylamp_ews::answer;
use busylamp_net::retry;
use bytes::Bytes;
use http::{HeaderMap, Response, header};
use jiff::Timestamp;

use super::error::{EwsError, Told};

/// How much of a text of theirs is told.
const MOST: usize = 200;

/// The SOAP answer, or what stands in its place.
///
/// # Errors
/// Everything but status 200.
pub(super) fn soap(answer: Response<Bytes>, password: bool, now: Timestamp) -> Result<Bytes, EwsError> {
    let (head, body) = answer.into_parts();
    let headers = &head.headers;
    let status = head.status.as_u16();
    let told = Told { status, text: words(headers) };
    if (400..600).contains(&status) && mentions(&body, "currently locked out") {
        return Err(EwsError::LockedOut(told));
    }
    Err(match status {
        200 => return Ok(body),
        401 => EwsError::Refused { told, offered: offered(headers), password },
        // A forms login answers 302 or 440; a random outage sends to the page of errors.
        300..=399 if location(headers).contains("genericerrorpage") => EwsError::Trouble(told),
        300..=399 => EwsError::FormLogin(Told { text: Some(elsewhere(headers)), ..told }),
        440 => EwsError::FormLogin(told),
        403 => match text(headers, "x-ews-policy-reason") {
            Some(reason) => EwsError::Policy(reason),
            None => EwsError::Forbidden(told),
        },
        404 | 405 | 410 => EwsError::NoService(told),
        413 => EwsError::TooLarge,
        408 | 429 | 503 => EwsError::Busy { after: retry::retry_after(headers, now), told },
        500..=599 => match answer::fault(&body) {
            Ok(refusal) if refusal.text.to_lowercase().contains("currently locked out") => {
                EwsError::LockedOut(Told { text: Some(refusal.happened()), ..told })
            }
            Ok(refusal) => EwsError::Fault(refusal),
            Err(_) if mentions(&body, "the specified server version is invalid") => EwsError::Version(told),
            Err(_) => EwsError::Trouble(told),
        },
        _ => EwsError::BadAnswer(Phrase::new(
            "sie hat einen Status, den Exchange nicht verwendet",
            "it has a status that Exchange does not use",
        )),
    })
}

/// The server's own words in headers: `X-CasErrorCode` names the error of the client access server, `x-ms-diagnostics` says
/// why a token is refused.
fn words(headers: &HeaderMap) -> Option<Said> {
    let words: Vec<String> =
        ["x-caserrorcode", "x-ms-diagnostics"].into_iter().filter_map(|name| text(headers, name)).collect();
    (!words.is_empty()).then(|| Said::verbatim(words.join("; ")))
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = String::from_utf8_lossy(headers.get(name)?.as_bytes());
    let text: String = value.chars().filter(|c| !c.is_control()).take(MOST).collect();
    (!text.is_empty()).then_some(text)
}

fn location(headers: &HeaderMap) -> String {
    let location = headers.get(header::LOCATION).map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase());
    location.unwrap_or_default()
}

/// Where a redirect leads, without what may stand behind a question mark.
fn elsewhere(headers: &HeaderMap) -> Said {
    let to = location(headers);
    let place = to.split(['?', '#']).next().unwrap_or_default();
    let place: String = place.chars().filter(|c| !c.is_control()).take(MOST).collect();
    if place.is_empty() {
        Said::new("eine Weiterleitung nach nirgendwo", "a redirect to nowhere")
    } else {
        Said::new(format!("eine Weiterleitung nach {place}"), format!("a redirect to {place}"))
    }
}

/// The names of the ways to sign in, without their parameters.
fn offered(headers: &HeaderMap) -> Vec<String> {
    const KNOWN: [&str; 6] = ["Negotiate", "Kerberos", "NTLM", "Basic", "Digest", "Bearer"];
    let values = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let values: Vec<String> = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase()).collect();
    let is_offered = |scheme: &str| {
        let mut words = values.iter().flat_map(|value| value.split([',', ' ']));
        words.any(|word| word.eq_ignore_ascii_case(scheme))
    };
    KNOWN.into_iter().filter(|scheme| is_offered(scheme)).map(str::to_owned).collect()
}

/// Whether the beginning of a page holds this, in lower case.
fn mentions(body: &[u8], words: &str) -> bool {
    let beginning = &body[..body.len().min(64 << 10)];
    String::from_utf8_lossy(beginning).to_lowercase().contains(words)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn of(status: u16, headers: &[(&str, &str)], body: &str) -> EwsError {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        soap(answer.body(Bytes::from(body.to_owned())).unwrap(), true, Timestamp::UNIX_EPOCH).unwrap_err()
    }

    #[test]
    fn a_redirect_to_the_page_of_errors_is_an_outage_and_any_other_a_forms_login() {
        let page = "/ews/genericerrorpage.htm?aspxerrorpath=/EWS/Exchange.asmx";
        assert!(matches!(of(302, &[("location", page)], ""), EwsError::Trouble(_)));
        let login = "https://mail.example.com/CookieAuth.dll?GetLogon";
        let error = of(302, &[("location", login)], "");
        assert!(matches!(error, EwsError::FormLogin(_)));
        let text = error.to_string();
        assert!(text.contains("mail.example.com/cookieauth.dll") && !text.contains("getlogon"), "{text}");
        assert!(matches!(of(302, &[], ""), EwsError::FormLogin(_)));
        assert!(matches!(of(440, &[], ""), EwsError::FormLogin(_)));
    }

    #[test]
    fn the_policy_of_exchange_online_says_so_and_any_other_denial_does_not() {
        let blocked = of(403, &[("X-EWS-Policy-Reason", "EWS is disabled for this user or tenant")], "");
        let sentence = blocked.sentence("").to_string();
        assert!(sentence.contains("disabled for this user") && sentence.contains("2027-04-01"), "{sentence}");
        assert!(matches!(of(403, &[], ""), EwsError::Forbidden(_)));
    }

    #[test]
    fn the_client_access_servers_own_code_is_shown() {
        let error = of(500, &[("X-CasErrorCode", "UserNotFound")], "<html>");
        assert!(error.to_string().contains("UserNotFound"), "{error}");
    }

    #[test]
    fn what_a_server_offers_instead_is_told() {
        let EwsError::Refused { offered, .. } =
            of(401, &[("www-authenticate", "Negotiate, NTLM"), ("www-authenticate", "Bearer realm=\"Basic\"")], "")
        else {
            panic!()
        };
        assert_eq!(offered, ["Negotiate", "NTLM", "Bearer"]);
    }

    #[test]
    fn a_pause_is_taken_from_where_it_stands() {
        assert_eq!(of(503, &[("retry-after", "17")], "").after(), Some(Duration::from_secs(17)));
        assert_eq!(of(503, &[], "").after(), None);
        assert!(of(503, &[], "").is_busy());
    }

    #[test]
    fn a_locked_account_is_known_by_its_text() {
        let text = "The referenced account is currently locked out and may not be logged on to.";
        for status in [401, 500] {
            assert!(matches!(of(status, &[], text), EwsError::LockedOut(_)), "{status}");
        }
    }

    #[test]
    fn pages_that_are_no_soap_do_no_harm() {
        assert!(matches!(of(500, &[], "Server Error in '/EWS' Application."), EwsError::Trouble(_)));
        assert!(of(500, &[], "<b>The specified server version is invalid.</b>").is_version());
        assert!(matches!(of(404, &[], ""), EwsError::NoService(_)));
        assert!(matches!(of(204, &[], ""), EwsError::BadAnswer(_)));
    }
}
