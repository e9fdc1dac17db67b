//! The page that names the winners is there after the end and the host's word, and never before.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Labels, World};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn winners_are_named_after_the_end_and_the_hosts_confirmation(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for (person, error) in [(&bob, 617), (&cleo, 400)] {
        arena.join(person).await;
        arena.submit(person, &Labels::predictions(250, error)).await;
    }
    world.drain().await;
    let (api, page) = (arena.api("/winners"), "/c/houses/winners");
    let words = json!({ "words": "Thank you *all*.<script>alert(1)</script>" });
    let absent = async || {
        for person in [&ada, &bob] {
            person.api.get(&api).await.expect(404);
            person.browser.get(page).await.expect(404);
        }
        world.visitor().get(page).await.expect(404);
    };
    absent().await;
    ada.api.send_json(Method::PUT, &api, &words).await.expect(403);
    let form = ada.browser.get("/c/houses/host/closing").await.expect(200).text();
    assert!(form.contains("Until then no page names them") && !form.contains("cleo cleoson"), "{form}");

    world.let_pass(TimeDelta::days(31)).await;
    let form = ada.browser.get("/c/houses/host/closing").await.expect(200).text();
    assert!(form.contains("Confirm the winners") && form.contains("cleo cleoson"), "{form}");
    absent().await;
    bob.api.send_json(Method::PUT, &api, &words).await.expect(404);
    bob.browser.get("/c/houses/host/closing").await.expect(404);
    bob.browser.post_form("/c/houses/host/closing", &[("words", "Mine.")]).await.expect(404);

    let preview = [("words", "Thank you *all*."), ("act", "preview")];
    let seen = ada.browser.post_form("/c/houses/host/closing", &preview).await.expect(200).text();
    assert!(seen.contains("<em>all</em>"), "{seen}");
    absent().await;
    let told = ada.api.send_json(Method::PUT, &api, &words).await.expect(200).json();
    let named: Vec<&Value> = told["winners"].as_array().unwrap().iter().map(|one| &one["team"]).collect();
    assert_eq!(named, ["cleo cleoson", "bob bobson"]);
    assert_eq!((&told["winners"][0]["rank"], &told["winners"][0]["people"]), (&1.into(), &json!(["cleo"])));
    let shown = world.visitor().get(page).await.expect(200).text();
    assert!(shown.contains("<em>all</em>") && !shown.contains("<script>alert"), "{shown}");
    let overview = world.visitor().get("/c/houses").await.expect(200).text();
    assert!(overview.contains(page), "the front page leads there: {overview}");

    let later = json!({ "words": "The cups are on their way." });
    let changed = ada.api.send_json(Method::PUT, &api, &later).await.expect(200).json();
    assert_eq!((&changed["words"], &changed["confirmed_at"]), (&later["words"], &told["confirmed_at"]));
    // Who is disqualified afterwards is no winner any more.
    let judged = json!({ "team": "cleo cleoson", "reason": "Labels were shared." });
    ada.api.send_json(Method::POST, &arena.api("/disqualifications"), &judged).await.expect(201);
    let left = bob.api.get(&api).await.expect(200).json();
    assert_eq!((&left["winners"][0]["team"], &left["n_teams"]), (&"bob bobson".into(), &1.into()));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_ranks_are_means_the_mean_rank_is_shown_to_hosts_and_of_winners(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let parts = [("mae", 1.0, false), ("max_error", 1.0, false)];
    let arena = world.open_competition(&ada, "houses", &Labels::ranked(&parts)).await;
    for (person, error) in [(&bob, 617), (&cleo, 400)] {
        arena.join(person).await;
        arena.submit(person, &Labels::predictions(error, error)).await;
    }
    world.drain().await;
    let dashboard = ada.api.get(&arena.api("/dashboard")).await.expect(200).json();
    let means: Vec<&Value> =
        dashboard["top"].as_array().unwrap().iter().map(|row| &row["mean_rank"]).collect();
    assert_eq!(means, [&json!(1.0), &json!(2.0)], "{dashboard}");
    let page = ada.browser.get("/c/houses/host/dashboard").await.expect(200).text();
    assert!(
        page.contains("Mean rank") && page.contains("1.000") && page.contains("Best public scores by mae"),
        "{page}"
    );
    for page in ["/c/houses/host/participants", "/c/houses/host/submissions"] {
        let shown = ada.browser.get(page).await.expect(200).text();
        assert!(shown.contains("those of mae alone"), "{shown}");
    }

    world.let_pass(TimeDelta::days(31)).await;
    let host = ada.browser.get("/c/houses/host").await.expect(200).text();
    assert!(host.contains("It is over") && !host.contains("times can only move later"), "{host}");
    ada.api.get("/api/v1/competitions/houses/leaderboard").await.expect(200);
    let host = ada.browser.get("/c/houses/host").await.expect(200).text();
    assert!(host.contains("Confirm the winners") && host.contains("Release the hidden labels"), "{host}");
    let told = ada.api.send_json(Method::PUT, &arena.api("/winners"), &json!({ "words": "Done." })).await;
    let told = told.expect(200).json();
    assert_eq!(
        (&told["winners"][0]["team"], &told["winners"][0]["mean_rank"]),
        (&json!("cleo cleoson"), &json!(1.0))
    );
    let shown = world.visitor().get("/c/houses/winners").await.expect(200).text();
    assert!(shown.contains("Mean rank") && shown.contains("2.000") && !shown.contains(">Score<"), "{shown}");
    world.close().await;
}
