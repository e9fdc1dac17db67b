//! What results can be checked against: commitments to labels and split, where scores come from, the log.

use std::process::Command;

use holdout::ids::TeamId;
use holdout::submissions::log::{Said, leaf};
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::command_line::Shell;
use crate::versions::raised;
use crate::world::{Arena, Labels, Person, World, sql};

struct Contest {
    world: World,
    arena: Arena,
    ada: Person,
    bob: Person,
}

impl Contest {
    /// Version 1 was never examined by this release; version 2 counts.
    async fn with_another_version(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let (ada, bob) = (world.member("ada").await, world.member("bob").await);
        let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
        arena.join(&bob).await;
        arena.submit(&bob, &Labels::predictions(250, 617)).await;
        world.drain().await;
        let contest = Self { world, arena, ada, bob };
        contest.post("/versions", json!({})).await;
        let solution = raised(&Labels::regression().solution).into_bytes();
        let path = contest.arena.api("/solution");
        contest.ada.api.send(Method::PUT, &path, Some("text/csv"), solution).await.expect(200);
        contest.world.drain().await;
        contest.post("/versions/2/start", json!({ "reason": "Half a point." })).await;
        contest.world.drain().await;
        contest
    }

    async fn post(&self, rest: &str, body: Value) {
        let answer = self.ada.api.send_json(Method::POST, &self.arena.api(rest), &body).await;
        assert!(answer.status < 300, "{rest}: {}", answer.text());
    }

    async fn commitments(&self) -> Vec<Value> {
        let found = self.world.visitor().get(&self.arena.api("/commitments")).await.expect(200).json();
        found["items"].as_array().unwrap().clone()
    }

    async fn log(&self) -> Vec<Value> {
        let found = self.world.visitor().get(&self.arena.api("/log")).await.expect(200).json();
        found["items"].as_array().unwrap().clone()
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn labels_and_split_are_committed_to_before_they_count_and_for_good(pool: PgPool) {
    let contest = Contest::with_another_version(pool).await;
    let before = contest.commitments().await;
    assert_eq!(
        (before.len(), &before[0]["version"]),
        (1, &json!(1)),
        "nothing of a version before it counts"
    );
    assert!(before[0]["sha256"].is_null(), "version 1 was never examined");
    contest.post("/versions/2/publish", json!({})).await;

    let found = contest.commitments().await;
    assert_eq!((&found[0]["version"], &found[0]["is_late"]), (&json!(2), &json!(false)), "{found:?}");
    let sha256 = found[0]["sha256"].as_str().unwrap();
    assert_eq!(sha256.len(), 64);
    let page = contest.world.visitor().get("/c/houses/versions").await.expect(200).text();
    assert!(
        page.contains(sha256) && page.contains("an earlier release of this software examined it"),
        "{page}"
    );

    let sent = contest.bob.api.get(&contest.arena.api("/submissions")).await.expect(200).json();
    let sent = &sent["items"][0];
    let provenance = &sent["provenance"];
    assert_eq!((&provenance["commitment"], &provenance["version"]), (&json!(sha256), &json!(2)), "{sent}");
    assert_eq!((&provenance["submission_sha256"], &provenance["metric"]), (&sent["sha256"], &json!("rmse")));
    assert_eq!(provenance["engine_version"], holdout_contract::ENGINE_VERSION);
    let page =
        contest.bob.browser.get(&format!("/c/houses/submissions/{}", sent["id"])).await.expect(200).text();
    assert!(page.contains(sha256) && page.contains(holdout_contract::ENGINE_VERSION), "{page}");

    for change in [
        "update commitments set sha256 = sha256(sha256)",
        "update commitments set made_at = made_at - interval '1 day'",
        "delete from commitments",
    ] {
        let refused = sql(change).execute(&contest.world.pool).await.unwrap_err().to_string();
        assert!(refused.contains("a commitment stands"), "{change}: {refused}");
    }
    let salt = sql("select sealed_salt from commitments").fetch_all(&contest.world.app.db).await;
    assert!(salt.unwrap_err().to_string().contains("permission denied"), "the web server reads no salt");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_commitment_of_after_the_launch_says_so(pool: PgPool) {
    let contest = Contest::with_another_version(pool).await;
    let queued = sql("insert into jobs (kind, priority, turn, competition_id, version_id)
         select 'examine', 0, 0, competition_id, id from scoring_versions where number = 1");
    queued.execute(&contest.world.pool).await.unwrap();
    contest.world.drain().await;
    let found = contest.commitments().await;
    assert_eq!((&found[0]["version"], &found[0]["is_late"]), (&json!(1), &json!(true)), "{found:?}");
    let page = contest.world.visitor().get("/c/houses/versions").await.expect(200).text();
    assert!(page.contains("after it had begun to count"), "{page}");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn everybody_reads_the_log_and_learns_nothing_of_whose_an_entry_is(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let carol = world.member("carol").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.join(&carol).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    let guessed = arena.submit(&carol, &Labels::regression().sample).await;
    let kept = arena.submit(&bob, &Labels::predictions(100, 617)).await;
    let contest = Contest { world, arena, ada, bob };
    let log = contest.log().await;
    assert_eq!(log.len(), 3);
    for entry in &log {
        let mut said: Vec<&str> = entry.as_object().unwrap().keys().map(String::as_str).collect();
        said.sort_unstable();
        assert_eq!(said, ["hash", "leaf", "position", "received_at"]);
        assert!(entry["received_at"].as_str().unwrap().ends_with(":00Z"), "to the minute: {entry}");
    }
    let second = contest.world.visitor().get(&contest.arena.api("/log?after=1&limit=1")).await.expect(200);
    assert!(second.header("link").contains("after=2"), "{}", second.header("link"));
    assert_eq!((&second.json()["items"][0], &second.json()["next"]), (&log[1], &json!(2)));

    // Carol sent a file that everybody has. Who guesses that cannot find out without her nonce.
    let own = contest.arena.submission(&carol, guessed).await;
    let said = Said {
        file_sha256: &hex::decode(own["sha256"].as_str().unwrap()).unwrap(),
        received_at: own["received_at"].as_str().unwrap().parse().unwrap(),
        team: TeamId(own["log_team_id"].as_i64().unwrap()),
    };
    let nonce = hex::decode(own["log_nonce"].as_str().unwrap()).unwrap();
    assert_eq!(log[1]["leaf"], hex::encode(leaf(&nonce, &said)));
    assert_ne!(log[1]["leaf"], hex::encode(leaf(&[], &said)));
    assert_ne!(own["log_nonce"], contest.arena.submission(&contest.bob, kept).await["log_nonce"]);
    contest.bob.api.get(&contest.arena.api(&format!("/submissions/{guessed}"))).await.expect(404);

    let shell = Shell::of(&contest.world, &contest.bob).await;
    let receipt = shell.run(&["submission", "houses", &kept.to_string(), "--json"]).await.expect(0);
    shell.write("receipt.json", receipt.out);
    let checked = shell.json(&["verify-log", "houses", "--receipts", "receipt.json"]).await;
    assert_eq!((&checked["n_entries"], &checked["n_receipts"]), (&json!(3), &json!(1)), "{checked}");
    assert_eq!((&checked["faults"], &checked["head"]), (&json!([]), &log[2]["hash"]));
    assert_eq!(shell.json(&["verify-log", "houses"]).await["n_receipts"], 2);

    // What an earlier release received shows neither hash.
    let older = sql("update submission_log set nonce = null, leaf = null where position = 1");
    older.execute(&contest.world.pool).await.unwrap();
    let first = contest.log().await.remove(0);
    assert!(first["hash"].is_null() && first["leaf"].is_null(), "{first}");
    let checked = shell.json(&["verify-log", "houses"]).await;
    assert_eq!((&checked["n_receipts"], &checked["n_receipts_of_earlier_releases"]), (&json!(1), &json!(1)));

    let rewritten = sql("update submission_log set leaf = sha256(leaf) where position = 3");
    rewritten.execute(&contest.world.pool).await.unwrap();
    let told = shell.run(&["verify-log", "houses", "--receipts", "receipt.json"]).await.expect(2);
    assert!(told.out.contains("has another entry there"), "{}", told.out);
    contest.world.close().await;
}

/// The program that stands in `docs/cryptography.md`.
fn documented_program() -> String {
    let text = std::fs::read_to_string(crate::tidy::root().join("docs/cryptography.md")).unwrap();
    let (_, rest) = text.split_once("```python\n").expect("a program");
    rest.split_once("```").expect("its end").0.to_owned()
}

#[test]
fn the_documented_program_comes_to_the_commitment() {
    let folder = crate::world::Folder::new();
    let path = folder.path().join("solution.csv");
    let rows = [["2", "a \"b\", c", "Private"], ["10", "r\u{e9}d\nblue", "Public"], ["1", "", "Ignored"]];
    let mut csv = csv::Writer::from_path(&path).unwrap();
    csv.write_record(["id", "y", "Usage"]).unwrap();
    for row in rows {
        csv.write_record(row).unwrap();
    }
    csv.flush().unwrap();
    let header = ["id", "y", "Usage"].map(str::to_owned);
    let rows = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    let expected = holdout_contract::commitment::of_table(&[7; 32], &header, rows);
    let salt = hex::encode([7_u8; 32]);
    let told =
        Command::new("python3").args(["-c", &documented_program(), path.to_str().unwrap(), &salt]).output();
    let told = told.unwrap();
    crate::world::require_success(&told);
    assert_eq!(String::from_utf8(told.stdout).unwrap().trim(), hex::encode(expected));
}
