//! Every SQL statement about boards.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::PgConnection;

use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, TeamId};
use crate::leaderboard::model::{Key, Person, Row};

/// What the three boards' statements give.
struct Line {
    team_id: TeamId,
    team: String,
    usernames: Vec<String>,
    display_names: Vec<String>,
    is_baseline: bool,
    score: Option<f64>,
    n_entries: i32,
    last_entry_at: DateTime<Utc>,
    rank_key: f64,
    reached_at: DateTime<Utc>,
    submission_id: i64,
    /// `None` on the public board, where ranks are counted.
    rank: Option<i32>,
    /// The rank that [`Row::change`] is counted from.
    earlier_rank: Option<i32>,
}

impl Line {
    fn into_row(self, rank: i64) -> Row {
        let people = self.usernames.into_iter().zip(self.display_names);
        Row {
            rank,
            change: self.earlier_rank.map(|earlier| i64::from(earlier) - rank),
            team_id: self.team_id,
            team: self.team,
            people: people.map(|(username, display_name)| Person { username, display_name }).collect(),
            is_baseline: self.is_baseline,
            score: self.score,
            n_entries: self.n_entries,
            last_entry_at: self.last_entry_at,
            key: Key {
                rank_key: self.rank_key,
                reached_at: self.reached_at,
                submission_id: self.submission_id,
                rank,
            },
        }
    }

    fn into_ranked_row(self) -> Row {
        let rank = self.rank.map_or(0, i64::from);
        self.into_row(rank)
    }
}

/// The public board after `after`. Equal scores: the earlier submission ranks higher.
///
/// # Errors
/// Those of the database.
pub async fn public_page(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: Key,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let lines = sqlx::query_as!(
        Line,
        "select b.team_id as \"team_id: TeamId\", t.name as team, t.is_baseline, b.public_score as score,
                array(select u.username from team_members m join users u on u.id = m.user_id
                      where m.team_id = b.team_id order by m.is_leader desc, m.user_id) as \"usernames!\",
                array(select u.display_name from team_members m join users u on u.id = m.user_id
                      where m.team_id = b.team_id order by m.is_leader desc, m.user_id) as \"display_names!\",
                b.n_entries, b.last_entry_at, b.rank_key, b.reached_at, b.submission_id,
                null::integer as rank, b.rank_at_midnight as earlier_rank
         from board_entries b
         join teams t on t.id = b.team_id
         where b.competition_id = $1 and b.version_id = (select active_version_id from competitions where id = $1)
           and (b.rank_key, b.reached_at, b.submission_id) > ($2, $3, $4)
         order by b.rank_key, b.reached_at, b.submission_id
         limit $5",
        id.0,
        after.rank_key,
        after.reached_at,
        after.submission_id,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok((after.rank + 1..).zip(lines).map(|(rank, line)| line.into_row(rank)).collect())
}

/// One team's row of the public board.
///
/// # Errors
/// Those of the database.
pub async fn public_row(
    conn: &mut PgConnection,
    id: CompetitionId,
    team_id: TeamId,
) -> sqlx::Result<Option<Row>> {
    let line = sqlx::query_as!(
        Line,
        "select b.team_id as \"team_id: TeamId\", t.name as team, t.is_baseline, b.public_score as score,
                array(select u.username from team_members m join users u on u.id = m.user_id
                      where m.team_id = b.team_id order by m.is_leader desc, m.user_id) as \"usernames!\",
                array(select u.display_name from team_members m join users u on u.id = m.user_id
                      where m.team_id = b.team_id order by m.is_leader desc, m.user_id) as \"display_names!\",
                b.n_entries, b.last_entry_at, b.rank_key, b.reached_at, b.submission_id,
                (select count(*) + 1 from board_entries o
                 where o.competition_id = b.competition_id and o.version_id = b.version_id
                   and (o.rank_key, o.reached_at, o.submission_id) < (b.rank_key, b.reached_at, b.submission_id)
                )::integer as rank,
                b.rank_at_midnight as earlier_rank
         from board_entries b
         join teams t on t.id = b.team_id
         where b.competition_id = $1 and b.team_id = $2
           and b.version_id = (select active_version_id from competitions where id = $1)",
        id.0,
        team_id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(line.map(Line::into_ranked_row))
}

/// The final board by private score.
///
/// # Errors
/// Those of the database.
pub async fn private_page(
    conn: &mut PgConnection,
    _: Ended,
    id: CompetitionId,
    after: Key,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let lines = sqlx::query_as!(
        Line,
        "select f.team_id as \"team_id: TeamId\", t.name as team, t.is_baseline, f.private_score as score,
                array(select u.username from team_members m join users u on u.id = m.user_id
                      where m.team_id = f.team_id order by m.is_leader desc, m.user_id) as \"usernames!\",
                array(select u.display_name from team_members m join users u on u.id = m.user_id
                      where m.team_id = f.team_id order by m.is_leader desc, m.user_id) as \"display_names!\",
                f.n_entries, f.last_entry_at, 0::double precision as \"rank_key!\",
                f.last_entry_at as reached_at, f.submission_id, f.rank, f.public_rank as earlier_rank
         from final_entries f
         join teams t on t.id = f.team_id
         where f.competition_id = $1 and f.version_id = (select active_version_id from competitions where id = $1) and f.rank > $2
         order by f.rank
         limit $3",
        id.0,
        i32::try_from(after.rank).unwrap_or(i32::MAX),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines.into_iter().map(Line::into_ranked_row).collect())
}

/// The final board's submissions by public score.
///
/// # Errors
/// Those of the database.
pub async fn public_page_at_end(
    conn: &mut PgConnection,
    _: Ended,
    id: CompetitionId,
    after: Key,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let lines = sqlx::query_as!(
        Line,
        "select f.team_id as \"team_id: TeamId\", t.name as team, t.is_baseline, f.public_score as score,
                array(select u.username from team_members m join users u on u.id = m.user_id
                      where m.team_id = f.team_id order by m.is_leader desc, m.user_id) as \"usernames!\",
                array(select u.display_name from team_members m join users u on u.id = m.user_id
                      where m.team_id = f.team_id order by m.is_leader desc, m.user_id) as \"display_names!\",
                f.n_entries, f.last_entry_at, 0::double precision as \"rank_key!\",
                f.last_entry_at as reached_at, f.submission_id, f.public_rank as rank, null::integer as earlier_rank
         from final_entries f
         join teams t on t.id = f.team_id
         where f.competition_id = $1 and f.version_id = (select active_version_id from competitions where id = $1) and f.public_rank > $2
         order by f.public_rank
         limit $3",
        id.0,
        i32::try_from(after.rank).unwrap_or(i32::MAX),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines.into_iter().map(Line::into_ranked_row).collect())
}

/// One team's ranks on the final boards: private, then public.
///
/// # Errors
/// Those of the database.
pub async fn final_ranks(
    conn: &mut PgConnection,
    _: Ended,
    id: CompetitionId,
    team_id: TeamId,
) -> sqlx::Result<Option<(i64, i64)>> {
    let row = sqlx::query!(
        "select rank, public_rank from final_entries
         where competition_id = $1 and team_id = $2
           and version_id = (select active_version_id from competitions where id = $1)",
        id.0,
        team_id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (i64::from(row.rank), i64::from(row.public_rank))))
}

/// The best public score on the board.
///
/// # Errors
/// Those of the database.
pub async fn best_public_score(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<f64>> {
    sqlx::query_scalar!(
        "select public_score from board_entries
         where competition_id = $1 and version_id = (select active_version_id from competitions where id = $1)
         order by rank_key, reached_at, submission_id
         limit 1",
        id.0,
    )
    .fetch_optional(conn)
    .await
}

/// Competitions that are over and have no final board yet.
///
/// # Errors
/// Those of the database.
pub async fn unsettled(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<CompetitionId>> {
    sqlx::query_scalar!(
        "select id as \"id: CompetitionId\" from competitions
         where launched_at is not null and settled_at is null and ends_at <= $1
         order by ends_at
         limit 20",
        now,
    )
    .fetch_all(conn)
    .await
}

/// Makes the final board; `false` while a counted submission waits.
///
/// # Errors
/// Those of the database.
pub async fn settle(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<bool> {
    sqlx::query_scalar!("select settle_competition($1) as \"stands!\"", id.0).fetch_one(conn).await
}

/// Open competitions whose ranks were not remembered today.
///
/// # Errors
/// Those of the database.
pub async fn not_remembered(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Vec<CompetitionId>> {
    sqlx::query_scalar!(
        "select id as \"id: CompetitionId\" from competitions
         where launched_at is not null and settled_at is null and ends_at > $1 and starts_at <= $1
           and ranks_remembered_on is distinct from $2
         order by ends_at
         limit 100",
        now,
        now.date_naive(),
    )
    .fetch_all(conn)
    .await
}

/// Remembers a competition's ranks as those of midnight; `false` when another server did.
///
/// # Errors
/// Those of the database.
pub async fn remember_ranks(
    conn: &mut PgConnection,
    id: CompetitionId,
    today: NaiveDate,
) -> sqlx::Result<bool> {
    let first = sqlx::query!(
        "update competitions
         set ranks_remembered_on = $2, board_revision = board_revision + 1
         where id = $1 and ranks_remembered_on is distinct from $2",
        id.0,
        today,
    )
    .execute(&mut *conn)
    .await?;
    if first.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query!("select remember_ranks($1)", id.0).execute(conn).await?;
    Ok(true)
}
