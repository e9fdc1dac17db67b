//! Bad luck: more than five hundred files are sent to a house whose processes are killed, whose
//! clock jumps, whose disk is full and whose storage fails, all as a seed decides. Afterwards every
//! file that was received is scored exactly once, or rejected with its reason, and quotas, log and
//! boards are what the stored bytes say.
//!
//! Once the files lie in a folder that comes and goes, once in a bucket on the way to which half of all
//! calls fail during the whole storm, and all of them now and then.
//!
//! `HOLDOUT_FAULT_SEED=17 cargo test -p holdout --test faults` plays one seed again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod dice;
mod files;
mod house;
mod machine;
mod people;
mod reckoning;
mod records;
#[path = "../../../scorer/contract/tests/s3/mod.rs"]
#[expect(dead_code, reason = "other tests use the rest of it")]
mod s3;
mod schedule;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use dice::Dice;
use files::{Kind, PLANS};
use house::{House, Keeping};
use people::{Answer, Api, Errand, Memory, Person};
use reckoning::Recomputed;
use records::{Arena, Records};
use schedule::{Event, Fault, STORM, Schedule};
use serde_json::Value;

/// Played on every machine, so that a mistake found once stays found.
const USUAL_SEED: u64 = 3;
/// A file that was received before the last fault is judged this long after it.
const PATIENCE: Duration = Duration::from_secs(60);
const N_RECEIVED: usize = 500;
const MEMBERS: usize = 2;

#[test]
fn the_usual_bad_day_loses_nothing() {
    Day::begin(wanted_seed().unwrap_or(USUAL_SEED), Keeping::InFolder).live_through();
}

#[test]
fn a_bad_day_with_object_storage_that_fails_half_of_the_time_loses_nothing() {
    Day::begin(wanted_seed().unwrap_or(USUAL_SEED), Keeping::InBucket).live_through();
}

#[test]
fn another_bad_day_loses_nothing() {
    if wanted_seed().is_none() {
        Day::begin(u64::from(uuid::Uuid::new_v4().as_fields().0), Keeping::InFolder).live_through();
    }
}

fn wanted_seed() -> Option<u64> {
    let text = std::env::var("HOLDOUT_FAULT_SEED").ok()?;
    Some(text.parse().expect("HOLDOUT_FAULT_SEED is a whole number"))
}

struct Day {
    house: House,
    records: Records,
    arenas: Vec<Arena>,
    people: Vec<Person>,
    host: Api,
    schedule: Schedule,
    /// What the clock is off the truth before any fault.
    usual_offset: TimeDelta,
    dice: Dice,
}

impl Day {
    /// A house with four competitions and their teams, at the hour that the seed says.
    fn begin(seed: u64, keeping: Keeping) -> Self {
        println!("HOLDOUT_FAULT_SEED={seed}");
        let mut dice = Dice::new(seed);
        let schedule = Schedule::draw(&mut dice);
        let mut house = House::new(keeping, seed);
        let usual_offset = offset_to_minute(&house, schedule.begins_at_minute);
        house.machine.set_clock(usual_offset);
        house.wait(PATIENCE, "the site answers", House::is_ready);
        let records = Records::of(&house.data());
        house.wait(PATIENCE, "a scorer is there", |_| records.has_scorer());
        let (host_id, token) = records.person("host");
        let host = Api::new(&house.address(), &token);
        let arenas: Vec<Arena> =
            PLANS.iter().map(|plan| records.competition(*plan, host_id, &house.files())).collect();
        let people = arenas.iter().flat_map(|arena| settle_in(&house, &records, arena)).collect();
        Self { house, records, arenas, people, host, schedule, usual_offset, dice }
    }

    fn live_through(mut self) {
        let start = Instant::now();
        let say = |what: &str| println!("{:5.1} s  {what}", start.elapsed().as_secs_f64());
        let memory = Arc::new(Mutex::new(Memory::default()));
        let senders = self.send_all(&memory);
        self.storm(&senders);
        say("the storm is over");
        for sender in senders {
            sender.join().expect("everybody got an answer");
        }
        let mut memory = Arc::into_inner(memory).unwrap().into_inner().unwrap();
        self.rest();
        say("everything is judged");
        self.send_what_is_left(&mut memory);
        self.send_until_enough(&mut memory);
        self.rest();
        say("what was left of the day is used");
        println!(
            "{} received, {} refused, {} times no answer; {} jobs repeated, {} put off; {} times a full disk; \
             {:?} calls of storage failed",
            memory.receipts.len(),
            memory.refusals.len(),
            memory.n_unanswered,
            self.records.n_repeated(),
            self.records.n_put_off(),
            self.house.machine.n_refused_writes(),
            self.house.n_failed_calls(),
        );
        self.every_fault_was_felt(&memory);
        let expected = self.reckon(&memory);
        say("records and public boards are right");
        verify(&mut self.house, &self.host, &self.arenas);
        say("every score is verified");
        self.end(&expected);
        say("the private boards are right");
        self.house.close();
        say("the house is closed");
    }

    fn send_all(&mut self, memory: &Arc<Mutex<Memory>>) -> Vec<JoinHandle<()>> {
        let mut members: HashMap<i64, usize> = HashMap::new();
        let mut senders = Vec::new();
        for person in &self.people {
            let member = members.entry(person.team_id).or_default();
            let n = person.plan.n_sent / MEMBERS;
            let errands = people::errands(&person.plan, person.team_id, *member, n, STORM, &mut self.dice);
            *member += 1;
            senders.push(people::set_out(person.clone(), errands, memory.clone()));
        }
        senders
    }

    /// Lets everything happen that the schedule says, and ends when all senders have their answers.
    fn storm(&mut self, senders: &[JoinHandle<()>]) {
        let start = Instant::now();
        let mut lasting = Vec::new();
        self.house.begin_to_fail();
        for event in self.schedule.events.clone() {
            while start.elapsed() < event.at {
                self.house.keep();
                std::thread::sleep(Duration::from_millis(20));
            }
            lasting.extend(self.strike(event));
        }
        self.house
            .wait(PATIENCE * 2, "everybody has an answer", |_| senders.iter().all(JoinHandle::is_finished));
        for fault in lasting {
            fault.join().unwrap();
        }
        self.house.fail_no_more();
    }

    fn strike(&mut self, event: Event) -> Option<JoinHandle<()>> {
        if matches!(event.fault, Fault::KillScorer | Fault::KillChild) {
            self.records.wait_for_work(Duration::from_millis(400));
        }
        let house = &mut self.house;
        let mut lasting = None;
        let mut has_struck = true;
        match event.fault {
            Fault::KillScorer => has_struck = house.kill("work", &mut self.dice),
            Fault::KillChild => has_struck = house.kill("child", &mut self.dice),
            Fault::KillDatabase => has_struck = house.kill("cluster", &mut self.dice),
            Fault::KillConnection => has_struck = house.kill_connection(&mut self.dice),
            Fault::KillServer => has_struck = house.kill("serve", &mut self.dice),
            Fault::KillHouse => has_struck = house.kill_supervisor(),
            Fault::SetClock { hours } => house.machine.set_clock(self.usual_offset + TimeDelta::hours(hours)),
            Fault::DiskFull { lasts } => lasting = Some(house.machine.fill_disk(lasts)),
            Fault::StorageFails { lasts } => {
                lasting = Some(house.fail_storage(lasts, self.dice.part(0)));
            }
        }
        let missed = if has_struck { "" } else { " (nothing to hit)" };
        println!("{:5.1} s  {:?}{missed}", event.at.as_secs_f64(), event.fault);
        lasting
    }

    /// Waits until no job waits or runs.
    fn rest(&mut self) {
        let records = &self.records;
        let start = Instant::now();
        self.house.wait(PATIENCE * 2, "everything is judged", |house| {
            let n_open = records.n_open_jobs();
            assert!(start.elapsed() < PATIENCE, "{n_open:?} still wait: {:#?}", records.what_waits());
            n_open == Some(0) && house.is_ready()
        });
    }

    /// Every team with a small limit sends what it may still send, and one more, which is refused.
    fn send_what_is_left(&mut self, memory: &mut Memory) {
        let teams: HashMap<i64, Person> =
            self.people.iter().map(|person| (person.team_id, person.clone())).collect();
        for person in teams.into_values().filter(|person| person.plan.daily_limit < 100) {
            let own = memory.receipts.iter().find(|receipt| receipt.team_id == person.team_id);
            let left = person.left(own.expect("every team got something through").id);
            for number in 0..=left {
                let answer = self.send_good(&person, &format!("left-{number}"), memory);
                let is_received = matches!(answer, Answer::Received(_));
                assert_eq!(
                    is_received,
                    number < left,
                    "{left} are left, and number {number} is answered {answer:?}"
                );
                memory.keep(answer);
            }
        }
    }

    fn send_until_enough(&mut self, memory: &mut Memory) {
        let person = self.people.iter().rfind(|person| person.plan.slug == "roomy").unwrap().clone();
        let mut number = 0;
        while memory.receipts.len() < N_RECEIVED {
            number += 1;
            let answer = self.send_good(&person, &format!("more-{number}"), memory);
            memory.keep(answer);
        }
    }

    fn send_good(&mut self, person: &Person, name: &str, memory: &mut Memory) -> Answer {
        let bytes = Kind::Good.bytes(&person.plan, self.dice.part(0));
        let key = format!("{}-{name}", person.team_id);
        let errand = Errand { key, kind: Kind::Good, bytes, at: Duration::ZERO };
        person.send(&errand, &mut memory.n_unanswered)
    }

    /// A storm that nobody noticed proves nothing.
    fn every_fault_was_felt(&self, memory: &Memory) {
        assert!(memory.n_unanswered > 0, "some requests got no answer");
        assert!(!memory.refusals.is_empty(), "limits were reached");
        assert!(self.records.n_repeated() + self.records.n_put_off() > 0, "some jobs were tried again");
        assert!(self.house.machine.n_refused_writes() > 0, "the disk was full");
        assert!(self.house.n_failed_calls().is_none_or(|(failed, all)| failed > 500 && failed > all / 3));
    }

    fn reckon(&self, memory: &Memory) -> Vec<Recomputed> {
        let files = self.house.files();
        let reckon = |arena: &Arena| {
            let recomputed = reckoning::reckon(&self.records, arena, memory, &files);
            reckoning::is_shown(&self.host, &arena.plan, &recomputed.public_board);
            recomputed
        };
        self.arenas.iter().map(reckon).collect()
    }

    /// Passes the end, after which private scores may be seen.
    fn end(&mut self, expected: &[Recomputed]) {
        self.house.machine.set_clock(self.usual_offset + TimeDelta::days(31));
        for (arena, recomputed) in self.arenas.iter().zip(expected) {
            let records = &self.records;
            self.house.wait(PATIENCE, "the final board stands", |_| !records.final_board(arena).is_empty());
            assert_eq!(
                records.final_board(arena),
                recomputed.final_board,
                "the private board of {}",
                arena.plan.slug
            );
            assert_eq!(records.public_board(arena), recomputed.public_board);
            reckoning::is_shown(&self.host, &arena.plan, &recomputed.final_board);
        }
    }
}

/// Has the platform itself compute every score again from the stored bytes.
fn verify(house: &mut House, host: &Api, arenas: &[Arena]) {
    let ask = |arena: &Arena| {
        let path = format!("/competitions/{}/verifications", arena.plan.slug);
        let asked = host.post(&path).expect("a verification");
        format!("{path}/{}", asked["id"])
    };
    for path in arenas.iter().map(ask).collect::<Vec<_>>() {
        let mut last = Value::Null;
        house.wait(PATIENCE, "every score is verified", |_| {
            last = host.get(&path).unwrap_or_default();
            last["finished_at"].is_string()
        });
        assert_eq!(last["is_clean"], true, "{last}");
    }
}

fn settle_in(house: &House, records: &Records, arena: &Arena) -> Vec<Person> {
    let mut people = Vec::new();
    for team in 0..arena.plan.n_teams {
        let name = format!("{}-{team}", arena.plan.slug);
        let members: Vec<_> =
            (0..MEMBERS).map(|member| records.person(&format!("{name}-{member}"))).collect();
        let ids: Vec<i64> = members.iter().map(|(id, _)| *id).collect();
        let team_id = records.team(arena, &name, &ids);
        let person =
            |token: &str| Person { plan: arena.plan, team_id, api: Api::new(&house.address(), token) };
        people.extend(members.iter().map(|(_, token)| person(token)));
    }
    people
}

/// From the true time to the next moment at which a day has this minute.
fn offset_to_minute(house: &House, minute: u64) -> TimeDelta {
    let now = house.machine.now();
    let wanted =
        now.date_naive().and_time(chrono::NaiveTime::MIN).and_utc() + TimeDelta::minutes(minute as i64);
    wanted - now
}
