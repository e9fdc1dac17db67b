//! Signing out at a provider of OpenID Connect: after signing out here, and by the word of its server, with all that
//! somebody may send in its place.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use holdout::accounts::providers::{sign_out, store};
use holdout::config::Config;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::{Answer, Client};
use crate::lab::{
    Asked, CLIENT_SECRET, Key, Lab, PASSWORD, come_back, is_signed_in, leave, link, registered, signed_in,
    world_with,
};
use crate::world::{World, sql};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
const RECOVERY_CODE: &str = "ABCDEFGHIJKLMNOPQRSTUVWX";

/// Signs somebody in, in a session that the provider calls `sid`.
async fn in_session(world: &World, lab: &Lab, at: &str, subject: &str, sid: Value) -> Client {
    let browser = world.visitor();
    let answer = tried_in_session(lab, &browser, at, subject, sid).await;
    assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.text());
    browser
}

async fn tried_in_session(lab: &Lab, browser: &Client, at: &str, subject: &str, sid: Value) -> Answer {
    let answer = browser.get(&format!("/sign-in/with/{at}?next=%2F")).await.expect(303);
    let query = answer.location().split_once('?').unwrap().1;
    let asked = Asked(serde_urlencoded::from_str(query).unwrap());
    let mut claims = lab.claims(&asked, subject);
    claims["sid"] = sid;
    claims["email"] = json!(format!("{subject}.of.{at}@people.test"));
    let query = lab.grant(&asked, lab.signed(&claims));
    browser.get(&format!("/sign-in/with/{at}/return?{query}")).await
}

/// What a logout token claims that holds.
fn claims(lab: &Lab, subject: Value, sid: Value) -> Value {
    let mut claims = json!({
        "iss": lab.issuer, "aud": "holdout", "iat": lab.now, "exp": lab.now + 120,
        "jti": uuid::Uuid::new_v4().to_string(), "events": { EVENT: {} },
    });
    for (name, value) in [("sub", subject), ("sid", sid)] {
        if !value.is_null() {
            claims[name] = value;
        }
    }
    claims
}

fn signed(lab: &Lab, claims: &Value) -> String {
    let (kid, key) = lab.inside.lock().unwrap().keys[0].clone();
    key.token(&json!({ "alg": key.algorithm(), "kid": kid, "typ": "logout+jwt" }), claims)
}

async fn send(world: &World, at: &str, token: &str) -> Answer {
    let path = format!("/sign-in/with/{at}/back-channel-logout");
    world.visitor().post_form(&path, &[("logout_token", token), ("of_another_standard", "x")]).await
}

#[track_caller]
fn assert_taken(answer: &Answer) {
    assert_eq!(
        (answer.status, answer.header("cache-control"), answer.text().as_str()),
        (200, "no-store", "")
    );
}

/// Refused as the standard says; with which words.
#[track_caller]
fn refusal(answer: &Answer) -> String {
    let told = (answer.status, answer.header("cache-control"), answer.header("content-type"));
    assert_eq!(told, (400, "no-store", "application/json"), "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["error"], "invalid_request", "{body}");
    let words = body["error_description"].as_str().unwrap().to_owned();
    assert!(words.is_ascii() && !words.contains(['"', '\\']), "RFC 6749, section 5.2: {words}");
    words
}

/// A world where two providers sign people in.
async fn world_of_two(pool: PgPool, lab: &Lab, uni: &Lab) -> World {
    let providers = vec![lab.provider("lab"), uni.provider("uni")];
    World::configured(pool, |config| Config { providers, ..config }).await
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_provider_ends_the_sessions_that_its_token_names_and_no_others(pool: PgPool) {
    let (lab, uni) = (Lab::open(&pool).await, Lab::open(&pool).await);
    let world = world_of_two(pool, &lab, &uni).await;
    let one = in_session(&world, &lab, "lab", "ada", json!("s1")).await;
    let other = in_session(&world, &lab, "lab", "ada", json!("s2")).await;
    let eve = in_session(&world, &lab, "lab", "eve", json!("s3")).await;
    let elsewhere = in_session(&world, &uni, "uni", "ada", json!("s1")).await;
    let bob = registered(&world, "bob").await;

    assert_taken(&send(&world, "lab", &signed(&lab, &claims(&lab, json!("ada"), json!("s1")))).await);
    assert_eq!((is_signed_in(&one).await, is_signed_in(&other).await), (false, true));
    let listed = other.get("/api/v1/me/events").await.expect(200).json();
    let newest = &listed["items"][0];
    assert_eq!((&newest["what"], &newest["detail"]), (&json!("signed_out_elsewhere"), &json!("The lab")));
    let page = other.get("/settings/sessions").await.expect(200).text();
    assert!(page.contains("Signed out by signing out elsewhere: The lab"), "{page}");

    // Somebody's own word does not reach a session of another person, nor one provider's that of another.
    assert_taken(&send(&world, "lab", &signed(&lab, &claims(&lab, json!("eve"), json!("s2")))).await);
    assert_taken(&send(&world, "uni", &signed(&uni, &claims(&uni, json!("ada"), json!("s2")))).await);
    assert_taken(&send(&world, "uni", &signed(&uni, &claims(&uni, Value::Null, json!("s2")))).await);
    let across = send(&world, "lab", &signed(&uni, &claims(&uni, json!("ada"), Value::Null))).await;
    refusal(&across);
    assert!(is_signed_in(&other).await && is_signed_in(&elsewhere).await && is_signed_in(&eve).await);
    assert_eq!(eve.get("/api/v1/me/events").await.json()["items"][0]["what"], "signed_in");

    assert_taken(&send(&world, "lab", &signed(&lab, &claims(&lab, Value::Null, json!("s2")))).await);
    assert!(!is_signed_in(&other).await);
    let one = in_session(&world, &lab, "lab", "ada", json!("s4")).await;
    // What is no name of a session is as if there were none.
    let mut unnamed = Vec::new();
    for sid in [Value::Null, json!(7), json!(""), json!("x".repeat(256)), json!("a\0b")] {
        unnamed.push(in_session(&world, &lab, "lab", "ada", sid).await);
    }
    assert_taken(&send(&world, "lab", &signed(&lab, &claims(&lab, json!("ada"), json!("s9")))).await);
    assert!(is_signed_in(&one).await, "it is known to be another");
    for browser in &unnamed {
        assert!(!is_signed_in(browser).await, "it may be the one");
    }
    let other = in_session(&world, &lab, "lab", "ada", json!("s5")).await;
    assert_taken(&send(&world, "lab", &signed(&lab, &claims(&lab, json!("ada"), Value::Null))).await);
    assert!(!is_signed_in(&one).await && !is_signed_in(&other).await);
    assert!(is_signed_in(&eve).await && is_signed_in(&elsewhere).await && is_signed_in(&bob).await);
    // Nobody is signed in there: that is no fault.
    assert_taken(&send(&world, "lab", &signed(&lab, &claims(&lab, json!("nobody"), Value::Null))).await);
    world.close().await;
}

/// Names of claims, and what makes each one wrong.
fn wrong_claims(lab: &Lab) -> Vec<(&'static str, Value)> {
    let now = lab.now;
    vec![
        ("iss", json!("https://evil.example")),
        ("aud", json!("another client")),
        ("aud", json!(["holdout", "another client"])),
        ("aud", json!([])),
        ("azp", json!("another client")),
        ("exp", json!(now - 120)),
        ("exp", json!((now + 120).to_string())),
        ("exp", Value::Null),
        ("iat", json!(now + 600)),
        ("iat", json!(now - 700)), // however late its expiry
        ("iat", Value::Null),
        ("nbf", json!(now + 600)),
        ("nonce", json!("x")),
        ("nonce", Value::Null),
        ("events", Value::Null),
        ("events", json!({})),
        ("events", json!({ "http://schemas.openid.net/event/another": {} })),
        ("events", json!({ EVENT: true })),
        ("events", json!([EVENT])),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("sub", json!("")),
        ("sub", json!(["ada"])),
        ("sub", json!("x".repeat(256))),
        ("sid", json!("a\0b")),
        ("sid", json!(1)),
    ]
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_logout_token_that_does_not_hold_ends_nothing(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let ada = in_session(&world, &lab, "lab", "ada", json!("s1")).await;
    for (name, value) in wrong_claims(&lab) {
        let mut wrong = claims(&lab, json!("ada"), json!("s1"));
        wrong[name] = value.clone();
        if name == "iat" {
            wrong["exp"] = json!(lab.now + 3600);
        }
        refusal(&send(&world, "lab", &signed(&lab, &wrong)).await);
        assert!(is_signed_in(&ada).await, "{name}: {value}");
    }
    refusal(&send(&world, "lab", &signed(&lab, &claims(&lab, Value::Null, Value::Null))).await);

    let first = lab.inside.lock().unwrap().keys[0].1.clone();
    let stranger = Key::ed();
    let sound = claims(&lab, json!("ada"), json!("s1"));
    let header = |alg: &str, kid: &str, typ: &str| json!({ "alg": alg, "kid": kid, "typ": typ });
    let by_secret = |secret: &[u8]| {
        let whole = first.token(&header("HS256", "first", "logout+jwt"), &sound);
        let signed = whole.rsplit_once('.').unwrap().0;
        let mut mac = <hmac::Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).unwrap();
        hmac::Mac::update(&mut mac, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::Mac::finalize(mac).into_bytes()))
    };
    let unsigned = |token: String| format!("{}.", token.rsplit_once('.').unwrap().0);
    let asked = leave(&lab, &world.visitor(), "%2F").await;
    let of_identity = lab.claims(&asked, "ada");
    let attacks = [
        ("none", unsigned(first.token(&header("none", "first", "logout+jwt"), &sound))),
        ("torn", unsigned(signed(&lab, &sound))),
        ("HS256", by_secret(CLIENT_SECRET.as_bytes())),
        ("HS256 by public key", by_secret(first.public("first").to_string().as_bytes())),
        ("a stranger's key", stranger.token(&header("EdDSA", "first", "logout+jwt"), &sound)),
        ("an unknown key", stranger.token(&header("EdDSA", "nobody knows", "logout+jwt"), &sound)),
        ("another algorithm", first.token(&header("RS256", "first", "logout+jwt"), &sound)),
        ("an access token", first.token(&header("EdDSA", "first", "at+jwt"), &sound)),
        ("no type", first.token(&json!({ "alg": "EdDSA", "kid": "first" }), &sound)),
        ("any type", first.token(&header("EdDSA", "first", "JWT"), &sound)),
        ("an ID token", lab.signed(&of_identity)),
        ("an ID token by another name", signed(&lab, &of_identity)),
        (
            "more to understand",
            first.token(
                &json!({ "alg": "EdDSA", "kid": "first", "typ": "logout+jwt", "crit": ["exp"] }),
                &sound,
            ),
        ),
        ("nothing", String::new()),
        ("words", "sign ada out".to_owned()),
    ];
    for (attack, token) in attacks {
        refusal(&send(&world, "lab", &token).await);
        assert!(is_signed_in(&ada).await, "{attack}");
    }
    // Nor does it sign anybody in, whatever it is sent as.
    let eve = world.visitor();
    let asked = leave(&lab, &eve, "%2F").await;
    assert_eq!(come_back(&eve, &lab.grant(&asked, signed(&lab, &sound))).await.status, 403);
    let n: i64 = sql("select count(*) from logout_tokens").fetch_one(&world.pool).await.unwrap().get(0);
    assert_eq!(n, 0, "what does not hold is not remembered");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn logout_tokens_come_in_a_form_and_from_no_browser(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let ada = in_session(&world, &lab, "lab", "ada", json!("s1")).await;
    let token = signed(&lab, &claims(&lab, json!("ada"), json!("s1")));
    let path = "/sign-in/with/lab/back-channel-logout";
    let (form, visitor) = ("application/x-www-form-urlencoded", world.visitor());
    refusal(&visitor.send_json(Method::POST, path, &json!({ "logout_token": token })).await);
    refusal(&visitor.send(Method::POST, path, Some(form), Vec::new()).await);
    refusal(
        &visitor.send(Method::POST, &format!("{path}?logout_token={token}"), Some(form), Vec::new()).await,
    );
    let twice = format!("logout_token={token}&logout_token={token}");
    refusal(&visitor.send(Method::POST, path, Some(form), twice.into_bytes()).await);
    let long = format!("logout_token={token}&more={}", "x".repeat(70_000));
    refusal(&visitor.send(Method::POST, path, Some(form), long.into_bytes()).await);
    assert_eq!(visitor.get(&format!("{path}?logout_token={token}")).await.status, 405);
    assert_eq!(send(&world, "nobody", &token).await.status, 404);
    let foreign =
        [("content-type", form), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    let sent = format!("logout_token={token}");
    assert_eq!(visitor.send_with(Method::POST, path, &foreign, sent.as_str()).await.status, 403);
    assert!(is_signed_in(&ada).await);
    assert_taken(&visitor.send(Method::POST, path, Some(form), sent.into_bytes()).await);
    assert!(!is_signed_in(&ada).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_logout_token_is_taken_once_and_remembered_as_long_as_it_holds(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    in_session(&world, &lab, "lab", "ada", json!("s1")).await;
    let token = signed(&lab, &claims(&lab, json!("ada"), Value::Null));
    let (one, other) = tokio::join!(send(&world, "lab", &token), send(&world, "lab", &token));
    let mut told = [one.status, other.status];
    told.sort_unstable();
    assert_eq!(told, [200, 400], "one of two");
    let back = in_session(&world, &lab, "lab", "ada", json!("s2")).await;
    assert!(refusal(&send(&world, "lab", &token).await).contains("taken already"));
    let count = async || -> i64 {
        sql("select count(*) from logout_tokens").fetch_one(&world.pool).await.unwrap().get(0)
    };
    world.let_pass(TimeDelta::seconds(150)).await;
    store::sweep(&mut world.app.db.acquire().await.unwrap(), world.app.clock.now()).await.unwrap();
    assert_eq!(count().await, 1, "a provider's clock may be behind");
    assert!(refusal(&send(&world, "lab", &token).await).contains("taken already"));
    world.let_pass(TimeDelta::seconds(200)).await;
    store::sweep(&mut world.app.db.acquire().await.unwrap(), world.app.clock.now()).await.unwrap();
    assert_eq!(count().await, 0);
    assert!(refusal(&send(&world, "lab", &token).await).contains("run out"));
    assert!(is_signed_in(&back).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn strangers_tokens_have_no_provider_asked_for_keys_more_often_than_is_bearable(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let ada = in_session(&world, &lab, "lab", "ada", json!("s1")).await;
    let before = lab.inside.lock().unwrap().n_asked;
    for n in 0..20 {
        let header = json!({ "alg": "EdDSA", "kid": format!("made up {n}"), "typ": "logout+jwt" });
        let token = Key::ed().token(&header, &claims(&lab, json!("ada"), Value::Null));
        refusal(&send(&world, "lab", &token).await);
    }
    let n_asked = lab.inside.lock().unwrap().n_asked - before;
    assert!(n_asked <= 3, "two at once, and one more after half a minute: {n_asked}");
    // Whoever signs in with a new key is not held up by it.
    lab.rotate("second", Key::ec());
    signed_in(&world, &lab, "ada").await;
    assert_taken(&send(&world, "lab", &signed(&lab, &claims(&lab, json!("ada"), Value::Null))).await);
    assert!(!is_signed_in(&ada).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn tokens_without_type_and_expiry_are_taken_where_the_operator_says_so(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let mut provider = lab.provider("lab");
    provider.older_logout_tokens = true;
    let world = World::configured(pool, |config| Config { providers: vec![provider], ..config }).await;
    let ada = in_session(&world, &lab, "lab", "ada", json!("s1")).await;
    let older = |typ: Option<&str>, ago: i64| {
        let mut claims = claims(&lab, Value::Null, json!("s1"));
        claims.as_object_mut().unwrap().remove("exp");
        claims["iat"] = json!(lab.now - ago);
        let (kid, key) = lab.inside.lock().unwrap().keys[0].clone();
        let mut header = json!({ "alg": key.algorithm(), "kid": kid });
        if let Some(typ) = typ {
            header["typ"] = json!(typ);
        }
        key.token(&header, &claims)
    };
    refusal(&send(&world, "lab", &older(None, 200)).await);
    refusal(&send(&world, "lab", &older(Some("at+jwt"), 0)).await);
    let asked = leave(&lab, &world.visitor(), "%2F").await;
    refusal(&send(&world, "lab", &lab.signed(&lab.claims(&asked, "ada"))).await);
    assert!(is_signed_in(&ada).await);
    assert_taken(&send(&world, "lab", &older(None, 0)).await);
    assert!(!is_signed_in(&ada).await);
    assert_taken(&send(&world, "lab", &older(Some("JWT"), 100)).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_session_is_its_providers_whatever_came_between(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let ended = async |sid: &str| {
        let token = signed(&lab, &claims(&lab, json!("ada"), json!(sid)));
        assert_taken(&send(&world, "lab", &token).await);
    };
    // A new password.
    let ada = registered(&world, "ada").await;
    let asked = link(&lab, &ada).await;
    assert_eq!(come_back(&ada, &lab.vouch(&asked, "ada")).await.status, 303);
    let browser = in_session(&world, &lab, "lab", "ada", json!("s1")).await;
    let change = [("current", PASSWORD), ("password", "another one, and a long one"), ("code", "")];
    browser.post_form("/settings/password", &change).await.expect(303);
    assert!(is_signed_in(&browser).await);
    ended("s2").await;
    assert!(is_signed_in(&browser).await);
    ended("s1").await;
    assert!(!is_signed_in(&browser).await);

    // A code of the second factor.
    let codes = [
        "insert into second_factors (user_id, sealed_secret, created_at, confirmed_at)
         select id, sha256('x') || substring(sha256('x') for 16), clock_now(), clock_now() from users",
        "insert into recovery_codes (user_id, code_hash) select id, sha256($1::text::bytea) from users",
    ];
    sql(codes[0]).execute(&world.pool).await.unwrap();
    sql(codes[1]).bind(RECOVERY_CODE).execute(&world.pool).await.unwrap();
    let typed = [("code", RECOVERY_CODE), ("next", "/")];
    let waiting = world.visitor();
    let asks = tried_in_session(&lab, &waiting, "lab", "ada", json!("s3")).await;
    assert!(asks.location().starts_with("/sign-in/code"), "{}", asks.location());
    ended("s3").await;
    let refused = waiting.post_form("/sign-in/code", &typed).await.expect(303);
    assert_eq!((refused.location(), is_signed_in(&waiting).await), ("/sign-in", false));
    let browser = world.visitor();
    tried_in_session(&lab, &browser, "lab", "ada", json!("s4")).await;
    browser.post_form("/sign-in/code", &typed).await.expect(303);
    let listed = browser.get("/api/v1/me/events").await.expect(200).json();
    assert_eq!(
        (&listed["items"][0]["what"], &listed["items"][0]["detail"]),
        (&json!("signed_in"), &json!("The lab"))
    );
    ended("s4").await;
    assert!(!is_signed_in(&browser).await);
    world.close().await;
}

/// The fields of the link by which a page leads on.
fn leads_to(page: &Answer) -> (String, HashMap<String, String>) {
    let text = page.text();
    let address = text.split("<a class=\"button primary\" href=\"").nth(1).unwrap();
    let address = address.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
    let (place, query) = address.split_once('?').unwrap();
    (place.to_owned(), serde_urlencoded::from_str(query).unwrap())
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whoever_signs_out_is_out_here_and_may_sign_out_where_they_came_from(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    lab.inside.lock().unwrap().lies = json!({ "end_session_endpoint": format!("{}/out?x=1", lab.issuer) });
    let world = world_with(pool.clone(), &lab).await;
    let ada = in_session(&world, &lab, "lab", "ada", json!("s 1&")).await;
    let page = ada.post_form("/sign-out", &[]).await.expect(200);
    assert!(!is_signed_in(&ada).await, "before anybody is asked");
    assert_eq!(page.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(page.text().contains("You are signed out") && page.text().contains("Sign out at The lab too"));
    let (place, fields) = leads_to(&page);
    assert_eq!(place, format!("{}/out", lab.issuer));
    let expected = HashMap::from([
        ("x".to_owned(), "1".to_owned()),
        ("client_id".to_owned(), "holdout".to_owned()),
        ("post_logout_redirect_uri".to_owned(), format!("{}/signed-out", world.base)),
        ("logout_hint".to_owned(), "s 1&".to_owned()),
        ("state".to_owned(), fields["state"].clone()),
    ]);
    assert_eq!(fields, expected);
    let back = format!("/signed-out?state={}", fields["state"]);
    let told = |answer: Answer| answer.expect(200).text().contains("returned from The lab");
    assert!(!told(world.visitor().get(&back).await), "it belongs to the browser that left");
    assert!(!told(ada.get("/signed-out?state=made-up").await));
    let page = ada.get(&back).await;
    assert!(page.text().contains("You are signed out"));
    assert!(told(page) && !told(ada.get(&back).await), "once");
    assert!(ada.cookie(sign_out::COOKIE).is_none());
    // Whoever is led there by somebody else is told how it is.
    let eve = in_session(&world, &lab, "lab", "eve", Value::Null).await;
    let page = eve.get(&back).await.expect(200).text();
    assert!(page.contains("You are signed in here as eve") && !page.contains("You are signed out"), "{page}");
    // A second time there is nobody to sign out; who came by password is led nowhere.
    assert_eq!(ada.post_form("/sign-out", &[]).await.expect(303).location(), "/#signed-out");
    let bob = registered(&world, "bob").await;
    assert_eq!(bob.post_form("/sign-out", &[]).await.expect(303).location(), "/#signed-out");
    let (_, fields) = leads_to(&eve.post_form("/sign-out", &[]).await.expect(200));
    assert!(!fields.contains_key("logout_hint"));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn signing_out_waits_for_no_provider_and_follows_none_elsewhere(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let out = format!("{}/out", lab.issuer);
    for (lie, is_offered) in [
        (json!({}), true),
        (json!({ "end_session_endpoint": "javascript:alert(1)" }), true),
        (json!({ "end_session_endpoint": "ftp://lab.example/out" }), true),
        (json!({ "end_session_endpoint": null }), true),
        (json!({ "end_session_endpoint": out }), false),
    ] {
        lab.inside.lock().unwrap().lies = lie.clone();
        let mut provider = lab.provider("lab");
        provider.sign_out_there = is_offered;
        let world =
            World::configured(pool.clone(), |config| Config { providers: vec![provider], ..config }).await;
        let ada = in_session(&world, &lab, "lab", "ada", json!("s1")).await;
        let answer = ada.post_form("/sign-out", &[]).await;
        assert_eq!(
            (answer.status, answer.location(), is_signed_in(&ada).await),
            (303, "/#signed-out", false),
            "{lie}"
        );
        world.close().await;
    }
    // One that answers nothing, and one that is not listed any more.
    let mut silent = lab.provider("silent");
    silent.issuer = "http://127.0.0.1:1".to_owned();
    let world = World::configured(pool, |config| Config { providers: vec![silent], ..config }).await;
    let bob = world.member("bob").await;
    for issuer in ["http://127.0.0.1:1", "https://gone.example"] {
        bob.browser.set_cookie(holdout::accounts::sessions::COOKIE, &format!("of {issuer}"));
        sql("insert into sessions (token_hash, user_id, created_at, last_seen_at, expires_at, issuer, subject)
             values (sha256($1::text::bytea), $2, now(), now(), now() + interval '1 day', $3, 'bob')")
        .bind(format!("of {issuer}"))
        .bind(bob.id)
        .bind(issuer)
        .execute(&world.pool)
        .await
        .unwrap();
        assert!(is_signed_in(&bob.browser).await);
        let answer = bob.browser.post_form("/sign-out", &[]).await;
        assert_eq!((answer.status, is_signed_in(&bob.browser).await), (303, false), "{issuer}");
    }
    world.close().await;
}
