//! Times until an event, some of them only known to be longer than observed (censored).

pub mod brier;
pub(crate) mod censoring;
pub mod concordance;
pub mod over_time;
pub(crate) mod pairs;

use holdout_contract::spec::Cell;

use super::{Degenerate, Laws, Rows, Undefined};

const LAWS: Laws = Laws { is_symmetric: false, has_weights: false, undefined_on: &[Degenerate::NoRows] };
const OBSERVED: &[(&str, Cell)] = &[("time", Cell::Number), ("event", Cell::Binary)];
const RISK: &[(&str, Cell)] = &[("risk", Cell::Number)];
const HIGHER: &str = "A higher risk means an earlier event.";

/// Observed times of some rows, and whether each ended with the event.
pub(crate) struct Observed {
    pub(crate) times: Vec<f64>,
    pub(crate) is_event: Vec<bool>,
}

impl Observed {
    pub(crate) fn of(rows: &Rows<'_>) -> Result<Self, Undefined> {
        rows.positive_weight()?;
        let (times, events) = (rows.truths[0].numbers(), rows.truths[1].numbers());
        Ok(Self { times: times.to_vec(), is_event: events.iter().map(|event| *event == 1.0).collect() })
    }

    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    /// Rows by time, earliest first.
    fn by_time(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| self.times[*a].total_cmp(&self.times[*b]));
        order
    }
}

/// Risks that put every row where its time does: at equal times events before the others.
fn perfect_risk(truths: &[&[f64]]) -> Option<Vec<Vec<f64>>> {
    let [times, events] = truths else { return None };
    let mut order: Vec<usize> = (0..times.len()).collect();
    order.sort_by(|a, b| times[*a].total_cmp(&times[*b]).then(events[*b].total_cmp(&events[*a])));
    let mut risk = vec![0.0; times.len()];
    order.iter().enumerate().for_each(|(place, row)| risk[*row] = -(place as f64));
    Some(vec![risk])
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::judge::{Context, Judge};
    use crate::metrics::Values;

    const TIMES: [f64; 24] = [
        9.0, 12.0, 11.0, 7.0, 12.0, 14.0, 12.0, 1.0, 6.0, 14.0, 4.0, 5.0, 8.0, 10.0, 7.0, 3.0, 9.0, 11.0,
        3.0, 7.0, 5.0, 11.0, 1.0, 6.0,
    ];
    const EVENTS: [u8; 24] = [1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 0];
    const RISKS: [u8; 24] = [3, 2, 2, 2, 5, 3, 2, 5, 5, 2, 1, 1, 0, 3, 3, 3, 5, 5, 3, 3, 0, 1, 5, 5];
    const CHANCES: [[f64; 24]; 3] = [
        [
            0.68, 0.77, 0.46, 0.96, 0.88, 0.92, 0.82, 0.97, 0.96, 0.81, 0.88, 0.92, 0.79, 0.7, 0.7, 0.64,
            0.63, 0.62, 0.48, 0.67, 0.93, 0.59, 0.76, 0.74,
        ],
        [
            0.49, 0.69, 0.36, 0.22, 0.74, 0.54, 0.38, 0.43, 0.9, 0.4, 0.39, 0.23, 0.62, 0.51, 0.53, 0.5,
            0.57, 0.23, 0.38, 0.49, 0.6, 0.15, 0.69, 0.51,
        ],
        [
            0.48, 0.22, 0.19, 0.17, 0.38, 0.04, 0.28, 0.35, 0.5, 0.31, 0.11, 0.08, 0.24, 0.07, 0.09, 0.37,
            0.34, 0.06, 0.07, 0.11, 0.5, 0.09, 0.32, 0.38,
        ],
    ];

    fn score(
        metric: &str,
        params: &Value,
        times: &[f64],
        predictions: &[Values<'_>],
    ) -> Result<f64, Undefined> {
        let params: Map<String, Value> = params.as_object().cloned().unwrap_or_default();
        let judge =
            Judge::new(metric, &params, Context::default()).unwrap_or_else(|reason| panic!("{reason}"));
        let events = EVENTS.map(f64::from);
        let row_numbers: Vec<u32> = (0..times.len() as u32).collect();
        judge.score(&Rows {
            truths: &[Values::Numbers(times), Values::Numbers(&events[..times.len()])],
            predictions,
            weights: None,
            groups: None,
            row_numbers: &row_numbers,
            n_classes: 0,
            column_classes: &[],
            context: &judge.context,
            group_names: &[],
        })
    }

    /// scikit-survival 0.28.0 with the scored rows as training rows: concordance_index_censored and
    /// concordance_index_ipcw (tied_tol=0), cumulative_dynamic_auc, integrated_brier_score.
    #[test]
    fn values_are_those_of_the_reference_with_ties_everywhere() {
        let risks = RISKS.map(f64::from);
        let chances: Vec<Values<'_>> = CHANCES.iter().map(|column| Values::Numbers(column)).collect();
        for (metric, params, expected) in [
            ("c_index_harrell_sksurv", json!({}), 0.513_089_005_235_602_1),
            ("c_index_ipcw", json!({}), 0.507_065_115_670_665_4),
            ("c_index_ipcw", json!({"tau": 8}), 0.551_283_715_077_512_5),
            ("cumulative_dynamic_auc@4", json!({}), 0.559_210_526_315_789_5),
            ("cumulative_dynamic_auc@7", json!({}), 0.538_697_788_697_788_6),
            ("cumulative_dynamic_auc@10", json!({}), 0.518_872_950_819_672_1),
            ("integrated_brier", json!({"times": "3, 7, 12"}), 0.216_715_393_147_157_85),
        ] {
            let predictions =
                if metric == "integrated_brier" { &chances[..] } else { &[Values::Numbers(&risks)] };
            let found =
                score(metric, &params, &TIMES, predictions).unwrap_or_else(|reason| panic!("{reason}"));
            assert!((found - expected).abs() <= 1e-12, "{metric} {params}: {found}, not {expected}");
        }
    }

    #[test]
    fn what_cannot_be_compared_has_no_value() {
        let risks = [Values::Numbers(&[1.0, 2.0])];
        for metric in ["c_index", "c_index_harrell_sksurv", "c_index_ipcw"] {
            assert!(score(metric, &json!({}), &[4.0, 4.0], &risks).is_err(), "{metric}");
        }
        assert!(score("cumulative_dynamic_auc@9", &json!({}), &[4.0, 5.0], &risks).is_err());
        assert!(score("cumulative_dynamic_auc@1", &json!({}), &[4.0, 5.0], &risks).is_err());
    }
}
