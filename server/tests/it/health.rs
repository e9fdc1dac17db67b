//! What proxies and monitors ask of a server, also while its database is away.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use holdout::App;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::client::Client;
use crate::world::{World, serve};

/// A pool waits for thirty seconds unless it is told otherwise.
const SOON: Duration = Duration::from_secs(15);

/// Another server of the same house, whose database is at another port.
async fn server_at(world: &World, database_port: u16) -> Client {
    let there = world.pool.connect_options().as_ref().clone().host("127.0.0.1").port(database_port);
    let app = App::new(PgPoolOptions::new().connect_lazy_with(there), world.app.config.clone()).unwrap();
    Client::new(&serve(app).await)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_server_without_its_database_is_alive_and_soon_says_that_it_is_not_ready(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let well = world.visitor();
    assert_eq!(well.get("/healthz").await.expect(200).text(), "alive\n");
    assert_eq!(well.get("/readyz").await.expect(200).text(), "ready\n");

    // One that takes connections and never answers, then none at all.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = server_at(&world, silent.local_addr().unwrap().port()).await;
    let refused = async |why: &str| {
        let asked = Instant::now();
        let told = server.get("/readyz").await.expect(503).text();
        assert_eq!(told, "the database does not answer\n", "{why}");
        assert!(asked.elapsed() < SOON, "{why}: after {:?}", asked.elapsed());
        server.get("/healthz").await.expect(200);
    };
    refused("silent").await;
    drop(silent);
    refused("gone").await;
    world.close().await;
}
