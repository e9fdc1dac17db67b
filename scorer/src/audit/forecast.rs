//! Honest forecasters: their belief about every row is known, and possible truths are drawn from it,
//! so that it can be counted whether saying something other than one believes scores better.
//!
//! Numbers: signal and truth are normal in ranks (a Gaussian copula) with correlation `skill`, and the
//! hidden labels are the distribution. Groups differ by a factor, where all truths are above 0, or by
//! centre and spread. Classes: a noisy signal of each class, and Bayes' rule.

use super::case::{self, Case, Family, deviation, mean};
use super::distributions::Normals;
use super::metric::{BlackBox, Trial};
use super::normal;

/// Equally probable values of a row that a belief consists of.
const ATOMS: usize = 64;
/// Possible truths that a score is averaged over.
pub(super) const DRAWS: u64 = 32;

/// Streams of hashed orders.
const TRUTH: u64 = 1;
const NOISE: u64 = 2;
const FIRST_DRAW: u64 = 10;
const FIRST_CLASS: u64 = 1000;
const NEXT_COLUMN: u64 = 1_000_000;

/// One forecaster.
pub struct Forecaster {
    belief: Belief,
    pub draws: Vec<Vec<f64>>,
}

enum Belief {
    /// [`ATOMS`] values a row, ascending.
    Values(Vec<f64>),
    /// A probability a row; column by column where there are several classes.
    Shares(Vec<f64>),
    Normals(Normals),
}

impl Forecaster {
    pub fn of(case: &Case<'_>, skill: f64) -> Self {
        match case.family {
            Family::Number | Family::Rating => Self::of_ranks(case, skill),
            Family::Probability | Family::Yes => {
                of_columns(case, |truth, stream| of_two_classes(truth, skill, stream))
            }
            Family::Class | Family::ClassProbabilities => of_classes(case, skill),
            Family::Distribution => of_distributions(case, skill),
        }
    }

    /// A forecaster of labels as if they were numbers.
    pub fn of_ranks(case: &Case<'_>, skill: f64) -> Self {
        of_columns(case, |truth, stream| of_numbers(case, truth, skill, stream))
    }

    fn each_row(&self, of_row: impl Fn(&[f64]) -> f64) -> Vec<f64> {
        match &self.belief {
            Belief::Values(values) => values.chunks(ATOMS).map(of_row).collect(),
            Belief::Shares(shares) => shares.clone(),
            Belief::Normals(normals) => normals.centres.clone(),
        }
    }

    pub fn mean(&self) -> Vec<f64> {
        self.each_row(mean)
    }

    pub fn median(&self) -> Vec<f64> {
        self.each_row(|row| (row[ATOMS / 2 - 1] + row[ATOMS / 2]) / 2.0)
    }

    /// The geometric mean of 1 + y; the mean where some truth is negative.
    pub fn geometric_mean(&self) -> Vec<f64> {
        let is_amount = self.draws.iter().flatten().all(|truth| *truth >= 0.0);
        if !is_amount {
            return self.mean();
        }
        self.each_row(|row| {
            libm::expm1(row.iter().map(|value| libm::log1p(value.max(0.0))).sum::<f64>() / row.len() as f64)
        })
    }

    pub fn quantile(&self, share: f64) -> Vec<f64> {
        let at = ((share * ATOMS as f64) as usize).min(ATOMS - 1);
        self.each_row(|row| row[at])
    }

    /// The probability of every row, column by column where there are several classes.
    pub fn shares(&self) -> &[f64] {
        match &self.belief {
            Belief::Values(values) | Belief::Shares(values) => values,
            Belief::Normals(normals) => &normals.centres,
        }
    }

    /// The distributions that are believed in, where beliefs are whole distributions.
    pub fn normals(&self) -> Option<&Normals> {
        match &self.belief {
            Belief::Normals(normals) => Some(normals),
            Belief::Values(_) | Belief::Shares(_) => None,
        }
    }

    /// How probable a value of a scale is, row by row.
    pub fn share_of(&self, rating: f64) -> Vec<f64> {
        self.each_row(|row| row.iter().filter(|value| **value == rating).count() as f64 / row.len() as f64)
    }

    /// What reports are expected to score; `None` where the metric has no value on most draws.
    pub fn expect(&self, case: &Case<'_>, reports: &[Vec<f64>]) -> Vec<Option<Expected>> {
        expect(case.metric, &self.draws, reports)
    }

    pub fn expect_one(&self, case: &Case<'_>, report: Vec<f64>) -> Option<Expected> {
        self.expect(case, &[report]).pop().flatten()
    }
}

/// What reports are expected to score over possible truths; `None` where the metric has no value on most of them.
pub fn expect(metric: &dyn BlackBox, draws: &[Vec<f64>], reports: &[Vec<f64>]) -> Vec<Option<Expected>> {
    let trials: Vec<Trial<'_>> =
        reports.iter().flat_map(|report| draws.iter().map(move |truth| Trial::of(truth, report))).collect();
    metric.score_each(&trials).chunks(draws.len().max(1)).map(Expected::of).collect()
}

/// A score over all draws.
#[derive(Debug, Clone)]
pub struct Expected {
    pub mean: f64,
    pub scores: Vec<Option<f64>>,
}

impl Expected {
    fn of(scores: &[Option<f64>]) -> Option<Self> {
        let defined: Vec<f64> = scores.iter().copied().flatten().collect();
        (defined.len() * 2 > scores.len()).then(|| Self { mean: mean(&defined), scores: scores.to_vec() })
    }

    /// The distance to another in standard errors of the paired difference.
    pub fn errors_from(&self, other: &Self) -> f64 {
        let pairs = self.scores.iter().zip(&other.scores);
        let differences: Vec<f64> = pairs.filter_map(|(new, old)| Some((*new)? - (*old)?)).collect();
        let n = differences.len() as f64;
        let error = deviation(&differences) * (n / (n - 1.0).max(1.0)).sqrt() / n.sqrt();
        (self.mean - other.mean).abs() / error.max(1e-15)
    }
}

/// A forecaster of every column, who knows nothing of one column by another.
fn of_columns(case: &Case<'_>, of: impl Fn(&[f64], u64) -> Forecaster) -> Forecaster {
    let mut columns =
        case.columns().zip(0..).map(|(truth, column): (&[f64], u64)| of(truth, column * NEXT_COLUMN));
    let first =
        columns.next().unwrap_or(Forecaster { belief: Belief::Shares(Vec::new()), draws: Vec::new() });
    columns.fold(first, |mut whole, next| {
        match (&mut whole.belief, next.belief) {
            (Belief::Values(mine), Belief::Values(more)) | (Belief::Shares(mine), Belief::Shares(more)) => {
                mine.extend(more);
            }
            (mine, more) => *mine = more,
        }
        whole.draws.iter_mut().zip(next.draws).for_each(|(mine, more)| mine.extend(more));
        whole
    })
}

/// What a forecaster of one column knows of every row.
pub fn signals_of(n: usize, skill: f64) -> Vec<f64> {
    signals(n, skill, 0)
}

/// What the forecaster knows of every row: normal, correlated with its truth.
fn signals(n: usize, skill: f64, stream: u64) -> Vec<f64> {
    let noise = normal::scores(n, stream + NOISE);
    let left = (1.0 - skill * skill).sqrt();
    let signals: Vec<f64> = normal::scores(n, stream + TRUTH)
        .iter()
        .zip(noise)
        .map(|(truth, noise)| skill * truth + left * noise)
        .collect();
    let (centre, spread) = (mean(&signals), deviation(&signals));
    signals.into_iter().map(|signal| (signal - centre) / spread).collect()
}

fn of_numbers(case: &Case<'_>, truth: &[f64], skill: f64, stream: u64) -> Forecaster {
    let n = truth.len();
    let scales = Scales::of(case);
    let mut sorted: Vec<f64> = (0..n).map(|row| scales.without(row, truth[row])).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: f64| sorted[((share * n as f64) as usize).min(n - 1)];
    let signals = signals(n, skill, stream);
    let left = (1.0 - skill * skill).sqrt();
    let middles: Vec<f64> =
        (0..ATOMS).map(|atom| left * normal::quantile((atom as f64 + 0.5) / ATOMS as f64)).collect();
    let beliefs = holdout_intake::parallel::map_ranges(n, n * ATOMS, |rows| {
        rows.flat_map(|row| {
            let (signal, scales, at) = (signals[row], &scales, &at);
            middles.iter().map(move |step| scales.with(row, at(normal::cdf(skill * signal + step))))
        })
        .collect()
    });
    let draws =
        draw(n, stream, |row, score| scales.with(row, at(normal::cdf(skill * signals[row] + left * score))));
    Forecaster { belief: Belief::Values(beliefs), draws }
}

fn of_distributions(case: &Case<'_>, skill: f64) -> Forecaster {
    let normals = Normals::of(&case.truth, &signals(case.n(), skill, 0), skill);
    let draws = draw(case.n(), 0, |row, score| normals.draw(row, score));
    Forecaster { belief: Belief::Normals(normals), draws }
}

fn draw(n: usize, stream: u64, truth: impl Fn(usize, f64) -> f64 + Sync) -> Vec<Vec<f64>> {
    holdout_intake::parallel::map(DRAWS as usize, n * DRAWS as usize, |draw| {
        let scores = normal::scores(n, stream + FIRST_DRAW + draw as u64);
        scores.into_iter().enumerate().map(|(row, score)| truth(row, score)).collect()
    })
}

/// How groups of numbers differ; nothing to undo without groups.
struct Scales {
    /// Centre and factor of every row.
    of_row: Option<Vec<(f64, f64)>>,
}

impl Scales {
    fn of(case: &Case<'_>) -> Self {
        if case.groups.is_none() {
            return Self { of_row: None };
        }
        let is_amount = case.truth.iter().all(|truth| *truth > 0.0);
        let mut of_row = vec![(0.0, 1.0); case.n()];
        for rows in case.units() {
            let truths: Vec<f64> = rows.iter().map(|row| case.truth[*row as usize]).collect();
            let scale = match is_amount {
                true => (0.0, case::quantile(&truths, 0.5)),
                false => {
                    (mean(&truths), Some(deviation(&truths)).filter(|spread| *spread > 0.0).unwrap_or(1.0))
                }
            };
            rows.iter().for_each(|row| of_row[*row as usize] = scale);
        }
        Self { of_row: Some(of_row) }
    }

    fn without(&self, row: usize, truth: f64) -> f64 {
        self.of_row.as_ref().map_or(truth, |scales| (truth - scales[row].0) / scales[row].1)
    }

    fn with(&self, row: usize, truth: f64) -> f64 {
        self.of_row.as_ref().map_or(truth, |scales| truth * scales[row].1 + scales[row].0)
    }
}

fn of_two_classes(truth: &[f64], skill: f64, stream: u64) -> Forecaster {
    let n = truth.len();
    // A column without a yes, or without a no, is as good as one with half of one.
    let half = 0.5 / n as f64;
    let threshold = normal::quantile((1.0 - mean(truth)).clamp(half, 1.0 - half));
    let left = (1.0 - skill * skill).sqrt();
    let shares: Vec<f64> = signals(n, skill, stream)
        .into_iter()
        .map(|signal| normal::cdf((skill * signal - threshold) / left))
        .collect();
    let draws = draw(n, stream, |row, score| f64::from(u8::from(normal::cdf(score) < shares[row])));
    Forecaster { belief: Belief::Shares(shares), draws }
}

fn of_classes(case: &Case<'_>, skill: f64) -> Forecaster {
    let n = case.n();
    let priors: Vec<f64> = case
        .classes
        .iter()
        .map(|class| case.truth.iter().filter(|truth| *truth == class).count() as f64 / n as f64)
        .collect();
    let strength = std::f64::consts::SQRT_2 * skill / (1.0 - skill * skill).sqrt();
    let mut shares = Vec::with_capacity(n * priors.len());
    for (code, class) in case.classes.iter().enumerate() {
        let noise = normal::scores(n, FIRST_CLASS + code as u64);
        let signal = |row: usize| strength * f64::from(u8::from(case.truth[row] == *class)) + noise[row];
        shares.extend((0..n).map(|row| priors[code] * libm::exp(strength * signal(row))));
    }
    for row in 0..n {
        let total: f64 = (0..priors.len()).map(|code| shares[code * n + row]).sum();
        (0..priors.len()).for_each(|code| shares[code * n + row] /= total);
    }
    let draws = draw(n, 0, |row, score| {
        let mut left = normal::cdf(score);
        let chosen = (0..priors.len()).find(|code| {
            left -= shares[code * n + row];
            left < 0.0
        });
        case.classes[chosen.unwrap_or(priors.len() - 1)]
    });
    Forecaster { belief: Belief::Shares(shares), draws }
}

/// The forecasters that several checks ask.
pub struct Forecasters {
    pub weak: Forecaster,
    pub usual: Forecaster,
    pub strong: Forecaster,
    /// A little better than strong.
    pub stronger: Forecaster,
}

impl Forecasters {
    pub fn of(case: &Case<'_>) -> Self {
        let usual = match case.family {
            Family::Number | Family::Rating | Family::Distribution => 0.8,
            _ => 0.6,
        };
        Self {
            weak: Forecaster::of(case, 0.3),
            usual: Forecaster::of(case, usual),
            strong: Forecaster::of(case, 0.8),
            stronger: Forecaster::of(case, 0.85),
        }
    }
}
