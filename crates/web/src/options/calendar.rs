//! The pages "Exchange" and "Microsoft Graph".

use super::{Choice, Field, Kind, Section, choice, text};

const SOURCES: [Choice; 4] = [
    choice("", "die eingeschaltete; bei beiden automatisch", "the one that is switched on; automatically with both"),
    choice("auto", "automatisch: wo das Postfach liegt", "automatically: where the mailbox is"),
    choice("graph", "Microsoft Graph", "Microsoft Graph"),
    choice("ews", "Exchange Server", "Exchange Server"),
];

const AUTHS: [Choice; 4] = [
    choice("ntlm", "NTLM (üblich)", "NTLM (usual)"),
    choice("negotiate", "Kerberos (Negotiate)", "Kerberos (Negotiate)"),
    choice("basic", "Basic", "Basic"),
    choice("oauth", "OAuth (Anwendung in Entra)", "OAuth (application in Entra)"),
];

const BINDINGS: [Choice; 2] = [
    choice("", "wie der Server es verlangt (üblich)", "as the server wants it (usual)"),
    choice("off", "nie", "never"),
];

const ACCESSES: [Choice; 4] = [
    choice("", "üblich: Ordner, bei OAuth Impersonation", "usual: folder, with OAuth impersonation"),
    choice("folder", "Recht auf jeden Kalenderordner", "permission on each calendar folder"),
    choice("impersonation", "Impersonation (Identitätswechsel)", "impersonation"),
    choice("free_busy", "nur Frei/Gebucht", "free/busy only"),
];

const CLOUDS: [Choice; 4] = [
    choice("", "weltweit (üblich)", "worldwide (usual)"),
    choice("us_gov", "US-Regierung (GCC High)", "US government (GCC High)"),
    choice("us_dod", "US-Verteidigung (DoD)", "US defence (DoD)"),
    choice("china", "China (21Vianet)", "China (21Vianet)"),
];

const PASSWORDS: &[&str] = &["basic", "ntlm", "negotiate"];

pub(super) const EXCHANGE: [Section; 3] = [
    Section {
        title: text("Exchange Server", "Exchange Server"),
        intro: Some(text(
            "Für Postfächer auf einem eigenen Exchange Server. Liegen alle in Microsoft 365, so bleibt dies ausgeschaltet.",
            "For mailboxes on an Exchange Server of your own. If all are in Microsoft 365 this stays off.",
        )),
        folded: false,
        fields: &[
            Field::new(
                "ews",
                Kind::Table,
                text("Kalender vom Exchange Server lesen", "Read calendars from an Exchange Server"),
                text(
                    "Zusammen mit Microsoft Graph wird jedes Postfach dort gelesen, wo es liegt.",
                    "Together with Microsoft Graph each mailbox is read where it is.",
                ),
            ),
            Field::new(
                "ews.url",
                Kind::Line { needed: true, example: "https://mail.example.com/EWS/Exchange.asmx" },
                text("URL", "URL"),
                text(
                    "Die Adresse der Exchange-Webdienste. Nur https; http allein für diesen Rechner selbst.",
                    "The address of Exchange Web Services. Only https; http for this machine alone.",
                ),
            ),
            Field::new(
                "ews.auth",
                Kind::Choice(&AUTHS),
                text("Anmeldung", "Authentication"),
                text(
                    "Bei NTLM und Kerberos geht das Kennwort nicht über die Leitung, bei Basic innerhalb von TLS.",
                    "With NTLM and Kerberos the password is not sent; with Basic it is, within TLS.",
                ),
            ),
            Field::new(
                "ews.user",
                Kind::Line { needed: true, example: "FIRMA\\busylamp" },
                text("Benutzername", "User name"),
                text(
                    "Das Dienstkonto, mit dem Kalender gelesen werden: DOMÄNE\\Name oder name@domäne.",
                    "The service account by which calendars are read: DOMAIN\\name or name@domain.",
                ),
            )
            .with("ews.auth", PASSWORDS),
            Field::new(
                "ews.password",
                Kind::Secret { needed: true },
                text("Kennwort", "Password"),
                text(
                    "Wird verschlüsselt aufbewahrt und nie wieder angezeigt. Ein abgelehntes wird nur einmal versucht, damit \
                     das Konto nicht gesperrt wird.",
                    "Kept encrypted and never shown again. One that is refused is tried only once, so that the account is \
                     not locked.",
                ),
            )
            .with("ews.auth", PASSWORDS),
            Field::new(
                "ews.password_expires",
                Kind::Date,
                text("Kennwort läuft ab am", "The password expires on"),
                text(
                    "Nur zur Erinnerung: Die Seite „Zustand“ warnt rechtzeitig vorher.",
                    "A reminder: the page “Health” warns in good time.",
                ),
            )
            .with("ews.auth", PASSWORDS),
            Field::new(
                "ews.channel_binding",
                Kind::Choice(&BINDINGS),
                text("Bindung an das Zertifikat", "Binding to the certificate"),
                text(
                    "„Erweiterter Schutz“. Abschalten nur, wenn zwischen Busylamp und Exchange ein Proxy TLS beendet.",
                    "“Extended Protection”. Switch it off only if a proxy between Busylamp and Exchange ends TLS.",
                ),
            )
            .with("ews.auth", &["ntlm", "negotiate"]),
            Field::new(
                "ews.kdc",
                Kind::Line { needed: false, example: "tcp://dc.example.com:88" },
                text("Kerberos-Server", "Kerberos server"),
                text("Leer: Er wird im DNS gesucht.", "Empty: it is looked up in DNS."),
            )
            .with("ews.auth", &["negotiate"]),
            Field::new(
                "ews.tenant",
                Kind::Line { needed: true, example: "contoso.onmicrosoft.com" },
                text("Verzeichnis-ID (Mandant)", "Directory (tenant) ID"),
                text("Aus der App-Registrierung in Microsoft Entra.", "From the app registration in Microsoft Entra."),
            )
            .with("ews.auth", &["oauth"]),
            Field::new(
                "ews.client_id",
                Kind::Line { needed: true, example: "00000000-0000-0000-0000-000000000000" },
                text("Anwendungs-ID (Client)", "Application (client) ID"),
                text("Aus der App-Registrierung in Microsoft Entra.", "From the app registration in Microsoft Entra."),
            )
            .with("ews.auth", &["oauth"]),
            Field::new(
                "ews.client_secret",
                Kind::Secret { needed: true },
                text("Geheimer Clientschlüssel", "Client secret"),
                text("Der Wert, nicht die ID des Schlüssels.", "The value, not the secret's ID."),
            )
            .with("ews.auth", &["oauth"]),
            Field::new(
                "ews.client_secret_expires",
                Kind::Date,
                text("Clientschlüssel läuft ab am", "The client secret expires on"),
                text(
                    "Nur zur Erinnerung: Die Seite „Zustand“ warnt rechtzeitig vorher.",
                    "A reminder: the page “Health” warns in good time.",
                ),
            )
            .with("ews.auth", &["oauth"]),
            Field::new(
                "ews.login",
                Kind::Line { needed: false, example: "https://login.microsoftonline.com" },
                text("Anmeldeadresse", "Sign-in address"),
                text("Leer: die von Microsoft.", "Empty: Microsoft's."),
            )
            .with("ews.auth", &["oauth"]),
        ],
    },
    Section {
        title: text("Rechte", "Rights"),
        intro: None,
        folded: false,
        fields: &[
            Field::new(
                "ews.access",
                Kind::Choice(&ACCESSES),
                text("Zugriff auf die Kalender", "Access to calendars"),
                text(
                    "Nur mit Frei/Gebucht gibt es weder Titel noch Schlüsselwörter: Es wirken allein die Aktionen der \
                     Arten von Terminen.",
                    "With free/busy alone there are neither titles nor keywords: only the actions of the kinds of events \
                     take effect.",
                ),
            ),
            Field::new(
                "ews.poll",
                Kind::Line { needed: true, example: "60s" },
                text("Änderungen abfragen alle", "Ask for changes every"),
                text(
                    "So lange kann es dauern, bis ein geänderter Termin wirkt. Beginn und Ende bekannter Termine wirken auf \
                     die Sekunde.",
                    "So long it can take until a changed event has its effect. Begin and end of known events are on time to \
                     the second.",
                ),
            ),
        ],
    },
    Section {
        title: text("Zertifikat", "Certificate"),
        intro: None,
        folded: false,
        fields: &[Field::new(
            "ews.trust",
            Kind::Trust,
            text("Welchem Zertifikat vertraut wird", "Which certificate is trusted"),
            text(
                "Nur nötig, wenn der Server ein eigenes Zertifikat hat. Vergleichen Sie den Fingerabdruck mit dem auf dem \
                 Server, bevor Sie ihm vertrauen.",
                "Needed only if the server has a certificate of its own. Compare the fingerprint with the one on the server \
                 before you trust it.",
            ),
        )],
    },
];

pub(super) const GRAPH: [Section; 3] = [
    Section {
        title: text("Microsoft Graph", "Microsoft Graph"),
        intro: Some(text(
            "Für Postfächer in Microsoft 365 (Exchange Online). Die App-Registrierung braucht die Anwendungsberechtigung \
             Calendars.Read.",
            "For mailboxes in Microsoft 365 (Exchange Online). The app registration needs the application permission \
             Calendars.Read.",
        )),
        folded: false,
        fields: &[
            Field::new(
                "graph",
                Kind::Table,
                text("Microsoft Graph verwenden", "Use Microsoft Graph"),
                text(
                    "Zusammen mit einem Exchange Server wird jedes Postfach dort gelesen, wo es liegt.",
                    "Together with an Exchange Server each mailbox is read where it is.",
                ),
            ),
            Field::new(
                "graph.client_id",
                Kind::Line { needed: true, example: "00000000-0000-0000-0000-000000000000" },
                text("Anwendungs-ID (Client)", "Application (client) ID"),
                text("Aus der App-Registrierung in Microsoft Entra.", "From the app registration in Microsoft Entra."),
            ),
            Field::new(
                "graph.tenant",
                Kind::Line { needed: true, example: "contoso.onmicrosoft.com" },
                text("Verzeichnis-ID (Mandant)", "Directory (tenant) ID"),
                text("Aus der App-Registrierung in Microsoft Entra.", "From the app registration in Microsoft Entra."),
            ),
            Field::new(
                "graph.client_secret",
                Kind::Secret { needed: false },
                text("Geheimer Clientschlüssel", "Client secret"),
                text(
                    "Der Wert, nicht die ID des Schlüssels. Entweder er oder ein Zertifikat. Er läuft ab: Tragen Sie das \
                     Datum ein, dann warnt Busylamp rechtzeitig.",
                    "The value, not the secret's ID. Either this or a certificate. It expires: enter the date, and Busylamp \
                     warns in good time.",
                ),
            ),
            Field::new(
                "graph.client_secret_expires",
                Kind::Date,
                text("Läuft ab am", "Expires on"),
                text(
                    "Nur zur Erinnerung: Die Seite „Zustand“ warnt rechtzeitig vorher.",
                    "A reminder: the page “Health” warns in good time.",
                ),
            ),
            Field::new(
                "graph.client_certificate",
                Kind::SecretText,
                text("Zertifikat mit Schlüssel (PEM)", "Certificate with key (PEM)"),
                text(
                    "An Stelle des Clientschlüssels: das Zertifikat, das in der App-Registrierung hochgeladen ist, mit seinem \
                     privaten Schlüssel.",
                    "In place of the client secret: the certificate that was uploaded in the app registration, with its \
                     private key.",
                ),
            ),
        ],
    },
    Section {
        title: text("Postfächer und Abfrage", "Mailboxes and polling"),
        intro: None,
        folded: true,
        fields: &[
            Field::new(
                "graph.poll",
                Kind::Line { needed: true, example: "30s" },
                text("Änderungen abfragen alle", "Ask for changes every"),
                text(
                    "So lange kann es dauern, bis ein geänderter Termin wirkt. Beginn und Ende bekannter Termine wirken auf \
                     die Sekunde.",
                    "So long it can take until a changed event has its effect. Begin and end of known events are on time to \
                     the second.",
                ),
            ),
            Field::new(
                "source",
                Kind::Choice(&SOURCES),
                text("Quelle der Kalender", "Source of calendars"),
                text(
                    "Von Belang nur, wenn Exchange Server und Microsoft Graph beide eingeschaltet sind.",
                    "It matters only if Exchange Server and Microsoft Graph are both switched on.",
                ),
            ),
            Field::new(
                "sources",
                Kind::Mailboxes,
                text("Ausnahmen", "Exceptions"),
                text(
                    "Eine je Zeile: anna@example.com = ews (oder graph, auto).",
                    "One a line: anna@example.com = ews (or graph, auto).",
                ),
            ),
        ],
    },
    Section {
        title: text("Andere Cloud, andere Adressen", "Another cloud, other addresses"),
        intro: Some(text("Fast immer bleibt hier alles, wie es ist.", "Almost always everything stays here as it is.")),
        folded: true,
        fields: &[
            Field::new(
                "graph.cloud",
                Kind::Choice(&CLOUDS),
                text("Cloud", "Cloud"),
                text(
                    "Bestimmt die Adressen, die unten leer bleiben.",
                    "Determines the addresses that are empty below.",
                ),
            ),
            Field::new(
                "graph.endpoint",
                Kind::Line { needed: false, example: "https://graph.microsoft.com/v1.0" },
                text("Adresse von Graph", "Address of Graph"),
                text("Leer: die der Cloud.", "Empty: the cloud's."),
            ),
            Field::new(
                "graph.login",
                Kind::Line { needed: false, example: "https://login.microsoftonline.com" },
                text("Anmeldeadresse", "Sign-in address"),
                text("Leer: die der Cloud.", "Empty: the cloud's."),
            ),
            Field::new(
                "graph.trust",
                Kind::Trust,
                text("Welchem Zertifikat vertraut wird", "Which certificate is trusted"),
                text(
                    "Nur nötig, wenn ein Proxy im Haus TLS aufbricht.",
                    "Needed only if a proxy in the house breaks TLS open.",
                ),
            ),
        ],
    },
];
