//! Statements about who was told how a competition ended.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::ids::{CompetitionId, TeamId};
use crate::medals::model::Medal;
use crate::notifications::model::Event;

/// Competitions whose board is to be compared with what was told of it.
///
/// # Errors
/// Those of the database.
pub async fn due(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<CompetitionId>> {
    sqlx::query_scalar!(
        r#"select competition_id as "id: CompetitionId" from endings where due_at <= $1 order by due_at limit 20"#,
        now,
    )
    .fetch_all(conn)
    .await
}

/// How far a round of telling has come.
#[derive(Debug, Clone, Copy)]
pub struct Reached {
    pub after: TeamId,
    /// Whether everybody was told before, so that changes alone are told.
    pub is_told: bool,
}

/// Holds a competition's round until this transaction ends; `None` where nothing is due, or another server is at it.
///
/// # Errors
/// Those of the database.
pub async fn hold(
    conn: &mut PgConnection,
    id: CompetitionId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<Reached>> {
    // Before the round, as whoever makes a board anew holds them: nobody waits for a lock that waits for theirs.
    sqlx::query!("select id from competitions where id = $1 for key share", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    sqlx::query_as!(
        Reached,
        r#"select after_team_id as "after: TeamId", told_at is not null as "is_told!"
           from endings
           where competition_id = $1 and due_at <= $2
           for update skip locked"#,
        id.0,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// A team on the final board, or beside it, and what it was told.
#[derive(Debug, Clone)]
pub struct Standing {
    pub team_id: TeamId,
    pub rank: Option<i64>,
    pub was_told: bool,
    pub told_rank: Option<i64>,
    pub told_medal: Option<String>,
}

/// The next teams.
///
/// # Errors
/// Those of the database.
pub async fn standings(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: TeamId,
    limit: i64,
) -> sqlx::Result<Vec<Standing>> {
    sqlx::query_as!(
        Standing,
        r#"select t.id as "team_id: TeamId", f.rank::bigint as "rank?", p.team_id is not null as "was_told!",
                  p.rank::bigint as "told_rank?", p.medal as "told_medal?"
           from teams t
           join competitions c on c.id = t.competition_id and c.settled_at is not null
           left join final_entries f
             on f.competition_id = c.id and f.version_id = c.active_version_id and f.team_id = t.id
           left join told_places p on p.team_id = t.id
           where t.competition_id = $1 and t.id > $2 and t.merged_into is null and not t.is_baseline
           order by t.id
           limit $3"#,
        id.0,
        after.0,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// What teams are told now, team by team.
#[derive(Debug, Default)]
pub struct Told {
    pub teams: Vec<i64>,
    pub ranks: Vec<Option<i32>>,
    pub medals: Vec<Option<String>>,
    pub words: Vec<String>,
}

impl Told {
    pub fn add(&mut self, team: TeamId, rank: Option<i64>, medal: Option<Medal>, words: String) {
        self.teams.push(team.0);
        self.ranks.push(rank.and_then(|rank| i32::try_from(rank).ok()));
        self.medals.push(medal.map(|medal| medal.name().to_owned()));
        self.words.push(words);
    }
}

/// Tells the members of these teams, and keeps what they were told.
///
/// # Errors
/// Those of the database.
pub async fn tell(
    conn: &mut PgConnection,
    id: CompetitionId,
    event: Event,
    told: &Told,
    now: DateTime<Utc>,
    digest_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    if told.teams.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into notifications (user_id, event, reason, competition_id, words, created_at, mail_at)
         select u.id, $2, 'team', $1, t.words, $5,
                case coalesce(p.mail, 'daily') when 'immediately' then $5::timestamptz when 'daily' then $6 end
         from unnest($3::bigint[], $4::text[]) as t (team_id, words)
         join team_members m on m.team_id = t.team_id
         join users u on u.id = m.user_id and u.suspended_at is null
         left join mail_preferences p on p.user_id = u.id
         order by u.id
         on conflict (user_id, competition_id, event) where event in ('ended', 'to_close', 'outcome_changed')
         do update set words = excluded.words, created_at = excluded.created_at, read_at = null,
                       mail_at = excluded.mail_at
         where notifications.event = 'outcome_changed'",
        id.0,
        event as Event,
        &told.teams,
        &told.words,
        now,
        digest_at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into told_places (team_id, competition_id, rank, medal)
         select t.team_id, $1, t.rank, t.medal
         from unnest($2::bigint[], $3::integer[], $4::text[]) as t (team_id, rank, medal)
         on conflict (team_id) do update set rank = excluded.rank, medal = excluded.medal",
        id.0,
        &told.teams,
        &told.ranks as &[Option<i32>],
        &told.medals as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells the hosts that it is for them to close it.
///
/// # Errors
/// Those of the database.
pub async fn tell_hosts(
    conn: &mut PgConnection,
    id: CompetitionId,
    words: &str,
    now: DateTime<Utc>,
    digest_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into notifications (user_id, event, reason, competition_id, words, created_at, mail_at)
         select u.id, 'to_close', 'hosting', h.competition_id, $2, $3,
                case coalesce(p.mail, 'daily') when 'immediately' then $3::timestamptz when 'daily' then $4 end
         from competition_hosts h
         join users u on u.id = h.user_id and u.suspended_at is null
         left join mail_preferences p on p.user_id = u.id
         where h.competition_id = $1
         on conflict do nothing",
        id.0,
        words,
        now,
        digest_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes the last team that was told.
///
/// # Errors
/// Those of the database.
pub async fn reach(conn: &mut PgConnection, id: CompetitionId, last: TeamId) -> sqlx::Result<()> {
    sqlx::query!("update endings set after_team_id = $2 where competition_id = $1", id.0, last.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Notes that all teams were told.
///
/// # Errors
/// Those of the database.
pub async fn done(conn: &mut PgConnection, id: CompetitionId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update endings set due_at = null, after_team_id = 0, told_at = coalesce(told_at, $2) where competition_id = $1",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
