//! The reckoning after the storm: what people were told, what the database holds and what the
//! stored bytes are worth must be one and the same.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono::NaiveDate;
use sha2::{Digest, Sha256};

use crate::files::{Kind, Plan, Worth};
use crate::people::{Api, Memory, Receipt};
use crate::records::{Arena, Place, Records, Score, Submission};

/// Chosen by nobody, so the best two public ones stand in.
const FINAL_LIMIT: usize = 2;

/// What one competition comes to, computed from the stored bytes alone.
pub struct Recomputed {
    pub public_board: Vec<Place>,
    pub final_board: Vec<Place>,
}

/// Compares everything that is on record of a competition with what was sent to it.
pub fn reckon(records: &Records, arena: &Arena, memory: &Memory, files: &Path) -> Recomputed {
    let submissions = records.submissions(arena);
    assert_eq!(submissions.len() as i64, records.n_submissions(arena), "each stands in the log once");
    nothing_is_lost(arena, &submissions, memory);
    the_log_is_a_chain(&submissions);
    quotas_are_right(&arena.plan, &submissions, memory);
    let worth = each_is_judged_once(arena, &submissions, memory, files);
    scores_are_right(&records.scores(arena), &submissions, &worth);
    assert_eq!(
        records.n_entries(arena),
        worth.len() as i64,
        "each entry of {} is counted once",
        arena.plan.slug
    );
    let recomputed = recompute(&arena.plan, &submissions, &worth);
    assert_eq!(
        records.public_board(arena),
        recomputed.public_board,
        "the public board of {}",
        arena.plan.slug
    );
    recomputed
}

/// The board that people are shown is this one.
pub fn is_shown(api: &Api, plan: &Plan, board: &[Place]) {
    let document = api.get(&format!("/competitions/{}/leaderboard?limit=200", plan.slug)).expect("a board");
    let shown = document["items"].as_array().unwrap();
    assert_eq!(shown.len(), board.len(), "{document}");
    for (row, place) in shown.iter().zip(board) {
        assert_eq!(row["team_id"], place.team_id, "{document}");
        assert_eq!(row["n_entries"], place.n_entries, "{document}");
        let score = row["score"].as_f64().unwrap();
        assert!((score - place.score).abs() < 1e-11, "shown with 12 decimals: {row} {place:?}");
    }
}

/// "Received" and the table of submissions say the same, both ways.
fn nothing_is_lost(arena: &Arena, submissions: &[Submission], memory: &Memory) {
    let told = memory.receipts.iter().filter(|receipt| receipt.plan.slug == arena.plan.slug);
    let told: HashMap<i64, &Receipt> = told.map(|receipt| (receipt.id, receipt)).collect();
    assert_eq!(told.len(), submissions.len(), "{}: as many receipts as submissions", arena.plan.slug);
    for submission in submissions {
        let receipt = told[&submission.id];
        assert_eq!(submission.key, receipt.key);
        assert_eq!(submission.team_id, receipt.team_id);
        assert_eq!(submission.sha256, receipt.sha256);
        assert_eq!(submission.received_at, receipt.received_at);
        assert_eq!(submission.log_position, receipt.log_position);
        assert!(!submission.is_late, "{submission:?}");
    }
}

/// SHA-256 of the hash before and of the leaf: nonce, the file's hash, the time in microseconds and the team.
fn the_log_is_a_chain(submissions: &[Submission]) {
    let mut previous = vec![0; 32];
    for (position, submission) in (1..).zip(submissions) {
        assert_eq!(submission.log_position, position);
        let mut hasher = Sha256::new();
        hasher.update(b"holdout entry 1\n");
        hasher.update(&submission.nonce);
        hasher.update(&submission.sha256);
        hasher.update(submission.received_at.timestamp_micros().to_be_bytes());
        hasher.update(submission.team_id.to_be_bytes());
        let leaf = hasher.finalize();
        previous = Sha256::new().chain_update(&previous).chain_update(leaf).finalize().to_vec();
        assert_eq!(submission.entry_hash, previous, "entry {position} of the log");
    }
}

/// No team has more on one UTC day than it may, and who was refused had used up a day.
fn quotas_are_right(plan: &Plan, submissions: &[Submission], memory: &Memory) {
    let mut counted: BTreeMap<(i64, NaiveDate), i32> = BTreeMap::new();
    for submission in submissions.iter().filter(|submission| submission.state != "rejected") {
        *counted.entry((submission.team_id, submission.received_at.date_naive())).or_default() += 1;
    }
    for ((team_id, day), n) in counted {
        assert!(n <= plan.daily_limit, "team {team_id} of {} has {n} on {day}", plan.slug);
    }
    for refusal in memory.refusals.iter().filter(|refusal| refusal.plan.slug == plan.slug) {
        let mut asked: BTreeMap<NaiveDate, i32> = BTreeMap::new();
        let before = memory
            .receipts
            .iter()
            .filter(|receipt| receipt.team_id == refusal.team_id && receipt.asked_at < refusal.answered_at);
        for receipt in before {
            *asked.entry(receipt.received_at.date_naive()).or_default() += 1;
        }
        assert!(
            asked.values().any(|n| *n >= plan.daily_limit),
            "refused without cause: {refusal:?} {asked:?}"
        );
    }
}

/// Each is scored or rejected for the reason it was sent for, by one job. Gives what each that fits
/// is worth.
fn each_is_judged_once(
    arena: &Arena,
    submissions: &[Submission],
    memory: &Memory,
    files: &Path,
) -> HashMap<i64, Worth> {
    let kinds: HashMap<i64, Kind> =
        memory.receipts.iter().map(|receipt| (receipt.id, receipt.kind)).collect();
    let mut worth = HashMap::new();
    for submission in submissions {
        let stored = std::fs::read(files.join(&submission.storage_key)).unwrap();
        assert_eq!(Sha256::digest(&stored).to_vec(), submission.sha256, "the bytes that were received");
        assert_eq!(submission.jobs, ["score done"], "{submission:?}");
        match kinds[&submission.id] {
            Kind::Good => {
                assert_eq!(submission.state, "scored", "{submission:?}");
                worth.insert(submission.id, arena.plan.worth(&stored));
            }
            Kind::Bad(flaw) => {
                assert_eq!(submission.state, "rejected", "{submission:?}");
                assert_eq!(submission.reason.as_deref(), Some(flaw.reason()), "{submission:?}");
            }
        }
        assert_eq!(submission.failure, None);
    }
    worth
}

fn scores_are_right(scores: &[Score], submissions: &[Submission], worth: &HashMap<i64, Worth>) {
    assert_eq!(scores.len(), worth.len(), "one score each, and none for what was rejected");
    let submissions: HashMap<i64, &Submission> =
        submissions.iter().map(|submission| (submission.id, submission)).collect();
    for score in scores {
        let right = worth[&score.submission_id];
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        assert_eq!(bits(score.public), bits(Some(right.public)), "{score:?} {right:?}");
        assert_eq!(bits(score.private), bits(Some(right.private)), "{score:?} {right:?}");
        let submission = submissions[&score.submission_id];
        assert_eq!((score.team_id, score.received_at), (submission.team_id, submission.received_at));
    }
}

/// Both boards from nothing but the submissions and what they are worth.
fn recompute(plan: &Plan, submissions: &[Submission], worth: &HashMap<i64, Worth>) -> Recomputed {
    let key = |score: f64| if plan.metric.higher_is_better() { -score } else { score };
    let mut teams: BTreeMap<i64, Vec<(&Submission, Worth)>> = BTreeMap::new();
    for submission in submissions {
        if let Some(worth) = worth.get(&submission.id) {
            teams.entry(submission.team_id).or_default().push((submission, *worth));
        }
    }
    // Equal scores: the earlier entry ranks higher.
    let in_order = |entries: &mut Vec<(&Submission, f64)>| {
        entries.sort_by(|(a, left), (b, right)| {
            key(*left).total_cmp(&key(*right)).then(a.received_at.cmp(&b.received_at)).then(a.id.cmp(&b.id))
        });
    };
    let (mut public, mut private) = (Vec::new(), Vec::new());
    let mut entries_of = HashMap::new();
    for (team_id, entries) in &teams {
        let last_at = entries.iter().map(|(submission, _)| submission.received_at).max().unwrap();
        entries_of.insert(*team_id, (entries.len() as i32, last_at));
        let mut own: Vec<_> = entries.iter().map(|(submission, worth)| (*submission, worth.public)).collect();
        in_order(&mut own);
        public.push(own[0]);
        own.truncate(FINAL_LIMIT);
        let mut finals: Vec<_> =
            own.iter().map(|(submission, _)| (*submission, worth[&submission.id].private)).collect();
        in_order(&mut finals);
        private.push(finals[0]);
    }
    in_order(&mut public);
    in_order(&mut private);
    let places = |board: Vec<(&Submission, f64)>| {
        let place = |(submission, score): (&Submission, f64)| {
            let (n_entries, last_entry_at) = entries_of[&submission.team_id];
            Place {
                team_id: submission.team_id,
                submission_id: submission.id,
                score,
                n_entries,
                last_entry_at,
            }
        };
        board.into_iter().map(place).collect()
    };
    Recomputed { public_board: places(public), final_board: places(private) }
}
