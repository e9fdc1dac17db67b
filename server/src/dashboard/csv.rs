//! The dashboard's lists as CSV, read page by page while they are sent.

use std::future::Future;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;

use super::model::{Day, Participant, Refused};
use super::sent::{self, Filter, Sent};
use super::store;
use crate::app::App;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::{SubmissionId, UserId};
use crate::web::csv::{attachment, cell, line};
use crate::web::format;

/// Rows read at once.
const ROWS_A_READ: i64 = 1000;

/// Days that a table or a file of days holds at most: ten years of them.
pub const MOST_DAYS: i64 = 3660;

/// # Errors
/// Those of the database.
pub async fn send_days(app: &App, competition: &Competition) -> Result<Response> {
    let mut conn = app.db.acquire().await?;
    let days = store::days(&mut conn, competition.id, MOST_DAYS).await?;
    drop(conn);
    let heading = "day,received,scored,rejected,failed,teams,joined,median_wait_seconds,p95_wait_seconds\r\n"
        .to_owned();
    let text: String = std::iter::once(heading).chain(days.iter().map(day_line)).collect();
    Ok((attachment(&format!("{}-days.csv", competition.slug))?, text).into_response())
}

fn day_line(day: &Day) -> String {
    let seconds = |wait: Option<f64>| wait.map(|wait| format!("{wait:.3}")).unwrap_or_default();
    line(&[
        day.day.to_string(),
        day.n_received.to_string(),
        day.n_scored.to_string(),
        day.n_rejected.to_string(),
        day.n_failed.to_string(),
        day.n_teams.to_string(),
        day.n_joined.to_string(),
        seconds(day.median_wait_seconds),
        seconds(day.p95_wait_seconds),
    ])
}

/// # Errors
/// A name that cannot stand in a header.
pub fn send_participants(app: App, competition: &Competition) -> Result<Response> {
    let now = app.clock.now();
    let (id, decimals) = (competition.id, competition.decimals(now));
    let ended = competition.ended(now);
    let read = move |before| {
        let app = app.clone();
        async move {
            let mut conn = app.db.acquire().await?;
            let people = store::participants(&mut conn, ended, id, UserId(before), ROWS_A_READ).await?;
            let lines = people.iter().map(|person| participant_line(person, decimals)).collect();
            Ok((lines, next(&people, |person| person.user_id.0)))
        }
    };
    let heading = "user,name,invited_as,team,is_leader,joined_at,entries,public_score,last_entry_at,final_rank,private_score\r\n";
    send(&format!("{}-participants.csv", competition.slug), heading, read)
}

fn participant_line(person: &Participant, decimals: i32) -> String {
    let score = |score: Option<f64>| score.map(|score| format::score(score, decimals)).unwrap_or_default();
    line(&[
        cell(&person.username),
        cell(&person.display_name),
        person.invited_as.as_deref().map(cell).unwrap_or_default(),
        cell(&person.team),
        person.is_leader.to_string(),
        format::machine_time(&person.joined_at),
        person.n_entries.to_string(),
        score(person.public_score),
        person.last_entry_at.as_ref().map(format::machine_time).unwrap_or_default(),
        person.final_rank.map(|rank| rank.to_string()).unwrap_or_default(),
        person.private_score.map(|score| score.to_string()).unwrap_or_default(),
    ])
}

/// # Errors
/// A name that cannot stand in a header.
pub fn send_rejections(app: App, competition: &Competition) -> Result<Response> {
    let id = competition.id;
    let read = move |before| {
        let app = app.clone();
        async move {
            let mut conn = app.db.acquire().await?;
            let files = store::refused(&mut conn, id, SubmissionId(before), ROWS_A_READ).await?;
            let lines = files.iter().map(refused_line).collect();
            Ok((lines, next(&files, |file| file.submission_id.0)))
        }
    };
    let heading = "submission,team,received_at,error,sentence,line,total\r\n";
    send(&format!("{}-rejections.csv", competition.slug), heading, read)
}

fn refused_line(file: &Refused) -> String {
    let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
    let name = serde_json::to_value(file.kind).ok();
    line(&[
        file.submission_id.to_string(),
        cell(&file.team),
        format::machine_time(&file.received_at),
        name.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned(),
        file.sentence().to_owned(),
        number(file.line),
        number(file.total),
    ])
}

/// Those that `filter` lets pass; none where there is none.
///
/// # Errors
/// A name that cannot stand in a header.
pub fn send_sent(app: App, competition: Competition, filter: Option<Filter>) -> Result<Response> {
    let name = format!("{}-submissions.csv", competition.slug);
    let now = app.clock.now();
    let (ended, decimals) = (competition.ended(now), competition.decimals(now));
    let read = move |before| {
        let (app, competition) = (app.clone(), competition.clone());
        async move {
            let Some(filter) = filter else { return Ok((String::new(), None)) };
            let mut conn = app.db.acquire().await?;
            let before = SubmissionId(before);
            let sent = sent::list(&mut conn, &competition, ended, filter, before, ROWS_A_READ).await?;
            let lines = sent.iter().map(|submission| sent_line(submission, decimals)).collect();
            Ok((lines, next(&sent, |submission| submission.id.0)))
        }
    };
    let heading = "submission,team,is_baseline,sender,received_at,size_bytes,state,is_late,is_disqualified,\
                   scored_at,public_score,private_score\r\n";
    send(&name, heading, read)
}

fn sent_line(submission: &Sent, decimals: i32) -> String {
    line(&[
        submission.id.to_string(),
        cell(&submission.team),
        submission.is_baseline.to_string(),
        cell(&submission.sender),
        format::machine_time(&submission.received_at),
        submission.size_bytes.to_string(),
        submission.state.name().to_owned(),
        submission.is_late.to_string(),
        submission.is_barred.to_string(),
        submission.scored_at.as_ref().map(format::machine_time).unwrap_or_default(),
        submission.shown_public(&decimals),
        submission.private_score.map(|score| score.to_string()).unwrap_or_default(),
    ])
}

/// The key that the next read goes on behind; `None` at the end.
fn next<T>(rows: &[T], key: impl Fn(&T) -> i64) -> Option<i64> {
    rows.last().filter(|_| rows.len() as i64 == ROWS_A_READ).map(key)
}

/// Sends what `read` gives, from the newest on.
fn send<F, R>(name: &str, heading: &'static str, read: F) -> Result<Response>
where
    F: Fn(i64) -> R + Clone + Send + 'static,
    R: Future<Output = Result<(String, Option<i64>)>> + Send,
{
    let lines = stream::try_unfold((Some(i64::MAX), heading), move |(before, heading)| {
        let read = read.clone();
        async move {
            let Some(before) = before else { return Ok::<_, AppError>(None) };
            let (lines, next) = read(before).await?;
            Ok(Some((format!("{heading}{lines}"), (next, ""))))
        }
    });
    Ok((attachment(name)?, Body::from_stream(lines)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cells_and_not_formulas() {
        let person = Participant { team: "=1+1".to_owned(), ..Participant::sample() };
        let text = participant_line(&person, 2);
        assert_eq!(
            text,
            "ada,Ada,ada@people.test,'=1+1,true,1970-01-01T00:00:00Z,7,0.91,1970-01-01T00:00:00Z,2,0.8987654\r\n"
        );
    }

    #[test]
    fn a_submission_is_told_with_the_decimals_of_its_board() {
        let text = sent_line(&Sent { team: "=1+1".to_owned(), ..Sent::sample() }, 2);
        assert_eq!(
            text,
            "7,'=1+1,false,ada,1970-01-01T00:00:00Z,12345,scored,false,false,1970-01-01T00:00:00Z,0.91,\r\n"
        );
    }

    #[test]
    fn a_refused_file_is_named_by_its_reason_alone() {
        let text = refused_line(&Refused::sample());
        assert_eq!(
            text,
            "7,Ada & friends,1970-01-01T00:00:00Z,missing_ids,Ids of the sample submission are missing,17,3\r\n"
        );
    }
}
