//! Every SQL statement about rank ranges. The views show nothing of private rows before the end.

use sqlx::PgConnection;

use crate::ids::{CompetitionId, SubmissionId, TeamId};
use crate::ranks::model::{Range, Split, Summary, Unit};

/// What is known of a board as a whole; `None` before anybody looked at it.
///
/// # Errors
/// Those of the database.
pub async fn summary(
    conn: &mut PgConnection,
    id: CompetitionId,
    split: Split,
) -> sqlx::Result<Option<Summary>> {
    sqlx::query_as!(
        Summary,
        "select s.board_revision as \"board_revision!\", s.n_units as \"n_units!\",
                case when coalesce(v.context ->> 'cluster_column', '') <> '' then 'clusters'
                     when s.counts_groups then 'groups'
                     else 'rows' end as \"unit!: Unit\",
                s.noise, s.shake_up, s.absent
         from shown_rank_summaries s
         join scoring_versions v on v.id = s.version_id
         where s.competition_id = $1 and s.split = $2",
        id.0,
        split.name(),
    )
    .fetch_optional(conn)
    .await
}

/// A team's range, with the submission and the board that it was found out for.
pub struct TeamRange {
    pub team_id: TeamId,
    pub submission_id: i64,
    pub board_revision: i64,
    pub low: i32,
    pub high: i32,
    pub standard_error: f64,
}

impl TeamRange {
    pub fn range(&self, board_revision: i64) -> Range {
        Range {
            low: self.low,
            high: self.high,
            standard_error: self.standard_error,
            is_current: self.board_revision == board_revision,
        }
    }
}

/// The ranges of some teams.
///
/// # Errors
/// Those of the database.
pub async fn ranges(
    conn: &mut PgConnection,
    id: CompetitionId,
    split: Split,
    teams: &[i64],
) -> sqlx::Result<Vec<TeamRange>> {
    sqlx::query_as!(
        TeamRange,
        "select r.team_id as \"team_id!: TeamId\", r.submission_id as \"submission_id!\",
                s.board_revision as \"board_revision!\", r.rank_low as \"low!\", r.rank_high as \"high!\",
                r.standard_error as \"standard_error!\"
         from shown_rank_ranges r
         join shown_rank_summaries s on s.competition_id = r.competition_id and s.split = r.split
         where r.competition_id = $1 and r.split = $2 and r.team_id = any ($3)",
        id.0,
        split.name(),
        teams,
    )
    .fetch_all(conn)
    .await
}

/// Two teams that were looked at together.
pub struct Pair {
    pub submission_a: i64,
    pub submission_b: i64,
    /// Of the difference of their scores.
    pub standard_error: Option<f32>,
}

/// How far the difference of two teams' scores would typically move.
///
/// # Errors
/// Those of the database.
pub async fn pair(
    conn: &mut PgConnection,
    id: CompetitionId,
    split: Split,
    a: TeamId,
    b: TeamId,
) -> sqlx::Result<Option<Pair>> {
    sqlx::query_as!(
        Pair,
        "select x.submission_id as \"submission_a!\", y.submission_id as \"submission_b!\",
                x.difference_errors[y.place] as standard_error
         from shown_rank_ranges x
         join shown_rank_ranges y on y.competition_id = x.competition_id and y.split = x.split
         where x.competition_id = $1 and x.split = $2 and x.team_id = $3 and y.team_id = $4",
        id.0,
        split.name(),
        a.0,
        b.0,
    )
    .fetch_optional(conn)
    .await
}

/// The best public score of a team's files before one of them.
///
/// # Errors
/// Those of the database.
pub async fn best_before(
    conn: &mut PgConnection,
    id: CompetitionId,
    team_id: TeamId,
    submission_id: SubmissionId,
) -> sqlx::Result<Option<f64>> {
    let found = sqlx::query_scalar!(
        "select public_score from scores
         where version_id = (select active_version_id from competitions where id = $1)
           and team_id = $2 and submission_id < $3 and rank_key is not null and not is_late and not is_barred
         order by rank_key, received_at, submission_id
         limit 1",
        id.0,
        team_id.0,
        submission_id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.flatten())
}
