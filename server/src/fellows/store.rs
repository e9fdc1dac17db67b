//! The SQL of talking.

use sqlx::PgConnection;

use super::{SERVERS_CHANNEL, Word};

/// Has all servers hear a word.
///
/// # Errors
/// Those of the database.
pub async fn say(conn: &mut PgConnection, word: &Word) -> sqlx::Result<()> {
    let payload = serde_json::to_string(word).map_err(|error| sqlx::Error::Encode(Box::new(error)))?;
    sqlx::query!("select pg_notify($1, $2)", SERVERS_CHANNEL, payload).execute(conn).await?;
    Ok(())
}
