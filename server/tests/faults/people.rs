//! The people: several of each team send files at the same time, and whoever got no answer sends
//! the same file again under the same key, until an answer comes.

use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use ureq::http::Response;

use crate::dice::Dice;
use crate::files::{Kind, Plan};

/// Nobody may be left without an answer for longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// Somebody of a team with an API token.
#[derive(Clone)]
pub struct Person {
    pub plan: Plan,
    pub team_id: i64,
    pub api: Api,
}

/// One file that somebody sends.
#[derive(Debug, Clone)]
pub struct Errand {
    pub key: String,
    pub kind: Kind,
    pub bytes: Vec<u8>,
    /// Since the storm began.
    pub at: Duration,
}

/// "Received", as the sender was told.
#[derive(Debug, Clone)]
pub struct Receipt {
    pub plan: Plan,
    pub team_id: i64,
    pub id: i64,
    pub received_at: DateTime<Utc>,
    pub log_position: i64,
    pub kind: Kind,
    pub key: String,
    pub sha256: Vec<u8>,
    pub asked_at: Instant,
}

/// "Today's submissions are used up", as the sender was told.
#[derive(Debug, Clone)]
pub struct Refusal {
    pub plan: Plan,
    pub team_id: i64,
    pub answered_at: Instant,
}

#[derive(Debug)]
pub enum Answer {
    Received(Receipt),
    UsedUp(Refusal),
}

/// What people remember.
#[derive(Debug, Default)]
pub struct Memory {
    pub receipts: Vec<Receipt>,
    pub refusals: Vec<Refusal>,
    /// Requests without an answer, or answered by "our mistake".
    pub n_unanswered: usize,
}

impl Memory {
    pub fn keep(&mut self, answer: Answer) {
        match answer {
            Answer::Received(receipt) => self.receipts.push(receipt),
            Answer::UsedUp(refusal) => self.refusals.push(refusal),
        }
    }
}

/// The JSON API with somebody's token.
#[derive(Clone)]
pub struct Api {
    base: String,
    authorization: String,
    agent: ureq::Agent,
}

impl Api {
    pub fn new(address: &str, token: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(15)));
        Self {
            base: format!("{address}/api/v1"),
            authorization: format!("Bearer {token}"),
            agent: config.build().into(),
        }
    }

    pub fn get(&self, path: &str) -> Option<Value> {
        let request = self.agent.get(format!("{}{path}", self.base));
        let mut answer = request.header("authorization", &self.authorization).call().ok()?;
        if answer.status().is_success() { answer.body_mut().read_json().ok() } else { None }
    }

    pub fn post(&self, path: &str) -> Option<Value> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let mut answer = request.header("authorization", &self.authorization).send_empty().ok()?;
        if answer.status().is_success() { answer.body_mut().read_json().ok() } else { None }
    }

    fn send(&self, slug: &str, errand: &Errand) -> Result<Response<ureq::Body>, ureq::Error> {
        self.agent
            .post(format!("{}/competitions/{slug}/submissions", self.base))
            .header("authorization", &self.authorization)
            .header("x-file-name", "predictions.csv")
            .header("idempotency-key", &errand.key)
            .send(errand.bytes.as_slice())
    }
}

impl Person {
    /// Sends one file until there is an answer; counts the times without one.
    pub fn send(&self, errand: &Errand, n_unanswered: &mut usize) -> Answer {
        let asked_at = Instant::now();
        loop {
            match self.api.send(self.plan.slug, errand) {
                Ok(mut answer) => {
                    let status = answer.status().as_u16();
                    let text = answer.body_mut().read_to_string();
                    match (status, text) {
                        (201, Ok(text)) => return self.receipt(errand, &text, asked_at),
                        (429, Ok(text)) => {
                            assert!(text.contains("used up"), "{text}");
                            let (plan, team_id) = (self.plan, self.team_id);
                            return Answer::UsedUp(Refusal { plan, team_id, answered_at: Instant::now() });
                        }
                        (500.., _) | (_, Err(_)) => {}
                        (status, Ok(text)) => panic!("{errand:?}: {status} {text}"),
                    }
                }
                Err(error) => assert!(asked_at.elapsed() < PATIENCE, "no answer to {}: {error}", errand.key),
            }
            assert!(asked_at.elapsed() < PATIENCE, "no answer to {} but a mistake of ours", errand.key);
            *n_unanswered += 1;
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn receipt(&self, errand: &Errand, text: &str, asked_at: Instant) -> Answer {
        let document: Value = serde_json::from_str(text).unwrap();
        let sha256 = Sha256::digest(&errand.bytes).to_vec();
        assert_eq!(document["sha256"], hex::encode(&sha256), "the receipt names the bytes that were sent");
        Answer::Received(Receipt {
            plan: self.plan,
            team_id: self.team_id,
            id: document["id"].as_i64().unwrap(),
            received_at: document["received_at"].as_str().unwrap().parse().unwrap(),
            log_position: document["log_position"].as_i64().unwrap(),
            kind: errand.kind,
            key: errand.key.clone(),
            sha256,
            asked_at,
        })
    }

    /// How many more this team may send today.
    pub fn left(&self, submission: i64) -> i64 {
        let path = format!("/competitions/{}/submissions/{submission}", self.plan.slug);
        self.api.get(&path).unwrap()["allowance"]["left"].as_i64().unwrap()
    }
}

/// All that the members of one team send, at moments spread over `storm`.
pub fn errands(
    plan: &Plan,
    team_id: i64,
    member: usize,
    n: usize,
    storm: Duration,
    dice: &mut Dice,
) -> Vec<Errand> {
    let mut drawn: Vec<Errand> = (0..n)
        .map(|number| {
            let kind = Kind::draw(dice);
            Errand {
                key: format!("{team_id}-{member}-{number}"),
                kind,
                bytes: kind.bytes(plan, dice.part(number as u64)),
                at: Duration::from_millis(dice.between(0, storm.as_millis() as u64)),
            }
        })
        .collect();
    drawn.sort_by_key(|errand| errand.at);
    drawn
}

/// Has somebody send their files, each when its moment comes.
pub fn set_out(person: Person, errands: Vec<Errand>, memory: Arc<Mutex<Memory>>) -> JoinHandle<()> {
    let start = Instant::now();
    std::thread::spawn(move || {
        for errand in errands {
            std::thread::sleep(errand.at.saturating_sub(start.elapsed()));
            let mut n_unanswered = 0;
            let answer = person.send(&errand, &mut n_unanswered);
            let mut memory = memory.lock().unwrap();
            memory.n_unanswered += n_unanswered;
            memory.keep(answer);
        }
    })
}
