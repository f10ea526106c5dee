//! Nothing that was sealed can be found in the files.

use crate::common::{Place, State, account, agenda, at, id};
use busylamp_core::{ids::MailAddress, secret::Secret};
use busylamp_store::{Key, NewAgenda};

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn no_secret_title_or_text_is_in_the_files() {
    let key_folder = tempfile::tempdir().unwrap();
    let key_path = key_folder.path().join("key");
    let place = Place { key: Key::create(&key_path).unwrap(), ..Place::new() };
    let store = place.open_with_instance().await;
    let zentrale = id("zentrale");
    let anna = MailAddress::from("anna@example.com".to_owned());
    let agenda = agenda("Gehaltsrunde Vorstand", 1);
    let check = |bytes: &[u8], when: &str| {
        for planted in ["Gehaltsrunde", "Vorstand", "Mittagspause-Text", "Geheimnis-4711"] {
            assert!(!contains(bytes, planted), "`{planted}` is in the files {when}");
        }
        let key = std::fs::read(&key_path).unwrap();
        assert!(!bytes.windows(32).any(|window| window == key), "the key is in the files {when}");
        assert!(contains(bytes, "zentrale"), "the files {when} are the right ones");
    };

    for round in 0..3 {
        store.put_secret("graph", &Secret::new("Geheimnis-4711")).await.unwrap();
        store.save_states(&[(&zentrale, &account(1), Some(&State::new("Mittagspause-Text", round)))]).await.unwrap();
        let new = NewAgenda {
            instance: &zentrale,
            mailbox: &anna,
            read_at: at("2026-11-24T08:00:00Z"),
            reading: 1,
            agenda: &agenda,
        };
        store.save_agendas(&[new]).await.unwrap();
        check(&place.bytes(), "while running");
    }
    let backup = place.folder.path().join("copy.db");
    busylamp_store::backup(&place.path(), &backup).await.unwrap();
    check(&std::fs::read(&backup).unwrap(), "of the backup");
    store.close().await;
    check(&place.bytes(), "after closing");
}
