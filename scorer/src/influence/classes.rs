//! Rare classes: how much a score varies with them, few rows tell badly.

use std::collections::{BTreeSet, HashMap, HashSet};

use foldhash::fast::FixedState;
use holdout_contract::spec::Task;

use super::NoInterval;
use crate::judge::Judge;
use crate::kernels::order_key;
use crate::metrics::text::words::words;
use crate::metrics::{Metric, Rows, Values, compose};

/// Averages over classes, or tags, in which all count the same, so that the rows of the rarest ones decide.
const OF_CLASSES: [&str; 11] = [
    "balanced_accuracy",
    "f1_macro",
    "fbeta_macro",
    "precision_macro",
    "recall_macro",
    "jaccard_macro",
    "auc_ovr_macro",
    "auc_ovo_macro",
    "mean_column_auc",
    "map_macro_classes",
    "f1_macro_tags",
];

/// The rarest class that a score depends on.
pub(super) struct Rarest {
    /// How many rows, or clusters of rows, show it.
    pub n: usize,
    pub what: &'static str,
}

impl Rarest {
    /// With clusters, which come together, these are counted instead of rows. `None` where truths are no classes. All
    /// files of a competition have the same one: it follows from the solution alone.
    pub fn of(judge: &Judge, rows: &Rows<'_>, clusters: Option<&[u32]>) -> Option<Self> {
        let parts = compose::parts(&judge.params);
        let of_part =
            |part| compose::with_rows_of(part, &parts, rows, |rows| of_metric(part.metric, rows, clusters));
        let n = match parts.is_empty() {
            true => of_metric(judge.metric, rows, clusters),
            false => parts.iter().filter_map(of_part).min(),
        };
        let what = match (judge.metric.about().task, clusters) {
            (Task::Clustering, _) => "rows in a true cluster, in the mean",
            (_, None) => "rows of a class",
            (_, Some(_)) => "clusters that hold a class",
        };
        n.map(|n| Self { n, what })
    }

    pub fn refusal(&self, least: usize) -> NoInterval {
        NoInterval(format!("With fewer than {least} {}, an interval would say nothing.", self.what))
    }
}

/// A row, and a class that it shows.
type Member = (usize, u64);

fn of_metric(metric: &dyn Metric, rows: &Rows<'_>, clusters: Option<&[u32]>) -> Option<usize> {
    if metric.groups_are_classes() {
        let members = rows.groups?.iter().enumerate().map(|(row, class)| (row, u64::from(*class)));
        return Some(rows_of_the_rarest(&counts(members, clusters)));
    }
    let (name, task) = (metric.about().name, metric.about().task);
    let is_of_classes = OF_CLASSES.contains(&name);
    let of_column = |truth: &Values<'_>| {
        let members =
            if is_of_classes && task == Task::Multilabel { Some(tags(rows, truth)) } else { values(truth) };
        match (members, task) {
            (None, _) => None,
            // A cluster's rows in the truth may all come together.
            (Some(members), Task::Clustering) => mean_size(&counts(members.into_iter(), None)),
            (Some(members), _) if is_of_classes => {
                Some(rows_of_the_rarest(&counts(members.into_iter(), clusters)))
            }
            (Some(members), _) => rarer_of_two(&counts(members.into_iter(), clusters)),
        }
    };
    let has_classes = is_of_classes
        || matches!(task, Task::Clustering | Task::BinaryProbability | Task::Labels | Task::Multilabel);
    if !has_classes {
        return None;
    }
    rows.truths.iter().map(|truth| of_column(truth).unwrap_or(rows.len())).min()
}

/// The value of every row; `None` of texts.
fn values(truth: &Values<'_>) -> Option<Vec<Member>> {
    let value: Box<dyn Fn(usize) -> u64> = match *truth {
        Values::Numbers(numbers) => Box::new(|at| order_key(numbers[at])),
        Values::Codes(codes) => Box::new(|at| u64::from(codes[at])),
        Values::Texts { .. } => return None,
    };
    Some((0..truth.len()).map(|at| (at, value(at))).collect())
}

/// The tags of every row that the competition knows.
fn tags(rows: &Rows<'_>, truth: &Values<'_>) -> Vec<Member> {
    let known: Option<HashSet<String>> = rows.context.names("vocab").map(|names| names.into_iter().collect());
    let mut numbers: HashMap<&str, u64, FixedState> = HashMap::default();
    let mut members = Vec::new();
    for row in 0..truth.len() {
        let tags: BTreeSet<&str> = words(truth.text(row)).collect();
        for tag in tags.into_iter().filter(|tag| known.as_ref().is_none_or(|known| known.contains(*tag))) {
            let next = numbers.len() as u64;
            members.push((row, *numbers.entry(tag).or_insert(next)));
        }
    }
    members
}

/// How many rows, or clusters, show each class, the rarest first.
fn counts(members: impl Iterator<Item = Member>, clusters: Option<&[u32]>) -> Vec<usize> {
    let mut counts: HashMap<u64, usize, FixedState> = HashMap::default();
    let mut seen: HashSet<(u64, u32), FixedState> = HashSet::default();
    for (row, class) in members {
        if clusters.is_none_or(|clusters| seen.insert((class, clusters[row]))) {
            *counts.entry(class).or_default() += 1;
        }
    }
    let mut counts: Vec<usize> = counts.into_values().collect();
    counts.sort_unstable();
    counts
}

/// Of one value or two: a curve or a rate of the rarer one.
fn rarer_of_two(counts: &[usize]) -> Option<usize> {
    counts.first().copied().filter(|_| counts.len() <= 2)
}

/// A true cluster's rows, in the mean.
fn mean_size(counts: &[usize]) -> Option<usize> {
    counts.iter().sum::<usize>().checked_div(counts.len())
}

/// The rows of classes that would all be as rare, for a mean over classes to be known as well: with `m` rows of a class
/// its part of the variance is about `1/m`, which they tell too small by `1/m` of it.
fn rows_of_the_rarest(counts: &[usize]) -> usize {
    let total = |of: fn(f64) -> f64| counts.iter().map(|n| of(*n as f64)).sum::<f64>();
    let rows = total(f64::recip) / total(|n| n.recip() * n.recip());
    // Equal classes come to their size but for rounding.
    (rows + 1e-9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::find;

    #[test]
    fn names_are_of_the_catalogue() {
        for name in OF_CLASSES {
            assert!(find(name, &serde_json::Map::new()).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_class_counts_once_in_a_cluster() {
        let members = || [(0, 7), (1, 7), (2, 7), (3, 9), (4, 9)].into_iter();
        assert_eq!(counts(members(), None), [2, 3]);
        assert_eq!(counts(members(), Some(&[1, 1, 2, 3, 3])), [1, 2]);
    }

    #[test]
    fn a_rare_class_counts_for_as_much_as_it_adds_to_the_variance() {
        assert_eq!(rows_of_the_rarest(&[40, 40, 40]), 40);
        assert_eq!(rows_of_the_rarest(&[12, 5000]), 12);
        assert_eq!(rows_of_the_rarest(&[3, 1000, 1000, 1000, 1000]), 3);
        let many = [vec![3], vec![100; 99]].concat();
        assert_eq!(rows_of_the_rarest(&many), 10, "one of a hundred classes decides less");
        assert_eq!((mean_size(&[1, 5, 30]), mean_size(&[])), (Some(12), None));
        assert_eq!(
            (rarer_of_two(&[4, 9]), rarer_of_two(&[4, 9, 9]), rarer_of_two(&[])),
            (Some(4), None, None)
        );
    }
}
