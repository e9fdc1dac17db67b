//! A competition's texts, from a file or in the host's own editor.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Competition;
use crate::cli::Session;
use crate::cli::fault::{CliError, Outcome};
use crate::cli::table::{Table, cell, items, local, text};
use crate::web::problems::encode;

#[derive(Debug, Subcommand)]
pub enum PagesVerb {
    /// List the pages.
    List(Competition),
    /// Print a page's Markdown.
    Show(PageArgs),
    /// Write a page, from a file or in $VISUAL or $EDITOR; it is created if it does not exist.
    Edit(EditArgs),
    /// Remove a page.
    Remove(PageArgs),
    /// List every version of a page, newest first.
    History(HistoryArgs),
    /// Compare two versions of a page, line by line.
    Diff(DiffArgs),
    /// Restore an older version of a page, as a new version.
    Restore(RestoreArgs),
}

#[derive(Debug, Args)]
pub struct HistoryArgs {
    #[command(flatten)]
    page: PageArgs,
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// Continue after this one.
    #[arg(long, value_name = "KEY")]
    before: Option<i64>,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    #[command(flatten)]
    page: PageArgs,
    /// The older version; the one before the newer if left out.
    #[arg(long)]
    from: Option<i32>,
    /// The newer version; the newest if left out.
    #[arg(long)]
    to: Option<i32>,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    page: PageArgs,
    version: i32,
}

#[derive(Debug, Args)]
pub struct PageArgs {
    #[command(flatten)]
    of: Competition,
    /// Name in the page's address.
    page: String,
}

#[derive(Debug, Args)]
pub struct EditArgs {
    #[command(flatten)]
    page: PageArgs,
    /// Markdown to put there; `-` for stdin. An editor opens if left out.
    #[arg(long)]
    file: Option<PathBuf>,
    /// The page's title; if left out, unchanged or made from its name.
    #[arg(long)]
    title: Option<String>,
}

impl PageArgs {
    fn api(&self) -> String {
        self.of.api(&format!("/pages/{}", encode(&self.page)))
    }
}

pub fn run(session: &Session, verb: &PagesVerb) -> Outcome {
    match verb {
        PagesVerb::List(of) => list(session, of),
        PagesVerb::Show(args) => {
            let page = session.client.get(&args.api())?;
            session.screen.answer(&page, |_| page["markdown"].as_str().unwrap_or_default().to_owned());
            Ok(())
        }
        PagesVerb::Edit(args) => edit(session, args),
        PagesVerb::History(args) => history(session, args),
        PagesVerb::Diff(args) => diff(session, args),
        PagesVerb::Restore(RestoreArgs { page, version }) => {
            session.client.post(&format!("{}/restore", page.api()), &json!({ "version": version }))?;
            let restored = json!({ "restored": version });
            session.screen.answer(&restored, |_| format!("Version {version} has been restored."));
            Ok(())
        }
        PagesVerb::Remove(args) => {
            session.client.delete(&args.api())?;
            session
                .screen
                .answer(&json!({ "removed": args.page }), |_| "The page has been deleted.".to_owned());
            Ok(())
        }
    }
}

fn list(session: &Session, of: &Competition) -> Outcome {
    let pages = session.client.get(&of.api("/pages"))?;
    session.screen.answer(&pages, |paint| {
        let mut table = Table::new(&["page", "title", "changed"]);
        for page in items(&pages) {
            table.row([text(page, "slug"), text(page, "title"), local(&page["updated_at"])]);
        }
        table.draw(paint, "There are no pages.")
    });
    Ok(())
}

fn history(session: &Session, HistoryArgs { page, limit, before }: &HistoryArgs) -> Outcome {
    let before = before.map_or_else(String::new, |key| format!("&before={key}"));
    let found = session.client.get(&format!("{}/versions?limit={limit}{before}", page.api()))?;
    session.screen.answer(&found, |paint| {
        let mut table = Table::new(&["version", "when", "by", "title"]);
        for version in items(&found) {
            table.row([
                cell(&version["number"]),
                local(&version["edited_at"]),
                text(version, "edited_by"),
                text(version, "title"),
            ]);
        }
        table.draw(paint, "No host has written this page.")
    });
    session.screen.tell_of_more("--before", &found["next"]);
    Ok(())
}

fn diff(session: &Session, DiffArgs { page, from, to }: &DiffArgs) -> Outcome {
    let named = [("from", from), ("to", to)];
    let given = named.into_iter().filter_map(|(name, number)| Some(format!("{name}={}", (*number)?)));
    let query = given.collect::<Vec<_>>().join("&");
    let found = session.client.get(&format!("{}/diff?{query}", page.api()))?;
    session.screen.answer(&found, |paint| {
        let lines = found["lines"].as_array().into_iter().flatten().map(|line| {
            let words = text(line, "text");
            match line["change"].as_str() {
                Some("added") => paint.good(&format!("+ {words}")),
                Some("removed") => paint.bad(&format!("- {words}")),
                _ => format!("  {words}"),
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    });
    Ok(())
}

fn edit(session: &Session, args: &EditArgs) -> Outcome {
    let api = args.page.api();
    let before = match session.client.get(&api) {
        Err(CliError::NotFound(_)) => Value::Null,
        found => found?,
    };
    let old = before["markdown"].as_str().unwrap_or_default();
    let markdown = match &args.file {
        Some(path) => read(path)?,
        None => edited(old)?,
    };
    let title = match (&args.title, before["title"].as_str()) {
        (Some(title), _) => title.clone(),
        (None, Some(title)) => title.to_owned(),
        (None, None) => title_of(&args.page.page),
    };
    let is_changed = before["markdown"] != json!(markdown) || before["title"] != json!(title);
    if is_changed {
        session.client.put(&api, &json!({ "title": title, "markdown": markdown }))?;
    }
    let page = session.client.get(&api)?;
    let said = if is_changed { "The page has been saved." } else { "Nothing was changed." };
    session.screen.answer(&page, |_| said.to_owned());
    Ok(())
}

fn title_of(page: &str) -> String {
    let words = page.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn read(path: &Path) -> Outcome<String> {
    let mut text = String::new();
    if path.as_os_str() == "-" {
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    fs::read_to_string(path)
        .map_err(|error| CliError::Refused(format!("{} cannot be read: {error}", path.display())))
}

/// The text as the person leaves it in their editor.
fn edited(old: &str) -> Outcome<String> {
    if !io::stdin().is_terminal() {
        return Err(CliError::Usage(
            "Name a file with --file; there is no terminal for an editor.".to_owned(),
        ));
    }
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let path = std::env::temp_dir().join(format!("holdout-{}.md", Uuid::new_v4().simple()));
    fs::write(&path, old)?;
    // Editors are often set with arguments: `code --wait`.
    let mut words = editor.split_whitespace();
    let status = Command::new(words.next().unwrap_or("vi")).args(words).arg(&path).status();
    let text = fs::read_to_string(&path);
    let _ = fs::remove_file(&path);
    match status {
        Ok(status) if status.success() => Ok(text?),
        Ok(_) => Err(CliError::Refused("The editor gave up; nothing was changed.".to_owned())),
        Err(error) => Err(CliError::Refused(format!("The editor {editor:?} cannot be started: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_made_from_a_name() {
        assert_eq!(title_of("how-to-win"), "How to win");
        assert_eq!(title_of(""), "");
    }
}
