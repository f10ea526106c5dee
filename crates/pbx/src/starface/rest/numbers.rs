//! Which numbers are whose: asked of the PBX, and remembered until the directory is read again.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use busylamp_core::{account::NumberClass, check::Name, ids::AccountId};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{
    Id, Rest,
    number_class::{OwnNumber, Parts, classify},
    what,
};
use crate::{PbxError, starface::failure::Failure};

/// A number of the PBX. (Swagger, `PhoneNumber`)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhoneNumber {
    id: Id,
    #[serde(default)]
    number: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    national_prefix: Option<String>,
    local_prefix: Option<String>,
    exit_code: Option<String>,
    assigned_user_account_id: Option<Id>,
}

/// A number's assignment to a user. (Swagger, `PhoneNumberAssignment`)
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assignment {
    phone_number_id: Id,
}

/// A number and whose it is as far as the list says.
struct Listed {
    number: OwnNumber,
    owner: Option<AccountId>,
}

type Table = BTreeMap<String, Listed>;

/// The numbers, remembered.
#[derive(Default)]
pub(crate) struct Numbers {
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    table: Option<Arc<Table>>,
    assigned: BTreeMap<AccountId, Arc<BTreeSet<String>>>,
}

impl Numbers {
    /// Forgets all: the next question is asked anew.
    pub(crate) async fn forget(&self) {
        *self.memory.lock().await = Memory::default();
    }

    /// How many numbers are assigned, for checks.
    pub(crate) async fn count(&self, rest: &Rest) -> Result<usize, Failure> {
        Ok(self.table(rest).await?.len())
    }

    /// The classes of the numbers that this user's diversions are for.
    ///
    /// What the PBX does not tell us is [`NumberClass::Unknown`]; an error means that it could not be asked this
    /// time, so that a passing fault changes no class.
    pub(crate) async fn classes(
        &self,
        rest: &Rest,
        account: &AccountId,
        called: &[&str],
    ) -> Result<Vec<NumberClass>, Failure> {
        if called.is_empty() {
            return Ok(Vec::new());
        }
        let table = self.table(rest).await?;
        let listed = table.values().filter(|listed| listed.owner.as_ref() == Some(account));
        let own: Vec<OwnNumber> = listed.map(|listed| listed.number.clone()).collect();
        let classes = classify(&own, called);
        if !classes.contains(&NumberClass::Unknown) {
            return Ok(classes);
        }
        // The list names one owner of a number at most; a user's own list is the authority but costs a call each.
        let assigned = self.assigned(rest, account).await?;
        let listed =
            table.iter().filter(|(id, listed)| assigned.contains(*id) || listed.owner.as_ref() == Some(account));
        let own: Vec<OwnNumber> = listed.map(|(_, listed)| listed.number.clone()).collect();
        Ok(classify(&own, called))
    }

    /// The list of all assigned numbers; one request at a time asks for it.
    async fn table(&self, rest: &Rest) -> Result<Arc<Table>, Failure> {
        let mut memory = self.memory.lock().await;
        if let Some(table) = &memory.table {
            return Ok(Arc::clone(table));
        }
        let numbers = rest.fetch::<Vec<PhoneNumber>>(what::NUMBERS, &["phonenumbers"], &[("assigned", "true")]);
        let numbers = told(numbers.await, what::NUMBERS)?;
        let table = Arc::new(numbers.into_iter().map(listed).collect::<Table>());
        memory.table = Some(Arc::clone(&table));
        Ok(table)
    }

    async fn assigned(&self, rest: &Rest, account: &AccountId) -> Result<Arc<BTreeSet<String>>, Failure> {
        if let Some(known) = self.memory.lock().await.assigned.get(account) {
            return Ok(Arc::clone(known));
        }
        // The description has two entries that differ in the last slash; the one with it is to be read.
        let path = ["users", account.as_str(), "phonenumberconfig", "phonenumbers", ""];
        let answer = rest.fetch::<Vec<Assignment>>(what::NUMBERS_OF_USER, &path, &[]).await;
        let ids =
            told(answer, what::NUMBERS_OF_USER)?.into_iter().map(|assignment| assignment.phone_number_id.0).collect();
        let ids = Arc::new(ids);
        self.memory.lock().await.assigned.insert(account.clone(), Arc::clone(&ids));
        Ok(ids)
    }
}

/// An answer, or nothing where the PBX decidedly won't tell.
fn told<T>(answer: Result<Vec<T>, Failure>, what: Name) -> Result<Vec<T>, Failure> {
    match answer {
        Err(Failure { error: PbxError::Refused { advice }, .. }) => {
            tracing::warn!(%what, %advice, "numbers can't be told internal from external");
            Ok(Vec::new())
        }
        other => other,
    }
}

fn listed(number: PhoneNumber) -> (String, Listed) {
    let parts = Parts {
        number: number.number.as_deref().unwrap_or_default(),
        local_prefix: number.local_prefix.as_deref().unwrap_or_default(),
        national_prefix: number.national_prefix.as_deref().unwrap_or_default(),
        exit_code: number.exit_code.as_deref().unwrap_or_default(),
    };
    let own = OwnNumber::new(&number.kind, parts);
    let owner = number.assigned_user_account_id.map(|account| AccountId::new(account.0));
    (number.id.0, Listed { number: own, owner })
}
