//! Concordance indices: whether rows with earlier events have higher risks.

use holdout_contract::spec::{Direction, Task};

use super::censoring::Censoring;
use super::pairs::{Concordance, outlasted};
use super::{HIGHER, LAWS, OBSERVED, Observed, RISK, perfect_risk};
use crate::kernels::sum;
use crate::metrics::about::{About, Kind, ParameterAbout, fields};
use crate::metrics::groups::Groups;
use crate::metrics::{Draws, Laws, Metric, Params, Rows, Undefined};

/// As [`Metric::scores_of_draws`], of observed times and risks.
pub(super) type OfDraws = fn(&Observed, &[f64], &Params, &Draws<'_>) -> Vec<f64>;

/// A number from risks and observed times.
pub struct OfRisk {
    about: About,
    needs_groups: bool,
    of_draws: Option<OfDraws>,
    compute: fn(&Rows<'_>, &Observed, &[f64], &Params) -> Result<f64, Undefined>,
}

impl OfRisk {
    pub(super) const fn new(
        about: About,
        compute: fn(&Rows<'_>, &Observed, &[f64], &Params) -> Result<f64, Undefined>,
    ) -> Self {
        Self { about, needs_groups: false, of_draws: None, compute }
    }

    pub(super) const fn with_draws(self, of_draws: OfDraws) -> Self {
        Self { of_draws: Some(of_draws), ..self }
    }
}

impl Metric for OfRisk {
    fn about(&self) -> &About {
        &self.about
    }

    fn laws(&self) -> Laws {
        LAWS
    }

    fn needs_groups(&self) -> bool {
        self.needs_groups
    }

    fn perfect(&self, truths: &[&[f64]], _params: &Params) -> Option<Vec<Vec<f64>>> {
        perfect_risk(truths)
    }

    fn score(&self, rows: &Rows<'_>, params: &Params) -> Result<f64, Undefined> {
        (self.compute)(rows, &Observed::of(rows)?, rows.predictions[0].numbers(), params)
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let observed = Observed::of(rows).ok()?;
        self.of_draws.map(|of_draws| of_draws(&observed, rows.predictions[0].numbers(), params, draws))
    }
}

fn no_pairs() -> Undefined {
    Undefined::because("No two rows of this split can be compared: there is no event that others outlast.")
}

fn harrell(_: &Rows<'_>, observed: &Observed, risk: &[f64], _: &Params) -> Result<f64, Undefined> {
    Concordance::count(observed, risk).index().ok_or_else(no_pairs)
}

const TIES: &str = "Equal risks count one half.";
const EQUAL_TIMES: &str = "At equal times an event and a censored row can be compared, the event as the earlier; two events cannot.";
const NO_PAIRS: &str = "Undefined when no two rows can be compared.";

pub(super) const BLANK: About = About {
    name: "",
    title: "",
    task: Task::Survival,
    direction: Direction::HigherIsBetter,
    best: Some(1.0),
    layout: fields::Fields::Named { solution: OBSERVED, submission: RISK },
    parameters: &[],
    sentence: "",
    formula: r"\frac{\sum_{(i,j)}\left([r_i>r_j]+\tfrac12[r_i=r_j]\right)}{|\{(i,j):t_i<t_j,\ \delta_i=1\}|}",
    edge_cases: &[HIGHER, TIES, EQUAL_TIMES, NO_PAIRS],
    gaming: "Only the order counts: risks say nothing about when events happen.",
};

pub static C_INDEX: OfRisk = OfRisk::new(
    About {
        name: "c_index",
        title: "Concordance index",
        sentence: "Of all pairs of rows in which one event is known to be first, the share in which that row has the higher risk.",
        ..BLANK
    },
    harrell,
);

pub static C_INDEX_HARRELL: OfRisk = OfRisk::new(
    About {
        name: "c_index_harrell_sksurv",
        title: "Harrell's concordance index, scikit-survival",
        sentence: "The concordance index as scikit-survival counts it with no tolerance for ties; of the same value as c_index.",
        ..BLANK
    },
    harrell,
);

pub static C_INDEX_STRATIFIED: OfRisk = OfRisk {
    needs_groups: true,
    ..OfRisk::new(
        About {
            name: "c_index_stratified",
            title: "Stratified concordance index",
            sentence: "The mean of the concordance indices of all groups, less their standard deviation: a model must order every group well.",
            formula: r"\overline{C}-\sqrt{\tfrac1G\sum_g\left(C_g-\overline{C}\right)^2}",
            edge_cases: &[
                HIGHER,
                TIES,
                EQUAL_TIMES,
                "Groups without a pair to compare are left out; undefined when no group has one.",
                "The standard deviation divides by the number of groups.",
            ],
            gaming: "The spread between groups is subtracted, so making the best group worse can raise the score.",
            ..BLANK
        },
        stratified,
    )
};

fn stratified(rows: &Rows<'_>, observed: &Observed, risk: &[f64], _: &Params) -> Result<f64, Undefined> {
    let of_group = |members: &[u32]| {
        let members = || members.iter().map(|row| *row as usize);
        let group = Observed {
            times: members().map(|row| observed.times[row]).collect(),
            is_event: members().map(|row| observed.is_event[row]).collect(),
        };
        let risk: Vec<f64> = members().map(|row| risk[row]).collect();
        Concordance::count(&group, &risk).index()
    };
    let values: Vec<f64> = Groups::of(rows)?.iter().filter_map(|(_, members)| of_group(members)).collect();
    if values.is_empty() {
        return Err(no_pairs());
    }
    let n = values.len() as f64;
    let mean = sum(values.len(), |at| values[at]) / n;
    let variance = sum(values.len(), |at| (values[at] - mean).powi(2)) / n;
    Ok(mean - variance.sqrt())
}

pub static C_INDEX_IPCW: OfRisk = OfRisk::new(
    About {
        name: "c_index_ipcw",
        title: "Uno's concordance index",
        parameters: &[ParameterAbout {
            name: "tau",
            kind: Kind::OptionalNumber(0.0, f64::INFINITY),
            description: "Set: only events before this time count. Unset: all events count.",
            is_main: true,
        }],
        sentence: "The concordance index with every event weighed by one over the squared chance of being observed that long, so that censoring does not decide.",
        formula: r"\frac{\sum_{(i,j):t_i<t_j,\,t_i<\tau}\delta_i\,\hat G(t_i)^{-2}\left([r_i>r_j]+\tfrac12[r_i=r_j]\right)}{\sum_{(i,j):t_i<t_j,\,t_i<\tau}\delta_i\,\hat G(t_i)^{-2}}",
        edge_cases: &[
            HIGHER,
            TIES,
            EQUAL_TIMES,
            "The chance of being observed is Kaplan and Meier's, from the rows that are scored; at equal times events happen first.",
            "Undefined when nobody is observed as long as an event that counts: choose a smaller tau.",
        ],
        ..BLANK
    },
    uno,
);

fn uno(_: &Rows<'_>, observed: &Observed, risk: &[f64], params: &Params) -> Result<f64, Undefined> {
    let censoring = Censoring::of(observed);
    let tau = params.optional_number("tau").unwrap_or(f64::INFINITY);
    let mut events = Vec::new();
    outlasted(observed, risk, |pairs| events.push(pairs));
    events.retain(|pairs| pairs.all > 0 && observed.times[pairs.row] < tau);
    let weights: Option<Vec<f64>> =
        events.iter().map(|pairs| censoring.weight(observed.times[pairs.row]).map(|w| w * w)).collect();
    let Some(weights) = weights else {
        return Err(Undefined::because(
            "Nobody is observed as long as the last event that counts; a smaller tau leaves it out.",
        ));
    };
    let comparable = sum(events.len(), |at| weights[at] * events[at].all as f64);
    if comparable == 0.0 {
        return Err(no_pairs());
    }
    let right = |at: usize| weights[at] * (events[at].lower as f64 + 0.5 * events[at].equal as f64);
    Ok(sum(events.len(), right) / comparable)
}
