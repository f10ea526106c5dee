//! The page "actions".

use super::{Choice, Field, Kind, Section, choice, text};

const ACTIONS: [Choice; 3] = [
    choice("none", "keine Aktion", "no action"),
    choice("dnd", "Ruhe (DND)", "do not disturb (DND)"),
    choice("forward", "Anrufe weiterleiten", "forward calls"),
];

const MANUAL: [Choice; 2] = [
    choice("stand_back", "der Benutzer behält recht", "the user's choice stays"),
    choice("lead", "der Kalender führt", "the calendar leads"),
];

const DECLINED: [Choice; 2] = [
    choice("ignore", "zählen nicht", "don't count"),
    choice("keep", "zählen nach „Anzeigen als“", "count by “Show as”"),
];

pub(super) const SECTIONS: [Section; 4] = [
    Section {
        title: text("Aktion je „Anzeigen als“", "Action by “Show as”"),
        intro: Some(text(
            "Laufen mehrere Termine, entscheidet der wichtigste: Außer Haus vor Gebucht vor Mit Vorbehalt vor An anderem Ort \
             tätig vor Frei. „Ruhe“ auf der STARFACE löst eine Umleitung „nach Zeit“ sofort aus: Anrufer landen dann gleich \
             beim Umleitungsziel. „Anrufe weiterleiten“ schaltet die Umleitung „immer“ ein, die der Benutzer vorbereitet hat; \
             hat er keine mit Ziel, geschieht nichts, und sein Name wird gekennzeichnet.",
            "Of several running events the most important one decides: Out of office before Busy before Tentative before \
             Working elsewhere before Free. On STARFACE, do not disturb fires a diversion “on time-out” at once: callers reach \
             its destination immediately. “Forward calls” switches on the diversion “always” that the user has prepared; if \
             there is none with a destination nothing happens and the user is flagged.",
        )),
        folded: false,
        fields: &[
            Field::new(
                "policy.actions.free",
                Kind::Choice(&ACTIONS),
                text("Frei", "Free"),
                text(
                    "Meist „keine Aktion“: Ein freier Termin ist eine Notiz.",
                    "Mostly “no action”: a free event is a note.",
                ),
            ),
            Field::new(
                "policy.actions.tentative",
                Kind::Choice(&ACTIONS),
                text("Mit Vorbehalt", "Tentative"),
                text(
                    "Auch Einladungen, die noch nicht beantwortet sind, stehen so im Kalender: Was hier gewählt ist, bewirken auch sie.",
                    "Invitations without an answer are in the calendar like this too: they do what is chosen here as well.",
                ),
            ),
            Field::new(
                "policy.actions.busy",
                Kind::Choice(&ACTIONS),
                text("Gebucht", "Busy"),
                text(
                    "Die Art der meisten Termine: Was hier steht, tun die Telefone den Tag über am häufigsten.",
                    "The kind of most events: what is chosen here is what telephones do most during the day.",
                ),
            ),
            Field::new(
                "policy.actions.out_of_office",
                Kind::Choice(&ACTIONS),
                text("Außer Haus", "Out of office"),
                text(
                    "Auch ganztägig, etwa im Urlaub: dann von Mitternacht bis Mitternacht.",
                    "All day as well, such as on holiday: then from midnight to midnight.",
                ),
            ),
            Field::new(
                "policy.actions.working_elsewhere",
                Kind::Choice(&ACTIONS),
                text("An anderem Ort tätig", "Working elsewhere"),
                text(
                    "Wer so arbeitet, ist erreichbar, nur nicht am Platz: „Anrufe weiterleiten“ bringt Anrufe dorthin.",
                    "Whoever works like this can be reached, only not at the desk: “forward calls” takes calls there.",
                ),
            ),
        ],
    },
    Section {
        title: text("Reichweite", "Reach"),
        intro: None,
        folded: false,
        fields: &[Field::new(
            "policy.forward_internal_calls",
            Kind::Switch,
            text("Interne Anrufe weiterleiten", "Forward internal calls"),
            text(
                "Aus: Kollegen erreichen das Telefon weiterhin, nur Anrufe auf externe Nummern werden umgeleitet. Ein: alle.",
                "Off: colleagues still reach the telephone, only calls to external numbers are diverted. On: all are.",
            ),
        )],
    },
    Section {
        title: text("Während eines Termins", "During an event"),
        intro: None,
        folded: false,
        fields: &[
            Field::new(
                "policy.change_during_event",
                Kind::Switch,
                text("Status während eines Termins verändern", "Change the state during an event"),
                text(
                    "Ein: Das Telefon folgt zu jeder Zeit dem wichtigsten Termin. Aus: Was der erste Termin getan hat, gilt, \
                     bis er vorbei ist, auch wenn er geändert wird oder ein wichtigerer beginnt.",
                    "On: the telephone follows the most important event at all times. Off: what the first event has done holds \
                     until it is over, even if it is edited or a more important one begins.",
                ),
            ),
            Field::new(
                "policy.manual_change",
                Kind::Choice(&MANUAL),
                text("Wenn jemand am Telefon selbst umschaltet", "When somebody switches at the telephone"),
                text(
                    "„Der Benutzer behält recht“: Für die laufenden Termine bleibt es, wie er es will. „Der Kalender führt“: \
                     Busylamp schaltet zurück, und Menschen wundern sich über ihr Telefon.",
                    "“The user's choice stays”: it is as they want it for the events that run. “The calendar leads”: Busylamp \
                     switches back, and people wonder about their telephones.",
                ),
            ),
            Field::new(
                "policy.declined",
                Kind::Choice(&DECLINED),
                text("Abgelehnte Einladungen", "Declined invitations"),
                text(
                    "„Zählen nicht“: Was jemand abgelehnt hat, bewirkt nichts, auch wenn es noch im Kalender steht.",
                    "“Don't count”: what somebody has declined does nothing, even while it is still in the calendar.",
                ),
            ),
            Field::new(
                "policy.masked",
                Kind::Personal,
                text("„Persönlich“ wie „Privat“ behandeln", "Treat “personal” like “private”"),
                text(
                    "Titel privater und vertraulicher Termine erscheinen nie. Ein: auch die der persönlichen nicht.",
                    "Titles of private and confidential events never appear. On: those of personal ones don't either.",
                ),
            ),
        ],
    },
    Section {
        title: text("Eigene Schlüsselwörter", "Keywords of your own"),
        intro: Some(text(
            "Eines je Zeile, mit seinen runden Klammern, wie (Zen). Am Ende des Betreffs ersetzt es die Aktion der Art. Die \
             eingebauten gelten immer, deutsch und englisch.",
            "One a line, with its round brackets, like (Zen). At the end of a subject it replaces the kind's action. The \
             built-in ones always work, German and English.",
        )),
        folded: false,
        fields: &[
            Field::new(
                "policy.extra_keywords.dnd_on",
                Kind::Words,
                text("Ruhe ein", "Do not disturb on"),
                text(
                    "Wie (Ruhe): Das Telefon läutet während des Termins nicht.",
                    "Like (DND): the telephone does not ring during the event.",
                ),
            ),
            Field::new(
                "policy.extra_keywords.dnd_off",
                Kind::Words,
                text("Ruhe aus", "Do not disturb off"),
                text(
                    "Wie (Keine Ruhe): Auch eine Ruhe, die der Benutzer selbst eingeschaltet hat, ist während des Termins aus.",
                    "Like (No DND): do not disturb that the user had switched on is off during the event too.",
                ),
            ),
            Field::new(
                "policy.extra_keywords.forward_on",
                Kind::Words,
                text("Weiterleiten ein", "Forwarding on"),
                text(
                    "Wie (Anrufe weiterleiten): Die Umleitung „immer“, die der Benutzer vorbereitet hat, ist während des Termins an.",
                    "Like (Call forwarding): the diversion “always” that the user has prepared is on during the event.",
                ),
            ),
            Field::new(
                "policy.extra_keywords.forward_off",
                Kind::Words,
                text("Weiterleiten aus", "Forwarding off"),
                text(
                    "Wie (Keine Anrufe weiterleiten): Umleitungen „immer“ sind während des Termins aus, auch für interne Anrufe.",
                    "Like (No call forwarding): diversions “always” are off during the event, for internal calls too.",
                ),
            ),
            Field::new(
                "policy.extra_keywords.no_action",
                Kind::Words,
                text("Keine Aktion", "No action"),
                text(
                    "Wie (Keine Aktion): Das Telefon bleibt, wie es ist.",
                    "Like (No action): the telephone stays as it is.",
                ),
            ),
        ],
    },
];
