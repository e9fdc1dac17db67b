//! As whom a session was begun elsewhere.

use serde_json::Value;

/// What a column takes of `sub` and of `sid`.
const LONGEST_NAME: usize = 255;

/// A person at a provider, and their session there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub issuer: String,
    pub subject: String,
    /// What the provider calls its session, where it says so (OpenID Connect Back-Channel Logout 1.0, section 3).
    pub sid: Option<String>,
}

impl Origin {
    /// Of columns that are empty together.
    pub fn read(issuer: Option<String>, subject: Option<String>, sid: Option<String>) -> Option<Self> {
        Some(Self { issuer: issuer?, subject: subject?, sid })
    }
}

/// Whether something a provider gives as `sub` or `sid` names anything that can be kept.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_NAME && !text.contains('\0')
}

/// The claim `sid` of an ID token. One that is none is as if there were none: the person is known all the same.
pub fn sid(claim: Option<&Value>) -> Option<String> {
    claim.and_then(Value::as_str).filter(|sid| is_name(sid)).map(str::to_owned)
}
