//! Every SQL statement about medals; those that recompute a final board are in [`recomputed`].

pub mod recomputed;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, UserId};
use crate::medals::model::{Finish, Medals, Thresholds};

/// Somebody's finishes in competitions that count, latest end first.
///
/// # Errors
/// Those of the database.
pub async fn finishes(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Vec<Finish>> {
    sqlx::query_as!(
        Finish,
        "select c.id as \"competition_id: CompetitionId\", f.rank::bigint as \"rank!\",
                (select max(o.rank) from final_entries o
                 where o.competition_id = c.id and o.version_id = c.active_version_id)::bigint as \"n_teams!\",
                t.n_members::bigint as \"team_size!\", c.ends_at as \"ended_at!\"
         from team_members m
         join competitions c on c.id = m.competition_id
         join final_entries f
           on f.competition_id = c.id and f.version_id = c.active_version_id and f.team_id = m.team_id
         join final_teams t on t.team_id = m.team_id
         where m.user_id = $1 and c.counts_for_medals and c.settled_at is not null
         order by c.ends_at desc, c.id desc",
        user.0,
    )
    .fetch_all(conn)
    .await
}

/// How many teams a settled competition ranked; `None` where it counts for no medals.
///
/// # Errors
/// Those of the database.
pub async fn n_medalled(conn: &mut PgConnection, competition: CompetitionId) -> sqlx::Result<Option<i64>> {
    let n_teams = sqlx::query_scalar!(
        "select (select max(f.rank) from final_entries f
                 where f.competition_id = c.id and f.version_id = c.active_version_id)::bigint
         from competitions c
         where c.id = $1 and c.counts_for_medals and c.settled_at is not null",
        competition.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(n_teams.flatten())
}

/// Whether somebody contributed to each category: had a submission scored, shared a public
/// notebook, wrote a post.
#[derive(Debug, Clone, Copy)]
pub struct Contributions {
    pub competitions: bool,
    pub notebooks: bool,
    pub discussion: bool,
}

/// # Errors
/// Those of the database.
pub async fn contributions(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Contributions> {
    sqlx::query_as!(
        Contributions,
        "select u.first_scored_at is not null as \"competitions!\",
                exists (select from public_notebooks where owner_id = u.id) as \"notebooks!\",
                exists (select from subjects where author_id = u.id and kind = 'post'
                        and hidden_at is null and deleted_at is null) as \"discussion!\"
         from users u
         where u.id = $1",
        user.0,
    )
    .fetch_one(conn)
    .await
}

/// Somebody's medals by votes, for subjects of one kind.
///
/// # Errors
/// Those of the database.
pub async fn medals_by_votes(
    conn: &mut PgConnection,
    user: UserId,
    kind: &str,
    thresholds: &Thresholds,
) -> sqlx::Result<Medals> {
    let row = sqlx::query!(
        "select count(*) filter (where n_medal_votes >= $5) as \"gold!\",
                count(*) filter (where n_medal_votes >= $4 and n_medal_votes < $5) as \"silver!\",
                count(*) filter (where n_medal_votes < $4) as \"bronze!\"
         from subjects
         where author_id = $1 and kind = $2 and n_medal_votes >= $3
           and hidden_at is null and deleted_at is null
           and (kind <> 'notebook' or exists (
                select from public_notebooks n where n.id = subjects.id))",
        user.0,
        kind,
        i32::try_from(thresholds.bronze).unwrap_or(i32::MAX),
        i32::try_from(thresholds.silver).unwrap_or(i32::MAX),
        i32::try_from(thresholds.gold).unwrap_or(i32::MAX),
    )
    .fetch_one(conn)
    .await?;
    Ok(Medals { gold: row.gold, silver: row.silver, bronze: row.bronze, solo_gold: 0 })
}

/// How often somebody was active on a day, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActiveDay {
    pub day: chrono::NaiveDate,
    pub n: i64,
}

/// The days since `since` on which somebody sent submissions, where boards do not hide whose they are, wrote posts or shared public notebooks.
///
/// # Errors
/// Those of the database.
pub async fn active_days(
    conn: &mut PgConnection,
    user: UserId,
    since: DateTime<Utc>,
) -> sqlx::Result<Vec<ActiveDay>> {
    sqlx::query_as!(
        ActiveDay,
        "select (at at time zone 'UTC')::date as \"day!\", count(*) as \"n!\"
         from (
            select s.received_at as at from submissions s join competitions c on c.id = s.competition_id
            where s.user_id = $1 and s.received_at >= $2 and is_board_open(c)
            union all
            select created_at from subjects
            where author_id = $1 and created_at >= $2 and kind <> 'topic'
              and hidden_at is null and deleted_at is null
              and (kind <> 'notebook' or exists (
                    select from public_notebooks n where n.id = subjects.id))
         ) activities
         group by 1
         order by 1",
        user.0,
        since,
    )
    .fetch_all(conn)
    .await
}

/// Whether a competition counts for medals and points.
///
/// # Errors
/// Those of the database; of a change after the end as well.
pub async fn set_counts(conn: &mut PgConnection, id: CompetitionId, counts: bool) -> sqlx::Result<()> {
    sqlx::query!("update competitions set counts_for_medals = $2 where id = $1", id.0, counts)
        .execute(conn)
        .await?;
    Ok(())
}
