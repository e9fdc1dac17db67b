//! Rows of probabilities as truth: soft labels.
//!
//! A forecaster is so sure of the solution's own row, else it is any other's. Honest is the mean of all of them; tried beside it
//! are sharper and blunter probabilities, and the likelier row alone. Without content are equal shares and the mean of
//! all rows.

use super::answers::draws;
use super::world::{Belief, DRAWS, Words, World, believers, sureness};
use crate::audit::honesty::pushed;
use crate::audit::metric::{Kind, Shaped};
use crate::audit::normal;
use crate::audit::question::Asks;
use crate::intake::Texts;
use crate::solution::{Solution, Split, Truth};

/// Cells that are looked at.
const BUDGET: usize = 6000;
const MAX_ROWS: usize = 1200;
const MAX_COLUMNS: usize = 100;

static WORDS: Words = Words {
    asks: Asks::Probabilities,
    unit: "rows",
    volume: "",
    volume_counts: false,
    exploit: "Make every row of probabilities more or less certain before sending it, without any better model.",
    repair: "Use kl_divergence or multiclass_log_loss, which honest probabilities win.",
    repair_of_empty: "Show the score of the average of all rows beside the board.",
    repair_of_weights: "Nothing needs to be done: rows count alike.",
    not_applicable: &[
        ("B over/under", "Probabilities of a row add up to 1, so not all of them can be too much."),
        ("C relabel", "Columns are told apart by name; which of them is called what changes nothing."),
        (
            "D invariance",
            "Probabilities of a row add up to 1, so their values cannot be changed and their order kept.",
        ),
        ("E2 volume bias", "Probabilities of a row add up to 1 whatever is sent."),
        (
            "G leverage",
            "An error has no natural size by which rows could be compared; what single rows weigh is told by their influence.",
        ),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let n_columns = solution.truths.len();
    if !(2..=MAX_COLUMNS).contains(&n_columns) {
        return None;
    }
    let rows = normal::some(solution.range(Split::All).len(), (BUDGET / n_columns).clamp(100, MAX_ROWS));
    let column = |truth: &Truth| match truth {
        Truth::Numbers(numbers) => Some(rows.iter().map(|row| numbers[*row as usize]).collect::<Vec<f64>>()),
        Truth::Codes(_) | Truth::Texts(_) => None,
    };
    let columns: Vec<Vec<f64>> = solution.truths.iter().map(column).collect::<Option<_>>()?;
    let n = rows.len();
    let [weak, usual, strong, stronger] = believers(|skill| believe(&columns, skill));
    let means: Vec<f64> =
        columns.iter().flat_map(|column| vec![column.iter().sum::<f64>() / n as f64; n]).collect();
    let wrong = vec![
        (0..n * n_columns).map(|at| if at < n { 1.0 } else { 0.0 }).collect(),
        vec![1.0 / n_columns as f64; n * n_columns],
    ];
    Some(World {
        empties: vec![
            ("the average of all rows everywhere".to_owned(), means),
            ("equal shares everywhere".to_owned(), vec![1.0 / n_columns as f64; n * n_columns]),
        ],
        is_alike: true,
        wrong,
        ..World::new(
            &WORDS,
            Shaped {
                truths: vec![Kind::Number; n_columns],
                reports: vec![Kind::Number; n_columns],
                cells: Texts::default(),
                n_classes: 0,
            },
            columns.concat(),
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

fn believe(columns: &[Vec<f64>], skill: f64) -> Belief {
    let n = columns[0].len();
    let sure = sureness(n, skill);
    let means: Vec<f64> = columns.iter().map(|column| column.iter().sum::<f64>() / n as f64).collect();
    let numbers: Vec<f64> = (0..n).map(|row| row as f64).collect();
    let draws = draws(&numbers, &sure, DRAWS).into_iter().map(|rows| {
        columns
            .iter()
            .flat_map(|column| rows.iter().map(|row| column[*row as usize]).collect::<Vec<f64>>())
            .collect()
    });
    let mixed = |share: &dyn Fn(usize) -> f64| -> Vec<f64> {
        let cell = |at: usize, row: usize| share(row) * columns[at][row] + (1.0 - share(row)) * means[at];
        (0..columns.len()).flat_map(|at| (0..n).map(|row| cell(at, row)).collect::<Vec<f64>>()).collect()
    };
    let plain = mixed(&|row| sure[row]);
    let raised = |power: f64| {
        let mut raised: Vec<f64> = plain.iter().map(|share| libm::pow(share.max(1e-12), power)).collect();
        for row in 0..n {
            let total: f64 = raised.iter().skip(row).step_by(n).sum();
            raised.iter_mut().skip(row).step_by(n).for_each(|share| *share /= total);
        }
        raised
    };
    let mut tricks: Vec<(String, Vec<f64>)> =
        [0.5, 0.75, 0.9, 1.1, 1.5, 2.0].into_iter().map(|power| (pushed(power), raised(power))).collect();
    tricks.push(("one's own row, or the average of all".to_owned(), mixed(&|row| sure[row].round())));
    let equal = 1.0 / columns.len() as f64;
    tricks.push((
        "probabilities mixed with a tenth of equal shares".to_owned(),
        plain.iter().map(|share| 0.9 * share + 0.1 * equal).collect(),
    ));
    Belief {
        draws: draws.collect(),
        honest: vec![("the probabilities one believes in".to_owned(), plain)],
        tricks,
    }
}
