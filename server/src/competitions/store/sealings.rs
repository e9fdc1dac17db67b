//! Which competitions a sealed file came to. The schema writes it down, whoever stores one, and nothing is taken away.

use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId};

/// Whether a sealed file came to another competition before, and neither to this one nor to any that the sender hosts.
///
/// # Errors
/// Those of the database.
pub async fn is_foreign(
    conn: &mut PgConnection,
    sealed_sha256: &[u8],
    id: CompetitionId,
    sender: UserId,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from sealings where sealed_sha256 = $1)
              and not exists (
                  select from sealings s
                  where s.sealed_sha256 = $1
                    and (s.competition_id = $2
                         or s.competition_id in (select competition_id from competition_hosts where user_id = $3))
              ) as "is_foreign!""#,
        sealed_sha256,
        id.0,
        sender.0,
    )
    .fetch_one(conn)
    .await
}
