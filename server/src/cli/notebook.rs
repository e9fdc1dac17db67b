//! Notebooks: push, pull, list, run, cancel; and draw one here as the site would.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Session;
use super::account::or_nothing;
use super::client::Upload;
use super::download::{Wanted, fetch};
use super::fault::{CliError, Outcome};
use super::local::unreadable;
use super::screen::Paint;
use super::table::{Table, cell, items, local_and_relative, text};
use crate::html::push_text;
use crate::notebooks::draw::{Drawing, draw};
use crate::notebooks::{ipynb, model};
use crate::web::format;
use crate::web::problems::encode;

#[derive(Debug, Subcommand)]
pub enum NotebookVerb {
    /// Share a notebook, or push a new version of it.
    ///
    /// Versions never change. Pushing the newest version again does not create another one.
    Push(PushArgs),
    /// Download the file of a notebook: the exact bytes that were pushed.
    Pull(PullArgs),
    /// List notebooks.
    List(ListArgs),
    /// Run a version of your notebook on the server, from the top.
    ///
    /// Every cell in order, from a fresh kernel, in a sandbox without a network. With --wait, exit code 2
    /// means that not every cell ran.
    Run(RunArgs),
    /// Cancel a run of your notebook: a waiting run is removed, a running one stops within seconds.
    Cancel(CancelArgs),
    /// Render a notebook on this machine as the site would render it.
    Draw(DrawArgs),
}

#[derive(Debug, Args)]
pub struct PushArgs {
    /// An .ipynb file, of up to 20 MB.
    file: PathBuf,
    /// Its name in addresses; made from the file's name if left out. An existing name gets a new version.
    #[arg(long)]
    name: Option<String>,
    /// Title of a new notebook; made from its first heading if left out.
    #[arg(long)]
    title: Option<String>,
    /// The competition that a new notebook belongs to; it cannot be changed later.
    #[arg(short, long)]
    competition: Option<String>,
    /// Who can see it: private, team or public. If left out, an existing notebook is unchanged and a new one is private.
    #[arg(long)]
    visibility: Option<String>,
    /// Licence of a new notebook: an SPDX name, or none.
    #[arg(long)]
    licence: Option<String>,
    /// Tags of a new notebook: at most six, separated by commas.
    #[arg(long)]
    tags: Option<String>,
    /// What is new in this version.
    #[arg(short, long, default_value = "")]
    message: String,
}

#[derive(Debug, Args)]
pub struct PullArgs {
    /// `owner/name`; `owner/name/3` for a version.
    notebook: String,
    /// Folder to put it into.
    #[arg(long, default_value = ".")]
    into: PathBuf,
    /// Let its code read the competition's data from this folder, instead of Kaggle's.
    #[arg(long, value_name = "FOLDER")]
    data: Option<String>,
    /// Replace an existing file.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only those of this competition.
    #[arg(short, long)]
    competition: Option<String>,
    /// Your own, including private ones.
    #[arg(long, conflicts_with = "competition")]
    mine: bool,
    /// hot, votes or new; score within a competition.
    #[arg(long, default_value = "hot")]
    sort: String,
    /// How many to show.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// `owner/name`; `owner/name/3` for a version.
    notebook: String,
    /// Wait until it has run, and show the result.
    #[arg(long)]
    wait: bool,
    /// After a run from the top, submit the submission.csv that it wrote.
    #[arg(long, requires = "wait")]
    submit: bool,
}

#[derive(Debug, Args)]
pub struct CancelArgs {
    /// `owner/name`.
    notebook: String,
    /// The number of the run.
    run: i64,
}

#[derive(Debug, Args)]
pub struct DrawArgs {
    /// An .ipynb file.
    file: PathBuf,
    /// The page to write; pictures come into a folder beside it.
    #[arg(long, default_value = "notebook.html")]
    into: PathBuf,
}

pub fn run(session: &Session, verb: &NotebookVerb) -> Outcome {
    match verb {
        NotebookVerb::Push(args) => push(session, args),
        NotebookVerb::Pull(args) => pull(session, args),
        NotebookVerb::List(args) => list(session, args),
        NotebookVerb::Run(args) => run_there(session, args),
        NotebookVerb::Cancel(args) => cancel(session, args),
        NotebookVerb::Draw(args) => draw_here(session, args),
    }
}

fn push(session: &Session, args: &PushArgs) -> Outcome {
    let stem = args.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let name = args.name.clone().unwrap_or_else(|| model::slug_of(&stem));
    let owner = text(&session.client.get("/api/v1/me")?, "username");
    let base = format!("/api/v1/notebooks/{}/{}", encode(&owner), encode(&name));
    let is_known = !or_nothing(session.client.get(&base))?.is_null();
    let path = if is_known {
        format!("{base}/versions{}", query(&[("message", Some(&args.message))]))
    } else {
        let said = [
            ("name", Some(&name)),
            ("title", args.title.as_ref()),
            ("competition", args.competition.as_ref()),
            ("visibility", args.visibility.as_ref()),
            ("licence", args.licence.as_ref()),
            ("tags", args.tags.as_ref()),
            ("message", Some(&args.message)),
        ];
        format!("/api/v1/notebooks{}", query(&said))
    };
    let mut pushed = send(session, &path, &args.file)?;
    if let Some(visibility) = args.visibility.as_ref().filter(|_| is_known) {
        pushed["notebook"] = session.client.patch(&base, &json!({ "visibility": visibility }))?;
    }
    session.screen.answer(&pushed, |paint| {
        let version = &pushed["version"]["version"];
        let what = match pushed["is_new"].as_bool() {
            Some(false) => format!("Nothing has changed since version {version}."),
            _ => format!("Version {version} has been pushed."),
        };
        format!("{}\n{}", paint.good(&what), text(&pushed["notebook"], "url"))
    });
    Ok(())
}

/// The parts of a query that were given.
fn query(said: &[(&str, Option<&String>)]) -> String {
    let given = said
        .iter()
        .filter_map(|(name, value)| value.filter(|value| !value.is_empty()).map(|value| (name, value)));
    let parts: Vec<String> = given.map(|(name, value)| format!("{name}={}", encode(value))).collect();
    if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) }
}

fn send(session: &Session, path: &str, file: &Path) -> Outcome<Value> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let size_bytes = fs::metadata(file).map_err(|error| unreadable(file, &error))?.len();
    let bar = session.screen.transfer(&name, size_bytes);
    let upload = Upload {
        method: "POST",
        path,
        file_name: &name,
        idempotency_key: None,
        size_bytes: Some(size_bytes),
    };
    let sent = session.client.upload(&upload, || {
        bar.set_position(0);
        Ok(bar.wrap_read(File::open(file).map_err(|error| unreadable(file, &error))?))
    });
    bar.finish_and_clear();
    sent
}

fn pull(session: &Session, args: &PullArgs) -> Outcome {
    let Named { base, name, number } = named(session, &args.notebook)?;
    let version = session.client.get(&format!("{base}/versions/{}", encode(&number)))?;
    let name = model::slug(&name).map_err(CliError::Usage)?;
    fs::create_dir_all(&args.into)?;
    let target = args.into.join(format!("{name}.ipynb"));
    if target.exists() && !args.force {
        return Err(CliError::Refused(format!("{} already exists. --force replaces it.", target.display())));
    }
    let path = format!("{base}/versions/{}/file", encode(&number));
    match &args.data {
        Some(folder) => {
            let led = format!("{path}?paths=local&folder={}", encode(folder));
            let bar = session.screen.transfer(&name, version["size_bytes"].as_u64().unwrap_or(0));
            let mut bytes = Vec::new();
            bar.wrap_read(session.client.open_text(&led)?).read_to_end(&mut bytes)?;
            bar.finish_and_clear();
            fs::write(&target, bytes)?;
        }
        None => {
            let (sha256, size_bytes) =
                (text(&version, "sha256"), version["size_bytes"].as_u64().unwrap_or(0));
            fetch(session, &Wanted { path: &path, name: &name, size_bytes, sha256: &sha256 }, &target)?;
        }
    }
    let document = json!({ "path": target.display().to_string(), "version": version });
    session.screen.answer(&document, |_| format!("Version {number} is in {}.", target.display()));
    Ok(())
}

/// A version as it is named on the command line.
struct Named {
    /// The notebook's address in the API.
    base: String,
    name: String,
    number: String,
}

fn named(session: &Session, notebook: &str) -> Outcome<Named> {
    let mut parts = notebook.trim_matches('/').split('/');
    let (Some(owner), Some(name), number, None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(CliError::Usage(
            "Name a notebook as owner/name, or a version of it as owner/name/3.".to_owned(),
        ));
    };
    let base = format!("/api/v1/notebooks/{}/{}", encode(owner), encode(name));
    let number = match number {
        Some(number) => number.trim_start_matches('v').to_owned(),
        None => session.client.get(&base)?["latest_version"].to_string(),
    };
    Ok(Named { base, name: name.to_owned(), number })
}

/// How often a run that is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

fn run_there(session: &Session, args: &RunArgs) -> Outcome {
    let Named { base, number, .. } = named(session, &args.notebook)?;
    let mut run = session.client.post(&format!("{base}/versions/{}/runs", encode(&number)), &json!({}))?;
    let address = format!("{base}/runs/{}", run["id"]);
    while args.wait && ["waiting", "running"].contains(&run["state"].as_str().unwrap_or_default()) {
        std::thread::sleep(LOOK_EVERY);
        run = session.client.get(&address)?;
    }
    let ran = run["state"] == "ran";
    if args.submit && ran {
        run["submission"] = session.client.post(&format!("{address}/submission"), &json!({}))?;
    }
    session.screen.answer(&run, |paint| {
        let said = format!("Run {} of version {number}: {}", run["id"], text(&run, "text"));
        let files = items_of(&run["files"]);
        let submitted = match run["submission"]["submission_id"].as_i64() {
            Some(id) => format!("\nSubmission #{id} was received."),
            None => String::new(),
        };
        let said = if ran { paint.good(&said) } else { said };
        format!("{said}{}{files}{submitted}", traceback(&run))
    });
    if args.wait && !ran { Err(CliError::Rejected("Not every cell ran.".to_owned())) } else { Ok(()) }
}

fn cancel(session: &Session, args: &CancelArgs) -> Outcome {
    let Named { base, .. } = named(session, &args.notebook)?;
    let run = session.client.post(&format!("{base}/runs/{}/cancel", args.run), &json!({}))?;
    let is_gone = run.is_null();
    let document = if is_gone { json!({ "id": args.run, "state": "gone" }) } else { run.clone() };
    session.screen.answer(&document, |_| match is_gone {
        true => format!("Run {} was removed from the queue.", args.run),
        false => format!("Run {}: {}", args.run, text(&run, "text")),
    });
    Ok(())
}

fn traceback(run: &Value) -> String {
    let traceback = text(run, "traceback");
    if traceback.is_empty() { String::new() } else { format!("\n{}", traceback.trim_end()) }
}

fn items_of(files: &Value) -> String {
    let files = files.as_array().map(Vec::as_slice).unwrap_or_default();
    let line = |file: &Value| {
        let size = format::size(file["size_bytes"].as_u64().unwrap_or(0));
        format!("\n  {} ({size})", text(file, "path"))
    };
    files.iter().map(line).collect()
}

fn list(session: &Session, args: &ListArgs) -> Outcome {
    let path = match (&args.competition, args.mine) {
        (_, true) => format!("/api/v1/me/notebooks?limit={}", args.limit),
        (Some(competition), false) => format!(
            "/api/v1/competitions/{}/notebooks?sort={}&limit={}",
            encode(competition),
            encode(&args.sort),
            args.limit
        ),
        (None, false) => format!("/api/v1/notebooks?sort={}&limit={}", encode(&args.sort), args.limit),
    };
    let found = session.client.get(&path)?;
    session.screen.answer(&found, |paint| drawn_list(paint, items(&found)));
    Ok(())
}

fn drawn_list(paint: Paint, notebooks: &[Value]) -> String {
    let mut table = Table::new(&["notebook", "title", "competition", "score", "votes", "version", "changed"]);
    for notebook in notebooks {
        table.row([
            format!("{}/{}", text(notebook, "owner"), text(notebook, "name")),
            cell(&notebook["title"]),
            cell(&notebook["competition"]),
            cell(&notebook["public_score"]),
            cell(&notebook["n_votes"]),
            cell(&notebook["latest_version"]),
            local_and_relative(&notebook["updated_at"]),
        ]);
    }
    table.draw(paint, "No notebooks found.")
}

/// The site's own looks, for a page that stands alone.
const LOOKS: &str =
    concat!(include_str!("../../../static/app.css"), include_str!("../../../static/notebook.css"));

/// Where pictures would be, so that the drawer takes them for its own.
const ON_THE_SITE: &str = "/n/local/notebook/pictures/";

fn draw_here(session: &Session, args: &DrawArgs) -> Outcome {
    let bytes = fs::read(&args.file).map_err(|error| unreadable(&args.file, &error))?;
    let rejected = |error: ipynb::Unreadable| CliError::Rejected(error.0);
    let source = ipynb::text(&bytes).map_err(rejected)?;
    let notebook = ipynb::parse(&source).map_err(rejected)?;
    let stem = args.into.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = args.into.with_file_name(format!("{stem}-pictures"));
    let Drawing { html, pictures, .. } = draw(&notebook, ON_THE_SITE);
    let html = html.replace(&format!("\"{ON_THE_SITE}"), &format!("\"{}-pictures/", encode(&stem)));
    if !pictures.is_empty() {
        fs::create_dir_all(&folder)?;
    }
    for picture in &pictures {
        let name = format!("{}.{}", picture.digest.hex(), picture.kind.name());
        fs::write(folder.join(name), &picture.bytes)?;
    }
    let title = notebook.first_heading().unwrap_or(stem);
    fs::write(&args.into, whole_page(&title, &html))?;
    let document = json!({
        "path": args.into.display().to_string(), "size_bytes": html.len(), "n_pictures": pictures.len(),
    });
    session.screen.answer(&document, |_| {
        let size = format::size(html.len() as u64);
        format!("{} is written: {size}, {} pictures beside it.", args.into.display(), pictures.len())
    });
    Ok(())
}

fn whole_page(title: &str, cells: &str) -> String {
    let mut page = String::with_capacity(cells.len() + LOOKS.len() + 1000);
    page.push_str("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>");
    push_text(&mut page, title);
    page.push_str("</title><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>");
    page.push_str(LOOKS);
    page.push_str("</style></head><body><main><h1>");
    push_text(&mut page, title);
    page.push_str("</h1><article class=\"cells\">");
    page.push_str(cells);
    page.push_str("</article></main></body></html>\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_what_was_given() {
        let (title, nothing) = ("A & B".to_owned(), String::new());
        let said = [("title", Some(&title)), ("message", Some(&nothing)), ("tags", None)];
        assert_eq!(query(&said), "?title=A%20%26%20B");
        assert_eq!(query(&[("message", None)]), "");
    }
}
