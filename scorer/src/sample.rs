//! Checks a file against the sample submission, with the rules of the competition's metric. Reads no
//! label: anyone may ask for it, as often as they like.

use holdout_contract::rejection::Rejection;

use crate::intake::sample::{Sample, guessed_rules, plan_of_sample};
use crate::intake::{self, CellRule, Content, Limits};
use crate::judge::Judge;
use crate::solution::Solution;

/// Reads a sample submission. With a metric, its cells' rules apply (probabilities, whole numbers);
/// without, a column of numbers must hold numbers and any other column text.
///
/// # Errors
/// What is wrong with the sample itself.
pub fn prepare(content: &Content<'_>, judge: Option<&Judge>, limits: &Limits) -> Result<Sample, Rejection> {
    let header = intake::read_header(content, limits)?;
    let rules: Vec<CellRule> = match judge {
        Some(judge) => header.iter().map(|name| Solution::submission_rule(judge, name)).collect(),
        None => guessed_rules(&intake::read_texts(content, limits)?.1),
    };
    let plan = plan_of_sample(&header, sample_id(&header, judge), &rules);
    let table = intake::read(content, limits, |_| Ok(plan.clone()))?;
    Sample::new(&plan, table)
}

/// Checks a submission against a sample submission; returns the number of rows.
///
/// # Errors
/// The sentence for the participant (or for the host, when the sample itself is wrong).
pub fn check_against_sample(
    sample: &Content<'_>,
    submission: &Content<'_>,
    judge: Option<&Judge>,
    limits: &Limits,
) -> Result<u64, Rejection> {
    let sample = prepare(sample, judge, limits)?;
    let table = intake::read(submission, limits, |header| sample.plan(header))?;
    sample.match_rows(&table, submission)
}

fn sample_id(header: &[String], judge: Option<&Judge>) -> usize {
    let named = judge.and_then(|judge| judge.context.text("id_column"));
    named.and_then(|name| header.iter().position(|column| column == name)).unwrap_or(0)
}
