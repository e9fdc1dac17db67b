//! Metrics whose influence is known by a formula, by name.

use super::sums::Sums;
use super::{curve, distances, pairs, shifting, single, survival};
use crate::kernels::{median, sum};
use crate::metrics::binary::curve::with_curve;
use crate::metrics::columnwise;
use crate::metrics::{Metric, Params, Rows, Undefined, find};

/// `None` where no formula is known.
pub(super) fn influence(metric: &dyn Metric, params: &Params, rows: &Rows<'_>) -> Option<Vec<f64>> {
    if rows.positive_weight().is_err() {
        return None;
    }
    match metric.about().name {
        "roc_auc" => curve::roc_auc(rows, truth(rows), prediction(rows)),
        "gini_auc" => Some(scaled(curve::roc_auc(rows, truth(rows), prediction(rows))?, 2.0)),
        "partial_auc" => {
            curve::partial_roc_auc(rows, truth(rows), prediction(rows), params.number("max_fpr"))
        }
        "auc_above_tpr" => above_rate(rows, params.number("min_tpr")),
        "average_precision" => curve::average_precision(rows, truth(rows), prediction(rows)),
        "mean_column_auc" => of_classes(rows, &columns(rows), curve::roc_auc),
        "auc_ovr_macro" => of_classes(rows, &normalised(rows), curve::roc_auc),
        "auc_ovr_weighted" => by_frequency(rows, &normalised(rows)),
        "auc_ovo_macro" => of_pairs(rows, &normalised(rows)),
        "map_macro_classes" => of_classes(rows, &columns(rows), curve::average_precision),
        "google_global_ap" => of_answers(rows),
        "mcrmse" => of_columns("rmse", rows),
        "mc_rmsle" => of_columns("rmsle", rows),
        "r2_uniform" => of_columns("r2", rows),
        "mc_spearman" => of_columns("spearman", rows),
        "mc_auc" => of_areas(rows, params),
        "c_index" | "c_index_harrell_sksurv" => survival::harrell(rows),
        "c_index_ipcw" => survival::uno(rows, params),
        "cumulative_dynamic_auc" => survival::auc_at(rows, params),
        "integrated_brier" => survival::brier(rows, params),
        "r2" => moments(rows, truth(rows), prediction(rows), |m| 1.0 - m.error / m.spread_y()),
        "explained_variance" => {
            moments(rows, truth(rows), prediction(rows), |m| 1.0 - m.spread_of_error() / m.spread_y())
        }
        "pearson" => moments(rows, truth(rows), prediction(rows), Moments::correlation),
        "spearman" => shifting::spearman(truth(rows), prediction(rows)),
        "kendall" => pairs::kendall(truth(rows), prediction(rows)),
        "gini" => Some(shifting::gini(truth(rows), prediction(rows))?.1),
        "normalized_gini" => {
            let (found, moved) = shifting::gini(truth(rows), prediction(rows))?;
            let (best, moved_best) = shifting::gini(truth(rows), truth(rows))?;
            let both = moved.iter().zip(moved_best);
            Some(both.map(|(own, best_moved)| (own - found / best * best_moved) / best).collect())
        }
        // Lin's coefficient is the quadratic kappa of any two numbers.
        "ccc" | "qwk" => moments(rows, truth(rows), prediction(rows), Moments::agreement),
        "lwk" => distances::linear_kappa(rows, truth(rows), prediction(rows)),
        "wape" => {
            let (y, p) = rows.numbers();
            ratio(rows, |at| (y[at] - p[at]).abs(), |at| y[at].abs(), |ratio| ratio)
        }
        "d2_absolute_error" => {
            let (y, p) = rows.numbers();
            // That the middle moves with the weights costs nothing: there the lower sum is at its least.
            let middle = median(y.to_vec());
            ratio(rows, |at| (y[at] - p[at]).abs(), |at| (y[at] - middle).abs(), |ratio| 1.0 - ratio)
        }
        "r2_about_zero" => {
            let (y, p) = rows.numbers();
            ratio(rows, |at| (y[at] - p[at]).powi(2), |at| y[at].powi(2), |ratio| 1.0 - ratio)
        }
        "rmspe" => {
            let (y, p) = rows.numbers();
            let square = |at: usize| if y[at] == 0.0 { 0.0 } else { ((y[at] - p[at]) / y[at]).powi(2) };
            ratio(rows, square, |at| f64::from(u8::from(y[at] != 0.0)), f64::sqrt)
        }
        _ => match metric.sums(rows, params) {
            Some(sums) => sums.influence(rows),
            None => metric.influence(rows, params),
        },
    }
}

fn truth<'a>(rows: &Rows<'a>) -> &'a [f64] {
    rows.truths[0].numbers()
}

fn prediction<'a>(rows: &Rows<'a>) -> &'a [f64] {
    rows.predictions[0].numbers()
}

fn scaled(values: Vec<f64>, factor: f64) -> Vec<f64> {
    values.into_iter().map(|value| factor * value).collect()
}

fn columns(rows: &Rows<'_>) -> Vec<Vec<f64>> {
    rows.predictions.iter().map(|column| column.numbers().to_vec()).collect()
}

/// Each row divided by its sum.
fn normalised(rows: &Rows<'_>) -> Vec<Vec<f64>> {
    let mut columns = columns(rows);
    for at in 0..rows.len() {
        let total: f64 = columns.iter().map(|column| column[at]).sum();
        columns.iter_mut().for_each(|column| column[at] /= total);
    }
    columns
}

type OfCurve = fn(&Rows<'_>, &[f64], &[f64]) -> Option<Vec<f64>>;

/// The mean over classes of a curve of each against the rest.
fn of_classes(rows: &Rows<'_>, columns: &[Vec<f64>], of: OfCurve) -> Option<Vec<f64>> {
    mean(columns.len(), |class| of(rows, &is_class(rows, class), &columns[class]))
}

fn is_class(rows: &Rows<'_>, class: usize) -> Vec<f64> {
    rows.truths[0].codes().iter().map(|code| f64::from(u8::from(*code as usize == class))).collect()
}

/// The curves of classes against the rest, each by the class's share of the rows.
fn by_frequency(rows: &Rows<'_>, columns: &[Vec<f64>]) -> Option<Vec<f64>> {
    let of_class = |class: usize| {
        let is_class = is_class(rows, class);
        let area = with_curve(&is_class, &columns[class], None, |curve| curve.roc_auc()).ok()?;
        Some(by_share(&is_class, area, &curve::roc_auc(rows, &is_class, &columns[class])?))
    };
    Some(scaled(mean(columns.len(), of_class)?, columns.len() as f64))
}

/// A value of some rows, and how all move it, times the share of those rows.
fn by_share(is_one: &[f64], value: f64, moved: &[f64]) -> Vec<f64> {
    let share = sum(is_one.len(), |at| is_one[at]) / is_one.len() as f64;
    is_one.iter().zip(moved).map(|(is_one, moved)| share * moved + (is_one - share) * value).collect()
}

/// Precision at every right answer, over all rows: the average precision times the share of right answers.
fn of_answers(rows: &Rows<'_>) -> Option<Vec<f64>> {
    let (truth, predicted) = rows.labels();
    let is_right: Vec<f64> = truth.iter().zip(predicted).map(|(a, b)| f64::from(u8::from(a == b))).collect();
    let confidence = rows.predictions[1].numbers();
    let found = with_curve(&is_right, confidence, None, |curve| curve.average_precision()).ok()?;
    Some(by_share(&is_right, found, &curve::average_precision(rows, &is_right, confidence)?))
}

/// The mean over pairs of classes of the first one's curve against the second, on the rows of both.
fn of_pairs(rows: &Rows<'_>, columns: &[Vec<f64>]) -> Option<Vec<f64>> {
    let n = columns.len();
    if n < 2 {
        return None;
    }
    let members: Vec<Vec<f64>> = (0..n).map(|class| is_class(rows, class)).collect();
    mean(n * (n - 1), |pair| {
        let (first, other) = (pair / (n - 1), pair % (n - 1));
        let second = other + usize::from(other >= first);
        let both: Vec<f64> = members[first].iter().zip(&members[second]).map(|(a, b)| a + b).collect();
        curve::roc_auc(&Rows { weights: Some(&both), ..*rows }, &members[first], &columns[first])
    })
}

/// The mean over columns of another metric of the catalogue.
fn of_columns(name: &str, rows: &Rows<'_>) -> Option<Vec<f64>> {
    let (inner, params) = find(name, &serde_json::Map::new()).ok()?;
    mean(rows.truths.len(), |column| Some(single(inner, &params, &rows.with_column(column))?.values))
}

/// The areas of columns, of those that have one where the others are left out.
fn of_areas(rows: &Rows<'_>, params: &Params) -> Option<Vec<f64>> {
    if !columnwise::skips(params) {
        return of_columns("roc_auc", rows);
    }
    let of = |column: usize| {
        curve::roc_auc(rows, rows.truths[column].numbers(), rows.predictions[column].numbers())
    };
    let known: Vec<Vec<f64>> = (0..rows.truths.len()).filter_map(of).collect();
    mean(known.len(), |at| known.get(at).cloned())
}

/// The area above a rate of true positives is that of the start of the curve which finds negatives from the lowest
/// score up.
fn above_rate(rows: &Rows<'_>, min_tpr: f64) -> Option<Vec<f64>> {
    let turned =
        |values: &[f64], of: fn(f64) -> f64| -> Vec<f64> { values.iter().map(|value| of(*value)).collect() };
    let (truth, score) = rows.numbers();
    let (truth, score) = (turned(truth, |truth| 1.0 - truth), turned(score, |score| -score));
    let limit = 1.0 - min_tpr;
    let scaled_back = if limit < 1.0 { 2.0 * (limit - limit * limit / 2.0) } else { 1.0 };
    Some(scaled(curve::partial_roc_auc(rows, &truth, &score, limit)?, scaled_back))
}

fn mean(n: usize, of: impl Fn(usize) -> Option<Vec<f64>>) -> Option<Vec<f64>> {
    let mut total = (n > 0).then(|| of(0))??;
    for at in 1..n {
        total.iter_mut().zip(of(at)?).for_each(|(sum, value)| *sum += value);
    }
    Some(scaled(total, 1.0 / n as f64))
}

/// A function of one sum over another.
fn ratio(
    rows: &Rows<'_>,
    upper: impl Fn(usize) -> f64,
    lower: impl Fn(usize) -> f64,
    finish: fn(f64) -> f64,
) -> Option<Vec<f64>> {
    let column = |of: &dyn Fn(usize) -> f64| (0..rows.len()).map(of).collect();
    let combine = Box::new(move |sums: &[f64]| crate::metrics::finite(finish(sums[0] / sums[1])));
    Sums { terms: vec![column(&upper), column(&lower)], combine }.influence(rows)
}

/// Means of truth and prediction, measured from their centres, and of their products.
struct Moments {
    y: f64,
    p: f64,
    yy: f64,
    pp: f64,
    yp: f64,
    /// Of the squared error.
    error: f64,
    /// How far the centres lie apart.
    apart: f64,
}

impl Moments {
    fn spread_y(&self) -> f64 {
        self.yy - self.y * self.y
    }

    fn spread_p(&self) -> f64 {
        self.pp - self.p * self.p
    }

    fn together(&self) -> f64 {
        self.yp - self.y * self.p
    }

    fn spread_of_error(&self) -> f64 {
        self.spread_y() + self.spread_p() - 2.0 * self.together()
    }

    fn correlation(&self) -> f64 {
        self.together() / (self.spread_y() * self.spread_p()).sqrt()
    }

    fn agreement(&self) -> f64 {
        let shift = self.apart + self.y - self.p;
        2.0 * self.together() / (self.spread_y() + self.spread_p() + shift * shift)
    }
}

fn moments(rows: &Rows<'_>, y: &[f64], p: &[f64], score: fn(&Moments) -> f64) -> Option<Vec<f64>> {
    let n = rows.len();
    let total = rows.total_weight();
    let centre = |values: &[f64]| sum(n, |at| rows.weight(at) * values[at]) / total;
    let (centre_y, centre_p) = (centre(y), centre(p));
    let column = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
        (0..n).map(|at| of(y[at] - centre_y, p[at] - centre_p)).collect()
    };
    let apart = centre_y - centre_p;
    let terms = vec![
        vec![1.0; n],
        column(&|y, _| y),
        column(&|_, p| p),
        column(&|y, _| y * y),
        column(&|_, p| p * p),
        column(&|y, p| y * p),
        column(&|y, p| (y - p + apart).powi(2)),
    ];
    let combine = Box::new(move |sums: &[f64]| -> Result<f64, Undefined> {
        let mean = |at: usize| sums[at] / sums[0];
        let moments =
            Moments { y: mean(1), p: mean(2), yy: mean(3), pp: mean(4), yp: mean(5), error: mean(6), apart };
        crate::metrics::finite(score(&moments))
    });
    Sums { terms, combine }.influence(rows)
}

impl<'a> Rows<'a> {
    /// One target column of several, with what is predicted for it.
    pub(super) fn with_column(&self, at: usize) -> Rows<'a> {
        Rows {
            truths: &self.truths[at..=at],
            predictions: &self.predictions[at..=at],
            column_classes: self.column_classes.get(at..=at).unwrap_or_default(),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_of_the_catalogue() {
        let source = include_str!("formulas.rs");
        let arms = source
            .lines()
            .take_while(|line| !line.contains("metric.sums("))
            .filter(|line| line.contains("=>"));
        let names: Vec<&str> =
            arms.flat_map(|line| line.split("=>").next().into_iter().flat_map(quoted)).collect();
        assert!(names.len() > 15);
        for name in names {
            assert!(find(name, &serde_json::Map::new()).is_ok(), "{name}");
        }
    }

    fn quoted(text: &str) -> impl Iterator<Item = &str> {
        text.split('"').skip(1).step_by(2)
    }
}
