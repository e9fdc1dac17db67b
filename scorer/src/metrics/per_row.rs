//! Metrics that find something out about every row and then add it up. What is found is found once,
//! however many parts of the rows are scored.

use std::ops::Range;

use super::{Draws, Params, Rows, Undefined};

/// A metric that looks at each row by itself, and then adds up what it found.
pub trait PerRow: Sync {
    /// What is found out about a row.
    type Found: Send + Sync;

    /// Looks at every row. Why there is no score is for [`PerRow::add_up`] to say: it sees the rows of
    /// one part alone.
    fn find(&self, rows: &Rows<'_>, params: &Params) -> Vec<Self::Found>;

    /// # Errors
    /// Why these rows have no score.
    fn add_up(&self, rows: &Rows<'_>, found: &[Self::Found], params: &Params) -> Result<f64, Undefined>;
}

/// What every [`PerRow`] can do, whatever it finds out.
pub trait ScoresPerRow {
    /// As [`super::Metric::score`].
    ///
    /// # Errors
    /// Why these rows have no score.
    fn score_rows(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined>;

    /// As [`super::Metric::score_parts`].
    fn score_row_parts(
        &self,
        rows: &Rows<'_>,
        parts: &[Range<usize>],
        params: &Params,
    ) -> Vec<Result<f64, Undefined>>;

    /// As [`super::Metric::scores_of_draws`], of metrics that read weights.
    fn scores_of_row_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Vec<f64>;
}

impl<M: PerRow> ScoresPerRow for M {
    fn score_rows(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        self.add_up(rows, &self.find(rows, params), params)
    }

    fn score_row_parts(
        &self,
        rows: &Rows<'_>,
        parts: &[Range<usize>],
        params: &Params,
    ) -> Vec<Result<f64, Undefined>> {
        let found = self.find(rows, params);
        crate::parallel::each(parts, rows.len(), |part| {
            rows.with_part(part.clone(), |rows| self.add_up(rows, &found[part.clone()], params))
        })
    }

    fn scores_of_row_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Vec<f64> {
        let found = self.find(rows, params);
        draws.scores(rows.len(), |times| {
            let weights = rows.drawn_weights(times);
            self.add_up(&Rows { weights: Some(&weights), ..*rows }, &found, params)
        })
    }
}
