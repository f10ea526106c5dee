//! The words of the program's own enumerations, for the document that describes the API.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, Type},
};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident = $title:literal: $($word:literal),+) => {
        $(#[$doc])*
        pub(super) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).enum_values(Some([$($word),+])).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }
        }
    };
}

words! {
    /// What an administrator should know about a user.
    FlagName = "Flag":
    "no_diversion_configured", "calendar_unknown", "calendar_stale", "another_program_is_writing", "no_mail_address",
    "ambiguous_mail_address", "mailbox_not_found", "mailbox_access_denied", "refused_by_pbx",
    "held_by_another_instance", "number_not_classified", "text_cut"
}
words! {
    /// A chat presence.
    PresenceName = "Presence":
    "available", "away", "extended_away", "do_not_disturb", "free_for_chat", "unavailable"
}
words! {
    /// How an event is shown.
    KindName = "Kind": "free", "working_elsewhere", "tentative", "busy", "out_of_office"
}
words! {
    /// Why an event never counts.
    LeftOutName = "LeftOut": "cancelled", "declined", "draft", "series_master", "empty"
}
words! {
    /// What somebody may do.
    RoleName = "Role": "viewer", "administrator"
}
words! {
    /// How much a log tells, and how grave a line is.
    LevelName = "Level": "error", "warn", "info", "debug", "trace"
}
words! {
    /// What a connection leads to.
    SideName = "Side": "graph", "ews", "starface", "group", "store"
}
words! {
    /// How far an instance is.
    PhaseName = "Phase": "inactive", "active", "closing"
}
words! {
    /// Who has made a value.
    ByName = "By": "ours", "foreign"
}
words! {
    /// Where an explanation is known from.
    KnownFromName = "KnownFrom": "history", "now", "calendar"
}
