//! Bundles that hosts send to the server: a report first, a draft when they say so.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use super::zipped;
use crate::client::Part;
use crate::world::{Labels, World, sql};

fn kaggle_folder(labels: &Labels) -> Vec<u8> {
    zipped(&[
        ("houses/overview.md", b"# Houses of Ames\n\nPredict *prices*."),
        ("houses/train.csv", b"id,size,target\nt1,80,100\n"),
        ("houses/solution.csv", labels.solution.as_bytes()),
        ("houses/sample_submission.csv", labels.sample.as_bytes()),
        ("houses/unknown.bin", b"\x00\x01"),
    ])
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_program_reads_a_bundle_looks_at_the_report_and_makes_a_draft(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let labels = Labels::regression();
    let send = async |path: &str, bytes: Vec<u8>| {
        ada.api.send(Method::POST, path, Some("application/octet-stream"), bytes).await
    };
    world.visitor().upload("/api/v1/bundles", "x.zip", kaggle_folder(&labels)).await.expect(401);
    let refused = send("/api/v1/bundles", zipped(&[("a.txt", b"words")])).await.expect(422).json();
    assert_eq!(refused["field"], "file", "{refused}");
    assert!(refused["detail"].as_str().unwrap().contains("no bundle"), "{refused}");
    send("/api/v1/bundles?from=nothing", kaggle_folder(&labels)).await.expect(422);
    send("/api/v1/bundles", b"no archive".to_vec()).await.expect(422);

    let read = send("/api/v1/bundles", kaggle_folder(&labels)).await.expect(201).json();
    assert_eq!((&read["kind"], &read["title"]), (&json!("kaggle"), &json!("Houses of Ames")));
    assert_eq!((&read["has_solution"], &read["starts_at"]), (&json!(true), &Value::Null));
    let report = &read["report"];
    let told =
        ["carried", "changed", "not_carried", "to_do"].into_iter().flat_map(|part| items(&report[part]));
    let told: Vec<&str> = told.collect();
    assert!(told.iter().any(|what| what.contains("unknown.bin")), "nothing is dropped silently: {told:?}");
    let drafts = sql("select count(*) from competitions").fetch_one(&world.pool).await.unwrap();
    assert_eq!(drafts.get::<i64, _>(0), 0, "no draft before the host's word");

    let address = format!("/api/v1/bundles/{}", read["id"].as_str().unwrap());
    assert_eq!(ada.api.get(&address).await.expect(200).json()["report"], read["report"]);
    bob.api.get(&address).await.expect(404);
    bob.api.send_json(Method::POST, &format!("{address}/competition"), &json!({})).await.expect(404);
    no_label_in_the_clear(&world);
    let wish = json!({"slug": "ames"});
    let made = ada.api.send_json(Method::POST, &format!("{address}/competition"), &wish).await.expect(201);
    assert_eq!(made.json()["slug"], "ames");
    ada.api.get(&address).await.expect(404);
    let draft = ada.api.get("/api/v1/competitions/ames").await.expect(200).json();
    assert_eq!((&draft["state"], &draft["title"]), (&json!("draft"), &json!("Houses of Ames")));
    let sample = ada.api.get("/api/v1/competitions/ames/data/sample_submission.csv").await.expect(200);
    assert_eq!(sample.text(), labels.sample);
    let solution = ada.api.get("/api/v1/competitions/ames/solution").await.expect(200).json();
    assert!(solution["sealed_sha256"].is_string(), "{solution}");
    let pages = ada.api.get("/api/v1/competitions/ames/pages/overview").await.expect(200).json();
    assert!(pages["markdown"].as_str().unwrap().contains("Predict *prices*."), "{pages}");
    no_label_in_the_clear(&world);
    let kept = std::fs::read_dir(world.files().join("bundles")).unwrap().flatten();
    let kept: usize = kept.map(|owner| std::fs::read_dir(owner.path()).unwrap().count()).sum();
    assert_eq!(kept, 0, "files of a bundle that became a draft are gone");
    world.drain().await;
    world.close().await;
}

fn items(section: &Value) -> Vec<&str> {
    section.as_array().unwrap().iter().filter_map(|item| item["what"].as_str()).collect()
}

/// The solution's target column is in no stored file that is not sealed.
pub(super) fn no_label_in_the_clear(world: &World) {
    let mut rooms = vec![world.files().to_owned()];
    let labels: Vec<String> = (0..10).map(Labels::label).collect();
    while let Some(folder) = rooms.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                rooms.push(entry.path());
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let told = labels.iter().find(|label| text.contains(label.as_str()));
            assert!(told.is_none(), "{told:?} in {}", entry.path().display());
        }
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_sends_a_bundle_in_the_browser_and_reads_the_report(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let bundle = kaggle_folder(&Labels::regression());
    let send = async |kind: &str, bytes: &[u8]| {
        let parts = [Part::Text("from", kind), Part::File { field: "file", name: "bundle.zip", bytes }];
        ada.browser.post_multipart("/new/from-bundle", &parts).await
    };
    let corrected = send("", b"no archive").await.expect(422).text();
    assert!(corrected.contains("neither a zip file nor a tar.gz"), "{corrected}");
    let address = send("kaggle", &bundle).await.expect_redirect().location().to_owned();
    let report = ada.browser.get(&address).await.expect(200).text();
    for part in ["Houses of Ames", "Not carried over", "unknown.bin", "Make the draft", "a solution"] {
        assert!(report.contains(part), "{part}: {report}");
    }
    bob.browser.get(&address).await.expect(404);
    let wrong = ada.browser.post_form(&address, &[("title", "Houses"), ("slug", "X!")]).await.expect(422);
    assert!(wrong.text().contains("An address has"), "{}", wrong.text());
    let made = ada.browser.post_form(&address, &[("title", "Houses"), ("slug", "ames")]).await;
    assert_eq!(made.expect_redirect().location(), "/c/ames/host");
    assert!(ada.browser.get("/c/ames/host").await.expect(200).text().contains("Houses"));

    let other = send("", &bundle).await.expect_redirect().location().to_owned();
    bob.browser.post_form(&format!("{other}/forget"), &[]).await.expect(404);
    ada.browser.post_form(&format!("{other}/forget"), &[]).await.expect_redirect();
    ada.browser.get(&other).await.expect(404);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_closed_elsewhere_is_closed_here(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let closed = b"version: 2\ntitle: Closed\nregistration_auto_approve: False\nphases: [{name: One, start: 2026-01-01, max_submissions_per_day: 5000}]\n";
    let open = b"version: 2\ntitle: Open\nregistration_auto_approve: True\n";
    // Left out, it is false on the platform that the bundle comes from.
    let usual = b"version: 2\ntitle: Usual\n";
    for (yaml, slug, visibility) in [
        (&closed[..], "closed", "invitation"),
        (&open[..], "open", "public"),
        (&usual[..], "usual", "invitation"),
    ] {
        let bundle = zipped(&[("competition.yaml", yaml)]);
        let sent = ada.api.send(Method::POST, "/api/v1/bundles", Some("application/octet-stream"), bundle);
        let read = sent.await.expect(201).json();
        let told = items(&read["report"]["to_do"]).contains(&"invitations");
        assert_eq!(told, visibility == "invitation", "{slug}: {read}");
        let address = format!("/api/v1/bundles/{}/competition", read["id"].as_str().unwrap());
        let wish = json!({ "slug": slug, "higher_is_better": true });
        ada.api.send_json(Method::POST, &address, &wish).await.expect(201);
        let draft = ada.api.get(&format!("/api/v1/competitions/{slug}")).await.expect(200).json();
        assert_eq!(draft["visibility"], visibility, "{draft}");
    }
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_bundle_that_waits_for_too_long_is_forgotten_with_its_files(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let bundle = kaggle_folder(&Labels::regression());
    for expected in [201, 201, 201, 201, 201, 403] {
        let sent = ada.api.send(Method::POST, "/api/v1/bundles", Some("application/zip"), bundle.clone());
        sent.await.expect(expected);
    }
    world.let_pass(TimeDelta::days(2)).await;
    holdout::bundles::receive::sweep(&world.app).await.unwrap();
    let left = sql("select count(*) from bundle_files").fetch_one(&world.pool).await.unwrap();
    assert_eq!(left.get::<i64, _>(0), 0);
    let kept = std::fs::read_dir(world.files().join("bundles")).unwrap().flatten();
    let kept: usize = kept.map(|owner| std::fs::read_dir(owner.path()).unwrap().count()).sum();
    assert_eq!(kept, 0);
    world.drain().await;
    world.close().await;
}
