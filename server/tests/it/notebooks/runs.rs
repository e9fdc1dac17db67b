//! Runs from the top: asked for by the author, done by a real runner in its sandbox, read by who may read the
//! notebook, submitted with one click.

use std::time::{Duration, Instant};

use super::*;
use crate::custom_metrics::interpreter;
use crate::world::{require_success, until};

/// Reads the competition's data and writes predictions that are wrong by known amounts.
pub const MODEL: [&str; 3] = [
    "import pandas\nsample = pandas.read_csv('/kaggle/input/houses/sample_submission.csv')\nsample.head()",
    "sample['target'] = [7000 + row + 0.321 + (0.25 if row < 3 else 0.617) for row in range(10)]",
    "import os\nos.makedirs('more')\nopen('more/page.html', 'w').write('<script>alert(1)</script>')\nsample.to_csv('submission.csv', index=False)",
];

pub fn notebook(cells: &[&str]) -> Vec<u8> {
    let cells: Vec<Value> = cells
        .iter()
        .enumerate()
        .map(|(number, source)| {
            json!({ "cell_type": "code", "id": format!("c{number}"), "metadata": {}, "execution_count": null,
                    "outputs": [], "source": source })
        })
        .collect();
    let language = json!({ "language_info": { "name": "python" } });
    json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": language, "cells": cells })
        .to_string()
        .into_bytes()
}

/// A runner of notebooks with bounds, not started yet.
pub fn runner(world: &World) -> tokio::process::Command {
    let bounds = ["--seconds", "60", "--memory-mb", "1024", "--disk-mb", "64"];
    let mut runner = world.scorer(&[&["run-notebooks"][..], &bounds].concat());
    runner.env_remove("HOLDOUT_SCORER_KEY");
    runner
}

impl Library {
    fn runner(&self) -> tokio::process::Command {
        runner(&self.world)
    }

    /// As if a runner were there, for what is decided before anything runs.
    async fn announce_runner(&self) {
        sql("insert into notebook_runners (id, host, started_at, last_seen_at, at_once, memory_mb, disk_mb, seconds, environment)
             values (gen_random_uuid(), 'here', now(), now() + interval '1 hour', 1, 1024, 64, 60, 'Python')")
            .execute(&self.world.pool)
            .await
            .unwrap();
    }

    async fn do_runs(&self) {
        let output =
            self.runner().arg("--drain").env("HOLDOUT_PYTHON", interpreter().await).output().await.unwrap();
        require_success(&output);
    }

    /// Starts a runner and waits for the cell with this word; `None` where this machine runs no notebooks.
    async fn begin(&self, marker: &str) -> Option<tokio::process::Child> {
        let mut runner = self.runner().env("HOLDOUT_PYTHON", interpreter().await).spawn().unwrap();
        let since = Instant::now();
        while !runs_somewhere(marker) {
            if let Some(status) = runner.try_wait().unwrap() {
                panic!("the runner ended: {status}");
            }
            let refusal = sql("select refusal from notebook_runners where refusal is not null");
            if let Some(row) = refusal.fetch_optional(&self.world.pool).await.unwrap() {
                eprintln!("NOT RUN: notebooks are refused on this machine: {}", row.get::<String, _>(0));
                runner.kill().await.unwrap();
                sql("delete from jobs").execute(&self.world.pool).await.unwrap();
                return None;
            }
            assert!(since.elapsed() < Duration::from_secs(90), "the run begins");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(runner)
    }

    async fn run(&self, owner: &Person, name: &str, version: i32) -> Answer {
        let path = api(owner, name, &format!("/versions/{version}/runs"));
        owner.api.send_json(Method::POST, &path, &json!({})).await
    }

    async fn show_run(&self, owner: &Person, name: &str, run: &Value) -> Value {
        owner.api.get(&api(owner, name, &format!("/runs/{run}"))).await.expect(200).json()
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_notebook_runs_from_the_top_and_what_it_predicts_is_submitted_with_one_click(pool: PgPool) {
    let library = Library::open(pool).await;
    let (bob, erin) = (&library.bob, &library.erin);
    let output =
        library.runner().arg("--drain").env("HOLDOUT_PYTHON", interpreter().await).output().await.unwrap();
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        eprintln!("NOT RUN: notebooks are refused on this machine: {said}");
        assert!(said.contains("the sandbox cannot be set up"), "{said}");
        library.close().await;
        return;
    }
    let name =
        share(bob, "competition=houses&visibility=public&name=model&title=Model", &notebook(&MODEL)).await;
    library.announce_runner().await;

    let asked = library.run(bob, &name, 1).await.expect(201).json();
    assert_eq!(asked["state"], "waiting");
    let again = library.run(bob, &name, 1).await.expect(200).json();
    assert_eq!(again["id"], asked["id"], "one run of a version is open at a time");
    library.world.drain().await; // scorers leave it alone
    assert_eq!(library.show_run(bob, &name, &asked["id"]).await["state"], "waiting");
    library.do_runs().await;

    let run = erin.api.get(&api(bob, &name, &format!("/runs/{}", asked["id"]))).await.expect(200).json();
    assert_eq!(run["state"], "ran", "{run}");
    assert_eq!(
        (&run["n_cells_run"], &run["n_code_cells"], &run["cell"]),
        (&json!(3), &json!(3), &Value::Null)
    );
    assert!(
        run["environment"].as_str().unwrap().contains("pandas") && run["seconds"].as_f64().unwrap() > 0.0
    );
    let paths: Vec<_> =
        run["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["submission.csv", "more/page.html"]);

    let at = |rest: &str| page(bob, &name, &format!("/runs/{}{rest}", asked["id"]));
    let visitor = library.world.visitor();
    let shown = visitor.get(&at("")).await.expect(200).text();
    assert!(shown.contains("Runs from the top") && shown.contains("sample_submission"), "{shown}");
    let file = visitor.get(&at("/files/2")).await.expect(200);
    assert!(file.text().contains("<script>"));
    let kind = |name: &str| file.headers.get(name).cloned().unwrap_or_default();
    assert!(kind("content-disposition").starts_with("attachment"), "an output is never a page");
    assert_eq!(kind("content-type"), "application/octet-stream");
    let executed: Value =
        serde_json::from_str(&visitor.get(&at("/notebook")).await.expect(200).text()).unwrap();
    assert_eq!(executed["cells"][1]["execution_count"], 2);
    for place in [page(bob, &name, ""), "/notebooks".to_owned(), "/c/houses/notebooks".to_owned()] {
        assert!(visitor.get(&place).await.expect(200).text().contains("Runs from the top"), "{place}");
    }
    let listed = visitor.get("/api/v1/notebooks").await.expect(200).json();
    assert_eq!(listed["items"][0]["runs_from_the_top"], true);

    let form = Some("application/x-www-form-urlencoded");
    let button = bob.browser.send(Method::POST, &at("/submit"), form, Vec::new()).await;
    assert_eq!(button.status, 303);
    let shown = bob.browser.get(&at("")).await.expect(200).text();
    assert!(shown.contains("Its submission.csv was submitted") && !shown.contains("Submit its"), "{shown}");
    let submission = api(bob, &name, &format!("/runs/{}/submission", asked["id"]));
    let twice = bob.api.send_json(Method::POST, &submission, &json!({})).await.expect(201).json();
    assert_eq!(
        library.count("select count(*) from submissions").await,
        1,
        "one submission, however often it is sent"
    );
    library.world.drain().await;
    let submission = library.arena.submission(bob, twice["submission_id"].as_i64().unwrap()).await;
    assert!((submission["public_score"].as_f64().unwrap() - 0.25).abs() < 1e-9, "{submission}");
    let document = visitor.get(&api(bob, &name, "")).await.expect(200).json();
    assert_eq!(document["score"]["version"], 1);
    assert!((document["score"]["public"].as_f64().unwrap() - 0.25).abs() < 1e-6, "{document}");

    // The badge is of the newest version, and each version keeps its newest three runs.
    let worse = notebook(&["1 / 0", "x = 1"]);
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", worse).await.expect(201);
    let document = visitor.get(&api(bob, &name, "")).await.expect(200).json();
    assert_eq!(document["runs_from_the_top"], false);
    for _ in 0..4 {
        library.run(bob, &name, 2).await.expect(201);
        library.do_runs().await;
    }
    let runs = bob.api.get(&api(bob, &name, "/runs")).await.expect(200).json();
    let states: Vec<_> =
        runs["items"].as_array().unwrap().iter().map(|run| run["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["cell_failed", "cell_failed", "cell_failed", "ran"]);
    let failed = library.show_run(bob, &name, &runs["items"][0]["id"]).await;
    assert_eq!(failed["cell"], 1);
    assert!(failed["traceback"].as_str().unwrap().contains("ZeroDivisionError"), "{failed}");
    let submission = api(bob, &name, &format!("/runs/{}/submission", failed["id"]));
    assert_eq!(bob.api.send_json(Method::POST, &submission, &json!({})).await.status, 403);

    // With the notebook go the files of its runs; the submission keeps its own.
    let files = library.world.files().join("runs");
    assert_eq!(count_files(&files), 3 + 3, "executed notebooks and two outputs");
    bob.api.send(Method::DELETE, &api(bob, &name, ""), None, Vec::new()).await.expect(204);
    assert_eq!((count_files(&files), library.n_files()), (0, 0));
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn only_the_author_asks_and_who_may_read_the_notebook_reads_its_runs(pool: PgPool) {
    let library = Library::open(pool).await;
    let (bob, carol, erin, dave) = (&library.bob, &library.carol, &library.erin, &library.dave);
    let visitor = library.world.visitor();
    let name = share(bob, "competition=houses&visibility=team&name=ours&title=Ours", &notebook(&MODEL)).await;

    let without = library.run(bob, &name, 1).await;
    assert_eq!(without.status, 403);
    assert!(without.text().contains("no runner is enabled"), "{}", without.text());
    let shown = bob.browser.get(&page(bob, &name, "")).await.expect(200).text();
    assert!(shown.contains("no runner is enabled") && !shown.contains("/versions/1/run\""), "{shown}");
    library.announce_runner().await;
    let shown = bob.browser.get(&page(bob, &name, "")).await.expect(200).text();
    assert!(shown.contains("/versions/1/run\""), "{shown}");

    let path = api(bob, &name, "/versions/1/runs");
    for (person, status) in [(carol, 403), (erin, 404), (dave, 404), (&library.root, 404)] {
        let answer = person.api.send_json(Method::POST, &path, &json!({})).await;
        assert_eq!(answer.status, status, "{}", person.name);
    }
    assert_eq!(visitor.send_json(Method::POST, &path, &json!({})).await.status, 401);
    let run = library.run(bob, &name, 1).await.expect(201).json();
    let rest = format!("/runs/{}", run["id"]);
    for (person, status) in [(bob, 200), (carol, 200), (erin, 404), (dave, 404)] {
        for address in [api(bob, &name, &rest), api(bob, &name, "/runs")] {
            assert_eq!(person.api.get(&address).await.status, status, "{} {address}", person.name);
        }
        for address in [page(bob, &name, &rest), page(bob, &name, "/runs")] {
            assert_eq!(person.browser.get(&address).await.status, status, "{} {address}", person.name);
        }
        for file in ["/notebook", "/files/1"] {
            assert_eq!(person.browser.get(&page(bob, &name, &format!("{rest}{file}"))).await.status, 404);
        }
    }
    // A run is named under its own notebook alone.
    let other =
        share(erin, "competition=houses&visibility=public&name=hers&title=Hers", &notebook(&MODEL)).await;
    assert_eq!(erin.api.get(&api(erin, &other, &rest)).await.status, 404);

    // Who may not read the data does not run with them; what is no Python is not run.
    let alone = share(dave, "visibility=public&name=alone&title=Alone", &notebook(&MODEL)).await;
    library.run(dave, &alone, 1).await.expect(201);
    let shown = dave.browser.get(&page(dave, &alone, "")).await.expect(200).text();
    assert!(shown.contains("It waits for a runner."), "{shown}");
    let queue = library.root.api.get("/api/v1/admin/queue").await.expect(200).json();
    let without = |job: &&Value| job["kind"] == "run" && job["slug"].is_null();
    assert_eq!(queue["waiting"].as_array().unwrap().iter().filter(without).count(), 1, "{queue}");
    let outsider =
        share(dave, "competition=houses&visibility=public&name=outside&title=Out", &notebook(&MODEL)).await;
    assert!(library.run(dave, &outsider, 1).await.text().contains("Accept the rules first"));
    let mut julia: Value = serde_json::from_slice(&notebook(&["1"])).unwrap();
    julia["metadata"]["language_info"]["name"] = json!("julia");
    let julia = share(bob, "competition=houses&name=julia&title=Julia", julia.to_string().as_bytes()).await;
    assert!(library.run(bob, &julia, 1).await.text().contains("Only notebooks in Python"));

    // So many a day, also by those who ask at once.
    sql("delete from jobs").execute(&library.world.pool).await.unwrap();
    sql("update notebook_runs set state = 'stopped', finished_at = clock_now()")
        .execute(&library.world.pool)
        .await
        .unwrap();
    sql("insert into notebook_runs (notebook_id, number, asked_by, asked_at, state, finished_at)
         select notebook_id, number, asked_by, asked_at, 'stopped', finished_at from notebook_runs, generate_series(1, 18)")
        .execute(&library.world.pool)
        .await
        .unwrap();
    library.run(bob, &name, 1).await.expect(201);
    sql("update notebook_runs set state = 'stopped', finished_at = clock_now() where finished_at is null")
        .execute(&library.world.pool)
        .await
        .unwrap();
    assert_eq!(library.run(bob, &name, 1).await.status, 429);
    sql("delete from jobs").execute(&library.world.pool).await.unwrap();
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_run_that_a_killed_runner_held_is_done_by_the_next_and_given_up_after_three(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let marker = marker();
    let name = share(bob, "competition=houses&visibility=public&name=slow&title=Slow", &slow(&marker)).await;
    library.announce_runner().await;
    let run = library.run(bob, &name, 1).await.expect(201).json();
    let Some(mut runner) = library.begin(&marker).await else { return library.close().await };
    runner.kill().await.unwrap();
    until(Duration::from_secs(20), "all processes of the run end with its runner", || async {
        !runs_somewhere(&marker)
    })
    .await;

    // Its lease runs out, and a scorer puts the run back; the third time it is given up.
    for attempt in 1..=3 {
        sql("update jobs set state = 'leased', lease = gen_random_uuid(), attempts = $1, lease_until = now() - interval '1 second',
                 spoken = (select newest from contract)
             where kind = 'run' and state in ('queued', 'leased')")
            .bind(attempt)
            .execute(&library.world.pool)
            .await
            .unwrap();
        library.world.drain().await;
        let expected = if attempt < 3 { "waiting" } else { "failed" };
        assert_eq!(library.show_run(bob, &name, &run["id"]).await["state"], expected, "attempt {attempt}");
    }
    let text = library.show_run(bob, &name, &run["id"]).await["text"].as_str().unwrap().to_owned();
    assert!(text.contains("disappeared"), "{text}");
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_run_that_waits_vanishes_when_it_is_cancelled_and_one_that_runs_ends(pool: PgPool) {
    let library = Library::open(pool).await;
    let (bob, carol, erin, dave) = (&library.bob, &library.carol, &library.erin, &library.dave);
    let marker = marker();
    let name = share(bob, "visibility=public&name=slow&title=Slow", &slow(&marker)).await;
    library.announce_runner().await;

    // Before it begins, nothing is left of it.
    let run = library.run(bob, &name, 1).await.expect(201).json();
    let address = api(bob, &name, &format!("/runs/{}/cancel", run["id"]));
    for person in [carol, erin, dave] {
        assert_eq!(person.api.send_json(Method::POST, &address, &json!({})).await.status, 403);
    }
    let visitor = library.world.visitor();
    assert_eq!(visitor.send_json(Method::POST, &address, &json!({})).await.status, 401);
    let at = page(bob, &name, &format!("/runs/{}", run["id"]));
    assert!(bob.browser.get(&at).await.expect(200).text().contains("/cancel\""));
    assert!(!carol.browser.get(&at).await.expect(200).text().contains("/cancel\""));
    bob.api.send_json(Method::POST, &address, &json!({})).await.expect(204);
    assert_eq!(bob.api.send_json(Method::POST, &address, &json!({})).await.status, 404);
    assert_eq!(library.count("select count(*) from notebook_runs").await, 0);
    assert_eq!(library.count("select count(*) from jobs where kind = 'run'").await, 0);

    // While it runs, it ends with all its processes, and who ended it is on record.
    let run = library.run(bob, &name, 1).await.expect(201).json();
    let Some(mut runner) = library.begin(&marker).await else { return library.close().await };
    assert_eq!(library.show_run(bob, &name, &run["id"]).await["state"], "running");
    let address = api(bob, &name, &format!("/runs/{}/cancel", run["id"]));
    let root = &library.root;
    let cancelled = root.api.send_json(Method::POST, &address, &json!({})).await.expect(200).json();
    assert_eq!((&cancelled["state"], &cancelled["cancelled_by"]), (&json!("cancelled"), &json!(root.name)));
    until(Duration::from_secs(60), "all processes of the run end", || async { !runs_somewhere(&marker) })
        .await;
    let again = bob.api.send_json(Method::POST, &address, &json!({})).await.expect(200).json();
    assert_eq!(again["cancelled_by"], json!(root.name), "it is cancelled once");
    let on_record = "select count(*) from audit_log where action = 'moderate_cancel_run'";
    assert_eq!(library.count(on_record).await, 1);

    // The runner goes on with what is next; what came to its end cannot be cancelled.
    let next = notebook(&["1 + 1"]);
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", next).await.expect(201);
    let next = library.run(bob, &name, 2).await.expect(201).json();
    until(Duration::from_secs(60), "the next run", || async {
        library.show_run(bob, &name, &next["id"]).await["state"] == "ran"
    })
    .await;
    assert_eq!(library.show_run(bob, &name, &run["id"]).await["state"], "cancelled");
    let address = api(bob, &name, &format!("/runs/{}/cancel", next["id"]));
    assert_eq!(bob.api.send_json(Method::POST, &address, &json!({})).await.status, 403);
    runner.kill().await.unwrap();
    library.close().await;
}

/// A word that no other process has among its arguments, and for which `sleep` waits for a day.
fn marker() -> String {
    format!("86400.{}", uuid::Uuid::now_v7().as_u128() % 1_000_000_000)
}

/// A notebook whose cell does not end.
fn slow(marker: &str) -> Vec<u8> {
    notebook(&[&format!("import subprocess\nsubprocess.run(['setsid', 'sleep', '{marker}'])")])
}

/// Whether a process of this machine has this word among its arguments.
fn runs_somewhere(word: &str) -> bool {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines = entries.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(word))
}
