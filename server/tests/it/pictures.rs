//! Frequencies of ranks and leads that are more than chance: nothing before the final board stands, whoever
//! asks; then the same digits every time, for who is on the board.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::rank_ranges::{contest, look};
use crate::world::{Arena, Labels, World, sql};

const PAGE: &str = "/c/noisy/leaderboard/pictures";

async fn pictures(arena: &Arena) -> Value {
    arena.host.api.get(&arena.api("/leaderboard/pictures")).await.expect(200).json()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_sees_how_sure_the_ranks_are_before_the_final_board_stands(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    look(&world).await;
    let admin = world.admin("root").await;
    let address = arena.api("/leaderboard/pictures");
    let nobody_sees = async || {
        for person in [&people[0], &arena.host, &admin] {
            person.browser.get(PAGE).await.expect(404);
            person.api.get(&address).await.expect(404);
        }
        world.visitor().get(PAGE).await.expect(404);
    };
    nobody_sees().await;
    let refused = sqlx::raw_sql("select 1 from rank_pictures").execute(&world.app.db).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");
    let early = "insert into rank_pictures
            (competition_id, version_id, board_revision, teams, submissions, is_exact, n_draws, frequencies, p_values)
         select id, active_version_id, 1, '{1}', '{1}', false, 1, '{1,0}', '{1}' from competitions";
    let refused = sql(early).execute(&world.pool).await.unwrap_err();
    assert!(refused.to_string().contains("no private ranks stand before the end"), "{refused}");

    world.let_pass(TimeDelta::days(31)).await;
    let early = sql(early).execute(&world.pool).await.unwrap_err();
    assert!(
        early.to_string().contains("no private ranks"),
        "over, and the final board does not stand: {early}"
    );
    let settled = pictures(&arena).await;
    assert!(settled["absent"].as_str().unwrap().contains("still being analysed"), "{settled}");
    world.visitor().get(PAGE).await.expect(200);
    look(&world).await;

    let found = pictures(&arena).await["pictures"].clone();
    let of = |team: usize, name: &str| found["teams"][team][name].as_array().unwrap().clone();
    let n_draws = found["n_draws"].as_i64().unwrap();
    for team in 0..3 {
        let drawn: i64 = of(team, "draws_by_rank").iter().map(|count| count.as_i64().unwrap()).sum();
        assert_eq!(drawn, n_draws, "{found}");
    }
    assert_eq!(of(2, "draws_by_rank")[2], n_draws, "who is far behind is last every time: {found}");
    assert!(of(0, "draws_by_rank")[1].as_i64() > Some(0), "a close lead is lost at times: {found}");
    let p = |team: usize, other: usize| of(team, "p_values")[other].as_f64().unwrap();
    assert!(p(0, 2) < 0.001 && p(1, 2) < 0.001 && p(0, 1) > p(0, 2), "{found}");
    assert!([p(1, 0), p(2, 0), p(2, 1)].iter().all(|p| *p > 0.5), "nobody leads who is behind: {found}");
    let n_leads = 2 + usize::from(p(0, 1) <= 0.05);
    let page = world.visitor().get(PAGE).await.expect(200).text();
    let counted = format!("Of 3 pairs of these teams, {n_leads} differ by more than chance.");
    assert!(page.contains(&counted), "{page}");
    assert_eq!(page.matches("class=\"lead\"").count(), n_leads);

    sql("insert into rank_refreshes select id, now() from competitions").execute(&world.pool).await.unwrap();
    look(&world).await;
    assert_eq!(pictures(&arena).await["pictures"], found, "the same digits every time");

    // Who leaves the board leaves the pictures at once.
    let first = &found["teams"][0]["team"];
    let reason = json!({ "team": first, "reason": "Two accounts." });
    arena.host.api.send_json(Method::POST, &arena.api("/disqualifications"), &reason).await.expect(201);
    let without = pictures(&arena).await;
    assert!(without["pictures"].is_null() && without["absent"].is_string(), "{without}");
    look(&world).await;
    let without = pictures(&arena).await["pictures"].clone();
    assert_eq!(without["teams"].as_array().map(Vec::len), Some(2), "{without}");
    assert!(without["teams"].as_array().unwrap().iter().all(|team| &team["team"] != first));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_positives_are_few_scores_are_computed_anew(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    let is_positive = |row: usize| row.is_multiple_of(12);
    let rows = |value: &dyn Fn(usize) -> String| (0..240).map(value).collect::<String>();
    let usage = |row: usize| if (row / 12).is_multiple_of(2) { "Public" } else { "Private" };
    let labels = Labels {
        metric: "roc_auc",
        higher_is_better: true,
        solution: format!(
            "id,target,Usage\n{}",
            rows(&|row| format!("r{row},{},{}\n", u8::from(is_positive(row)), usage(row)))
        ),
        sample: format!("id,target\n{}", rows(&|row| format!("r{row},0\n"))),
        ..Labels::regression()
    };
    let arena = world.open_competition(&host, "rare", &labels).await;
    for (name, lift) in [("bob", 0.9), ("cleo", 0.2)] {
        let person = world.member(name).await;
        arena.join(&person).await;
        let score = |row: usize| {
            let noise = ((row * 37) % 101) as f64 / 101.0;
            noise + if is_positive(row) { lift } else { 0.0 }
        };
        let file = format!("id,target\n{}", rows(&|row| format!("r{row},{}\n", score(row))));
        arena.submit(&person, &file).await;
    }
    world.drain().await;
    world.let_pass(TimeDelta::days(31)).await;
    arena.board().await;
    look(&world).await;
    let found = pictures(&arena).await["pictures"].clone();
    assert_eq!(found["is_exact"], true, "{found}");
    let first = found["teams"][0]["draws_by_rank"].as_array().unwrap();
    assert!(first[0].as_i64() > Some(1500), "a higher score is a better rank: {found}");
    assert_eq!(count(&world).await, 1);
    world.close().await;
}

async fn count(world: &World) -> i64 {
    sql("select count(*) from rank_pictures").fetch_one(&world.pool).await.unwrap().get(0)
}
