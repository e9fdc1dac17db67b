//! What an operator asks of how a provider signed somebody in: how strongly (`acr`), by what (`amr`, RFC 8176), how lately
//! (`auth_time`). Nothing is asked unless it is configured, and what is asked has to stand in the ID token.

use serde_json::Value;

use super::token::DRIFT_SECONDS;

/// As it stands in the file of providers.
#[derive(Debug, Clone, Default)]
pub struct Demands {
    /// One of them has to be the token's.
    pub acr: Vec<String>,
    /// One of them at least has to be among the token's.
    pub amr: Vec<String>,
    /// How long ago the person may have signed in there.
    pub max_age_seconds: Option<u32>,
}

/// What an ID token claims of it.
#[derive(Debug, Clone, Copy)]
pub struct Claimed<'a> {
    pub acr: Option<&'a Value>,
    pub amr: Option<&'a Value>,
    pub auth_time: Option<&'a Value>,
}

impl Demands {
    /// What the provider is told when somebody is led there (OpenID Connect Core 1.0, section 3.1.2.1).
    pub fn asked(&self) -> Vec<(&'static str, String)> {
        let acr = (!self.acr.is_empty()).then(|| ("acr_values", self.acr.join(" ")));
        let age = self.max_age_seconds.map(|seconds| ("max_age", seconds.to_string()));
        acr.into_iter().chain(age).collect()
    }

    /// Why what a token claims is less than what is asked.
    pub fn fault(&self, claimed: Claimed<'_>, now: i64) -> Option<&'static str> {
        let is_among = |asked: &[String], word: &Value| asked.iter().any(|one| word == one.as_str());
        let has_amr = || {
            let methods = claimed.amr.and_then(Value::as_array);
            methods.is_some_and(|methods| methods.iter().any(|method| is_among(&self.amr, method)))
        };
        let is_recent = |seconds: u32| {
            let age = claimed.auth_time.and_then(Value::as_i64).map(|at| now.saturating_sub(at));
            age.is_some_and(|age| (-DRIFT_SECONDS..=i64::from(seconds) + DRIFT_SECONDS).contains(&age))
        };
        if !self.acr.is_empty() && !claimed.acr.is_some_and(|acr| is_among(&self.acr, acr)) {
            Some("of another strength (acr)")
        } else if !self.amr.is_empty() && !has_amr() {
            Some("by other methods (amr)")
        } else if !self.max_age_seconds.is_none_or(is_recent) {
            Some("of a sign-in too long ago (auth_time)")
        } else {
            None
        }
    }
}
