//! Checks a file against the sample submission, with the rules of the competition's metric. Reads no
//! label: anyone may ask for it, as often as they like.

use holdout_contract::rejection::Rejection;
use holdout_contract::spec::Layout;

use crate::intake::sample::{Columns, Sample};
use crate::intake::{self, Content, Limits};
use crate::judge::Judge;
use crate::solution::Solution;

/// Reads a sample submission. With a metric, its cells' rules apply (probabilities, whole numbers);
/// without, a column of numbers must hold numbers and any other column text.
///
/// # Errors
/// What is wrong with the sample itself.
pub fn prepare(content: &Content, judge: Option<&Judge>, limits: &Limits) -> Result<Sample, Rejection> {
    let header = intake::read_header(content, limits)?;
    let columns = match judge {
        Some(judge) => Columns {
            id: sample_id(&header, judge),
            rules: header.iter().map(|name| Solution::submission_rule(judge, name)).collect(),
            are_classes: judge.layout() == Layout::ClassColumns,
        },
        None => Columns::guessed(&intake::read_texts(content, limits)?.1),
    };
    let table = intake::read(content, limits, |_| Ok(columns.plan(&header)))?;
    Sample::new(&header, columns, table)
}

/// Checks a submission against a sample submission; returns the number of rows.
///
/// # Errors
/// The sentence for the participant (or for the host, when the sample itself is wrong).
pub fn check_against_sample(
    sample: &Content,
    submission: &Content,
    judge: Option<&Judge>,
    limits: &Limits,
) -> Result<u64, Rejection> {
    let sample = prepare(sample, judge, limits)?;
    let table = intake::read(submission, limits, |header| sample.plan(header))?;
    sample.match_rows(&table, submission)
}

fn sample_id(header: &[String], judge: &Judge) -> usize {
    let named = judge.context.text("id_column");
    named.and_then(|name| header.iter().position(|column| column == name)).unwrap_or(0)
}
