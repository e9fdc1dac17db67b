//! Webhooks: what a receiver gets, how it knows that it is from here, and what happens when it does
//! not answer.
#![expect(clippy::disallowed_methods, reason = "a service that is not the platform's")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use holdout::config::Config;
use holdout::webhooks::courier::Courier;
use holdout::webhooks::deliver::{PAUSES, deliver_next};
use holdout::webhooks::sign::signature;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Arena, Labels, Person, World, sql};

/// Headers and body.
type Request = (BTreeMap<String, String>, String);

/// A program of a host, which answers with the status that it is set to.
#[derive(Clone)]
struct Receiver {
    url: String,
    status: Arc<Mutex<u16>>,
    got: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let receiver = Self { url, status: Arc::new(Mutex::new(200)), got: Arc::default() };
        let service = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, service).await });
        receiver
    }

    fn answer(&self, status: u16) {
        *self.status.lock().unwrap() = status;
    }

    fn got(&self) -> Vec<Request> {
        self.got.lock().unwrap().clone()
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> StatusCode {
    let headers = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    receiver.got.lock().unwrap().push((headers.collect(), body));
    StatusCode::from_u16(*receiver.status.lock().unwrap()).unwrap()
}

async fn world(pool: PgPool) -> World {
    let world =
        World::configured(pool, |config| Config { webhooks_to_private_addresses: true, ..config }).await;
    world.drain().await;
    world
}

async fn add(arena: &Arena, host: &Person, url: &str, events: Value) -> Value {
    let wish = json!({ "url": url, "events": events });
    host.api.send_json(Method::POST, &arena.api("/webhooks"), &wish).await.expect(201).json()
}

/// Sends all that is due; says how many that were.
async fn deliver(world: &World) -> usize {
    let courier = Courier::new(world.app.config.webhooks_to_private_addresses);
    let mut sent = 0;
    while deliver_next(&world.app, &courier).await.unwrap() {
        sent += 1;
    }
    sent
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_program_is_told_of_scores_and_of_the_end_and_can_check_who_tells(pool: PgPool) {
    let world = world(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let receiver = Receiver::open().await;
    let webhook = add(&arena, &ada, &receiver.url, json!(["submission.scored", "competition.closed"])).await;
    arena.join(&bob).await;
    let id = arena.submit(&bob, &Labels::predictions(250, 617)).await;
    arena.send(&bob, "wrong.csv", "id,target\nr0,x\n").await.expect(201);
    world.drain().await;
    assert_eq!(deliver(&world).await, 1, "a rejected file is not scored");
    let (headers, body) = receiver.got().pop().unwrap();
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(told["type"], "submission.scored");
    assert_eq!(
        (&told["data"]["competition"], &told["data"]["submission_id"]),
        (&json!("houses"), &json!(id))
    );
    let data = told["data"].to_string(); // a timestamp may hold any digits
    assert!(!data.contains("0.25") && !data.contains("617"), "no score: {body}");
    let secret = webhook["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    let secret = STANDARD.decode(secret).unwrap();
    let timestamp = headers["webhook-timestamp"].parse().unwrap();
    let expected = signature(&secret, &headers["webhook-id"], timestamp, &body).unwrap();
    assert_eq!(headers["webhook-signature"], expected);
    assert!((world.app.clock.now().timestamp() - timestamp).abs() < 60);

    world.let_pass(TimeDelta::days(31)).await;
    world.visitor().get(&arena.api("/leaderboard")).await.expect(200); // settles what is due
    assert_eq!(deliver(&world).await, 1);
    let told: Value = serde_json::from_str(&receiver.got().pop().unwrap().1).unwrap();
    assert_eq!(told["type"], "competition.closed");
    assert_eq!(deliver(&world).await, 0, "nothing is told twice");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_is_not_taken_is_tried_again_until_it_is_given_up(pool: PgPool) {
    let world = world(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let receiver = Receiver::open().await;
    let webhook = add(&arena, &ada, &receiver.url, json!(["submission.scored"])).await;
    let path = arena.api(&format!("/webhooks/{}", webhook["id"]));
    let newest = async || {
        let all = ada.api.get(&format!("{path}/deliveries")).await.expect(200).json();
        all["items"][0].clone()
    };
    receiver.answer(503);
    ada.api.send_json(Method::POST, &format!("{path}/ping"), &json!({})).await.expect(202);
    assert_eq!(deliver(&world).await, 1);
    let failed = newest().await;
    assert_eq!((&failed["state"], &failed["last_status"]), (&json!("waiting"), &json!(503)));
    receiver.answer(200);
    assert_eq!(deliver(&world).await, 0, "not at once");
    world.let_pass(TimeDelta::seconds(30)).await;
    assert_eq!(deliver(&world).await, 1);
    let taken = newest().await;
    assert_eq!((&taken["state"], &taken["attempts"]), (&json!("delivered"), &json!(2)));
    let ids: Vec<_> = receiver.got().iter().map(|(headers, _)| headers["webhook-id"].clone()).collect();
    assert_eq!(ids[0], ids[1], "the same message");

    receiver.answer(500);
    ada.api.send_json(Method::POST, &format!("{path}/ping"), &json!({})).await.expect(202);
    for day in 1..=30 {
        world.let_pass(TimeDelta::days(day * 2)).await;
        deliver(&world).await;
    }
    let given_up = newest().await;
    assert_eq!(given_up["state"], "given_up");
    assert_eq!(given_up["attempts"], PAUSES.len() + 1);
    let page =
        ada.browser.get(&format!("/c/houses/host/webhooks/{}", webhook["id"])).await.expect(200).text();
    assert!(page.contains("given up") && page.contains("The receiver answered 500."), "{page}");

    receiver.answer(410);
    ada.api.send_json(Method::POST, &format!("{path}/ping"), &json!({})).await.expect(202);
    deliver(&world).await;
    let listed = ada.api.get(&arena.api("/webhooks")).await.expect(200).json();
    assert!(listed["items"][0]["disabled_at"].is_string(), "{listed}");
    assert!(listed["items"][0].get("secret").is_none(), "the secret is told once");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nothing_is_sent_into_a_private_network(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for url in ["https://127.0.0.1/", "https://localhost:5432/", "http://example.org/", "https://10.0.0.1/x"]
    {
        let wish = json!({"url": url, "events": ["submission.scored"]});
        let refused = ada.api.send_json(Method::POST, &arena.api("/webhooks"), &wish).await.expect(422);
        assert_eq!(refused.json()["field"], "url");
    }
    let receiver = Receiver::open().await;
    let port = receiver.url.split(':').nth(2).unwrap();
    let webhook = add(&arena, &ada, "https://example.org/", json!(["submission.scored"])).await;
    // As when the owner of a name lets it lead home after the webhook was added.
    sql("update webhooks set url = 'http://localhost:' || $1").bind(port).execute(&world.pool).await.unwrap();
    let path = arena.api(&format!("/webhooks/{}", webhook["id"]));
    ada.api.send_json(Method::POST, &format!("{path}/ping"), &json!({})).await.expect(202);
    assert_eq!(deliver(&world).await, 1);
    let all = ada.api.get(&format!("{path}/deliveries")).await.expect(200).json();
    let why = all["items"][0]["last_error"].as_str().unwrap();
    assert!(why.contains("private network"), "{why}");
    assert!(receiver.got().is_empty());
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn webhooks_are_for_hosts_and_ten_at_most(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let wish = json!({"url": "https://example.org/", "events": ["submission.scored"]});
    bob.api.send_json(Method::POST, &arena.api("/webhooks"), &wish).await.expect(404);
    bob.browser.get("/c/houses/host/webhooks").await.expect(404);
    let form = [("url", "https://example.org/hook"), ("scored", "yes")];
    let added = ada.browser.post_form("/c/houses/host/webhooks", &form).await.expect_redirect();
    let page = ada.browser.get(added.location()).await.expect(200).text();
    assert!(page.contains("whsec_"), "{page}");
    let wrong = ada.browser.post_form("/c/houses/host/webhooks", &[("url", "https://example.org/")]).await;
    assert!(wrong.expect(422).text().contains("Choose at least one event."));
    for _ in 1..10 {
        ada.api.send_json(Method::POST, &arena.api("/webhooks"), &wish).await.expect(201);
    }
    ada.api.send_json(Method::POST, &arena.api("/webhooks"), &wish).await.expect(403);
    ada.browser.post_form(&format!("{}/remove", added.location()), &[]).await.expect_redirect();
    ada.api.send_json(Method::POST, &arena.api("/webhooks"), &wish).await.expect(201);
    let on_record = sql("select count(*) from audit_log where action in ('add_webhook', 'remove_webhook')");
    assert_eq!(on_record.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 12);
    world.close().await;
}
