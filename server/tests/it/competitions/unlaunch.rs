//! A launch is taken back while nobody entered, and never afterwards, also where somebody joins at the same moment.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use super::{Scene, api};
use crate::client::Answer;
use crate::world::sql;

const ROUNDS: usize = 12;

impl Scene {
    async fn unlaunch(&self, slug: &str) -> Answer {
        self.host.api.send_json(Method::DELETE, &api(slug, "/launch"), &Value::Null).await
    }

    async fn commitment_stands(&self) -> bool {
        sql("select stands from commitments").fetch_one(&self.world.pool).await.unwrap().get(0)
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_nobody_entered_becomes_a_draft_again_and_can_be_changed(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("houses").await;
    scene.examine(&slug, json!([])).await;
    sql("insert into commitments (version_id, competition_id, input_revision, solution_sha256, sha256, sealed_salt, made_at, stands)
         select id, competition_id, input_revision, sha256('a'), sha256('b'), 'salt', clock_now(), false from scoring_versions")
        .execute(&scene.world.pool)
        .await
        .unwrap();
    scene.unlaunch(&slug).await.expect(403);
    scene.launch(&slug).await.expect(200);
    assert!(scene.commitment_stands().await);
    scene.put(&slug, "/solution", "id,target,Usage\na,1,Private\nb,2,Public\n").await.expect(403);
    let raw = "update scoring_versions set activated_at = null, stage = 'draft'";
    let refused = sql(raw).execute(&scene.world.app.db).await.unwrap_err().to_string();
    assert!(refused.contains("a version that may count stays one"), "{refused}");
    let raw = sql("update competitions set launched_at = null").execute(&scene.world.app.db).await;
    assert!(raw.unwrap_err().to_string().contains("moved out, never in"));

    let page = scene.host.browser.get("/c/houses/host").await.expect(200).text();
    assert!(page.contains("Take the launch back") && page.contains("Make it a draft again"), "{page}");
    scene.stranger.api.send_json(Method::DELETE, &api(&slug, "/launch"), &Value::Null).await.expect(404);
    scene.stranger.browser.post_form("/c/houses/host/unlaunch", &[]).await.expect(404);
    assert_eq!(scene.unlaunch(&slug).await.expect(200).json()["state"], "draft");
    scene.world.visitor().get("/c/houses").await.expect(404);
    assert!(!scene.commitment_stands().await, "it goes with the launch");
    let noted = sql("select detail ->> 'launched_at' from audit_log where action = 'unlaunch'");
    assert!(noted.fetch_one(&scene.world.pool).await.unwrap().get::<Option<String>, _>(0).is_some());

    scene.put(&slug, "/solution", "id,target,Usage\na,1,Private\nb,2,Public\n").await.expect(200);
    scene.launch(&slug).await.expect(403);
    scene.examine(&slug, json!([])).await;
    scene.launch(&slug).await.expect(200);
    let by_page = scene.host.browser.post_form("/c/houses/host/unlaunch", &[]).await.expect_redirect();
    assert_eq!(by_page.location(), "/c/houses/host");
    scene.launch(&slug).await.expect(200);
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_somebody_entered_or_is_scored_otherwise_stays_launched(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let joined = scene.launched("joined").await;
    scene
        .stranger
        .api
        .send_json(Method::POST, &api(&joined, "/join"), &json!({ "accept_rules": true }))
        .await;
    let n_teams = sql("select count(*) from teams").fetch_one(&scene.world.pool).await.unwrap();
    assert_eq!(n_teams.get::<i64, _>(0), 1);
    let page = scene.host.browser.get("/c/joined/host").await.expect(200).text();
    assert!(!page.contains("Take the launch back"), "{page}");
    assert!(scene.unlaunch(&joined).await.expect(403).text().contains("nobody has joined"));
    let page = scene.host.browser.post_form("/c/joined/host/unlaunch", &[]).await.expect(422).text();
    assert!(page.contains("nobody has joined"), "{page}");

    let versions = scene.launched("versions").await;
    scene.host.api.send_json(Method::POST, &api(&versions, "/versions"), &json!({})).await.expect(201);
    scene.unlaunch(&versions).await.expect(403);
    let over = scene.launched("over").await;
    sql("update competitions set starts_at = clock_now() - interval '3 days', entry_deadline_at = clock_now() - interval '2 days',
             merger_deadline_at = clock_now() - interval '2 days', ends_at = clock_now() - interval '1 day', moves_over_outage = false
         where slug = 'over'")
        .execute(&scene.world.pool)
        .await
        .unwrap();
    scene.unlaunch(&over).await.expect(403);
    scene.end().await;
}

/// Both wait behind one gate: whichever comes first, nobody is in a draft.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_joins_what_is_taken_back_at_the_same_moment(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    for round in 0..ROUNDS {
        let slug = scene.launched(&format!("race-{round}")).await;
        let mut gate = scene.world.pool.begin().await.unwrap();
        sql("select from competitions for update").execute(&mut *gate).await.unwrap();
        let rules = json!({ "accept_rules": true });
        let path = api(&slug, "/join");
        let joining = scene.stranger.api.send_json(Method::POST, &path, &rules);
        let opening = async {
            let waiting = "select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'";
            while sql(waiting).fetch_one(&scene.world.pool).await.unwrap().get::<i64, _>(0) < 2 {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            gate.commit().await.unwrap();
        };
        let (joined, taken_back) = if round % 2 == 0 {
            let (joined, taken_back, ()) = tokio::join!(joining, scene.unlaunch(&slug), opening);
            (joined, taken_back)
        } else {
            let (taken_back, joined, ()) = tokio::join!(scene.unlaunch(&slug), joining, opening);
            (joined, taken_back)
        };
        let (joined, taken_back) = (joined.status < 300, taken_back.status == 200);
        assert!(joined != taken_back, "round {round}: {joined} {taken_back}");
        let row = sql(
            "select launched_at is not null, (select count(*) from teams t where t.competition_id = c.id), n_teams::bigint
             from competitions c where slug = $1",
        );
        let row = row.bind(&slug).fetch_one(&scene.world.pool).await.unwrap();
        let teams = i64::from(joined);
        let found: (bool, i64, i64) = (row.get(0), row.get(1), row.get(2));
        assert_eq!(found, (joined, teams, teams), "round {round}");
    }
    scene.end().await;
}
