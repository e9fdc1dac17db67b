//! Every request can be found in the log by the name that its answer carries, and nothing secret can.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Labels, World, sql};

const PASSWORD: &str = "open sesame, please";
const HEADER: &str = "x-request-id";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// What the server writes from now on, more of it than an operator would ask for.
    fn keep() -> Self {
        let log = Self::default();
        let to = log.clone();
        let filter =
            holdout_contract::log::filter("info,holdout=trace,axum=trace,tower_http=trace,sqlx=debug");
        let subscriber =
            tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(move || to.clone());
        subscriber.try_init().unwrap();
        log
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Lines on behalf of a request.
    fn of(&self, id: &str) -> Vec<Value> {
        let lines = self.text();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["span"]["id"] == id).collect()
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_request_is_found_by_its_name_and_no_secret_is_found_at_all(pool: PgPool) {
    let log = Log::keep();
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let hash = world.app.passwords.hash(PASSWORD.to_owned()).await.unwrap();
    sql("update users set password_hash = $1").bind(hash).execute(&world.pool).await.unwrap();
    let visitor = world.visitor();

    // Names from outside count for nothing here.
    let named = visitor.get_with("/no-such-page", &[(HEADER, "from-outside-1")]).await.expect(404);
    let id = named.header(HEADER).to_owned();
    assert!(id.len() == 32 && named.text().contains(&id), "a person can quote {id}: {}", named.text());
    let problem = visitor.get("/api/v1/competitions/none").await.expect(404);
    assert_eq!(problem.json()["request_id"], problem.header(HEADER));
    assert_ne!(problem.header(HEADER), id);

    // Signing in by form and by program, rightly and wrongly; a lost password; tokens; uploads.
    let form = |password: &'static str| [("login", "bob"), ("username", "bob"), ("password", password)];
    visitor.post_form("/sign-in", &form("wrong secret words")).await;
    let signed_in = visitor.post_form("/sign-in", &form(PASSWORD)).await;
    let cookie = visitor.cookie(holdout::accounts::sessions::COOKIE).unwrap_or_default();
    assert!(!cookie.is_empty(), "{} {}", signed_in.status, signed_in.text());
    let session = json!({ "username": "bob@people.test", "password": PASSWORD, "name": "mine" });
    let made = visitor.send_json(Method::POST, "/api/v1/sessions", &session).await.expect(201).json();
    let token = made["token"].as_str().unwrap().to_owned();
    visitor
        .post_form("/forgot-password", &[("login", "bob@people.test"), ("username", "bob@people.test")])
        .await;
    let secret = "0123456789abcdef0123456789abcdef0123456789abcdef";
    visitor.get(&format!("/reset-password/{secret}?next=bob@people.test")).await;
    let nobody = visitor.with_token("hld_notatokenofanybody").get("/api/v1/me").await.expect(401);
    arena.join(&bob).await;
    let by_token = visitor.with_token(&token).get("/api/v1/me").await.expect(200);
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    arena.send(&bob, "wrong.csv", format!("id,prediction\n1,{}\n", Labels::label(0))).await;
    world.drain().await;
    // Something of ours breaks, with names and addresses in the request.
    sql("alter table competitions rename column subtitle to was_subtitle")
        .execute(&world.pool)
        .await
        .unwrap();
    let broken = bob.api.get("/api/v1/competitions/houses?email=bob@people.test").await.expect(500);
    sql("alter table competitions rename column was_subtitle to subtitle")
        .execute(&world.pool)
        .await
        .unwrap();

    let cause = log.of(broken.header(HEADER));
    assert!(
        cause.iter().any(|line| line["level"] == "ERROR" && line["fields"]["cause"].is_string()),
        "{cause:?}"
    );
    assert_eq!(broken.json()["request_id"], broken.header(HEADER));
    let answered = log.of(by_token.header(HEADER));
    let last = answered.last().unwrap();
    assert_eq!((&last["fields"]["status"], &last["span"]["route"]), (&json!(200), &json!("/api/v1/me")));
    let refused = log.of(nobody.header(HEADER));
    let last = refused.last().unwrap();
    assert_eq!((&last["level"], &last["fields"]["status"]), (&json!("INFO"), &json!(401)));
    let text = log.text();
    for event in ["wrong_password", "signed_in", "made_token"] {
        assert!(text.contains(event), "{event} is not in the log");
    }
    assert!(!text.contains("from-outside-1"));
    let hidden =
        [PASSWORD, "wrong secret words", &cookie, &token, secret, "hld_notatoken", "people.test", "argon2id"];
    let people = bob.secrets.iter().chain(&ada.secrets).map(String::as_str);
    for secret in hidden.into_iter().chain(people) {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    for label in (0..10).map(Labels::label) {
        assert!(!text.contains(&label), "the label {label} is in the log");
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_trusted_proxy_names_requests_and_nonsense_names_none(pool: PgPool) {
    use holdout::config::Config;
    use holdout::web::proxies::Proxies;

    let world = World::configured(pool, |config| Config { proxies: Proxies::Private, ..config }).await;
    let visitor = world.visitor();
    let asked = async |id: &str| {
        visitor.get_with("/healthz", &[(HEADER, id)]).await.expect(200).header(HEADER).to_owned()
    };
    assert_eq!(asked("from-the-proxy-7").await, "from-the-proxy-7");
    for nonsense in
        ["short", "a\"b<script>c", "far-too-long-0123456789-0123456789-0123456789-0123456789-0123456789"]
    {
        let id = asked(nonsense).await;
        assert!(id.len() == 32 && id != nonsense, "{id}");
    }
    world.close().await;
}
