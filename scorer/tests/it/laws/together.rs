//! Files that are scored together: each as alone, and what is asked of the evaluator is asked once for all.

use std::collections::BTreeSet;

use holdout_contract::queue::FILE_BY_FILE;
use holdout_evaluator::{DeviceFailure, Evaluator};
use holdout_scorer::align::{Aligned, align};
use holdout_scorer::intake::Limits;
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::metrics::{self, Metric};
use holdout_scorer::score::{both_scores, both_scores_of_all};
use holdout_scorer::solution::Solution;
use holdout_scorer::split::SplitRule;
use serde_json::{Map, json};

use super::composed::is_composite;
use super::device::Fake;
use super::{CLASSES, Case, N_ROWS, case, opened};

/// Several files for the same solution: the case's own predictions, moved on by some rows.
fn files(case: &Case, solution: &Solution) -> Vec<Aligned> {
    let order: Vec<usize> = (0..N_ROWS).collect();
    let moved = |n_rows: usize| {
        let mut case = case.clone();
        case.predictions.iter_mut().for_each(|(_, cells)| cells.rotate_left(n_rows));
        align(solution, &opened(&case.submission_csv(&order)), &Limits::default()).ok()
    };
    [0, 1, 7, 30].into_iter().filter_map(moved).collect()
}

#[test]
fn what_does_not_go_through_the_evaluator_is_named() {
    let mut alone: BTreeSet<&str> = FILE_BY_FILE.into_iter().collect();
    for metric in metrics::all() {
        let name = metric.about().name;
        let is_together = case(metric, 11).solution(metric).judge().is_together();
        assert_eq!(is_together, !alone.remove(name), "{name}");
    }
    assert!(alone.is_empty(), "no metrics: {alone:?}");
}

#[test]
fn files_scored_together_score_to_the_bit_as_each_alone() {
    let lost = DeviceFailure::Lost("pulled out".to_owned());
    for metric in metrics::all() {
        let name = metric.about().name;
        let plain = case(metric, 11);
        let heavy = (0..N_ROWS).map(|row| [0.3, 1.0, 2.75][row % 3]).collect();
        let weighted = metric.laws().has_weights.then(|| Case { weights: Some(heavy), ..plain.clone() });
        for case in [Some(plain), weighted].into_iter().flatten() {
            let solution = case.solution(metric);
            let files = files(&case, &solution);
            let files: Vec<&Aligned> = files.iter().collect();
            assert!(files.len() > 1, "{name} takes one file alone");
            // Written out, a number has every digit and its sign.
            let alone: Vec<String> =
                files.iter().map(|file| format!("{:?}", both_scores(&solution, file))).collect();
            let together = |evaluator: &Evaluator| -> Vec<String> {
                both_scores_of_all(&solution, &files, evaluator)
                    .iter()
                    .map(|scores| format!("{scores:?}"))
                    .collect()
            };
            assert_eq!(together(&Evaluator::default()), alone, "{name}");
            for failure in [None, Some(lost.clone()), Some(DeviceFailure::OutOfMemory)] {
                let (evaluator, asked) = Fake::evaluator(failure.clone());
                assert_eq!(together(&evaluator), alone, "{name}, {failure:?}");
                let was_asked = !asked.all().is_empty();
                assert_eq!(evaluator.take_failure().is_some(), was_asked && failure.is_some(), "{name}");
                if case.weights.is_none() {
                    assert_eq!(was_asked, solution.judge().is_together(), "{name}");
                }
            }
        }
    }
}

#[test]
fn a_group_of_files_is_one_question_however_many_they_are() {
    let mut seen = BTreeSet::new();
    for metric in metrics::all() {
        let name = metric.about().name;
        let case = case(metric, 13);
        let solution = case.solution(metric);
        if !solution.judge().is_together() || is_composite(metric) {
            continue;
        }
        let files = files(&case, &solution);
        let files: Vec<&Aligned> = files.iter().collect();
        assert!(files.len() > 2, "{name} takes few files");
        let asked_for = |files: &[&Aligned]| {
            let (evaluator, asked) = Fake::evaluator(None);
            both_scores_of_all(&solution, files, &evaluator);
            asked.all()
        };
        let asked = asked_for(&files);
        assert_eq!(asked, asked_for(&files[..2]), "{name}");
        // Public and private rows are ordered apart, and sorted apart those of two classes.
        let n_of_column = match asked[0] {
            "orders" => 2,
            "sorted" => 4,
            _ => 1,
        };
        let n_columns = match name {
            "mcrmse" | "mcmae" | "mc_rmsle" | "mc_spearman" | "mc_log_loss" | "mc_auc" => case.truths.len(),
            "auc_ovr_macro" | "auc_ovr_weighted" | "mean_column_auc" | "map_macro_classes" => CLASSES.len(),
            _ => 1,
        };
        assert_eq!(asked, vec![asked[0]; n_of_column * n_columns], "{name}");
        seen.insert(asked[0]);
    }
    let all = ["distances", "orders", "overlaps", "segment_means", "sorted", "sums", "text_distances"];
    assert_eq!(seen.into_iter().collect::<Vec<&str>>(), all);
}

/// A hundred times as many rows.
pub(super) fn long(mut case: Case) -> Case {
    let n_rows = 100 * N_ROWS;
    let stretch =
        |cells: &mut Vec<String>| *cells = (0..n_rows).map(|row| cells[row * 37 % N_ROWS].clone()).collect();
    case.truths.iter_mut().for_each(|(_, cells)| stretch(cells));
    for (_, cells) in &mut case.predictions {
        stretch(cells);
        cells.rotate_left(n_rows / 3 + 11);
    }
    case.is_private = (0..n_rows).map(|row| row % 3 == 2).collect();
    case
}

/// Many rows, in groups of very different lengths.
fn long_case(metric: &dyn Metric) -> Case {
    let mut long = long(case(metric, 17));
    let group = |row: usize| {
        ["s0", "s0", "s0", "s0", "s1", "s2", "s3"][row % 7 * usize::from(!row.is_multiple_of(40))]
    };
    long.groups = long.groups.map(|_| (0..long.is_private.len()).map(|row| group(row).to_owned()).collect());
    long
}

#[test]
fn long_groups_and_orders_with_many_ties_score_to_the_bit_as_each_alone() {
    for metric in
        metrics::all().filter(|metric| metric.needs_groups() || metric.about().name.contains("gini"))
    {
        let name = metric.about().name;
        let case = long_case(metric);
        let solution = case.solution(metric);
        if !solution.judge().is_together() {
            continue;
        }
        let order: Vec<usize> = (0..case.n_rows()).collect();
        let moved = |n_rows: usize| {
            let mut case = case.clone();
            case.predictions.iter_mut().for_each(|(_, cells)| cells.rotate_left(n_rows));
            align(&solution, &opened(&case.submission_csv(&order)), &Limits::default()).unwrap()
        };
        let files = [0, 13, 1000].map(moved);
        let files: Vec<&Aligned> = files.iter().collect();
        let alone: Vec<String> =
            files.iter().map(|file| format!("{:?}", both_scores(&solution, file))).collect();
        let (device, _) = Fake::evaluator(None);
        for evaluator in [Evaluator::default(), device] {
            let together = both_scores_of_all(&solution, &files, &evaluator);
            let together: Vec<String> = together.iter().map(|scores| format!("{scores:?}")).collect();
            assert_eq!(together, alone, "{name}");
        }
        assert!(alone.iter().all(|scores| scores.contains("Defined")), "{name}: {alone:?}");
    }
}

/// Scores of several files, each alone and all together.
fn both_ways(judge: Judge, truths: &[&str], files: &[&[&str]]) -> [Vec<String>; 2] {
    let table = |header: &str, ends: &[&str], cells: &[&str]| {
        let line = |(row, cell): (usize, &&str)| format!("r{row},\"{cell}\"{}\n", ends[row % ends.len()]);
        format!("{header}\n{}", cells.iter().enumerate().map(line).collect::<String>())
    };
    let solution = opened(&table("id,target,Usage", &[",Public", ",Private"], truths));
    let solution = Solution::prepare(&solution, judge, &SplitRule::default(), &Limits::default()).unwrap();
    let file = |cells: &&[&str]| {
        align(&solution, &opened(&table("id,target", &[""], cells)), &Limits::default()).unwrap()
    };
    let files: Vec<Aligned> = files.iter().map(file).collect();
    let files: Vec<&Aligned> = files.iter().collect();
    let alone = files.iter().map(|file| format!("{:?}", both_scores(&solution, file))).collect();
    let together = both_scores_of_all(&solution, &files, &Evaluator::default());
    [alone, together.iter().map(|scores| format!("{scores:?}")).collect()]
}

#[test]
fn a_pixel_beyond_32_bits_is_compared_in_a_group_as_alone() {
    let far = "5000000000 9";
    let files: [&[&str]; 4] = [&["2 5", "7 2"], &["3 2", far], &[far, ""], &["2 9", "7 2"]];
    for name in ["dice_mean", "iou_global", "tgs_map_iou"] {
        for truths in [&["2 5", "7 9"], &["2 5", far]] {
            let judge = Judge::new(name, &Map::new(), Context::default()).unwrap();
            let [alone, together] = both_ways(judge, truths, &files);
            assert_eq!(alone, together, "{name}, {truths:?}");
            assert_ne!(alone[0], alone[1]);
        }
    }
}

#[test]
fn words_that_the_truth_has_not_are_edits_in_a_group_as_alone() {
    let truths = ["a b c d", "", "b b a", "the same"];
    let files: [&[&str]; 4] = [
        &["x b y d", "", "x x x", "the same"],
        &["d c b a", "x y", "b a b", "same the"],
        &["", "", "", ""],
        &["x x a b c d y y", "a", "b b a", "the same the same"],
    ];
    for average in ["corpus", "rows"] {
        let params = Map::from_iter([("average".to_owned(), json!(average))]);
        let judge = Judge::new("wer", &params, Context::default()).unwrap();
        let [alone, together] = both_ways(judge, &truths, &files);
        assert_eq!(alone, together, "{average}");
    }
}
