//! Passwords: argon2id, off the async threads, few at a time so that a storm of sign-ins cannot
//! exhaust the machine.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

use crate::error::{AppError, Result};

/// OWASP's recommendation for argon2id: 19 MiB, 2 passes, 1 lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// At most this many hashes are computed at once: 38 MiB and two threads at worst.
const AT_ONCE: usize = 2;

/// Of the same cost as every other; of no password that anybody has.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$sOYEQyJ8oFMlZZYE5kFnhQ$EEU/rPF3c07c1G8s1gfewaJMbLSYsuKXu1avBCUV46U";

#[derive(Clone)]
pub struct Passwords {
    argon: Argon2<'static>,
    slots: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    pub fn new() -> Self {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
        Self {
            argon: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Hashes a new password with a salt of its own.
    ///
    /// # Errors
    /// [`AppError::Internal`] when hashing fails.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move |argon| {
            argon
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| AppError::Internal(anyhow::anyhow!("hashing a password: {error}")))
        })
        .await
    }

    /// Whether `password` belongs to `hash`. Where there is none, because nobody has that name or the
    /// account has no password, a hash of nobody's is tried, so that the answer takes as long.
    ///
    /// # Errors
    /// [`AppError::Internal`] when the worker thread dies.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool> {
        self.run(move |argon| {
            let fits = |parsed: &PasswordHash| argon.verify_password(password.as_bytes(), parsed).is_ok();
            let known = hash.as_deref().and_then(|hash| PasswordHash::new(hash).ok());
            match known {
                Some(parsed) => Ok(fits(&parsed)),
                None => {
                    let _ = PasswordHash::new(NOBODYS).is_ok_and(|parsed| fits(&parsed));
                    Ok(false)
                }
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let slot = self.slots.clone().acquire_owned().await.map_err(anyhow::Error::from)?;
        let argon = self.argon.clone();
        tokio::task::spawn_blocking(move || {
            let _slot = slot;
            work(&argon)
        })
        .await
        .map_err(anyhow::Error::from)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_its_own_hash_alone() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let verify = |password: &str, hash: Option<&str>| {
            passwords.verify(password.to_owned(), hash.map(ToOwned::to_owned))
        };
        assert!(verify("correct horse battery", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse batterz", Some(&hash)).await.unwrap());
        assert!(!verify("correct horse battery", Some("!")).await.unwrap());
        assert!(!verify("correct horse battery", None).await.unwrap());
    }

    #[test]
    fn nobodys_hash_costs_what_a_real_one_does() {
        let parsed = PasswordHash::new(NOBODYS).unwrap();
        let params = Params::try_from(&parsed).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert!(parsed.hash.is_some());
    }
}
