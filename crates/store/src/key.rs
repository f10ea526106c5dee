//! The master key: 32 random bytes in a file that only the service's user can read.

use std::{
    env, fmt,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

const LENGTH: usize = 32;

/// Under which name systemd hands the key over: `LoadCredentialEncrypted=busylamp-key:…`.
pub const CREDENTIAL: &str = "busylamp-key";

/// The key that seals what is secret in a store. It can't be printed and its memory is wiped. Whoever loses it
/// loses the secrets and holds of the store; it never stands in the store or in its backups.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; LENGTH]>);

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is not there.
    #[error("the key file {} does not exist", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// A key is to be created where a file is already.
    #[error("the key file {} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others could read the key.
    #[error("the key file {} has mode {mode:04o}", path.display())]
    Mode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is no key.
    #[error("the key file {} has {found} bytes instead of 32", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        found: u64,
    },
    /// The operating system refused.
    #[error("can't {doing} the key file {}", path.display())]
    File {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    NoRandomness(#[source] getrandom::Error),
}

impl KeyError {
    /// What the administrator can do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing { .. } => {
                "Create a key, or restore the one that the store was made with from where it is kept safe."
            }
            Self::Exists { .. } => "Use the key that is there; a new one could not read the store.",
            Self::Mode { .. } => "Let only the user that Busylamp runs as read it: chmod 600.",
            Self::Length { .. } => {
                "The file is damaged or no key of Busylamp's: restore it from where the key is kept safe."
            }
            Self::File { .. } => "Check that the user that Busylamp runs as owns the file and may enter its folder.",
            Self::NoRandomness(_) => "Check that the system offers getrandom or /dev/urandom to the service.",
        }
    }
}

impl Key {
    /// Makes a new random key and writes it to a new file of mode 0600. An existing file is never overwritten.
    pub fn create(path: &Path) -> Result<Self, KeyError> {
        let file_error = |doing| move |source| KeyError::File { doing, path: path.to_owned(), source };
        let key = Self::random()?;
        let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(KeyError::Exists { path: path.to_owned() });
            }
            Err(error) => return Err(file_error("create")(error)),
        };
        // A key that a power loss could take away would take the store with it: file and folder are made to last.
        let written =
            file.write_all(&*key.0).and_then(|()| file.sync_all()).and_then(|()| crate::files::sync_folder_of(path));
        if let Err(error) = written {
            // Nothing is sealed with it yet, so a half-written file is better gone than in the way.
            let _ = fs::remove_file(path);
            return Err(file_error("write")(error));
        }
        Ok(key)
    }

    /// Reads a key. Its file must have mode 0600, or 0400, and exactly 32 bytes.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::read(path, |mode| matches!(mode, 0o600 | 0o400))
    }

    /// The key that systemd hands over in `$CREDENTIALS_DIRECTORY` under the name [`CREDENTIAL`]; `None` if there is
    /// no such folder or it holds no such credential
    /// (<https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#Credentials>).
    pub fn from_credential() -> Result<Option<Self>, KeyError> {
        match env::var_os("CREDENTIALS_DIRECTORY") {
            Some(folder) if !folder.is_empty() => Self::from_credentials_folder(Path::new(&folder)),
            _ => Ok(None),
        }
    }

    /// As [`Key::from_credential`], from this folder.
    pub fn from_credentials_folder(folder: &Path) -> Result<Option<Self>, KeyError> {
        // systemd guards the folder itself and shows group bits where it grants access by an ACL.
        match Self::read(&folder.join(CREDENTIAL), |mode| mode & 0o037 == 0) {
            Ok(key) => Ok(Some(key)),
            Err(KeyError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A key that is kept nowhere, for stores that need not be opened again: demo and tests.
    pub fn random() -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; LENGTH]);
        getrandom::fill(&mut *key).map_err(KeyError::NoRandomness)?;
        Ok(Self(key))
    }

    fn read(path: &Path, mode_is_safe: impl Fn(u32) -> bool) -> Result<Self, KeyError> {
        let file_error = |doing| move |source| KeyError::File { doing, path: path.to_owned(), source };
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeyError::Missing { path: path.to_owned() });
            }
            Err(error) => return Err(file_error("open")(error)),
        };
        let metadata = file.metadata().map_err(file_error("examine"))?;
        let mode = permission_bits(&metadata.permissions());
        if !mode_is_safe(mode) {
            return Err(KeyError::Mode { path: path.to_owned(), mode });
        }
        if metadata.len() != LENGTH as u64 {
            return Err(KeyError::Length { path: path.to_owned(), found: metadata.len() });
        }
        let mut key = Zeroizing::new([0; LENGTH]);
        file.read_exact(&mut *key).map_err(file_error("read"))?;
        Ok(Self(key))
    }

    pub(crate) fn bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

pub(crate) fn permission_bits(permissions: &Permissions) -> u32 {
    permissions.mode() & 0o7777
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}
