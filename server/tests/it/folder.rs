//! Competitions as folders: what is said of wrong ones, and the way to a server and back.

use std::fs;
use std::path::{Path, PathBuf};

use holdout::folder::problems::Problem;
use holdout::folder::read;
use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use crate::tidy::root;
use crate::world::{Labels, World};

fn fixture(name: &str) -> PathBuf {
    root().join("server/tests/fixtures/folders").join(name)
}

/// Every folder beside an `expect.txt` is told exactly what stands there.
#[test]
fn each_wrong_folder_is_told_all_that_is_wrong() {
    let mut n_folders = 0;
    for entry in fs::read_dir(fixture("")).unwrap().flatten() {
        let expected = fs::read_to_string(entry.path().join("expect.txt")).unwrap_or_default();
        let found = problems(&entry.path());
        assert_eq!(found, expected, "{}", entry.path().display());
        n_folders += 1;
    }
    assert_eq!(n_folders, 3);
}

fn problems(folder: &Path) -> String {
    let reading = read::read(folder, holdout_contract::catalogue::known());
    let lines = reading.problems.iter().map(Problem::to_string);
    lines.map(|line| line + "\n").collect()
}

#[test]
fn a_folder_that_is_none_is_told_so() {
    assert_eq!(problems(&fixture("absent")), "competition.toml: error: There is no such file.\n");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn pages_stand_in_the_order_that_a_host_gives_them(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    ada.api.send_json(Method::POST, "/api/v1/competitions", &json!({ "title": "Order" })).await.expect(201);
    let base = "/api/v1/competitions/order";
    let order = |slugs: &[&str]| json!({ "slugs": slugs });
    let all = async || {
        let pages = ada.api.get(&format!("{base}/pages")).await.expect(200).json();
        let slugs =
            pages["items"].as_array().unwrap().iter().map(|page| page["slug"].as_str().unwrap().to_owned());
        slugs.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(all().await, "overview evaluation data rules");
    let path = format!("{base}/pages-order");
    ada.api.send_json(Method::PUT, &path, &order(&["rules", "data"])).await.expect(204);
    assert_eq!(all().await, "rules data overview evaluation");
    let refused = ada.api.send_json(Method::PUT, &path, &order(&["prizes"])).await.expect(422);
    assert!(refused.text().contains("“prizes”"), "{}", refused.text());
    bob.api.send_json(Method::PUT, &path, &order(&["data"])).await.expect(404);
    ada.browser.post_form("/c/order/host/pages/overview/up", &[]).await.expect_redirect();
    assert_eq!(all().await, "rules overview data evaluation");
    ada.browser.post_form("/c/order/host/pages/rules/up", &[]).await.expect_redirect();
    assert_eq!(all().await, "rules overview data evaluation");
    bob.browser.post_form("/c/order/host/pages/data/up", &[]).await.expect(404);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_page_that_every_competition_has_falls_back_to_the_proposal_until_the_launch(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    ada.api.send_json(Method::POST, "/api/v1/competitions", &json!({ "title": "Back" })).await.expect(201);
    let rules = "/api/v1/competitions/back/pages/rules";
    let text = async || ada.api.get(rules).await.expect(200).json()["markdown"].as_str().unwrap().to_owned();
    let proposed = text().await;
    let mine = json!({ "title": "Rules", "markdown": "Be kind." });
    ada.api.send_json(Method::PUT, rules, &mine).await.expect(204);
    assert_eq!(text().await, "Be kind.");
    ada.api.send(Method::DELETE, rules, None, Vec::new()).await.expect(204);
    assert_eq!(text().await, proposed);
    let arena = world.open_competition(&ada, "running", &Labels::regression()).await;
    ada.api.send_json(Method::PUT, &arena.api("/pages/rules"), &mine).await.expect(204);
    ada.api.send(Method::DELETE, &arena.api("/pages/rules"), None, Vec::new()).await.expect(403);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_alone_is_told_what_a_folder_would_hold(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    bob.api.get(&arena.api("/folder")).await.expect(404);
    let folder = ada.api.get(&arena.api("/folder")).await.expect(200).json();
    assert_eq!(folder["competition"]["metric"]["name"], "rmse", "{folder}");
    assert_eq!(folder["competition"]["data"][0]["role"], "sample_submission");
    assert_eq!((folder["version"].as_i64(), folder["state"].as_str()), (Some(1), Some("open")));
    assert_eq!(folder["sealed_sha256"].as_str().map(str::len), Some(64));
    assert!(!folder.to_string().contains("7003"), "no label is told: {folder}");
    world.close().await;
}
