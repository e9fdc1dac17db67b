//! Files that participants download.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::table::{Table, items, local, size, text};
use crate::cli::tus::Whole;
use crate::web::problems::encode;

#[derive(Debug, Subcommand)]
pub enum DataVerb {
    /// List the files.
    List(Competition),
    /// Send a file, or replace the one with the same name. Training and other data may be many files.
    Add(AddArgs),
    /// Describe a file.
    Describe(DescribeArgs),
    /// Remove a file.
    Remove(RemoveArgs),
}

#[derive(Debug, Args)]
pub struct AddArgs {
    #[command(flatten)]
    of: Competition,
    file: PathBuf,
    /// Its role in the competition; left out, that of the file of this name before, else data.
    #[arg(long, value_parser = ["train", "test", "sample_submission", "data", "history"])]
    role: Option<String>,
    /// Up to 1,000 characters.
    #[arg(long, default_value = "")]
    description: String,
    /// A different name from the file here.
    #[arg(long)]
    name: Option<String>,
    /// After the launch: what changed; everyone can read it.
    #[arg(long, default_value = "")]
    note: String,
    /// Also replace a file of this name that has another role.
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Args)]
pub struct FileArgs {
    #[command(flatten)]
    of: Competition,
    /// Name of the file.
    name: String,
}

#[derive(Debug, Args)]
pub struct RemoveArgs {
    #[command(flatten)]
    file: FileArgs,
    /// After the launch: why; everyone can read it.
    #[arg(long, default_value = "")]
    note: String,
}

#[derive(Debug, Args)]
pub struct DescribeArgs {
    #[command(flatten)]
    file: FileArgs,
    description: String,
}

impl FileArgs {
    fn api(&self) -> String {
        self.of.api(&format!("/data/{}", encode(&self.name)))
    }
}

pub fn run(session: &Session, verb: &DataVerb) -> Outcome {
    match verb {
        DataVerb::List(of) => list(session, of),
        DataVerb::Add(args) => add(session, args),
        DataVerb::Describe(args) => {
            let words = json!({ "description": args.description });
            let file = session.client.patch(&args.file.api(), &words)?;
            session.screen.answer(&file, |_| format!("{} is described.", args.file.name));
            Ok(())
        }
        DataVerb::Remove(RemoveArgs { file, note }) => {
            session.client.delete(&format!("{}?note={}", file.api(), encode(note)))?;
            session.screen.answer(&json!({ "removed": file.name }), |_| format!("{} is gone.", file.name));
            Ok(())
        }
    }
}

fn list(session: &Session, of: &Competition) -> Outcome {
    let files = session.client.get(&of.api("/data"))?;
    session.screen.answer(&files, |paint| {
        let mut table = Table::new(&["file", "role", "size", "sent", "what it is"]);
        for file in items(&files) {
            table.row([
                text(file, "name"),
                text(file, "role"),
                size(&file["size_bytes"]),
                local(&file["uploaded_at"]),
                text(file, "description"),
            ]);
        }
        table.draw(paint, "There are no files.")
    });
    Ok(())
}

/// A file on its way to participants.
pub struct Put<'a> {
    pub name: &'a str,
    pub role: &'a str,
    pub description: &'a str,
    pub note: &'a str,
    pub file: &'a Path,
    /// Also a file of this name that has another role.
    pub may_replace: bool,
}

impl Put<'_> {
    /// Sends the file, a large one in parts, with a bar.
    ///
    /// # Errors
    /// Those of the file and of the server.
    pub fn send(&self, session: &Session, of: &Competition) -> Outcome<Value> {
        let path = of.api(&format!(
            "/data/{}?role={}&description={}&note={}&replace={}",
            encode(self.name),
            encode(self.role),
            encode(self.description),
            encode(self.note),
            self.may_replace
        ));
        let whole = Whole { path: &path, file: self.file, name: self.name, purpose: "data" };
        whole.put(session, of)
    }
}

fn add(session: &Session, args: &AddArgs) -> Outcome {
    let own_name = args.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = args.name.clone().or(own_name).ok_or_else(|| CliError::Usage("Name a file.".to_owned()))?;
    let put = Put {
        name: &name,
        role: args.role.as_deref().unwrap_or_default(),
        description: &args.description,
        note: &args.note,
        file: &args.file,
        may_replace: args.replace,
    };
    let stored = put.send(session, &args.of)?;
    session.screen.answer(&stored, |_| {
        let told = format!(
            "{} is there ({}, SHA-256 {}).",
            name,
            size(&stored["size_bytes"]),
            text(&stored, "sha256")
        );
        let replaced: Vec<&str> =
            stored["replaced"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if replaced.is_empty() { told } else { format!("{told} It replaced {}.", replaced.join(" and ")) }
    });
    Ok(())
}
