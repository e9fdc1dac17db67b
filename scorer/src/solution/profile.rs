//! What may be said of a solution without telling any row's label.

use holdout_contract::examine::{Profile, TargetKind};
use holdout_contract::format::SubmissionFormat;
use holdout_contract::spec::{Layout, Task};

use super::{Solution, Split, Truth};
use crate::intake::CellRule;

impl Solution {
    /// Counts, columns and kinds of targets.
    pub fn profile(&self) -> Profile {
        Profile {
            id_column: self.id_name.clone(),
            target_columns: self.target_names.clone(),
            extra_columns: self.extra_names.clone(),
            n_public: self.n_public as u64,
            n_private: self.n_private as u64,
            n_ignored: self.n_ignored() as u64,
            split_was_made: self.split_was_made,
            targets: self.truths.iter().map(|truth| self.target_kind(truth)).collect(),
            submission: Some(self.submission_format()),
        }
    }

    /// What a submission must hold.
    pub fn submission_format(&self) -> SubmissionFormat {
        SubmissionFormat {
            id_column: self.id_name.clone(),
            columns: self.expected.clone(),
            are_classes: self.layout == Layout::ClassColumns,
        }
    }

    fn target_kind(&self, truth: &Truth) -> TargetKind {
        let is_rating = matches!(self.expected.first().map(|e| &e.rule), Some(CellRule::Integer { .. }));
        match truth {
            Truth::Numbers(numbers) => number_kind(numbers, is_rating),
            Truth::Codes(_) if self.classes.names.len() == 2 => {
                TargetKind::Binary { classes: self.class_names() }
            }
            Truth::Codes(_) => TargetKind::Classes { classes: self.class_names() },
            Truth::Texts(_) => match self.judge.metric.about().task {
                Task::Text | Task::Segmentation | Task::Detection => TargetKind::Text,
                _ => TargetKind::Lists,
            },
        }
    }

    /// How many rows of each class a split has, by code; empty where the truth is no label and no 0/1.
    pub fn class_counts(&self, split: Split) -> Vec<u64> {
        let range = self.range(split);
        match self.truths.first() {
            Some(Truth::Codes(codes)) => {
                let mut counts = vec![0; self.classes.names.len()];
                codes[range].iter().for_each(|code| counts[*code as usize] += 1);
                counts
            }
            Some(Truth::Numbers(numbers)) if numbers.iter().all(|n| *n == 0.0 || *n == 1.0) => {
                let n_positive = numbers[range.clone()].iter().filter(|n| **n == 1.0).count();
                vec![(range.len() - n_positive) as u64, n_positive as u64]
            }
            _ => Vec::new(),
        }
    }
}

fn number_kind(numbers: &[f64], is_rating: bool) -> TargetKind {
    let (low, high) = numbers.iter().fold((f64::MAX, f64::MIN), |(low, high), n| (low.min(*n), high.max(*n)));
    let is_whole = numbers.iter().all(|number| number.fract() == 0.0);
    if is_rating && is_whole {
        return TargetKind::Ratings { minimum: low as i64, maximum: high as i64 };
    }
    if low == 0.0 && high == 1.0 && is_whole {
        return TargetKind::Binary { classes: vec!["0".into(), "1".into()] };
    }
    TargetKind::Number { is_whole, has_negative: low < 0.0, has_zero: numbers.contains(&0.0) }
}
