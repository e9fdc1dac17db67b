//! Ranges of a board as its table has them: written at once, and those alone that are others than before.

use sqlx::PgConnection;

use super::message::TeamRanks;
use crate::ranks::Duel;

/// A board of a version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose {
    pub competition_id: i64,
    pub version_id: i64,
    pub split: &'static str,
}

/// Columns of the table, a value for each team. Lists of all teams stand one after another, each as long as the first.
struct Columns {
    team_ids: Vec<i64>,
    submission_ids: Vec<i64>,
    lows: Vec<i32>,
    highs: Vec<i32>,
    standard_errors: Vec<f64>,
    difference_errors: Vec<f32>,
    n_differences: i64,
    most_behind: Vec<f32>,
    n_behind: i64,
    units_won: Vec<i32>,
    /// Of the first teams alone.
    n_won: i64,
}

impl Columns {
    fn of(entries: &[(i64, i64)], teams: &[TeamRanks]) -> Self {
        let entries = &entries[..teams.len().min(entries.len())];
        let (team_ids, submission_ids) = entries.iter().copied().unzip();
        Self {
            team_ids,
            submission_ids,
            lows: teams.iter().map(|team| team.range.low.cast_signed()).collect(),
            highs: teams.iter().map(|team| team.range.high.cast_signed()).collect(),
            standard_errors: teams.iter().map(|team| team.standard_error).collect(),
            n_differences: length(teams.first().map_or(0, |team| team.difference_errors.len())),
            difference_errors: teams.iter().flat_map(|team| team.difference_errors.iter().copied()).collect(),
            n_behind: length(teams.first().map_or(0, |team| team.most_behind.len())),
            most_behind: teams.iter().flat_map(|team| team.most_behind.iter().copied()).collect(),
            n_won: length(teams.first().map_or(0, |team| team.duels.len())),
            units_won: teams.iter().flat_map(|team| &team.duels).map(units_won).collect(),
        }
    }
}

fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn units_won(duel: &Duel) -> i32 {
    i32::try_from(duel.n_won).unwrap_or(i32::MAX)
}

/// Writes the ranges of the first teams of a board, given with their submissions, and forgets those of all others.
///
/// # Errors
/// Those of the database.
pub(super) async fn write(
    conn: &mut PgConnection,
    whose: Whose,
    entries: &[(i64, i64)],
    teams: &[TeamRanks],
) -> sqlx::Result<()> {
    let columns = Columns::of(entries, teams);
    sqlx::query!(
        "delete from rank_ranges
         where competition_id = $1 and version_id = $2 and split = $3 and team_id <> all ($4)",
        whose.competition_id,
        whose.version_id,
        whose.split,
        &columns.team_ids,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "with found as materialized (
             select team_id, submission_id, place::integer as place, rank_low, rank_high, standard_error,
                    ($9::real[])[(place - 1) * $10 + 1 : place * $10] as difference_errors,
                    case when place <= $12 then ($11::integer[])[(place - 1) * $12 + 1 : place * $12] end as units_won,
                    case when $14::bigint > 0 then ($13::real[])[(place - 1) * $14 + 1 : place * $14] end as most_behind
             from unnest($4::bigint[], $5::bigint[], $6::integer[], $7::integer[], $8::double precision[])
                  with ordinality as t (team_id, submission_id, rank_low, rank_high, standard_error, place)
         )
         insert into rank_ranges as r
            (competition_id, version_id, split, team_id, submission_id, place, rank_low, rank_high, standard_error,
             difference_errors, units_won, most_behind)
         select $1, $2, $3, f.team_id, f.submission_id, f.place, f.rank_low, f.rank_high, f.standard_error,
                f.difference_errors, f.units_won, f.most_behind
         from found f
         where not exists (
            select from rank_ranges o
            where o.competition_id = $1 and o.version_id = $2 and o.split = $3 and o.team_id = f.team_id
              and (o.submission_id, o.place, o.rank_low, o.rank_high, o.standard_error, o.difference_errors)
                  = (f.submission_id, f.place, f.rank_low, f.rank_high, f.standard_error, f.difference_errors)
              and o.units_won is not distinct from f.units_won
              and o.most_behind is not distinct from f.most_behind)
         on conflict (competition_id, version_id, split, team_id) do update set
            submission_id = excluded.submission_id, place = excluded.place, rank_low = excluded.rank_low,
            rank_high = excluded.rank_high, standard_error = excluded.standard_error,
            difference_errors = excluded.difference_errors, units_won = excluded.units_won,
            most_behind = excluded.most_behind",
        whose.competition_id,
        whose.version_id,
        whose.split,
        &columns.team_ids,
        &columns.submission_ids,
        &columns.lows,
        &columns.highs,
        &columns.standard_errors,
        &columns.difference_errors,
        columns.n_differences,
        &columns.units_won,
        columns.n_won,
        &columns.most_behind,
        columns.n_behind,
    )
    .execute(conn)
    .await?;
    Ok(())
}
