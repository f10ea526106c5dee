//! Busy lamp keys, looked at with some of the members: whether we may, and in which form keys are written here.

use busylamp_core::{
    check::{Name, Step},
    language::Language,
    said::Said,
};

use super::{fault, note, ok};
use crate::{
    PbxError, User,
    starface::{
        Starface,
        rest::keys::{self, Form, Text},
        steps,
    },
};

const NAME: Name = steps::KEYS;
/// How many members are looked at: nobody reads the keys of all for a check.
const LOOKED_AT: usize = 10;

impl Starface {
    pub(super) async fn key_steps(&self, members: &[User]) -> Vec<Step> {
        let (mut sets, mut lamps, mut phones) = (0, 0, 0);
        let mut lamp = None;
        let looked_at = members.len().min(LOOKED_AT);
        for user in members.iter().take(LOOKED_AT) {
            let found = async {
                let ids = keys::sets(&self.rest, &user.account).await?;
                let mut found = Vec::new();
                let mut shown = 0;
                for set in &ids {
                    found.extend(keys::lamps(&self.rest, &user.account, set).await?);
                    shown += keys::phones(&self.rest, &user.account, set).await?.len();
                }
                Ok::<_, crate::starface::failure::Failure>((ids.len(), found, shown))
            };
            match found.await {
                Ok((ids, found, shown)) => {
                    sets += ids;
                    lamps += found.len();
                    phones += shown;
                    lamp = lamp.or_else(|| found.into_iter().next());
                }
                // Labels are not what everybody wants.
                Err(failure) if matches!(failure.error, PbxError::Refused { .. }) => {
                    return vec![note(
                        NAME,
                        Said::new(
                            format!(
                                "Beschriftungen lassen sich nicht schreiben: {}",
                                failure.error.said().speak(Language::German)
                            ),
                            format!("labels can't be written: {}", failure.error),
                        ),
                    )];
                }
                Err(failure) => return vec![fault(NAME, &failure.error)],
            }
        }
        let mut steps = vec![ok(
            NAME,
            Said::new(
                format!(
                    "{lamps} Besetztlampenfelder in {sets} Tastensätzen auf {phones} Telefonen, bei den ersten {looked_at} \
                     Mitgliedern"
                ),
                format!("{lamps} busy lamp keys in {sets} sets on {phones} phones, of the first {looked_at} members"),
            ),
        )];
        if let Some(lamp) = lamp {
            let edit = Text::read(&self.rest, &lamp.place, Form::Edit).await;
            let flat = Text::read(&self.rest, &lamp.place, Form::Flat).await;
            let told = |form: Result<Option<Text>, _>| match form {
                Ok(Some(text)) if text.shows(&lamp.shows) => ("nennt", "tells"),
                Ok(_) => ("nennt nicht", "does not tell"),
                Err(_) => ("ist nicht zu lesen und nennt daher nicht", "can't be read, so it does not tell"),
            };
            let (flat, edit) = (told(flat), told(edit));
            steps.push(ok(
                steps::KEY_FORMS,
                Said::new(
                    format!("die flache Form {}, wen eine Taste anzeigt, die Bearbeitungsform {} es", flat.0, edit.0),
                    format!("the flat form {} whom a key shows, the edit form {} it", flat.1, edit.1),
                ),
            ));
        }
        steps
    }
}
