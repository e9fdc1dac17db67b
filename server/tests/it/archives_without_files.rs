//! Archives of competitions of which some files were let go: what these came to stays on record, as it was, and counts
//! for nothing.

use chrono::TimeDelta;
use holdout::retention::clean::clean;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::archives::{elsewhere, entries, leave, packed, standing};
use crate::client::Answer;
use crate::command_line::{Shell, scorer_at_work};
use crate::world::{Arena, Labels, Person, World, sql};

const ARCHIVE: &str = "houses.holdout.zip";

/// Bob's four files: the best on the board, the one he chose, a worse one and one that was refused. The last two are let
/// go in the end.
async fn play(world: &World) -> (Person, Arena) {
    let [ada, bob, root] = [world.member("ada").await, world.member("bob").await, world.admin("root").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let mut sent = Vec::new();
    for error in [250, 300, 350] {
        sent.push(arena.submit(&bob, &Labels::predictions(error, 617 + error)).await);
    }
    arena.submit(&bob, "id,target\nr0,1\n").await;
    world.drain().await;
    let path = arena.api(&format!("/submissions/{}", sent[1]));
    bob.api.send_json(Method::PATCH, &path, &json!({ "selected": true })).await.expect(200);
    let path = "/api/v1/admin/retention/submission_files";
    root.api.send_json(Method::PUT, path, &json!({ "days": 30 })).await.expect(200);
    world.let_pass(TimeDelta::days(31)).await;
    arena.board().await;
    world.drain().await;
    world.let_pass(TimeDelta::days(70)).await;
    world.drain().await;
    clean(&world.app).await.unwrap();
    (ada, arena)
}

/// What is said of every submission, but for numbers and the log of an installation.
async fn told(host: &Person) -> Vec<Value> {
    let archive = host.api.get("/api/v1/competitions/houses/archive?data=false").await.expect(200).bytes;
    let lines = String::from_utf8(entries(&archive)["submissions.ndjson"].clone()).unwrap();
    let part = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let kept = [
            "received_at",
            "is_late",
            "file_name",
            "size_bytes",
            "sha256",
            "description",
            "state",
            "rejection",
            "public_score",
            "public_undefined",
            "private_score",
            "private_undefined",
            "selected_at",
            "file_gone_at",
        ];
        kept.map(|name| line[name].clone()).into()
    };
    lines.lines().map(part).collect()
}

async fn put(host: &Person, archive: Vec<u8>) -> Answer {
    host.api.send(Method::PUT, "/api/v1/competitions/again/archive", None, archive).await
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_let_go_is_on_record_elsewhere_as_it_was(pool: PgPool) {
    let here = World::new(pool.clone()).await;
    let (ada, arena) = play(&here).await;
    let before = (told(&ada).await, standing(&ada, "houses").await);
    assert_eq!(before.0.iter().filter(|line| !line[13].is_null()).count(), 2, "{before:?}");
    let desk = Shell::of(&here, &ada).await;
    let done = desk.json(&["host", "export", "houses", "--yes"]).await;
    let archive = std::fs::read(desk.path(ARCHIVE)).unwrap();
    assert_eq!(
        (&done["archive"]["format"], &done["archive"]["has_submission_files"]),
        (&json!(2), &json!(true))
    );

    let (there, name) = elsewhere(&pool).await;
    there.let_pass(TimeDelta::days(70)).await;
    let mut scorer = scorer_at_work(&there);
    let eve = there.member("eve").await;
    let host = Shell::of(&there, &eve).await;
    host.write(ARCHIVE, &archive);
    host.write("solution.csv", Labels::regression().solution);
    let taken =
        host.json(&["host", "import", ARCHIVE, "--solution", "solution.csv", "--launch", "--yes"]).await;
    let tally = json!({ "n_equal": 2, "n_different": 0, "n_open": 0, "n_taken_over": 2, "different": [] });
    assert_eq!((&taken["scores"], &taken["imported"]["n_submissions"]), (&tally, &json!(4)), "{taken}");
    let left_behind = taken["imported"]["left_behind"].to_string();
    assert!(left_behind.contains("Files of 2 submissions, which were deleted"), "{left_behind}");
    assert_eq!((told(&eve).await, standing(&eve, "houses").await), before);
    let verified = host.json(&["verify", "houses"]).await;
    assert_eq!(
        (&verified["is_clean"], &verified["n_asked"], &verified["n_files_gone"]),
        (&json!(true), &json!(2), &json!(2)),
        "{verified}"
    );
    let refused = eve.api.send(Method::POST, &arena.api("/versions"), None, Vec::new()).await.expect(403);
    assert!(refused.text().contains("2 submissions"), "{}", refused.text());
    let counted = sql("select (select submission_bytes from stored_of_competitions where competition_id = c.id)
                = (select sum(size_bytes) from submissions where competition_id = c.id and file_gone_at is null),
            c.n_entries = 3 from competitions c where slug = 'houses'");
    let counted = counted.fetch_one(&there.pool).await.unwrap();
    assert!(
        counted.get::<bool, _>(0) && counted.get::<bool, _>(1),
        "no room is taken, and entries are counted"
    );
    scorer.kill().await.unwrap();
    leave(there, &pool, &name).await;
    here.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_word_of_an_archive_about_what_is_not_there_counts_for_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, arena) = play(&world).await;
    let path = arena.api("/archive?submission_files=true&data=false");
    let good = entries(&ada.api.get(&path).await.expect(200).bytes);
    let draft = json!({ "title": "Again", "slug": "again" });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let lines: Vec<Value> = String::from_utf8(good["submissions.ndjson"].clone())
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let with = |at: usize, name: &str, value: Value| {
        let mut lines = lines.clone();
        lines[at][name] = value;
        let lines: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let mut entries = good.clone();
        entries.insert("submissions.ndjson".to_owned(), lines.into_bytes());
        packed(&entries)
    };
    let cases = [
        (with(2, "selected_at", lines[1]["selected_at"].clone()), "chosen for the final"),
        (with(2, "private_score", Value::Null), "does not say what it came to"),
        (with(2, "scored_at", Value::Null), "does not say what it came to"),
        (with(2, "state", json!("queued")), "does not say what it came to"),
        (with(3, "rejection", json!({ "x": 1 })), "does not say what it came to"),
        (with(2, "sha256", json!("12")), "no SHA-256"),
        (with(2, "file_gone_at", Value::Null), "is missing"),
        (with(0, "turn", json!({ "number": 1, "team": 99 })), "judged in a team"),
    ];
    for (archive, sentence) in cases {
        let refused = put(&ada, archive).await.expect(422);
        assert!(refused.text().contains(sentence), "{sentence}: {}", refused.text());
    }

    // A score that would win, had it a file.
    put(&ada, with(2, "public_score", json!(0.0))).await.expect(200);
    for statement in [
        "select take_over_score(min(id), 0, null, 0, null) from submissions",
        "select take_over_turn(min(id), 1, min(team_id)) from submissions",
        "insert into ladder_turns select min(id), 1, min(team_id) from submissions",
    ] {
        assert!(sql(statement).execute(&world.app.db).await.is_err(), "{statement}");
    }
    let api = |rest: &str| format!("/api/v1/competitions/again{rest}");
    for (rest, body) in [
        ("/data/sample_submission.csv?role=sample_submission", Labels::regression().sample),
        ("/solution", Labels::regression().solution),
    ] {
        let kind = Some("application/octet-stream");
        ada.api.send(Method::PUT, &api(rest), kind, body.into_bytes()).await.expect(200);
    }
    ada.api.send_json(Method::PUT, &api("/metric"), &json!({ "metric": "rmse" })).await.expect(200);
    world.drain().await;
    let launch = json!({ "days": 30, "audit_reason": "It is a test." });
    ada.api.send_json(Method::POST, &api("/launch"), &launch).await.expect(200);
    world.drain().await;
    let choose = sql("update submissions set selected_at = clock_now()
         where file_gone_at is not null and competition_id = (select id from competitions where slug = 'again')");
    let refused = choose.execute(&world.pool).await.unwrap_err();
    assert!(refused.to_string().contains("submissions_gone_not_chosen"), "{refused}");
    let board = ada.api.get("/api/v1/competitions/again/leaderboard").await.expect(200).json();
    assert_eq!(
        (&board["items"][0]["score"], &board["items"][0]["n_entries"]),
        (&json!(0.2), &json!(3)), // three public rows are worth one decimal
        "{board}"
    );
    world.close().await;
}
