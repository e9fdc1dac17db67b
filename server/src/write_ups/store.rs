//! Every SQL statement about write-ups.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::model::{OwnTopic, Owner, WriteUp};
use crate::ids::{CompetitionId, TeamId, TopicId};

/// Makes a topic a team's write-up, in place of another.
///
/// # Errors
/// Those of the database; the constraint `write_ups_of_the_team` where it is not theirs.
pub async fn bind(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    topic: TopicId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into write_ups (competition_id, team_id, topic_id, bound_at)
         values ($1, $2, $3, $4)
         on conflict (competition_id, team_id) do update
         set topic_id = excluded.topic_id, bound_at = excluded.bound_at",
        competition.0,
        team.0,
        topic.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// `false` where there was none.
///
/// # Errors
/// Those of the database.
pub async fn unbind(conn: &mut PgConnection, competition: CompetitionId, team: TeamId) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "delete from write_ups where competition_id = $1 and team_id = $2",
        competition.0,
        team.0,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// # Errors
/// Those of the database.
pub async fn of_team(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
) -> sqlx::Result<Option<WriteUp>> {
    sqlx::query_as!(
        WriteUp,
        "select w.topic_id as \"id: TopicId\", t.title, w.bound_at, is_shown(s) as \"is_shown!\"
         from write_ups w
         join topics t on t.id = w.topic_id
         join subjects s on s.id = w.topic_id
         where w.competition_id = $1 and w.team_id = $2",
        competition.0,
        team.0,
    )
    .fetch_optional(conn)
    .await
}

/// Whose write-up a topic is.
///
/// # Errors
/// Those of the database.
pub async fn owner(conn: &mut PgConnection, topic: TopicId) -> sqlx::Result<Option<Owner>> {
    sqlx::query_as!(
        Owner,
        "select w.team_id as \"team_id: TeamId\", t.name as team, c.slug, f.rank as \"rank?\",
                case when f.rank is not null then
                    (select max(o.rank) from final_entries o
                     where o.competition_id = c.id and o.version_id = c.active_version_id)
                end as n_teams
         from write_ups w
         join teams t on t.id = w.team_id
         join competitions c on c.id = w.competition_id
         left join final_entries f
           on f.competition_id = c.id and f.version_id = c.active_version_id and f.team_id = w.team_id
           and c.settled_at is not null and is_board_open(c)
         where w.topic_id = $1",
        topic.0,
    )
    .fetch_optional(conn)
    .await
}

/// Shown topics of the competition's forum that somebody in the team wrote, newest first.
///
/// # Errors
/// Those of the database.
pub async fn own_topics(
    conn: &mut PgConnection,
    competition: CompetitionId,
    team: TeamId,
    limit: i64,
) -> sqlx::Result<Vec<OwnTopic>> {
    sqlx::query_as!(
        OwnTopic,
        "select t.id as \"id: TopicId\", t.title
         from team_members m
         join subjects s on s.author_id = m.user_id and s.kind = 'topic' and s.competition_id = $1 and is_shown(s)
         join topics t on t.id = s.id
         where m.competition_id = $1 and m.team_id = $2
         order by s.id desc
         limit $3",
        competition.0,
        team.0,
        limit,
    )
    .fetch_all(conn)
    .await
}
