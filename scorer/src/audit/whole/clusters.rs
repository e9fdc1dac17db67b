//! Groupings of rows, whose names mean nothing.
//!
//! A forecaster is so sure of the solution's own group, else the row belongs to any other row's. Honest is the likeliest
//! group; tried beside it are unsure rows on their own or together, one group split, two groups put together. Without
//! content are one group, every row on its own, and hashed groups.

use super::answers::{commonest, draws, share_of};
use super::world::{Belief, DRAWS, Renamed, THIRD, Words, World, believers, sureness};
use crate::audit::metric::{Kind, Shaped};
use crate::audit::normal;
use crate::audit::question::Asks;
use crate::intake::Texts;
use crate::solution::{Solution, Split, Truth};

const MAX_ROWS: usize = 500;

static WORDS: Words = Words {
    asks: Asks::Answers,
    unit: "rows",
    volume: "",
    volume_counts: false,
    exploit: "Split or join groups in this way before sending them, without any better model.",
    repair: "Use adjusted_rand_score or adjusted_mutual_info_score, which correct for the number of groups.",
    repair_of_empty: "Use adjusted_rand_score or adjusted_mutual_info_score, where a grouping without knowledge scores 0.",
    repair_of_weights: "Nothing needs to be done: rows count alike.",
    not_applicable: &[
        ("B over/under", "Groups have no size that could be too much or too little."),
        ("D invariance", "A grouping has no values whose order could be kept."),
        ("E2 volume bias", "Groups do not add up to anything."),
        (
            "G leverage",
            "The score compares rows with one another, so an error has no price of its own; what single rows weigh is told by their influence.",
        ),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let [Truth::Codes(codes)] = solution.truths.as_slice() else { return None };
    let rows = normal::some(solution.range(Split::All).len(), MAX_ROWS);
    let truth: Vec<f64> = rows.iter().map(|row| f64::from(codes[*row as usize])).collect();
    let n_classes = solution.class_names().len().max(1) as f64;
    let n = truth.len();
    let [weak, usual, strong, stronger] = believers(|skill| believe(&truth, skill, n_classes));
    let turned = |values: &[f64]| values.iter().map(|code| n_classes - 1.0 - code).collect::<Vec<f64>>();
    let renamed = Renamed {
        plain: [usual.draws[0].clone(), usual.honest[0].1.clone()],
        other: [usual.draws[0].clone(), turned(&usual.honest[0].1)],
    };
    let hashed = |n_groups: f64| {
        normal::uniforms(n, THIRD).into_iter().map(|share| (share * n_groups).floor()).collect()
    };
    Some(World {
        empties: vec![
            ("one group for all".to_owned(), vec![0.0; n]),
            ("every row on its own".to_owned(), (0..n).map(|row| row as f64).collect()),
            ("groups that know nothing, as many as there are".to_owned(), hashed(n_classes)),
            ("two groups that know nothing".to_owned(), hashed(2.0)),
        ],
        is_alike: true,
        renamed: Some(renamed),
        wrong: vec![vec![n_classes; n], truth.iter().map(|code| (code + 1.0) % n_classes).collect()],
        ..World::new(
            &WORDS,
            Shaped {
                truths: vec![Kind::Code],
                reports: vec![Kind::Code],
                cells: Texts::default(),
                n_classes: n_classes as usize + n,
            },
            truth,
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

fn believe(truth: &[f64], skill: f64, n_classes: f64) -> Belief {
    let n = truth.len();
    let sure = sureness(n, skill);
    let common = commonest(truth);
    let of_common = share_of(truth, common);
    let of_own: Vec<f64> = truth.iter().map(|code| share_of(truth, *code)).collect();
    let own = |row: usize| sure[row] + (1.0 - sure[row]) * of_own[row];
    let likelier = |row: usize| if own(row) >= (1.0 - sure[row]) * of_common { truth[row] } else { common };
    let plain: Vec<f64> = (0..n).map(likelier).collect();
    let certainty: Vec<f64> = (0..n).map(|row| own(row).max((1.0 - sure[row]) * of_common)).collect();
    let unsure = |least: f64, group: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..n).map(|row| if certainty[row] < least { group(row) } else { plain[row] }).collect()
    };
    let largest = commonest(&plain);
    let mut tricks = Vec::new();
    for least in [0.6, 0.8] {
        tricks.push((
            format!("rows one is less sure of than {least}, each on its own"),
            unsure(least, &|row| n_classes + row as f64),
        ));
        tricks.push((
            format!("rows one is less sure of than {least} in a group of their own"),
            unsure(least, &|_| n_classes),
        ));
        tricks.push((
            format!("rows one is less sure of than {least} in the largest group"),
            unsure(least, &|_| largest),
        ));
    }
    let split =
        plain.iter().enumerate().map(|(row, code)| if row % 2 == 0 { *code } else { n_classes + code });
    tricks.push(("every group split in two".to_owned(), split.collect()));
    tricks.push((
        "groups joined two by two".to_owned(),
        plain.iter().map(|code| (code / 2.0).floor()).collect(),
    ));
    Belief {
        draws: draws(truth, &sure, DRAWS),
        honest: vec![("the likeliest groups".to_owned(), plain)],
        tricks,
    }
}
