//! Uploads in parts: the protocol word by word, lines that break, writers that meet, files that are
//! spent once, labels that never lie in the clear.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use holdout_contract::seal::Sealer;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::{Answer, Part};
use crate::world::{Arena, Labels, Person, World, sql, until};

const UPLOADS: &str = "/api/v1/uploads";
pub const V1: (&str, &str) = ("tus-resumable", "1.0.0");
pub const PART: (&str, &str) = ("content-type", "application/offset+octet-stream");
const MIB: usize = 1 << 20;

fn metadata(purpose: &str, name: &str) -> String {
    let encode = |text: &str| STANDARD.encode(text);
    format!("competition {},purpose {},filename {}", encode("houses"), encode(purpose), encode(name))
}

async fn begin(person: &Person, purpose: &str, length: usize) -> Answer {
    let (length, metadata) = (length.to_string(), metadata(purpose, "a.csv"));
    let headers = [V1, ("upload-length", length.as_str()), ("upload-metadata", metadata.as_str())];
    person.api.send_with(Method::POST, UPLOADS, &headers, "").await
}

pub async fn begun(person: &Person, purpose: &str, length: usize) -> String {
    begin(person, purpose, length).await.expect(201).location().to_owned()
}

pub async fn patch(person: &Person, address: &str, offset: usize, bytes: &[u8]) -> Answer {
    let offset = offset.to_string();
    person.api.send_with(Method::PATCH, address, &[V1, PART, ("upload-offset", &offset)], bytes).await
}

pub async fn head(person: &Person, address: &str) -> Answer {
    person.api.send_with(Method::HEAD, address, &[V1], "").await
}

async fn end(person: &Person, address: &str) -> Answer {
    person.api.send_with(Method::DELETE, address, &[V1], "").await
}

/// A whole upload.
async fn uploaded(person: &Person, purpose: &str, bytes: &[u8]) -> String {
    let address = begun(person, purpose, bytes.len()).await;
    patch(person, &address, 0, bytes).await.expect(204);
    address
}

fn named(address: &str) -> Value {
    json!({ "upload": address.rsplit('/').next().unwrap() })
}

async fn submit(arena: &Arena, person: &Person, address: &str) -> Answer {
    person.api.send_json(Method::POST, &arena.api("/submissions"), &named(address)).await
}

/// Files of the house, those that begin with a dot too, with their bytes.
pub fn stored(world: &World) -> Vec<(String, Vec<u8>)> {
    fn gather(folder: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                gather(&path, found);
            } else {
                found.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    gather(world.app.config.files.folder().unwrap(), &mut found);
    found
}

fn holds(world: &World, bytes: &[u8]) -> bool {
    stored(world).iter().any(|(_, file)| file.windows(bytes.len()).any(|window| window == bytes))
}

async fn playing(pool: PgPool) -> (World, Arena, Person, Person) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    (world, arena, ada, bob)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_protocol_is_kept_word_by_word(pool: PgPool) {
    let (world, arena, _, bob) = playing(pool).await;
    let known = world.visitor().send_with(Method::OPTIONS, UPLOADS, &[], "").await.expect(204);
    assert_eq!((known.header("tus-version"), known.header("tus-resumable")), ("1.0.0", "1.0.0"));
    assert_eq!(known.header("tus-checksum-algorithm"), "sha256,sha1");
    for extension in ["creation", "creation-with-upload", "expiration", "termination", "checksum"] {
        assert!(known.header("tus-extension").split(',').any(|known| known == extension), "{extension}");
    }
    let other = bob.api.send_with(Method::POST, UPLOADS, &[("tus-resumable", "0.2.2")], "").await.expect(412);
    assert_eq!(other.header("tus-version"), "1.0.0");

    let csv = Labels::predictions(250, 617).into_bytes();
    let made = begin(&bob, "submission", csv.len()).await.expect(201);
    let address = made.location().to_owned();
    assert!(made.header("upload-expires").ends_with(" GMT"), "{}", made.header("upload-expires"));
    let stands = head(&bob, &address).await.expect(200);
    assert_eq!(
        (stands.header("upload-offset"), stands.header("upload-length")),
        ("0", &*csv.len().to_string())
    );
    assert_eq!(stands.header("upload-metadata"), metadata("submission", "a.csv"));
    assert_eq!(stands.header("cache-control"), "no-store");

    let first = patch(&bob, &address, 0, &csv[..20]).await.expect(204);
    assert_eq!((first.header("upload-offset"), first.header("tus-resumable")), ("20", "1.0.0"));
    patch(&bob, &address, 0, &csv[..20]).await.expect(409);
    patch(&bob, &address, 21, &csv[21..]).await.expect(409);
    patch(&bob, &address, 20, &[csv.as_slice(), b"more"].concat()).await.expect(413);
    bob.api.send_with(Method::PATCH, &address, &[V1, ("upload-offset", "20")], &csv[20..]).await.expect(415);
    bob.api.send_with(Method::PATCH, &address, &[V1, PART], &csv[20..]).await.expect(422);
    bob.api
        .send_with(Method::PATCH, &address, &[PART, ("upload-offset", "20")], &csv[20..])
        .await
        .expect(412);

    let wrong = format!("sha256 {}", STANDARD.encode(Sha256::digest(b"other")));
    let right = format!("sha256 {}", STANDARD.encode(Sha256::digest(&csv[20..])));
    for (checksum, status) in [("md5 AAAA", 422), (&wrong, 460), (&right, 204)] {
        assert_eq!(head(&bob, &address).await.header("upload-offset"), "20", "{checksum}");
        let headers = [V1, PART, ("upload-offset", "20"), ("upload-checksum", checksum)];
        bob.api.send_with(Method::PATCH, &address, &headers, &csv[20..]).await.expect(status);
    }
    let seen = bob.api.get(&address).await.expect(200).json();
    assert_eq!(seen["offset_bytes"], seen["size_bytes"]);
    let received = submit(&arena, &bob, &address).await.expect(201).json();
    assert_eq!(received["sha256"], hex::encode(Sha256::digest(&csv)));
    assert_eq!(received["file_name"], "a.csv");

    let gone = uploaded(&bob, "check", &csv).await;
    end(&bob, &gone).await.expect(204);
    for answer in [head(&bob, &gone).await, patch(&bob, &gone, 0, &csv).await, end(&bob, &gone).await] {
        answer.expect(404);
    }
    assert_eq!(stored(&world).iter().filter(|(path, _)| path.ends_with(".part")).count(), 0);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upload_can_begin_with_bytes_and_go_without_patch(pool: PgPool) {
    let (world, arena, _, bob) = playing(pool).await;
    let csv = Labels::predictions(250, 617).into_bytes();
    let (length, metadata) = (csv.len().to_string(), metadata("submission", "b.csv"));
    let wish = [V1, PART, ("upload-length", length.as_str()), ("upload-metadata", metadata.as_str())];
    let made = bob.api.send_with(Method::POST, UPLOADS, &wish, &csv[..30]).await.expect(201);
    assert_eq!(made.header("upload-offset"), "30");
    let address = made.location().to_owned();
    let rest = [V1, PART, ("upload-offset", "30"), ("x-http-method-override", "PATCH")];
    bob.api.send_with(Method::POST, &address, &rest, &csv[30..]).await.expect(204);
    submit(&arena, &bob, &address).await.expect(201);
    let odd = [V1, PART, ("upload-offset", "30"), ("x-http-method-override", "GET")];
    bob.api.send_with(Method::POST, &address, &odd, "").await.expect(405);

    let wrong = format!("sha1 {}", STANDARD.encode([0; 20]));
    let spoiled = [wish.as_slice(), &[("upload-checksum", &wrong)]].concat();
    bob.api.send_with(Method::POST, UPLOADS, &spoiled, &*csv).await.expect(460);
    let open = bob.api.get(UPLOADS).await.expect(200).json();
    assert_eq!(open["items"], json!([]), "nothing is left of an upload whose address nobody knows");

    let empty = begun(&bob, "check", 0).await;
    let checked = bob.api.send_json(Method::POST, &arena.api("/checks"), &named(&empty)).await.expect(201);
    assert_eq!(checked.json()["size_bytes"], 0);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upload_is_its_owners_and_of_one_purpose(pool: PgPool) {
    let (world, arena, ada, bob) = playing(pool).await;
    let carol = world.admin("carol").await;
    arena.join(&carol).await;
    let csv = Labels::predictions(250, 617).into_bytes();
    let address = uploaded(&bob, "submission", &csv).await;
    for answer in [
        head(&carol, &address).await,
        patch(&carol, &address, csv.len(), b"").await,
        end(&carol, &address).await,
        carol.api.get(&address).await,
    ] {
        answer.expect(404);
    }
    world.visitor().send_with(Method::HEAD, &address, &[V1], "").await.expect(401);
    let stolen = submit(&arena, &carol, &address).await.expect(422).json();
    assert_eq!(stolen["field"], "upload");
    bob.api.send_json(Method::POST, &arena.api("/checks"), &named(&address)).await.expect(422);
    let unfinished = begun(&bob, "submission", 9).await;
    let refused = submit(&arena, &bob, &unfinished).await.expect(422).json();
    assert_eq!(refused["detail"], "Only 0 of the 9 bytes of this upload have arrived.");

    begin(&bob, "data", 9).await.expect(404);
    begin(&bob, "picture", 9).await.expect(422);
    begin(&world.member("dora").await, "submission", 9).await.expect(403);
    begin(&bob, "submission", 200 * MIB).await.expect(413);
    let reader = sql("update api_tokens set scopes = array['read'] where user_id = $1");
    reader.bind(bob.id).execute(&world.pool).await.unwrap();
    begin(&bob, "submission", 9).await.expect(403);
    head(&bob, &address).await.expect(403);
    bob.api.get(&address).await.expect(200);

    let train = uploaded(&ada, "data", b"id,x\n1,2\n").await;
    let path = arena.api("/data/train.csv?role=train&description=Learn");
    let file = ada.api.send_json(Method::PUT, &path, &named(&train)).await.expect(200).json();
    assert_eq!((&file["size_bytes"], &file["role"]), (&json!(9), &json!("train")));
    let again = ada.api.send_json(Method::PUT, &path, &named(&train)).await.expect(409).json();
    assert_eq!(again["type"], "conflict");
    assert_eq!(ada.api.get(&arena.api("/data/train.csv")).await.expect(200).text(), "id,x\n1,2\n");
    world.drain().await; // training data are examined
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn labels_are_taken_sealed_and_never_lie_in_the_clear(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let draft = json!({ "title": "Houses", "slug": "houses" });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &draft).await.expect(201);
    let labels = Labels::regression().solution;
    let plain = begun(&ada, "solution", labels.len()).await;
    let refused = patch(&ada, &plain, 0, labels.as_bytes()).await.expect(422).json();
    assert!(refused["detail"].as_str().unwrap().contains("sealed"), "{refused}");
    // A head that is right as far as it goes, then labels.
    patch(&ada, &plain, 0, b"age-enc").await.expect(204);
    patch(&ada, &plain, 7, &labels.as_bytes()[7..]).await.expect(422);
    assert_eq!(head(&ada, &plain).await.header("upload-offset"), "7");
    begin(&ada, "table", 4).await.expect(422);
    assert!(!holds(&world, Labels::label(3).as_bytes()));

    let key = ada.api.get("/api/v1/scorer-key").await.expect(200).json();
    let mut sealer = Sealer::new(key["recipient"].as_str().unwrap(), Vec::new()).unwrap();
    sealer.write_all(labels.as_bytes()).unwrap();
    let sealed = sealer.finish().unwrap();
    let address = begun(&ada, "solution", sealed.len()).await;
    for (at, byte) in sealed.iter().take(25).enumerate() {
        patch(&ada, &address, at, &[*byte]).await.expect(204);
    }
    patch(&ada, &address, 25, &sealed[25..]).await.expect(204);
    let put = ada.api.send_json(Method::PUT, "/api/v1/competitions/houses/solution", &named(&address)).await;
    let put = put.expect(200).json();
    assert_eq!(put["sealed_sha256"], hex::encode(Sha256::digest(&sealed)));
    assert_eq!(put["recipient"], key["recipient"]);
    ada.api
        .send_json(Method::PUT, "/api/v1/competitions/houses/solution", &named(&address))
        .await
        .expect(409);
    assert!(!holds(&world, Labels::label(3).as_bytes()));
    world.drain().await;
    let report = ada.api.get("/api/v1/competitions/houses/report").await.expect(200).text();
    assert!(
        report.contains("\"n_rows\"") || report.contains("profile"),
        "the scorer could open it: {report}"
    );
    world.close().await;
}

/// Sends the head of a `PATCH` for `announced` bytes, and then `bytes`, and holds the line.
fn hold_line(
    world: &World,
    person: &Person,
    address: &str,
    offset: usize,
    announced: usize,
    bytes: &[u8],
) -> TcpStream {
    let host = world.base.strip_prefix("http://").unwrap();
    let mut line = TcpStream::connect(host).unwrap();
    let head = format!(
        "PATCH {address} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\nTus-Resumable: 1.0.0\r\n\
         Content-Type: application/offset+octet-stream\r\nUpload-Offset: {offset}\r\nContent-Length: {announced}\r\n\r\n",
        person.token
    );
    line.write_all(head.as_bytes()).unwrap();
    line.write_all(bytes).unwrap();
    line
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|n| u8::try_from(n * 31 % 251).unwrap()).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_arrived_before_the_line_broke_is_kept(pool: PgPool) {
    let (world, arena, ada, _) = playing(pool).await;
    let bytes = noise(3 * MIB);
    let address = begun(&ada, "data", bytes.len()).await;
    let line = hold_line(&world, &ada, &address, 0, bytes.len(), &bytes[..MIB + 17]);
    line.shutdown(Shutdown::Both).unwrap();
    // To look is not to ask: a HEAD would stop the writer.
    let offset =
        || async { ada.api.get(&address).await.expect(200).json()["offset_bytes"].as_u64().unwrap() };
    until(Duration::from_secs(20), "the bytes are kept", || async { offset().await == MIB as u64 + 17 })
        .await;
    let line = hold_line(&world, &ada, &address, MIB + 17, bytes.len() - MIB - 17, &bytes[MIB + 17..2 * MIB]);
    line.shutdown(Shutdown::Write).unwrap();
    until(Duration::from_secs(20), "and those after them", || async { offset().await == 2 * MIB as u64 })
        .await;
    patch(&ada, &address, 2 * MIB, &bytes[2 * MIB..]).await.expect(204);
    let path = arena.api("/data/noise.bin");
    let file = ada.api.send_json(Method::PUT, &path, &named(&address)).await.expect(200).json();
    assert_eq!(file["sha256"], hex::encode(Sha256::digest(&bytes)));
    assert!(ada.api.get(&path).await.expect(200).bytes == bytes);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn one_writer_at_a_time_and_who_asks_goes_on(pool: PgPool) {
    let (world, _, ada, _) = playing(pool).await;
    let bytes = noise(2 * MIB);
    let address = begun(&ada, "data", bytes.len()).await;
    let mut line = hold_line(&world, &ada, &address, 0, bytes.len(), &bytes[..MIB]);
    // The first holds the upload while its line is silent. To ask earlier could take its turn.
    until(Duration::from_secs(60), "the first writer writes", || async {
        stored(&world).iter().any(|(path, part)| path.ends_with(".part") && part.len() == MIB)
    })
    .await;
    assert_eq!(patch(&ada, &address, 9, b"x").await.status, 423);
    let offset: usize = head(&ada, &address).await.expect(200).header("upload-offset").parse().unwrap();
    assert_eq!(offset, MIB, "what the first had sent is kept");
    patch(&ada, &address, offset, &bytes[offset..]).await.expect(204);
    let told = tokio::task::spawn_blocking(move || {
        let mut told = [0; 12];
        line.read_exact(&mut told).unwrap();
        told
    });
    assert_eq!(&told.await.unwrap(), b"HTTP/1.1 423");
    // Two that begin at once: one is told where the upload stands, or that it is in use.
    let address = begun(&ada, "data", bytes.len()).await;
    let both = tokio::join!(patch(&ada, &address, 0, &bytes), patch(&ada, &address, 0, &bytes));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert!(statuses[0] == 204 && matches!(statuses[1], 409 | 423), "{statuses:?}");
    // An upload that is being written can be ended.
    let address = begun(&ada, "data", bytes.len()).await;
    let line = hold_line(&world, &ada, &address, 0, bytes.len(), &bytes[..MIB]);
    end(&ada, &address).await.expect(204);
    head(&ada, &address).await.expect(404);
    drop(line);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn abandoned_uploads_are_bounded_and_removed_after_a_day(pool: PgPool) {
    let (world, arena, _, bob) = playing(pool).await;
    let answers = futures_util::future::join_all((0..14).map(|_| begin(&bob, "check", 9))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(429)), (10, 4));
    let open = bob.api.get(UPLOADS).await.expect(200).json();
    assert_eq!(open["items"].as_array().unwrap().len(), 10);
    let address = answers.iter().find(|answer| answer.status == 201).unwrap().location().to_owned();
    patch(&bob, &address, 0, b"id,targe").await.expect(204);
    end(&bob, &address).await.expect(204);

    let kept = begun(&bob, "check", 9).await;
    world.let_pass(TimeDelta::hours(20)).await;
    patch(&bob, &kept, 0, b"id,tar").await.expect(204);
    world.let_pass(TimeDelta::hours(30)).await;
    assert_eq!(head(&bob, &kept).await.expect(200).header("upload-offset"), "6");
    let left = bob.api.get(UPLOADS).await.expect(200).json();
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "a byte makes an upload live for another day");

    // Whole, handed to storage, refused, and never spent.
    sql("update competitions set daily_limit = 1").execute(&world.pool).await.unwrap();
    let csv = Labels::predictions(250, 617).into_bytes();
    let (one, other) = (uploaded(&bob, "submission", &csv).await, uploaded(&bob, "submission", &csv).await);
    submit(&arena, &bob, &one).await.expect(201);
    submit(&arena, &bob, &other).await.expect(429);
    let n_before = stored(&world).len();
    world.let_pass(TimeDelta::hours(30 + 25)).await;
    holdout::uploads::remove::sweep(&world.app).await.unwrap();
    head(&bob, &kept).await.expect(404);
    submit(&arena, &bob, &other).await.expect(422);
    assert_eq!(stored(&world).len(), n_before - 2);
    let rows: i64 = sql("select count(*) from uploads").fetch_one(&world.pool).await.unwrap().get(0);
    assert_eq!(rows, 0);
    world.drain().await; // the submission's file is still there
    let list = bob.api.get(&arena.api("/submissions")).await.expect(200).json();
    assert_eq!(list["items"][0]["state"], "scored");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_upload_is_spent_once_and_the_daily_limit_holds(pool: PgPool) {
    let (world, arena, _, bob) = playing(pool).await;
    let csv = Labels::predictions(250, 617).into_bytes();
    let address = uploaded(&bob, "submission", &csv).await;
    let answers = futures_util::future::join_all((0..8).map(|_| submit(&arena, &bob, &address))).await;
    let ids: std::collections::BTreeSet<_> =
        answers.into_iter().map(|answer| answer.expect(201).json()["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), 1, "an upload is one submission, however often it is named");
    let other_key = [("content-type", "application/json"), ("idempotency-key", "another")];
    let path = arena.api("/submissions");
    bob.api.send_with(Method::POST, &path, &other_key, named(&address).to_string()).await.expect(409);

    let mut uploads = Vec::new();
    for n in 0..6 {
        uploads.push(uploaded(&bob, "submission", &Labels::predictions(250 + n, 617).into_bytes()).await);
    }
    sql("update competitions set daily_limit = 3").execute(&world.pool).await.unwrap();
    let answers =
        futures_util::future::join_all(uploads.iter().map(|address| submit(&arena, &bob, address))).await;
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(201), count(429)), (2, 4));
    begin(&bob, "submission", 9).await.expect(429);
    let refused = uploads.iter().zip(&answers).find(|(_, answer)| answer.status == 429).unwrap().0;
    let rows = sql("select count(*) from submissions").fetch_one(&world.pool).await.unwrap();
    assert_eq!(rows.get::<i64, _>(0), 3);
    // What was refused today can be sent tomorrow, while the upload lives.
    sql("update competitions set daily_limit = 4").execute(&world.pool).await.unwrap();
    submit(&arena, &bob, refused).await.expect(201);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_form_takes_an_upload_in_place_of_a_file(pool: PgPool) {
    let (world, arena, _, bob) = playing(pool).await;
    let csv = Labels::predictions(250, 617).into_bytes();
    let key = uuid::Uuid::new_v4().to_string();
    let address = uploaded(&bob, "submission", &csv).await;
    let id = address.rsplit('/').next().unwrap();
    let form =
        [Part::Text("form_key", &key), Part::Text("description", "in parts"), Part::Text("upload", id)];
    let sent =
        bob.browser.post_multipart(&format!("/c/{}/submit", arena.slug), &form).await.expect_redirect();
    let again =
        bob.browser.post_multipart(&format!("/c/{}/submit", arena.slug), &form).await.expect_redirect();
    assert_eq!(sent.location(), again.location());
    let check = uploaded(&bob, "check", &csv).await;
    let form = [Part::Text("upload", check.rsplit('/').next().unwrap())];
    let checked =
        bob.browser.post_multipart(&format!("/c/{}/check", arena.slug), &form).await.expect_redirect();
    assert!(checked.location().contains("/check/"), "{}", checked.location());
    let strange = [Part::Text("upload", "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11")];
    let page = bob.browser.post_multipart(&format!("/c/{}/submit", arena.slug), &strange).await.expect(422);
    assert!(page.text().contains("You have no such upload"));
    world.drain().await;
    world.close().await;
}
