//! Groupings compared by the information that one holds about the other, in nats.

use super::moves::Moving;
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
    moving: Moving::Entropies(|t| t.shared() / f64::midpoint(t.of_truth(), t.of_predicted())),
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
    moving: Moving::AboveChance(|t| {
        (t.shared() - t.expected) / (f64::midpoint(t.of_truth(), t.of_predicted()) - t.expected)
    }),
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
    moving: Moving::Entropies(|t| t.shared() / t.of_truth()),
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
    moving: Moving::Entropies(|t| t.shared() / t.of_predicted()),
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
    moving: Moving::Entropies(|t| 2.0 * t.shared() / (t.of_truth() + t.of_predicted())),
};
