//! What a competition hands out of its files, to whom, and that no label is kept in the clear.

use std::io::Read;
use std::path::Path;

use holdout_contract::handshake::CONTRACT;
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use super::{LABEL, Scene, train};
use crate::client::{Client, Part};
use crate::world::sql;

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn data_is_for_participants_and_comes_by_range_or_as_one_zip(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("data").await;
    scene.put(&slug, "/data/past.csv?role=history", "series,t,value\n").await.expect(200);
    scene.examine(&slug, json!([])).await;
    scene.launch(&slug).await.expect(200);
    let (file, zip) = (format!("/c/{slug}/data/train.csv"), format!("/c/{slug}/data.zip"));
    for path in [&file, &zip] {
        assert!(scene.world.visitor().get(path).await.expect_redirect().location().starts_with("/sign-in"));
        scene.stranger.browser.get(path).await.expect(403);
    }
    scene.join(&slug, &scene.stranger).await;
    let reader: &Client = &scene.stranger.browser;
    let whole = reader.get(&file).await.expect(200);
    assert_eq!(whole.bytes, train().into_bytes());
    assert_eq!(whole.header("content-type"), "application/octet-stream");
    assert!(whole.header("content-disposition").starts_with("attachment"));
    let etag = whole.header("etag").to_owned();

    let half = whole.bytes.len() / 2;
    let range = format!("bytes={half}-");
    let rest = reader.get_with(&file, &[("range", &range), ("if-range", &etag)]).await.expect(206);
    assert_eq!(rest.bytes, whole.bytes[half..]);
    assert_eq!(
        rest.header("content-range"),
        format!("bytes {half}-{}/{}", whole.bytes.len() - 1, whole.bytes.len())
    );
    reader.get_with(&file, &[("range", &range), ("if-range", "\"old\"")]).await.expect(200);
    reader.get_with(&file, &[("range", "bytes=99999999-")]).await.expect(416);
    reader.get_with(&file, &[("if-none-match", &etag)]).await.expect(304);

    let packed = reader.get(&zip).await.expect(200).bytes;
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(packed)).unwrap();
    let mut names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    names.sort();
    assert_eq!(names, ["sample_submission.csv", "train.csv"]);
    let mut unpacked = Vec::new();
    archive.by_name("train.csv").unwrap().read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, whole.bytes);
    reader.get(&format!("/c/{slug}/data/past.csv")).await.expect(404);
    assert!(!reader.get(&format!("/c/{slug}/data")).await.expect(200).text().contains("past.csv"));
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_beginning_of_a_file_is_shown_to_who_may_download_it(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("preview").await;
    scene.put(&slug, "/data/past.csv?role=history", "series,t,value\n").await.expect(200);
    scene.put(&slug, "/data/notes.md", "# Notes <script>alert(1)</script>\n").await.expect(200);
    scene.put(&slug, "/data/pictures.bin", "\0\u{1}").await.expect(200);
    scene.put(&slug, "/data/pictures.txt", "\0\u{1}").await.expect(200);
    scene.examine(&slug, json!([])).await;
    scene.launch(&slug).await.expect(200);
    let at = |name: &str| format!("/c/{slug}/data/{name}/preview");
    let visitor = scene.world.visitor();
    assert!(visitor.get(&at("train.csv")).await.expect_redirect().location().starts_with("/sign-in"));
    let refused = scene.stranger.browser.get(&at("train.csv")).await.expect(403).text();
    assert!(
        refused.contains("Accept the rules first") && refused.contains("To the competition<"),
        "{refused}"
    );
    scene.join(&slug, &scene.stranger).await;
    let reader: &Client = &scene.stranger.browser;
    let shown = reader.get(&at("train.csv")).await.expect(200).text();
    let header =
        train().lines().next().unwrap().split(',').map(|name| format!(">{name}</th>")).collect::<Vec<_>>();
    assert!(header.iter().all(|name| shown.contains(name)), "{header:?} in {shown}");
    let notes = reader.get(&at("notes.md")).await.expect(200).text();
    assert!(
        notes.contains("# Notes &#60;script&#62;") && notes.contains("This is the whole file."),
        "{notes}"
    );
    assert!(reader.get(&at("pictures.txt")).await.expect(200).text().contains("This file is not text."));
    for hidden in ["past.csv", "pictures.bin", "nothing.csv"] {
        reader.get(&at(hidden)).await.expect(404);
    }
    let list = reader.get(&format!("/c/{slug}/data")).await.expect(200).text();
    assert!(list.contains(&at("train.csv")) && !list.contains(&at("pictures.bin")), "{list}");
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn no_label_reaches_the_disk_in_the_clear(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.draft("sealed").await;
    let rows: String = (0..5_000).map(|row| format!("{row},{LABEL}\n")).collect();
    let table = format!("id,target\n{rows}");
    scene.put(&slug, "/solution", &table).await.expect(200);
    let file = |field| Part::File { field, name: "labels.csv", bytes: table.as_bytes() };
    scene
        .host
        .browser
        .post_multipart(&format!("/c/{slug}/host/solution"), &[file("file")])
        .await
        .expect_redirect();
    let parts = [Part::Text("title", "From a table"), Part::Text("target", "target"), file("file")];
    let begun = scene.host.browser.post_multipart("/new/from-table", &parts).await.expect_redirect();
    assert_eq!(begun.location(), "/c/from-a-table/host/table");
    let waiting = scene.host.browser.get(begun.location()).await.expect(200).text();
    assert!(waiting.contains("http-equiv=\"refresh\""), "the page looks again by itself");
    let no_target = [Part::Text("target", ""), file("file")];
    scene.host.browser.post_multipart(begun.location(), &no_target).await.expect(422);
    let corrected = [Part::Text("target", "Target"), file("file")];
    let again = scene.host.browser.post_multipart(begun.location(), &corrected).await.expect_redirect();
    assert_eq!(again.location(), begun.location(), "another table of the same draft");
    let waiting = scene.host.browser.get(begun.location()).await.expect(200).text();
    assert!(!waiting.contains("<form method=\"post\" enctype"), "nothing is asked for while it is read");

    let mut n_sealed = 0;
    for bytes in files_below(scene.world.files()) {
        assert!(!bytes.windows(LABEL.len()).any(|window| window == LABEL.as_bytes()), "a label is readable");
        n_sealed += usize::from(bytes.starts_with(b"age-encryption.org/v1\n"));
    }
    assert_eq!(n_sealed, 3, "two solutions, and the table that took the place of the first");

    let claimed = scene.put(&slug, "/solution?sealed=true", &table).await.expect(422);
    assert!(claimed.text().contains("not sealed"));
    assert_eq!(files_below(scene.world.files()).len(), 3, "a refused file was kept");
    sql("update scorer_keys set retired_at = now()").execute(&scene.world.pool).await.unwrap();
    let nobody = scene.put(&slug, "/solution", &table).await.expect(403);
    assert!(nobody.text().contains("No scorer has registered"));
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_labelled_table_is_sent_once_however_often_its_plan_is_corrected(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let browser = &scene.host.browser;
    let file = Part::File { field: "file", name: "labels.csv", bytes: b"id,age,price\n1,2,3\n" };
    let parts = [Part::Text("title", "Prices"), Part::Text("target", "prize"), file];
    let page =
        browser.post_multipart("/new/from-table", &parts).await.expect_redirect().location().to_owned();
    let sealed = files_below(scene.world.files());
    assert_eq!(sealed.len(), 1);

    refuse_tables(&scene, "The table has no column “prize”. Its columns are: id, age, price.").await;
    let told = browser.get(&page).await.expect(200).text();
    assert!(told.contains("Its columns are: id, age, price.") && told.contains("value=\"prize\""), "{told}");
    let no_file = || Part::File { field: "file", name: "", bytes: b"" };
    let wrong = [Part::Text("target", "price"), Part::Text("test_percent", "200"), no_file()];
    assert!(browser.post_multipart(&page, &wrong).await.expect(422).text().contains("A share between"));
    let corrected = [Part::Text("target", "price"), Part::Text("test_percent", "12.5"), no_file()];
    assert_eq!(browser.post_multipart(&page, &corrected).await.expect_redirect().location(), page);
    assert!(
        browser.get(&page).await.expect(200).text().contains("http-equiv=\"refresh\""),
        "it is read again"
    );

    let path = "/api/v1/competitions/prices/table";
    let api = async |changes| scene.host.api.send_json(Method::PATCH, path, &changes).await;
    let split = api(json!({ "target": "age" })).await.expect(202).json();
    assert_eq!((&split["target_column"], &split["test_percent"]), (&json!("age"), &json!(12.5)), "{split}");
    assert_eq!(split["rejection"], json!(null), "{split}");
    let split = api(json!({ "public_percent": 40 })).await.expect(202).json();
    assert_eq!((&split["target_column"], &split["public_percent"]), (&json!("age"), &json!(40.0)), "{split}");
    api(json!({ "test_percent": 0 })).await.expect(422);
    lease_split(&scene, "leased").await;
    let busy = api(json!({ "target": "price" })).await.expect(403).text();
    assert!(busy.contains("reading the table right now"), "{busy}");
    lease_split(&scene, "queued").await;
    assert_eq!(files_below(scene.world.files()), sealed, "the file that was sent, sealed, and no other");
    assert_eq!(splits(&scene).await, 1, "what was asked for before is not done any more");

    let slug = scene.draft("by-steps").await;
    let path = format!("/api/v1/competitions/{slug}/table");
    let none = scene.host.api.send_json(Method::PATCH, &path, &json!({ "target": "age" })).await;
    assert!(none.expect(403).text().contains("There is no labelled table to split"));
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn at_the_launch_the_labelled_table_is_gone(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("houses").await;
    let n_files = files_below(scene.world.files()).len();
    let table = "id,age,price\n1,2,3\n";
    let path = format!("/api/v1/competitions/{slug}/table");
    scene.host.api.upload(&format!("{path}?target=price"), "table.csv", table).await.expect(202);
    assert_eq!(files_below(scene.world.files()).len(), n_files + 1);
    refuse_tables(&scene, "Only 1 row has a value in “price”; at least 10 rows are needed.").await;
    scene.examine(&slug, json!([])).await;
    scene.launch(&slug).await.expect(200);
    assert_eq!(files_below(scene.world.files()).len(), n_files, "the sealed table stays");
    scene.host.api.get(&path).await.expect(404);
    scene.host.api.send_json(Method::PATCH, &path, &json!({ "target": "age" })).await.expect(403);
    scene.end().await;
}

/// What a scorer finds of tables that it cannot use.
async fn refuse_tables(scene: &Scene, message: &str) {
    sql("update labelled_tables set rejection = jsonb_build_object('error', 'missing_column', 'message', $1::text)")
        .bind(message)
        .execute(&scene.world.pool)
        .await
        .unwrap();
    sql("update jobs set state = 'done', finished_at = now() where kind = 'split'")
        .execute(&scene.world.pool)
        .await
        .unwrap();
}

async fn lease_split(scene: &Scene, state: &str) {
    sql("update jobs set state = $1, lease = case $1 when 'leased' then gen_random_uuid() end, spoken = case $1 when 'leased' then $2::int end,
             lease_until = case $1 when 'leased' then now() + interval '1 minute' end
         where kind = 'split'")
    .bind(state)
    .bind(CONTRACT)
    .execute(&scene.world.pool)
    .await
    .unwrap();
}

async fn splits(scene: &Scene) -> i64 {
    let waiting = sql("select count(*) from jobs where kind = 'split'");
    waiting.fetch_one(&scene.world.pool).await.unwrap().get(0)
}

fn files_below(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![std::fs::read(path).unwrap()] })
        .collect()
}
