//! A synthetic competition of any size, to show that no page slows down as tables grow.
//!
//! Everything it makes is marked `is_synthetic`, follows from the seed alone, and is written by the
//! database itself. Never here: an entry in somebody's real competition, or a row in the log of
//! receipts, which holds real submissions only.

mod discussion;
mod store;

use sqlx::PgPool;

/// What to make.
#[derive(Debug, Clone, clap::Args)]
pub struct Size {
    /// Teams of one person each.
    #[arg(long, default_value_t = 10_000)]
    pub teams: i64,
    /// Scored submissions, spread unevenly over the teams.
    #[arg(long, default_value_t = 200_000)]
    pub submissions: i64,
    /// The same seed makes the same rows.
    #[arg(long, default_value_t = 1)]
    pub seed: i64,
    /// Metrics that teams are ranked by; 0: they are ranked by one score.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..=10))]
    pub ranked_by: i64,
    /// Posts in the general forum beside it.
    #[arg(long, default_value_t = 0)]
    pub posts: i64,
    /// Address of the competition.
    #[arg(long, default_value = "synthetic")]
    pub slug: String,
}

/// Submissions written by one statement.
const BATCH: i64 = 250_000;

/// Makes the competition; the connection must be the schema owner's.
///
/// # Errors
/// Those of the database, such as a slug that is taken.
pub async fn seed(db: &PgPool, size: &Size) -> sqlx::Result<()> {
    let mut conn = db.acquire().await?;
    store::skip_foreign_key_checks(&mut conn).await?;
    let competition = store::insert_competition(&mut conn, size).await?;
    store::insert_teams(&mut conn, competition, size.teams).await?;
    let range = store::first_team_and_user(&mut conn, competition, size.teams).await?;
    let mut written = 0;
    while written < size.submissions {
        let upto = size.submissions.min(written + BATCH);
        store::insert_submissions(&mut conn, competition, &range, size, written, upto).await?;
        written = upto;
        tracing::info!(written, of = size.submissions, "synthetic submissions");
    }
    store::insert_finished_jobs(&mut conn, competition, size.submissions.min(BATCH)).await?;
    store::launch(&mut conn, competition, size).await?;
    store::rebuild_board(&mut conn, competition, size.seed).await?;
    if size.posts > 0 {
        discussion::insert(&mut conn, &range, size.teams, size.posts, size.seed).await?;
    }
    store::analyse(&mut conn).await?;
    Ok(())
}
