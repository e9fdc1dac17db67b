//! The SQL of what this room keeps: the keys that sign download addresses.

use sqlx::PgConnection;

/// Puts a key in where there is none that is younger than a day; drops those of which no ticket can be left.
///
/// # Errors
/// Those of the database.
pub async fn renew_ticket_key(conn: &mut PgConnection, key: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from ticket_keys where made_at < now() - interval '2 days'")
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "insert into ticket_keys (key)
         select $1 where not exists (select from ticket_keys where made_at > now() - interval '1 day')",
        key,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Newest first, but for one that another server may not have read yet.
///
/// # Errors
/// Those of the database.
pub async fn ticket_keys(conn: &mut PgConnection) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        "select key from ticket_keys order by made_at > now() - interval '15 seconds', made_at desc, key"
    )
    .fetch_all(conn)
    .await
}
