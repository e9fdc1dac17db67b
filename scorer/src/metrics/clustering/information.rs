//! Groupings compared by the information that one holds about the other, in nats.

use std::collections::BTreeMap;

use super::table::Table;
use super::{ANY_NAMES, About, BLANK, Clusters};
use crate::kernels::sum;

impl Table {
    fn has_one(sizes: &[u64]) -> bool {
        sizes.len() == 1
    }

    fn entropy(&self, sizes: &[u64]) -> f64 {
        if Self::has_one(sizes) {
            return 0.0;
        }
        let n = self.n_rows as f64;
        -sum(sizes.len(), |at| sizes[at] as f64 / n * (sizes[at] as f64 / n).ln())
    }

    /// Entropies of the true and of the predicted clusters.
    fn entropies(&self) -> (f64, f64) {
        (self.entropy(&self.truth), self.entropy(&self.predicted))
    }

    fn mutual_information(&self) -> f64 {
        if Self::has_one(&self.truth) || Self::has_one(&self.predicted) {
            return 0.0;
        }
        let n = self.n_rows as f64;
        let term = |at: usize| {
            let (truth, predicted, both) = self.cells[at];
            let sizes = u128::from(self.truth[truth]) * u128::from(self.predicted[predicted]);
            let shared = u128::from(both) * u128::from(self.n_rows);
            if shared == sizes { 0.0 } else { both as f64 / n * (shared as f64 / sizes as f64).ln() }
        };
        let total = sum(self.cells.len(), term);
        // A sum that only rounding keeps from 0.
        if total < f64::EPSILON { 0.0 } else { total }
    }

    /// The mean over all groupings with clusters of these sizes. Every cell then has a hypergeometric
    /// number of rows (Vinh, Epps and Bailey 2010).
    fn expected_mutual_information(&self) -> f64 {
        let (truth, predicted) = (multiplicities(&self.truth), multiplicities(&self.predicted));
        let mut terms = Vec::with_capacity(truth.len() * predicted.len());
        for (a, n_a) in &truth {
            for (b, n_b) in &predicted {
                terms.push((n_a * n_b) as f64 * expected_cell(self.n_rows, *a, *b));
            }
        }
        sum(terms.len(), |at| terms[at])
    }
}

/// How many clusters have each size.
fn multiplicities(sizes: &[u64]) -> Vec<(u64, u64)> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    sizes.iter().for_each(|size| *counts.entry(*size).or_default() += 1);
    counts.into_iter().collect()
}

/// Weights below this share of the largest one change no digit.
const NEGLIGIBLE: f64 = 1e-25;

/// The expected contribution of one cell between clusters of `a` and `b` of `n` rows: chances are
/// walked from the most likely count outwards, each from its neighbour, and scaled to add up to 1.
fn expected_cell(n: u64, a: u64, b: u64) -> f64 {
    let (lowest, highest) = ((a + b).saturating_sub(n), a.min(b));
    let likely = ((u128::from(a + 1) * u128::from(b + 1)) / u128::from(n + 2)) as u64;
    let likely = likely.clamp(lowest, highest);
    let value = |k: u64| {
        let (k, n) = (k as f64, n as f64);
        if k == 0.0 { 0.0 } else { k / n * (n * k / (a as f64 * b as f64)).ln() }
    };
    // chance(k + 1) / chance(k)
    let ratio = |k: u64| {
        let rest = (n + k + 1 - a - b) as f64;
        (a - k) as f64 * (b - k) as f64 / ((k + 1) as f64 * rest)
    };
    let mut weights = vec![(1.0, value(likely))];
    let mut weight = 1.0;
    for k in likely..highest {
        weight *= ratio(k);
        weights.push((weight, value(k + 1)));
        if weight < NEGLIGIBLE {
            break;
        }
    }
    weight = 1.0;
    for k in (lowest..likely).rev() {
        weight /= ratio(k);
        weights.push((weight, value(k)));
        if weight < NEGLIGIBLE {
            break;
        }
    }
    sum(weights.len(), |at| weights[at].0 * weights[at].1) / sum(weights.len(), |at| weights[at].0)
}

/// Keeps a difference away from 0 and its sign as it is.
fn off_zero(value: f64) -> f64 {
    if value < 0.0 { value.min(-f64::EPSILON) } else { value.max(f64::EPSILON) }
}

fn normalized(table: &Table) -> f64 {
    if Table::has_one(&table.truth) && Table::has_one(&table.predicted) {
        return 1.0;
    }
    let (truth, predicted) = table.entropies();
    let shared = table.mutual_information();
    if shared == 0.0 { 0.0 } else { shared / f64::midpoint(truth, predicted) }
}

fn adjusted(table: &Table) -> f64 {
    match (Table::has_one(&table.truth), Table::has_one(&table.predicted)) {
        (true, true) => return 1.0,
        (false, false) => {}
        _ => return 0.0,
    }
    let (truth, predicted) = table.entropies();
    let expected = table.expected_mutual_information();
    let above = off_zero(table.mutual_information() - expected);
    above / off_zero(f64::midpoint(truth, predicted) - expected)
}

/// What share of this entropy is known; all of it where there is none.
fn known(shared: f64, entropy: f64) -> f64 {
    if entropy == 0.0 { 1.0 } else { shared / entropy }
}

fn v_measure(table: &Table) -> f64 {
    let (truth, predicted) = table.entropies();
    let shared = table.mutual_information();
    let (homogeneity, completeness) = (known(shared, truth), known(shared, predicted));
    let total = homogeneity + completeness;
    if total == 0.0 { 0.0 } else { 2.0 * homogeneity * completeness / total }
}

pub static NMI: Clusters = Clusters {
    about: About {
        name: "normalized_mutual_info_score",
        title: "Normalised mutual information",
        sentence: "The information that both groupings share, divided by the mean of what each holds.",
        formula: r"\frac{I(Y;P)}{\tfrac12\left(H(Y)+H(P)\right)}",
        edge_cases: &[
            ANY_NAMES,
            "1 where both groupings have one cluster only; 0 where one of them has one and the other more.",
        ],
        gaming: "Not corrected for chance: many small clusters raise it.",
        ..BLANK
    },
    is_symmetric: true,
    compute: normalized,
};

pub static AMI: Clusters = Clusters {
    about: About {
        name: "adjusted_mutual_info_score",
        title: "Adjusted mutual information",
        sentence: "The information that both groupings share beyond what groupings of the same sizes share by chance: 0 is chance, 1 is perfect.",
        formula: r"\frac{I(Y;P)-\mathbb E[I]}{\tfrac12\left(H(Y)+H(P)\right)-\mathbb E[I]}",
        edge_cases: &[
            ANY_NAMES,
            "1 where both groupings have one cluster only; 0 where one of them has one and the other more.",
            "Worse than chance is below 0.",
        ],
        gaming: "Corrected for chance; there is no way known to score without knowing the clusters.",
        ..BLANK
    },
    is_symmetric: true,
    compute: adjusted,
};

pub static HOMOGENEITY: Clusters = Clusters {
    about: About {
        name: "homogeneity_score",
        title: "Homogeneity",
        sentence: "How far every predicted cluster holds rows of one true cluster only.",
        formula: r"\frac{I(Y;P)}{H(Y)}",
        edge_cases: &[ANY_NAMES, "1 where all rows are one true cluster."],
        gaming: "Putting every row into a cluster of its own scores 1.",
        ..BLANK
    },
    is_symmetric: false,
    compute: |table| known(table.mutual_information(), table.entropy(&table.truth)),
};

pub static COMPLETENESS: Clusters = Clusters {
    about: About {
        name: "completeness_score",
        title: "Completeness",
        sentence: "How far the rows of every true cluster are in one predicted cluster.",
        formula: r"\frac{I(Y;P)}{H(P)}",
        edge_cases: &[ANY_NAMES, "1 where all rows are one predicted cluster."],
        gaming: "Putting all rows into one cluster scores 1.",
        ..BLANK
    },
    is_symmetric: false,
    compute: |table| known(table.mutual_information(), table.entropy(&table.predicted)),
};

pub static V_MEASURE: Clusters = Clusters {
    about: About {
        name: "v_measure_score",
        title: "V-measure",
        sentence: "The harmonic mean of homogeneity and completeness.",
        formula: r"\frac{2hc}{h+c}",
        edge_cases: &[ANY_NAMES, "0 where homogeneity and completeness are both 0."],
        gaming: "Not corrected for chance: many small clusters raise it.",
        ..BLANK
    },
    is_symmetric: true,
    compute: v_measure,
};
