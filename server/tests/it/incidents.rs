//! The status page tells the truth whatever is down; the house opens and ends incidents by facts; an outage moves an
//! end by its length if a host agrees, once, and never after the end.

use chrono::{DateTime, TimeDelta, Utc};
use holdout::incidents::watch::{arrive, watch};
use holdout::notifications::tell;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::command_line::Shell;
use crate::world::{Labels, Person, World, sql};

async fn run(world: &World, statement: &'static str) {
    sql(statement).execute(&world.pool).await.unwrap();
}

/// As the status is when somebody looks again.
async fn status(world: &World) -> Value {
    world.app.incidents.forget().await;
    world.visitor().get("/api/v1/status").await.expect(200).json()
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

async fn ends_at(world: &World, host: &Person) -> DateTime<Utc> {
    let _ = world;
    time(&host.api.get("/api/v1/competitions/houses").await.expect(200).json()["ends_at"])
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_outage_moves_the_end_by_its_length_if_a_host_agrees_once(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, root] = [world.member("ada").await, world.member("bob").await, world.admin("root").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    world.open_competition(&ada, "later", &Labels::regression()).await; // ends in thirty days
    let soon = "update competitions set ends_at = clock_now() + interval '3 days', merger_deadline_at = clock_now() + interval '1 day',
         entry_deadline_at = clock_now() + interval '3 days' where slug = 'houses'";
    run(&world, soon).await;
    let terminal = Shell::of(&world, &root).await;
    terminal.write("words.md", "Files are **late**.\n\n<script>alert(1)</script>");
    let since = (world.app.clock.now() - TimeDelta::minutes(91)).to_rfc3339();
    let wish = [
        "incidents",
        "open",
        "--title",
        "Uploads are <b>slow</b>",
        "--affects",
        "uploads",
        "--since",
        &since,
    ];
    let opened = terminal.json(&[&wish[..], &["words.md"]].concat()).await;
    let number = opened["id"].to_string();
    terminal.json(&["incidents", "update", &number, "words.md"]).await;
    let page = world.visitor().get("/status").await.expect(200);
    assert_eq!(page.header("cache-control"), "public, max-age=10");
    let page = page.text();
    assert!(
        page.contains("Uploads are &#60;b&#62;slow&#60;/b&#62;") && page.contains("<strong>late</strong>"),
        "{page}"
    );
    assert!(!page.contains("<script>alert"), "{page}");
    assert_eq!(status(&world).await["incidents"][0]["affects"], json!(["uploads"]));
    let extensions = arena.api("/extensions");
    assert_eq!(ada.api.get(&extensions).await.expect(200).json()["items"], json!([]), "it lasts");
    let over = terminal.json(&["incidents", "resolve", &number, "words.md"]).await;
    let length = time(&over["ended_at"]) - time(&over["began_at"]);
    let resolve = format!("/api/v1/admin/incidents/{number}/resolve");
    root.api.send_json(Method::POST, &resolve, &json!({ "text": "Again." })).await.expect(403);
    assert!(terminal.json(&["incidents", "list"]).await["items"][0]["ended_at"].is_string());

    assert_eq!(
        ada.api.get("/api/v1/competitions/later/extensions").await.expect(200).json()["items"],
        json!([])
    );
    let told = ada.api.get("/api/v1/notifications").await.expect(200).json();
    assert_eq!(
        (&told["items"][0]["event"], &told["items"][0]["reason"]),
        (&"outage".into(), &"hosting".into())
    );
    let form = ada.browser.get("/c/houses/host/extensions").await.expect(200).text();
    assert!(form.contains("Move the end by"), "{form}");
    let answer = format!("{extensions}/{number}");
    bob.api.send_json(Method::PUT, &answer, &json!({ "is_accepted": true })).await.expect(404);
    bob.api.get(&extensions).await.expect(404);
    let before = ends_at(&world, &ada).await;
    let host = Shell::of(&world, &ada).await;
    let accepted = host.json(&["host", "extensions", "houses", "--accept", &number]).await;
    assert_eq!(accepted["is_accepted"], true);
    assert_eq!(ends_at(&world, &ada).await - before, length);
    let shown = ada.api.get("/api/v1/competitions/houses").await.expect(200).json();
    assert_eq!(shown["entry_deadline_at"], shown["ends_at"], "it lay at the end and moves with it");
    assert!(time(&shown["merger_deadline_at"]) < before, "a deadline of its own stays");
    while tell::tell_next_bulletin(&world.app).await.unwrap() {}
    let told = bob.api.get("/api/v1/notifications").await.expect(200).json();
    assert_eq!(told["items"][0]["event"], "changed");
    let changes = world.visitor().get(&arena.api("/changes")).await.expect(200).json();
    assert!(
        changes["items"][0]["note"].as_str().unwrap().starts_with("The site was disturbed from"),
        "{changes}"
    );

    for is_accepted in [true, false] {
        ada.api.send_json(Method::PUT, &answer, &json!({ "is_accepted": is_accepted })).await.expect(403);
    }
    assert_eq!(ends_at(&world, &ada).await - before, length, "once");
    for twice in [
        "insert into extension_offers (incident_id, competition_id, asked_at)
         select incident_id, competition_id, asked_at from extension_offers",
        "update extension_offers set is_accepted = false",
        "update incidents set ended_at = ended_at + interval '1 day'",
    ] {
        assert!(sql(twice).execute(&world.pool).await.is_err(), "the schema has no such state: {twice}");
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_end_that_passes_while_nobody_is_there_moves_before_anybody_is_served_if_that_was_agreed(
    pool: PgPool,
) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    for slug in ["firm", "settled", "ended"] {
        world.open_competition(&ada, slug, &Labels::regression()).await;
    }
    let firm = json!({ "moves_over_outage": false });
    ada.api.send_json(Method::PATCH, "/api/v1/competitions/firm", &firm).await.expect(200);
    run(
        &world,
        "update competitions set entry_deadline_at = clock_now() - interval '1 hour',
         merger_deadline_at = clock_now() - interval '3 hours', ends_at = clock_now() - interval '1 hour'",
    )
    .await;
    run(
        &world,
        "update competitions set merger_deadline_at = starts_at, entry_deadline_at = starts_at,
         ends_at = clock_now() - interval '5 hours' where slug = 'ended'",
    )
    .await;
    run(&world, "update competitions set settled_at = ends_at where slug = 'settled'").await;
    run(&world, "update site_pulse set seen_at = clock_now() - interval '2 hours'").await;
    let end = async |slug: &str| {
        sqlx::Row::get::<DateTime<Utc>, _>(
            &sql("select ends_at from competitions where slug = $1")
                .bind(slug.to_owned())
                .fetch_one(&world.pool)
                .await
                .unwrap(),
            0,
        )
    };
    let ends = async || [end("houses").await, end("firm").await, end("settled").await, end("ended").await];
    let before = ends().await;
    arrive(&world.app).await.unwrap();
    let after = ends().await;
    let moved = (after[0] - before[0]).num_seconds();
    assert!((7200..7300).contains(&moved), "{moved}");
    assert_eq!(after[1..], before[1..], "not agreed, settled, ended before");
    let shown = bob.api.get("/api/v1/competitions/houses").await.expect(200).json();
    assert_eq!((&shown["state"], &shown["moves_over_outage"]), (&"open".into(), &true.into()));
    assert_eq!(shown["entry_deadline_at"], shown["ends_at"]);
    let offer = &ada.api.get(&arena.api("/extensions")).await.expect(200).json()["items"][0];
    assert_eq!(offer["is_accepted"], true);
    let changes = world.visitor().get(&arena.api("/changes")).await.expect(200).json();
    assert!(changes["items"][0]["note"].as_str().unwrap().contains("agreed beforehand"), "{changes}");
    arrive(&world.app).await.unwrap();
    assert_eq!(ends().await, after, "once");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_agrees_once_the_private_scores_are_out(pool: PgPool) {
    let world = World::new(pool).await;
    let ada = world.member("ada").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    run(&world, "update competitions set ends_at = clock_now() + interval '1 day', merger_deadline_at = clock_now(), entry_deadline_at = clock_now()").await;
    run(&world, "update site_pulse set seen_at = clock_now() - interval '2 hours'").await;
    watch(&world.app).await.unwrap();
    let offers = ada.api.get(&arena.api("/extensions")).await.expect(200).json();
    let offer = &offers["items"][0];
    assert_eq!(offer["title"], "The site could not be reached");
    assert!((7200..7300).contains(&offer["length_seconds"].as_i64().unwrap()), "{offer}");
    let answer = arena.api(&format!("/extensions/{}", offer["incident"]));
    let before = ends_at(&world, &ada).await;
    world.let_pass(TimeDelta::days(1)).await;
    ada.api.send_json(Method::PUT, &answer, &json!({ "is_accepted": true })).await.expect(403);
    assert_eq!(ends_at(&world, &ada).await, before);
    // A no is never too late, and by the form.
    let form = format!("/c/houses/host/extensions/{}", offer["incident"]);
    ada.browser.post_form(&form, &[("answer", "")]).await.expect(422);
    ada.browser.post_form(&form, &[("answer", "decline")]).await.expect(303);
    ada.browser.post_form(&form, &[("answer", "accept")]).await.expect(422);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_house_finds_out_that_no_scorer_works_and_that_one_does_again(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    run(&world, "update competitions set ends_at = clock_now() + interval '1 day', merger_deadline_at = clock_now(), entry_deadline_at = clock_now()").await;
    run(&world, "insert into scorers (id, host, engine_version, started_at, last_seen_at) values (gen_random_uuid(), 'here', '0.1.0', now(), now())").await;
    let part = async |name: &str| {
        let status = status(&world).await;
        let parts = status["parts"].as_array().unwrap();
        parts.iter().find(|one| one["part"] == name).unwrap()["state"].clone()
    };
    for name in ["pages", "uploads", "scoring", "mail"] {
        assert_eq!(part(name).await, "works", "{name}");
    }
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    run(&world, "update scorers set last_seen_at = now() - interval '4 minutes'").await;
    run(&world, "update jobs set created_at = now() - interval '4 minutes'").await;
    assert_eq!(part("scoring").await, "down");
    let found = async || {
        world.app.incidents.forget().await;
        watch(&world.app).await.unwrap();
        world.visitor().get("/api/v1/incidents").await.expect(200).json()["items"].clone()
    };
    assert_eq!(found().await, json!([]), "four minutes may be a restart");
    run(&world, "update scorers set last_seen_at = now() - interval '6 minutes'").await;
    run(&world, "update jobs set created_at = now() - interval '7 minutes'").await;
    found().await;
    let incidents = found().await;
    assert_eq!(incidents.as_array().map(Vec::len), Some(1), "once: {incidents}");
    assert_eq!((&incidents[0]["affects"], &incidents[0]["is_found"]), (&json!(["scoring"]), &json!(true)));
    let began = world.app.clock.now() - time(&incidents[0]["began_at"]);
    assert!((360..400).contains(&began.num_seconds()), "since the last scorer fell silent: {began}");
    assert!(incidents[0]["ended_at"].is_null());
    world.drain().await; // a scorer comes, works and goes
    let incidents = found().await;
    assert!(incidents[0]["ended_at"].is_string(), "{incidents}");
    assert_eq!(incidents[0]["updates"].as_array().map(Vec::len), Some(2));
    let offers = ada.api.get(&arena.api("/extensions")).await.expect(200).json();
    assert_eq!(offers["items"], json!([]), "whoever waits for a score can send all the same");
    assert!(world.visitor().get("/status/history").await.expect(200).text().contains("Scores are delayed"));

    // Files cannot be stored, and then nothing answers: the page does.
    let (files, aside) = (world.files().to_owned(), world.folder.path().join("aside"));
    std::fs::rename(&files, &aside).unwrap();
    std::fs::write(&files, "no folder").unwrap();
    assert_eq!(part("uploads").await, "down");
    std::fs::remove_file(&files).unwrap();
    std::fs::rename(&aside, &files).unwrap();
    assert_eq!(part("uploads").await, "works");
    let visitor = world.visitor();
    world.app.incidents.forget().await;
    world.app.close().await;
    let page = visitor.get("/status").await.expect(200).text();
    assert!(page.contains("The database does not answer") && page.contains("Scores are delayed"), "{page}");
    world.close().await;
}
