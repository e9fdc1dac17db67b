//! A draft is given up with all that belongs to it; what was launched stays.

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use super::{Scene, api};
use crate::world::{composed_sql, sql};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_draft_is_deleted_by_its_host_and_what_is_launched_by_nobody(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let draft = scene.whole_draft("second").await;
    let mail = json!({ "emails": ["carol@people.test"], "visibility": "invitation" });
    scene.host.api.send_json(Method::PATCH, &api(&draft, ""), &mail).await.expect(200);
    let rows = async |table: &str| {
        let counted =
            format!("select count(*) from {table} where competition_id in (select id from competitions)");
        composed_sql(counted).fetch_one(&scene.world.pool).await.unwrap().get::<i64, _>(0)
    };
    assert!(rows("data_files").await > 0 && rows("scoring_versions").await > 0);
    scene.stranger.api.send_json(Method::DELETE, &api(&draft, ""), &Value::Null).await.expect(404);
    let typed = [("slug", "secnod")];
    let page = scene.host.browser.post_form("/c/second/host/discard", &typed).await.expect(422).text();
    assert!(page.contains("Type the draft") && page.contains("secnod"), "{page}");
    scene.host.browser.get("/c/second/host").await.expect(200);

    let typed = [("slug", " second ")];
    let gone = scene.host.browser.post_form("/c/second/host/discard", &typed).await.expect_redirect();
    assert_eq!(gone.location(), "/");
    scene.host.browser.get("/c/second/host").await.expect(404);
    for table in
        ["data_files", "scoring_versions", "competition_hosts", "competition_invitations", "forums", "jobs"]
    {
        assert_eq!(rows(table).await, 0, "{table}");
    }
    let left_to_scorers =
        sql("select count(*), bool_and(has_table_privilege('holdout_scorer', 'discarded_drafts', 'delete'))
             from discarded_drafts");
    let left_to_scorers = left_to_scorers.fetch_one(&scene.world.pool).await.unwrap();
    assert_eq!((left_to_scorers.get::<i64, _>(0), left_to_scorers.get::<bool, _>(1)), (1, true));
    let noted =
        "select detail ->> 'slug' from audit_log where action = 'discard_draft' and competition_id is null";
    assert_eq!(sql(noted).fetch_one(&scene.world.pool).await.unwrap().get::<String, _>(0), "second");
    scene.draft("second").await; // the address is free again
    scene.host.api.send_json(Method::DELETE, &api("second", ""), &Value::Null).await.expect(204);

    let launched = scene.launched("houses").await;
    let refused =
        scene.host.api.send_json(Method::DELETE, &api(&launched, ""), &Value::Null).await.expect(403);
    assert!(refused.text().contains("a launched competition stays on record"));
    scene.host.browser.post_form("/c/houses/host/discard", &[("slug", "houses")]).await.expect(422);
    scene.host.api.get(&api(&launched, "")).await.expect(200);
    scene.end().await;
}
