//! Whether sets of rows are alike: training and test rows, public and private rows; and hidden rows that
//! contradict one another.
//!
//! Never here: a row's label or id in a text.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use holdout_contract::examine::Finding;

use super::adversary::{Feature, ToldApart, tell_apart};
use super::frame::Frame;
use super::{pass, warn};
use crate::audit::normal;
use crate::intake::columns::Id;
use crate::solution::{Solution, Split, Truth};

/// Fewer rows say nothing.
const FEW: usize = 50;
/// Rows of a set, and columns, that a learner looks at.
const MAX_ROWS: usize = 5000;
const MAX_COLUMNS: usize = 100;
/// A chance of ranking right that is worth a word, when it is no accident.
const NOTABLE: f64 = 0.6;
/// So many standard errors are no accident.
const CERTAIN: f64 = 4.0;
/// Share of rows with contradictory answers that is worth a word.
const SOME_ROWS: f64 = 0.01;

/// Training against test rows; `columns` are the features that both files have, by their place in each.
pub fn train_and_test(train: &Frame, test: &Frame, columns: &[(usize, usize)]) -> Option<Finding> {
    if train.n_rows() < FEW || test.n_rows() < FEW || columns.is_empty() {
        return None;
    }
    let rows = [train, test].map(|frame| normal::some(frame.n_rows(), MAX_ROWS));
    let features: Vec<Feature> = columns
        .iter()
        .take(MAX_COLUMNS)
        .map(|(of_train, of_test)| {
            let of_train = rows[0].iter().map(|row| train.cell(*row as usize, *of_train));
            let of_test = rows[1].iter().map(|row| test.cell(*row as usize, *of_test));
            Feature::of(&of_train.chain(of_test).collect::<Vec<&str>>())
        })
        .collect();
    let is_test: Vec<bool> = (0..rows[0].len() + rows[1].len()).map(|row| row >= rows[0].len()).collect();
    let told = tell_apart(&features, &is_test)?;
    let name = |column: usize| train.names[columns[column].0].as_str();
    Some(judged(
        "train_and_test_alike",
        "Training and test rows",
        &told,
        name(told.column),
        "what fits the training file may not fit the test, and nobody can see by how much.",
    ))
}

/// Public against private test rows, and test rows with the same features and different labels. `columns` are
/// the features of the test file, `id` its column of ids.
pub fn hidden_rows(solution: &Solution, test: &Frame, id: usize, columns: &[usize]) -> Vec<Finding> {
    let n_scored = solution.range(Split::All).len();
    let slots: Vec<(u32, usize)> = (0..test.n_rows())
        .filter_map(|row| {
            let slot = solution.index.slot(Id::Text(test.cell(row, id)))? as usize;
            (slot < n_scored).then_some((row as u32, slot))
        })
        .collect();
    if columns.is_empty() {
        return Vec::new();
    }
    public_and_private(solution, test, columns, &slots)
        .into_iter()
        .chain(contradictions(solution, test, columns, &slots))
        .collect()
}

fn public_and_private(
    solution: &Solution,
    test: &Frame,
    columns: &[usize],
    slots: &[(u32, usize)],
) -> Option<Finding> {
    let chosen: Vec<(u32, usize)> =
        normal::some(slots.len(), 2 * MAX_ROWS).into_iter().map(|at| slots[at as usize]).collect();
    let is_public: Vec<bool> = chosen.iter().map(|(_, slot)| *slot < solution.n_public()).collect();
    let n_public = is_public.iter().filter(|is| **is).count();
    if n_public < FEW || chosen.len() - n_public < FEW {
        return None;
    }
    let features: Vec<Feature> = columns
        .iter()
        .take(MAX_COLUMNS)
        .map(|column| {
            Feature::of(
                &chosen.iter().map(|(row, _)| test.cell(*row as usize, *column)).collect::<Vec<&str>>(),
            )
        })
        .collect();
    let told = tell_apart(&features, &is_public)?;
    Some(judged(
        "public_and_private_alike",
        "Public and private rows",
        &told,
        &test.names[columns[told.column]],
        "what helps on the public board may not help in the end.",
    ))
}

fn judged(check: &str, what: &str, told: &ToldApart, column: &str, harm: &str) -> Finding {
    let is_certain = told.auc - 0.5 > CERTAIN * told.error;
    if told.auc < NOTABLE || !is_certain {
        return pass(
            check,
            format!(
                "{what} are alike: of 100 pairs with one row of each, a program that learns from their features sorts about {:.0} rightly, where guessing sorts 50.",
                100.0 * told.auc
            ),
        );
    }
    warn(
        check,
        format!(
            "{what} differ: {harm} Of 100 pairs with one row of each, a program that learns from their features, most from the column “{column}”, sorts about {:.0} rightly, where guessing sorts 50.",
            100.0 * told.auc
        ),
        "Split at random, or by groups; if the difference is meant (later days, other places), say so in the rules.",
    )
}

fn contradictions(
    solution: &Solution,
    test: &Frame,
    columns: &[usize],
    slots: &[(u32, usize)],
) -> Option<Finding> {
    let truth = solution.truths.first()?;
    let rows = slots.iter().map(|(row, slot)| (test.key(*row as usize, columns), answer(truth, *slot)));
    let n = n_contradicted(rows);
    (n > 0 && n as f64 >= SOME_ROWS * slots.len() as f64).then(|| {
        warn(
            "contradictory_labels",
            format!("No prediction can be right for all rows: {n} of {} test rows have the same features as another one, but another label.", slots.len()),
            "Check how the labels were made; if both are right, a feature is missing, and no model can do better.",
        )
    })
}

fn answer(truth: &Truth, slot: usize) -> u64 {
    match truth {
        Truth::Numbers(numbers) => numbers[slot].to_bits(),
        Truth::Codes(codes) => u64::from(codes[slot]),
        Truth::Texts(texts) => hash_of(texts.get(slot)),
    }
}

pub(super) fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// How many rows share their key with a row of another answer.
pub(super) fn n_contradicted(rows: impl Iterator<Item = (u128, u64)>) -> usize {
    struct Seen {
        answer: u64,
        n: usize,
        is_contradicted: bool,
    }
    let mut seen: HashMap<u128, Seen> = HashMap::new();
    for (key, answer) in rows {
        let known = seen.entry(key).or_insert(Seen { answer, n: 0, is_contradicted: false });
        known.n += 1;
        known.is_contradicted |= known.answer != answer;
    }
    seen.values().filter(|seen| seen.is_contradicted).map(|seen| seen.n).sum()
}
