//! Secrets in the database as nobody can read them without a key that is not in it.
//!
//! A thief of a backup has ciphertext. The key is the web server's, from `HOLDOUT_ACCOUNTS_KEY_FILE`; `holdout up`
//! makes one among the keys. Each secret is bound to its person: moved to another row it does not open. A renewed key has
//! the former ones behind it, which open what was sealed before until [`reseal`](super::reseal) has been through.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use super::store::{self, Sealed};
use super::totp::{SECRET_BYTES, Secret};
use crate::app::App;
use crate::config;
use crate::error::{AppError, Result};
use crate::ids::UserId;

/// Stands before each former key, behind the present one.
pub const FORMER: &str = "\nformer ";
const NONCE_BYTES: usize = 12;
/// A key that was lost in between opens what came later.
const TRIED_AT_EACH_END: i64 = 200;

/// Whether this installation has the key.
pub fn is_possible(app: &App) -> bool {
    app.config.accounts_key.is_some()
}

/// # Errors
/// [`AppError::Refused`] where the installation has no key.
pub fn seal(app: &App, user: UserId, secret: &Secret) -> Result<Vec<u8>> {
    let keys = app.config.accounts_key.as_ref().ok_or_else(|| {
        AppError::refused(
            "Two-factor sign-in is not available yet: the operator of this site has to set \
        HOLDOUT_ACCOUNTS_KEY_FILE.",
        )
    })?;
    seal_by(present_key(keys), user, secret)
}

fn seal_by(key: &str, user: UserId, secret: &Secret) -> Result<Vec<u8>> {
    let nonce: [u8; NONCE_BYTES] = rand::random();
    let payload = Payload { msg: &secret.0, aad: &user.0.to_be_bytes() };
    let sealed = cipher_of(key).encrypt(&Nonce::from(nonce), payload);
    let sealed = sealed.map_err(|_| anyhow::anyhow!("a secret cannot be sealed"))?;
    Ok([&nonce[..], &sealed].concat())
}

/// # Errors
/// [`AppError::Refused`] where the installation has another key, or none.
pub fn open(app: &App, user: UserId, sealed: &[u8]) -> Result<Secret> {
    let opened = app.config.accounts_key.as_ref().and_then(|key| open_with(key, user, sealed));
    opened.ok_or_else(|| {
        AppError::refused(
            "Codes cannot be checked right now, because this site's key has changed. Use a recovery code.",
        )
    })
}

fn open_with(keys: &config::Secret, user: UserId, sealed: &[u8]) -> Option<Secret> {
    each_key(keys).find_map(|key| open_by(key, user, sealed))
}

/// The present key, then the former ones.
pub fn each_key(keys: &config::Secret) -> impl Iterator<Item = &str> {
    keys.reveal().split(FORMER)
}

fn present_key(keys: &config::Secret) -> &str {
    each_key(keys).next().unwrap_or_default()
}

fn open_by(key: &str, user: UserId, sealed: &[u8]) -> Option<Secret> {
    let (nonce, text) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce: [u8; NONCE_BYTES] = nonce.try_into().ok()?;
    let payload = Payload { msg: text, aad: &user.0.to_be_bytes() };
    let opened = cipher_of(key).decrypt(&Nonce::from(nonce), payload).ok()?;
    <[u8; SECRET_BYTES]>::try_from(opened).ok().map(Secret)
}

/// By which key a sealed secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpensBy {
    Present,
    Former,
    None,
}

pub fn opens_by(keys: Option<&config::Secret>, user: UserId, sealed: &[u8]) -> OpensBy {
    let opens = |key: &str| open_by(key, user, sealed).is_some();
    match keys {
        Some(keys) if opens(present_key(keys)) => OpensBy::Present,
        Some(keys) if each_key(keys).any(opens) => OpensBy::Former,
        _ => OpensBy::None,
    }
}

/// The same secret under the present key; `None` where no key opens it.
///
/// # Errors
/// When it cannot be sealed.
pub fn seal_anew(keys: &config::Secret, user: UserId, sealed: &[u8]) -> Result<Option<Vec<u8>>> {
    let secret = open_with(keys, user, sealed);
    secret.map(|secret| seal_by(present_key(keys), user, &secret)).transpose()
}

fn cipher_of(key: &str) -> ChaCha20Poly1305 {
    let key: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    ChaCha20Poly1305::new(&key.into())
}

/// Whose second factors a key opens, of those that were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tried {
    pub n_people: usize,
    pub n_under_former: usize,
    pub n_shut_out: usize,
}

impl Tried {
    /// For the operator; `None` where nobody is shut out.
    pub fn complaint(self) -> Option<String> {
        (self.n_shut_out > 0).then(|| {
            format!(
                "Of {} people with an authenticator app who were looked at, {} cannot sign in with it: the accounts key here \
                 does not open their secrets. Put the former one back (keys/accounts.key in the data folder, or the file that \
                 HOLDOUT_ACCOUNTS_KEY_FILE names; behind the present one, on a line that begins with “former ”, if there is \
                 one) and start again; until then their recovery codes alone let them in.",
                self.n_people, self.n_shut_out
            )
        })
    }
}

/// Tries a key on the second factors of people who came first and who came last.
///
/// # Errors
/// Those of the database.
pub async fn try_key(conn: &mut PgConnection, key: Option<&config::Secret>) -> sqlx::Result<Tried> {
    let sealed = store::some_sealed(conn, TRIED_AT_EACH_END).await?;
    let n_by = |by: OpensBy| {
        let does = |one: &&Sealed| opens_by(key, one.user, &one.sealed_secret) == by;
        sealed.iter().filter(does).count()
    };
    Ok(Tried {
        n_people: sealed.len(),
        n_under_former: n_by(OpensBy::Former),
        n_shut_out: n_by(OpensBy::None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operator_is_told_of_people_who_are_shut_out() {
        let tried = |n_shut_out| Tried { n_people: 3, n_under_former: 1, n_shut_out };
        assert_eq!(tried(0).complaint(), None);
        let complaint = tried(2).complaint();
        assert!(
            complaint.is_some_and(|words| words.contains("Of 3 people") && words.contains("accounts.key"))
        );
    }

    #[test]
    fn a_renewed_key_opens_what_was_sealed_before_and_seals_what_comes() {
        let [first, both] = ["first", "second\nformer first"].map(config::Secret::new);
        let (ada, secret) = (UserId(7), Secret::draw());
        let before = seal_by(present_key(&first), ada, &secret).unwrap();
        assert_eq!(opens_by(Some(&both), ada, &before), OpensBy::Former);
        let after = seal_anew(&both, ada, &before).unwrap().unwrap();
        assert_eq!(opens_by(Some(&both), ada, &after), OpensBy::Present);
        assert_eq!(open_with(&both, ada, &after).unwrap().0, secret.0);
        assert_eq!(opens_by(Some(&first), ada, &after), OpensBy::None);
        assert_eq!(opens_by(Some(&both), UserId(8), &after), OpensBy::None);
        assert_eq!(seal_anew(&first, ada, &after).unwrap(), None);
    }
}
