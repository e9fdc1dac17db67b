//! Cells that hold several things (words, items, boxes), each of which a forecaster believes in by itself.

use super::world::{OTHER, THIRD, chances, others, sureness};

/// Of what is left where one is not sure: the share of another thing, of a third, of nothing; and of both.
const OF_OTHER: f64 = 0.5;
const OF_THIRD: f64 = 0.3;
const OF_NONE: f64 = 0.1;
const OF_BOTH: f64 = 0.1;

/// One thing in a cell of the solution, and what may be there in its place.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    pub row: usize,
    pub own: u32,
    pub other: u32,
    pub third: u32,
    pub sure: f64,
}

impl Slot {
    /// How probable it is that the truth has the thing itself, the other one, the third one.
    pub fn shares(&self) -> [(u32, f64); 3] {
        let left = 1.0 - self.sure;
        [
            (self.own, self.sure + OF_BOTH * left),
            (self.other, (OF_OTHER + OF_BOTH) * left),
            (self.third, OF_THIRD * left),
        ]
    }

    /// What is likeliest here.
    pub fn likeliest(&self) -> (u32, f64) {
        let [own, other, _] = self.shares();
        if own.1 >= other.1 { own } else { other }
    }

    fn drawn(&self, chance: f64, push: &mut impl FnMut(u32)) {
        if chance < self.sure {
            return push(self.own);
        }
        let place = (chance - self.sure) / (1.0 - self.sure);
        if place < OF_OTHER {
            push(self.other);
        } else if place < OF_OTHER + OF_THIRD {
            push(self.third);
        } else if place >= OF_OTHER + OF_THIRD + OF_NONE {
            push(self.own);
            push(self.other);
        }
    }
}

/// All things of all rows, in order.
pub struct Slots {
    slots: Vec<Slot>,
    n_rows: usize,
}

impl Slots {
    /// Whatever may be in the place of a thing is taken from all rows, the frequent things more often.
    pub fn of(things: &[Vec<u32>], skill: f64) -> Self {
        let flat: Vec<u32> = things.iter().flatten().copied().collect();
        let (other, third) = (others(flat.len(), OTHER), others(flat.len(), THIRD));
        Self::with(things, skill, |at, _| [flat[other[at] as usize], flat[third[at] as usize]])
    }

    /// With what may be in the place of a thing, by its number among all and itself.
    pub fn with(things: &[Vec<u32>], skill: f64, in_place: impl Fn(usize, u32) -> [u32; 2]) -> Self {
        let sure = sureness(things.iter().map(Vec::len).sum(), skill);
        let all =
            things.iter().enumerate().flat_map(|(row, things)| things.iter().map(move |own| (row, *own)));
        let slots = all.enumerate().map(|(at, (row, own))| {
            let [other, third] = in_place(at, own);
            Slot { row, own, other, third, sure: sure[at] }
        });
        Self { slots: slots.collect(), n_rows: things.len() }
    }

    /// The things of every row in one possible truth.
    pub fn draw(&self, draw: u64) -> Vec<Vec<u32>> {
        let mut rows = vec![Vec::new(); self.n_rows];
        for (slot, chance) in self.slots.iter().zip(chances(self.slots.len(), draw)) {
            slot.drawn(chance, &mut |thing| rows[slot.row].push(thing));
        }
        rows
    }

    /// What a report holds in every row.
    pub fn each<T: Clone>(&self, mut add: impl FnMut(&Slot, &mut Vec<T>)) -> Vec<Vec<T>> {
        let mut rows = vec![Vec::new(); self.n_rows];
        self.slots.iter().for_each(|slot| add(slot, &mut rows[slot.row]));
        rows
    }

    /// The things of every row with the probability of each, the most probable first.
    pub fn ranked(&self) -> Vec<Vec<(u32, f64)>> {
        let mut rows = self.each(|slot, row| row.extend(slot.shares()));
        for row in &mut rows {
            row.sort_by_key(|(thing, _)| *thing);
            row.dedup_by(|next, kept| {
                let is_same = next.0 == kept.0;
                if is_same {
                    kept.1 = 1.0 - (1.0 - kept.1) * (1.0 - next.1);
                }
                is_same
            });
            row.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_hold_what_is_believed() {
        let things: Vec<Vec<u32>> = (0..400).map(|row| vec![row, 1000 + row]).collect();
        let slots = Slots::of(&things, 0.6);
        let expected: f64 = slots.slots.iter().map(|slot| slot.shares()[0].1).sum();
        let n_draws = 20;
        let found: usize = (0..n_draws)
            .flat_map(|draw| slots.draw(draw).into_iter().enumerate())
            .map(|(row, drawn)| drawn.iter().filter(|thing| things[row].contains(thing)).count())
            .sum();
        let found = found as f64 / n_draws as f64;
        assert!((found - expected).abs() < 0.03 * expected, "{found}, not {expected}");
    }
}
