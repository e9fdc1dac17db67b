//! What the web server of a house cannot read, whoever has taken it over.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use serde_json::json;

use crate::{House, Program, files_below, holdout, said};

const CONTENT: &[u8] = b"AGE-SECRET-KEY-1 what opens every solution\n";

/// A house with every kind of secret, all of which this test can read.
fn house_with_secrets() -> (House, Vec<PathBuf>) {
    let mut house = House::new();
    house.start();
    fs::write(house.folder.join("keys/scorer.key"), CONTENT).unwrap();
    let supervisor = house.supervisor.as_ref().unwrap().id();
    let below = [
        "keys/scorer.key",
        "keys/accounts.key",
        "keys/database-owner.password",
        "database/cluster/PG_VERSION",
    ];
    let mut secrets: Vec<_> = below.iter().map(|name| house.folder.join(name)).collect();
    secrets.extend(["/etc/passwd".into(), format!("/proc/{supervisor}/environ").into()]);
    for secret in &secrets {
        assert!(fs::read(secret).is_ok(), "{} is there to be read", secret.display());
    }
    (house, secrets)
}

#[test]
fn a_confined_server_reads_no_key_no_database_and_no_other_process() {
    let (mut house, secrets) = house_with_secrets();
    let folders = [house.folder.join("keys"), house.folder.join("database/cluster")];
    let own = house.folder.join("files/own");
    fs::write(&own, CONTENT).unwrap();
    let asked: Vec<_> = secrets.iter().chain(&folders).map(|path| path.display().to_string()).collect();
    let words: Vec<_> = ["confined"].into_iter().chain(asked.iter().map(String::as_str)).collect();
    let answer = holdout(&house, &words);
    assert!(
        answer.status.success() && said(&answer).contains("None of them can be read."),
        "{}",
        said(&answer)
    );
    let own = own.display().to_string();
    let answer = holdout(&house, &["confined", &own, &asked[0], "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(told["readable"], json!([own]), "what it has to serve it reads: {}", said(&answer));
    house.end_supervisor(rustix::process::Signal::INT);
}

#[test]
fn the_running_server_gives_out_no_key_in_the_place_of_a_file() {
    let (mut house, _) = house_with_secrets();
    let ada = Program::of(&house, "ada");
    ada.post("/competitions", &json!({ "title": "Houses", "slug": "houses" }));
    ada.put_file("/competitions/houses/data/train.csv", &[b'.'; CONTENT.len()]);
    let stored = files_below(&house.folder.join("files/data"));
    let [stored] = stored.as_slice() else { panic!("one file is stored: {stored:?}") };
    let download = || ada.get("/competitions/houses/data/train.csv");
    assert_eq!(download().unwrap().len(), CONTENT.len());

    let own = house.folder.join("files/own");
    fs::write(&own, CONTENT).unwrap();
    let put_there = |target: PathBuf| {
        fs::remove_file(stored).unwrap();
        symlink(target, stored).unwrap();
    };
    put_there(own);
    assert_eq!(download().unwrap().as_bytes(), CONTENT, "a link to what it may read is followed");
    put_there(house.folder.join("keys/scorer.key"));
    assert_eq!(download(), None, "the same link to the key leads nowhere");
    house.end_supervisor(rustix::process::Signal::INT);
}
