//! Lists of items, best first, against a set of relevant items.
//!
//! Each relevant item is believed in by itself; honest is a list of all items that may be relevant, the most probable
//! first, filled with the commonest items. Beside it are tried: a list of the likely ones alone, the first item alone,
//! every item twice, the opposite order, the commonest items first. Without content are an empty list and the commonest
//! items for everybody. A list and a set are not of one kind, so A means nothing; and a list is meant to be filled, so
//! its length (E2) is told and not judged.

use super::slots::Slots;
use super::world::{Belief, Cells, DRAWS, Words, World, believers, some_rows, texts_of};
use crate::audit::question::Asks;
use crate::solution::{Solution, Split};

/// Items that are looked at.
const BUDGET: usize = 4000;
const MAX_ROWS: usize = 600;
/// Longer lists are as good as these.
const MAX_LENGTH: usize = 50;
/// Of a row with more relevant items, only so many are looked at.
const MAX_ITEMS: usize = 200;
/// Items that nobody has.
const UNKNOWN: &str = "¤1 ¤2 ¤3";

static WORDS: Words = Words {
    asks: Asks::Order,
    unit: "rows",
    volume: "items",
    volume_counts: false,
    exploit: "Rearrange, cut or repeat every list before sending it, without any better model.",
    repair: "Use map or ndcg, where the most probable items first are best.",
    repair_of_empty: "Show the score of the commonest items beside the board, or score only rows with rarer items, where knowing somebody pays.",
    repair_of_weights: "Use ndcg or map, where rows with few and with many relevant items count alike.",
    not_applicable: &[
        ("A exchange", "A list in order and a set of relevant items are not of one kind."),
        (
            "B over/under",
            "A list is meant to be filled: it cannot be too long by some amount and too short by the same.",
        ),
        (
            "C relabel",
            "Items have no opposite that they could be exchanged with, and only equality of names counts.",
        ),
        ("D invariance", "A list has no values: its order is all there is."),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let rows = some_rows(solution, |text| 1 + text.split_whitespace().count(), BUDGET, MAX_ROWS);
    let texts = texts_of(solution, &rows)?;
    let length = solution
        .judge()
        .params
        .optional_number("k")
        .map_or(MAX_LENGTH, |k| (k as usize).clamp(1, MAX_LENGTH));
    let mut shelf = Shelf::of(&texts, length);
    if shelf.things.iter().all(Vec::is_empty) {
        return None;
    }
    let truth = shelf.report(&shelf.things.clone());
    let [weak, usual, strong, stronger] = believers(|skill| shelf.believe(skill));
    let common: Vec<u32> = shelf.common.iter().copied().take(length).collect();
    let n = rows.len();
    let nothing = shelf.cells.number("");
    let commonest = shelf.report(&vec![common; n]);
    let without = |less: fn(usize) -> usize| -> Vec<Vec<u32>> {
        shelf.things.iter().map(|row| row[..less(row.len())].to_vec()).collect()
    };
    let errors = [
        ("one relevant item missing", without(|n| n.saturating_sub(1))),
        ("half of the relevant items missing", without(|n| n / 2)),
    ];
    let is_filled: Vec<bool> = shelf.things.iter().map(|row| !row.is_empty()).collect();
    let mut costs: Vec<(&'static str, Vec<Option<f64>>)> = errors
        .into_iter()
        .map(|(name, rows)| {
            let report = shelf.report(&rows);
            (name, report.into_iter().zip(&is_filled).map(|(cell, is)| is.then_some(cell)).collect())
        })
        .collect();
    costs.push(("all relevant items missing", is_filled.iter().map(|is| is.then_some(nothing)).collect()));
    let wrong = vec![vec![shelf.cells.number(UNKNOWN); n], vec![nothing; n]];
    let sizes = shelf.cells.sizes(|text| text.split_whitespace().count() as f64);
    Some(World {
        sizes,
        empties: vec![
            ("an empty list everywhere".to_owned(), vec![nothing; n]),
            ("the commonest items for everybody".to_owned(), commonest),
        ],
        errors: costs,
        wrong,
        ..World::new(
            &WORDS,
            shelf.cells.shaped(),
            truth,
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

/// The items of a row with their shares, the likeliest first.
type Ranked = Vec<(u32, f64)>;

/// Items by number, and the relevant ones of every row.
struct Shelf {
    items: Vec<String>,
    things: Vec<Vec<u32>>,
    /// Items by how many rows they are relevant in, the commonest first.
    common: Vec<u32>,
    /// How long a list is.
    length: usize,
    cells: Cells,
}

impl Shelf {
    fn of(texts: &[&str], length: usize) -> Self {
        let mut numbers = Cells::default();
        let mut items: Vec<String> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        let mut things = Vec::with_capacity(texts.len());
        for text in texts {
            let mut row: Vec<u32> = Vec::new();
            for item in text.split_whitespace().take(MAX_ITEMS) {
                let number = numbers.number(item) as u32;
                if number as usize == items.len() {
                    items.push(item.to_owned());
                    counts.push(0);
                }
                if !row.contains(&number) {
                    row.push(number);
                    counts[number as usize] += 1;
                }
            }
            things.push(row);
        }
        let mut common: Vec<u32> = (0..items.len() as u32).collect();
        common.sort_by_key(|item| std::cmp::Reverse(counts[*item as usize]));
        Self { items, things, common, length, cells: Cells::default() }
    }

    fn report(&mut self, rows: &[Vec<u32>]) -> Vec<f64> {
        let mut cells = std::mem::take(&mut self.cells);
        let text = |row: &Vec<u32>| {
            row.iter().map(|item| self.items[*item as usize].as_str()).collect::<Vec<_>>().join(" ")
        };
        let report = rows.iter().map(|row| cells.number(&text(row))).collect();
        self.cells = cells;
        report
    }

    /// A list that goes on with the commonest items.
    fn filled(&self, first: impl IntoIterator<Item = u32>) -> Vec<u32> {
        let mut list: Vec<u32> = Vec::with_capacity(self.length);
        for item in first.into_iter().chain(self.common.iter().copied()) {
            if list.len() == self.length {
                break;
            }
            if !list.contains(&item) {
                list.push(item);
            }
        }
        list
    }

    fn believe(&mut self, skill: f64) -> Belief {
        let slots = Slots::of(&self.things, skill);
        let mut draws = Vec::new();
        for draw in 0..DRAWS {
            draws.push(self.report(&slots.draw(draw)));
        }
        let ranked = slots.ranked();
        let plain: Vec<Vec<u32>> =
            ranked.iter().map(|row| self.filled(row.iter().map(|(item, _)| *item))).collect();
        let honest = vec![("the most probable items first".to_owned(), self.report(&plain))];
        let tricks = self.tricks(&ranked, &plain);
        let tricks = tricks.into_iter().map(|(name, rows)| (name.to_owned(), self.report(&rows))).collect();
        Belief { draws, honest, tricks }
    }

    /// Files that say something else than what is most probable, which `plain` lists.
    fn tricks(&self, ranked: &[Ranked], plain: &[Vec<u32>]) -> [(&'static str, Vec<Vec<u32>>); 8] {
        let changed = |change: &dyn Fn(&[u32]) -> Vec<u32>| -> Vec<Vec<u32>> {
            plain.iter().map(|list| change(list)).collect()
        };
        let likely = |least: f64| -> Vec<Vec<u32>> {
            let of_row = |row: &Ranked| {
                let likely = row.iter().filter(|(_, share)| *share >= least);
                likely.map(|(item, _)| *item).take(self.length).collect()
            };
            ranked.iter().map(of_row).collect()
        };
        let common_first = |row: &Ranked| {
            let common = self.common.iter().copied().take(self.length / 2);
            self.filled(common.chain(row.iter().map(|(item, _)| *item)))
        };
        [
            ("only the items likelier than one half", likely(0.5)),
            ("only the items likelier than one fifth", likely(0.2)),
            ("the likeliest item alone", changed(&|list| list[..1.min(list.len())].to_vec())),
            ("the likeliest item in every place", changed(&|list| vec![list[0]; self.length])),
            (
                "every item twice",
                changed(&|list| list.iter().flat_map(|item| [*item, *item]).take(self.length).collect()),
            ),
            ("the opposite order", changed(&|list| list.iter().rev().copied().collect())),
            ("the commonest items first", ranked.iter().map(common_first).collect()),
            (
                "the second likeliest item first",
                changed(&|list| {
                    let mut list = list.to_vec();
                    if list.len() > 1 {
                        list.swap(0, 1);
                    }
                    list
                }),
            ),
        ]
    }
}
