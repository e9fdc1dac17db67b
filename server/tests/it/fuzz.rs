//! Schemathesis against a real house: whatever it sends, no answer is a fault of ours, and every
//! answer is one that the document describes.
//!
//! Run by `scripts/test`; by hand: `cargo nextest run -p holdout --run-ignored only fuzz`.

use std::fs;
use std::path::Path;
use std::process::Output;

use holdout::api::openapi::document;
use serde_json::json;
use sqlx::PgPool;
use tokio::process::Command;
use ureq::http::Method;

use crate::tidy::root;
use crate::world::{Labels, Person, World, require_success, sql};

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";
/// Of each of the passes, where that is enough for every operation; a busy machine takes longer.
const SECONDS: u32 = 25;
const MOST_SECONDS: u32 = 200;
/// A check in the competition `houses`.
const OF_HOUSES: &str = "competition aG91c2Vz,purpose Y2hlY2s=";
/// No score is waited for: nobody computes any while requests are made. No token ends itself.
const HARMLESS: &str = "
[[operations]]
include-path = \"/api/v1/tokens/{id}\"
parameters = { \"path.id\" = 999999 }

[[operations]]
include-operation-id = \"submit\"
parameters = { \"query.wait\" = 0 }
";

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
#[ignore = "takes minutes and installs schemathesis; scripts/test runs it"]
async fn no_request_meets_a_fault_or_an_answer_that_is_not_described(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, host) = (world.admin("ada").await, world.member("host").await);
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    arena.join(&ada).await;
    let submission = arena.submit(&ada, &Labels::predictions(250, 617)).await;
    world.drain().await;
    sql("update competitions set daily_limit = 100").execute(&world.pool).await.unwrap();
    let draft = json!({"title": "Draft of ada", "slug": "draft"});
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let names = format!(
        "\"path.file\" = \"sample_submission.csv\"\n\"path.page\" = \"overview\"\n\"path.name\" = \"rmse\"\n\"path.number\" = 1\n\"path.id\" = {submission}\n"
    );
    let upload = begin_upload(&ada).await;
    let paths = document()["paths"].as_object().unwrap();
    let n_operations: usize = paths.values().map(|item| item.as_object().unwrap().len()).sum();
    for (pass, parameters) in [
        ("a competition", format!("[parameters]\n\"path.slug\" = \"houses\"\n{names}")),
        ("a draft", format!("[parameters]\n\"path.slug\" = \"draft\"\n{names}")),
        ("anything", String::new()),
    ] {
        let settings = world.folder.path().join("schemathesis.toml");
        fs::write(&settings, format!("{parameters}{HARMLESS}{}", uploads(&upload))).unwrap();
        let mut seconds = SECONDS;
        loop {
            let output = fuzz(&world, &ada.token, &settings, seconds).await;
            let told = String::from_utf8_lossy(&output.stdout);
            println!("{pass}: {told}");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            if told.contains(&format!("Tested: {n_operations}")) {
                break;
            }
            assert!(seconds < MOST_SECONDS, "not every operation was tried in {seconds} seconds");
            seconds *= 2;
        }
    }
    sql("delete from jobs where state = 'queued'").execute(&world.pool).await.unwrap();
    world.close().await;
}

/// An upload that requests can be about.
async fn begin_upload(person: &Person) -> String {
    let headers = [("tus-resumable", "1.0.0"), ("upload-length", "100000"), ("upload-metadata", OF_HOUSES)];
    let begun = person.api.send_with(Method::POST, "/api/v1/uploads", &headers, "").await.expect(201);
    begun.location().rsplit('/').next().unwrap().to_owned()
}

/// Requests about uploads are made so that some of them pass.
fn uploads(id: &str) -> String {
    format!(
        "
[[operations]]
include-path = \"/api/v1/uploads/{{id}}\"
parameters = {{ \"path.id\" = \"{id}\", \"header.Tus-Resumable\" = \"1.0.0\" }}

[[operations]]
include-operation-id = \"begin_upload\"
parameters = {{ \"header.Tus-Resumable\" = \"1.0.0\", \"header.Upload-Metadata\" = \"{OF_HOUSES}\" }}
"
    )
}

async fn fuzz(world: &World, token: &str, settings: &Path, seconds: u32) -> Output {
    let install = Command::new(root().join("scripts/schemathesis")).output().await.unwrap();
    require_success(&install);
    Command::new(root().join("scripts/schemathesis"))
        .arg("--config-file")
        .arg(settings)
        .args(["--no-color", "run", "--url", &world.base, "--checks", CHECKS])
        .args(["--max-time", &seconds.to_string(), "--workers", "1", "--request-timeout", "20"])
        .args(["--seed", "4", "--warnings", "off"])
        .args(["-H", &format!("Authorization: Bearer {token}")])
        .arg(root().join("docs/openapi.json"))
        .output()
        .await
        .unwrap()
}
