//! What results can be checked against: commitments to labels and split, where scores come from, the log.

use std::path::Path;
use std::process::Command;

use holdout::ids::TeamId;
use holdout::submissions::log::{Said, blinded, entry_hash, leaf};
use holdout::versions::release::PROGRAM;
use holdout_contract::commitment::{Form, of_table};
use holdout_contract::seal::Sealer;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::command_line::Shell;
use crate::versions::raised;
use crate::world::{Arena, Labels, Person, World, scorer_binary, sql};

struct Contest {
    world: World,
    arena: Arena,
    ada: Person,
    bob: Person,
}

impl Contest {
    /// Version 1 was never examined by this release; version 2 counts.
    async fn with_another_version(pool: PgPool) -> Self {
        let contest = Self::with_a_draft(pool).await;
        contest.start().await;
        contest
    }

    async fn with_a_draft(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let (ada, bob) = (world.member("ada").await, world.member("bob").await);
        let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
        arena.join(&bob).await;
        arena.submit(&bob, &Labels::predictions(250, 617)).await;
        world.drain().await;
        let contest = Self { world, arena, ada, bob };
        contest.post("/versions", json!({})).await;
        contest.arena.put_solution(&raised(&Labels::regression().solution)).await;
        contest.world.drain().await;
        contest
    }

    async fn start(&self) {
        self.post("/versions/2/start", json!({ "reason": "Half a point." })).await;
        self.world.drain().await;
    }

    async fn post(&self, rest: &str, body: Value) {
        let answer = self.arena.ask(rest, body).await;
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

    // What comes next is chained to it so that nobody can guess it from there.
    sql("update submission_log set nonce = null, leaf = null").execute(&contest.world.pool).await.unwrap();
    let next = contest.arena.submit(&contest.bob, &Labels::predictions(90, 617)).await;
    let receipt = contest.arena.submission(&contest.bob, next).await;
    let unhex = |text: &Value| hex::decode(text.as_str().unwrap()).unwrap();
    let (before, nonce) = (
        unhex(&contest.arena.submission(&contest.bob, kept).await["log_entry_hash"]),
        unhex(&receipt["log_nonce"]),
    );
    let last = contest.log().await.remove(3);
    assert_eq!(unhex(&last["hash"]), entry_hash(&blinded(&nonce, &before), &unhex(&last["leaf"])));
    assert_ne!(unhex(&last["hash"]), entry_hash(&before, &unhex(&last["leaf"])));
    assert_eq!(shell.json(&["verify-log", "houses"]).await["faults"], json!([]));

    let rewritten = sql("update submission_log set leaf = sha256(leaf) where position = 4");
    rewritten.execute(&contest.world.pool).await.unwrap();
    shell.write("receipt.json", receipt.to_string());
    let told = shell.run(&["verify-log", "houses", "--receipts", "receipt.json"]).await.expect(2);
    assert!(told.out.contains("has another entry there"), "{}", told.out);
    contest.world.drain().await;
    contest.world.close().await;
}

#[test]
fn the_documented_program_comes_to_the_commitment() {
    let text = std::fs::read_to_string(crate::tidy::root().join("docs/cryptography.md")).unwrap();
    assert!(text.contains(&format!("```python\n{PROGRAM}```")), "docs and page have the same program");
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
    let rows: Vec<Vec<String>> = rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect();
    let expected = Form::ALL.map(|form| hex::encode(of_table(form, &[7; 32], &header, rows.clone())));
    assert_eq!(computed_in_python(&path, &hex::encode([7_u8; 32])), expected);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn labels_are_released_after_the_end_and_prove_the_commitment(pool: PgPool) {
    let contest = Contest::with_another_version(pool).await;
    contest.post("/versions/2/publish", json!({})).await;
    let path = contest.arena.api("/labels");
    let because = json!({ "reason": "So that everybody can check." });
    let too_early = contest.ada.api.send_json(Method::POST, &path, &because).await.expect(403);
    assert!(too_early.text().contains("once the competition is over"), "{}", too_early.text());
    let forced = sql("insert into label_releases (competition_id, version_id, reason, asked_at)
         select id, active_version_id, 'Now', clock_now() from competitions");
    let refused = forced.execute(&contest.world.pool).await.unwrap_err().to_string();
    assert!(refused.contains("once the final board stands"), "{refused}");

    contest.world.let_pass(chrono::TimeDelta::days(31)).await;
    for other in [&contest.bob.api, &contest.world.visitor()] {
        let refused = other.send_json(Method::POST, &path, &because).await;
        assert!(matches!(refused.status, 401 | 403 | 404), "{}", refused.text());
    }
    contest.ada.api.send_json(Method::POST, &path, &json!({ "reason": " " })).await.expect(422);
    contest.ada.api.send_json(Method::POST, &path, &because).await.expect(202);
    contest.ada.api.send_json(Method::POST, &path, &because).await.expect(403);
    for address in
        [path.clone(), contest.arena.api("/labels/solution.csv"), "/c/houses/labels/solution.csv".into()]
    {
        contest.bob.api.get(&address).await.expect(404);
    }
    contest.world.drain().await;

    let released = contest.world.visitor().get(&path).await.expect(200).json();
    let file = contest.world.visitor().get("/c/houses/labels/solution.csv").await.expect(200).text();
    assert_eq!(file, raised(&Labels::regression().solution));
    let by_api =
        contest.world.visitor().get(&contest.arena.api("/labels/solution.csv")).await.expect(200).text();
    assert_eq!(by_api, file);
    let salt = released["salt"].as_str().unwrap();
    let folder = crate::world::Folder::new();
    let at = folder.path().join("solution.csv");
    std::fs::write(&at, &file).unwrap();
    let committed = contest.commitments().await.remove(0);
    assert_eq!(computed_in_python(&at, salt)[0], committed["sha256"].as_str().unwrap());

    let shell = Shell::of(&contest.world, &contest.bob).await;
    shell.write("solution.csv", &file);
    let checked = shell.json(&["verify-commitment", "houses", "solution.csv"]).await;
    assert_eq!((&checked["is_same"], &checked["is_late"]), (&json!(true), &json!(false)), "{checked}");
    let checked = shell.json(&["verify-commitment", "houses"]).await;
    assert_eq!((&checked["is_same"], &checked["binds_order"]), (&json!(true), &json!(true)), "{checked}");
    let (header, rows) = file.split_once('\n').unwrap();
    let turned: String = rows.lines().rev().map(|row| format!("{row}\n")).collect();
    shell.write("solution.csv", format!("{header}\n{turned}"));
    shell.run(&["verify-commitment", "houses", "solution.csv"]).await.expect(2);
    shell.write("solution.csv", Labels::regression().solution);
    shell.run(&["verify-commitment", "houses", "solution.csv"]).await.expect(2);

    let page = contest.world.visitor().get("/c/houses/versions").await.expect(200).text();
    assert!(page.contains(salt) && page.contains("So that everybody can check."), "{page}");
    let changes = contest.bob.api.get(&contest.arena.api("/changes")).await.expect(200).json();
    assert_eq!(changes["items"][0]["sentence"], "The host released the hidden labels.", "{changes}");
    let noted = sql("select count(*) from audit_log where action = 'release_labels'");
    assert_eq!(noted.fetch_one(&contest.world.pool).await.unwrap().get::<i64, _>(0), 1);
    for change in
        ["update label_releases set salt = sha256(salt)", "update label_releases set released_at = null"]
    {
        let refused = sql(change).execute(&contest.world.pool).await.unwrap_err().to_string();
        assert!(refused.contains("what was released stays"), "{change}: {refused}");
    }

    // Everybody has these labels: a copy judges nobody by them.
    let copy = contest
        .ada
        .api
        .send_json(Method::POST, &contest.arena.api("/copy"), &json!({ "title": "Again" }))
        .await;
    assert!(copy.status < 300, "{}", copy.text());
    let sealed = sql("select count(*) from solutions x join competitions c on c.id = x.competition_id
         where c.title = 'Again'");
    assert_eq!(sealed.fetch_one(&contest.world.pool).await.unwrap().get::<i64, _>(0), 0);
    contest.world.close().await;
}

/// Rows in no order, many of one label.
fn tied() -> Labels {
    let rows = (0..60).map(|at| at * 37 % 60);
    let usage = |row: usize| if row.is_multiple_of(3) { "Public" } else { "Private" };
    let solution: String = rows.map(|row| format!("k{row},{},{}\n", row % 5, usage(row))).collect();
    Labels {
        metric: "normalized_gini",
        higher_is_better: true,
        solution: format!("id,y,Usage\n{solution}"),
        sample: format!("id,y\n{}", (0..60).map(|row| format!("k{row},0\n")).collect::<String>()),
        ..Labels::regression()
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn scores_are_computed_again_from_what_was_released_to_the_same_digits(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &tied()).await;
    arena.join(&bob).await;
    let sent = (0..60).map(|row| format!("k{row},{}\n", row % 4)).collect::<String>();
    let sent = format!("id,y\n{sent}");
    arena.submit(&bob, &sent).await;
    world.drain().await;
    world.let_pass(chrono::TimeDelta::days(31)).await;
    ada.api.get(&arena.api("/leaderboard")).await.expect(200);
    let because = json!({ "reason": "So that everybody can check." });
    ada.api.send_json(Method::POST, &arena.api("/labels"), &because).await.expect(202);
    world.drain().await;

    let released = bob.api.get(&arena.api("/labels/solution.csv")).await.expect(200).text();
    assert_eq!(released, tied().solution);
    let folder = crate::world::Folder::new();
    let score = |labels: &str| {
        let (solution, file) = (folder.path().join("solution.csv"), folder.path().join("sent.csv"));
        std::fs::write(&solution, labels).unwrap();
        std::fs::write(&file, &sent).unwrap();
        let mut command = Command::new(scorer_binary());
        command.args(["score", "--metric", "normalized_gini", "--solution"]).arg(solution);
        let told = command.arg("--submission").arg(file).output().unwrap();
        crate::world::require_success(&told);
        let scores: Value = serde_json::from_slice(&told.stdout).unwrap();
        [scores["public"].as_f64().unwrap(), scores["private"].as_f64().unwrap()]
    };
    let kept = sql(
        "select s.public_score, p.private_score from scores s join private_scores p using (submission_id)",
    )
    .fetch_one(&world.pool)
    .await
    .unwrap();
    let kept = [kept.get::<f64, _>(0), kept.get(1)].map(f64::to_bits);
    assert_eq!(score(&released).map(f64::to_bits), kept);
    let (header, rows) = released.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable();
    let sorted = format!("{header}\n{}\n", rows.join("\n"));
    assert_ne!(score(&sorted).map(f64::to_bits), kept, "ties keep the order of the file");
    world.close().await;
}

/// As an earlier release committed, which left the order of the rows open.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_commitment_of_the_first_form_still_holds(pool: PgPool) {
    let contest = Contest::with_a_draft(pool).await;
    let solution = raised(&Labels::regression().solution);
    let mut lines = solution.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().unwrap();
    let salt = [9; 32];
    let first = of_table(Form::Sorted, &salt, &header, lines.collect());
    let recipient: String =
        sql("select recipient from scorer_keys").fetch_one(&contest.world.pool).await.unwrap().get(0);
    let mut sealer = Sealer::new(&recipient, Vec::new()).unwrap();
    std::io::Write::write_all(&mut sealer, &salt).unwrap();
    sql("update commitments set sha256 = $1, sealed_salt = $2 where not stands")
        .bind(&first[..])
        .bind(sealer.finish().unwrap())
        .execute(&contest.world.pool)
        .await
        .unwrap();
    contest.start().await;
    contest.post("/versions/2/publish", json!({})).await;
    contest.world.let_pass(chrono::TimeDelta::days(31)).await;
    contest.ada.api.get(&contest.arena.api("/leaderboard")).await.expect(200);
    contest.post("/labels", json!({ "reason": "So that everybody can check." })).await;
    contest.world.drain().await;
    let shell = Shell::of(&contest.world, &contest.bob).await;
    let checked = shell.json(&["verify-commitment", "houses"]).await;
    assert_eq!((&checked["is_same"], &checked["binds_order"]), (&json!(true), &json!(false)), "{checked}");
    let told = shell.run(&["verify-commitment", "houses"]).await.expect(0);
    assert!(told.out.contains("leaves the order of the rows open"), "{}", told.out);
    let file = contest.world.visitor().get("/c/houses/labels/solution.csv").await.expect(200).text();
    assert_eq!(file, solution);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn labels_that_are_not_those_of_the_commitment_or_judge_another_contest_stay_sealed(pool: PgPool) {
    let contest = Contest::with_another_version(pool).await;
    contest.post("/versions/2/publish", json!({})).await;
    contest.world.let_pass(chrono::TimeDelta::days(31)).await;
    let path = contest.arena.api("/labels");
    let because = json!({ "reason": "So that everybody can check." });
    contest.ada.api.get(&contest.arena.api("/leaderboard")).await.expect(200);
    contest.post("/copy", json!({ "title": "Again" })).await;
    let refused = contest.ada.api.send_json(Method::POST, &path, &because).await.expect(403);
    let told = refused.text();
    assert!(told.contains("“Again” (/c/again) has the same solution"), "{told}");
    sql("update scoring_versions set solution_id = null where activated_at is null")
        .execute(&contest.world.pool)
        .await
        .unwrap();

    // A web server that was taken over leads the other competition's row elsewhere, and asks itself.
    sql("insert into commitments (version_id, competition_id, input_revision, solution_sha256, sha256, sealed_salt, stands)
         select v.id, v.competition_id, 1, k.solution_sha256, k.sha256, k.sealed_salt, false
         from scoring_versions v, commitments k where v.activated_at is null and k.stands")
    .execute(&contest.world.pool)
    .await
    .unwrap();
    contest.ada.api.send_json(Method::POST, &path, &because).await.expect(202);
    contest.world.drain().await;
    let told = contest.ada.api.get(&path).await.expect(200).json();
    assert!(told["failure"].as_str().unwrap().contains("another competition"), "{told}");
    assert!(!released_to_disk(&contest), "nothing lies in the clear");
    sql("delete from commitments where not stands").execute(&contest.world.pool).await.unwrap();

    // Somebody with all rights to the database puts other labels in the place of those.
    sql("update scoring_versions v set solution_id = o.solution_id from scoring_versions o
         where v.number = 2 and o.number = 1 and o.competition_id = v.competition_id")
    .execute(&contest.world.pool)
    .await
    .unwrap();
    contest.ada.api.send_json(Method::POST, &path, &because).await.expect(202);
    contest.world.drain().await;
    let told = contest.ada.api.get(&path).await.expect(200).json();
    assert_eq!(told["failure"], "the labels are not those that were committed to", "{told}");
    assert!(!released_to_disk(&contest), "nothing lies in the clear");
    contest.world.visitor().get(&path).await.expect(404);
    let page = contest.ada.browser.get("/c/houses/host/versions").await.expect(200).text();
    assert!(page.contains("the labels are not those that were committed to"), "{page}");
    contest.world.close().await;
}

/// Whether a file of the competition's data holds labels.
fn released_to_disk(contest: &Contest) -> bool {
    let folder = contest.world.files().join("data").join(contest.arena.id.to_string());
    let files =
        std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    files.into_iter().any(|text| text.contains("Private"))
}

/// The hashes that the documented program prints, that of the newest form first.
fn computed_in_python(path: &Path, salt: &str) -> Vec<String> {
    let told = Command::new("python3").args(["-c", PROGRAM, path.to_str().unwrap(), salt]).output().unwrap();
    crate::world::require_success(&told);
    String::from_utf8(told.stdout).unwrap().lines().map(str::to_owned).collect()
}
