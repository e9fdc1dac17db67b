//! A worker's step on a real database: outcomes, faults, fences, turns.

use std::time::Duration;

use crate::world::{Competition, GOOD, SOLUTION, World};
use holdout_contract::MIGRATOR;
use holdout_contract::job::{CheckVerdict, Subject};
use holdout_contract::queue::{self, MAX_ATTEMPTS};
use holdout_scorer::worker::clean::clean;
use holdout_scorer::worker::orphans::remove_orphans;
use holdout_scorer::worker::step::{Stepped, recover, step};
use sqlx::PgPool;
use uuid::Uuid;

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_submission_gets_both_scores_and_a_place(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, GOOD).await;
    let steps = world.drain(&mut world.worker()).await;
    assert!(matches!(steps[..], [Stepped::Done { .. }]), "{steps:?}");
    let scored = world.submission(submission).await;
    assert_eq!(
        (scored.public_score, scored.rank_key, scored.private_score),
        (Some(1.0), Some(1.0), Some(2.0))
    );
    assert_eq!(world.n_entries(open).await, (1, 1));
    let board =
        sqlx::query!("select submission_id, public_score from board_entries").fetch_one(&world.db).await;
    let board = board.expect("one row");
    assert_eq!((board.submission_id, board.public_score), (submission, 1.0));
    let of = sqlx::query!(
        "select solution_sha256 = x.sealed_sha256 as same, engine_version from scores cross join solutions x"
    )
    .fetch_one(&world.db)
    .await
    .expect("a score on record");
    assert_eq!((of.same, of.engine_version.as_deref()), (Some(true), Some(holdout_contract::ENGINE_VERSION)));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_wrong_file_is_rejected_and_costs_nothing(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, "id,y\na,1\nb,two\nc,3\nd,4\n").await;
    world.drain(&mut world.worker()).await;
    let rejected = world.submission(submission).await;
    let rejection = rejected.rejection.expect("a reason");
    assert_eq!((rejection["error"].as_str(), rejection["line"].as_u64()), (Some("not_a_number"), Some(3)));
    assert_eq!((rejected.state.as_str(), rejected.private_score), ("rejected", None));
    assert_eq!(world.n_entries(open).await, (0, 0));
}

/// A file that made our own work fail would cost its sender nothing, and a scorer three attempts each time.
#[sqlx::test(migrator = "MIGRATOR")]
async fn what_no_database_keeps_is_told_without_it(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let long = "x".repeat(100_000);
    for (csv, kind) in [
        ("id,y\na\0,1\nb,2\nc,3\nd,4\n".to_owned(), "unknown_ids"),
        (format!("id,y\n{long}\u{1b}[2J,1\nb,2\nc,3\nd,4\n"), "unknown_ids"),
        ("id,y\na,1\0\nb,2\nc,3\nd,4\n".to_owned(), "not_a_number"),
        ("\0id,y\na,1\nb,2\nc,3\nd,4\n".to_owned(), "missing_column"),
        (format!("id,y\0{long}\na,1\nb,2\nc,3\nd,4\n"), "missing_column"),
    ] {
        let submission = world.submit(open, team, &csv).await;
        world.drain(&mut world.worker()).await;
        let rejection = world.submission(submission).await.rejection.expect("a reason");
        assert_eq!(rejection["error"], kind, "{rejection}");
        let told = rejection.to_string();
        assert!(told.len() < 10_000 && !told.contains("\\u00"), "{}", told.len());
    }
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_late_submission_is_scored_and_never_ranked(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit_late(open, team, GOOD, true).await;
    world.drain(&mut world.worker()).await;
    assert_eq!(world.submission(submission).await.private_score, Some(2.0));
    assert_eq!(world.n_entries(open).await, (0, 0));
    let ranked =
        sqlx::query_scalar!("select count(*) as \"n!\" from board_entries").fetch_one(&world.db).await;
    assert_eq!(ranked.expect("counted"), 0);
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_file_check_answers_like_a_submission_and_counts_for_nothing(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    world.data_file(open, "sample_submission", b"id,y\na,0\nb,0\nc,0\nd,0\n").await;
    let mut verdicts = Vec::new();
    for csv in [GOOD, "id,y\na,1\n"] {
        let stored = world.store("checks", open.id, csv.as_bytes());
        let check_id = sqlx::query_scalar!(
            "insert into file_checks (competition_id, user_id, file_name, storage_key, size_bytes, created_at)
             values ($1, $2, 'p.csv', $3, 1, now()) returning id",
            open.id,
            world.user_id,
            stored.key,
        )
        .fetch_one(&world.db)
        .await
        .expect("a check");
        world.enqueue(open, Subject::Check { check_id }).await;
        world.drain(&mut world.worker()).await;
        let verdict =
            sqlx::query_scalar!("select verdict as \"v!\" from file_checks where id = $1", check_id)
                .fetch_one(&world.db)
                .await
                .expect("a verdict");
        verdicts.push(serde_json::from_value(verdict).expect("a verdict"));
    }
    assert_eq!(verdicts[0], CheckVerdict::Fits { n_rows: 4 });
    assert!(matches!(&verdicts[1], CheckVerdict::Rejected { rejection } if rejection.total == Some(3)));
    assert_eq!(world.n_entries(open).await, (0, 0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn an_altered_file_is_our_fault_and_tried_three_times(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, GOOD).await;
    let key =
        sqlx::query_scalar!("select storage_key from submissions").fetch_one(&world.db).await.expect("a key");
    std::fs::write(world.folder.files().join(key), "id,y\n").expect("altered");
    let steps = world.drain(&mut world.worker()).await;
    assert!(
        matches!(steps[..], [Stepped::PutBack { .. }, Stepped::PutBack { .. }, Stepped::GaveUp { .. }]),
        "{steps:?}"
    );
    let failed = world.submission(submission).await;
    assert_eq!(failed.state, "failed");
    assert!(failed.failure.expect("words for the host").contains("SHA-256 differs"));
}

/// A file whose reading needs more memory than a job may use kills the child each time.
#[sqlx::test(migrator = "MIGRATOR")]
async fn a_job_that_breaks_its_scorer_three_times_fails_alone(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let (poisoner, neighbour) = (world.team(open, "p").await, world.team(open, "n").await);
    let poison = world.submit(open, poisoner, &big(2_500_000)).await;
    let fine = world.submit(open, neighbour, GOOD).await;
    let mut worker = world.worker_with(40, Duration::from_secs(60));
    let steps = world.drain(&mut worker).await;
    assert_eq!(
        steps.iter().filter(|stepped| matches!(stepped, Stepped::PutBack { .. })).count(),
        2,
        "{steps:?}"
    );
    assert_eq!(
        steps.iter().filter(|stepped| matches!(stepped, Stepped::GaveUp { .. })).count(),
        1,
        "{steps:?}"
    );
    let failed = world.submission(poison).await;
    assert_eq!(failed.state, "failed");
    assert!(failed.failure.expect("words for the host").contains("40 MB of memory"));
    assert_eq!(world.submission(fine).await.public_score, Some(1.0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_job_that_takes_too_long_is_stopped(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, &big(50_000)).await;
    world.drain(&mut world.worker_with(2048, Duration::from_millis(1))).await;
    assert_eq!(world.submission(submission).await.state, "failed");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_result_whose_lease_was_lost_is_dropped(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, GOOD).await;
    // While the step runs, the lease is taken over as soon as the submission shows as being scored.
    sqlx::raw_sql(
        "create function take_over() returns trigger language plpgsql as $$
         begin
            update jobs set lease = gen_random_uuid(), leased_by = gen_random_uuid(), attempts = attempts + 1,
                spoken = (select newest from contract);
            return null;
         end $$;
         create trigger take_over after update on submissions for each row
         when (new.state = 'scoring') execute function take_over();",
    )
    .execute(&world.db)
    .await
    .expect("a trigger");
    let stepped = step(&mut world.worker()).await.expect("stepped");
    assert!(matches!(stepped, Stepped::LeaseLost { .. }), "{stepped:?}");
    let untouched = world.submission(submission).await;
    assert_eq!((untouched.state.as_str(), untouched.private_score), ("scoring", None));
    assert_eq!(world.n_entries(open).await, (0, 0));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn jobs_of_lost_scorers_are_put_back_and_at_last_given_up(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let team = world.team(open, "b").await;
    let submission = world.submit(open, team, GOOD).await;
    let worker = world.worker();
    for attempt in 1..=MAX_ATTEMPTS {
        let mut conn = world.db.acquire().await.expect("a connection");
        let leased = queue::claim(&mut conn, Uuid::now_v7(), 60.0).await.expect("claimed").expect("waits");
        assert_eq!(leased.attempts, attempt);
        recover(&worker.db, worker.id).await.expect("recovered");
        assert!(
            queue::renew(&mut conn, &leased, -1.0).await.expect("renewed"),
            "a living lease is left alone"
        );
        recover(&worker.db, worker.id).await.expect("recovered");
        assert!(!queue::finish(&mut conn, &leased).await.expect("asked"), "the lost lease is worth nothing");
    }
    let failed = world.submission(submission).await;
    assert_eq!(failed.state, "failed");
    assert!(failed.failure.expect("words for the host").contains("disappeared"));
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_burst_of_one_team_delays_only_itself(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let (burst, single) = (world.team(open, "burst").await, world.team(open, "single").await);
    for _ in 0..6 {
        world.submit(open, burst, GOOD).await;
    }
    world.submit(open, single, GOOD).await;
    let mut turns = Vec::new();
    let mut conn = world.db.acquire().await.expect("a connection");
    while let Some(leased) = queue::claim(&mut conn, Uuid::now_v7(), 60.0).await.expect("claimed") {
        let Subject::Score { team_id, .. } = leased.subject else { panic!("another subject") };
        turns.push(team_id);
    }
    assert_eq!(turns.len(), 7);
    assert_eq!(turns.iter().position(|team| *team == single), Some(1), "{turns:?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn what_is_old_is_cleaned_out_with_its_files(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let stored = world.store("checks", open.id, b"id\n");
    sqlx::query!(
        "insert into file_checks (competition_id, user_id, file_name, storage_key, size_bytes, created_at)
         values ($1, $2, 'p.csv', $3, 3, now() - interval '2 days')",
        open.id,
        world.user_id,
        stored.key,
    )
    .execute(&world.db)
    .await
    .expect("a check");
    let team = world.team(open, "b").await;
    world.submit(open, team, GOOD).await;
    let mut worker = world.worker();
    world.drain(&mut worker).await;
    sqlx::query!("update jobs set finished_at = now() - interval '8 days'")
        .execute(&world.db)
        .await
        .expect("aged");
    clean(&worker.db, &worker.depot.shelf).await.expect("cleaned");
    let left = sqlx::query!(
        "select (select count(*) from jobs) as \"jobs!\", (select count(*) from file_checks) as \"checks!\""
    )
    .fetch_one(&world.db)
    .await
    .expect("counted");
    assert_eq!((left.jobs, left.checks), (0, 0));
    assert!(!world.folder.files().join(stored.key).exists());
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn files_that_no_row_names_are_removed_and_no_others(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    world.data_file(open, "train", b"id,x\n1,2\n").await;
    let team = world.team(open, "b").await;
    world.submit(open, team, GOOD).await;
    let orphans = ["submissions", "checks", "solutions", "tables", "data"]
        .map(|room| world.folder.files().join(world.store(room, open.id, b"nobody's").key));
    let foreign = world.folder.files().join(world.store("notebooks", open.id, b"of another room").key);
    let mut worker = world.worker();
    let files = worker.depot.shelf.files().expect("opened").expect("a folder");
    let day = Duration::from_secs(86_400);
    assert_eq!(remove_orphans(&world.db, &files, day).await.expect("swept"), 0, "they may be on their way");
    assert_eq!(remove_orphans(&world.db, &files, Duration::ZERO).await.expect("swept"), orphans.len());
    assert!(orphans.iter().all(|path| !path.exists()) && foreign.exists());
    world.drain(&mut worker).await;
    assert_eq!(world.n_entries(open).await.0, 1, "everything that a score needs is there");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn files_of_a_draft_that_was_given_up_go_with_the_next_cleaning(db: PgPool) {
    let world = World::new(db).await;
    let [given_up, kept] = [world.draft("given-up").await, world.draft("kept").await];
    for draft in [given_up, kept] {
        world.set_solution(draft, SOLUTION).await;
        world.data_file(draft, "train", b"id,x\n1,2\n").await;
    }
    let n_files = |draft: Competition| {
        let rooms =
            ["solutions", "data"].map(|room| world.folder.files().join(format!("{room}/{}", draft.id)));
        rooms.iter().flat_map(|room| std::fs::read_dir(room).expect("a folder")).count()
    };
    let n_noted = async || {
        let noted = sqlx::query_scalar!("select count(*) as \"n!\" from discarded_drafts");
        noted.fetch_one(&world.db).await.expect("counted")
    };
    let is_gone = sqlx::query_scalar!("select discard_draft($1) as \"is_gone!\"", given_up.id);
    assert!(is_gone.fetch_one(&world.db).await.expect("given up"));
    let worker = world.worker();

    let away = world.folder.files().with_extension("away");
    std::fs::rename(world.folder.files(), &away).expect("moved");
    clean(&worker.db, &worker.depot.shelf).await.expect("cleaned");
    std::fs::rename(&away, world.folder.files()).expect("moved back");
    assert_eq!((n_files(given_up), n_noted().await), (2, 1), "what could not be removed is removed later");

    clean(&worker.db, &worker.depot.shelf).await.expect("cleaned");
    assert_eq!((n_files(given_up), n_files(kept), n_noted().await), (0, 2, 0));
}

/// A long file: rejected for its ids in the end, but only once it was read.
fn big(n_rows: usize) -> String {
    let mut csv = String::with_capacity(n_rows * 24);
    csv.push_str("id,y\n");
    for row in 0..n_rows {
        csv.push_str(&format!("row-{row},{row}.5\n"));
    }
    csv
}
