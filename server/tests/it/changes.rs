//! What changes after the launch is read by everybody and told once to whoever takes part; nothing moves in.

use chrono::{DateTime, TimeDelta, Utc};
use holdout::notifications::tell;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Labels, World, sql};

fn time(competition: &Value, field: &str) -> DateTime<Utc> {
    competition[field].as_str().unwrap().parse().unwrap()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_deadline_that_moves_is_told_with_both_times_and_the_reason(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let (api, changes) = (arena.api(""), arena.api("/changes"));
    assert_eq!(bob.api.get(&changes).await.expect(200).json()["items"], json!([]));
    let before = ada.api.get(&api).await.expect(200).json();
    let later = time(&before, "ends_at") + TimeDelta::days(7);
    let wish = json!({ "ends_at": later, "reason": "The data came <b>late</b>." });
    ada.api.send_json(Method::PATCH, &api, &wish).await.expect(200);
    let listed = world.visitor().get(&changes).await.expect(200).json();
    let change = &listed["items"][0];
    assert_eq!(
        (&change["about"], &change["item"], &change["verb"], &change["note"]),
        (&"timeline".into(), &"ends_at".into(), &"moved".into(), &"The data came <b>late</b>.".into())
    );
    assert_eq!((time(change, "moved_from"), time(change, "moved_to")), (time(&before, "ends_at"), later));
    for page in ["/c/houses", "/c/houses/changes"] {
        let shown = world.visitor().get(page).await.expect(200).text();
        assert!(shown.contains("The end moved from") && shown.contains("The data came"), "{shown}");
        assert!(!shown.contains("<b>late</b>"), "{shown}");
    }
    while tell::tell_next_bulletin(&world.app).await.unwrap() {}
    let told = bob.api.get("/api/v1/notifications").await.expect(200).json();
    assert_eq!(told["items"][0]["event"], "changed", "{told}");

    // Neither in nor without a change, and nothing that was only asked for is told.
    let sooner = json!({ "ends_at": later - TimeDelta::days(1), "reason": "No." });
    ada.api.send_json(Method::PATCH, &api, &sooner).await.expect(422);
    ada.api.send_json(Method::PATCH, &api, &json!({ "ends_at": later, "reason": "Same." })).await.expect(200);
    let too_long = json!({ "ends_at": later + TimeDelta::days(1), "reason": "x".repeat(1001) });
    ada.api.send_json(Method::PATCH, &api, &too_long).await.expect(422);
    bob.api
        .send_json(Method::PATCH, &api, &json!({ "ends_at": later + TimeDelta::days(1) }))
        .await
        .expect(404);
    assert_eq!(
        world.visitor().get(&changes).await.expect(200).json()["items"].as_array().map(Vec::len),
        Some(1)
    );
    let inward = sql("insert into changes (competition_id, about, item, verb, moved_from, moved_to, changed_at)
         select id, 'timeline', 'ends_at', 'moved', ends_at, ends_at - interval '1 day', now() from competitions");
    assert!(inward.execute(&world.pool).await.is_err(), "the schema has no such change");

    let typed = (later + TimeDelta::days(1)).format("%Y-%m-%dT%H:%M").to_string();
    let form = ada.browser.get("/c/houses/host/timeline").await.expect(200).text();
    assert!(form.contains("Why a time moves"), "{form}");
    let starts = time(&before, "starts_at").format("%Y-%m-%dT%H:%M").to_string();
    let entry = time(&before, "entry_deadline_at").format("%Y-%m-%dT%H:%M").to_string();
    let merger = time(&before, "merger_deadline_at").format("%Y-%m-%dT%H:%M").to_string();
    let fields = [
        ("starts_at", starts.as_str()),
        ("entry_deadline_at", &entry),
        ("merger_deadline_at", &merger),
        ("ends_at", &typed),
        ("reason", "One more day."),
    ];
    ada.browser.post_form("/c/houses/host/timeline", &fields).await.expect(303);
    let newest = world.visitor().get(&format!("{changes}?limit=1")).await.expect(200).json();
    assert_eq!(newest["items"][0]["note"], "One more day.", "{newest}");
    assert!(newest["next"].is_i64());
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn data_that_comes_changes_or_goes_is_told_with_the_hosts_note(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let changes = arena.api("/changes");
    let put = async |query: &str, text: &str| {
        let path = arena.api(&format!("/data/extra.csv?role=data&{query}"));
        ada.api.send(Method::PUT, &path, Some("application/octet-stream"), text.as_bytes().into()).await
    };
    put("note=More%20rows", "a,b\n1,2\n").await.expect(200);
    put("note=The%20same", "a,b\n1,2\n").await.expect(200);
    put("note=Row%202%20was%20wrong", "a,b\n1,3\n").await.expect(200);
    let history = arena.api("/data/past.csv?role=history&note=Hidden");
    let hidden = ada.api.send(Method::PUT, &history, Some("application/octet-stream"), "a\n1\n".into()).await;
    assert!(matches!(hidden.status, 200 | 403 | 422), "{}", hidden.text());
    let gone = arena.api("/data/extra.csv?note=Not%20needed");
    bob.api.send(Method::DELETE, &gone, None, "".into()).await.expect(404);
    ada.api.send(Method::DELETE, &gone, None, "".into()).await.expect(204);
    let listed = world.visitor().get(&changes).await.expect(200).json();
    let told: Vec<(&str, &str)> = listed["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["verb"].as_str().unwrap(), one["note"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("removed", "Not needed"), ("replaced", "Row 2 was wrong"), ("added", "More rows")]);
    let shown = world.visitor().get("/c/houses/data").await.expect(200).text();
    assert!(shown.contains("extra.csv was replaced") && shown.contains("Row 2 was wrong"), "{shown}");
    world.close().await;
}
