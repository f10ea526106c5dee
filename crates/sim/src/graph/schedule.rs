//! `getSchedule`.

use super::{
    Here,
    odata::{Answer, Error},
};

pub(super) fn get(_here: &Here<'_>) -> Answer {
    Err(Error::bad("notSupported", "not yet"))
}
