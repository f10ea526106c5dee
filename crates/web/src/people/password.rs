//! Passwords: argon2id, so slow on purpose that only a few are compared at a time.

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc},
};
use busylamp_core::secret::Secret;
use busylamp_store::PasswordHash;
use tokio::sync::{Semaphore, TryAcquireError};

/// A password has at least this many characters: length is what keeps it (NIST SP 800-63B).
pub(super) const SHORTEST: usize = 12;
/// And at most this many bytes.
pub(super) const LONGEST: usize = 256;
/// Passwords that are compared at the same time; each takes 19 MiB and a core for a moment.
const AT_A_TIME: usize = 2;
/// And that wait for it. More are turned away: somebody floods the sign-in.
const WAITING: usize = 16;

/// Hashes and compares. Clones share the limits.
#[derive(Clone)]
pub(super) struct Hasher {
    working: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// The hash of nothing in particular, so that an unknown name takes as long as a wrong password.
    nobody: Arc<str>,
}

/// Too many wait already, or hashing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    /// Try again in a moment.
    Crowded,
    /// The machine can't hash.
    Broken,
}

impl Hasher {
    pub(super) fn new() -> Self {
        // Of argon2id with the factory cost and a fixed salt; what it is the hash of does not matter.
        let nobody = "$argon2id$v=19$m=19456,t=2,p=1$YnVzeWxhbXAtbm9ib2R5$\
                      n3WkC5iYbLz3VZ0S3pQ0k1rJ5nXb2mP0s8u0y3a6c9E";
        Self {
            working: Arc::new(Semaphore::new(AT_A_TIME)),
            waiting: Arc::new(Semaphore::new(AT_A_TIME + WAITING)),
            nobody: nobody.into(),
        }
    }

    /// The hash of a new password.
    pub(super) async fn hash(&self, password: Secret) -> Result<PasswordHash, Busy> {
        let hash = self
            .work(move || Argon2::default().hash_password(password.expose().as_bytes()).map(|hash| hash.to_string()));
        hash.await?.map(PasswordHash::new).map_err(|_| Busy::Broken)
    }

    /// Whether this is the password of that hash. `None` stands for a name that nobody has: it takes as long and is
    /// never right.
    pub(super) async fn is_right(&self, password: Secret, hash: Option<PasswordHash>) -> Result<bool, Busy> {
        let known = hash.is_some();
        let phc = hash.map_or_else(|| self.nobody.to_string(), |hash| hash.expose().to_owned());
        let right = self.work(move || {
            phc::PasswordHash::new(&phc)
                .is_ok_and(|phc| Argon2::default().verify_password(password.expose().as_bytes(), &phc).is_ok())
        });
        Ok(right.await? && known)
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let _place = self.waiting.try_acquire().map_err(|refused| match refused {
            TryAcquireError::NoPermits => Busy::Crowded,
            TryAcquireError::Closed => Busy::Broken,
        })?;
        let turn = Arc::clone(&self.working).acquire_owned().await.map_err(|_| Busy::Broken)?;
        let job = tokio::task::spawn_blocking(move || {
            let done = job();
            drop(turn);
            done
        });
        job.await.map_err(|_| Busy::Broken)
    }
}

/// Whether a new password will do.
pub(super) fn will_do(password: &str) -> bool {
    password.chars().count() >= SHORTEST && password.len() <= LONGEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let hasher = Hasher::new();
        let hash = hasher.hash(Secret::new("ein langes Kennwort")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        let right = async |password: &str, hash: Option<&PasswordHash>| {
            hasher.is_right(Secret::new(password), hash.cloned()).await.unwrap()
        };
        assert!(right("ein langes Kennwort", Some(&hash)).await);
        assert!(!right("ein langes Kennwort ", Some(&hash)).await);
        assert!(!right("ein langes Kennwort", None).await);
        assert!(!right("x", Some(&PasswordHash::new("damaged"))).await);
    }

    #[test]
    fn the_hash_for_unknown_names_is_one_that_is_computed() {
        let hasher = Hasher::new();
        let phc = phc::PasswordHash::new(&hasher.nobody).unwrap();
        assert_eq!(phc.algorithm.as_str(), "argon2id");
        assert!(phc.hash.is_some() && phc.salt.is_some());
        let cost = |phc: &phc::PasswordHash| phc.params.to_string();
        let own = Argon2::default().hash_password(b"x").unwrap();
        assert_eq!(cost(&phc), cost(&own));
    }

    #[tokio::test]
    async fn a_flood_is_turned_away() {
        let hasher = Hasher::new();
        let held: Vec<_> = (0..AT_A_TIME + WAITING).map(|_| hasher.waiting.try_acquire().unwrap()).collect();
        assert_eq!(hasher.is_right(Secret::new("x"), None).await, Err(Busy::Crowded));
        drop(held);
        assert_eq!(hasher.is_right(Secret::new("x"), None).await, Ok(false));
    }

    #[test]
    fn length_is_what_counts() {
        assert!(!will_do("kurz"));
        assert!(!will_do("elf Zeichen"));
        assert!(will_do("zwölf ü Zeic"));
        assert!(!will_do(&"x".repeat(LONGEST + 1)));
    }
}
