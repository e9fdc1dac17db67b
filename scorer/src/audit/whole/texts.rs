//! Texts: what words are there, in which order.
//!
//! A text is a row of words (of pieces of three letters where texts hold no spaces). Each word is believed in by
//! itself: it is the word of the solution, one of two others, missing, or there is one more. Honest is the likeliest
//! word in every place. Beside it are tried: leaving out the unsure words, naming two where one is unsure, padding,
//! cutting off, saying everything twice, small letters. Without content are an empty text, the commonest text, one text
//! of usual length, and the commonest words.
//!
//! A and B have their meaning (words too many against words too few); C has none: words have no opposite.

use super::slots::{Slot, Slots};
use super::world::{Belief, Cells, DRAWS, Words, World, believers, some_rows, texts_of};
use crate::audit::honesty::Candidate;
use crate::audit::question::Asks;
use crate::solution::{Solution, Split};

/// Letters that are looked at.
const BUDGET: usize = 4000;
const MAX_ROWS: usize = 200;
/// A longer text is looked at as far as this.
const MAX_PIECES: usize = 400;
/// Letters of a piece, where texts have no spaces.
const PIECE: usize = 3;
/// A text that means nothing in any language.
const NONSENSE: &str = "qqq qqqqq";

static WORDS: Words = Words {
    asks: Asks::Answers,
    unit: "rows",
    volume: "words",
    volume_counts: true,
    exploit: "Change every text in this way before sending it, without any better model.",
    repair: "Use levenshtein_similarity, cer or wer, where the likeliest text is best, or word_jaccard where order does not matter.",
    repair_of_empty: "Use levenshtein_similarity, chrf or token_f1, where an empty or fixed text earns next to nothing.",
    repair_of_weights: "Average over rows (levenshtein_similarity, chrf, rougeL) where rows are to count alike, or over words (wer, cer) where words are.",
    not_applicable: &[
        ("C relabel", "Words have no opposite that they could be exchanged with."),
        ("D invariance", "A text has no values whose order could be kept."),
    ],
};

pub(super) fn read(solution: &Solution) -> Option<World> {
    let rows = some_rows(solution, |text| text.len().min(MAX_PIECES * PIECE * 2), BUDGET, MAX_ROWS);
    let cells = texts_of(solution, &rows)?;
    of_cells(&cells, rows, solution.range(Split::All).len())
}

/// A world of these texts.
pub fn of_cells(texts: &[&str], rows: Vec<u32>, n_rows: usize) -> Option<World> {
    let mut book = Book::of(texts);
    if book.things.iter().all(Vec::is_empty) {
        return None;
    }
    let truth: Vec<f64> = texts.iter().map(|text| book.cells.number(text)).collect();
    let [weak, usual, strong, stronger] = believers(|skill| book.believe(skill));
    let empties = book.empties(texts);
    let whole = book.things.clone();
    let changed = |book: &mut Book, much: &dyn Fn(usize) -> usize, little: &dyn Fn(usize) -> usize| {
        [book.resized(&whole, much), book.resized(&whole, little)]
    };
    let amounts = vec![
        changed(&mut book, &|n| n + usize::from(n > 1), &|n| n - usize::from(n > 1)),
        changed(&mut book, &|n| n + n / 4, &|n| n - n / 4),
    ];
    let factors = vec![
        changed(&mut book, &|n| n + n / 2, &|n| (2 * n).div_ceil(3)),
        changed(&mut book, &|n| 2 * n, &|n| n.div_ceil(2)),
    ];
    let errors = book.errors(texts);
    let wrong =
        vec![vec![book.cells.number(NONSENSE); texts.len()], vec![book.cells.number(""); texts.len()]];
    let sizes = book.cells.sizes(|text| pieces(text, book.joint).count() as f64);
    Some(World {
        sizes,
        empties,
        is_alike: true,
        amounts,
        factors,
        errors,
        wrong,
        ..World::new(&WORDS, book.cells.shaped(), truth, rows, n_rows, [weak, usual, strong, stronger])
    })
}

/// Texts cut into pieces, with a number for every piece.
struct Book {
    pieces: Vec<String>,
    /// The pieces of every row.
    things: Vec<Vec<u32>>,
    /// What stands between two pieces.
    joint: &'static str,
    /// Pieces by how often they occur, the commonest first.
    common: Vec<u32>,
    cells: Cells,
}

/// The pieces of a text.
fn pieces<'a>(text: &'a str, joint: &str) -> Box<dyn Iterator<Item = &'a str> + 'a> {
    if joint == " " {
        return Box::new(text.split_whitespace());
    }
    let mut rest = text;
    Box::new(std::iter::from_fn(move || {
        let end = rest.char_indices().nth(PIECE).map_or(rest.len(), |(at, _)| at);
        let (piece, left) = rest.split_at(end);
        rest = left;
        (!piece.is_empty()).then_some(piece)
    }))
}

impl Book {
    fn of(texts: &[&str]) -> Self {
        let n_spaced = texts.iter().filter(|text| text.split_whitespace().nth(1).is_some()).count();
        let joint = if n_spaced * 2 >= texts.len() { " " } else { "" };
        let mut words = Cells::default();
        let mut pieces_of_all: Vec<String> = Vec::new();
        let mut counts: Vec<usize> = Vec::new();
        let things = texts.iter().map(|text| {
            let row = pieces(text, joint).take(MAX_PIECES).map(|piece| {
                let number = words.number(piece) as usize;
                if number == pieces_of_all.len() {
                    pieces_of_all.push(piece.to_owned());
                    counts.push(0);
                }
                counts[number] += 1;
                number as u32
            });
            row.collect()
        });
        let things: Vec<Vec<u32>> = things.collect();
        let mut common: Vec<u32> = (0..counts.len() as u32).collect();
        common.sort_by_key(|piece| std::cmp::Reverse(counts[*piece as usize]));
        Self { pieces: pieces_of_all, things, joint, common, cells: Cells::default() }
    }

    fn text(&self, pieces: &[u32]) -> String {
        let words: Vec<&str> = pieces.iter().map(|piece| self.pieces[*piece as usize].as_str()).collect();
        words.join(self.joint)
    }

    /// Rows of pieces as cells.
    fn report(&mut self, rows: &[Vec<u32>]) -> Vec<f64> {
        let mut cells = std::mem::take(&mut self.cells);
        let report = rows.iter().map(|row| cells.number(&self.text(row))).collect();
        self.cells = cells;
        report
    }

    fn believe(&mut self, skill: f64) -> Belief {
        let slots = Slots::of(&self.things, skill);
        let draws = (0..DRAWS).map(|draw| self.report(&slots.draw(draw))).collect();
        let plain = slots.each(|slot, row| row.push(slot.likeliest().0));
        let honest = vec![("the likeliest words".to_owned(), self.report(&plain))];
        let tricks = self.tricks(&slots, &plain);
        Belief { draws, honest, tricks }
    }

    fn tricks(&mut self, slots: &Slots, plain: &[Vec<u32>]) -> Vec<Candidate> {
        let mut found: Vec<Candidate> = Vec::new();
        for least in [0.3, 0.5, 0.7, 0.9] {
            let sure = slots.each(|slot, row| {
                row.extend(
                    Some(slot.likeliest()).filter(|(_, share)| *share >= least).map(|(piece, _)| piece),
                )
            });
            found.push((format!("only the words one is surer of than {least}"), self.report(&sure)));
        }
        let both = |slot: &Slot, row: &mut Vec<u32>| {
            row.push(slot.own);
            row.extend((slot.sure < 0.5).then_some(slot.other));
        };
        found.push(("two words where one is unsure".to_owned(), self.report(&slots.each(both))));
        let filler = self.common.first().copied();
        let padded = |part: usize| -> Vec<Vec<u32>> {
            let pad = |row: &Vec<u32>| {
                row.iter().copied().chain(filler.into_iter().cycle().take(row.len().div_ceil(part))).collect()
            };
            plain.iter().map(pad).collect()
        };
        for (part, name) in [(10, "a tenth"), (3, "a third")] {
            found.push((
                format!("texts made {name} longer by the commonest word"),
                self.report(&padded(part)),
            ));
        }
        for (quarters, name) in [(3, "three quarters"), (2, "half")] {
            let cut: Vec<Vec<u32>> =
                plain.iter().map(|row| row[..(row.len() * quarters).div_ceil(4)].to_vec()).collect();
            found.push((format!("the first {name} of every text"), self.report(&cut)));
        }
        let twice: Vec<Vec<u32>> = plain.iter().map(|row| [row.as_slice(), row].concat()).collect();
        found.push(("every text twice".to_owned(), self.report(&twice)));
        let small: Vec<f64> = plain
            .iter()
            .map(|row| self.text(row).to_lowercase())
            .collect::<Vec<String>>()
            .iter()
            .map(|text| self.cells.number(text))
            .collect();
        found.push(("texts in small letters".to_owned(), small));
        found
    }

    fn empties(&mut self, texts: &[&str]) -> Vec<Candidate> {
        let n = texts.len();
        let mut lengths: Vec<usize> = self.things.iter().map(Vec::len).collect();
        lengths.sort_unstable();
        let usual = lengths[n / 2];
        let of_usual_length = self.things.iter().find(|row| row.len() == usual).cloned().unwrap_or_default();
        let mut sorted = texts.to_vec();
        sorted.sort_unstable();
        let commonest =
            sorted.chunk_by(|a, b| a == b).rev().max_by_key(|same| same.len()).map_or("", |same| same[0]);
        let words: Vec<u32> = self.common.iter().copied().take(usual.max(1)).collect();
        let commonest = self.cells.number(commonest);
        let [of_usual_length, words, one] =
            [of_usual_length, words, self.common.first().copied().into_iter().collect()]
                .map(|row| self.report(&[row])[0]);
        let file = |name: &str, cell: f64| (name.to_owned(), vec![cell; n]);
        vec![
            file("empty texts", self.cells.number("")),
            file("the commonest text everywhere", commonest),
            file("one fixed text of usual length everywhere", of_usual_length),
            file("the commonest words everywhere", words),
            file("the commonest word everywhere", one),
        ]
    }

    /// Every text with so many pieces: cut off, or longer by words that nobody knows, as long as those at its end.
    fn resized(&mut self, rows: &[Vec<u32>], length: &dyn Fn(usize) -> usize) -> Vec<f64> {
        let resized = |row: &Vec<u32>| {
            let n = length(row.len());
            let own = row.iter().take(n).map(|piece| self.pieces[*piece as usize].clone());
            let unknown = row.iter().rev().cycle().take(n.saturating_sub(row.len()));
            let unknown = unknown.map(|piece| "q".repeat(self.pieces[*piece as usize].chars().count()));
            own.chain(unknown).collect::<Vec<String>>().join(self.joint)
        };
        let texts: Vec<String> = rows.iter().map(resized).collect();
        texts.iter().map(|text| self.cells.number(text)).collect()
    }

    /// One letter, one word, and all words wrong.
    fn errors(&mut self, texts: &[&str]) -> Vec<(&'static str, Vec<Option<f64>>)> {
        let letter = texts.iter().map(|text| {
            let last = text.char_indices().next_back().filter(|(at, _)| *at >= PIECE)?;
            let letter = if last.1 == 'q' { 'x' } else { 'q' };
            Some(self.cells.number(&format!("{}{letter}", &text[..last.0])))
        });
        let letter = letter.collect();
        let word = texts.iter().zip(&self.things).map(|(text, row)| {
            let last = pieces(text, self.joint).last().filter(|_| row.len() > 1)?;
            let rest = &text[..text.rfind(last)?];
            Some(self.cells.number(&format!("{rest}qqq")))
        });
        let word = word.collect();
        let all =
            self.things.iter().map(|row| (!row.is_empty()).then(|| vec!["qqq"; row.len()].join(self.joint)));
        let all: Vec<Option<String>> = all.collect();
        let all = all.into_iter().map(|text| Some(self.cells.number(&text?))).collect();
        vec![("one letter wrong", letter), ("one word wrong", word), ("every word wrong", all)]
    }
}
