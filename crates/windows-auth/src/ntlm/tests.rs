//! The whole exchange, with the numbers of the specification and with hostile challenges.

use proptest::prelude::*;

use super::*;

/// Section 4.2.1: the values that all examples share.
const SERVER_CHALLENGE: [u8; 8] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef];
const CLIENT_CHALLENGE: [u8; 8] = [0xaa; 8];

fn exchange(user: &str, password: &str, binding: Option<[u8; 16]>) -> Exchange {
    let user: UserName = user.parse().unwrap();
    let key = Key::new(&user, &Secret::new(password));
    Exchange { user, key, binding, negotiate: None }
}

fn pair(id: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap();
    [&id.to_le_bytes()[..], &length.to_le_bytes(), value].concat()
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Section 4.2.4: domain `Domain`, server `Server`.
fn examples_target_info() -> Vec<u8> {
    [pair(2, &utf16("Domain")), pair(1, &utf16("Server")), pair(0, &[])].concat()
}

fn challenge(flags: u32, target_info: &[u8]) -> Vec<u8> {
    let length = u16::try_from(target_info.len()).unwrap().to_le_bytes();
    [
        b"NTLMSSP\0\x02\0\0\0",
        &[0; 8][..],
        &flags.to_le_bytes(),
        &SERVER_CHALLENGE,
        &[0; 8],
        &length,
        &length,
        &48_u32.to_le_bytes(),
        target_info,
    ]
    .concat()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn contains(message: &[u8], part: &[u8]) -> bool {
    message.windows(part.len()).any(|window| window == part)
}

#[test]
fn the_numbers_of_the_specification_come_out() {
    let exchange = exchange("Domain\\User", "Password", None);
    let client = ClientChallenge { time: 0, nonce: CLIENT_CHALLENGE, target_info: examples_target_info() };
    let response = exchange.key.response(SERVER_CHALLENGE, &client);
    assert_eq!(hex(&response.bytes[..16]), "68cd0ab851e51c96aabc927bebef6a1c", "section 4.2.4.2.2, NTProofStr");
    assert_eq!(hex(response.session_key.as_slice()), "8de40ccadbc14a82f15cb0ad0de95ca3", "section 4.2.4.1.2");
}

#[test]
fn the_binding_is_hashed_as_windows_does_it() {
    // The example of Microsoft's article "NTLM and Channel Binding Hash" has no certificate to it, so this is the
    // structure of RFC 2744, written out by hand and hashed by another program (md5sum).
    assert_eq!(hex(&binding_hash(b"tls-server-end-point:test")), "33eba5a64cc3a8758a296c8a70cb3008");
}

#[test]
fn the_first_message_names_nobody() {
    let mut exchange = exchange("EXAMPLE\\svc", "Password", None);
    let token = exchange.next(None).unwrap();
    assert!(!token.last);
    assert_eq!(token.bytes.len(), 40);
    assert!(token.bytes.starts_with(b"NTLMSSP\0\x01\0\0\0"));
}

#[test]
fn the_third_message_bears_neither_password_nor_old_answers() {
    let mut exchange = exchange("EXAMPLE\\svc", "Geheim$ß", Some([7; 16]));
    exchange.next(None).unwrap();
    let token = exchange.next(Some(&challenge(0xffff_ffff, &examples_target_info()))).unwrap();
    assert!(token.last);
    assert!(contains(&token.bytes, &utf16("svc")) && contains(&token.bytes, &utf16("EXAMPLE")));
    assert!(!contains(&token.bytes, &utf16("Geheim$ß")));
    assert!(contains(&token.bytes, &pair(10, &[7; 16])), "the binding");
    assert_eq!(token.bytes[88..112], [0; 24], "the place of the LM answer");
    assert_ne!(token.bytes[72..88], [0; 16], "the seal");
}

#[test]
fn two_sign_ins_never_look_the_same() {
    let answer = || {
        let mut exchange = exchange("svc", "Password", None);
        exchange.next(None).unwrap();
        exchange.next(Some(&challenge(1, &[]))).unwrap().bytes
    };
    assert_ne!(answer(), answer());
}

#[test]
fn messages_have_their_places() {
    let mut early = exchange("svc", "Password", None);
    assert!(early.next(Some(&challenge(1, &[]))).is_err());
    let mut twice = exchange("svc", "Password", None);
    twice.next(None).unwrap();
    twice.next(Some(&challenge(1, &[]))).unwrap();
    assert!(twice.next(Some(&challenge(1, &[]))).is_err());
}

#[test]
fn a_server_without_unicode_is_not_served() {
    let mut exchange = exchange("svc", "Password", None);
    exchange.next(None).unwrap();
    let refused = exchange.next(Some(&challenge(0, &[])));
    assert!(matches!(refused, Err(SignInError::Unsupported(_))), "{refused:?}");
}

#[test]
fn a_challenge_that_is_cut_off_is_refused() {
    let whole = challenge(0x0080_0001, &examples_target_info());
    assert!(Challenge::read(&whole).is_ok());
    for length in 0..whole.len() {
        assert!(Challenge::read(&whole[..length]).is_err(), "cut to {length} bytes");
    }
}

#[test]
fn lengths_that_lie_are_found_out() {
    let mut lying = challenge(0x0080_0001, &examples_target_info());
    lying[44..48].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(Challenge::read(&lying).is_err());
}

#[test]
fn the_longest_names_and_challenges_fit() {
    let name = format!("{}\\{}", "D".repeat(200), "u".repeat(200));
    let info = [pair(3, &vec![b'x'; 32_000]), pair(0, &[])].concat();
    let mut long = exchange(&name, "Password", Some([1; 16]));
    long.next(None).unwrap();
    let token = long.next(Some(&challenge(0x0080_0001, &info))).unwrap();
    assert!(token.bytes.len() > 32_000);
    let mut longer = exchange("svc", "Password", None);
    longer.next(None).unwrap();
    let info = [pair(3, &vec![b'x'; 60_000]), pair(0, &[])].concat();
    assert!(longer.next(Some(&challenge(0x0080_0001, &info))).is_err());
}

#[test]
fn nothing_secret_is_shown() {
    let ntlm = Ntlm::new("EXAMPLE\\svc".parse().unwrap(), Secret::new("Geheim"));
    assert!(!format!("{ntlm:?}").contains("Geheim"), "{ntlm:?}");
}

proptest! {
    #[test]
    fn no_challenge_makes_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..300), flags: u32) {
        let mut exchange = exchange("svc", "Password", Some([1; 16]));
        exchange.next(None).unwrap();
        let _answer = exchange.next(Some(&challenge(flags, &bytes)));
        let _challenge = Challenge::read(&bytes);
    }
}
