//! Every SQL statement about profiles: what others see of somebody. Never an e-mail address.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::UserId;
use crate::medals::model::{Medal, of_rank};

#[derive(Debug, Clone)]
pub struct Profile {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    pub bio: String,
    pub is_synthetic: bool,
    pub created_at: DateTime<Utc>,
}

/// The profile of somebody who is not suspended.
///
/// # Errors
/// Those of the database.
pub async fn find(conn: &mut PgConnection, username: &str) -> sqlx::Result<Option<Profile>> {
    sqlx::query_as!(
        Profile,
        "select id as \"id: UserId\", username, display_name, bio, is_synthetic, created_at
         from users
         where username = $1 and suspended_at is null",
        username,
    )
    .fetch_optional(conn)
    .await
}

/// A competition on a profile.
#[derive(Debug, Clone)]
pub struct Engagement {
    pub competition_id: i64,
    pub slug: String,
    pub title: String,
    pub ends_at: Option<DateTime<Utc>>,
    /// The team's name; empty for a host.
    pub team: String,
    /// On the final board, once it stands.
    pub rank: Option<i32>,
    /// Teams on that board.
    pub n_teams: Option<i32>,
    pub counts_for_medals: bool,
}

impl Engagement {
    /// Of the team's finish.
    pub fn medal(&self) -> Option<Medal> {
        let (rank, n_teams) = self.rank.zip(self.n_teams).filter(|_| self.counts_for_medals)?;
        of_rank(rank.into(), n_teams.into())
    }
}

/// Competitions somebody takes part in, newest first. Of those that are not public only the ones in
/// which the viewer takes part as well.
///
/// # Errors
/// Those of the database.
pub async fn joined(
    conn: &mut PgConnection,
    user: UserId,
    viewer: Option<UserId>,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<Engagement>> {
    sqlx::query_as!(
        Engagement,
        "select c.id as competition_id, c.slug, c.title, c.ends_at, t.name as team,
                f.rank as \"rank?\", c.counts_for_medals,
                case when f.rank is not null then
                    (select max(o.rank) from final_entries o
                     where o.competition_id = c.id and o.version_id = c.active_version_id)
                end as n_teams
         from team_members m
         join competitions c on c.id = m.competition_id
         join teams t on t.id = m.team_id
         left join final_entries f
           on f.competition_id = c.id and f.version_id = c.active_version_id and f.team_id = m.team_id
           and c.settled_at is not null and (is_board_open(c) or m.user_id = $2)
         where m.user_id = $1 and m.competition_id < $3 and c.launched_at is not null
           and (is_listed(c)
                or exists (select from team_members o where o.competition_id = c.id and o.user_id = $2))
         order by m.competition_id desc
         limit $4",
        user.0,
        viewer.map(|viewer| viewer.0),
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Launched competitions somebody hosts, newest first, at most 100; of those that are not public
/// only the ones that the viewer hosts as well.
///
/// # Errors
/// Those of the database.
pub async fn hosted(
    conn: &mut PgConnection,
    user: UserId,
    viewer: Option<UserId>,
) -> sqlx::Result<Vec<Engagement>> {
    sqlx::query_as!(
        Engagement,
        "select c.id as competition_id, c.slug, c.title, c.ends_at, '' as \"team!\",
                null::integer as rank, null::integer as n_teams, c.counts_for_medals
         from competition_hosts h
         join competitions c on c.id = h.competition_id
         where h.user_id = $1 and c.launched_at is not null
           and (is_listed(c)
                or exists (select from competition_hosts o where o.competition_id = c.id and o.user_id = $2))
         order by h.competition_id desc
         limit 100",
        user.0,
        viewer.map(|viewer| viewer.0),
    )
    .fetch_all(conn)
    .await
}
