//! Parts of one upload that come by one server and by another, while whole files lie in a bucket.

use std::path::Path;

use holdout::App;
use holdout::config::Config;
use holdout::fellows::talk;
use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use super::PATIENCE;
use crate::client::{Answer, Client};
use crate::s3::{self, S3};
use crate::uploads::{PART, V1, begun};
use crate::world::{Folder, Labels, World, serve, until};

const N_PARTS: usize = 4;

/// A server of the same site with a data folder.
async fn another(world: &World, data_dir: &Path) -> (App, String) {
    let config = Config { data_dir: data_dir.to_owned(), ..world.app.config.clone() };
    std::fs::create_dir_all(config.writable_folder()).unwrap();
    let app = App::new(world.app.db.clone(), config).unwrap();
    talk::introduce(&app);
    tokio::spawn(talk::tell_forever(app.clone()));
    (app.clone(), serve(app).await)
}

async fn patch(at: &Client, address: &str, offset: usize, bytes: &[u8]) -> Answer {
    let offset = offset.to_string();
    at.send_with(Method::PATCH, address, &[V1, PART, ("upload-offset", &offset)], bytes).await
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upload_may_come_by_several_servers_which_find_out_when_they_share_no_folder(pool: PgPool) {
    let (bucket, elsewhere) = (Folder::new(), Folder::new());
    let s3 = S3::start(bucket.path());
    let environment = s3::environment(s3.port(), s3::SECRET_KEY);
    let world = World::in_bucket(pool, &s3::address(), environment, None).await;
    world.drain().await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let (one, first) = another(&world, world.folder.path()).await;
    let (other, second) = another(&world, world.folder.path()).await;
    let at = [&first, &second].map(|base| Client::new(base).with_token(&bob.token));

    let csv = Labels::predictions(250, 617).into_bytes();
    let address = begun(&bob, "submission", csv.len()).await;
    let part_bytes = csv.len().div_ceil(N_PARTS);
    for (number, part) in csv.chunks(part_bytes).enumerate() {
        patch(&at[number % 2], &address, number * part_bytes, part).await.expect(204);
    }
    let id = address.rsplit('/').next().unwrap();
    let path = arena.api("/submissions");
    let received = at[0].send_json(Method::POST, &path, &json!({ "upload": id })).await.expect(201).json();
    world.drain().await;
    let scored = arena.submission(&bob, received["id"].as_i64().unwrap()).await;
    assert_eq!(scored["public_score"], 0.25);
    assert!(!one.fellows.is_apart() && !other.fellows.is_apart(), "they share a folder");

    let (stranger, third) = another(&world, elsewhere.path()).await;
    until(PATIENCE, "the servers find out that one shares no folder with them", || async {
        one.fellows.is_apart() && other.fellows.is_apart()
    })
    .await;
    until(PATIENCE, "the stranger finds out", || async {
        other.fellows.note_writing(); // heard with what is told next, once the stranger listens
        stranger.fellows.is_apart()
    })
    .await;
    let address = begun(&bob, "submission", csv.len()).await;
    patch(&at[0], &address, 0, &csv[..part_bytes]).await.expect(204);
    let at_stranger = Client::new(&third).with_token(&bob.token);
    patch(&at_stranger, &address, part_bytes, &csv[part_bytes..]).await.expect(404);
    patch(&at[1], &address, part_bytes, &csv[part_bytes..]).await.expect(204);
    world.drain().await;
    tokio::join!(one.close(), other.close(), stranger.close(), world.close()); // they hold connections of one pool
}
