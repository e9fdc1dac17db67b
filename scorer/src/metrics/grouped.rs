//! A number of every group (series, station, molecule), averaged over groups; forecasts scaled by
//! their own history.

use std::ops::Range;

use holdout_contract::spec::{Direction, Task};
use holdout_evaluator::Suite;

use super::about::{About, fields};
use super::groups::Groups;
use super::regression::pointwise::smape_term;
use super::{
    Degenerate, Files, Laws, Metric, NoMeasure, Params, PartScores, Rows, ScoresTogether, Undefined,
};
use crate::judge::Context;
use crate::kernels::{median, sum, tamed};

/// A group of rows, by its name.
pub struct Group<'a> {
    name: &'a str,
    context: &'a Context,
}

impl<'a> Group<'a> {
    fn of(rows: &Rows<'a>, number: usize) -> Self {
        Self { name: &rows.group_names[number], context: rows.context }
    }

    fn history(&self) -> Result<&[f64], Undefined> {
        self.context.history.get(self.name).map(Vec::as_slice).ok_or_else(|| {
            Undefined::because(format!("There is no history of the series “{}” to scale by.", self.name))
        })
    }

    /// The mean of `power`s of the history's changes over `lag` steps.
    fn scale(&self, lag: usize, power: i32) -> Result<f64, Undefined> {
        let history = self.history()?;
        let n = history.len().saturating_sub(lag);
        let scale = sum(n, |at| (history[at + lag] - history[at]).abs().powi(power)) / n as f64;
        if n > 0 && scale > 0.0 {
            return Ok(scale);
        }
        Err(Undefined::because(format!(
            "The history of the series “{}” does not change, so there is nothing to scale by.",
            self.name
        )))
    }

    /// # Errors
    /// As [`Group::scale`].
    fn scale_of_seasons(&self) -> Result<f64, Undefined> {
        self.scale(self.season(), 1)
    }

    /// # Errors
    /// As [`Group::scale`].
    fn scale_of_squares(&self) -> Result<f64, Undefined> {
        self.scale(1, 2)
    }

    fn number_of(&self, key: &str) -> Option<f64> {
        self.context.get(key)?.get(self.name)?.as_f64()
    }

    fn season(&self) -> usize {
        self.number_of("season").or_else(|| self.context.number("season")).map_or(1, |m| m.max(1.0) as usize)
    }
}

/// A weighted mean over groups of what follows from the mean of a term over the group's rows.
pub struct OverGroups {
    about: About,
    /// Of truth and prediction.
    term: fn(f64, f64) -> f64,
    /// Of the mean of the terms, and of the group's scale, where there is one.
    of_mean: fn(f64, f64) -> f64,
    weight: OfGroup,
    /// What a group's errors are divided by, where they are.
    scale: Option<OfGroup>,
}

type OfGroup = fn(&Group<'_>) -> Result<f64, Undefined>;

/// What is known of groups before anything is predicted.
struct Known {
    groups: Groups,
    weights: Vec<f64>,
    /// 1 where errors are not scaled.
    scales: Vec<f64>,
}

impl Metric for OverGroups {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        Laws { is_symmetric: true, has_weights: false, undefined_on: &[Degenerate::NoRows] }
    }

    fn needs_groups(&self) -> bool {
        true
    }

    fn measure(&self, labels: &Rows<'_>) -> Option<Result<String, NoMeasure>> {
        let groups = Groups::of(labels).ok()?;
        let scale = self.scale?;
        let scales = groups.iter().map(|(number, _)| scale(&Group::of(labels, number)));
        Some(scales_told(scales.collect()))
    }

    fn together(&self) -> Option<&dyn ScoresTogether> {
        Some(self)
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        let known = self.known(rows)?;
        let (y, p) = rows.numbers();
        let mean = |members: &[u32]| {
            let total = sum(members.len(), |at| {
                let row = members[at] as usize;
                (self.term)(y[row], p[row])
            });
            total / members.len() as f64
        };
        self.over_groups(&known, known.groups.iter().map(|(_, members)| mean(members)))
    }
}

impl OverGroups {
    fn known(&self, rows: &Rows<'_>) -> Result<Known, Undefined> {
        let groups = Groups::of(rows)?;
        let (mut weights, mut scales) = (Vec::new(), Vec::new());
        for (number, _) in groups.iter() {
            let group = Group::of(rows, number);
            weights.push((self.weight)(&group)?);
            scales.push(self.scale.map_or(Ok(1.0), |scale| scale(&group))?);
        }
        Ok(Known { groups, weights: tamed(weights), scales })
    }

    fn over_groups(&self, known: &Known, means: impl Iterator<Item = f64>) -> Result<f64, Undefined> {
        let Known { weights, scales, .. } = known;
        let total = sum(weights.len(), |at| weights[at]);
        if total <= 0.0 {
            return Err(Undefined::because("The groups of this split have no weight."));
        }
        let term = |(mean, (weight, scale)): (f64, (&f64, &f64))| weight * (self.of_mean)(mean, *scale);
        let terms: Vec<f64> = means.zip(weights.iter().zip(scales)).map(term).collect();
        Ok(sum(terms.len(), |at| terms[at]) / total)
    }
}

impl ScoresTogether for OverGroups {
    /// Groups, weights and scales are those of all files; the means of all groups of all files are asked for at once.
    fn score_files(&self, files: &Files<'_>) -> Vec<PartScores> {
        let Some(first) = files.rows.first() else { return Vec::new() };
        let known = |part: &Range<usize>| first.with_part(part.clone(), |rows| self.known(rows));
        let known: Vec<Result<Known, Undefined>> = files.parts.iter().map(known).collect();
        files.by_question().flat_map(|rows| self.score_question(rows, &known, files)).collect()
    }
}

impl OverGroups {
    fn score_question(
        &self,
        rows: &[Rows<'_>],
        known: &[Result<Known, Undefined>],
        files: &Files<'_>,
    ) -> Vec<PartScores> {
        let (mut terms, mut ends) = (Vec::new(), Vec::new());
        for rows in rows {
            let (y, p) = rows.numbers();
            for (part, known) in files.parts.iter().zip(known) {
                for (_, members) in known.iter().flat_map(|known| known.groups.iter()) {
                    let places = members.iter().map(|at| part.start + *at as usize);
                    terms.extend(places.map(|row| (self.term)(y[row], p[row])));
                    ends.push(terms.len() as u32);
                }
            }
        }
        let Ok(means) = files.evaluator.segment_means(&terms, &ends);
        let mut means = means.into_iter();
        let mut score = |known: &Result<Known, Undefined>| match known {
            Ok(known) => self.over_groups(known, means.by_ref().take(known.groups.n_groups())),
            Err(undefined) => Err(undefined.clone()),
        };
        rows.iter().map(|_| known.iter().map(&mut score).collect()).collect()
    }
}

/// How far the scales are apart, or which of them cannot be had.
fn scales_told(scales: Vec<Result<f64, Undefined>>) -> Result<String, NoMeasure> {
    let n_series = scales.len();
    let missing: Vec<&Undefined> = scales.iter().filter_map(|scale| scale.as_ref().err()).collect();
    if let Some(first) = missing.first() {
        let more = match missing.len() {
            1 => String::new(),
            n => format!(" {n} of {n_series} series cannot be scaled."),
        };
        return Err(NoMeasure { reason: format!("{first}{more}"), mend: UNSCALED_MEND });
    }
    let scales: Vec<f64> = scales.into_iter().filter_map(Result::ok).collect();
    let least = scales.iter().copied().fold(f64::INFINITY, f64::min);
    let median = median(scales);
    Ok(format!(
        "The errors of {n_series} series are divided by how much their past changed: by {least:.4} at least, by \
         {median:.4} in the median. The same error costs {:.1} times as much in the stillest series as in the \
         median one.",
        median / least
    ))
}

const UNSCALED_MEND: &str = "Mark the rows of these series “Ignored”, upload a history in which they change, or choose a metric without \
     scales, such as group_mean_mae.";

fn absolute_error(y: f64, p: f64) -> f64 {
    (y - p).abs()
}

fn equally(_: &Group<'_>) -> Result<f64, Undefined> {
    Ok(1.0)
}

const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Regression,
    direction: Direction::LowerIsBetter,
    best: Some(0.0),
    layout: fields::NUMBERS,
    parameters: &[],
    sentence: "",
    formula: "",
    edge_cases: &[],
    gaming: "",
};

const SCALED_GAMING: &str = "Unequal leverage: a series whose past hardly changed has a tiny scale, and the same error there costs many times more. Tuning for those few series can win.";
const NO_CHANGE: &str = "Undefined when a series has no history or one that never changes.";

pub static GROUP_MEAN_MAE: OverGroups = OverGroups {
    about: About {
        name: "group_mean_mae",
        title: "Mean of group MAEs",
        sentence: "The mean absolute error of every group, averaged: all groups count the same.",
        formula: r"\frac{1}{|G|}\sum_{g}\mathrm{MAE}_g",
        gaming: "Rows of small groups weigh more than rows of large ones.",
        ..BLANK
    },
    term: absolute_error,
    of_mean: |mean, _| mean,
    weight: equally,
    scale: None,
};

pub static GROUP_MEAN_LOG_MAE: OverGroups = OverGroups {
    about: About {
        name: "group_mean_log_mae",
        title: "Mean of logarithms of group MAEs",
        best: Some(-20.723_265_836_946_41),
        sentence: "The logarithm of every group's mean absolute error, averaged: halving one group's error is worth the same in every group.",
        formula: r"\frac{1}{|G|}\sum_{g}\ln\max(\mathrm{MAE}_g,10^{-9})",
        edge_cases: &["Errors below 1e-9 count as 1e-9, so a perfect file scores -20.7."],
        gaming: "One group that can be predicted almost exactly (by a leak, say) is worth as much as all others together.",
        ..BLANK
    },
    term: absolute_error,
    of_mean: |mean, _| mean.max(1e-9).ln(),
    weight: equally,
    scale: None,
};

pub static SMAPE_BY_SERIES: OverGroups = OverGroups {
    about: About {
        name: "smape_by_series",
        title: "Mean of series sMAPEs",
        task: Task::Forecast,
        sentence: "The symmetric percentage error of every series, averaged; from 0 to 200.",
        formula: r"\frac{1}{|S|}\sum_{s}\frac{100}{n_s}\sum_{i\in s}\frac{2|y_i-p_i|}{|y_i|+|p_i|}",
        edge_cases: &[
            "0 against 0 costs nothing.",
            "A row whose truth is 0 costs 200 whatever else is predicted.",
        ],
        gaming: "Forecasting too high costs less than too low by the same amount.",
        ..BLANK
    },
    term: |y, p| smape_term(y, p, 0.0),
    of_mean: |mean, _| 100.0 * mean,
    weight: equally,
    scale: None,
};

pub static MASE: OverGroups = OverGroups {
    about: About {
        name: "mase",
        title: "Mean absolute scaled error",
        task: Task::Forecast,
        sentence: "Every series' mean absolute error, divided by how much its past changed from season to season; averaged.",
        formula: r"\frac{1}{|S|}\sum_s\frac{\mathrm{MAE}_s}{\frac{1}{T-m}\sum_t|x_t-x_{t-m}|}",
        edge_cases: &[
            "The season m of every series comes from the competition's context; 1 where it names none.",
            NO_CHANGE,
        ],
        gaming: SCALED_GAMING,
        ..BLANK
    },
    term: absolute_error,
    of_mean: |mean, scale| mean / scale,
    weight: equally,
    scale: Some(|group| group.scale_of_seasons()),
};

pub static RMSSE: OverGroups = OverGroups {
    about: About {
        name: "rmsse",
        title: "Root mean squared scaled error",
        task: Task::Forecast,
        sentence: "Every series' squared error against the squared changes of its past, rooted; averaged.",
        formula: r"\frac{1}{|S|}\sum_s\sqrt{\frac{\mathrm{MSE}_s}{\frac{1}{T-1}\sum_t(x_t-x_{t-1})^2}}",
        edge_cases: &[NO_CHANGE],
        gaming: SCALED_GAMING,
        ..BLANK
    },
    term: |y, p| (y - p).powi(2),
    of_mean: |mean, scale| (mean / scale).sqrt(),
    weight: equally,
    scale: Some(|group| group.scale_of_squares()),
};

/// In a competition's context: what every series weighs.
pub const SERIES_WEIGHT: &str = "series_weight";

pub static WRMSSE: OverGroups = OverGroups {
    about: About {
        name: "wrmsse",
        title: "Weighted root mean squared scaled error",
        task: Task::Forecast,
        sentence: "The scaled error of every series, averaged with weights that the host gives (sales, say).",
        formula: r"\frac{\sum_s w_s\,\mathrm{RMSSE}_s}{\sum_s w_s}",
        edge_cases: &[
            "Weights come from “series_weight” of the competition's context and are scaled to the series of the split.",
            NO_CHANGE,
        ],
        gaming: SCALED_GAMING,
        ..BLANK
    },
    term: |y, p| (y - p).powi(2),
    of_mean: |mean, scale| (mean / scale).sqrt(),
    weight: |group| {
        group.number_of(SERIES_WEIGHT).ok_or_else(|| {
            Undefined::because(format!("The competition names no weight for the series “{}”.", group.name))
        })
    },
    scale: Some(|group| group.scale_of_squares()),
};
