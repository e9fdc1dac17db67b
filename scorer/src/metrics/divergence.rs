//! Predicted shares of classes against true shares (votes, say).

use holdout_contract::spec::{Cell, Direction, Task};

use super::about::{About, CLIP, fields};
use super::{
    Degenerate, Laws, Metric, Params, Rows, ScoresPerRow, ScoresTogether, SumsTogether, Undefined, Values,
};
use crate::misfit::Misfits;

/// The divergence of Kullback and Leibler.
pub struct Divergence;

pub static KL_DIVERGENCE: Divergence = Divergence;

impl Metric for Divergence {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "kl_divergence",
            title: "Kullback-Leibler divergence",
            task: Task::MulticlassProbability,
            direction: Direction::LowerIsBetter,
            best: Some(0.0),
            layout: fields::Fields::TargetColumns(Cell::Probability),
            parameters: &[CLIP],
            sentence: "How much more surprised one would be with the predicted shares than with the true ones.",
            formula: r"\frac1n\sum_i\sum_k y_{ik}\ln\frac{y_{ik}}{p_{ik}}",
            edge_cases: &[
                "Each row of truth and prediction is divided by its sum; a file with a row of zeros is refused.",
                "Predicted shares are kept inside [clip, 1 - clip]; the clip is 1e-15 unless the host sets another.",
                "A true share of 0 costs nothing.",
            ],
            gaming: "Honest: the best report is the shares one expects. A share of 0 where there is some costs up to 35 times that share.",
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: false, has_weights: true, undefined_on: &[Degenerate::NoRows] }
    }

    fn misfits(&self, _: &[Values<'_>], predictions: &[Values<'_>], _: &Params) -> Option<Misfits> {
        Misfits::rows_of_zeros(predictions)
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

impl SumsTogether for Divergence {
    /// Nothing of a row that cannot be divided by its sum.
    type Found = Option<f64>;

    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<Option<f64>> {
        let total = |columns: &[Values<'_>], row: usize| -> f64 {
            columns.iter().map(|column| column.numbers()[row]).sum()
        };
        let clip = params.number(CLIP.name);
        rows.each(|row| {
            let (all_true, all_predicted) = (total(rows.truths, row), total(rows.predictions, row));
            let columns = rows.truths.iter().zip(rows.predictions);
            let shares = columns.map(|(truth, predicted)| {
                (truth.numbers()[row] / all_true, predicted.numbers()[row] / all_predicted)
            });
            let has_shares = all_true > 0.0 && all_predicted > 0.0;
            has_shares.then(|| shares.map(|(y, p)| term(y, p, clip)).sum())
        })
    }

    fn term(&self, term: &Option<f64>, _: usize) -> f64 {
        term.unwrap_or_default()
    }

    fn of_sums(
        &self,
        rows: &Rows<'_>,
        terms: &[Option<f64>],
        _: &Params,
        sum: impl Fn(usize) -> f64,
    ) -> Result<f64, Undefined> {
        if terms.iter().any(Option::is_none) {
            return Err(Undefined::because(
                "A row of this split has the share 0 for every class, so it cannot be divided by its sum.",
            ));
        }
        rows.mean_of(|| sum(0), |at| terms[at].unwrap_or_default())
    }
}

fn term(y: f64, p: f64, clip: f64) -> f64 {
    if y == 0.0 { 0.0 } else { y * (y / p.clamp(clip, 1.0 - clip)).ln() }
}

#[cfg(test)]
mod tests {
    use super::term;

    /// scipy.special.rel_entr.
    #[test]
    fn terms_and_their_clip() {
        assert_eq!(term(0.0, 0.0, 1e-15), 0.0);
        assert!((term(0.7, 0.2, 1e-15) - 0.876_934_077_946_757_4).abs() < 1e-15);
        assert!((term(1.0, 0.0, 1e-15) - 34.538_776_394_910_684).abs() < 1e-12);
    }
}
