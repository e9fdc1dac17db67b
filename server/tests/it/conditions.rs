//! Writes that build on what was read: with the tag of an older state they are refused, and nothing happens.

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::{Answer, Client};
use crate::world::{Labels, World, sql};

const NOTEBOOK: &[u8] = include_bytes!("../../../tests/notebooks/houses.ipynb");

async fn tag(client: &Client, path: &str) -> String {
    client.get(path).await.expect(200).header("etag").to_owned()
}

async fn write(client: &Client, method: Method, path: &str, tag: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("if-match", tag)];
    client.send_with(method, path, &headers, body.to_string()).await
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_topic_and_its_posts_change_only_as_they_were_read(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, root) = (world.member("ada").await, world.admin("root").await);
    let asked = json!({"title": "Why?", "markdown": "It *jumps*."});
    let opened = ada.api.send_json(Method::POST, "/api/v1/forums/general/topics", &asked).await.expect(201);
    let topic = format!("/api/v1/topics/{}", opened.json()["id"]);
    let read = tag(&root.api, &topic).await;
    let wish = json!({"is_pinned": true, "is_locked": true});
    let arranged = write(&root.api, Method::PATCH, &topic, &read, &wish).await.expect(200).json();
    assert_eq!((&arranged["is_pinned"], &arranged["is_locked"]), (&json!(true), &json!(true)));
    let stale = write(&root.api, Method::PATCH, &topic, &read, &json!({"is_pinned": false})).await;
    assert_eq!(stale.expect(412).json()["type"], "precondition");
    assert_eq!(root.api.get(&topic).await.json()["is_pinned"], true);
    let open = json!({"is_locked": false});
    root.api.send_json(Method::PATCH, &topic, &open).await.expect(200);

    let post = format!("/api/v1/posts/{}", arranged["opening_post"]["id"]);
    let read = tag(&ada.api, &post).await;
    let text = |words: &str| json!({ "markdown": words });
    write(&ada.api, Method::PATCH, &post, &read, &text("It leaps.")).await.expect(204);
    write(&ada.api, Method::PATCH, &post, &read, &text("It falls.")).await.expect(412);
    assert_eq!(ada.api.get(&post).await.json()["markdown"], "It leaps.");
    write(&ada.api, Method::DELETE, &post, &read, &json!({})).await.expect(412);
    let read = tag(&ada.api, &post).await;
    write(&ada.api, Method::DELETE, &post, &read, &json!({})).await.expect(204);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_topic_is_arranged_as_a_whole_or_not_at_all(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, root) = (world.member("ada").await, world.admin("root").await);
    let asked = json!({"title": "Why?", "markdown": "It *jumps*."});
    let opened = ada.api.send_json(Method::POST, "/api/v1/forums/general/topics", &asked).await.expect(201);
    let topic = format!("/api/v1/topics/{}", opened.json()["id"]);
    let reply = json!({"markdown": "Noise."});
    let reply = root.api.send_json(Method::POST, &format!("{topic}/posts"), &reply).await.expect(201).json();
    // Whoever asked marks the answer, and may not pin.
    let wish = json!({"accepted_post_id": reply["id"], "is_pinned": true});
    ada.api.send_json(Method::PATCH, &topic, &wish).await.expect(403);
    let standing = ada.api.get(&topic).await.json();
    assert_eq!((&standing["accepted_post_id"], &standing["is_pinned"]), (&Value::Null, &json!(false)));
    // A moderator pins, and may not say what the answer is.
    root.api.send_json(Method::PATCH, &topic, &wish).await.expect(403);
    assert_eq!(root.api.get(&topic).await.json()["is_pinned"], false);
    let on_record = sql("select count(*) from audit_log where action like '%pin%'");
    assert_eq!(on_record.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 0);
    let answer = json!({"accepted_post_id": reply["id"]});
    let marked = ada.api.send_json(Method::PATCH, &topic, &answer).await.expect(200).json();
    assert_eq!(marked["accepted_post_id"], reply["id"]);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_metric_and_webhooks_change_only_as_they_were_read(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let file = arena.api("/data/notes.txt?role=data");
    let put = async |header: (&str, &str), bytes: &str| {
        let headers = [("content-type", "application/octet-stream"), header];
        ada.api.send_with(Method::PUT, &file, &headers, bytes).await
    };
    put(("if-none-match", "*"), "one").await.expect(200);
    put(("if-none-match", "*"), "two").await.expect(412);
    let first = tag(&ada.api, &file).await;
    put(("if-match", &first), "two").await.expect(200);
    put(("if-match", &first), "three").await.expect(412);
    assert_eq!(ada.api.get(&file).await.text(), "two");
    write(&ada.api, Method::PATCH, &file, &first, &json!({"description": "Words"})).await.expect(412);
    write(&ada.api, Method::DELETE, &file, &first, &json!({})).await.expect(412);
    let second = tag(&ada.api, &file).await;
    write(&ada.api, Method::PATCH, &file, &second, &json!({"description": "Words"})).await.expect(200);
    write(&ada.api, Method::DELETE, &file, &second, &json!({})).await.expect(204);

    ada.api.send_json(Method::POST, "/api/v1/competitions", &json!({"title": "Next", "slug": "next"})).await;
    let draft = |rest: &str| format!("/api/v1/competitions/next{rest}");
    let read = tag(&ada.api, &draft("/host/metric")).await;
    let choose = |name: &str| json!({ "metric": name });
    write(&ada.api, Method::PUT, &draft("/metric"), &read, &choose("rmse")).await.expect(200);
    write(&ada.api, Method::PUT, &draft("/metric"), &read, &choose("mae")).await.expect(412);
    let module = json!({"source": "def score(): pass", "higher_is_better": true});
    write(&ada.api, Method::PUT, &draft("/metric/module"), &read, &module).await.expect(412);
    assert_eq!(ada.api.get(&draft("/host/metric")).await.json()["metric"], "rmse");

    let hook = json!({"url": "https://example.org/hook", "events": ["submission.scored"]});
    let hook = ada.api.send_json(Method::POST, &draft("/webhooks"), &hook).await.expect(201).json();
    let hook = draft(&format!("/webhooks/{}", hook["id"]));
    write(&ada.api, Method::DELETE, &hook, "\"old\"", &json!({})).await.expect(412);
    let read = tag(&ada.api, &hook).await;
    write(&ada.api, Method::DELETE, &hook, &read, &json!({})).await.expect(204);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_notebook_changes_only_as_it_was_read(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = world.member("ada").await;
    ada.api.upload("/api/v1/notebooks?name=model", "model.ipynb", NOTEBOOK).await.expect(201);
    let path = "/api/v1/notebooks/ada/model";
    let read = tag(&ada.api, path).await;
    let title = |words: &str| json!({ "title": words });
    write(&ada.api, Method::PATCH, path, &read, &title("First")).await.expect(200);
    write(&ada.api, Method::PATCH, path, &read, &title("Second")).await.expect(412);
    assert_eq!(ada.api.get(path).await.json()["title"], "First");
    write(&ada.api, Method::DELETE, path, &read, &json!({})).await.expect(412);
    let read = tag(&ada.api, path).await;
    write(&ada.api, Method::DELETE, path, &read, &json!({})).await.expect(204);
    world.close().await;
}
