//! Calendars on an Exchange Server, read over Exchange Web Services.
//!
//! ```text
//! settings  where the server is, as whom we sign in, what we may read
//! ```

mod settings;

pub use settings::{Access, BindingUse, EwsSettings, EwsSignIn, SettingsError, is_exchange_online};
