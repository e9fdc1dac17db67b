//! Secrets in the database as nobody can read them without a key that is not in it.
//!
//! A thief of a backup has ciphertext. The key is the web server's, from `HOLDOUT_ACCOUNTS_KEY_FILE`; `holdout up`
//! makes one among the keys. Each secret is bound to its person: moved to another row it does not open.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use sha2::{Digest, Sha256};

use super::totp::{SECRET_BYTES, Secret};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;

const NONCE_BYTES: usize = 12;

/// Whether this installation has the key.
pub fn is_possible(app: &App) -> bool {
    app.config.accounts_key.is_some()
}

/// # Errors
/// [`AppError::Refused`] where the installation has no key.
pub fn seal(app: &App, user: UserId, secret: &Secret) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let payload = Payload { msg: &secret.0, aad: &user.0.to_be_bytes() };
    let sealed = cipher(app)?.encrypt(&Nonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| anyhow::anyhow!("a secret cannot be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// # Errors
/// [`AppError::Refused`] where the installation has another key, or none.
pub fn open(app: &App, user: UserId, sealed: &[u8]) -> Result<Secret> {
    let opened = sealed.split_at_checked(NONCE_BYTES).and_then(|(nonce, text)| {
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
        let payload = Payload { msg: text, aad: &user.0.to_be_bytes() };
        let opened = cipher(app).ok()?.decrypt(&Nonce::from(nonce), payload).ok()?;
        <[u8; SECRET_BYTES]>::try_from(opened).ok()
    });
    opened.map(Secret).ok_or_else(|| {
        AppError::refused(
            "Codes cannot be judged now: the key of this site is another one. Use a recovery code.",
        )
    })
}

fn cipher(app: &App) -> Result<ChaCha20Poly1305> {
    let key = app.config.accounts_key.as_ref().ok_or_else(|| {
        AppError::refused("This site cannot keep secrets of a second factor yet: its operator has to set HOLDOUT_ACCOUNTS_KEY_FILE.")
    })?;
    let key: [u8; 32] = Sha256::digest(key.reveal().as_bytes()).into();
    Ok(ChaCha20Poly1305::new(&key.into()))
}
