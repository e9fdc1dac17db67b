//! A team as its members see it.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, MergeRequestId, TeamId, TeamInvitationId, UserId};
use crate::teams::model::{Happening, Invitation, Kind, Mate, MergeRequest};

/// Events that are shown.
const EVENTS: i64 = 200;

/// The people of a team, the leader first.
///
/// # Errors
/// Those of the database.
pub async fn mates(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Vec<Mate>> {
    sqlx::query_as!(
        Mate,
        "select m.user_id as \"user_id: UserId\", u.username, u.display_name, m.is_leader, m.joined_at
         from team_members m
         join users u on u.id = m.user_id
         where m.team_id = $1
         order by m.is_leader desc, m.joined_at, m.user_id",
        team.0,
    )
    .fetch_all(conn)
    .await
}

/// Whom a team invites, newest first.
///
/// # Errors
/// Those of the database.
pub async fn invitations_of(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Vec<Invitation>> {
    sqlx::query_as!(
        Invitation,
        "select i.id as \"id: TeamInvitationId\", i.team_id as \"team_id: TeamId\", t.name as team, u.username,
                u.display_name, b.display_name as inviter, i.invited_at
         from team_invitations i
         join teams t on t.id = i.team_id
         join users u on u.id = i.user_id
         join users b on b.id = i.invited_by
         where i.team_id = $1
         order by i.id desc",
        team.0,
    )
    .fetch_all(conn)
    .await
}

/// Who invites a person, newest first.
///
/// # Errors
/// Those of the database.
pub async fn invitations_to(
    conn: &mut PgConnection,
    competition: CompetitionId,
    user: UserId,
) -> sqlx::Result<Vec<Invitation>> {
    sqlx::query_as!(
        Invitation,
        "select i.id as \"id: TeamInvitationId\", i.team_id as \"team_id: TeamId\", t.name as team, u.username,
                u.display_name, b.display_name as inviter, i.invited_at
         from team_invitations i
         join teams t on t.id = i.team_id
         join users u on u.id = i.user_id
         join users b on b.id = i.invited_by
         where i.user_id = $2 and i.competition_id = $1
         order by i.id desc
         limit 100",
        competition.0,
        user.0,
    )
    .fetch_all(conn)
    .await
}

/// What a team asks of others and others of it, newest first.
///
/// # Errors
/// Those of the database.
pub async fn requests_of(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Vec<MergeRequest>> {
    sqlx::query_as!(
        MergeRequest,
        "select r.id as \"id: MergeRequestId\", f.id as \"from_team_id: TeamId\", f.name as from_team,
                t.id as \"to_team_id: TeamId\", t.name as to_team, r.asked_at
         from merge_requests r
         join teams f on f.id = r.from_team_id
         join teams t on t.id = r.to_team_id
         where r.from_team_id = $1 or r.to_team_id = $1
         order by r.id desc
         limit 100",
        team.0,
    )
    .fetch_all(conn)
    .await
}

/// What happened to a team and to those that are part of it now, newest first.
///
/// # Errors
/// Those of the database.
pub async fn history(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
) -> sqlx::Result<Vec<Happening>> {
    sqlx::query_as!(
        Happening,
        "with recursive parts as (
             select $2::bigint as id
             union all
             select t.id from teams t join parts p on t.competition_id = $1 and t.merged_into = p.id
         )
         select e.id, e.at, e.kind as \"kind: Kind\", t.name as team, coalesce(a.display_name, 'Somebody') as \"actor!\",
                coalesce(p.display_name, '') as \"person!\", e.words
         from team_events e
         join teams t on t.id = e.team_id
         left join users a on a.id = e.actor_id
         left join users p on p.id = e.person_id
         where e.team_id = any (array(select id from parts))
         order by e.id desc
         limit $3",
        competition.0,
        team.0,
        EVENTS,
    )
    .fetch_all(conn)
    .await
}

/// The secret of a team's link.
///
/// # Errors
/// Those of the database.
pub async fn link(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar!("select secret from team_links where team_id = $1", team.0).fetch_optional(conn).await
}

/// How many submissions of a team count against what it may send, and whether it ever sent any.
///
/// # Errors
/// Those of the database.
pub async fn sent(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<(i64, bool)> {
    let row = sqlx::query!(
        "select (select count(*) from submissions where team_id = $1 and state not in ('rejected', 'failed')) as \"n!\",
                exists (select from submissions where team_id = $1) as \"any!\"",
        team.0,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.n, row.any))
}

/// A team that a link leads to.
#[derive(Debug, Clone)]
pub struct Linked {
    pub team_id: TeamId,
    pub team: String,
    pub leader: String,
    pub made_at: DateTime<Utc>,
}

/// The team whose link holds this secret.
///
/// # Errors
/// Those of the database.
pub async fn by_link(
    conn: &mut PgConnection,
    competition: CompetitionId,
    secret: &str,
) -> sqlx::Result<Option<Linked>> {
    sqlx::query_as!(
        Linked,
        "select t.id as \"team_id: TeamId\", t.name as team, l.created_at as made_at,
                coalesce((select u.display_name from team_members m join users u on u.id = m.user_id
                          where m.team_id = t.id and m.is_leader), '') as \"leader!\"
         from team_links l
         join teams t on t.id = l.team_id
         where l.secret = $2 and l.competition_id = $1",
        competition.0,
        secret,
    )
    .fetch_optional(conn)
    .await
}
