//! The statements that write a synthetic competition.
//!
//! Randomness is PostgreSQL's `hashint8extended(row, seed)`, turned into a number from 0 to 1 by
//! its low 52 bits: the same on every run of one major version.

use sqlx::PgConnection;

use super::Size;
use crate::ids::{CompetitionId, VersionId};

/// The synthetic competition and the version its scores name.
#[derive(Debug, Clone, Copy)]
pub struct Synthetic {
    pub id: CompetitionId,
    pub version: VersionId,
}

/// Ids of the first team and its member; the others follow in order.
#[derive(Debug, Clone, Copy)]
pub struct First {
    pub team: i64,
    pub user: i64,
}

/// Rows are made consistent here, so millions of look-ups are spared; needs a superuser, and goes
/// on without when there is none.
pub async fn skip_foreign_key_checks(conn: &mut PgConnection) -> sqlx::Result<()> {
    let is_superuser = sqlx::query_scalar!(
        "select rolsuper as \"is_superuser!\" from pg_roles where rolname = current_user"
    )
    .fetch_one(&mut *conn)
    .await?;
    if is_superuser {
        sqlx::query!("select set_config('session_replication_role', 'replica', false)")
            .fetch_one(conn)
            .await?;
    }
    Ok(())
}

pub async fn insert_competition(conn: &mut PgConnection, size: &Size) -> sqlx::Result<Synthetic> {
    let metric = if size.ranked_by > 0 { holdout_contract::ranks::NAME } else { "rmse" };
    let is_announced =
        sqlx::query_scalar!("select exists (select from metrics where name = $1) as \"announced!\"", metric)
            .fetch_one(&mut *conn)
            .await?;
    if !is_announced {
        return Err(sqlx::Error::Protocol(format!(
            "no scorer has announced the metric {metric} yet; start one first"
        )));
    }
    let host = sqlx::query_scalar!(
        "insert into users (username, email, display_name, password_hash, is_synthetic, email_confirmed_at)
         values ('synthetic-host', 'synthetic-host@synthetic.invalid', 'Synthetic host', '!', true, clock_now())
         on conflict (username) do update set is_synthetic = true
         returning id",
    )
    .fetch_one(&mut *conn)
    .await?;
    let id = sqlx::query_scalar!(
        "insert into competitions (slug, title, subtitle, created_by, is_synthetic, counts_for_medals)
         values ($1, 'Synthetic competition', 'Made by a generator to measure this installation', $2, true, false)
         returning id",
        size.slug,
        host,
    )
    .fetch_one(&mut *conn)
    .await?;
    sqlx::query!("insert into competition_hosts (competition_id, user_id) values ($1, $2)", id, host)
        .execute(&mut *conn)
        .await?;
    // A superuser skips the trigger that does this.
    sqlx::query!(
        "insert into forums (competition_id, title) values ($1, 'Discussion') on conflict do nothing",
        id,
    )
    .execute(&mut *conn)
    .await?;
    let solution = sqlx::query_scalar!(
        "insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256)
         values ($1, 'none', 'synthetic/' || $1::bigint, 1, sha256('synthetic'))
         returning id",
        id,
    )
    .fetch_one(&mut *conn)
    .await?;
    let version = sqlx::query_scalar!(
        "insert into scoring_versions
            (competition_id, number, solution_id, metric, higher_is_better, ranked_parts, activated_at)
         select $1, 1, $2, $3, false, p.parts, null
         from (
            -- Every other one is better when higher.
            select jsonb_agg(jsonb_build_object(
                'name', 'metric ' || i, 'weight', 1, 'higher_is_better', i % 2 = 0) order by i) as parts
            from generate_series(1, $4::bigint) i
         ) p
         returning id as \"id: VersionId\"",
        id,
        solution,
        metric,
        size.ranked_by,
    )
    .fetch_one(conn)
    .await?;
    Ok(Synthetic { id: CompetitionId(id), version })
}

pub async fn insert_teams(conn: &mut PgConnection, synthetic: Synthetic, n_teams: i64) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into users (username, email, display_name, password_hash, is_synthetic, email_confirmed_at)
         select 's' || $1::bigint || '-' || i, 's' || $1::bigint || '-' || i || '@synthetic.invalid',
                'Synthetic person ' || i, '!', true, clock_now()
         from generate_series(1, $2::bigint) i",
        synthetic.id.0,
        n_teams,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into teams (competition_id, name, created_at)
         select $1, 'Synthetic team ' || i, clock_now() - interval '30 days'
         from generate_series(1, $2::bigint) i",
        synthetic.id.0,
        n_teams,
    )
    .execute(&mut *conn)
    .await?;
    let first = first_team_and_user(conn, synthetic, n_teams).await?;
    sqlx::query!(
        "insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
         select $1, $2 + i, $3 + i, true, clock_now() - interval '30 days', clock_now() - interval '30 days'
         from generate_series(0, $4::bigint - 1) i",
        synthetic.id.0,
        first.team,
        first.user,
        n_teams,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One statement draws its ids without a gap unless others insert meanwhile; that is checked.
pub async fn first_team_and_user(
    conn: &mut PgConnection,
    synthetic: Synthetic,
    n_teams: i64,
) -> sqlx::Result<First> {
    let teams = sqlx::query!(
        "select min(id) as \"first!\", max(id) as \"last!\" from teams where competition_id = $1",
        synthetic.id.0,
    )
    .fetch_one(&mut *conn)
    .await?;
    let users = sqlx::query!(
        "select min(id) as \"first!\", max(id) as \"last!\" from users where username like 's' || $1::bigint || '-%'",
        synthetic.id.0,
    )
    .fetch_one(conn)
    .await?;
    let is_gapless = teams.last - teams.first + 1 == n_teams && users.last - users.first + 1 == n_teams;
    if !is_gapless {
        return Err(sqlx::Error::Protocol(
            "rows were inserted meanwhile; seed while nobody registers".to_owned(),
        ));
    }
    Ok(First { team: teams.first, user: users.first })
}

/// Submissions `from..upto`, with their scores. Earlier numbers are older; busy teams send more.
pub async fn insert_submissions(
    conn: &mut PgConnection,
    synthetic: Synthetic,
    first: &First,
    size: &Size,
    from: i64,
    upto: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "with drawn as (
            select i,
                   floor($4::bigint * power((hashint8extended(i, $6) & 4503599627370495) / 4503599627370496.0, 2))::bigint as team,
                   (hashint8extended(i, $6 + 1) & 4503599627370495) / 4503599627370496.0 as luck,
                   (hashint8extended(i, $6 + 2) & 4503599627370495) / 4503599627370496.0 as gap
            from generate_series($7::bigint, $8::bigint - 1) i
         ), judged as (
            select i, team, gap,
                   1.0 + 0.5 * (hashint8extended(team, $6 + 3) & 4503599627370495) / 4503599627370496.0
                       + 0.2 * luck * (1.5 - i::double precision / $9) as score
            from drawn
         ), sent as (
            insert into submissions
                (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256,
                 state, scored_at)
            select $1::bigint, $2 + team, $3 + team,
                   clock_now() - interval '30 days' + interval '30 days' * (i::double precision / $9),
                   false, 'predictions.csv', 'synthetic/' || $1::bigint || '/' || i, 100000,
                   sha256(int8send(i) || int8send($6)), 'scored',
                   clock_now() - interval '30 days' + interval '30 days' * (i::double precision / $9)
            from judged
            order by i
            returning id, team_id, received_at, sha256, scored_at, storage_key
         ), numbered as (
            -- The key of the file names the number that the score was drawn for.
            select sent.*, judged.score as public_score
            from sent
            join judged on judged.i = split_part(sent.storage_key, '/', 3)::bigint
         ), public as (
            insert into scores
                (submission_id, version_id, team_id, received_at, is_late, public_score, rank_key, submission_sha256,
                 solution_sha256, engine_version, scored_at, part_scores)
            select id, $5, team_id, received_at, false, public_score, public_score, sha256, sha256('synthetic'),
                   'synthetic', scored_at,
                   case when $10::bigint > 0 then public_score || array(
                        select public_score + (hashint8extended(id, $6 + 10 + i) & 4503599627370495) / 4503599627370496.0
                        from generate_series(2, $10) i) end
            from numbered
         ), hidden as (
            select id, public_score
                + 0.02 * (hashint8extended(id, $6 + 4) & 4503599627370495) / 4503599627370496.0 as private_score
            from numbered
         )
         insert into private_scores (submission_id, version_id, private_score, part_scores)
         select id, $5, private_score,
                case when $10 > 0 then private_score || array(
                    select private_score + (hashint8extended(id, $6 + 30 + i) & 4503599627370495) / 4503599627370496.0
                    from generate_series(2, $10) i) end
         from hidden",
        synthetic.id.0,
        first.team,
        first.user,
        size.teams,
        synthetic.version.0,
        size.seed,
        from,
        upto,
        size.submissions as f64,
        size.ranked_by,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finished jobs of the newest submissions, as the queue keeps them for a while.
pub async fn insert_finished_jobs(
    conn: &mut PgConnection,
    synthetic: Synthetic,
    n_jobs: i64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into jobs (kind, priority, turn, competition_id, team_id, submission_id, state, attempts, finished_at)
         select 'score', 0, 0, competition_id, team_id, id, 'done', 1, now()
         from submissions
         where competition_id = $1
         order by id desc
         limit $2",
        synthetic.id.0,
        n_jobs,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub async fn launch(conn: &mut PgConnection, synthetic: Synthetic, size: &Size) -> sqlx::Result<()> {
    sqlx::query!("update scoring_versions set activated_at = clock_now() where id = $1", synthetic.version.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update competitions
         set launched_at = clock_now() - interval '30 days', starts_at = clock_now() - interval '30 days',
             entry_deadline_at = clock_now() + interval '25 days', merger_deadline_at = clock_now() + interval '25 days',
             ends_at = clock_now() + interval '30 days', active_version_id = $2, ladder = 'off',
             n_teams = $3::bigint::integer, n_entries = $4::bigint::integer
         where id = $1",
        synthetic.id.0,
        synthetic.version.0,
        size.teams,
        size.submissions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The real board function, then yesterday's ranks a little off today's.
pub async fn rebuild_board(conn: &mut PgConnection, synthetic: Synthetic, seed: i64) -> sqlx::Result<()> {
    sqlx::query!("select rebuild_board($1)", synthetic.id.0).execute(&mut *conn).await?;
    sqlx::query!("select remember_ranks($1)", synthetic.id.0).execute(&mut *conn).await?;
    sqlx::query!(
        "update board_entries
         set rank_at_midnight = greatest(1, rank_at_midnight + (hashint8extended(team_id, $2) % 4)::integer)
         where competition_id = $1",
        synthetic.id.0,
        seed,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The planner must know the tables' new sizes.
pub async fn analyse(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("vacuum (analyze) users, teams, team_members, submissions, scores, private_scores, jobs, board_entries, competitions")
        .execute(conn)
        .await?;
    Ok(())
}
