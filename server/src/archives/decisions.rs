//! What was disqualified elsewhere is so here. Who decided stays behind: they are the hosts of another house.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;

use super::import::contradiction;
use super::model::{DISQUALIFICATIONS, DisqualificationLine};
use super::store::fill;
use super::turns::Turns;
use super::unpacked::{Unpacked, wrong};
use crate::conduct;
use crate::error::Result;
use crate::ids::{CompetitionId, SubmissionId, TeamId};

/// Takes in the decisions about teams, and about submissions where these came along with their turns. Gives the numbers that teams
/// had which stay disqualified.
///
/// # Errors
/// What is wrong with the archive; those of the database.
pub async fn take_in(
    conn: &mut PgConnection,
    id: CompetitionId,
    from: &Unpacked,
    teams: &HashMap<i64, TeamId>,
    came_along: Option<(&HashMap<i64, SubmissionId>, &Turns)>,
) -> Result<HashSet<i64>> {
    let (mut judged, mut barred) = (HashSet::new(), HashSet::new());
    for line in from.lines::<DisqualificationLine>(DISQUALIFICATIONS)? {
        let line = line?;
        let team = *teams.get(&line.team).ok_or_else(|| {
            wrong(format!("A decision is about team {}, which is not in the archive.", line.team))
        })?;
        if line.submission.is_none() && line.lifted.is_none() {
            barred.insert(line.team);
        }
        let Some((submissions, turns)) = came_along else {
            if line.submission.is_none() {
                fill::insert_decision(conn, id, team, None, &line, None).await.map_err(contradiction)?;
            }
            continue;
        };
        let submission = match line.submission {
            Some(there) => Some(*submissions.get(&there).ok_or_else(|| {
                wrong(format!("A decision is about submission {there}, which is not in the archive."))
            })?),
            None => None,
        };
        let lifted = line.lifted.as_ref().map(|lifted| turns.here(lifted.turn)).transpose()?;
        let turns = Some((turns.here(line.turn)?, lifted));
        fill::insert_decision(conn, id, team, submission, &line, turns).await.map_err(contradiction)?;
        judged.insert(team);
    }
    for team in judged {
        conduct::store::judge(conn, id, team).await?;
    }
    Ok(barred)
}
