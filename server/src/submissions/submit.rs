//! The verb that turns an upload into a submission.
//!
//! 1. [`enter`] finds out whether this person may send at all, before a byte is read.
//! 2. The handler streams the file to storage, which flushes it to the disk.
//! 3. [`submit`] locks the team, counts, and writes submission, log entry and job in one
//!    transaction. When the rules refuse, the file is removed again.

use chrono::{DateTime, SubsecRound, Utc};
use futures_util::TryStreamExt;
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue;
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::baselines::send::{HOSTS_ARE_UNRANKED, refuse_full};
use crate::competitions::access::{self, Seen};
use crate::competitions::model::{Competition, Phase, SendingLimits};
use crate::error::{AppError, Result};
use crate::files::Stored;
use crate::ids::TeamId;
use crate::submissions::log::{self, Said};
use crate::submissions::model::{Allowance, Submission};
use crate::submissions::read;
use crate::submissions::store::{self, NewSubmission};
use crate::teams;
use crate::teams::seat::{hold_own, no_team};
use crate::uploads::model::Purpose;
use crate::uploads::spend::Arrived;
use crate::web::format;

/// Longest description, in characters.
pub const DESCRIPTION_LIMIT: usize = 500;
/// Longest idempotency key, in characters.
const KEY_LIMIT: usize = 200;

/// Somebody who may send files to a competition.
#[derive(Debug, Clone)]
pub struct Entrant {
    pub member: Member,
    pub competition: Competition,
    pub team_id: TeamId,
    /// Sends the host's reference entries: for a team that nobody is in.
    pub is_baseline: bool,
}

impl Entrant {
    pub fn max_bytes(&self) -> u64 {
        self.competition.max_upload_bytes.unsigned_abs()
    }
}

/// A file that stands on the disk, with what its sender said about it.
#[derive(Debug, Clone)]
pub struct Upload {
    pub file_name: String,
    pub arrived: Arrived,
    pub description: String,
    /// The same key from the same team names the same submission.
    pub idempotency_key: Option<String>,
}

/// What the sender is told: from now on the file is never lost.
#[derive(Debug, Clone)]
pub struct Receipt {
    pub submission: Submission,
    pub allowance: Allowance,
}

impl Receipt {
    pub fn sentence(&self, competition: &Competition) -> String {
        match self.submission.lateness(competition) {
            Some(late) => format!("Received. {late}"),
            None => "Received.".to_owned(),
        }
    }
}

/// Finds out whether a member may send files now. What hosts send is a baseline, see [`crate::baselines`].
///
/// # Errors
/// A sentence when not; [`AppError::NotFound`] for a competition the member may not see.
pub async fn enter(app: &App, member: &Member, slug: &str) -> Result<Entrant> {
    let Seen { competition, standing } = access::see(app, slug, Some(member)).await?;
    if standing.is_among_hosts {
        return Err(AppError::refused(HOSTS_ARE_UNRANKED));
    }
    let team_id = standing
        .team_id
        .ok_or_else(|| AppError::JoinFirst("Accept the rules first; then you can submit.".to_owned()))?;
    match (competition.phase(app.clock.now()), competition.starts_at) {
        (Phase::Draft, _) => {
            Err(AppError::refused("This competition is a draft and does not accept submissions yet."))
        }
        (Phase::Upcoming, Some(starts_at)) => Err(AppError::refused(format!(
            "This competition opens at {}; submissions are accepted from then on.",
            format::time(&starts_at)
        ))),
        _ => Ok(Entrant { member: member.clone(), competition, team_id, is_baseline: false }),
    }
}

/// Takes a stored file as a submission.
///
/// # Errors
/// [`AppError::TooMany`] when today's submissions are used up, and [`AppError::Refused`] when the competition's are; a problem of the kind `quota` where there is no room; a file that came with the request is then removed.
pub async fn submit(app: &App, entrant: &Entrant, upload: Upload) -> Result<Receipt> {
    let arrived = upload.arrived.clone();
    let outcome = record(app, entrant, upload).await;
    let is_kept = match &outcome {
        Ok(receipt) => receipt.submission.storage_key == arrived.stored.key,
        // After a fault of ours the row may stand all the same, so the file stays.
        Err(AppError::Internal(_)) => true,
        Err(_) => false,
    };
    if !is_kept {
        arrived.let_go(app).await?;
    }
    outcome
}

/// A submission has a file of its own, which stays when what it was copied from goes.
///
/// # Errors
/// [`AppError::TooLarge`] for a file that is too large to be sent; those of storage.
pub async fn copy_stored(app: &App, entrant: &Entrant, storage_key: &str, size_bytes: i64) -> Result<Stored> {
    if size_bytes.unsigned_abs() > entrant.max_bytes() {
        return Err(AppError::TooLarge(format!(
            "This file is larger than the {} allowed in this competition.",
            format::limit(entrant.max_bytes())
        )));
    }
    let mut writing = app.files.create(Purpose::Submission.room(), entrant.competition.id.0).await?;
    let mut pieces = app.files.read_whole(storage_key).await?;
    while let Some(piece) = pieces.try_next().await? {
        writing.write(&piece).await?;
    }
    Ok(writing.finish().await?)
}

async fn record(app: &App, entrant: &Entrant, upload: Upload) -> Result<Receipt> {
    let upload = tidy(upload)?;
    let now = app.clock.now().trunc_subsecs(6); // what the database keeps is what is hashed
    let competition_id = entrant.competition.id;
    let mut tx = app.db.begin().await?;
    let team_id = hold_team(&mut tx, entrant).await?;
    let entrant = &Entrant { team_id, ..entrant.clone() };
    if let Some(key) = &upload.idempotency_key
        && let Some(submission) = store::find_by_key(&mut tx, entrant.team_id, key).await?
    {
        if submission.sha256 != upload.arrived.stored.sha256 {
            return Err(AppError::field(
                "idempotency_key",
                "This idempotency key was used for another file before; make a new one for this file.",
            ));
        }
        let allowance = read::allowance(&mut tx, &entrant.competition, entrant.team_id, now).await?;
        return Ok(Receipt { submission, allowance });
    }
    let terms = store::hold_terms(&mut tx, competition_id).await?;
    let before = store::allowance(&mut tx, entrant.team_id, terms.sending_limits(now), now).await?;
    if entrant.is_baseline {
        refuse_full(&mut tx, entrant.team_id).await?;
    } else {
        refuse_used_up(&before, now)?;
    }
    let new = NewSubmission {
        competition_id,
        team_id: entrant.team_id,
        user_id: entrant.member.id,
        received_at: now,
        is_late: terms.is_over(now),
        upload: &upload,
    };
    upload.arrived.spend(&mut tx, now).await?;
    let id = store::insert(&mut tx, &new).await?;
    let said =
        Said { file_sha256: &upload.arrived.stored.sha256, received_at: new.received_at, team: new.team_id };
    log::append(&mut tx, competition_id, id, &said).await?;
    let subject = Subject::Score { submission_id: id.0, team_id: entrant.team_id.0 };
    queue::enqueue(&mut tx, competition_id.0, subject, Priority::Interactive).await?;
    let submission = store::find(&mut tx, entrant.team_id, id).await?.ok_or(sqlx::Error::RowNotFound)?;
    tx.commit().await?;
    Ok(Receipt { submission, allowance: before.after_one() })
}

/// What the team sent before of the same bytes; none where it is this very upload that was sent twice, which makes one
/// submission.
///
/// # Errors
/// Those of the database.
pub async fn same_file_before(app: &App, entrant: &Entrant, upload: &Upload) -> Result<Option<Submission>> {
    let mut conn = app.db.acquire().await?;
    if let Some(key) = &upload.idempotency_key
        && store::find_by_key(&mut conn, entrant.team_id, key).await?.is_some()
    {
        return Ok(None);
    }
    let sha256 = &upload.arrived.stored.sha256;
    match store::of_the_same_bytes(&mut conn, entrant.team_id, sha256).await? {
        Some(id) => Ok(store::find(&mut conn, entrant.team_id, id).await?),
        None => Ok(None),
    }
}

/// The team that the entrant sends for, held. By now theirs may be part of another, or they in another.
pub(super) async fn hold_team(conn: &mut PgConnection, entrant: &Entrant) -> Result<TeamId> {
    if entrant.is_baseline {
        teams::store::merge::hold(conn, entrant.team_id).await?;
        return Ok(entrant.team_id);
    }
    hold_own(conn, entrant.competition.id, entrant.member.id).await?.ok_or_else(no_team)
}

/// Lets a submission pass while some of today's, and of the competition's, are left.
///
/// # Errors
/// [`AppError::TooMany`] with the time at which the next can be sent; [`AppError::Refused`] where none can.
pub fn refuse_used_up(allowance: &Allowance, now: DateTime<Utc>) -> Result<()> {
    if allowance.is_spent() {
        return Err(AppError::refused(allowance.refusal()));
    }
    if allowance.left() > 0 {
        return Ok(());
    }
    Err(AppError::TooMany {
        message: allowance.refusal(),
        retry_after_seconds: (allowance.resets_at - now).num_seconds().unsigned_abs() + 1,
    })
}

fn tidy(mut upload: Upload) -> Result<Upload> {
    if upload.description.chars().count() > DESCRIPTION_LIMIT {
        return Err(AppError::field(
            "description",
            format!("A description has at most {DESCRIPTION_LIMIT} characters."),
        ));
    }
    if upload.file_name.trim().is_empty() {
        upload.file_name = "predictions".to_owned();
    }
    upload.idempotency_key = upload.idempotency_key.filter(|key| !key.is_empty());
    // An upload is one submission, however often it is named.
    upload.idempotency_key =
        upload.idempotency_key.or(upload.arrived.upload.map(|id| format!("upload-{id}")));
    if upload.idempotency_key.as_ref().is_some_and(|key| key.chars().count() > KEY_LIMIT) {
        return Err(AppError::field(
            "idempotency_key",
            format!("An idempotency key has at most {KEY_LIMIT} characters."),
        ));
    }
    Ok(upload)
}

/// What binds a submission, read again under the lock: whoever moves the end locks the same row, so that what
/// was moved while a file came counts. A file is received when it is complete, and what came in parts before
/// when it is named as a submission.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub daily_limit: i32,
    pub total_limit: Option<i32>,
    pub ends_at: Option<DateTime<Utc>>,
    pub settled_at: Option<DateTime<Utc>>,
}

impl Terms {
    /// Over by the clock, or because the final board stands already.
    pub fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.settled_at.is_some() || self.ends_at.is_none_or(|end| now >= end)
    }

    /// As [`Competition::sending_limits`].
    fn sending_limits(&self, now: DateTime<Utc>) -> SendingLimits {
        SendingLimits { daily: self.daily_limit, total: self.total_limit.filter(|_| !self.is_over(now)) }
    }
}
