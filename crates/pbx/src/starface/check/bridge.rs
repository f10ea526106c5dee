//! The bridge and what it found on its PBX.

use busylamp_core::{
    check::{Step, Verdict},
    said::Said,
};

use super::{fault, note, ok};
use crate::{
    User,
    starface::{
        Starface,
        bridge::{
            Bridge,
            message::{Events, Info, MAX_RECORDS},
        },
        failure::Failure,
        steps,
    },
};

impl Starface {
    pub(super) async fn bridge_steps(
        &self,
        bridge: &Bridge,
        info: Result<Info, Failure>,
        members: &[User],
    ) -> Vec<Step> {
        let info = match info {
            Ok(info) => info,
            Err(failure) => return vec![fault(steps::BRIDGE, &failure.error)],
        };
        let can: Vec<&str> = info.can.iter().map(String::as_str).collect();
        let mut steps = vec![ok(steps::BRIDGE, {
            let can = can.join(", ");
            Said::new(
                format!("Version {}; sie kann {can}", info.bridge),
                format!("version {}; it can {can}", info.bridge),
            )
        })];
        match bridge.describe().await {
            Ok(lines) => steps.extend(lines.into_iter().map(|line| ok(steps::BRIDGE_FOUND, Said::verbatim(line)))),
            Err(failure) => steps.push(note(steps::BRIDGE_FOUND, failure.error.said())),
        }
        steps.push(match states(bridge, members).await {
            Ok((told, dnd, presence, text)) => ok(
                steps::STATES,
                Said::new(
                    format!(
                        "von {} Mitgliedern kennt die Brücke {told}: Nicht stören von {dnd}, die Präsenz von {presence}, \
                         den Text von {text}",
                        members.len()
                    ),
                    format!(
                        "of {} members the bridge tells {told}: do not disturb of {dnd}, presence of {presence}, text of \
                         {text}",
                        members.len()
                    ),
                ),
            ),
            Err(failure) => fault(steps::STATES, &failure.error),
        });
        if info.can.contains("events") {
            let heard = async {
                let cursor = self.begin_hearing(bridge).await?;
                bridge.events(&cursor, 0).await
            };
            steps.push(match heard.await {
                Ok(Events::Changed { .. }) => {
                    ok(steps::EVENTS, Said::new("die Brücke meldet Änderungen", "the bridge tells of changes"))
                }
                Ok(Events::Lost) => Step::new(
                    steps::EVENTS,
                    Verdict::Fault(Said::new(
                        "die Brücke hat ihre Meldungen verloren; wird sie gerade neu gestartet?",
                        "the bridge has lost its events; is it being restarted?",
                    )),
                ),
                Err(failure) => fault(steps::EVENTS, &failure.error),
            });
        }
        steps
    }
}

/// Of how many users the bridge tells something, and each of the three.
async fn states(bridge: &Bridge, members: &[User]) -> Result<(usize, usize, usize, usize), Failure> {
    let accounts: Vec<_> = members.iter().map(|user| user.account.clone()).collect();
    let (mut told, mut dnd, mut presence, mut text) = (0, 0, 0, 0);
    for some in accounts.chunks(MAX_RECORDS) {
        for state in bridge.states(some).await?.users.into_values().flatten() {
            told += 1;
            dnd += usize::from(state.dnd.is_some());
            presence += usize::from(state.presence.is_some());
            text += usize::from(state.text.is_some());
        }
    }
    Ok((told, dnd, presence, text))
}
