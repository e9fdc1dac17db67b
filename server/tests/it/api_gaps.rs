//! What pages can do, done by programs: one story each through routes that exist for this.

use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Labels, World, sql};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_invites_and_the_invited_take_part(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let change = json!({"visibility": "invitation", "emails": ["eve@people.test"]});
    ada.api.send_json(Method::PATCH, &arena.api(""), &change).await.expect(200);
    bob.api.get(&arena.api("")).await.expect(404);
    bob.api.get(&arena.api("/invitations")).await.expect(404);
    let invited =
        ada.api.send_json(Method::POST, &arena.api("/invitations/link"), &json!({})).await.expect(201);
    assert_eq!(invited.json()["emails"], json!(["eve@people.test"]));
    let link = invited.json()["link"].as_str().unwrap().to_owned();
    assert_eq!(ada.api.get(&arena.api("/invitations")).await.expect(200).json()["link"], link);
    let accept = |secret: &str| json!({ "secret": secret });
    let path = arena.api("/invitations/accept");
    bob.api.send_json(Method::POST, &path, &accept("guessed")).await.expect(404);
    bob.api.send_json(Method::POST, &path, &accept(link.rsplit('/').next().unwrap())).await.expect(204);
    arena.join(&bob).await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_and_pages_are_described_and_read_one_by_one(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let file = arena.api("/data/sample_submission.csv");
    let words = json!({"description": "What to send"});
    bob.api.send_json(Method::PATCH, &file, &words).await.expect(404);
    let described = ada.api.send_json(Method::PATCH, &file, &words).await.expect(200).json();
    assert_eq!(described["description"], "What to send");
    let page = json!({"title": "About", "markdown": "Some *words*"});
    ada.api.send_json(Method::PUT, &arena.api("/pages/about"), &page).await.expect(204);
    let read = world.visitor().get(&arena.api("/pages/about")).await.expect(200).json();
    assert_eq!((&read["title"], &read["markdown"]), (&json!("About"), &json!("Some *words*")));
    world.visitor().get(&arena.api("/pages/nothing")).await.expect(404);
    world.visitor().get(&arena.api("/data.zip")).await.expect(401);
    bob.api.get(&arena.api("/data.zip")).await.expect(403);
    arena.join(&bob).await;
    let zip = bob.api.get(&arena.api("/data.zip")).await.expect(200);
    assert!(zip.bytes.starts_with(b"PK"), "{}", zip.header("content-type"));
    let board = world.visitor().get(&arena.api("/leaderboard.csv")).await.expect(200);
    assert!(board.text().starts_with("rank,"), "{}", board.text());
    let versions = ada.api.get(&arena.api("/host/versions")).await.expect(200).json();
    assert_eq!(versions["items"][0]["number"], 1);
    bob.api.get(&arena.api("/host/versions")).await.expect(404);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn people_change_their_profile_and_administrators_look_after_accounts(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, root) = (world.member("ada").await, world.admin("root").await);
    let change = json!({"bio": "I count."});
    ada.api.send_json(Method::PATCH, "/api/v1/me/profile", &change).await.expect(204);
    let long = json!({"display_name": "x".repeat(300)});
    let refused = ada.api.send_json(Method::PATCH, "/api/v1/me/profile", &long).await.expect(422).json();
    assert_eq!(refused["field"], "display_name");
    let seen = world.visitor().get("/api/v1/users/ada").await.expect(200);
    assert_eq!(seen.json()["bio"], "I count.");
    assert!(!seen.text().contains("@people.test"));
    for path in ["/api/v1/admin/users", "/api/v1/admin/queue"] {
        ada.api.get(path).await.expect(403);
        root.api.get(path).await.expect(200);
    }
    let found = root.api.get("/api/v1/admin/users?name=ad").await.expect(200).json();
    assert_eq!(found["items"][0]["email"], "ada@people.test");
    let suspend = |verb: &str| format!("/api/v1/admin/users/{}/{verb}", ada.id);
    ada.api.send_json(Method::POST, &suspend("suspend"), &json!({})).await.expect(403);
    root.api.send_json(Method::POST, &suspend("suspend"), &json!({})).await.expect(204);
    ada.api.get("/api/v1/me").await.expect(401);
    root.api.send_json(Method::POST, &suspend("unsuspend"), &json!({})).await.expect(204);
    ada.api.get("/api/v1/me").await.expect(200);
    let on_record = sql("select 1 from audit_log where action = 'moderate_suspend'");
    assert_eq!(on_record.fetch_all(&world.pool).await.unwrap().len(), 1);
    world.close().await;
}
