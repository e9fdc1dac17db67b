//! Room for files: what is kept is counted as it comes and goes, what does not fit is refused before it is received and
//! costs nothing, whoever comes at the same time, and administrators alone say how much fits.

use holdout::quotas::add_up::add_up;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Arena, Labels, Person, World, sql};

const ROOM: &str = "/api/v1/admin/storage";

pub async fn used(person: &Person) -> i64 {
    person.api.get("/api/v1/me/storage").await.expect(200).json()["used_bytes"].as_i64().unwrap()
}

pub async fn allow(root: &Person, whom: &str, bytes: Option<i64>) -> Value {
    let wish = json!({ "allowed_bytes": bytes });
    root.api.send_json(Method::PUT, &format!("{ROOM}/{whom}"), &wish).await.expect(200).json()
}

async fn n_submissions(world: &World) -> i64 {
    sql("select count(*) from submissions").fetch_one(&world.pool).await.unwrap().get(0)
}

/// What the counters say is what the rows say, of everybody.
pub async fn require_right_counts(world: &World) {
    let wrong = sql(
        "select count(*) from stored_of_people s
         where s.submission_bytes <> (select coalesce(sum(size_bytes), 0) from submissions where user_id = s.user_id)
            or s.other_bytes <> (select coalesce(sum(size_bytes), 0) from images where owner_id = s.user_id)
                + (select coalesce(sum(size_bytes), 0) from file_checks where user_id = s.user_id)
                + (select coalesce(sum(total_bytes), 0) from uploads where user_id = s.user_id and spent_at is null)
                + (select coalesce(sum(size_bytes), 0) from direct_uploads where user_id = s.user_id)
            or s.data_bytes <> (select coalesce(sum(c.data_bytes), 0) from stored_of_competitions c
                                join competitions o on o.id = c.competition_id where o.created_by = s.user_id)",
    );
    assert_eq!(wrong.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 0, "people");
    let wrong = sql(
        "select count(*) from stored_of_competitions s
         where s.submission_bytes <> (select coalesce(sum(size_bytes), 0) from submissions where competition_id = s.competition_id)
            or s.data_bytes <> (select coalesce(sum(size_bytes), 0) from data_files where competition_id = s.competition_id)
                + (select coalesce(sum(sealed_bytes), 0) from solutions where competition_id = s.competition_id)
                + (select coalesce(sum(sealed_bytes), 0) from labelled_tables where competition_id = s.competition_id)
            or s.other_bytes <> (select coalesce(sum(total_bytes), 0) from uploads
                                 where competition_id = s.competition_id and spent_at is null)
                + (select coalesce(sum(size_bytes), 0) from direct_uploads where competition_id = s.competition_id)",
    );
    assert_eq!(wrong.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 0, "competitions");
}

async fn begin_upload(person: &Person, bytes: usize) -> crate::client::Answer {
    let length = bytes.to_string();
    // "houses", "submission" and "p.csv", as the protocol writes them.
    let about = "competition aG91c2Vz,purpose c3VibWlzc2lvbg==,filename cC5jc3Y=";
    let headers =
        [("tus-resumable", "1.0.0"), ("upload-length", length.as_str()), ("upload-metadata", about)];
    person.api.send_with(Method::POST, "/api/v1/uploads", &headers, "").await
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_does_not_fit_is_refused_and_costs_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, root] = [world.member("ada").await, world.member("bob").await, world.admin("root").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let predictions = Labels::predictions(250, 617);
    let one = i64::try_from(predictions.len()).unwrap();
    assert_eq!(used(&bob).await, 0);
    arena.submit(&bob, &predictions).await;
    assert_eq!(used(&bob).await, one);
    require_right_counts(&world).await;

    let allowed = allow(&root, "people/bob", Some(2 * one - 1)).await;
    assert_eq!((&allowed["used_bytes"], &allowed["is_exception"]), (&json!(one), &json!(true)));
    let refused = arena.send(&bob, "p.csv", predictions.clone()).await.expect(413);
    assert_eq!(refused.json()["type"], "quota");
    assert!(
        refused.text().contains("no storage left") && refused.text().contains("ask the administrators"),
        "{}",
        refused.text()
    );
    begin_upload(&bob, predictions.len()).await.expect(413);
    let stored = std::fs::read_dir(world.files().join("submissions")).unwrap().flatten();
    let files = stored.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten());
    assert_eq!(
        (n_submissions(&world).await, used(&bob).await, files.count()),
        (1, one, 1),
        "nothing is left behind"
    );

    // An upload holds its room from its first byte to its end, and gives it back.
    allow(&root, "people/bob", Some(2 * one)).await;
    let upload = begin_upload(&bob, predictions.len()).await.expect(201).location().to_owned();
    assert_eq!(used(&bob).await, 2 * one);
    arena.send(&bob, "p.csv", predictions.clone()).await.expect(413);
    let end = [("tus-resumable", "1.0.0")];
    bob.api.send_with(Method::DELETE, &upload, &end, "").await.expect(204);
    let sent = arena.send(&bob, "p.csv", predictions.clone()).await.expect(201).json();
    assert_eq!(sent["allowance"]["left"], 3, "what was refused cost nothing: {sent}");
    let page = bob.browser.get("/settings/data").await.expect(200).text();
    assert!(page.contains("storage is almost full"), "{page}");

    // The competition's room is another, and whoever sets it is an administrator.
    allow(&root, "people/bob", None).await;
    allow(&root, "competitions/houses", Some(1)).await;
    let refused = arena.send(&bob, "p.csv", predictions.clone()).await.expect(413).text();
    assert!(refused.contains("this competition"), "{refused}");
    let data = arena.api("/data/more.csv");
    ada.api.send(Method::PUT, &data, Some("application/octet-stream"), b"id\n1\n".to_vec()).await.expect(413);
    allow(&root, "competitions/houses", None).await;
    ada.api.send(Method::PUT, &data, Some("application/octet-stream"), b"id\n1\n".to_vec()).await.expect(200);
    let room = ada.api.get(&arena.api("/storage")).await.expect(200).json();
    assert_eq!(room["submission_bytes"], 2 * one);
    require_right_counts(&world).await;
    ada.api.send(Method::DELETE, &data, None, Vec::new()).await.expect(204);
    require_right_counts(&world).await;
    assert!(
        ada.browser
            .get("/c/houses/host/dashboard")
            .await
            .expect(200)
            .text()
            .contains("The competition's files take")
    );
    bob.api.get(&arena.api("/storage")).await.expect(404);
    for person in [&ada, &bob] {
        person.api.get(ROOM).await.expect(403);
        person.browser.get("/admin/storage").await.expect(404);
        person
            .browser
            .post_form("/admin/storage/person", &[("username", "bob"), ("gigabytes", "1")])
            .await
            .expect(404);
        let wish = json!({ "allowed_bytes": 1 });
        person.api.send_json(Method::PUT, &format!("{ROOM}/people/bob"), &wish).await.expect(403);
    }
    for (name, gigabytes, status) in
        [("bob", "0.5", 303), ("nobody-of-this-name", "1", 422), ("bob", "many", 422)]
    {
        let form = [("username", name), ("gigabytes", gigabytes)];
        root.browser.post_form("/admin/storage/person", &form).await.expect(status);
    }
    add_up(&world.app).await.unwrap();
    let seen = root.api.get(ROOM).await.expect(200).json();
    let all: i64 = sql("select sum(used_bytes)::bigint from stored_of_people")
        .fetch_one(&world.pool)
        .await
        .unwrap()
        .get(0);
    assert_eq!((&seen["used_bytes"], seen["people"].as_array().unwrap().len()), (&json!(all), 2), "{seen}");
    let page = root.browser.get("/admin/storage").await.expect(200).text();
    assert!(page.contains("(exception)") && page.contains("500.0 MB") && page.contains("ada"), "{page}");
    world.drain().await;
    world.close().await;
}

/// Two servers and many hands: the room is used to its edge and never beyond.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_two_files_for_the_last_room_one_is_taken(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cyd, root] = [
        world.member("ada").await,
        world.member("bob").await,
        world.member("cyd").await,
        world.admin("root").await,
    ];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.join(&cyd).await;
    sql("update competitions set daily_limit = 100").execute(&world.pool).await.unwrap();
    let predictions = Labels::predictions(250, 617);
    let one = i64::try_from(predictions.len()).unwrap();
    let before = ada.api.get(&arena.api("/storage")).await.expect(200).json()["used_bytes"].as_i64().unwrap();
    allow(&root, "people/bob", Some(3 * one)).await;
    allow(&root, "competitions/houses", Some(before + 5 * one)).await;
    let send =
        async |arena: &Arena, person: &Person| arena.send(person, "p.csv", predictions.clone()).await.status;
    let (bobs, cyds) = tokio::join!(
        futures_util::future::join_all((0..6).map(|_| send(&arena, &bob))),
        futures_util::future::join_all((0..6).map(|_| send(&arena, &cyd))),
    );
    let n_taken = |statuses: &[u16]| statuses.iter().filter(|status| **status == 201).count();
    let statuses = [bobs.as_slice(), cyds.as_slice()].concat();
    assert!(statuses.iter().all(|status| [201, 413].contains(status)), "{statuses:?}");
    assert_eq!(n_taken(&statuses), 5, "to the edge and no further: {statuses:?}");
    assert!(n_taken(&bobs) <= 3, "{bobs:?}");
    assert_eq!(n_submissions(&world).await, 5);
    require_right_counts(&world).await;
    world.drain().await;
    world.close().await;
}
