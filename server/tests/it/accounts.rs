//! Accounts through the real HTTP server: entering, sessions, passwords, tokens, limits, forgery,
//! administration, mail.

use std::net::SocketAddr;

use chrono::{TimeDelta, Utc};
use holdout::accounts::{become_admin, sessions};
use holdout::config::{Config, Secret, Smtp};
use holdout::database::certificates::Certificates;
use holdout::mail::{self, Letter, Postman};
use holdout::medals::model::Thresholds;
use holdout::web::proxies::Proxies;
use holdout::{App, router};
use holdout_contract::place::Place;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use sqlx::{PgPool, Row};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use ureq::http::Method;

use crate::client::{Answer, Client};
use crate::world::{Folder, sql};

const PASSWORD: &str = "correct horse battery";

/// The web server alone, as its own database role.
struct Site {
    pool: PgPool,
    app: App,
    base: String,
    _folder: Folder,
}

impl Site {
    async fn new(pool: PgPool) -> Self {
        Self::with_mail(pool, None).await
    }

    async fn with_mail(pool: PgPool, smtp: Option<Smtp>) -> Self {
        let folder = Folder::new();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = listener.local_addr().unwrap();
        let base = format!("http://{listen}");
        let config = Config {
            listen,
            public_url: base.clone(),
            data_dir: folder.path().to_owned(),
            files: Place::Folder(folder.path().join("files")),
            direct: None,
            database_url: Secret::new(""),
            database_direct_url: None,
            database_replica_url: None,
            database_certificates: Certificates::default(),
            smtp,
            providers: Vec::new(),
            accounts_key: Some(Secret::new("for tests, of no other use at all")),
            open_registration: true,
            members_may_host: true,
            members_give_medals: true,
            proxies: Proxies::Private,
            other_hosts: Vec::new(),
            database_connections: 4,
            disk_reserve_mb: 0,
            leave_after: std::time::Duration::ZERO,
            api_requests_a_minute: 0,
            metrics_listen: None,
            webhooks_to_private_addresses: false,
            tls_for_subdomains: false,
            notebooks: None,
            notebook_openers: holdout::notebooks::openers::Openers::default(),
            notebook_medals: Thresholds::NOTEBOOKS,
            post_medals: Thresholds::POSTS,
        };
        let as_web = pool.connect_options().as_ref().clone().options([("role", "holdout_web")]);
        let db = PgPoolOptions::new().max_connections(4).connect_with(as_web).await.unwrap();
        let app = App::new(db, config).unwrap();
        app.clock.synchronise(&mut app.db.acquire().await.unwrap()).await.unwrap();
        let service = router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { pool, app, base, _folder: folder }
    }

    fn visitor(&self) -> Client {
        Client::new(&self.base)
    }

    /// Somebody who has just registered.
    async fn registered(&self, name: &str) -> Client {
        let browser = self.visitor();
        let answer = register(&browser, "/register", name).await;
        assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.text());
        browser
    }

    /// Somebody who became administrator by the link that start-up prints.
    async fn administrator(&self, name: &str) -> Client {
        let token = self.admin_link().await.expect("there is no administrator yet");
        let browser = self.visitor();
        let answer = register(&browser, &format!("/become-admin/{token}"), name).await;
        assert_eq!((answer.status, answer.location()), (303, "/admin"), "{}", answer.text());
        browser
    }

    async fn admin_link(&self) -> Option<String> {
        let mut conn = self.app.db.acquire().await.unwrap();
        become_admin::ensure_admin_link(&mut conn, self.app.clock.now()).await.unwrap()
    }

    async fn user_id(&self, name: &str) -> i64 {
        let row = sql("select id from users where username = $1").bind(name.to_owned());
        row.fetch_one(&self.pool).await.unwrap().get(0)
    }

    async fn run(&self, statement: &'static str) {
        sql(statement).execute(&self.pool).await.unwrap();
    }

    async fn one<T>(&self, statement: &'static str) -> T
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
    {
        sql(statement).fetch_one(&self.pool).await.unwrap().get(0)
    }
}

async fn register(browser: &Client, path: &str, name: &str) -> Answer {
    let email = format!("{name}@people.test");
    browser.post_form(path, &[("username", name), ("email", &email), ("password", PASSWORD)]).await
}

async fn sign_in(browser: &Client, login: &str, password: &str) -> Answer {
    browser.post_form("/sign-in", &[("login", login), ("password", password), ("next", "/settings")]).await
}

async fn is_signed_in(browser: &Client) -> bool {
    browser.get("/settings").await.status == 200
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_registers_on_the_way_to_something_arrives_there(pool: PgPool) {
    let site = Site::new(pool).await;
    let browser = site.visitor();
    let away = browser.get("/c/iris/leaderboard?after=x").await.text();
    for entrance in ["/sign-in", "/register"] {
        let link = format!("href=\"{entrance}?next=/c/iris/leaderboard%3Fafter%3Dx\"");
        assert!(away.contains(&link), "{link} in {away}");
    }
    let door = browser.get("/sign-in?next=/c/iris/join").await.text();
    assert_eq!(door.matches("href=\"/register?next=/c/iris/join\"").count(), 2, "{door}");
    let form = browser.get("/register?next=/c/iris/join").await.text();
    assert!(form.contains("href=\"/sign-in?next=/c/iris/join\""), "{form}");
    assert!(form.contains("name=\"next\" value=\"/c/iris/join\""), "{form}");
    let fields = [
        ("username", "newcomer"),
        ("email", "newcomer@people.test"),
        ("password", PASSWORD),
        ("next", "/c/iris/join"),
    ];
    let entered = browser.post_form("/register", &fields).await;
    assert_eq!((entered.status, entered.location()), (303, "/c/iris/join"));
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_person_registers_leaves_and_returns_by_name_or_address(pool: PgPool) {
    let site = Site::new(pool).await;
    let ada = site.registered("ada").await;
    assert!(ada.get("/").await.text().contains("Welcome to Holdout, ada."));
    assert!(is_signed_in(&ada).await);
    let before = ada.cookie(sessions::COOKIE).unwrap();
    assert_eq!(ada.get("/settings").await.expect(200).header("cache-control"), "private, no-store");
    assert_eq!(ada.get("/").await.expect(200).header("cache-control"), "private, no-cache");
    let out = ada.post_form("/sign-out", &[]).await.expect(303);
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
    assert!(!is_signed_in(&ada).await);
    ada.set_cookie(sessions::COOKIE, &before);
    assert!(!is_signed_in(&ada).await, "a session that was ended is worth nothing");
    for login in ["ada", "ADA", "ada@people.test"] {
        let browser = site.visitor();
        let answer = sign_in(&browser, login, PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (303, "/settings"), "{login}");
        assert!(is_signed_in(&browser).await);
    }
    let stored: Vec<u8> = site.one("select token_hash from sessions limit 1").await;
    assert_eq!(stored.len(), 32);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_failed_form_comes_back_filled_in_without_the_password(pool: PgPool) {
    let site = Site::new(pool).await;
    site.registered("ada").await;
    let form = [("username", "Not A Name"), ("email", "nowhere"), ("password", "short-pw")];
    let wrong = site.visitor().post_form("/register", &form).await;
    assert_eq!(wrong.status, 422);
    let page = wrong.text();
    for part in ["Not A Name", "nowhere", "username-error", "email-error", "password-error"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("short-pw"));
    let form = [("username", "ada"), ("email", "other@people.test"), ("password", PASSWORD)];
    let taken = site.visitor().post_form("/register", &form).await;
    assert_eq!(taken.status, 422);
    assert!(taken.text().contains("This user name is already taken"));
    let form = [("username", "eve"), ("email", "ADA@people.test"), ("password", PASSWORD)];
    let taken = site.visitor().post_form("/register", &form).await;
    assert!(taken.text().contains("email-error"));
    let unknown = sign_in(&site.visitor(), "nobody", PASSWORD).await;
    let known = sign_in(&site.visitor(), "ada", "another password").await;
    assert_eq!((unknown.status, known.status), (422, 422));
    assert_eq!(unknown.text().replace("nobody", "ada"), known.text(), "the answers do not differ");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn changing_the_password_ends_the_other_sessions(pool: PgPool) {
    let site = Site::new(pool).await;
    let here = site.registered("ada").await;
    let there = site.visitor();
    sign_in(&there, "ada", PASSWORD).await;
    let list = here.get("/settings/sessions").await.expect(200).text();
    assert_eq!(list.matches(">this one<").count(), 1);
    assert_eq!(list.matches("/end\"").count(), 2);
    let before = here.cookie(sessions::COOKIE).unwrap();
    let form = [("current", "not the password"), ("password", "another good one")];
    assert_eq!(here.post_form("/settings/password", &form).await.status, 422);
    let form = [("current", PASSWORD), ("password", "another good one")];
    assert_eq!(here.post_form("/settings/password", &form).await.status, 303);
    assert_ne!(here.cookie(sessions::COOKIE).unwrap(), before, "the secret is a new one");
    assert!(is_signed_in(&here).await);
    assert!(!is_signed_in(&there).await);
    assert_eq!(sign_in(&there, "ada", PASSWORD).await.status, 422);
    assert_eq!(sign_in(&there, "ada", "another good one").await.status, 303);
    let id: uuid::Uuid = site.one("select public_id from sessions order by created_at desc limit 1").await;
    let eve = site.registered("eve").await;
    let end = format!("/settings/sessions/{id}/end");
    assert_eq!(eve.post_form(&end, &[("password", PASSWORD)]).await.status, 404);
    assert_eq!(here.post_form(&end, &[]).await.status, 422);
    assert!(is_signed_in(&there).await);
    assert_eq!(here.post_form(&end, &[("password", "another good one")]).await.status, 303);
    assert!(!is_signed_in(&there).await);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_session_slides_and_ends_and_is_not_written_at_every_visit(pool: PgPool) {
    let site = Site::new(pool).await;
    let ada = site.registered("ada").await;
    let seen = "select last_seen_at from sessions";
    let first: chrono::DateTime<Utc> = site.one(seen).await;
    assert!(is_signed_in(&ada).await);
    assert_eq!(site.one::<chrono::DateTime<Utc>>(seen).await, first);
    site.run(
        "update sessions set last_seen_at = last_seen_at - interval '20 days',
                 expires_at = expires_at - interval '20 days', created_at = created_at - interval '20 days'",
    )
    .await;
    assert!(is_signed_in(&ada).await);
    let ends: chrono::DateTime<Utc> = site.one("select expires_at from sessions").await;
    assert!(ends > first + TimeDelta::days(29), "a visit moves the end");
    site.run("update sessions set expires_at = now() - interval '1 minute', created_at = now() - interval '31 days'").await;
    assert!(!is_signed_in(&ada).await);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_token_does_what_it_was_made_for_until_it_ends(pool: PgPool) {
    let site = Site::new(pool).await;
    let ada = site.registered("ada").await;
    let form = [("name", "laptop"), ("read", "on"), ("days", "30")];
    let made = ada.post_form("/settings/tokens", &form).await.expect_redirect();
    assert_eq!(made.location(), "/settings/tokens", "a reload makes no other, and no address holds it");
    let made = ada.get(made.location()).await.expect(200);
    assert_eq!(made.header("cache-control"), "no-store");
    assert!(ada.cookie("holdout_made").is_none(), "what carried it is gone");
    let page = made.text();
    let start = page.find("id=\"token\">hld_").expect("the token is shown") + "id=\"token\">".len();
    let token = page[start..].split('<').next().unwrap().to_owned();
    assert!(!ada.get("/settings/tokens").await.text().contains(&token), "it is shown once");
    let stored: i64 =
        site.one("select count(*) from api_tokens where hint like 'hld_%' and length(token_hash) = 32").await;
    assert_eq!(stored, 1);

    let program = site.visitor().with_token(&token);
    let me = program.get("/api/v1/me").await.expect(200).json();
    assert_eq!(me["username"], "ada");
    assert_eq!(me["scopes"], json!(["read"]));
    let more = json!({ "name": "more", "scopes": ["submit"] });
    let refused = program.send_json(Method::POST, "/api/v1/tokens", &more).await;
    assert_eq!(refused.status, 403, "a token makes none that may do more");
    let same = json!({ "name": "same", "scopes": ["read"] });
    let made = program.send_json(Method::POST, "/api/v1/tokens", &same).await.expect(201).json();
    assert!(made["expires_at"].is_string(), "a token makes none that lasts longer");

    site.run("update api_tokens set expires_at = now() - interval '1 minute' where name = 'laptop'").await;
    let ended = program.get("/api/v1/me").await;
    assert_eq!((ended.status, ended.header("content-type")), (401, "application/problem+json"));
    site.run("update api_tokens set expires_at = null").await;
    assert_eq!(program.get("/api/v1/me").await.status, 200);
    let id: i64 = site.one("select id from api_tokens where name = 'laptop'").await;
    let eve = site.registered("eve").await;
    assert_eq!(eve.post_form(&format!("/settings/tokens/{id}/revoke"), &[]).await.status, 404);
    assert_eq!(ada.post_form(&format!("/settings/tokens/{id}/revoke"), &[]).await.status, 303);
    assert_eq!(program.get("/api/v1/me").await.status, 401);
    assert_eq!(site.visitor().with_token("hld_unknown").get("/api/v1/me").await.status, 401);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_program_gets_a_token_for_name_and_password(pool: PgPool) {
    let site = Site::new(pool).await;
    site.registered("ada").await;
    let visitor = site.visitor();
    let wrong = json!({ "username": "ada", "password": "not the password" });
    assert_eq!(visitor.send_json(Method::POST, "/api/v1/sessions", &wrong).await.status, 422);
    let greedy = json!({ "username": "ada", "password": PASSWORD, "scopes": ["admin"] });
    assert_eq!(visitor.send_json(Method::POST, "/api/v1/sessions", &greedy).await.status, 422);
    let right = json!({ "username": "ada@people.test", "password": PASSWORD });
    let made = visitor.send_json(Method::POST, "/api/v1/sessions", &right).await.expect(201).json();
    assert_eq!(made["scopes"], json!(["read", "submit", "host"]));
    let program = visitor.with_token(made["token"].as_str().unwrap());
    let list = program.get("/api/v1/tokens").await.expect(200);
    assert!(!list.text().contains(made["token"].as_str().unwrap()));
    let id = &list.json()["items"][0]["id"];
    let less = json!({ "username": "ada", "password": PASSWORD, "scopes": ["read"] });
    let less = visitor.send_json(Method::POST, "/api/v1/sessions", &less).await.expect(201).json();
    let reader = visitor.with_token(less["token"].as_str().unwrap());
    let refused = reader.send(Method::DELETE, &format!("/api/v1/tokens/{id}"), None, Vec::new()).await;
    assert_eq!(refused.status, 403, "a token ends none that may do more");
    let gone = program.send(Method::DELETE, &format!("/api/v1/tokens/{id}"), None, Vec::new()).await;
    assert_eq!(gone.status, 204);
    assert_eq!(program.get("/api/v1/me").await.status, 401);
    let wrong_method = program.send(Method::PUT, "/api/v1/me", None, Vec::new()).await;
    assert_eq!((wrong_method.status, wrong_method.header("allow")), (405, "GET,HEAD"));
    assert_eq!(wrong_method.header("content-type"), "application/problem+json");
    let nowhere = program.get("/api/v1/nowhere").await;
    assert_eq!((nowhere.status, nowhere.header("content-type")), (404, "application/problem+json"));
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_forgotten_password_is_set_by_a_link_that_works_once(pool: PgPool) {
    let site = Site::new(pool).await;
    let ada = site.registered("ada").await;
    let visitor = site.visitor();
    let known = visitor.post_form("/forgot-password", &[("login", "ada")]).await.expect(200);
    let unknown = visitor.post_form("/forgot-password", &[("login", "nobody")]).await.expect(200);
    assert_eq!(known.text(), unknown.text(), "the answer does not tell who has an account");
    let letters = "select count(*) from mails where subject = 'Set a new password'";
    assert_eq!(site.one::<i64>(letters).await, 1);
    let body: String = site.one("select body from mails where subject = 'Set a new password'").await;
    let start = body.find(&format!("{}/reset-password/", site.base)).expect("a link") + site.base.len();
    let link = body[start..].split_whitespace().next().unwrap();
    assert_eq!(visitor.get(link).await.status, 200);
    let short = visitor.post_form(link, &[("password", "short")]).await;
    assert_eq!(short.status, 422);
    let set = visitor.post_form(link, &[("password", "another good one")]).await;
    assert_eq!((set.status, set.location()), (303, "/sign-in"));
    assert!(!is_signed_in(&ada).await, "all sessions end");
    let again = visitor.post_form(link, &[("password", "a third good one")]).await;
    assert_eq!(again.status, 403, "a link works once");
    assert_eq!(sign_in(&visitor, "ada", PASSWORD).await.status, 422);
    assert_eq!(sign_in(&visitor, "ada", "another good one").await.status, 303);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn guessing_a_password_is_slowed_down(pool: PgPool) {
    let site = Site::new(pool).await;
    site.registered("ada").await;
    site.registered("grace").await;
    let visitor = site.visitor();
    let mut statuses = Vec::new();
    for guess in 0..11 {
        statuses.push(sign_in(&visitor, "ada", &format!("guess number {guess}")).await.status);
    }
    assert_eq!(statuses[..10], [422; 10]);
    assert_eq!(statuses[10], 429);
    let limited = sign_in(&visitor, "ada", PASSWORD).await;
    assert_eq!(limited.status, 429, "the right password does not help while the limit holds");
    assert!((1..=31).contains(&limited.header("retry-after").parse::<u32>().unwrap()));
    assert!(limited.text().contains("Too many attempts to sign in. Try again in"));
    assert_eq!(sign_in(&visitor, "grace", PASSWORD).await.status, 303, "others are not hindered");
    let asked = json!({ "username": "ada", "password": PASSWORD });
    let program = visitor.send_json(Method::POST, "/api/v1/sessions", &asked).await;
    assert_eq!(program.status, 429, "the API shares the limit");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_request_made_by_a_foreign_page_is_refused(pool: PgPool) {
    let site = Site::new(pool).await;
    let ada = site.registered("ada").await;
    let secret = ada.cookie(sessions::COOKIE).unwrap();
    let send = |path: &'static str, headers: Vec<(&'static str, String)>| {
        let address = format!("{}{path}", site.base);
        let cookie = format!("{}={secret}", sessions::COOKIE);
        tokio::task::spawn_blocking(move || {
            let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
            let mut request = ureq::Agent::from(config).post(address).header("cookie", cookie);
            for (name, value) in headers {
                request = request.header(name, value);
            }
            let mut response = request.send_form([("display_name", "Eve")]).unwrap();
            (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
        })
    };
    let foreign = [
        vec![],
        vec![("origin", "https://evil.example".to_owned())],
        vec![("origin", "null".to_owned())],
        vec![("sec-fetch-site", "cross-site".to_owned())],
        vec![("sec-fetch-site", "same-site".to_owned())],
    ];
    for headers in foreign {
        let (status, page) = send("/settings", headers.clone()).await.unwrap();
        assert_eq!(status, 403, "{headers:?}");
        assert!(page.contains("did not come from a page of this site"), "{headers:?}");
        let (status, _) = send("/api/v1/tokens", headers.clone()).await.unwrap();
        assert_eq!(status, 403, "{headers:?}");
    }
    assert_eq!(site.one::<String>("select display_name from users").await, "ada");
    let own = [vec![("origin", site.base.clone())], vec![("sec-fetch-site", "same-origin".to_owned())]];
    for headers in own {
        assert_eq!(send("/settings", headers).await.unwrap().0, 303);
    }
    assert_eq!(site.one::<String>("select display_name from users").await, "Eve");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_suspended_person_is_out_until_let_in_again(pool: PgPool) {
    let site = Site::new(pool).await;
    let root = site.administrator("root").await;
    let ada = site.registered("ada").await;
    let asked = json!({ "username": "ada", "password": PASSWORD });
    let made = ada.send_json(Method::POST, "/api/v1/sessions", &asked).await.expect(201).json();
    let program = site.visitor().with_token(made["token"].as_str().unwrap());
    let id = site.user_id("ada").await;
    assert!(root.get("/admin/users?name=ad").await.expect(200).text().contains("ada@people.test"));
    assert!(!root.get("/admin/users?name=adb").await.expect(200).text().contains("ada@people.test"));
    assert_eq!(ada.post_form(&format!("/admin/users/{id}/suspend"), &[]).await.status, 404);
    assert_eq!(root.post_form(&format!("/admin/users/{id}/suspend"), &[]).await.status, 303);
    assert!(!is_signed_in(&ada).await);
    assert_eq!(program.get("/api/v1/me").await.status, 401);
    assert_eq!(site.visitor().get("/u/ada").await.status, 404);
    let refused = sign_in(&ada, "ada", PASSWORD).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("suspended"));
    assert_eq!(root.post_form(&format!("/admin/users/{id}/unsuspend"), &[]).await.status, 303);
    assert_eq!(sign_in(&ada, "ada", PASSWORD).await.status, 303);
    let own = site.user_id("root").await;
    assert_eq!(root.post_form(&format!("/admin/users/{own}/suspend"), &[]).await.status, 403);
    assert_eq!(
        site.one::<i64>("select count(*) from audit_log where action like 'moderate_%suspend'").await,
        2
    );
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn administration_exists_for_administrators_alone(pool: PgPool) {
    let site = Site::new(pool).await;
    let token = site.admin_link().await.unwrap();
    let newer = site.admin_link().await.unwrap();
    let link = format!("/become-admin/{newer}");
    assert_eq!(site.visitor().get(&format!("/become-admin/{token}")).await.status, 404, "an older link ends");
    let ada = site.registered("ada").await;
    let pages = ["/admin", "/admin/mails", "/admin/users", "/admin/queue"];
    for page in pages {
        assert_eq!(ada.get(page).await.status, 404, "{page}");
        assert_eq!(site.visitor().get(page).await.status, 404, "{page}");
    }
    assert_eq!(ada.get(&link).await.status, 200);
    assert_eq!(ada.get("/admin").await.status, 404, "looking at the link changes nothing");
    assert_eq!(ada.post_form(&link, &[]).await.status, 303);
    let is_confirmed = "select email_confirmed_at is not null from users";
    assert!(site.one::<bool>(is_confirmed).await, "whoever runs the site is believed");
    for page in pages {
        assert_eq!(ada.get(page).await.status, 200, "{page}");
    }
    assert_eq!(site.visitor().get(&link).await.status, 404, "the link works once");
    assert_eq!(site.admin_link().await, None);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_profile_tells_no_address(pool: PgPool) {
    let site = Site::new(pool).await;
    let ada = site.registered("ada").await;
    let form = [("display_name", "Ada <b>Lovelace</b>"), ("bio", "I count.")];
    assert_eq!(ada.post_form("/settings", &form).await.status, 303);
    let page = site.visitor().get("/u/ada").await.expect(200).text();
    assert!(page.contains("I count.") && page.contains("Ada &#60;b&#62;"), "{page}");
    assert!(!page.contains("people.test"));
    assert!(!ada.get("/u/ada").await.text().contains("people.test"));
    assert_eq!(site.visitor().get("/u/nobody").await.status, 404);
}

/// An SMTP server that takes one letter, or refuses it, and hands out what it was told.
async fn post_office(answer_to_data: &'static str) -> (Smtp, tokio::task::JoinHandle<String>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = Secret::new(format!("smtp://{}", listener.local_addr().unwrap()));
    let heard = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        let (mut heard, mut is_letter) = (String::new(), false);
        writer.write_all(b"220 office\r\n").await.unwrap();
        while let Some(line) = lines.next_line().await.unwrap() {
            heard += &format!("{line}\n");
            let answer = match line.split([' ', ':']).next().unwrap() {
                "." if is_letter => {
                    is_letter = false;
                    answer_to_data
                }
                _ if is_letter => continue,
                "DATA" => {
                    is_letter = true;
                    "354 go on"
                }
                "QUIT" => break,
                _ => "250 ok",
            };
            writer.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            if line == "." {
                break;
            }
        }
        heard
    });
    (Smtp { url, from: "Holdout <holdout@people.test>".to_owned() }, heard)
}

async fn post_letter(site: &Site) {
    let letter = Letter {
        unsubscribe_url: None,
        to: "ada@people.test".to_owned(),
        subject: "Greetings".to_owned(),
        body: "A one-time link.".to_owned(),
    };
    let mut conn = site.app.db.acquire().await.unwrap();
    mail::post(&mut conn, &letter, site.app.clock.now()).await.unwrap();
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_letter_is_sent_once_and_its_text_is_removed(pool: PgPool) {
    let (smtp, heard) = post_office("250 taken").await;
    let site = Site::with_mail(pool, Some(smtp.clone())).await;
    post_letter(&site).await;
    let postman = Postman::new(&smtp).unwrap();
    assert!(mail::deliver_next(&site.app, &postman).await.unwrap());
    assert!(!mail::deliver_next(&site.app, &postman).await.unwrap(), "it is sent once");
    let heard = heard.await.unwrap();
    assert!(heard.contains("RCPT TO:<ada@people.test>") && heard.contains("A one-time link."), "{heard}");
    assert_eq!(
        site.one::<i64>("select count(*) from mails where sent_at is not null and body = ''").await,
        1
    );
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_letter_that_is_refused_is_kept_and_tried_later(pool: PgPool) {
    let (smtp, heard) = post_office("451 the office is full").await;
    let site = Site::with_mail(pool, Some(smtp.clone())).await;
    post_letter(&site).await;
    let postman = Postman::new(&smtp).unwrap();
    site.run("update mails set next_attempt_at = clock_now() - interval '1 second'").await;
    site.run("create table before as select next_attempt_at as at from mails").await;
    assert!(mail::deliver_next(&site.app, &postman).await.unwrap());
    heard.await.unwrap();
    let kept = "select count(*) from mails, before
        where sent_at is null and attempts = 1 and body <> '' and last_error like '%office is full%'
          and next_attempt_at > at + interval '20 seconds'";
    assert_eq!(site.one::<i64>(kept).await, 1, "not at once again");
    site.run("update mails set next_attempt_at = clock_now() + interval '1 hour'").await;
    assert!(!mail::deliver_next(&site.app, &postman).await.unwrap(), "not before its time");
    site.run("update mails set attempts = 11, next_attempt_at = now()").await;
    let site_down = Postman::new(&smtp).unwrap();
    assert!(mail::deliver_next(&site.app, &site_down).await.unwrap());
    assert_eq!(site.one::<i64>("select count(*) from mails where next_attempt_at = 'infinity'").await, 1);
    let root = site.administrator("root").await;
    assert!(root.get("/admin/mails").await.expect(200).text().contains("A one-time link."));
}
