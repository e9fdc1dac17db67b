//! Small competitions side by side: lower is better in most, one ranks by several metrics, one is too small
//! for gold; what the same people win in them adds up to tiers.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::Dice;
use super::contest::{Contest, Days, File, Rules};
use super::reckoned::{everything_agrees, list};
use crate::world::{Labels, Person, World};

const N_ROWS: usize = 30;
const RULES: Rules = Rules { daily_limit: 4, days: 2 };
/// Metric, weight, whether higher is better. The first is the primary.
const PARTS: [(&str, f64, bool); 3] = [("mae", 2.0, false), ("r2", 1.0, true), ("max_error", 0.5, false)];

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whole_small_competitions_add_up_to_tiers(pool: PgPool) {
    let world = World::new(pool).await;
    let days = Days::begin(&world).await;
    let host = world.member("host").await;
    let mut people = Vec::new();
    for number in 0..14 {
        people.push(world.member(&format!("person{number:02}")).await);
    }
    let mut contests = Vec::new();
    for (number, slug) in ["first", "second", "third", "fourth", "fifth"].into_iter().enumerate() {
        let metric = if number % 2 == 0 { "rmse" } else { "mae" };
        let labels = Labels { metric, ..labels(Labels::regression()) };
        let mut contest = Contest::open(&world, &host, slug, &labels, RULES).await;
        let (players, mates) = people[..12].split_at(10);
        join_all(&mut contest, &people[..12]).await;
        // The first person wins all, in all but the last with a mate; the second and their mate come second.
        if number < 4 {
            assert!(contest.invite(&players[0], &mates[0]).await);
        }
        assert!(contest.invite(&players[1], &mates[1]).await);
        let mut files: Vec<File> = players
            .iter()
            .enumerate()
            .map(|(place, by)| file(by, place as u64 + 1, 10 * place + 3))
            .collect();
        if number == 4 {
            files.push(file(&mates[0], 99, 500));
        }
        contest.send(files).await;
        contests.push(contest);
    }
    let labels_of_parts = labels(Labels::ranked(&PARTS));
    let mut several = Contest::open(&world, &host, "several", &labels_of_parts, RULES).await;
    join_all(&mut several, &people).await;
    assert!(several.merge(&people[1], &people[11]).await);
    for round in 0..3 {
        let one = |(place, by): (usize, &Person)| file(by, 40 * round + place as u64, 4 + (place + 11) % 12);
        several
            .send(people.iter().enumerate().skip(1).filter(|(place, _)| *place != 11).map(one).collect())
            .await;
    }
    // The same file again: equal under every metric, and later.
    several.send(vec![file(&people[1], 7, 1)]).await;
    several.send(vec![file(&people[0], 7, 1), file(&people[0], 8, 9)]).await;
    contests.push(several);
    let mut tiny = Contest::open(&world, &host, "tiny", &labels(Labels::regression()), RULES).await;
    join_all(&mut tiny, &people[..9]).await;
    tiny.send(people[..9].iter().map(|by| file(by, 5, 7)).collect()).await;
    contests.push(tiny);

    judge_and_look(&mut contests).await;
    let several = &mut contests[5];
    for person in &people[2..8] {
        let shown = several.offered(person).await;
        assert!(several.choose(person, &shown, &shown[1..]).await, "but for the best");
        assert!(!several.choose(person, &shown, &shown).await, "three of two");
    }
    let host_barred = several.disqualify_team(&people[9]).await;
    several.reinstate(host_barred, json!({ "person": people[9].name })).await;
    several.disqualify_team(&people[10]).await;
    several.look().await;
    days.pass(5, 6).await;

    let reckoned = everything_agrees(&world, &contests, &people).await;
    let several = list(&reckoned["competitions"][5]["final"]);
    assert_eq!(several.len(), 12);
    assert!(several.iter().any(shares_a_rank), "{several:?}");
    let tier = |number: usize| &reckoned["people"][&people[number].name]["tier"];
    assert_eq!(tier(0), "grandmaster", "five golds, one won alone");
    assert_eq!(tier(10), "master", "four golds, none of them won alone");
    assert_eq!(tier(11), "master", "a gold and silvers");
    assert_eq!(tier(2), "expert", "bronzes");
    assert_eq!(tier(13), "contributor");
    assert_eq!(list(&reckoned["competitions"][6]["final"]).len(), 9);
    world.close().await;
}

fn shares_a_rank(row: &Value) -> bool {
    list(&row["parts"]).iter().any(|part| part["rank"].as_f64().unwrap().fract() != 0.0)
}

async fn join_all(contest: &mut Contest<'_>, people: &[Person]) {
    for person in people {
        contest.join(person).await;
    }
}

async fn judge_and_look(contests: &mut [Contest<'_>]) {
    for contest in contests {
        contest.judge().await;
        contest.look().await;
    }
}

fn labels(of: Labels) -> Labels {
    let usage = |row: usize| if row.is_multiple_of(3) { "Public" } else { "Private" };
    let row = |row: usize| format!("r{row},{},{}\n", label(row), usage(row));
    Labels {
        solution: format!("id,target,Usage\n{}", (0..N_ROWS).map(row).collect::<String>()),
        sample: format!("id,target\n{}", (0..N_ROWS).map(|row| format!("r{row},0\n")).collect::<String>()),
        ..of
    }
}

fn label(row: usize) -> i64 {
    1000 + (row * row % 17) as i64 * 10
}

/// Predictions that are off by whole numbers around a size.
fn file(by: &Person, seed: u64, size: usize) -> File {
    let mut dice = Dice(seed);
    let row = |row: usize| {
        let error = size as i64 + dice.below(3) as i64;
        let sign = if dice.below(2) == 0 { 1 } else { -1 };
        format!("r{row},{}\n", label(row) + sign * error)
    };
    File { by: by.clone(), csv: format!("id,target\n{}", (0..N_ROWS).map(row).collect::<String>()) }
}
