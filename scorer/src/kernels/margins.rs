//! What single-label metrics need of a confusion matrix: its diagonal and its two margins.

const LANES: usize = 4;
/// A count of 32 bits holds so many rows.
const MOST_IN_A_COUNT: usize = u32::MAX as usize;

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
    /// Counts rows; codes are below `n_classes`.
    pub fn count(n_classes: usize, truth: &[u32], predicted: &[u32]) -> Self {
        // Neighbouring rows often have the same class: counted in one place, each would wait for the one
        // before it.
        let mut counts = vec![[[0_u32; 3]; LANES]; n_classes];
        let mut margins = Self::zeros(n_classes);
        let blocks = truth.chunks(MOST_IN_A_COUNT).zip(predicted.chunks(MOST_IN_A_COUNT));
        for (truth, predicted) in blocks {
            for (row, (y, p)) in truth.iter().zip(predicted).enumerate() {
                let lane = row % LANES;
                counts[*y as usize][lane][0] += 1;
                counts[*p as usize][lane][1] += 1;
                counts[*y as usize][lane][2] += u32::from(y == p);
            }
            for (class, lanes) in counts.iter_mut().enumerate() {
                for [in_truth, in_prediction, in_both] in std::mem::take(lanes) {
                    margins.truth[class] += f64::from(in_truth);
                    margins.predicted[class] += f64::from(in_prediction);
                    margins.matched[class] += f64::from(in_both);
                }
            }
        }
        margins.total = truth.len() as f64;
        margins
    }

    /// Adds up the weights of rows.
    pub fn weigh(n_classes: usize, truth: &[u32], predicted: &[u32], weights: &[f64]) -> Self {
        let mut margins = Self::zeros(n_classes);
        for ((y, p), weight) in truth.iter().zip(predicted).zip(weights) {
            margins.truth[*y as usize] += weight;
            margins.predicted[*p as usize] += weight;
            margins.total += weight;
            if y == p {
                margins.matched[*y as usize] += weight;
            }
        }
        margins
    }

    fn zeros(n_classes: usize) -> Self {
        let zeros = || vec![0.0; n_classes];
        Self { matched: zeros(), truth: zeros(), predicted: zeros(), total: 0.0 }
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
