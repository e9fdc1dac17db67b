//! Several masks a row: segments that are matched with the true ones.
//!
//! Each segment is believed in by itself: it is the one of the solution, a smaller or a much smaller one, or not there.
//! Honest is the likeliest form of every segment; tried beside it are only the sure ones, and smaller ones. Segments of
//! a row share no pixel, so none is made larger. Without content are no segment, and the whole image as one.

use super::runs::Pixels;
use super::slots::Slots;
use super::world::{Belief, Cells, DRAWS, Words, World, believers, some_rows, texts_of};
use crate::audit::question::Asks;
use crate::intake::shapes::masks;
use crate::metrics::segmentation::image_size;
use crate::solution::{Solution, Split};

/// Letters of runs that are looked at.
const BUDGET: usize = 30_000;
const MAX_ROWS: usize = 300;

static WORDS: Words = Words {
    asks: Asks::Answers,
    unit: "rows",
    volume: "segments",
    volume_counts: true,
    exploit: "Leave out unsure segments, or add some, without any better model.",
    repair: "Use coco_map or iou_mean, where every segment comes with one's confidence or pixels count.",
    repair_of_empty: "Use iou_global, where empty masks earn nothing.",
    repair_of_weights: "Use panoptic_quality, where every segment counts alike.",
    not_applicable: &[
        ("B over/under", "Segments of a row share no pixel, so they cannot all be drawn too large."),
        ("C relabel", "Segments have no names, and nobody could call the background a segment."),
        ("D invariance", "Segments have no values whose order could be kept."),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let judge = solution.judge();
    if solution.truths.len() > 1 {
        return None;
    }
    let rows = some_rows(solution, |cell| 4 + cell.len(), BUDGET, MAX_ROWS);
    let texts = texts_of(solution, &rows)?;
    let mut album = Album::of(&texts);
    if album.things.iter().all(Vec::is_empty) {
        return None;
    }
    let n = texts.len();
    let furthest = album.forms.iter().map(|form| form.end()).max().unwrap_or(1);
    let n_pixels = image_size(&judge.params, &judge.context)
        .map_or(furthest, |(height, width)| u64::from(height) * u64::from(width));
    let truth = album.report(&album.things.clone());
    let [weak, usual, strong, stronger] = believers(|skill| album.believe(skill));
    let nothing = album.cells.number("");
    let whole = album.cells.number(&Pixels::all(n_pixels).text());
    let has_some: Vec<bool> = album.things.iter().map(|row| !row.is_empty()).collect();
    let one_less: Vec<Vec<u32>> =
        album.things.iter().map(|row| row[..row.len().saturating_sub(1)].to_vec()).collect();
    let one_less = album.report(&one_less);
    let errors = vec![
        (
            "one segment missing",
            one_less.into_iter().zip(&has_some).map(|(cell, has)| has.then_some(cell)).collect(),
        ),
        ("all segments missing", has_some.iter().map(|has| has.then_some(nothing)).collect()),
    ];
    let sizes = album.cells.sizes(|cell| masks(cell).count() as f64);
    Some(World {
        sizes,
        empties: vec![
            ("no segment anywhere".to_owned(), vec![nothing; n]),
            ("the whole image as one segment".to_owned(), vec![whole; n]),
        ],
        is_alike: true,
        errors,
        wrong: vec![vec![nothing; n], vec![whole; n]],
        ..World::new(
            &WORDS,
            album.cells.shaped(),
            truth,
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

/// Segments in their true and in smaller forms.
struct Album {
    /// For every segment its true form, a smaller one and a much smaller one.
    forms: Vec<Pixels>,
    things: Vec<Vec<u32>>,
    cells: Cells,
}

impl Album {
    fn of(texts: &[&str]) -> Self {
        let mut forms: Vec<Pixels> = Vec::new();
        let mut things = Vec::with_capacity(texts.len());
        for text in texts {
            let mut row = Vec::new();
            for mask in masks(text) {
                let own = Pixels::of(mask);
                row.push(forms.len() as u32);
                let part = |share: f64| own.resized(((share * own.count() as f64) as u64).max(1), 0);
                let smaller = [part(0.7), part(0.4)];
                forms.push(own);
                forms.extend(smaller);
            }
            things.push(row);
        }
        Self { forms, things, cells: Cells::default() }
    }

    fn report(&mut self, rows: &[Vec<u32>]) -> Vec<f64> {
        let mut cells = std::mem::take(&mut self.cells);
        let report = rows.iter().map(|row| {
            let mut row = row.clone();
            row.sort_unstable_by_key(|form| form / 3);
            row.dedup_by_key(|form| *form / 3);
            let texts: Vec<String> = row.iter().map(|form| self.forms[*form as usize].text()).collect();
            cells.number(&texts.join(";"))
        });
        let report = report.collect();
        self.cells = cells;
        report
    }

    fn believe(&mut self, skill: f64) -> Belief {
        let slots = Slots::with(&self.things, skill, |_, own| [own + 1, own + 2]);
        let draws = (0..DRAWS).map(|draw| self.report(&slots.draw(draw))).collect();
        let honest = slots.each(|slot, row| row.push(slot.likeliest().0));
        let honest = vec![("the likeliest form of every segment".to_owned(), self.report(&honest))];
        let mut tricks = Vec::new();
        for least in [0.3, 0.5, 0.7, 0.9] {
            let sure = slots.each(|slot, row| row.extend((slot.sure >= least).then_some(slot.own)));
            tricks.push((format!("only the segments one is surer of than {least}"), self.report(&sure)));
        }
        for (form, name) in [
            (0, "every segment in full"),
            (1, "every segment made smaller"),
            (2, "every segment made much smaller"),
        ] {
            tricks.push((name.to_owned(), self.report(&slots.each(|slot, row| row.push(slot.own + form)))));
        }
        Belief { draws, honest, tricks }
    }
}
