//! A disk that is nearly full: files are refused in words, and everything else goes on.

use holdout::config::Config;
use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use crate::client::Part;
use crate::telemetry::{told, value};
use crate::world::{Labels, World};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_are_refused_while_the_disk_is_nearly_full(pool: PgPool) {
    let world = World::configured(pool, |config| Config { disk_reserve_mb: 1 << 40, ..config }).await;
    world.drain().await;
    let [ada, root] = [world.member("ada").await, world.admin("root").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let bob = world.member("bob").await;
    arena.join(&bob).await;

    let refused = arena.send(&bob, "predictions.csv", Labels::predictions(250, 617)).await.expect(507);
    assert_eq!(refused.json()["type"], "no_room");
    assert!(refused.text().contains("Nothing already received is lost"), "{}", refused.text());
    let file = Part::File { field: "file", name: "p.csv", bytes: b"id,target\n" };
    let page = bob.browser.post_multipart("/c/houses/submit", &[file]).await.expect(507);
    assert!(page.text().contains("There is no space for files at the moment"), "{}", page.text());
    let topic = json!({ "title": "Is it full?", "markdown": "It seems so." });
    bob.api.send_json(Method::POST, &arena.api("/topics"), &topic).await.expect(201);

    let status = world.visitor().get("/status").await.expect(200).text();
    assert!(status.contains("Files cannot be stored at the moment"), "{status}");
    assert_eq!(value(&told(&world).await, "holdout_files_refused"), 1.0);
    let overview = root.browser.get("/admin").await.expect(200).text();
    assert!(overview.contains("Files are being refused: less than"), "{overview}");
    world.close().await;
}
