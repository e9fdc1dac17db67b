//! An upgrade while people send: servers and scorers are replaced one after the other, and nothing is lost.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::{PgPool, Row};
use tokio::task::JoinSet;

use super::proxy::Proxy;
use super::{Server, free_port, stop};
use crate::client::Client;
use crate::world::{Labels, World, sql};

const SEND_EVERY: Duration = Duration::from_millis(60);

struct Scorer(Child);

impl Scorer {
    fn start(world: &World) -> Self {
        let mut command = world.scorer(&["work"]).into_std();
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Scorer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a file every so often, whether or not the last was answered, until `is_over`; gives all answers.
async fn send_openly(people: Vec<Client>, is_over: Arc<AtomicBool>) -> Vec<u16> {
    let mut sending = JoinSet::new();
    let mut next = tokio::time::interval(SEND_EVERY);
    for number in 0.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        next.tick().await;
        let person = people[number % people.len()].clone();
        sending.spawn(async move {
            let key = format!("file-{number}");
            let headers = [("idempotency-key", key.as_str())];
            let file = Labels::predictions(250, 600);
            let path = "/api/v1/competitions/rolling/submissions";
            person.upload_with(path, "p.csv", file, &headers).await.status
        });
    }
    sending.join_all().await
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upgrade_under_load_loses_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    let arena = world.open_competition(&host, "rolling", &Labels::regression()).await;
    sql("update competitions set daily_limit = 1000").execute(&world.pool).await.unwrap();
    let ports: &'static [u16] = vec![free_port(), free_port()].leak();
    let proxy = Proxy::start(ports).await;
    let mut people = Vec::new();
    for name in ["bob", "cy", "di"] {
        let person = world.member(name).await;
        arena.join(&person).await;
        people.push(Client::new(&proxy.base).with_token(&person.token));
    }
    let mut servers = Vec::new();
    for port in ports {
        servers.push(Server::start(&world, *port, &proxy.base).await);
    }
    let mut scorers = [Scorer::start(&world), Scorer::start(&world)];

    let is_over = Arc::new(AtomicBool::new(false));
    let sending = tokio::spawn(send_openly(people, is_over.clone()));
    tokio::time::sleep(SEND_EVERY * 5).await;
    for (server, scorer) in servers.iter_mut().zip(&mut scorers) {
        let port = server.port;
        stop(&mut server.process).await;
        *server = Server::start(&world, port, &proxy.base).await;
        stop(&mut scorer.0).await;
        *scorer = Scorer::start(&world);
        tokio::time::sleep(SEND_EVERY * 5).await;
    }
    is_over.store(true, Ordering::Relaxed);
    let answers = sending.await.unwrap();
    assert!(answers.len() > 20, "there was a load: {answers:?}");
    assert!(answers.iter().all(|status| *status == 201), "{answers:?}");
    assert!(proxy.n_asked_again() > 0, "a server was away meanwhile");
    for server in servers {
        server.stop().await;
    }
    world.drain().await;
    let counted = sql("select (select count(*) from submissions),
                (select count(*) from submissions where state = 'scored'),
                (select count(*) from scores),
                (select coalesce(max(attempts), 0)::bigint from jobs where kind = 'score'),
                (select coalesce(sum(n_entries), 0)::bigint from competitions)")
    .fetch_one(&world.pool)
    .await
    .unwrap();
    let n = answers.len() as i64;
    let found: [i64; 5] = std::array::from_fn(|at| counted.get(at));
    assert_eq!(found, [n, n, n, 1, n], "each is received, scored and counted once, at the first attempt");
    world.close().await;
}
