//! A score for every tag: how well the true tags of a row are ranked above its other tags.

use holdout_contract::spec::{Cell, Direction, Task};

use crate::influence::Sums;
use crate::kernels::order_key;
use crate::metrics::about::{About, fields};
use crate::metrics::{
    Degenerate, Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined,
};

/// One row's precision at its true tags.
struct Ranked {
    /// The sum over true tags of the share of true tags among all ranked as high.
    precision: f64,
    n_true: usize,
    n_tags: usize,
}

fn ranked(rows: &Rows<'_>, row: usize) -> Ranked {
    let n_tags = rows.truths.len();
    let score = |tag: usize| order_key(rows.predictions[tag].numbers()[row]);
    let is_true = |tag: usize| rows.truths[tag].numbers()[row] == 1.0;
    let mut order: Vec<(u64, bool)> = (0..n_tags).map(|tag| (!score(tag), is_true(tag))).collect();
    order.sort_unstable();
    let (mut n_above, mut true_above, mut precision) = (0, 0, 0.0);
    for tied in order.chunk_by(|a, b| a.0 == b.0) {
        let n_true = tied.iter().filter(|tag| tag.1).count();
        n_above += tied.len();
        true_above += n_true;
        precision += n_true as f64 * true_above as f64 / n_above as f64;
    }
    Ranked { precision, n_true: true_above, n_tags }
}

/// A mean over rows or over labels: of every row, what it adds to two sums, the first over the second.
pub struct LabelRanking {
    about: About,
    undefined_on: &'static [Degenerate],
    adds: fn(&Ranked) -> [f64; 2],
}

impl Metric for LabelRanking {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: false, has_weights: true, undefined_on: self.undefined_on }
    }

    fn prediction_cell(&self) -> Cell {
        Cell::Number
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

    fn sums<'a>(&'a self, rows: &Rows<'_>, params: &Params) -> Option<Sums<'a>> {
        let added = self.find(rows, params);
        let column = |part: usize| -> Vec<f64> { added.iter().map(|added| added[part]).collect() };
        Some(Sums { terms: vec![column(0), column(1)], combine: Box::new(|sums| share([sums[0], sums[1]])) })
    }
}

impl SumsTogether for LabelRanking {
    type Found = [f64; 2];

    fn find(&self, rows: &Rows<'_>, _: &Params) -> Vec<[f64; 2]> {
        rows.each(|row| (self.adds)(&ranked(rows, row)))
    }

    fn n_sums(&self) -> usize {
        2
    }

    fn term(&self, added: &[f64; 2], at_sum: usize) -> f64 {
        added[at_sum]
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        _: &[[f64; 2]],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        share([sum(0), sum(1)])
    }
}

fn share([upper, lower]: [f64; 2]) -> Result<f64, Undefined> {
    if lower == 0.0 {
        return Err(Undefined::because("No row of this split has a true tag to rank."));
    }
    Ok(upper / lower)
}

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Multilabel,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::Fields::TargetColumns(Cell::Binary),
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "Only the order within a row counts: scores need not be comparable between rows.",
};

const TIES: &str = "Equal scores share the lowest of their ranks.";

pub static LRAP: LabelRanking = LabelRanking {
    about: About {
        name: "lrap",
        title: "Label ranking average precision",
        sentence: "For every true tag of a row, the share of true tags among those ranked as high; averaged over the row's tags, then over rows.",
        formula: r"\frac1n\sum_{i=1}^{n}\frac{1}{|Y_i|}\sum_{k\in Y_i}\frac{|\{j\in Y_i:s_{ij}\ge s_{ik}\}|}{|\{j:s_{ij}\ge s_{ik}\}|}",
        edge_cases: &[TIES, "A row with no true tag, or with all of them, counts 1."],
        ..BLANK
    },
    undefined_on: &[Degenerate::NoRows],
    adds: |row| {
        let is_free = row.n_true == 0 || row.n_true == row.n_tags;
        [if is_free { 1.0 } else { row.precision / row.n_true as f64 }, 1.0]
    },
};

pub static LWLRAP: LabelRanking = LabelRanking {
    about: About {
        name: "lwlrap",
        title: "Label-weighted label ranking average precision",
        sentence: "For every true tag, the share of true tags among those its row ranks as high; averaged over all true tags, so that rows with many tags count more.",
        formula: r"\frac{1}{\sum_i|Y_i|}\sum_{i=1}^{n}\sum_{k\in Y_i}\frac{|\{j\in Y_i:s_{ij}\ge s_{ik}\}|}{|\{j:s_{ij}\ge s_{ik}\}|}",
        edge_cases: &[TIES, "Rows without a true tag do not count.", "Undefined when no row has a true tag."],
        ..BLANK
    },
    undefined_on: &[Degenerate::NoRows, Degenerate::NoPositives],
    adds: |row| [row.precision, row.n_true as f64],
};
