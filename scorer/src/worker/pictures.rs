//! Pictures of a final board, written beside its ranges. Never before the end: the schema refuses them.

use sqlx::PgConnection;

use crate::ranks::Pictures;

/// Writes the pictures of a board, or forgets those of an earlier one where there are none now.
///
/// # Errors
/// Those of the database.
pub(super) async fn write(
    conn: &mut PgConnection,
    competition_id: i64,
    version_id: i64,
    board_revision: i64,
    // Teams and submissions, best first.
    entries: &[(i64, i64)],
    pictures: Option<&Pictures>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "delete from rank_pictures where competition_id = $1 and version_id = $2",
        competition_id,
        version_id,
    )
    .execute(&mut *conn)
    .await?;
    let Some(pictures) = pictures.filter(|pictures| !pictures.frequencies.is_empty()) else { return Ok(()) };
    let (teams, submissions): (Vec<i64>, Vec<i64>) =
        entries.iter().take(pictures.frequencies.len()).copied().unzip();
    let frequencies: Vec<i32> =
        pictures.frequencies.iter().flatten().map(|count| count.cast_signed()).collect();
    let p_values: Vec<f32> = pictures.p_values.iter().flatten().map(|p| *p as f32).collect();
    sqlx::query!(
        "insert into rank_pictures
            (competition_id, version_id, board_revision, teams, submissions, is_exact, n_draws, frequencies, p_values)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        competition_id,
        version_id,
        board_revision,
        &teams,
        &submissions,
        pictures.is_exact,
        pictures.n_draws.cast_signed(),
        &frequencies,
        &p_values,
    )
    .execute(conn)
    .await?;
    Ok(())
}
