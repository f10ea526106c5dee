//! Fields as they stand on a page: what a draft holds, with help and what is wrong.

use busylamp_core::{format::refusal::Refusal, language::Language, said::Said};
use serde_json::Value;

use super::draft::Draft;
use crate::options::{Choice, Field, Kind, Section, Tab, at};

/// A part of a form.
pub(crate) struct SectionView {
    pub(crate) title: &'static str,
    pub(crate) intro: Option<&'static str>,
    pub(crate) folded: bool,
    pub(crate) fields: Vec<FieldView>,
    /// Shown only while this table is switched on, and its own switch is elsewhere.
    pub(crate) table: Option<&'static str>,
}

/// One field.
pub(crate) struct FieldView {
    pub(crate) key: &'static str,
    pub(crate) id: String,
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
    pub(crate) problem: Option<Problem>,
    /// What describes it, by id.
    pub(crate) described: String,
    pub(crate) table: Option<&'static str>,
    /// The option that it goes with.
    pub(crate) with: Option<&'static str>,
    /// The values of that option, as classes.
    pub(crate) classes: String,
    /// Whether the secret is set, if it is one.
    pub(crate) secret: Option<bool>,
    pub(crate) control: Control,
    pub(crate) words: &'static Words,
}

/// What is wrong with what was typed.
#[derive(Clone)]
pub(crate) struct Problem {
    /// In the page's language.
    pub(crate) text: String,
    /// What the program says about it.
    pub(crate) detail: Option<String>,
}

/// What is typed into.
pub(crate) enum Control {
    Line { value: String, example: &'static str, zones: bool },
    Area { value: String },
    Switch { on: bool },
    Choice { options: Vec<(&'static str, &'static str, bool)> },
    Number { value: String, least: u64, most: u64 },
    Date { value: String },
    Secret { set: bool, optional: bool },
    SecretArea { set: bool },
    Trust { chosen: &'static str, pin: String, set: bool },
}

/// Words around fields.
pub(crate) struct Words {
    pub(crate) is_set: &'static str,
    pub(crate) is_not_set: &'static str,
    pub(crate) keeps: &'static str,
    pub(crate) forget: &'static str,
    pub(crate) system: &'static str,
    pub(crate) pin: &'static str,
    pub(crate) pin_label: &'static str,
    pub(crate) authority: &'static str,
    pub(crate) pem_label: &'static str,
    pub(crate) show_certificate: &'static str,
}

const GERMAN: Words = Words {
    is_set: "ist gesetzt",
    is_not_set: "ist nicht gesetzt",
    keeps: "Leer lassen, um es zu behalten",
    forget: "Entfernen",
    system: "Zertifikate, denen dieser Rechner vertraut (üblich)",
    pin: "nur dieses eine Zertifikat",
    pin_label: "Fingerabdruck (sha256:…)",
    authority: "Zertifikate dieser eigenen Zertifizierungsstelle",
    pem_label: "Zertifikat der Stelle (PEM)",
    show_certificate: "Zertifikat des Servers anzeigen",
};

const ENGLISH: Words = Words {
    is_set: "is set",
    is_not_set: "is not set",
    keeps: "Leave empty to keep it",
    forget: "Remove",
    system: "Certificates that this machine trusts (usual)",
    pin: "this one certificate only",
    pin_label: "Fingerprint (sha256:…)",
    authority: "certificates of this authority of our own",
    pem_label: "The authority's certificate (PEM)",
    show_certificate: "Show the server's certificate",
};

impl Words {
    pub(crate) fn of(language: Language) -> &'static Self {
        language.pick(&GERMAN, &ENGLISH)
    }
}

/// A place and what is wrong there.
#[derive(Clone)]
pub(crate) struct Wrong {
    pub(crate) tab: Tab,
    pub(crate) key: &'static str,
    pub(crate) problem: Problem,
}

impl Wrong {
    /// A sentence about a field.
    pub(crate) fn at(key: &'static str, text: &str) -> Self {
        let tab = at(key).map_or(Tab::General, |(tab, _)| tab);
        Self { tab, key, problem: Problem { text: text.to_owned(), detail: None } }
    }

    /// A field that has to have a value.
    pub(crate) fn missing(field: &'static Field, language: Language) -> Self {
        Self::at(field.key, language.pick("Hier fehlt etwas.", "Something is missing here."))
    }

    /// A field with something unfit in it.
    pub(crate) fn unfit(field: &'static Field, language: Language) -> Self {
        Self::at(field.key, &unfit(field, language))
    }

    /// A field that a refusal is about. `None` if it is about none that the pages know.
    pub(crate) fn refused(refusal: &Refusal, language: Language) -> Option<Self> {
        // The list of own keywords is refused as one; which of them it was stands in front.
        let inner = refusal.problem.speak(Language::English).split(':').next().unwrap_or_default();
        let (tab, field) = at(&refusal.place).or_else(|| at(&format!("{}.{inner}", refusal.place)))?;
        let text = unfit(field, language);
        Some(Self { tab, key: field.key, problem: Problem { text, detail: detail(&refusal.problem, language) } })
    }
}

/// What the program says. Of what a library says in English a German page shows what was typed, if it is quoted there.
fn detail(problem: &Said, language: Language) -> Option<String> {
    let said = problem.speak(language);
    match language {
        Language::German if problem.is_verbatim() => said.split('`').nth(1).map(|typed| format!("„{typed}“")),
        Language::German | Language::English => Some(said.to_owned()),
    }
}

/// What would be right, by the kind of field.
fn unfit(field: &Field, language: Language) -> String {
    match &field.kind {
        Kind::Number { least, most } => {
            language.pick(format!("Erwartet wird eine Zahl von {least} bis {most}."), format!("A number from {least} to {most} is expected."))
        }
        Kind::Words => language
            .pick(
                "Jedes Schlüsselwort steht in runden Klammern, hat keine weiteren darin und kommt nur einmal vor; eingebaute sind vergeben.",
                "Each keyword stands in round brackets, has none inside, and is given only once; the built-in ones are taken.",
            )
            .to_owned(),
        Kind::Zone => language
            .pick("Diese Zeitzone ist nicht bekannt. Üblich ist Europe/Berlin.", "This time zone is not known. Usual is Europe/Berlin.")
            .to_owned(),
        Kind::Line { example, .. } if !example.is_empty() => {
            language.pick(format!("So geht es nicht. Richtig wäre etwa: {example}"), format!("This will not do. Right would be, say: {example}"))
        }
        Kind::Secret { .. } | Kind::SecretText => language
            .pick(
                "Bitte eingeben. Ein Geheimnis geht nur an den Server, für den es eingegeben wurde.",
                "Please enter it. A secret is sent to no other server than the one it was entered for.",
            )
            .to_owned(),
        Kind::Line { .. }
        | Kind::Mailboxes
        | Kind::Switch
        | Kind::Personal
        | Kind::Choice(_)
        | Kind::Date
        | Kind::Table
        | Kind::Trust => language.pick("So geht es nicht.", "This will not do.").to_owned(),
    }
}

/// A section with the values of a draft.
pub(crate) fn section(
    section: &'static Section,
    draft: &Draft,
    wrong: Option<&Wrong>,
    language: Language,
) -> SectionView {
    let at_fault = wrong.is_some_and(|wrong| section.fields.iter().any(|field| field.key == wrong.key));
    SectionView {
        title: section.title.get(language),
        intro: section.intro.map(|intro| intro.get(language)),
        folded: section.folded && !at_fault,
        fields: section.fields.iter().map(|field| view(field, draft, wrong, language)).collect(),
        table: common_table(section),
    }
}

/// The table that all fields of a section stand in.
fn common_table(section: &Section) -> Option<&'static str> {
    let first = section.fields.first()?.table()?;
    section.fields.iter().all(|field| field.table() == Some(first)).then_some(first)
}

/// A field with its value of a draft.
pub(crate) fn view(field: &'static Field, draft: &Draft, wrong: Option<&Wrong>, language: Language) -> FieldView {
    let id = field.key.replace('.', "-");
    let problem = wrong.filter(|wrong| wrong.key == field.key).map(|wrong| wrong.problem.clone());
    let mut described = format!("{id}-hint");
    if problem.is_some() {
        described.push_str(&format!(" {id}-error"));
    }
    let with = field.with.map(|with| with.key);
    let classes = field.with.map_or_else(String::new, |with| {
        with.values.iter().fold(String::new(), |classes, value| classes + " with-" + value)
    });
    FieldView {
        key: field.key,
        label: field.label.get(language),
        help: field.help.get(language),
        problem,
        described,
        table: field.table(),
        with,
        classes,
        secret: secret(field, draft),
        control: control(field, draft, language),
        words: Words::of(language),
        id,
    }
}

fn secret(field: &Field, draft: &Draft) -> Option<bool> {
    let secret = matches!(field.kind, Kind::Secret { .. } | Kind::SecretText);
    // Of an authority's certificate nothing is said until there is one.
    let authority = matches!(field.kind, Kind::Trust) && draft.has_secret(field.key);
    (secret || authority).then(|| draft.has_secret(field.key))
}

fn control(field: &'static Field, draft: &Draft, language: Language) -> Control {
    let value = || text_of(draft.get(field.key));
    match &field.kind {
        Kind::Line { example, .. } => Control::Line { value: value(), example, zones: false },
        Kind::Zone => Control::Line { value: value(), example: "Europe/Berlin", zones: true },
        Kind::Words | Kind::Mailboxes => Control::Area { value: value() },
        Kind::Switch => Control::Switch { on: draft.get(field.key).and_then(Value::as_bool).unwrap_or_default() },
        Kind::Personal => Control::Switch { on: value().lines().any(|word| word == "personal") },
        Kind::Choice(choices) => Control::Choice { options: options(choices, &value(), language) },
        Kind::Number { least, most } => Control::Number { value: value(), least: *least, most: *most },
        Kind::Date => Control::Date { value: value() },
        Kind::Secret { needed } => Control::Secret { set: draft.has_secret(field.key), optional: !needed },
        Kind::SecretText => Control::SecretArea { set: draft.has_secret(field.key) },
        Kind::Table => Control::Switch { on: draft.has_table(field.key) },
        Kind::Trust => {
            let trust = draft.get(field.key);
            let pin = trust.and_then(|trust| trust.get("pin"));
            let chosen = match (pin, trust) {
                (Some(_), _) => "pin",
                (None, Some(_)) => "authority",
                (None, None) => "",
            };
            Control::Trust { chosen, pin: text_of(pin), set: draft.has_secret(field.key) }
        }
    }
}

fn options(choices: &'static [Choice], chosen: &str, language: Language) -> Vec<(&'static str, &'static str, bool)> {
    choices.iter().map(|choice| (choice.value, choice.label.get(language), choice.value == chosen)).collect()
}

/// A value as it is typed: lists and tables one entry a line.
fn text_of(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => list.iter().map(|entry| text_of(Some(entry))).collect::<Vec<_>>().join("\n"),
        Some(Value::Object(table)) => {
            let line = |(key, value): (&String, &Value)| format!("{key} = {}", text_of(Some(value)));
            table.iter().map(line).collect::<Vec<_>>().join("\n")
        }
        Some(other) => other.to_string(),
    }
}

/// The labels of options, page by page.
pub(crate) fn labels<'f>(fields: impl Iterator<Item = &'f Field>, language: Language) -> String {
    let changed: Vec<&Field> = fields.collect();
    let of = |tab: Tab| {
        let on_it = |field: &&&Field| tab.fields().any(|other| other.key == field.key);
        let labels: Vec<&str> = changed.iter().filter(on_it).map(|field| field.label.get(language)).collect();
        (!labels.is_empty()).then(|| format!("{}: {}", tab.title().get(language), labels.join(", ")))
    };
    Tab::ALL.into_iter().filter_map(of).collect::<Vec<_>>().join("; ")
}
