//! Codes from a clock (RFC 6238): six digits of an HMAC-SHA1 over the number of the half minute, as
//! authenticator apps make them.

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// A code holds for one step, as RFC 6238 recommends.
pub const STEP_SECONDS: i64 = 30;
/// Clocks of phones drift: the codes of one step before and one after are taken too.
const DRIFT_STEPS: i64 = 1;
/// As long as a hash of HMAC-SHA-1, as RFC 4226 recommends.
pub const SECRET_BYTES: usize = 20;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A secret that a person's app and this site share.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub [u8; SECRET_BYTES]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Secret {
    pub fn draw() -> Self {
        Self(rand::random())
    }

    /// As apps take it when it is typed.
    pub fn text(&self) -> String {
        base32(&self.0)
    }

    /// The code of one half minute since 1970.
    ///
    /// # Errors
    /// None in practice: keys of every length are taken.
    pub fn code(&self, step: i64) -> anyhow::Result<String> {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0)?;
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest[19] & 0x0f);
        let number = u32::from_be_bytes([digest[at] & 0x7f, digest[at + 1], digest[at + 2], digest[at + 3]]);
        Ok(format!("{:06}", number % 1_000_000))
    }

    /// The step whose code this is, among those taken now.
    ///
    /// # Errors
    /// As [`Secret::code`].
    pub fn step_of(&self, code: &str, now: DateTime<Utc>) -> anyhow::Result<Option<i64>> {
        let present = step_at(now);
        for step in present - DRIFT_STEPS..=present + DRIFT_STEPS {
            if self.code(step)? == code {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }
}

pub fn step_at(now: DateTime<Utc>) -> i64 {
    now.timestamp().div_euclid(STEP_SECONDS)
}

/// RFC 4648, section 6, without padding.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut buffer, mut n_bits) = (0_u32, 0);
    for byte in bytes {
        buffer = buffer << 8 | u32::from(*byte);
        n_bits += 8;
        while n_bits >= 5 {
            n_bits -= 5;
            text.push(char::from(BASE32[(buffer >> n_bits & 31) as usize]));
        }
    }
    if n_bits > 0 {
        text.push(char::from(BASE32[(buffer << (5 - n_bits) & 31) as usize]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238, appendix B, of which apps show the last six digits.
    #[test]
    fn the_published_codes_are_made() {
        let secret = Secret(*b"12345678901234567890");
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret.code(seconds / STEP_SECONDS).unwrap(), code, "{seconds}");
        }
    }

    #[test]
    fn a_clock_may_be_wrong_by_half_a_minute() {
        let secret = Secret::draw();
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let present = step_at(now);
        for drift in -1..=1 {
            let code = secret.code(present + drift).unwrap();
            assert!(secret.step_of(&code, now).unwrap().is_some(), "{drift}");
        }
        let taken: Vec<_> = (present - 1..=present + 1).map(|step| secret.code(step).unwrap()).collect();
        for drift in [-3, -2, 2, 3] {
            let code = secret.code(present + drift).unwrap();
            assert_eq!(secret.step_of(&code, now).unwrap().is_some(), taken.contains(&code), "{drift}");
        }
    }

    /// RFC 4648, section 10.
    #[test]
    fn secrets_are_typed_in_base_32() {
        for (bytes, text) in [("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }
}
