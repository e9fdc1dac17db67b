//! Looks every second how near the replica is.

use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::marks::Marks;
use super::model::Condition;
use super::store;
use crate::app::App;

const EVERY: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);

/// Runs for ever where there is a replica.
pub async fn follow(app: App) {
    let Some(replica) = app.replica.pool.clone() else { return };
    let mut marks = Marks::default();
    loop {
        look(&app, &replica, &mut marks).await;
        tokio::time::sleep(EVERY).await;
    }
}

async fn look(app: &App, replica: &PgPool, marks: &mut Marks) {
    // Without the primary there is no page either; how near the replica was is as good a guess as any.
    let Ok(Ok(primary)) = tokio::time::timeout(PATIENCE, position(&app.db)).await else { return };
    marks.put(Instant::now(), primary.position);
    let why = match tokio::time::timeout(PATIENCE, position(replica)).await {
        Ok(Ok(found)) if found.cluster == primary.cluster && found.is_replica => {
            return app.replica.note_lag(marks.lag(found.position, Instant::now()));
        }
        Ok(Ok(_)) => "HOLDOUT_DATABASE_REPLICA_URL names no replica of this database".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it does not answer in time".to_owned(),
    };
    app.replica.note(Condition::Away, &why);
}

async fn position(pool: &PgPool) -> sqlx::Result<store::Position> {
    store::position(&mut *pool.acquire().await?).await
}
