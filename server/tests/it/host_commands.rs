//! Verbs of the command line that hosts use once in a while, each typed as they would.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::command_line::{Shell, raised, scorer_at_work};
use crate::python::python;
use crate::world::{Labels, Person, World, scorer_binary, sql, until};

/// More than is sent in one piece.
const LARGE_BYTES: usize = 17 << 20;
pub const MODULE: &str = r#"
def score(solution, submission, row_id_column_name, factor=1.0):
    return factor * (solution["target"] - submission["target"]).abs().mean()
"#;

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_version_is_begun_scored_looked_at_published_and_given_up(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob, carol) =
        (world.member("ada").await, world.member("bob").await, world.member("carol").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for (person, errors) in [(&bob, (250, 617)), (&carol, (300, 400))] {
        arena.join(person).await;
        arena.submit(person, &Labels::predictions(errors.0, errors.1)).await;
    }
    let mut scorer = scorer_at_work(&world);
    let shell = Shell::of(&world, &ada).await;
    let host = |words: &[&str]| {
        [&["host", "versions"], words].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let json = async |words: &[&str]| {
        let words = host(words);
        shell.json(&words.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    let begun = json(&["new", "houses"]).await;
    assert_eq!((&begun["number"], &begun["stage"]), (&json!(2), &json!("draft")), "{begun}");
    shell.run(&["host", "versions", "new", "houses"]).await.expect(3); // one at a time
    shell.write("raised.csv", raised(&Labels::regression().solution));
    assert_eq!(shell.json(&["host", "solution", "houses", "raised.csv"]).await["version"], 2);
    shell.run(&["host", "versions", "start", "houses", "2"]).await.expect(64); // everybody reads a reason
    let started = json(&["start", "houses", "2", "--reason", "Half a point too low."]).await;
    assert_eq!(started["reason"], "Half a point too low.", "{started}");
    until(Duration::from_secs(60), "version 2 is scored", || async {
        json(&["show", "houses", "2"]).await["prepared_at"].is_string()
    })
    .await;
    let part = json(&["moves", "houses", "2", "--limit", "1"]).await;
    assert_eq!(part["items"].as_array().map(Vec::len), Some(1), "{part}");
    let rest = json(&["moves", "houses", "2", "--after", part["next"].as_str().unwrap()]).await;
    assert_ne!(rest["items"][0]["team"], part["items"][0]["team"], "{rest}");
    shell.run(&["host", "versions", "publish", "houses", "2"]).await.expect(64); // nobody can be asked
    assert_eq!(json(&["publish", "houses", "2", "--yes"]).await["stage"], "published");
    let score = shell.json(&["leaderboard", "houses"]).await["items"][0]["score"].as_f64();
    assert_eq!(score, Some(0.2), "carol leads");
    let drawn = shell.run(&["host", "versions", "list", "houses"]).await.expect(0).out;
    assert!(drawn.contains("Half a point too low.") && drawn.contains("published"), "{drawn}");

    assert_eq!(json(&["new", "houses"]).await["number"], 3);
    assert_eq!(json(&["abandon", "houses", "3"]).await["stage"], "abandoned");
    shell.run(&["host", "versions", "abandon", "houses", "2"]).await.expect(3); // it counts
    broken_rescoring_is_tried_again(&world, &shell).await;
    shell.run(&["host", "versions", "retry", "houses", "9"]).await.expect(4);
    scorer.kill().await.unwrap();
    world.drain().await;
    world.close().await;
}

/// Of which a competition can be made.
pub fn labelled_table() -> String {
    let mut table = "size,age,price\n".to_owned();
    for row in 0..300 {
        let (size, age) = (40 + row * 7 % 111, row * 13 % 60);
        writeln!(table, "{size},{age},{}", size * 3 - age + row % 5).unwrap();
    }
    table
}

async fn broken_rescoring_is_tried_again(world: &World, shell: &Shell) {
    let broken = sql("update jobs set state = 'failed', error = 'a fault of ours'
         where id = (select max(id) from jobs where kind = 'rescore') returning id");
    let id: i64 = broken.fetch_one(&world.pool).await.unwrap().get(0);
    shell.run(&["host", "versions", "retry", "houses", "2"]).await.expect(0);
    until(Duration::from_secs(60), "it is scored again", || async {
        let state = sql("select state from jobs where id = $1").bind(id);
        state.fetch_one(&world.pool).await.unwrap().get::<String, _>(0) != "failed"
    })
    .await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn one_table_becomes_a_competition_when_its_host_says_so(pool: PgPool) {
    let world = World::new(pool).await;
    let mut scorer = scorer_at_work(&world);
    let person = world.member("ada").await;
    let ada = Shell::of(&world, &person).await;
    ada.write("train.csv", labelled_table());
    let launch = ["launch", "train.csv", "--target", "price", "--title", "House prices", "--days", "10"];
    let told = ada.run(&launch).await.expect(64);
    assert!(
        told.err.contains("--yes") && told.err.contains("id column"),
        "the proposal is told: {}",
        told.err
    );
    assert_eq!(ada.json(&["competition", "house-prices"]).await["state"], "draft");
    proposed_pages_follow_the_table(&world, &person, &ada).await;
    let audit = ada.json(&["host", "audit", "house-prices"]).await;
    assert!(audit.to_string().contains(" 55 files "), "5 a day on 11 days: {audit}");
    let launched = ada.json(&["host", "launch", "house-prices", "--days", "10", "--yes"]).await;
    assert_eq!(launched["state"], "open");
    let second = ada.json(&[&launch[..], &["--slug", "again", "--yes"]].concat()).await;
    assert_eq!((&second["state"], &second["slug"]), (&json!("open"), &json!("again")), "{second}");
    let wrong = ["launch", "train.csv", "--target", "prize", "--title", "Wrong", "--yes", "--json"];
    let refused = ada.run(&wrong).await.expect(2).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("prize"), "{refused}");
    let proposal = ada.json(&["host", "table", "-c", "wrong", "--target", "price"]).await;
    assert_eq!(proposal["target_column"], "price", "{proposal}");
    let few = ada.json(&["host", "table", "wrong", "--test-percent", "10"]).await;
    assert!(few["n_test"].as_i64() < proposal["n_test"].as_i64(), "{few}");
    assert_eq!(ada.json(&["host", "launch", "wrong", "--days", "10", "--yes"]).await["state"], "open");
    ada.run(&["host", "table", "wrong"]).await.expect(4); // it went with the launch
    ada.run(&["launch", "nothing.csv", "--target", "x", "--title", "Nothing", "--yes"]).await.expect(1);
    scorer.kill().await.unwrap();
    world.drain().await;
    world.close().await;
}

/// Pages, API and command line say the same of what a scorer made of the table, whoever looks first; looking writes nothing.
async fn proposed_pages_follow_the_table(world: &World, host: &Person, shell: &Shell) {
    let rows = async || {
        let rows = sql("select string_agg(slug || markdown || updated_at, '|' order by slug) from pages");
        rows.fetch_one(&world.pool).await.unwrap().get::<String, _>(0)
    };
    let before = rows().await;
    let api = "/api/v1/competitions/house-prices/pages";
    let told = "Submissions are judged by";
    let by_api = host.api.get(&format!("{api}/evaluation")).await.expect(200);
    let etag = by_api.header("etag").to_owned();
    let markdown = by_api.json()["markdown"].clone();
    assert!(markdown.as_str().unwrap().contains(told), "{markdown}");
    let listed = host.api.get(api).await.expect(200).json();
    assert!(listed["items"].as_array().unwrap().iter().any(|page| page["markdown"] == markdown), "{listed}");
    let shown = shell.run(&["host", "pages", "show", "house-prices", "evaluation"]).await.expect(0).out;
    assert!(shown.contains(told), "{shown}");
    for (page, words) in [("p/evaluation", told), ("host/pages/evaluation", told), ("host/table", "price")] {
        let page = host.browser.get(&format!("/c/house-prices/{page}")).await.expect(200).text();
        assert!(page.contains(words), "{page}");
    }
    assert_eq!(rows().await, before, "a look has written");
    let text = json!({ "title": "Evaluation", "markdown": "Judged by **us**." }).to_string();
    let path = format!("{api}/evaluation");
    let put = async |tag: &str| {
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        host.api.send_with(Method::PUT, &path, &headers, text.clone().into_bytes()).await
    };
    put("\"other\"").await.expect(412);
    put(&etag).await.expect(204);
    host.api.send(Method::DELETE, &path, None, Vec::new()).await.expect(204);
    let again = host.api.get(&path).await.expect(200).json();
    assert_eq!(again["markdown"], markdown, "the proposal comes back");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_module_of_ones_own_is_sent_as_the_metric(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    let interpreter = tokio::task::spawn_blocking(|| python(&scorer_binary())).await.unwrap();
    let mut scorer = world.scorer(&["work"]).env("HOLDOUT_PYTHON", interpreter).spawn().unwrap();
    let shell = Shell::of(&world, &ada).await;
    shell.write("mine.py", MODULE);
    let send = ["host", "metric", "module", "houses", "mine.py", "--lower-is-better", "--param", "factor=2"];
    let version = shell.json(&send).await;
    assert_eq!((&version["number"], &version["metric"]), (&json!(2), &json!("custom")), "{version}");
    assert_eq!(version["params"]["factor"], 2, "{version}");
    let see = ["host", "rescore", "houses", "--reason", "Absolute errors.", "--yes"];
    assert_eq!(shell.json(&see).await["published"], true);
    let board = shell.json(&["leaderboard", "houses"]).await;
    assert!((board["items"][0]["score"].as_f64().unwrap() - 0.5).abs() < 1e-9, "{board}");
    assert_eq!(shell.json(&["host", "metric", "show", "houses"]).await["metric"], "custom");
    shell.run(&["host", "metric", "module", "houses", "absent.py"]).await.expect(1);
    shell.run(&[&send[..6], &["--param", "factor"]].concat()).await.expect(64);
    scorer.kill().await.unwrap();
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_webhook_is_pinged_and_its_delivery_listed(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let shell = Shell::of(&world, &world.member("ada").await).await;
    shell.json(&["host", "create", "--title", "Houses", "--slug", "houses"]).await;
    let hook = shell.json(&["host", "webhooks", "add", "houses", "https://example.org/hook"]).await;
    let id = hook["id"].to_string().trim_matches('"').to_owned();
    shell.run(&["host", "webhooks", "ping", "houses", &id]).await.expect(0);
    let sent = shell.json(&["host", "webhooks", "deliveries", "houses", &id]).await;
    assert_eq!(sent["items"][0]["event"], "ping", "{sent}");
    let drawn = shell.run(&["host", "webhooks", "deliveries", "houses", &id]).await.expect(0).out;
    assert!(drawn.contains("ping"), "{drawn}");
    shell.run(&["host", "webhooks", "ping", "houses", "99999"]).await.expect(4);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn large_labels_travel_sealed_and_in_parts(pool: PgPool) {
    let world = World::new(pool).await;
    let shell = Shell::of(&world, &world.member("ada").await).await;
    shell.json(&["host", "create", "--title", "Houses", "--slug", "houses"]).await;
    let rows = (0..).map(|row| format!("row{row},hidden-label-{row}\n"));
    let mut solution = "id,target\n".to_owned();
    rows.take_while(|row| {
        solution.push_str(row);
        solution.len() < LARGE_BYTES
    })
    .for_each(drop);
    shell.write("solution.csv", &solution);
    let stored = shell.json(&["host", "solution", "houses", "solution.csv"]).await;
    assert!(stored["sealed_bytes"].as_u64().unwrap() > LARGE_BYTES as u64, "{stored}");
    let spent = sql("select count(*) from uploads where purpose = 'solution' and spent_at is not null");
    assert_eq!(spent.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1);
    let kept = std::fs::read_dir(world.files().join("solutions")).unwrap().next().unwrap().unwrap();
    let sealed = std::fs::read_dir(kept.path()).unwrap().next().unwrap().unwrap();
    let sealed = std::fs::read(sealed.path()).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    assert!(!sealed.windows(13).any(|part| part == b"hidden-label-"), "a label in the clear");
    let copies = std::fs::read_dir(shell.path(".cache/holdout/sealed")).unwrap().count();
    assert_eq!(copies, 0, "what was taken is not kept");
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_large_data_file_travels_in_parts(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let shell = Shell::of(&world, &ada).await;
    shell.json(&["host", "create", "--title", "Houses", "--slug", "houses"]).await;
    let bytes: Vec<u8> = (0..LARGE_BYTES).map(|at| (at * 31 % 251) as u8).collect();
    shell.write("large.bin", &bytes);
    let add = ["host", "data", "add", "houses", "large.bin", "--name", "train.bin", "--role", "train"];
    let stored = shell.json(&add).await;
    let sha256 = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(&bytes));
    assert_eq!((&stored["name"], &stored["sha256"]), (&json!("train.bin"), &json!(sha256)), "{stored}");
    let spent = sql("select count(*) from uploads where purpose = 'data' and spent_at is not null");
    assert_eq!(spent.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1);
    let known = std::fs::read_dir(shell.path(".local/state/holdout/uploads")).unwrap().count();
    assert_eq!(known, 0, "what was spent is forgotten");
    let listed: Value = shell.json(&["host", "data", "list", "houses"]).await;
    assert_eq!(listed["items"][0]["size_bytes"], LARGE_BYTES, "{listed}");
    world.drain().await;
    world.close().await;
}
