//! The launch audit from a host's files to the pages that people read: the contest whose winner studied the metric.

use std::path::Path;

use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Person, World};

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
    assert!(shown.contains("Why you launch over the audit"), "the reason is asked for");
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
