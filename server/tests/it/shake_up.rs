//! How far the private rows moved the teams: nothing before the final board stands, then the same as it. And what hosts
//! are told of it before anybody entered.

use chrono::TimeDelta;
use holdout::competitions::access::{Seen, see};
use holdout::error::AppError;
use holdout::leaderboard::settle;
use holdout::shake_up::read::{moves, pairs};
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::stage::{SLUG, Stage};
use crate::world::{Person, World};

async fn seen(stage: &Stage) -> Seen {
    see(&stage.app, SLUG, None).await.unwrap()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn teams_and_own_scores_are_compared_after_the_end_and_not_before(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    stage.scored(&ada, 0.5, 0.2).await;
    stage.scored(&ada, 0.6, 0.7).await;
    stage.scored(&bob, 0.3, 0.4).await;
    let refused =
        |result: Result<(), AppError>| assert!(matches!(result, Err(AppError::NotFound)), "{result:?}");
    let open = seen(&stage).await;
    refused(moves(&stage.app, &open, 0, 10).await.map(drop));
    refused(pairs(&stage.app, &open.competition, ada.team_id, 10).await.map(drop));

    stage.let_pass(TimeDelta::hours(31)).await;
    let closed = seen(&stage).await;
    refused(moves(&stage.app, &closed, 0, 10).await.map(drop));
    refused(pairs(&stage.app, &closed.competition, ada.team_id, 10).await.map(drop));

    settle::round(&stage.app).await.unwrap();
    let over = seen(&stage).await;
    let of = |after| moves(&stage.app, &over, after, 10);
    let ranks: Vec<_> =
        of(0).await.unwrap().into_iter().map(|team| (team.team.name, team.rank, team.public_rank)).collect();
    assert_eq!(ranks, [("Ada".to_owned(), 1, 2), ("Bob".to_owned(), 2, 1)]);
    assert_eq!(of(1).await.unwrap().len(), 1, "goes on behind a rank");
    let own = pairs(&stage.app, &over.competition, ada.team_id, 10).await.unwrap();
    let scores: Vec<_> = own.iter().map(|pair| (pair.public_score, pair.private_score)).collect();
    assert_eq!(scores, [(0.6, 0.7), (0.5, 0.2)], "newest first, and nobody else's");
}

/// A draft of so many rows, a tenth of them public, as far as its examination; the forecast of its audit.
async fn forecast(world: &World, host: &Person, slug: &str, n_rows: usize) -> Value {
    let api = |rest: &str| format!("/api/v1/competitions/{slug}{rest}");
    let new = json!({ "title": slug, "slug": slug });
    host.api.send_json(Method::POST, "/api/v1/competitions", &new).await.expect(201);
    let usage = |row: usize| if row.is_multiple_of(10) { "Public" } else { "Private" };
    let rows = |cells: &dyn Fn(usize) -> String| {
        (0..n_rows).map(|row| format!("r{row},{}\n", cells(row))).collect::<String>()
    };
    let solution = rows(&|row| format!("{},{}", (row * 37) % 101, usage(row)));
    let kind = Some("application/octet-stream");
    for (rest, body) in [
        (
            "/data/sample_submission.csv?role=sample_submission",
            format!("id,target\n{}", rows(&|_| "0".to_owned())),
        ),
        ("/solution", format!("id,target,Usage\n{solution}")),
    ] {
        host.api.send(Method::PUT, &api(rest), kind, body.into_bytes()).await.expect(200);
    }
    host.api.send_json(Method::PUT, &api("/metric"), &json!({ "metric": "mae" })).await.expect(200);
    world.drain().await;
    let audit = host.api.get(&api("/audit")).await.expect(200).json();
    let checks = audit["checks"].as_array().unwrap().clone();
    checks.into_iter().find(|check| check["check"] == "P shake-up").expect("a forecast")
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn before_the_launch_a_host_reads_how_far_the_end_will_move_teams_and_what_would_lower_it(
    pool: PgPool,
) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    let small = forecast(&world, &host, "small", 240).await;
    let large = forecast(&world, &host, "large", 9600).await;
    let moves = |check: &Value| check["value"].as_f64().unwrap();
    assert!(moves(&large) < moves(&small) && moves(&small) < 1.0 / 3.0, "{small} {large}");
    assert_eq!((&small["verdict"], &large["verdict"]), (&json!("warn"), &json!("pass")), "{small} {large}");
    let text = small["text"].as_str().unwrap();
    assert!(text.starts_with("The end will shuffle the board"), "{text}");
    assert!(text.contains("with 50% of the rows public instead of 10% it would be"), "{text}");
    assert!(small["repair"].as_str().unwrap().starts_with("Score about "), "{small}");
    let page = host.browser.get("/c/small/host/launch").await.expect(200).text();
    assert!(
        page.contains("How much ranks may change at the end") && page.contains("Enter many unlike files"),
        "{page}"
    );
    assert_eq!(page.matches("The end will shuffle the board").count(), 1, "{page}");
    world.close().await;
}
