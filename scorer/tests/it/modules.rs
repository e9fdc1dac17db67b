//! Metrics that hosts write, from the queue to the board: what each outcome tells whom.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::world::{Competition, GOOD, PROGRAM, SOLUTION, World};
use holdout_contract::MIGRATOR;
use holdout_contract::custom::{HOST_IS_TOLD, NO_PRIVATE_SCORE};
use holdout_contract::examine::{Report, Verdict};
use holdout_contract::job::Subject;
use holdout_scorer::worker::step::{Stepped, Worker};
use serde_json::json;
use sqlx::PgPool;

/// In the public protocol; says everything it sees, where only its host may hear it.
const MODULE: &str = r#"
"""A metric."""
import sys

import pandas as pd


class ParticipantVisibleError(Exception):
    pass


def score(solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str, scale: float = 1.0) -> float:
    """
    >>> frame = pd.DataFrame({"id": [1, 2], "y": [1.0, 3.0]})
    >>> score(frame, frame.assign(y=0.0), "id")
    labels: [1.0, 3.0]
    2.0
    """
    assert "Usage" not in solution.columns
    assert list(solution[row_id_column_name]) == list(submission[row_id_column_name])
    print("labels:", solution["y"].tolist())
    print("labels:", solution["y"].tolist(), file=sys.stderr)
    if (submission["y"] < 0).any():
        raise ParticipantVisibleError("Predictions must not be negative.")
    if (submission["y"] > 1000).any():
        raise ValueError("these are the labels: " + str(solution["y"].tolist()))
    return float((solution["y"] - submission["y"]).abs().mean() * scale)
"#;

fn python() -> PathBuf {
    crate::python::python(Path::new(PROGRAM))
}

async fn contest(db: PgPool, source: &str) -> (World, Competition, Worker) {
    let world = World::new(db).await;
    let contest = world.competition("own", SOLUTION).await;
    world.set_module(contest, source, json!({ "scale": 2.0 })).await;
    world.data_file(contest, "sample_submission", b"id,y\na,0\nb,0\nc,0\nd,0\n").await;
    let worker = world.worker_that_runs_modules(1024, Duration::from_secs(60), Some(python()));
    (world, contest, worker)
}

/// Every text in the database but the reports for hosts.
async fn everything_else(world: &World) -> String {
    sqlx::query_scalar!(
        r#"select concat(
            (select string_agg(s::text, ' ') from submissions s), (select string_agg(j::text, ' ') from jobs j),
            (select string_agg(x::text, ' ') from scores x), (select string_agg(p::text, ' ') from private_scores p),
            (select string_agg(b::text, ' ') from board_entries b)) as "text!""#
    )
    .fetch_one(&world.db)
    .await
    .expect("a text")
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn each_outcome_reaches_whom_it_concerns(db: PgPool) {
    let (world, contest, mut worker) = contest(db, MODULE).await;
    let team = world.team(contest, "b").await;
    let good = world.submit(contest, team, GOOD).await;
    let negative = world.submit(contest, team, "id,y\na,-1\nb,1\nc,1\nd,1\n").await;
    let breaking = world.submit(contest, team, "id,y\na,2000\nb,1\nc,1\nd,1\n").await;
    let wrong_column = world.submit(contest, team, "id,z\na,1\nb,1\nc,1\nd,1\n").await;
    let steps = world.drain(&mut worker).await;
    assert!(steps.iter().all(|step| matches!(step, Stepped::Done { .. })), "{steps:?}");

    let scored = world.submission(good).await;
    assert_eq!((scored.public_score, scored.private_score), (Some(2.0), Some(4.0)));
    let refused = world.submission(negative).await.rejection.expect("a reason");
    assert_eq!(refused["message"], "Predictions must not be negative.");
    let refused = world.submission(wrong_column).await.rejection.expect("a reason");
    assert_eq!(refused["error"], "missing_column");

    let broken = world.submission(breaking).await;
    assert_eq!(broken.state, "failed");
    let failure =
        sqlx::query_scalar!("select failure as \"failure!\" from submissions where id = $1", breaking)
            .fetch_one(&world.db)
            .await;
    assert_eq!(failure.expect("a sentence"), HOST_IS_TOLD);
    let reports =
        sqlx::query!("select submission_id, report from metric_failures").fetch_all(&world.db).await;
    let reports = reports.expect("reports");
    let [report] = reports.as_slice() else { panic!("one report, not {}", reports.len()) };
    assert_eq!(report.submission_id, breaking);
    assert!(report.report.contains("ValueError: these are the labels: [10, 20]"), "{}", report.report);
    assert!(report.report.contains("It printed:\nlabels: [10, 20]"), "{}", report.report);
    let told = everything_else(&world).await;
    assert!(!told.contains("labels") && !told.contains("10, 20"), "{told}");

    assert_eq!(world.n_entries(contest).await, (1, 1));
    // Tried again with the same module, it breaks again, and the report stands once.
    sqlx::query!("select submission_id from requeue_failed_submissions($1, 10)", contest.id)
        .fetch_all(&world.db)
        .await
        .expect("put back");
    world.enqueue(contest, Subject::Score { submission_id: breaking, team_id: team }).await;
    world.drain(&mut worker).await;
    assert_eq!(world.submission(breaking).await.state, "failed");
    // With a mended module it is scored, and the report is gone.
    world.set_module(contest, &MODULE.replace("> 1000", "> 10000"), json!({})).await;
    sqlx::query!("select submission_id from requeue_failed_submissions($1, 10)", contest.id)
        .fetch_all(&world.db)
        .await
        .expect("put back");
    world.enqueue(contest, Subject::Score { submission_id: breaking, team_id: team }).await;
    world.drain(&mut worker).await;
    assert_eq!(world.submission(breaking).await.public_score, Some(1004.5));
    let left =
        sqlx::query_scalar!("select count(*) as \"n!\" from metric_failures").fetch_one(&world.db).await;
    assert_eq!(left.expect("counted"), 0);
}

/// Gives a number, none, an error or a refusal by how far the worst prediction is from its label.
const PICKY: &str = r#"
import pandas as pd


class ParticipantVisibleError(Exception):
    pass


def score(solution: pd.DataFrame, submission: pd.DataFrame, row_id_column_name: str, scale: float = 1.0) -> float:
    farthest = (solution["y"] - submission["y"]).abs().max()
    if farthest > 300:
        raise ParticipantVisibleError("too far from " + str(solution["y"].tolist()))
    if farthest > 200:
        raise ValueError("too far from " + str(solution["y"].tolist()))
    return float("inf") if farthest > 100 else float(farthest)
"#;

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_a_metric_says_of_private_rows_changes_nothing_that_participants_see(db: PgPool) {
    let (world, contest, mut worker) = contest(db, PICKY).await;
    let team = world.team(contest, "b").await;
    let mut sent = Vec::new();
    for guess in [30, 131, 231, 331] {
        let file = format!("id,y\na,11\nb,20\nc,{guess}\nd,40\n");
        sent.push(world.submit(contest, team, &file).await);
    }
    world.drain(&mut worker).await;
    for (n, id) in sent.iter().enumerate() {
        let scored = world.submission(*id).await;
        assert_eq!((scored.state.as_str(), scored.public_score), ("scored", Some(1.0)), "{n}");
        assert!(scored.rejection.is_none(), "{n}");
        assert_eq!(scored.private_score, (n == 0).then_some(0.0), "{n}");
    }
    // Nor does a file without a public number come for nothing.
    let endless = world.submit(contest, team, "id,y\na,150\nb,20\nc,30\nd,40\n").await;
    world.drain(&mut worker).await;
    let endless = world.submission(endless).await;
    assert_eq!((endless.state.as_str(), endless.public_score), ("scored", None));
    let told = everything_else(&world).await;
    assert!(!told.contains("too far") && !told.contains("30, 40"), "{told}");
    let undefined = sqlx::query_scalar!(
        "select private_undefined as \"undefined!\" from private_scores where private_score is null"
    );
    let undefined = undefined.fetch_all(&world.db).await.expect("texts");
    assert_eq!(undefined, [NO_PRIVATE_SCORE; 3]);
    let reports =
        sqlx::query!("select submission_id, report from metric_failures").fetch_all(&world.db).await;
    let reports = reports.expect("reports");
    let n_of = |side: &str| reports.iter().filter(|one| one.report.starts_with(side)).count();
    assert_eq!((n_of("On the private rows"), n_of("On the public rows")), (3, 1));
}

/// As of a draft: of a version that counts, its files alone are examined.
async fn examined(world: &World, contest: Competition, worker: &mut Worker) -> Report {
    sqlx::query!("update scoring_versions set activated_at = null where id = $1", contest.version_id)
        .execute(&world.db)
        .await
        .expect("a draft");
    world.enqueue(contest, Subject::Examine { version_id: contest.version_id }).await;
    world.drain(worker).await;
    let report = sqlx::query_scalar!(
        "select report as \"report!\" from scoring_versions where id = $1",
        contest.version_id
    )
    .fetch_one(&world.db)
    .await
    .expect("a report");
    serde_json::from_value(report).expect("a report")
}

fn verdict(report: &Report, check: &str) -> Option<(Verdict, String)> {
    let found = report.findings.iter().find(|finding| finding.check == check)?;
    Some((found.verdict, found.text.clone()))
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_upload_is_loaded_and_its_doctests_are_run(db: PgPool) {
    let (world, contest, mut worker) = contest(db, MODULE).await;
    let report = examined(&world, contest, &mut worker).await;
    assert!(report.allows_launch(), "{:?}", report.findings);
    let (_, text) = verdict(&report, "metric_loads").expect("a finding");
    assert!(text.contains("scale: float = 1.0"), "{text}");
    assert_eq!(verdict(&report, "metric_doctests").map(|(verdict, _)| verdict), Some(Verdict::Pass));
    assert_eq!(verdict(&report, "sample_scores").map(|(verdict, _)| verdict), Some(Verdict::Pass));

    for (source, params, check, words) in [
        (MODULE.replace("    2.0\n", "    3.0\n"), json!({}), "metric_doctests", "1 of the 2 examples"),
        (MODULE.to_owned(), json!({ "depth": 1 }), "metric_parameters", "“depth”"),
        (MODULE.replace("scale: float = 1.0", "scale"), json!({}), "metric_parameters", "“scale”"),
        ("def score(:".to_owned(), json!({}), "metric_loads", "SyntaxError"),
        ("x = 1".to_owned(), json!({}), "metric_loads", "no function named score"),
        (
            "def score(a, b, c):\n    return str(1)".to_owned(),
            json!({}),
            "sample_scores",
            "must return a number",
        ),
    ] {
        world.set_module(contest, &source, params).await;
        let report = examined(&world, contest, &mut worker).await;
        assert!(!report.allows_launch(), "{check}");
        let (is, text) = verdict(&report, check).unwrap_or_else(|| panic!("{check}: {:?}", report.findings));
        assert!(is == Verdict::Refused && text.contains(words), "{check}: {text}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn without_a_sandbox_nothing_runs_and_the_reason_is_told(db: PgPool) {
    let (world, contest, _) = contest(db, MODULE).await;
    let no_python = Some("/nonexistent/python3".into());
    let mut worker = world.worker_that_runs_modules(1024, Duration::from_secs(60), no_python);
    let report = examined(&world, contest, &mut worker).await;
    let (is, text) = verdict(&report, "metric_runs").expect("a finding");
    assert!(is == Verdict::Refused && text.contains("/nonexistent/python3"), "{text}");
    let team = world.team(contest, "b").await;
    let submission = world.submit(contest, team, GOOD).await;
    let steps = world.drain(&mut worker).await;
    assert!(matches!(steps.last(), Some(Stepped::GaveUp { .. })), "{steps:?}");
    assert_eq!(world.submission(submission).await.state, "failed");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_scorer_without_a_sandbox_leaves_the_job_to_one_that_has_it(db: PgPool) {
    let (world, contest, mut able) = contest(db, MODULE).await;
    let no_python = Some("/nonexistent/python3".into());
    let mut unable = world.worker_that_runs_modules(1024, Duration::from_secs(60), no_python);
    for (worker, sandbox, refusal) in [(&able, Some("Python"), None), (&unable, None, Some("no Python"))] {
        sqlx::query!(
            "insert into scorers (id, host, engine_version, contract, started_at, last_seen_at, sandbox, sandbox_refusal)
             values ($1, 'here', '1', (select newest from contract), now(), now(), $2, $3)",
            worker.id,
            sandbox,
            refusal,
        )
        .execute(&world.db)
        .await
        .expect("announced");
    }
    let team = world.team(contest, "b").await;
    let submission = world.submit(contest, team, GOOD).await;
    for _ in 0..5 {
        sqlx::query!("update jobs set run_at = now()").execute(&world.db).await.expect("hurried");
        let stepped = holdout_scorer::worker::step::step(&mut unable).await.expect("stepped");
        assert!(matches!(stepped, Stepped::PutBack { .. }), "{stepped:?}");
    }
    world.drain(&mut able).await;
    assert_eq!(world.submission(submission).await.public_score, Some(2.0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_metric_that_never_ends_is_its_hosts_fault(db: PgPool) {
    let (world, contest, _) = contest(db, MODULE).await;
    let endless = "def score(solution, submission, row_id_column_name, **rest):\n    while True: pass\n";
    world.set_module(contest, endless, json!({})).await;
    let time = Duration::from_secs(20);
    let mut worker = world.worker_that_runs_modules(1024, time, Some(python()));
    let team = world.team(contest, "b").await;
    let submission = world.submit(contest, team, GOOD).await;
    let steps = world.drain(&mut worker).await;
    assert!(matches!(steps[..], [Stepped::Done { .. }]), "{steps:?}");
    assert_eq!(world.submission(submission).await.state, "failed");
    let report = sqlx::query_scalar!("select report from metric_failures").fetch_one(&world.db).await;
    assert!(report.expect("a report").contains("longer than"));
}
