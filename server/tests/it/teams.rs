//! Joining: once a person, under a free name, before the deadline or after the end.

use chrono::TimeDelta;
use holdout::teams::join::join;
use sqlx::PgPool;

use crate::stage::{SLUG, Stage};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_joins_twice_at_once_is_in_one_team(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.person("ada").await;
    let tries = (0..8).map(|_| {
        let (app, ada) = (stage.app.clone(), ada.clone());
        tokio::spawn(async move { join(&app, &ada, SLUG).await })
    });
    let mut joined = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => joined += 1,
            Err(error) => assert!(error.to_string().contains("already"), "{error}"),
        }
    }
    assert_eq!(joined, 1);
    assert_eq!(stage.number("select count(*) from team_members").await, 1);
    assert_eq!(stage.number("select count(*) from teams").await, 1);
    assert_eq!(stage.number("select n_teams::bigint from competitions").await, 1);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_name_that_is_taken_gets_a_number(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let mut names = Vec::new();
    for username in ["ada", "ada2", "ada3"] {
        let mut person = stage.person(username).await;
        person.display_name = if username == "ada3" { "ADA" } else { "Ada" }.to_owned();
        names.push(join(&stage.app, &person, SLUG).await.unwrap().team_name);
    }
    assert_eq!(names, ["Ada", "Ada 2", "ADA 3"]);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_entry_deadline_holds_and_late_teams_are_not_counted(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.person("ada").await, stage.person("bob").await);
    stage.let_pass(TimeDelta::hours(21)).await;
    let refused = join(&stage.app, &ada, SLUG).await.unwrap_err();
    assert!(refused.to_string().contains("entry deadline"), "{refused}");
    stage.let_pass(TimeDelta::hours(31)).await;
    assert!(join(&stage.app, &bob, SLUG).await.unwrap().is_late);
    assert_eq!(stage.number("select n_teams::bigint from competitions").await, 0);
}
