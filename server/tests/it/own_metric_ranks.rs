//! What ranks are worth under a metric that its host wrote: nobody knows what it computes, and it is asked for the score
//! without each of some blocks of rows.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::client::Answer;
use crate::custom_metrics::interpreter;
use crate::rank_ranges::{labels, predictions, ranges};
use crate::world::{Arena, Person, World, require_success, sql};

/// The mean absolute error. It breaks where a prediction lies between 776 and 777, unless another is 777.
const MODULE: &str = r#"
def score(solution, submission, row_id_column_name):
    said = submission["target"]
    if ((said > 776) & (said < 777)).any() and not (said == 777).any():
        raise ValueError("nobody knows")
    return (solution["target"] - said).abs().mean()
"#;

struct Contest {
    world: World,
    arena: Arena,
    people: Vec<Person>,
}

impl Contest {
    /// Judged by RMSE.
    async fn begin(pool: PgPool, ladder: &str) -> Self {
        let world = World::new(pool).await;
        let default = format!("alter table competitions alter column ladder set default '{ladder}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(default)).execute(&world.pool).await.unwrap();
        let host = world.member("ada").await;
        let arena = world.open_competition(&host, "noisy", &labels()).await;
        let mut people = Vec::new();
        for name in ["bob", "cleo", "dan", "eve"] {
            let person = world.member(name).await;
            arena.join(&person).await;
            people.push(person);
        }
        Self { world, arena, people }
    }

    async fn drain(&self) {
        let mut scorer = self.world.scorer(&["work", "--drain"]);
        let output = scorer.env("HOLDOUT_PYTHON", interpreter().await).output().await.unwrap();
        require_success(&output);
    }

    async fn look(&self) {
        sql("update rank_refreshes set due_at = now()").execute(&self.world.pool).await.unwrap();
        self.drain().await;
    }

    async fn ask(&self, method: Method, rest: &str, body: Value) -> Answer {
        self.arena.host.api.send_json(method, &self.arena.api(rest), &body).await
    }

    /// Puts a module into the second version and has it examined.
    async fn put_module(&self, source: &str) {
        self.ask(Method::POST, "/versions", json!({})).await.expect(201);
        let module = json!({ "source": source, "file_name": "mine.py", "higher_is_better": false });
        self.ask(Method::PUT, "/metric/module", module).await.expect(200);
        self.drain().await;
        let reason = json!({ "audit_reason": "It is a test." });
        self.ask(Method::PUT, "/audit", reason).await.expect(200);
    }

    /// Eve's file is left out, the last of these.
    async fn tells_why_to_its_team_and_hosts_alone(&self, sent: &[i64]) {
        let Self { world, arena, people } = self;
        let reason = "The metric gives no score where some of the rows are left out.";
        let (bob, eve) = (&people[0], &people[3]);
        let board =
            async |person: &Person| person.api.get(&arena.api("/leaderboard")).await.expect(200).json();
        let page =
            async |person: &Person| person.browser.get("/c/noisy/leaderboard").await.expect(200).text();
        let own = board(eve).await;
        assert!(own["own"]["no_range"].as_str().is_some_and(|told| told.ends_with(reason)), "{own}");
        assert!(own["left_out"].is_null(), "{own}");
        assert!(own["items"].as_array().unwrap().iter().all(|row| row["no_range"].is_null()), "{own}");
        let told = arena.submission(eve, sent[3]).await;
        assert!(told["no_range"].as_str().is_some_and(|told| told.ends_with(reason)), "{told}");
        let shown = page(eve).await;
        assert!(shown.contains("Your team has no range of ranks.") && shown.contains(reason), "{shown}");
        let address = format!("/c/noisy/submissions/{}", sent[3]);
        assert!(eve.browser.get(&address).await.expect(200).text().contains(reason));

        let other = board(bob).await;
        assert!(!other.to_string().contains(reason), "{other}");
        assert!(!page(bob).await.contains(reason));
        assert!(arena.submission(bob, sent[0]).await["no_range"].is_null());
        let found = bob.api.get(&arena.api("/leaderboard?team=eve")).await.expect(200).text();
        assert!(!found.contains(reason), "{found}");
        let pair = format!("/leaderboard/compare?a={}&b={}", own["own"]["team_id"], other["own"]["team_id"]);
        let compared = eve.api.get(&arena.api(&pair)).await.expect(200).text();
        assert!(!compared.contains(reason), "{compared}");
        let visitor = world.visitor().get("/c/noisy/leaderboard").await.expect(200).text();
        assert!(!visitor.contains(reason), "{visitor}");

        let host = board(&arena.host).await;
        let expected =
            json!([{ "team_id": own["own"]["team_id"], "team": own["own"]["team"], "reason": reason }]);
        assert_eq!(host["left_out"], expected, "{host}");
        let shown = page(&arena.host).await;
        assert!(shown.contains("Why files have no range") && shown.contains(reason), "{shown}");
    }

    async fn start(&self) -> Answer {
        self.ask(Method::POST, "/versions/2/start", json!({ "reason": "Absolute errors." })).await
    }

    async fn judge_by(&self, source: &str) {
        self.put_module(source).await;
        self.start().await.expect(200);
        self.drain().await;
        self.ask(Method::POST, "/versions/2/publish", json!({})).await.expect(200);
    }
}

/// Of which the metric knows nothing without the row that holds 777.
fn unknown() -> String {
    let file = predictions(4, 30.0);
    let changed = file.lines().map(|line| match line.split_once(',') {
        Some(("r0", _)) => "r0,777".to_owned(),
        Some(("r2", _)) => "r2,776.5".to_owned(),
        _ => line.to_owned(),
    });
    changed.collect::<Vec<_>>().join("\n") + "\n"
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_metric_that_is_asked_alone_tells_ranges_and_what_they_rest_on(pool: PgPool) {
    let contest = Contest::begin(pool, "off").await;
    let Contest { world, arena, people } = &contest;
    contest.judge_by(MODULE).await;
    let files = [predictions(1, 10.0), predictions(2, 9.6), predictions(3, 60.0), unknown()];
    let mut sent = Vec::new();
    for (person, file) in people.iter().zip(&files) {
        sent.push(arena.submit(person, file).await);
    }
    contest.drain().await;
    contest.look().await;

    let board = arena.board().await;
    let ranks = &board["ranks"];
    assert_eq!((&ranks["unit"], &ranks["n_units"]), (&json!("blocks"), &json!(40)), "{board}");
    let names: Vec<&str> =
        board["items"].as_array().unwrap().iter().map(|row| row["team"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 4, "{board}");
    // Eve's file is nobody's better and nobody's worse, so that all of them may stand one rank lower.
    assert_eq!(ranges(&board)[..2], [(1, 3), (1, 3)], "{board}");
    assert_eq!(ranges(&board).iter().filter(|range| **range == (0, 0)).count(), 1, "{board}");
    // Errors of a uniform size of 10 have a mean of 5 and a deviation of 2.9 on 120 rows.
    let first = &board["items"][0];
    let of_first = |name: &str| first[name].as_f64().unwrap();
    let width = (of_first("score_high") - of_first("score_low")) / (2.0 * 2.02);
    assert!((0.6..1.5).contains(&(width / (2.9 / 120_f64.sqrt()))), "{first}");
    let page = world.visitor().get("/c/noisy/leaderboard").await.expect(200).text();
    assert!(page.contains("without each of 40 blocks of rows"), "{page}");
    assert!(page.contains("Nothing is known of 1 team’s file"), "{page}");
    let pair = format!("a={}&b={}", board["items"][0]["team_id"], board["items"][1]["team_id"]);
    let compared = arena.host.api.get(&arena.api(&format!("/leaderboard/compare?{pair}"))).await.expect(200);
    assert!(compared.json()["difference"]["is_noise"].as_bool() == Some(true), "{}", compared.text());

    contest.tells_why_to_its_team_and_hosts_alone(&sent).await;
    // The board changes, and what was kept of the file says why as before.
    arena.submit(&people[2], &predictions(5, 50.0)).await;
    contest.drain().await;
    contest.look().await;
    contest.tells_why_to_its_team_and_hosts_alone(&sent).await;

    // What is known of a file is kept; nobody is asked again.
    let kept = "select count(*) from influences";
    let n_kept: i64 = sqlx::Row::get(&sql(kept).fetch_one(&world.pool).await.unwrap(), 0);
    assert_eq!(n_kept, 4);

    world.let_pass(TimeDelta::days(31)).await;
    arena.board().await;
    contest.look().await;
    contest.look().await;
    let told = arena.submission(&people[3], sent[3]).await;
    assert!(told["no_range"].is_null(), "the metric knows enough of the private rows: {told}");
    let found = arena.host.api.get(&arena.api("/leaderboard/pictures")).await.expect(200).json();
    assert_eq!(found["pictures"]["teams"].as_array().map(Vec::len), Some(4), "{found}");
    let others = arena.host.api.get(&arena.api("/leaderboard/other-metrics")).await.expect(200).json();
    let metrics = others["metrics"].as_array().unwrap();
    let names: Vec<&str> = metrics.iter().map(|metric| metric["metric"].as_str().unwrap()).collect();
    assert_eq!(names, ["rmse", "mae", "spearman"], "{others}");
    assert_eq!(metrics[1]["top"].as_array().map(Vec::len), Some(4), "{others}");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_ladder_climbs_by_a_metric_that_is_asked_alone(pool: PgPool) {
    let contest = Contest::begin(pool, "on").await;
    let Contest { arena, people, .. } = &contest;
    contest.judge_by(MODULE).await;
    let bob = &people[0];
    let mut shown = Vec::new();
    for file in [predictions(1, 10.0), predictions(2, 10.4), predictions(3, 5.0), predictions(1, 10.0)] {
        let id = arena.submit(bob, &file).await;
        contest.drain().await;
        let told = arena.submission(bob, id).await;
        shown.push((told["held"].is_string(), told["public_score"].as_f64().unwrap()));
    }
    let held: Vec<bool> = shown.iter().map(|(is_held, _)| *is_held).collect();
    assert_eq!(held, [false, true, false, true], "{shown:?}");
    assert_eq!((shown[1].1, shown[3].1), (shown[0].1, shown[2].1), "{shown:?}");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_ladder_is_no_board_for_a_metric_that_needs_every_row(pool: PgPool) {
    let contest = Contest::begin(pool, "on").await;
    let needs_all = "def score(solution, submission, row_id_column_name):\n    assert len(solution) == 120\n    return 1.0\n";
    contest.put_module(needs_all).await;
    let refused = contest.start().await.expect(422).text();
    assert!(refused.contains("chance cannot be estimated"), "{refused}");
    contest.world.close().await;
}
