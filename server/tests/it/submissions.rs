//! Receiving: limits under a race, receipts that repeat, a log that chains, choices for the final.

use chrono::TimeDelta;
use holdout::error::AppError;
use holdout::ids::{SubmissionId, TeamId};
use holdout::paths;
use holdout::submissions::choose::{choose_final, withdraw_final};
use holdout::submissions::log::{Said, entry_hash, leaf};
use holdout::submissions::store;
use holdout::submissions::submit::{enter, submit};
use sqlx::{PgPool, Row};

use crate::client::Part;
use crate::stage::{SLUG, Stage};
use crate::world::{Labels, World, sql};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_fifty_at_once_five_are_received_and_the_other_files_are_gone(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    let mut sent = Vec::new();
    for number in 0..50 {
        let upload = stage.upload(&format!("file {number}"), None).await;
        let (app, ada) = (stage.app.clone(), ada.clone());
        sent.push(tokio::spawn(async move { submit(&app, &ada, upload).await }));
    }
    let mut received = 0;
    for attempt in sent {
        match attempt.await.unwrap() {
            Ok(_) => received += 1,
            Err(AppError::TooMany { message, .. }) => assert!(message.contains("00:00 UTC"), "{message}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(received, 5);
    assert_eq!(stage.number("select count(*) from submissions").await, 5);
    assert_eq!(stage.number("select count(*) from jobs where state = 'queued'").await, 5);
    assert_eq!(stage.stored_files(), 5);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_rejected_file_gives_its_place_back_and_midnight_gives_all_back(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    let first = stage.send(&ada, "1").await.unwrap();
    assert_eq!(first.allowance.left(), 4);
    for number in 2..=5 {
        stage.send(&ada, &number.to_string()).await.unwrap();
    }
    assert!(stage.send(&ada, "6").await.is_err());
    stage.reject(first.submission.id).await;
    assert_eq!(stage.send(&ada, "7").await.unwrap().allowance.left(), 0);
    assert!(stage.send(&ada, "8").await.is_err());
    stage.let_pass(TimeDelta::hours(24)).await;
    assert_eq!(stage.send(&ada, "9").await.unwrap().allowance.left(), 4);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_total_holds_beside_the_day_and_binds_nothing_that_is_late(pool: PgPool) {
    let stage = Stage::open(pool).await;
    sql("update competitions set total_limit = 7").execute(&stage.owner).await.unwrap();
    let ada = stage.entrant("ada").await;
    for number in 1..=5 {
        stage.send(&ada, &number.to_string()).await.unwrap();
    }
    assert!(matches!(stage.send(&ada, "of the day").await, Err(AppError::TooMany { .. })));
    stage.let_pass(TimeDelta::hours(24)).await;
    let mut sent = Vec::new();
    for number in 0..20 {
        let upload = stage.upload(&format!("file {number}"), None).await;
        let (app, ada) = (stage.app.clone(), ada.clone());
        sent.push(tokio::spawn(async move { submit(&app, &ada, upload).await }));
    }
    let mut received = Vec::new();
    for attempt in sent {
        match attempt.await.unwrap() {
            Ok(receipt) => received.push(receipt),
            Err(AppError::Refused(told)) => assert!(told.starts_with("All 7 submissions "), "{told}"),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((received.len(), stage.stored_files()), (2, 7));
    stage.reject(received[0].submission.id).await;
    let again = stage.send(&ada, "in its place").await.unwrap();
    assert_eq!((again.allowance.left(), again.allowance.is_spent()), (0, true));
    stage.let_pass(TimeDelta::hours(36)).await;
    let late = stage.send(&ada, "late").await.unwrap();
    assert!(late.submission.is_late && late.allowance.total.is_none());
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_same_bytes_are_sent_twice_only_by_whoever_says_so(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, ada) = (world.member("host").await, world.member("ada").await);
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    arena.join(&ada).await;
    let csv = Labels::predictions(250, 617);
    let send = async |more: &[(&str, &str)], name: &str| {
        let file = Part::File { field: "file", name, bytes: csv.as_bytes() };
        let fields = more.iter().map(|(field, value)| Part::Text(field, value));
        let parts: Vec<Part<'_>> = fields.chain([file]).collect();
        ada.browser.post_multipart(&paths::submit("houses"), &parts).await
    };
    let key = ("form_key", "5e0f6cf4-1b0c-4a3c-9a1f-0d0f5a3c2b1a");
    let first = send(&[key], "a.csv").await.expect_redirect();
    let same_form = send(&[key], "a.csv").await.expect_redirect();
    assert_eq!(first.location(), same_form.location(), "a form that is sent twice is one submission");
    world.drain().await;
    let asked = send(&[], "b.csv").await.expect(422).text();
    let told = format!("href=\"{}\"", first.location());
    assert!(asked.contains("You sent this file before") && asked.contains(&told), "{asked}");
    assert!(asked.contains("with the public score 0.25") && asked.contains("4 of 5 left"), "{asked}");
    assert!(asked.contains("name=\"send_again\" value=\"1\"") && asked.contains("Send it anyway"), "{asked}");
    let second = send(&[("send_again", "1")], "b.csv").await.expect_redirect();
    assert_ne!(first.location(), second.location());
    arena.submit(&ada, &csv).await; // a program is not asked
    world.drain().await;
    world.close().await;
}

/// What is left is told where it is read anew, not in a message of the moment at which the file came.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_page_tells_once_what_is_left(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, ada) = (world.member("host").await, world.member("ada").await);
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    arena.join(&ada).await;
    let wrong = Part::File { field: "file", name: "wrong.csv", bytes: b"id,target\n" };
    let sent = ada.browser.post_multipart(&paths::submit("houses"), &[wrong]).await.expect_redirect();
    world.drain().await;
    let page = ada.browser.get(sent.location()).await.expect(200).text();
    assert!(
        page.contains("Received.") && page.contains("rejected") && page.contains("5 of 5 left"),
        "{page}"
    );
    assert_eq!(page.matches(" of 5 left").count(), 1, "{page}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_sent_while_the_clock_ran_ahead_counts_on_its_own_day(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    stage.let_pass(TimeDelta::hours(24)).await;
    for _ in 1..=5 {
        stage.send(&ada, "tomorrow").await.unwrap();
    }
    assert!(stage.send(&ada, "one too many").await.is_err());
    stage.let_pass(TimeDelta::zero()).await;
    assert_eq!(stage.send(&ada, "today").await.unwrap().allowance.left(), 4);
    stage.let_pass(TimeDelta::hours(24)).await;
    assert!(stage.send(&ada, "one too many again").await.is_err());
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn one_key_is_one_submission_and_never_another_file(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let upload = stage.upload("the same", Some("key")).await;
        ids.push(submit(&stage.app, &ada, upload).await.unwrap().submission.id);
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(stage.stored_files(), 1, "the repeated files are gone");
    let another = stage.upload("another", Some("key")).await;
    assert!(matches!(submit(&stage.app, &ada, another).await, Err(AppError::Field { .. })));
    assert_eq!(stage.number("select count(*) from jobs").await, 1);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_log_chains_every_submission_to_the_one_before(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    let mut sent = Vec::new();
    for number in 0..6 {
        let upload = stage.upload(&number.to_string(), None).await;
        let (app, entrant) = (stage.app.clone(), if number % 2 == 0 { ada.clone() } else { bob.clone() });
        sent.push(tokio::spawn(async move { submit(&app, &entrant, upload).await }));
    }
    for attempt in sent {
        attempt.await.unwrap().unwrap();
    }
    let rows = sql("select l.position, l.entry_hash, l.nonce, l.leaf, s.sha256, s.received_at, s.team_id
         from submission_log l join submissions s on s.id = l.submission_id order by l.position")
    .fetch_all(&stage.owner)
    .await
    .unwrap();
    let mut previous = vec![0_u8; 32];
    for (expected, row) in (1_i64..).zip(&rows) {
        assert_eq!(row.get::<i64, _>("position"), expected);
        let sha256: Vec<u8> = row.get("sha256");
        let said = Said {
            file_sha256: &sha256,
            received_at: row.get("received_at"),
            team: TeamId(row.get("team_id")),
        };
        let leaf = leaf(&row.get::<Vec<u8>, _>("nonce"), &said);
        assert_eq!(row.get::<Vec<u8>, _>("leaf"), leaf);
        let hash = entry_hash(&previous, &leaf);
        assert_eq!(row.get::<Vec<u8>, _>("entry_hash"), hash);
        previous = hash.to_vec();
    }
    assert_eq!(rows.len(), 6);
    let head = sql("select head_hash from submission_log_heads").fetch_one(&stage.owner).await.unwrap();
    assert_eq!(head.get::<Vec<u8>, _>(0), previous);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn no_more_than_two_are_chosen_whoever_clicks_at_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    let bob = stage.entrant("bob").await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(stage.scored(&ada, f64::from(number), 1.0).await);
    }
    let clicks: Vec<_> = ids
        .iter()
        .map(|&id| {
            let (app, ada) = (stage.app.clone(), ada.clone());
            tokio::spawn(async move { choose_final(&app, &ada, id).await.is_ok() })
        })
        .collect();
    let mut chosen = 0;
    for click in clicks {
        chosen += usize::from(click.await.unwrap());
    }
    assert_eq!(chosen, 2);
    assert_eq!(stage.number("select count(*) from submissions where selected_at is not null").await, 2);
    assert!(matches!(choose_final(&stage.app, &bob, ids[0]).await, Err(AppError::NotFound)));
    for id in &ids {
        withdraw_final(&stage.app, &ada, *id).await.unwrap();
    }
    choose_final(&stage.app, &ada, ids[4]).await.unwrap();
    stage.let_pass(TimeDelta::hours(31)).await;
    assert!(choose_final(&stage.app, &ada, ids[3]).await.is_err(), "after the end nothing is chosen");
    assert!(withdraw_final(&stage.app, &ada, ids[4]).await.is_err());
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn private_scores_come_out_after_the_end_alone(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    let id = stage.scored(&ada, 0.5, 0.25).await;
    let competition = &ada.competition;
    assert!(competition.ended(stage.app.clock.now()).is_none(), "no witness before the end");
    // Even with a witness that a wrong clock made, the database gives nothing.
    let ended = competition.ended(stage.app.clock.now() + TimeDelta::hours(40)).unwrap();
    let mut conn = stage.app.db.acquire().await.unwrap();
    let early = store::released(&mut conn, ended, competition.id, &[id.0]).await.unwrap();
    assert_eq!(early, []);
    stage.let_pass(TimeDelta::hours(31)).await;
    let ended = competition.ended(stage.app.clock.now()).unwrap();
    let released = store::released(&mut conn, ended, competition.id, &[id.0]).await.unwrap();
    assert_eq!(released[0].private_score, Some(0.25));
    let direct = sql("select count(*) from private_scores").fetch_one(&mut *conn).await;
    assert!(direct.is_err(), "the web server's role cannot read the table");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_comes_after_the_end_is_late_and_never_on_the_board(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    stage.let_pass(TimeDelta::hours(31)).await;
    let ada = enter(&stage.app, &ada.member, SLUG).await.unwrap();
    let receipt = stage.send(&ada, "late").await.unwrap();
    assert!(receipt.submission.is_late);
    stage.finish(ada.team_id, receipt.submission.id, 0.0, 0.0).await;
    assert_eq!(stage.number("select count(*) from board_entries").await, 0);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_waits_knows_how_many_are_before(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    let first = stage.send(&ada, "1").await.unwrap().submission.id;
    let second = stage.send(&ada, "2").await.unwrap().submission.id;
    let bobs = stage.send(&bob, "3").await.unwrap().submission.id;
    let mut conn = stage.app.db.acquire().await.unwrap();
    let mut ahead = Vec::new();
    for id in [first, bobs, second] {
        ahead.push(store::place(&mut conn, id).await.unwrap().map(|place| place.ahead));
    }
    assert_eq!(ahead, [Some(0), Some(1), Some(2)], "bob's comes before the second of ada's burst");
    stage.finish(ada.team_id, first, 1.0, 1.0).await;
    assert_eq!(store::place(&mut conn, first).await.unwrap(), None);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_waits_reads_place_and_expected_wait_on_the_page_and_in_the_api(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, ada, bob) = (world.member("host").await, world.member("ada").await, world.member("bob").await);
    let carol = world.member("carol").await;
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    for person in [&ada, &bob, &carol] {
        arena.join(person).await;
    }
    arena.submit(&carol, &Labels::predictions(3, 3)).await;
    world.drain().await;
    // As if every job so far had taken 7 seconds, and one scorer were there.
    for statement in [
        "update jobs set leased_at = finished_at - interval '7 seconds' where state = 'done'",
        "delete from scorers",
        "insert into scorers (id, host, engine_version, contract, started_at, last_seen_at)
         values (gen_random_uuid(), 'here', '1', (select newest from contract), clock_now(), clock_now())",
    ] {
        sql(statement).execute(&world.pool).await.unwrap();
    }
    arena.submit(&ada, &Labels::predictions(1, 1)).await;
    let bobs = arena.submit(&bob, &Labels::predictions(2, 2)).await;
    let page = paths::submission("houses", SubmissionId(bobs));
    let told = bob.browser.get(&page).await.expect(200).text();
    assert!(told.contains("One file is before yours. Expect a score in about 14 seconds."), "{told}");
    let told = arena.submission(&bob, bobs).await;
    assert_eq!((told["queue_position"].as_i64(), told["wait_seconds"].as_f64()), (Some(1), Some(14.0)));
    world.drain().await;
    assert!(!bob.browser.get(&page).await.expect(200).text().contains("Expect a score"));
    world.close().await;
}
