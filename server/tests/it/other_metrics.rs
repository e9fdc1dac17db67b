//! Would another metric have changed the winner? Nothing of it before the final board stands, whoever asks; then
//! scores with every digit, for who is on the board.

use std::fs;

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::rank_ranges::{contest, labels, look, predictions};
use crate::world::{Arena, Folder, Labels, World, require_success, sql};

const PAGE: &str = "/c/noisy/leaderboard/other-metrics";

async fn others(arena: &Arena) -> Value {
    arena.host.api.get(&arena.api("/leaderboard/other-metrics")).await.expect(200).json()
}

fn names(found: &Value) -> Vec<String> {
    let name =
        |metric: &Value| [&metric["metric"], &metric["note"]].map(|text| text.as_str().unwrap().to_owned());
    found["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|metric| name(metric).join(" ").trim().to_owned())
        .collect()
}

/// The private score that the command line gives a file.
async fn by_hand(world: &World, metric: &str, file: &str) -> Value {
    let folder = Folder::new();
    let (solution, submission) = (folder.path().join("solution.csv"), folder.path().join("submission.csv"));
    fs::write(&solution, labels().solution).unwrap();
    fs::write(&submission, file).unwrap();
    let paths = [solution.to_str().unwrap(), submission.to_str().unwrap()];
    let asked = ["score", "--metric", metric, "--solution", paths[0], "--submission", paths[1]];
    let output = world.scorer(&asked).output().await.unwrap();
    require_success(&output);
    let scores: Value = serde_json::from_slice(&output.stdout).unwrap();
    scores["private"].clone()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_sees_other_metrics_before_the_final_board_stands(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    look(&world).await;
    let admin = world.admin("root").await;
    let address = arena.api("/leaderboard/other-metrics");
    for person in [&people[0], &arena.host, &admin] {
        person.browser.get(PAGE).await.expect(404);
        person.api.get(&address).await.expect(404);
    }
    world.visitor().get(PAGE).await.expect(404);
    for table in ["other_metrics", "other_scores", "other_looks"] {
        let statement = sqlx::AssertSqlSafe(format!("select 1 from {table}"));
        let refused = sqlx::raw_sql(statement).execute(&world.app.db).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{table}: {refused}");
    }
    let early = sql("insert into other_looks select active_version_id, id, true from competitions")
        .execute(&world.pool)
        .await
        .unwrap_err();
    assert!(early.to_string().contains("no private ranks stand before the end"), "{early}");

    world.let_pass(TimeDelta::days(31)).await;
    let settled = others(&arena).await;
    assert_eq!((&settled["is_complete"], names(&settled).len()), (&json!(false), 0), "{settled}");
    look(&world).await;
    let found = others(&arena).await;
    assert_eq!(found["is_complete"], true, "{found}");
    assert_eq!(names(&found), ["mae", "medae", "spearman"], "{found}");
    let mae = &found["metrics"][0];
    let files = [predictions(1, 10.0), predictions(2, 8.8), predictions(3, 60.0)];
    for row in mae["top"].as_array().unwrap() {
        let name = row["team"].as_str().unwrap().to_lowercase();
        let sent = ["bob", "cleo", "dan"].iter().position(|person| name.contains(person)).unwrap();
        assert_eq!(row["score"], by_hand(&world, "mae", &files[sent]).await, "to the last digit: {row}");
    }
    assert_eq!(mae["top"][2]["rank"], 3, "{mae}");
    assert!(mae["kendall_tau"].as_f64() >= Some(1.0 / 3.0 - 1e-12), "{mae}");
    assert_eq!(found["metrics"][2]["higher_is_better"], true);
    let page = world.visitor().get(PAGE).await.expect(200).text();
    assert!(page.contains("Mean absolute error") && page.contains("other metrics"), "{page}");

    // Who leaves the board is ranked by no metric, and nothing has to be scored again for that.
    let first = &mae["top"][0]["team"];
    let reason = json!({ "team": first, "reason": "Two accounts." });
    arena.host.api.send_json(Method::POST, &arena.api("/disqualifications"), &reason).await.expect(201);
    let without = others(&arena).await;
    let top = without["metrics"][0]["top"].as_array().unwrap();
    assert!(
        top.len() == 2 && top.iter().all(|row| &row["team"] != first && row["score"].is_number()),
        "{without}"
    );
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn parts_of_a_mean_of_ranks_are_asked_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, bob) = (world.member("ada").await, world.member("bob").await);
    let labels = Labels::ranked(&[("rmse", 1.0, false), ("mae", 2.0, false)]);
    let arena = world.open_competition(&host, "parts", &labels).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(5, 5)).await;
    world.drain().await;
    world.let_pass(TimeDelta::days(31)).await;
    arena.board().await;
    look(&world).await;
    let found = others(&arena).await;
    assert_eq!(names(&found), ["rmse", "mae"], "{found}");
    assert!(found["metrics"][0]["kendall_tau"].is_null(), "one team has no order: {found}");
    assert_eq!(found["metrics"][1]["keeps_the_winner"], true);
    world.close().await;
}
