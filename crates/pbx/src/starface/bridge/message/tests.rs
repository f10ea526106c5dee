use super::*;

fn setting(dnd: Option<bool>, presence: Option<Presence>, text: Option<&str>) -> Setting {
    Setting { dnd, presence, text: text.map(StatusText::new) }
}

#[test]
fn questions_are_written_as_the_contract_shows_them() {
    assert_eq!(ask_info(), "v=1&do=info");
    assert_eq!(ask_states(&[]), "v=1&do=states");
    assert_eq!(ask_states(&["7".into(), "8".into()]), "v=1&do=states\naccount=7\naccount=8");
    assert_eq!(ask_events("a b", 60), "v=1&do=events&since=a+b&wait=25");
    let settings = [
        ("7".into(), setting(Some(true), Some(Presence::DoNotDisturb), Some("Jour fixe (bis 10:30) & ä"))),
        ("8".into(), setting(Some(false), None, Some(""))),
    ];
    assert_eq!(
        ask_apply(&settings),
        "v=1&do=apply\naccount=7&dnd=true&presence=DO_NOT_DISTURB&text=Jour+fixe+%28bis+10%3A30%29+%26+%C3%A4\n\
         account=8&dnd=false&text="
    );
}

#[test]
fn every_presence_has_a_word_that_is_read_back() {
    for presence in Presence::ALL {
        assert_eq!(presence_of(presence_word(presence)), Some(presence));
    }
}

#[test]
fn states_are_read_and_what_is_left_out_is_unreadable() {
    let text = "v=1&ok=true&cursor=c1\naccount=7&dnd=true&presence=AWAY&text=Jour+fixe&telephony=ACTIVE\naccount=8";
    let states = read_states(text, &["7".into(), "8".into()]).unwrap().unwrap();
    assert_eq!(states.cursor, "c1");
    assert_eq!(
        states.users[&"7".into()],
        Ok(UserState { dnd: Some(true), presence: Some(Presence::Away), text: Some("Jour fixe".into()) })
    );
    assert_eq!(states.users[&"8".into()], Ok(UserState::default()));
}

#[test]
fn a_presence_that_is_not_known_is_unreadable_and_a_dnd_that_is_no_switch_spoils_its_account_only() {
    let text = "v=1&ok=true&cursor=c\naccount=7&dnd=true&presence=ASLEEP\naccount=8&dnd=1\naccount=9&dnd=false";
    let states = read_states(text, &[]).unwrap().unwrap();
    assert_eq!(states.users[&"7".into()], Ok(UserState { dnd: Some(true), ..UserState::default() }));
    assert!(states.users[&"8".into()].is_err());
    assert!(states.users[&"9".into()].is_ok());
}

#[test]
fn states_of_others_or_twice_or_without_a_cursor_are_malformed() {
    for text in [
        "v=1&ok=true&cursor=c\naccount=9",
        "v=1&ok=true&cursor=c\naccount=7\naccount=7",
        "v=1&ok=true&cursor=c\ndnd=true",
        "v=1&ok=true\naccount=7",
        "v=1&ok=yes&cursor=c",
        "v=1&cursor=c",
    ] {
        assert!(matches!(read_states(text, &["7".into()]), Err(Malformed::Shape(_))), "{text}");
    }
    assert_eq!(read_states("v=2&ok=true&cursor=c", &[]), Err(Malformed::Version));
    assert_eq!(read_states("ok=true&cursor=c", &[]), Err(Malformed::Version));
    assert!(matches!(read_states("hello", &[]), Err(Malformed::Records(_))));
}

#[test]
fn an_answer_to_apply_has_one_record_for_each_sent_in_order() {
    let sent = [("7".into(), setting(Some(true), None, None)), ("8".into(), setting(Some(true), None, None))];
    let text = "v=1&ok=true&cursor=c\naccount=7&ok=true\naccount=8&ok=false&error=refused&message=no%0A";
    assert_eq!(read_apply(text, &sent).unwrap().unwrap(), vec![Ok(()), Err(Code::Refused)]);
    for text in [
        "v=1&ok=true&cursor=c\naccount=7&ok=true",
        "v=1&ok=true&cursor=c\naccount=7&ok=true\naccount=8&ok=true\naccount=9&ok=true",
        "v=1&ok=true&cursor=c\naccount=8&ok=true\naccount=7&ok=true",
        "v=1&ok=true&cursor=c\naccount=7&ok=true\naccount=8",
    ] {
        assert!(matches!(read_apply(text, &sent), Err(Malformed::Shape(_))), "{text}");
    }
}

#[test]
fn a_refusal_of_the_whole_call_has_its_code() {
    assert_eq!(read_info("v=1&ok=false&error=bad_key&message=wrong").unwrap(), Err(Code::BadKey));
    assert_eq!(read_info("v=1&ok=false&error=tired").unwrap(), Err(Code::Other));
}

#[test]
fn events_tell_by_whom_and_of_a_loss() {
    let text = "v=1&ok=true&cursor=c2\naccount=7&dnd=true&by=self\naccount=8&dnd=true&by=other\naccount=9&text=\n\
                account=9&by=self&dnd=maybe\naccount=9&by=self&presence=SLEEPING";
    let dnd = |on| Some(UserState { dnd: Some(on), ..UserState::default() });
    let empty = Some(UserState { text: Some("".into()), ..UserState::default() });
    let changes =
        [("7", true, dnd(true)), ("8", false, dnd(true)), ("9", false, empty), ("9", true, None), ("9", true, None)];
    let changes = changes.map(|(account, by_bridge, state)| Changed { account: account.into(), by_bridge, state });
    let changed = Events::Changed { cursor: "c2".into(), changes: changes.into() };
    assert_eq!(read_events(text).unwrap().unwrap(), changed);
    assert_eq!(read_events("v=1&ok=true&cursor=c3&lost=true").unwrap().unwrap(), Events::Lost);
    assert_eq!(read_events("v=1&ok=true&lost=true").unwrap().unwrap(), Events::Lost);
    assert!(read_events("v=1&ok=true").is_err());
}

#[test]
fn capabilities_are_read() {
    let info = read_info("v=1&ok=true&bridge=1.0.0&pbx=\ncan=dnd.read\ncan=events").unwrap().unwrap();
    assert_eq!(info.bridge, "1.0.0");
    assert_eq!(info.can, ["dnd.read".to_owned(), "events".to_owned()].into());
}
