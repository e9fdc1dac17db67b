//! Checks that mean nothing for a kind of metric are told with the reason, so that a report is never silent about one.

use holdout_contract::audit::{Check, Verdict};

use super::case::Family;
use super::report::check;

/// Every check of the metric on its labels, by the letter that its name begins with.
const NAMES: [&str; 10] = [
    "A exchange",
    "B over/under",
    "C relabel",
    "D invariance",
    "E honest report",
    "E2 volume bias",
    "F degenerate",
    "G leverage",
    "H influence",
    "K dead rows",
];

/// Adds the checks that are not there and have a reason not to be.
pub fn complete(checks: &mut Vec<Check>, reason: impl Fn(&str) -> Option<String>) {
    let letter = |name: &str| name.split(' ').next().unwrap_or_default().to_owned();
    for name in NAMES {
        if checks.iter().any(|known| letter(&known.check) == letter(name)) {
            continue;
        }
        if let Some(reason) = reason(name) {
            checks.push(check(name, Verdict::NotApplicable, None, reason));
        }
    }
}

/// Why a check means nothing for values in columns.
pub fn reason(family: Family, name: &str) -> Option<String> {
    use Family::{Class, ClassProbabilities, Distribution, Number, Probability, Rating, Yes};
    let reason = match (name, family) {
        ("A exchange", Probability | ClassProbabilities) => "A label and a probability are not of one kind.",
        ("A exchange", Distribution) => "A number and a distribution are not of one kind.",
        ("B over/under", Probability | Yes | Class | ClassProbabilities) => {
            "Classes have no size that could be too much or too little."
        }
        ("B over/under", Rating) => "Ratings have two ends, and neither is too much or too little.",
        ("B over/under", Distribution) => {
            "A distribution is moved up or down where it is asked whether honest ones win."
        }
        ("C relabel", Number | Distribution) => "Numbers have no names that could be exchanged.",
        ("D invariance", Number) => {
            "The metric has no value on forecasts like these, so they could not be changed."
        }
        ("D invariance", Rating) => {
            "Only ratings of the scale may be sent, so they cannot be changed while their order is kept."
        }
        ("D invariance", Yes | Class) => "Labels have no values whose order could be kept.",
        ("D invariance", Distribution) => "The parts of a distribution have an order of their own.",
        ("E2 volume bias", Rating) => "Ratings are not added up.",
        ("E2 volume bias", Probability | ClassProbabilities | Yes | Class) => "Labels are not added up.",
        ("E2 volume bias", Distribution) => {
            "A distribution is moved up or down where it is asked whether honest ones win."
        }
        ("G leverage", Rating | Probability | Yes | Class | ClassProbabilities | Distribution) => {
            "An error has no natural size by which rows could be compared; what single rows weigh is told by their influence."
        }
        ("K dead rows", Rating | Probability | Yes | Class | ClassProbabilities | Distribution) => {
            "A wrong report counts as wrong in every row; what single rows weigh is told by their influence."
        }
        _ => return None,
    };
    Some(reason.to_owned())
}
