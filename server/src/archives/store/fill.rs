//! Writing what an archive holds into a draft.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::PgConnection;

use crate::archives::model::{DisqualificationLine, MemberLine, MergedTeamLine, SubmissionLine, TeamLine};
use crate::ids::{CompetitionId, PostId, SubmissionId, TeamId, UserId, VersionId};

/// Locks a draft that nobody takes part in yet; `false` for any other competition.
///
/// # Errors
/// Those of the database.
pub async fn lock_empty_draft(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select id from competitions
         where id = $1 and launched_at is null and imported_at is null
           and not exists (select from teams where competition_id = $1)
         for update",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// The people of this installation who have these names.
///
/// # Errors
/// Those of the database.
pub async fn known_people(
    conn: &mut PgConnection,
    usernames: &[String],
) -> sqlx::Result<HashMap<String, UserId>> {
    let rows = sqlx::query!("select id, username from users where username = any($1)", usernames)
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.username, UserId(row.id))).collect())
}

/// An account that nobody can sign in to: it has no password, and an address that no mail reaches.
///
/// # Errors
/// Those of the database.
pub async fn insert_stand_in(
    conn: &mut PgConnection,
    username: &str,
    display_name: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<UserId> {
    sqlx::query_scalar!(
        "insert into users (username, email, display_name, password_hash, created_at)
         values ($1, $1 || '@imported.invalid', $2, '!', $3)
         returning id as \"id: UserId\"",
        username,
        display_name,
        now,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn insert_team(
    conn: &mut PgConnection,
    id: CompetitionId,
    team: &TeamLine,
) -> sqlx::Result<TeamId> {
    sqlx::query_scalar!(
        "insert into teams (competition_id, name, is_baseline, created_at)
         values ($1, $2, $3, $4)
         returning id as \"id: TeamId\"",
        id.0,
        team.name,
        team.is_baseline,
        team.created_at,
    )
    .fetch_one(conn)
    .await
}

/// # Errors
/// Those of the database.
pub async fn insert_member(
    conn: &mut PgConnection,
    id: CompetitionId,
    team: TeamId,
    user: UserId,
    member: &MemberLine,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
         values ($1, $2, $3, $4, $5, $6)",
        id.0,
        team.0,
        user.0,
        member.is_leader,
        member.rules_accepted_at,
        member.joined_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// New turns in the order of a Ladder, one behind the other.
///
/// # Errors
/// Those of the database.
pub async fn draw_turns(conn: &mut PgConnection, n: usize) -> sqlx::Result<Vec<i64>> {
    let n = i32::try_from(n).unwrap_or(i32::MAX);
    sqlx::query_scalar!("select draw_ladder_turns($1) as \"turns!\"", n).fetch_one(conn).await
}

/// A team that became part of another at a turn.
///
/// # Errors
/// Those of the database.
pub async fn insert_merged_team(
    conn: &mut PgConnection,
    id: CompetitionId,
    team: &MergedTeamLine,
    (into, turn): (TeamId, i64),
) -> sqlx::Result<TeamId> {
    sqlx::query_scalar!(
        "insert into teams (competition_id, name, created_at, merged_into, merged_at, merged_turn)
         values ($1, $2, $3, $4, $5, $6)
         returning id as \"id: TeamId\"",
        id.0,
        team.name,
        team.created_at,
        into.0,
        team.merged_at,
        turn,
    )
    .fetch_one(conn)
    .await
}

/// A submission's file: what is stored here, or what it was.
#[derive(Debug)]
pub struct NewFile<'a> {
    pub key: &'a str,
    pub size_bytes: u64,
    pub sha256: [u8; 32],
    /// `None`: it waits to be scored here.
    pub gone: Option<Gone<'a>>,
}

/// What stands of a file that was let go.
#[derive(Debug)]
pub struct Gone<'a> {
    pub at: DateTime<Utc>,
    pub state: &'a str,
    pub rejection: Option<&'a Value>,
}

/// # Errors
/// Those of the database.
pub async fn insert_submission(
    conn: &mut PgConnection,
    id: CompetitionId,
    (team, sender): (TeamId, UserId),
    line: &SubmissionLine,
    file: &NewFile<'_>,
) -> sqlx::Result<SubmissionId> {
    let gone = file.gone.as_ref();
    sqlx::query_scalar!(
        "insert into submissions
            (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256,
             description, selected_at, file_gone_at, state, rejection, scored_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         returning id as \"id: SubmissionId\"",
        id.0,
        team.0,
        sender.0,
        line.received_at,
        line.is_late,
        line.file_name,
        file.key,
        i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
        file.sha256.as_slice(),
        line.description,
        line.selected_at,
        gone.map(|gone| gone.at),
        gone.map_or("queued", |gone| gone.state),
        gone.and_then(|gone| gone.rejection),
        gone.and(line.scored_at),
    )
    .fetch_one(conn)
    .await
}

/// What a file came to that was let go, as the archive says.
///
/// # Errors
/// Those of the database.
pub async fn take_over_score(
    conn: &mut PgConnection,
    submission: SubmissionId,
    line: &SubmissionLine,
) -> sqlx::Result<()> {
    sqlx::query!(
        "select take_over_score($1, $2, $3, $4, $5)",
        submission.0,
        line.public_score,
        line.public_undefined,
        line.private_score,
        line.private_undefined,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When a file was judged first, and in which team.
///
/// # Errors
/// Those of the database.
pub async fn take_over_turn(
    conn: &mut PgConnection,
    submission: SubmissionId,
    (turn, team): (i64, TeamId),
) -> sqlx::Result<()> {
    sqlx::query!("select take_over_turn($1, $2, $3)", submission.0, turn, team.0).execute(conn).await?;
    Ok(())
}

/// A decision with the turns it was made and lifted at; where none are given, the next ones.
///
/// # Errors
/// Those of the database.
pub async fn insert_decision(
    conn: &mut PgConnection,
    id: CompetitionId,
    team: TeamId,
    submission: Option<SubmissionId>,
    line: &DisqualificationLine,
    turns: Option<(i64, Option<i64>)>,
) -> sqlx::Result<()> {
    let lifted = line.lifted.as_ref();
    sqlx::query!(
        "insert into disqualifications
            (competition_id, team_id, submission_id, reason, decided_at, turn, lifted_at, lifted_because, lifted_turn)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        id.0,
        team.0,
        submission.map(|id| id.0),
        line.reason,
        line.decided_at,
        turns.map(|(turn, _)| turn),
        lifted.map(|lifted| lifted.at),
        lifted.map(|lifted| lifted.because.as_str()),
        turns.and_then(|(_, lifted)| lifted),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Says that a post's text is not its first.
///
/// # Errors
/// Those of the database.
pub async fn set_edited(conn: &mut PgConnection, post: PostId, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update posts set edited_at = $2 where id = $1", post.0, at).execute(conn).await?;
    Ok(())
}

/// Has the draft's rows split as they were where the archive was made; its version, where a solution is there that was
/// examined with another split.
///
/// # Errors
/// Those of the database.
pub async fn set_split_seed(
    conn: &mut PgConnection,
    id: CompetitionId,
    seed: i64,
) -> sqlx::Result<Option<VersionId>> {
    let changed = sqlx::query_scalar!(
        "update scoring_versions set split_seed = $2
         where competition_id = $1 and split_seed <> $2
         returning case when solution_id is not null then id end as \"id: VersionId\"",
        id.0,
        seed,
    );
    Ok(changed.fetch_optional(conn).await?.flatten())
}

/// Marks the draft, in which some entries are scored already. Its medals count only where an administrator vouches for who
/// took part.
///
/// # Errors
/// Those of the database.
pub async fn set_imported(
    conn: &mut PgConnection,
    id: CompetitionId,
    (n_teams, n_entries): (usize, usize),
    is_vouched_for: bool,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update competitions
         set imported_at = $2, n_teams = n_teams + $3, n_entries = n_entries + $4,
             counts_for_medals = counts_for_medals and $5
         where id = $1",
        id.0,
        now,
        i32::try_from(n_teams).unwrap_or(i32::MAX),
        i32::try_from(n_entries).unwrap_or(i32::MAX),
        is_vouched_for,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a competition came as an archive.
///
/// # Errors
/// Those of the database.
pub async fn is_imported(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        "select imported_at is not null as \"is_imported!\" from competitions where id = $1",
        id.0
    )
    .fetch_one(conn)
    .await
}

/// Submissions after `after` that wait for a score, the oldest first.
///
/// # Errors
/// Those of the database.
pub async fn waiting(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<(SubmissionId, TeamId)>> {
    let rows = sqlx::query!(
        "select id, team_id from submissions
         where competition_id = $1 and state in ('queued', 'scoring') and id > $2
         order by id
         limit $3",
        id.0,
        after.0,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (SubmissionId(row.id), TeamId(row.team_id))).collect())
}
