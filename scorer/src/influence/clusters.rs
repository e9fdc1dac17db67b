//! Rows that come together though no metric says so: the patients or authors that a host declared. They are drawn
//! anew as a whole, so that the sum of their rows' influence stands where a row's would.

use std::collections::HashMap;

use super::exact::{Exact, deviations, of_metric};
use super::{
    FEWEST_EXACT_OF_A_CLASS, FEWEST_OF_A_CLASS, FEWEST_UNITS, Influence, NoInterval, Rarest, Unit, is_bent,
    linear, unknown,
};
use crate::judge::Judge;
use crate::metrics::groups::Groups;
use crate::metrics::{Draws, Rows};

/// With fewer, not even exact replicates say anything.
const FEWEST_CLUSTERS: usize = 10;

/// The influence of every cluster; `clusters` has one for every row. Where clusters are few, or those that hold a class,
/// or the score bends with its rows, deviations of replicates that weigh clusters as a whole.
///
/// # Errors
/// [`NoInterval`] for very few clusters, in all or of a class, and for a metric of which no influence is known.
pub fn influence_of_clusters(
    judge: &Judge,
    rows: &Rows<'_>,
    clusters: &[u32],
    exact: Exact<'_>,
) -> Result<Influence, NoInterval> {
    let numbers = numbered(clusters);
    let n_clusters = numbers.iter().max().map_or(0, |last| *last as usize + 1);
    if n_clusters < FEWEST_CLUSTERS {
        return Err(NoInterval(format!(
            "With fewer than {FEWEST_CLUSTERS} clusters, an interval would say nothing."
        )));
    }
    let found = linear(judge, rows);
    if found.is_none() && !is_bent(judge) {
        return Err(unknown(judge));
    }
    let rarest = Rarest::of(judge, rows, Some(&numbers));
    if let Some(rarest) = rarest.as_ref().filter(|rarest| rarest.n < FEWEST_EXACT_OF_A_CLASS) {
        return Err(rarest.refusal(FEWEST_EXACT_OF_A_CLASS));
    }
    let are_few = n_clusters < FEWEST_UNITS || rarest.is_some_and(|rarest| rarest.n < FEWEST_OF_A_CLASS);
    if let Some(found) = found.filter(|_| !are_few) {
        return by_cluster(found, rows, clusters).ok_or_else(|| {
            NoInterval(
                "Groups that the metric averages lie in several clusters: no interval is known.".to_owned(),
            )
        });
    }
    of_draws(judge, rows, &numbers, n_clusters, exact)
}

/// As [`influence_of_clusters`], by replicates however many clusters there are.
///
/// # Errors
/// [`NoInterval`] for a metric of which nothing is known, and for too many rows.
pub(super) fn replicates_of_clusters(
    judge: &Judge,
    rows: &Rows<'_>,
    clusters: &[u32],
    exact: Exact<'_>,
) -> Result<Influence, NoInterval> {
    if !is_bent(judge) && linear(judge, rows).is_none() {
        return Err(unknown(judge));
    }
    let numbers = numbered(clusters);
    let n_clusters = numbers.iter().max().map_or(0, |last| *last as usize + 1);
    of_draws(judge, rows, &numbers, n_clusters, exact)
}

fn of_draws(
    judge: &Judge,
    rows: &Rows<'_>,
    numbers: &[u32],
    n_clusters: usize,
    exact: Exact<'_>,
) -> Result<Influence, NoInterval> {
    let draws = Draws::of_units(exact.draw(rows.len()), numbers, n_clusters);
    let scores = if judge.is_ranked() { None } else { of_metric(judge.metric, &judge.params, rows, &draws)? };
    scores.and_then(|scores| deviations(scores, Unit::Group, n_clusters)).ok_or_else(|| {
        if n_clusters >= FEWEST_UNITS {
            return unknown(judge);
        }
        NoInterval(format!("With fewer than {FEWEST_UNITS} clusters, no interval of this metric is known."))
    })
}

/// Sums over clusters, as values whose mean moves the score as before. `None` where a unit lies in several.
pub fn by_cluster(influence: Influence, rows: &Rows<'_>, clusters: &[u32]) -> Option<Influence> {
    let of_units = match influence.unit {
        Unit::Row => clusters.to_vec(),
        Unit::Group => {
            let groups = Groups::of(rows).ok()?;
            let of_group = |(_, members): (usize, &[u32])| {
                let mut found = members.iter().map(|row| clusters[*row as usize]);
                let first = found.next()?;
                found.all(|cluster| cluster == first).then_some(first)
            };
            groups.iter().map(of_group).collect::<Option<Vec<u32>>>()?
        }
    };
    if of_units.len() != influence.values.len() {
        return None;
    }
    let numbers = numbered(&of_units);
    let n_clusters = numbers.iter().max().map_or(0, |last| *last as usize + 1);
    let scale = n_clusters as f64 / influence.values.len() as f64;
    let mut values = vec![0.0; n_clusters];
    for (number, value) in numbers.iter().zip(&influence.values) {
        values[*number as usize] += scale * value;
    }
    Some(Influence { unit: Unit::Group, n_units: n_clusters, values })
}

/// Clusters by numbers from 0, in the order in which they come.
fn numbered(clusters: &[u32]) -> Vec<u32> {
    let mut numbers: HashMap<u32, u32, foldhash::fast::FixedState> = HashMap::default();
    let number = |cluster: &u32| {
        let next = numbers.len() as u32;
        *numbers.entry(*cluster).or_insert(next)
    };
    clusters.iter().map(number).collect()
}
