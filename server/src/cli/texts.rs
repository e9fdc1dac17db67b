//! What the site says of privacy, itself and its terms: read, accepted, and by administrators written.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Session;
use super::account::or_nothing;
use super::fault::Outcome;
use super::local::unreadable;
use super::table::{cell, local};

/// Texts of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Text {
    Privacy,
    Imprint,
    Terms,
}

impl Text {
    fn name(self) -> &'static str {
        match self {
            Self::Privacy => "privacy",
            Self::Imprint => "imprint",
            Self::Terms => "terms",
        }
    }
}

#[derive(Debug, Subcommand)]
pub enum TextsVerb {
    /// Print one; for the terms of use, also whether you accepted them.
    Show(ShowArgs),
    /// Accept the terms of use that you have read.
    Accept {
        /// The version shown by `show terms`.
        version: i32,
    },
    /// Write one, as an administrator; an empty file withdraws it.
    Write {
        #[arg(value_enum)]
        text: Text,
        /// Markdown.
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[arg(value_enum)]
    text: Text,
    /// An older version; the newest if left out.
    #[arg(long)]
    version: Option<i32>,
}

pub fn run(session: &Session, verb: &TextsVerb) -> Outcome {
    match verb {
        TextsVerb::Show(args) => show(session, args),
        TextsVerb::Accept { version } => {
            session.client.put("/api/v1/me/terms", &json!({ "version": version }))?;
            let standing = session.client.get("/api/v1/me/terms")?;
            session.screen.answer(&standing, |_| "You accepted the terms of use.".to_owned());
            Ok(())
        }
        TextsVerb::Write { text, file } => {
            let markdown = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
            let path = format!("/api/v1/admin/site/texts/{}", text.name());
            session.client.put(&path, &json!({ "markdown": markdown }))?;
            let is_withdrawn = markdown.trim().is_empty();
            let said = if is_withdrawn { "It is no longer public." } else { "It is now public." };
            session.screen.answer(&json!({ "text": text.name() }), |_| said.to_owned());
            Ok(())
        }
    }
}

fn show(session: &Session, ShowArgs { text, version }: &ShowArgs) -> Outcome {
    let query = version.map_or_else(String::new, |version| format!("?version={version}"));
    let mut found = session.client.get(&format!("/api/v1/site/texts/{}{query}", text.name()))?;
    if *text == Text::Terms {
        let standing = or_nothing(session.client.get("/api/v1/me/terms"))?;
        if standing["version"] == found["version"] {
            found["accepted_at"] = standing["accepted_at"].clone();
        }
    }
    session.screen.answer(&found, |paint| {
        let words = found["markdown"].as_str().unwrap_or_default();
        format!("{words}\n\n{}", paint.faint(&standing_of(&found)))
    });
    Ok(())
}

fn standing_of(found: &Value) -> String {
    let version = match found["written_at"].is_string() {
        true => format!("Version {}, since {}.", cell(&found["version"]), local(&found["written_at"])),
        false => "This is the default text.".to_owned(),
    };
    match found.get("accepted_at") {
        None => version,
        Some(Value::Null) => {
            format!("{version} Not accepted yet: holdout texts accept {}", cell(&found["version"]))
        }
        Some(at) => format!("{version} You accepted it on {}.", local(at)),
    }
}
