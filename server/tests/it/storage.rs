//! A house that keeps its files in a bucket: everything a folder can do, over a way that fails as well.

use std::time::Duration;

use holdout::config::DirectRoad;
use holdout::house::rows::{self, Depth, What};
use holdout::house::storage::{self, CheckArgs, StorageArgs};
use holdout::submissions::direct::sweep;
use holdout_contract::files::{ARRIVALS, Files};
use holdout_contract::place::Place;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::quotas::{allow, require_right_counts, used};
use crate::s3::{self, Proxy, S3};
use crate::world::{Arena, Folder, Labels, Person, World, digest, server_binary, sql};

struct Scene {
    world: World,
    proxy: Proxy,
    s3: S3,
    _folder: Folder,
}

impl Scene {
    async fn begin(pool: PgPool) -> Self {
        Self::with_road(pool, None).await
    }

    async fn with_road(pool: PgPool, direct: Option<DirectRoad>) -> Self {
        let folder = Folder::new();
        let s3 = S3::start(folder.path());
        let proxy = Proxy::start(s3.port(), 11);
        let environment = s3::environment(proxy.port(), s3::SECRET_KEY);
        let world = World::in_bucket(pool, &s3::address(), environment, direct).await;
        world.drain().await;
        Self { world, proxy, s3, _folder: folder }
    }

    async fn open(&self) -> (Arena, Person) {
        let host = self.world.member("ada").await;
        let arena = self.world.open_competition(&host, "bucket", &Labels::regression()).await;
        let bob = self.world.member("bob").await;
        arena.join(&bob).await;
        (arena, bob)
    }

    /// Everything in a room of the bucket.
    fn stored(&self, room: &str) -> Vec<Vec<u8>> {
        let mut found = Vec::new();
        let mut folders = vec![self.s3.folder().join(room)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    found.push(std::fs::read(entry.path()).unwrap());
                }
            }
        }
        found
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upload_in_parts_ends_in_the_bucket(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let (arena, _) = scene.open().await;
    let api = &arena.host.api;
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let metadata = ("upload-metadata", "competition YnVja2V0,purpose ZGF0YQ==,filename YS5iaW4=");
    let length = bytes.len().to_string();
    let wish = [("tus-resumable", "1.0.0"), ("upload-length", length.as_str()), metadata];
    let begun = api.send_with(Method::POST, "/api/v1/uploads", &wish, "").await.expect(201);
    for (first, last) in [(0, 1_000_000), (1_000_000, bytes.len())] {
        let offset = first.to_string();
        let part = [
            ("tus-resumable", "1.0.0"),
            ("content-type", "application/offset+octet-stream"),
            ("upload-offset", offset.as_str()),
        ];
        api.send_with(Method::PATCH, begun.location(), &part, &bytes[first..last]).await.expect(204);
    }
    assert!(scene.stored("data").iter().all(|file| *file != bytes), "nobody has asked for it yet");
    let id = begun.location().rsplit('/').next().unwrap();
    let path = arena.api("/data/a.bin");
    api.send_json(Method::PUT, &path, &json!({ "upload": id })).await.expect(200);
    assert!(scene.stored("data").contains(&bytes));
    assert!(api.get(&path).await.expect(200).bytes == bytes);
    scene.world.drain().await;
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_competition_lives_in_a_bucket(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let (arena, bob) = scene.open().await;
    let predictions = Labels::predictions(500, 250);
    let id = arena.submit(&bob, &predictions).await;
    assert_eq!(scene.stored("submissions"), [predictions.as_bytes()]);
    scene.world.drain().await;
    let submission = arena.submission(&bob, id).await;
    assert_eq!(submission["public_score"], 0.5, "{submission}");
    let sent = bob.api.get(&arena.api(&format!("/submissions/{id}/file"))).await.expect(200);
    assert_eq!(sent.bytes, predictions.as_bytes());

    let path = arena.api("/data/train.csv");
    let train: String = (0..200_000).map(|row| format!("{row},{}\n", row % 97)).collect();
    for content in ["id,x\n1,2\n", &train] {
        let put = Method::PUT;
        let kind = Some("application/octet-stream");
        arena.host.api.send(put, &path, kind, content.as_bytes().to_vec()).await.expect(200);
        assert_eq!(bob.api.get(&path).await.expect(200).bytes, content.as_bytes());
    }
    assert!(!scene.stored("data").iter().any(|file| file == b"id,x\n1,2\n"), "what was replaced is gone");
    let first = bob.api.get(&path).await.expect(200);
    let rest = [("range", "bytes=1000000-"), ("if-range", first.header("etag"))];
    let resumed = bob.api.get_with(&path, &rest).await.expect(206);
    assert!(resumed.bytes == train.as_bytes()[1_000_000..]);
    arena.host.api.send(Method::DELETE, &path, None, Vec::new()).await.expect(204);
    bob.api.get(&path).await.expect(404);

    let asked = arena.host.api.send(Method::POST, &arena.api("/verifications"), None, Vec::new()).await;
    let verification = arena.api(&format!("/verifications/{}", asked.json()["id"]));
    scene.world.drain().await;
    assert_eq!(arena.host.api.get(&verification).await.expect(200).json()["is_clean"], true);
    for errors in [300, 200] {
        arena.submit(&bob, &Labels::predictions(errors, errors)).await;
    }
    scene.world.drain().await;
    let first = sql("select storage_key from submissions where id = $1").bind(id);
    let key: String = first.fetch_one(&scene.world.pool).await.unwrap().get(0);
    let files = Files::open(&scene.s3.place()).unwrap();
    let mut conn = scene.world.pool.acquire().await.unwrap();
    let compared = rows::compare(&mut conn, &files, Depth::Whole).await.unwrap();
    assert!(compared.n_rows > 2 && compared.n_faults == 0, "{compared:?}");
    std::fs::write(scene.s3.folder().join(key), Labels::predictions(1, 1)).unwrap();
    let compared = rows::compare(&mut conn, &files, Depth::Whole).await.unwrap();
    let faults: Vec<_> = compared.faults.iter().map(|fault| (fault.kind, fault.what)).collect();
    assert_eq!(faults, [("submission", What::Changed)]);
    drop(conn);
    let asked = arena.host.api.send(Method::POST, &arena.api("/verifications"), None, Vec::new()).await;
    let verification = arena.api(&format!("/verifications/{}", asked.json()["id"]));
    scene.world.drain().await;
    let found = arena.host.api.get(&verification).await.expect(200).json();
    assert_eq!((&found["is_clean"], &found["n_asked"]), (&json!(false), &json!(3)), "{found}");
    assert_eq!(
        (&found["n_failed"], &found["n_faults"]),
        (&json!(1), &json!(0)),
        "one file costs no other: {found}"
    );
    let failed = sql("select submission_id from jobs where state = 'failed'");
    assert_eq!(failed.fetch_one(&scene.world.pool).await.unwrap().get::<i64, _>(0), id);
    assert!(!scene.world.folder.path().join("files").exists(), "nothing lies in a folder");
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn one_table_in_a_bucket_becomes_a_competition(pool: PgPool) {
    const LABEL: &str = "98765.5";
    let scene = Scene::begin(pool).await;
    let host = scene.world.member("ada").await;
    let draft = json!({ "title": "Split", "slug": "split" });
    host.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let rows: String = (0..400).map(|row| format!("{row},{},{LABEL}{row}\n", row * 7 % 101)).collect();
    let table = format!("id,feature,target\n{rows}");
    scene.proxy.fail(30);
    let mut answer =
        host.api.upload("/api/v1/competitions/split/table?target=target", "table.csv", table.clone()).await;
    while answer.status >= 500 {
        answer = host
            .api
            .upload("/api/v1/competitions/split/table?target=target", "table.csv", table.clone())
            .await;
    }
    scene.world.drain().await;
    scene.proxy.fail(0);
    assert_eq!(scene.stored("data").len(), 3, "train, test and sample");
    let sealed = scene.stored("solutions");
    assert!(!sealed.is_empty());
    for file in sealed {
        assert!(file.starts_with(b"age-encryption.org/v1\n"));
        assert!(!file.windows(LABEL.len()).any(|window| window == LABEL.as_bytes()), "only ciphertext");
    }
    let report = host.api.get("/api/v1/competitions/split/report").await.expect(200).json();
    assert_eq!(report["is_current"], true, "{report}");
    scene.world.close().await;
}

/// A program that talks to the object store alone.
fn store() -> ureq::Agent {
    ureq::Agent::config_builder().http_status_as_error(false).build().into()
}

async fn put(slot: &Value, content: &[u8]) -> u16 {
    let (slot, content) = (slot.clone(), content.to_vec());
    let put = move || {
        let request = store().put(slot["url"].as_str().unwrap());
        let headers = slot["headers"].as_object().unwrap();
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.header(name.as_str(), value.as_str().unwrap()));
        request.send(content.as_slice()).unwrap().status().as_u16()
    };
    tokio::task::spawn_blocking(put).await.unwrap()
}

fn announced(content: &str) -> Value {
    let sha256 = hex::encode(digest(content));
    json!({ "size_bytes": content.len(), "sha256": sha256, "file_name": "a/big.csv", "description": "first" })
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn data_is_handed_out_by_the_store_itself_to_those_who_may_have_it(pool: PgPool) {
    let scene = Scene::with_road(pool, Some(DirectRoad::AsTheServer)).await;
    let (arena, bob) = scene.open().await;
    let path = arena.api("/data/sample_submission.csv");
    let sent = bob.api.get(&path).await.expect(307);
    assert_eq!(sent.header("cache-control"), "no-store");
    let url = sent.location().to_owned();
    let etag = format!("\"{}\"", hex::encode(digest(&Labels::regression().sample)));
    bob.api.get_with(&path, &[("if-none-match", &etag)]).await.expect(304);
    bob.browser.get("/c/bucket/data/sample_submission.csv").await.expect(307);
    scene.world.visitor().get(&path).await.expect(401);
    let cy = scene.world.member("cy").await;
    cy.api.get(&path).await.expect(403);
    let read = move || {
        let mut whole = store().get(&url).call().unwrap();
        let name = whole.headers()["content-disposition"].to_str().unwrap().to_owned();
        let part = store().get(&url).header("range", "bytes=3-8").call().unwrap().body_mut().read_to_string();
        let forged = store().get(url.replace("sample", "other")).call().unwrap().status().as_u16();
        (whole.body_mut().read_to_string().unwrap(), name, part.unwrap(), forged)
    };
    let (whole, name, part, forged) = tokio::task::spawn_blocking(read).await.unwrap();
    let sample = Labels::regression().sample;
    assert_eq!((whole.as_str(), part.as_str()), (sample.as_str(), &sample[3..9]));
    assert_eq!(name, "attachment; filename=\"sample_submission.csv\"");
    assert_eq!(forged, 403, "an address is signed for what it says alone");
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_file_comes_by_way_of_the_store(pool: PgPool) {
    let scene = Scene::with_road(pool, Some(DirectRoad::AsTheServer)).await;
    let (arena, bob) = scene.open().await;
    let content = Labels::predictions(500, 250);
    let file = announced(&content);
    let post = async |person: &Person, rest: String, body: Value| {
        person.api.send_json(Method::POST, &arena.api(&rest), &body).await
    };
    let slot = post(&bob, "/direct-uploads".to_owned(), file.clone()).await.expect(201).json();
    let done = format!("/direct-uploads/{}", slot["id"].as_str().unwrap());
    post(&bob, done.clone(), file.clone()).await.expect(404);
    for others in ["id,target\n".to_owned(), content.replace('1', "2")] {
        assert_ne!(put(&slot, others.as_bytes()).await, 200, "the store takes the announced bytes alone");
    }
    assert_eq!(put(&slot, content.as_bytes()).await, 200);
    let cy = scene.world.member("cy").await;
    arena.join(&cy).await;
    post(&cy, done.clone(), file.clone()).await.expect(404);
    post(&bob, done.clone(), announced("something else")).await.expect(422);
    assert_eq!(
        sql("select count(*) from submissions").fetch_one(&scene.world.pool).await.unwrap().get::<i64, _>(0),
        0
    );
    let received = post(&bob, done.clone(), file.clone()).await.expect(201).json();
    assert_eq!(received["file_name"], "big.csv");
    assert_eq!(received["description"], "first");
    assert_eq!(received["allowance"]["left"], 4);
    let again = post(&bob, done, file).await.expect(201).json();
    assert_eq!(again["id"], received["id"]);
    assert_eq!(scene.stored("submissions"), [content.as_bytes()]);
    assert!(scene.stored(ARRIVALS).is_empty());
    assert_eq!(put(&slot, content.as_bytes()).await, 200, "the address lives on and reaches nothing");
    scene.world.drain().await;
    let submission = arena.submission(&bob, received["id"].as_i64().unwrap()).await;
    assert_eq!(submission["public_score"], 0.5);
    let files = Files::open(&scene.s3.place()).unwrap();
    assert_eq!(files.remove_older(ARRIVALS, Duration::from_secs(86_400)).await.unwrap(), 0);
    assert_eq!(files.remove_older(ARRIVALS, Duration::ZERO).await.unwrap(), 1);
    assert_eq!(scene.stored("submissions").len(), 1);
    let large = json!({ "size_bytes": 1_u64 << 40, "sha256": "0".repeat(64) });
    post(&bob, "/direct-uploads".to_owned(), large).await.expect(413);
    sql("update competitions set daily_limit = 1").execute(&scene.world.pool).await.unwrap();
    post(&bob, "/direct-uploads".to_owned(), announced("x")).await.expect(429);
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_place_in_the_store_holds_its_room_until_its_file_is_taken_in_or_gone(pool: PgPool) {
    let scene = Scene::with_road(pool, Some(DirectRoad::AsTheServer)).await;
    let (arena, bob) = scene.open().await;
    let root = scene.world.admin("root").await;
    let before = used(&bob).await;
    let open =
        async |file: Value| bob.api.send_json(Method::POST, &arena.api("/direct-uploads"), &file).await;
    let content = Labels::predictions(500, 250);
    let size = i64::try_from(content.len()).unwrap();

    // One byte announced, with the hash of more: the store itself takes none of them.
    let mut small = announced(&content);
    small["size_bytes"] = json!(1);
    let slot = open(small.clone()).await.expect(201).json();
    assert_eq!(used(&bob).await, before + 1);
    assert!(
        slot["url"].as_str().unwrap().contains("X-Amz-SignedHeaders=content-length%3Bhost%3Bx-amz-checksum")
    );
    assert_eq!(put(&slot, content.as_bytes()).await, 403);
    assert!(scene.stored(ARRIVALS).is_empty());
    let done = format!("/direct-uploads/{}", slot["id"].as_str().unwrap());
    bob.api.send_json(Method::POST, &arena.api(&done), &small).await.expect(404);

    allow(&root, "people/bob", Some(before + 1 + 2 * size)).await;
    let first = open(announced(&content)).await.expect(201).json();
    let again = open(announced(&content)).await.expect(201).json();
    assert_eq!(again["id"], first["id"], "who tries again has one place");
    open(announced(&content.replace('1', "2"))).await.expect(201);
    assert_eq!(used(&bob).await, before + 1 + 2 * size);
    let full = open(announced(&content.replace('1', "3"))).await.expect(413);
    assert_eq!(full.json()["type"], "quota");
    require_right_counts(&scene.world).await;

    // What is taken in has been counted already.
    assert_eq!(put(&again, content.as_bytes()).await, 200);
    let done = format!("/direct-uploads/{}", first["id"].as_str().unwrap());
    bob.api.send_json(Method::POST, &arena.api(&done), &announced(&content)).await.expect(201);
    assert_eq!(used(&bob).await, before + 1 + 2 * size);
    require_right_counts(&scene.world).await;

    allow(&root, "people/bob", None).await;
    for number in 0..8 {
        open(announced(&format!("file {number}"))).await.expect(201);
    }
    let refused = open(announced("one too many")).await.expect(429).text();
    assert!(refused.contains("each place ends by itself"), "{refused}");
    sql("update direct_uploads set opened_at = opened_at - interval '1 day'")
        .execute(&scene.world.pool)
        .await
        .unwrap();
    sweep(&scene.world.app).await.unwrap();
    assert!(used(&bob).await > before + size, "an address of the last half hour may still be used");
    sql("update direct_uploads set opened_at = opened_at - interval '1 hour'")
        .execute(&scene.world.pool)
        .await
        .unwrap();
    sweep(&scene.world.app).await.unwrap();
    assert_eq!(used(&bob).await, before + size, "the submission is left");
    require_right_counts(&scene.world).await;
    scene.world.drain().await;
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_the_store_is_closed_to_people_the_other_road_is_named(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let (arena, bob) = scene.open().await;
    let id = uuid::Uuid::now_v7();
    for rest in ["/direct-uploads".to_owned(), format!("/direct-uploads/{id}")] {
        let refused = bob.api.send_json(Method::POST, &arena.api(&rest), &announced("x")).await.expect(403);
        assert!(refused.text().contains("to the competition's `submissions`"), "{}", refused.text());
    }
    bob.api.get(&arena.api("/data/sample_submission.csv")).await.expect(200);
    scene.world.close().await;
}

/// Lists and removals may fail as well: the next sweep goes on, and what a row names stays. A sweep makes some ten calls that
/// all have to succeed, so fewer fail than elsewhere.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_bucket_that_fails_now_and_then_is_swept_all_the_same(pool: PgPool) {
    const MOST_SWEEPS: usize = 40;
    let scene = Scene::begin(pool).await;
    let (arena, bob) = scene.open().await;
    let id = arena.submit(&bob, &Labels::predictions(500, 250)).await;
    scene.world.drain().await;
    let files = Files::open(&scene.s3.place()).unwrap();
    let rooms = ["submissions", "images", "notebooks", "archives"];
    for number in 0..24 {
        let mut writing = files.create_as(format!("{}/1/left-{number}", rooms[number % 4])).unwrap();
        writing.write(b"nobody's").await.unwrap();
        writing.finish().await.unwrap();
    }
    let (config, of_any_age) = (&scene.world.app.config, StorageArgs { older_than_hours: 0 });
    let n_failed = scene.proxy.n_failed();
    scene.proxy.fail(15);
    let mut n_sweeps = 1;
    while let Err(error) = storage::clean(config, &of_any_age).await {
        assert!(n_sweeps < MOST_SWEEPS, "{error:#}");
        n_sweeps += 1;
    }
    scene.proxy.fail(0);
    assert!(scene.proxy.n_failed() > n_failed);
    assert_eq!(scene.stored("submissions"), [Labels::predictions(500, 250).into_bytes()]);
    assert!(["images", "notebooks", "archives"].iter().all(|room| scene.stored(room).is_empty()));
    let everything = CheckArgs { orphans: of_any_age, quick: false };
    let checked = storage::check(config, &everything).await.unwrap();
    assert_eq!((checked.orphans.n_orphans, checked.rows.n_faults), (0, 0), "after {n_sweeps} sweeps");
    assert_eq!(arena.submission(&bob, id).await["public_score"], 0.5);
    scene.world.close().await;
}

/// Each file is scored however many calls fail, and none of them costs an attempt.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_bucket_that_fails_half_of_the_time_delays_and_costs_nothing(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let (arena, bob) = scene.open().await;
    scene.proxy.fail(50);
    let mut ids = Vec::new();
    for number in 0..4 {
        let predictions = Labels::predictions(100 * (number + 1), 250);
        let key = format!("run-{number}");
        let answer = loop {
            let headers = [("idempotency-key", key.as_str())];
            let answer =
                bob.api.upload_with(&arena.api("/submissions"), "p.csv", predictions.clone(), &headers).await;
            if answer.status < 500 {
                break answer;
            }
        };
        ids.push(answer.expect(201).json()["id"].as_i64().unwrap());
    }
    scene.world.drain().await;
    scene.proxy.fail(0);
    for (number, id) in (1..).zip(ids) {
        let submission = arena.submission(&bob, id).await;
        assert_eq!(submission["state"], "scored", "{submission}");
        assert!((submission["public_score"].as_f64().unwrap() - 0.1 * f64::from(number)).abs() < 1e-9);
    }
    let attempts = sql("select max(attempts) from jobs where kind = 'score'");
    let attempts: i32 = attempts.fetch_one(&scene.world.pool).await.unwrap().get(0);
    assert_eq!(attempts, 1);
    assert!(scene.proxy.n_failed() > 0, "{} calls", scene.proxy.n_calls());
    scene.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_doctors_try_the_bucket_and_never_print_its_key(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let well = format!("Files can be stored in {}, read back and removed.", s3::address());
    for (secret, is_well) in [(s3::SECRET_KEY, true), ("wrong-secret-of-the-store", false)] {
        let environment = s3::environment(scene.s3.port(), secret);
        let mut server = tokio::process::Command::new(server_binary());
        server.arg("doctor").env("HOLDOUT_FILES", s3::address()).env("HOLDOUT_DATA_DIR", "/nowhere");
        let mut scorer = scene.world.scorer(&["doctor"]);
        for command in [&mut server, &mut scorer] {
            let output = command.envs(environment.clone()).output().await.unwrap();
            let words = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            assert_eq!(words.contains(&well), is_well, "{words}");
            assert_eq!(
                words.contains("Files cannot be kept in s3://files/house: storing: "),
                !is_well,
                "{words}"
            );
            assert!(!words.contains(secret), "{words}");
        }
    }
    assert!(!format!("{:?}", scene.world.app.config).contains(s3::SECRET_KEY));
    assert!(matches!(scene.world.app.config.files, Place::Bucket(_)));
    scene.world.close().await;
}

/// In a folder, where a test can make files old.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn files_that_no_row_names_are_counted_first_and_then_removed(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let id = arena.submit(&bob, &Labels::predictions(500, 250)).await;
    let orphans =
        ["submissions", "images", "notebooks", "archives"].map(|room| format!("{room}/1/left-behind"));
    let young = "images/1/on-its-way".to_owned();
    for key in orphans.iter().chain([&young]) {
        let path = world.files().join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "nobody's").unwrap();
    }
    let mut folders = vec![world.files().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if !entry.path().ends_with(&young) {
                let times = std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
                std::fs::File::options().write(true).open(entry.path()).unwrap().set_times(times).unwrap();
            }
        }
    }
    let command = |words: &[&str]| {
        let mut command = tokio::process::Command::new(server_binary());
        command
            .arg("storage")
            .args(words)
            .arg("--json")
            .env("DATABASE_URL", world.app.config.database_url.reveal())
            .env("HOLDOUT_FILES", world.files())
            .env("HOLDOUT_DATA_DIR", world.folder.path());
        command
    };
    let swept = async |verb: &str| {
        let output = command(&[verb]).output().await.unwrap();
        crate::world::require_success(&output);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let exist = || orphans.iter().filter(|key| world.files().join(key).exists()).count();
    let checked = swept("check").await;
    assert_eq!(
        (checked["n_orphans"].as_u64(), checked["is_removed"].as_bool(), exist()),
        (Some(4), Some(false), 4)
    );
    let named = checked["items"].as_array().unwrap();
    assert!(orphans.iter().all(|key| named.contains(&json!(key))), "{checked}");
    assert_eq!((swept("clean").await["n_orphans"].as_u64(), exist()), (Some(4), 0));
    assert!(world.files().join(&young).exists());
    let checked = swept("check").await;
    assert_eq!((&checked["n_orphans"], &checked["n_faults"]), (&json!(0), &json!(0)), "{checked}");
    assert!(checked["n_rows"].as_u64() > Some(2), "{checked}");
    world.drain().await;
    assert_eq!(arena.submission(&bob, id).await["public_score"], 0.5, "what rows name is there");

    // One file is gone, and of another one byte is another.
    let key = |row: sqlx::postgres::PgRow| world.files().join(row.get::<String, _>(0));
    let sent = sql("select storage_key from submissions").fetch_one(&world.pool).await.unwrap();
    std::fs::remove_file(key(sent)).unwrap();
    let data = sql("select storage_key from data_files limit 1").fetch_one(&world.pool).await.unwrap();
    let data = key(data);
    let mut content = std::fs::read(&data).unwrap();
    content[0] ^= 1;
    std::fs::write(&data, content).unwrap();
    for (words, faults) in [
        (&["check"][..], vec![("submission", "missing"), ("data_file", "changed")]),
        (&["check", "--quick"], vec![("submission", "missing")]),
    ] {
        let output = command(words).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let checked: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = checked["faults"].as_array().unwrap().iter();
        let found: Vec<_> =
            found.map(|one| (one["kind"].as_str().unwrap(), one["what"].as_str().unwrap())).collect();
        assert_eq!(found, faults, "{checked}");
        assert_eq!(checked["faults"][0]["id"], id.to_string());
    }
    world.close().await;
}
