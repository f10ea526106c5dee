//! Which STARFACE is pretended, and whom it lets in how.

/// A version of STARFACE, as far as versions differ for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StarfaceVersion {
    /// 7: the older login, keys in the flat form.
    V7,
    /// 8, as 7.
    V8,
    /// 9, as 7.
    V9,
    /// 10: OAuth beside the older login, keys in the edit form, and it tells its version.
    #[default]
    V10,
}

impl StarfaceVersion {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::V7, Self::V8, Self::V9, Self::V10];

    /// The whole version.
    pub fn name(self) -> &'static str {
        match self {
            Self::V7 => "7.3.0.9",
            Self::V8 => "8.1.0.3",
            Self::V9 => "9.1.0.2",
            Self::V10 => "10.0.2.6",
        }
    }

    /// The version of a first number, such as `9`.
    pub fn of_major(major: u64) -> Option<Self> {
        match major {
            7 => Some(Self::V7),
            8 => Some(Self::V8),
            9 => Some(Self::V9),
            10 => Some(Self::V10),
            _ => None,
        }
    }

    /// Whether it is STARFACE 10: with OAuth, with the edit form, and telling its version.
    pub(crate) fn is_ten(self) -> bool {
        self == Self::V10
    }
}

/// How an external number is spelt in a diversion; nobody has written down how STARFACE does it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// `+4930…`
    #[default]
    E164,
    /// `004930…`
    International,
    /// `030…`
    National,
}

impl Spelling {
    pub(crate) const ALL: [Self; 3] = [Self::E164, Self::International, Self::National];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::E164 => "e164",
            Self::International => "international",
            Self::National => "national",
        }
    }

    /// A number given as `+49…` in this spelling.
    pub(crate) fn spell(self, number: &str) -> String {
        match (self, number.strip_prefix("+49")) {
            (Self::International, Some(rest)) => format!("0049{rest}"),
            (Self::National, Some(rest)) => format!("0{rest}"),
            (Self::E164, _) | (_, None) => number.to_owned(),
        }
    }
}

/// The PBX as its administrator has set it up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SetUp {
    pub(crate) version: StarfaceVersion,
    /// The older login is there. On version 10 it is not, once an external identity provider is connected.
    pub(crate) older_login: bool,
    /// The account has the right "API Zugriff mit OAuth Password Grant".
    pub(crate) password_grant: bool,
    /// The account is an administrator.
    pub(crate) administrator: bool,
    pub(crate) spelling: Spelling,
}

impl SetUp {
    pub(crate) fn new(version: StarfaceVersion) -> Self {
        Self { version, older_login: true, password_grant: true, administrator: true, spelling: Spelling::default() }
    }

    /// Whether the older login is there at all.
    pub(crate) fn has_older_login(self) -> bool {
        self.older_login || !self.version.is_ten()
    }
}
