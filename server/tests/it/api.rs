//! How the API answers, whatever is asked: what is left of a limit, what has not changed, where a
//! list goes on, and a repeated request.

use holdout::config::Config;
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Labels, World, sql};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_caller_has_so_many_requests_and_is_told_how_many_are_left(pool: PgPool) {
    let world = World::configured(pool, |config| Config { api_requests_a_minute: 3, ..config }).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    for left in ["2", "1", "0"] {
        let answer = ada.api.get("/api/v1/me").await.expect(200);
        assert_eq!(answer.header("ratelimit-policy"), "\"caller\";q=3;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"caller\";r={left};t=")));
    }
    let refused = ada.api.get("/api/v1/me").await.expect(429);
    assert_eq!(refused.json()["type"], "too_many");
    let seconds = refused.json()["retry_after_seconds"].as_u64().unwrap();
    assert!((1..=21).contains(&seconds), "{seconds}");
    assert_eq!(refused.header("retry-after"), seconds.to_string());
    assert!(refused.header("ratelimit").starts_with("\"caller\";r=0;"));
    bob.api.get("/api/v1/me").await.expect(200);
    ada.browser.get("/settings").await.expect(200);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_has_not_changed_is_not_sent_again(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    for rest in ["", "/leaderboard", "/submissions", "/data", "/data/sample_submission.csv", "/pages"] {
        let first = bob.api.get(&arena.api(rest)).await.expect(200);
        let tag = first.header("etag").to_owned();
        assert!(!tag.is_empty(), "{rest} has a tag");
        let again = bob.api.get_with(&arena.api(rest), &[("if-none-match", &tag)]).await.expect(304);
        assert!(again.bytes.is_empty(), "{rest}");
        assert_eq!(again.header("etag"), tag);
        let other = [("if-none-match", "\"another\"")];
        assert_eq!(bob.api.get_with(&arena.api(rest), &other).await.expect(200).bytes, first.bytes);
    }
    let tag = bob.api.get(&arena.api("")).await.header("etag").to_owned();
    let change = json!({"subtitle": "Changed"});
    ada.api.send_json(Method::PATCH, &arena.api(""), &change).await.expect(200);
    bob.api.get_with(&arena.api(""), &[("if-none-match", &tag)]).await.expect(200);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_list_is_walked_by_its_links(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    for thousandth in 1..=3 {
        arena.submit(&bob, &Labels::predictions(thousandth, thousandth)).await;
    }
    world.drain().await;
    let mut address = arena.api("/submissions?limit=1");
    let mut seen = Vec::new();
    loop {
        let part = bob.api.get(&address).await.expect(200);
        seen.extend(part.json()["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()));
        let link = part.header("link").to_owned();
        assert_eq!(link.is_empty(), part.json().get("next").is_none());
        let Some((next, _)) = link.strip_prefix('<').and_then(|link| link.split_once(">; rel=\"next\""))
        else {
            break;
        };
        address = next.to_owned();
    }
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted_by(|newer, older| newer > older), "{seen:?}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_request_that_is_repeated_at_once_is_one_submission(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let key = [("idempotency-key", "errand-7")];
    let file = Labels::predictions(250, 617);
    let send = |bytes: String| {
        let (api, path) = (bob.api.clone(), arena.api("/submissions"));
        tokio::spawn(async move { api.upload_with(&path, "p.csv", bytes, &key).await })
    };
    let sent: Vec<_> = (0..8).map(|_| send(file.clone())).collect();
    let mut ids = Vec::new();
    for answer in sent {
        ids.push(answer.await.unwrap().expect(201).json()["id"].as_i64().unwrap());
    }
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let count = sql("select count(*) from submissions").fetch_one(&world.pool).await.unwrap();
    assert_eq!(count.get::<i64, _>(0), 1);
    let other = send(Labels::predictions(1, 1)).await.unwrap().expect(422).json();
    assert_eq!((&other["type"], &other["field"]), (&json!("field"), &json!("idempotency_key")));
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_write_that_builds_on_what_changed_since_is_refused(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let page = json!({"title": "About", "markdown": "First"});
    let send = async |method: Method, path: &str, header: (&str, &str), body: &serde_json::Value| {
        let headers = [("content-type", "application/json"), header];
        ada.api.send_with(method, path, &headers, body.to_string()).await
    };
    let about = arena.api("/pages/about");
    send(Method::PUT, &about, ("if-match", "*"), &page).await.expect(412);
    send(Method::PUT, &about, ("if-none-match", "*"), &page).await.expect(204);
    send(Method::PUT, &about, ("if-none-match", "*"), &page).await.expect(412);
    for (path, method, change, done) in [
        (about.clone(), Method::PUT, json!({"title": "About", "markdown": "Second"}), 204),
        (arena.api(""), Method::PATCH, json!({"subtitle": "Changed"}), 200),
        ("/api/v1/me/profile".to_owned(), Method::PATCH, json!({"bio": "I count."}), 204),
    ] {
        let tag = ada.api.get(&path).await.expect(200).header("etag").to_owned();
        send(method.clone(), &path, ("if-match", &tag), &change).await.expect(done);
        let refused = send(method, &path, ("if-match", &tag), &change).await.expect(412).json();
        assert_eq!(refused["type"], "precondition", "{path}");
    }
    let tag = ada.api.get(&about).await.expect(200).header("etag").to_owned();
    send(Method::DELETE, &about, ("if-match", "\"old\""), &json!({})).await.expect(412);
    send(Method::DELETE, &about, ("if-match", &tag), &json!({})).await.expect(204);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_change_of_settings_happens_as_a_whole_or_not_at_all(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let before = ada.api.get(&arena.api("")).await.expect(200).json();
    let fine = json!({"subtitle": "Changed", "daily_limit": 9, "visibility": "unlisted", "emails": ["eve@people.test"]});
    for (field, value) in [
        ("slug", json!("elsewhere")),
        ("max_upload_bytes", json!(1)),
        ("visibility", json!("nobody")),
        ("emails", json!(["eve"])),
    ] {
        let mut change = fine.clone();
        change[field] = value;
        let refused = ada.api.send_json(Method::PATCH, &arena.api(""), &change).await.expect(422).json();
        assert_eq!(refused["field"], field);
        assert_eq!(ada.api.get(&arena.api("")).await.expect(200).json(), before, "{field}");
    }
    let after = ada.api.send_json(Method::PATCH, &arena.api(""), &fine).await.expect(200).json();
    assert_eq!(
        (&after["daily_limit"], &after["visibility"], &after["subtitle"]),
        (&json!(9), &json!("unlisted"), &json!("Changed"))
    );
    world.close().await;
}
