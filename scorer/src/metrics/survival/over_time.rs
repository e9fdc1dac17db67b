//! Who has had the event by a time, against who has not.

use super::censoring::Censoring;
use super::concordance::{BLANK, OfRisk};
use super::{HIGHER, Observed};
use crate::kernels::median;
use crate::metrics::about::{About, Kind, ParameterAbout};
use crate::metrics::binary::curve::with_curve;
use crate::metrics::{Params, Rows, Undefined};

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
);

fn median_event(observed: &Observed) -> Option<f64> {
    let events = observed.times.iter().zip(&observed.is_event).filter(|(_, is_event)| **is_event);
    let times: Vec<f64> = events.map(|(time, _)| *time).collect();
    (!times.is_empty()).then(|| median(times))
}

fn auc_at(_: &Rows<'_>, observed: &Observed, risk: &[f64], params: &Params) -> Result<f64, Undefined> {
    let Some(time) = params.optional_number("time").or_else(|| median_event(observed)) else {
        return Err(Undefined::because("This split has no event."));
    };
    let censoring = Censoring::of(observed);
    let (mut truth, mut scores, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    for (row, risk) in risk.iter().enumerate() {
        let is_later = observed.times[row] > time;
        if !is_later && !observed.is_event[row] {
            continue;
        }
        let Some(weight) = (if is_later { Some(1.0) } else { censoring.weight(observed.times[row]) }) else {
            return Err(Undefined::because("Nobody is observed as long as an event by this time."));
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
