//! Areas under curves of a ranking in many replicates at once: the rows are visited in the order of the
//! ranking, each with its line of weights.

use super::{LANES, by_blocks};
use crate::area;
use crate::philox::Draw;
use crate::ranking::{Code, Piece, Ranking};
use crate::wide::{Work, widest};

/// Lanes of one visit that stay in registers.
const PART: usize = 32;

#[derive(Debug, Clone, Copy)]
pub(super) enum Curve {
    Roc,
    Precision,
}

pub(super) fn replicates(rankings: &[&Ranking], draw: Draw, curve: Curve) -> Vec<Vec<f64>> {
    let n_rows = rankings.iter().map(|ranking| ranking.n_rows()).max().unwrap_or_default();
    by_blocks(draw, n_rows, rankings.len(), |weights| {
        let area = |ranking: &&Ranking| match curve {
            Curve::Roc => widest(Roc { ranking, weights }),
            Curve::Precision => widest(Precision { ranking, weights }),
        };
        rankings.iter().map(area).collect()
    })
}

struct Roc<'a> {
    ranking: &'a Ranking,
    weights: &'a [[u8; LANES]],
}

/// What is known of the rows before: the weight of positives and of negatives, and twice the weight of pairs
/// in which a positive is before a negative.
struct Counts {
    positives: [u32; LANES],
    negatives: [u32; LANES],
    twice_won: [u64; LANES],
}

impl Work for Roc<'_> {
    type Out = [f64; LANES];

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> [f64; LANES] {
        let mut counts = Counts { positives: [0; LANES], negatives: [0; LANES], twice_won: [0; LANES] };
        let mut start = 0;
        for piece in &self.ranking.pieces {
            let Piece { end, is_mixed_tie } = *piece;
            let codes = &self.ranking.codes[start..end as usize];
            start = end as usize;
            for first in (0..LANES).step_by(PART) {
                if is_mixed_tie {
                    counts.add_tie(codes, self.weights, first);
                } else {
                    counts.add_short(codes, self.weights, first);
                }
            }
        }
        std::array::from_fn(|lane| {
            area(counts.positives[lane], counts.negatives[lane], counts.twice_won[lane])
        })
    }
}

impl Counts {
    /// Rows among which no two of different classes are tied; so few that 16 bits are enough.
    #[inline(always)]
    fn add_short(&mut self, codes: &[u32], weights: &[[u8; LANES]], first: usize) {
        let mut positives = [0_u16; PART];
        let mut negatives = [0_u16; PART];
        let mut won = [0_u16; PART];
        for code in codes {
            let code = Code(*code);
            let of_positive = 0_u16.wrapping_sub(u16::from(code.is_positive()));
            let weights = &weights[code.row()][first..first + PART];
            for lane in 0..PART {
                let weight = u16::from(weights[lane]);
                let negative = weight & !of_positive;
                positives[lane] = positives[lane].wrapping_add(weight & of_positive);
                won[lane] = won[lane].wrapping_add(positives[lane].wrapping_mul(negative));
                negatives[lane] = negatives[lane].wrapping_add(negative);
            }
        }
        for lane in 0..PART {
            let negatives = u32::from(negatives[lane]);
            let at = first + lane;
            let with_before = u64::from(self.positives[at]) * u64::from(negatives);
            let twice = 2 * (with_before + u64::from(won[lane]));
            self.twice_won[at] = self.twice_won[at].wrapping_add(twice);
            self.positives[at] = self.positives[at].wrapping_add(u32::from(positives[lane]));
            self.negatives[at] = self.negatives[at].wrapping_add(negatives);
        }
    }

    /// Rows with one score: a pair of them is half won.
    #[inline(always)]
    fn add_tie(&mut self, codes: &[u32], weights: &[[u8; LANES]], first: usize) {
        let tie = Tie::of(codes, weights, first);
        for lane in 0..PART {
            let at = first + lane;
            let before = 2 * u64::from(self.positives[at]) + u64::from(tie.positives[lane]);
            let twice = u64::from(tie.negatives[lane]) * before;
            self.twice_won[at] = self.twice_won[at].wrapping_add(twice);
            self.positives[at] = self.positives[at].wrapping_add(tie.positives[lane]);
            self.negatives[at] = self.negatives[at].wrapping_add(tie.negatives[lane]);
        }
    }
}

/// The weights of rows with one score.
struct Tie {
    positives: [u32; PART],
    negatives: [u32; PART],
}

impl Tie {
    #[inline(always)]
    fn of(codes: &[u32], weights: &[[u8; LANES]], first: usize) -> Self {
        let mut tie = Self { positives: [0; PART], negatives: [0; PART] };
        for code in codes {
            let code = Code(*code);
            let of_positive = 0_u32.wrapping_sub(u32::from(code.is_positive()));
            let weights = &weights[code.row()][first..first + PART];
            for (lane, weight) in weights.iter().enumerate() {
                let weight = u32::from(*weight);
                tie.positives[lane] = tie.positives[lane].wrapping_add(weight & of_positive);
                tie.negatives[lane] = tie.negatives[lane].wrapping_add(weight & !of_positive);
            }
        }
        tie
    }
}

struct Precision<'a> {
    ranking: &'a Ranking,
    weights: &'a [[u8; LANES]],
}

impl Work for Precision<'_> {
    type Out = [f64; LANES];

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> [f64; LANES] {
        let mut area = [0.0; LANES];
        for first in (0..LANES).step_by(PART) {
            let found = self.part(first);
            area[first..first + PART].copy_from_slice(&found);
        }
        area
    }
}

impl Precision<'_> {
    #[inline(always)]
    fn part(&self, first: usize) -> [f64; PART] {
        let mut positives = [0_u32; PART];
        let mut rows = [0_u32; PART];
        let mut area = [0.0_f64; PART];
        for tie in self.ranking.codes.split_inclusive(|code| Code(*code).ends_tie()) {
            let has_positive = tie.iter().any(|code| Code(*code).is_positive());
            let tie = Tie::of(tie, self.weights, first);
            for lane in 0..PART {
                positives[lane] = positives[lane].wrapping_add(tie.positives[lane]);
                let both = tie.positives[lane].wrapping_add(tie.negatives[lane]);
                rows[lane] = rows[lane].wrapping_add(both);
            }
            if has_positive {
                for lane in 0..PART {
                    // Where no row has come yet, neither has a positive: 0 of at least 1.
                    let precision = f64::from(positives[lane]) / f64::from(rows[lane].max(1));
                    area[lane] += f64::from(tie.positives[lane]) * precision;
                }
            }
        }
        std::array::from_fn(|lane| area[lane] / f64::from(positives[lane]))
    }
}
