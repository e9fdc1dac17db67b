//! Similar submissions are shown to hosts, with evidence, and to nobody else.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Arena, Labels, Person, World};

/// Predictions with errors of one's own; what a copyist appends to every number changes none.
fn guesses(seed: usize, appended: &str) -> String {
    let mut file = "id,target\n".to_owned();
    for row in 0..10_usize {
        let error = (seed * 7919 + (row + 3) * (seed + 5) * (seed + 5) * 104_729) % 997;
        writeln!(file, "r{row},{}.{error:03}{appended}", 7000 + row).unwrap();
    }
    file
}

async fn report(arena: &Arena, host: &Person, id: &Value) -> Value {
    host.api.get(&arena.api(&format!("/comparisons/{id}"))).await.expect(200).json()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_copy_is_shown_to_hosts_with_the_evidence_and_to_nobody_else(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let mut people = Vec::new();
    for (seed, name) in ["bob", "cleo", "dora", "emil", "fred", "gina"].into_iter().enumerate() {
        let person = world.member(name).await;
        arena.join(&person).await;
        arena.submit(&person, &guesses(seed, "")).await;
        people.push(person);
    }
    let copyist = world.member("hugo").await;
    arena.join(&copyist).await;
    arena.submit(&copyist, &guesses(2, "0")).await;
    world.drain().await;

    let page = ada.browser.get("/c/houses/host/similar").await.expect(200).text();
    assert!(page.contains("Nothing has been compared yet"), "{page}");
    let begun =
        ada.api.send_json(Method::POST, &arena.api("/comparisons"), &json!({})).await.expect(202).json();
    assert_eq!((&begun["state"], begun["pairs"].as_array().map(Vec::len)), (&"waiting".into(), Some(0)));
    ada.api.send_json(Method::POST, &arena.api("/comparisons"), &json!({})).await.expect(403);
    world.drain().await;

    let found = report(&arena, &ada, &begun["id"]).await;
    assert_eq!(
        (&found["state"], &found["n_teams"], &found["n_found"]),
        (&"done".into(), &7.into(), &1.into())
    );
    let pair = &found["pairs"][0];
    assert_eq!((&pair["first"]["sender"], &pair["second"]["sender"]), (&"dora".into(), &"hugo".into()));
    assert_eq!((&pair["n_same"], &pair["has_same_bytes"]), (&found["n_answers"], &false.into()));
    let page = ada.browser.get("/c/houses/host/similar").await.expect(200).text();
    assert!(page.contains("hugo hugoson") && page.contains("give the same answer everywhere"), "{page}");
    let told = found.to_string();
    assert!(!told.contains(".321") && !page.contains(".321"), "no label comes out");

    for person in &people[..1] {
        person.browser.get("/c/houses/host/similar").await.expect(404);
        person.api.get(&arena.api("/comparisons")).await.expect(404);
        person.api.get(&arena.api(&format!("/comparisons/{}", begun["id"]))).await.expect(404);
        person.api.send_json(Method::POST, &arena.api("/comparisons"), &json!({})).await.expect(404);
    }
    let board = ada.api.get(&arena.api("/leaderboard")).await.expect(200).json();
    assert_eq!(board["items"].as_array().map(Vec::len), Some(7), "nobody was punished");
    let list = ada.api.get(&arena.api("/comparisons")).await.expect(200).json();
    assert_eq!((&list["items"][0]["id"], list["items"][0].get("pairs")), (&begun["id"], None));
    world.close().await;
}
