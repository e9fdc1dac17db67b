//! What was kept for long enough goes, what results rest on stays, and administrators alone say for how long.

use chrono::TimeDelta;
use holdout::retention::clean::clean;
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Labels, World, sql};

const SETTINGS: &str = "/api/v1/admin/retention";

async fn count(world: &World, statement: &'static str) -> i64 {
    sql(statement).fetch_one(&world.pool).await.unwrap().get(0)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_kept_for_long_enough_goes_and_results_stay(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, root] = [world.member("ada").await, world.member("bob").await, world.admin("root").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    for statement in [
        "update sessions set ip = '192.0.2.7', user_agent = 'Browser'",
        "insert into mails (to_address, subject, body, created_at) select 'a@b.test', 'Old', 'Text', clock_now() - interval '91 days' from generate_series(1, 1100)",
        "insert into mails (to_address, subject, body) values ('a@b.test', 'New', 'Text')",
        "insert into audit_log (at, action) values (clock_now() - interval '400 days', 'old'), (clock_now() - interval '300 days', 'young')",
        "insert into notifications (user_id, event, reason, competition_id, words, created_at)
         select u.id, 'ends_soon', 'team', c.id, 'Soon', clock_now() - interval '366 days' from users u, competitions c",
    ] {
        sql(statement).execute(&world.pool).await.unwrap();
    }
    let board = arena.board().await;
    clean(&world.app).await.unwrap();
    assert_eq!(count(&world, "select count(*) from mails").await, 1, "in batches, to the end");
    assert_eq!(count(&world, "select count(*) from notifications where event = 'ends_soon'").await, 0);
    assert_eq!(count(&world, "select count(*) from audit_log where action = 'old'").await, 1, "for ever");
    assert_eq!(count(&world, "select count(*) from sessions where ip <> ''").await, 3);

    let set = async |name: &str, days: Option<i32>| {
        let path = format!("{SETTINGS}/{name}");
        root.api.send_json(Method::PUT, &path, &json!({ "days": days })).await
    };
    for (name, days) in [("log", Some(364)), ("sessions", None), ("sessions", Some(31)), ("mails", Some(0))] {
        set(name, days).await.expect(422);
    }
    set("submissions", Some(1)).await.expect(404);
    set("log", Some(365)).await.expect(200);
    set("deliveries", None).await.expect(200);
    root.browser.post_form("/admin/retention/addresses", &[("days", "2")]).await.expect(303);
    root.browser.post_form("/admin/retention/addresses", &[("days", "soon")]).await.expect(422);
    let page = root.browser.get("/admin/retention").await.expect(200).text();
    assert!(page.contains("2 days") && page.contains("for ever") && page.contains("365 days"), "{page}");
    for person in [&ada, &bob] {
        person.api.get(SETTINGS).await.expect(403);
        person.browser.get("/admin/retention").await.expect(404);
        person.browser.post_form("/admin/retention/log", &[("days", "365")]).await.expect(404);
        person
            .api
            .send_json(Method::PUT, &format!("{SETTINGS}/log"), &json!({ "days": 365 }))
            .await
            .expect(403);
    }
    world.let_pass(TimeDelta::days(3)).await;
    sql("update sessions set last_seen_at = clock_now() where user_id = $1")
        .bind(bob.id)
        .execute(&world.pool)
        .await
        .unwrap();
    clean(&world.app).await.unwrap();
    assert_eq!(count(&world, "select count(*) from audit_log where action = 'old'").await, 0);
    assert_eq!(
        count(&world, "select count(*) from audit_log where action in ('young', 'change_retention')").await,
        4
    );
    assert_eq!(count(&world, "select count(*) from sessions where ip <> ''").await, 1, "bob was here today");
    let shortened = sql("select forget_log(clock_now() + interval '1 day', 100)");
    assert_eq!(
        shortened.fetch_one(&world.app.db).await.unwrap().get::<i64, _>(0),
        0,
        "a year stays, whoever asks"
    );
    assert!(sql("delete from audit_log").execute(&world.app.db).await.is_err());
    assert_eq!(arena.board().await["items"], board["items"], "no score is less");
    world.close().await;
}
