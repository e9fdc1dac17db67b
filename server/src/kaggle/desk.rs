//! What this room keeps in memory: the key that signs download addresses, and uploads between their
//! arrival and the call that submits them. A restart forgets both; the client then asks anew.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::secret;
use crate::files::Writing;
use crate::ids::UserId;

/// How long a download address lives; a download that began goes on.
const TICKET_LIFE: TimeDelta = TimeDelta::hours(2);
/// How long an upload waits to be submitted.
const UPLOAD_LIFE: TimeDelta = TimeDelta::hours(1);
/// Uploads of one person that wait at once; the oldest gives way.
const MOST_UPLOADS: usize = 4;

const EXPIRY_BYTES: usize = 8;
const USER_BYTES: usize = 8;

/// An upload that was announced, and its bytes once they are there.
pub struct Upload {
    pub user: UserId,
    pub slug: String,
    pub file_name: String,
    /// Removed from the disk unless it is finished.
    pub writing: Option<Writing>,
    announced_at: DateTime<Utc>,
}

pub struct Desk {
    key: [u8; 32],
    uploads: Mutex<HashMap<String, Upload>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { key: rand::random(), uploads: Mutex::default() }
    }
}

impl Desk {
    /// Lets `user` fetch `subject` for a while without other credentials.
    pub fn sign(&self, user: UserId, subject: &str, now: DateTime<Utc>) -> String {
        let mut ticket = Vec::with_capacity(EXPIRY_BYTES + USER_BYTES + blake3::OUT_LEN);
        ticket.extend((now + TICKET_LIFE).timestamp().to_be_bytes());
        ticket.extend(user.0.to_be_bytes());
        let mac = self.mac(&ticket, subject);
        ticket.extend(mac.as_bytes());
        URL_SAFE_NO_PAD.encode(ticket)
    }

    /// Who may fetch `subject` with this ticket; `None` for a forged, foreign or expired one.
    pub fn bearer(&self, ticket: &str, subject: &str, now: DateTime<Utc>) -> Option<UserId> {
        let bytes = URL_SAFE_NO_PAD.decode(ticket).ok()?;
        let (head, mac) = bytes.split_at_checked(EXPIRY_BYTES + USER_BYTES)?;
        let mac: [u8; blake3::OUT_LEN] = mac.try_into().ok()?;
        let (expiry, user) = head.split_at(EXPIRY_BYTES);
        let is_genuine = self.mac(head, subject) == blake3::Hash::from_bytes(mac); // in constant time
        let is_live = now.timestamp() < i64::from_be_bytes(expiry.try_into().ok()?);
        (is_genuine && is_live).then_some(UserId(i64::from_be_bytes(user.try_into().ok()?)))
    }

    fn mac(&self, head: &[u8], subject: &str) -> blake3::Hash {
        blake3::keyed_hash(&self.key, &[head, subject.as_bytes()].concat())
    }

    /// Announces an upload; gives the secret that names it.
    pub fn announce(&self, user: UserId, slug: &str, file_name: &str, now: DateTime<Utc>) -> String {
        let token = secret::draw();
        let mut uploads = self.uploads();
        uploads.retain(|_, upload| now - upload.announced_at < UPLOAD_LIFE);
        while uploads.values().filter(|upload| upload.user == user).count() >= MOST_UPLOADS {
            let of_user = uploads.iter().filter(|(_, upload)| upload.user == user);
            let oldest =
                of_user.min_by_key(|(_, upload)| upload.announced_at).map(|(token, _)| token.clone());
            oldest.and_then(|token| uploads.remove(&token));
        }
        let upload = Upload {
            user,
            slug: slug.to_owned(),
            file_name: file_name.to_owned(),
            writing: None,
            announced_at: now,
        };
        uploads.insert(token.clone(), upload);
        token
    }

    /// Whose upload it is and to which competition.
    pub fn announced(&self, token: &str) -> Option<(UserId, String)> {
        self.uploads().get(token).map(|upload| (upload.user, upload.slug.clone()))
    }

    /// Keeps the bytes of an upload in place of those that came before; whether it was announced.
    pub fn keep(&self, token: &str, writing: Writing) -> bool {
        match self.uploads().get_mut(token) {
            Some(upload) => {
                upload.writing = Some(writing);
                true
            }
            None => false,
        }
    }

    /// Hands out an upload to its owner, once.
    pub fn take(&self, token: &str, user: UserId, slug: &str) -> Option<Upload> {
        let mut uploads = self.uploads();
        let is_theirs = uploads
            .get(token)
            .is_some_and(|upload| upload.user == user && upload.slug == slug && upload.writing.is_some());
        if is_theirs { uploads.remove(token) } else { None }
    }

    fn uploads(&self) -> MutexGuard<'_, HashMap<String, Upload>> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    fn uploads_are_their_owners_and_do_not_pile_up() {
        let (desk, now) = (Desk::default(), DateTime::UNIX_EPOCH);
        let first = desk.announce(UserId(1), "houses", "a.csv", now);
        assert_eq!(desk.announced(&first), Some((UserId(1), "houses".to_owned())));
        assert!(desk.take(&first, UserId(1), "houses").is_none(), "nothing has arrived");
        for second in 1..=4 {
            desk.announce(UserId(1), "houses", "b.csv", now + TimeDelta::seconds(second));
        }
        assert_eq!(desk.announced(&first), None);
        let late = desk.announce(UserId(2), "houses", "c.csv", now + UPLOAD_LIFE + TimeDelta::seconds(9));
        assert!(desk.announced(&late).is_some());
        assert_eq!(desk.uploads().len(), 1);
    }
}
