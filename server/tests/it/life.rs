//! The life of a submission: from the file to the score, through every accident on the way.

use std::io::{Cursor, Write};
use std::time::Duration;

use holdout_contract::rejection::RejectionKind;
use serde_json::Value;
use sqlx::{PgPool, Row};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::world::{Arena, Labels, Person, World, sql, until};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_file_becomes_a_score_a_rank_and_a_receipt(pool: PgPool) {
    let (world, arena, bob) = open(pool).await;
    let id = arena.submit(&bob, &Labels::predictions(250, 617)).await;
    assert_eq!(arena.submission(&bob, id).await["state"], "queued");
    world.drain().await;
    let submission = arena.submission(&bob, id).await;
    assert_eq!(submission["state"], "scored");
    assert_near(&submission["public_score"], 0.25);
    assert_eq!(submission["sha256"].as_str().map(str::len), Some(64));
    let board = arena.board().await;
    assert_eq!(board["items"][0]["rank"], 1, "{board}");
    let logged = sql("select count(*) from submission_log where submission_id = $1").bind(id);
    assert_eq!(logged.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_better_of_two_submissions_ranks_and_the_earlier_of_two_equals(pool: PgPool) {
    let (world, arena, bob) = open(pool).await;
    let carol = world.member("carol").await;
    arena.join(&carol).await;
    arena.submit(&carol, &Labels::predictions(300, 1)).await;
    arena.submit(&bob, &Labels::predictions(400, 1)).await;
    arena.submit(&bob, &Labels::predictions(300, 1)).await;
    world.drain().await;
    let board = arena.board().await;
    let teams: Vec<_> =
        board["items"].as_array().unwrap().iter().map(|row| row["n_entries"].as_i64()).collect();
    assert_eq!(teams, [Some(1), Some(2)], "carol was first with this score: {board}");
    arena.submit(&bob, &Labels::predictions(200, 900)).await;
    world.drain().await;
    assert_eq!(arena.board().await["items"][0]["n_entries"], 3, "bob leads by his public score");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_fifty_submissions_at_once_exactly_five_are_received(pool: PgPool) {
    let (world, arena, bob) = open(pool).await;
    let sent: Vec<_> = (0..50)
        .map(|number| {
            let (arena, bob) = (arena.clone(), bob.clone());
            tokio::spawn(async move {
                arena.send(&bob, "predictions.csv", Labels::predictions(100 + number, 1)).await
            })
        })
        .collect();
    let mut received = 0;
    for answer in sent {
        let answer = answer.await.unwrap();
        match answer.status {
            200..300 => received += 1,
            429 => assert!(answer.text().contains("00:00 UTC"), "{}", answer.text()),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert_eq!(received, 5);
    world.drain().await;
    let counted = sql("select count(*) from submissions where state = 'scored'");
    assert_eq!(counted.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 5);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_wrong_file_is_told_what_is_wrong_and_costs_nothing(pool: PgPool) {
    use RejectionKind as Kind;
    let (world, arena, bob) = open(pool).await;
    allow_many(&world, &arena).await;
    let good = Labels::predictions(250, 617);
    let line = |number: usize| good.lines().nth(number).unwrap();
    let cases: Vec<(&str, Vec<u8>, Kind, &str)> = vec![
        ("wrong header", good.replacen("id,target", "key,value", 1).into(), Kind::MissingColumn, "id"),
        ("no target", "id\nr0\n".into(), Kind::MissingColumn, "target"),
        (
            "another column",
            good.replace('\n', ",1\n").replacen("target,1", "target,extra", 1).into(),
            Kind::UnknownColumn,
            "extra",
        ),
        (
            "a column twice",
            good.replace('\n', ",1\n").replacen("target,1", "target,target", 1).into(),
            Kind::DuplicateColumn,
            "target",
        ),
        ("missing ids", good.lines().take(9).collect::<Vec<_>>().join("\n").into(), Kind::MissingIds, "r8"),
        ("unknown ids", good.replace("r4,", "r44,").into(), Kind::UnknownIds, "r44"),
        ("a row twice", format!("{good}{}\n", line(3)).into(), Kind::DuplicateIds, "r2"),
        ("NaN", good.replacen(line(2), "r1,NaN", 1).into(), Kind::NotFinite, "3"),
        ("infinity", good.replacen(line(2), "r1,-inf", 1).into(), Kind::NotFinite, "3"),
        ("text", good.replacen(line(2), "r1,seven", 1).into(), Kind::NotANumber, "seven"),
        ("a hole", good.replacen(line(2), "r1,", 1).into(), Kind::MissingValue, "3"),
        ("a short row", good.replacen(line(2), "r1", 1).into(), Kind::RowWidth, "3"),
        ("an open quote", good.replacen(line(2), "\"r1,5", 1).into(), Kind::MalformedCsv, "quotation mark"),
        ("an empty file", Vec::new(), Kind::EmptyFile, "empty"),
        ("a header alone", "id,target\n".into(), Kind::NoRows, "row"),
        ("UTF-16", utf_16(&good), Kind::NotUtf8, "UTF-16"),
        ("latin-1", [b"id,target\nr\xe9,1\n".as_slice()].concat(), Kind::NotUtf8, "UTF-8"),
        ("two files in a zip", zipped(&[("a.csv", &good), ("b.csv", &good)]), Kind::BadArchive, "2"),
        ("a torn zip", zipped(&[("a.csv", &good)])[..60].to_vec(), Kind::BadArchive, ""),
        ("a zip bomb that lies about its size", bomb(), Kind::BadArchive, ""),
    ];
    let mut sent = Vec::new();
    for (what, bytes, kind, mention) in cases {
        let answer = arena.send(&bob, &format!("{what}.csv"), bytes).await;
        assert!(answer.status < 500, "{what}: {}", answer.text());
        assert!((200..300).contains(&answer.status), "{what} is received: {}", answer.text());
        sent.push((what, answer.json()["id"].as_i64().unwrap(), kind, mention));
    }
    world.drain().await;
    for (what, id, kind, mention) in sent {
        let submission = arena.submission(&bob, id).await;
        let rejection = &submission["rejection"];
        assert_eq!(submission["state"], "rejected", "{what}: {submission}");
        assert_eq!(rejection["error"], serde_json::to_value(kind).unwrap(), "{what}: {rejection}");
        let sentence = rejection["message"].as_str().unwrap();
        assert!(sentence.len() > 20 && sentence.ends_with(['.', '?', '!']), "{what}: {sentence}");
        assert!(rejection.to_string().contains(mention), "{what} should mention {mention}: {rejection}");
        let page = bob.browser.get(&format!("/c/{}/submissions/{id}", arena.slug)).await.expect(200);
        assert!(page.text().contains(&escaped(sentence)), "{what} is explained on the page: {sentence}");
    }
    let scored = arena.submit(&bob, &good).await;
    world.drain().await;
    assert_eq!(arena.submission(&bob, scored).await["state"], "scored");
    let counted = sql("select count(*) from submissions where state not in ('rejected', 'failed')");
    assert_eq!(counted.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_good_file_is_read_whatever_its_dress(pool: PgPool) {
    let (world, arena, bob) = open(pool).await;
    allow_many(&world, &arena).await;
    let good = Labels::predictions(250, 617);
    let mut rows: Vec<_> = good.lines().skip(1).collect();
    rows.reverse();
    let swapped =
        good.lines().map(|line| line.split_once(',').map(|(id, target)| format!("{target},{id}\n")).unwrap());
    let dresses: Vec<(&str, &str, Vec<u8>)> = vec![
        ("plain", "p.csv", good.clone().into()),
        ("Windows line ends", "p.csv", good.replace('\n', "\r\n").into()),
        ("quotes", "p.csv", good.replace("r3,", "\"r3\",").into()),
        ("a byte order mark", "p.csv", format!("\u{feff}{good}").into()),
        ("another order of rows", "p.csv", format!("id,target\n{}\n", rows.join("\n")).into()),
        ("another order of columns", "p.csv", swapped.collect::<String>().into()),
        ("no last line end", "p.csv", good.trim_end().into()),
        ("zip", "p.csv.zip", zipped(&[("p.csv", &good)])),
        ("a zip named csv", "p.csv", zipped(&[("p.csv", &good)])),
        ("gzip", "p.csv.gz", gzipped(good.as_bytes())),
    ];
    let mut sent = Vec::new();
    for (dress, name, bytes) in dresses {
        sent.push((dress, arena.send(&bob, name, bytes).await.json()["id"].as_i64().unwrap()));
    }
    world.drain().await;
    for (dress, id) in sent {
        let submission = arena.submission(&bob, id).await;
        assert_eq!(submission["state"], "scored", "{dress}: {submission}");
        assert_near(&submission["public_score"], 0.25);
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn leading_zeros_of_ids_count(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let labels = Labels {
        solution: "id,target,Usage\n007,1,Public\n07,2,Public\n7,3,Private\n8,4,Private\n".to_owned(),
        sample: "id,target\n007,0\n07,0\n7,0\n8,0\n".to_owned(),
        ..Labels::regression()
    };
    let arena = world.open_competition(&ada, "zeros", &labels).await;
    arena.join(&bob).await;
    let right = arena.submit(&bob, "id,target\n7,3\n007,1\n8,4\n07,2\n").await;
    let wrong = arena.submit(&bob, "id,target\n7,3\n0007,1\n8,4\n07,2\n").await;
    world.drain().await;
    assert_eq!(arena.submission(&bob, right).await["public_score"], 0.0);
    let wrong = arena.submission(&bob, wrong).await;
    assert_eq!(wrong["state"], "rejected", "{wrong}");
    assert!(wrong["rejection"].to_string().contains("007"), "{wrong}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_file_over_the_limit_is_stopped_while_it_arrives(pool: PgPool) {
    let (world, arena, bob) = open(pool).await;
    sql("update competitions set max_upload_bytes = 1024 * 1024").execute(&world.pool).await.unwrap();
    let answer = arena.send(&bob, "large.csv", vec![b'1'; 3 * 1024 * 1024]).await;
    assert_eq!(answer.status, 413, "{}", answer.text());
    assert!(
        answer.text().contains("MB") || answer.text().contains("MiB"),
        "names the limit: {}",
        answer.text()
    );
    let submissions = world.files().join("submissions");
    let submissions = &submissions;
    until(Duration::from_secs(10), "its removal", || async move { walk_files(submissions).is_empty() }).await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn twenty_million_rows_are_answered_with_a_sentence(pool: PgPool) {
    let (world, arena, bob) = open(pool).await;
    let rows = [b"id,target\n".to_vec(), b"1,1\n".repeat(20_000_000)].concat();
    let id = arena.send(&bob, "many.csv", rows).await.json()["id"].as_i64().unwrap();
    world.drain().await;
    let submission = arena.submission(&bob, id).await;
    assert_eq!(submission["state"], "rejected", "{submission}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_scorer_killed_in_the_middle_costs_nothing(pool: PgPool) {
    let (world, arena, bob) = open_large(pool).await;
    let mut scorer = world.scorer(&["work"]).spawn().unwrap();
    let id = arena.submit(&bob, &large_predictions()).await;
    until(Duration::from_secs(20), "the lease", || is_leased(&world)).await;
    scorer.start_kill().unwrap(); // SIGKILL
    scorer.wait().await.unwrap();
    let second = world.scorer(&["work"]).spawn().unwrap();
    until(Duration::from_secs(60), "the score", || is_scored(&world, id)).await;
    drop(second);
    let scores = sql("select count(*) from scores where submission_id = $1").bind(id);
    assert_eq!(scores.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 1);
    let attempts = sql("select attempts from jobs where submission_id = $1").bind(id);
    assert!(
        attempts.fetch_one(&world.pool).await.unwrap().get::<i32, _>(0) >= 2,
        "it was under way when killed"
    );
    world.close().await;
}

async fn is_leased(world: &World) -> bool {
    let leased = sql("select 1 from jobs where kind = 'score' and state = 'leased'");
    leased.fetch_optional(&world.pool).await.unwrap().is_some()
}

async fn is_scored(world: &World, id: i64) -> bool {
    let scored = sql("select 1 from submissions where id = $1 and state = 'scored'").bind(id);
    scored.fetch_optional(&world.pool).await.unwrap().is_some()
}

async fn open(pool: PgPool) -> (World, Arena, Person) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    (world, arena, bob)
}

const LARGE: usize = 400_000;

/// Enough rows that a scorer is busy for a while.
async fn open_large(pool: PgPool) -> (World, Arena, Person) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let usage = |row: usize| if row.is_multiple_of(3) { "Public" } else { "Private" };
    let solution: String = (0..LARGE).map(|row| format!("r{row},{row},{}\n", usage(row))).collect();
    let labels = Labels {
        solution: format!("id,target,Usage\n{solution}"),
        sample: large_predictions(),
        ..Labels::regression()
    };
    let arena = world.open_competition(&ada, "large", &labels).await;
    arena.join(&bob).await;
    (world, arena, bob)
}

fn large_predictions() -> String {
    let rows: String = (0..LARGE).map(|row| format!("r{row},{row}.5\n")).collect();
    format!("id,target\n{rows}")
}

async fn allow_many(world: &World, arena: &Arena) {
    sql("update competitions set daily_limit = 1000 where id = $1")
        .bind(arena.id)
        .execute(&world.pool)
        .await
        .unwrap();
}

#[track_caller]
fn assert_near(score: &Value, expected: f64) {
    let score = score.as_f64().unwrap_or_else(|| panic!("{score} is a number"));
    assert!((score - expected).abs() <= 1e-9 * expected.abs(), "{score} is {expected}");
}

fn utf_16(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip of four megabytes that says it holds a kilobyte and unpacks to four gigabytes of zeros.
fn bomb() -> Vec<u8> {
    let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
    let mut block = Vec::with_capacity(1 << 16);
    deflate.compress_vec(&[b'0'; 1 << 20], &mut block, flate2::FlushCompress::Full).unwrap();
    let packed = [block.repeat(4000), vec![3, 0]].concat(); // a flushed block may be repeated
    let mut sizes = vec![0; 4]; // the checksum, which nobody lives to compare
    sizes.extend((packed.len() as u32).to_le_bytes());
    sizes.extend(1000_u32.to_le_bytes());
    let name = b"\x05\0\0\0p.csv";
    let head = [b"\x14\0\0\0\x08\0\0\0\0\0".as_slice(), &sizes].concat();
    let local = [b"PK\x03\x04".as_slice(), &head, name].concat();
    let central = [b"PK\x01\x02\x14\0".as_slice(), &head, &name[..4], &[0; 14], &name[4..]].concat();
    let mut end = b"PK\x05\x06\0\0\0\0\x01\0\x01\0".to_vec();
    end.extend((central.len() as u32).to_le_bytes());
    end.extend(((local.len() + packed.len()) as u32).to_le_bytes());
    end.extend([0, 0]);
    [local, packed, central, end].concat()
}

fn walk_files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .flat_map(|entry| if entry.path().is_dir() { walk_files(&entry.path()) } else { vec![entry.path()] })
        .collect()
}

/// As templates write it.
fn escaped(text: &str) -> String {
    text.replace('&', "&#38;")
        .replace('<', "&#60;")
        .replace('>', "&#62;")
        .replace('"', "&#34;")
        .replace('\'', "&#39;")
}
