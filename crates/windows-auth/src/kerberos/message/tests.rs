//! Answers of honest, careless and hostile KDCs.

use proptest::prelude::*;

use super::*;

const NONCE: u32 = 4711;

fn client() -> Client {
    Client { name: "svc".to_owned(), realm: "EXAMPLE.TEST".to_owned() }
}

fn key() -> Key {
    Key::new(Kind::Aes256, &[7; 32]).unwrap()
}

/// The contents of an AS reply with these key kind, nonce and end.
fn reply(kind: i64, nonce: u32, ends: &[u8]) -> Vec<u8> {
    let session = fields(&[(0, integer(18)), (1, octets(&[9; 32]))]);
    let part = fields(&[(0, session), (2, integer(i64::from(nonce))), (7, element(TIME, &[ends]))]);
    let part = element(application(25), &[&part]);
    let cipher = key().encrypt(USE_AS_REPLY, [1; 16], &part).unwrap();
    let encrypted = fields(&[(0, integer(kind)), (2, octets(&cipher))]);
    let ticket = element(application(TICKET), &[b"for the server's eyes"]);
    element(application(AS_REPLY), &[&fields(&[(0, integer(5)), (5, ticket), (6, encrypted)])])
}

fn granted(message: &[u8]) -> Option<Ticket> {
    let Reply::Ticket(reply) = Reply::read(message)? else { panic!("no ticket") };
    Ticket::granting(reply, &key(), NONCE)
}

fn wants_proof(kinds: &[Vec<u8>]) -> Vec<u8> {
    let data = fields(&[(1, integer(PA_KIND_OF_KEY)), (2, octets(&list(kinds)))]);
    let other = fields(&[(1, integer(138)), (2, octets(&[]))]);
    let error = fields(&[(6, integer(25)), (12, octets(&list(&[other, data])))]);
    element(application(ERROR), &[&error])
}

fn recipe(kinds: &[Vec<u8>]) -> Option<Recipe> {
    let message = wants_proof(kinds);
    let Some(Reply::Error(error)) = Reply::read(&message) else { panic!("no error") };
    assert!(error.wants_proof());
    error.recipe(&client())
}

#[test]
fn a_ticket_is_read_with_its_key_and_its_end() {
    let ticket = granted(&reply(18, NONCE, b"20261124180000Z")).unwrap();
    assert_eq!((ticket.key.kind(), ticket.ends), (Kind::Aes256, "2026-11-24T18:00:00Z".parse().unwrap()));
    assert_eq!(contents(&ticket.bytes, application(TICKET)), Some(&b"for the server's eyes"[..]));
}

#[test]
fn an_answer_to_another_question_is_none() {
    assert!(granted(&reply(18, NONCE + 1, b"20261124180000Z")).is_none());
}

#[test]
fn an_answer_under_another_key_is_none() {
    assert!(granted(&reply(17, NONCE, b"20261124180000Z")).is_none());
    let mut changed = reply(18, NONCE, b"20261124180000Z");
    *changed.last_mut().unwrap() ^= 1;
    assert!(granted(&changed).is_none());
}

#[test]
fn a_ticket_without_a_readable_end_is_none() {
    for ends in [&b"tomorrow"[..], b"20261399000000Z", b"20261124180000+0100", b""] {
        assert!(granted(&reply(18, NONCE, ends)).is_none());
    }
}

#[test]
fn the_first_recipe_that_is_known_is_taken() {
    let rc4 = fields(&[(0, integer(23))]);
    let aes = fields(&[(0, integer(18)), (1, text("salt")), (2, octets(&1000_u32.to_be_bytes()))]);
    let weaker = fields(&[(0, integer(17))]);
    let expected = Recipe { kind: Kind::Aes256, salt: b"salt".to_vec(), iterations: 1000 };
    assert_eq!(recipe(&[rc4.clone(), aes, weaker.clone()]), Some(expected));
    let plain = Recipe { kind: Kind::Aes128, salt: b"EXAMPLE.TESTsvc".to_vec(), iterations: 4096 };
    assert_eq!(recipe(&[rc4.clone(), weaker]), Some(plain));
    assert_eq!(recipe(&[rc4]), None);
}

#[test]
fn a_kdc_can_not_keep_us_busy() {
    for iterations in [0, u32::MAX] {
        let aes = fields(&[(0, integer(18)), (2, octets(&iterations.to_be_bytes()))]);
        assert_eq!(recipe(&[aes]), None);
    }
}

#[test]
fn a_request_shows_no_password_and_names_whom_it_asks_for() {
    let fresh = Fresh { now: "2026-11-24T09:00:00.000001Z".parse().unwrap(), nonce: NONCE, confounder: [3; 16] };
    let request = client().ask_as(fresh, Some(&key())).unwrap();
    let contains = |part: &[u8]| request.windows(part.len()).any(|window| window == part);
    assert!(contains(b"svc") && contains(b"krbtgt") && contains(b"EXAMPLE.TEST"));
    assert!(!contains(&[7; 32]) && !contains(b"20261124090000Z"), "neither the key nor the proof's time");
}

proptest! {
    #[test]
    fn no_answer_makes_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..200), tag in 0_u8..32) {
        let message = element(application(tag), &[&list(std::slice::from_ref(&bytes))]);
        for message in [&message, &bytes] {
            match Reply::read(message) {
                Some(Reply::Ticket(reply)) => {
                    let _ticket = Ticket::granting(reply, &key(), NONCE);
                }
                Some(Reply::Error(error)) => {
                    let _recipe = error.recipe(&client());
                }
                None => {}
            }
        }
    }

    #[test]
    fn a_damaged_answer_is_none(place in 0_usize..200, bit in 0_u8..8) {
        let mut message = reply(18, NONCE, b"20261124180000Z");
        let place = place % message.len();
        message[place] ^= 1 << bit;
        if let Some(Reply::Ticket(reply)) = Reply::read(&message)
            && let Some(ticket) = Ticket::granting(reply, &key(), NONCE)
        {
            // Only what is not under the seal can have changed: the ticket, which the server reads, and what nobody does.
            prop_assert_eq!(ticket.ends, "2026-11-24T18:00:00Z".parse::<Timestamp>().unwrap());
        }
    }
}
