//! The second factor: set up, asked for, taken once, limited, recovered, required, turned off.

use chrono::TimeDelta;
use holdout::App;
use holdout::accounts::model::Member;
use holdout::accounts::two_factors::totp::{SECRET_BYTES, Secret, step_at};
use holdout::accounts::two_factors::{prove, reseal, store};
use holdout::config::Config;
use holdout::error::AppError;
use holdout::ids::UserId;
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::{Answer, Client};
use crate::command_line::Shell;
use crate::world::{World, sql};

const PASSWORD: &str = "correct horse battery";
const PAGE: &str = "/settings/two-factors";
const CODE_PAGE: &str = "/sign-in/code";

/// Somebody with an authenticator app.
struct Phone {
    id: UserId,
    browser: Client,
    secret: Secret,
    recovery_codes: Vec<String>,
}

impl Phone {
    /// Registers, and turns the second factor on.
    async fn of(world: &World, name: &str) -> Self {
        let browser = registered(world, name).await;
        let secret = begin(&browser).await;
        let id = user_id(world, name).await;
        let mut phone = Self { id, browser, secret, recovery_codes: Vec::new() };
        let on =
            phone.browser.post_form(&format!("{PAGE}/confirm"), &[("code", &phone.code(world, 0))]).await;
        phone.recovery_codes = recovery_codes(&on.expect(200).text());
        assert_eq!(phone.recovery_codes.len(), 10);
        next_step(world).await;
        phone
    }

    /// What the app shows when its clock is so many half minutes ahead of the database's.
    fn code(&self, world: &World, drift: i64) -> String {
        self.secret.code(step_at(world.app.clock.now()) + drift).unwrap()
    }

    fn wrong_code(&self, world: &World) -> String {
        let right: Vec<_> = (-1..=1).map(|drift| self.code(world, drift)).collect();
        ["000000", "111111", "222222", "333333"]
            .iter()
            .find(|code| !right.iter().any(|right| right == *code))
            .unwrap()
            .to_string()
    }
}

/// Another code is shown after half a minute.
async fn next_step(world: &World) {
    let shift: f64 = sql("select extract(epoch from clock_now() - now())::float8")
        .fetch_one(&world.pool)
        .await
        .unwrap()
        .get(0);
    world.let_pass(TimeDelta::seconds(shift.round() as i64 + 30)).await;
}

async fn registered(world: &World, name: &str) -> Client {
    let browser = world.visitor();
    let email = format!("{name}@people.test");
    let form = [("username", name), ("email", &email), ("password", PASSWORD)];
    assert_eq!(browser.post_form("/register", &form).await.status, 303);
    browser
}

async fn user_id(world: &World, name: &str) -> UserId {
    let row = sql("select id from users where username = $1").bind(name.to_owned());
    UserId(row.fetch_one(&world.pool).await.unwrap().get(0))
}

async fn begin(browser: &Client) -> Secret {
    let begun = browser.post_form(&format!("{PAGE}/begin"), &[("password", PASSWORD)]).await;
    assert_eq!((begun.status, begun.location()), (303, PAGE), "{}", begun.text());
    let page = browser.get(PAGE).await.expect(200);
    assert_eq!(page.header("cache-control"), "no-store");
    let page = page.text();
    let key = page.split("otpauth://totp/").nth(1).and_then(|rest| rest.split("secret=").nth(1)).unwrap();
    let text: String = key.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(page.contains("<svg class=\"qr\""), "{page}");
    Secret(decoded(&text).try_into().unwrap())
}

fn decoded(base32: &str) -> Vec<u8> {
    let bits: String = base32
        .bytes()
        .map(|letter| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap())
        .map(|value| format!("{value:05b}"))
        .collect();
    let bytes: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    assert_eq!(bytes.len(), SECRET_BYTES);
    bytes
}

fn recovery_codes(page: &str) -> Vec<String> {
    let codes = page.split("<li><code>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned());
    codes.collect()
}

/// A browser in which the password was typed.
async fn with_password(world: &World, name: &str) -> Client {
    let browser = world.visitor();
    let form = [("login", name), ("password", PASSWORD), ("next", "/settings")];
    let answer = browser.post_form("/sign-in", &form).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/sign-in/code?next=/settings"),
        "{}",
        answer.text()
    );
    browser
}

async fn type_code(browser: &Client, code: &str) -> Answer {
    browser.post_form(CODE_PAGE, &[("code", code), ("next", "/settings")]).await
}

async fn is_signed_in(browser: &Client) -> bool {
    browser.get("/settings").await.status == 200
}

async fn mails_saying(world: &World, words: &str) -> i64 {
    sql("select count(*) from mails where position($1 in body) > 0")
        .bind(words.to_owned())
        .fetch_one(&world.pool)
        .await
        .unwrap()
        .get(0)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn signing_in_takes_the_password_and_a_code(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = registered(&world, "ada").await;
    let elsewhere = world.visitor();
    elsewhere.post_form("/sign-in", &[("login", "ada"), ("password", PASSWORD)]).await.expect(303);
    assert!(is_signed_in(&elsewhere).await);
    let begun = ada.post_form(&format!("{PAGE}/begin"), &[("password", "another password")]).await;
    assert!(begun.status == 422 && begun.text().contains("not your current password"));
    let secret = begin(&ada).await;
    let late = secret.code(step_at(world.app.clock.now()) - 4).unwrap();
    let confirm = format!("{PAGE}/confirm");
    assert_eq!(ada.post_form(&confirm, &[("code", &late)]).await.status, 422);
    let code = secret.code(step_at(world.app.clock.now())).unwrap();
    let on = ada.post_form(&confirm, &[("code", &code)]).await.expect(200);
    assert_eq!(on.header("cache-control"), "no-store");
    assert_eq!(recovery_codes(&on.text()).len(), 10);
    assert!(recovery_codes(&ada.get(PAGE).await.expect(200).text()).is_empty(), "they are shown once");
    assert!(is_signed_in(&ada).await && !is_signed_in(&elsewhere).await);
    assert_eq!(mails_saying(&world, "was turned on").await, 1);

    // The phone's clock may be half a minute late or early, by the database's clock.
    for drift in [-1, 0, 1] {
        next_step(&world).await;
        next_step(&world).await;
        let browser = with_password(&world, "ada").await;
        assert!(!is_signed_in(&browser).await, "the password alone opens nothing");
        assert_eq!(browser.get("/sign-in/code?next=%2Fsettings").await.status, 200);
        let code = secret.code(step_at(world.app.clock.now()) + drift).unwrap();
        let answer = type_code(&browser, &format!(" {} {} ", &code[..3], &code[3..])).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings"), "{drift}: {}", answer.text());
        assert!(is_signed_in(&browser).await);
    }
    next_step(&world).await;
    next_step(&world).await;
    let browser = with_password(&world, "ada").await;
    let late = secret.code(step_at(world.app.clock.now()) - 3).unwrap();
    assert_eq!(type_code(&browser, &late).await.status, 422);
    let stolen = world.visitor();
    assert_eq!(type_code(&stolen, &secret.code(step_at(world.app.clock.now())).unwrap()).await.status, 303);
    assert!(!is_signed_in(&stolen).await, "a code without a password opens nothing");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_code_is_taken_once_whoever_is_quicker(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = Phone::of(&world, "ada").await;
    let (one, other) = (with_password(&world, "ada").await, with_password(&world, "ada").await);
    let code = ada.code(&world, 0);
    // The slower one is told that the code is used, or sent back to the password when its challenge is over by then.
    tokio::join!(type_code(&one, &code), type_code(&other, &code));
    let n_let_in = usize::from(is_signed_in(&one).await) + usize::from(is_signed_in(&other).await);
    assert_eq!(n_let_in, 1, "one of two is let in");
    let again = with_password(&world, "ada").await;
    assert_eq!(type_code(&again, &code).await.status, 422, "nor later");
    assert_eq!(type_code(&again, &ada.code(&world, -1)).await.status, 422, "nor an earlier code");
    // Whoever writes to the table is refused by the schema.
    let replay = sql("update second_factors set last_step = last_step").execute(&world.pool).await;
    assert!(replay.unwrap_err().to_string().contains("a code is taken once"));
    let back = sql("update second_factors set last_step = last_step - 1").execute(&world.pool).await;
    assert!(back.is_err());
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn guessing_codes_is_stopped_for_an_hour_and_told(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = Phone::of(&world, "ada").await;
    let wrong = ada.wrong_code(&world);
    for _ in 0..2 {
        let browser = with_password(&world, "ada").await;
        for _ in 0..5 {
            assert_eq!(type_code(&browser, &wrong).await.status, 422);
        }
        let sixth = type_code(&browser, &ada.code(&world, 0)).await;
        assert_eq!((sixth.status, is_signed_in(&browser).await), (303, false), "five tries a password");
    }
    assert_eq!(mails_saying(&world, "Ten wrong codes").await, 1);
    let browser = with_password(&world, "ada").await;
    let right = type_code(&browser, &ada.code(&world, 0)).await;
    assert_eq!(right.status, 429, "{}", right.text());
    assert!(right.header("retry-after").parse::<u64>().unwrap() > 3000);
    // A second server counts the same, as the count is in the database.
    let other = App::new(world.app.db.clone(), world.app.config.clone()).unwrap();
    other.clock.synchronise(&mut other.db.acquire().await.unwrap()).await.unwrap();
    let refused = prove::prove(&other, ada.id, &ada.code(&world, 0)).await;
    assert!(matches!(refused, Err(AppError::TooMany { .. })), "{refused:?}");
    assert_eq!(type_code(&browser, &ada.recovery_codes[0]).await.status, 303);
    assert!(is_signed_in(&browser).await, "a recovery code still helps");
    world.let_pass(TimeDelta::minutes(65)).await;
    let browser = with_password(&world, "ada").await;
    assert_eq!(type_code(&browser, &ada.code(&world, 0)).await.status, 303);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn recovery_codes_are_good_once_and_a_thief_of_the_database_has_neither(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = Phone::of(&world, "ada").await;
    let code = ada.recovery_codes[3].to_lowercase().replace('-', " ");
    let browser = with_password(&world, "ada").await;
    assert_eq!(type_code(&browser, &code).await.status, 303);
    assert_eq!(mails_saying(&world, "9 are left").await, 1);
    let again = with_password(&world, "ada").await;
    assert_eq!(type_code(&again, &code).await.status, 422);
    let renewed = browser.post_form(&format!("{PAGE}/codes"), &[("code", &ada.code(&world, 0))]).await;
    let renewed = recovery_codes(&renewed.expect(200).text());
    assert_eq!(type_code(&again, &ada.recovery_codes[0]).await.status, 422, "the old set is worth nothing");
    assert_eq!(type_code(&again, &renewed[0]).await.status, 303);

    let stored = sql("select f::text from second_factors f union all select c::text from recovery_codes c");
    for row in stored.fetch_all(&world.pool).await.unwrap() {
        let text: String = row.get(0);
        assert!(
            !text.contains(&hex::encode(ada.secret.0)) && !text.contains(&hex::encode(ada.secret.text()))
        );
        assert!(renewed.iter().all(|code| !text.contains(&hex::encode(code.replace('-', "")))), "{text}");
    }
    // With the database and another key, and moved to another person's row, the secret does not open.
    let config = Config {
        accounts_key: Some(holdout::config::Secret::new("of another site")),
        ..world.app.config.clone()
    };
    let thief = App::new(world.app.db.clone(), config).unwrap();
    thief.clock.synchronise(&mut thief.db.acquire().await.unwrap()).await.unwrap();
    next_step(&world).await;
    let refused = prove::prove(&thief, ada.id, &ada.code(&world, 0)).await;
    assert!(matches!(refused, Err(AppError::Refused(_))), "{refused:?}");
    let eve = registered(&world, "eve").await;
    let moved = sql("insert into second_factors (user_id, sealed_secret, created_at, confirmed_at)
                     select $1, sealed_secret, created_at, confirmed_at from second_factors")
    .bind(user_id(&world, "eve").await.0);
    moved.execute(&world.pool).await.unwrap();
    let answer = eve.post_form(&format!("{PAGE}/end"), &[("code", &ada.code(&world, 0))]).await;
    assert_eq!(answer.status, 403, "{}", answer.text());
    world.close().await;
}

/// A server of the same site that was started with other keys.
async fn server_with(world: &World, keys: &holdout::config::Secret) -> App {
    let config = Config { accounts_key: Some(keys.clone()), ..world.app.config.clone() };
    let server = App::new(world.app.db.clone(), config).unwrap();
    server.clock.synchronise(&mut server.db.acquire().await.unwrap()).await.unwrap();
    server
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_renewed_accounts_key_lets_everybody_in_before_halfway_and_after(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (Phone::of(&world, "ada").await, Phone::of(&world, "bob").await);
    let first = world.app.config.accounts_key.clone().unwrap();
    let second = holdout::config::Secret::new("of the year after, at random");
    let both = holdout::config::Secret::new(format!("{}\nformer {}", second.reveal(), first.reveal()));
    let renewed = server_with(&world, &both).await;
    let let_in =
        async |server: &App, phone: &Phone| prove::prove(server, phone.id, &phone.code(&world, 0)).await;
    let_in(&renewed, &ada).await.expect("before anything was sealed anew");
    let mut conn = world.app.db.acquire().await.unwrap();
    let stopped = reseal::some(&mut conn, &both, UserId(0), 1).await.unwrap();
    assert_eq!(stopped, (1, Some(ada.id)));
    let halfway = reseal::Counted { n_secrets: 2, n_under_former: 1, n_shut_out: 0 };
    assert_eq!(reseal::count(&mut conn, &both).await.unwrap(), halfway);
    next_step(&world).await;
    let_in(&renewed, &ada).await.expect("halfway, under the new key");
    let_in(&renewed, &bob).await.expect("halfway, under the former one");
    let refused = let_in(&world.app, &ada).await;
    assert!(matches!(refused, Err(AppError::Refused(_))), "who was not started again says so: {refused:?}");

    assert_eq!(reseal::all(&mut conn, &both).await.unwrap(), 1, "what is left");
    assert_eq!(reseal::all(&mut conn, &both).await.unwrap(), 0);
    assert_eq!(reseal::count(&mut conn, &second).await.unwrap().n_shut_out, 0, "the former key can go");
    next_step(&world).await;
    let without_former = server_with(&world, &second).await;
    let_in(&without_former, &ada).await.expect("under the new key alone");
    let_in(&without_former, &bob).await.expect("under the new key alone");
    // A server that was not started again seals under the former key, and that is counted.
    Phone::of(&world, "eve").await;
    assert_eq!(reseal::count(&mut conn, &both).await.unwrap().n_under_former, 1);
    drop(conn);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_stolen_session_changes_nothing_without_a_code(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let ada = Phone::of(&world, "ada").await;
    let password = [("current", PASSWORD), ("password", "another good one")];
    let refused = ada.browser.post_form("/settings/password", &password).await;
    assert!(refused.status == 422 && refused.text().contains("code-error"));
    let writing = [("name", "thief"), ("read", "on"), ("submit", "on"), ("days", "30")];
    assert_eq!(ada.browser.post_form("/settings/tokens", &writing).await.status, 422);
    let wish = json!({ "name": "thief", "scopes": ["read", "submit"] });
    let by_session = ada.browser.send_json(Method::POST, "/api/v1/tokens", &wish).await;
    assert_eq!((by_session.status, by_session.json()["field"].as_str()), (422, Some("code")));
    let end = json!({ "password": PASSWORD });
    let kept = ada.browser.send_json(Method::PUT, "/api/v1/me/deletion", &end).await;
    assert_eq!((kept.status, kept.json()["field"].as_str()), (422, Some("code")));
    let form = [("email", "thief@people.test"), ("password", PASSWORD)];
    let refused = ada.browser.post_form("/settings/email", &form).await.expect(422);
    assert!(refused.text().contains("code-error"), "another address takes a code as well");
    let form = [("password", PASSWORD), ("posts", "keep")];
    assert_eq!(ada.browser.post_form("/settings/data/delete", &form).await.status, 422);
    let end_others = [("password", PASSWORD)];
    let kept = ada.browser.post_form("/settings/sessions/end-others", &end_others).await;
    assert_eq!(kept.status, 422, "{}", kept.text());
    for form in ["end", "codes"] {
        let wrong = ada.wrong_code(&world);
        assert_eq!(ada.browser.post_form(&format!("{PAGE}/{form}"), &[("code", &wrong)]).await.status, 422);
    }
    let reading = [("name", "reader"), ("read", "on"), ("days", "30")];
    assert_eq!(ada.browser.post_form("/settings/tokens", &reading).await.status, 303, "it may read as it is");

    let code = ada.code(&world, 0);
    let with_code = [&writing[..], &[("code", code.as_str())]].concat();
    ada.browser.post_form("/settings/tokens", &with_code).await.expect(303);
    let made = ada.browser.get("/settings/tokens").await.expect(200).text();
    let token = made.split("id=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    next_step(&world).await;
    // Programs go on with what they were given.
    let program = world.visitor().with_token(&token);
    let wish = json!({ "name": "smaller", "scopes": ["read"] });
    assert_eq!(program.send_json(Method::POST, "/api/v1/tokens", &wish).await.status, 201);
    let code = ada.code(&world, 0);
    let with_code = [&password[..], &[("code", code.as_str())]].concat();
    assert_eq!(ada.browser.post_form("/settings/password", &with_code).await.status, 303);
    next_step(&world).await;
    let off = ada.browser.post_form(&format!("{PAGE}/end"), &[("code", &ada.code(&world, 0))]).await;
    assert_eq!(off.status, 303, "{}", off.text());
    assert_eq!(mails_saying(&world, "was turned off for").await, 1);
    let browser = world.visitor();
    browser.post_form("/sign-in", &[("login", "ada"), ("password", "another good one")]).await.expect(303);
    assert!(is_signed_in(&browser).await);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn programs_set_it_up_and_sign_in_with_a_code(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    registered(&world, "ada").await;
    let visitor = world.visitor();
    let session = |code: Option<String>| json!({ "username": "ada", "password": PASSWORD, "code": code });
    let made = visitor.send_json(Method::POST, "/api/v1/sessions", &session(None)).await.expect(201).json();
    let ada = visitor.with_token(made["token"].as_str().unwrap());
    let base = "/api/v1/me/two-factors";
    let begun = ada.send_json(Method::POST, base, &json!({ "password": PASSWORD })).await.expect(201).json();
    let secret = Secret(decoded(begun["secret"].as_str().unwrap()).try_into().unwrap());
    let now = |drift| json!({ "code": secret.code(step_at(world.app.clock.now()) + drift).unwrap() });
    let codes = ada.send_json(Method::POST, &format!("{base}/confirm"), &now(0)).await.expect(200).json();
    assert_eq!(codes["recovery_codes"].as_array().unwrap().len(), 10);
    let shown = ada.get(base).await.expect(200).json();
    assert_eq!((shown["n_recovery_codes_left"].as_i64(), shown["on_since"].is_string()), (Some(10), true));

    let asked = visitor.send_json(Method::POST, "/api/v1/sessions", &session(None)).await;
    assert_eq!((asked.status, asked.json()["field"].as_str()), (422, Some("code")));
    next_step(&world).await;
    let code = now(0)["code"].as_str().map(str::to_owned);
    visitor.send_json(Method::POST, "/api/v1/sessions", &session(code.clone())).await.expect(201);
    assert_eq!(visitor.send_json(Method::POST, "/api/v1/sessions", &session(code)).await.status, 422);
    next_step(&world).await;
    let shell = Shell::new(&world.base);
    let typed = format!("{PASSWORD}\n000 000 0\n{}\n", now(0)["code"].as_str().unwrap());
    let told = shell.type_in(&["login", "--username", "ada"], &typed).await.expect(0);
    assert!(
        told.err.contains("authenticator app") && told.out.contains("as ada"),
        "{}{}",
        told.err,
        told.out
    );
    next_step(&world).await;
    ada.send_json(Method::POST, &format!("{base}/recovery-codes"), &now(0)).await.expect(200);
    next_step(&world).await;
    ada.send_json(Method::POST, &format!("{base}/end"), &now(0)).await.expect(204);
    visitor.send_json(Method::POST, "/api/v1/sessions", &session(None)).await.expect(201);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whom_the_site_names_is_asked_for_a_second_factor(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (root, host, bob) = (world.admin("root").await, world.member("ada").await, world.member("bob").await);
    sql("with made as (insert into competitions (slug, title, created_by) values ('houses', 'Houses', $1) returning id)
         insert into competition_hosts (competition_id, user_id) select id, $1 from made")
    .bind(host.id)
    .execute(&world.pool)
    .await
    .unwrap();
    let site = "/api/v1/admin/site";
    let ask = |whom: &str| json!({ "two_factors_for": whom });
    root.api.send_json(Method::PATCH, site, &ask("administrators")).await.expect(200);
    for path in ["/", "/admin", "/settings/tokens"] {
        let answer = root.browser.get(path).await;
        assert_eq!((answer.status, answer.location()), (303, PAGE), "{path}");
    }
    assert_eq!(root.browser.get(PAGE).await.status, 200);
    assert_eq!(root.browser.get("/api/v1/me").await.status, 403);
    assert_eq!(root.api.get("/api/v1/me").await.status, 200, "tokens go on working");
    assert_eq!(host.browser.get("/settings").await.status, 200, "others are not asked");
    root.api.send_json(Method::PATCH, site, &ask("hosts")).await.expect(200);
    assert_eq!(host.browser.get("/settings").await.status, 303);
    assert_eq!(root.browser.get("/admin").await.status, 303);
    assert_eq!(bob.browser.get("/settings").await.status, 200);
    root.api.send_json(Method::PATCH, site, &ask("everybody")).await.expect(200);
    for path in ["/", "/settings", "/competitions/houses"] {
        assert_eq!(bob.browser.get(path).await.location(), PAGE, "{path}");
    }
    assert_eq!(world.visitor().get("/").await.status, 200, "visitors read what they could");
    // A password alone makes no token of somebody who is asked.
    let carol = registered(&world, "carol").await;
    sql("update users set is_admin = true where username = 'carol'").execute(&world.pool).await.unwrap();
    let wish = json!({ "username": "carol", "password": PASSWORD });
    assert_eq!(world.visitor().send_json(Method::POST, "/api/v1/sessions", &wish).await.status, 403);
    let secret = begin(&carol).await;
    let code = secret.code(step_at(world.app.clock.now())).unwrap();
    carol.post_form(&format!("{PAGE}/confirm"), &[("code", &code)]).await.expect(200);
    assert_eq!(carol.get("/admin").await.status, 200);
    next_step(&world).await;
    let code = secret.code(step_at(world.app.clock.now())).unwrap();
    let off = carol.post_form(&format!("{PAGE}/end"), &[("code", &code)]).await;
    assert!(off.status == 403 && off.text().contains("so it cannot be turned off"), "{}", off.text());
    assert_eq!(root.browser.post_form("/sign-out", &[]).await.status, 303);
    assert_eq!(root.browser.get("/").await.status, 200);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_administrator_turns_it_off_for_whoever_lost_it(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let root = world.admin("root").await;
    let ada = Phone::of(&world, "ada").await;
    let path = format!("/admin/users/{}/two-factors", ada.id);
    assert_eq!(ada.browser.post_form(&path, &[]).await.status, 404);
    assert!(root.browser.get("/admin/users").await.expect(200).text().contains(&path));
    assert_eq!(root.browser.post_form(&path, &[]).await.status, 303);
    assert!(!is_signed_in(&ada.browser).await);
    assert_eq!(mails_saying(&world, "An administrator turned").await, 1);
    assert!(root.browser.get("/admin/log").await.expect(200).text().contains("reset_two_factors"));
    let api = format!("/api/v1/admin/users/{}/two-factors", ada.id);
    assert_eq!(root.api.send(Method::DELETE, &api, None, Vec::new()).await.status, 404, "it is off");
    let own = format!("/admin/users/{}/two-factors", root.id);
    assert_eq!(root.browser.post_form(&own, &[]).await.status, 403);
    let member = Member {
        id: ada.id,
        username: "ada".to_owned(),
        display_name: "ada".to_owned(),
        is_admin: false,
        has_confirmed_email: false,
    };
    assert!(!store::has(&mut world.app.db.acquire().await.unwrap(), member.id).await.unwrap());
    world.close().await;
}
