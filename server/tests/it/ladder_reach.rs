//! Which files wait on a Ladder is found from how far a team's files are judged; here it is held to what it means, of all
//! files, while histories of every kind go on by chance.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::{PgPool, Row};

use crate::stage::Stage;
use crate::world::sql;

/// As the word means it: an earlier file of the team, in the order on record or else of receipt, has no score.
const WAITING: &str = "select s.id, v.id
    from submissions s
    join scoring_versions v on v.competition_id = s.competition_id
    left join ladder_turns own on own.submission_id = s.id
    where not s.is_late and exists (
        select from submissions e
        left join ladder_turns t on t.submission_id = e.id
        where e.team_id = s.team_id and not e.is_late and e.state in ('queued', 'scoring', 'scored')
          and (coalesce(t.turn, 9223372036854775807), e.id) < (coalesce(own.turn, 9223372036854775807), s.id)
          and not exists (select from scores x where x.submission_id = e.id and x.version_id = v.id))";
const FOUND: &str = "select submission_id, version_id from waiting_on_ladders";
const N_STEPS: usize = 260;

struct Chance(u64);

impl Chance {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % n
    }
}

struct History {
    stage: Stage,
    chance: Chance,
    versions: Vec<i64>,
    n_sent: i64,
}

impl History {
    async fn begin(pool: PgPool, seed: u64) -> Self {
        sql("alter table competitions alter column ladder set default 'on'").execute(&pool).await.unwrap();
        let stage = Stage::open(pool).await;
        sql("update competitions set daily_limit = 100, team_limit = 20")
            .execute(&stage.owner)
            .await
            .unwrap();
        for name in ["ann", "ben", "cyd", "dee"] {
            stage.entrant(name).await;
        }
        let versions = vec![stage.version_id];
        Self { stage, chance: Chance(seed), versions, n_sent: 0 }
    }

    async fn pairs(&self, statement: &'static str) -> BTreeSet<(i64, i64)> {
        let rows = sql(statement).fetch_all(&self.stage.owner).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    /// One of what a statement finds; `None` of nothing.
    async fn any(&mut self, statement: &'static str) -> Option<i64> {
        let rows = sql(statement).fetch_all(&self.stage.owner).await.unwrap();
        (!rows.is_empty()).then(|| rows[self.chance.below(rows.len())].get(0))
    }

    async fn with(&self, statement: &'static str, id: i64) {
        sql(statement).bind(id).execute(&self.stage.owner).await.unwrap();
    }

    async fn send(&mut self) {
        let Some(team) = self.any("select id from teams where merged_into is null order by id").await else {
            return;
        };
        self.n_sent += 1;
        sql("insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key,
                 size_bytes, sha256)
             select competition_id, team_id, user_id, clock_now(), $2 % 9 = 0, 'a.csv', 'reach/' || $2, 1, sha256('a')
             from team_members where team_id = $1 order by user_id limit 1")
        .bind(team)
        .bind(self.n_sent)
        .execute(&self.stage.owner)
        .await
        .unwrap();
        // An archive brings turns with files that are judged after the launch.
        sql("insert into ladder_turns (submission_id, turn, team_id)
             select id, nextval('ladder_turn_numbers'), team_id from submissions
             where id = (select max(id) from submissions) and not is_late and $1 % 7 = 0")
        .bind(self.n_sent)
        .execute(&self.stage.owner)
        .await
        .unwrap();
    }

    /// What a scorer's finishing transaction does of a file that need not wait.
    async fn judge(&mut self) {
        let open = "select s.id from submissions s
            where s.state in ('queued', 'scored') and not exists (
                select from waiting_on_ladders w where w.submission_id = s.id
                  and w.version_id = (select max(id) from scoring_versions))
              and not exists (
                select from scores x where x.submission_id = s.id
                  and x.version_id = (select max(id) from scoring_versions))
            order by s.id";
        let Some(id) = self.any(open).await else { return };
        let is_refused = self.chance.below(5) == 0;
        let mut tx = self.stage.owner.begin().await.unwrap();
        for statement in [
            "select hold_team_of_submission($1)",
            "insert into ladder_turns (submission_id, turn, team_id)
             select id, nextval('ladder_turn_numbers'), team_id from submissions where id = $1 and not is_late
             on conflict (submission_id) do nothing",
        ] {
            sql(statement).bind(id).execute(&mut *tx).await.unwrap();
        }
        if is_refused {
            sql("update submissions set state = 'rejected', rejection = '{}' where id = $1 and state = 'queued'")
                .bind(id)
                .execute(&mut *tx)
                .await
                .unwrap();
            return tx.commit().await.unwrap();
        }
        for statement in [
            "update submissions set state = 'scored', scored_at = clock_now() where id = $1",
            "insert into scores (submission_id, version_id, team_id, received_at, is_late, public_undefined,
                 submission_sha256, solution_sha256, engine_version, scored_at)
             select id, (select max(id) from scoring_versions), team_id, received_at, is_late, 'none', sha256, sha256('s'),
                    'test', clock_now()
             from submissions where id = $1",
            "select reach_on_ladder($1, (select max(id) from scoring_versions))",
        ] {
            sql(statement).bind(id).execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    async fn fail_or_put_back(&mut self) {
        if let Some(id) = self.any("select id from submissions where state = 'failed' order by id").await {
            self.with("update submissions set state = 'queued', failure = null where id = $1", id).await;
        } else if let Some(id) =
            self.any("select id from submissions where state = 'queued' order by id").await
        {
            self.with("update submissions set state = 'failed', failure = 'ours' where id = $1", id).await;
        }
    }

    async fn have_a_refused_one_judged_again(&mut self) {
        if let Some(id) = self.any("select id from submissions where state = 'rejected' order by id").await {
            self.with("update submissions set state = 'queued', rejection = null where id = $1", id).await;
        }
    }

    async fn merge(&mut self) {
        let teams =
            sql("select id from teams where merged_into is null order by id").fetch_all(&self.stage.owner);
        let teams: Vec<i64> = teams.await.unwrap().iter().map(|row| row.get(0)).collect();
        if teams.len() < 2 {
            return;
        }
        let kept = self.chance.below(teams.len());
        let gone = (kept + 1 + self.chance.below(teams.len() - 1)) % teams.len();
        let merge = sql("select merge_teams($1, $2, clock_now())").bind(teams[kept]).bind(teams[gone]);
        merge.execute(&self.stage.owner).await.unwrap();
    }

    async fn another_version(&mut self) {
        sql("update scoring_versions set stage = 'standby' where stage = 'draft'")
            .execute(&self.stage.owner)
            .await
            .unwrap();
        let id = sql(
            "insert into scoring_versions (competition_id, number, solution_id, metric, higher_is_better)
             select competition_id, number + 1, solution_id, metric, higher_is_better
             from scoring_versions order by id desc limit 1 returning id",
        )
        .fetch_one(&self.stage.owner)
        .await
        .unwrap()
        .get(0);
        self.versions.push(id);
    }

    async fn take_a_score_back(&mut self) {
        if let Some(id) = self.any("select submission_id from scores order by submission_id").await {
            self.with("delete from scores where submission_id = $1 and version_id = (select max(id) from scoring_versions)", id)
                .await;
        }
    }

    async fn step(&mut self, at: usize) {
        match self.chance.below(40) {
            _ if at % 80 == 79 => self.merge().await,
            _ if at % 90 == 89 => self.another_version().await,
            0..14 => self.send().await,
            14..17 => self.fail_or_put_back().await,
            17 => self.take_a_score_back().await,
            18 => self.have_a_refused_one_judged_again().await,
            _ => self.judge().await,
        }
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_wait_on_a_ladder_for_those_before_them_whatever_happened(pool: PgPool) {
    let mut history = History::begin(pool, 7).await;
    let (mut n_waiting, mut furthest) = (0, 0);
    for at in 0..N_STEPS {
        history.step(at).await;
        let meant = history.pairs(WAITING).await;
        assert_eq!(history.pairs(FOUND).await, meant, "after {at} steps");
        n_waiting += meant.len();
        let reached: i64 = sql("select coalesce(max(turn), 0) from ladder_reach")
            .fetch_one(&history.stage.owner)
            .await
            .unwrap()
            .get(0);
        furthest = reached.max(furthest);
    }
    assert!(n_waiting > 200 && furthest > 20 && history.versions.len() == 3, "{n_waiting} {furthest}");
}

/// Blocks that the question reads whether a new file of a team waits that has sent `n` files before.
async fn n_blocks(history: &History, team: i64, n: i64) -> i64 {
    sql("with sent as (
            insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key,
                 size_bytes, sha256, state, scored_at)
            select m.competition_id, m.team_id, m.user_id, clock_now() - interval '1 day' * (3 + i / 50), false, 'a.csv',
                   'many/' || $1 || '/' || i, 1, sha256('a'), 'scored', clock_now()
            from generate_series(1, $2) i, team_members m where m.team_id = $1
            returning id, team_id, received_at, sha256
         ), judged as (
            insert into scores (submission_id, version_id, team_id, received_at, is_late, public_undefined,
                 submission_sha256, solution_sha256, engine_version, scored_at)
            select id, $3, team_id, received_at, false, 'none', sha256, sha256('s'), 'test', clock_now() from sent
         )
         insert into ladder_turns (submission_id, turn, team_id)
         select id, nextval('ladder_turn_numbers'), team_id from sent")
    .bind(team)
    .bind(n)
    .bind(history.stage.version_id)
    .execute(&history.stage.owner)
    .await
    .unwrap();
    for statement in [
        "select reach_on_ladder((select max(id) from submissions where team_id = $1), (select max(id) from scoring_versions))",
        "insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes,
             sha256)
         select competition_id, team_id, user_id, clock_now(), false, 'a.csv', 'new/' || team_id, 1, sha256('a')
         from team_members where team_id = $1",
    ] {
        history.with(statement, team).await;
    }
    sql("analyze").execute(&history.stage.owner).await.unwrap();
    let explained = "explain (analyze, buffers, timing off, format json)
        select exists (
            select from waiting_on_ladders
            where submission_id = (select max(id) from submissions where state = 'queued')
              and version_id = (select max(id) from scoring_versions))";
    // The first time, a connection makes its plans as well.
    let mut conn = history.stage.owner.acquire().await.unwrap();
    let mut least = i64::MAX;
    for _ in 0..3 {
        let plan: Value = sql(explained).fetch_one(&mut *conn).await.unwrap().get(0);
        let blocks = |of: &str| plan[0]["Plan"][of].as_i64().unwrap();
        least = least.min(blocks("Shared Hit Blocks") + blocks("Shared Read Blocks"));
    }
    least
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whether_a_file_waits_costs_as_much_after_two_thousand_files_as_after_ten(pool: PgPool) {
    let history = History::begin(pool, 1).await;
    let teams = sql("select id from teams order by id").fetch_all(&history.stage.owner).await.unwrap();
    let few = n_blocks(&history, teams[0].get(0), 10).await;
    let many = n_blocks(&history, teams[1].get(0), 2000).await;
    assert!(few > 0 && many < few + 40, "{few} blocks of ten files, {many} of two thousand");
}
