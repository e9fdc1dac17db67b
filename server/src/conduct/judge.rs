//! The two verbs: disqualify, and reinstate.

use chrono::{DateTime, Utc};
use holdout_contract::events::{Event, announce};
use serde_json::json;
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::store::drafts;
use crate::conduct::model::{Concerned, Decision, REASON_LIMIT};
use crate::conduct::store;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, DisqualificationId, SubmissionId, TeamId};
use crate::teams;
use crate::teams::model::Kind;
use crate::teams::seat::record;
use crate::teams::store::{change, merge, show};

/// What a host disqualifies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// By its name.
    Team(String),
    Submission(SubmissionId),
}

/// Takes a team or a submission off every board.
///
/// # Errors
/// [`AppError::NotFound`] for others than hosts; [`AppError::Field`] for what is not there or has no reason.
pub async fn disqualify(
    app: &App,
    host: &Member,
    slug: &str,
    target: &Target,
    reason: &str,
) -> Result<DisqualificationId> {
    let seen = access::see_as_host(app, slug, Some(host)).await?;
    let reason = read_reason(reason)?;
    let (now, competition) = (app.clock.now(), seen.competition.id);
    let mut tx = app.db.begin().await?;
    let (team, submission) = find(&mut tx, competition, target).await?;
    merge::hold(&mut tx, team).await?;
    if let Some(id) = submission
        && store::team_of(&mut tx, competition, id).await? != Some(team)
    {
        return Err(AppError::refused(
            "The team of this submission has just become part of another: try again.",
        ));
    }
    let id = store::decide(&mut tx, competition, team, submission, reason, host.id, now).await?;
    let id = id.ok_or_else(|| AppError::refused("This is already disqualified."))?;
    let decision = store::find(&mut tx, competition, id).await?.ok_or(AppError::NotFound)?;
    follow(&mut tx, &seen, host, &decision, Kind::Disqualified, reason, now).await?;
    tx.commit().await?;
    Ok(id)
}

async fn find(
    conn: &mut PgConnection,
    competition: CompetitionId,
    target: &Target,
) -> Result<(TeamId, Option<SubmissionId>)> {
    match target {
        Target::Team(name) => {
            let found = change::by_name(conn, competition, name.trim()).await?;
            Ok((found.ok_or_else(|| AppError::field("team", "No team has this name."))?, None))
        }
        Target::Submission(id) => {
            let found = store::team_of(conn, competition, *id).await?;
            let missing = || AppError::field("submission", "No submission has this number.");
            Ok((found.ok_or_else(missing)?, Some(*id)))
        }
    }
}

/// Whom a decision would be about, for the host who is about to take it.
///
/// # Errors
/// As [`disqualify`].
pub async fn look(app: &App, host: &Member, slug: &str, target: &Target, reason: &str) -> Result<Concerned> {
    let seen = access::see_as_host(app, slug, Some(host)).await?;
    read_reason(reason)?;
    let mut conn = app.db.acquire().await?;
    let (team, submission) = find(&mut conn, seen.competition.id, target).await?;
    let people = show::mates(&mut conn, team).await?.into_iter().map(|mate| mate.display_name).collect();
    let (n_submissions, _) = show::sent(&mut conn, team).await?;
    Ok(Concerned { team: teams::store::name(&mut conn, team).await?, submission, people, n_submissions })
}

/// Puts what was disqualified back where it belongs.
///
/// # Errors
/// [`AppError::NotFound`] for others than hosts; [`AppError::Field`] without a reason; a sentence for a
/// decision that was lifted before.
pub async fn reinstate(
    app: &App,
    host: &Member,
    slug: &str,
    id: DisqualificationId,
    reason: &str,
) -> Result<()> {
    let seen = access::see_as_host(app, slug, Some(host)).await?;
    let reason = read_reason(reason)?;
    let (now, competition) = (app.clock.now(), seen.competition.id);
    let mut tx = app.db.begin().await?;
    let decision = store::find(&mut tx, competition, id).await?.ok_or(AppError::NotFound)?;
    merge::hold(&mut tx, decision.team_id).await?;
    if !store::lift(&mut tx, id, reason, host.id, now).await? {
        return Err(AppError::refused("This has already been reinstated."));
    }
    follow(&mut tx, &seen, host, &decision, Kind::Reinstated, reason, now).await?;
    tx.commit().await?;
    Ok(())
}

fn read_reason(reason: &str) -> Result<&str> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > REASON_LIMIT {
        return Err(AppError::field("reason", format!("Say why, in at most {REASON_LIMIT} characters.")));
    }
    Ok(reason)
}

/// Boards, record and team: all that follows from a decision.
async fn follow(
    conn: &mut PgConnection,
    seen: &Seen,
    host: &Member,
    decision: &Decision,
    kind: Kind,
    reason: &str,
    now: DateTime<Utc>,
) -> Result<()> {
    let competition = &seen.competition;
    store::judge(conn, competition.id, decision.team_id).await?;
    if decision.submission_id.is_none() {
        let by = if kind == Kind::Disqualified { -1 } else { 1 };
        store::count_team(conn, decision, by).await?;
    }
    let action = if kind == Kind::Disqualified { "disqualified" } else { "reinstated" };
    let detail = json!({
        "team_id": decision.team_id,
        "submission_id": decision.submission_id,
        "reason": reason,
    });
    drafts::note(conn, now, host.id, action, competition.id, &detail).await?;
    let what = match decision.submission_id {
        Some(SubmissionId(id)) => format!("submission {id}"),
        None => "your team".to_owned(),
    };
    let words = match decision.submission_id {
        Some(SubmissionId(id)) => format!("submission {id}: {reason}"),
        None => format!("the team: {reason}"),
    };
    let event = change::NewEvent {
        competition: competition.id,
        team: decision.team_id,
        kind,
        actor: host.id,
        person: None,
        other_team: None,
        words: &words,
    };
    let people = people(conn, decision.team_id).await?;
    let sentence = format!("The host {action} {what} in “{}”\n{reason}", competition.title);
    record(conn, &event, &people, &sentence, now).await?;
    announce(conn, Event::Board { competition_id: competition.id.0 }).await?;
    Ok(())
}

async fn people(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Vec<crate::ids::UserId>> {
    Ok(show::mates(conn, team).await?.iter().map(|mate| mate.user_id).collect())
}
