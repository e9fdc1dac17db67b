//! A score for every document of a query, against graded relevance.
//!
//! Relevances are believed in by a Gaussian copula in ranks, as other numbers are. Honest are the relevance to be
//! expected, and what it is worth; tried beside them are few levels, the opposite order, and levels of their own for
//! every query. Without content are equal scores, which take the order of the file where ties do, and hashed scores.

use super::world::{Belief, FIRST_DRAW, SURE, Words, World};
use crate::audit::case::mean;
use crate::audit::forecast::signals_of;
use crate::audit::metric::{Kind, Shaped};
use crate::audit::normal;
use crate::audit::prepare::{MAX_ROWS, some_groups};
use crate::audit::question::Asks;
use crate::intake::Texts;
use crate::solution::{Solution, Split, Truth};

const DRAWS: u64 = 24;
/// Equally probable relevances of a document.
const ATOMS: usize = 32;

static WORDS: Words = Words {
    asks: Asks::Order,
    unit: "queries",
    volume: "",
    volume_counts: false,
    exploit: "Change the scores of documents in this way before sending them, without any better model.",
    repair: "Use ndcg_graded, where documents in order of the relevance one expects are best.",
    repair_of_empty: "Let documents of equal scores share their places (the parameter “ties”), and shuffle the rows of the solution: else their order is worth points.",
    repair_of_weights: "Nothing needs to be done: queries count alike.",
    not_applicable: &[
        ("A exchange", "A relevance and a score of any size are not of one kind."),
        ("B over/under", "Only the order of the scores counts, so none is too much or too little."),
        ("C relabel", "Grades of relevance have no opposite: less relevant is not as good as more."),
        ("E2 volume bias", "Scores do not add up to anything."),
        ("G leverage", "Queries are scored from 0 to 1 each and count alike by definition."),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let [Truth::Numbers(relevances)] = solution.truths.as_slice() else { return None };
    let groups = &solution.groups.as_ref()?[solution.range(Split::All)];
    let rows = some_groups(groups, MAX_ROWS);
    let truth: Vec<f64> = rows.iter().map(|row| relevances[*row as usize]).collect();
    let groups: Vec<u32> = rows.iter().map(|row| groups[*row as usize]).collect();
    if truth.iter().any(|relevance| *relevance < 0.0) {
        return None;
    }
    let mut sorted = truth.clone();
    sorted.sort_by(f64::total_cmp);
    let n = truth.len();
    let [weak, usual, strong, stronger] = [0.3, 0.6, 0.8, 0.85].map(|skill| believe(&sorted, skill));
    let turned = usual.honest[0].1.iter().map(|score| libm::exp(*score)).collect();
    let opposite: Vec<f64> = truth.iter().map(|relevance| -relevance).collect();
    Some(World {
        groups: Some(groups),
        empties: vec![
            ("equal scores".to_owned(), vec![0.0; n]),
            ("scores in the order of the file".to_owned(), (0..n).map(|row| -(row as f64)).collect()),
            ("scores in the opposite order of the file".to_owned(), (0..n).map(|row| row as f64).collect()),
            ("scores in an order that knows nothing".to_owned(), normal::scores(n, SURE)),
        ],
        turned: Some(turned),
        wrong: vec![opposite],
        ..World::new(
            &WORDS,
            Shaped {
                truths: vec![Kind::Number],
                reports: vec![Kind::Number],
                cells: Texts::default(),
                n_classes: 0,
            },
            truth,
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

fn believe(sorted: &[f64], skill: f64) -> Belief {
    let n = sorted.len();
    let at = |share: f64| sorted[((share * n as f64) as usize).min(n - 1)];
    let signals = signals_of(n, skill);
    let left = (1.0 - skill * skill).sqrt();
    let steps: Vec<f64> =
        (0..ATOMS).map(|atom| left * normal::quantile((atom as f64 + 0.5) / ATOMS as f64)).collect();
    let expected = |worth: &dyn Fn(f64) -> f64| -> Vec<f64> {
        let of = |signal: &f64| {
            mean(
                &steps.iter().map(|step| worth(at(normal::cdf(skill * signal + step)))).collect::<Vec<f64>>(),
            )
        };
        signals.iter().map(of).collect()
    };
    let draws = (0..DRAWS).map(|draw| {
        let scores = normal::scores(n, FIRST_DRAW + draw);
        signals
            .iter()
            .zip(scores)
            .map(|(signal, score)| at(normal::cdf(skill * signal + left * score)))
            .collect()
    });
    let plain = expected(&|relevance| relevance);
    let honest = vec![
        ("the relevance to be expected".to_owned(), plain.clone()),
        ("what it is expected to be worth".to_owned(), expected(&f64::exp2)),
    ];
    let tricks = vec![
        ("relevances rounded to whole grades".to_owned(), plain.iter().map(|score| score.round()).collect()),
        (
            "documents in two levels".to_owned(),
            plain.iter().map(|score| f64::from(u8::from(*score > mean(&plain)))).collect(),
        ),
        (
            "the chance of any relevance".to_owned(),
            expected(&|relevance| f64::from(u8::from(relevance > 0.0))),
        ),
        (
            "the chance of the highest grade".to_owned(),
            expected(&|relevance| f64::from(u8::from(relevance >= sorted[n - 1]))),
        ),
        ("the opposite order".to_owned(), plain.iter().map(|score| -score).collect()),
    ];
    Belief { draws: draws.collect(), honest, tricks }
}
