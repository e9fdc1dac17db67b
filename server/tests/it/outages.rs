//! An end that passes during an outage waits for it where that was agreed beforehand: nothing private is out before it
//! takes effect, it moves by the outage's length, and once it has taken effect it stays.

use std::cell::Cell;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use holdout::incidents::watch::{arrive, watch};
use holdout::leaderboard::settle;
use holdout::notifications::tell;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Arena, Labels, Person, World, sql};

const BEFORE_THE_END: TimeDelta = TimeDelta::minutes(30);

/// `houses`, whose end waits for outages, and `firm`, whose end does not; both end soon, and bob has a score in each.
struct Scene {
    world: World,
    ada: Person,
    bob: Person,
    houses: Arena,
    sent: i64,
    began: Instant,
    minute: Cell<i64>,
}

impl Scene {
    async fn new(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let [ada, bob] = [world.member("ada").await, world.member("bob").await];
        let houses = world.open_competition(&ada, "houses", &Labels::regression()).await;
        let firm = world.open_competition(&ada, "firm", &Labels::regression()).await;
        let path = "/api/v1/competitions/firm";
        ada.api.send_json(Method::PATCH, path, &json!({ "moves_over_outage": false })).await.expect(200);
        let mut sent = 0;
        for arena in [&firm, &houses] {
            arena.join(&bob).await;
            sent = arena.submit(&bob, &Labels::predictions(250, 617)).await;
        }
        world.drain().await;
        sql("update competitions set merger_deadline_at = clock_now(), entry_deadline_at = clock_now() + interval '30 minutes',
             ends_at = clock_now() + interval '30 minutes'")
        .execute(&world.pool)
        .await
        .unwrap();
        arrive(&world.app).await.unwrap();
        Self { world, ada, bob, houses, sent, began: Instant::now(), minute: Cell::new(0) }
    }

    /// Has the clock stand `minutes` after the scene began; nobody has looked meanwhile.
    async fn at(&self, minutes: i64) {
        let passed = TimeDelta::from_std(self.began.elapsed()).unwrap();
        self.world.let_pass(TimeDelta::minutes(minutes) - passed).await;
        self.world.app.incidents.forget().await;
        self.minute.set(minutes);
    }

    /// The same, while a server looks every few minutes, at last at the end of them.
    async fn live_until(&self, minutes: i64) {
        while self.minute.get() < minutes {
            self.at(minutes.min(self.minute.get() + 4)).await;
            self.look().await;
        }
    }

    async fn look(&self) {
        watch(&self.world.app).await.unwrap();
        settle::round(&self.world.app).await.unwrap();
    }

    async fn competition(&self, slug: &str) -> Value {
        self.bob.api.get(&format!("/api/v1/competitions/{slug}")).await.expect(200).json()
    }

    async fn state(&self, slug: &str) -> String {
        self.competition(slug).await["state"].as_str().unwrap().to_owned()
    }

    async fn end(&self) -> DateTime<Utc> {
        time(&self.competition("houses").await["ends_at"])
    }

    /// Whether anything private of bob's file in `houses` is out, by any way there is.
    async fn is_private_out(&self) -> bool {
        let asked = "select count(*) from released_private_scores(
                         (select id from competitions where slug = 'houses'), array[$1])";
        let released: i64 = sql(asked).bind(self.sent).fetch_one(&self.world.app.db).await.unwrap().get(0);
        let shown = self.houses.submission(&self.bob, self.sent).await;
        let board = sql("select count(*) from final_entries f join competitions c on c.id = f.competition_id
                         where c.slug = 'houses'");
        let on_board: i64 = board.fetch_one(&self.world.pool).await.unwrap().get(0);
        let found = [released > 0, !shown["private_score"].is_null()];
        assert!(found[0] == found[1] && (on_board == 0 || found[0]), "{found:?} {on_board} {shown}");
        found[0]
    }

    async fn changes(&self) -> Vec<Value> {
        let changes = self.world.visitor().get(&self.houses.api("/changes")).await.expect(200).json();
        changes["items"].as_array().unwrap().clone()
    }

    async fn break_files(&self) {
        let files = self.world.files();
        std::fs::rename(files, self.world.folder.path().join("aside")).unwrap();
        std::fs::write(files, "no folder").unwrap();
    }

    async fn mend_files(&self) {
        let files = self.world.files();
        std::fs::remove_file(files).unwrap();
        std::fs::rename(self.world.folder.path().join("aside"), files).unwrap();
    }
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_end_waits_while_files_cannot_be_stored_and_moves_by_as_long_as_that_lasts(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let first_end = scene.end().await;
    scene.live_until(28).await;
    scene.break_files().await;
    scene.live_until(29).await; // files are known to fail a minute before the end
    assert_eq!(scene.end().await, first_end, "the end has not come");

    scene.at(31).await;
    settle::round(&scene.world.app).await.unwrap();
    assert!(!scene.is_private_out().await, "nobody has seen yet whether people could send at the end");
    assert_eq!(scene.state("firm").await, "final", "it does not wait");
    scene.look().await;
    let held = scene.end().await;
    assert_eq!(scene.state("houses").await, "open");
    let moved = (held - first_end).num_seconds();
    assert!((100..=180).contains(&moved), "by the two minutes that are known: {moved}");
    let changes = scene.changes().await;
    assert!(changes[0]["note"].as_str().unwrap().contains("as long as this lasts"), "{changes:?}");

    for minutes in [34, 45, 95] {
        scene.live_until(minutes).await;
        assert_eq!(scene.state("houses").await, "open", "it goes on waiting");
        assert!(!scene.is_private_out().await);
    }
    let n_told = scene.changes().await.len();
    assert_eq!(n_told, changes.len(), "steps on the way are told nobody");

    scene.mend_files().await;
    scene.live_until(99).await;
    let incidents = scene.world.visitor().get("/api/v1/incidents").await.expect(200).json();
    let incident = &incidents["items"][0];
    assert_eq!(incident["title"], "Files could not be stored");
    let length = time(&incident["ended_at"]) - time(&incident["began_at"]);
    assert_eq!(scene.end().await, first_end + length);
    let shown = scene.competition("houses").await;
    assert_eq!(shown["entry_deadline_at"], shown["ends_at"], "it lay at the end and moves with it");
    let changes = scene.changes().await;
    let end = changes.iter().find(|change| change["item"] == "ends_at").unwrap();
    assert_eq!((time(&end["moved_from"]), time(&end["moved_to"])), (first_end, first_end + length), "{end}");
    let offers = scene.ada.api.get(&scene.houses.api("/extensions")).await.expect(200).json();
    assert_eq!(offers["items"].as_array().map(Vec::len), Some(1), "she is not asked again: {offers}");
    assert_eq!(
        (&offers["items"][0]["is_accepted"], &offers["items"][0]["length_seconds"]),
        (&json!(true), &json!(length.num_seconds()))
    );
    while tell::tell_next_bulletin(&scene.world.app).await.unwrap() {}
    let told = scene.bob.api.get("/api/v1/notifications").await.expect(200).json();
    let told: Vec<_> =
        told["items"].as_array().unwrap().iter().filter(|one| one["event"] == "changed").collect();
    assert_eq!(told.len(), 2, "when it began to wait, and of the end that stands: {told:?}");
    scene.houses.submit(&scene.bob, &Labels::predictions(260, 617)).await;
    scene.world.drain().await;

    // The end comes, takes effect, and no later outage takes it back.
    let after = (scene.end().await - first_end + BEFORE_THE_END).num_minutes() + 2; // whole minutes, rounded down
    scene.live_until(after - 3).await;
    scene.at(after).await;
    assert!(!scene.is_private_out().await);
    scene.look().await;
    assert_eq!(scene.state("houses").await, "final");
    assert!(scene.is_private_out().await);
    let last = scene.end().await;
    scene.break_files().await;
    scene.at(after + 1).await;
    scene.look().await;
    scene.mend_files().await;
    sql("update site_pulse set seen_at = $1 - interval '1 hour'")
        .bind(last)
        .execute(&scene.world.pool)
        .await
        .unwrap();
    scene.at(after + 90).await;
    scene.look().await;
    assert_eq!((scene.end().await, scene.state("houses").await.as_str()), (last, "final"));
    assert!(scene.is_private_out().await);
    for statement in [
        "update competitions set ends_at = ends_at + interval '1 day' where slug = 'houses'",
        "update competitions set moves_over_outage = not moves_over_outage where slug = 'houses'",
        "update competitions set moves_over_outage = true where slug = 'firm'",
    ] {
        let refused = sql(statement).execute(&scene.world.app.db).await;
        assert!(refused.is_err(), "the schema has no such state: {statement}");
    }
    let firm = json!({ "moves_over_outage": true });
    scene.ada.api.send_json(Method::PATCH, "/api/v1/competitions/firm", &firm).await.expect(422);
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_end_that_passes_while_the_database_takes_nothing_moves_before_anything_is_out(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let first_end = scene.end().await;
    scene.at(150).await; // servers run on, and none could write that it is there
    settle::round(&scene.world.app).await.unwrap();
    assert_eq!((scene.is_private_out().await, scene.state("firm").await.as_str()), (false, "final"));
    scene.look().await;
    let moved = (scene.end().await - first_end).num_minutes();
    assert!((149..=151).contains(&moved), "{moved}");
    assert_eq!((scene.is_private_out().await, scene.state("houses").await.as_str()), (false, "open"));
    scene.look().await;
    assert_eq!((scene.end().await - first_end).num_minutes(), moved, "once");
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_end_takes_effect_where_files_were_away_before_it_or_for_what_nobody_sends(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let first_end = scene.end().await;
    scene.live_until(9).await;
    scene.break_files().await;
    scene.live_until(10).await;
    scene.mend_files().await;
    scene.live_until(12).await;
    sql("insert into incidents (title, affects, began_at) values ('Letters are late', array['mail', 'scoring'], clock_now())")
        .execute(&scene.world.pool)
        .await
        .unwrap();
    scene.live_until(29).await;
    scene.live_until(31).await;
    assert_eq!((scene.end().await, scene.state("houses").await.as_str()), (first_end, "final"));
    assert!(scene.is_private_out().await);
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_outage_that_an_administrator_tells_of_holds_an_end_as_long_as_they_say(pool: PgPool) {
    let scene = Scene::new(pool).await;
    let root = scene.world.admin("root").await;
    let first_end = scene.end().await;
    scene.live_until(20).await;
    let wish =
        json!({ "title": "The way to the site is cut", "affects": ["pages"], "text": "We are on it." });
    let opened = root.api.send_json(Method::POST, "/api/v1/admin/incidents", &wish).await.expect(201).json();
    scene.live_until(33).await;
    assert_eq!(scene.state("houses").await, "open");
    // It was over before anybody looked: the end does not move back in.
    let held = scene.end().await;
    let began_at = time(&opened["began_at"]);
    let over = json!({ "text": "Over.", "ended_at": began_at + TimeDelta::minutes(5) });
    let resolve = format!("/api/v1/admin/incidents/{}/resolve", opened["id"]);
    root.api.send_json(Method::POST, &resolve, &over).await.expect(200);
    assert_eq!(scene.end().await, held);
    assert!(held > first_end + TimeDelta::minutes(5));
    scene.live_until(31 + (held - first_end).num_minutes()).await;
    assert_eq!((scene.end().await, scene.state("houses").await.as_str()), (held, "final"));
    scene.world.close().await;
}
