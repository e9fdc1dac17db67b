//! A metric that its host wrote, from the form to the board; and who hears what it says.

use std::path::PathBuf;

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Answer;
use crate::python::python;
use crate::world::{Arena, Labels, Person, World, require_success, scorer_binary, sql};

/// Prints every label it sees, and breaks on predictions above 9,000 with the labels in its words.
const MODULE: &str = r#"
class ParticipantVisibleError(Exception):
    pass


def score(solution, submission, row_id_column_name, factor=1.0):
    """
    >>> import pandas
    >>> frame = pandas.DataFrame({"id": [1], "target": [1.0]})
    >>> score(frame, frame.assign(target=3.0), "id", 2.0)
    labels [1.0]
    4.0
    """
    print("labels", solution["target"].tolist())
    if (submission["target"] < 0).any():
        raise ParticipantVisibleError("No price is negative.")
    if (submission["target"] > 9000).any():
        raise ValueError("labels: " + str(solution["target"].tolist()))
    return factor * (solution["target"] - submission["target"]).abs().mean()
"#;

struct Contest {
    world: World,
    arena: Arena,
    ada: Person,
    bob: Person,
    carol: Person,
}

impl Contest {
    /// Judged by RMSE.
    async fn begin(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        let ada = world.member("ada").await;
        let (bob, carol) = (world.member("bob").await, world.member("carol").await);
        let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
        arena.join(&bob).await;
        arena.join(&carol).await;
        Self { world, arena, ada, bob, carol }
    }

    /// Judged by [`MODULE`], published as its second version.
    async fn with_module(pool: PgPool) -> Self {
        let contest = Self::begin(pool).await;
        contest.put_version(2, MODULE).await;
        contest.ask("/versions/2/publish", json!({})).await.expect(200);
        contest
    }

    async fn ask(&self, rest: &str, body: Value) -> Answer {
        self.arena.ask(rest, body).await
    }

    async fn put_module(&self, source: &str) -> Answer {
        let body = json!({ "source": source, "file_name": "mine.py", "higher_is_better": false, "params": { "factor": 2.0 } });
        self.ada.api.send_json(Method::PUT, &self.arena.api("/metric/module"), &body).await
    }

    async fn put_version(&self, number: i32, source: &str) {
        self.ask("/versions", json!({})).await.expect(201);
        self.put_module(source).await.expect(200);
        self.drain().await;
        // Asked of a module that the audit could not judge.
        let reason = json!({ "audit_reason": "It is a test." });
        self.ada.api.send_json(Method::PUT, &self.arena.api("/audit"), &reason).await.expect(200);
        self.ask(&format!("/versions/{number}/start"), json!({ "reason": "Absolute errors." }))
            .await
            .expect(200);
        self.drain().await;
    }

    async fn drain(&self) {
        let mut scorer = self.world.scorer(&["work", "--drain"]);
        let output = scorer.env("HOLDOUT_PYTHON", interpreter().await).output().await.unwrap();
        require_success(&output);
        let said = format!("{output:?}");
        assert!(!said.contains("labels") && !said.contains(&Labels::label(1)), "{said}");
    }

    async fn number(&self, query: &'static str) -> i64 {
        sql(query).fetch_one(&self.world.pool).await.unwrap().get(0)
    }
}

pub(crate) async fn interpreter() -> PathBuf {
    tokio::task::spawn_blocking(|| python(&scorer_binary())).await.unwrap()
}

/// Predictions of which the first, of a public row, is this.
fn beginning_with(first: &str) -> String {
    let good = Labels::predictions(250, 617);
    let (names, rows) = good.split_once("r0,").unwrap();
    format!("{names}r0,{first}\n{}", rows.split_once('\n').unwrap().1)
}

/// Predictions of which the last, of a private row, is this.
fn ending_with(last: &str) -> String {
    let good = Labels::predictions(250, 617);
    let kept = good.trim_end().rsplit_once(',').unwrap().0;
    format!("{kept},{last}\n")
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_module_judges_and_only_its_host_hears_what_it_says(pool: PgPool) {
    let contest = Contest::with_module(pool).await;
    let (arena, bob, carol) = (&contest.arena, &contest.bob, &contest.carol);
    let good = arena.submit(bob, &Labels::predictions(250, 617)).await;
    let negative = arena.submit(bob, &beginning_with("-1")).await;
    let breaking = arena.submit(carol, &beginning_with("9001")).await;
    let on_private_rows = arena.submit(carol, &ending_with("9001")).await;
    contest.drain().await;

    let scored = arena.submission(bob, good).await;
    assert!((scored["public_score"].as_f64().unwrap() - 0.5).abs() < 1e-9, "{scored}");
    let refused = arena.submission(bob, negative).await;
    assert_eq!(refused["rejection"]["message"], "No price is negative.");
    let broken = arena.submission(carol, breaking).await;
    assert_eq!(broken["state"], "failed");
    assert!(broken["failure"].as_str().unwrap().contains("host has been told"), "{broken}");
    assert_eq!(broken["allowance"]["left"], 4, "it took none of her entries, which the other file did");
    let unsuspecting = arena.submission(carol, on_private_rows).await;
    assert_eq!((&unsuspecting["state"], &unsuspecting["failure"]), (&json!("scored"), &Value::Null));
    assert!((unsuspecting["public_score"].as_f64().unwrap() - 0.5).abs() < 1e-9, "{unsuspecting}");

    let failures = contest.ada.api.get(&arena.api("/failures")).await.expect(200).json();
    let told = failures["items"][0]["report"].as_str().unwrap();
    assert!(told.starts_with("On the private rows") && told.contains("ValueError"), "{told}");
    let report = failures["items"][1]["report"].as_str().unwrap();
    assert!(report.contains("ValueError: labels: [7000.321") && report.contains("metric.py"), "{report}");
    assert!(report.contains("It printed:\nlabels [7000.321"), "{report}");
    let page = contest.ada.browser.get("/c/houses/host/failures").await.expect(200).text();
    assert!(page.contains("ValueError") && page.contains("carol"), "{page}");

    let visitor = contest.world.visitor();
    for client in [&bob.api, &bob.browser, &carol.api, &carol.browser, &visitor] {
        for path in [
            "/c/houses".to_owned(),
            "/c/houses/metric".to_owned(),
            "/c/houses/leaderboard".to_owned(),
            "/c/houses/versions".to_owned(),
            "/c/houses/submissions".to_owned(),
            format!("/c/houses/submissions/{breaking}"),
            format!("/c/houses/submissions/{on_private_rows}"),
            "/c/houses/host/failures".to_owned(),
            "/c/houses/host/metric/module".to_owned(),
            arena.api("/failures"),
            arena.api("/metric/module"),
            arena.api("/submissions"),
            arena.api(&format!("/submissions/{breaking}")),
            arena.api(&format!("/submissions/{on_private_rows}")),
            arena.api("/versions/2"),
            arena.api("/report"),
        ] {
            let text = client.get(&path).await.text();
            assert!(
                !text.contains("ValueError: labels")
                    && !text.contains("7000.321")
                    && !text.contains("On the private rows:"),
                "{path}: {text}"
            );
        }
    }
    let shown = visitor.get("/c/houses/metric").await.expect(200).text();
    assert!(
        shown.contains("No price is negative.") && shown.contains("Lower is better"),
        "the module is public"
    );
    assert_eq!(visitor.get(&arena.api("/metric/module")).await.expect(200).json()["file_name"], "mine.py");
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_a_module_broke_on_is_scored_once_it_is_mended(pool: PgPool) {
    let contest = Contest::with_module(pool).await;
    let arena = &contest.arena;
    let breaking = arena.submit(&contest.carol, &beginning_with("9001")).await;
    contest.drain().await;
    let denied = contest.bob.api.send_json(Method::POST, &arena.api("/failures/retry"), &json!({})).await;
    denied.expect(404);

    contest.put_version(3, &MODULE.replace("> 9000", "> 10000")).await;
    contest.ask("/versions/3/publish", json!({})).await.expect(200);
    let retried = contest.ask("/failures/retry", json!({})).await.expect(200).json();
    assert_eq!(retried["n_retried"], 1);
    contest.drain().await;
    let scored = arena.submission(&contest.carol, breaking).await;
    assert_eq!(scored["state"], "scored", "{scored}");
    assert_eq!(contest.ask("/failures/retry", json!({})).await.expect(200).json()["n_retried"], 0);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_version_whose_module_breaks_is_not_published(pool: PgPool) {
    let contest = Contest::with_module(pool).await;
    let arena = &contest.arena;
    arena.submit(&contest.carol, &Labels::predictions(250, 617)).await;
    contest.drain().await;
    contest.put_version(3, &MODULE.replace("> 9000", "> 7000")).await;
    let refused = contest.ask("/versions/3/publish", json!({})).await.expect(403);
    assert!(refused.text().contains("could not be scored"), "{}", refused.text());
    let failures = contest.ada.api.get(&arena.api("/failures?version=3")).await.expect(200).json();
    assert!(failures["items"][0]["report"].as_str().unwrap().contains("ValueError"), "{failures}");
    let page = contest.ada.browser.get("/c/houses/host/versions/3").await.expect(200).text();
    assert!(page.contains("Errors from your module"), "{page}");
    contest.ask("/versions/3/abandon", json!({})).await.expect(200);
    assert_eq!(contest.arena.board().await["items"].as_array().unwrap().len(), 1);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_form_takes_a_module_and_the_examination_says_what_it_thinks(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    contest.ask("/versions", json!({})).await.expect(201);
    let form = "/c/houses/host/metric/module";
    let send = async |source: &str, direction: &str, params: &str| {
        let fields = [
            ("source", source),
            ("file_name", "mine.py"),
            ("direction", direction),
            ("params", params),
            ("public_percent", "30"),
        ];
        contest.ada.browser.post_form(form, &fields).await
    };
    send(MODULE, "", "").await.expect(422);
    send("", "lower", "").await.expect(422);
    let typed = send(MODULE, "lower", "{").await.expect(422).text();
    assert!(typed.contains("No price is negative."), "what was typed stays");
    assert_eq!(contest.number("select count(*) from custom_metrics").await, 0);
    assert_eq!(send(MODULE, "lower", "{\"depth\": 1}").await.status, 303);
    contest.drain().await;
    let report = contest.ada.api.get(&contest.arena.api("/report")).await.expect(200).text();
    assert!(report.contains("no parameter “depth”"), "{report}");
    assert_eq!(send(MODULE, "lower", "{\"factor\": 1}").await.status, 303);
    contest.drain().await;
    let report = contest.ada.api.get(&contest.arena.api("/report")).await.expect(200).text();
    assert!(report.contains("All 4 examples") || report.contains("All 3 examples"), "{report}");
    assert_eq!(contest.number("select count(*) from custom_metrics").await, 1, "the first was forgotten");
    let shown = contest.ada.browser.get(form).await.expect(200).text();
    assert!(shown.contains("No price is negative.") && shown.contains("checked"), "{shown}");
    // A metric of the catalogue takes its place, and the module is gone.
    let body = json!({ "metric": "rmse" });
    contest.ada.api.send_json(Method::PUT, &contest.arena.api("/metric"), &body).await.expect(200);
    contest.drain().await;
    contest.ask("/versions/2/abandon", json!({})).await.expect(200);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_score_of_a_module_is_verified_to_the_bit(pool: PgPool) {
    let contest = Contest::with_module(pool).await;
    contest.arena.submit(&contest.bob, &Labels::predictions(250, 617)).await;
    contest.arena.submit(&contest.carol, &beginning_with("-1")).await;
    contest.drain().await;
    let id = contest.ask("/verifications", json!({})).await.expect(202).json()["id"].clone();
    contest.drain().await;
    let told =
        contest.ada.api.get(&contest.arena.api(&format!("/verifications/{id}"))).await.expect(200).json();
    assert_eq!(told["is_clean"], true, "{told}");
    contest.world.close().await;
}
