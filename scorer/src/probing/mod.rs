//! Files that look made to find out about the rows that they are judged by: signs for the host to look at, which
//! mean nothing by themselves. Start at [`look`].
//!
//! Bounds are drawn from the solution, and what comes out are counts: no label, no bound, no row.

use std::collections::HashMap;

use holdout_contract::probing::Signs;
use holdout_contract::spec::Task;

use crate::align::{Aligned, Predicted};
use crate::custom::tables;
use crate::metrics::Values;
use crate::solution::{Solution, Split};

/// A file that changes so small a part of the rows asks about these.
const FEW: usize = 100;
/// So many times as far from zero as any true value: one such row drowns all others.
const FAR_OUT: f64 = 100.0;
/// Shorter files have no pattern to speak of.
const FEWEST_ROWS: usize = 50;
/// A ladder has at least so many steps, and at most this part of the rows stands on it.
const FEWEST_STEPS: usize = 3;
const LADDER_SHARE: usize = 10;
/// How far two steps of a ladder may differ.
const EVEN: f64 = 0.02;
/// A step that is no larger than this part of the one before is rounding.
const LEAST_RATIO: f64 = 1.1;
/// Blocks hold at least so many rows on average, and say at most so many things.
const ROWS_A_BLOCK: usize = 25;
const MOST_ANSWERS: usize = 5;

/// What is known of the rows that files are judged by.
struct Labels {
    /// How many there are, public rows before private ones.
    n: usize,
    /// Their places, in the order of the solution's file.
    in_file_order: Vec<usize>,
    /// The truth that is furthest from zero; 0 where no truth is a number.
    largest: f64,
    /// Whether predictions are probabilities: of one class, or of one in every column.
    are_chances: bool,
}

/// What in a file speaks for probing, beside the team's file before it.
pub fn look(solution: &Solution, aligned: &Aligned, previous: Option<&Aligned>) -> Signs {
    let n = solution.range(Split::All).len();
    let largest = |truth: &Values<'_>| match truth {
        Values::Numbers(numbers) => numbers.iter().fold(0.0_f64, |most, number| most.max(number.abs())),
        Values::Codes(_) | Values::Texts { .. } => 0.0,
    };
    let labels = Labels {
        n,
        in_file_order: in_file_order(&solution.row_numbers[..n]),
        largest: solution.truths(0..n).iter().map(largest).fold(0.0, f64::max),
        are_chances: matches!(
            solution.judge().metric.about().task,
            Task::BinaryProbability | Task::MulticlassProbability | Task::Multilabel
        ),
    };
    signs(&labels, &aligned.predictions, previous.map(|previous| previous.predictions.as_slice()))
}

/// As [`look`], of a file to a metric that its host wrote, which is given texts: those that all are numbers are
/// numbers here.
pub fn look_at_texts(
    solution: &tables::Solution,
    aligned: &tables::Aligned,
    previous: Option<&tables::Aligned>,
) -> Signs {
    let n = solution.n_public() + solution.n_private();
    let columns = as_predicted(aligned, n);
    let truths = aligned.names().iter().filter_map(|name| solution.cells(name)).filter_map(numbers);
    let truths: Vec<f64> = truths.flatten().collect();
    let is_chance = |column: &Predicted| match column {
        Predicted::Numbers(numbers) => numbers.iter().all(|number| (0.0..=1.0).contains(number)),
        Predicted::Codes(_) | Predicted::Texts(_) => false,
    };
    let are_labels = !truths.is_empty() && truths.iter().all(|truth| [0.0, 1.0].contains(truth));
    let labels = Labels {
        n,
        in_file_order: in_file_order(&solution.row_numbers()[..n]),
        largest: truths.iter().fold(0.0, |most, truth| most.max(truth.abs())),
        are_chances: are_labels && columns.iter().all(is_chance),
    };
    let before = previous.map(|previous| as_predicted(previous, n));
    signs(&labels, &columns, before.as_deref())
}

fn as_predicted(aligned: &tables::Aligned, n: usize) -> Vec<Predicted> {
    let column = |at: usize| {
        let cells = (0..n).map(|slot| aligned.text(at, slot));
        match numbers(cells.clone().collect()) {
            Some(numbers) => Predicted::Numbers(numbers),
            None => Predicted::Texts(cells.collect()),
        }
    };
    (0..aligned.n_columns()).map(column).collect()
}

fn numbers(cells: Vec<&str>) -> Option<Vec<f64>> {
    cells.into_iter().map(|cell| cell.trim().parse().ok().filter(|number: &f64| number.is_finite())).collect()
}

fn signs(labels: &Labels, columns: &[Predicted], before: Option<&[Predicted]>) -> Signs {
    let n = labels.n;
    let signs = Signs { n_rows: n as u32, ..Signs::default() };
    if n < FEWEST_ROWS {
        return signs;
    }
    let on_ladder = |column: &Predicted| match column {
        Predicted::Numbers(numbers) if labels.are_chances => n_on_ladder(&numbers[..n]),
        _ => None,
    };
    Signs {
        n_changed: before.and_then(|before| n_changed(columns, before, n)),
        n_far_out: if labels.are_chances { None } else { n_far_out(labels, columns) },
        n_ladder: columns.iter().filter_map(on_ladder).max(),
        n_blocks: n_blocks(&answers(labels, columns)),
        ..signs
    }
}

fn n_changed(columns: &[Predicted], before: &[Predicted], n: usize) -> Option<u32> {
    if columns.len() != before.len() {
        return None;
    }
    let differs =
        |row: usize| columns.iter().zip(before).any(|(now, before)| !says_the_same(now, before, row));
    let n_changed = (0..n).filter(|row| differs(*row)).count();
    (n_changed > 0 && n_changed * FEW < n).then_some(n_changed as u32)
}

fn says_the_same(now: &Predicted, before: &Predicted, row: usize) -> bool {
    match (now, before) {
        (Predicted::Numbers(now), Predicted::Numbers(before)) => now[row] == before[row],
        (Predicted::Codes(now), Predicted::Codes(before)) => now[row] == before[row],
        (Predicted::Texts(now), Predicted::Texts(before)) => now.get(row) == before.get(row),
        _ => false,
    }
}

fn n_far_out(labels: &Labels, columns: &[Predicted]) -> Option<u32> {
    let is_far_out = |row: usize| {
        columns.iter().any(|column| match column {
            Predicted::Numbers(numbers) => numbers[row].abs() > FAR_OUT * labels.largest,
            Predicted::Codes(_) | Predicted::Texts(_) => false,
        })
    };
    if labels.largest == 0.0 {
        return None;
    }
    some((0..labels.n).filter(|row| is_far_out(*row)).count())
}

fn some(n: usize) -> Option<u32> {
    (n > 0).then_some(n as u32)
}

/// Rows apart from all others whose log odds grow by the same factor, or the same amount, from one to the next.
fn n_on_ladder(probabilities: &[f64]) -> Option<u32> {
    let mut counts: HashMap<u64, usize> = HashMap::new();
    for probability in probabilities {
        *counts.entry(probability.to_bits()).or_default() += 1;
    }
    let (ground, n_ground) = counts.into_iter().max_by_key(|(value, n)| (*n, *value))?;
    let apart: Vec<f64> = probabilities.iter().copied().filter(|p| p.to_bits() != ground).collect();
    if apart.len() < FEWEST_STEPS || apart.len() * LADDER_SHARE > n_ground {
        return None;
    }
    let log_odds = |p: f64| (p / (1.0 - p)).ln();
    let ground = log_odds(f64::from_bits(ground));
    let mut steps: Vec<f64> = apart.iter().map(|p| (log_odds(*p) - ground).abs()).collect();
    steps.sort_by(f64::total_cmp);
    steps.dedup_by(|step, before| *step < *before * LEAST_RATIO);
    let is_whole = steps.len() >= FEWEST_STEPS && steps.iter().all(|step| step.is_finite() && *step > 0.0);
    let climbs_by = |step: &dyn Fn(f64, f64) -> f64| {
        let first = step(steps[0], steps[1]);
        steps.windows(2).all(|pair| (step(pair[0], pair[1]) / first - 1.0).abs() < EVEN)
    };
    (is_whole && (climbs_by(&|low, high| high / low) || climbs_by(&|low, high| high - low)))
        .then_some(apart.len() as u32)
}

fn in_file_order(row_numbers: &[u32]) -> Vec<usize> {
    let mut slots: Vec<usize> = (0..row_numbers.len()).collect();
    slots.sort_unstable_by_key(|slot| row_numbers[*slot]);
    slots
}

/// What every row says in all its columns, as numbers that are equal where rows say the same; none of texts.
fn answers(labels: &Labels, columns: &[Predicted]) -> Vec<u64> {
    if columns.iter().any(|column| matches!(column, Predicted::Texts(_))) {
        return Vec::new();
    }
    let answer = |slot: &usize| {
        columns.iter().fold(0_u64, |answer, column| {
            let cell = match column {
                Predicted::Numbers(numbers) => numbers[*slot].to_bits(),
                Predicted::Codes(codes) => u64::from(codes[*slot]),
                Predicted::Texts(_) => 0,
            };
            (answer ^ cell).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29)
        })
    };
    labels.in_file_order.iter().map(answer).collect()
}

fn n_blocks(answers: &[u64]) -> Option<u32> {
    let n_blocks = 1 + answers.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let mut different = answers.to_vec();
    different.sort_unstable();
    different.dedup();
    let are_blocks =
        (2..=MOST_ANSWERS).contains(&different.len()) && n_blocks * ROWS_A_BLOCK <= answers.len();
    are_blocks.then_some(n_blocks as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_odds_that_double_are_a_ladder_and_a_models_probabilities_are_none() {
        let odds = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
        let mut file = vec![0.5; 600];
        for step in 0..12_i32 {
            file[step as usize * 7] = odds(1e-3 * 2_f64.powi(step));
        }
        assert_eq!(n_on_ladder(&file), Some(12));
        let even: Vec<f64> =
            (0..300).map(|row| if row < 5 { odds(f64::from(row + 1) * 0.8) } else { 0.5 }).collect();
        assert_eq!(n_on_ladder(&even), Some(5));
        let rounded: Vec<f64> = (0..300).map(|row| f64::from((row * row) % 97) / 100.0 + 0.01).collect();
        assert_eq!(n_on_ladder(&rounded), None);
        let few: Vec<f64> =
            (0..300).map(|row| [0.1, 0.5, 0.52, 0.9][usize::from(row < 9) * row % 4]).collect();
        assert_eq!(n_on_ladder(&few), None, "a handful of values is no ladder");
        assert_eq!(n_on_ladder(&[0.5; 300]), None);
    }

    #[test]
    fn few_long_runs_are_blocks() {
        let file = |rows_a_block: usize| -> Vec<u64> {
            (0..400).map(|row| (row / rows_a_block % 2) as u64).collect()
        };
        assert_eq!(n_blocks(&file(100)), Some(4));
        assert_eq!(n_blocks(&file(3)), None);
        assert_eq!(n_blocks(&[7; 400]), None, "one answer is a usual first try");
        assert_eq!(n_blocks(&(0..400).collect::<Vec<u64>>()), None);
    }

    /// Signs of a file with these columns to a metric that wants probabilities.
    fn of_chances(columns: &[Vec<f64>]) -> Signs {
        let n = columns[0].len();
        let labels = Labels { n, in_file_order: (0..n).rev().collect(), largest: 1.0, are_chances: true };
        let columns: Vec<Predicted> = columns.iter().cloned().map(Predicted::Numbers).collect();
        signs(&labels, &columns, None)
    }

    #[test]
    fn probabilities_of_several_classes_are_looked_at_column_by_column_and_row_by_row() {
        const N: usize = 600;
        let odds = |log_odds: f64| 1.0 / (1.0 + (-log_odds).exp());
        // One class climbs, and the two others share what is left.
        let third = |step: f64| odds(step - std::f64::consts::LN_2);
        let asked = |row: usize| third(if row < 12 { 1e-3 * 2_f64.powi(row as i32) } else { 0.0 });
        let first: Vec<f64> = (0..N).map(asked).collect();
        let rest: Vec<f64> = first.iter().map(|first| (1.0 - first) / 2.0).collect();
        let ladder: Vec<f64> =
            (0..N).map(|row| if row < 12 { odds(1e-3 * 2_f64.powi(row as i32)) } else { 0.5 }).collect();
        let plain: Vec<f64> = (0..N).map(|row| f64::from((row as u32 * 37) % 101) / 101.0).collect();
        assert_eq!(of_chances(&[plain.clone(), ladder.clone(), plain.clone()]).n_ladder, Some(12));
        let found = of_chances(&[rest.clone(), first, rest]);
        assert_eq!((found.n_ladder, found.n_blocks), (Some(12), None));
        let model = of_chances(&[plain.clone(), plain.iter().map(|chance| 1.0 - chance).collect()]);
        assert!(!model.are_any(), "{model:?}");

        // Every third of the rows says another class.
        let says = |class: usize| -> Vec<f64> {
            (0..N).map(|row| f64::from(u8::from(row / 200 == class))).collect()
        };
        let found = of_chances(&[says(0), says(1), says(2)]);
        assert_eq!((found.n_blocks, found.n_ladder), (Some(3), None));
        let mixed =
            |class: usize| -> Vec<f64> { (0..N).map(|row| f64::from(u8::from(row % 3 == class))).collect() };
        assert!(!of_chances(&[mixed(0), mixed(1), mixed(2)]).are_any(), "answers row by row are no blocks");
        assert!(!of_chances(&[vec![0.2; N], vec![0.8; N]]).are_any(), "one answer is a usual first try");
    }

    #[test]
    fn few_changed_rows_are_counted_and_many_or_none_are_not() {
        let base: Vec<f64> = (0..1000).map(f64::from).collect();
        let with = |n: usize| {
            let mut file = base.clone();
            file.iter_mut().take(n).for_each(|value| *value += 0.5);
            [Predicted::Numbers(file)]
        };
        let changed = |n| n_changed(&with(n), &with(0), 1000);
        assert_eq!([0, 1, 9, 10, 500].map(changed), [None, Some(1), Some(9), None, None]);
    }

    #[test]
    fn files_to_a_metric_of_a_hosts_own_are_looked_at_by_what_their_texts_say() {
        use crate::intake::{Content, Limits};

        const N: usize = 200;
        let table = |cell: &dyn Fn(usize) -> String| {
            let rows: String = (0..N).map(|row| format!("r{row},{}\n", cell(row))).collect();
            Content::Csv(format!("id,target\n{rows}").into_bytes().into())
        };
        let looked = |truth: &dyn Fn(usize) -> String, files: [&dyn Fn(usize) -> String; 2]| {
            let (limits, rule) = (Limits::default(), crate::split::SplitRule::default());
            let solution = tables::Solution::prepare(&table(truth), &Default::default(), &rule, &limits);
            let solution = solution.expect("a solution");
            let [before, now] =
                files.map(|file| solution.align(&table(file), None, &limits).expect("a file"));
            look_at_texts(&solution, &now, Some(&before))
        };
        let amount = |row: usize| format!("{}.5", 100 + row * 37 % 101);
        let word = |row: usize| format!("word {}", row * 37 % 101);
        let far = |row: usize| if row == 3 { "-1e6".to_owned() } else { amount(row) };
        let found = looked(&amount, [&amount, &far]);
        assert_eq!((found.n_changed, found.n_far_out, found.n_blocks), (Some(1), Some(1), None));
        let halves = |row: usize| u8::from(row >= N / 2).to_string();
        assert_eq!(looked(&amount, [&amount, &halves]).n_blocks, Some(2));
        let other = |row: usize| if row == 9 { "other".to_owned() } else { word(row) };
        let found = looked(&word, [&word, &other]);
        assert_eq!((found.n_changed, found.n_far_out), (Some(1), None));
        let label = |row: usize| u8::from(row * 37 % 101 < 40).to_string();
        let odds = |row: usize| match row {
            0..8 => format!("{}", 1.0 / (1.0 + (-1e-3 * 2_f64.powi(row as i32)).exp())),
            _ => "0.5".to_owned(),
        };
        assert_eq!(looked(&label, [&label, &odds]).n_ladder, Some(8));
    }
}
