//! Files in a bucket of a real S3 server, over a way that works and over one that fails half of the time.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use holdout_contract::files::{Files, Stored};
use holdout_contract::place::Place;
use s3::{Proxy, S3};
use sha2::{Digest, Sha256};

mod s3;

/// More than two parts of a bucket's file.
const MANY_BYTES: usize = 20_000_000;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("holdout-bucket-{}", uuid::Uuid::now_v7())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn noise(n_bytes: usize) -> Vec<u8> {
    let blocks = (0_u64..).flat_map(|number| Sha256::digest(number.to_be_bytes()));
    blocks.take(n_bytes).collect()
}

async fn store(files: &Files, content: &[u8]) -> io::Result<Stored> {
    let mut writing = files.create("data", 7).await?;
    for piece in content.chunks(100_000) {
        writing.write(piece).await?;
    }
    writing.finish().await
}

async fn read(files: &Files, key: &str) -> io::Result<Vec<u8>> {
    let pieces: Vec<Bytes> = files.read_whole(key).await?.try_collect().await?;
    Ok(pieces.concat())
}

async fn is_a_place_for_files(place: &Place) {
    let files = Files::open(place).unwrap();
    files.try_out().await.unwrap();
    for content in [noise(0), noise(1), noise(70_000)] {
        let stored = store(&files, &content).await.unwrap();
        assert_eq!(stored.size_bytes, content.len() as u64);
        assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
        assert!(read(&files, &stored.key).await.unwrap() == content, "{} bytes come back", content.len());
    }
    let content = noise(MANY_BYTES);
    let stored = store(&files, &content).await.unwrap();
    assert!(read(&files, &stored.key).await.unwrap() == content);
    let (first, last) = (9_000_001, 9_000_100);
    let part: Vec<Bytes> = files.read(&stored.key, first..last).await.unwrap().try_collect().await.unwrap();
    assert_eq!(part.concat(), content[first as usize..last as usize]);
    files.remove(&stored.key).await.unwrap();
    files.remove(&stored.key).await.unwrap(); // gone already
    assert_eq!(read(&files, &stored.key).await.unwrap_err().kind(), io::ErrorKind::NotFound);
    for key in ["../secret", "/etc/passwd", "a/../../b", "", ".", "lonely", "a/./../b"] {
        assert_eq!(read(&files, key).await.unwrap_err().kind(), io::ErrorKind::NotFound, "{key}");
    }
}

#[tokio::test]
async fn a_folder_keeps_files() {
    let folder = Folder::new();
    is_a_place_for_files(&Place::Folder(folder.0.clone())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_keeps_files() {
    let folder = Folder::new();
    let s3 = S3::start(&folder.0);
    is_a_place_for_files(&s3.place()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_dropped_before_its_end_is_never_there() {
    let folder = Folder::new();
    let s3 = S3::start(&folder.0);
    let files = Files::open(&s3.place()).unwrap();
    let mut writing = files.create("data", 7).await.unwrap();
    writing.write(&noise(MANY_BYTES)).await.unwrap();
    drop(writing);
    assert!(
        !s3.folder().join("data/7").exists()
            || std::fs::read_dir(s3.folder().join("data/7")).unwrap().next().is_none()
    );
}

/// What a server was killed over lies there as long as a server that lives may still be at it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_a_killed_process_left_in_a_bucket_are_ended() {
    let folder = Folder::new();
    let s3 = S3::start(&folder.0);
    let files = Files::open(&s3.place()).unwrap();
    let left = || {
        let names = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".upload_id-")).count()
    };
    store(&files, &noise(MANY_BYTES)).await.unwrap();
    assert_eq!(
        (left(), files.end_unfinished(Duration::ZERO).await.unwrap()),
        (0, 0),
        "a whole file has no note"
    );

    let mut writing = files.create("data", 7).await.unwrap();
    writing.write(&noise(MANY_BYTES)).await.unwrap();
    // Where nothing can be sent any more.
    std::thread::spawn(move || drop(writing)).join().unwrap();
    assert!(left() > 0);
    assert_eq!(files.end_unfinished(Duration::from_secs(3600)).await.unwrap(), 0);
    assert!(left() > 0);
    tokio::time::sleep(Duration::from_millis(1100)).await; // times of the server are whole seconds
    assert_eq!(files.end_unfinished(Duration::ZERO).await.unwrap(), 1);
    assert_eq!((left(), files.end_unfinished(Duration::ZERO).await.unwrap()), (0, 0));
    assert_eq!(files.all().try_collect::<Vec<_>>().await.unwrap().len(), 1, "the whole file, and no note");
}

/// What is told to be stored is stored, however many calls fail; what cannot be stored is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_of_the_calls_fail_and_nothing_is_lost() {
    let folder = Folder::new();
    let s3 = S3::start(&folder.0);
    let proxy = Proxy::start(s3.port(), 5);
    let files = Files::open(&s3.place_by(proxy.port())).unwrap();
    proxy.fail(50);
    let mut n_stored = 0;
    for n_bytes in (0..30).map(|number| 1000 + number).chain([9_000_000, 17_000_000]) {
        let content = noise(n_bytes);
        let Ok(stored) = store(&files, &content).await else { continue };
        n_stored += 1;
        assert_eq!(stored.sha256, <[u8; 32]>::from(Sha256::digest(&content)));
        let plain = std::fs::read(s3.folder().join(&stored.key)).unwrap();
        assert!(plain == content, "what was told to be stored is stored");
        if let Ok(bytes) = read(&files, &stored.key).await {
            assert!(bytes == content, "half of an answer is no file");
        }
    }
    assert!(n_stored >= 25, "{n_stored}");
    assert!(proxy.n_failed() > 20, "{} of {} calls failed", proxy.n_failed(), proxy.n_calls());
    proxy.fail(100);
    assert!(store(&files, b"anything").await.is_err());
    proxy.fail(0);
    files.try_out().await.unwrap();
}

#[tokio::test]
async fn a_wrong_key_is_no_missing_file() {
    let folder = Folder::new();
    let s3 = S3::start(&folder.0);
    let stored = store(&Files::open(&s3.place()).unwrap(), b"content").await.unwrap();
    let wrong = s3::environment(s3.port(), "of another house");
    let strangers = Files::open(&s3::place_of(&wrong)).unwrap();
    let refused = read(&strangers, &stored.key).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::Other, "{refused}");
    assert!(!refused.to_string().contains(s3::SECRET_KEY));
    assert!(strangers.try_out().await.unwrap_err().to_string().starts_with("storing: "));
}
