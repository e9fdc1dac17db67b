//! Groupings of rows compared with the true ones: names of clusters mean nothing, only who is together
//! with whom.

mod expected;
mod information;
mod moves;
mod table;

pub use information::{AMI, COMPLETENESS, HOMOGENEITY, NMI, V_MEASURE};

use holdout_contract::spec::{Direction, Task};

use super::about::{About, fields};
use super::{Degenerate, Laws, Metric, Params, Rows, Undefined};
use moves::{Moving, influence};
use table::Table;

/// A number read off the table of true and predicted clusters.
pub struct Clusters {
    about: About,
    is_symmetric: bool,
    compute: fn(&Table) -> f64,
    moving: Moving,
}

impl Metric for Clusters {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: self.is_symmetric, has_weights: false, undefined_on: &[Degenerate::NoRows] }
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        let (truth, predicted) = rows.labels();
        Ok((self.compute)(&Table::count(truth, predicted)))
    }

    fn influence(&self, rows: &Rows<'_>, _params: &Params) -> Option<Vec<f64>> {
        let (truth, predicted) = rows.labels();
        influence(&self.moving, truth, predicted)
    }
}

const ANY_NAMES: &str = "Clusters may have any names and any number; only who is together counts.";
const SIZE_GAMING: &str = "Nothing corrects for the number of clusters, so the number that scores best may differ from the true one.";

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Clustering,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::LABELS,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[ANY_NAMES],
    gaming: SIZE_GAMING,
};

pub static RAND: Clusters = Clusters {
    about: About {
        name: "rand_score",
        title: "Rand index",
        sentence: "The share of pairs of rows on which both groupings agree: together in both, or apart in both.",
        formula: r"\frac{a+d}{\binom n2}",
        edge_cases: &[ANY_NAMES, "One row alone scores 1: there is no pair to disagree on."],
        gaming: "With many small clusters nearly all pairs are apart in both groupings, so any fine grouping scores well.",
        ..BLANK
    },
    is_symmetric: true,
    compute: |table| {
        let pairs = table.pairs();
        if pairs.all() == 0 { 1.0 } else { (pairs.together + pairs.apart) as f64 / pairs.all() as f64 }
    },
    moving: Moving::Squares(|t| {
        let [together, truth_only, predicted_only, apart] = t.pairs();
        (together + apart) / (together + truth_only + predicted_only + apart)
    }),
};

pub static ADJUSTED_RAND: Clusters = Clusters {
    about: About {
        name: "adjusted_rand_score",
        title: "Adjusted Rand index",
        sentence: "Agreement on pairs of rows beyond what groupings of the same sizes have by chance: 0 is chance, 1 is perfect.",
        formula: r"\frac{2(ad-bc)}{(a+b)(b+d)+(a+c)(c+d)}",
        edge_cases: &[
            ANY_NAMES,
            "Equal groupings score 1, also where all rows are one cluster or every row is its own.",
            "Worse than chance is below 0.",
        ],
        gaming: "Corrected for chance; large clusters hold most pairs and decide.",
        ..BLANK
    },
    is_symmetric: true,
    compute: |table| {
        let pairs = table.pairs();
        let (a, b, c, d) = (pairs.together, pairs.truth_only, pairs.predicted_only, pairs.apart);
        if b == 0 && c == 0 {
            return 1.0;
        }
        2.0 * (a * d - b * c) as f64 / ((a + b) * (b + d) + (a + c) * (c + d)) as f64
    },
    moving: Moving::Squares(|t| {
        let [a, b, c, d] = t.pairs();
        2.0 * (a * d - b * c) / ((a + b) * (b + d) + (a + c) * (c + d))
    }),
};

pub static FOWLKES_MALLOWS: Clusters = Clusters {
    about: About {
        name: "fowlkes_mallows_score",
        title: "Fowlkes-Mallows index",
        sentence: "The geometric mean of precision and recall over pairs of rows that are together.",
        formula: r"\sqrt{\frac{a}{a+b}\cdot\frac{a}{a+c}}",
        edge_cases: &[
            ANY_NAMES,
            "0 where no pair is together in both groupings, also where every row is its own cluster.",
        ],
        gaming: "Not corrected for chance: few large clusters score well without knowing anything.",
        ..BLANK
    },
    is_symmetric: true,
    compute: |table| {
        let pairs = table.pairs();
        let share = |other: i128| (pairs.together as f64 / (pairs.together + other) as f64).sqrt();
        if pairs.together == 0 { 0.0 } else { share(pairs.predicted_only) * share(pairs.truth_only) }
    },
    moving: Moving::Squares(|t| {
        let [together, truth_only, predicted_only, _] = t.pairs();
        together / ((together + truth_only) * (together + predicted_only)).sqrt()
    }),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn all(truth: &[u32], predicted: &[u32]) -> Vec<f64> {
        let metrics =
            [&RAND, &ADJUSTED_RAND, &FOWLKES_MALLOWS, &NMI, &AMI, &HOMOGENEITY, &COMPLETENESS, &V_MEASURE];
        let table = Table::count(truth, predicted);
        metrics.iter().map(|metric| (metric.compute)(&table)).collect()
    }

    /// rand, adjusted_rand, fowlkes_mallows, normalized_mutual_info, adjusted_mutual_info, homogeneity,
    /// completeness, v_measure: sklearn.metrics.*_score(truth, predicted), scikit-learn 1.9.1.
    #[test]
    fn edge_cases_are_those_of_the_reference() {
        let cases: &[(&[u32], &[u32], [f64; 8])] = &[
            (&[0], &[3], [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (&[0, 0, 0], &[1, 1, 1], [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (&[0, 1, 2], &[5, 3, 4], [1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]),
            (&[0, 1, 2, 3], &[1, 1, 1, 1], [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            (&[1, 1, 1, 1], &[0, 1, 2, 3], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0]),
            (
                &[0, 0, 1, 1],
                &[0, 1, 0, 1],
                [0.3333333333333333, -0.5, 0.0, 0.0, -0.49999999999999944, 0.0, 0.0, 0.0],
            ),
            (
                &[0, 0, 1, 1, 2],
                &[1, 1, 0, 0, 0],
                [
                    0.8,
                    0.5454545454545454,
                    std::f64::consts::FRAC_1_SQRT_2,
                    0.7789794173345359,
                    0.635350294577575,
                    0.6379740263133313,
                    1.0,
                    0.7789794173345359,
                ],
            ),
            (
                &[
                    2, 2, 0, 3, 1, 0, 1, 0, 2, 3, 1, 3, 0, 1, 0, 1, 3, 2, 1, 3, 1, 0, 1, 3, 1, 1, 0, 0, 1, 1,
                    1, 1, 2, 2, 1, 1, 1, 1, 3, 2,
                ],
                &[
                    0, 2, 3, 1, 1, 2, 0, 2, 2, 4, 4, 0, 4, 5, 5, 2, 0, 2, 2, 2, 3, 5, 2, 1, 3, 3, 5, 1, 0, 2,
                    0, 5, 2, 3, 0, 4, 3, 2, 3, 4,
                ],
                [
                    0.6346153846153846,
                    -0.016479496652888028,
                    0.20825607071879607,
                    0.13043634074009416,
                    -0.02911671384109691,
                    0.1521593793423867,
                    0.11414099760804544,
                    0.13043634074009414,
                ],
            ),
            (
                &[
                    0, 3, 0, 1, 4, 1, 0, 1, 3, 2, 4, 2, 4, 2, 3, 0, 4, 2, 2, 0, 3, 0, 1, 2, 4, 4, 2, 1, 2, 2,
                    4, 0, 2, 2, 2, 1, 0, 1, 2, 3, 1, 0, 0, 4, 4, 3, 0, 1, 4, 2, 2, 3, 3, 1, 0, 0, 3, 2, 1, 1,
                ],
                &[
                    2, 3, 1, 1, 4, 1, 0, 1, 2, 7, 5, 2, 4, 2, 3, 0, 2, 2, 2, 0, 3, 0, 8, 2, 5, 4, 2, 5, 2, 2,
                    4, 4, 5, 2, 2, 1, 0, 1, 2, 3, 5, 0, 0, 6, 4, 7, 5, 1, 4, 2, 7, 3, 3, 1, 0, 0, 8, 2, 1, 1,
                ],
                [
                    0.867231638418079,
                    0.5311284704609246,
                    0.6157743004790269,
                    0.6253606443865292,
                    0.5478362171419946,
                    0.7019722141444994,
                    0.5638260200829368,
                    0.6253606443865292,
                ],
            ),
        ];
        for (truth, predicted, expected) in cases {
            for (found, expected) in all(truth, predicted).into_iter().zip(expected) {
                let is_close = (found - expected).abs() <= 1e-12 + 1e-9 * expected.abs();
                assert!(is_close, "{truth:?} {predicted:?}: {found}, not {expected}");
            }
        }
    }
}
