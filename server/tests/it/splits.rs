//! What a new version's split may be while private scores are hidden, what a host reads of scores then, and the record of
//! versions that everybody reads.

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::archives::{elsewhere, entries, leave};
use crate::client::Answer;
use crate::command_line::{Shell, scorer_at_work};
use crate::versions::raised;
use crate::world::{Arena, Labels, Person, World, sql};

const REASON: &str = "Usage of rows was the wrong way round.";

/// Two teams; the board shows two decimals.
struct Contest {
    world: World,
    arena: Arena,
    ada: Person,
    bob: Person,
}

impl Contest {
    async fn begin(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let (ada, bob) = (world.member("ada").await, world.member("bob").await);
        let carol = world.member("carol").await;
        let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
        arena.join(&bob).await;
        arena.join(&carol).await;
        arena.submit(&bob, &Labels::predictions(253, 617)).await;
        arena.submit(&carol, &Labels::predictions(304, 829)).await;
        world.drain().await;
        let decimals = sql("update competitions set score_decimals = 2, are_decimals_chosen = true");
        decimals.execute(&world.pool).await.unwrap();
        Self { world, arena, ada, bob }
    }

    async fn ask(&self, rest: &str, body: Value) -> Answer {
        self.arena.ask(rest, body).await
    }

    async fn get(&self, rest: &str) -> Value {
        self.ada.api.get(&self.arena.api(rest)).await.expect(200).json()
    }

    async fn send(&self, solution: &str) {
        self.arena.put_solution(solution).await;
        self.world.drain().await;
    }

    async fn start(&self, number: i32) -> Answer {
        self.ask(&format!("/versions/{number}/start"), json!({ "reason": REASON })).await
    }

    /// A version that is scored.
    async fn prepare(&self, number: i32, solution: &str) {
        self.ask("/versions", json!({})).await.expect(201);
        self.send(solution).await;
        self.start(number).await.expect(200);
        self.world.drain().await;
    }

    async fn finding(&self, number: i32, check: &str) -> Value {
        let version = self.get(&format!("/versions/{number}")).await;
        let findings = version["findings"].as_array().unwrap();
        let found = findings.iter().find(|finding| finding["check"] == check).cloned();
        found.unwrap_or_else(|| panic!("{check}: {version}"))
    }

    /// The schema itself starts no such version.
    async fn nobody_starts_it(&self) {
        let forced = "update scoring_versions set stage = 'rescoring' where stage = 'draft'";
        for pool in [&self.world.pool, &self.world.app.db] {
            let refused = sql(forced).execute(pool).await.unwrap_err().to_string();
            assert!(refused.contains("would open private rows"), "{refused}");
        }
    }

    async fn number(&self, query: &'static str) -> i64 {
        sql(query).fetch_one(&self.world.pool).await.unwrap().get(0)
    }
}

/// The same labels, public rows private and private ones public.
fn swapped() -> String {
    let solution = Labels::regression().solution;
    solution.replace("Public", "Other").replace("Private", "Public").replace("Other", "Private")
}

/// The solution with these rows public, and the others private.
fn with_public(rows: &[usize]) -> String {
    let row = |at: usize| {
        let usage = if rows.contains(&at) { "Public" } else { "Private" };
        format!("r{at},{},{usage}\n", Labels::label(at))
    };
    format!("id,target,Usage\n{}", (0..10).map(row).collect::<String>())
}

fn without_usage(solution: &str) -> String {
    solution.lines().map(|line| format!("{}\n", line.rsplit_once(',').unwrap().0)).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn no_host_learns_private_scores_by_another_split(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.ask("/versions", json!({})).await.expect(201);
    for (solution, check, mention) in [
        (swapped(), "private_rows_opened", "7 rows that are private in version 1 would be public"),
        (with_public(&[0, 1, 2, 3]), "private_rows_opened", "1 row that is private in version 1"),
        (with_public(&[0]), "public_rows_kept", "Of 3 public rows of version 1, 1 would stay public"),
    ] {
        contest.send(&solution).await;
        let found = contest.finding(2, check).await;
        assert_eq!(found["verdict"], "REFUSED", "{found}");
        let refused = contest.start(2).await.expect(403).text();
        assert!(
            refused.contains(mention) && refused.contains("After the end the split may change."),
            "{refused}"
        );
        let page = contest.ada.browser.get("/c/houses/host/versions/2").await.expect(200).text();
        assert!(page.contains(mention), "{page}");
        contest.nobody_starts_it().await;
    }
    let shell = Shell::of(&contest.world, &contest.ada).await;
    let told = shell.run(&["host", "versions", "show", "houses", "2"]).await.expect(0);
    assert!(told.out.contains("would stay public"), "{}", told.out);
    let refused =
        shell.run(&["host", "versions", "start", "houses", "2", "--reason", REASON]).await.expect(3);
    assert!(refused.err.contains("Keep at least half of them public"), "{}", refused.err);
    assert_eq!(contest.number("select count(*) from version_moves").await, 0);
    assert_eq!(contest.number("select count(*) from version_changes").await, 0);

    // An honest correction goes on as ever.
    contest.send(&raised(&Labels::regression().solution)).await;
    assert_eq!(contest.finding(2, "split_compared").await["verdict"], "PASS");
    contest.start(2).await.expect(200);
    contest.world.drain().await;
    contest.ask("/versions/2/publish", json!({})).await.expect(200);

    // A row that was private does not become public over a version that left it out.
    contest.ask("/versions", json!({})).await.expect(201);
    contest.send(&Labels::regression().solution.replace("r5,7005.321,Private", "r5,7005.321,Ignored")).await;
    contest.start(3).await.expect(200);
    contest.world.drain().await;
    contest.ask("/versions/3/publish", json!({})).await.expect(200);
    contest.ask("/versions", json!({})).await.expect(201);
    contest.send(&with_public(&[0, 1, 2, 5])).await;
    contest.start(4).await.expect(403);
    contest.nobody_starts_it().await;

    // Once private scores are told, another split tells nothing.
    contest.world.let_pass(chrono::TimeDelta::days(31)).await;
    assert!(contest.start(4).await.expect(403).text().contains("since then the split may change"));
    contest.world.drain().await;
    contest.start(4).await.expect(200);
    contest.world.drain().await;
    contest.ask("/versions/4/publish", json!({})).await.expect(200);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_compared_with_another_version_or_solution_does_not_count(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.prepare(2, &raised(&Labels::regression().solution)).await;
    contest.ask("/versions/2/publish", json!({})).await.expect(200);
    contest.ask("/versions", json!({})).await.expect(201);
    contest.world.drain().await;
    contest.ask("/versions/1/roll-back", json!({ "reason": "The labels were right." })).await.expect(200);
    let unexamined = contest.start(3).await.expect(403).text();
    assert!(unexamined.contains("not examined"), "{unexamined}");
    contest.nobody_starts_it().await;
    contest.world.drain().await;

    // As a release before wrote it: a report, and nothing that was compared.
    let forget = async || sql("delete from split_comparisons").execute(&contest.world.pool).await.unwrap();
    forget().await;
    let uncompared = contest.start(3).await.expect(403).text();
    assert!(uncompared.contains("have not compared its split"), "{uncompared}");
    contest.world.drain().await;

    // Another solution, between the look at it and the start.
    let changed = "update scoring_versions set input_revision = input_revision + 1 where stage = 'draft'";
    sql(changed).execute(&contest.world.pool).await.unwrap();
    contest.nobody_starts_it().await;
    sql("update scoring_versions set input_revision = input_revision - 1 where stage = 'draft'")
        .execute(&contest.world.pool)
        .await
        .unwrap();
    contest.start(3).await.expect(200);
    contest.world.drain().await;
    let written = sql("insert into split_comparisons values (1, 1, 1, true)").execute(&contest.world.app.db);
    assert!(written.await.unwrap_err().to_string().contains("permission denied"), "scorers alone say so");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_solution_without_usage_keeps_every_row_where_it_counts(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.prepare(2, &without_usage(&raised(&Labels::regression().solution))).await;
    assert_eq!(contest.finding(2, "split_kept").await["verdict"], "PASS");
    assert_eq!(
        contest.number("select count(*) from solutions").await,
        3,
        "the first, what was sent, what was kept"
    );
    let moves = contest.get("/versions/2/moves").await;
    let scores: Vec<_> =
        moves["items"].as_array().unwrap().iter().map(|moved| moved["new_score"].clone()).collect();
    assert_eq!(scores, [json!(0.25), json!(0.2)], "of the same three rows: {moves}");
    contest.ask("/versions/2/publish", json!({})).await.expect(200);
    assert_eq!(contest.arena.board().await["items"][0]["score"], json!(0.2));

    // Another share, too, moves nothing before the end.
    contest.ask("/versions", json!({})).await.expect(201);
    let share = json!({ "metric": "rmse", "public_fraction": 0.6 });
    contest.ada.api.send_json(Method::PUT, &contest.arena.api("/metric"), &share).await.expect(200);
    contest.send(&without_usage(&Labels::regression().solution)).await;
    assert_eq!(contest.finding(3, "split_compared").await["verdict"], "PASS");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn before_the_end_hosts_read_the_digits_that_the_board_shows(pool: PgPool) {
    let contest = Contest::begin(pool.clone()).await;
    contest.prepare(2, &raised(&Labels::regression().solution)).await;
    let scores = async || {
        let moves = contest.get("/versions/2/moves").await;
        let of = |moved: &Value| (moved["old_score"].as_f64().unwrap(), moved["new_score"].as_f64().unwrap());
        moves["items"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(scores().await, [(0.25, 0.25), (0.3, 0.2)]);
    let lines = async || {
        let archive = contest.ada.api.get(&contest.arena.api("/archive?data=false")).await.expect(200).bytes;
        let text = String::from_utf8(entries(&archive)["submissions.ndjson"].clone()).unwrap();
        text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let open = lines().await;
    let shown: Vec<_> = open.iter().map(|line| (&line["public_score"], &line["public_decimals"])).collect();
    assert_eq!(shown, [(&json!(0.25), &json!(2)), (&json!(0.3), &json!(2))], "{open:?}");
    assert!(
        open.iter().all(|line| line["log_nonce"].is_null() && line["entry_hash"].is_string()),
        "{open:?}"
    );

    contest.world.let_pass(chrono::TimeDelta::days(31)).await;
    let exact = scores().await;
    assert!((exact[0].0 - 0.253).abs() < 1e-9 && (exact[1].1 - 0.196).abs() < 1e-9, "{exact:?}");
    contest.arena.board().await;
    let over = lines().await;
    assert!((over[0]["public_score"].as_f64().unwrap() - 0.253).abs() < 1e-9, "{over:?}");
    assert!(
        over.iter().all(|line| line["log_nonce"].is_string() && line["public_decimals"].is_null()),
        "{over:?}"
    );
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_archive_of_a_contest_that_goes_on_is_taken_in_and_scored_to_the_digits_it_has(pool: PgPool) {
    let contest = Contest::begin(pool.clone()).await;
    let root = Shell::of(&contest.world, &contest.world.admin("root").await).await;
    let export = ["host", "export", "houses", "--yes"];
    root.json(&export).await;
    let archive = std::fs::read(root.path("houses.holdout.zip")).unwrap();
    let (there, name) = elsewhere(&pool).await;
    let mut scorer = scorer_at_work(&there);
    let host = Shell::of(&there, &there.member("eve").await).await;
    host.write("houses.holdout.zip", &archive);
    host.write("solution.csv", Labels::regression().solution);
    let take = ["host", "import", "houses.holdout.zip", "--solution", "solution.csv", "--launch", "--yes"];
    let taken = host.json(&take).await;
    assert_eq!(
        (&taken["scores"]["n_equal"], &taken["scores"]["n_different"]),
        (&json!(2), &json!(0)),
        "{taken}"
    );
    scorer.kill().await.unwrap();
    leave(there, &pool, &name).await;
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whatever_was_scored_stands_in_the_record_also_where_it_was_given_up(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let listed = async |rest: &str| {
        let found = contest.bob.api.get(&contest.arena.api(rest)).await.expect(200).json();
        found["items"].as_array().unwrap().clone()
    };
    // What was never scored is nobody's business.
    contest.ask("/versions", json!({})).await.expect(201);
    contest.world.drain().await;
    contest.ask("/versions/2/abandon", json!({})).await.expect(200);
    assert!(listed("/versions").await.is_empty());

    contest.prepare(3, &raised(&Labels::regression().solution)).await;
    contest.ask("/versions/3/abandon", json!({})).await.expect(200);
    contest.prepare(4, &raised(&Labels::regression().solution)).await;
    contest.ask("/versions/4/publish", json!({})).await.expect(200);
    let told = listed("/versions").await;
    let told: Vec<_> = told.iter().map(|one| (&one["version"], &one["kind"], &one["reason"])).collect();
    let expected = [(4, "publish"), (4, "start"), (3, "abandon"), (3, "start")];
    let expected = expected.map(|(number, kind)| (json!(number), json!(kind), json!(REASON)));
    assert_eq!(told, expected.each_ref().map(|(number, kind, reason)| (number, kind, reason)));
    let page = contest.world.visitor().get("/c/houses/versions").await.expect(200).text();
    assert!(page.contains("was given up and never counted") && page.contains(REASON), "{page}");

    let changes = listed("/changes").await;
    let sentences: Vec<_> = changes.iter().map(|one| one["sentence"].as_str().unwrap()).collect();
    assert_eq!(
        sentences,
        [
            "The scores are those of version 4 from then on.",
            "The scoring under version 4 was begun.",
            "The scoring under version 3 was given up.",
            "The scoring under version 3 was begun.",
        ]
    );
    assert_eq!((&changes[2]["about"], &changes[2]["note"]), (&json!("version"), &json!(REASON)));
    let page = contest.world.visitor().get("/c/houses/changes").await.expect(200).text();
    assert!(page.contains("The scoring under version 3 was given up"), "{page}");
    contest.world.close().await;
}
