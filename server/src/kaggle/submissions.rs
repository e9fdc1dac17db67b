//! Submissions: the same entries, limits and reasons as everywhere. Three states stand for five.

use std::time::Duration;

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use holdout_contract::rejection::Rejection;
use serde::{Deserialize, Serialize};

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::Competition;
use crate::ids::{SubmissionId, TeamId};
use crate::kaggle::competitions::{not_joined, see};
use crate::kaggle::uploads::{arrived, entrant, unknown};
use crate::kaggle::wire::{Fault, not_a_token, size_of};
use crate::submissions::model::{State, Submission};
use crate::submissions::read;
use crate::submissions::store::{self, Released};
use crate::submissions::submit::{Entrant, Upload, submit};
use crate::submissions::wait::wait_for_score;
use crate::web::format;

/// A wrong file is answered with its reason if it is found wrong within this time.
const PATIENCE: Duration = Duration::from_secs(10);
/// The farthest that a list is read by page number; tokens go on for ever.
const FARTHEST: usize = 5000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CreateAsk {
    competition_name: String,
    blob_file_tokens: String,
    submission_description: String,
}

#[derive(Debug, Serialize)]
pub struct Created {
    message: String,
    #[serde(rename = "ref")]
    id: SubmissionId,
}

/// Submits a file that was uploaded, and looks for a moment whether it can be scored.
///
/// # Errors
/// A sentence; for a wrong file, the line and the reason.
pub async fn create(app: &App, member: &Member, ask: CreateAsk) -> Result<Created, Fault> {
    let entrant = entrant(app, member, &ask.competition_name).await?;
    let ready = arrived(app, &entrant, &ask.blob_file_tokens).await?;
    let upload = Upload {
        file_name: ready.file_name,
        arrived: ready.arrived,
        description: ask.submission_description.trim().to_owned(),
        idempotency_key: None,
    };
    let received = submit(app, &entrant, upload).await?.submission;
    told(app, &entrant, &received).await
}

/// What is said of a submission that was received: that, or what is wrong with its file.
///
/// # Errors
/// A sentence with the line and the reason.
pub(super) async fn told(app: &App, entrant: &Entrant, received: &Submission) -> Result<Created, Fault> {
    let (team_id, id) = (received.team_id, received.id);
    wait_for_score(app, team_id, id, PATIENCE).await?;
    let mut conn = app.db.acquire().await?;
    let submission = store::find(&mut conn, team_id, id).await?.ok_or_else(unknown)?;
    if let Some(rejection) = submission.reason() {
        let message = format!("{} A file that is rejected costs no submission.", reason(rejection));
        return Err(Fault::Said(StatusCode::BAD_REQUEST, message));
    }
    let late = if submission.is_late { " The competition is over: it is scored and not ranked." } else { "" };
    Ok(Created { message: format!("Successfully submitted to {}.{late}", entrant.competition.title), id })
}

/// What is wrong with a file, and where.
fn reason(rejection: &Rejection) -> String {
    let mut places = Vec::new();
    if let Some(line) = rejection.line {
        places.push(format!("line {line}"));
    }
    if let Some(column) = &rejection.column {
        places.push(format!("column {column}"));
    }
    if !rejection.examples.is_empty() {
        places.push(format!("such as {}", rejection.examples.join(", ")));
    }
    match places.is_empty() {
        true => rejection.message.clone(),
        false => format!("{} ({})", rejection.message, places.join(", ")),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LimitsAsk {
    competition_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    num_today: i32,
    num_allowed_now: i32,
    limited_by_total: bool,
}

/// What the team may still send.
///
/// # Errors
/// A sentence for those who have no team.
pub async fn limits(app: &App, member: &Member, ask: LimitsAsk) -> Result<Limits, Fault> {
    let (seen, team_id) = participant(app, member, &ask.competition_name).await?;
    let mut conn = app.db.acquire().await?;
    let now = app.clock.now();
    let allowance = read::allowance(&mut conn, &seen.competition, team_id, now).await?;
    Ok(Limits {
        num_today: allowance.used,
        num_allowed_now: allowance.left(),
        limited_by_total: allowance.is_bound_by_total(),
    })
}

async fn participant(app: &App, member: &Member, name: &str) -> Result<(Seen, TeamId), Fault> {
    let seen = see(app, member, name).await?;
    match seen.standing.team_id {
        Some(team_id) => Ok((seen, team_id)),
        None => Err(not_joined(app, &seen)),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListAsk {
    competition_name: String,
    group: String,
    page: i64,
    page_size: Option<i64>,
    page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Submissions {
    submissions: Vec<SubmissionJson>,
    next_page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmissionJson {
    #[serde(rename = "ref")]
    id: SubmissionId,
    total_bytes: i64,
    date: DateTime<Utc>,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_description: Option<String>,
    file_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    public_score: Option<String>,
    /// After the end only.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_score: Option<String>,
    status: &'static str,
    submitted_by: String,
}

impl SubmissionJson {
    fn new(submission: Submission, decimals: i32, released: &[Released]) -> Self {
        let shown = |score| format::score(score, decimals);
        let private = released.iter().find(|released| released.submission_id == submission.id);
        let error_description = match submission.state {
            State::Rejected => submission.reason().map(reason),
            State::Failed => submission.failure().map(str::to_owned),
            _ => submission.public_undefined.clone().or_else(|| submission.held().map(str::to_owned)),
        };
        Self {
            id: submission.id,
            total_bytes: submission.size_bytes,
            date: submission.received_at,
            error_description,
            public_score: submission.public_score.map(shown),
            private_score: private.and_then(|released| released.private_score).map(shown),
            status: status(submission.state),
            description: submission.description,
            file_name: submission.file_name,
            submitted_by: submission.sender,
        }
    }
}

/// The client knows three states and breaks down at a fourth.
fn status(state: State) -> &'static str {
    match state {
        State::Queued | State::Scoring => "PENDING",
        State::Scored => "COMPLETE",
        State::Rejected | State::Failed => "ERROR",
    }
}

/// The team's submissions, newest first.
///
/// # Errors
/// As [`limits`].
pub async fn list(app: &App, member: &Member, ask: ListAsk) -> Result<Submissions, Fault> {
    let (seen, team_id) = participant(app, member, &ask.competition_name).await?;
    let take = size_of(ask.page_size);
    let (before, skip) = match ask.page_token.as_str() {
        "" => (i64::MAX, usize::try_from(ask.page.max(1) - 1).unwrap_or(FARTHEST).min(FARTHEST) * take),
        token => (token.parse().map_err(|_| not_a_token())?, 0),
    };
    let fetched = i64::try_from(skip.min(FARTHEST) + take + 1).unwrap_or(i64::MAX);
    let mut conn = app.db.acquire().await?;
    let rows = store::list(&mut conn, team_id, SubmissionId(before), fetched).await?;
    drop(conn);
    let mut rows: Vec<_> = rows.into_iter().skip(skip).collect();
    let is_more = rows.len() > take;
    rows.truncate(take);
    let last = rows.last().map(|row| row.id.to_string());
    let next_page_token = last.filter(|_| is_more).unwrap_or_default();
    match ask.group.trim_start_matches("SUBMISSION_GROUP_") {
        "SUCCESSFUL" => rows.retain(|row| row.state == State::Scored),
        "SELECTED" => rows.retain(Submission::is_selected),
        _ => {}
    }
    Ok(Submissions { submissions: documents(app, &seen.competition, rows).await?, next_page_token })
}

async fn documents(
    app: &App,
    competition: &Competition,
    rows: Vec<Submission>,
) -> Result<Vec<SubmissionJson>, Fault> {
    let ids: Vec<i64> = rows.iter().map(|row| row.id.0).collect();
    let now = app.clock.now();
    let released = read::released(&mut *app.db.acquire().await?, competition, &ids, now).await?;
    let decimals = competition.decimals(now);
    Ok(rows.into_iter().map(|row| SubmissionJson::new(row, decimals, &released)).collect())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShowAsk {
    #[serde(rename = "ref")]
    id: i64,
}

/// One submission of the member's teams.
///
/// # Errors
/// A sentence when there is none.
pub async fn show(app: &App, member: &Member, ask: ShowAsk) -> Result<SubmissionJson, Fault> {
    let (seen, submission) = own(app, member, SubmissionId(ask.id)).await?;
    let mut documents = documents(app, &seen.competition, vec![submission]).await?;
    documents.pop().ok_or_else(|| no_submission(ask.id))
}

/// A submission by its number alone, for its own team.
///
/// # Errors
/// A sentence when there is none, or it is another team's.
pub async fn own(app: &App, member: &Member, id: SubmissionId) -> Result<(Seen, Submission), Fault> {
    let mut conn = app.db.acquire().await?;
    let slug = store::competition_of(&mut conn, member.id, id).await?.ok_or_else(|| no_submission(id.0))?;
    drop(conn);
    let (seen, team_id) = participant(app, member, &slug).await?;
    let mut conn = app.db.acquire().await?;
    let submission = store::find(&mut conn, team_id, id).await?.ok_or_else(|| no_submission(id.0))?;
    Ok((seen, submission))
}

fn no_submission(id: i64) -> Fault {
    Fault::missing(format!("There is no submission {id}, or it is not your team's."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_where() {
        let submission = Submission::sample(State::Rejected);
        let text = submission.reason().map(reason);
        assert_eq!(
            text.as_deref(),
            Some("41 ids are not in the solution. (line 3, column id, such as 17, 18)")
        );
    }

    #[test]
    fn no_state_is_one_that_the_client_does_not_know() {
        let all = [State::Queued, State::Scoring, State::Scored, State::Rejected, State::Failed];
        assert_eq!(all.map(status), ["PENDING", "PENDING", "COMPLETE", "ERROR", "ERROR"]);
    }
}
