//! What Kaggle's own client needs in its environment to speak to this server instead.
//!
//! That client has no setting for a server. Told that it runs against `localhost`, with this server
//! as its HTTP proxy, it brings its requests here.

use serde_json::json;

use super::fault::{CliError, Outcome};
use super::settings::resolve;
use super::{Connection, Session};

/// Prints lines for a shell: `eval "$(holdout kaggle-env)"`.
pub fn kaggle_env(connection: &Connection, session: &Session, as_key: bool) -> Outcome {
    let login = resolve(connection);
    let server = login.server.clone().unwrap_or_default();
    let token = login.token.clone().ok_or_else(|| {
        CliError::NotAllowed(format!("No token is remembered for {server}. Run `holdout login` first."))
    })?;
    let me = session.client.get("/api/v1/me")?;
    let username = me["username"].as_str().unwrap_or_default();
    let settings = settings(&server, username, &token, as_key);
    let set: serde_json::Map<_, _> =
        settings.set.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    session.screen.answer(&json!({ "set": set, "unset": settings.unset }), |_| lines(&server, &settings));
    Ok(())
}

fn lines(server: &str, settings: &Settings) -> String {
    let mut lines = vec![
        format!(
            "# Kaggle's client speaks to {server} in this shell. Use it so: eval \"$(holdout kaggle-env)\""
        ),
        "# Keep this shell for that client: its plain-HTTP requests all come here.".to_owned(),
    ];
    lines.extend(settings.set.iter().map(|(name, value)| format!("export {name}={}", quoted(value))));
    lines.push(format!("unset {}", settings.unset.join(" ")));
    lines.join("\n")
}

struct Settings {
    set: Vec<(&'static str, String)>,
    unset: Vec<&'static str>,
}

fn settings(server: &str, username: &str, token: &str, as_key: bool) -> Settings {
    let mut set = vec![
        ("KAGGLE_API_ENVIRONMENT", "LOCALHOST".to_owned()),
        ("HTTP_PROXY", server.to_owned()),
        // Where both are set, the client believes this one.
        ("http_proxy", server.to_owned()),
    ];
    let mut unset = vec!["NO_PROXY", "no_proxy"];
    if as_key {
        set.extend([("KAGGLE_USERNAME", username.to_owned()), ("KAGGLE_KEY", token.to_owned())]);
        unset.push("KAGGLE_API_TOKEN");
    } else {
        set.push(("KAGGLE_API_TOKEN", token.to_owned()));
        unset.extend(["KAGGLE_USERNAME", "KAGGLE_KEY"]);
    }
    Settings { set, unset }
}

/// A word that no shell takes apart.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kind_of_credential_is_set_and_the_other_unset() {
        let bearer = settings("http://h:8080", "ada", "hld_x", false);
        assert!(bearer.set.contains(&("KAGGLE_API_TOKEN", "hld_x".to_owned())));
        assert!(bearer.unset.contains(&"KAGGLE_KEY") && bearer.unset.contains(&"NO_PROXY"));
        let key = settings("http://h:8080", "ada", "hld_x", true);
        assert!(key.set.contains(&("KAGGLE_USERNAME", "ada".to_owned())));
        assert!(key.unset.contains(&"KAGGLE_API_TOKEN"));
    }

    #[test]
    fn a_value_stays_one_word() {
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
