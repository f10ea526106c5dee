//! The page "STARFACE".

use super::{Field, Kind, Section, text};

pub(super) const SECTIONS: [Section; 4] = [
    Section {
        title: text("Telefonanlage", "Telephone system"),
        intro: None,
        folded: false,
        fields: &[
            Field::new(
                "starface.url",
                Kind::Line { needed: true, example: "https://pbx.example.com" },
                text("URL", "URL"),
                text(
                    "Die Adresse der Verwaltung. Nur https; http allein für diesen Rechner selbst.",
                    "The address of its administration. Only https; http for this machine alone.",
                ),
            ),
            Field::new(
                "starface.login",
                Kind::Line { needed: true, example: "0001" },
                text("Login-ID", "Login ID"),
                text(
                    "Ein Benutzer nur für Busylamp, mit den Rechten eines Administrators; die Login-ID, nicht die \
                     Mailadresse.",
                    "A user for Busylamp only, with an administrator's rights; the login ID, not the mail address.",
                ),
            ),
            Field::new(
                "starface.password",
                Kind::Secret { needed: true },
                text("Kennwort", "Password"),
                text(
                    "Wird verschlüsselt aufbewahrt und nie wieder angezeigt. Ein abgelehntes wird nur einmal versucht, damit \
                     das Konto nicht gesperrt wird.",
                    "Kept encrypted and never shown again. One that is refused is tried only once, so that the account is \
                     not locked.",
                ),
            ),
            Field::new(
                "starface.password_expires",
                Kind::Date,
                text("Kennwort läuft ab am", "The password expires on"),
                text(
                    "Nur zur Erinnerung: Die Seite „Zustand“ warnt rechtzeitig vorher.",
                    "A reminder: the page “Health” warns in good time.",
                ),
            ),
            Field::new(
                "starface.client_secret",
                Kind::Secret { needed: false },
                text("Geheimnis der REST-API (ab Version 10)", "Secret of the REST API (from version 10)"),
                text(
                    "Steht in der Anlage unter Admin → Server → Status → REST-API. Leer bei den Versionen 7 bis 9.",
                    "It is shown by the system under Admin → Server → Status → REST-API. Empty with versions 7 to 9.",
                ),
            ),
        ],
    },
    Section {
        title: text("Brücke", "Bridge"),
        intro: Some(text(
            "Das Modul in der Anlage. Ohne die Brücke schaltet Busylamp nur Rufumleitungen und Beschriftungen; „Bitte nicht \
             stören“, Chat-Status und Statustext brauchen sie.",
            "The module in the telephone system. Without the bridge Busylamp only switches diversions and labels; do not \
             disturb, chat presence and status text need it.",
        )),
        folded: false,
        fields: &[
            Field::new(
                "starface.bridge",
                Kind::Table,
                text("Brücke verwenden", "Use the bridge"),
                text(
                    "Einschalten, sobald das Modul in der Anlage installiert ist.",
                    "Switch it on once the module is installed in the telephone system.",
                ),
            ),
            Field::new(
                "starface.bridge.instance",
                Kind::Line { needed: true, example: "busylamp" },
                text("Name der Modulinstanz", "Name of the module's instance"),
                text("Wie sie in der Anlage heißt.", "As it is called in the telephone system."),
            ),
            Field::new(
                "starface.bridge.key",
                Kind::Secret { needed: true },
                text("Schlüssel der Brücke", "The bridge's key"),
                text("Derselbe wie in der Konfiguration des Moduls.", "The same as in the module's configuration."),
            ),
        ],
    },
    Section {
        title: text("Gruppe", "Group"),
        intro: None,
        folded: false,
        fields: &[Field::new(
            "starface.group",
            Kind::Line { needed: true, example: "Kalender" },
            text("Gruppe der Benutzer", "Group of users"),
            text(
                "Die Telefone aller, die dieser Gruppe zugeordnet sind, folgen ihren Kalendern. Wer sie verlässt, bekommt \
                 seinen Zustand zurück, ohne Neustart.",
                "The telephones of all who are assigned to this group follow their calendars. Whoever leaves it gets their \
                 state back, without a restart.",
            ),
        )],
    },
    Section {
        title: text("Zertifikat", "Certificate"),
        intro: None,
        folded: false,
        fields: &[Field::new(
            "starface.trust",
            Kind::Trust,
            text("Welchem Zertifikat vertraut wird", "Which certificate is trusted"),
            text(
                "Nur nötig, wenn die Anlage ein eigenes Zertifikat hat. Vergleichen Sie den Fingerabdruck mit dem auf der \
                 Anlage, bevor Sie ihm vertrauen.",
                "Needed only if the telephone system has a certificate of its own. Compare the fingerprint with the one on \
                 the system before you trust it.",
            ),
        )],
    },
];
