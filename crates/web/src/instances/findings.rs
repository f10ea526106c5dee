//! What a trial of a connection found, and which certificate a server shows.

use busylamp_core::{
    check::{Name, Step, Verdict},
    keeper::Flag,
    language::Language,
    said::Said,
};
use busylamp_service::{
    check::{CheckedUser, Findings, Walked},
    trial::{PbxTrial, ShownCertificate},
};

/// A trial, and what it found.
#[derive(Clone)]
pub(crate) struct Trial {
    /// Step by step.
    pub(crate) steps: Vec<StepView>,
    /// The groups of the telephone system, with the number of their members.
    pub(crate) groups: Vec<(String, Option<usize>)>,
    /// How many users can be followed, and of how many; with those that can't.
    pub(crate) users: Option<Users>,
}

/// The users of the group.
#[derive(Clone)]
pub(crate) struct Users {
    found: usize,
    all: usize,
    /// Name, what is in the way as a flag names it, advice.
    lost: Vec<(String, Option<Flag>, Said)>,
}

/// One step.
#[derive(Clone)]
pub(crate) struct StepView {
    through: Said,
    name: Name,
    verdict: Verdict,
}

/// The certificate that a server shows.
#[derive(Clone)]
pub(crate) struct Certificate {
    /// The option that it was asked for.
    pub(crate) key: &'static str,
    /// What was found, or why nothing was.
    pub(crate) shown: Result<ShownCertificate, Said>,
}

impl Trial {
    pub(crate) fn calendar(findings: Findings) -> Self {
        Self { steps: steps(findings.steps), groups: Vec::new(), users: None }
    }

    pub(crate) fn pbx(trial: PbxTrial) -> Self {
        let groups = trial.groups.into_iter().map(|group| (group.name, group.members)).collect();
        let step =
            |step: Step| StepView { through: Said::verbatim("STARFACE"), name: step.name, verdict: step.verdict };
        Self { steps: trial.steps.into_iter().map(step).collect(), groups, users: None }
    }

    pub(crate) fn all(findings: Findings) -> Self {
        let all = findings.users.len();
        let lost = |user: CheckedUser| user.trouble.map(|(flag, advice)| (user.name, flag, advice));
        let lost: Vec<_> = findings.users.into_iter().filter_map(lost).collect();
        Self {
            steps: steps(findings.steps),
            groups: Vec::new(),
            users: Some(Users { found: all - lost.len(), all, lost }),
        }
    }

    /// Whether nothing stands in the way of the connection.
    pub(crate) fn is_ok(&self) -> bool {
        self.steps.iter().all(|step| !matches!(step.verdict, Verdict::Fault(_)))
    }

    fn has_notes(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.verdict, Verdict::Note(_)))
    }

    pub(crate) fn view(&self, language: Language) -> TrialView {
        let lines = |of: fn(&Verdict) -> bool| {
            let steps = self.steps.iter().filter(|step| of(&step.verdict));
            steps.map(|step| step.line(language)).collect()
        };
        TrialView {
            class: if !self.is_ok() {
                "bad"
            } else if self.has_notes() {
                "warn"
            } else {
                "good"
            },
            headline: if !self.is_ok() {
                language.pick("So geht es noch nicht.", "It does not work yet.")
            } else if self.has_notes() {
                language.pick(
                    "Nichts steht im Weg; bitte die Hinweise lesen.",
                    "Nothing stands in the way; please read the notes.",
                )
            } else {
                language.pick("Die Verbindung steht.", "The connection works.")
            },
            told: lines(|verdict| !matches!(verdict, Verdict::Ok(_))),
            fine: lines(|verdict| matches!(verdict, Verdict::Ok(_))),
            fine_word: language.pick("Was in Ordnung ist", "What is fine"),
            users: self.users.as_ref().map(|users| users.summary(language)),
            lost: self.users.iter().flat_map(|users| users.lines(language)).collect(),
        }
    }
}

fn steps(walked: Vec<Walked>) -> Vec<StepView> {
    let view = |Walked { through, step }: Walked| StepView { through, name: step.name, verdict: step.verdict };
    walked.into_iter().map(view).collect()
}

/// A trial for people.
pub(crate) struct TrialView {
    pub(crate) class: &'static str,
    pub(crate) headline: &'static str,
    /// Faults and notes.
    pub(crate) told: Vec<Line>,
    /// All that is as it should be, to be unfolded.
    pub(crate) fine: Vec<Line>,
    pub(crate) fine_word: &'static str,
    pub(crate) users: Option<String>,
    pub(crate) lost: Vec<Lost>,
}

/// A step for people.
pub(crate) struct Line {
    pub(crate) class: &'static str,
    pub(crate) mark: &'static str,
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Users that can't be followed for the same reason.
pub(crate) struct Lost {
    pub(crate) names: String,
    pub(crate) why: &'static str,
    pub(crate) advice: String,
}

impl StepView {
    fn line(&self, language: Language) -> Line {
        let (class, mark, text) = match &self.verdict {
            Verdict::Ok(found) => ("good", language.pick("in Ordnung", "fine"), found),
            Verdict::Note(note) => ("warn", language.pick("Hinweis", "note"), note),
            Verdict::Fault(fault) => ("bad", language.pick("Fehler", "fault"), fault),
        };
        // The driver names its steps after itself.
        let (through, name) = (self.through.speak(language), self.name.speak(language));
        let name = match name.strip_prefix(through).map_or(name, str::trim_start) {
            "" => through.to_owned(),
            bare => format!("{through}: {bare}"),
        };
        Line { class, mark, name, text: text.speak(language).to_owned() }
    }
}

impl Users {
    /// "12 of 14 users found; 2 without a mailbox: Anna, Bert".
    fn summary(&self, language: Language) -> String {
        let Self { found, all, lost } = self;
        let mut summary =
            language.pick(format!("{found} von {all} Benutzern gefunden"), format!("{found} of {all} users found"));
        let mut reasons: Vec<&'static str> = lost.iter().map(|(_, flag, _)| why(*flag, language)).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let names =
                lost.iter().filter(|(_, flag, _)| why(*flag, language) == reason).map(|(name, ..)| name.as_str());
            let names: Vec<&str> = names.collect();
            summary.push_str(&format!("; {} {reason}: {}", names.len(), short(&names, language)));
        }
        summary.push('.');
        summary
    }

    /// Reason by reason, in the order in which they were met.
    fn lines(&self, language: Language) -> Vec<Lost> {
        let mut lines: Vec<Lost> = Vec::new();
        for (name, flag, advice) in self.lost.iter().take(LISTED) {
            let (why, advice) = (why(*flag, language), advice.speak(language));
            match lines.iter_mut().find(|line| line.why == why && line.advice == advice) {
                Some(line) => line.names += &format!(", {name}"),
                None => lines.push(Lost { names: name.clone(), why, advice: advice.to_owned() }),
            }
        }
        lines
    }
}

/// So many users that can't be followed are listed with advice.
const LISTED: usize = 100;
/// And so many are named in a sentence.
const NAMED: usize = 5;

fn short(names: &[&str], language: Language) -> String {
    let named = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => named,
        more => language.pick(format!("{named} und {more} weitere"), format!("{named} and {more} more")),
    }
}

/// "2 without a mailbox".
fn why(flag: Option<Flag>, language: Language) -> &'static str {
    let (german, english) = match flag {
        Some(Flag::MailboxNotFound) => ("ohne Postfach", "without a mailbox"),
        Some(Flag::NoMailAddress) => {
            ("ohne Mailadresse in der Anlage", "without a mail address in the telephone system")
        }
        Some(Flag::MailboxAccessDenied) => ("ohne Recht auf das Postfach", "without the right to read the mailbox"),
        Some(Flag::AmbiguousMailAddress) => ("mit mehrdeutiger Mailadresse", "with an ambiguous mail address"),
        _ => ("gerade nicht lesbar", "not readable at the moment"),
    };
    language.pick(german, english)
}

/// A certificate for people.
pub(crate) struct CertificateView {
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    /// Word and value.
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) fingerprint: Option<String>,
    pub(crate) advice: &'static str,
    pub(crate) detail: Option<String>,
}

impl Certificate {
    pub(crate) fn view(&self, language: Language) -> CertificateView {
        let title = language.pick("Zertifikat des Servers", "The server's certificate");
        let shown = match &self.shown {
            Ok(shown) => shown,
            Err(why) => {
                let advice = language.pick("Der Server hat keines gezeigt.", "The server has shown none.");
                let detail = Some(why.speak(language).to_owned());
                return CertificateView { key: self.key, title, facts: Vec::new(), fingerprint: None, advice, detail };
            }
        };
        let date = |at: jiff::Timestamp| at.strftime(language.pick("%d.%m.%Y", "%-d %b %Y")).to_string();
        CertificateView {
            key: self.key,
            title,
            facts: [
                (language.pick("Für", "For"), shown.subject.clone()),
                (language.pick("Ausgestellt von", "Issued by"), shown.issuer.clone()),
                (language.pick("Gültig bis", "Valid until"), shown.not_after.map(date)),
            ]
            .into_iter()
            .filter_map(|(word, value)| Some((word, value?)))
            .collect(),
            fingerprint: Some(shown.fingerprint.clone()),
            advice: if shown.untrusted.is_some() {
                language.pick(
                    "Dieser Rechner vertraut ihm nicht von selbst. Vergleichen Sie den Fingerabdruck mit dem auf dem Server; \
                     nur wenn beide gleich sind, vertrauen Sie ihm.",
                    "This machine does not trust it by itself. Compare the fingerprint with the one on the server; trust it \
                     only if both are the same.",
                )
            } else {
                language.pick(
                    "Dieser Rechner vertraut ihm schon; es ist nichts zu tun.",
                    "This machine trusts it already; there is nothing to do.",
                )
            },
            detail: shown.untrusted.as_ref().map(|why| why.speak(language).to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_lacks_the_same_stands_in_one_line() {
        let denied = || (Some(Flag::MailboxAccessDenied), Said::new("Geben Sie die Ordner frei.", "share the folders"));
        let lost = |name: &str, (flag, advice)| (name.to_owned(), flag, advice);
        let nobody = (Some(Flag::MailboxNotFound), Said::new("Legen Sie es an.", "create it"));
        let lost = vec![lost("Anna", denied()), lost("Bert", nobody), lost("Carla", denied())];
        let users = Users { found: 9, all: 12, lost };
        let lines = users.lines(Language::English);
        let lines: Vec<_> = lines.iter().map(|line| (line.names.as_str(), line.why, line.advice.as_str())).collect();
        assert_eq!(
            lines,
            [
                ("Anna, Carla", "without the right to read the mailbox", "share the folders"),
                ("Bert", "without a mailbox", "create it"),
            ]
        );
        let summary = users.summary(Language::German);
        assert!(summary.starts_with("9 von 12 Benutzern gefunden; ") && summary.contains("2 ohne Recht"), "{summary}");
    }
}
