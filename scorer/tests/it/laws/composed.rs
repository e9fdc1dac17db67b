//! Metrics as hosts compose them, by column, by group or from parts: files that are scored together score as each alone.

use holdout_contract::spec::{Direction, Task};
use holdout_evaluator::{DeviceFailure, Evaluator};
use holdout_scorer::align::{Aligned, align};
use holdout_scorer::intake::Limits;
use holdout_scorer::judge::Judge;
use holdout_scorer::metrics::{self, Metric};
use holdout_scorer::score::{both_scores, both_scores_of_all};
use holdout_scorer::solution::Solution;
use holdout_scorer::split::SplitRule;
use serde_json::{Map, Value, json};

use super::device::Fake;
use super::together::long;
use super::{Case, Columns, case, context, opened};

/// What a host asks for, and data for it.
pub(super) struct Composed {
    pub(super) name: &'static str,
    pub(super) params: Map<String, Value>,
    pub(super) case: Case,
    /// Whether a device is asked, however few the rows.
    asks_a_device: bool,
}

pub(super) fn is_composite(metric: &dyn Metric) -> bool {
    metric.spec().task == Task::Composite
}

fn takes(metric: &dyn Metric, parameter: &str) -> bool {
    metrics::find(metric.about().name, &metric.sample_params()).unwrap().1.as_map().contains_key(parameter)
}

fn with(metric: &dyn Metric, more: Value) -> Map<String, Value> {
    let Value::Object(more) = more else { panic!("parameters are an object") };
    metric.sample_params().into_iter().chain(more).collect()
}

/// The column and another, of which every row's cells are those of some other row.
fn twice(columns: &Columns, n_rows: usize) -> Columns {
    let [(_, cells)] = columns.as_slice() else { panic!("one column") };
    let mut others = cells.clone();
    others.rotate_left(n_rows);
    vec![("a".to_owned(), cells.clone()), ("b".to_owned(), others)]
}

fn in_groups(case: &Case) -> Case {
    let group = |row: usize| if row % 5 < 2 { "s0" } else { "s1" };
    Case { groups: Some((0..case.n_rows()).map(|row| group(row).to_owned()).collect()), ..case.clone() }
}

/// Every way in which this metric can be composed.
pub(super) fn composed(metric: &dyn Metric, case: &Case) -> Vec<Composed> {
    let name = metric.about().name;
    let has_groups = takes(metric, "groups");
    let is_together = metric.together().is_some();
    let asks_by_group = is_together && metric.per_row().is_some();
    let is_single = takes(metric, "columns");
    let two = is_single.then(|| Case {
        truths: twice(&case.truths, 7),
        predictions: twice(&case.predictions, 4),
        ..case.clone()
    });
    let of = |params: Value, case: Case, asks_a_device: bool| Composed {
        name,
        params: with(metric, params),
        case,
        asks_a_device,
    };
    let mut all = Vec::new();
    if let Some(two) = &two {
        all.push(of(json!({"columns": "a, b"}), two.clone(), is_together));
        all.push(of(json!({"columns": "a,b", "column_weights": "3,0.7"}), two.clone(), is_together));
    }
    if has_groups {
        let mean = json!({"groups": "mean", "group_column": "series"});
        let worst = json!({"groups": "worst", "group_column": "series", "undefined_groups": "skip"});
        all.push(of(mean, in_groups(case), asks_by_group));
        all.push(of(worst, in_groups(case), asks_by_group));
    }
    if let Some(two) = two.as_ref().filter(|_| has_groups) {
        let both = json!({"columns": "b,a", "groups": "mean", "group_column": "series"});
        all.push(of(both, in_groups(two), asks_by_group));
    }
    let grouped = if has_groups { json!({"groups": "worst", "group_column": "series"}) } else { json!({}) };
    let part = |target: &str, weight: f64, params: Value| {
        let mut part = json!({"metric": name, "weight": weight, "params": with(metric, params)});
        if is_single {
            part["target"] = target.into();
        }
        part
    };
    let parts = json!({"parts": [part("a", 0.7, json!({})), part("b", 0.3, grouped)]});
    let sum = match metric.about().direction {
        Direction::HigherIsBetter => "weighted_sum",
        Direction::LowerIsBetter => "weighted_sum_of_losses",
    };
    for name in [sum, "mean_rank"] {
        let Value::Object(params) = parts.clone() else { unreachable!("an object") };
        let case = two.as_ref().unwrap_or(case);
        let case = if has_groups { in_groups(case) } else { case.clone() };
        all.push(Composed { name, params, case, asks_a_device: is_together });
    }
    let mut unweighted = parts;
    for part in unweighted["parts"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        part.remove("weight");
    }
    let Value::Object(params) = unweighted else { unreachable!("an object") };
    let case = two.as_ref().unwrap_or(case);
    let case = if has_groups { in_groups(case) } else { case.clone() };
    all.push(Composed { name: "with_secondary", params, case, asks_a_device: is_together });
    all
}

impl Composed {
    fn weighted(&self, metric: &dyn Metric) -> Self {
        let mut params = self.params.clone();
        match params.get_mut("parts").and_then(Value::as_array_mut) {
            Some(parts) => parts.iter_mut().for_each(|part| part["params"]["weight_column"] = "heft".into()),
            None => drop(params.insert("weight_column".to_owned(), "heft".into())),
        }
        assert!(metric.laws().has_weights);
        let weights = (0..self.case.n_rows()).map(|row| [0.3, 1.0, 0.0, 2.75][row % 4]).collect();
        Self { params, case: Case { weights: Some(weights), ..self.case.clone() }, ..*self }
    }

    fn solution(&self) -> Solution {
        let judge = Judge::new(self.name, &self.params, context())
            .unwrap_or_else(|reason| panic!("{} {:?}: {reason}", self.name, self.params));
        let text = self.case.solution_csv();
        Solution::prepare(&opened(&text), judge, &SplitRule::default(), &Limits::default())
            .unwrap_or_else(|rejection| panic!("{} {:?}: {rejection:?}", self.name, self.params))
    }

    /// Files that predict other rows' values.
    fn files(&self, solution: &Solution, shifts: &[usize]) -> Vec<Aligned> {
        let order: Vec<usize> = (0..self.case.n_rows()).collect();
        let moved = |n_rows: &usize| {
            let mut case = self.case.clone();
            case.predictions.iter_mut().for_each(|(_, cells)| cells.rotate_left(*n_rows));
            align(solution, &opened(&case.submission_csv(&order)), &Limits::default()).ok()
        };
        shifts.iter().filter_map(moved).collect()
    }

    /// Whether a file has a score; its scores are asked for every way.
    fn check(&self, shifts: &[usize]) -> bool {
        let what = format!("{} {:?}", self.name, self.params);
        let solution = self.solution();
        let files = self.files(&solution, shifts);
        let files: Vec<&Aligned> = files.iter().collect();
        assert!(files.len() > 1, "{what} takes one file alone");
        let alone: Vec<String> =
            files.iter().map(|file| format!("{:?}", both_scores(&solution, file))).collect();
        let together = |evaluator: &Evaluator| -> Vec<String> {
            let scores = both_scores_of_all(&solution, &files, evaluator);
            scores.iter().map(|scores| format!("{scores:?}")).collect()
        };
        assert_eq!(together(&Evaluator::default()), alone, "{what}");
        for failure in [None, Some(DeviceFailure::Lost("pulled out".to_owned()))] {
            let (evaluator, asked) = Fake::evaluator(failure);
            assert_eq!(together(&evaluator), alone, "{what}");
            if self.case.weights.is_none() {
                assert_eq!(!asked.all().is_empty(), self.asks_a_device, "{what}");
            }
        }
        alone.iter().any(|scores| scores.contains("Defined") || scores.contains("OfParts"))
    }
}

#[test]
fn files_of_a_composed_metric_scored_together_score_to_the_bit_as_each_alone() {
    let (mut n_composed, mut n_defined) = (0, 0);
    for metric in metrics::all().filter(|metric| !is_composite(*metric)) {
        for plain in composed(metric, &case(metric, 61)) {
            let weighted = metric.laws().has_weights.then(|| plain.weighted(metric));
            for composed in [Some(plain), weighted].into_iter().flatten() {
                n_composed += 1;
                n_defined += usize::from(composed.check(&[0, 1, 7, 30]));
            }
        }
    }
    assert!(5 * n_defined > 4 * n_composed, "{n_defined} of {n_composed} have a score");
}

#[test]
fn long_groups_are_ordered_on_a_device_and_score_to_the_bit_as_each_alone() {
    let mut names = Vec::new();
    for metric in metrics::all().filter(|metric| !is_composite(*metric)) {
        if metric.together().is_none() || metric.per_row().is_some() || !takes(metric, "groups") {
            continue;
        }
        let by_group = json!({"groups": "mean", "group_column": "series"});
        let case = in_groups(&long(case(metric, 63)));
        let name = metric.about().name;
        let composed = Composed { name, params: with(metric, by_group), case, asks_a_device: true };
        let shifts: Vec<usize> = (0..24).map(|file| 191 * file).collect();
        assert!(composed.check(&shifts), "{name} has no score");
        names.push(name);
    }
    for name in ["roc_auc", "spearman", "normalized_gini", "auc_ovr_macro"] {
        assert!(names.contains(&name), "{names:?}");
    }
}

#[test]
fn a_column_or_part_without_a_score_says_so_in_a_group_of_files_as_alone() {
    let solution = "id,a,b,site,Usage\n1,1,5,n,Public\n2,2,5,n,Private\n3,3,5,s,Public\n4,4,5,s,Private\n";
    let part = |metric: &str, target: &str| json!({"metric": metric, "weight": 1.0, "target": target});
    let by_group = |how: &str, undefined: &str| json!({"columns": "a,b", "groups": how, "group_column": "site", "undefined_groups": undefined});
    for (name, params, told) in [
        ("spearman", json!({"columns": "a,b"}), "On the column “b”"),
        ("weighted_sum", json!({"parts": [part("r2", "a"), part("spearman", "b")]}), "The part spearman"),
        ("mean_rank", json!({"parts": [part("mae", "a"), part("spearman", "b")]}), "The part spearman"),
        ("r2", by_group("mean", "refuse"), "no value in 2 of the 2 groups"),
        ("spearman", by_group("worst", "skip"), "no value in 2 of the 2 groups"),
    ] {
        let Value::Object(params) = params else { unreachable!("an object") };
        let judge = Judge::new(name, &params, context()).unwrap();
        let solution =
            Solution::prepare(&opened(solution), judge, &SplitRule::default(), &Limits::default()).unwrap();
        let file = |text: &str| align(&solution, &opened(text), &Limits::default()).unwrap();
        let files =
            [file("id,a,b\n1,1,5\n2,2,6\n3,4,5\n4,3,8\n"), file("id,a,b\n1,4,1\n2,9,2\n3,7,3\n4,1,4\n")];
        let files = [&files[0], &files[1]];
        let alone: Vec<String> = files.map(|file| format!("{:?}", both_scores(&solution, file))).into();
        let together = both_scores_of_all(&solution, &files, &Evaluator::default());
        let together: Vec<String> = together.iter().map(|scores| format!("{scores:?}")).collect();
        assert_eq!(together, alone, "{name} {params:?}");
        assert!(alone.iter().all(|scores| scores.contains(told)), "{name}: {alone:?}");
    }
}
