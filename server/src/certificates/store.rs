//! Every SQL statement about certificates.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::{Issued, Placing};
use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, UserId};

/// Where somebody's team stands on the final board; `None` where it is not on it.
///
/// # Errors
/// Those of the database.
pub async fn placing(
    conn: &mut PgConnection,
    _: Ended,
    competition: CompetitionId,
    user: UserId,
) -> sqlx::Result<Option<Placing>> {
    sqlx::query_as!(
        Placing,
        "select f.rank, c.counts_for_medals, f.private_score as \"score?\", f.mean_rank,
                (select max(o.rank) from final_entries o
                 where o.competition_id = c.id and o.version_id = c.active_version_id) as \"n_teams!\"
         from team_members m
         join competitions c on c.id = m.competition_id
         join final_entries f
           on f.competition_id = c.id and f.version_id = c.active_version_id and f.team_id = m.team_id
         where m.competition_id = $1 and m.user_id = $2 and c.settled_at is not null",
        competition.0,
        user.0,
    )
    .fetch_optional(conn)
    .await
}

/// The code of somebody's certificate that says this; a new one where it was never asked for.
///
/// # Errors
/// Those of the database.
pub async fn issue(
    conn: &mut PgConnection,
    competition: CompetitionId,
    user: UserId,
    placing: &Placing,
    now: DateTime<Utc>,
) -> sqlx::Result<Uuid> {
    let Placing { rank, n_teams, counts_for_medals, score, mean_rank } = *placing;
    sqlx::query!(
        "insert into certificates
             (code, competition_id, user_id, rank, n_teams, counts_for_medals, score, mean_rank, issued_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict on constraint certificates_one_for_a_placing do nothing",
        Uuid::new_v4(),
        competition.0,
        user.0,
        rank,
        n_teams,
        counts_for_medals,
        score,
        mean_rank,
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_scalar!(
        "select code from certificates
         where competition_id = $1 and user_id = $2 and rank = $3 and n_teams = $4 and counts_for_medals = $5
           and score is not distinct from $6 and mean_rank is not distinct from $7",
        competition.0,
        user.0,
        rank,
        n_teams,
        counts_for_medals,
        score,
        mean_rank,
    )
    .fetch_one(conn)
    .await
}

/// What was issued under a code, with names as they are today.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, code: Uuid) -> sqlx::Result<Option<Issued>> {
    let row = sqlx::query!(
        "select k.code, k.competition_id as \"competition_id: CompetitionId\", k.user_id as \"user_id: UserId\",
                k.rank, k.n_teams, k.counts_for_medals, k.score, k.mean_rank, k.issued_at,
                t.name as team, is_disqualified(t.id, null) as \"is_disqualified!\", u.username, u.display_name
         from certificates k
         join team_members m on m.competition_id = k.competition_id and m.user_id = k.user_id
         join teams t on t.id = m.team_id
         join users u on u.id = k.user_id
         where k.code = $1",
        code,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Issued {
        code: row.code,
        competition_id: row.competition_id,
        user_id: row.user_id,
        team: row.team,
        is_disqualified: row.is_disqualified,
        username: row.username,
        display_name: row.display_name,
        placing: Placing {
            rank: row.rank,
            n_teams: row.n_teams,
            counts_for_medals: row.counts_for_medals,
            score: row.score,
            mean_rank: row.mean_rank,
        },
        issued_at: row.issued_at,
    }))
}
