//! Draws from the predicted distribution: columns `m1`, `m2`, …

use holdout_contract::spec::{Cell, Direction, Layout, Task};

use super::{LAWS, TARGET};
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::{Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined};

/// The CRPS of an ensemble.
pub struct Ensemble;

pub static CRPS_ENSEMBLE: Ensemble = Ensemble;

const MEMBERS: &str = "members";

impl Metric for Ensemble {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "crps_ensemble",
            title: "CRPS of ensembles",
            task: Task::Probabilistic,
            direction: Direction::LowerIsBetter,
            best: Some(0.0),
            layout: fields::Fields::Named { solution: TARGET, submission: &[] },
            parameters: &[ParameterAbout {
                name: MEMBERS,
                kind: Kind::Integer(1, 1_000, 10),
                description: "How many members every row has: columns m1, m2 and so on.",
                is_main: true,
            }],
            sentence: "How far the members are from the true value, less half of how far they are from each other.",
            formula: r"\frac1n\sum_i\left(\frac1M\sum_j|x_{ij}-y_i|-\frac{1}{2M^2}\sum_{j,k}|x_{ij}-x_{ik}|\right)",
            edge_cases: &[
                "Pairs of a member with itself count, so small ensembles are not corrected for their size.",
                "The order of members means nothing.",
            ],
            gaming: "With few members the best ones are quantiles of what one believes rather than random draws.",
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        LAWS
    }

    fn layout(&self, params: &Params) -> Layout {
        Layout::Named {
            solution: TARGET.iter().map(|(name, cell)| ((*name).to_owned(), *cell)).collect(),
            submission: (1..=params.count(MEMBERS)).map(|at| (format!("m{at}"), Cell::Number)).collect(),
        }
    }

    fn perfect(&self, truths: &[&[f64]], params: &Params) -> Option<Vec<Vec<f64>>> {
        Some(vec![truths.first()?.to_vec(); params.count(MEMBERS)])
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.score_rows(rows, params)
    }

    fn per_row(&self) -> Option<&dyn ScoresPerRow> {
        Some(self)
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }
}

impl SumsTogether for Ensemble {
    type Found = f64;

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<f64> {
        let truth = rows.truths[0].numbers();
        rows.each(|row| {
            let members = rows.predictions.iter().map(|column| column.numbers()[row]);
            crps(truth[row], members.collect())
        })
    }

    fn term(&self, term: &f64, _: usize) -> f64 {
        *term
    }
}

fn crps(y: f64, mut members: Vec<f64>) -> f64 {
    members.sort_unstable_by(f64::total_cmp);
    let n = members.len() as f64;
    let distance: f64 = members.iter().map(|member| (member - y).abs()).sum();
    let apart: f64 =
        members.iter().enumerate().map(|(at, member)| (2.0 * at as f64 + 1.0 - n) * (member - y)).sum();
    distance / n - apart / (n * n)
}

#[cfg(test)]
mod tests {
    use super::crps;

    #[test]
    fn one_sort_gives_what_all_pairs_give() {
        for (y, members) in [(2.0, vec![5.0]), (0.5, vec![1.0, -2.0, 1.0, 7.5]), (9.0, vec![3.0, 3.0, 3.0])] {
            let n = members.len() as f64;
            let far: f64 = members.iter().map(|x| f64::abs(x - y)).sum();
            let apart: f64 = members.iter().flat_map(|a| members.iter().map(move |b| f64::abs(a - b))).sum();
            let expected = far / n - apart / (2.0 * n * n);
            assert!((crps(y, members.clone()) - expected).abs() < 1e-14, "{members:?}");
        }
    }
}
