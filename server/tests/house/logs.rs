//! What a whole house writes into its log, as an operator's collector reads it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{House, PASSWORD, PATIENCE, PROGRAM, Program, host_from_one_table, read, within};

fn documents(text: &str) -> Vec<Value> {
    let document = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("no document: {line}"));
    text.lines().map(document).collect()
}

#[test]
fn every_line_of_a_house_is_a_document_and_none_holds_a_secret() {
    let mut house = House::new();
    let (out, err) = (house.folder.join("out.log"), house.folder.join("err.log"));
    let mut up = Command::new(PROGRAM);
    up.args(["up", "--empty", "--scorers", "1"])
        .env("HOLDOUT_LOG_FORMAT", "json")
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap());
    house.start_saying(&mut up);
    let host = Program::of(&house, "ada");
    within(PATIENCE, "a scorer is there", || host.get_json("/scorer-key").is_some());
    host_from_one_table(&host, 60);
    let player = Program::of(&house, "bob");
    player.post("/competitions/received/join", &json!({ "accept_rules": true }));
    let sample = player.get("/competitions/received/data/sample_submission.csv").unwrap();
    let received = player.post_file("/competitions/received/submissions", sample.as_bytes());
    let path = format!("/competitions/received/submissions/{}", received["id"]);
    within(PATIENCE, "it is scored", || player.get_json(&path).is_some_and(|it| it["state"] == "scored"));
    house.signal("work", Signal::KILL);
    within(PATIENCE, "the supervisor says so", || read_text(&out).contains("ended by itself"));
    house.end_supervisor(Signal::INT);

    let said = read_text(&out) + &read_text(&err);
    let lines = documents(&said);
    let parts: BTreeSet<_> = lines.iter().filter_map(|line| line["part"].as_str()).collect();
    assert_eq!(parts, BTreeSet::from(["holdout", "postgres", "scorer 1", "server"]));
    let own = |part: &str| lines.iter().any(|line| line["part"] == part && line["level"] == "INFO");
    assert!(own("server") && own("scorer 1"), "{said}");
    assert!(
        said.contains("holdout admin-link") && !said.contains("become-admin"),
        "the link is for a terminal"
    );
    let key = read(&house.folder.join("keys/scorer.key").display().to_string());
    let secret = key.lines().find(|line| line.starts_with("AGE-SECRET-KEY")).unwrap();
    let owner = read(&house.folder.join("keys/database-owner.password").display().to_string());
    let tokens =
        [&host, &player].map(|program| program.authorization.trim_start_matches("Bearer ").to_owned());
    // A label is a number here, so that it is looked for as a host's table writes it.
    let row = "7,49,91";
    for hidden in [PASSWORD, secret, owner.trim(), &tokens[0], &tokens[1], "people.test", row] {
        assert!(!hidden.is_empty() && !said.contains(hidden), "{hidden} is in the log");
    }
}

#[test]
fn a_scorer_that_cannot_start_says_so_in_a_document() {
    let scorer = Path::new(PROGRAM).with_file_name("holdout-scorer");
    let folder = std::env::temp_dir();
    let key = folder.join(format!("holdout-no-key-{}", uuid::Uuid::new_v4()));
    fs::write(&key, "no key").unwrap();
    let told = Command::new(scorer)
        .args(["work", "--once"])
        .env("HOLDOUT_LOG_FORMAT", "json")
        .env("HOLDOUT_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")
        .env("HOLDOUT_FILES", &folder)
        .env("HOLDOUT_SCORER_KEY", &key)
        .output()
        .unwrap();
    fs::remove_file(key).unwrap();
    let lines = documents(&String::from_utf8(told.stderr).unwrap());
    assert!(!told.status.success() && lines.iter().any(|line| line["level"] == "ERROR"), "{lines:?}");
}

fn read_text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}
