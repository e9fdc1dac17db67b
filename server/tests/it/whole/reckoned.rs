//! What the platform shows, compared with the reckoning of `tests/whole/reckon.py`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use sqlx::Row;

use super::contest::{Contest, written};
use crate::world::{Person, World, require_success, sql};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/whole/reckon.py");
/// Of numbers that are computed in another order of operations.
const TOLERANCE: f64 = 1e-12;

/// Has everything worked out anew, and compares it to the last place.
pub async fn everything_agrees(world: &World, contests: &[Contest<'_>], people: &[Person]) -> Value {
    let mut shown = Vec::new();
    for contest in contests {
        shown.push(contest.board("").await);
    }
    let facts: Vec<Value> = contests.iter().map(Contest::facts).collect();
    let reckoned = reckon(&json!({ "competitions": facts, "now": written(world.app.clock.now()) }));
    for ((contest, shown), expected) in
        contests.iter().zip(&shown).zip(reckoned["competitions"].as_array().unwrap())
    {
        let slug = &contest.arena.slug;
        assert_eq!(expected["disagreements"], json!([]), "{slug}: allowed or refused against the rules");
        for (number, (look, expected)) in contest.looks.iter().zip(list(&expected["looks"])).enumerate() {
            assert_rows(&format!("{slug}, look {number}"), look, list(expected));
        }
        assert_rows(&format!("the final board of {slug}"), shown, list(&expected["final"]));
        for (what, statement) in [
            (
                "rejected",
                "select id from submissions where competition_id = $1 and state = 'rejected' order by id",
            ),
            ("late", "select id from submissions where competition_id = $1 and is_late order by id"),
            (
                "chosen",
                "select id from submissions where competition_id = $1 and selected_at is not null order by id",
            ),
        ] {
            let found = sql(statement).bind(contest.arena.id).fetch_all(&world.pool).await.unwrap();
            let found: Vec<i64> = found.iter().map(|row| row.get(0)).collect();
            assert_eq!(json!(found), expected[what], "{what} of {slug}");
        }
    }
    for person in people {
        assert_earned(person, &reckoned["people"][&person.name]).await;
    }
    reckoned
}

fn reckon(facts: &Value) -> Value {
    let mut program = Command::new("python3");
    program.arg(PROGRAM).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = program.spawn().unwrap();
    let mut stdin = running.stdin.take().unwrap();
    let facts = facts.to_string();
    let writing = std::thread::spawn(move || stdin.write_all(facts.as_bytes()));
    let output = running.wait_with_output().unwrap();
    require_success(&output);
    writing.join().unwrap().unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[track_caller]
fn assert_rows(what: &str, shown: &[Value], expected: &[Value]) {
    assert_eq!(teams(shown), teams(expected), "{what}: who stands where");
    for (shown, expected) in shown.iter().zip(expected) {
        for field in ["rank", "n_entries", "last_entry_at"] {
            assert_eq!(shown[field], expected[field], "{what}: {field} of {shown} and {expected}");
        }
        if !expected["change"].is_null() {
            assert_eq!(shown["change"], expected["change"], "{what}: {shown} and {expected}");
        }
        assert_near(what, &shown["score"], &expected["score"]);
        assert_eq!(shown["mean_rank"], expected["mean_rank"], "{what}: {shown} and {expected}");
        for (shown, expected) in shown["parts"].as_array().into_iter().flatten().zip(parts(expected)) {
            assert_eq!(shown["metric"], expected["metric"]);
            assert_eq!(shown["rank"], expected["rank"], "{what}: {shown} and {expected}");
            assert_near(what, &shown["score"], &expected["score"]);
        }
    }
}

fn parts(row: &Value) -> impl Iterator<Item = &Value> {
    row["parts"].as_array().into_iter().flatten()
}

/// The people of each row.
fn teams(rows: &[Value]) -> Vec<Vec<&str>> {
    rows.iter().map(|row| sorted(&row["members"])).collect()
}

fn sorted(names: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = list(names).iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[track_caller]
fn assert_near(what: &str, shown: &Value, expected: &Value) {
    let (shown, expected) = (shown.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((shown - expected).abs() <= TOLERANCE * expected.abs().max(1.0), "{what}: {shown} is {expected}");
}

/// Medals, tier and points, as everybody reads them.
async fn assert_earned(person: &Person, expected: &Value) {
    let profile = person.api.get(&format!("/api/v1/users/{}", person.name)).await.expect(200).json();
    let standing = &profile["standings"][0];
    assert_eq!(standing["category"], "competitions");
    for field in ["gold", "silver", "bronze", "tier"] {
        assert_eq!(standing[field], expected[field], "{field} of {}: {expected}", person.name);
    }
    assert_near(&person.name, &profile["points"], &expected["points"]);
}
