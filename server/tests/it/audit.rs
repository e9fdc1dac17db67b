//! The launch audit from a host's files to the pages that people read: the contest whose winner studied the metric, metrics
//! that could not be judged, training data that came later, contests whose every row is public.

use std::path::Path;

use chrono::TimeDelta;
use holdout::leaderboard::settle;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Arena, Person, World, sql};

const SLUG: &str = "tourism-again";

fn demo(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/tourism-2010");
    std::fs::read(folder.join(name)).unwrap()
}

fn api(rest: &str) -> String {
    format!("/api/v1/competitions/{SLUG}{rest}")
}

async fn put(host: &Person, rest: &str, body: Vec<u8>) {
    host.api.send(Method::PUT, &api(rest), Some("application/octet-stream"), body).await.expect(200);
}

async fn replay(world: &World, host: &Person) {
    let wish = json!({ "title": "Tourism again", "slug": SLUG });
    host.api.send_json(Method::POST, "/api/v1/competitions", &wish).await.expect(201);
    for role in ["train", "sample_submission", "history"] {
        put(host, &format!("/data/{role}.csv?role={role}"), demo(&format!("{role}.csv"))).await;
    }
    put(host, "/solution", demo("solution.csv")).await;
    let about: Value = serde_json::from_slice(&demo("demo.json")).unwrap();
    let metric = json!({ "metric": about["metric"], "params": about["params"], "context": about["context"] });
    host.api.send_json(Method::PUT, &api("/metric"), &metric).await.expect(200);
    world.drain().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_replay_of_the_founding_contest_shows_its_fail_where_it_would_be_launched(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("host").await;
    replay(&world, &host).await;
    let page = format!("/c/{SLUG}/host/launch");
    let shown = host.browser.get(&page).await.expect(200).text();
    assert!(shown.contains("Audit: FAIL") && shown.contains("FAIL, leverage:"), "{shown}");
    assert!(shown.contains("spend all effort on them at the expense of the others"), "what it is good for");
    assert!(shown.contains("Use a metric in which series count alike"), "what would mend it");
    assert!(shown.contains("Why you are launching despite the audit"), "the reason is asked for");
    let report = host.api.get(&api("/audit")).await.expect(200).json();
    let leverage =
        report["checks"].as_array().unwrap().iter().find(|check| check["check"] == "G leverage").unwrap();
    assert_eq!((&report["overall"], &leverage["verdict"]), (&json!("FAIL"), &json!("fail")));
    assert!(leverage["value"].as_f64().unwrap() > 6.0, "{leverage}");

    host.browser.post_form(&page, &[("audit_reason", "")]).await.expect(422);
    let reason = "It is shown as it was.";
    host.browser.post_form(&page, &[("audit_reason", reason)]).await.expect_redirect();
    let rules = world.visitor().get(&format!("/c/{SLUG}/p/rules")).await.expect(200).text();
    assert!(rules.contains(reason) && rules.contains("FAIL"), "{rules}");
    world.close().await;
}

const LATER: &str = "later";

/// A draft with files, solution and metric, and the examination done.
async fn draft(world: &World, host: &Person, solution: &str, files: &[(&str, String)]) {
    let wish = json!({ "title": "Later", "slug": LATER });
    host.api.send_json(Method::POST, "/api/v1/competitions", &wish).await.expect(201);
    let rest = |rest: &str| format!("/api/v1/competitions/{LATER}{rest}");
    let put = async |path: &str, body: &str| {
        let kind = Some("application/octet-stream");
        host.api.send(Method::PUT, &rest(path), kind, body.as_bytes().to_vec()).await.expect(200);
    };
    for (role, csv) in files {
        put(&format!("/data/{role}.csv?role={role}"), csv).await;
    }
    put("/solution", solution).await;
    host.api.send_json(Method::PUT, &rest("/metric"), &json!({ "metric": "mae" })).await.expect(200);
    world.drain().await;
}

async fn launch(host: &Person) -> Value {
    let path = format!("/api/v1/competitions/{LATER}/launch");
    let wish = json!({ "days": 30, "audit_reason": "It is a test." });
    host.api.send_json(Method::POST, &path, &wish).await.expect(200).json()
}

/// What an examination of the draft would write whose audit ends so.
async fn audited(world: &World, overall: &str) {
    let check =
        json!({ "check": "R not judged", "verdict": "info", "value": null, "text": "It was too slow." });
    let report = json!({ "profile": null, "findings": [], "suggested_metrics": [],
                         "audit": { "overall": overall, "checks": [check] } });
    sql("update scoring_versions set report = $1, examined_revision = input_revision")
        .bind(&report)
        .execute(&world.pool)
        .await
        .unwrap();
    sql("update jobs set state = 'done', finished_at = now() where state = 'queued'")
        .execute(&world.pool)
        .await
        .unwrap();
}

fn noise(row: usize, seed: usize) -> f64 {
    ((row * (31 + 2 * seed) + 7) * 7919 % 1009) as f64 / 504.5 - 1.0
}

fn label(row: usize) -> f64 {
    50.0 + 20.0 * noise(row, 90)
}

fn rows(head: &str, row: impl Fn(usize) -> String) -> String {
    (0..240).map(|at| format!("r{at},{}\n", row(at))).fold(format!("{head}\n"), |all, row| all + &row)
}

fn sample() -> String {
    rows("id,target", |_| "0".to_owned())
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_module_that_was_not_judged_counts_with_a_written_reason_alone(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("host").await;
    let solution = rows("id,target,Usage", |row| {
        format!("{:.3},{}", label(row), if row % 2 == 0 { "Public" } else { "Private" })
    });
    draft(&world, &host, &solution, &[("sample_submission", sample())]).await;
    let rest = |rest: &str| format!("/api/v1/competitions/{LATER}{rest}");
    let source = "def score(solution, submission, row_id_column_name):\n    return 1.0\n";
    let module = json!({ "source": source, "file_name": "mine.py", "higher_is_better": true });
    host.api.send_json(Method::PUT, &rest("/metric/module"), &module).await.expect(200);
    let days = json!({ "days": 30 });
    host.api.send_json(Method::PATCH, &rest(""), &days).await.expect(200);
    audited(&world, "NOT_JUDGED").await;

    let page = host.browser.get(&format!("/c/{LATER}/host/launch")).await.expect(200).text();
    assert!(page.contains("Why people can trust a metric that was not judged"), "{page}");
    let report = host.api.get(&rest("/audit")).await.expect(200).json();
    assert_eq!((&report["overall"], &report["wants_audit_reason"]), (&json!("NOT_JUDGED"), &json!(true)));
    let refused = host.api.send_json(Method::POST, &rest("/launch"), &json!({})).await.expect(422).text();
    assert!(refused.contains("could not judge your metric"), "{refused}");
    let around = sql("update scoring_versions set activated_at = clock_now()").execute(&world.pool).await;
    let broken = around.unwrap_err().as_database_error().unwrap().constraint().map(str::to_owned);
    assert_eq!(broken.as_deref(), Some("scoring_versions_unjudged_module_has_reason"));

    let reason = "The ministry has published it for years.";
    let wish = json!({ "audit_reason": reason });
    host.api.send_json(Method::POST, &rest("/launch"), &wish).await.expect(200);
    let rules = world.visitor().get(&format!("/c/{LATER}/p/rules")).await.expect(200).text();
    assert!(
        rules.contains(reason) && rules.contains("the audit before the launch could not judge it"),
        "{rules}"
    );
    let metric = world.visitor().get(&rest("/metric")).await.expect(200).json();
    assert_eq!((&metric["audit"], &metric["audit_reason"]), (&json!("NOT_JUDGED"), &json!(reason)));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_metric_of_the_catalogue_that_was_not_judged_is_launched_and_that_is_told(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("host").await;
    let solution = "id,target,Usage\na,1,Public\nb,2,Private\nc,3,Private\n";
    let sample = "id,target\na,0\nb,0\nc,0\n".to_owned();
    draft(&world, &host, solution, &[("sample_submission", sample)]).await;
    let path = format!("/api/v1/competitions/{LATER}/launch");
    host.api
        .send_json(Method::PATCH, &format!("/api/v1/competitions/{LATER}"), &json!({ "days": 30 }))
        .await
        .expect(200);
    world.drain().await;
    host.api.send_json(Method::POST, &path, &json!({})).await.expect(200);
    let rules = world.visitor().get(&format!("/c/{LATER}/p/rules")).await.expect(200).text();
    assert!(rules.contains("could not judge this metric"), "{rules}");
    world.close().await;
}

fn features(row: usize) -> String {
    format!("{:.4},{:.4}", noise(row, 3), noise(row, 4))
}

/// Training rows, of which the first so many are rows of the test.
fn train(n_leaked: usize) -> String {
    rows("id,a,b,target", |row| {
        let of = if row < n_leaked { row } else { 300 + row };
        format!("{},{:.3}", features(of), label(of))
    })
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn training_data_that_are_replaced_after_the_launch_are_examined(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("host").await;
    let solution = rows("id,target,Usage", |row| {
        format!("{:.3},{}", label(row), if row % 2 == 0 { "Public" } else { "Private" })
    });
    let files = [("sample_submission", sample()), ("test", rows("id,a,b", features)), ("train", train(0))];
    draft(&world, &host, &solution, &files).await;
    let rest = |rest: &str| format!("/api/v1/competitions/{LATER}{rest}");
    let path = rest("/report");
    launch(&host).await;
    world.drain().await;
    let report = async || host.api.get(&path).await.expect(200).json();
    let launched_with = report().await;
    assert!(launched_with["files"].is_null(), "{launched_with}");
    let replace = async |n_leaked: usize| {
        let kind = Some("application/octet-stream");
        let body = train(n_leaked).into_bytes();
        host.api
            .send(Method::PUT, &rest("/data/train.csv?role=train&note=Mended"), kind, body)
            .await
            .expect(200);
    };
    replace(40).await;
    assert_eq!(report().await["files"]["is_current"], json!(false));
    world.drain().await;
    let found = report().await;
    let overlap = |findings: &Value| {
        findings
            .as_array()
            .unwrap()
            .iter()
            .find(|finding| finding["check"] == "row_overlap")
            .cloned()
            .unwrap()
    };
    assert_eq!(found["files"]["is_current"], json!(true), "{found}");
    assert_eq!(overlap(&found["files"]["findings"])["verdict"], "REFUSED", "{found}");
    assert_eq!(found["report"], launched_with["report"], "what it was launched with stays on record");
    let page = host.browser.get(&format!("/c/{LATER}/host/data")).await.expect(200).text();
    assert!(page.contains("What the files give away") && page.contains("40 of 240 test rows"), "{page}");
    world.visitor().get(&path).await.expect(401);

    // While a version is put together, they are part of its examination as well.
    host.api.send_json(Method::POST, &rest("/versions"), &json!({})).await.expect(201);
    replace(30).await;
    assert_eq!(report().await["is_current"], json!(false));
    world.drain().await;
    let found = report().await;
    assert!(overlap(&found["report"]["findings"])["text"].as_str().unwrap().contains("30 of 240"), "{found}");
    let start = json!({ "reason": "Another training file." });
    let refused =
        host.api.send_json(Method::POST, &rest("/versions/2/start"), &start).await.expect(403).text();
    assert!(refused.contains("30 of 240"), "{refused}");
    replace(0).await;
    world.drain().await;
    assert_eq!(overlap(&report().await["report"]["findings"])["verdict"], "PASS");
    world.close().await;
}

fn predictions(seed: usize, size: f64) -> String {
    rows("id,target", |row| format!("{:.6}", label(row) + size * noise(row, seed)))
}

fn mean_error(seed: usize, size: f64) -> f64 {
    let errors = (0..240).map(|row| {
        let truth: f64 = format!("{:.3}", label(row)).parse().unwrap();
        let sent: f64 = format!("{:.6}", label(row) + size * noise(row, seed)).parse().unwrap();
        (truth - sent).abs()
    });
    errors.sum::<f64>() / 240.0
}

/// What the launch makes of a board on 2,000 public rows that its host left to Holdout, and what they were told of it.
async fn launched_with_many_rows(pool: PgPool, is_site_open: bool, visibility: &str) -> (String, String) {
    const N_PUBLIC: usize = 2000;
    let world = World::new(pool).await;
    sql("alter table competitions alter column ladder set default 'auto'")
        .execute(&world.pool)
        .await
        .unwrap();
    let (root, host) = (world.admin("root").await, world.member("host").await);
    let row = |at: usize| {
        let usage = if at < N_PUBLIC { "Public" } else { "Private" };
        format!("r{at},{:.3},{usage}\n", label(at))
    };
    let all = 0..N_PUBLIC + 500;
    let solution: String =
        std::iter::once("id,target,Usage\n".to_owned()).chain(all.clone().map(row)).collect();
    let sample: String =
        std::iter::once("id,target\n".to_owned()).chain(all.map(|at| format!("r{at},0\n"))).collect();
    draft(&world, &host, &solution, &[("sample_submission", sample)]).await;
    let seen_by = json!({ "visibility": visibility });
    host.api.send_json(Method::PATCH, &format!("/api/v1/competitions/{LATER}"), &seen_by).await.expect(200);
    let site = json!({ "open_registration": is_site_open });
    root.api.send_json(Method::PATCH, "/api/v1/admin/site", &site).await.expect(200);
    let told = host.browser.get(&format!("/c/{LATER}/host/limits")).await.expect(200).text();
    let launched = launch(&host).await;
    world.close().await;
    (launched["ladder"].as_str().unwrap().to_owned(), told)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_board_on_many_rows_is_a_ladder_where_anybody_may_register(pool: PgPool) {
    let (ladder, told) = launched_with_many_rows(pool, true, "public").await;
    assert_eq!(ladder, "on");
    assert!(told.contains("Holdout proposes a Ladder: Anyone can register here"), "{told}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_board_on_many_rows_shows_every_score_where_registration_is_closed(pool: PgPool) {
    let (ladder, told) = launched_with_many_rows(pool, false, "public").await;
    assert_eq!(ladder, "off");
    assert!(told.contains("Holdout proposes to show every score"), "{told}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_board_on_many_rows_shows_every_score_to_those_who_were_invited(pool: PgPool) {
    let (ladder, told) = launched_with_many_rows(pool, true, "invitation").await;
    assert_eq!(ladder, "off", "{told}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_every_row_is_public_the_board_is_a_ladder_and_exact_public_scores_decide(pool: PgPool) {
    let world = World::new(pool).await;
    sql("alter table competitions alter column ladder set default 'auto'")
        .execute(&world.pool)
        .await
        .unwrap();
    let [host, bob, carol] =
        [world.member("host").await, world.member("bob").await, world.member("carol").await];
    let solution = rows("id,target,Usage", |row| format!("{:.3},Public", label(row)));
    draft(&world, &host, &solution, &[("sample_submission", sample())]).await;
    let page = host.browser.get(&format!("/c/{LATER}/host/launch")).await.expect(200).text();
    assert!(page.contains("All 240 rows are public and none is private"), "{page}");
    let report = host.api.get(&format!("/api/v1/competitions/{LATER}/audit")).await.expect(200).json();
    let checks = report["checks"].as_array().unwrap();
    let public_board = checks.iter().find(|check| check["check"] == "P public board").unwrap();
    assert_eq!(public_board["verdict"], "warn", "{public_board}");
    let launched = launch(&host).await;
    assert_eq!(launched["ladder"], "on", "{launched}");
    let told = world.visitor().get(&format!("/c/{LATER}/p/rules")).await.expect(200).text();
    assert!(told.contains("Every row of this competition is public"), "{told}");
    assert!(told.contains("The final ranking uses the exact scores of the same rows"), "{told}");

    let arena = Arena { id: launched["id"].as_i64().unwrap_or_default(), slug: LATER.to_owned(), host };
    arena.join(&bob).await;
    arena.join(&carol).await;
    // Bob's second file is better than his first by less than chance: the board holds it back.
    let files = [(&bob, 11, 8.0), (&carol, 12, 7.87), (&bob, 13, 7.8)];
    for (person, seed, size) in files {
        arena.submit(person, &predictions(seed, size)).await;
        world.drain().await;
    }
    let exact = files.map(|(_, seed, size)| mean_error(seed, size));
    let board = arena.board().await;
    let shown: Vec<f64> =
        board["items"].as_array().unwrap().iter().map(|row| row["score"].as_f64().unwrap()).collect();
    assert_eq!(shown.len(), 2, "{board}");
    assert!(shown.iter().all(|score| (score - exact[2]).abs() > 1e-4), "{shown:?} {exact:?}");

    world.let_pass(TimeDelta::days(40)).await;
    settle::round(&world.app).await.unwrap();
    let path = arena.api("/leaderboard?board=private");
    let board = arena.host.api.get(&path).await.expect(200).json();
    // What was held back counts where it was chosen; it stands in for no choice.
    let mut expected = [("carol", exact[1]), ("bob", exact[0])];
    expected.sort_by(|a, b| a.1.total_cmp(&b.1));
    let found = board["items"].as_array().unwrap().iter();
    let found: Vec<(&str, f64)> =
        found.map(|row| (row["team"].as_str().unwrap(), row["score"].as_f64().unwrap())).collect();
    for ((team, score), (wanted, exact)) in found.iter().zip(expected) {
        assert!(team.starts_with(wanted) && (score - exact).abs() < 1e-4, "{found:?} {expected:?}");
    }
    let page = world.visitor().get(&format!("/c/{LATER}/leaderboard")).await.expect(200).text();
    assert!(page.contains("ranked by the exact scores of the same rows as the public board"), "{page}");
    world.close().await;
}
