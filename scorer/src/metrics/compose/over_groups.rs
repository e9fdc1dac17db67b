//! One metric in every group of rows: the mean over groups, or the worst group.

use holdout_contract::spec::Direction;

use super::worse;
use crate::kernels::sum;
use crate::metrics::gathered::Gathered;
use crate::metrics::groups::Groups;
use crate::metrics::{Params, Rows, Undefined};

pub(super) const NONE: &str = "none";
const MEAN: &str = "mean";

pub(super) fn is_wanted(params: &Params) -> bool {
    params.text("groups").is_some_and(|how| how != NONE)
}

/// The score of every group, put together as the host chose; of all rows at once where groups are
/// none of the host's wishes. Groups without weight count for nothing.
pub(super) fn score(
    params: &Params,
    direction: Direction,
    rows: &Rows<'_>,
    of_rows: impl Fn(&Rows<'_>) -> Result<f64, Undefined>,
) -> Result<f64, Undefined> {
    if !is_wanted(params) {
        return of_rows(rows);
    }
    let (mut scores, mut undefined) = (Vec::new(), Vec::new());
    for (_, members) in Groups::of(rows)?.iter() {
        let group = Gathered::new(rows, members);
        match group.with_rows(rows, |rows| (rows.total_weight() > 0.0).then(|| of_rows(rows))) {
            Some(Ok(score)) => scores.push(score),
            Some(Err(reason)) => undefined.push(reason),
            None => {}
        }
    }
    let is_skipping = params.text("undefined_groups") == Some("skip");
    if let Some(first) = undefined.first().filter(|_| !is_skipping || scores.is_empty()) {
        return Err(Undefined::because(format!(
            "The metric has no value in {} of the {} groups of this split. {first}",
            undefined.len(),
            undefined.len() + scores.len()
        )));
    }
    if params.text("groups") == Some(MEAN) {
        return Ok(sum(scores.len(), |at| scores[at]) / scores.len() as f64);
    }
    scores
        .into_iter()
        .reduce(|a, b| worse(direction, a, b))
        .ok_or_else(|| Undefined::because("This split has no groups."))
}
