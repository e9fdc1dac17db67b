//! Files of which it is not known what is chance in their scores, though it is of others: only a metric of a host's own leaves any
//! out. That there are some, everybody reads; why, a file's own team and the hosts.

use holdout_contract::ranks::WhyUnknown;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::Competition;
use crate::error::Result;
use crate::ids::{SubmissionId, TeamId};
use crate::leaderboard::model::{Row, View};
use crate::ranks::model::{Split, Summary};
use crate::ranks::store;
use crate::replica;
use crate::replica::model::Since;
use crate::replica::read::Conn;

/// So many are listed for hosts.
const MOST_LISTED: i64 = 100;

/// A team whose file is left out.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    pub team_id: TeamId,
    pub team: String,
    /// Inside, `None` where an earlier release did not keep it.
    pub why: Option<Json<Option<WhyUnknown>>>,
}

impl LeftOut {
    pub fn sample() -> Self {
        Self {
            team_id: TeamId(1),
            team: "Ada & friends".to_owned(),
            why: Some(Json(Some(WhyUnknown::OneBlock))),
        }
    }

    pub fn reason(&self) -> &'static str {
        reason(self.why.as_ref().and_then(|Json(why)| *why))
    }
}

fn reason(why: Option<WhyUnknown>) -> &'static str {
    why.map_or(
        "The metric gives no score, or takes too long, without some of the rows, or one block of them alone decides.",
        WhyUnknown::sentence,
    )
}

fn sentence(why: Option<WhyUnknown>) -> String {
    format!("It is not known what is chance in this file’s score. {}", reason(why))
}

/// The viewer's own row, with the reason why it has no range where its file is left out.
///
/// # Errors
/// Those of the database.
pub async fn own(
    app: &App,
    competition: &Competition,
    view: View,
    row: Option<Row>,
    summary: Option<&Summary>,
) -> Result<Option<Row>> {
    let leaves_some_out = summary.is_some_and(|summary| summary.n_left_out > 0);
    let split = Split::of(view).filter(|_| leaves_some_out);
    let (Some(mut row), Some(split)) = (row.clone(), split) else { return Ok(row) };
    if row.rank.is_none() || row.range.is_some() {
        return Ok(Some(row));
    }
    let (id, since, submission_id) = (competition.id, Since::of(competition), row.key.submission_id);
    let ask =
        move |mut conn: Conn| async move { store::why_left_out(&mut conn, id, split, submission_id).await };
    if let Some(why) = replica::read::board(app, since, ask).await? {
        row.no_range = Some(sentence(why));
    }
    Ok(Some(row))
}

/// Why a team's file has no range of ranks, for the team: on the board that counts now.
///
/// # Errors
/// Those of the database.
pub async fn of_file(
    conn: &mut PgConnection,
    competition: &Competition,
    view: View,
    submission_id: SubmissionId,
) -> Result<Option<String>> {
    let is_own_metric = competition.metric.as_deref() == Some(holdout_contract::custom::NAME);
    let Some(split) = Split::of(view).filter(|_| is_own_metric) else { return Ok(None) };
    let why = store::why_left_out(conn, competition.id, split, submission_id.0).await?;
    Ok(why.map(sentence))
}

/// All files that are left out, for hosts alone.
///
/// # Errors
/// Those of the database.
pub async fn for_hosts(
    app: &App,
    seen: &Seen,
    view: View,
    summary: Option<&Summary>,
) -> Result<Vec<LeftOut>> {
    let leaves_some_out = summary.is_some_and(|summary| summary.n_left_out > 0);
    let Some(split) = Split::of(view).filter(|_| leaves_some_out && seen.standing.is_host) else {
        return Ok(Vec::new());
    };
    let (id, since) = (seen.competition.id, Since::of(&seen.competition));
    let ask = move |mut conn: Conn| async move { store::left_out(&mut conn, id, split, MOST_LISTED).await };
    Ok(replica::read::board(app, since, ask).await?)
}
