//! What this room keeps in memory: the key that signs download addresses. A restart forgets it; the
//! client then asks anew.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use crate::ids::UserId;

/// How long a download address lives; a download that began goes on.
const TICKET_LIFE: TimeDelta = TimeDelta::hours(2);

const EXPIRY_BYTES: usize = 8;
const USER_BYTES: usize = 8;

pub struct Desk {
    key: [u8; 32],
}

impl Default for Desk {
    fn default() -> Self {
        Self { key: rand::random() }
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
}
