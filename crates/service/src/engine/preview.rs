//! What was read of an instance's users, for whoever decides by it what would be.

use std::sync::Arc;

use busylamp_core::{
    event::Agenda,
    ids::{AccountId, InstanceId, MailAddress},
    said::Said,
};
use jiff::tz::TimeZone;

use super::Engine;
use crate::config::InstanceConfig;

/// The users of an instance that runs, with their calendars.
pub(crate) struct Calendars {
    pub(crate) config: Arc<InstanceConfig>,
    /// The length at which the telephone system is known to cut texts.
    pub(crate) text_limit: Option<usize>,
    pub(crate) users: Vec<Member>,
}

/// A member of the group.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) account: AccountId,
    pub(crate) name: String,
    pub(crate) mail: Option<MailAddress>,
    /// The last reading, or why there is none.
    pub(crate) agenda: Result<Agenda, Said>,
    /// The mailbox's own, where it tells it.
    pub(crate) zone: Option<TimeZone>,
}

/// Why somebody has no calendar of whom the telephone system knows no address.
pub(crate) fn no_address() -> Said {
    Said::new(
        "der Benutzer hat in der Telefonanlage keine Mailadresse; tragen Sie dort die des Postfachs ein",
        "the user has no mail address in the telephone system; enter the mailbox's there",
    )
}

fn unread() -> Said {
    Said::new("der Kalender wurde noch nicht gelesen", "the calendar has not been read yet")
}

impl Engine {
    /// The users of an active instance with what was last read of them; `None` if it does not run or is not active.
    pub(super) fn calendars_of(&self, id: &InstanceId) -> Option<Calendars> {
        let instance = self.instances.get(id).filter(|instance| instance.is_active())?;
        let users = instance.membership.members().iter().filter_map(|account| {
            let user = instance.users.get(account)?;
            let mailbox = user.mail.as_ref().and_then(|mail| instance.mailboxes.get(mail));
            let agenda = match (mailbox, user.mail.is_some()) {
                (_, false) => Err(no_address()),
                (Some(mailbox), true) => match (&mailbox.agenda, &mailbox.trouble) {
                    (Some((agenda, _)), _) => Ok(agenda.clone()),
                    (None, Some(trouble)) => Err(trouble.advice().clone()),
                    (None, None) => Err(unread()),
                },
                (None, true) => Err(unread()),
            };
            Some(Member {
                account: account.clone(),
                name: user.name.clone(),
                mail: user.mail.clone(),
                agenda,
                zone: mailbox.and_then(|mailbox| mailbox.zone.clone()),
            })
        });
        let users = users.collect();
        Some(Calendars { config: Arc::clone(&instance.config), text_limit: instance.text_limit, users })
    }
}
