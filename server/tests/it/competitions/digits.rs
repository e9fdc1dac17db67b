//! How many digits a board shows before anybody sent a file.

use serde_json::json;
use sqlx::PgPool;
use ureq::http::Method;

use super::{Scene, api};

impl Scene {
    /// An examination that expects differences of so much to be told apart on the private rows.
    async fn expect_noise(&self, slug: &str, told_apart: f64, (n_public, n_private): (u64, u64)) {
        let check =
            json!({ "check": "P private rows", "verdict": "pass", "value": told_apart, "text": "Enough." });
        let profile = json!({ "id_column": "id", "target_columns": ["target"], "extra_columns": [],
                              "n_public": n_public, "n_private": n_private, "n_ignored": 0,
                              "split_was_made": false, "targets": [] });
        let audit = json!({ "overall": "PASS", "checks": [check] });
        let report = json!({ "profile": profile, "findings": [], "suggested_metrics": [], "audit": audit });
        self.report(slug, &report).await;
    }

    async fn decimals(&self, slug: &str) -> (i64, i64) {
        let decimals = async |path: &str| {
            let told = self.stranger.api.get(&api(slug, path)).await.expect(200).json();
            told["score_decimals"].as_i64().unwrap()
        };
        (decimals("").await, decimals("/leaderboard").await)
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_board_begins_with_the_digits_that_its_public_rows_are_worth(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let few = scene.whole_draft("few").await;
    scene.expect_noise(&few, 0.28, (100, 900)).await;
    scene.launch(&few).await.expect(200);
    assert_eq!(scene.decimals(&few).await, (1, 1), "an error of 0.3 on the public rows");

    let chosen = scene.whole_draft("chosen").await;
    let limits = json!({ "score_decimals": 3 });
    scene.host.api.send_json(Method::PATCH, &api(&chosen, ""), &limits).await.expect(200);
    scene.expect_noise(&chosen, 0.28, (100, 900)).await;
    scene.launch(&chosen).await.expect(200);
    assert_eq!(scene.decimals(&chosen).await, (3, 3), "what a host chose stands");

    let unknown = scene.launched("unknown").await;
    assert_eq!(scene.decimals(&unknown).await, (4, 4), "nobody knows the noise");
    scene.end().await;
}
