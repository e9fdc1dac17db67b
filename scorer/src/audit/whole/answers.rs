//! One answer a row with a confidence, all rows ranked together.
//!
//! A forecaster is so sure of the solution's own label, else it is any other row's. Honest is the likeliest label with its
//! probability as confidence; tried beside it are equal, opposite and cut confidences, and the less likely label.
//! Without content is the commonest label everywhere.

use super::world::{Belief, DRAWS, OTHER, Renamed, Words, World, believers, chances, others, sureness};
use crate::audit::metric::{Kind, Shaped};
use crate::audit::normal;
use crate::audit::question::Asks;
use crate::intake::Texts;
use crate::solution::{Solution, Split, Truth};

const MAX_ROWS: usize = 1200;

static WORDS: Words = Words {
    asks: Asks::Answers,
    unit: "rows",
    volume: "",
    volume_counts: false,
    exploit: "Change confidences or labels in this way before sending them, without any better model.",
    repair: "Use google_global_ap or accuracy, which the likeliest label wins, or multiclass_log_loss where the probabilities themselves are wanted.",
    repair_of_empty: "Use balanced_accuracy or f1_macro, where the commonest label earns little.",
    repair_of_weights: "Nothing needs to be done: rows count alike.",
    not_applicable: &[
        ("A exchange", "A true label has no confidence, so truth and report are not of one kind."),
        ("B over/under", "Labels have no size that could be too much or too little."),
        ("E2 volume bias", "Labels do not add up to anything."),
        (
            "G leverage",
            "A wrong label costs by its place among all rows, which the confidence decides; what single rows weigh is told by their influence.",
        ),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let [Truth::Codes(codes)] = solution.truths.as_slice() else { return None };
    let rows = normal::some(solution.range(Split::All).len(), MAX_ROWS);
    let truth: Vec<f64> = rows.iter().map(|row| f64::from(codes[*row as usize])).collect();
    let n_classes = solution.class_names().len();
    if n_classes < 2 {
        return None;
    }
    let n = truth.len();
    let commonest = commonest(&truth);
    let [weak, usual, strong, stronger] = believers(|skill| believe(&truth, skill, commonest));
    let plain = usual.honest[0].1.clone();
    let turned = turned(&plain, n, libm::exp);
    let next =
        |values: &[f64]| values.iter().map(|code| (code + 1.0) % n_classes as f64).collect::<Vec<f64>>();
    let renamed = Renamed {
        plain: [usual.draws[0].clone(), plain.clone()],
        other: [next(&usual.draws[0]), [next(&plain[..n]), plain[n..].to_vec()].concat()],
    };
    let nobody = next(&truth);
    Some(World {
        empties: vec![
            ("the commonest label everywhere".to_owned(), [vec![commonest; n], vec![0.5; n]].concat()),
            (
                "the commonest label with confidences drawn by lot".to_owned(),
                [vec![commonest; n], normal::uniforms(n, OTHER)].concat(),
            ),
        ],
        renamed: Some(renamed),
        turned: Some(turned),
        wrong: vec![[nobody, vec![1.0; n]].concat()],
        perfect: Box::new(|truth| [truth.to_vec(), vec![0.5; truth.len()]].concat()),
        ..World::new(
            &WORDS,
            Shaped {
                truths: vec![Kind::Code],
                reports: vec![Kind::Code, Kind::Number],
                cells: Texts::default(),
                n_classes,
            },
            truth,
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

/// The commonest of some codes; of equally common ones the lowest.
pub(super) fn commonest(codes: &[f64]) -> f64 {
    let mut sorted = codes.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.chunk_by(|a, b| a == b).rev().max_by_key(|same| same.len()).map_or(0.0, |same| same[0])
}

fn turned(report: &[f64], n: usize, turn: impl Fn(f64) -> f64) -> Vec<f64> {
    report[..n].iter().copied().chain(report[n..].iter().map(|confidence| turn(*confidence))).collect()
}

/// Possible truths, each row's own or any other row's: nobody knows which.
pub(super) fn draws(truth: &[f64], sure: &[f64], n_draws: u64) -> Vec<Vec<f64>> {
    let draw = |draw| {
        let (chances, other) = (chances(truth.len(), draw), others(truth.len(), OTHER + draw));
        let own = |row: usize| chances[row] < sure[row];
        (0..truth.len()).map(|row| if own(row) { truth[row] } else { truth[other[row] as usize] }).collect()
    };
    (0..n_draws).map(draw).collect()
}

/// How many of some codes are this one, as a share.
pub(super) fn share_of(codes: &[f64], code: f64) -> f64 {
    codes.iter().filter(|known| **known == code).count() as f64 / codes.len() as f64
}

fn believe(truth: &[f64], skill: f64, commonest: f64) -> Belief {
    let n = truth.len();
    let sure = sureness(n, skill);
    let shares: Vec<f64> = truth.iter().map(|code| share_of(truth, *code)).collect();
    let of_commonest = share_of(truth, commonest);
    let own = |row: usize| (truth[row], sure[row] + (1.0 - sure[row]) * shares[row]);
    let common = |row: usize| (commonest, (1.0 - sure[row]) * of_commonest);
    let is_own = |row: usize| truth[row] == commonest || own(row).1 >= common(row).1;
    let likelier = |row: usize| if is_own(row) { own(row) } else { common(row) };
    let file = |of: &dyn Fn(usize) -> (f64, f64)| -> Vec<f64> {
        let (labels, confidences): (Vec<f64>, Vec<f64>) = (0..n).map(of).unzip();
        [labels, confidences].concat()
    };
    let plain = file(&likelier);
    let cut = |confidence: f64| if confidence < 0.7 { 0.0 } else { confidence };
    let tricks = vec![
        ("equal confidences".to_owned(), turned(&plain, n, |_| 0.5)),
        ("the opposite confidences".to_owned(), turned(&plain, n, |confidence| 1.0 - confidence)),
        ("confidences of 0 or 1".to_owned(), turned(&plain, n, f64::round)),
        ("no confidence below 0.7".to_owned(), turned(&plain, n, cut)),
        ("the less likely label".to_owned(), file(&|row| if is_own(row) { common(row) } else { own(row) })),
        (
            "the commonest label where one is unsure".to_owned(),
            file(&|row| if likelier(row).1 < 0.7 { (commonest, 0.3) } else { likelier(row) }),
        ),
    ];
    Belief {
        draws: draws(truth, &sure, DRAWS),
        honest: vec![("the likeliest label with its probability".to_owned(), plain)],
        tricks,
    }
}
