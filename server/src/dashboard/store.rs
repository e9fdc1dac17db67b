//! Every SQL statement of the dashboard.

use chrono::{DateTime, Utc};
use holdout_contract::rejection::RejectionKind;
use serde_json::Value;
use sqlx::PgConnection;

use super::model::{Day, Participant, Reason, Refused, Spread, Waiting};
use super::sent::{Fate, Filter, Sent};
use crate::competitions::model::Ended;
use crate::ids::{CompetitionId, SubmissionId, TeamId, UserId, VersionId};
use crate::submissions::model::State;

/// When the days were last counted.
///
/// # Errors
/// Those of the database.
pub async fn counted_at(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Option<DateTime<Utc>>> {
    let at =
        sqlx::query_scalar!("select counted_at from competition_tallies where competition_id = $1", id.0)
            .fetch_optional(conn)
            .await?;
    Ok(at.flatten())
}

/// # Errors
/// Those of the database.
pub async fn open_tally(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!("insert into competition_tallies (competition_id) values ($1) on conflict do nothing", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether this transaction may count; `false` while another does.
///
/// # Errors
/// Those of the database.
pub async fn lock_tally(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<bool> {
    let locked = sqlx::query!(
        "select competition_id from competition_tallies where competition_id = $1 for update skip locked",
        id.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(locked.is_some())
}

/// Has every day counted again.
///
/// # Errors
/// Those of the database.
pub async fn forget(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!(
        "update competition_tallies set counted_at = null, open_from = '-infinity' where competition_id = $1",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets the days that may have changed: from the oldest submission without an outcome, at the latest
/// from the day on which was counted last.
///
/// # Errors
/// Those of the database.
pub async fn reopen_days(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!(
        "update competition_tallies t
         set open_from = least(t.open_from, (
             select date_trunc('day', min(s.received_at), 'UTC') from submissions s
             where s.competition_id = $1 and s.state in ('queued', 'scoring')))
         where t.competition_id = $1",
        id.0
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from competition_days d
         using competition_tallies t
         where t.competition_id = $1 and d.competition_id = $1
           and d.day >= (t.open_from at time zone 'UTC')::date",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn count_submissions(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into competition_days (competition_id, day, n_received, n_scored, n_rejected, n_failed, n_teams,
                                       n_joined, median_wait_seconds, p95_wait_seconds)
         select $1, (s.received_at at time zone 'UTC')::date, count(*)::integer,
                (count(*) filter (where s.state = 'scored'))::integer,
                (count(*) filter (where s.state = 'rejected'))::integer,
                (count(*) filter (where s.state = 'failed'))::integer,
                count(distinct s.team_id)::integer, 0,
                percentile_cont(0.5) within group (
                    order by greatest(extract(epoch from s.scored_at - s.received_at), 0)::double precision),
                percentile_cont(0.95) within group (
                    order by greatest(extract(epoch from s.scored_at - s.received_at), 0)::double precision)
         from submissions s
         where s.competition_id = $1
           and s.received_at >= (select open_from from competition_tallies where competition_id = $1)
           and s.team_id <> all (array(select id from teams where competition_id = $1 and is_baseline))
         group by 2",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn count_joined(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into competition_days as d
             (competition_id, day, n_received, n_scored, n_rejected, n_failed, n_teams, n_joined)
         select $1, (m.rules_accepted_at at time zone 'UTC')::date, 0, 0, 0, 0, 0, count(*)::integer
         from team_members m
         where m.competition_id = $1
           and m.rules_accepted_at >= (select open_from from competition_tallies where competition_id = $1)
         group by 2
         on conflict (competition_id, day) do update set n_joined = excluded.n_joined",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// # Errors
/// Those of the database.
pub async fn count_rejections(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into competition_day_rejections (competition_id, day, kind, n)
         select $1, (s.received_at at time zone 'UTC')::date, s.rejection ->> 'error', count(*)::integer
         from submissions s
         where s.competition_id = $1 and s.state = 'rejected'
           and s.received_at >= (select open_from from competition_tallies where competition_id = $1)
           and s.team_id <> all (array(select id from teams where competition_id = $1 and is_baseline))
         group by 2, 3",
        id.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Days before today, and before the oldest submission without an outcome, are counted for good.
///
/// # Errors
/// Those of the database.
pub async fn close_days(conn: &mut PgConnection, id: CompetitionId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update competition_tallies
         set counted_at = $2,
             open_from = least(date_trunc('day', $2::timestamptz, 'UTC'), (
                 select date_trunc('day', min(s.received_at), 'UTC') from submissions s
                 where s.competition_id = $1 and s.state in ('queued', 'scoring')))
         where competition_id = $1",
        id.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest days on which anything happened, oldest first.
///
/// # Errors
/// Those of the database.
pub async fn days(conn: &mut PgConnection, id: CompetitionId, limit: i64) -> sqlx::Result<Vec<Day>> {
    let mut days = sqlx::query_as!(
        Day,
        "select day, n_received, n_scored, n_rejected, n_failed, n_teams, n_joined, median_wait_seconds, p95_wait_seconds
         from competition_days
         where competition_id = $1
         order by day desc
         limit $2",
        id.0,
        limit,
    )
    .fetch_all(conn)
    .await?;
    days.reverse();
    Ok(days)
}

/// Everything that was received and everybody who joined, since the beginning.
///
/// # Errors
/// Those of the database.
pub async fn totals(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        "select coalesce(sum(n_received), 0) as \"n_received!\", coalesce(sum(n_joined), 0) as \"n_joined!\"
         from competition_days where competition_id = $1",
        id.0
    )
    .fetch_one(conn)
    .await?;
    Ok((row.n_received, row.n_joined))
}

/// How often files were refused for what, the most frequent first.
///
/// # Errors
/// Those of the database.
pub async fn reasons(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Vec<Reason>> {
    let rows = sqlx::query!(
        "select kind, sum(n) as \"n!\"
         from competition_day_rejections
         where competition_id = $1
         group by kind
         order by 2 desc, kind",
        id.0
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok(Reason { kind: read_kind(row.kind)?, n: row.n })).collect()
}

fn read_kind(name: String) -> sqlx::Result<RejectionKind> {
    serde_json::from_value(Value::String(name)).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// What has no outcome yet.
///
/// # Errors
/// Those of the database.
pub async fn waiting(conn: &mut PgConnection, id: CompetitionId) -> sqlx::Result<Waiting> {
    sqlx::query_as!(
        Waiting,
        "select count(*) as \"n!\", min(received_at) as oldest_received_at
         from submissions
         where competition_id = $1 and state in ('queued', 'scoring')",
        id.0
    )
    .fetch_one(conn)
    .await
}

/// How the teams' best public scores are spread over `n_steps`; `None` where the board is empty.
///
/// # Errors
/// Those of the database.
pub async fn spread(
    conn: &mut PgConnection,
    id: CompetitionId,
    version: VersionId,
    n_steps: i32,
) -> sqlx::Result<Option<Spread>> {
    let ends = sqlx::query!(
        "with board as (
             select rank_key, public_score, row_number() over (order by rank_key, reached_at, submission_id) as place,
                    count(*) over () as n
             from board_entries where competition_id = $1 and version_id = $2)
         select rank_key, public_score, n as \"n!\" from board
         where place = 1 or place = 1 + (95 * (n - 1)) / 100
         order by place",
        id.0,
        version.0,
    )
    .fetch_all(&mut *conn)
    .await?;
    let (Some(best), Some(last)) = (ends.first(), ends.last()) else { return Ok(None) };
    let rows = sqlx::query!(
        "select case when $3::double precision = $4::double precision then 1
                     else least(width_bucket(rank_key, $3, $4, $5), $5) end as \"step!\",
                count(*) as \"n!\"
         from board_entries
         where competition_id = $1 and version_id = $2 and rank_key <= $4
         group by 1",
        id.0,
        version.0,
        best.rank_key,
        last.rank_key,
        n_steps,
    )
    .fetch_all(conn)
    .await?;
    let mut counts = vec![0; usize::try_from(n_steps).unwrap_or(0)];
    for row in rows {
        if let Some(count) = usize::try_from(row.step - 1).ok().and_then(|step| counts.get_mut(step)) {
            *count += row.n;
        }
    }
    let n_beyond = best.n - counts.iter().sum::<i64>();
    Ok(Some(Spread { best: best.public_score, worst_shown: last.public_score, counts, n_beyond }))
}

/// Refused files behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn refused(
    conn: &mut PgConnection,
    id: CompetitionId,
    before: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<Refused>> {
    let rows = sqlx::query!(
        "select s.id as \"submission_id: SubmissionId\", t.name as team, s.received_at,
                coalesce(s.rejection ->> 'error', '') as \"kind!\", (s.rejection ->> 'line')::bigint as line,
                (s.rejection ->> 'total')::bigint as total
         from submissions s
         join teams t on t.id = s.team_id
         where s.competition_id = $1 and s.state = 'rejected' and s.id < $2
         order by s.id desc
         limit $3",
        id.0,
        before.0,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let whole = |number: Option<i64>| number.and_then(|number| u64::try_from(number).ok());
    let read = rows.into_iter().map(|row| {
        Ok(Refused {
            submission_id: row.submission_id,
            team: row.team,
            received_at: row.received_at,
            kind: read_kind(row.kind)?,
            line: whole(row.line),
            total: whole(row.total),
        })
    });
    read.collect()
}

/// Ids of submissions behind a key, newest first. The words of a state lead to its index.
macro_rules! sent_ids {
    ($which:literal, $id:expr, $before:expr, $limit:expr) => {
        sqlx::query_scalar!(
            "select s.id from submissions s where s.competition_id = $1 and "
                + $which
                + " and s.id < $2 order by s.id desc limit $3",
            $id,
            $before,
            $limit,
        )
    };
}

/// Ids of submissions behind `before`, newest first.
///
/// # Errors
/// Those of the database.
pub async fn sent_ids(
    conn: &mut PgConnection,
    id: CompetitionId,
    filter: Filter,
    before: SubmissionId,
    limit: i64,
) -> sqlx::Result<Vec<i64>> {
    let (id, before) = (id.0, before.0);
    if let Some(team) = filter.team {
        return sent_ids_of_team(conn, team, filter.fate, before, limit).await;
    }
    match filter.fate {
        None => sent_ids!("true", id, before, limit).fetch_all(conn).await,
        Some(Fate::Waiting) => {
            sent_ids!("s.state in ('queued', 'scoring')", id, before, limit).fetch_all(conn).await
        }
        Some(Fate::Scored) => {
            sent_ids!(
                "s.state = 'scored' and not exists (
                select from scores x
                where x.version_id = (select active_version_id from competitions where id = $1)
                  and x.submission_id = s.id and x.rejection is not null)",
                id,
                before,
                limit
            )
            .fetch_all(conn)
            .await
        }
        Some(Fate::Rejected) => sent_ids_of_rejected(conn, id, before, limit).await,
        Some(Fate::Failed) => sent_ids!("s.state = 'failed'", id, before, limit).fetch_all(conn).await,
    }
}

/// Also of those that only the version that counts refuses.
async fn sent_ids_of_rejected(
    conn: &mut PgConnection,
    id: i64,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<i64>> {
    sqlx::query_scalar!(
        "select r.id as \"id!\"
         from (
            (select id from submissions
             where competition_id = $1 and state = 'rejected' and id < $2
             order by id desc
             limit $3)
            union
            (select x.submission_id from scores x
             where x.version_id = (select active_version_id from competitions where id = $1)
               and x.rejection is not null and x.submission_id < $2
             order by x.submission_id desc
             limit $3)
         ) r
         order by r.id desc
         limit $3",
        id,
        before,
        limit,
    )
    .fetch_all(conn)
    .await
}

async fn sent_ids_of_team(
    conn: &mut PgConnection,
    team: TeamId,
    fate: Option<Fate>,
    before: i64,
    limit: i64,
) -> sqlx::Result<Vec<i64>> {
    let states =
        fate.map(|fate| fate.states().iter().map(|state| state.name().to_owned()).collect::<Vec<_>>());
    sqlx::query_scalar!(
        "select s.id
         from submissions s
         join competitions c on c.id = s.competition_id
         left join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         where s.team_id = $1 and s.id < $2
           and ($4::text[] is null or case when x.rejection is null then s.state else 'rejected' end = any($4))
         order by s.id desc
         limit $3",
        team.0,
        before,
        limit,
        states.as_deref(),
    )
    .fetch_all(conn)
    .await
}

/// These submissions of a competition, newest first; without private scores.
///
/// # Errors
/// Those of the database.
pub async fn sent(conn: &mut PgConnection, id: CompetitionId, ids: &[i64]) -> sqlx::Result<Vec<Sent>> {
    sqlx::query_as!(
        Sent,
        "select s.id as \"id: SubmissionId\", t.name as team, t.is_baseline, u.username as sender, s.received_at,
                s.size_bytes, case when x.rejection is null then s.state else 'rejected' end as \"state!: State\",
                s.is_late,
                exists (select from disqualifications d
                        where d.team_id = s.team_id and coalesce(d.submission_id, s.id) = s.id
                          and d.lifted_at is null) as \"is_barred!\",
                case when x.ladder_step is null then x.public_score else told_public_score(x) end as \"public_score?\",
                s.scored_at, null::double precision as \"private_score?\"
         from submissions s
         join teams t on t.id = s.team_id
         join users u on u.id = s.user_id
         join competitions c on c.id = s.competition_id
         left join scores x on x.submission_id = s.id and x.version_id = c.active_version_id
         where s.competition_id = $1 and s.id = any($2)
         order by s.id desc",
        id.0,
        ids,
    )
    .fetch_all(conn)
    .await
}

/// People who take part and whose account is older than `before`, newest accounts first; with what they finished at where
/// the competition has ended.
///
/// # Errors
/// Those of the database.
pub async fn participants(
    conn: &mut PgConnection,
    ended: Option<Ended>,
    id: CompetitionId,
    before: UserId,
    limit: i64,
) -> sqlx::Result<Vec<Participant>> {
    sqlx::query_as!(
        Participant,
        "select m.user_id as \"user_id: UserId\", u.username, u.display_name, a.email as \"invited_as?\", t.name as team,
                m.is_leader, m.joined_at, coalesce(b.n_entries, 0) as \"n_entries!\", b.public_score as \"public_score?\",
                b.last_entry_at as \"last_entry_at?\", f.rank as \"final_rank?\",
                f.private_score as \"private_score?\"
         from team_members m
         join users u on u.id = m.user_id
         join teams t on t.id = m.team_id
         join competitions c on c.id = m.competition_id
         left join invited_as a on a.competition_id = m.competition_id and a.user_id = m.user_id
         left join board_entries b
             on b.competition_id = m.competition_id and b.version_id = c.active_version_id and b.team_id = m.team_id
         left join final_entries f
             on $4 and f.competition_id = m.competition_id and f.version_id = c.active_version_id
            and f.team_id = m.team_id
         where m.competition_id = $1 and m.user_id < $2
         order by m.user_id desc
         limit $3",
        id.0,
        before.0,
        limit,
        ended.is_some(),
    )
    .fetch_all(conn)
    .await
}
