//! Signing in at a provider of OpenID Connect, and all that a bad one or a bad browser may try.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use holdout::accounts::providers::demands::Demands;
use holdout::accounts::providers::flow;
use holdout::config::Config;
use serde_json::{Value, json};
use sha2::Sha256;
use sqlx::{PgPool, Row};

use crate::lab::{
    Asked, CLIENT_SECRET, Key, Lab, PASSWORD, come_back, is_signed_in, leave, link, registered, signed_in,
    world_with,
};
use crate::world::{World, sql};

/// Comes back as this subject; what is answered, and whether that let the browser in.
async fn tried(
    world: &World,
    lab: &Lab,
    subject: &str,
    change: impl FnOnce(&mut Value),
) -> (u16, bool, String) {
    let browser = world.visitor();
    let asked = leave(lab, &browser, "%2F").await;
    let mut claims = lab.claims(&asked, subject);
    change(&mut claims);
    let answer = come_back(&browser, &lab.grant(&asked, lab.signed(&claims))).await;
    (answer.status, is_signed_in(&browser).await, answer.text())
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_provider_makes_an_account_once_and_signs_it_in_ever_after(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    assert!(world.visitor().get("/sign-in").await.expect(200).text().contains("/sign-in/with/lab"));
    let (browser, name) = signed_in(&world, &lab, "ada").await;
    assert_eq!(name, "ada");
    signed_in(&world, &lab, "ada").await;
    assert_eq!(lab.inside.lock().unwrap().n_asked, 1, "what it says is kept");
    let keys = [("ed", Key::ed()), ("ec", Key::ec()), ("rsa", Key::rsa())];
    for (kid, key) in keys {
        lab.rotate(kid, key);
        let (_, rotated) = signed_in(&world, &lab, "ada").await;
        assert_eq!(rotated, "ada", "the new key {kid} is asked for");
    }
    let visitor = world.visitor();
    let asked = leave(&lab, &visitor, "%2F").await;
    let key = lab.inside.lock().unwrap().keys[0].1.clone();
    let pss = key.token(&json!({ "alg": "PS256", "kid": "rsa" }), &lab.claims(&asked, "ada"));
    assert_eq!(come_back(&visitor, &lab.grant(&asked, pss)).await.status, 303);
    let n: i64 = sql("select count(*) from users").fetch_one(&world.pool).await.unwrap().get(0);
    assert_eq!(n, 1);
    // No password is none that anybody could type, and the only way in is not closed.
    let form = [("login", "ada"), ("password", "!"), ("next", "/")];
    assert_eq!(world.visitor().post_form("/sign-in", &form).await.status, 422);
    let unlinked = browser.post_form("/settings/identities/lab/unlink", &[("password", "!")]).await;
    assert!(unlinked.expect(422).text().contains("no password yet"));
    assert_eq!(browser.post_form("/sign-out", &[]).await.status, 303);
    assert!(!is_signed_in(&browser).await);
    for next in ["https%3A%2F%2Fevil.example", "%2F%2Fevil.example"] {
        let browser = world.visitor();
        let asked = leave(&lab, &browser, next).await;
        let answer = come_back(&browser, &lab.vouch(&asked, "ada")).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{next}");
    }
    assert_eq!(world.visitor().get("/sign-in/with/nobody").await.status, 404);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_token_that_does_not_hold_signs_nobody_in(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    signed_in(&world, &lab, "ada").await;
    let now = lab.now;
    let claimed = [
        ("nonce", json!("of another")),
        ("nonce", Value::Null),
        ("aud", json!("another client")),
        ("aud", json!(["holdout", "another client"])),
        ("aud", json!([])),
        ("azp", json!("another client")),
        ("iss", json!("https://evil.example")),
        ("sub", json!("")),
        ("sub", json!("x".repeat(256))),
        ("exp", json!(now - 120)),
        ("exp", json!((now + 300).to_string())),
        ("exp", Value::Null),
        ("nbf", json!(now + 600)),
        ("nbf", json!((now + 600).to_string())),
        ("iat", json!(now + 600)),
    ];
    for (name, value) in claimed {
        let (status, is_in, text) = tried(&world, &lab, "ada", |claims| claims[name] = value.clone()).await;
        assert_eq!((status, is_in), (403, false), "{name}: {value}: {text}");
    }
    let first = lab.inside.lock().unwrap().keys[0].1.clone();
    let stranger = Key::ed();
    let header = |alg: &str, kid: &str| json!({ "alg": alg, "kid": kid });
    for attack in
        ["none", "HS256", "HS256 by public key", "stranger", "unknown key", "torn", "crit", "renamed"]
    {
        let browser = world.visitor();
        let asked = leave(&lab, &browser, "%2F").await;
        let sound = lab.claims(&asked, "ada");
        let by_secret = |secret: &[u8]| {
            let whole = first.token(&header("HS256", "first"), &sound);
            let signed = whole.rsplit_once('.').unwrap().0;
            let mut mac = <hmac::Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).unwrap();
            hmac::Mac::update(&mut mac, signed.as_bytes());
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac::Mac::finalize(mac).into_bytes()))
        };
        let unsigned = |token: String| format!("{}.", token.rsplit_once('.').unwrap().0);
        let token = match attack {
            "none" => unsigned(first.token(&header("none", "first"), &sound)),
            "HS256" => by_secret(CLIENT_SECRET.as_bytes()),
            "HS256 by public key" => by_secret(first.public("first").to_string().as_bytes()),
            "stranger" => stranger.token(&header("EdDSA", "first"), &sound),
            "unknown key" => stranger.token(&header("EdDSA", "nobody knows"), &sound),
            "torn" => unsigned(lab.signed(&sound)),
            "crit" => first.token(&json!({ "alg": "EdDSA", "kid": "first", "crit": ["exp"] }), &sound),
            _ => first.token(&header("RS256", "first"), &sound),
        };
        let answer = come_back(&browser, &lab.grant(&asked, token)).await;
        assert_eq!(
            (answer.status, is_signed_in(&browser).await),
            (403, false),
            "{attack}: {}",
            answer.text()
        );
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_sign_in_that_was_weaker_or_older_than_asked_lets_nobody_in(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let mut provider = lab.provider("lab");
    provider.demands = Demands {
        acr: vec!["https://refeds.org/profile/mfa".to_owned(), "gold".to_owned()],
        amr: vec!["otp".to_owned(), "hwk".to_owned()],
        max_age_seconds: Some(3600),
    };
    let world = World::configured(pool, |config| Config { providers: vec![provider], ..config }).await;
    let asked = leave(&lab, &world.visitor(), "%2F").await.0;
    assert_eq!(asked["acr_values"], "https://refeds.org/profile/mfa gold");
    assert_eq!(asked["max_age"], "3600");
    let now = lab.now;
    let strongly = |claims: &mut Value| {
        claims["acr"] = json!("gold");
        claims["amr"] = json!(["pwd", "otp"]);
        claims["auth_time"] = json!(now - 600);
    };
    for (name, value) in [
        ("acr", Value::Null),
        ("acr", json!("")),
        ("acr", json!("silver")),
        ("acr", json!(["gold"])),
        ("amr", Value::Null),
        ("amr", json!([])),
        ("amr", json!(["pwd"])),
        ("amr", json!("otp")),
        ("auth_time", Value::Null),
        ("auth_time", json!(now - 4000)),
        ("auth_time", json!(now + 600)),
        ("auth_time", json!((now - 600).to_string())),
    ] {
        let weakly = |claims: &mut Value| {
            strongly(claims);
            claims[name] = value.clone();
        };
        let (status, is_in, text) = tried(&world, &lab, "ada", weakly).await;
        assert_eq!((status, is_in), (403, false), "{name}: {value}: {text}");
        assert!(text.contains("as strongly, or as lately, as this site asks"), "{text}");
    }
    let (status, is_in, text) = tried(&world, &lab, "ada", strongly).await;
    assert_eq!((status, is_in), (303, true), "{text}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_answer_belongs_to_one_browser_and_one_attempt(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let (ada, eve) = (world.visitor(), world.visitor());
    let asked = leave(&lab, &ada, "%2F").await;
    let query = lab.vouch(&asked, "ada");
    assert_eq!(come_back(&eve, &query).await.status, 403, "a browser that began nothing");
    leave(&lab, &eve, "%2F").await;
    assert_eq!(come_back(&eve, &query).await.status, 403, "the state of another browser");
    let first = come_back(&ada, &query).await;
    assert_eq!(first.status, 303, "{}", first.text());
    assert_eq!(come_back(&ada, &query).await.status, 403, "an answer is good once");
    // The cookie kept by a thief of the browser's history: the code is spent.
    let bob = world.visitor();
    let asked = leave(&lab, &bob, "%2F").await;
    let kept = bob.cookie(flow::COOKIE).unwrap();
    let query = lab.vouch(&asked, "bob");
    assert_eq!(come_back(&bob, &query).await.status, 303);
    let thief = world.visitor();
    thief.set_cookie(flow::COOKIE, &kept);
    assert_eq!((come_back(&thief, &query).await.status, is_signed_in(&thief).await), (403, false));
    // A code that was given to another verifier, an answer of another issuer, a refusal.
    let carol = world.visitor();
    let asked = leave(&lab, &carol, "%2F").await;
    let other = Asked(HashMap::from([
        ("code_challenge".to_owned(), "x".to_owned()),
        ("state".to_owned(), asked.0["state"].clone()),
    ]));
    let query = lab.grant(&other, lab.signed(&lab.claims(&asked, "carol")));
    assert_eq!(come_back(&carol, &query).await.status, 403);
    let query = lab.vouch(&asked, "carol");
    assert_eq!(come_back(&carol, &format!("{query}&iss=https%3A%2F%2Fevil.example")).await.status, 403);
    // One that names itself in its answers is believed in none that does not (RFC 9207).
    let (uni, dave) = (Lab::open(&world.pool).await, world.visitor());
    uni.inside.lock().unwrap().lies = json!({ "authorization_response_iss_parameter_supported": true });
    let other_world = world_with(world.pool.clone(), &uni).await;
    let dave_there = other_world.visitor();
    for (named, status) in [("", 403), ("&iss=https%3A%2F%2Fevil.example", 403), ("&iss=", 403)] {
        let there = leave(&uni, &dave_there, "%2F").await;
        let query = format!("{}{named}", uni.vouch(&there, "dave"));
        assert_eq!(come_back(&dave_there, &query).await.status, status, "{named}");
    }
    let there = leave(&uni, &dave_there, "%2F").await;
    let query = format!("{}&iss={}", uni.vouch(&there, "dave"), uni.issuer);
    assert_eq!(come_back(&dave_there, &query).await.status, 303);
    other_world.close().await;
    // A link of another site signs nobody in: it leads to the one here.
    for site in ["cross-site", "same-site"] {
        let address = "/sign-in/with/lab?next=%2Fsettings%3Fx";
        let answer = dave.get_with(address, &[("sec-fetch-site", site)]).await;
        assert_eq!((answer.status, answer.location()), (303, "/sign-in?next=/settings%3Fx"), "{site}");
    }
    for site in ["same-origin", "none"] {
        let answer = dave.get_with("/sign-in/with/lab", &[("sec-fetch-site", site)]).await;
        assert!(answer.location().starts_with(&lab.issuer), "{site}: {}", answer.location());
    }
    let refusal = format!("error=access_denied&state={}", asked.0["state"]);
    assert_eq!(come_back(&carol, &refusal).await.status, 403);
    assert!(!is_signed_in(&carol).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_address_opens_no_account_and_linking_takes_its_owner(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool, &lab).await;
    let ada = registered(&world, "ada").await;
    for (verified, subject) in [(json!(true), "ada"), (json!(false), "new"), (json!("false"), "new")] {
        let (status, is_in, _) =
            tried(&world, &lab, subject, |claims| claims["email_verified"] = verified.clone()).await;
        assert_eq!((status, is_in), (403, false), "{subject} {verified}");
    }
    let page = "/settings/identities/lab/link";
    assert_eq!(ada.post_form(page, &[("password", "another one here")]).await.status, 422);
    // A thief of the session knows no password: a cookie of the thief's own making links nothing.
    let thief = world.visitor();
    let asked = leave(&lab, &thief, "%2F").await;
    let forged = thief.cookie(flow::COOKIE).unwrap().replace(".enter.", ".link.");
    assert!(forged.contains(".link."), "{forged}");
    let provider = lab.provider("lab");
    let state = flow::Begun::read(&forged, &provider).unwrap();
    let asked_again = Asked(HashMap::from([
        ("nonce".to_owned(), state.nonce()),
        ("state".to_owned(), state.state()),
        ("code_challenge".to_owned(), asked.0["code_challenge"].clone()),
    ]));
    ada.set_cookie(flow::COOKIE, &forged);
    let refused = come_back(&ada, &lab.vouch(&asked_again, "thief")).await;
    assert!(
        refused.status == 403 && refused.text().contains("requested by the account that is signed in"),
        "{}",
        refused.text()
    );

    let asked = link(&lab, &ada).await;
    // Whoever signs in in between, in the same browser, gets nothing of it.
    let eve = registered(&world, "eve").await;
    eve.set_cookie(flow::COOKIE, &ada.cookie(flow::COOKIE).unwrap());
    assert_eq!(come_back(&eve, &lab.vouch(&asked, "ada")).await.status, 403);
    let linked = come_back(&ada, &lab.vouch(&asked, "ada")).await;
    assert_eq!((linked.status, linked.location()), (303, "/settings/identities"), "{}", linked.text());
    let (_, name) = signed_in(&world, &lab, "ada").await;
    assert_eq!(name, "ada");
    let asked = link(&lab, &eve).await;
    assert_eq!(come_back(&eve, &lab.vouch(&asked, "ada")).await.status, 403, "it is ada's");
    let listed = ada.get("/api/v1/me/identities").await.expect(200).json();
    assert_eq!(listed["items"][0]["is_linked"], true);
    let unlink = "/settings/identities/lab/unlink";
    assert_eq!(ada.post_form(unlink, &[("password", PASSWORD)]).await.status, 303);
    assert_eq!(tried(&world, &lab, "ada", |_| {}).await.0, 403);
    let told = sql(
        "select count(*) from mails where to_address = 'ada@people.test' and body like '%can now sign in%'
         or body like '%no longer sign in%'",
    );
    assert_eq!(told.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 2);
    // What was begun ends with the sessions that began it.
    let asked = link(&lab, &ada).await;
    let change = [("current", PASSWORD), ("password", "another one, and a long one"), ("code", "")];
    ada.post_form("/settings/password", &change).await.expect(303);
    assert_eq!(come_back(&ada, &lab.vouch(&asked, "ada")).await.status, 403);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_closed_site_a_second_factor_and_a_lying_provider_are_respected(pool: PgPool) {
    let lab = Lab::open(&pool).await;
    let world = world_with(pool.clone(), &lab).await;
    signed_in(&world, &lab, "ada").await;
    sql("insert into second_factors (user_id, sealed_secret, created_at, confirmed_at)
         select id, sha256('x') || substring(sha256('x') for 16), clock_now(), clock_now() from users")
    .execute(&world.pool)
    .await
    .unwrap();
    let browser = world.visitor();
    let asked = leave(&lab, &browser, "%2F").await;
    let answer = come_back(&browser, &lab.vouch(&asked, "ada")).await;
    assert_eq!((answer.status, is_signed_in(&browser).await), (303, false));
    assert!(answer.location().starts_with("/sign-in/code"), "{}", answer.location());
    signed_in(&world, &lab, "bob").await;
    sql("update users set suspended_at = clock_now() where username = 'bob'")
        .execute(&world.pool)
        .await
        .unwrap();
    let (status, is_in, text) = tried(&world, &lab, "bob", |_| {}).await;
    assert!(status == 403 && !is_in && text.contains("suspended"), "{text}");
    let root = world.admin("root").await;
    let closed = json!({ "open_registration": false });
    root.api.send_json(ureq::http::Method::PATCH, "/api/v1/admin/site", &closed).await.expect(200);
    let (status, _, text) = tried(&world, &lab, "new", |_| {}).await;
    assert!(status == 403 && text.contains("registration is closed"), "{text}");
    world.close().await;
    // A provider that claims to be another, and one that leads elsewhere into a private network, are not gone to, and
    // one that fails is left alone for a moment.
    let elsewhere = lab.issuer.replace("127.0.0.1", "localhost");
    let lies = [
        json!({ "issuer": "https://accounts.example" }),
        json!({ "jwks_uri": format!("{elsewhere}/keys") }),
        json!({ "token_endpoint": "ftp://127.0.0.1/token" }),
    ];
    for lie in lies {
        lab.inside.lock().unwrap().lies = lie.clone();
        let world = world_with(pool.clone(), &lab).await;
        let before = lab.inside.lock().unwrap().n_asked;
        for _ in 0..2 {
            assert_eq!(world.visitor().get("/sign-in/with/lab").await.status, 403, "{lie}");
        }
        assert_eq!(lab.inside.lock().unwrap().n_asked, before + 1, "{lie}");
        world.close().await;
    }
}
