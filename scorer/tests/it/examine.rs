//! The examination before launch and the split of a labelled table, through queue, worker and child.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::world::{Competition, SOLUTION, World};
use holdout_contract::MIGRATOR;
use holdout_contract::audit::Audit;
use holdout_contract::examine::{Proposal, Report, TargetKind, Verdict};
use holdout_contract::job::Subject;
use holdout_contract::rejection::{Rejection, RejectionKind};
use sqlx::PgPool;

const SAMPLE: &[u8] = b"id,y\na,0\nb,0\nc,0\nd,0\n";
const TRAIN: &[u8] = b"id,x,z,y\nt1,1,red,3\nt2,2,blue,4\n";
const TEST: &[u8] = b"id,x,z\na,5,red\nb,6,red\nc,7,blue\nd,8,blue\n";

async fn examined(world: &World, draft: Competition) -> Report {
    world.enqueue(draft, Subject::Examine { version_id: draft.version_id }).await;
    world.drain(&mut world.worker()).await;
    let row = sqlx::query!(
        "select report as \"report!\", examined_revision = input_revision as \"is_current!\"
         from scoring_versions where id = $1",
        draft.version_id
    )
    .fetch_one(&world.db)
    .await
    .expect("a report");
    assert!(row.is_current);
    serde_json::from_value(row.report).expect("a report")
}

async fn set_metric(world: &World, draft: Competition, metric: &str) {
    sqlx::query!(
        "update scoring_versions v set metric = m.name,
            higher_is_better = m.spec ->> 'direction' = 'higher_is_better'
         from metrics m where v.id = $1 and m.name = $2",
        draft.version_id,
        metric
    )
    .execute(&world.db)
    .await
    .expect("a metric");
}

/// A draft in which everything fits.
async fn sound(world: &World) -> Competition {
    let draft = world.draft("draft").await;
    world.set_solution(draft, SOLUTION).await;
    set_metric(world, draft, "rmse").await;
    for (role, bytes) in [("sample_submission", SAMPLE), ("train", TRAIN), ("test", TEST)] {
        world.data_file(draft, role, bytes).await;
    }
    draft
}

async fn replace(world: &World, draft: Competition, role: &str, bytes: &[u8]) {
    sqlx::query!("delete from data_files where competition_id = $1 and role = $2", draft.id, role)
        .execute(&world.db)
        .await
        .expect("removed");
    world.data_file(draft, role, bytes).await;
}

fn refused(report: &Report) -> Vec<&str> {
    verdicts(report, Verdict::Refused)
}

fn verdicts(report: &Report, verdict: Verdict) -> Vec<&str> {
    let those = report.findings.iter().filter(|finding| finding.verdict == verdict);
    those.map(|finding| finding.check.as_str()).collect()
}

fn text<'a>(report: &'a Report, check: &str) -> &'a str {
    let finding = report.findings.iter().find(|finding| finding.check == check);
    finding.map_or("", |finding| finding.text.as_str())
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_sound_competition_may_launch(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;
    let report = examined(&world, draft).await;
    assert!(report.allows_launch(), "{:#?}", report.findings);
    for check in
        ["solution_reads", "split_empty", "metric_applies", "perfect_score", "sample_fits", "row_overlap"]
    {
        assert!(verdicts(&report, Verdict::Pass).contains(&check), "{check}: {:#?}", report.findings);
    }
    let profile = report.profile.expect("a profile");
    assert_eq!((profile.id_column.as_str(), profile.target_columns.join(",")), ("id", "y".to_owned()));
    assert_eq!((profile.n_public, profile.n_private, profile.split_was_made), (2, 2, false));
}

/// A host's change holds the competition, then its version. Were the report written in the other order, each would wait for the other.
#[sqlx::test(migrator = "MIGRATOR")]
async fn a_report_waits_for_a_hosts_change_and_holds_nothing_that_it_needs(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;
    let mut host = world.db.begin().await.expect("begun");
    sqlx::query!("select id from competitions where id = $1 for update", draft.id)
        .fetch_one(&mut *host)
        .await
        .expect("held");
    let change = async {
        let waits = async || {
            sqlx::query_scalar!(
                r#"select exists (
                    select from pg_stat_activity
                    where datname = current_database() and wait_event_type = 'Lock') as "waits!""#
            )
            .fetch_one(&world.db)
            .await
            .expect("asked")
        };
        while !waits().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        sqlx::query!("select id from scoring_versions where id = $1 for update", draft.version_id)
            .fetch_one(&mut *host)
            .await
            .expect("the version is free");
        host.commit().await.expect("changed");
    };
    let (report, ()) = tokio::join!(examined(&world, draft), change);
    assert!(report.allows_launch(), "{:#?}", report.findings);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn of_a_version_that_counts_the_files_alone_are_examined(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;
    let launched_with = examined(&world, draft).await;
    replace(&world, draft, "train", b"id,x,z,y\nt1,5,red,3\nt2,2,blue,4\n").await;
    sqlx::query!(
        "update scoring_versions set activated_at = now(), files_revision = 1 where id = $1",
        draft.version_id
    )
    .execute(&world.db)
    .await
    .expect("launched");
    assert_eq!(examined(&world, draft).await, launched_with, "what it was launched with stays on record");
    let row = sqlx::query!(
        "select files_findings as \"findings!\", files_examined_revision from scoring_versions where id = $1",
        draft.version_id
    )
    .fetch_one(&world.db)
    .await
    .expect("findings");
    let found = Report::of_findings(serde_json::from_value(row.findings).expect("findings"));
    assert_eq!((refused(&found), row.files_examined_revision), (vec!["row_overlap"], Some(1)), "{found:#?}");
    assert!(found.findings.iter().all(|finding| finding.check != "metric_applies"), "{found:#?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_training_file_is_compared_with_the_test_file(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;
    let alone = examined(&world, draft).await;
    world.named_file(draft, ("train-2.csv", "train"), b"id,z,x,y\nt7,red,1,3\nt8,red,6,4\n").await;
    let report = examined(&world, draft).await;
    assert_eq!(refused(&report), ["row_overlap"], "{:#?}", report.findings);
    let told: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.check == "row_overlap")
        .map(|finding| finding.text.as_str())
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|text| text.starts_with("train-2.csv: ")), "{told:?}");
    assert!(told.contains(&"train.csv: No test row stands in the training file."), "{told:?}");

    replace(&world, draft, "train", TRAIN).await;
    world.named_file(draft, ("train-2.csv", "train"), TRAIN).await;
    assert_eq!(examined(&world, draft).await.findings, alone.findings, "what both say alike is said once");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_row_may_be_public_with_a_warning(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;
    world.set_solution(draft, "id,y,Usage\na,1,Public\nb,2,Public\nc,3,Public\nd,4,Public\n").await;
    let report = examined(&world, draft).await;
    assert!(report.allows_launch(), "{:#?}", report.findings);
    assert!(verdicts(&report, Verdict::Warn).contains(&"split_empty"), "{:#?}", report.findings);
    assert!(text(&report, "split_empty").starts_with("All 4 rows are public"), "{report:#?}");
    assert!(report.audit.is_some(), "the metric is audited all the same");
    let profile = report.profile.expect("a profile");
    assert_eq!((profile.n_public, profile.n_private), (4, 0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn every_refusal_names_its_fix(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;

    world.set_solution(draft, "id,y,Usage\na,1,Private\nb,2,Private\nc,3,Ignored\nd,4,Ignored\n").await;
    assert_eq!(refused(&examined(&world, draft).await), ["split_empty"]);

    world.set_solution(draft, "id,y,Usage\na,one,Public\nb,2,Private\n").await;
    assert_eq!(refused(&examined(&world, draft).await), ["solution_reads"]);
    set_metric(&world, draft, "mape").await;
    world.set_solution(draft, "id,y,Usage\na,1,Public\nb,2,Private\nc,0,Private\nd,0,Ignored\n").await;
    let report = examined(&world, draft).await;
    assert_eq!(refused(&report), ["metric_applies"]);
    assert!(text(&report, "metric_applies").starts_with("1 of the true values"), "{report:#?}");
    world.set_solution(draft, SOLUTION).await;
    assert!(examined(&world, draft).await.allows_launch());
    set_metric(&world, draft, "rmse").await;

    replace(&world, draft, "sample_submission", b"id,y\na,0\nb,0\nc,0\n").await;
    let report = examined(&world, draft).await;
    assert_eq!(refused(&report), ["sample_fits"]);

    replace(&world, draft, "sample_submission", b"id,y\na,10\nb,20\nc,30\nd,40\n").await;
    let report = examined(&world, draft).await;
    assert!(report.allows_launch() && verdicts(&report, Verdict::Warn).contains(&"sample_scores"));
    replace(&world, draft, "sample_submission", SAMPLE).await;

    replace(&world, draft, "train", b"id,z,x,y\nt1,red,1,3\nt2,red,6,4\na,blue,8,1\n").await;
    let report = examined(&world, draft).await;
    assert_eq!(refused(&report), ["row_overlap"]);
    assert!(text(&report, "row_overlap").contains("2 of 4 test rows"), "{}", text(&report, "row_overlap"));
    assert!(text(&report, "row_overlap").contains("row 3 (training row 3)"));
    assert!(verdicts(&report, Verdict::Warn).contains(&"id_overlap"));
    for finding in report.findings.iter().filter(|finding| finding.verdict != Verdict::Pass) {
        assert!(!finding.fix.is_empty(), "{finding:?}");
    }
}

/// Series b did not change from one step to the next, and c has no past.
const HISTORY: &[u8] = b"series,t,value\na,1,2\na,2,4\na,3,3\nb,1,5\nb,2,5\nb,3,5\n";

#[sqlx::test(migrator = "MIGRATOR")]
async fn series_without_a_scale_are_named_and_the_scales_of_others_told(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;
    world.data_file(draft, "history", HISTORY).await;
    let series = |names: [&str; 4]| {
        let [a, b, c, d] = names;
        format!("id,series,y,Usage\na,{a},1,Public\nb,{b},2,Private\nc,{c},4,Public\nd,{d},5,Ignored\n")
    };
    for metric in ["mase", "rmsse"] {
        set_metric(&world, draft, metric).await;
        world.set_solution(draft, &series(["a", "a", "b", "a"])).await;
        let report = examined(&world, draft).await;
        assert_eq!(refused(&report), ["metric_applies"]);
        let told = text(&report, "metric_applies");
        assert!(told.starts_with("The history of the series “b” does not change"), "{told}");
        assert!(!told.contains("public"), "not found by a trial of a file: {told}");

        world.set_solution(draft, &series(["c", "a", "b", "a"])).await;
        let told = text(&examined(&world, draft).await, "metric_applies").to_owned();
        assert!(told.contains("no history of the series “c”"), "{told}");
        assert!(told.ends_with("2 of 3 series cannot be scaled."), "{told}");

        world.set_solution(draft, &series(["a", "a", "a", "b"])).await;
        let report = examined(&world, draft).await;
        assert!(report.allows_launch(), "an ignored row needs no scale: {report:#?}");
        assert!(text(&report, "scales").contains("1.0 times as much"), "{report:#?}");
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_empty_draft_is_told_what_it_lacks(db: PgPool) {
    let world = World::new(db).await;
    let draft = world.draft("draft").await;
    let report = examined(&world, draft).await;
    assert_eq!(refused(&report), ["solution_reads"]);
    assert!(report.profile.is_none());

    world.set_solution(draft, "id,price\n1,10.5\n2,11.5\n3,9.25\n4,10\n").await;
    let report = examined(&world, draft).await;
    assert_eq!(refused(&report), ["metric_applies"]);
    assert_eq!(report.suggested_metrics.first().map(String::as_str), Some("rmse"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_changes_while_it_is_examined_is_examined_again(db: PgPool) {
    let world = World::new(db).await;
    let draft = sound(&world).await;
    // The revision grows once, when the job is taken.
    sqlx::raw_sql(
        "create function change() returns trigger language plpgsql as $$
         begin
            update scoring_versions set input_revision = 100 where input_revision < 100;
            return null;
         end $$;
         create trigger change after update on jobs for each row
         when (new.state = 'done' and old.state = 'leased') execute function change();",
    )
    .execute(&world.db)
    .await
    .expect("a trigger");
    examined(&world, draft).await;
    let n =
        sqlx::query_scalar!("select count(*) as \"n!\" from jobs where kind = 'examine' and state = 'done'")
            .fetch_one(&world.db)
            .await
            .expect("counted");
    assert_eq!(n, 2);
}

struct Made {
    proposal: Proposal,
    files: BTreeMap<String, String>,
    solution: String,
    report: Report,
}

async fn upload(world: &World, draft: Competition, table: &str, target: &str) -> i64 {
    let sealed = world.store_sealed("tables", draft.id, table.as_bytes());
    let table_id = sqlx::query_scalar!(
        "insert into labelled_tables (competition_id, storage_key, sealed_sha256, target_column, seed)
         values ($1, $2, $3, $4, 7) returning id",
        draft.id,
        sealed.key,
        &sealed.sha256[..],
        target
    )
    .fetch_one(&world.db)
    .await
    .expect("a table");
    world.enqueue(draft, Subject::Split { table_id }).await;
    world.drain(&mut world.worker()).await;
    table_id
}

async fn split(world: &World, draft: Competition, table: &str, target: &str) -> Made {
    let table_id = upload(world, draft, table, target).await;
    let row = sqlx::query!("select proposal, rejection from labelled_tables where id = $1", table_id)
        .fetch_one(&world.db)
        .await
        .expect("a table");
    let proposal = row.proposal.unwrap_or_else(|| panic!("rejected: {:?}", row.rejection));
    let rows =
        sqlx::query!("select name, storage_key, sha256 from data_files where competition_id = $1", draft.id)
            .fetch_all(&world.db)
            .await
            .expect("data files");
    let files = rows
        .into_iter()
        .map(|row| {
            let sha256 = row.sha256.try_into().expect("32 bytes");
            let bytes = world.storage.read(&row.storage_key, &sha256).expect("reads");
            (row.name, String::from_utf8(bytes).expect("text"))
        })
        .collect();
    let version = sqlx::query!(
        "select x.storage_key, v.report as \"report!\", v.metric as \"metric!\", v.higher_is_better
         from scoring_versions v join solutions x on x.id = v.solution_id where v.id = $1",
        draft.version_id
    )
    .fetch_one(&world.db)
    .await
    .expect("a solution");
    let sealed = world.storage.read_unverified(&version.storage_key).expect("reads");
    let solution = String::from_utf8(world.key.open(&sealed).expect("opens").to_vec()).expect("text");
    let proposal: Proposal = serde_json::from_value(proposal).expect("a proposal");
    assert_eq!(version.metric, proposal.metric);
    Made { proposal, files, solution, report: serde_json::from_value(version.report).expect("a report") }
}

fn rows(csv: &str) -> Vec<Vec<String>> {
    csv.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn one_table_becomes_a_competition_that_may_launch(db: PgPool) {
    let world = World::new(db).await;
    let draft = world.draft("houses").await;
    let mut table = "area,town,price\n".to_owned();
    for row in 0..200 {
        table.push_str(&format!(
            "{}.5,{},{}.25\n",
            row * 37 % 200,
            ["north", "south"][row % 2],
            50 + row * 37 % 97
        ));
    }
    let made = split(&world, draft, &table, "price").await;
    assert!(made.report.allows_launch(), "{:#?}", made.report.findings);
    assert_eq!((made.proposal.n_train, made.proposal.n_test), (140, 60));
    assert!(made.proposal.id_was_made && made.proposal.metric == "rmse");
    assert_eq!(made.proposal.feature_columns, ["area", "town"]);
    assert!(made.files["test.csv"].starts_with("id,area,town\n"));
    assert!(made.files["train.csv"].starts_with("id,area,town,price\n"));

    let truth: HashMap<String, String> =
        rows(&table).into_iter().map(|row| (format!("{},{}", row[0], row[1]), row[2].clone())).collect();
    let solution = rows(&made.solution);
    for (test, solved) in rows(&made.files["test.csv"]).iter().zip(&solution) {
        assert_eq!(test[0], solved[0], "ids in one order");
        assert_eq!(truth[&format!("{},{}", test[1], test[2])], solved[1], "each label stays with its row");
    }
    assert_eq!(solution.iter().filter(|row| row[2] == "Public").count(), 18);
    let sample = rows(&made.files["sample_submission.csv"]);
    assert!(sample.iter().all(|row| row[1] == sample[0][1]), "a constant guess");
    let in_train: HashSet<String> =
        rows(&made.files["train.csv"]).iter().map(|row| format!("{},{}", row[1], row[2])).collect();
    assert_eq!(in_train.len() + solution.len(), 200, "no row is lost");

    let again = split(&world, draft, &table, "price").await;
    assert_eq!((again.files, again.solution), (made.files, made.solution), "the seed alone decides");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_id_that_follows_the_labels_is_replaced(db: PgPool) {
    let world = World::new(db).await;
    let draft = world.draft("flowers").await;
    // Sorted by class, as the classic data sets are: the id would be the label.
    let mut table = "id,petal,species\n".to_owned();
    for row in 0..90 {
        table.push_str(&format!("{row},{}.5,{}\n", row * 7, ["setosa", "virginica", "versicolor"][row / 30]));
    }
    let made = split(&world, draft, &table, "species").await;
    assert!(made.proposal.id_was_made, "{:?}", made.proposal);
    assert_eq!(made.proposal.feature_columns, ["petal"]);
    assert!(made.proposal.remarks.iter().any(|remark| remark.contains("follows the target")));
    assert!(matches!(made.proposal.target, TargetKind::Classes { ref classes } if classes.len() == 3));
    let in_order: Vec<String> = rows(&made.solution).into_iter().map(|row| row[1].clone()).collect();
    let alike = in_order.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(alike < in_order.len() * 6 / 10, "{in_order:?}");
    for class in ["setosa", "virginica", "versicolor"] {
        let usages: Vec<String> = rows(&made.solution)
            .into_iter()
            .filter(|row| row[1] == class)
            .map(|row| row[2].clone())
            .collect();
        assert_eq!(usages.len(), 9);
        assert!(usages.contains(&"Public".to_owned()) && usages.contains(&"Private".to_owned()));
    }
}

/// Kinds of target that hosts bring: each gets a metric whose sample submission and perfect
/// submission work.
#[sqlx::test(migrator = "MIGRATOR")]
async fn every_kind_of_target_may_launch(db: PgPool) {
    let world = World::new(db).await;
    /// Name of the column, its value in a row, the metric that is proposed.
    type Case = (&'static str, fn(usize) -> String, &'static str);
    let cases: [Case; 6] = [
        ("bought", |at| ["0", "1"][at % 2].to_owned(), "roc_auc"),
        ("answer", |at| ["no", "yes", "no"][at % 3].to_owned(), "accuracy"),
        ("rare", |at| if at.is_multiple_of(12) { "ill" } else { "well" }.to_owned(), "f1_macro"),
        ("stars", |at| (1 + at * at % 5).to_string(), "qwk"),
        ("price", |at| (at * at % 9000 + 2).to_string(), "rmsle"),
        ("change", |at| (at as f64 / 8.0 - 10.0).to_string(), "rmse"),
    ];
    for (target, label, metric) in cases {
        let draft = world.draft(&format!("case-{target}")).await;
        let mut table = format!("row,x,{target}\n");
        for row in 0..240 {
            let at = row * 7919 % 240;
            table.push_str(&format!("r{row:03},{}.5,{}\n", row * 31 % 239, label(at * at % 241)));
        }
        let made = split(&world, draft, &table, target).await;
        assert_eq!(made.proposal.metric, metric, "{target}: {:?}", made.proposal);
        assert!(made.report.allows_launch(), "{target}: {:#?}", made.report.findings);
        assert!(verdicts(&made.report, Verdict::Pass).contains(&"perfect_score"), "{target}");
        assert!(
            made.report.suggested_metrics.contains(&metric.to_owned()),
            "{:?}",
            made.report.suggested_metrics
        );
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn repeated_rows_stay_on_one_side(db: PgPool) {
    let world = World::new(db).await;
    let draft = world.draft("repeats").await;
    let mut table = "code,x,y\n".to_owned();
    for row in 0..120 {
        table.push_str(&format!("k{:03},{},{}\n", row * 37 % 120, row % 40, (row * 37 % 120) as f64 / 8.0));
    }
    let made = split(&world, draft, &table, "y").await;
    let side = |name: &str| -> HashSet<String> {
        rows(&made.files[name]).into_iter().map(|row| row[1].clone()).collect()
    };
    assert!(side("train.csv").is_disjoint(&side("test.csv")));
    assert!(made.report.allows_launch(), "{:#?}", made.report.findings);
    assert!(made.proposal.remarks.iter().any(|remark| remark.starts_with("80 rows repeat")));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_table_that_cannot_be_split_says_why(db: PgPool) {
    let world = World::new(db).await;
    let draft = world.draft("broken").await;
    let constant = format!("x,y\n{}", (0..20).map(|row| format!("{row},1\n")).collect::<String>());
    let bare =
        format!("id,y\n{}", (0..20).map(|row| format!("{row},{}\n", row * 7 % 20)).collect::<String>());
    let cases = [
        ("x,y\n1,2\n", "z", RejectionKind::MissingColumn),
        ("x,y\n1,2\n", "y", RejectionKind::BadSolution),
        (constant.as_str(), "y", RejectionKind::BadSolution),
        (bare.as_str(), "y", RejectionKind::BadSolution),
        ("x,y\n", "y", RejectionKind::NoRows),
        ("x,y\n1,2,3\n", "y", RejectionKind::RowWidth),
    ];
    for (table, target, kind) in cases {
        let table_id = upload(&world, draft, table, target).await;
        let rejection =
            sqlx::query_scalar!("select rejection as \"r!\" from labelled_tables where id = $1", table_id)
                .fetch_one(&world.db)
                .await
                .expect("a rejection");
        let rejection: Rejection = serde_json::from_value(rejection).expect("a rejection");
        assert_eq!(rejection.kind, kind, "{rejection:?}");
    }
}

/// Labels of two classes, enough of them to be probed.
fn two_classes() -> (String, String) {
    let mut files = ("id,y\n".to_owned(), "id,y\n".to_owned());
    for at in 0..400 {
        files.0.push_str(&format!("r{at},{}\n", u8::from(at % 3 == 0)));
        files.1.push_str(&format!("r{at},0.{}\n", 3 + at % 5));
    }
    files
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn probing_is_judged_by_the_competitions_own_plan(db: PgPool) {
    let world = World::new(db).await;
    let draft = world.draft("draft").await;
    let (solution, sample) = two_classes();
    world.set_solution(draft, &solution).await;
    world.data_file(draft, "sample_submission", sample.as_bytes()).await;
    set_metric(&world, draft, "log_loss").await;
    let plan = async |daily_limit: i32, decimals: i32, days: i32| {
        sqlx::query!(
            "update competitions
             set daily_limit = $2, score_decimals = $3, are_decimals_chosen = true, starts_at = '2026-11-01', entry_deadline_at = '2026-11-01',
                 merger_deadline_at = '2026-11-01', ends_at = date '2026-11-01' + $4::integer
             where id = $1",
            draft.id,
            daily_limit,
            decimals,
            days,
        )
        .execute(&world.db)
        .await
        .expect("a plan");
        examined(&world, draft).await.audit.expect("an audit")
    };
    let generous = plan(5, 6, 39).await;
    let text = |audit: &Audit, name: &str| {
        audit.checks.iter().find(|check| check.check == name).map(|check| check.text.clone()).expect(name)
    };
    assert!(text(&generous, "I probing").contains("At 6 decimals"), "{}", text(&generous, "I probing"));
    assert!(text(&generous, "I probing").contains("; 200 files tell"));
    assert!(text(&generous, "P private rows").contains("rows would show a small step in knowledge"));
    let careful = plan(1, 2, 1).await;
    let told = text(&careful, "P safe decimals");
    assert!(told.contains("2 files of a team") || told.contains("2 files a team"), "{told}");
}
