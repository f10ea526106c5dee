//! `calendarView/delta`.

use super::{
    Here,
    odata::{Answer, Error},
};

pub(super) fn round(_here: &Here<'_>) -> Answer {
    Err(Error::bad("notSupported", "not yet"))
}
