//! `holdout-scorer doctor`: whether this scorer could do its work here, and what to mend if not.
//!
//! Never here: taking a job.

use std::fmt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use holdout_contract::ENGINE_VERSION;
use holdout_contract::events::{DEAF, is_heard};
use holdout_contract::files::Files;
use holdout_contract::handshake::{CONTRACT, Standing, standing};
use holdout_contract::place::Place;
use holdout_contract::watermark::{Disk, Watermark};
use holdout_evaluator::{Choice, Evaluator};
use sqlx::PgPool;

use crate::custom::sandbox;
use crate::intake::{Limits, Source, content};
use crate::judge::{Context, Judge};
use crate::notebooks;
use crate::score::score;
use crate::solution::Solution;
use crate::split::SplitRule;
use crate::unseal::{Key, is_exposed};
use crate::worker::room::too_little;

/// One thing that was looked at.
#[derive(Debug)]
pub struct Finding {
    pub is_well: bool,
    mark: &'static str,
    text: String,
}

impl Finding {
    fn well(text: impl Into<String>) -> Self {
        Self { is_well: true, mark: "ok   ", text: text.into() }
    }

    /// Something that need not be there is not.
    fn without(text: impl Into<String>) -> Self {
        Self { is_well: true, mark: "note ", text: text.into() }
    }

    fn ill(text: impl Into<String>) -> Self {
        Self { is_well: false, mark: "WRONG", text: text.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}", self.mark, self.text)
    }
}

/// Signatures of calls to an object store name the time, and it refuses those that are far from its own.
const CLOCKS_DIFFER_BY: f64 = 60.0;

/// Looks at the key, the files, at a score of which the value is known, at the sandboxes of metrics that hosts
/// write and of notebooks, and at the GPU.
pub async fn examine_machine(place: &super::cli::Place, python: Option<&Path>, gpu: Choice) -> Vec<Finding> {
    vec![
        key_is_readable(&place.key),
        files_are_there(&place.files).await,
        scores_a_known_value(),
        sandbox_holds(python),
        notebooks_run(python),
        computes(gpu),
    ]
}

fn computes(gpu: Choice) -> Finding {
    match Evaluator::open(gpu) {
        Ok(evaluator) => match (evaluator.about(), evaluator.take_failure()) {
            (Some(gpu), _) => Finding::well(format!("computes with {gpu}")),
            (None, Some(reason)) => Finding::without(format!(
                "computes with the processor alone, although there is a GPU: {reason}"
            )),
            (None, None) => Finding::without("computes with the processor alone, which is enough"),
        },
        Err(reason) => Finding::ill(format!("HOLDOUT_GPU is on: {reason}")),
    }
}

/// A scorer without it scores with every metric of the catalogue: nothing is wrong then.
fn sandbox_holds(python: Option<&Path>) -> Finding {
    let bounds = sandbox::Bounds { memory_mb: 2048, time: Duration::from_secs(60) };
    match sandbox::Sandbox::of_this_program(python, bounds) {
        Ok(sandbox) => Finding::well(format!(
            "Metrics written by hosts run in a sandbox that holds, with {}.",
            sandbox.versions()
        )),
        Err(reason) => Finding::without(format!("Metrics written by hosts cannot run here: {reason}.")),
    }
}

/// As [`sandbox_holds`]: nothing is wrong without it.
fn notebooks_run(python: Option<&Path>) -> Finding {
    let bounds = notebooks::sandbox::Bounds { memory_mb: 1024, disk_mb: 64, time: Duration::from_secs(60) };
    match notebooks::sandbox::Sandbox::of_this_program(python, bounds, &std::env::temp_dir()) {
        Ok(sandbox) => Finding::well(format!(
            "Notebooks can be run here, in a sandbox that holds, with {}.",
            sandbox.versions()
        )),
        Err(reason) => Finding::without(format!("Notebooks cannot be run here: {reason}.")),
    }
}

fn key_is_readable(path: &Path) -> Finding {
    match (Key::read(path), is_exposed(path)) {
        (Ok(_), Ok(true)) => {
            Finding::ill(format!("The key {0} can be read by others. Run: chmod 600 {0}", path.display()))
        }
        (Ok(key), _) => {
            Finding::well(format!("The key is readable; uploads are sealed to {}.", key.recipient()))
        }
        (Err(error), _) => Finding::ill(format!(
            "The key {0} cannot be read: {error}. Make one with: holdout-scorer keygen --key {0}",
            path.display()
        )),
    }
}

async fn files_are_there(place: &Place) -> Finding {
    let path = match place {
        Place::Folder(folder) => folder,
        Place::Bucket(_) => return bucket_is_there(place).await,
    };
    match std::fs::read_dir(path) {
        Ok(_) => Finding::well(format!("The folder of files {} is readable.", path.display())),
        Err(error) => Finding::ill(format!(
            "The folder of files {} cannot be read: {error}. Point HOLDOUT_FILES at the web server's.",
            path.display()
        )),
    }
}

async fn bucket_is_there(place: &Place) -> Finding {
    let tried = async { Files::open(place)?.try_out().await };
    match tried.await {
        Ok(()) => Finding::well(format!("Files can be stored in {place}, read back and removed.")),
        Err(error) => Finding::ill(format!(
            "Files cannot be kept in {place}: {error}. Point HOLDOUT_FILES at the web server's, and look at \
             AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )),
    }
}

/// Looks at the database, at what this scorer may do there, whether both understand each other, and at the clocks.
pub async fn examine_database(db: &PgPool) -> Vec<Finding> {
    let reached = database_is_migrated(db).await;
    if !reached.is_well {
        return vec![reached];
    }
    vec![reached, role_may_score(db).await, versions_agree(db).await, clocks_agree(db).await]
}

/// Without, jobs are found all the same, up to two seconds later.
pub async fn is_told_of_jobs(db: &PgPool, direct: &PgPool) -> Finding {
    match is_heard(db, direct).await {
        Ok(true) => Finding::well("Notifications of the database arrive: jobs are told at once."),
        Ok(false) => Finding::ill(DEAF),
        Err(error) => Finding::ill(format!("The database cannot be listened to: {error}.")),
    }
}

/// Whether a job's files have room where they are worked with.
pub fn disk_has_room(at_hand: &Path, reserve_mb: u64) -> Finding {
    let Some(Disk { free_bytes, .. }) = Disk::of(at_hand) else {
        return Finding::without(format!("The disk of {} cannot be looked at.", at_hand.display()));
    };
    let watermark = Watermark::new(reserve_mb);
    if watermark.is_below(free_bytes) {
        return Finding::ill(too_little(free_bytes, watermark.reserve_bytes));
    }
    Finding::well(format!("{} MB are free on the disk of {}.", free_bytes >> 20, at_hand.display()))
}

/// What each kind of outcome needs; and that the scorer does not act as the schema's owner.
async fn role_may_score(db: &PgPool) -> Finding {
    let asked = sqlx::query!(
        r#"select current_user::text as "role!",
                has_table_privilege('jobs', 'update') and has_table_privilege('scores', 'insert')
                and has_table_privilege('private_scores', 'insert') and has_table_privilege('submissions', 'update')
                and has_table_privilege('scorers', 'insert') and has_table_privilege('scorers', 'delete') as "may_score!",
                has_table_privilege('users', 'update') as "may_more!""#
    )
    .fetch_one(db)
    .await;
    match asked {
        Ok(asked) if !asked.may_score => Finding::ill(format!(
            "The database's role {} may not write scores. Connect as holdout_scorer, or as a user who may become it.",
            asked.role
        )),
        Ok(asked) if asked.may_more => Finding::ill(format!(
            "The database's role {} may do more than score. Connect as holdout_scorer, or as a user who may become it.",
            asked.role
        )),
        Ok(asked) => Finding::well(format!("The database's role {} may score, and no more.", asked.role)),
        Err(error) => Finding::ill(format!("The rights in the database cannot be looked at: {error}.")),
    }
}

async fn versions_agree(db: &PgPool) -> Finding {
    let asked = async { standing(&mut *db.acquire().await?).await };
    match asked.await.map(Standing::refusal) {
        Ok(None) => Finding::well(format!(
            "This is {ENGINE_VERSION}, and the installation understands it (contract {CONTRACT})."
        )),
        Ok(Some(words)) => Finding::ill(format!("{words} (This is {ENGINE_VERSION}, contract {CONTRACT}.)")),
        Err(error) => {
            Finding::ill(format!("The installation does not say which scorers it understands: {error}."))
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this machine's clock itself is looked at")]
async fn clocks_agree(db: &PgPool) -> Finding {
    let asked = sqlx::query_scalar!(r#"select extract(epoch from clock_timestamp())::float8 as "seconds!""#);
    let here = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    let before = here();
    let difference = asked.fetch_one(db).await.map(|there| there - f64::midpoint(before, here()));
    match difference {
        Ok(seconds) if seconds.abs() > CLOCKS_DIFFER_BY => Finding::ill(format!(
            "This machine's clock is {:.0} s {} the database's. Have both follow a time server.",
            seconds.abs(),
            if seconds > 0.0 { "behind" } else { "ahead of" }
        )),
        Ok(_) => Finding::well("The clocks of this machine and of the database agree."),
        Err(error) => Finding::ill(format!("The database's clock cannot be read: {error}.")),
    }
}

async fn database_is_migrated(db: &PgPool) -> Finding {
    match sqlx::query_scalar!(r#"select count(*) as "n!" from jobs where state = 'queued'"#)
        .fetch_one(db)
        .await
    {
        Ok(n) => Finding::well(format!("The database is reachable and migrated; {n} jobs wait.")),
        Err(sqlx::Error::Database(error)) => Finding::ill(format!(
            "The database refuses: {error}. Let the web server start once against it, which makes its tables."
        )),
        Err(error) => {
            Finding::ill(format!("The database cannot be reached: {error}. Check HOLDOUT_DATABASE_URL."))
        }
    }
}

/// Two rows, off by 3 and 4: the root of the mean square is √12.5.
fn scores_a_known_value() -> Finding {
    let known = || -> Result<f64, String> {
        let limits = Limits::default();
        let content = |bytes: &[u8]| {
            content::open(Source::Bytes(bytes.into()), &limits)
                .map_err(|error| error.to_string())?
                .map_err(|rejection| rejection.to_string())
        };
        let judge = Judge::new("rmse", &serde_json::Map::new(), Context::default())?;
        let solution = content(b"id,y,Usage\n1,10,Public\n2,20,Public\n3,0,Private\n")?;
        let solution = Solution::prepare(&solution, judge, &SplitRule::default(), &limits)
            .map_err(|rejection| rejection.to_string())?;
        let submission = content(b"id,y\n3,0\n2,24\n1,7\n")?;
        let outcome = score(&solution, &submission, &limits).map_err(|rejection| rejection.to_string())?;
        outcome.scores.public.value().ok_or_else(|| "it is undefined".to_owned())
    };
    match known() {
        Ok(rmse) if rmse == 12.5_f64.sqrt() => {
            Finding::well("The built-in example scores to its known value.")
        }
        Ok(rmse) => Finding::ill(format!("The built-in example scores {rmse} instead of √12.5.")),
        Err(error) => Finding::ill(format!("The built-in example does not score: {error}")),
    }
}
