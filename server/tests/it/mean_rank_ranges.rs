//! What ranks are worth where teams are ranked by several metrics: from files to ranges, comparisons, gains, and, after the
//! end, pictures.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::rank_ranges::{contest_of, count, labels, look, predictions, ranges};
use crate::world::{Arena, Labels, Person, World, sql};

const PARTS: [(&str, f64, bool); 2] = [("mae", 1.0, false), ("spearman", 1.0, true)];

/// Two teams that are nearly equal, and one that is far behind under both metrics.
async fn contest(pool: PgPool) -> (World, Arena, Vec<Person>) {
    let plain = labels();
    let labels = Labels { solution: plain.solution, sample: plain.sample, ..Labels::ranked(&PARTS) };
    contest_of(pool, "mixed", &labels, [("bob", 10.0), ("cleo", 9.4), ("dan", 60.0)]).await
}

async fn compared(world: &World, arena: &Arena, board: &Value, places: [usize; 2]) -> Value {
    let [a, b] = places.map(|at| board["items"][at]["team_id"].as_i64().unwrap());
    world.visitor().get(&arena.api(&format!("/leaderboard/compare?a={a}&b={b}"))).await.expect(200).json()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn ranks_by_several_metrics_have_ranges_comparisons_and_gains(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    let board = arena.board().await;
    assert!(board["ranks"].is_null() && board["items"][0]["rank_low"].is_null(), "{board}");

    look(&world).await;
    let board = arena.board().await;
    assert_eq!(ranges(&board), [(1, 2), (1, 2), (3, 3)], "{board}");
    let ranks = &board["ranks"];
    assert!(ranks["noise"].is_null() && ranks["absent"].is_null(), "{ranks}");
    for (at, (name, _, _)) in PARTS.iter().enumerate() {
        let part = &ranks["parts"][at];
        assert_eq!(part["metric"], *name, "{ranks}");
        assert!(part["noise"].as_f64() > Some(0.0), "{ranks}");
    }
    let shake_up = ranks["shake_up"].as_f64().unwrap();
    assert!((0.0..2.0 / 9.0).contains(&shake_up), "two of three may change places: {shake_up}");
    let page = world.visitor().get("/c/mixed/leaderboard").await.expect(200).text();
    for shown in
        ["1–2", "tied with #1", " in mae and ", "are noise on these 120 rows", "by the mean, in 95 of 100"]
    {
        assert!(page.contains(shown), "{shown} on {page}");
    }
    let csv = world.visitor().get("/c/mixed/leaderboard.csv").await.expect(200).text();
    assert!(csv.lines().nth(3).unwrap().ends_with(",3,3"), "{csv}");

    let close = compared(&world, &arena, &board, [0, 1]).await;
    assert_eq!(
        (&close["mean_rank"]["is_noise"], &close["difference"]),
        (&json!(true), &Value::Null),
        "{close}"
    );
    let apart = compared(&world, &arena, &board, [2, 0]).await;
    assert_eq!(apart["mean_rank"]["is_noise"], false, "{apart}");
    assert!(apart["mean_rank"]["low"].as_f64() > Some(0.0), "{apart}");
    for (part, sign) in [(0, 1.0), (1, -1.0)] {
        let part = &apart["parts"][part];
        assert_eq!(part["is_noise"], false, "{apart}");
        assert!(part["value"].as_f64().unwrap() * sign > 0.0, "{apart}");
    }
    let page = world.visitor().get("/c/mixed/leaderboard/compare").await.expect(200).text();
    assert!(page.contains("Their order by the mean of ranks may be chance."), "{page}");
    assert!(page.contains("spearman") && !page.contains("have not been compared yet"), "{page}");
    let host = arena.host.browser.get("/c/mixed/host").await.expect(200).text();
    assert!(host.contains("may be chance.") && host.contains("are noise on these 120 rows"), "{host}");

    // The errors of the file before, all a little smaller.
    let bob = &people[0];
    let id = arena.submit(bob, &predictions(1, 9.0)).await;
    world.drain().await;
    let waiting = arena.submission(bob, id).await["gain"].clone();
    assert!(
        waiting["sentence"].as_str().unwrap().contains("not been compared on the same rows yet"),
        "{waiting}"
    );
    look(&world).await;
    let gain = arena.submission(bob, id).await["gain"].clone();
    assert_eq!(
        (&gain["parts"][0]["metric"], &gain["parts"][0]["is_noise"]),
        (&json!("mae"), &json!(false)),
        "{gain}"
    );
    assert!(gain["parts"][1]["noise"].as_f64() > Some(0.0), "{gain}");
    assert!(gain["sentence"].as_str().unwrap().contains("better in mae by"), "{gain}");
    assert_eq!(count(&world, "select count(*) from influences").await, 3, "one column of all metrics a file");
    assert_eq!(count(&world, "select count(*) from rank_ranges where split = 'private'").await, 0);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn after_the_end_ranks_by_several_metrics_have_pictures_and_not_before(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    look(&world).await;
    people[0].browser.get("/c/mixed/leaderboard/pictures").await.expect(404);
    assert_eq!(count(&world, "select count(*) from rank_pictures").await, 0);

    world.let_pass(TimeDelta::days(31)).await;
    arena.board().await;
    look(&world).await;
    let board = arena.board().await;
    assert_eq!(ranges(&board)[2], (3, 3), "{board}");
    let found = arena.host.api.get(&arena.api("/leaderboard/pictures")).await.expect(200).json();
    let found = &found["pictures"];
    let n_draws = found["n_draws"].as_i64().unwrap();
    for team in found["teams"].as_array().unwrap() {
        let counts = team["draws_by_rank"].as_array().unwrap();
        assert_eq!(counts.iter().map(|count| count.as_i64().unwrap()).sum::<i64>(), n_draws, "{found}");
    }
    assert_eq!(
        found["teams"][2]["draws_by_rank"][2], n_draws,
        "who is far behind is last every time: {found}"
    );
    let p = |team: usize, other: usize| found["teams"][team]["p_values"][other].as_f64().unwrap();
    assert!(p(0, 2) <= 0.01 && p(1, 2) <= 0.01 && p(2, 0) == 1.0, "{found}");
    let page = world.visitor().get("/c/mixed/leaderboard/pictures").await.expect(200).text();
    assert!(page.contains("a lead by mean rank counts") && !page.contains("Holm"), "{page}");
    let compared = compared(&world, &arena, &board, [0, 2]).await;
    assert_eq!(compared["mean_rank"]["is_noise"], false, "{compared}");
    let page = world.visitor().get("/c/mixed/leaderboard/compare").await.expect(200).text();
    assert!(!page.contains("is shown after the end"), "{page}");

    sql("insert into rank_refreshes select id, now() from competitions").execute(&world.pool).await.unwrap();
    look(&world).await;
    let again = arena.host.api.get(&arena.api("/leaderboard/pictures")).await.expect(200).json();
    assert_eq!(&again["pictures"], found, "the same digits every time");
    world.close().await;
}
