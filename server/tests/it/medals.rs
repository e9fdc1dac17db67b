//! Medals, points and tiers follow from final boards, and only from those that count.

use chrono::TimeDelta;
use holdout::competitions::access::see;
use holdout::leaderboard::read::settled_if_due;
use holdout::medals::model::{Medals, Tier};
use holdout::medals::read::{Record, record};
use holdout::submissions::submit::Entrant;
use sqlx::PgPool;

use crate::stage::{SLUG, Stage};
use crate::world::sql;

/// A stage on which ten teams finish in their order.
async fn finished(pool: PgPool) -> (Stage, Vec<Entrant>) {
    let stage = Stage::open(pool).await;
    let mut entrants = Vec::new();
    for place in 0..10 {
        let entrant = stage.entrant(&format!("team{place}")).await;
        stage.scored(&entrant, 0.5, f64::from(place)).await;
        entrants.push(entrant);
    }
    stage.let_pass(TimeDelta::hours(31)).await;
    (stage, entrants)
}

async fn settle(stage: &Stage) {
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    settled_if_due(&stage.app, seen).await.unwrap();
}

async fn record_of(stage: &Stage, entrant: &Entrant) -> Record {
    let mut conn = stage.app.db.acquire().await.unwrap();
    record(&mut conn, entrant.member.id, stage.app.clock.now()).await.unwrap()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_finish_is_worth_what_the_rules_say(pool: PgPool) {
    let (stage, entrants) = finished(pool).await;
    let before = record_of(&stage, &entrants[0]).await;
    assert_eq!(
        (before.points, before.standings[0].medals.all()),
        (0.0, 0),
        "nothing before the board stands"
    );
    settle(&stage).await;
    let mut medals = Vec::new();
    for entrant in &entrants {
        let record = record_of(&stage, entrant).await;
        assert_eq!(record.standings[0].tier, Tier::Contributor);
        assert_eq!((record.year.n_activities, record.year.n_days), (1, 1));
        medals.push(record.standings[0].medals);
    }
    let gold = Medals { gold: 1, solo_gold: 1, ..Medals::default() };
    let silver = Medals { silver: 1, ..Medals::default() };
    let bronze = Medals { bronze: 1, ..Medals::default() };
    assert_eq!(medals[..5], [gold, silver, bronze, bronze, Medals::default()]);
    let points = record_of(&stage, &entrants[1]).await.points;
    let expected = 100_000.0 * 2.0_f64.powf(-0.75) * 2.0_f64.log10();
    assert!((points / expected - 1.0).abs() < 1e-12, "{points} and {expected}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_competition_marked_so_counts_for_nothing(pool: PgPool) {
    let (stage, entrants) = finished(pool).await;
    sql("update competitions set counts_for_medals = false where id = $1")
        .bind(stage.competition_id)
        .execute(&stage.owner)
        .await
        .unwrap();
    settle(&stage).await;
    let record = record_of(&stage, &entrants[0]).await;
    assert_eq!((record.points, record.standings[0].medals), (0.0, Medals::default()));
}
