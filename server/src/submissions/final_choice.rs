//! What counts in the end: the submissions that a team chose, or those that stand in for them.

use sqlx::PgConnection;

use crate::competitions::model::Competition;
use crate::ids::TeamId;
use crate::submissions::model::Submission;
use crate::submissions::store::{self, choice};

/// A team's choice as it stands now.
#[derive(Debug, Clone)]
pub struct FinalChoice {
    pub limit: i32,
    pub chosen: Vec<Submission>,
    /// The best by public score: they count while nothing is chosen.
    pub stand_ins: Vec<Submission>,
}

impl FinalChoice {
    /// What would count if the competition ended now.
    pub fn counting(&self) -> &[Submission] {
        if self.chosen.is_empty() { &self.stand_ins } else { &self.chosen }
    }

    /// In one sentence, with a following list in mind.
    pub fn sentence(&self) -> String {
        match (self.chosen.len(), self.stand_ins.len()) {
            (0, 0) => "Your team has no scored submission yet that could count in the end.".to_owned(),
            (0, 1) => {
                "Your team has not chosen anything. If it stays that way, its best submission by public score counts:"
                    .to_owned()
            }
            (0, n) => format!(
                "Your team has not chosen anything. If it stays that way, its best {n} submissions by public score \
                count:"
            ),
            (n, _) => format!("Your team has chosen {n} of {} for the final:", self.limit),
        }
    }

    pub fn sample() -> Self {
        let scored = Submission::sample(crate::submissions::model::State::Scored);
        Self { limit: 2, chosen: Vec::new(), stand_ins: vec![scored] }
    }
}

/// # Errors
/// Those of the database.
pub async fn read(
    conn: &mut PgConnection,
    competition: &Competition,
    team: TeamId,
) -> sqlx::Result<FinalChoice> {
    let chosen = choice::chosen(conn, team).await?;
    let chosen = store::with_ids(conn, team, &chosen).await?;
    let stand_ins = if chosen.is_empty() {
        let ids = choice::best(conn, competition.id, team, competition.final_limit.into()).await?;
        in_order(store::with_ids(conn, team, &ids).await?, &ids)
    } else {
        Vec::new()
    };
    Ok(FinalChoice { limit: competition.final_limit, chosen, stand_ins })
}

/// Most of a kind that the page offers: of a team's best, of what was held back, of what waits.
pub const OFFERED: usize = 100;

/// What the page offers a team to choose from.
#[derive(Debug, Clone, Default)]
pub struct Candidates {
    /// What it chose, its best by public score, its newest that a Ladder held back, and its newest without a score.
    pub offered: Vec<Submission>,
    /// There are more, each to be chosen on its own page.
    pub are_more: bool,
}

/// See [`Candidates`].
///
/// # Errors
/// Those of the database.
pub async fn candidates(
    conn: &mut PgConnection,
    competition: &Competition,
    team: TeamId,
) -> sqlx::Result<Candidates> {
    let mut ids = choice::chosen(conn, team).await?;
    let looked_at = OFFERED as i64 + 1;
    let mut are_more = false;
    for mut kind in [
        choice::best(conn, competition.id, team, looked_at).await?,
        choice::held(conn, competition.id, team, looked_at).await?,
        choice::waiting(conn, team, looked_at).await?,
    ] {
        are_more |= kind.len() > OFFERED;
        kind.truncate(OFFERED);
        ids.extend(kind);
    }
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(Candidates { offered: in_order(store::with_ids(conn, team, &ids).await?, &ids), are_more })
}

fn in_order(mut submissions: Vec<Submission>, ids: &[i64]) -> Vec<Submission> {
    submissions.sort_by_key(|submission| ids.iter().position(|id| *id == submission.id.0));
    submissions
}
