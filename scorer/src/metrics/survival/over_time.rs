//! Who has had the event by a time, against who has not.

use holdout_evaluator::sums_by_cell;

use super::censoring::{Censoring, Steps};
use super::concordance::{BLANK, OfRisk};
use super::{HIGHER, Observed};
use crate::kernels::{median, places};
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::binary::curve::{Curve, with_curve};
use crate::metrics::{Draws, Params, Rows, Undefined};

pub static CUMULATIVE_DYNAMIC_AUC: OfRisk = OfRisk::new(
    About {
        name: "cumulative_dynamic_auc",
        title: "Time-dependent area under the ROC curve",
        parameters: &[ParameterAbout {
            name: "time",
            kind: Kind::OptionalNumber(0.0, f64::INFINITY),
            description: "The time at which those with the event are told from those without it. Unset: the median time of the scored events.",
            is_main: true,
        }],
        sentence: "The chance that a row with the event by this time has a higher risk than a row observed longer, corrected for rows that were censored before.",
        formula: r"\frac{\sum_{i:t_i\le t,\,\delta_i=1}\sum_{j:t_j>t}\hat G(t_i)^{-1}\left([r_i>r_j]+\tfrac12[r_i=r_j]\right)}{|\{j:t_j>t\}|\sum_{i:t_i\le t,\,\delta_i=1}\hat G(t_i)^{-1}}",
        edge_cases: &[
            HIGHER,
            "Equal risks count one half.",
            "Rows censored by that time are left out.",
            "The chance of being observed is Kaplan and Meier's, from the rows that are scored; at equal times events happen first.",
            "Undefined when nobody had the event by then, or nobody was observed longer.",
        ],
        gaming: "Only the order of those with the event by this one time against those without it counts.",
        ..BLANK
    },
    auc_at,
)
.with_draws(of_draws);

fn median_event(observed: &Observed) -> Option<f64> {
    let events = observed.times.iter().zip(&observed.is_event).filter(|(_, is_event)| **is_event);
    let times: Vec<f64> = events.map(|(time, _)| *time).collect();
    (!times.is_empty()).then(|| median(times))
}

fn no_event() -> Undefined {
    Undefined::because("This split has no event.")
}

fn none_observed_so_long() -> Undefined {
    Undefined::because("Nobody is observed as long as an event by this time.")
}

fn auc_at(_: &Rows<'_>, observed: &Observed, risk: &[f64], params: &Params) -> Result<f64, Undefined> {
    let Some(time) = params.optional_number("time").or_else(|| median_event(observed)) else {
        return Err(no_event());
    };
    let censoring = Censoring::of(observed);
    let (mut truth, mut scores, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (row, risk) in risk.iter().enumerate() {
        let is_later = observed.times[row] > time;
        if !is_later && !observed.is_event[row] {
            continue;
        }
        let Some(weight) = (if is_later { Some(1.0) } else { censoring.weight(observed.times[row]) }) else {
            return Err(none_observed_so_long());
        };
        truth.push(f64::from(u8::from(!is_later)));
        scores.push(*risk);
        weights.push(weight);
    }
    with_curve(&truth, &scores, Some(&weights), |curve| curve.roc_auc()).map_err(|_| {
        Undefined::because(format!(
            "By the time {time} nobody of this split had the event, or nobody was observed longer."
        ))
    })
}

/// Times and risks are put in order once.
fn of_draws(observed: &Observed, risk: &[f64], params: &Params, draws: &Draws<'_>) -> Vec<f64> {
    let steps = Steps::of(observed);
    let (places, n_places) = places(risk);
    // The highest risk first.
    let place_of_row: Vec<u32> = places.iter().map(|place| (n_places - 1 - place) as u32).collect();
    draws.scores(observed.len(), |times| {
        let drawn = steps.drawn(times);
        let time = params.optional_number("time").or_else(|| drawn.median_event()).ok_or_else(no_event)?;
        let chances = drawn.chances();
        let is_later: Vec<f64> = observed.times.iter().map(|own| f64::from(u8::from(*own > time))).collect();
        let had = |row: usize| {
            let counts = observed.is_event[row] && is_later[row] == 0.0 && times[row] > 0;
            if counts { chances[steps.of_row(row)].recip() } else { 0.0 }
        };
        let had: Vec<f64> = (0..observed.len()).map(had).collect();
        if had.iter().any(|weight| weight.is_infinite()) {
            return Err(none_observed_so_long());
        }
        let sums = |held: &[f64]| sums_by_cell(times, &place_of_row, n_places, Some(held));
        let mut above = (0.0, 0.0);
        let points = sums(&had).into_iter().zip(sums(&is_later)).map(|(positive, negative)| {
            above = (above.0 + positive, above.1 + negative);
            above
        });
        Curve::Weighted(std::iter::once((0.0, 0.0)).chain(points).collect()).roc_auc()
    })
}
