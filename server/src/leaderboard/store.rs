//! Every SQL statement about boards.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use holdout_contract::ranks::RankedPart;
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, TeamId, TopicId, VersionId};
use crate::leaderboard::baselines::{Baseline, with_baselines};
use crate::leaderboard::model::{Key, Person, Ranked, Row};
use crate::leaderboard::ranked::Entry;

/// What the three boards' statements give.
#[derive(Debug, Clone)]
pub struct Line {
    /// Of the public board alone.
    rank_key: Option<f64>,
    reached_at: Option<DateTime<Utc>>,
    team_id: TeamId,
    team: String,
    usernames: Vec<String>,
    display_names: Vec<String>,
    is_baseline: bool,
    score: Option<f64>,
    n_entries: i32,
    last_entry_at: DateTime<Utc>,
    submission_id: i64,
    /// `None` on the public board, where ranks are counted.
    rank: Option<i32>,
    /// The rank that [`Row::change`] is counted from.
    earlier_rank: Option<i32>,
    mean_rank: Option<f64>,
    part_scores: Option<Vec<f64>>,
    part_ranks: Option<Vec<f64>>,
    write_up: Option<TopicId>,
}

/// Pairs user names with the names that people show.
fn people(usernames: Vec<String>, display_names: Vec<String>) -> Vec<Person> {
    let both = usernames.into_iter().zip(display_names);
    both.map(|(username, display_name)| Person { username, display_name }).collect()
}

impl Line {
    fn place(&self) -> Option<Place> {
        let (rank_key, reached_at) = self.rank_key.zip(self.reached_at)?;
        Some(Place { rank_key, reached_at, submission_id: self.submission_id })
    }

    pub(super) fn into_row(self, rank: i64) -> Row {
        let secondary = match (self.mean_rank, &self.part_scores) {
            (None, Some(scores)) => scores.get(1..).unwrap_or_default().to_vec(),
            _ => Vec::new(),
        };
        Row {
            rank: Some(rank),
            change: self.earlier_rank.map(|earlier| i64::from(earlier) - rank),
            team_id: Some(self.team_id),
            team: self.team,
            pseudonym: None,
            people: people(self.usernames, self.display_names),
            is_baseline: self.is_baseline,
            score: self.score,
            ranked: Ranked::new(self.mean_rank, self.part_scores, self.part_ranks),
            secondary,
            range: None,
            no_range: None,
            n_entries: self.n_entries,
            last_entry_at: self.last_entry_at,
            write_up: self.write_up,
            key: Key { submission_id: self.submission_id, rank },
        }
    }

    fn into_ranked_row(self) -> Row {
        let rank = self.rank.map_or(0, i64::from);
        self.into_row(rank)
    }
}

/// Lines of a board, whose entries `$entries` holds: what all boards know, and `$own` of one kind of them.
macro_rules! lines {
    ($own:literal, $entries:literal, $which:literal, $($value:expr),+ $(,)?) => {
        sqlx::query_as!(
            Line,
            "select t.id as \"team_id: TeamId\", t.name as team, t.is_baseline,
                    array(select u.username from team_members m join users u on u.id = m.user_id
                          where m.team_id = e.team_id order by m.is_leader desc, m.user_id) as \"usernames!\",
                    array(select u.display_name from team_members m join users u on u.id = m.user_id
                          where m.team_id = e.team_id order by m.is_leader desc, m.user_id) as \"display_names!\",
                    e.n_entries as \"n_entries!\", e.last_entry_at as \"last_entry_at!\", e.submission_id as \"submission_id!\", " + $own + "
             from " + $entries + " e
             join teams t on t.id = e.team_id
             where e.competition_id = $1
               and e.version_id = (select active_version_id from competitions where id = $1) and " + $which,
            $($value),+
        )
    };
}

pub mod baselines;

/// Where a row of the public board stands.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(super) struct Place {
    pub rank_key: f64,
    pub reached_at: DateTime<Utc>,
    pub submission_id: i64,
}

impl Place {
    fn before_all() -> Self {
        Self { rank_key: f64::NEG_INFINITY, reached_at: DateTime::UNIX_EPOCH, submission_id: 0 }
    }
}

/// Of a key's submission, while it is its team's best one; else of whoever has its rank. `None` behind the last row.
async fn place_of(conn: &mut PgConnection, id: CompetitionId, key: Key) -> sqlx::Result<Option<Place>> {
    if key == Key::first() {
        return Ok(Some(Place::before_all()));
    }
    let still_there = sqlx::query_as!(
        Place,
        "select b.rank_key, b.reached_at, b.submission_id
         from submissions s
         join board_entries b on b.competition_id = s.competition_id and b.team_id = s.team_id
          and b.version_id = (select active_version_id from competitions where id = $1)
         where s.id = $2 and s.competition_id = $1 and b.submission_id = s.id",
        id.0,
        key.submission_id,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if still_there.is_some() {
        return Ok(still_there);
    }
    if let Some(place) = baselines::place(&mut *conn, id, key.submission_id).await? {
        return Ok(Some(place));
    }
    if key.rank == 0 {
        let is_of_baseline = baselines::sent(conn, id, key.submission_id).await?;
        return Ok(is_of_baseline.then(Place::before_all));
    }
    sqlx::query_as!(
        Place,
        "select rank_key, reached_at, submission_id
         from board_entries
         where competition_id = $1 and version_id = (select active_version_id from competitions where id = $1)
         order by rank_key, reached_at, submission_id
         offset $2
         limit 1",
        id.0,
        key.rank - 1,
    )
    .fetch_optional(conn)
    .await
}

/// The public board after `after`, with the baselines in their places. Equal scores: the earlier submission ranks higher.
///
/// # Errors
/// Those of the database.
pub(super) async fn public_page(
    conn: &mut PgConnection,
    id: CompetitionId,
    after: Key,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let Some(place) = place_of(conn, id, after).await? else { return Ok(Vec::new()) };
    let lines = lines!(
        "e.rank_key as \"rank_key?\", e.reached_at as \"reached_at?\",
         e.public_score as score, null::integer as rank,
         e.rank_at_midnight as earlier_rank, null::double precision as mean_rank,
         e.part_scores, null::double precision[] as part_ranks,
         null::bigint as \"write_up: TopicId\"",
        "board_entries",
        "(e.rank_key, e.reached_at, e.submission_id) > ($2, $3, $4)
         order by e.rank_key, e.reached_at, e.submission_id
         limit $5",
        id.0,
        place.rank_key,
        place.reached_at,
        place.submission_id,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let places: Vec<Place> = lines.iter().filter_map(Line::place).collect();
    let baselines = baselines::on_public_board(conn, id, place).await?;
    let baselines = baselines.into_iter().map(|(at, row)| {
        let n_above = places.partition_point(|ranked| *ranked < at);
        Baseline { n_above: after.rank + n_above as i64, row }
    });
    let rows = (after.rank + 1..).zip(lines).map(|(rank, line)| line.into_row(rank)).collect();
    Ok(with_baselines(rows, baselines.collect(), limit))
}

/// What the public board's rows of these teams say but for their ranks.
///
/// # Errors
/// Those of the database.
pub(super) async fn public_lines(
    conn: &mut PgConnection,
    id: CompetitionId,
    teams: &[TeamId],
) -> sqlx::Result<HashMap<TeamId, Line>> {
    let teams: Vec<i64> = teams.iter().map(|team| team.0).collect();
    // The planner does not look into the inner select, so that one plan serves however many are asked for; the limit has it
    // look up each team, instead of reading a board that it holds for a small one.
    let lines = lines!(
        "null::double precision as rank_key, null::timestamptz as reached_at, e.public_score as score,
         null::integer as rank, e.rank_at_midnight as earlier_rank, null::double precision as mean_rank,
         e.part_scores, null::double precision[] as part_ranks,
         null::bigint as \"write_up: TopicId\"",
        "(select b.* from unnest((select $2::bigint[])) w (team_id)
          cross join lateral (
             select * from board_entries
             where competition_id = $1 and version_id = (select active_version_id from competitions where id = $1)
               and team_id = w.team_id
             limit 1) b)",
        "true",
        id.0,
        &teams,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines.into_iter().map(|line| (line.team_id, line)).collect())
}

/// Where a team stands on the public board, counted. `None` where it is not ranked.
///
/// # Errors
/// Those of the database.
pub(super) async fn public_rank(
    conn: &mut PgConnection,
    id: CompetitionId,
    team: TeamId,
) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select (select count(*) + 1 from board_entries o
                 where o.competition_id = e.competition_id and o.version_id = e.version_id
                   and (o.rank_key, o.reached_at, o.submission_id) < (e.rank_key, e.reached_at, e.submission_id)) as \"rank!\"
         from board_entries e
         where e.competition_id = $1 and e.team_id = $2
           and e.version_id = (select active_version_id from competitions where id = $1)",
        id.0,
        team.0,
    )
    .fetch_optional(conn)
    .await
}

/// The ranked teams of the public board, best first.
///
/// # Errors
/// Those of the database.
pub(super) async fn public_order(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<i64>> {
    // One value of all teams is read in a fraction of the time that a row for each takes.
    sqlx::query_scalar!(
        "select array_agg(team_id order by rank_key, reached_at, submission_id) as \"teams\"
         from board_entries
         where competition_id = $1 and version_id = (select active_version_id from competitions where id = $1)",
        id.0,
    )
    .fetch_one(conn)
    .await
    .map(Option::unwrap_or_default)
}

/// Teams on the board whose name has these words, in small letters, or with a member of that user name; best
/// matches first.
///
/// # Errors
/// Those of the database.
pub(super) async fn teams_named(
    conn: &mut PgConnection,
    id: CompetitionId,
    words: &str,
    limit: i64,
) -> sqlx::Result<Vec<TeamId>> {
    sqlx::query_scalar!(
        "select t.id as \"id: TeamId\"
         from teams t
         where t.competition_id = $1 and t.merged_into is null
           and (strpos(lower(t.name), $2) > 0
                or t.id in (select m.team_id from users u
                            join team_members m on m.user_id = u.id and m.competition_id = $1
                            where u.username = $2))
           and (t.is_baseline
                or exists (select from board_entries b where b.competition_id = $1 and b.team_id = t.id))
         order by strpos(lower(t.name), $2) <> 1, lower(t.name)
         limit $3",
        id.0,
        words,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A version's ranked teams on the public board by the mean of ranks, best first, with the revision that it was read at;
/// no revision where nobody is on it.
///
/// # Errors
/// Those of the database.
pub(super) async fn ranked_entries(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
) -> sqlx::Result<(Option<i64>, Vec<Entry>)> {
    let rows = sqlx::query!(
        "select b.team_id as \"team_id: TeamId\", r.rank as \"rank!\", r.mean_rank, r.part_ranks, b.part_scores,
                b.public_score, b.n_entries, b.last_entry_at, b.rank_at_midnight, b.submission_id, (select board_revision from competitions where id = $1) as \"revision!\"
         from board_ranks($1, $2) r
         join board_entries b on b.competition_id = $1 and b.version_id = $2 and b.team_id = r.team_id
         order by r.rank",
        id.0,
        version.0,
    )
    .fetch_all(conn)
    .await?;
    let revision = rows.first().map(|row| row.revision);
    let entries = rows.into_iter().map(|row| Entry {
        team_id: row.team_id,
        rank: Some(row.rank),
        ranked: Ranked::new(row.mean_rank, row.part_scores, row.part_ranks),
        score: row.public_score,
        n_entries: row.n_entries,
        last_entry_at: row.last_entry_at,
        rank_at_midnight: row.rank_at_midnight,
        key: Key { submission_id: row.submission_id, rank: row.rank.into() },
    });
    Ok((revision, entries.collect()))
}

/// Ranks scores as a board does that knows nothing else: the place of each among the given ones, best first.
///
/// # Errors
/// Those of the database.
pub async fn rank_scores(
    conn: &mut PgConnection,
    scores: &[&[f64]],
    parts: &[RankedPart],
) -> sqlx::Result<Vec<(usize, Ranked)>> {
    let rows = sqlx::query!(
        "select r.team_id as \"at!\", r.mean_rank, r.part_ranks
         from rank_entries(
            array(
                select row(
                    e.at, e.at, array(select jsonb_array_elements_text(e.scores)::double precision),
                    (e.scores ->> 0)::double precision
                        * case when ($2::jsonb -> 0 ->> 'higher_is_better')::boolean then -1 else 1 end,
                    'epoch'::timestamptz)::ranked_entry
                from jsonb_array_elements($1::jsonb) with ordinality as e (scores, at)),
            $2::jsonb) r
         order by r.rank",
        Json(scores) as _,
        Json(parts) as _,
    )
    .fetch_all(conn)
    .await?;
    let places = rows.into_iter().filter_map(|row| {
        let at = usize::try_from(row.at - 1).ok()?;
        let ranked = Ranked::new(row.mean_rank, Some(scores.get(at)?.to_vec()), row.part_ranks)?;
        Some((at, ranked))
    });
    Ok(places.collect())
}

/// A team's name and people.
pub struct Team {
    pub team_id: TeamId,
    pub team: String,
    pub is_baseline: bool,
    usernames: Vec<String>,
    display_names: Vec<String>,
}

impl Team {
    pub fn people(&self) -> Vec<Person> {
        people(self.usernames.clone(), self.display_names.clone())
    }
}

/// Names and people of teams.
///
/// # Errors
/// Those of the database.
pub async fn teams(conn: &mut PgConnection, ids: &[i64]) -> sqlx::Result<Vec<Team>> {
    sqlx::query_as!(
        Team,
        "select t.id as \"team_id: TeamId\", t.name as team, t.is_baseline,
                array(select u.username from team_members m join users u on u.id = m.user_id
                      where m.team_id = t.id order by m.is_leader desc, m.user_id) as \"usernames!\",
                array(select u.display_name from team_members m join users u on u.id = m.user_id
                      where m.team_id = t.id order by m.is_leader desc, m.user_id) as \"display_names!\"
         from teams t
         where t.id = any($1)",
        ids,
    )
    .fetch_all(conn)
    .await
}

/// The ranked teams of the final board by private score.
///
/// # Errors
/// Those of the database.
pub(super) async fn private_page(
    conn: &mut PgConnection,
    _: Ended,
    id: CompetitionId,
    after: Key,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let lines = lines!(
        "null::double precision as rank_key, null::timestamptz as reached_at, e.private_score as score,
         e.rank, e.public_rank as earlier_rank, e.mean_rank, e.part_scores, e.part_ranks,
         (select w.topic_id from write_ups w join subjects s on s.id = w.topic_id and is_shown(s)
          where w.competition_id = e.competition_id and w.team_id = e.team_id) as \"write_up: TopicId\"",
        "final_entries",
        "e.rank > $2
         order by e.rank
         limit $3",
        id.0,
        i32::try_from(after.rank).unwrap_or(i32::MAX),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(lines.into_iter().map(Line::into_ranked_row).collect())
}

/// The ranked teams' submissions of the final board by public score.
///
/// # Errors
/// Those of the database.
pub(super) async fn public_page_at_end(
    conn: &mut PgConnection,
    _: Ended,
    id: CompetitionId,
    after: Key,
    limit: i64,
) -> sqlx::Result<Vec<Row>> {
    let lines = lines!(
        "null::double precision as rank_key, null::timestamptz as reached_at, e.public_score as score, e.public_rank as rank, null::integer as earlier_rank, e.public_mean_rank as mean_rank,
         e.public_part_scores as part_scores, e.public_part_ranks as part_ranks,
         (select w.topic_id from write_ups w join subjects s on s.id = w.topic_id and is_shown(s)
          where w.competition_id = e.competition_id and w.team_id = e.team_id) as \"write_up: TopicId\"",
        "final_entries",
        "e.public_rank > $2
         order by e.public_rank
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
pub(super) async fn final_ranks(
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
pub(super) async fn best_public_score(
    conn: &mut PgConnection,
    id: CompetitionId,
) -> sqlx::Result<Option<f64>> {
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
