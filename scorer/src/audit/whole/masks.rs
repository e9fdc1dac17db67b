//! One mask a row.
//!
//! A forecaster is so sure that the solution's own mask is the truth; else it is that of any other row, so that empty
//! masks are as frequent as they are. Where the outline lies is known up to some pixels: the truth is the mask a
//! little or much smaller or larger with the weights of `LEVELS`. Honest is the likeliest whole mask, or all pixels
//! likelier than not. Beside them are tried other thresholds, which give larger and smaller masks, empty masks where one
//! is unsure, and no empty mask at all. Without content are the empty mask, the whole image, and the pixels
//! that half, a quarter, or any of the masks have.
//!
//! Exchanging object and background (C) means nothing: nobody could call the background the object.

use super::runs::{Pixels, common};
use super::world::{
    Belief, Cells, DRAWS, OTHER, Words, World, believers, chances, others, some_rows, sureness, texts_of,
};
use crate::audit::metric::Kind;
use crate::audit::question::Asks;
use crate::metrics::segmentation::image_size;
use crate::solution::{Solution, Split, Truth};

/// Runs that are looked at.
const BUDGET: usize = 6000;
const MAX_ROWS: usize = 400;
/// Where a metric looks at every pixel of an outline, it is asked about fewer rows.
const MAX_OUTLINES: usize = 60;
/// The weights of outlines two steps within the mask, one step, none, one and two steps outside of it.
const LEVELS: [f64; 5] = [0.1, 0.2, 0.4, 0.2, 0.1];
/// A step is such a part of a usual run.
const STEP: f64 = 0.08;
/// Masks of fewer pixels have no room for a small error.
const LEAST_PIXELS: u64 = 10;

static WORDS: Words = Words {
    asks: Asks::Answers,
    unit: "rows",
    volume: "pixels",
    volume_counts: true,
    exploit: "Draw every mask larger or smaller than one believes, or empty where one is unsure, without any better model.",
    repair: "Say in the rules from which probability on a pixel pays, or ask for probabilities and choose that afterwards.",
    repair_of_empty: "Leave rows out in which neither mask has a pixel (leave_out_empty_pairs), or pool all pixels (dice_global), so that empty masks earn nothing.",
    repair_of_weights: "Use dice_mean, where small and large objects count alike, or say in the rules that large ones decide.",
    not_applicable: &[
        ("C relabel", "Nobody could call the background the object."),
        ("D invariance", "A mask has no values whose order could be kept."),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let judge = solution.judge();
    let is_slow = ["nsd", "hd95"].contains(&judge.metric.about().name);
    let most = if is_slow { MAX_OUTLINES } else { MAX_ROWS };
    let rows = some_rows(solution, |mask| 2 + mask.len() / 8, BUDGET, most);
    let masks: Vec<Pixels> = texts_of(solution, &rows)?.into_iter().map(Pixels::of).collect();
    let same =
        image_size(&judge.params, &judge.context).map(|(height, width)| u64::from(height) * u64::from(width));
    let beside: Vec<Vec<f64>> = solution.truths[1..]
        .iter()
        .filter_map(|truth| match truth {
            Truth::Numbers(numbers) => Some(rows.iter().map(|row| numbers[*row as usize]).collect()),
            Truth::Codes(_) | Truth::Texts(_) => None,
        })
        .collect();
    let furthest = masks.iter().map(Pixels::end).max().unwrap_or(0);
    let n_pixels = (0..rows.len())
        .map(|row| match beside.as_slice() {
            [heights, widths] => (heights[row] * widths[row]) as u64,
            _ => same.unwrap_or(furthest),
        })
        .collect();
    Album { masks, n_pixels, beside, cells: Cells::default() }.world(rows, solution.range(Split::All).len())
}

struct Album {
    masks: Vec<Pixels>,
    /// Of every row's image.
    n_pixels: Vec<u64>,
    /// Columns of the truth that say how large images are.
    beside: Vec<Vec<f64>>,
    cells: Cells,
}

impl Album {
    fn world(mut self, rows: Vec<u32>, n_rows: usize) -> Option<World> {
        if self.masks.iter().all(|mask| mask.count() == 0) {
            return None;
        }
        let step = self.step();
        let own = self.column(|album, row| album.masks[row].clone());
        let [weak, usual, strong, stronger] = believers(|skill| self.believe(skill, step));
        let empties = self.empties();
        let resized = |album: &mut Self, count: &dyn Fn(u64) -> u64| {
            album.column(|album, row| {
                let mask = &album.masks[row];
                mask.resized(count(mask.count()), album.n_pixels[row])
            })
        };
        let amounts =
            vec![self.pair(&|n| n + n / 10, &|n| n - n / 10), self.pair(&|n| n + n / 4, &|n| n - n / 4)];
        let factors = vec![
            self.pair(&|n| n + n / 4, &|n| (n * 4).div_ceil(5)),
            self.pair(&|n| n * 2, &|n| n.div_ceil(2)),
        ];
        let errors = [
            ("one wrong pixel", resized(&mut self, &|n| n.saturating_sub(1))),
            ("a wrong outline", resized(&mut self, &|n| n - (n as f64).sqrt() as u64)),
            ("a tenth of the mask missing", resized(&mut self, &|n| n - n / 10)),
        ];
        let has_room: Vec<bool> = self.masks.iter().map(|mask| mask.count() >= LEAST_PIXELS).collect();
        let errors = errors.map(|(name, report)| {
            (name, report.into_iter().zip(&has_room).map(|(cell, has)| has.then_some(cell)).collect())
        });
        let n = self.masks.len();
        let wrong = vec![
            self.column(|album, row| Pixels::all(album.n_pixels[row])),
            vec![self.cells.number(""); n],
            self.column(|album, row| album.masks[row].resized(album.masks[row].count() / 2, 0)),
        ];
        let sizes = self.cells.sizes(|mask| Pixels::of(mask).count() as f64);
        let beside = std::mem::take(&mut self.beside);
        let completed =
            |masks: Vec<f64>| masks.into_iter().chain(beside.iter().flatten().copied()).collect::<Vec<f64>>();
        let complete =
            |belief: Belief| Belief { draws: belief.draws.into_iter().map(completed).collect(), ..belief };
        let mut shaped = self.cells.shaped();
        shaped.truths.extend(vec![Kind::Number; beside.len()]);
        Some(World {
            sizes,
            empties,
            is_alike: beside.is_empty(),
            amounts,
            factors,
            errors: errors.into(),
            wrong,
            perfect: Box::new(move |truth| truth[..n].to_vec()),
            ..World::new(
                &WORDS,
                shaped,
                completed(own),
                rows,
                n_rows,
                [weak, usual, strong, stronger].map(complete),
            )
        })
    }

    /// Larger and smaller masks, where there is room for the larger one.
    fn pair(&mut self, more: &dyn Fn(u64) -> u64, less: &dyn Fn(u64) -> u64) -> [Vec<f64>; 2] {
        let sides = |album: &Self, row: usize| {
            let (mask, n_pixels) = (&album.masks[row], album.n_pixels[row]);
            let larger = mask.resized(more(mask.count()), n_pixels);
            let has_room = larger.count() == more(mask.count());
            if has_room {
                [larger, mask.resized(less(mask.count()), n_pixels)]
            } else {
                [mask.clone(), mask.clone()]
            }
        };
        [0, 1].map(|side| self.column(|album, row| sides(album, row)[side].clone()))
    }

    /// A part of a usual run, in pixels.
    fn step(&self) -> i64 {
        let n_runs: usize = self.masks.iter().map(Pixels::n_runs).sum();
        let n_pixels: u64 = self.masks.iter().map(Pixels::count).sum();
        ((STEP * n_pixels as f64 / n_runs.max(1) as f64).round() as i64).max(1)
    }

    fn column(&mut self, mask: impl Fn(&Self, usize) -> Pixels) -> Vec<f64> {
        let texts: Vec<String> = (0..self.masks.len()).map(|row| mask(self, row).text()).collect();
        texts.iter().map(|text| self.cells.number(text)).collect()
    }

    fn believe(&mut self, skill: f64, step: i64) -> Belief {
        let n = self.masks.len();
        let sure = sureness(n, skill);
        let level = |album: &Self, row: usize, level: usize| {
            album.masks[row].grown((level as i64 - 2) * step, album.n_pixels[row])
        };
        let draws = (0..DRAWS).map(|draw| self.draw(&sure, draw, level)).collect();
        let n_empty = self.masks.iter().filter(|mask| mask.count() == 0).count();
        let share_empty = n_empty as f64 / n as f64;
        let likelier_than = |album: &Self, row: usize, least: f64| {
            let share = |at: usize| sure[row] * LEVELS[at..].iter().sum::<f64>();
            let widest = (0..LEVELS.len()).rev().find(|at| share(*at) >= least);
            widest.map_or_else(Pixels::default, |at| level(album, row, at))
        };
        let whole = self.column(|album, row| {
            let is_own = sure[row] >= (1.0 - sure[row]) * share_empty;
            if is_own { level(album, row, 2) } else { Pixels::default() }
        });
        let pixels = self.column(|album, row| likelier_than(album, row, 0.5));
        let mut tricks = Vec::new();
        for least in [0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9] {
            let report = self.column(|album, row| likelier_than(album, row, least));
            tricks.push((format!("all pixels likelier than {least}"), report));
        }
        for least in [0.3, 0.5, 0.7, 0.9] {
            let sure_ones = |album: &Self, row: usize| {
                if sure[row] >= least { level(album, row, 2) } else { Pixels::default() }
            };
            let name = format!("masks where one is surer than {least}, and empty ones elsewhere");
            tricks.push((name, self.column(sure_ones)));
        }
        let shape = common(&self.filled(), 0.25);
        let never_empty = |album: &Self, row: usize| {
            let is_empty = album.masks[row].count() == 0 && shape.end() <= album.n_pixels[row];
            if is_empty { shape.clone() } else { level(album, row, 2) }
        };
        tricks.push(("one's mask, never an empty one".to_owned(), self.column(never_empty)));
        let honest = vec![
            ("the likeliest mask".to_owned(), whole),
            ("all pixels likelier than not".to_owned(), pixels),
        ];
        Belief { draws, honest, tricks }
    }

    /// A possible truth: each row's own mask at some level, or any other row's; nobody knows which.
    fn draw(&mut self, sure: &[f64], draw: u64, level: impl Fn(&Self, usize, usize) -> Pixels) -> Vec<f64> {
        let n = self.masks.len();
        let (chances, other) = (chances(n, draw), others(n, OTHER + draw));
        self.column(|album, row| {
            if chances[row] >= sure[row] {
                let mask = &album.masks[other[row] as usize];
                return if mask.end() <= album.n_pixels[row] { mask.clone() } else { Pixels::default() };
            }
            let mut left = chances[row] / sure[row];
            let at = LEVELS.iter().position(|weight| {
                left -= weight;
                left < 0.0
            });
            level(album, row, at.unwrap_or(LEVELS.len() - 1))
        })
    }

    fn filled(&self) -> Vec<Pixels> {
        self.masks.iter().filter(|mask| mask.count() > 0).cloned().collect()
    }

    fn empties(&mut self) -> Vec<(String, Vec<f64>)> {
        let filled = self.filled();
        let shapes = [
            ("the pixels that half of the masks have", common(&filled, 0.5)),
            ("the pixels that a quarter of the masks have", common(&filled, 0.25)),
            ("the pixels that any mask has", common(&filled, 0.0)),
        ];
        let mut found = vec![
            ("empty masks".to_owned(), vec![self.cells.number(""); self.masks.len()]),
            ("whole images".to_owned(), self.column(|album, row| Pixels::all(album.n_pixels[row]))),
        ];
        for (name, shape) in shapes {
            let fits = |album: &Self, row: usize| {
                if shape.end() <= album.n_pixels[row] { shape.clone() } else { Pixels::default() }
            };
            found.push((name.to_owned(), self.column(fits)));
        }
        found
    }
}
