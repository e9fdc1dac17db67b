//! What a look at a board came to, written beside it: noise, digits worth showing, ranges and pictures.

use std::collections::BTreeMap;

use holdout_contract::ranks::WhyUnknown;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::About;
use crate::ranks::{decimals_of_noise, decimals_of_scale};
use crate::worker::message::{BoardRanks, RanksOutcome};
use crate::worker::{other_metrics, pictures, ranges};

/// Writes everything that was found, and how many decimals the board is worth; nothing of a look that was not finished.
///
/// # Errors
/// Those of the database.
pub(super) async fn write(
    conn: &mut PgConnection,
    competition_id: i64,
    about: &About,
    ranks: &BoardRanks,
    outcome: &RanksOutcome,
) -> sqlx::Result<()> {
    let (digits, part_noise, shake_up, drawn, absent, teams) = match outcome {
        RanksOutcome::Found { digits, part_noise, shake_up, pictures, teams, .. } => {
            (*digits, part_noise.as_slice(), *shake_up, pictures.as_ref(), None, teams.as_slice())
        }
        RanksOutcome::Absent(reason) => (None, &[][..], None, None, Some(reason.as_str()), &[][..]),
        RanksOutcome::Unfinished => return Ok(()),
    };
    let part_noise = Some(part_noise).filter(|noise| !noise.is_empty());
    let decimals = digits.map(|digits| digits.decimals.cast_signed());
    let left_out: LeftOut = ranks.left_out.iter().copied().collect();
    let noise = Noise { decimals, of_score: digits.map(|digits| digits.noise), of_parts: part_noise };
    write_summary(
        conn,
        competition_id,
        about,
        ranks,
        &Summary { noise, shake_up, absent, left_out: &left_out },
    )
    .await?;
    let is_known = |entry: &&(i64, i64)| !left_out.contains_key(&entry.1);
    let entries: Vec<(i64, i64)> = about.entries.iter().filter(is_known).copied().collect();
    let whose = ranges::Whose { competition_id, version_id: about.version_id, split: about.split() };
    ranges::write(conn, whose, &entries, teams).await?;
    if about.is_final {
        let About { version_id, board_revision, .. } = about;
        pictures::write(conn, competition_id, *version_id, *board_revision, &entries, drawn).await?;
        other_metrics::want(conn, competition_id).await?;
    }
    show_decimals(conn, competition_id, about, noise).await
}

/// Submissions whose scores have no interval, and why where that is known.
type LeftOut = BTreeMap<i64, Option<WhyUnknown>>;

/// How far scores move by chance.
#[derive(Clone, Copy)]
struct Noise<'a> {
    /// As many as it leaves worth showing.
    decimals: Option<i32>,
    of_score: Option<f64>,
    /// Under each of several metrics that teams are ranked by.
    of_parts: Option<&'a [Option<f64>]>,
}

struct Summary<'a> {
    noise: Noise<'a>,
    shake_up: Option<f64>,
    /// Why nothing is known of this board.
    absent: Option<&'a str>,
    left_out: &'a LeftOut,
}

async fn write_summary(
    conn: &mut PgConnection,
    competition_id: i64,
    about: &About,
    ranks: &BoardRanks,
    summary: &Summary<'_>,
) -> sqlx::Result<()> {
    let Summary { noise, shake_up, absent, left_out } = summary;
    sqlx::query!(
        "insert into rank_summaries
            (competition_id, version_id, split, board_revision, computed_at, n_units, counts_groups, decimals, noise,
             shake_up, absent, n_compared, n_teams, part_noise, n_left_out, left_out)
         values ($1, $2, $3, $4, clock_now(), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         on conflict (competition_id, version_id, split) do update set
            board_revision = excluded.board_revision, computed_at = excluded.computed_at,
            n_units = excluded.n_units, counts_groups = excluded.counts_groups, decimals = excluded.decimals,
            noise = excluded.noise, shake_up = excluded.shake_up, absent = excluded.absent,
            n_compared = excluded.n_compared, n_teams = excluded.n_teams, part_noise = excluded.part_noise,
            n_left_out = excluded.n_left_out, left_out = excluded.left_out",
        competition_id,
        about.version_id,
        about.split(),
        about.board_revision,
        i32::try_from(ranks.n_units).unwrap_or(i32::MAX),
        ranks.counts_groups,
        noise.decimals,
        noise.of_score,
        *shake_up,
        *absent,
        i32::try_from(about.entries.len()).unwrap_or(i32::MAX),
        about.n_teams,
        noise.of_parts as Option<&[Option<f64>]>,
        i32::try_from(ranks.left_out.len()).unwrap_or(i32::MAX),
        (!left_out.is_empty()).then_some(Json(left_out)) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// While people compete: what the private rows justify is no number of the public board.
async fn show_decimals(
    conn: &mut PgConnection,
    competition_id: i64,
    about: &About,
    noise: Noise<'_>,
) -> sqlx::Result<()> {
    let worth = noise.decimals.filter(|_| !about.is_final);
    let modest = if about.is_final || worth.is_some() {
        None
    } else {
        modest_decimals(conn, competition_id, about.version_id, noise.of_parts).await?
    };
    sqlx::query!(
        "update competitions
         set ranks_revision = ranks_revision + 1,
             worth_decimals = case when $2::integer is not null then $2
                                   when worth_decimals is null or are_decimals_by_scale
                                   then case when $3::integer is null then worth_decimals else least($3, score_decimals) end
                                   else worth_decimals end,
             are_decimals_by_scale = $2::integer is null and (are_decimals_by_scale or worth_decimals is null)
         where id = $1",
        competition_id,
        worth,
        modest,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is shown where no noise of the scores that teams are ranked by is known: what the metrics they are ranked by justify,
/// or else what the scale of the leader's score asks for.
async fn modest_decimals(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
    part_noise: Option<&[Option<f64>]>,
) -> sqlx::Result<Option<i32>> {
    let of_parts = part_noise.into_iter().flatten().filter_map(|noise| noise.map(decimals_of_noise));
    if let Some(decimals) = of_parts.max() {
        return Ok(Some(decimals.cast_signed()));
    }
    let leader = sqlx::query_scalar!(
        "select public_score from board_entries
         where competition_id = $1 and version_id = $2
         order by rank_key, reached_at, submission_id
         limit 1",
        competition_id,
        version_id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(leader.map(|score| decimals_of_scale(score).cast_signed()))
}
