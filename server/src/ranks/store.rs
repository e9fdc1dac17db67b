//! Every SQL statement about rank ranges. The views show nothing of private rows before the end.

use holdout_contract::ranks::{RankedPart, WhyUnknown};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::ids::{CompetitionId, SubmissionId, TeamId};
use crate::ranks::left_out::LeftOut;
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
                case when v.metric = 'custom' then 'blocks'
                     when coalesce(v.context ->> 'cluster_column', '') <> '' then 'clusters'
                     when s.counts_groups then 'groups'
                     else 'rows' end as \"unit!: Unit\",
                s.noise, v.ranked_parts as \"parts: Json<Vec<RankedPart>>\", s.part_noise as \"part_noise: Vec<Option<f64>>\",
                s.shake_up, s.absent, s.n_compared, s.n_teams, s.n_left_out as \"n_left_out!\", s.computed_at
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
#[derive(Clone)]
pub struct TeamRange {
    pub team_id: TeamId,
    pub submission_id: i64,
    pub board_revision: i64,
    pub low: i32,
    pub high: i32,
    pub standard_error: f64,
    pub n_units: i32,
    /// The score of a perfect file.
    pub best: Option<f64>,
}

impl TeamRange {
    /// On a board of this revision, whose scores are shares from 0 to 1 or not.
    pub fn range(&self, board_revision: i64, is_share: bool) -> Range {
        Range {
            is_share,
            low: self.low,
            high: self.high,
            standard_error: self.standard_error,
            n_units: self.n_units,
            best: self.best,
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
                r.standard_error as \"standard_error!\", s.n_units as \"n_units!\",
                (m.spec ->> 'best')::double precision as best
         from shown_rank_ranges r
         join shown_rank_summaries s on s.competition_id = r.competition_id and s.split = r.split
         join scoring_versions v on v.id = r.version_id
         left join metrics m on m.name = v.metric
         where r.competition_id = $1 and r.split = $2 and r.team_id = any ($3)",
        id.0,
        split.name(),
        teams,
    )
    .fetch_all(conn)
    .await
}

/// Why a file is left out of a board's ranges, where that was kept; `None` where it is not.
///
/// # Errors
/// Those of the database.
pub async fn why_left_out(
    conn: &mut PgConnection,
    id: CompetitionId,
    split: Split,
    submission_id: i64,
) -> sqlx::Result<Option<Option<WhyUnknown>>> {
    let found = sqlx::query_scalar!(
        "select s.left_out -> $3::text as \"why?: Json<Option<WhyUnknown>>\"
         from shown_rank_summaries s
         where s.competition_id = $1 and s.split = $2 and jsonb_exists(s.left_out, $3::text)",
        id.0,
        split.name(),
        submission_id.to_string(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|why| why.and_then(|Json(why)| why)))
}

/// The files that are left out of a board's ranges.
///
/// # Errors
/// Those of the database.
pub async fn left_out(
    conn: &mut PgConnection,
    id: CompetitionId,
    split: Split,
    limit: i64,
) -> sqlx::Result<Vec<LeftOut>> {
    sqlx::query_as!(
        LeftOut,
        "select t.id as \"team_id: TeamId\", t.name as team, l.why as \"why?: Json<Option<WhyUnknown>>\"
         from shown_rank_summaries s
         cross join lateral jsonb_each(s.left_out) l (submission_id, why)
         join submissions x on x.id = l.submission_id::bigint
         join teams t on t.id = x.team_id
         where s.competition_id = $1 and s.split = $2
         order by x.id
         limit $3",
        id.0,
        split.name(),
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Two teams of a board that were looked at together: which submissions, and `$columns` of what is known of the two.
macro_rules! pair {
    ($kind:ident, $columns:literal, $known:literal, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            $kind,
            "select x.submission_id as \"submission_a!\", y.submission_id as \"submission_b!\", " + $columns + "
             from shown_rank_ranges x
             join shown_rank_ranges y on y.competition_id = x.competition_id and y.split = x.split
             where x.competition_id = $1 and x.split = $2 and x.team_id = $3 and y.team_id = $4" + $known,
            $($value),+
        )
    };
}

/// Two teams that were looked at together.
pub struct Pair {
    pub submission_a: i64,
    pub submission_b: i64,
    /// Of the difference of their scores.
    pub standard_error: Option<f32>,
    /// Rows on which the first is better; on no board before the end.
    pub n_won: Option<i32>,
    pub n_lost: Option<i32>,
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
    pair!(
        Pair,
        "x.difference_errors[y.place] as standard_error,
         x.units_won[y.place] as n_won, y.units_won[x.place] as n_lost",
        "",
        id.0,
        split.name(),
        a.0,
        b.0,
    )
    .fetch_optional(conn)
    .await
}

/// Two teams that are ranked by several metrics, and were looked at together.
pub struct RankedPair {
    pub submission_a: i64,
    pub submission_b: i64,
    /// Of the difference of their scores, under each metric.
    pub part_errors: Vec<f32>,
    /// How far the mean rank of the first may truly lie behind that of the second, and the other way round.
    pub a_behind: Option<f32>,
    pub b_behind: Option<f32>,
}

/// How far the differences of two teams would typically move under each metric, and how far their mean ranks may truly lie
/// apart.
///
/// # Errors
/// Those of the database.
pub async fn ranked_pair(
    conn: &mut PgConnection,
    id: CompetitionId,
    split: Split,
    a: TeamId,
    b: TeamId,
) -> sqlx::Result<Option<RankedPair>> {
    pair!(
        RankedPair,
        "array(
             select x.difference_errors[at]
             from generate_series(y.place, cardinality(x.difference_errors), cardinality(x.most_behind)) at
             order by at) as \"part_errors!\",
         x.most_behind[y.place] as a_behind, y.most_behind[x.place] as b_behind",
        " and cardinality(x.most_behind) > 0",
        id.0,
        split.name(),
        a.0,
        b.0,
    )
    .fetch_optional(conn)
    .await
}

/// A team's best file before one of its files.
pub struct Before {
    pub submission_id: SubmissionId,
    pub public_score: f64,
    /// Whether the two were compared on the same rows.
    pub is_compared: bool,
    /// Of the difference of their scores; `None` where the influence of one of the two is not known.
    pub standard_error: Option<f64>,
    /// Where teams are ranked by several metrics.
    pub part_scores: Option<Vec<f64>>,
    /// As the standard error, under each of them.
    pub part_errors: Option<Vec<f64>>,
}

/// What a file is compared with, for its team.
///
/// # Errors
/// Those of the database.
pub async fn best_before(
    conn: &mut PgConnection,
    id: CompetitionId,
    team_id: TeamId,
    submission_id: SubmissionId,
) -> sqlx::Result<Option<Before>> {
    sqlx::query_as!(
        Before,
        "select b.submission_id as \"submission_id: SubmissionId\", b.public_score as \"public_score!\",
                g.submission_id is not null as \"is_compared!\", g.standard_error, b.part_scores, g.part_errors
         from (
            select submission_id, version_id, public_score, part_scores from scores
            where version_id = (select active_version_id from competitions where id = $1)
              and team_id = $2 and submission_id < $3 and rank_key is not null and not is_late and not is_barred
              and ladder_step is distinct from 'held'
            order by rank_key, received_at, submission_id
            limit 1
         ) b
         left join gains g
            on g.submission_id = $3 and g.version_id = b.version_id and g.before_id = b.submission_id",
        id.0,
        team_id.0,
        submission_id.0,
    )
    .fetch_optional(conn)
    .await
}
