//! Two servers on one database and one place of files: each knows at once what happened at the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use holdout::App;
use holdout::accounts::sessions;
use holdout::ids::UserId;
use holdout::kaggle::desk;
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use ureq::http::Method;

use super::{Server, command, free_port};
use crate::client::Client;
use crate::open_pages::OpenPage;
use crate::world::{Labels, Person, World, sql, until};

const SOON: Duration = Duration::from_secs(20);
const REQUESTS_A_MINUTE: usize = 40;

/// The people of a world at one of its servers.
struct At {
    base: String,
}

impl At {
    fn api(&self, person: &Person) -> Client {
        Client::new(&self.base).with_token(&person.token)
    }

    fn browser(&self, person: &Person) -> Client {
        let browser = Client::new(&self.base);
        browser.set_cookie(sessions::COOKIE, &person.browser.cookie(sessions::COOKIE).unwrap());
        browser
    }

    fn visitor(&self) -> Client {
        Client::new(&self.base)
    }
}

/// An SMTP server that takes every letter; how often each subject came.
async fn post_office() -> (String, Arc<Mutex<BTreeMap<String, usize>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("smtp://{}", listener.local_addr().unwrap());
    let taken = Arc::new(Mutex::new(BTreeMap::new()));
    let all = taken.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take_letters(stream, all.clone()));
        }
    });
    (url, taken)
}

async fn take_letters(stream: TcpStream, taken: Arc<Mutex<BTreeMap<String, usize>>>) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut is_letter = false;
    writer.write_all(b"220 office\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        if let Some(subject) = line.strip_prefix("Subject: ") {
            *taken.lock().unwrap().entry(subject.to_owned()).or_default() += 1;
        }
        let answer = match line.as_str() {
            "." if is_letter => "250 taken",
            _ if is_letter => continue,
            "DATA" => "354 go on",
            _ => "250 ok",
        };
        is_letter = line == "DATA";
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

async fn start_two(world: &World, smtp: &str) -> ([Server; 2], [At; 2]) {
    let start = async || {
        let port = free_port();
        let mut command = command(world, port, &format!("http://127.0.0.1:{port}"));
        command
            .env("HOLDOUT_SMTP_URL", smtp)
            .env("HOLDOUT_LEAVE_AFTER_SECONDS", "3")
            .env("HOLDOUT_API_REQUESTS_A_MINUTE", REQUESTS_A_MINUTE.to_string());
        Server::started(command, port).await
    };
    let servers = [start().await, start().await];
    let bases = [0, 1].map(|at| At { base: format!("http://127.0.0.1:{}", servers[at].port) });
    (servers, bases)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn two_servers_are_one_site(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, root, bob] = [world.member("ada").await, world.admin("root").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let (smtp, taken) = post_office().await;
    for number in 0..30 {
        sql("insert into mails (to_address, subject, body, created_at, next_attempt_at)
             values ('ada@people.test', 'Letter ' || $1, 'Hello.', clock_now(), clock_now())")
        .bind(number.to_string())
        .execute(&world.pool)
        .await
        .unwrap();
    }
    let (servers, [one, other]) = start_two(&world, &smtp).await;

    // Sessions and settings.
    for at in [&one, &other] {
        assert!(at.browser(&ada).get("/settings").await.expect(200).text().contains("ada adason"));
    }
    let named = json!({ "name": "One site" });
    one.api(&root).send_json(Method::PATCH, "/api/v1/admin/site", &named).await.expect(200);
    until(SOON, "the other server knows the site's name", || async {
        other.visitor().get("/").await.expect(200).text().contains("One site")
    })
    .await;

    // Boards and what open pages are told.
    let board = "/c/houses/leaderboard";
    for at in [&one, &other] {
        assert!(!at.visitor().get(board).await.expect(200).text().contains("bob bobson"));
    }
    let mut open_page = OpenPage::at(servers[1].port, "/c/houses/live?on=board").await;
    let path = arena.api("/submissions");
    one.api(&bob).upload(&path, "p.csv", Labels::predictions(250, 617)).await.expect(201);
    world.drain().await;
    for at in [&one, &other] {
        assert!(at.visitor().get(board).await.expect(200).text().contains("bob bobson"));
    }
    open_page.hears("event: board").await;

    // Limits.
    let forgotten = json!({ "username": "ada" });
    for _ in 0..3 {
        one.visitor().send_json(Method::POST, "/api/v1/password-resets", &forgotten).await;
    }
    let mut statuses = Vec::new();
    while statuses.len() < 3 && !statuses.contains(&429) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let asked = other.visitor().send_json(Method::POST, "/api/v1/password-resets", &forgotten).await;
        statuses.push(asked.status);
    }
    assert!(statuses.contains(&429), "three tries are those of all servers together: {statuses:?}");
    let cy = world.member("cy").await;
    let asks = async |at: &At| at.api(&cy).get("/api/v1/metrics").await.status;
    let mut is_shared = false;
    // The allowance fills up meanwhile, so that it is emptied anew; the other server alone would give far more.
    for _ in 0..20 {
        while asks(&one).await != 429 {}
        tokio::time::sleep(Duration::from_millis(300)).await;
        if asks(&other).await == 429 {
            is_shared = true;
            break;
        }
    }
    assert!(is_shared, "a caller has one allowance, not one a server");

    // Letters.
    until(SOON, "all letters are sent", || async {
        let unsent = sql("select count(*) from mails where sent_at is null").fetch_one(&world.pool).await;
        sqlx::Row::get::<i64, _>(&unsent.unwrap(), 0) == 0
    })
    .await;
    let taken = taken.lock().unwrap().clone();
    let letters: Vec<_> = taken.iter().filter(|(subject, _)| subject.starts_with("Letter ")).collect();
    assert!(letters.len() == 30 && letters.iter().all(|(_, n)| **n == 1), "{taken:?}");
    // Leaving: a proxy is told first, while requests are still taken.
    servers[0].ask_to_stop();
    until(SOON, "a server that leaves is not ready", || async {
        one.visitor().get("/readyz").await.status == 503
    })
    .await;
    one.visitor().get("/").await.expect(200);
    for server in servers {
        server.stop().await;
    }
    open_page.hears_the_end().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_address_that_one_server_signed_is_good_at_the_other(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let fellow = App::new(world.app.db.clone(), world.app.config.clone()).unwrap();
    let sign = |app: &App| app.kaggle.sign(UserId(7), "houses/train.csv", app.clock.now());
    let is_good = |app: &App, ticket: &str| {
        app.kaggle.bearer(ticket, "houses/train.csv", app.clock.now()) == Some(UserId(7))
    };
    assert!(!is_good(&fellow, &sign(&world.app)));
    for app in [&world.app, &fellow] {
        desk::refresh(app).await.unwrap();
    }
    let ticket = sign(&world.app);
    assert!(is_good(&fellow, &ticket));
    sql("update ticket_keys set made_at = now() - interval '25 hours'").execute(&world.pool).await.unwrap();
    for app in [&world.app, &fellow] {
        desk::refresh(app).await.unwrap();
    }
    assert!(is_good(&fellow, &ticket) && is_good(&fellow, &sign(&world.app)), "the key before is still good");
    sql("update ticket_keys set made_at = now() - interval '3 days'").execute(&world.pool).await.unwrap();
    desk::refresh(&fellow).await.unwrap();
    assert!(!is_good(&fellow, &ticket), "keys are dropped");
    world.close().await;
}
