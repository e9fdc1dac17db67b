//! What leaders and invited people change.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, MergeRequestId, TeamId, TeamInvitationId, UserId};
use crate::teams::model::Kind;

/// # Errors
/// Those of the database; the constraint `teams_name_taken` when another live team has this name.
pub async fn rename(conn: &mut PgConnection, team: TeamId, name: &str) -> sqlx::Result<()> {
    sqlx::query!("update teams set name = $2 where id = $1", team.0, name).execute(&mut *conn).await?;
    sqlx::query!(
        "update competitions set board_revision = board_revision + 1
         where id = (select competition_id from teams where id = $1)",
        team.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes a member the leader, in place of the one there is; `false` when they are not in the team.
///
/// # Errors
/// Those of the database.
pub async fn set_leader(conn: &mut PgConnection, team: TeamId, user: UserId) -> sqlx::Result<bool> {
    sqlx::query!("update team_members set is_leader = false where team_id = $1 and is_leader", team.0)
        .execute(&mut *conn)
        .await?;
    let set = sqlx::query!(
        "update team_members set is_leader = true where team_id = $1 and user_id = $2",
        team.0,
        user.0,
    )
    .execute(conn)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// Moves a member to a team that is theirs alone.
///
/// # Errors
/// Those of the database.
pub async fn move_out(
    conn: &mut PgConnection,
    from: TeamId,
    to: TeamId,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update team_members set team_id = $2, is_leader = true, joined_at = $4 where team_id = $1 and user_id = $3",
        from.0,
        to.0,
        user.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Invites a person; `false` when they are invited already.
///
/// # Errors
/// Those of the database.
pub async fn invite(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    user: UserId,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into team_invitations (competition_id, team_id, user_id, invited_by, invited_at)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        competition.0,
        team.0,
        user.0,
        by.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// Those of the database.
pub async fn count_invitations(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select count(*) as \"n!\" from team_invitations where team_id = $1", team.0)
        .fetch_one(conn)
        .await
}

/// Takes an invitation of this team off the list, and says whose it was.
///
/// # Errors
/// Those of the database.
pub async fn withdraw_invitation(
    conn: &mut PgConnection,
    team: TeamId,
    id: TeamInvitationId,
) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        "delete from team_invitations where id = $2 and team_id = $1 returning user_id as \"id: UserId\"",
        team.0,
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// The team that an invitation of this person leads to.
///
/// # Errors
/// Those of the database.
pub async fn inviting_team(
    conn: &mut PgConnection,
    competition: CompetitionId,
    user: UserId,
    id: TeamInvitationId,
) -> sqlx::Result<Option<TeamId>> {
    sqlx::query_scalar!(
        "select team_id as \"id: TeamId\" from team_invitations
         where id = $3 and competition_id = $1 and user_id = $2",
        competition.0,
        user.0,
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Takes an invitation of this person off the list; `None` when it is gone.
///
/// # Errors
/// Those of the database.
pub async fn answer_invitation(
    conn: &mut PgConnection,
    competition: CompetitionId,
    user: UserId,
    id: TeamInvitationId,
) -> sqlx::Result<Option<TeamId>> {
    sqlx::query_scalar!(
        "delete from team_invitations where id = $3 and competition_id = $1 and user_id = $2
         returning team_id as \"id: TeamId\"",
        competition.0,
        user.0,
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Replaces a team's link; the one before stops working.
///
/// # Errors
/// Those of the database.
pub async fn set_link(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    secret: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into team_links (team_id, competition_id, secret, created_at) values ($2, $1, $3, $4)
         on conflict (team_id) do update set secret = excluded.secret, created_at = excluded.created_at",
        competition.0,
        team.0,
        secret,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn remove_link(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<()> {
    sqlx::query!("delete from team_links where team_id = $1", team.0).execute(conn).await?;
    Ok(())
}

/// The live team of this name.
///
/// # Errors
/// Those of the database.
pub async fn by_name(
    conn: &mut PgConnection,
    competition: CompetitionId,
    name: &str,
) -> sqlx::Result<Option<TeamId>> {
    sqlx::query_scalar!(
        "select id as \"id: TeamId\" from teams
         where competition_id = $1 and lower(name) = lower($2) and merged_into is null",
        competition.0,
        name,
    )
    .fetch_optional(conn)
    .await
}

/// Asks one team for another; `None` when one of them asked already.
///
/// # Errors
/// Those of the database.
pub async fn ask(
    conn: &mut PgConnection,
    competition: CompetitionId,
    from: TeamId,
    to: TeamId,
    by: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<MergeRequestId>> {
    sqlx::query_scalar!(
        "insert into merge_requests (competition_id, from_team_id, to_team_id, asked_by, asked_at)
         values ($1, $2, $3, $4, $5)
         on conflict do nothing
         returning id as \"id: MergeRequestId\"",
        competition.0,
        from.0,
        to.0,
        by.0,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn count_asked(conn: &mut PgConnection, team: TeamId) -> sqlx::Result<i64> {
    sqlx::query_scalar!("select count(*) as \"n!\" from merge_requests where from_team_id = $1", team.0)
        .fetch_one(conn)
        .await
}

/// The two teams of a request: who asks, and who is asked.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    pub from: TeamId,
    pub to: TeamId,
}

/// # Errors
/// Those of the database.
pub async fn find_request(
    conn: &mut PgConnection,
    competition: CompetitionId,
    id: MergeRequestId,
) -> sqlx::Result<Option<Asked>> {
    sqlx::query_as!(
        Asked,
        "select from_team_id as \"from: TeamId\", to_team_id as \"to: TeamId\"
         from merge_requests
         where id = $2 and competition_id = $1",
        competition.0,
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Takes a request off the list; `false` when it is gone.
///
/// # Errors
/// Those of the database.
pub async fn end_request(conn: &mut PgConnection, id: MergeRequestId) -> sqlx::Result<bool> {
    let ended = sqlx::query!("delete from merge_requests where id = $1", id.0).execute(conn).await?;
    Ok(ended.rows_affected() == 1)
}

/// Something that happened to a team.
#[derive(Debug, Clone)]
pub struct NewEvent<'a> {
    pub competition: CompetitionId,
    pub team: TeamId,
    pub kind: Kind,
    pub actor: UserId,
    pub person: Option<UserId>,
    pub other_team: Option<TeamId>,
    /// Names as they are now.
    pub words: &'a str,
}

/// # Errors
/// Those of the database.
pub async fn note(conn: &mut PgConnection, event: &NewEvent<'_>, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        "insert into team_events (competition_id, team_id, at, kind, actor_id, person_id, other_team_id, words)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         returning id",
        event.competition.0,
        event.team.0,
        now,
        event.kind as Kind,
        event.actor.0,
        event.person.map(|id| id.0),
        event.other_team.map(|id| id.0),
        event.words,
    )
    .fetch_one(conn)
    .await
}
