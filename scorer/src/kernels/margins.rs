//! What single-label metrics need of a confusion matrix: its diagonal and its two margins.

/// Weights of rows by class.
#[derive(Debug, Clone, PartialEq)]
pub struct Margins {
    /// Truth and prediction agree on this class.
    pub matched: Vec<f64>,
    pub truth: Vec<f64>,
    pub predicted: Vec<f64>,
    pub total: f64,
}

impl Margins {
    /// Counts classes with codes below `n_classes`.
    pub fn count(
        n_classes: usize,
        n_rows: usize,
        pair: impl Fn(usize) -> (usize, usize),
        weight: impl Fn(usize) -> f64,
    ) -> Self {
        let zeros = || vec![0.0; n_classes];
        let mut margins = Self { matched: zeros(), truth: zeros(), predicted: zeros(), total: 0.0 };
        for at in 0..n_rows {
            let ((truth, predicted), weight) = (pair(at), weight(at));
            margins.truth[truth] += weight;
            margins.predicted[predicted] += weight;
            margins.total += weight;
            if truth == predicted {
                margins.matched[truth] += weight;
            }
        }
        margins
    }

    pub fn n_classes(&self) -> usize {
        self.truth.len()
    }

    /// The weight of rows that are right.
    pub fn n_right(&self) -> f64 {
        self.matched.iter().sum()
    }

    /// Classes that appear in truth or prediction.
    pub fn present(&self) -> impl Iterator<Item = usize> {
        (0..self.n_classes()).filter(|class| self.truth[*class] + self.predicted[*class] > 0.0)
    }
}
