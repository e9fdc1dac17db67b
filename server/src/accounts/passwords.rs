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

    /// Whether `password` belongs to `hash`.
    ///
    /// # Errors
    /// [`AppError::Internal`] when the worker thread dies.
    pub async fn verify(&self, password: String, hash: String) -> Result<bool> {
        self.run(move |argon| {
            Ok(PasswordHash::new(&hash)
                .is_ok_and(|parsed| argon.verify_password(password.as_bytes(), &parsed).is_ok()))
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
