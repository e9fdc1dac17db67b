//! Two hundred teams: invitations, merges, choices, ties, wrong and late files, disqualifications, another
//! solution in between.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::Dice;
use super::contest::{Contest, Days, File, Rules};
use super::reckoned::{everything_agrees, list};
use crate::world::{Labels, Person, World};

/// Who leads a team at the end.
const N_LEADERS: usize = 200;
/// Who becomes part of one of those teams.
const N_OTHERS: usize = 32;
const N_ROWS: usize = 80;
const CLASSES: [&str; 3] = ["red", "green", "blue"];
const RULES: Rules = Rules { daily_limit: 2, days: 6 };

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_whole_competition_of_two_hundred_teams_ends_as_the_rules_say(pool: PgPool) {
    let world = World::new(pool).await;
    let days = Days::begin(&world).await;
    let host = world.member("host").await;
    let contest = Contest::open(&world, &host, "colours", &labels(), RULES).await;
    let mut play = Play { contest, leaders: Vec::new(), others: Vec::new(), dice: Dice(7) };
    for number in 0..N_LEADERS {
        play.leaders.push(world.member(&format!("lead{number:03}")).await);
    }
    for number in 0..N_OTHERS {
        play.others.push(world.member(&format!("mate{number:02}")).await);
    }
    play.everybody_comes().await;
    days.pass(1, 0).await;
    play.teams_form().await;
    days.pass(2, 0).await;
    play.some_choose().await;
    days.pass(3, 0).await;
    play.labels_are_mended().await;
    days.pass(4, 0).await;
    let appeals = play.the_host_judges().await;
    days.pass(5, 3).await;
    play.the_last_day(appeals).await;
    days.pass(9, 6).await;
    play.after_the_end().await;

    let Play { contest, leaders, others, .. } = play;
    let people: Vec<Person> = leaders.into_iter().chain(others).collect();
    let contests = [contest];
    let reckoned = everything_agrees(&world, &contests, &people).await;
    let found = &reckoned["competitions"][0];
    let final_board = list(&found["final"]);
    assert_eq!(final_board.len(), N_LEADERS - 3, "two teams are disqualified, one has nothing left");
    let n_ties = final_board.windows(2).filter(|pair| pair[0]["score"] == pair[1]["score"]).count();
    assert!(n_ties > 100, "{n_ties} teams are as good as the one before, and later");
    assert!(list(&found["rejected"]).len() >= 5 && list(&found["late"]).len() >= 10);
    assert!(total(&reckoned, &people, "gold") >= 10 && total(&reckoned, &people, "bronze") >= 39);
    world.close().await;
}

/// Medals of a kind that all have together.
fn total(reckoned: &Value, people: &[Person], kind: &str) -> i64 {
    people.iter().map(|person| reckoned["people"][&person.name][kind].as_i64().unwrap()).sum()
}

struct Play<'w> {
    contest: Contest<'w>,
    leaders: Vec<Person>,
    others: Vec<Person>,
    dice: Dice,
}

impl Play<'_> {
    /// Predictions of which so many are wrong on either side; few levels, so that many are equal.
    fn file(&mut self, by: &Person) -> File {
        let (public, private) = (3 + self.dice.below(9) as usize, 4 + self.dice.below(12) as usize);
        let csv = predictions(self.dice.below(1000) as usize, public, private);
        File { by: by.clone(), csv }
    }

    async fn send_of<'p>(&mut self, people: impl IntoIterator<Item = &'p Person>) -> Vec<i64> {
        let files = people.into_iter().map(|by| self.file(by)).collect();
        self.contest.send(files).await
    }

    async fn everybody_comes(&mut self) {
        let (leaders, others) = (self.leaders.clone(), self.others.clone());
        let everybody: Vec<&Person> = leaders.iter().chain(&others).collect();
        for person in &everybody {
            self.contest.join(person).await;
        }
        // Who has sent nothing may leave again.
        assert!(self.contest.invite(&leaders[16], &others[20]).await);
        assert!(!self.contest.leave(&leaders[16]).await, "who leads stays");
        assert!(self.contest.leave(&others[20]).await);

        let mut files: Vec<File> = everybody.iter().map(|person| self.file(person)).collect();
        for file in files.iter_mut().skip(7).step_by(40) {
            file.csv.truncate(file.csv.trim_end().rfind('\n').unwrap());
        }
        self.contest.send(files).await;
        self.contest.judge().await;
        self.send_of(leaders.iter().step_by(2).chain(&others[24..])).await;
        self.contest.judge().await;
        let received = self.send_of([&leaders[0], &leaders[2], &leaders[4]]).await;
        assert!(received.is_empty(), "two a day");
        assert!(!self.contest.merge(&leaders[30], &others[25]).await, "four on the first day");
        self.contest.look().await;
    }

    async fn teams_form(&mut self) {
        let (leaders, others) = (self.leaders.clone(), self.others.clone());
        for (number, person) in others[..24].iter().enumerate() {
            let leader = match number {
                0..4 => 1,
                4..6 => 2,
                _ => number - 3,
            };
            let is_too_much = number == 3;
            assert_eq!(
                self.contest.invite(&leaders[leader], person).await,
                !is_too_much,
                "five of four sent"
            );
        }
        assert!(!self.contest.invite(&leaders[50], &others[5]).await, "in a team already");
        assert!(self.contest.invite(&others[30], &others[31]).await);
        for (leader, other) in [(30, 25), (40, 24), (42, 26), (43, 27)] {
            assert!(self.contest.merge(&leaders[leader], &others[other]).await);
        }
        assert!(!self.contest.leave(&others[9]).await, "what was sent is everybody's");
        self.send_of(leaders.iter().skip(3).step_by(2)).await;
        self.contest.judge().await;
        self.contest.look().await;
    }

    async fn some_choose(&mut self) {
        let (leaders, others) = (self.leaders.clone(), self.others.clone());
        assert!(self.contest.invite(&leaders[1], &others[3]).await);
        assert!(!self.contest.invite(&leaders[1], &leaders[60]).await, "five are the most");
        let received = self.send_of(others[..4].iter().chain([&leaders[1]])).await;
        assert_eq!(received.len(), 2, "of five that the five send at once");
        self.send_of(&leaders[45..130]).await;
        self.contest.judge().await;
        for (number, leader) in leaders[..120].iter().enumerate() {
            let shown = self.contest.offered(leader).await;
            // From behind, so that the choice is no stand-in.
            let chosen: Vec<i64> = shown.iter().rev().copied().collect();
            match number % 4 {
                0 => assert!(self.contest.choose(leader, &shown, &chosen[..1]).await),
                1 => assert!(self.contest.choose(leader, &shown, &chosen[..chosen.len().min(2)]).await),
                2 if chosen.len() > 2 => {
                    assert!(!self.contest.choose(leader, &shown, &chosen[..3]).await, "three of two");
                    assert!(self.contest.choose(leader, &shown, &chosen[1..3]).await);
                    // What the form did not show stays chosen, and takes its place.
                    assert!(!self.contest.choose(leader, &chosen[..1], &chosen[..1]).await);
                }
                _ => {}
            }
        }
        for person in [&leaders[44], &leaders[45], &others[28], &others[29]] {
            let shown = self.contest.offered(person).await;
            assert!(self.contest.choose(person, &shown, &shown[..2]).await);
        }
    }

    async fn labels_are_mended(&mut self) {
        let (leaders, others) = (self.leaders.clone(), self.others.clone());
        // Two choices of two become two.
        for (leader, other) in [(44, 28), (45, 29), (46, 30)] {
            assert!(self.contest.merge(&leaders[leader], &others[other]).await);
        }
        self.contest.prepare_version(&mended_solution()).await;
        self.contest.look().await;
        self.contest.publish_version().await;
        self.contest.look().await;
        self.send_of(&leaders[150..180]).await;
        self.contest.judge().await;
        self.contest.look().await;
    }

    /// Gives what is reinstated later: decision and target.
    async fn the_host_judges(&mut self) -> Vec<(i64, Value)> {
        let leaders = self.leaders.clone();
        let counting = async |contest: &Contest<'_>, number: usize| {
            let path = contest.arena.api("/final-selection");
            let stands = leaders[number].api.get(&path).await.expect(200).json();
            let ids =
                |kind: &str| list(&stands[kind]).iter().map(|id| id.as_i64().unwrap()).collect::<Vec<_>>();
            if ids("chosen").is_empty() { ids("stand_ins") } else { ids("chosen") }
        };
        let chosen = counting(&self.contest, 49).await;
        assert_eq!(chosen.len(), 2);
        for id in chosen {
            self.contest.disqualify_submission(id).await;
        }
        for number in [50, 51] {
            let first = counting(&self.contest, number).await[0];
            self.contest.disqualify_submission(first).await;
        }
        let appealed = counting(&self.contest, 52).await[0];
        let submission = self.contest.disqualify_submission(appealed).await;
        self.contest.disqualify_team(&leaders[53]).await;
        let team = self.contest.disqualify_team(&leaders[54]).await;
        assert!(!self.contest.merge(&leaders[55], &leaders[53]).await, "a disqualified team");
        self.contest.look().await;
        vec![(submission, json!({ "id": appealed })), (team, json!({ "person": leaders[54].name }))]
    }

    /// No teams form any more, and what is sent is scored after the end.
    async fn the_last_day(&mut self, appeals: Vec<(i64, Value)>) {
        let leaders = self.leaders.clone();
        assert!(!self.contest.invite(&leaders[199], &leaders[198]).await, "after the deadline");
        assert!(!self.contest.merge(&leaders[197], &leaders[196]).await, "after the deadline");
        for (decision, target) in appeals {
            self.contest.reinstate(decision, target).await;
        }
        // As good as each other to the digit, by time alone in an order.
        let equal = leaders[100..130].iter().map(|by| File { by: by.clone(), csv: predictions(3, 2, 5) });
        self.contest.send(equal.collect()).await;
        self.send_of(&leaders[130..160]).await;
        self.contest.look().await;
    }

    async fn after_the_end(&mut self) {
        let leaders = self.leaders.clone();
        let path = self.contest.arena.api("/final-selection");
        let stands = leaders[3].api.get(&path).await.expect(200).json();
        let wanted = stands["stand_ins"][0].as_i64().unwrap();
        assert!(!self.contest.choose(&leaders[3], &[wanted], &[wanted]).await, "what was chosen stands");
        let perfect = leaders[..12].iter().map(|by| File { by: by.clone(), csv: predictions(0, 0, 0) });
        self.contest.send(perfect.collect()).await;
        self.contest.judge().await;
        self.contest.disqualify_team(&leaders[70]).await;
    }
}

fn usage(row: usize) -> &'static str {
    match row % 8 {
        0..3 => "Public",
        3..7 => "Private",
        _ => "Ignored",
    }
}

fn class(row: usize) -> usize {
    (row * 5 + row / 7) % CLASSES.len()
}

fn solution(class_of: impl Fn(usize) -> usize) -> String {
    let row = |row| format!("r{row},{},{}\n", CLASSES[class_of(row) % CLASSES.len()], usage(row));
    format!("id,target,Usage\n{}", (0..N_ROWS).map(row).collect::<String>())
}

fn mended_solution() -> String {
    solution(|row| class(row) + usize::from(row % 9 == 2))
}

fn labels() -> Labels {
    Labels {
        metric: "accuracy",
        higher_is_better: true,
        solution: solution(class),
        sample: predictions(0, N_ROWS, N_ROWS),
        ..Labels::regression()
    }
}

/// Wrong on so many rows of either side; which ones follows from the seed.
fn predictions(seed: usize, n_public: usize, n_private: usize) -> String {
    let (mut public, mut private) = (0, 0);
    let row = |row: usize| {
        let is_wrong = match usage(row) {
            "Public" => is_among(&mut public, seed, n_public, 30),
            "Private" => is_among(&mut private, seed, n_private, 40),
            _ => false,
        };
        format!("r{row},{}\n", CLASSES[(class(row) + usize::from(is_wrong)) % CLASSES.len()])
    };
    format!("id,target\n{}", (0..N_ROWS).map(row).collect::<String>())
}

/// Whether the next of `n` rows is among `wanted` of them, counted round from the seed.
fn is_among(next: &mut usize, seed: usize, wanted: usize, n: usize) -> bool {
    let at = *next;
    *next += 1;
    (at * 7 + seed) % n < wanted
}
