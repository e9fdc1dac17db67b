//! What speaks for probing, in words. Pure.

use chrono::{DateTime, Utc};

use crate::ids::SubmissionId;
use crate::web::format;

/// A submission with at least one sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Suspect {
    pub submission_id: SubmissionId,
    pub team: String,
    pub sender: String,
    pub received_at: DateTime<Utc>,
    pub n_rows: i32,
    pub n_changed: Option<i32>,
    /// The team's file before, which it was compared with.
    pub previous_id: Option<SubmissionId>,
    pub n_far_out: Option<i32>,
    pub n_ladder: Option<i32>,
    pub n_blocks: Option<i32>,
}

/// One sign: its name in JSON and the evidence as a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sign {
    pub name: &'static str,
    pub sentence: String,
}

impl Suspect {
    pub fn signs(&self) -> Vec<Sign> {
        let rows = format::count_i32(&self.n_rows);
        let sign = |name, n: Option<i32>, sentence: &dyn Fn(i32) -> String| {
            n.map(|n| Sign { name, sentence: sentence(n) })
        };
        [
            sign("few_changes", self.n_changed, &|n| {
                let before = self.previous_id.map_or_else(String::new, |id| format!(", submission {id}"));
                format!("It differs from the team's file before{before}, in {} of {rows} rows alone.", told(n))
            }),
            sign("far_out", self.n_far_out, &|n| {
                format!(
                    "In {} of {rows} rows it is more than a hundred times as far from zero as anything that could be true: one such row tells its label through the score.",
                    told(n)
                )
            }),
            sign("ladder", self.n_ladder, &|n| {
                format!(
                    "All rows but {} have one probability, of one class at least, and these climb in even steps: from one score their labels can be told.",
                    told(n)
                )
            }),
            sign("blocks", self.n_blocks, &|n| {
                format!("In the order of the solution it is {} blocks that say one thing each.", told(n))
            }),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    pub fn sample() -> Self {
        Self {
            submission_id: SubmissionId(9),
            team: "Difference Engine".to_owned(),
            sender: "ada".to_owned(),
            received_at: DateTime::UNIX_EPOCH,
            n_rows: 10_000,
            n_changed: Some(3),
            previous_id: Some(SubmissionId(7)),
            n_far_out: Some(1),
            n_ladder: None,
            n_blocks: None,
        }
    }
}

fn told(n: i32) -> String {
    format::count_i32(&n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_is_told_with_its_evidence() {
        let names = |suspect: &Suspect| suspect.signs().iter().map(|sign| sign.name).collect::<Vec<_>>();
        assert_eq!(names(&Suspect::sample()), ["few_changes", "far_out"]);
        let others = Suspect {
            n_changed: None,
            n_far_out: None,
            n_ladder: Some(12),
            n_blocks: Some(4),
            ..Suspect::sample()
        };
        assert_eq!(names(&others), ["ladder", "blocks"]);
        let sentence = &Suspect::sample().signs()[0].sentence;
        assert!(sentence.contains("submission 7, in 3 of 10"), "{sentence}");
    }
}
