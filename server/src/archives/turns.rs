//! The order in which a Ladder's files were judged elsewhere, kept here: turns of files, merges and decisions become
//! turns of this installation.

use std::cmp::Reverse;
use std::collections::HashMap;

use sqlx::PgConnection;

use super::import::contradiction;
use super::model::{
    DISQUALIFICATIONS, DisqualificationLine, MERGED_TEAMS, MergedTeamLine, SUBMISSIONS, SubmissionLine,
};
use super::store::fill;
use super::unpacked::{Unpacked, wrong};
use crate::error::Result;
use crate::ids::{CompetitionId, TeamId};
use crate::invisible_characters::is_invisible;

/// Turns of another installation beside those that stand for them here.
#[derive(Debug, Default)]
pub struct Turns {
    /// In their order, each once.
    there: Vec<i64>,
    here: Vec<i64>,
}

impl Turns {
    /// Draws a turn for each that the archive names.
    ///
    /// # Errors
    /// What is wrong with the archive; those of the database.
    pub async fn draw(conn: &mut PgConnection, from: &Unpacked) -> Result<Self> {
        let mut there = Vec::new();
        for submission in from.lines::<SubmissionLine>(SUBMISSIONS)? {
            there.extend(submission?.turn.map(|turn| turn.number));
        }
        for team in from.lines::<MergedTeamLine>(MERGED_TEAMS)? {
            there.push(team?.turn);
        }
        for decision in from.lines::<DisqualificationLine>(DISQUALIFICATIONS)? {
            let decision = decision?;
            there.push(decision.turn);
            there.extend(decision.lifted.map(|lifted| lifted.turn));
        }
        there.sort_unstable();
        there.dedup();
        let here = fill::draw_turns(conn, there.len()).await?;
        Ok(Self { there, here })
    }

    /// # Errors
    /// When none was drawn.
    pub fn here(&self, there: i64) -> Result<i64> {
        let at = self.there.binary_search(&there).ok();
        at.and_then(|at| self.here.get(at).copied())
            .ok_or_else(|| wrong(format!("The archive names turn {there} in one place only.")))
    }
}

/// Takes in the teams that became part of others. They have neither people nor submissions, and are no teams of the
/// competition but in the order of a Ladder.
///
/// # Errors
/// What is wrong with the archive; those of the database.
pub async fn take_in_merged(
    conn: &mut PgConnection,
    id: CompetitionId,
    (from, turns): (&Unpacked, &Turns),
    teams: &HashMap<i64, TeamId>,
) -> Result<HashMap<i64, TeamId>> {
    let mut merged = from.lines::<MergedTeamLine>(MERGED_TEAMS)?.collect::<Result<Vec<_>>>()?;
    // What a team became part of may have become part of another later.
    merged.sort_by_key(|team| Reverse((team.turn, team.merged_at)));
    let mut all = teams.clone();
    for mut team in merged {
        let into = *all.get(&team.merged_into).ok_or_else(|| {
            wrong(format!("Team {} became part of a team that is not in the archive.", team.id))
        })?;
        team.name.retain(|letter| !is_invisible(letter));
        let turn = turns.here(team.turn)?;
        let inserted = fill::insert_merged_team(conn, id, &team, (into, turn)).await;
        if all.insert(team.id, inserted.map_err(contradiction)?).is_some() {
            return Err(wrong(format!("Team {} is in the archive twice.", team.id)));
        }
    }
    Ok(all)
}
