//! The page "chat status".

use super::{Choice, Field, Kind, Section, choice, text};

const PRESENCES: [Choice; 7] = [
    choice("leave", "nicht verändern", "leave as it is"),
    choice("available", "Verfügbar", "Available"),
    choice("away", "Abwesend", "Away"),
    choice("extended_away", "Länger abwesend", "Extended away"),
    choice("do_not_disturb", "Nicht stören", "Do not disturb"),
    choice("free_for_chat", "Bereit zum Chatten", "Free for chat"),
    choice("unavailable", "Abgemeldet", "Logged off"),
];

pub(super) const SECTIONS: [Section; 4] = [
    Section {
        title: text("Chat-Status", "Chat presence"),
        intro: None,
        folded: false,
        fields: &[
            Field::new(
                "policy.set_presence",
                Kind::Switch,
                text("Chat-Status setzen", "Set the chat presence"),
                text(
                    "Der wichtigste Termin bestimmt, was Kollegen sehen. Ohne Termin gilt wieder der eigene Status.",
                    "The most important event determines what colleagues see. Without an event the user's own presence is back.",
                ),
            ),
            Field::new(
                "policy.presences.free",
                Kind::Choice(&PRESENCES),
                text("Frei", "Free"),
                text(
                    "Wer abgemeldet ist, wird nie als verfügbar gezeigt.",
                    "Who is logged off is never shown as available.",
                ),
            ),
            Field::new(
                "policy.presences.tentative",
                Kind::Choice(&PRESENCES),
                text("Mit Vorbehalt", "Tentative"),
                text(
                    "Kollegen sehen das auch während Einladungen, die noch nicht beantwortet sind.",
                    "Colleagues see that during invitations without an answer too.",
                ),
            ),
            Field::new(
                "policy.presences.busy",
                Kind::Choice(&PRESENCES),
                text("Gebucht", "Busy"),
                text(
                    "Der Status im Chat; ob das Telefon läutet, steht unter „Aktionen“.",
                    "The presence in the chat; whether the telephone rings is set under “Actions”.",
                ),
            ),
            Field::new(
                "policy.presences.out_of_office",
                Kind::Choice(&PRESENCES),
                text("Außer Haus", "Out of office"),
                text(
                    "Kollegen sehen das auch bei ganztägigen Terminen, etwa im Urlaub.",
                    "Colleagues see that during all-day events too, such as on holiday.",
                ),
            ),
            Field::new(
                "policy.presences.working_elsewhere",
                Kind::Choice(&PRESENCES),
                text("An anderem Ort tätig", "Working elsewhere"),
                text("Wer so arbeitet, ist meist verfügbar.", "Whoever works like this is mostly available."),
            ),
        ],
    },
    Section {
        title: text("Wer führt", "Who leads"),
        intro: None,
        folded: false,
        fields: &[
            Field::new(
                "policy.lead",
                Kind::Switch,
                text("Status nicht überschreiben (der Kalender führt)", "The calendar leads over what people choose"),
                text(
                    "Aus: Busylamp setzt Status und Text nur, solange der eigene \
                     Status neutral ist, nämlich verfügbar oder abgemeldet; wer selbst „Nicht stören“ wählt, behält das. Ein: \
                     Busylamp setzt sich immer durch, auch gegen eine Wahl, die jemand während des Termins trifft.",
                    "Off: Busylamp sets presence and text only as long as the \
                     user's own presence is neutral, that is, available or logged off; whoever chooses “do not disturb” keeps \
                     it. On: Busylamp always has its way, even over a choice that somebody makes during the event.",
                ),
            ),
            Field::new(
                "policy.ignore_away",
                Kind::Switch,
                text("„Abwesend“ gilt als neutral", "“Away” counts as neutral"),
                text(
                    "Sinnvoll, wenn Programme von selbst auf „Abwesend“ stellen, sobald jemand die Maus nicht bewegt.",
                    "Useful if programs switch to “away” by themselves as soon as somebody does not move the mouse.",
                ),
            ),
            Field::new(
                "policy.keep_on_deactivate",
                Kind::Switch,
                text("Benutzerstatus nicht zurücksetzen", "Do not reset users' presence"),
                text(
                    "Ein: Wird die Instanz deaktiviert, bleiben Status, Text und Beschriftungen stehen. Ruhe und Umleitungen \
                     werden in jedem Fall zurückgegeben.",
                    "On: when the instance is deactivated, presence, text and labels stay as they are. Do not disturb and \
                     diversions are given back in any case.",
                ),
            ),
        ],
    },
    Section {
        title: text("Statustext", "Status text"),
        intro: Some(text(
            "Den Statustext sehen alle Kollegen. Titel privater und vertraulicher Termine stehen nie darin.",
            "All colleagues see the status text. Titles of private and confidential events are never in it.",
        )),
        folded: false,
        fields: &[
            Field::new(
                "policy.title_as_text",
                Kind::Switch,
                text("Titel des Termins als Statustext", "The event's title as status text"),
                text(
                    "Ein: Alle Kollegen lesen, worum es geht, etwa „Jour fixe“. Aus: Titel werden gar nicht erst aufbewahrt.",
                    "On: all colleagues read what it is about, such as “Jour fixe”. Off: titles are not even kept.",
                ),
            ),
            Field::new(
                "policy.show_begin",
                Kind::Switch,
                text("Beginn anzeigen", "Show the begin"),
                text("Etwa „ab 09:00“.", "Such as “from 09:00”."),
            ),
            Field::new(
                "policy.show_end",
                Kind::Switch,
                text("Ende anzeigen", "Show the end"),
                text(
                    "Etwa „bis 10:30“. Meist das Nützlichste: Anrufer wissen, wann es wieder geht.",
                    "Such as “until 10:30”. Mostly the most useful: callers know when to try again.",
                ),
            ),
            Field::new(
                "policy.show_duration",
                Kind::Switch,
                text("Dauer anzeigen", "Show the duration"),
                text(
                    "Etwa „1 Std. 30 Min.“; sie zählt nicht herunter.",
                    "Such as “1 h 30 min”; it does not count down.",
                ),
            ),
            Field::new(
                "policy.no_text_when_free",
                Kind::Switch,
                text("Kein Statustext bei „Frei“", "No status text with “free”"),
                text("Ein: Freie Termine hinterlassen keinen Text.", "On: free events leave no text."),
            ),
            Field::new(
                "policy.join_parallel_titles",
                Kind::Switch,
                text("Titel gleichzeitiger Termine verbinden", "Join the titles of parallel events"),
                text(
                    "Ein: Alle laufenden Termine, durch Komma getrennt, der wichtigste zuerst. Wirkt nur zusammen mit dem Titel.",
                    "On: all running events, separated by commas, the most important first. It needs the title.",
                ),
            ),
            Field::new(
                "policy.mask_word",
                Kind::Line { needed: false, example: "" },
                text("Wort für private Termine", "Word for private events"),
                text(
                    "Steht an Stelle des Titels, höchstens 40 Zeichen. Leer: „Privat“.",
                    "It stands in place of the title, at most 40 characters. Empty: “Private”.",
                ),
            ),
            Field::new(
                "policy.max_text_length",
                Kind::Number { least: 80, most: 512 },
                text("Längster Statustext (Zeichen)", "Longest status text (characters)"),
                text(
                    "80 bis 512. Gekürzt wird der Titel, nie die Zeitangabe.",
                    "80 to 512. The title is cut, never the times.",
                ),
            ),
        ],
    },
    Section {
        title: text("Busy-Lamp-Tasten", "Busy lamp keys"),
        intro: None,
        folded: false,
        fields: &[Field::new(
            "policy.blf_labels",
            Kind::Switch,
            text("Text auch in die Beschriftung der Tasten", "The text also into the labels of keys"),
            text(
                "Auf den Telefonen der Kollegen steht dann „Anna · Jour fixe“ auf der Taste. Eine Beschriftung, die jemand \
                 während des Termins ändert, bleibt, wie er es will.",
                "On colleagues' telephones the key then reads “Anna · Jour fixe”. A label that somebody changes during the \
                 event stays as they want it.",
            ),
        )],
    },
];
