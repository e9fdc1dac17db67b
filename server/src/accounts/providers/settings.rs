//! Which providers an operator lists: a file of JSON, a list with an object for each.

use std::path::{Path, PathBuf};

use holdout_contract::secrets;
use serde::Deserialize;
use ureq::http::Uri;

use super::demands::Demands;
use crate::config::Secret;

/// A provider of OpenID Connect.
#[derive(Debug, Clone)]
pub struct Provider {
    /// In addresses.
    pub name: String,
    /// On buttons.
    pub title: String,
    /// As it names itself, to the letter.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    /// Whether people are offered to sign out there, where it can be done.
    pub sign_out_there: bool,
    /// Whether its logout tokens may lack type and expiry, which the standard of 2022 did not ask for yet.
    pub older_logout_tokens: bool,
    /// Of how it signs people in.
    pub demands: Demands,
}

/// The provider that names itself so.
pub fn of_issuer<'a>(providers: &'a [Provider], issuer: &str) -> Option<&'a Provider> {
    providers.iter().find(|provider| provider.issuer == issuer)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    name: String,
    title: String,
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    #[serde(default = "yes")]
    sign_out_there: bool,
    #[serde(default)]
    older_logout_tokens: bool,
    #[serde(default)]
    acr: Vec<String>,
    #[serde(default)]
    amr: Vec<String>,
    max_age_seconds: Option<u32>,
}

fn yes() -> bool {
    true
}

impl Listed {
    fn with(self, client_secret: Secret) -> Provider {
        Provider {
            name: self.name,
            title: self.title,
            issuer: self.issuer,
            client_id: self.client_id,
            client_secret,
            sign_out_there: self.sign_out_there,
            older_logout_tokens: self.older_logout_tokens,
            demands: Demands { acr: self.acr, amr: self.amr, max_age_seconds: self.max_age_seconds },
        }
    }
}

/// # Errors
/// All that is wrong with the file, one sentence each.
pub fn read(path: &Path) -> Result<Vec<Provider>, Vec<String>> {
    let wrong = |error: String| vec![format!("{}: {error}", path.display())];
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let listed: Vec<Listed> = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let mut mistakes = Vec::new();
    let mut providers: Vec<Provider> = Vec::new();
    for one in listed {
        mistakes.extend(mistake(&one.name, &one.issuer, &providers));
        match secrets::read(&one.client_secret_file) {
            Ok(secret) => providers.push(one.with(Secret::new(secret))),
            Err(error) => mistakes.push(format!("{}: {error}.", one.name)),
        }
    }
    if mistakes.is_empty() { Ok(providers) } else { Err(mistakes) }
}

fn mistake(name: &str, issuer: &str, others: &[Provider]) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    if name.is_empty() || !name.chars().all(is_plain) {
        Some(format!("“{name}” is not a provider name: use lowercase letters, digits and dashes."))
    } else if !is_issuer(issuer) {
        Some(format!("{name}: the issuer {issuer} must be an address that begins with https://."))
    } else if others.iter().any(|other| other.name == name || other.issuer == issuer) {
        Some(format!("{name}: another provider has this name or issuer."))
    } else {
        None
    }
}

/// OpenID Connect Core 1.0, section 2: https, a host, perhaps a path.
fn is_issuer(text: &str) -> bool {
    let address = text.parse::<Uri>().ok().filter(|address| address.scheme_str() == Some("https"));
    address.is_some_and(|address| {
        let authority = address.authority().map_or("", |authority| authority.as_str());
        !authority.is_empty() && !authority.contains('@') && address.query().is_none() && !text.contains('#')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_read_or_all_that_is_wrong_is_told() {
        let folder = std::env::temp_dir().join(format!("holdout-providers-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        let (secret, list) = (folder.join("secret"), folder.join("list.json"));
        std::fs::write(&secret, "hush\n").unwrap();
        let entry = |name: &str, issuer: &str| serde_json::json!({ "name": name, "title": "Lab", "issuer": issuer, "client_id": "h", "client_secret_file": secret });
        let written = |entries: Vec<serde_json::Value>| {
            std::fs::write(&list, serde_json::Value::from(entries).to_string()).unwrap();
            read(&list)
        };
        let read =
            written(vec![entry("lab", "https://lab.example"), entry("uni", "https://uni.example")]).unwrap();
        assert_eq!((read.len(), read[0].client_secret.reveal()), (2, "hush"));
        assert_eq!((read[0].sign_out_there, read[0].older_logout_tokens), (true, false));
        let mut otherwise = entry("old", "https://old.example");
        otherwise["sign_out_there"] = false.into();
        otherwise["older_logout_tokens"] = true.into();
        otherwise["acr"] = serde_json::json!(["https://refeds.org/profile/mfa"]);
        otherwise["max_age_seconds"] = 3600.into();
        let read = written(vec![otherwise]).unwrap();
        assert_eq!((read[0].sign_out_there, read[0].older_logout_tokens), (false, true));
        let demands = &read[0].demands;
        assert_eq!((demands.acr.len(), demands.amr.len(), demands.max_age_seconds), (1, 0, Some(3600)));
        let wrong = [
            entry("Lab", "https://a.example"),
            entry("b", "http://b.example"),
            entry("c", "https://c.example/?x"),
            entry("c", "https://d.example/"),
        ];
        assert_eq!(written(wrong.to_vec()).unwrap_err().len(), 4);
        assert!(written(vec![serde_json::json!({ "name": "lab" })]).unwrap_err()[0].contains("title"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
