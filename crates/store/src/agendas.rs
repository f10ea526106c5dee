//! Agendas at rest: the last complete reading of each mailbox, so that a restart needs no network (8.3).

use busylamp_core::{
    event::Agenda,
    ids::{InstanceId, MailAddress},
};
use futures_util::TryStreamExt;
use jiff::Timestamp;

use crate::{
    Loaded, Store,
    document::{self, Format},
    error::StoreError,
    seal::Place,
    states::unknown_instance,
    time,
};

/// A complete reading of one mailbox, on its way to the store.
#[derive(Clone, Copy, Debug)]
pub struct NewAgenda<'a> {
    /// For which instance it was read.
    pub instance: &'a InstanceId,
    /// Whose calendar it is.
    pub mailbox: &'a MailAddress,
    /// When it was read.
    pub read_at: Timestamp,
    /// The fingerprint of the rules by which subjects were read, so that stricter ones are noticed after a restart
    /// (7.6).
    pub reading: u64,
    /// The events.
    pub agenda: &'a Agenda,
}

/// A reading as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAgenda {
    /// When it was read, in whole microseconds.
    pub read_at: Timestamp,
    /// The fingerprint of the rules by which its subjects were read.
    pub reading: u64,
    /// The events.
    pub agenda: Agenda,
}

impl Store {
    /// Keeps these readings in place of earlier ones, all or none.
    ///
    /// # Errors
    /// [`StoreError::UnknownInstance`] when one belongs to an instance that is not there.
    pub async fn save_agendas(&self, agendas: &[NewAgenda<'_>]) -> Result<(), StoreError> {
        if agendas.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for new in agendas {
            // Events are much alike: deflated they take about a tenth. Whoever could learn from the length would
            // need both the file and a hand in the calendar.
            let document = document::write(new.agenda, Format::DeflatedJson, "agenda")?;
            let sealed = self.sealer().seal(&place(&[new.instance.as_str(), new.mailbox.as_str()]), &document)?;
            sqlx::query(
                "INSERT INTO agendas (instance, mailbox, read_at, reading, sealed) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (instance, mailbox) DO UPDATE \
                 SET read_at = excluded.read_at, reading = excluded.reading, sealed = excluded.sealed",
            )
            .bind(new.instance.as_str())
            .bind(new.mailbox.as_str())
            .bind(time::to_column(new.read_at))
            .bind(new.reading.cast_signed())
            .bind(sealed)
            .execute(&mut *transaction)
            .await
            .map_err(|error| unknown_instance(error, new.instance))?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that these mailboxes were read again and nothing had changed. Mailboxes that are not kept are passed
    /// over.
    pub async fn confirm_agendas(
        &self,
        mailboxes: &[(&InstanceId, &MailAddress)],
        read_at: Timestamp,
    ) -> Result<(), StoreError> {
        if mailboxes.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for (instance, mailbox) in mailboxes {
            sqlx::query("UPDATE agendas SET read_at = $3 WHERE instance = $1 AND mailbox = $2")
                .bind(instance.as_str())
                .bind(mailbox.as_str())
                .bind(time::to_column(read_at))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// All readings that are kept for an instance. One that can't be read counts as none: the mailbox is read anew.
    pub async fn load_agendas(&self, instance: &InstanceId) -> Result<Loaded<MailAddress, StoredAgenda>, StoreError> {
        let mut loaded = Loaded::new();
        let mut rows = sqlx::query_as::<_, (String, i64, i64, Vec<u8>)>(
            "SELECT mailbox, read_at, reading, sealed FROM agendas WHERE instance = $1",
        )
        .bind(instance.as_str())
        .fetch(self.readers());
        while let Some((mailbox, read_at, reading, sealed)) = rows.try_next().await? {
            let agenda = self
                .sealer()
                .open(&place(&[instance.as_str(), &mailbox]), &sealed)
                .and_then(|document| document::read(&document));
            let stored = agenda.map(|agenda| StoredAgenda {
                read_at: time::from_column(read_at),
                reading: reading.cast_unsigned(),
                agenda,
            });
            loaded.add(MailAddress::from(mailbox), stored);
        }
        Ok(loaded)
    }

    /// Forgets the readings of these mailboxes, all or none.
    pub async fn delete_agendas(&self, mailboxes: &[(&InstanceId, &MailAddress)]) -> Result<(), StoreError> {
        if mailboxes.is_empty() {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        for (instance, mailbox) in mailboxes {
            sqlx::query("DELETE FROM agendas WHERE instance = $1 AND mailbox = $2")
                .bind(instance.as_str())
                .bind(mailbox.as_str())
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn place<'a>(row: &'a [&'a str]) -> Place<'a> {
    Place { table: "agendas", row, column: "sealed" }
}
