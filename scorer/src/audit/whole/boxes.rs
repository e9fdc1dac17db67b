//! Boxes with confidences, matched with the true ones.
//!
//! Each box is believed in by itself: it is where the solution has it, or moved by three tenths of its width, or
//! another image's box is there, or none. Honest is every box that may be there, with its probability as confidence.
//! Tried beside it are the sure boxes alone, full confidence for all, the opposite confidences, boxes twice, larger and
//! smaller boxes. Without content are no boxes, and the mean box of the commonest class in every image. As a wrong box
//! of low confidence is meant to cost little, how many there are (E2) is told and not judged.

use std::collections::BTreeMap;

use super::slots::Slots;
use super::world::{Belief, Cells, DRAWS, THIRD, Words, World, believers, others, some_rows, texts_of};
use crate::audit::question::Asks;
use crate::intake::shapes::boxes;
use crate::solution::{Solution, Split};

/// Boxes that are looked at.
const BUDGET: usize = 600;
const MAX_ROWS: usize = 200;
/// The confidence of boxes that are known to be right: a wrong box may have more.
const PLAIN: f64 = 0.5;

static WORDS: Words = Words {
    asks: Asks::Order,
    unit: "rows",
    volume: "boxes",
    volume_counts: false,
    exploit: "Change confidences or add boxes in this way before sending them, without any better model.",
    repair: "Use coco_map, where every box with its probability as confidence is best.",
    repair_of_empty: "Use coco_map or voc_ap, where a fixed box earns next to nothing.",
    repair_of_weights: "Use voc_ap or coco_map, which pool the boxes of all images.",
    not_applicable: &[
        ("A exchange", "True boxes have no confidence, so truth and report are not of one kind."),
        ("D invariance", "Confidences are changed where it is asked whether honest ones win."),
        ("C relabel", "Classes of boxes have no opposite, and only equality of names counts."),
    ],
};

#[derive(Debug, Clone, PartialEq)]
struct Frame {
    class: String,
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Frame {
    /// About its centre.
    fn scaled(&self, factor: f64) -> Self {
        let (width, height) = (self.width * factor, self.height * factor);
        Self {
            x: self.x + (self.width - width) / 2.0,
            y: self.y + (self.height - height) / 2.0,
            width,
            height,
            ..self.clone()
        }
    }

    fn moved(&self) -> Self {
        Self { x: self.x + 0.3 * self.width, ..self.clone() }
    }

    fn place(&self) -> String {
        format!("{} {} {} {}", self.x, self.y, self.width, self.height)
    }
}

pub(super) fn read(solution: &Solution) -> Option<World> {
    let rows = some_rows(solution, |cell| 1 + boxes(cell, false).count(), BUDGET, MAX_ROWS);
    let texts = texts_of(solution, &rows)?;
    let mut gallery = Gallery::of(&texts);
    if gallery.things.iter().all(Vec::is_empty) {
        return None;
    }
    let n = texts.len();
    let truth = gallery.truth(&gallery.things.clone());
    let [weak, usual, strong, stronger] = believers(|skill| gallery.believe(skill));
    let all: Vec<Vec<(u32, f64)>> =
        gallery.things.iter().map(|row| row.iter().map(|frame| (*frame, PLAIN)).collect()).collect();
    let nothing = gallery.cells.number("");
    let mean = gallery.mean_box();
    let mut pair = |factor: f64| [gallery.report(&all, factor), gallery.report(&all, 1.0 / factor)];
    let factors = vec![pair(1.1), pair(1.2)];
    let has_some: Vec<bool> = all.iter().map(|row| !row.is_empty()).collect();
    let some =
        |report: Vec<f64>| report.into_iter().zip(&has_some).map(|(cell, has)| has.then_some(cell)).collect();
    let one_less: Vec<Vec<(u32, f64)>> =
        all.iter().map(|row| row[..row.len().saturating_sub(1)].to_vec()).collect();
    let errors = vec![
        ("one box missing", some(gallery.report(&one_less, 1.0))),
        ("all boxes missing", some(vec![nothing; n])),
    ];
    let wrong = vec![
        vec![nothing; n],
        vec![gallery.cells.number(&format!("{} 1 0 0 0.001 0.001", gallery.frames[0].class)); n],
    ];
    let answers = gallery.answers(&truth, [&weak, &usual, &strong, &stronger]);
    let sizes = gallery.cells.sizes(|cell| cell.split_whitespace().count() as f64 / 5.0);
    Some(World {
        sizes,
        empties: vec![
            ("no box anywhere".to_owned(), vec![nothing; n]),
            ("the average box in every image".to_owned(), vec![mean; n]),
        ],
        factors,
        errors,
        wrong,
        perfect: Box::new(move |truth| {
            truth.iter().map(|cell| answers.get(&(*cell as u32)).copied().unwrap_or(nothing)).collect()
        }),
        ..World::new(
            &WORDS,
            gallery.cells.shaped(),
            truth,
            rows,
            solution.range(Split::All).len(),
            [weak, usual, strong, stronger],
        )
    })
}

struct Gallery {
    frames: Vec<Frame>,
    things: Vec<Vec<u32>>,
    cells: Cells,
}

impl Gallery {
    /// Every box of the solution is followed by itself moved.
    fn of(texts: &[&str]) -> Self {
        let mut frames: Vec<Frame> = Vec::new();
        let mut things = Vec::with_capacity(texts.len());
        for text in texts {
            let mut row = Vec::new();
            for found in boxes(text, false) {
                let frame = Frame {
                    class: found.class.to_owned(),
                    x: found.x,
                    y: found.y,
                    width: found.width,
                    height: found.height,
                };
                row.push(frames.len() as u32);
                let moved = frame.moved();
                frames.extend([frame, moved]);
            }
            things.push(row);
        }
        Self { frames, things, cells: Cells::default() }
    }

    fn truth(&mut self, rows: &[Vec<u32>]) -> Vec<f64> {
        let text = |row: &Vec<u32>| {
            let frames = row.iter().map(|frame| &self.frames[*frame as usize]);
            frames.map(|frame| format!("{} {}", frame.class, frame.place())).collect::<Vec<_>>().join(" ")
        };
        let texts: Vec<String> = rows.iter().map(text).collect();
        texts.iter().map(|text| self.cells.number(text)).collect()
    }

    /// Boxes with confidences, all of them made so many times as large.
    fn report(&mut self, rows: &[Vec<(u32, f64)>], factor: f64) -> Vec<f64> {
        let text = |row: &Vec<(u32, f64)>| {
            let boxes = row.iter().map(|(frame, confidence)| {
                let frame = self.frames[*frame as usize].scaled(factor);
                format!("{} {confidence:.6} {}", frame.class, frame.place())
            });
            boxes.collect::<Vec<_>>().join(" ")
        };
        let texts: Vec<String> = rows.iter().map(text).collect();
        texts.iter().map(|text| self.cells.number(text)).collect()
    }

    /// For every cell of a truth the perfect report.
    fn answers(&mut self, truth: &[f64], beliefs: [&Belief; 4]) -> BTreeMap<u32, f64> {
        let mut cells = truth.to_vec();
        cells.extend(beliefs[1].draws.iter().take(2).flatten());
        let known = self.cells.sizes(|_| 0.0).len();
        let mut answers = BTreeMap::new();
        for cell in cells {
            let written = self.cells.text(cell).to_owned();
            let report: Vec<String> = boxes(&written, false)
                .map(|found| {
                    format!(
                        "{} {PLAIN:.6} {} {} {} {}",
                        found.class, found.x, found.y, found.width, found.height
                    )
                })
                .collect();
            let number = self.cells.number(&report.join(" "));
            debug_assert!((cell as usize) < known);
            answers.insert(cell as u32, number);
        }
        answers
    }

    fn mean_box(&mut self) -> f64 {
        let mut of_class: BTreeMap<&str, Vec<&Frame>> = BTreeMap::new();
        self.frames.iter().step_by(2).for_each(|frame| of_class.entry(&frame.class).or_default().push(frame));
        let Some((class, frames)) = of_class.iter().max_by_key(|(_, frames)| frames.len()) else {
            return 0.0;
        };
        let mean =
            |of: fn(&Frame) -> f64| frames.iter().map(|frame| of(frame)).sum::<f64>() / frames.len() as f64;
        let text = format!(
            "{class} 0.5 {:.2} {:.2} {:.2} {:.2}",
            mean(|frame| frame.x),
            mean(|frame| frame.y),
            mean(|frame| frame.width),
            mean(|frame| frame.height)
        );
        self.cells.number(&text)
    }

    fn believe(&mut self, skill: f64) -> Belief {
        let flat: Vec<u32> = self.things.iter().flatten().copied().collect();
        let third = others(flat.len(), THIRD);
        let slots = Slots::with(&self.things, skill, |at, own| [own + 1, flat[third[at] as usize]]);
        let draws = (0..DRAWS).map(|draw| self.truth(&slots.draw(draw))).collect();
        let plain = slots.ranked();
        let turned = |turn: &dyn Fn(f64) -> f64| -> Vec<Vec<(u32, f64)>> {
            plain
                .iter()
                .map(|row| row.iter().map(|(frame, share)| (*frame, turn(*share))).collect())
                .collect()
        };
        let honest =
            vec![("every box that may be there, with its probability".to_owned(), self.report(&plain, 1.0))];
        let mut tricks = Vec::new();
        for least in [0.2, 0.5, 0.8] {
            let sure: Vec<Vec<(u32, f64)>> = plain
                .iter()
                .map(|row| row.iter().filter(|(_, share)| *share >= least).copied().collect())
                .collect();
            tricks.push((format!("only the boxes likelier than {least}"), self.report(&sure, 1.0)));
        }
        let own = slots.each(|slot, row| row.push((slot.likeliest().0, slot.likeliest().1)));
        let twice: Vec<Vec<(u32, f64)>> = plain
            .iter()
            .map(|row| row.iter().flat_map(|found| [*found, (found.0, found.1 * 0.9)]).collect())
            .collect();
        tricks.push(("one box for each object".to_owned(), self.report(&own, 1.0)));
        tricks.push(("full confidence in every box".to_owned(), self.report(&turned(&|_| 1.0), 1.0)));
        tricks.push(("the opposite confidences".to_owned(), self.report(&turned(&|share| 1.0 - share), 1.0)));
        tricks.push(("every box twice".to_owned(), self.report(&twice, 1.0)));
        for factor in [0.9, 1.1, 1.2] {
            tricks.push((format!("boxes {factor} times as large"), self.report(&plain, factor)));
        }
        Belief { draws, honest, tricks }
    }
}
