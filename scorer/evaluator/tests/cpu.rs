//! The processor against the definitions, on inputs that a seed makes: always the same ones, and a fresh one.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use holdout_evaluator::compare::compare;
use holdout_evaluator::{Cpu, Draw, Plain, Ranking, Suite};
use holdout_intake::parallel;

#[test]
fn the_processor_computes_what_is_defined() {
    let fresh = RandomState::new().hash_one(0);
    for seed in (0..8).chain([fresh]) {
        let Ok(findings) = compare(&Cpu, &Plain, seed);
        for finding in findings {
            assert!(finding.agrees, "seed {seed}: {finding:?}");
        }
    }
}

#[test]
fn threads_change_no_digit() {
    let n = 700;
    let columns: Vec<Vec<f64>> =
        (0..3).map(|at| (0..n).map(|row| ((row * 37 + at) % 101) as f64 / 7.0).collect()).collect();
    let columns: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let is_positive: Vec<bool> = (0..n).map(|row| row % 5 == 0).collect();
    let rankings: Vec<Ranking> = columns.iter().map(|scores| Ranking::of(&is_positive, scores)).collect();
    let rankings: Vec<&Ranking> = rankings.iter().collect();
    let draw = Draw { version: 5, n_replicates: 300 };
    let on = |n_threads| {
        parallel::with_threads(n_threads, || {
            let Ok(auc) = Cpu.roc_auc(&rankings, draw);
            let Ok(precision) = Cpu.average_precision(&rankings, draw);
            let Ok(means) = Cpu.means(&columns, draw);
            [auc, precision, means]
        })
    };
    assert_eq!(on(1), on(3));
}

/// More replicates only add to those there are, and a better ranking is better in each.
#[test]
fn replicates_are_paired_and_stay() {
    let n = 400;
    let is_positive: Vec<bool> = (0..n).map(|row| row % 3 == 0).collect();
    let scores = |luck: usize| -> Vec<f64> {
        (0..n).map(|row| (row * 7919 % n) as f64 + if row % 3 == 0 { luck as f64 } else { 0.0 }).collect()
    };
    let [worse, better, perfect] = [50, 150, 1000].map(|luck| Ranking::of(&is_positive, &scores(luck)));
    let Ok(few) = Cpu.roc_auc(&[&worse], Draw { version: 9, n_replicates: 70 });
    let Ok(all) = Cpu.roc_auc(&[&worse, &better, &perfect], Draw { version: 9, n_replicates: 200 });
    assert_eq!(few[0], all[0][..70]);
    assert!(all[0].iter().zip(&all[1]).all(|(worse, better)| worse < better));
    assert!(all[2].iter().all(|auc| *auc == 1.0));
    let Ok(other) = Cpu.roc_auc(&[&worse], Draw { version: 10, n_replicates: 70 });
    assert_ne!(few, other);
}

/// The spread of exact replicates is the standard error of the mean.
#[test]
fn replicates_spread_as_the_mean_does() {
    let n = 2000;
    let values: Vec<f64> = (0..n).map(|row| ((row * 7919 % 1000) as f64 / 1000.0).powi(3)).collect();
    let mean = values.iter().sum::<f64>() / n as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n as f64;
    let Ok(replicates) = Cpu.means(&[&values], Draw { version: 1, n_replicates: 4000 });
    let spread = replicates[0].iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 4000.0;
    assert!((spread / (variance / n as f64) - 1.0).abs() < 0.1, "{spread}");
}
