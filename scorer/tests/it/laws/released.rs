//! From the labels that are released every score can be computed again, to the last bit.

use std::fmt::Write as _;

use holdout_contract::commitment::Form;
use holdout_contract::spec::Params;
use holdout_scorer::align::align;
use holdout_scorer::examine::Competition;
use holdout_scorer::examine::committed::Whole;
use holdout_scorer::intake::{Limits, Source, content};
use holdout_scorer::judge::Judge;
use holdout_scorer::metrics;
use holdout_scorer::score::score_split;
use holdout_scorer::solution::{Solution, Split};
use holdout_scorer::split::SplitRule;
use serde_json::{Map, Value, json};

use super::composed::{composed, is_composite};
use super::{Case, HISTORY, N_ROWS, Random, SERIES, case, context, declared, opened};
use crate::tables::{Cells, parquet, texts};

/// What scores are computed with, but for the solution.
struct Judged<'a> {
    metric: &'a str,
    params: &'a Map<String, Value>,
    submission: &'a str,
}

impl Judged<'_> {
    fn scores(&self, solution: &[u8]) -> [Option<u64>; 3] {
        let judge = Judge::new(self.metric, self.params, context()).unwrap();
        let content = content::open(Source::Bytes(solution.into()), &Limits::default()).unwrap().unwrap();
        let solution = Solution::prepare(&content, judge, &rule(), &Limits::default())
            .unwrap_or_else(|rejection| panic!("{} {:?}: {rejection:?}", self.metric, self.params));
        let aligned = align(&solution, &opened(self.submission), &Limits::default()).unwrap();
        [Split::Public, Split::Private, Split::All]
            .map(|split| score_split(&solution, &aligned, split).value().map(f64::to_bits))
    }

    fn released(&self, solution: &[u8]) -> String {
        let context: Params = declared();
        let mut history = "series,t,value\n".to_owned();
        for name in SERIES {
            HISTORY
                .iter()
                .enumerate()
                .for_each(|(t, value)| writeln!(history, "{name},{t},{value}").unwrap());
        }
        let competition = Competition {
            solution: Some(solution.to_vec().into()),
            metric: Some(self.metric),
            history: Some(history.into_bytes().into()),
            rule: rule(),
            ..Competition::empty(self.params, &context)
        };
        let whole = Whole::of(&competition, false, &Limits::default())
            .unwrap_or_else(|| panic!("{} {:?} is not released", self.metric, self.params));
        let mut text = Vec::new();
        whole.write(Form::AsScored, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }
}

fn rule() -> SplitRule {
    SplitRule { public_fraction: 0.4, seed: 5, ..SplitRule::default() }
}

/// Rows in no order; where `has_usage`, its cells in letters of any case, else a split is made.
fn solution(case: &Case, has_usage: bool) -> String {
    let text = case.solution_csv();
    let (header, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    Random::new(77).shuffle(&mut rows);
    let line = |line: &str| {
        let (cells, usage) = line.rsplit_once(',').unwrap();
        if has_usage { format!("{cells}, {}\n", usage.to_uppercase()) } else { format!("{cells}\n") }
    };
    std::iter::once(header).chain(rows).map(line).collect()
}

fn sorted(text: &str) -> String {
    let (header, rows) = text.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable();
    format!("{header}\n{}\n", rows.join("\n"))
}

/// Every metric, plain and as hosts compose it, with and without weights; seven different predictions for all rows.
fn cases() -> Vec<(&'static str, Map<String, Value>, Case)> {
    let mut cases = Vec::new();
    for metric in metrics::all() {
        let name = metric.about().name;
        let mut tied = case(metric, 71);
        for (_, cells) in &mut tied.predictions {
            (0..N_ROWS).for_each(|row| cells[row] = cells[row % 7].clone());
        }
        if metric.laws().has_weights {
            let weights = (0..N_ROWS).map(|row| [0.3, 1.0, 0.0, 2.75][row % 4]).collect();
            let mut params = metric.sample_params();
            params.insert("weight_column".into(), json!("heft"));
            cases.push((name, params, Case { weights: Some(weights), ..tied.clone() }));
        }
        if !is_composite(metric) {
            cases.extend(
                composed(metric, &tied).into_iter().map(|found| (found.name, found.params, found.case)),
            );
        }
        cases.push((name, metric.sample_params(), tied));
    }
    cases
}

#[test]
fn every_metric_scores_to_the_bit_by_the_labels_that_are_released() {
    let (mut n_defined, mut n_all, mut differ_when_sorted) = (0, 0, Vec::new());
    for (name, params, case) in cases() {
        let order: Vec<usize> = (0..N_ROWS).collect();
        let judged = Judged { metric: name, params: &params, submission: &case.submission_csv(&order) };
        for has_usage in [true, false] {
            let original = solution(&case, has_usage);
            let released = judged.released(original.as_bytes());
            let scores = judged.scores(original.as_bytes());
            assert_eq!(
                judged.scores(released.as_bytes()),
                scores,
                "{name} {params:?}\n{original}\n{released}"
            );
            n_all += 1;
            n_defined += usize::from(scores.iter().all(Option::is_some));
            if judged.scores(sorted(&released).as_bytes()) != scores {
                differ_when_sorted.push(name);
            }
        }
    }
    assert!(5 * n_defined > 4 * n_all, "{n_defined} of {n_all} have scores");
    assert!(
        differ_when_sorted.contains(&"normalized_gini"),
        "the order is not asked about: {differ_when_sorted:?}"
    );
}

#[test]
fn numbers_of_a_parquet_file_are_released_as_they_are_scored() {
    let n = 40;
    let ids = || texts((0..n).rev().map(|row| format!("k{row}")));
    let usage = || texts((0..n).map(|row| ["public", "PRIVATE", "Ignored"][row % 3]));
    let singles = |by: f32| Cells::Float((0..n).map(|row| 0.1 + by * row as f32).collect());
    let submission: String =
        (0..n).map(|row| format!("k{row},{}\n", 0.37 * f64::from(row as u8 % 5))).collect();
    let submission = format!("id,y\n{submission}");
    let solution = parquet([
        ("binary id (utf8)", ids()),
        ("float y", singles(0.3)),
        ("float heft", singles(0.01)),
        ("int64 note", Cells::Int64(vec![i64::MAX; n])),
        ("binary Usage (utf8)", usage()),
    ]);
    let params = Map::from_iter([("weight_column".to_owned(), json!("heft"))]);
    let judged = Judged { metric: "rmse", params: &params, submission: &submission };
    let released = judged.released(&solution);
    assert_eq!(judged.scores(released.as_bytes()), judged.scores(&solution), "{released}");
    assert!(released.starts_with("id,y,heft,note,Usage\nk39,0.10000000149011612,"), "{released}");

    let texts_of_floats =
        parquet([("binary id (utf8)", ids()), ("float y", singles(0.3)), ("binary Usage (utf8)", usage())]);
    let judged = Judged { metric: "exact_match_text", params: &Map::new(), submission: &submission };
    let released = judged.released(&texts_of_floats);
    assert_eq!(judged.scores(released.as_bytes()), judged.scores(&texts_of_floats), "{released}");
    assert!(released.starts_with("id,y,Usage\nk39,0.1,"), "{released}");
}
