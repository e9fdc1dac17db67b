//! What monitors are told, where, and what they are never told.

use std::net::SocketAddr;

use holdout::quotas::add_up::add_up;
use sqlx::{PgPool, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::Client;
use crate::world::{Labels, World, sql};

/// Asks as a monitor does, at the address for monitors.
pub async fn told(world: &World) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let router = holdout::telemetry::serve::router(world.app.clone());
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let answer = Client::new(&format!("http://{address}")).get("/metrics").await.expect(200);
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    serving.abort();
    answer.text()
}

pub fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.split(' ').next() == Some(name));
    line.and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or_else(|| panic!("{name} in {text}"))
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn monitors_are_told_of_waits_outcomes_and_answers_and_nobody_else_is(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let before = told(&world).await;
    assert_eq!(value(&before, "holdout_queue_age_seconds"), 0.0);
    assert_eq!(value(&before, "holdout_scored_lately"), 0.0);
    assert!(!before.contains("holdout_score_latency_seconds{"), "nothing was scored: {before}");

    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    let wrong = Labels::predictions(250, 617).replacen("0.", "secret-cell", 1);
    arena.send(&bob, "predictions.csv", wrong).await.expect(201);
    let waiting = told(&world).await;
    assert_eq!(value(&waiting, "holdout_jobs_waiting"), 2.0);
    assert!(value(&waiting, "holdout_queue_age_seconds") > 0.0);
    assert!(value(&waiting, "holdout_queue_age_by_kind_seconds{kind=\"score\"}") > 0.0);
    assert!(value(&waiting, "holdout_open_files") > 3.0, "{waiting}");
    assert!(
        value(&waiting, "holdout_open_files") < value(&waiting, "holdout_open_files_most"),
        "this server can have more open"
    );

    world.drain().await;
    bob.browser.get("/c/houses/leaderboard").await.expect(200);
    add_up(&world.app).await.unwrap();
    let after = told(&world).await;
    assert_eq!(value(&after, "holdout_database_up"), 1.0);
    let page = after.lines().find(|line| {
        line.starts_with("holdout_http_request_duration_seconds_count{class=\"page\"")
            && line.contains("/leaderboard\"")
            && line.contains("status=\"2xx\"")
    });
    assert!(page.is_some_and(|line| !line.ends_with(" 0")), "the latency of pages: {after}");
    let sent = sql("select sum(size_bytes)::float8 from submissions").fetch_one(&world.pool).await.unwrap();
    assert_eq!(value(&after, "holdout_kept_bytes{kind=\"submissions\"}"), sent.get::<f64, _>(0));
    assert!(value(&after, "holdout_kept_bytes{kind=\"data\"}") > 0.0, "{after}");
    assert_eq!(value(&after, "holdout_scored_lately"), 2.0);
    assert_eq!(value(&after, "holdout_rejections_lately{kind=\"not_a_number\"}"), 1.0);
    let [median, worst] = ["0.5", "0.99"]
        .map(|quantile| value(&after, &format!("holdout_score_latency_seconds{{quantile=\"{quantile}\"}}")));
    assert!(0.0 < median && median <= worst, "{after}");
    assert!(value(&after, "holdout_database_bytes") > 0.0 && value(&after, "holdout_files_free_bytes") > 0.0);
    assert_eq!(value(&after, "holdout_files_writable"), 1.0);
    assert_eq!(
        (value(&after, "holdout_incidents_open"), value(&after, "holdout_mail_late_seconds")),
        (0.0, 0.0)
    );
    let answered = after.lines().find(|line| {
        line.starts_with("holdout_http_request_duration_seconds_count")
            && line.contains("{slug}")
            && line.contains("method=\"POST\"")
    });
    assert!(answered.is_some_and(|line| line.contains("status=\"2xx\"")), "routes, not addresses: {after}");
    for secret in ["secret-cell", "houses", "bob", "ada"] {
        assert!(!after.contains(secret), "{secret} in {after}");
    }
    // There the site has the catalogue of metrics that judge.
    for person in [&world.visitor(), &ada.browser, &ada.api] {
        let page = person.get("/metrics").await.expect(200).text();
        assert!(page.contains("roc_auc") && !page.contains("queue_age"), "{page}");
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn how_long_scores_took_is_counted_once_whichever_server_is_asked(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let in_bucket = |text: &str, bound: &str| {
        value(text, &format!("holdout_score_duration_seconds_bucket{{le=\"{bound}\"}}"))
    };
    for thousandths in [250, 260] {
        arena.submit(&bob, &Labels::predictions(thousandths, 617)).await;
    }
    world.drain().await;
    let young = told(&world).await;
    assert_eq!(
        value(&young, "holdout_score_duration_seconds_count"),
        0.0,
        "who is writing may still commit: {young}"
    );
    for statement in [
        "update jobs set finished_at = now() - interval '2 minutes', created_at = now() - interval '127 seconds'
         where kind = 'score'",
        "update score_durations_counted set counted_until = now() - interval '10 minutes'",
    ] {
        sql(statement).execute(&world.pool).await.unwrap();
    }
    // Servers that are asked at the same moment, and one after the other.
    let (one, other) = tokio::join!(told(&world), told(&world));
    let last = told(&world).await;
    for text in [&one, &other, &last] {
        assert_eq!(value(text, "holdout_score_duration_seconds_count"), 2.0, "{text}");
        assert_eq!(value(text, "holdout_score_duration_seconds_sum"), 14.0);
        assert_eq!(
            (in_bucket(text, "5.0"), in_bucket(text, "10.0"), in_bucket(text, "+Inf")),
            (0.0, 2.0, 2.0)
        );
    }
    assert!(last.contains("holdout_http_request_duration_seconds_bucket{"), "{last}");
    let answered = last.lines().find(|line| {
        line.starts_with("holdout_http_request_duration_seconds_count{class=\"api_write\"")
            && line.contains("submissions\"")
            && line.contains("status=\"2xx\"")
    });
    assert!(answered.is_some_and(|line| line.ends_with(" 2")), "{last}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_invented_method_or_address_makes_no_series(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    for number in 0..20 {
        world.visitor().get(&format!("/invented/{number}")).await.expect(404);
        let address = world.base.trim_start_matches("http://");
        let mut line = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!("INVENTED{number} / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        line.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        line.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    let text = told(&world).await;
    let series =
        text.lines().filter(|line| line.starts_with("holdout_http_request_duration_seconds_count")).count();
    assert!(series <= 4, "{text}");
    assert!(!text.contains("nvented/1") && !text.contains("INVENTED1"), "{text}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_nobody_waits_for_and_what_was_put_back_is_no_queue_that_ages(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    for statement in [
        "update jobs set created_at = now() - interval '1 hour', run_at = now() + interval '1 minute' where state = 'queued'",
        "insert into jobs (kind, priority, turn, competition_id, team_id, submission_id, version_id, created_at, run_at)
         select 'rescore', 5, 0, s.competition_id, s.team_id, s.id, v.id, now() - interval '2 hours', now() - interval '2 hours'
         from submissions s join scoring_versions v on v.competition_id = s.competition_id",
    ] {
        sql(statement).execute(&world.pool).await.unwrap();
    }
    let text = told(&world).await;
    assert_eq!(value(&text, "holdout_queue_age_seconds"), 0.0, "{text}");
    assert_eq!(value(&text, "holdout_jobs_put_back"), 1.0);
    assert!(value(&text, "holdout_queue_age_by_kind_seconds{kind=\"rescore\"}") > 7000.0);
    sql("update jobs set run_at = now() - interval '5 minutes' where kind = 'score' and state = 'queued'")
        .execute(&world.pool)
        .await
        .unwrap();
    let age = value(&told(&world).await, "holdout_queue_age_seconds");
    assert!(299.0 < age && age < 3000.0, "since it can be taken again: {age}");
    sql("delete from jobs").execute(&world.pool).await.unwrap();
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn monitors_are_told_how_old_the_last_backup_is_and_whether_one_failed_since(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let before = told(&world).await;
    assert!(!before.contains("holdout_backup_age_seconds "), "none was made: {before}");
    assert_eq!(value(&before, "holdout_backup_failed"), 0.0);
    for statement in [
        "update last_backup set made_at = clock_now() - interval '1 day', n_bytes = 7",
        "update last_backup set failed_at = clock_now(), failure = 'No room.'",
    ] {
        sql(statement).execute(&world.pool).await.unwrap();
    }
    let after = told(&world).await;
    let age = value(&after, "holdout_backup_age_seconds");
    assert!(86_399.0 < age && age < 86_500.0, "{age}");
    assert_eq!(value(&after, "holdout_backup_failed"), 1.0);
    let page = world.admin("root").await.browser.get("/admin").await.expect(200).text();
    assert!(page.contains("No room.") && page.contains("A backup failed"), "{page}");
    world.close().await;
}
