//! How far the private rows moved the teams: nothing before the final board stands, then the same as it.

use chrono::TimeDelta;
use holdout::competitions::access::see;
use holdout::competitions::model::Competition;
use holdout::error::AppError;
use holdout::leaderboard::settle;
use holdout::shake_up::read::{moves, pairs};
use sqlx::PgPool;

use crate::stage::{SLUG, Stage};

async fn competition(stage: &Stage) -> Competition {
    see(&stage.app, SLUG, None).await.unwrap().competition
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn teams_and_own_scores_are_compared_after_the_end_and_not_before(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    stage.scored(&ada, 0.5, 0.2).await;
    stage.scored(&ada, 0.6, 0.7).await;
    stage.scored(&bob, 0.3, 0.4).await;
    let refused =
        |result: Result<(), AppError>| assert!(matches!(result, Err(AppError::NotFound)), "{result:?}");
    let open = competition(&stage).await;
    refused(moves(&stage.app, &open, 0, 10).await.map(drop));
    refused(pairs(&stage.app, &open, ada.team_id, 10).await.map(drop));

    stage.let_pass(TimeDelta::hours(31)).await;
    let closed = competition(&stage).await;
    refused(moves(&stage.app, &closed, 0, 10).await.map(drop));
    refused(pairs(&stage.app, &closed, ada.team_id, 10).await.map(drop));

    settle::round(&stage.app).await.unwrap();
    let over = competition(&stage).await;
    let of = |after| moves(&stage.app, &over, after, 10);
    let ranks: Vec<_> =
        of(0).await.unwrap().into_iter().map(|team| (team.team, team.rank, team.public_rank)).collect();
    assert_eq!(ranks, [("Ada".to_owned(), 1, 2), ("Bob".to_owned(), 2, 1)]);
    assert_eq!(of(1).await.unwrap().len(), 1, "goes on behind a rank");
    let own = pairs(&stage.app, &over, ada.team_id, 10).await.unwrap();
    let scores: Vec<_> = own.iter().map(|pair| (pair.public_score, pair.private_score)).collect();
    assert_eq!(scores, [(0.6, 0.7), (0.5, 0.2)], "newest first, and nobody else's");
}
