//! The keys that sign download addresses. All servers of an installation have the same: they stand in the database,
//! are made anew every day, and a backup has none.

use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::store;
use crate::app::App;
use crate::ids::UserId;

/// How long a download address lives; a download that began goes on.
const TICKET_LIFE: TimeDelta = TimeDelta::hours(2);
/// How often a server looks for keys that another made.
const LOOK_EVERY: Duration = Duration::from_secs(5);

const EXPIRY_BYTES: usize = 8;
const USER_BYTES: usize = 8;

/// Signs what a client is given to bring back.
pub type Key = [u8; 32];

/// Never empty; the first signs.
pub struct Desk(RwLock<Vec<Key>>);

impl Default for Desk {
    fn default() -> Self {
        Self(RwLock::new(vec![rand::random()]))
    }
}

impl Desk {
    /// Lets `user` fetch `subject` for a while without other credentials.
    pub fn sign(&self, user: UserId, subject: &str, now: DateTime<Utc>) -> String {
        let mut ticket = Vec::with_capacity(EXPIRY_BYTES + USER_BYTES + blake3::OUT_LEN);
        ticket.extend((now + TICKET_LIFE).timestamp().to_be_bytes());
        ticket.extend(user.0.to_be_bytes());
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mac = mac(&keys[0], &ticket, subject);
        ticket.extend(mac.as_bytes());
        URL_SAFE_NO_PAD.encode(ticket)
    }

    /// Who may fetch `subject` with this ticket; `None` for a forged, foreign or expired one.
    pub fn bearer(&self, ticket: &str, subject: &str, now: DateTime<Utc>) -> Option<UserId> {
        let bytes = URL_SAFE_NO_PAD.decode(ticket).ok()?;
        let (head, signed) = bytes.split_at_checked(EXPIRY_BYTES + USER_BYTES)?;
        let signed: [u8; blake3::OUT_LEN] = signed.try_into().ok()?;
        let (expiry, user) = head.split_at(EXPIRY_BYTES);
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let signed = blake3::Hash::from_bytes(signed);
        let is_genuine = keys.iter().any(|key| mac(key, head, subject) == signed); // in constant time
        let is_live = now.timestamp() < i64::from_be_bytes(expiry.try_into().ok()?);
        (is_genuine && is_live).then_some(UserId(i64::from_be_bytes(user.try_into().ok()?)))
    }

    fn set(&self, keys: Vec<Key>) {
        if !keys.is_empty() {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
    }
}

/// Reads the keys, and makes a new one where the newest is a day old.
///
/// # Errors
/// Those of the database.
pub async fn refresh(app: &App) -> sqlx::Result<()> {
    let mut conn = app.db.acquire().await?;
    store::renew_ticket_key(&mut conn, &rand::random::<Key>()).await?;
    let keys = store::ticket_keys(&mut conn).await?;
    drop(conn);
    app.kaggle.set(keys.into_iter().filter_map(|key| key.try_into().ok()).collect());
    Ok(())
}

/// Runs for ever.
pub async fn follow(app: App) {
    loop {
        if let Err(error) = refresh(&app).await {
            tracing::warn!(%error, "the keys of download addresses cannot be read; trying again");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn mac(key: &Key, head: &[u8], subject: &str) -> blake3::Hash {
    blake3::keyed_hash(key, &[head, subject.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_good_for_its_subject_and_its_time() {
        let (desk, now) = (Desk::default(), DateTime::UNIX_EPOCH);
        let ticket = desk.sign(UserId(7), "houses/train.csv", now);
        assert_eq!(desk.bearer(&ticket, "houses/train.csv", now), Some(UserId(7)));
        assert_eq!(desk.bearer(&ticket, "houses/test.csv", now), None);
        assert_eq!(desk.bearer(&ticket, "houses/train.csv", now + TICKET_LIFE), None);
        assert_eq!(Desk::default().bearer(&ticket, "houses/train.csv", now), None);
        for wrong in ["", "x", "!!", &ticket[1..]] {
            assert_eq!(desk.bearer(wrong, "houses/train.csv", now), None, "{wrong}");
        }
    }

    #[test]
    fn what_was_signed_with_the_key_before_is_still_good() {
        let (desk, now) = (Desk::default(), DateTime::UNIX_EPOCH);
        desk.set(vec![[1; 32]]);
        let ticket = desk.sign(UserId(7), "houses/train.csv", now);
        desk.set(vec![[2; 32], [1; 32]]);
        assert_eq!(desk.bearer(&ticket, "houses/train.csv", now), Some(UserId(7)));
        assert_ne!(desk.sign(UserId(7), "houses/train.csv", now), ticket);
        desk.set(Vec::new());
        assert_eq!(desk.bearer(&ticket, "houses/train.csv", now), Some(UserId(7)), "there is always a key");
    }
}
