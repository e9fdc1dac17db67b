//! An archive of another installation becomes a competition of this one: a draft, its solution, everything
//! that happened in it; and once it is launched, the proof that every score came out the same.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;
use zip::ZipArchive;

use super::import::{BUDGET, ImportArgs, rejected};
use super::push;
use crate::archives::model::{COMPETITION, Manifest, SEALED_SOLUTION, SUBMISSIONS, SubmissionLine};
use crate::bundles::archive::unpack;
use crate::cli::host::export::Wanted;
use crate::cli::host::{Competition, judging};
use crate::cli::local::name_of;
use crate::cli::tus::Whole;
use crate::cli::{CliError, Outcome, Session, launch};

pub(super) use crate::cli::host::export::manifest;

/// Between two looks at what is scored.
const PAUSE: Duration = Duration::from_secs(1);
/// Differences that are told one by one.
const MOST_TOLD: usize = 10;

/// Of an archive that `holdout host export` wrote.
#[derive(Debug, Args)]
#[command(next_help_heading = "For an archive of another installation")]
pub struct ArchiveArgs {
    /// The address of the competition here, if it should be different.
    #[arg(long)]
    slug: Option<String>,
    /// The hidden labels, which archives do not contain; sealed on this machine.
    #[arg(long, value_name = "FILE")]
    solution: Option<PathBuf>,
    /// Launch it, wait until everything is scored, and compare the scores with the archive's.
    #[arg(long)]
    launch: bool,
    /// With --launch: why you launch despite the audit's findings, if the archive contains no reason.
    #[arg(long, value_name = "TEXT")]
    audit_reason: Option<String>,
    /// Do not ask for confirmation.
    #[arg(long)]
    yes: bool,
}

pub(super) fn take_in(session: &Session, args: &ImportArgs, manifest: &Manifest) -> Outcome {
    if let Some(sentence) = manifest.refusal() {
        return Err(CliError::Rejected(sentence));
    }
    let wish = &args.archive;
    let space = Scratch::new()?;
    space.unpack(&args.bundle)?;
    let of = push::draft(session, &space.path(COMPETITION), wish.slug.as_deref())?;
    let name = name_of(&args.bundle);
    let whole = Whole { path: &of.api("/archive"), file: &args.bundle, name: &name, purpose: "archive" };
    let imported = whole.put(session, &of)?;
    for sentence in imported["left_behind"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        session.screen.note(&format!("Not carried over: {sentence}"));
    }
    let solution = put_solution(session, &of, wish.solution.as_deref(), manifest, &space)?;
    let mut done = json!({
        "slug": of.slug, "imported": imported, "solution": solution, "launched": false, "scores": null,
    });
    let reason = wish.audit_reason.as_deref();
    if wish.launch && launch::decide(session, &of, None, reason, wish.yes)?.is_some() {
        done["launched"] = json!(true);
        let tally = compare(session, &of, &space)?;
        done["scores"] = json!(tally);
        session.screen.answer(&done, |_| told(session, &of, &done, Some(&tally)));
        return tally.judge();
    }
    session.screen.answer(&done, |_| told(session, &of, &done, None));
    Ok(())
}

/// The host's own copy, or the sealed file where this house's scorers hold the key to it.
fn put_solution(
    session: &Session,
    of: &Competition,
    own: Option<&Path>,
    manifest: &Manifest,
    space: &Scratch,
) -> Outcome<&'static str> {
    if let Some(file) = own {
        judging::put_solution(session, of, file)?;
        return Ok("given");
    }
    let Some(sealed_to) = &manifest.solution_sealed_to else { return Ok("none") };
    let key = session.client.get("/api/v1/scorer-key")?;
    if key["recipient"].as_str() != Some(sealed_to) {
        session.screen.note(
            "The archive's solution is sealed to another installation's scorers and cannot be opened here: give the \
            labels with --solution.",
        );
        return Ok("none");
    }
    let (path, file) = (of.api("/solution?sealed=true"), space.path(SEALED_SOLUTION));
    Whole { path: &path, file: &file, name: SEALED_SOLUTION, purpose: "solution" }.put(session, of)?;
    Ok("sealed")
}

/// A folder that nobody else can read, and that goes with this value.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    fn new() -> io::Result<Self> {
        let folder = std::env::temp_dir().join(format!("holdout-archive-{}", Uuid::now_v7()));
        fs::DirBuilder::new().mode(0o700).create(&folder)?;
        Ok(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Unpacks the folder in it, and what scores are compared with.
    fn unpack(&self, archive: &Path) -> Outcome {
        let mut budget = BUDGET;
        unpack(File::open(archive)?, &mut budget, |name| -> io::Result<Box<dyn Write>> {
            if !name.starts_with(COMPETITION) && ![SEALED_SOLUTION, SUBMISSIONS].contains(&name) {
                return Ok(Box::new(io::sink()));
            }
            let path = self.path(name);
            fs::create_dir_all(path.parent().unwrap_or(&self.0))?;
            Ok(Box::new(BufWriter::new(File::create_new(path)?)))
        })
        .map_err(rejected)
    }
}

/// How scores of an archive and scores of this house agree.
#[derive(Debug, Default, Serialize)]
struct Tally {
    n_equal: usize,
    n_different: usize,
    /// Those that had no outcome there, or have none here by a fault that is not their senders'.
    n_open: usize,
    /// The archive's word, of files that were let go.
    n_taken_over: usize,
    different: Vec<Value>,
}

impl Tally {
    fn count(&mut self, there: &SubmissionLine, here: &SubmissionLine) {
        let is_settled = |line: &SubmissionLine| matches!(line.state.as_str(), "scored" | "rejected");
        if there.file_gone_at.is_some() {
            self.n_taken_over += 1;
        } else if !is_settled(there) || !is_settled(here) {
            self.n_open += 1;
        } else if outcome(there, here) == outcome(here, there) {
            self.n_equal += 1;
        } else {
            self.n_different += 1;
            if self.different.len() < MOST_TOLD {
                let (was, is) = (outcome(there, here), outcome(here, there));
                self.different.push(json!({ "there": there.id, "here": here.id, "was": was, "is": is }));
            }
        }
    }

    fn judge(&self) -> Outcome {
        match self.n_different {
            0 => Ok(()),
            n => Err(CliError::Rejected(format!("{n} scores differ from the archive's."))),
        }
    }
}

/// What of a submission must be the same; private scores where both know them, and of public ones the digits that both
/// tell.
fn outcome(of: &SubmissionLine, other: &SubmissionLine) -> Value {
    let of = match other.public_decimals {
        Some(decimals) => &of.clone().rounded(decimals),
        None => of,
    };
    let knows = |line: &SubmissionLine| line.private_score.is_some() || line.private_undefined.is_some();
    let private = (knows(of) && knows(other)).then_some((of.private_score, &of.private_undefined));
    json!([of.sha256, of.state, of.public_score, of.public_undefined, private])
}

/// Waits until everything has an outcome here, and holds it against the archive, submission by submission.
fn compare(session: &Session, of: &Competition, space: &Scratch) -> Outcome<Tally> {
    let fresh = space.path("here.zip");
    let wanted = Wanted { data: false, submission_files: false, sealed_solution: false };
    let line = session.screen.waiting("everything is scored");
    loop {
        wanted.fetch(session, of, &fresh)?;
        let (n_waiting, tally) = tally(&space.path(SUBMISSIONS), &fresh)?;
        if n_waiting == 0 {
            line.finish_and_clear();
            return Ok(tally);
        }
        line.set_message(format!("{n_waiting} submissions wait for their score"));
        sleep(PAUSE);
    }
}

fn tally(there: &Path, here: &Path) -> Outcome<(usize, Tally)> {
    let broken = |error: io::Error| CliError::Refused(format!("The archive cannot be read: {error}."));
    let mut archive = ZipArchive::new(File::open(here)?).map_err(|error| broken(error.into()))?;
    let here = archive.by_name(SUBMISSIONS).map_err(|error| broken(error.into()))?;
    let mut old = lines(BufReader::new(File::open(there)?));
    let (mut n_waiting, mut tally) = (0, Tally::default());
    for new in lines(BufReader::new(here)) {
        let new = new.map_err(broken)?;
        let Some(old) = old.next().transpose().map_err(broken)? else { break };
        n_waiting += usize::from(matches!(new.state.as_str(), "queued" | "scoring"));
        tally.count(&old, &new);
    }
    Ok((n_waiting, tally))
}

fn lines(reader: impl BufRead) -> impl Iterator<Item = io::Result<SubmissionLine>> {
    reader.lines().map(|line| Ok(serde_json::from_str(&line?)?))
}

fn told(session: &Session, of: &Competition, done: &Value, tally: Option<&Tally>) -> String {
    let imported = &done["imported"];
    let counted = |name: &str, one: &str, many: &str| match imported[name].as_i64() {
        Some(1) => format!("1 {one}"),
        _ => format!("{} {many}", imported[name]),
    };
    let mut lines = vec![format!(
        "{}/c/{}: {}, {}, {} with {}; {} recognised, {} marked as imported.",
        session.client.server(),
        of.slug,
        counted("n_teams", "team", "teams"),
        counted("n_submissions", "submission", "submissions"),
        counted("n_topics", "topic", "topics"),
        counted("n_posts", "post", "posts"),
        counted("n_people_known", "person", "people"),
        imported["n_people_new"],
    )];
    match tally {
        Some(tally) => lines.push(format!(
            "Scores: {} equal to the archive's, {} different, {} not to be compared, {} taken over as they were, \
            because their files were deleted.",
            tally.n_equal, tally.n_different, tally.n_open, tally.n_taken_over
        )),
        None => {
            if done["solution"] == "none" {
                lines.push(format!("Give it its labels: holdout host solution {} FILE", of.slug));
            }
            lines.push(format!("It is a draft. Launch it: holdout host launch {}", of.slug));
        }
    }
    lines.join("\n")
}
