//! Bringing rescorings, verifications and looks at boards forward: their next submissions enter the queue when few wait; a
//! version's board and preview are made once all are scored.
//!
//! Never here: publishing. A version counts when its host says so.

use sqlx::PgPool;
use tokio::sync::Mutex;

use super::{probing, ranks};

/// Submissions that enter the queue at once: enough for every scorer, few enough for the queue.
const BATCH: i32 = 1000;

/// What came of looking at the rescorings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Advance {
    /// There is nothing to bring forward.
    Nothing,
    /// Another scorer is about to put work into the queue.
    Elsewhere,
    /// Work was put into the queue.
    Asked,
}

impl Advance {
    /// What the database's functions answer.
    fn of(n_asked: i32) -> Self {
        match n_asked {
            ..0 => Self::Elsewhere,
            0 => Self::Nothing,
            1.. => Self::Asked,
        }
    }
}

/// Chores and work of one scorer take turns here: what the one is about to put into the queue is, until it commits, neither
/// due nor queued for the other, who would find that nothing is left to do.
static IN_TURN: Mutex<()> = Mutex::const_new(());

/// Brings everything that is done in the background a step forward.
///
/// # Errors
/// Those of the database.
pub async fn advance(db: &PgPool) -> sqlx::Result<Advance> {
    let _turn = IN_TURN.lock().await;
    let asked = advance_rescorings(db).await?.max(advance_verifications(db).await?);
    Ok(asked.max(ranks::advance(db).await?).max(probing::advance(db).await?))
}

async fn advance_verifications(db: &PgPool) -> sqlx::Result<Advance> {
    let mut furthest = Advance::Nothing;
    let mut after = 0;
    loop {
        let next = sqlx::query_scalar!(
            "select id from verifications where finished_at is null and id > $1 order by id limit 1",
            after
        )
        .fetch_optional(db)
        .await?;
        let Some(verification_id) = next else { return Ok(furthest) };
        let n_asked =
            sqlx::query_scalar!(r#"select advance_verification($1, $2) as "n!""#, verification_id, BATCH)
                .fetch_one(db)
                .await?;
        furthest = furthest.max(Advance::of(n_asked));
        after = verification_id;
    }
}

async fn advance_rescorings(db: &PgPool) -> sqlx::Result<Advance> {
    let mut furthest = Advance::Nothing;
    let mut after = 0;
    loop {
        let next = sqlx::query_scalar!(
            "select id from scoring_versions
             where stage = 'rescoring' and prepared_at is null and id > $1
             order by id
             limit 1",
            after
        )
        .fetch_optional(db)
        .await?;
        let Some(version_id) = next else { return Ok(furthest) };
        let n_asked = sqlx::query_scalar!(r#"select advance_rescoring($1, $2) as "n!""#, version_id, BATCH)
            .fetch_one(db)
            .await?;
        furthest = furthest.max(Advance::of(n_asked));
        after = version_id;
    }
}
