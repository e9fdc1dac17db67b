//! Cells of every kind that a metric reads, drawn from a seed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write as _;

use holdout_contract::spec::Cell;
use holdout_scorer::splitmix::SplitMix64;

pub const CLASSES: [&str; 5] = ["ash", "birch", "cedar", "dogwood", "elm"];

pub struct Random(SplitMix64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub fn next(&mut self) -> u64 {
        self.0.next_number()
    }

    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, self.below(at + 1));
        }
    }
}

/// Cells of a kind, each independent of the others.
pub fn cells(cell: Cell, n_rows: usize, random: &mut Random) -> Vec<String> {
    (0..n_rows)
        .map(|row| match cell {
            Cell::Number => format!("{:.4}", 1.0 + 50.0 * random.unit()),
            Cell::Positive => format!("{:.4}", 0.1 + 5.0 * random.unit()),
            Cell::Probability => format!("{:.4}", 0.02 + 0.96 * random.unit()),
            Cell::Integer => random.below(5).to_string(),
            // Both classes, in both splits.
            Cell::Binary => if row % 4 == 0 { "1" } else { "0" }.to_owned(),
            Cell::Label => CLASSES[if row < 15 { row % 5 } else { random.below(5) }].to_owned(),
            Cell::List => {
                let n_items = 2 + random.below(5);
                items(random, n_items)
            }
            Cell::Text => {
                let n_words = 3 + random.below(6);
                items(random, n_words)
            }
            Cell::Mask => mask(random, 1),
            Cell::Masks => format!("{};{}", mask(random, 1), mask(random, 33)),
            Cell::Boxes => boxes(random, false),
            Cell::ScoredBoxes => boxes(random, true),
        })
        .collect()
}

/// Runs in half an image of 8 by 8 pixels.
fn mask(random: &mut Random, first: usize) -> String {
    let (start, gap) = (first + random.below(6), 1 + random.below(5));
    let (length, other) = (2 + random.below(7), 1 + random.below(12));
    format!("{start} {length} {} {other}", start + length + gap)
}

fn boxes(random: &mut Random, scored: bool) -> String {
    let mut text = String::new();
    for place in 0..3 {
        let confidence = if scored { format!("{:.3} ", random.unit()) } else { String::new() };
        let (x, y) = (place * 20 + random.below(9), random.below(9));
        let (width, height) = (3 + random.below(9), 3 + random.below(9));
        let gap = if place == 0 { "" } else { " " };
        write!(text, "{gap}{} {confidence}{x} {y} {width} {height}", CLASSES[random.below(2)]).unwrap();
    }
    text
}

fn items(random: &mut Random, n: usize) -> String {
    let mut items: Vec<String> = (0..12).map(|item| format!("i{item}")).collect();
    random.shuffle(&mut items);
    items[..n].join(" ")
}
