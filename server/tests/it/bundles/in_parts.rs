//! Bundles too large for one request: uploaded in parts, under a key that only their sender has, then read.

use std::io::{Cursor, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};
use ureq::http::Method;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::on_the_site::no_label_in_the_clear;
use super::zipped;
use crate::client::{Answer, Part};
use crate::uploads::{V1, head, patch, stored};
use crate::world::{Labels, Person, World, sql};

const MIB: usize = 1 << 20;
const BUNDLES: &str = "/api/v1/bundles";
const PAGE: &str = "/new/from-bundle";

/// A zip in which everything, labels first, stands as it is.
fn large(labels: &Labels, train: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, bytes) in [
        ("houses/solution.csv", labels.solution.as_bytes()),
        ("houses/sample_submission.csv", labels.sample.as_bytes()),
        ("houses/overview.md", b"# Houses of Ames\n\nPredict *prices*."),
        ("houses/train.bin", train),
    ] {
        zip.start_file(name, plain).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Bytes that look like noise.
fn noise(n_bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut bytes = Vec::with_capacity(n_bytes);
    while bytes.len() < n_bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bytes.extend_from_slice(&(state ^ (state >> 29)).to_le_bytes());
    }
    bytes
}

async fn begin(person: &Person, n_bytes: u64) -> Answer {
    let encode = |text: &str| STANDARD.encode(text);
    let metadata = format!("purpose {},filename {}", encode("bundle"), encode("houses.zip"));
    let headers = [V1, ("upload-length", &*n_bytes.to_string()), ("upload-metadata", &metadata)];
    person.api.send_with(Method::POST, "/api/v1/uploads", &headers, "").await
}

/// A whole upload; gives the end of its address.
async fn uploaded(person: &Person, bundle: &[u8]) -> String {
    let address = begin(person, bundle.len() as u64).await.expect(201).location().to_owned();
    patch(person, &address, 0, bundle).await.expect(204);
    address.rsplit('/').next().unwrap().to_owned()
}

async fn read(person: &Person, upload: &str) -> Answer {
    person.api.send_json(Method::POST, BUNDLES, &json!({ "upload": upload })).await
}

async fn count(world: &World, statement: &'static str) -> i64 {
    sql(statement).fetch_one(&world.pool).await.unwrap().get(0)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_large_bundle_comes_in_parts_that_nobody_reads_without_its_key(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let (labels, train) = (Labels::regression(), noise(32 * MIB + 1));
    let bundle = large(&labels, &train);
    let whole = ada.api.send(Method::POST, BUNDLES, Some("application/zip"), bundle.clone()).await;
    assert!(whole.expect(413).text().contains("in parts"));

    let address = begin(&ada, bundle.len() as u64).await.expect(201).location().to_owned();
    let (plain, key) = address.split_once("?key=").unwrap();
    let other = address.replace(&key[..6], if key.starts_with("000000") { "111111" } else { "000000" });
    patch(&ada, &address, 0, &bundle[..16 * MIB + 7]).await.expect(204);
    no_label_in_the_clear(&world);
    let known = sql("select to_jsonb(u)::text from uploads u").fetch_one(&world.pool).await.unwrap();
    let known: String = known.get(0);
    assert!(!known.contains(key), "the key is its sender's alone");
    let at = 16 * MIB + 7;
    let few = &bundle[at..at + 10];
    for wrong in [plain, &other] {
        let refused = patch(&ada, wrong, at, few).await.expect(422).json();
        assert_eq!(refused["field"], "key", "{refused}");
    }
    patch(&bob, &address, at, few).await.expect(404);
    head(&bob, &address).await.expect(404);
    assert_eq!(head(&ada, &address).await.expect(200).header("upload-offset"), at.to_string());
    let end = address.rsplit('/').next().unwrap();
    let early = read(&ada, end).await.expect(422).text();
    assert!(early.contains("have arrived"), "{early}");
    patch(&ada, &address, at, &bundle[at..]).await.expect(204);
    let (lies_at, partial) = stored(&world).into_iter().find(|(name, _)| name.contains(".part")).unwrap();
    assert_eq!(partial.len(), bundle.len());
    let same = partial.chunks(64).zip(bundle.chunks(64)).filter(|(kept, sent)| kept == sent).count();
    assert_eq!(same, 0, "pieces that lie on the disk as they were sent");

    world.visitor().send_json(Method::POST, BUNDLES, &json!({ "upload": end })).await.expect(401);
    for (person, named) in [(&bob, end), (&ada, other.rsplit('/').next().unwrap()), (&ada, "nothing")] {
        read(person, named).await.expect(422);
    }
    let id = end.split('?').next().unwrap();
    read(&ada, id).await.expect(422);
    let as_data = json!({ "upload": id });
    ada.api.send_json(Method::POST, "/api/v1/competitions", &json!({ "title": "Houses" })).await.expect(201);
    let elsewhere = "/api/v1/competitions/houses/data/train.bin?role=data";
    ada.api.send_json(Method::PUT, elsewhere, &as_data).await.expect(422);

    let mut altered = partial.clone();
    altered[at] ^= 1;
    std::fs::write(&lies_at, &altered).unwrap();
    let refused = read(&ada, end).await.expect(422).text();
    assert!(refused.contains("not vouched for"), "{refused}");
    std::fs::write(&lies_at, &partial).unwrap();

    let report = read(&ada, end).await.expect(201).json();
    assert_eq!((&report["title"], &report["has_solution"]), (&json!("Houses of Ames"), &json!(true)));
    assert_eq!(count(&world, "select count(*) from uploads").await, 0);
    assert!(
        !stored(&world).iter().any(|(name, _)| name.contains("/uploads/")),
        "it is gone once it was read"
    );
    no_label_in_the_clear(&world);
    read(&ada, end).await.expect(422);

    let address = format!("{BUNDLES}/{}/competition", report["id"].as_str().unwrap());
    ada.api.send_json(Method::POST, &address, &json!({ "slug": "ames" })).await.expect(201);
    let solution = ada.api.get("/api/v1/competitions/ames/solution").await.expect(200).json();
    assert!(solution["sealed_sha256"].is_string(), "{solution}");
    let files: Value = ada.api.get("/api/v1/competitions/ames/data").await.expect(200).json();
    let hash = files["items"].as_array().unwrap().iter().find(|file| file["name"] == "train.bin");
    let expected = hex::encode(Sha256::digest(&train));
    assert_eq!(hash.unwrap()["sha256"], expected, "{files}");
    no_label_in_the_clear(&world);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_page_takes_a_bundle_that_came_in_parts(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let upload = uploaded(&ada, &large(&Labels::regression(), b"few")).await;
    let send = async |person: &Person, kind: &str, upload: &str| {
        let parts = [Part::Text("from", kind), Part::Text("upload", upload)];
        person.browser.post_multipart(PAGE, &parts).await
    };
    let page = send(&bob, "", &upload).await.expect(422).text();
    assert!(page.contains("You have no such upload"), "{page}");
    let page = send(&ada, "", upload.split('?').next().unwrap()).await.expect(422).text();
    assert!(page.contains("ends with the key to it"), "{page}");
    let page = send(&ada, "codabench", &upload).await.expect(422).text();
    assert!(page.contains("competition.yaml"), "of another kind, it waits on: {page}");
    let address = send(&ada, "", &upload).await.expect_redirect().location().to_owned();
    let report = ada.browser.get(&address).await.expect(200).text();
    assert!(report.contains("Houses of Ames") && report.contains("a solution"), "{report}");
    no_label_in_the_clear(&world);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn bundles_in_parts_have_bounds(pool: PgPool) {
    let world = World::new(pool).await;
    let (root, ada) = (world.admin("root").await, world.member("ada").await);
    begin(&ada, (4 << 30) + 1).await.expect(413);
    let noughts = vec![0; 130 * MIB];
    let bomb = zipped(&[("sample_submission.csv", b"id,target\n1,2\n"), ("a", &noughts)]);
    drop(noughts);
    assert!(bomb.len() < MIB);
    for (archive, words) in [
        (bomb, "more than is taken"),
        (zipped(&[("../sample_submission.csv", b"x")]), "leads out"),
        (zipped(&[("a.txt", b"words")]), "no bundle"),
        (b"no archive".to_vec(), "neither a zip"),
        (Vec::new(), "neither a zip"),
    ] {
        let upload = uploaded(&ada, &archive).await;
        let refused = read(&ada, &upload).await.expect(422).text();
        assert!(refused.contains(words), "{words}: {refused}");
        let unpacked = stored(&world).into_iter().filter(|(name, _)| name.contains(".bundle"));
        assert_eq!(unpacked.count(), 0, "{words}: what was unpacked has no name");
        let address = format!("/api/v1/uploads/{upload}");
        ada.api.send_with(Method::DELETE, &address, &[V1], "").await.expect(204);
    }
    assert_eq!(count(&world, "select count(*) from bundle_files").await, 0);

    let closed = json!({ "members_may_host": false });
    root.api.send_json(Method::PATCH, "/api/v1/admin/site", &closed).await.expect(200);
    begin(&ada, 10).await.expect(403);
    begin(&root, 10).await.expect(201);
    world.drain().await;
    world.close().await;
}
