//! Metrics whose cells are no plain numbers: lists, texts, masks, boxes, groupings, times that are known in part.
//!
//! Every family makes up a [`World`] out of the solution: possible truths, drawn from a belief that is known row by
//! row, and the files that somebody with this belief could send. The belief of a row is a mixture: with the
//! probability `sure` its own cell (or word, item, box) is the truth, and otherwise one taken from another row, so that
//! the made-up truths have the sizes, the frequencies and the empty cells of the solution. As the truth is drawn from
//! the belief, the belief is right by construction, and whatever scores better than the honest file does so without
//! any knowledge. `sure` differs from row to row (a power of equally spaced numbers in hashed order, with the
//! forecaster's skill as mean), so that there is something to be unsure about.
//!
//! The checks ask the metric and never look into it; they are in [`examine`], and each family says in its own file what
//! is honest, what is tried beside it, what needs no knowledge, and which checks mean nothing there, and why.

mod answers;
mod boxes;
mod checks;
mod clusters;
mod examine;
mod graded;
mod lists;
mod masks;
mod runs;
mod segments;
mod shares;
mod slots;
mod survival;
mod texts;
mod world;

use holdout_contract::audit::Audit;
use holdout_contract::spec::{Cell, Layout, Task};

use super::ask::Settings;
use super::metric::{Encoding, OfCatalogue, kept_rows};
use crate::solution::{Solution, Split};

pub use examine::examine;
pub use texts::of_cells;
pub use world::World;

/// Audits a metric of one of these families; `None` for others.
pub fn of_solution(solution: &Solution, settings: &Settings) -> Option<Audit> {
    let judge = solution.judge();
    let is_of_parts = judge.params.text("columns").is_some() || judge.params.value("parts").is_some();
    if is_of_parts || solution.range(Split::All).len() < super::prepare::MIN_ROWS {
        return None;
    }
    let mut world = read(solution)?;
    world.weights = solution.weights.as_ref().map(|weights| kept_rows(weights, &world.rows));
    let metric = OfCatalogue {
        judge,
        encoding: Encoding::Shaped(world.shaped.clone()),
        groups: solution.groups.as_ref().map(|groups| kept_rows(groups, &world.rows)),
        weights: world.weights.clone(),
        group_names: &solution.group_names,
        column_names: &solution.target_names,
        context: &judge.context,
    };
    Some(examine(&world, &metric, settings))
}

fn read(solution: &Solution) -> Option<World> {
    let layout = solution.judge().layout();
    match solution.judge().metric.about().task {
        Task::Text => texts::read(solution),
        Task::Segmentation if is_of(&layout, Cell::Masks) => segments::read(solution),
        Task::Segmentation => masks::read(solution),
        Task::Detection => boxes::read(solution),
        Task::Survival => survival::read(solution),
        Task::Clustering => clusters::read(solution),
        Task::Ranking if is_of(&layout, Cell::List) => lists::read(solution),
        Task::Ranking if is_of(&layout, Cell::Label) => answers::read(solution),
        Task::Ranking => graded::read(solution),
        Task::MulticlassProbability if matches!(layout, Layout::TargetColumns { .. }) => {
            shares::read(solution)
        }
        _ => None,
    }
}

/// Whether the first column of the solution holds this.
fn is_of(layout: &Layout, wanted: Cell) -> bool {
    match layout {
        Layout::Target { solution, .. } => *solution == wanted,
        Layout::Named { solution, .. } => solution.first().is_some_and(|(_, cell)| *cell == wanted),
        _ => false,
    }
}
