//! Several metrics that teams are ranked by, on the same rows: the influence of every unit on each of them, of the
//! same units in the same order, so that what moves them together is known as well.
//!
//! Where one metric averages groups and another reads rows, the groups are what comes together for both. Where one is
//! not near a sum over units, replicates stand in for all, each of the same draws.

use std::collections::HashMap;

use super::clusters::replicates_of_clusters;
use super::exact::{Exact, has_groups, replicates_of_rows};
use super::{Influence, NoInterval, Unit, influence_of_clusters, influence_or_replicates, unknown};
use crate::judge::Judge;
use crate::metrics::Rows;
use crate::metrics::compose::{self, Part};
use crate::metrics::groups::Groups;

/// Of every part of a metric whose teams are ranked by each of them, in the order of the parts; turned so that a lower
/// score is a better one, whatever the part's direction. `clusters` are those that the host declared.
///
/// # Errors
/// [`NoInterval`] for the first part of which nothing is known.
pub fn influence_of_parts(
    judge: &Judge,
    rows: &Rows<'_>,
    clusters: Option<&[u32]>,
    exact: Exact<'_>,
) -> Result<Vec<Influence>, NoInterval> {
    let all = Parts { judge, rows, exact, parts: compose::parts(&judge.params) };
    let mut together = clusters;
    let mut found = all.influences(together, false)?;
    if !are_of_the_same(&found) && together.is_none() && found.iter().any(|one| one.unit == Unit::Group) {
        together = rows.groups;
        found = all.influences(together, false)?;
    }
    if !are_of_the_same(&found) {
        found = all.influences(together, true)?;
    }
    if !are_of_the_same(&found) {
        let reason = "These metrics count different units: no interval of their ranks is known.";
        return Err(NoInterval(reason.to_owned()));
    }
    Ok(found)
}

/// Whether values of one are beside values of the others.
fn are_of_the_same(found: &[Influence]) -> bool {
    let shape = |one: &Influence| (one.unit, one.values.len(), one.n_units);
    found.windows(2).all(|pair| shape(&pair[0]) == shape(&pair[1]))
}

struct Parts<'a> {
    judge: &'a Judge,
    rows: &'a Rows<'a>,
    exact: Exact<'a>,
    parts: Vec<Part>,
}

impl Parts<'_> {
    fn influences(&self, together: Option<&[u32]>, replicated: bool) -> Result<Vec<Influence>, NoInterval> {
        self.parts.iter().map(|part| self.influence(part, together, replicated)).collect()
    }

    fn influence(
        &self,
        part: &Part,
        together: Option<&[u32]>,
        replicated: bool,
    ) -> Result<Influence, NoInterval> {
        let judge = part.judge(&self.judge.context);
        let found = compose::with_rows_of(part, &self.parts, self.rows, |rows| {
            Some(match (together, replicated) {
                (None, false) => influence_or_replicates(&judge, rows, self.exact),
                (None, true) => replicates_of_rows(&judge, rows, self.exact),
                (Some(clusters), false) => influence_of_clusters(&judge, rows, clusters, self.exact)
                    .map(|found| in_order_of_rows(found, &judge, rows, clusters)),
                (Some(clusters), true) => replicates_of_clusters(&judge, rows, clusters, self.exact),
            })
        });
        let mut found = found
            .unwrap_or_else(|| Err(unknown(&judge)))
            .map_err(|NoInterval(reason)| NoInterval(format!("Of the metric {}: {reason}", part.name)))?;
        if judge.direction().higher_is_better() {
            found.values.iter_mut().for_each(|value| *value = -*value);
        }
        Ok(found)
    }
}

/// Clusters of a metric that averages groups come in the order of its groups, those of others in that of the rows.
fn in_order_of_rows(found: Influence, judge: &Judge, rows: &Rows<'_>, clusters: &[u32]) -> Influence {
    if !has_groups(judge) || found.n_units != found.values.len() {
        return found;
    }
    let Ok(groups) = Groups::of(rows) else { return found };
    let first_rows = groups.iter().filter_map(|(_, members)| members.first());
    let by_groups = first_of_each(first_rows.map(|row| clusters[*row as usize]));
    let by_rows = first_of_each(clusters.iter().copied());
    let mut places: Vec<(usize, usize)> =
        by_groups.into_iter().filter_map(|(cluster, at)| Some((*by_rows.get(&cluster)?, at))).collect();
    places.sort_unstable();
    let values = places.into_iter().map(|(_, at)| found.values[at]).collect();
    Influence { values, ..found }
}

/// The place of each among those that come for the first time.
fn first_of_each(clusters: impl Iterator<Item = u32>) -> HashMap<u32, usize, foldhash::fast::FixedState> {
    let mut places: HashMap<u32, usize, foldhash::fast::FixedState> = HashMap::default();
    for cluster in clusters {
        let next = places.len();
        places.entry(cluster).or_insert(next);
    }
    places
}

#[cfg(test)]
mod tests {
    use holdout_evaluator::Evaluator;
    use serde_json::{Map, json};

    use super::*;
    use crate::influence::influence;
    use crate::judge::Context;
    use crate::metrics::Values;

    const N_ROWS: usize = 120;

    struct File {
        truth: Vec<f64>,
        predicted: Vec<f64>,
        row_numbers: Vec<u32>,
        groups: Vec<u32>,
        names: Vec<String>,
    }

    impl File {
        fn new() -> Self {
            let value = |row: usize, by: usize| ((row * by) % 101) as f64 / 101.0;
            Self {
                truth: (0..N_ROWS).map(|row| f64::from(u8::from(value(row, 37) > 0.5))).collect(),
                predicted: (0..N_ROWS).map(|row| 0.1 + 0.8 * value(row, 53)).collect(),
                row_numbers: (0..N_ROWS as u32).collect(),
                // Groups do not begin in the order of their numbers.
                groups: (0..N_ROWS as u32).map(|row| 39 - row % 40).collect(),
                names: (0..40).map(|group| format!("g{group}")).collect(),
            }
        }

        fn of_parts(&self, names: [&str; 2]) -> Result<Vec<Influence>, NoInterval> {
            let parts = names.map(|name| json!({ "metric": name, "weight": 1 }));
            let params = json!({ "parts": parts, "group_column": "group" });
            let params = params.as_object().expect("an object");
            let judge = Judge::new("mean_rank", params, Context::default()).expect("metrics");
            let exact = Exact { evaluator: &Evaluator::default(), version: 3 };
            self.with_rows(&judge, |rows| influence_of_parts(&judge, rows, None, exact))
        }

        fn with_rows<T>(&self, judge: &Judge, work: impl FnOnce(&Rows<'_>) -> T) -> T {
            work(&Rows {
                truths: &[Values::Numbers(&self.truth)],
                predictions: &[Values::Numbers(&self.predicted)],
                weights: None,
                groups: Some(&self.groups),
                row_numbers: &self.row_numbers,
                n_classes: 2,
                column_classes: &[],
                context: &judge.context,
                group_names: &self.names,
            })
        }

        fn of_one(&self, metric: &str) -> Influence {
            let judge = Judge::new(metric, &Map::new(), Context::default()).expect("a metric");
            self.with_rows(&judge, |rows| influence(&judge, rows)).expect("enough rows")
        }
    }

    #[test]
    fn each_part_is_what_it_is_alone_and_lower_is_better() {
        let file = File::new();
        let found = file.of_parts(["log_loss", "roc_auc"]).expect("known");
        assert_eq!(found[0], file.of_one("log_loss"));
        let turned: Vec<f64> = file.of_one("roc_auc").values.iter().map(|value| -value).collect();
        assert_eq!(found[1].values, turned);
    }

    #[test]
    fn replicates_stand_in_for_all_where_one_part_bends() {
        let found = File::new().of_parts(["brier", "ks_statistic"]).expect("known");
        assert_eq!(found[0].values.len(), 2000);
        assert_eq!((found[1].values.len(), found[0].n_units), (2000, N_ROWS));
        let near = found[0].standard_error() / File::new().of_one("brier").standard_error();
        assert!((near - 1.0).abs() < 0.1, "{near}");
    }

    #[test]
    fn groups_come_together_for_all_where_one_part_averages_them() {
        let found = File::new().of_parts(["group_mean_mae", "mae"]).expect("known");
        // Groups are of one size here, so that the mean over rows is the mean over groups.
        let differences = found[0].values.iter().zip(&found[1].values).map(|(a, b)| (a - b).abs());
        assert!(differences.fold(0.0, f64::max) < 1e-9, "{found:?}");
        assert_eq!((found[0].values.len(), found[1].unit), (40, Unit::Group));
    }

    #[test]
    fn what_nobody_knows_of_one_part_nobody_knows_of_the_whole() {
        let NoInterval(reason) = File::new().of_parts(["mae", "max_error"]).expect_err("one row decides");
        assert!(reason.starts_with("Of the metric max_error: One row decides"), "{reason}");
    }
}
