//! How sure a score by a host's metric is, though nobody knows what it computes: the metric is asked for the score
//! without each of some blocks of rows, which are drawn once for all files (the delete-a-group jackknife). A block's
//! deviation stands where a unit's influence stands otherwise, and blocks are counted as the units: so few know a standard
//! error less well, as Student's t and the rank ranges take into account.
//!
//! What is smooth in its rows has the right error in the mean, whatever the size of the blocks. What is not, such as a median or
//! a quantile, has it where blocks are larger than the square root of the number of rows (Shao and Wu 1989), so there are
//! no more blocks than that; with fewer rows than some thousands, its errors are rough, and a tenth to a quarter too large. What a
//! single block decides, as a largest error is, has none.

use std::collections::BTreeMap;
use std::time::Duration;

use holdout_contract::ranks::WhyUnknown;
use holdout_contract::spec::{CLUSTER_COLUMN, Params};

use super::Module;
use super::sandbox::{Ended, Sandbox};
use super::tables::{Aligned, Solution};
use super::verdict::{Task, Verdict};
use crate::influence::{Influence, Unit};
#[cfg(test)]
use crate::judge::Judge;
#[cfg(test)]
use crate::metrics::{Rows, gathered::Gathered};
use crate::solution::Split;
use crate::split::{key, text_key};

/// Fewer rows, or clusters, say too little about how much they vary.
const FEWEST_UNITS: usize = 30;
/// With fewer blocks, where there are more units, errors would be known badly; the metric is asked once for each.
const BLOCKS: std::ops::RangeInclusive<usize> = 40..=100;
/// Of the sum of all squared deviations, what one block may have: with more, it decides alone.
const MOST_OF_ONE: f64 = 0.9;

/// The metric is asked about one file no longer: whoever waits for a score waits for it.
pub const MOST_TIME_OF_A_LOOK: Duration = Duration::from_secs(60);

/// Which block every row of a split is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocks {
    of_row: Vec<u8>,
    n_blocks: usize,
}

/// Why nothing is known of chance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    #[error("With fewer than {FEWEST_UNITS} {0}, an interval would say nothing.")]
    TooFew(&'static str),
    #[error("The solution has no column “{0}” that says which rows come together.")]
    NoClusters(String),
    /// Of one file; others may have an interval.
    #[error("{}", .0.sentence())]
    OfFile(WhyUnknown),
}

impl Blocks {
    /// Blocks of a split, by the clusters of a competition's context where it names some.
    ///
    /// # Errors
    /// As [`Blocks::of`].
    pub fn declared(solution: &Solution, split: Split, context: &Params, seed: u64) -> Result<Self, Unknown> {
        let clusters = context.get(CLUSTER_COLUMN).and_then(|name| name.as_str());
        Self::of(solution, split, clusters.filter(|name| !name.is_empty()), seed)
    }

    /// Blocks of a split: by the ids of rows alone, or, where the host declared clusters, by their names, so that no cluster is
    /// torn apart. They vary as draws of rows do, so no class has its share in each.
    ///
    /// # Errors
    /// [`Unknown`], for every file.
    fn of(
        solution: &Solution,
        split: Split,
        cluster_column: Option<&str>,
        seed: u64,
    ) -> Result<Self, Unknown> {
        let (units, many) = match cluster_column {
            None => (solution.ids(split), "rows"),
            Some(name) => {
                let cells = solution.cells_of(name, split);
                (cells.ok_or_else(|| Unknown::NoClusters(name.to_owned()))?, "clusters")
            }
        };
        Self::drawn(&units, seed).ok_or(Unknown::TooFew(many))
    }

    /// Deals units round in a hashed order: blocks have as many, or one more.
    fn drawn(units: &[&str], seed: u64) -> Option<Self> {
        let mut block_of: BTreeMap<(u64, &str), u8> =
            units.iter().map(|unit| ((key(seed, text_key(unit)), *unit), 0)).collect();
        if block_of.len() < FEWEST_UNITS {
            return None;
        }
        let n_blocks = block_of.len().isqrt().clamp(*BLOCKS.start(), *BLOCKS.end()).min(block_of.len());
        block_of.values_mut().enumerate().for_each(|(at, block)| *block = (at % n_blocks) as u8);
        let of_row = units.iter().map(|unit| block_of[&(key(seed, text_key(unit)), *unit)]).collect();
        Some(Self { of_row, n_blocks })
    }

    #[cfg(test)]
    pub(crate) fn of_rows(n_rows: usize, seed: u64) -> Self {
        let names: Vec<String> = (0..n_rows).map(|row| format!("row {row}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Self::drawn(&names, seed).expect("enough rows")
    }

    pub fn n_blocks(&self) -> usize {
        self.n_blocks
    }

    /// The rows that are left without a block.
    #[cfg(test)]
    pub(crate) fn without(&self, block: usize) -> Vec<u32> {
        (0_u32..)
            .zip(&self.of_row)
            .filter(|(_, of_row)| usize::from(**of_row) != block)
            .map(|(row, _)| row)
            .collect()
    }
}

/// From the scores without each block: `n` times how far the block moves the score, so that sums over `n` blocks
/// come to the jackknife's variance.
///
/// # Errors
/// [`Unknown`] where one block decides.
pub fn influence_of(without: &[f64]) -> Result<Influence, Unknown> {
    let n = without.len() as f64;
    let mean = crate::kernels::sum(without.len(), |block| without[block]) / n;
    let scale = (n * (n - 1.0)).sqrt();
    let values: Vec<f64> = without.iter().map(|score| scale * (mean - score)).collect();
    let squares = || values.iter().map(|value| value * value);
    if squares().fold(0.0, f64::max) > MOST_OF_ONE * squares().sum::<f64>() {
        return Err(Unknown::OfFile(WhyUnknown::OneBlock));
    }
    Ok(Influence { unit: Unit::Group, n_units: values.len(), values })
}

/// Of a metric of the catalogue, asked as a host's module is: for scores alone.
#[cfg(test)]
pub(crate) fn asked(judge: &Judge, rows: &Rows<'_>, seed: u64) -> Influence {
    let blocks = Blocks::of_rows(rows.len(), seed);
    let score = |block: usize| {
        let kept = blocks.without(block);
        Gathered::new(rows, &kept).with_rows(rows, |rows| judge.score(rows).expect("a score"))
    };
    let scores: Vec<f64> = (0..blocks.n_blocks).map(score).collect();
    influence_of(&scores).expect("many blocks")
}

/// The influence of every block of a split on a file's score, from one process of the metric.
///
/// # Errors
/// Why the sandbox could not be started; inside, why nothing is known of the file.
pub fn influence(
    sandbox: &Sandbox,
    module: &Module,
    (solution, aligned, split): (&Solution, &Aligned, Split),
    blocks: &Blocks,
    time: Duration,
) -> Result<Result<Influence, Unknown>, String> {
    let tables = match solution.tables(aligned, split) {
        Ok(Some(tables)) => tables,
        Ok(None) => return Ok(Err(Unknown::OfFile(WhyUnknown::NoScore))),
        Err(error) => return Err(error.to_string()),
    };
    let task = Task::Blocks {
        source: &module.source,
        params: &module.params,
        row_id_column_name: solution.id_name(),
        solution_bytes: tables.solution.len(),
        submission_bytes: tables.submission.len(),
        n_rows: blocks.of_row.len(),
        n_blocks: blocks.n_blocks,
        // Computing time says it on a busy machine, too; the clock has the last word.
        seconds: time.as_secs_f64() / 2.0,
    };
    let reply = sandbox.call(&task, [&tables.solution, &tables.submission, &blocks.of_row], time);
    Ok(match reply.outcome {
        Ok(Verdict::Blocks { scores }) if scores.len() == blocks.n_blocks => influence_of(&scores),
        Ok(Verdict::Slow) | Err(Ended::TooLong(_)) => Err(Unknown::OfFile(WhyUnknown::TooSlow)),
        Err(Ended::NotStarted(reason)) => return Err(reason),
        Ok(_) | Err(_) => Err(Unknown::OfFile(WhyUnknown::NoScore)),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;
    use crate::influence::linear;
    use crate::judge::Context;
    use crate::metrics::Values;
    use crate::parallel;
    use crate::ranks::Normal;

    const N_CONTESTS: usize = 200;

    #[test]
    fn blocks_are_even_and_follow_from_the_names_of_rows_alone() {
        let names: Vec<String> = (0..2500).map(|row| format!("r{row}")).collect();
        let mut units: Vec<&str> = names.iter().map(String::as_str).collect();
        let drawn = Blocks::drawn(&units, 7).expect("enough");
        assert_eq!(drawn.n_blocks, 50);
        for block in 0..50 {
            assert_eq!(drawn.without(block).len(), 2450);
        }
        assert_ne!(Blocks::drawn(&units, 8), Some(drawn.clone()));
        units.reverse();
        let turned = Blocks::drawn(&units, 7).expect("enough");
        assert!(turned.of_row.iter().rev().eq(&drawn.of_row));
    }

    #[test]
    fn clusters_stay_whole_and_few_are_refused() {
        let names: Vec<String> = (0..300).map(|row| format!("patient {}", row % 35)).collect();
        let units: Vec<&str> = names.iter().map(String::as_str).collect();
        let drawn = Blocks::drawn(&units, 1).expect("enough");
        assert_eq!(drawn.n_blocks, 35);
        assert!((0..265).all(|row| drawn.of_row[row] == drawn.of_row[row + 35]));
        assert_eq!(Blocks::drawn(&units[..29], 1), None);
    }

    #[test]
    fn what_one_block_decides_has_no_interval() {
        let mut without = vec![1.0; 40];
        assert!(influence_of(&without).expect("known").values.iter().all(|value| *value == 0.0));
        without[3] = 0.5;
        assert_eq!(influence_of(&without), Err(Unknown::OfFile(WhyUnknown::OneBlock)));
        without[9] = 0.6;
        assert!(influence_of(&without).is_ok());
    }

    /// The mean squared error by blocks over that by the metric's own formula, on drawn files.
    fn ratio(metric: &str, n_rows: usize, file: impl Fn(Normal, usize) -> (f64, f64) + Sync) -> f64 {
        let judge = Judge::new(metric, &Map::new(), Context::default()).expect("a metric");
        let row_numbers: Vec<u32> = (0..n_rows as u32).collect();
        let errors = parallel::map(N_CONTESTS, usize::MAX, |contest| {
            let normal = Normal::new(contest as u64);
            let (truth, said): (Vec<f64>, Vec<f64>) = (0..n_rows).map(|row| file(normal, row)).unzip();
            let codes = |of: &[f64]| of.iter().map(|value| *value as u32).collect::<Vec<u32>>();
            let (truth_codes, said_codes) = (codes(&truth), codes(&said));
            let are_labels = metric == "f1_macro";
            let (truths, predictions) = if are_labels {
                ([Values::Codes(&truth_codes)], [Values::Codes(&said_codes)])
            } else {
                ([Values::Numbers(&truth)], [Values::Numbers(&said)])
            };
            let rows = Rows {
                truths: &truths,
                predictions: &predictions,
                weights: None,
                groups: None,
                row_numbers: &row_numbers,
                n_classes: 3,
                column_classes: &[],
                context: &judge.context,
                group_names: &[],
            };
            let by_blocks = asked(&judge, &rows, contest as u64).standard_error();
            let by_formula = linear(&judge, &rows).expect("known").standard_error();
            (by_blocks.powi(2), by_formula.powi(2))
        });
        let (by_blocks, by_formula): (Vec<f64>, Vec<f64>) = errors.into_iter().unzip();
        (by_blocks.iter().sum::<f64>() / by_formula.iter().sum::<f64>()).sqrt()
    }

    #[test]
    fn errors_by_blocks_are_those_by_the_metrics_formula_within_a_few_per_cent() {
        let of_mean = ratio("mae", 400, |normal, row| (0.0, normal.at(0, row)));
        let of_area = ratio("roc_auc", 400, |normal, row| {
            let is_positive = f64::from(u8::from(row.is_multiple_of(4)));
            (is_positive, is_positive + normal.at(0, row))
        });
        let of_labels = ratio("f1_macro", 600, |normal, row| {
            let truth = (row % 3) as f64;
            (truth, if normal.at(0, row) > 0.7 { ((row + 1) % 3) as f64 } else { truth })
        });
        println!("mean {of_mean:.3}, area {of_area:.3}, labels {of_labels:.3}");
        for found in [of_mean, of_area, of_labels] {
            assert!((found - 1.0).abs() < 0.04, "{of_mean} {of_area} {of_labels}");
        }
    }

    #[test]
    fn a_median_has_a_rough_error_that_is_not_too_small() {
        const N_ROWS: usize = 1600;
        let middle = |values: &mut Vec<f64>| {
            values.sort_unstable_by(f64::total_cmp);
            f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
        };
        let variances = parallel::map(N_CONTESTS, usize::MAX, |contest| {
            let normal = Normal::new(contest as u64);
            let losses: Vec<f64> = (0..N_ROWS).map(|row| normal.at(0, row)).collect();
            let blocks = Blocks::of_rows(N_ROWS, contest as u64);
            let without = |block: usize| {
                middle(&mut blocks.without(block).iter().map(|row| losses[*row as usize]).collect())
            };
            let without: Vec<f64> = (0..blocks.n_blocks).map(without).collect();
            influence_of(&without).expect("many blocks").standard_error().powi(2)
        });
        let by_blocks = (variances.iter().sum::<f64>() / N_CONTESTS as f64).sqrt();
        // Of the median of normal numbers: sqrt(pi / 2 / n).
        let ratio = by_blocks / (std::f64::consts::FRAC_PI_2 / N_ROWS as f64).sqrt();
        assert!((0.95..1.25).contains(&ratio), "{ratio}");
    }
}
