//! What hosts see of a running competition, and that nobody else does.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Arena, Labels, Person, World, sql};

const SECRET_CELL: &str = "my-own-cell";

async fn playing(pool: PgPool) -> (World, Arena, [Person; 3]) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.join(&cleo).await;
    (world, arena, [ada, bob, cleo])
}

async fn dashboard(arena: &Arena, host: &Person) -> Value {
    host.api.get(&arena.api("/dashboard")).await.expect(200).json()
}

/// Bob's two good files of different quality, one of Cleo's, and two that are refused for one reason.
async fn send_five(world: &World, arena: &Arena, bob: &Person, cleo: &Person) {
    arena.submit(bob, &Labels::predictions(250, 617)).await;
    arena.submit(bob, &Labels::predictions(150, 617)).await;
    arena.submit(cleo, &Labels::predictions(400, 617)).await;
    for _ in 0..2 {
        let wrong = Labels::predictions(250, 617).replacen("0.", SECRET_CELL, 1);
        arena.send(bob, "predictions.csv", wrong).await.expect(201);
    }
    world.drain().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_see_days_waits_refusals_and_the_spread_of_scores(pool: PgPool) {
    let (world, arena, [ada, bob, cleo]) = playing(pool).await;
    let empty = dashboard(&arena, &ada).await;
    assert_eq!((&empty["n_received"], &empty["n_participants"]), (&0.into(), &2.into()));
    assert_eq!(empty.get("scores"), None);
    ada.browser.get("/c/houses/host/dashboard").await.expect(200);

    world.let_pass(TimeDelta::seconds(16)).await;
    send_five(&world, &arena, &bob, &cleo).await;
    let seen = dashboard(&arena, &ada).await;
    assert_eq!((&seen["n_received"], &seen["n_waiting"]), (&5.into(), &0.into()));
    let day = &seen["days"][0];
    let counts = ["n_received", "n_scored", "n_rejected", "n_failed", "n_teams", "n_joined"]
        .map(|name| day[name].as_i64().unwrap());
    assert_eq!(counts, [5, 3, 2, 0, 2, 2]);
    assert!(day["median_wait_seconds"].as_f64().unwrap() <= day["p95_wait_seconds"].as_f64().unwrap());
    assert_eq!(seen["rejections"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&seen["rejections"][0]["error"], &seen["rejections"][0]["n"]),
        (&"not_a_number".into(), &2.into())
    );
    let steps: Vec<_> =
        seen["scores"]["counts"].as_array().unwrap().iter().map(|n| n.as_i64().unwrap()).collect();
    assert_eq!(steps.iter().sum::<i64>() + seen["scores"]["n_beyond"].as_i64().unwrap(), 2);
    assert_eq!(steps[0], 1, "the best stands first");
    assert_eq!((&seen["top"][0]["team"], &seen["top"][0]["n_entries"]), (&"bob bobson".into(), &2.into()));

    let page = ada.browser.get("/c/houses/host/dashboard").await.expect(200).text();
    assert!(page.contains("Text where a number belongs") && page.contains("<rect class=\"bar\""), "{page}");
    let days = ada.browser.get("/c/houses/host/dashboard/days.csv").await.expect(200).text();
    assert!(days.lines().nth(1).unwrap().contains(",5,3,2,0,2,2,"), "{days}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn lists_name_people_and_reasons_and_no_cell_of_a_file(pool: PgPool) {
    let (world, arena, [ada, bob, cleo]) = playing(pool).await;
    send_five(&world, &arena, &bob, &cleo).await;
    let own = arena.api("/submissions?limit=1");
    let told = bob.api.get(&own).await.expect(200).text();
    assert!(told.contains(SECRET_CELL), "who sent the file is told its cells: {told}");
    for path in ["/participants", "/rejections", "/dashboard", "/all-submissions"] {
        let text = ada.api.get(&arena.api(path)).await.expect(200).text();
        assert!(!text.contains(SECRET_CELL), "{path}");
    }
    let lists = ["participants", "rejections", "submissions"];
    let lists = lists.iter().flat_map(|list| [(*list).to_owned(), format!("{list}.csv")]);
    for path in lists.chain(["dashboard".to_owned()]) {
        let text = ada.browser.get(&format!("/c/houses/host/{path}")).await.expect(200).text();
        assert!(!text.contains(SECRET_CELL) && !text.contains(&bob.email), "{path}");
    }
    let people = ada.browser.get("/c/houses/host/participants.csv").await.expect(200).text();
    let names: Vec<_> = people.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(names, ["user", "cleo", "bob"]);
    let first = ada.api.get(&arena.api("/rejections?limit=1")).await.expect(200).json();
    let next = arena.api(&format!("/rejections?limit=1&before={}", first["next"]));
    let second = ada.api.get(&next).await.expect(200).json();
    assert_ne!(first["items"][0]["submission_id"], second["items"][0]["submission_id"]);
    assert_eq!((&second["items"][0]["team"], &second["next"]), (&"bob bobson".into(), &Value::Null));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_day_that_is_over_is_counted_once_until_something_of_it_is_scored_again(pool: PgPool) {
    let (world, arena, [ada, bob, cleo]) = playing(pool).await;
    send_five(&world, &arena, &bob, &cleo).await;
    dashboard(&arena, &ada).await;
    world.let_pass(TimeDelta::days(1)).await;
    arena.submit(&cleo, &Labels::predictions(390, 617)).await;
    // Not drained: the day before has all its outcomes, this one has not.
    let received = async || {
        let seen = dashboard(&arena, &ada).await;
        let days = seen["days"].as_array().unwrap();
        days.iter().map(|day| day["n_received"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(received().await, [5, 1]);
    sql("update competition_days set n_received = 99 where n_received = 5")
        .execute(&world.pool)
        .await
        .unwrap();
    world.let_pass(TimeDelta::days(2)).await;
    assert_eq!(received().await, [99, 1], "a day that is over is not counted again");
    world.drain().await;
    sql("update submissions set state = 'failed', failure = 'ours', scored_at = null
         where id = (select min(id) from submissions)")
    .execute(&world.pool)
    .await
    .unwrap();
    ada.api
        .send_json(ureq::http::Method::POST, &arena.api("/failures/retry"), &Value::Null)
        .await
        .expect(200);
    assert_eq!(received().await, [5, 1], "unless something of it is scored again");
    world.drain().await;
    world.let_pass(TimeDelta::days(3)).await;
    let n_scored = sql("select sum(n_scored) from competition_days");
    assert_eq!(received().await, [5, 1]);
    assert_eq!(n_scored.fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 4);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn many_who_look_at_once_count_once_and_right(pool: PgPool) {
    let (world, arena, [ada, bob, cleo]) = playing(pool).await;
    send_five(&world, &arena, &bob, &cleo).await;
    let looks =
        (0..8).map(|_| holdout::dashboard::count::count(&world.app, holdout::ids::CompetitionId(arena.id)));
    for counted in futures_util::future::join_all(looks).await {
        counted.unwrap();
    }
    assert_eq!(dashboard(&arena, &ada).await["n_received"], 5);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn participants_are_listed_with_what_they_finished_at_after_the_end_alone(pool: PgPool) {
    let (world, arena, [ada, bob, cleo]) = playing(pool).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    arena.submit(&cleo, &Labels::predictions(150, 617)).await;
    world.drain().await;
    let finishes = async || {
        let listed = ada.api.get(&arena.api("/participants")).await.expect(200).json();
        let people = listed["items"].as_array().unwrap();
        people.iter().map(|one| (one["final_rank"].clone(), one["private_score"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(finishes().await, vec![(Value::Null, Value::Null); 2]);
    let csv = ada.browser.get("/c/houses/host/participants.csv").await.expect(200).text();
    assert!(csv.lines().skip(1).all(|line| line.ends_with(",,")), "{csv}");
    let page = ada.browser.get("/c/houses/host/participants").await.expect(200).text();
    assert!(!page.contains("Final rank"), "{page}");

    world.let_pass(TimeDelta::days(31)).await;
    world.drain().await;
    let board = arena.board().await;
    let found = finishes().await;
    for row in board["items"].as_array().unwrap() {
        let own = (row["rank"].clone(), row["score"].clone());
        assert!(found.contains(&own), "{own:?} in {found:?}");
    }
    assert_eq!(found.len(), 2);
    let csv = ada.browser.get("/c/houses/host/participants.csv").await.expect(200).text();
    let ranks: Vec<_> = csv.lines().skip(1).map(|line| line.split(',').rev().nth(1).unwrap()).collect();
    assert!(ranks == ["1", "2"] || ranks == ["2", "1"], "{csv}");
    let page = ada.browser.get("/c/houses/host/participants").await.expect(200).text();
    assert!(page.contains("Final rank"), "{page}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn all_submissions_are_listed_by_state_and_team_and_private_scores_after_the_end_alone(pool: PgPool) {
    let (world, arena, [ada, bob, cleo]) = playing(pool).await;
    send_five(&world, &arena, &bob, &cleo).await;
    let listed = async |query: &str| {
        let address = arena.api(&format!("/all-submissions?{query}"));
        ada.api.get(&address).await.expect(200).json()["items"].as_array().unwrap().clone()
    };
    let all = listed("").await;
    assert_eq!(all.len(), 5);
    assert!(all.windows(2).all(|pair| pair[0]["id"].as_i64() > pair[1]["id"].as_i64()), "newest first");
    assert!(all.iter().all(|one| one["private_score"].is_null()), "{all:?}");
    for (query, n) in [
        ("state=scored", 3),
        ("state=rejected", 2),
        ("state=waiting", 0),
        ("team=Bob%20Bobson", 4),
        ("team=bob%20bobson&state=scored", 2),
        ("team=nobody", 0),
        ("limit=2", 2),
    ] {
        assert_eq!(listed(query).await.len(), n, "{query}");
    }
    ada.api.get(&arena.api("/all-submissions?state=gone")).await.expect(422);
    let behind = format!("before={}", all[3]["id"]);
    assert_eq!(listed(&behind).await, all[4..]);
    bob.api.get(&arena.api("/all-submissions")).await.expect(404);
    bob.browser.get("/c/houses/host/submissions").await.expect(404);
    bob.browser.get("/c/houses/host/submissions.csv").await.expect(404);
    let page = ada.browser.get("/c/houses/host/submissions?team=bob+bobson&state=scored").await.expect(200);
    assert!(page.text().contains("submissions.csv?state=scored&#38;team=bob%20bobson"), "{}", page.text());

    let refused_later =
        "update scores set public_score = null, rank_key = null, public_undefined = 'none', rejection = '{}'
         where submission_id = (select min(submission_id) from scores) returning submission_id";
    let refused: i64 = sql(refused_later).fetch_one(&world.pool).await.unwrap().get(0);
    for (query, n) in [("state=scored", 2), ("state=rejected", 3), ("state=rejected&team=bob%20bobson", 3)] {
        let found = listed(query).await;
        assert_eq!(found.len(), n, "{query}");
        let state = query.split(['=', '&']).nth(1).unwrap();
        assert!(found.iter().all(|one| one["state"] == state), "{found:?}");
    }
    assert_eq!(listed(&format!("state=rejected&before={}", refused + 1)).await[0]["id"], refused);
    sql("update scores set rejection = null where submission_id = $1")
        .bind(refused)
        .execute(&world.pool)
        .await
        .unwrap();

    world.let_pass(TimeDelta::days(31)).await;
    world.drain().await;
    let scored = listed("state=scored").await;
    assert!(scored.iter().all(|one| one["private_score"].is_number()), "{scored:?}");
    let csv = ada.browser.get("/c/houses/host/submissions.csv?state=scored").await.expect(200).text();
    let private = scored[0]["private_score"].to_string();
    assert!(csv.lines().count() == 4 && csv.lines().nth(1).unwrap().ends_with(&private), "{csv}");
    let page = ada.browser.get("/c/houses/host/submissions").await.expect(200).text();
    assert!(
        page.contains("Private score") && page.contains("its hosts may have the files that were sent"),
        "{page}"
    );
    let kept = json!({ "hosts_may_have_files": false });
    ada.api.send_json(Method::PATCH, &arena.api(""), &kept).await.expect(200);
    for page in ["/c/houses/host/submissions", "/c/houses/host/rejections"] {
        let page = ada.browser.get(page).await.expect(200).text();
        assert!(page.contains("Hosts do not have the files that were sent"), "{page}");
    }
    world.close().await;
}
