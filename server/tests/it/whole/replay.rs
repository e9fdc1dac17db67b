//! A contest of the past: 90 of the 1311 series of the tourism forecasting competition of 2010 and four
//! forecasts of them (see `demo/README.md`). The entries of its participants were not published; their order
//! is compared with scores that another program computed from the same files.

use chrono::TimeDelta;
use serde_json::Value;
use sqlx::PgPool;

use crate::world::{Labels, World, sql};

/// The mean absolute scaled error of each forecast on public and private series, as Hyndman and Koehler
/// define it, computed with Python 3.11 and numpy 2.4.6.
const REFERENCE: [(&str, f64, f64); 4] = [
    ("mean2", 2.501_153_193_327_761_3, 2.451_737_405_816_331_3),
    ("theta_like", 2.244_203_684_533_778_3, 2.219_029_108_908_311),
    ("snaive", 2.391_136_285_772_345, 2.333_061_740_375_364),
    ("snaive_growth", 2.206_996_059_244_093, 2.063_327_525_926_878_6),
];

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_whole_contest_of_the_past_comes_out_in_its_order(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("host").await;
    let labels = Labels {
        metric: "mase",
        solution: file("solution.csv"),
        sample: file("sample_submission.csv"),
        ..Labels::regression()
    };
    let arena = world.open_competition(&host, "tourism", &labels).await;
    let demo: Value = serde_json::from_str(&file("demo.json")).unwrap();
    sql("update scoring_versions set context = $2 where competition_id = $1")
        .bind(arena.id)
        .bind(&demo["context"])
        .execute(&world.pool)
        .await
        .unwrap();
    world.give(arena.id, "history", &file("history.csv")).await;
    for (name, ..) in REFERENCE {
        let forecaster = world.member(name).await;
        arena.join(&forecaster).await;
        arena.submit(&forecaster, &file(&format!("submissions/{name}.csv"))).await;
    }
    world.drain().await;
    assert_board(&arena.board().await, 5.1e-5, REFERENCE.map(|(name, public, _)| (name, public)));
    world.let_pass(TimeDelta::days(31)).await;
    assert_board(&arena.board().await, 1e-9, REFERENCE.map(|(name, _, private)| (name, private)));
    world.close().await;
}

fn assert_board(board: &Value, tolerance: f64, mut expected: [(&str, f64); 4]) {
    expected.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    let rows = board["items"].as_array().unwrap();
    assert_eq!(rows.len(), expected.len());
    for (row, (name, score)) in rows.iter().zip(expected) {
        assert_eq!(row["members"][0], name, "{board}");
        assert!((row["score"].as_f64().unwrap() - score).abs() <= tolerance, "{row} is {score}");
    }
}

fn file(name: &str) -> String {
    let path = format!("{}/../demo/tourism-2010/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}
