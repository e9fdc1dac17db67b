//! From a folder to a server: the difference is shown before anything is sent.

use std::path::{Path, PathBuf};

use clap::Args;
use holdout_contract::spec::MetricSpec;
use serde_json::{Value, json};

use super::apply::Target;
use super::validate::{document, refuse_errors, shown};
use crate::cli::host::Competition;
use crate::cli::table::items;
use crate::cli::{CliError, Outcome, Session, launch};
use crate::files::sha256_of;
use crate::folder::diff::{Change, diff};
use crate::folder::lock::{Lock, why_send};
use crate::folder::problems::Severity;
use crate::folder::read::{self, Folder};
use crate::folder::snapshot::Snapshot;

#[derive(Debug, Args)]
pub struct PushArgs {
    /// The folder with competition.toml.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The competition's address on the server, if it differs from the folder's.
    #[arg(long, value_name = "SLUG")]
    competition: Option<String>,
    /// Show the difference and stop. Exit code 2 if there is one.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
    /// Launch the draft once it is pushed.
    #[arg(long)]
    launch: bool,
    /// After the launch: why the solution or metric changes; everyone can read it.
    #[arg(long)]
    reason: Option<String>,
}

pub fn push(session: &Session, args: &PushArgs) -> Outcome {
    let catalogue = catalogue(session)?;
    let folder = read_folder(session, &args.folder, &catalogue)?;
    let slug = args.competition.clone().unwrap_or_else(|| folder.contents.slug.clone());
    let of = Competition::named(slug);
    let held = snapshot(session, &of)?;
    let changes = changes(session, &folder, held.as_ref(), &of, &catalogue)?;
    if !session.screen.is_json() {
        println!("{}", told(&changes));
    }
    if changes.is_empty() || args.dry_run {
        return conclude(session, args, &of, &changes, held.as_ref());
    }
    refuse_without_reason(args, held.as_ref(), &changes)?;
    if !session.screen.confirm("Push this?", args.yes)? {
        session.screen.answer(&json!({ "pushed": false, "changes": changes }), |_| "Not pushed.".to_owned());
        return Ok(());
    }
    let mut target = Target { session, folder: &folder, of };
    let (held, changes) = match held {
        Some(held) => (held, changes),
        None => {
            target.create()?;
            let held = snapshot(session, &target.of)?.ok_or_else(gone)?;
            let changes = self::changes(session, &folder, Some(&held), &target.of, &catalogue)?;
            (held, changes)
        }
    };
    let rescored = target.apply(&changes, &held, args.reason.as_deref(), args.yes)?;
    let launched = if args.launch { launch_now(session, &target.of, args.yes)? } else { Value::Null };
    let address = format!("{}/c/{}", session.client.server(), target.of.slug);
    let done = json!({ "pushed": true, "changes": changes, "rescored": rescored, "launched": launched });
    session.screen.answer(&done, |paint| {
        let what = if launched.is_null() { "Pushed" } else { "Pushed and launched" };
        paint.good(&format!("{what}: {address}"))
    });
    Ok(())
}

/// Makes a draft of a folder without asking, or completes the one that is there.
pub(super) fn draft(session: &Session, root: &Path, slug: Option<&str>) -> Outcome<Competition> {
    let catalogue = catalogue(session)?;
    let mut folder = read_folder(session, root, &catalogue)?;
    if let Some(slug) = slug {
        slug.clone_into(&mut folder.contents.slug);
    }
    let of = Competition::named(folder.contents.slug.clone());
    let held = snapshot(session, &of)?;
    if held.as_ref().is_some_and(|held| held.launched_at.is_some()) {
        return Err(CliError::Refused(format!(
            "{} was launched already: give another address with --slug.",
            of.slug
        )));
    }
    let mut target = Target { session, folder: &folder, of };
    let held = match held {
        Some(held) => held,
        None => {
            target.create()?;
            snapshot(session, &target.of)?.ok_or_else(gone)?
        }
    };
    let changes = changes(session, &folder, Some(&held), &target.of, &catalogue)?;
    target.apply(&changes, &held, None, true)?;
    Ok(target.of)
}

/// The server's own catalogue: what it computes is what a folder may name.
fn catalogue(session: &Session) -> Outcome<Vec<MetricSpec>> {
    let listed = session.client.get("/api/v1/metrics")?;
    let read: Vec<MetricSpec> =
        items(&listed).iter().filter_map(|spec| serde_json::from_value(spec.clone()).ok()).collect();
    // A server that no scorer has announced itself to has none yet.
    Ok(if read.is_empty() { holdout_contract::catalogue::known().to_vec() } else { read })
}

fn read_folder(session: &Session, root: &Path, catalogue: &[MetricSpec]) -> Outcome<Folder> {
    let reading = read::read(root, catalogue);
    let Some(mut folder) = reading.folder else {
        session.screen.answer(&document(&reading.problems), |_| shown(root, &reading.problems));
        refuse_errors(&reading.problems)?;
        return Err(gone());
    };
    for warning in reading.problems.iter().filter(|problem| problem.severity == Severity::Warning) {
        session.screen.note(&warning.to_string());
    }
    folder.hash()?;
    Ok(folder)
}

/// `None` where there is no such competition, or none that this host may see.
pub(super) fn snapshot(session: &Session, of: &Competition) -> Outcome<Option<Snapshot>> {
    match session.client.get(&of.api("/folder")) {
        Ok(document) => serde_json::from_value(document)
            .map(Some)
            .map_err(|error| CliError::Refused(format!("The server's answer cannot be read: {error}."))),
        Err(CliError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Everything that a push would do, in its order.
fn changes(
    session: &Session,
    folder: &Folder,
    held: Option<&Snapshot>,
    of: &Competition,
    catalogue: &[MetricSpec],
) -> Outcome<Vec<Change>> {
    let mut changes = match held {
        Some(held) => diff(&folder.contents, held, catalogue),
        None => Change::all_new(&folder.contents, catalogue),
    };
    if let Some(file) = &folder.solution {
        let file_sha256 = sha256_of(&folder.root.join(file))?;
        let lock = Lock::read(&folder.root);
        let known = lock.find(session.client.server(), &of.slug);
        let sealed = held.and_then(|held| held.sealed_sha256.as_deref());
        let why = why_send(known, sealed, &file_sha256);
        changes.extend(why.map(|why| Change::Solution { file: file.clone(), why }));
    }
    Ok(changes)
}

fn told(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "No difference.".to_owned();
    }
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The end of a push that sends nothing.
fn conclude(
    session: &Session,
    args: &PushArgs,
    of: &Competition,
    changes: &[Change],
    held: Option<&Snapshot>,
) -> Outcome {
    let is_draft = held.is_some_and(|held| held.launched_at.is_none());
    let launched = if args.launch && is_draft && !args.dry_run {
        launch_now(session, of, args.yes)?
    } else {
        Value::Null
    };
    if session.screen.is_json() {
        let done = json!({ "pushed": false, "changes": changes, "launched": launched });
        session.screen.answer(&done, |_| String::new());
    } else if !launched.is_null() {
        println!("Launched: {}/c/{}", session.client.server(), of.slug);
    }
    match changes.len() {
        0 => Ok(()),
        1 => Err(CliError::Rejected("The server differs in 1 thing.".to_owned())),
        n => Err(CliError::Rejected(format!("The server differs in {n} things."))),
    }
}

fn refuse_without_reason(args: &PushArgs, held: Option<&Snapshot>, changes: &[Change]) -> Outcome {
    let is_launched = held.is_some_and(|held| held.launched_at.is_some());
    if is_launched && args.reason.is_none() && changes.iter().any(Change::is_judged) {
        return Err(CliError::Usage(
            "After the launch, another solution or metric makes a new scoring version: say why with --reason, which \
            everyone can read."
                .to_owned(),
        ));
    }
    Ok(())
}

fn launch_now(session: &Session, of: &Competition, is_sure: bool) -> Outcome<Value> {
    Ok(launch::decide(session, of, None, None, is_sure)?.unwrap_or(Value::Null))
}

fn gone() -> CliError {
    CliError::Refused("The competition no longer exists.".to_owned())
}
