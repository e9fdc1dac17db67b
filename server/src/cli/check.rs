//! A file is checked: here, against the sample submission, before anything is sent; and by a scorer where
//! that is asked for or only a scorer can tell.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use clap::Args;
use holdout_contract::format::SubmissionFormat;
use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_intake::Limits;
use holdout_intake::check::{Verdict, check as check_against_sample};
use holdout_intake::content::{Source, open};
use serde_json::{Value, json};
use uuid::Uuid;

use super::Session;
use super::download::{Wanted, fetch};
use super::fault::{CliError, Outcome};
use super::local::{size_bytes, unreadable};
use super::rejection::describe;
use super::settings::cache_folder;
use super::submit::Predictions;
use super::table::text;
use crate::files::sha256_of;
use crate::web::format;
use crate::web::problems::encode;

const PAUSE: Duration = Duration::from_millis(300);

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// CSV (also gzip, or zip of one) or Parquet.
    file: PathBuf,
    /// Name in the competition's address.
    #[arg(short, long)]
    competition: String,
    /// Also have a scorer check it, after it passed the check on this machine.
    #[arg(long, conflicts_with = "here")]
    scorer: bool,
    /// Never send it, even if only a scorer can tell.
    #[arg(long)]
    here: bool,
}

/// Checks a file. What only a scorer can tell is asked of the server, unless that was ruled out.
pub fn check(session: &Session, args: &CheckArgs) -> Outcome {
    let verdict = check_here(session, &args.competition, &args.file)?;
    match verdict {
        Verdict::Rejected(rejection) => Err(tell_rejection(session, "here", &rejection)),
        Verdict::Fits { n_rows } if !args.scorer => {
            tell_fit(session, "here", n_rows);
            Ok(())
        }
        Verdict::Unknown(reason) if args.here => {
            Err(CliError::Refused(format!("This file cannot be checked here. {reason}")))
        }
        Verdict::Unknown(reason) => {
            session.screen.note(&format!("{reason} It will be sent to be checked."));
            ask_server(session, args)
        }
        Verdict::Fits { .. } => ask_server(session, args),
    }
}

fn tell_fit(session: &Session, by: &str, n_rows: u64) {
    let document = json!({ "checked": by, "verdict": { "verdict": "fits", "n_rows": n_rows } });
    session.screen.answer(&document, |paint| {
        let rows = format::count(i64::try_from(n_rows).unwrap_or(i64::MAX));
        format!(
            "{} It has {rows} rows. This check did not count against your limit.",
            paint.good("The file is valid.")
        )
    });
}

fn tell_rejection(session: &Session, by: &str, rejection: &Rejection) -> CliError {
    let rejection = json!(rejection);
    let document = json!({ "checked": by, "verdict": { "verdict": "rejected", "rejection": rejection } });
    session.screen.answer(&document, |paint| describe(paint, &rejection));
    CliError::Rejected("The file would be rejected.".to_owned())
}

fn ask_server(session: &Session, args: &CheckArgs) -> Outcome {
    let base = format!("/api/v1/competitions/{}/checks", encode(&args.competition));
    let key = Uuid::new_v4().to_string();
    let predictions = Predictions {
        path: &base,
        file: &args.file,
        key: &key,
        competition: &args.competition,
        purpose: "check",
    };
    let mut check = predictions.send(session)?;
    let address = format!("{base}/{}", text(&check, "id"));
    let waiting = session.screen.waiting("a scorer looks at the file");
    while check["verdict"].is_null() {
        sleep(PAUSE);
        check = session.client.get(&address)?;
    }
    waiting.finish_and_clear();
    let verdict = &check["verdict"];
    let reject = |found: &Value| serde_json::from_value::<Rejection>(found.clone()).ok();
    match verdict["verdict"].as_str() {
        Some("fits") => {
            tell_fit(session, "by_scorer", verdict["n_rows"].as_u64().unwrap_or(0));
            Ok(())
        }
        Some("rejected") => match reject(&verdict["rejection"]) {
            Some(rejection) => Err(tell_rejection(session, "by_scorer", &rejection)),
            None => Err(CliError::Rejected("The file would be rejected.".to_owned())),
        },
        _ => Err(CliError::Refused(
            "The file could not be checked; that is a problem on our side, not yours.".to_owned(),
        )),
    }
}

/// Judges a file on this machine. Nothing of it is sent.
pub fn check_here(session: &Session, competition: &str, file: &Path) -> Outcome<Verdict> {
    let base = format!("/api/v1/competitions/{}", encode(competition));
    let told = session.client.get(&format!("{base}/submission-format"))?;
    let size_bytes = size_bytes(file)?;
    let most_bytes = told["max_upload_bytes"].as_u64().unwrap_or(u64::MAX);
    if size_bytes > most_bytes {
        return Ok(Verdict::Rejected(too_large(size_bytes, most_bytes)));
    }
    let limits = Limits::default();
    let submission = match open(Source::Path(file), &limits).map_err(|error| unreadable(file, &error))? {
        Ok(submission) => submission,
        Err(rejection) => return Ok(Verdict::Rejected(rejection)),
    };
    if told["sample"].is_null() {
        return Ok(Verdict::Unknown("The competition has no sample submission.".to_owned()));
    }
    let Ok(folder) = cache_folder() else {
        return Ok(Verdict::Unknown("There is no folder to keep the sample submission in.".to_owned()));
    };
    let sample = cached_sample(session, &base, &told["sample"], &folder.join("samples"))?;
    let Ok(sample) = open(Source::Path(&sample), &limits)? else {
        return Ok(Verdict::Unknown("The sample submission cannot be read here.".to_owned()));
    };
    let format: Option<SubmissionFormat> = serde_json::from_value(told["format"].clone()).unwrap_or(None);
    Ok(check_against_sample(&sample, &submission, format.as_ref(), &limits))
}

/// The sample submission, downloaded once and kept under its hash.
fn cached_sample(session: &Session, base: &str, sample: &Value, folder: &Path) -> Outcome<PathBuf> {
    let (name, sha256) = (text(sample, "name"), text(sample, "sha256"));
    if !sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) || sha256.is_empty() {
        return Err(CliError::Refused("The server tells no hash of the sample submission.".to_owned()));
    }
    let target = folder.join(&sha256);
    if target.exists() && sha256_of(&target)? == sha256 {
        return Ok(target);
    }
    fs::create_dir_all(folder)?;
    let wanted = Wanted {
        path: &format!("{base}/data/{}", encode(&name)),
        name: &name,
        size_bytes: sample["size_bytes"].as_u64().unwrap_or(0),
        sha256: &sha256,
    };
    fetch(session, &wanted, &target)?;
    Ok(target)
}

fn too_large(size_bytes: u64, most_bytes: u64) -> Rejection {
    Rejection::new(
        RejectionKind::TooLarge,
        format!(
            "The file has {}; this competition takes {} at most.",
            format::size(size_bytes),
            format::limit(most_bytes)
        ),
    )
}
