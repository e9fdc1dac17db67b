//! Turns: a burst delays whoever sent it and nobody else.

use crate::world::{Competition, GOOD, SOLUTION, World};
use holdout_contract::MIGRATOR;
use holdout_contract::job::{Priority, Subject};
use holdout_contract::queue::{self, Leased};
use sqlx::PgPool;
use uuid::Uuid;

const BURST: i64 = 5000;
const N_SCORERS: usize = 4;

/// Submissions of one team over some days, with a job each.
async fn burst(world: &World, competition: Competition, team_id: i64, n: i64, priority: Priority) {
    let mut tx = world.db.begin().await.expect("begun");
    let ids = sqlx::query_scalar!(
        "insert into submissions
            (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
         select competition_id, team_id, user_id, now() - i * interval '2 minutes', false, 'p.csv',
                'burst/' || team_id || '/' || i, 1, sha256(int8send(i))
         from team_members, generate_series(1, $3::bigint) i
         where competition_id = $1 and team_id = $2
         returning id",
        competition.id,
        team_id,
        n
    )
    .fetch_all(&mut *tx)
    .await
    .expect("submissions");
    for submission_id in ids {
        let subject = match priority {
            Priority::Rescoring => {
                Subject::Rescore { submission_id, team_id, version_id: competition.version_id }
            }
            _ => Subject::Score { submission_id, team_id },
        };
        queue::enqueue(&mut tx, competition.id, subject, priority).await.expect("enqueued");
    }
    tx.commit().await.expect("committed");
}

async fn claim(world: &World) -> Leased {
    let mut conn = world.db.acquire().await.expect("a connection");
    queue::claim(&mut conn, Uuid::now_v7(), 60.0).await.expect("claimed").expect("a job waits")
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_burst_of_another_competition_delays_by_one_job_a_scorer(db: PgPool) {
    let world = World::new(db).await;
    let (loud, quiet) =
        (world.competition("loud", SOLUTION).await, world.competition("quiet", SOLUTION).await);
    let crowd = world.team(loud, "crowd").await;
    burst(&world, loud, crowd, BURST, Priority::Interactive).await;
    for _ in 0..N_SCORERS {
        assert_eq!(claim(&world).await.competition_id, Some(loud.id), "every scorer is at work on the burst");
    }
    let single = world.team(quiet, "single").await;
    let submission_id = world.submit(quiet, single, GOOD).await;
    let next: Vec<Leased> = vec![claim(&world).await, claim(&world).await];
    let subject = Subject::Score { submission_id, team_id: single };
    assert!(next.iter().any(|leased| leased.subject == subject), "{next:?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_burst_of_another_team_delays_by_one_job(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let (crowd, single) = (world.team(open, "crowd").await, world.team(open, "single").await);
    burst(&world, open, crowd, 500, Priority::Interactive).await;
    let submission_id = world.submit(open, single, GOOD).await;
    let next = [claim(&world).await, claim(&world).await];
    let subject = Subject::Score { submission_id, team_id: single };
    assert!(next.iter().any(|leased| leased.subject == subject), "{next:?}");
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn a_submission_goes_before_any_rescoring(db: PgPool) {
    let world = World::new(db).await;
    let open = world.competition("open", SOLUTION).await;
    let crowd = world.team(open, "crowd").await;
    burst(&world, open, crowd, 100, Priority::Rescoring).await;
    let submission_id = world.submit(open, crowd, GOOD).await;
    assert_eq!(claim(&world).await.subject, Subject::Score { submission_id, team_id: crowd });
}

#[sqlx::test(migrator = "MIGRATOR")]
async fn two_bursts_take_turns(db: PgPool) {
    let world = World::new(db).await;
    let (first, second) =
        (world.competition("first", SOLUTION).await, world.competition("second", SOLUTION).await);
    for competition in [first, second] {
        let team = world.team(competition, "crowd").await;
        burst(&world, competition, team, 50, Priority::Interactive).await;
    }
    let mut n_first = 0;
    for n_claimed in 1..=60 {
        n_first += i32::from(claim(&world).await.competition_id == Some(first.id));
        assert!((2 * n_first - n_claimed).abs() <= 2, "{n_first} of {n_claimed}");
    }
}
