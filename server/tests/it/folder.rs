//! Competitions as folders: what is said of wrong ones, and the way to a server and back.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdout::folder::problems::Problem;
use holdout::folder::read;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::tidy::root;
use crate::world::{Arena, Folder, Labels, Person, World, server_binary, until};

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

/// A host at a terminal, with a folder of their own.
struct Desk<'a> {
    world: &'a World,
    host: &'a Person,
    folder: Folder,
}

struct Told {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Desk<'_> {
    async fn run(&self, words: &[&str]) -> Told {
        let output = tokio::process::Command::new(server_binary())
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("HOLDOUT_SERVER", &self.world.base)
            .env("HOLDOUT_TOKEN", &self.host.token)
            .stdin(std::process::Stdio::null())
            .output()
            .await
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name}: {text}");
        fs::write(self.path(name), text.replace(from, to)).unwrap();
    }
}

impl Told {
    #[track_caller]
    fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        self
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Regression labels as a folder.
fn write_houses(folder: &Path) {
    let labels = Labels::regression();
    copy(&fixture("whole"), folder);
    fs::write(folder.join("solution.csv"), labels.solution).unwrap();
    fs::write(folder.join("data/sample_submission.csv"), labels.sample).unwrap();
    let settings = fs::read_to_string(folder.join("competition.toml")).unwrap();
    let settings = settings
        .replace("weight_column = \"weight\"\n", "")
        .replace("target = \"price\"", "target = \"target\"");
    fs::write(folder.join("competition.toml"), settings).unwrap();
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_folder_is_pushed_pulled_and_pushed_without_a_difference(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let desk = Desk { world: &world, host: &ada, folder: Folder::new() };
    write_houses(&desk.path("houses"));

    let told = desk.run(&["host", "push", "houses", "--dry-run"]).await.expect(2);
    for line in [
        "+ a new draft, “House prices”, at /c/house-prices",
        "+ pages/how-to-start.md, “How to start”",
        "+ data/train.csv",
        "solution.csv is sealed here",
    ] {
        assert!(told.out.contains(line), "{line}: {}", told.out);
    }
    ada.api.get("/api/v1/competitions/house-prices").await.expect(404);
    let told = desk.run(&["host", "push", "houses"]).await.expect(64);
    assert!(told.err.contains("--yes"), "nobody can be asked: {}", told.err);
    let told = desk.run(&["host", "push", "houses", "--yes"]).await.expect(0);
    assert!(told.out.contains("Pushed: "), "{}", told.out);
    assert_eq!(desk.run(&["host", "push", "houses"]).await.expect(0).out, "No difference.\n");

    let pull = ["host", "pull", "house-prices", "--into", "again"];
    let told = desk.run(&pull).await.expect(0);
    assert!(
        told.err.contains("cannot be given back") && told.err.contains("evaluation, data, rules"),
        "{}",
        told.err
    );
    desk.run(&pull).await.expect(1);
    assert!(!desk.path("again/solution.csv").exists());
    assert_eq!(desk.read("again/pages/overview.md"), desk.read("houses/pages/overview.md"));
    let sealed = ada.api.get("/api/v1/competitions/house-prices/folder").await.expect(200).json();
    let sealed = sealed["sealed_sha256"].as_str().unwrap();
    assert!(desk.read("again/competition.toml").contains(sealed), "the hash is left");
    assert!(desk.read("again/holdout.lock").contains(sealed));
    assert_eq!(desk.run(&["host", "push", "again"]).await.expect(0).out, "No difference.\n");
    assert_eq!(desk.run(&["host", "validate", "again"]).await.expect(0).out, "again can be pushed.\n");

    // A deleted page and another file are seen before they are sent.
    fs::remove_file(desk.path("again/pages/how-to-start.md")).unwrap();
    let told = desk.run(&["host", "push", "again", "--yes"]).await.expect(2);
    assert!(
        told.out.contains("competition.toml:") && told.out.contains("delete this entry too"),
        "{}",
        told.out
    );
    desk.replace(
        "again/competition.toml",
        "[[pages]]\nfile = \"how-to-start.md\"\ntitle = \"How to start\"\n",
        "",
    );
    desk.replace("again/pages/overview.md", "[how to start](how-to-start.md)", "what is there");
    desk.replace("again/data/train.csv", "1,3,100", "1,3,111");
    desk.replace("again/competition.toml", "Houses sold in 2024", "Houses");
    desk.replace(
        "again/competition.toml",
        "daily_limit = 7",
        "daily_limit = 8\ntotal_limit = 90\nboard_shows = \"own_row\"",
    );
    let told = desk.run(&["host", "push", "again", "--dry-run", "--json"]).await.expect(2);
    let changes: Value = serde_json::from_str(&told.out).unwrap();
    let kinds: Vec<&str> = changes["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| change["change"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["setting", "setting", "setting", "remove_page", "edit_page", "put_file"]);
    desk.run(&["host", "push", "again", "--yes"]).await.expect(0);
    bob.api.get("/api/v1/competitions/house-prices/pages/how-to-start").await.expect(404);
    assert_eq!(desk.run(&["host", "push", "again"]).await.expect(0).out, "No difference.\n");
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn after_the_launch_another_solution_makes_a_version_with_a_reason(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let desk = Desk { world: &world, host: &ada, folder: Folder::new() };
    let mut scorer = world.scorer(&["work"]).spawn().unwrap();
    write_houses(&desk.path("houses"));
    let starts = world.app.clock.now() - chrono::TimeDelta::days(1);
    let starts = starts.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    desk.replace("houses/competition.toml", "2026-12-01T00:00:00Z", &starts);
    desk.replace("houses/competition.toml", "2026-12-31", "2036-12-31");
    let told = desk.run(&["host", "push", "houses", "--launch", "--yes"]).await.expect(1);
    assert!(told.err.contains("The audit found a FAIL"), "{}", told.err);
    desk.replace("houses/competition.toml", "[metric]", "[audit]\nreason = \"Made-up labels.\"\n\n[metric]");
    let told = desk.run(&["host", "push", "houses", "--launch", "--yes"]).await.expect(0);
    assert!(told.out.contains("Pushed and launched"), "{}", told.out);

    let arena = Arena { id: 0, slug: "house-prices".to_owned(), host: ada.clone() };
    arena.join(&bob).await;
    let id = arena.submit(&bob, &Labels::predictions(1000, 1000)).await;
    let score = async || arena.submission(&bob, id).await["public_score"].as_f64();
    until(Duration::from_secs(60), "the first score", || async { score().await.is_some() }).await;
    let before = score().await;

    desk.replace("houses/solution.csv", "7000.321", "9000.321");
    desk.replace("houses/competition.toml", "daily_limit = 7", "daily_limit = 9");
    let told = desk.run(&["host", "push", "houses", "--yes"]).await.expect(64);
    assert!(told.err.contains("--reason"), "{}", told.err);
    assert!(
        told.out.contains("solution.csv is sealed here and sent: the file is another one"),
        "{}",
        told.out
    );
    let told =
        desk.run(&["host", "push", "houses", "--yes", "--reason", "Row r0 was wrong."]).await.expect(0);
    assert!(told.out.contains("Pushed"), "{}", told.out);
    assert_ne!(score().await, before);
    let versions = ada.api.get(&arena.api("/versions")).await.expect(200).json();
    assert_eq!(versions["items"][0]["reason"], "Row r0 was wrong.", "{versions}");
    assert_eq!(desk.run(&["host", "push", "houses"]).await.expect(0).out, "No difference.\n");

    // What cannot change after the launch is refused with the server's sentence.
    desk.replace("houses/competition.toml", "daily_limit = 9", "daily_limit = 3");
    let told = desk.run(&["host", "push", "houses", "--yes"]).await.expect(1);
    assert!(told.err.contains("never lowered"), "{}", told.err);
    scorer.kill().await.unwrap();
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn links_between_pages_lead_to_their_addresses_whatever_the_competition_is_called(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let draft = json!({"title": "Draft of ada", "slug": "draft"});
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let text = "See [the rules](rules.md#late), [the front](overview.md) and [rows](../data/train.csv).";
    let page = json!({"title": "About", "markdown": text});
    ada.api.send_json(Method::PUT, "/api/v1/competitions/draft/pages/about", &page).await.expect(204);
    let leads_into = async |slug: &str| {
        let page = ada.browser.get(&format!("/c/{slug}/p/about")).await.expect(200).text();
        for rest in ["/p/rules#late", "", "/data/train.csv"] {
            assert!(page.contains(&format!("<a href=\"/c/{slug}{rest}\"")), "{rest} in {page}");
        }
    };
    leads_into("draft").await;
    let change = json!({"slug": "renamed"});
    ada.api.send_json(Method::PATCH, "/api/v1/competitions/draft", &change).await.expect(200);
    leads_into("renamed").await;
    let read = ada.api.get("/api/v1/competitions/renamed/pages/about").await.expect(200).json();
    assert_eq!(read["markdown"], text, "what was written stays as it is");
    world.close().await;
}
