//! The database as its owner sees it: what must be there before the storm, and every row after it.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, Utc};
use holdout::house::cluster::Cluster;
use holdout::house::layout::Layout;
use holdout_contract::seal::Sealer;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgPoolOptions};
use sqlx::query::Query;
use sqlx::{PgPool, Postgres, Row};
use tokio::runtime::Runtime;

use crate::files::Plan;

/// A statement of a test; the ones of the program are checked when it is compiled.
#[expect(clippy::disallowed_methods, reason = "tests are compiled without descriptions of their statements")]
fn sql(statement: &'static str) -> Query<'static, Postgres, PgArguments> {
    sqlx::query(statement)
}

pub struct Records {
    runtime: Runtime,
    db: PgPool,
}

/// A competition that stands in the database.
#[derive(Debug, Clone)]
pub struct Arena {
    pub plan: Plan,
    pub id: i64,
    pub version_id: i64,
}

#[derive(Debug)]
pub struct Submission {
    pub id: i64,
    pub team_id: i64,
    pub key: String,
    pub received_at: DateTime<Utc>,
    pub is_late: bool,
    pub storage_key: String,
    pub sha256: Vec<u8>,
    pub state: String,
    pub reason: Option<String>,
    pub failure: Option<String>,
    pub log_position: i64,
    pub nonce: Vec<u8>,
    pub entry_hash: Vec<u8>,
    pub jobs: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
pub struct Score {
    pub submission_id: i64,
    pub team_id: i64,
    pub received_at: DateTime<Utc>,
    pub public: Option<f64>,
    pub private: Option<f64>,
}

/// A row of a board, in the order of the board.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub team_id: i64,
    pub submission_id: i64,
    pub score: f64,
    pub n_entries: i32,
    pub last_entry_at: DateTime<Utc>,
}

impl Records {
    pub fn of(data: &Path) -> Self {
        let runtime = Runtime::new().unwrap();
        let url = Cluster::existing(&Layout::of(data).unwrap()).unwrap().owner_url();
        let options = PgConnectOptions::from_str(&url).unwrap();
        let pool = PgPoolOptions::new().max_connections(2).acquire_timeout(Duration::from_secs(5));
        let db = runtime.block_on(async { pool.connect_lazy_with(options) });
        Self { runtime, db }
    }

    fn number(&self, query: Query<'static, Postgres, PgArguments>) -> i64 {
        self.runtime.block_on(query.fetch_one(&self.db)).unwrap().get(0)
    }

    fn run(&self, query: Query<'static, Postgres, PgArguments>) {
        self.runtime.block_on(query.execute(&self.db)).unwrap();
    }

    pub fn has_scorer(&self) -> bool {
        let asked = sql("select count(*) from scorer_keys").fetch_one(&self.db);
        self.runtime.block_on(asked).is_ok_and(|row| row.get::<i64, _>(0) > 0)
    }

    /// A member with a token of all scopes; gives the token.
    pub fn person(&self, name: &str) -> (i64, String) {
        let id = self.number(
            sql("insert into users (username, email, display_name, password_hash)
                 values ($1, $1 || '@people.test', $1, '!') returning id")
            .bind(name.to_owned()),
        );
        let token = format!("hld_{}", uuid::Uuid::new_v4().simple());
        self.run(
            sql("insert into api_tokens (user_id, name, token_hash, hint, scopes, created_at)
                 values ($1, 'test', $2, 'hld_test', array['read', 'submit', 'host'], clock_now())")
            .bind(id)
            .bind(Sha256::digest(&token).to_vec()),
        );
        (id, token)
    }

    /// A competition that began two days ago and ends in thirty. A clock that jumps is no outage that its end waits for.
    pub fn competition(&self, plan: Plan, host: i64, files: &Path) -> Arena {
        let id = self.number(
            sql("with c as (
                    insert into competitions (slug, title, created_by, starts_at, entry_deadline_at,
                        merger_deadline_at, ends_at, daily_limit, score_decimals, are_decimals_chosen,
                        moves_over_outage)
                    values ($1, $1, $2, clock_now() - interval '2 days', clock_now() + interval '30 days',
                        clock_now() + interval '30 days', clock_now() + interval '30 days', $3, 12, true, false)
                    returning id)
                 insert into competition_hosts (competition_id, user_id) select id, $2 from c
                 returning competition_id")
            .bind(plan.slug)
            .bind(host)
            .bind(plan.daily_limit),
        );
        let solution = self.solution(id, &plan, files);
        let version_id = self.number(
            sql("insert into scoring_versions
                    (competition_id, number, solution_id, metric, higher_is_better, activated_at)
                 values ($1, 1, $2, $3, $4, clock_now()) returning id")
            .bind(id)
            .bind(solution)
            .bind(plan.metric.name())
            .bind(plan.metric.higher_is_better()),
        );
        self.run(
            sql("update competitions set launched_at = starts_at, active_version_id = $2 where id = $1")
                .bind(id)
                .bind(version_id),
        );
        Arena { plan, id, version_id }
    }

    fn solution(&self, competition_id: i64, plan: &Plan, files: &Path) -> i64 {
        let recipient =
            sql("select recipient from scorer_keys where retired_at is null order by id desc limit 1");
        let recipient: String = self.runtime.block_on(recipient.fetch_one(&self.db)).unwrap().get(0);
        let mut sealer = Sealer::new(&recipient, Vec::new()).unwrap();
        std::io::Write::write_all(&mut sealer, plan.solution().as_bytes()).unwrap();
        let sealed = sealer.finish().unwrap();
        let key = store(files, "solutions", competition_id, &sealed);
        let sample = plan.sample().into_bytes();
        let sample_key = store(files, "data", competition_id, &sample);
        self.run(
            sql("insert into data_files (competition_id, name, role, storage_key, size_bytes, sha256)
                 values ($1, 'sample_submission.csv', 'sample_submission', $2, $3, $4)")
            .bind(competition_id)
            .bind(sample_key)
            .bind(sample.len() as i64)
            .bind(Sha256::digest(&sample).to_vec()),
        );
        self.number(
            sql("insert into solutions (competition_id, recipient, storage_key, sealed_bytes, sealed_sha256)
                 values ($1, $2, $3, $4, $5) returning id")
            .bind(competition_id)
            .bind(recipient)
            .bind(key)
            .bind(sealed.len() as i64)
            .bind(Sha256::digest(&sealed).to_vec()),
        )
    }

    pub fn team(&self, arena: &Arena, name: &str, members: &[i64]) -> i64 {
        let team_id = self.number(
            sql("insert into teams (competition_id, name) values ($1, $2) returning id")
                .bind(arena.id)
                .bind(name.to_owned()),
        );
        for (number, member) in members.iter().enumerate() {
            self.run(
                sql("insert into team_members
                        (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
                     values ($1, $2, $3, $4, clock_now(), clock_now())")
                .bind(arena.id)
                .bind(team_id)
                .bind(*member)
                .bind(number == 0),
            );
        }
        team_id
    }

    /// Jobs that wait or run; `None` while the database is away.
    pub fn n_open_jobs(&self) -> Option<i64> {
        let asked = sql("select count(*) from jobs where state in ('queued', 'leased')").fetch_one(&self.db);
        self.runtime.block_on(asked).ok().map(|row| row.get(0))
    }

    /// Returns when a job is in a scorer's hands, or after `patience`, or when nobody can tell.
    pub fn wait_for_work(&self, patience: Duration) {
        let at_work = async {
            loop {
                let asked = sql("select count(*) from jobs where state = 'leased'").fetch_one(&self.db).await;
                if asked.map_or(true, |row| row.get::<i64, _>(0) > 0) {
                    return;
                }
            }
        };
        let _ = self.runtime.block_on(async { tokio::time::timeout(patience, at_work).await });
    }

    /// Jobs that took more than one attempt.
    pub fn n_repeated(&self) -> i64 {
        self.number(sql("select count(*) from jobs where attempts > 1"))
    }

    /// Jobs that waited for something to come back.
    pub fn n_put_off(&self) -> i64 {
        self.number(sql("select count(*) from jobs where setbacks > 0"))
    }

    pub fn submissions(&self, arena: &Arena) -> Vec<Submission> {
        let asked =
            sql("select s.id, s.team_id, coalesce(s.idempotency_key, '') as key, s.received_at, s.is_late,
                    s.storage_key, s.sha256, s.state, s.rejection ->> 'error' as reason, s.failure,
                    l.position, l.nonce, l.entry_hash,
                    (select array_agg(j.kind || ' ' || j.state order by j.id) from jobs j
                     where j.submission_id = s.id and j.kind = 'score') as jobs
             from submissions s
             join submission_log l on l.submission_id = s.id
             where s.competition_id = $1
             order by l.position")
            .bind(arena.id);
        let rows = self.runtime.block_on(asked.fetch_all(&self.db)).unwrap();
        let read = |row: sqlx::postgres::PgRow| Submission {
            id: row.get("id"),
            team_id: row.get("team_id"),
            key: row.get("key"),
            received_at: row.get("received_at"),
            is_late: row.get("is_late"),
            storage_key: row.get("storage_key"),
            sha256: row.get("sha256"),
            state: row.get("state"),
            reason: row.get("reason"),
            failure: row.get("failure"),
            log_position: row.get("position"),
            nonce: row.get("nonce"),
            entry_hash: row.get("entry_hash"),
            jobs: row.get("jobs"),
        };
        rows.into_iter().map(read).collect()
    }

    pub fn n_submissions(&self, arena: &Arena) -> i64 {
        self.number(sql("select count(*) from submissions where competition_id = $1").bind(arena.id))
    }

    pub fn n_entries(&self, arena: &Arena) -> i64 {
        self.number(sql("select n_entries::bigint from competitions where id = $1").bind(arena.id))
    }

    pub fn scores(&self, arena: &Arena) -> Vec<Score> {
        let asked = sql("select x.submission_id, x.team_id, x.received_at, x.public_score, p.private_score
             from scores x
             join submissions s on s.id = x.submission_id
             left join private_scores p on p.submission_id = x.submission_id and p.version_id = x.version_id
             where s.competition_id = $1
             order by x.submission_id")
        .bind(arena.id);
        let rows = self.runtime.block_on(asked.fetch_all(&self.db)).unwrap();
        let read = |row: sqlx::postgres::PgRow| Score {
            submission_id: row.get("submission_id"),
            team_id: row.get("team_id"),
            received_at: row.get("received_at"),
            public: row.get("public_score"),
            private: row.get("private_score"),
        };
        rows.into_iter().map(read).collect()
    }

    pub fn public_board(&self, arena: &Arena) -> Vec<Place> {
        self.places(
            sql("select team_id, submission_id, public_score as score, n_entries, last_entry_at
                 from board_entries
                 where competition_id = $1 and version_id = $2
                 order by rank_key, reached_at, submission_id"),
            arena,
        )
    }

    /// The private board; empty before the end.
    pub fn final_board(&self, arena: &Arena) -> Vec<Place> {
        self.places(
            sql("select team_id, submission_id, private_score as score, n_entries, last_entry_at
                 from final_entries
                 where competition_id = $1 and version_id = $2
                 order by rank"),
            arena,
        )
    }

    fn places(&self, query: Query<'static, Postgres, PgArguments>, arena: &Arena) -> Vec<Place> {
        let asked = query.bind(arena.id).bind(arena.version_id);
        let rows = self.runtime.block_on(asked.fetch_all(&self.db)).unwrap();
        let read = |row: sqlx::postgres::PgRow| Place {
            team_id: row.get("team_id"),
            submission_id: row.get("submission_id"),
            score: row.get("score"),
            n_entries: row.get("n_entries"),
            last_entry_at: row.get("last_entry_at"),
        };
        rows.into_iter().map(read).collect()
    }

    /// What stands in the way of being done, for people.
    pub fn what_waits(&self) -> Vec<Value> {
        let asked = sql(
            "select to_jsonb(j) as job from jobs j where state in ('queued', 'leased') order by id limit 20",
        );
        let rows = self.runtime.block_on(asked.fetch_all(&self.db)).unwrap_or_default();
        rows.into_iter().map(|row| row.get("job")).collect()
    }
}

fn store(files: &Path, room: &str, owner: i64, bytes: &[u8]) -> String {
    let key = format!("{room}/{owner}/{}", uuid::Uuid::now_v7());
    let path = files.join(&key);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
    key
}
