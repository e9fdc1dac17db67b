//! A new scoring version beside the one that counts: prepared, looked at, published at once, taken back.

use holdout::notifications::tell;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Answer;
use crate::world::{Arena, Labels, Person, World, sql};

const REASON: &str = "Every label was half a point too low.";

struct Contest {
    world: World,
    arena: Arena,
    ada: Person,
    bob: Person,
    carol: Person,
}

impl Contest {
    /// Bob leads with an error of 0.25 before carol with 0.3.
    async fn begin(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let ada = world.member("ada").await;
        let (bob, carol) = (world.member("bob").await, world.member("carol").await);
        let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
        arena.join(&bob).await;
        arena.join(&carol).await;
        arena.submit(&bob, &Labels::predictions(250, 617)).await;
        arena.submit(&carol, &Labels::predictions(300, 829)).await;
        world.drain().await;
        Self { world, arena, ada, bob, carol }
    }

    async fn ask(&self, rest: &str, body: Value) -> Answer {
        self.arena.ask(rest, body).await
    }

    /// Version 2, with labels half a point higher, scored and looked at.
    async fn prepare(&self) -> Value {
        self.ask("/versions", json!({})).await.expect(201);
        self.arena.put_solution(&raised(&Labels::regression().solution)).await;
        self.world.drain().await;
        self.ask("/versions/2/start", json!({ "reason": REASON })).await.expect(200);
        self.world.drain().await;
        self.version(2).await
    }

    async fn version(&self, number: i32) -> Value {
        self.ada.api.get(&self.arena.api(&format!("/versions/{number}"))).await.expect(200).json()
    }

    async fn leaders(&self) -> Vec<(String, f64)> {
        let board = self.arena.board().await;
        let rows = board["items"].as_array().unwrap();
        rows.iter()
            .map(|row| (row["members"][0].as_str().unwrap().to_owned(), row["score"].as_f64().unwrap()))
            .collect()
    }

    async fn number(&self, query: &'static str) -> i64 {
        sql(query).fetch_one(&self.world.pool).await.unwrap().get(0)
    }
}

/// The same solution with every label half a point higher.
pub fn raised(solution: &str) -> String {
    let mut lines = solution.lines();
    let mut text = format!("{}\n", lines.next().unwrap());
    for line in lines {
        let (id, rest) = line.split_once(',').unwrap();
        let (label, usage) = rest.split_once(',').unwrap();
        text += &format!("{id},{},{usage}\n", label.parse::<f64>().unwrap() + 0.5);
    }
    text
}

fn close(found: &[(String, f64)], expected: &[(&str, f64)]) {
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for ((name, score), (expected_name, expected)) in found.iter().zip(expected) {
        assert!(name == expected_name && (score - expected).abs() < 1e-9, "{found:?}");
    }
}

const BEFORE: [(&str, f64); 2] = [("bob", 0.25), ("carol", 0.3)];
const AFTER: [(&str, f64); 2] = [("carol", 0.2), ("bob", 0.25)];

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_version_is_scored_beside_looked_at_published_and_taken_back(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    close(&contest.leaders().await, &BEFORE);
    let version = contest.prepare().await;
    assert_eq!(version["stage"], "rescoring");
    assert_eq!((&version["n_done"], &version["n_moved"]), (&json!(2), &json!(2)), "{version}");
    close(&contest.leaders().await, &BEFORE);
    let moves = contest.ada.api.get(&contest.arena.api("/versions/2/moves")).await.expect(200).json();
    let seen: Vec<_> =
        moves["items"].as_array().unwrap().iter().map(|m| (&m["old_rank"], &m["new_rank"])).collect();
    assert_eq!(seen, [(&json!(1), &json!(2)), (&json!(2), &json!(1))], "{moves}");
    assert!(moves["items"][0]["new_final_rank"].is_null(), "nothing of private rows before the end");

    contest.ask("/versions/2/publish", json!({})).await.expect(200);
    close(&contest.leaders().await, &AFTER);
    let told = contest.bob.api.get(&contest.arena.api("/versions")).await.expect(200).json();
    assert_eq!(told["items"][0]["reason"], REASON);
    let page = contest.world.visitor().get("/c/houses/versions").await.expect(200).text();
    assert!(page.contains(REASON));
    while tell::tell_next_bulletin(&contest.world.app).await.unwrap() {}
    let inbox = contest.bob.api.get("/api/v1/notifications").await.expect(200).json();
    assert_eq!(inbox["items"][0]["event"], "rescored", "{inbox}");
    assert!(inbox["items"][0].to_string().contains(REASON), "{inbox}");
    assert_eq!(contest.number("select count(*) from notifications where event = 'rescored'").await, 2);

    contest.ask("/versions/1/roll-back", json!({ "reason": "The labels were right." })).await.expect(200);
    close(&contest.leaders().await, &BEFORE);
    assert_eq!(contest.number("select count(*) from version_changes where kind <> 'start'").await, 2);
    assert_eq!(contest.number("select count(*) from audit_log where action = 'publish_version'").await, 1);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_arrives_meanwhile_is_scored_under_both(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.prepare().await;
    contest.arena.submit(&contest.bob, &Labels::predictions(450, 900)).await;
    contest.world.drain().await;
    close(&contest.leaders().await, &BEFORE);
    assert_eq!(contest.number("select count(*) from scores").await, 6);
    contest.ask("/versions/2/publish", json!({})).await.expect(200);
    close(&contest.leaders().await, &[("bob", 0.05), ("carol", 0.2)]);
    contest.arena.submit(&contest.carol, &Labels::predictions(500, 500)).await;
    contest.world.drain().await;
    close(&contest.leaders().await, &[("carol", 0.0), ("bob", 0.05)]);
    contest.ask("/versions/1/roll-back", json!({ "reason": "No." })).await.expect(200);
    close(&contest.leaders().await, &BEFORE);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nothing_is_published_before_its_time_or_by_others(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.ask("/versions/1/publish", json!({})).await.expect(403);
    contest.ask("/versions", json!({})).await.expect(201);
    contest.ask("/versions", json!({})).await.expect(403);
    contest.ask("/versions/2/publish", json!({})).await.expect(403);
    contest.ask("/versions/2/start", json!({ "reason": " " })).await.expect(422);
    let unexamined = contest.ask("/versions/2/start", json!({ "reason": REASON })).await.expect(403);
    assert!(unexamined.text().contains("not examined"), "{}", unexamined.text());
    contest.world.drain().await;
    contest.ask("/versions/2/start", json!({ "reason": REASON })).await.expect(200);
    contest.ask("/versions/2/publish", json!({})).await.expect(403);
    let sealed = contest.ada.api.send(Method::PUT, &contest.arena.api("/solution"), None, Vec::new()).await;
    assert_eq!(sealed.status, 403, "its parts are fixed while it is computed: {}", sealed.text());
    for rest in ["/versions/2", "/versions/2/moves"] {
        assert_eq!(contest.bob.api.get(&contest.arena.api(rest)).await.status, 404);
    }
    let publish = contest.arena.api("/versions/2/publish");
    assert_eq!(contest.bob.api.send_json(Method::POST, &publish, &json!({})).await.status, 404);
    contest.ask("/versions/2/abandon", json!({})).await.expect(200);
    contest.ask("/versions/1/abandon", json!({})).await.expect(403);
    contest.world.drain().await;
    close(&contest.leaders().await, &BEFORE);
    contest.ask("/versions", json!({})).await.expect(201);
    contest.world.drain().await;
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn after_the_end_the_final_board_changes_with_it(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.world.let_pass(chrono::TimeDelta::days(31)).await;
    close(&contest.leaders().await, &[("bob", 0.617), ("carol", 0.829)]);
    contest.prepare().await;
    close(&contest.leaders().await, &[("bob", 0.617), ("carol", 0.829)]);
    contest.ask("/versions/2/publish", json!({})).await.expect(200);
    close(&contest.leaders().await, &[("bob", 0.117), ("carol", 0.329)]);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_score_is_computed_again_and_one_bit_is_found(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let asked = contest.ask("/verifications", json!({})).await.expect(202).json();
    contest.ask("/verifications", json!({})).await.expect(403);
    contest.world.drain().await;
    let shown = |id: &Value| contest.arena.api(&format!("/verifications/{id}"));
    let clean = contest.ada.api.get(&shown(&asked["id"])).await.expect(200).json();
    assert_eq!((&clean["is_clean"], &clean["n_asked"]), (&json!(true), &json!(2)), "{clean}");

    sql("update private_scores set private_score = private_score + 2e-16 where private_score > 0.8")
        .execute(&contest.world.pool)
        .await
        .unwrap();
    let asked = contest.ask("/verifications", json!({})).await.expect(202).json();
    contest.world.drain().await;
    let found = contest.ada.api.get(&shown(&asked["id"])).await.expect(200).json();
    assert_eq!((&found["is_clean"], &found["n_faults"]), (&json!(false), &json!(1)), "{found}");
    assert_eq!(found["faults"][0]["what"], "The private score differs.");
    assert!(!found.to_string().contains("0.829"), "no digit of a private score");
    let page = contest.ada.browser.get("/c/houses/host/versions").await.expect(200).text();
    assert!(page.contains("The private score differs."));
    assert_eq!(contest.bob.api.get(&shown(&asked["id"])).await.status, 404);
    contest.world.close().await;
}
