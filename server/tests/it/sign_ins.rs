//! What an account's owner learns of its sign-ins, when sessions end, and what their cookies are called over TLS.

use std::time::Duration;

use chrono::TimeDelta;
use holdout::accounts::sessions;
use holdout::config::Config;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Client;
use crate::world::{World, sql};

const PASSWORD: &str = "correct horse battery";

async fn registered(world: &World, name: &str) -> Client {
    let browser = world.visitor();
    let email = format!("{name}@people.test");
    let form = [("username", name), ("email", email.as_str()), ("password", PASSWORD)];
    browser.post_form("/register", &form).await.expect(303);
    browser
}

async fn sign_in(browser: &Client, password: &str) -> u16 {
    browser.post_form("/sign-in", &[("login", "ada"), ("password", password), ("next", "/")]).await.status
}

async fn is_signed_in(browser: &Client) -> bool {
    browser.get("/settings").await.status == 200
}

async fn events(browser: &Client) -> Vec<Value> {
    let listed = browser.get("/api/v1/me/events").await.expect(200).json();
    listed["items"].as_array().unwrap().clone()
}

/// Waits for failures, which are written down beside their request.
async fn failures(browser: &Client, n: i64) -> Vec<Value> {
    for _ in 0..200 {
        let listed = events(browser).await;
        let failed = listed.iter().filter(|event| event["what"] == "wrong_password");
        if failed.filter_map(|event| event["n"].as_i64()).sum::<i64>() >= n {
            return listed;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no {n} failures are written down");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_owner_sees_who_signed_in_or_failed_and_ends_the_others(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, eve) = (registered(&world, "ada").await, registered(&world, "eve").await);
    let other = world.visitor();
    for n in 1..=3 {
        assert_eq!(sign_in(&other, "wrong, but long enough").await, 422);
        failures(&ada, n).await;
    }
    assert_eq!(sign_in(&other, PASSWORD).await, 303);
    ada.post_form("/settings/tokens", &[("name", "laptop"), ("read", "on"), ("days", "30")])
        .await
        .expect(303);
    let listed = events(&ada).await;
    let told: Vec<(&str, &str, i64)> = listed
        .iter()
        .map(|event| {
            (event["what"].as_str().unwrap(), event["detail"].as_str().unwrap(), event["n"].as_i64().unwrap())
        })
        .collect();
    let expected =
        [("made_token", "laptop", 1), ("signed_in", "", 1), ("wrong_password", "", 3), ("registered", "", 1)];
    assert_eq!(told, expected);
    assert_eq!(listed[1]["place"], "127.0.0.*");
    let page = ada.get("/settings/sessions").await.expect(200).text();
    for words in ["Wrong password, 3 times", "API token made: laptop", "127.0.0.*", "End all but this one"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains("wrong, but long enough"));
    assert_eq!(events(&eve).await.len(), 1, "hers alone");
    assert!(eve.get("/settings/sessions").await.expect(200).text().contains("Registered"));
    world.visitor().get("/api/v1/me/events").await.expect(401);

    let end_others = async |password: &str| {
        ada.post_form("/settings/sessions/end-others", &[("password", password)]).await
    };
    let asked_again = end_others("not the password").await.expect(422).text();
    assert!(asked_again.contains("password-error") && is_signed_in(&other).await, "{asked_again}");
    end_others(PASSWORD).await.expect(303);
    assert_eq!(
        (is_signed_in(&other).await, is_signed_in(&ada).await, is_signed_in(&eve).await),
        (false, true, true)
    );
    assert_eq!(sign_in(&other, PASSWORD).await, 303);
    let end_others =
        async |shown: &Value| ada.send_json(Method::POST, "/api/v1/me/sessions/end-others", shown).await;
    assert_eq!(
        end_others(&json!({ "password": "guessed, and wrong" })).await.expect(422).json()["field"],
        "password"
    );
    let ended = end_others(&json!({ "password": PASSWORD })).await.expect(200);
    assert_eq!(ended.json()["n_ended"], 1);
    assert!(!is_signed_in(&other).await && is_signed_in(&ada).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_session_ends_at_last_however_often_it_is_used(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = registered(&world, "ada").await;
    for days in [20, 40, 60, 80, 89] {
        world.let_pass(TimeDelta::days(days)).await;
        assert!(is_signed_in(&ada).await, "after {days} days");
    }
    let lasts = sql("select extract(day from expires_at - created_at)::bigint from sessions");
    assert_eq!(lasts.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 90);
    world.let_pass(TimeDelta::days(90)).await;
    assert!(!is_signed_in(&ada).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn over_tls_cookies_are_of_this_host_alone_and_sessions_from_before_go_on(pool: PgPool) {
    let public_url = "https://holdout.example".to_owned();
    let world = World::configured(pool, |config| Config { public_url, ..config }).await;
    let name = format!("__Host-{}", sessions::COOKIE);
    let browser = registered(&world, "ada").await;
    let secret = browser.cookie(&name).expect("a session under its name over TLS");
    assert!(browser.cookie(sessions::COOKIE).is_none());
    assert!(browser.cookie("__Host-holdout_flash").is_some());
    assert!(is_signed_in(&browser).await);
    assert!(browser.cookie("__Host-holdout_flash").is_none(), "the message is shown once");
    // Another host of the same domain can set a cookie here, but for the prefix.
    let tossed = world.visitor();
    tossed.set_cookie(sessions::COOKIE, &secret);
    assert!(!is_signed_in(&tossed).await);
    // A browser that signed in before names had one.
    let person = world.member("bob").await;
    assert!(person.browser.cookie(sessions::COOKIE).is_some() && is_signed_in(&person.browser).await);
    person.browser.post_form("/sign-out", &[]).await.expect(303);
    assert!(!is_signed_in(&person.browser).await);
    world.close().await;
}
