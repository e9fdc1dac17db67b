//! Secondary metrics: shown wherever the score is, in no rank, and on no board that is a Ladder.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Answer;
use crate::rank_ranges::look;
use crate::world::{Arena, Labels, Person, World, sql};

const N_ROWS: usize = 40;

/// Forty rows, every second one public.
fn labels() -> Labels {
    let usage = |row: usize| if row.is_multiple_of(2) { "Public" } else { "Private" };
    let solution = |row| format!("r{row},{},{}\n", label(row), usage(row));
    Labels {
        metric: "mae",
        solution: format!("id,target,Usage\n{}", (0..N_ROWS).map(solution).collect::<String>()),
        sample: format!(
            "id,target\n{}",
            (0..N_ROWS).map(|row| format!("r{row},{row}\n")).collect::<String>()
        ),
        ..Labels::regression()
    }
}

fn label(row: usize) -> f64 {
    5.0 * ((row * 7) % N_ROWS) as f64
}

/// A file that is wrong by about so much in every row, and by so much more in one public and one private row.
fn predictions(every: f64, one: f64) -> String {
    let error = |row: usize| every * (1.0 + 0.1 * (row % 5) as f64) + if row < 2 { one } else { 0.0 };
    let rows = (0..N_ROWS).map(|row| format!("r{row},{}\n", label(row) + error(row)));
    format!("id,target\n{}", rows.collect::<String>())
}

struct Contest {
    world: World,
    arena: Arena,
    ada: Person,
    bob: Person,
}

impl Contest {
    /// Bob is better by the mean error, Carol by the largest one.
    async fn begin(pool: PgPool) -> Self {
        Self::in_world(World::new(pool).await).await
    }

    async fn in_world(world: World) -> Self {
        let ada = world.member("ada").await;
        let arena = world.open_competition(&ada, "columns", &labels()).await;
        let [bob, carol] = [world.member("bob").await, world.member("carol").await];
        for (person, file) in [(&bob, predictions(1.0, 50.0)), (&carol, predictions(6.0, 0.0))] {
            arena.join(person).await;
            arena.submit(person, &file).await;
        }
        world.drain().await;
        Self { world, arena, ada, bob }
    }

    async fn choose_metric(&self, parts: Value) -> Answer {
        let body = json!({ "metric": "with_secondary", "params": { "parts": parts } });
        self.ada.api.send_json(Method::PUT, &self.arena.api("/metric"), &body).await
    }

    /// Begins a version with secondary metrics, and would have everything scored under it.
    async fn start_with_secondary(&self) -> Answer {
        self.arena.ask("/versions", json!({})).await.expect(201);
        self.choose_metric(json!([{"metric": "mae"}, {"metric": "max_error"}, {"metric": "r2"}]))
            .await
            .expect(200);
        self.world.drain().await;
        let reason = json!({ "audit_reason": "Few rows are enough here." });
        self.ada.api.send_json(Method::PUT, &self.arena.api("/audit"), &reason).await.expect(200);
        self.arena.ask("/versions/2/start", json!({ "reason": "Show more." })).await
    }

    /// Has that version count.
    async fn publish_with_secondary(&self) {
        self.start_with_secondary().await.expect(200);
        self.world.drain().await;
        self.arena.ask("/versions/2/publish", json!({})).await.expect(200);
    }

    async fn page(&self, rest: &str) -> String {
        self.bob.browser.get(&format!("/c/columns{rest}")).await.expect(200).text()
    }
}

fn teams(board: &Value) -> Vec<&str> {
    board["items"].as_array().unwrap().iter().map(|row| row["team"].as_str().unwrap()).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn secondary_metrics_are_shown_beside_the_score_and_change_no_rank(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let before = contest.arena.board().await;
    assert_eq!((before.get("secondary"), before["items"][0].get("secondary")), (None, None));
    contest.publish_with_secondary().await;

    let board = contest.arena.board().await;
    assert_eq!(teams(&board), teams(&before), "carol would lead by the largest error");
    assert_eq!(
        board["secondary"],
        json!([
            { "metric": "max_error", "name": "max_error", "higher_is_better": false },
            { "metric": "r2", "name": "r2", "higher_is_better": true },
        ])
    );
    let [first, second] = [0, 1].map(|at| &board["items"][at]);
    assert_eq!(first["score"], before["items"][0]["score"]);
    assert_eq!(first["secondary"][0], json!({ "metric": "max_error", "score": 51.0 }));
    assert!(second["secondary"][0]["score"].as_f64().unwrap() < 10.0, "{second}");
    assert!(first.get("mean_rank").is_none() && first.get("parts").is_none(), "{first}");

    let page = contest.page("/leaderboard").await;
    for shown in
        ["Teams are ranked by mae alone", "<th scope=\"col\" class=\"num wide\">max_error</th>", "51.0"]
    {
        assert!(page.contains(shown), "{shown} on {page}");
    }
    let csv = contest.page("/leaderboard.csv").await;
    assert!(csv.starts_with(
        "rank,change,team,members,score,entries,last_entry_at,is_baseline,max_error,r2,rank_low,rank_high\r\n"
    ));
    assert!(csv.lines().nth(1).unwrap().contains(",false,51.0"), "{csv}");
    let metric = contest.bob.api.get(&contest.arena.api("/metric")).await.expect(200).json();
    assert_eq!((&metric["secondary"], &metric["higher_is_better"]), (&board["secondary"], &json!(false)));

    look(&contest.world).await;
    let ranks = contest.arena.board().await["ranks"].clone();
    assert!(
        ranks["absent"].is_null(),
        "of the largest error no interval is known, and it ranks nobody: {ranks}"
    );
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn private_values_of_secondary_metrics_are_shown_after_the_end_alone(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.publish_with_secondary().await;
    let row = sql(
        "select p.submission_id, p.part_scores from private_scores p join scoring_versions v on v.id = p.version_id
         where v.metric = 'with_secondary' order by p.submission_id limit 1",
    );
    let row = row.fetch_one(&contest.world.pool).await.unwrap();
    let (id, private): (i64, Vec<f64>) = (row.get(0), row.get(1));
    let of_bob = contest.arena.submission(&contest.bob, id).await;
    assert_eq!(of_bob["parts"][1]["metric"], "max_error");
    assert_eq!(of_bob["parts"][1].get("private_score"), None, "{of_bob}");
    let page = contest.page(&format!("/submissions/{id}")).await;
    assert!(page.contains("the others are shown beside it and change no rank"), "{page}");

    contest.world.let_pass(TimeDelta::days(31)).await;
    contest.world.drain().await;
    let board = contest.arena.board().await;
    assert_eq!(board["board"], "private");
    assert_eq!(board["items"][0]["secondary"][1], json!({ "metric": "r2", "score": private[2] }));
    let of_bob = contest.arena.submission(&contest.bob, id).await;
    assert_eq!(of_bob["parts"][2]["private_score"], json!(private[2]));
    let asked = contest.arena.ask("/verifications", json!({})).await.expect(202).json();
    contest.world.drain().await;
    let path = contest.arena.api(&format!("/verifications/{}", asked["id"]));
    let verified = contest.ada.api.get(&path).await.expect(200).json();
    assert_eq!(verified["faults"], json!([]), "everything is scored to the same digits again");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_ranks_nobody_has_no_weight_and_no_ladder(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.arena.ask("/versions", json!({})).await.expect(201);
    for (wrong, mention) in [
        (json!([{"metric": "mae"}]), "2 to 10"),
        (json!([{"metric": "mae"}, {"metric": "r2", "weight": 1}]), "Part 2: it takes no weight"),
        (json!([{"metric": "mae"}, {"metric": "mean_rank"}]), "mean_rank"),
    ] {
        let refused = contest.choose_metric(wrong).await;
        assert_eq!(refused.status, 422, "{}", refused.text());
        assert!(refused.text().contains(mention), "{}", refused.text());
    }
    contest.world.drain().await; // the new version is examined
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_ladder_shows_one_score_alone(pool: PgPool) {
    let world = World::new(pool).await;
    sql("alter table competitions alter column ladder set default 'on'").execute(&world.pool).await.unwrap();
    let contest = Contest::in_world(world).await;
    let answer = contest.start_with_secondary().await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert!(answer.text().contains("cannot be a Ladder"), "{}", answer.text());
    contest.world.close().await;
}
