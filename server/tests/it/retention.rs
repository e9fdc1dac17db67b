//! What was kept for long enough goes, what results rest on stays, and administrators alone say for how long.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use chrono::TimeDelta;
use holdout::personal::delete::delete_next;
use holdout::retention::clean::clean;
use holdout::retention::{store, unnamed};
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
        "insert into account_events (user_id, at, what) select id, clock_now() - interval '91 days', 'signed_in' from users",
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
    assert_eq!(count(&world, "select count(*) from account_events").await, 0);
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

/// Of four files two count: the selected one, and the best on the public board. The others go, after the time for appeals.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_that_count_for_nothing_go_and_what_they_came_to_stays(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, root] = [world.member("ada").await, world.member("bob").await, world.admin("root").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let mut sent = Vec::new();
    for error in [250, 300, 350] {
        sent.push(arena.submit(&bob, &Labels::predictions(error, 617)).await);
    }
    sent.push(arena.submit(&bob, "id,target\nr0,1\n").await);
    world.drain().await;
    let path = |id: i64| arena.api(&format!("/submissions/{id}"));
    bob.api.send_json(Method::PATCH, &path(sent[1]), &json!({ "selected": true })).await.expect(200);
    let set = async |name: &str, days: Option<i32>, status: u16| {
        let path = format!("{SETTINGS}/{name}");
        root.api.send_json(Method::PUT, &path, &json!({ "days": days })).await.expect(status);
    };
    set("submission_files", Some(29), 422).await;
    set("submission_files", Some(30), 200).await;
    set("uploads", None, 422).await;
    set("uploads", Some(3), 200).await;
    let used =
        async || bob.api.get("/api/v1/me/storage").await.expect(200).json()["used_bytes"].as_i64().unwrap();
    let at_first = used().await;
    let n_files = || {
        let folders = std::fs::read_dir(world.files().join("submissions")).unwrap().flatten();
        folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten()).count()
    };

    // Neither while it is open, nor while results are appealed.
    clean(&world.app).await.unwrap();
    world.let_pass(TimeDelta::days(31)).await;
    arena.board().await;
    world.drain().await;
    let before: Vec<_> =
        futures_util::future::join_all(sent.iter().map(|id| arena.submission(&bob, *id))).await;
    clean(&world.app).await.unwrap();
    let asked =
        sql("select let_go_of_files(id, clock_now() + interval '9 days', 100) is null from competitions");
    assert!(asked.fetch_one(&world.app.db).await.unwrap().get::<bool, _>(0), "whoever asks");
    assert!(sql("update submissions set file_gone_at = now()").execute(&world.app.db).await.is_err());
    assert_eq!(n_files(), 4);

    world.let_pass(TimeDelta::days(70)).await;
    world.drain().await;
    let (one, other) = tokio::join!(clean(&world.app), clean(&world.app));
    one.unwrap();
    other.unwrap();
    assert_eq!(n_files(), 2);
    let mut gone_bytes = 0;
    for (id, was) in sent.iter().zip(&before) {
        let is_kept = [sent[0], sent[1]].contains(id);
        let file = bob.api.get(&format!("{}/file", path(*id))).await.expect(if is_kept { 200 } else { 403 });
        let now = arena.submission(&bob, *id).await;
        assert_eq!(now["file_gone_at"].is_null(), is_kept, "{now}");
        for kept in ["public_score", "sha256", "log_entry_hash", "state", "size_bytes"] {
            assert_eq!(now[kept], was[kept]);
        }
        if !is_kept {
            assert!(
                file.text().contains("was deleted on") && file.text().contains("retention"),
                "{}",
                file.text()
            );
            let page = bob.browser.get(&format!("/c/houses/submissions/{id}")).await.expect(200).text();
            assert!(page.contains("was deleted on") && !page.contains("Download the file"), "{page}");
            gone_bytes += was["size_bytes"].as_i64().unwrap();
        }
    }
    assert_eq!(used().await, at_first - gone_bytes, "the room is theirs again");

    // What cannot be done any more says so; what can is done with what is there.
    let refused =
        ada.api.send(Method::POST, &arena.api("/versions"), None, Vec::new()).await.expect(403).text();
    assert!(refused.contains("2 submissions") && refused.contains("cannot be scored again"), "{refused}");
    let asked = ada.api.send(Method::POST, &arena.api("/verifications"), None, Vec::new()).await;
    let verification = arena.api(&format!("/verifications/{}", asked.json()["id"]));
    world.drain().await;
    let verified = ada.api.get(&verification).await.expect(200).json();
    assert_eq!(
        (&verified["is_clean"], &verified["n_asked"], &verified["n_files_gone"]),
        (&json!(true), &json!(2), &json!(2)),
        "{verified}"
    );
    world.close().await;
}

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

fn files_in_rooms(world: &World) -> Vec<PathBuf> {
    let mut folders: Vec<_> = unnamed::ROOMS.iter().map(|room| world.files().join(room)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() { &mut folders } else { &mut found }.push(entry.path());
        }
    }
    found
}

fn leave_old(path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, "left behind").unwrap();
    let times = std::fs::FileTimes::new().set_modified(UNIX_EPOCH);
    std::fs::File::options().write(true).open(path).unwrap().set_times(times).unwrap();
}

async fn sweep(world: &World) -> usize {
    let mut n_removed = 0;
    for room in unnamed::ROOMS {
        n_removed += unnamed::sweep_where_due(&world.app, room, WEEK).await.unwrap();
    }
    n_removed
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_of_a_deleted_account_go_within_weeks_although_they_could_not_be_removed_at_once(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let [bob, zelda] = [world.member("bob").await, world.member("zelda").await];
    const NOTEBOOK: &[u8] = include_bytes!("../../../tests/notebooks/houses.ipynb");
    let shared = "/api/v1/notebooks?name=tour&visibility=public";
    let octets = Some("application/octet-stream");
    bob.api.upload(shared, "x.ipynb", NOTEBOOK).await.expect(201);
    let of_bob = files_in_rooms(&world);
    zelda.api.upload(shared, "x.ipynb", NOTEBOOK).await.expect(201);
    zelda.api.send(Method::POST, "/api/v1/images", octets, crate::texts::png()).await.expect(201);
    let of_zelda: Vec<_> = files_in_rooms(&world).into_iter().filter(|path| !of_bob.contains(path)).collect();
    assert!(of_bob.len() >= 2 && of_zelda.len() > of_bob.len(), "{of_bob:?} {of_zelda:?}");

    let password = "correct horse battery";
    let hash = world.app.passwords.hash(password.to_owned()).await.unwrap();
    let known = sql("update users set password_hash = $1 where id = $2").bind(hash).bind(zelda.id);
    known.execute(&world.pool).await.unwrap();
    let wish = json!({ "password": password, "removes_posts": true });
    zelda.api.send_json(Method::PUT, "/api/v1/me/deletion", &wish).await.expect(200);
    world.let_pass(TimeDelta::days(8)).await;
    for path in &of_zelda {
        std::fs::remove_file(path).unwrap();
        std::fs::create_dir_all(path.join("in-the-way")).unwrap();
    }
    assert!(delete_next(&world.app).await.unwrap(), "the account ends all the same");
    for path in &of_zelda {
        std::fs::remove_dir_all(path).unwrap();
        leave_old(path);
    }
    of_bob.iter().for_each(|path| leave_old(path));
    let young = world.files().join("images/1/on-its-way");
    leave_old(&young);
    std::fs::write(&young, "written now").unwrap();

    assert_eq!(sweep(&world).await, of_zelda.len());
    assert!(of_zelda.iter().all(|path| !path.exists()));
    assert!(of_bob.iter().chain([&young]).all(|path| path.exists()), "what rows name, and what is young");
    let next = world.files().join("bundles/1/left-behind");
    leave_old(&next);
    assert_eq!(sweep(&world).await, 0, "once a week");
    world.let_pass(TimeDelta::days(16)).await;
    let now = world.app.clock.now();
    let turn = async || {
        let mut conn = world.app.db.acquire().await.unwrap();
        store::take_turn(&mut conn, "archives", now, now + TimeDelta::days(1)).await.unwrap()
    };
    let (one, other, third) = tokio::join!(turn(), turn(), turn());
    assert_eq!([one, other, third].iter().filter(|has_it| **has_it).count(), 1, "one server at a time");
    assert_eq!((sweep(&world).await, next.exists()), (1, false));
    world.close().await;
}
