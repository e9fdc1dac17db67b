//! The middle and the largest error.

use holdout_contract::spec::Direction;

use super::ratio::{BLANK, Unit, Whole};
use crate::kernels::median;
use crate::metrics::{About, Degenerate, Draws, Laws, Metric, Params, Rows, Undefined};

const LAWS: Laws = Laws { is_symmetric: true, has_weights: false, undefined_on: &[Degenerate::NoRows] };

/// The middle of all errors.
pub struct MiddleError;

pub static MEDAE: MiddleError = MiddleError;

impl Metric for MiddleError {
    fn about(&self) -> &About {
        const ABOUT: About = About {
            name: "medae",
            title: "Median absolute error",
            direction: Direction::LowerIsBetter,
            best: Some(0.0),
            sentence: "The error that half of the rows stay below.",
            formula: r"\operatorname{median}_i|y_i-p_i|",
            edge_cases: &[
                "The mean of the two middle errors where their number is even.",
                "Takes no weights.",
            ],
            gaming: "Half of the rows do not matter: hard ones can be given up entirely.",
            ..BLANK
        };
        &ABOUT
    }

    fn laws(&self) -> Laws {
        LAWS
    }

    fn score(&self, rows: &Rows<'_>, _params: &Params) -> Result<f64, Undefined> {
        rows.positive_weight()?;
        Ok(median(errors(rows)))
    }

    fn scores_of_draws(&self, rows: &Rows<'_>, _params: &Params, draws: &Draws<'_>) -> Option<Vec<f64>> {
        let errors = errors(rows);
        let mut order: Vec<u32> = (0..rows.len() as u32).collect();
        order.sort_unstable_by(|a, b| errors[*a as usize].total_cmp(&errors[*b as usize]));
        Some(draws.scores(rows.len(), |times| {
            middle_of_draw(&errors, &order, times)
                .ok_or_else(|| Undefined::because("No row of this draw is left."))
        }))
    }
}

fn errors(rows: &Rows<'_>) -> Vec<f64> {
    let (y, p) = rows.numbers();
    y.iter().zip(p).map(|(y, p)| (y - p).abs()).collect()
}

/// As [`median`], of values in their order, each of which comes so many times.
fn middle_of_draw(values: &[f64], order: &[u32], times: &[u8]) -> Option<f64> {
    let n: usize = times.iter().map(|times| usize::from(*times)).sum();
    let (lower, upper) = (n.checked_sub(1)? / 2, n / 2);
    let mut below = 0;
    let mut middle = None;
    for at in order {
        below += usize::from(times[*at as usize]);
        if below > lower && middle.is_none() {
            middle = Some(values[*at as usize]);
        }
        if below > upper {
            let upper = values[*at as usize];
            return middle.map(|lower| if n % 2 == 1 { upper } else { lower / 2.0 + upper / 2.0 });
        }
    }
    None
}

pub static MAX_ERROR: Whole = Whole {
    about: About {
        name: "max_error",
        title: "Largest error",
        direction: Direction::LowerIsBetter,
        best: Some(0.0),
        sentence: "The largest absolute error of all rows.",
        formula: r"\max_i|y_i-p_i|",
        edge_cases: &["One row decides."],
        gaming: "All rows but the worst are free; a single outlier in the labels decides the ranking.",
        ..BLANK
    },
    laws: LAWS,
    unit: Unit::Fixed,
    compute: |_, y, p| Ok(y.iter().zip(p).map(|(y, p)| (y - p).abs()).fold(0.0, f64::max)),
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_draw_is_that_of_copied_values() {
        let values = [3.0, 1.0, 2.0, 9.0, 2.0];
        let order = [1, 2, 4, 0, 3];
        for times in [[1, 1, 1, 1, 1], [0, 2, 0, 1, 1], [0, 1, 0, 1, 0], [3, 0, 0, 0, 0], [0, 0, 1, 0, 1]] {
            let copies =
                values.iter().zip(times).flat_map(|(value, n)| std::iter::repeat_n(*value, n.into()));
            assert_eq!(middle_of_draw(&values, &order, &times), Some(median(copies.collect())), "{times:?}");
        }
        assert_eq!(middle_of_draw(&values, &order, &[0; 5]), None);
    }
}
