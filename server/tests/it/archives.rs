//! A competition given out as an archive, and taken in by another installation with a database, scorers and a
//! key of its own.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool, Row};
use ureq::http::Method;
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::command_line::{Shell, scorer_at_work};
use crate::world::{Arena, Labels, Person, World, sql};

const ARCHIVE: &str = "houses.holdout.zip";

/// A second installation beside a test's own.
pub async fn elsewhere(pool: &PgPool) -> (World, String) {
    let name = format!("elsewhere_{}", Uuid::new_v4().simple());
    let statement = format!("create database {name}");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(pool).await.unwrap();
    let options = pool.connect_options().as_ref().clone().database(&name);
    let other = PgPool::connect_with(options).await.unwrap();
    holdout_contract::MIGRATOR.run(&other).await.unwrap();
    (World::new(other).await, name)
}

pub async fn leave(world: World, pool: &PgPool, name: &str) {
    let other = world.pool.clone();
    world.close().await;
    other.close().await;
    let statement = format!("drop database {name} with (force)");
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(pool).await.unwrap();
}

/// A competition that is over: three teams, a rejected file, a choice, a late submission, and talk.
async fn play(world: &World) -> (Person, Arena) {
    let ada = world.member("ada").await;
    let (bob, carol, dave) =
        (world.member("bob").await, world.member("carol").await, world.member("dave").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for person in [&bob, &carol, &dave] {
        arena.join(person).await;
    }
    let chosen = arena.submit(&bob, &Labels::predictions(250, 617)).await;
    arena.submit(&bob, &Labels::predictions(100, 900)).await;
    arena.submit(&carol, &Labels::predictions(300, 400)).await;
    arena.submit(&carol, &Labels::predictions(300, 400).replacen("r4,", "r44,", 1)).await;
    world.drain().await;
    let choose = json!({ "selected": true });
    bob.api
        .send_json(Method::PATCH, &arena.api(&format!("/submissions/{chosen}")), &choose)
        .await
        .expect(200);
    let topic = json!({ "title": "Why does it jump?", "markdown": "Some *text* <script>alert(1)</script>." });
    let topic = bob.api.send_json(Method::POST, &arena.api("/topics"), &topic).await.expect(201).json();
    let posts = format!("/api/v1/topics/{}/posts", topic["id"]);
    let write = async |person: &Person, text: &str, parent: Value| {
        let post = json!({ "markdown": text, "parent_id": parent });
        person.api.send_json(Method::POST, &posts, &post).await.expect(201).json()["id"].clone()
    };
    let reply = write(&carol, "It is the noise.", Value::Null).await;
    write(&bob, "Thank you.", reply.clone()).await;
    let mended = json!({ "markdown": "It is the noise of the rows." });
    carol.api.send_json(Method::PATCH, &format!("/api/v1/posts/{reply}"), &mended).await.expect(204);
    let news = json!({ "title": "One more hour", "text": "The end *moves*." });
    ada.api.send_json(Method::POST, &arena.api("/announcements"), &news).await.expect(201);
    let now = ada.api.get(&arena.api("")).await.expect(200).json();
    let ends_at: DateTime<Utc> = now["ends_at"].as_str().unwrap().parse().unwrap();
    let later = json!({ "ends_at": ends_at + TimeDelta::hours(1), "reason": "A power cut." });
    ada.api.send_json(Method::PATCH, &arena.api(""), &later).await.expect(200);
    world.let_pass(TimeDelta::days(31)).await;
    let chosen = json!({ "topic": topic["id"] });
    bob.api.send_json(Method::PUT, &arena.api("/team/write-up"), &chosen).await.expect(200);
    arena.submit(&carol, &Labels::predictions(10, 10)).await;
    world.drain().await;
    assert_eq!(arena.board().await["board"], "private");
    (ada, arena)
}

pub fn entries(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut entries = BTreeMap::new();
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        entries.insert(entry.name().unwrap().into_owned(), bytes);
    }
    entries
}

pub fn packed(entries: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// What of a board must be the same everywhere.
pub async fn standing(host: &Person, slug: &str) -> Vec<Value> {
    let board = host.api.get(&format!("/api/v1/competitions/{slug}/leaderboard")).await.expect(200).json();
    let part = |row: &Value| json!([row["rank"], row["change"], row["team"], row["score"], row["n_entries"]]);
    board["items"].as_array().unwrap().iter().map(part).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_one_installation_gives_out_another_takes_in_with_equal_scores(pool: PgPool) {
    let here = World::new(pool.clone()).await;
    let (ada, arena) = play(&here).await;
    sql("update scoring_versions set split_seed = 4711").execute(&here.pool).await.unwrap();
    let desk = Shell::of(&here, &ada).await;
    desk.run(&["host", "export", "houses"]).await.expect(64); // nobody can be asked
    let done = desk.json(&["host", "export", "houses", "--yes", "--sealed-solution"]).await;
    assert_eq!(done["archive"]["state"], "final", "{done}");
    desk.run(&["host", "export", "houses", "--yes"]).await.expect(1); // it is there already
    let archive = std::fs::read(desk.path(ARCHIVE)).unwrap();
    nothing_leaks(&archive);
    let noted =
        sql("select count(*) from audit_log where action = 'export_archive' and actor_id = $1").bind(ada.id);
    assert_eq!(noted.fetch_one(&here.pool).await.unwrap().get::<i64, _>(0), 1);
    let before = standing(&ada, &arena.slug).await;
    assert_eq!(before.len(), 2, "dave sent nothing: {before:?}");

    let (there, name) = elsewhere(&pool).await;
    there.let_pass(TimeDelta::days(31)).await;
    let mut scorer = scorer_at_work(&there);
    let eve = there.member("eve").await;
    there.member("bob").await;
    let host = Shell::of(&there, &eve).await;
    host.write(ARCHIVE, &archive);
    host.write("solution.csv", Labels::regression().solution);
    let told = host.run(&["host", "import", ARCHIVE, "--slug", "unlabelled"]).await.expect(0);
    assert!(
        told.err.contains("cannot be opened") && told.out.contains("holdout host solution unlabelled"),
        "{}",
        told.err
    );
    host.run(&["host", "launch", "unlabelled", "--yes"]).await.expect(3); // it has no labels
    let take = ["host", "import", ARCHIVE, "--solution", "solution.csv", "--launch", "--yes"];
    let taken = host.json(&take).await;
    let tally = json!({ "n_equal": 5, "n_different": 0, "n_open": 0, "n_taken_over": 0, "different": [] });
    assert_eq!(taken["scores"], tally, "{taken}");
    let imported = &taken["imported"];
    assert_eq!((&imported["n_teams"], &imported["n_people_known"]), (&json!(3), &json!(0)), "{taken}");
    host.run(&take).await.expect(1); // it is launched
    assert_eq!(standing(&eve, "houses").await, before);
    let seeds = sql(
        "select v.split_seed from scoring_versions v join competitions c on c.id = v.competition_id where c.slug = 'houses'",
    );
    assert_eq!(seeds.fetch_one(&there.pool).await.unwrap().get::<i64, _>(0), 4711);
    assert_eq!(host.json(&["verify", "houses"]).await["is_clean"], true);
    talk_is_there(&eve).await;
    news_is_there(&eve).await;

    // An administrator vouches for people; wrong labels are found out.
    let root = Shell::of(&there, &there.admin("root").await).await;
    root.write(ARCHIVE, &archive);
    root.write("wrong.csv", Labels::regression().solution.replace("7000.321", "7001.321"));
    let wrong = [
        "host",
        "import",
        ARCHIVE,
        "--slug",
        "wrong",
        "--solution",
        "wrong.csv",
        "--launch",
        "--yes",
        "--json",
    ];
    let told = root.run(&wrong).await.expect(2).json();
    assert_eq!(
        (&told["imported"]["n_people_known"], &told["scores"]["n_equal"]),
        (&json!(1), &json!(1)),
        "{told}"
    );
    let stand_ins =
        sql("select count(*) from users where email like '%@imported.invalid' and password_hash = '!'");
    let n: i64 = stand_ins.fetch_one(&there.pool).await.unwrap().get(0);
    assert_eq!(n, 2 * 3 + 2, "bob is bob for an administrator alone");
    scorer.kill().await.unwrap();
    leave(there, &pool, &name).await;
    here.close().await;
}

/// No label, no address of a person, and the sealed file as it is stored.
fn nothing_leaks(archive: &[u8]) {
    let entries = entries(archive);
    assert!(entries["solution.age"].starts_with(b"age-encryption.org/v1\n"));
    assert!(
        entries.contains_key("boards/private.csv") && entries.contains_key("competition/competition.toml")
    );
    for (name, part) in [("boards/pictures.json", "absent"), ("boards/other_metrics.json", "metrics")] {
        let said: Value = serde_json::from_slice(&entries[name]).unwrap();
        assert!(!said[part].is_null(), "{name}: {said}");
    }
    for (name, bytes) in &entries {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("people.test") && !text.contains("7003.321"), "{name}");
    }
    let lines = String::from_utf8_lossy(&entries["submissions.ndjson"]).lines().count();
    let files = entries.keys().filter(|name| name.starts_with("submissions/")).count();
    assert_eq!((lines, files), (5, 5));
}

async fn news_is_there(eve: &Person) {
    let announced = eve.api.get("/api/v1/competitions/houses/announcements").await.expect(200).json();
    assert_eq!(
        (&announced["items"][0]["title"], &announced["items"][0]["posted_by"]),
        (&json!("One more hour"), &json!(""))
    );
    let changed = eve.api.get("/api/v1/competitions/houses/changes").await.expect(200).json();
    assert_eq!(
        (&changed["items"][0]["item"], &changed["items"][0]["note"]),
        (&json!("ends_at"), &json!("A power cut."))
    );
}

async fn talk_is_there(eve: &Person) {
    let topics = eve.api.get("/api/v1/competitions/houses/topics").await.expect(200).json();
    let topic = &topics["items"][0];
    assert_eq!((&topic["title"], &topic["n_replies"]), (&json!("Why does it jump?"), &json!(2)), "{topics}");
    let page = eve.browser.get(&format!("/topics/{}", topic["id"])).await.expect(200).text();
    assert!(page.contains("Thank you.") && page.contains("bob bobson (imported)"), "{page}");
    assert!(!page.contains("alert(1)</script>"), "markup is drawn anew, whatever an archive says");
    let whose = eve.api.get(&format!("/api/v1/topics/{}", topic["id"])).await.expect(200).json();
    assert_eq!(whose["write_up_of"]["team"], "bob bobson", "{whose}");
    let posts = format!("/api/v1/topics/{}/posts", topic["id"]);
    let posts = eve.api.get(&posts).await.expect(200).json();
    let edited = posts["items"].as_array().unwrap().iter().find(|post| post["edited_at"].is_string());
    let edited = edited.unwrap_or_else(|| panic!("{posts}"));
    let versions = format!("/api/v1/posts/{}/versions", edited["id"]);
    let versions = eve.api.get(&versions).await.expect(200).json();
    assert_eq!(versions["items"][0]["markdown"], "It is the noise.", "{versions}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_open_competition_gives_no_private_score_and_what_it_gives_is_for_hosts(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    bob.api.get(&arena.api("/archive")).await.expect(404);
    world.visitor().get(&arena.api("/archive")).await.expect(401);
    let given = entries(&ada.api.get(&arena.api("/archive")).await.expect(200).bytes);
    assert!(
        given.keys().all(|name| !name.starts_with("submissions/") && name != "solution.age"),
        "not unasked"
    );
    let boards: Vec<_> = given.keys().filter(|name| name.starts_with("boards/")).collect();
    assert_eq!(boards, ["boards/public.csv"], "nothing of private rows");
    let line: Value = serde_json::from_slice(&given["submissions.ndjson"]).unwrap();
    assert_eq!((&line["public_score"], &line["private_score"]), (&json!(0.25), &Value::Null), "{line}");
    let put = ada.api.send(Method::PUT, &arena.api("/archive"), None, packed(&given)).await.expect(403);
    assert!(put.text().contains("new draft"), "{}", put.text());
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_archive_that_contradicts_itself_is_refused_whole(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, arena) = play(&world).await;
    let path = arena.api("/archive?submission_files=true&data=false");
    let good = entries(&ada.api.get(&path).await.expect(200).bytes);
    let draft = json!({ "title": "Again", "slug": "again" });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let put = async |bytes: Vec<u8>| {
        ada.api.send(Method::PUT, "/api/v1/competitions/again/archive", None, bytes).await
    };
    let stored = world.files().join("submissions");
    let n_stored = || walk(&stored);
    let before = n_stored();
    let file = good.keys().find(|name| name.starts_with("submissions/")).unwrap().clone();
    let edited = |name: &str, from: &str, to: &str| {
        let text = String::from_utf8(good[name].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        let mut entries = good.clone();
        entries.insert(name.to_owned(), text.replacen(from, to, 1).into_bytes());
        packed(&entries)
    };
    let with = |name: &str, bytes: &[u8]| {
        let mut entries = good.clone();
        entries.insert(name.to_owned(), bytes.to_vec());
        packed(&entries)
    };
    let without = |name: &str| {
        let mut entries = good.clone();
        entries.remove(name);
        packed(&entries)
    };
    let lines = String::from_utf8(good["teams.ndjson"].clone()).unwrap();
    let cases = [
        (b"no zip".to_vec(), "neither a zip"),
        (with("../escape.txt", b"x"), "leads out"),
        (with("TEAMS.ndjson", b"x"), "twice"),
        (without("holdout.json"), "no holdout.json"),
        (edited("holdout.json", "\"format\": 1", "\"format\": 9"), "format 9"),
        (with(&file, b"id,target\n"), "SHA-256 differs"),
        (without(&file), "is missing"),
        (edited("teams.ndjson", "\"is_leader\":true", "\"is_leader\":false"), "0 leaders"),
        (edited("teams.ndjson", "\"created_at\"", "\"created\""), "teams.ndjson, line 1"),
        (with("teams.ndjson", format!("{lines}{lines}").as_bytes()), "teams_name_taken"),
        (edited("topics.ndjson", "Why does it jump?", "x"), "Title of topic"),
        (edited("posts.ndjson", "\"is_opening\":true", "\"is_opening\":false"), "opening post"),
        (without("posts.ndjson"), "has no text"),
    ];
    for (bytes, sentence) in cases {
        let refused = put(bytes).await.expect(422);
        assert!(refused.text().contains(sentence), "{sentence}: {}", refused.text());
        assert_eq!(n_stored(), before, "{sentence}: nothing stays");
    }
    let n_people = sql("select count(*) from users where email like '%@imported.invalid'");
    assert_eq!(n_people.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 0);
    assert_eq!(walk(&world.files().join("archives")), 0, "no archive is kept");
    let taken = put(packed(&good)).await.expect(200).json();
    assert_eq!((&taken["n_submissions"], &taken["n_posts"]), (&json!(5), &json!(3)), "{taken}");
    put(packed(&good)).await.expect(403);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn baselines_and_a_disqualified_team_come_along(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, carol] =
        [world.member("ada").await, world.member("bob").await, world.member("carol").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for (person, error) in [(&bob, 617), (&carol, 400)] {
        arena.join(person).await;
        arena.submit(person, &Labels::predictions(250, error)).await;
    }
    let zeros = arena.api("/baselines?name=Zeros");
    ada.api.upload(&zeros, "zeros.csv", Labels::predictions(300, 500)).await.expect(201);
    world.drain().await;
    let judged = json!({ "team": "carol carolson", "reason": "Two accounts." });
    ada.api.send_json(Method::POST, &arena.api("/disqualifications"), &judged).await.expect(201);
    world.let_pass(TimeDelta::days(31)).await;
    let before = standing(&ada, "houses").await;
    assert_eq!(before.len(), 2, "bob and the baseline: {before:?}");

    let archive =
        ada.api.get(&arena.api("/archive?submission_files=true&data=false")).await.expect(200).bytes;
    let with_leader = entries(&archive);
    let again = json!({ "title": "Again", "slug": "again" });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &again).await.expect(201);
    let put = async |bytes: Vec<u8>| {
        ada.api.send(Method::PUT, "/api/v1/competitions/again/archive", None, bytes).await
    };
    let lines = String::from_utf8(with_leader["teams.ndjson"].clone()).unwrap();
    let line = lines.lines().find(|line| line.contains("Zeros")).unwrap();
    let of_bob = lines.lines().find(|line| line.contains("bob")).unwrap();
    let [mut baseline, team]: [Value; 2] = [line, of_bob].map(|line| serde_json::from_str(line).unwrap());
    assert_eq!((&baseline["is_baseline"], &baseline["members"]), (&json!(true), &json!([])), "{line}");
    baseline["members"] = team["members"].clone();
    let mut wrong = with_leader.clone();
    wrong.insert("teams.ndjson".to_owned(), lines.replace(line, &baseline.to_string()).into_bytes());
    let refused = put(packed(&wrong)).await.expect(422).text();
    assert!(refused.contains("is a baseline, and has members"), "{refused}");

    let taken = put(archive).await.expect(200).json();
    assert_eq!((&taken["n_teams"], &taken["n_submissions"]), (&json!(2), &json!(3)), "{taken}");
    let kept = sql("select count(*) from teams t join competitions c on c.id = t.competition_id
                    where c.slug = 'again' and t.is_baseline and t.name = 'Zeros'");
    assert_eq!(kept.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1);
    let counted = sql("select n_teams from competitions where slug = 'again'");
    assert_eq!(
        counted.fetch_one(&world.pool).await.unwrap().get::<i32, _>(0),
        1,
        "without who is disqualified"
    );
    world.drain().await;
    world.close().await;
}

/// How many files lie below a folder.
fn walk(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.flatten().map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 }).sum()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_have_files_of_participants_where_it_was_said_before_and_nowhere_else(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, arena) = play(&world).await;
    let [root, emma] = [world.admin("root").await, world.member("emma").await];
    let path = arena.api("/archive?submission_files=true&data=false");
    let told = async || {
        let page = emma.browser.get("/c/houses/join").await.expect(200).text();
        page.contains("The hosts can get the files you submit")
    };
    assert!(told().await);
    ada.api.get(&path).await.expect(200);
    let wish = |they_may: bool| json!({ "hosts_may_have_files": they_may });
    let now = ada.api.send_json(Method::PATCH, &arena.api(""), &wish(false)).await.expect(200).json();
    assert_eq!(now["hosts_may_have_files"], false);
    assert!(!told().await);
    let refused = ada.api.get(&path).await.expect(403).text();
    assert!(refused.contains("without-submission-files"), "{refused}");
    ada.api.get(&arena.api("/archive?data=false")).await.expect(200);
    ada.api.send_json(Method::PATCH, &arena.api(""), &wish(true)).await.expect(422);
    let limits = ada.browser.get("/c/houses/host/limits").await.expect(200).text();
    assert!(limits.contains("Hosts cannot have them") && !limits.contains("name=\"hosts_may_have_files\""));
    root.api.get(&path).await.expect(200);
    let mut tx = world.pool.begin().await.unwrap();
    sql("set local role holdout_web").execute(&mut *tx).await.unwrap();
    let late =
        sql("update competitions set hosts_may_have_files = true").execute(&mut *tx).await.unwrap_err();
    let constraint = late.as_database_error().and_then(|error| error.constraint());
    assert_eq!(constraint, Some("competitions_files_stay_promised"), "{late}");
    drop(tx);
    let draft = json!({ "title": "New", "slug": "new-one" });
    let made = ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201).json();
    assert_eq!(made["hosts_may_have_files"], false, "nobody has them unless it is said");
    let said = ada.api.send_json(Method::PATCH, "/api/v1/competitions/new-one", &wish(true)).await;
    assert_eq!(said.expect(200).json()["hosts_may_have_files"], true);
    world.close().await;
}
