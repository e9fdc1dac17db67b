//! Boards: order and ties, keys that continue, the final board after the end, ranks of midnight.

use chrono::TimeDelta;
use holdout::competitions::access::see;
use holdout::leaderboard::model::{Key, Row, View};
use holdout::leaderboard::sight::BoardSight;
use holdout::leaderboard::{read, settle};
use holdout::submissions::choose::choose_final;
use sqlx::PgPool;

use crate::stage::{SLUG, Stage};
use crate::world::sql;

async fn rows(stage: &Stage, wants_public: bool) -> Vec<Row> {
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    let view = View::choose(&seen.competition, stage.app.clock.now(), wants_public);
    read::page(&stage.app, &seen.competition, view, &BoardSight::of(&seen), Key::first(), 100).await.unwrap()
}

fn standing(rows: &[Row]) -> Vec<(i64, &str, Option<f64>)> {
    rows.iter().map(|row| (row.rank.unwrap(), row.team.as_str(), row.score)).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_best_score_ranks_and_the_earlier_of_two_equals(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob, carol) =
        (stage.entrant("ada").await, stage.entrant("bob").await, stage.entrant("carol").await);
    stage.scored(&ada, 0.3, 9.0).await;
    let late_equal = stage.scored(&ada, 0.2, 9.0).await;
    stage.arrives_at(&ada, late_equal, stage.app.clock.now() + TimeDelta::seconds(5)).await;
    stage.scored(&bob, 0.2, 1.0).await;
    stage.scored(&carol, 0.1, 5.0).await;
    let board = rows(&stage, false).await;
    assert_eq!(standing(&board), [(1, "Carol", Some(0.1)), (2, "Bob", Some(0.2)), (3, "Ada", Some(0.2))]);
    assert_eq!(board[2].n_entries, 2);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn pages_continue_by_key_and_the_own_row_has_its_rank(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let mut entrants = Vec::new();
    for number in 0..7 {
        let entrant = stage.entrant(&format!("team{number}")).await;
        stage.scored(&entrant, f64::from(number % 3), 0.0).await;
        entrants.push(entrant);
    }
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    let sight = BoardSight::of(&seen);
    let (mut after, mut walked) = (Key::first(), Vec::new());
    loop {
        let page = read::page(&stage.app, &seen.competition, View::Public, &sight, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.key.to_string().parse().unwrap();
        walked.extend(page);
    }
    assert_eq!(standing(&walked), standing(&rows(&stage, false).await));
    assert!(walked.iter().filter_map(|row| row.rank).eq(1..=7));
    for entrant in &entrants {
        let seen = see(&stage.app, SLUG, Some(&entrant.member)).await.unwrap();
        let sight = BoardSight::of(&seen);
        let own = read::own_row(&stage.app, &seen.competition, View::Public, &sight).await.unwrap();
        let listed = walked.iter().find(|row| row.team_id == Some(entrant.team_id));
        assert_eq!(own.as_ref(), listed);
    }
}

/// Scores are told by no key, and found out by none: labels could be read from the digits that the board hides.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_key_holds_nothing_that_rows_are_ordered_by_and_leaves_its_rank_behind(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let mut entrants = Vec::new();
    for number in 1..=4 {
        let entrant = stage.entrant(&format!("team{number}")).await;
        let submission = stage.scored(&entrant, 0.123_456_789 * f64::from(number), 0.0).await;
        entrants.push((entrant, submission));
    }
    let board = rows(&stage, false).await;
    for (row, (_, submission)) in board.iter().zip(&entrants) {
        assert_eq!(row.key.to_string(), format!("{}.{}", submission.0, row.rank.unwrap()));
    }
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    let sight = BoardSight::of(&seen);
    let after = async |key: Key| {
        let page = read::page(&stage.app, &seen.competition, View::Public, &sight, key, 100).await.unwrap();
        page.into_iter().map(|row| row.team).collect::<Vec<_>>()
    };
    assert_eq!(after(board[1].key).await, ["Team3", "Team4"]);
    // The second team climbs to the top: whoever reads on does so behind the second rank.
    stage.scored(&entrants[1].0, 0.01, 0.0).await;
    assert_eq!(after(board[1].key).await, ["Team3", "Team4"]);
    // A submission that is no team's best one is no place from which others could be weighed.
    let unseen = stage.scored(&entrants[3].0, 0.9, 0.0).await;
    assert_eq!(after(Key { submission_id: unseen.0, rank: 0 }).await, Vec::<String>::new());
    assert_eq!(after(Key { submission_id: unseen.0, rank: 3 }).await, ["Team4"]);
    assert_eq!(after(Key { submission_id: 0, rank: 4 }).await, Vec::<String>::new());
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_team_is_found_by_a_part_of_its_name_or_by_a_member_at_its_rank(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for (place, name) in ["nightowl", "owls", "crow", "ow"].into_iter().enumerate() {
        let entrant = stage.entrant(name).await;
        stage.scored(&entrant, place as f64, 9.0 - place as f64).await;
    }
    stage.entrant("owlless").await; // has no score
    sql("update teams set name = 'Blackbirds' where name = 'Crow'").execute(&stage.owner).await.unwrap();
    let find = async |words: &str, wants_public: bool| {
        let seen = see(&stage.app, SLUG, None).await.unwrap();
        let view = View::choose(&seen.competition, stage.app.clock.now(), wants_public);
        let names = BoardSight::of(&seen).names().unwrap();
        let found = read::find(&stage.app, &seen.competition, view, names, words).await.unwrap();
        assert!(!found.is_more);
        found.rows.iter().map(|row| (row.rank.unwrap(), row.team.clone())).collect::<Vec<_>>()
    };
    let named = |rows: &[(i64, &str)]| -> Vec<(i64, String)> {
        rows.iter().map(|(rank, team)| (*rank, (*team).to_owned())).collect()
    };
    assert_eq!(find("OWL", false).await, named(&[(1, "Nightowl"), (2, "Owls")]));
    assert_eq!(find("crow", false).await, named(&[(3, "Blackbirds")]));
    for nothing in ["eagle", "%", "_", "'"] {
        assert!(find(nothing, false).await.is_empty(), "{nothing}");
    }
    stage.let_pass(TimeDelta::hours(31)).await;
    settle::round(&stage.app).await.unwrap();
    assert_eq!(find("owl", false).await, named(&[(3, "Owls"), (4, "Nightowl")]), "at the final ranks");
    assert_eq!(find("owl", true).await, named(&[(1, "Nightowl"), (2, "Owls")]));
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn after_the_end_the_private_board_counts_what_was_chosen(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    stage.scored(&ada, 0.1, 0.9).await;
    let modest = stage.scored(&ada, 0.5, 0.2).await;
    choose_final(&stage.app, &ada, modest).await.unwrap();
    stage.scored(&bob, 0.3, 0.4).await;
    stage.scored(&bob, 0.4, 0.3).await;
    stage.scored(&bob, 0.6, 0.1).await; // neither chosen nor among the two best public ones
    assert_eq!(standing(&rows(&stage, false).await), [(1, "Ada", Some(0.1)), (2, "Bob", Some(0.3))]);

    stage.let_pass(TimeDelta::hours(31)).await;
    settle::round(&stage.app).await.unwrap();
    let private = rows(&stage, false).await;
    assert_eq!(standing(&private), [(1, "Ada", Some(0.2)), (2, "Bob", Some(0.3))]);
    let public = rows(&stage, true).await;
    assert_eq!(standing(&public), [(1, "Bob", Some(0.4)), (2, "Ada", Some(0.5))]);
    assert_eq!(private[0].change, Some(1), "ada climbed from second to first");
    let seen = see(&stage.app, SLUG, Some(&bob.member)).await.unwrap();
    let view = View::choose(&seen.competition, stage.app.clock.now(), false);
    let own = read::own_row(&stage.app, &seen.competition, view, &BoardSight::of(&seen)).await.unwrap();
    assert_eq!(own.as_ref(), Some(&private[1]));
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_final_board_waits_for_what_was_received_in_time(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    stage.scored(&ada, 0.5, 0.5).await;
    let waiting = stage.send(&ada, "in time").await.unwrap().submission.id;
    stage.let_pass(TimeDelta::hours(31)).await;
    settle::round(&stage.app).await.unwrap();
    assert_eq!(stage.number("select count(*) from final_entries").await, 0);
    assert_eq!(standing(&rows(&stage, false).await), [(1, "Ada", Some(0.5))], "the public board stands in");
    stage.finish(ada.team_id, waiting, 0.1, 0.1).await;
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    read::settled_if_due(&stage.app, seen).await.unwrap();
    assert_eq!(standing(&rows(&stage, false).await), [(1, "Ada", Some(0.1))]);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn ranks_are_remembered_once_a_day_and_changes_count_from_them(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    stage.scored(&ada, 0.1, 0.0).await;
    stage.scored(&bob, 0.2, 0.0).await;
    settle::round(&stage.app).await.unwrap();
    stage.scored(&bob, 0.05, 0.0).await;
    settle::round(&stage.app).await.unwrap();
    let changes: Vec<_> = rows(&stage, false).await.iter().map(|row| row.change).collect();
    assert_eq!(changes, [Some(1), Some(-1)]);
    stage.let_pass(TimeDelta::hours(24)).await;
    settle::round(&stage.app).await.unwrap();
    let changes: Vec<_> = rows(&stage, false).await.iter().map(|row| row.change).collect();
    assert_eq!(changes, [Some(0), Some(0)]);
}
