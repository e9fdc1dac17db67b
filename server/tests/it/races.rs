//! What several people do at the same moment, many times over. Everybody waits behind one gate until all
//! are there, so that they truly come together; no state that the rules forbid ever comes about.

use std::future::Future;
use std::time::Duration;

use holdout::error::{AppError, Result};
use holdout::ids::{MergeRequestId, SubmissionId, TeamInvitationId};
use holdout::submissions::choose::choose_final;
use holdout::submissions::submit::{Entrant, submit};
use holdout::teams::manage;
use holdout::teams::merge::{self, Door};
use sqlx::{PgPool, Postgres, Transaction};
use tokio::task::JoinHandle;

use crate::stage::{SLUG, Stage};
use crate::world::sql;

/// How often each race is run.
const ROUNDS: usize = 20;

/// Holds all teams, so that whoever changes one waits.
struct Gate {
    held: Transaction<'static, Postgres>,
    runners: Vec<JoinHandle<Result<()>>>,
}

impl Gate {
    async fn shut(stage: &Stage) -> Self {
        let mut held = stage.owner.begin().await.unwrap();
        sql("select from teams order by id for no key update").execute(&mut *held).await.unwrap();
        Self { held, runners: Vec::new() }
    }

    fn run(&mut self, deed: impl Future<Output = Result<()>> + Send + 'static) {
        self.runners.push(tokio::spawn(deed));
    }

    /// Waits until all stand before the gate.
    async fn gather(&self, stage: &Stage) {
        let waiting = "select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'";
        while stage.number(waiting).await < self.runners.len() as i64 {
            assert!(self.runners.iter().all(|runner| !runner.is_finished()), "somebody did not wait");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Lets all go, and gives how many got what they wanted; the others were refused in words.
    async fn open(self) -> usize {
        self.held.commit().await.unwrap();
        let mut n_done = 0;
        for runner in self.runners {
            match runner.await.unwrap() {
                Ok(()) => n_done += 1,
                Err(AppError::Refused(_) | AppError::NotFound | AppError::TooMany { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        n_done
    }
}

impl Stage {
    /// People of one round.
    async fn entrants<const N: usize>(&self, round: usize, names: [&str; N]) -> [Entrant; N] {
        let mut people = Vec::new();
        for name in names {
            people.push(self.entrant(&format!("{name}{round}")).await);
        }
        people.try_into().unwrap()
    }

    async fn joined_by(&self, leader: &Entrant, mate: Entrant) -> Entrant {
        let id = self.invited(leader, &mate).await;
        self.accept(&mate, id).await.unwrap();
        Entrant { team_id: leader.team_id, ..mate }
    }

    fn accepting(&self, person: &Entrant, id: TeamInvitationId) -> impl Future<Output = Result<()>> + use<> {
        let (app, member) = (self.app.clone(), person.member.clone());
        async move { merge::accept_invitation(&app, &member, SLUG, Door::Invitation(id)).await }
    }

    fn merging(&self, leader: &Entrant, id: MergeRequestId) -> impl Future<Output = Result<()>> + use<> {
        let (app, member) = (self.app.clone(), leader.member.clone());
        async move { merge::accept_request(&app, &member, SLUG, id).await }
    }

    fn choosing(&self, person: &Entrant, id: SubmissionId) -> impl Future<Output = Result<()>> + use<> {
        let (app, entrant) = (self.app.clone(), person.clone());
        async move { choose_final(&app, &entrant, id).await }
    }

    fn leaving(&self, person: &Entrant) -> impl Future<Output = Result<()>> + use<> {
        let (app, member) = (self.app.clone(), person.member.clone());
        async move { manage::leave(&app, &member, SLUG).await.map(|_| ()) }
    }

    async fn sending(&self, person: &Entrant) -> impl Future<Output = Result<()>> + use<> {
        let (app, entrant, upload) = (self.app.clone(), person.clone(), self.upload("0.5", None).await);
        async move { submit(&app, &entrant, upload).await.map(|_| ()) }
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_team_that_several_want_becomes_part_of_one(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..ROUNDS {
        let [ada, bob, cy, dan] = stage.entrants(round, ["ada", "bob", "cyr", "dan"]).await;
        stage.scored(&bob, 0.5, 0.5).await;
        let requests = [
            (&bob, stage.asked(&ada, &bob).await),
            (&bob, stage.asked(&cy, &bob).await),
            (&dan, stage.asked(&bob, &dan).await),
        ];
        let mut gate = Gate::shut(&stage).await;
        for (leader, id) in requests {
            gate.run(stage.merging(leader, id));
        }
        gate.gather(&stage).await;
        let n_done = gate.open().await;
        assert!((1..=2).contains(&n_done), "{n_done} of three");
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn of_two_invitations_one_is_accepted_and_that_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..ROUNDS {
        let [ada, eve, bob] = stage.entrants(round, ["ada", "eve", "bob"]).await;
        let ids = [stage.invited(&ada, &bob).await, stage.invited(&eve, &bob).await];
        let mut gate = Gate::shut(&stage).await;
        for at in 0..6 {
            gate.run(stage.accepting(&bob, ids[at % 2]));
        }
        gate.gather(&stage).await;
        assert_eq!(gate.open().await, 1);
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_last_seat_of_a_team_is_taken_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    sql("update competitions set team_limit = 3").execute(&stage.owner).await.unwrap();
    for round in 0..ROUNDS {
        let [ada, mate, bob, cy, dan] = stage.entrants(round, ["ada", "mat", "bob", "cyr", "dan"]).await;
        stage.joined_by(&ada, mate).await;
        let mut invited = Vec::new();
        for person in [&bob, &cy, &dan] {
            invited.push((person, stage.invited(&ada, person).await));
        }
        let mut gate = Gate::shut(&stage).await;
        for (person, id) in invited {
            gate.run(stage.accepting(person, id));
        }
        gate.gather(&stage).await;
        assert_eq!(gate.open().await, 1);
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_leaves_while_the_team_sends_leaves_before_or_not_at_all(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (mut n_left, mut n_stayed) = (0, 0);
    for round in 0..ROUNDS {
        let [leader, mate] = stage.entrants(round, ["lead", "mate"]).await;
        let mate = stage.joined_by(&leader, mate).await;
        let (by_leader, by_mate) = (stage.sending(&leader).await, stage.sending(&mate).await);
        let mut gate = Gate::shut(&stage).await;
        // Who comes to the gate first is not always the same.
        if round % 2 == 0 {
            gate.run(stage.leaving(&mate));
            gate.gather(&stage).await;
        }
        gate.run(by_leader);
        gate.run(by_mate);
        if round % 2 == 1 {
            gate.gather(&stage).await;
            gate.run(stage.leaving(&mate));
        }
        gate.gather(&stage).await;
        match gate.open().await {
            3 => n_left += 1,
            2 => n_stayed += 1,
            other => panic!("{other} of three: both files are received, whatever comes first"),
        }
        stage.rules_hold().await;
    }
    assert!(n_left > 0 && n_stayed > 0, "{n_left} left, {n_stayed} stayed");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_leadership_goes_to_somebody_who_is_there(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..ROUNDS {
        let [leader, mate] = stage.entrants(round, ["lead", "mate"]).await;
        let mate = stage.joined_by(&leader, mate).await;
        let (app, member, next) = (stage.app.clone(), leader.member.clone(), mate.member.username.clone());
        let mut gate = Gate::shut(&stage).await;
        gate.run(stage.leaving(&mate));
        gate.run(async move {
            match manage::hand_over(&app, &member, SLUG, &next).await {
                Err(AppError::Field { field: "username", .. }) => Err(AppError::NotFound), // has left
                other => other,
            }
        });
        gate.gather(&stage).await;
        assert_eq!(gate.open().await, 1, "who leads does not leave, and who has left does not lead");
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_two_teams_chose_keeps_to_the_limit_of_one(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..ROUNDS {
        let [ada, bob] = stage.entrants(round, ["ada", "bob"]).await;
        let mut choices = Vec::new();
        for person in [&ada, &bob] {
            for score in [0.4, 0.5] {
                choices.push((person, stage.scored(person, score, score).await));
            }
        }
        let id = stage.asked(&ada, &bob).await;
        let mut gate = Gate::shut(&stage).await;
        for (person, id) in choices {
            gate.run(stage.choosing(person, id));
        }
        gate.run(stage.merging(&bob, id));
        gate.gather(&stage).await;
        assert!(gate.open().await >= 3, "the merge and two choices");
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn no_file_is_received_beyond_the_days_five(pool: PgPool) {
    let stage = Stage::open(pool).await;
    stage.at_noon().await;
    for round in 0..ROUNDS / 4 {
        let [ada] = stage.entrants(round, ["ada"]).await;
        let mut files = Vec::new();
        for _ in 0..8 {
            files.push(stage.sending(&ada).await);
        }
        let mut gate = Gate::shut(&stage).await;
        files.into_iter().for_each(|file| gate.run(file));
        gate.gather(&stage).await;
        assert_eq!(gate.open().await, 5);
    }
}

impl Stage {
    /// As if it had never ended.
    async fn reopen(&self) {
        for statement in [
            "delete from final_entries",
            "update competitions set settled_at = null, ends_at = clock_now() + interval '30 hours',
                    entry_deadline_at = clock_now() + interval '20 hours',
                    merger_deadline_at = clock_now() + interval '20 hours'",
        ] {
            sql(statement).execute(&self.owner).await.unwrap();
        }
    }

    /// A moment later: the server knows the database's clock to within a round trip.
    async fn end(&self) {
        tokio::time::sleep(Duration::from_millis(250)).await;
        sql("update competitions set ends_at = clock_now(), entry_deadline_at = clock_now() - interval '1 hour',
                    merger_deadline_at = clock_now() - interval '1 hour'")
            .execute(&self.owner)
            .await
            .unwrap();
    }

    async fn score_all(&self) {
        let next = "select coalesce(min(id), 0) from submissions where state = 'queued'";
        while let id @ 1.. = self.number(next).await {
            self.finish_as_scorer(SubmissionId(id), 0.4).await;
        }
    }

    async fn is_settled(&self) -> bool {
        self.number("select settle_competition(id)::integer::bigint from competitions").await == 1
    }
}

/// Choices and files that were asked for before the end, and get their turn after it.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_final_board_knows_every_choice_and_every_file(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..ROUNDS {
        stage.reopen().await;
        let people = stage.entrants(round, ["ada", "bob", "cyr", "dan", "eve", "fay"]).await;
        let mut sent = Vec::new();
        for person in &people {
            sent.push((person, stage.scored(person, 0.5, 0.5).await));
        }
        let files = [stage.sending(&people[4]).await, stage.sending(&people[5]).await];
        let mut gate = Gate::shut(&stage).await;
        for (person, id) in &sent[..4] {
            gate.run(stage.choosing(person, *id));
        }
        files.into_iter().for_each(|file| gate.run(file));
        gate.gather(&stage).await;
        stage.end().await;
        if round % 2 == 0 {
            assert!(stage.is_settled().await, "nothing that was received waits");
            assert_eq!(gate.open().await, 2, "no choice any more, and both files");
            let counted = "select count(*) from submissions where state = 'queued' and not is_late";
            assert_eq!(stage.number(counted).await, 0, "the board stands: what comes is late");
        } else {
            assert_eq!(gate.open().await, 6, "what was asked before the end counts");
            assert!(!stage.is_settled().await, "two files wait that count");
            stage.score_all().await;
            assert!(stage.is_settled().await);
        }
        let unknown = "select count(*) from final_entries f join submissions s on s.id = f.submission_id
            where f.was_selected <> (s.selected_at is not null)";
        assert_eq!(stage.number(unknown).await, 0, "the board knows every choice");
        stage.score_all().await;
        stage.rules_hold().await;
    }
}
