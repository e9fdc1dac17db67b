//! Rows by falling score, with their classes and ties: all that a curve of a ranking depends on.

use crate::philox::MAX_WEIGHT;
use crate::radix::{self, order_key};

/// Rows are numbered with 30 bits: two are for the class and the tie.
pub const MAX_ROWS: usize = 1 << 30;
/// So many rows that no product of two sums of their weights leaves 16 bits.
pub(crate) const PIECE_ROWS: usize = 63;

const _: () = {
    let half = PIECE_ROWS as u32 / 2;
    assert!(MAX_WEIGHT * half * MAX_WEIGHT * (PIECE_ROWS as u32 - half) <= u16::MAX as u32);
};

/// A row in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(pub(crate) u32);

impl Code {
    #[inline]
    pub fn row(self) -> usize {
        (self.0 >> 2) as usize
    }

    #[inline]
    pub fn is_positive(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether the next row has a lower score.
    #[inline]
    pub fn ends_tie(self) -> bool {
        self.0 & 1 != 0
    }
}

/// Some neighbours in a ranking: either few rows of which no two of different classes are tied, or one tie of
/// both classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece {
    pub end: u32,
    pub is_mixed_tie: bool,
}

/// Rows by falling score.
#[derive(Debug, Clone)]
pub struct Ranking {
    pub(crate) codes: Vec<u32>,
    pub(crate) pieces: Vec<Piece>,
}

impl Ranking {
    /// # Panics
    /// When the slices differ in length, or there are more than [`MAX_ROWS`].
    pub fn of(is_positive: &[bool], scores: &[f64]) -> Self {
        assert_eq!(is_positive.len(), scores.len(), "every row has a class and a score");
        let keys: Vec<u64> = scores.iter().map(|score| !order_key(*score)).collect();
        let order = radix::order(keys.len(), |row| keys[row]);
        Self::ordered(is_positive, &keys, &order)
    }

    /// As [`Self::of`], where the order of the keys is known.
    ///
    /// # Panics
    /// As [`Self::of`].
    pub fn ordered(is_positive: &[bool], keys: &[u64], order: &[u32]) -> Self {
        assert!(order.len() <= MAX_ROWS, "rows are numbered with 30 bits");
        let key = |at: usize| order.get(at).map(|row| keys[*row as usize]);
        let code = |(at, row): (usize, &u32)| {
            let ends_tie = key(at) != key(at + 1);
            row << 2 | u32::from(is_positive[*row as usize]) << 1 | u32::from(ends_tie)
        };
        let codes: Vec<u32> = order.iter().enumerate().map(code).collect();
        let pieces = pieces(&codes);
        Self { codes, pieces }
    }

    pub fn n_rows(&self) -> usize {
        self.codes.len()
    }

    pub fn codes(&self) -> impl ExactSizeIterator<Item = Code> {
        self.codes.iter().map(|code| Code(*code))
    }
}

fn pieces(codes: &[u32]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::with_capacity(codes.len() / PIECE_ROWS + 1);
    let mut start = 0;
    let mut open_end = 0;
    let is_last = |code: &u32| Code(*code).ends_tie();
    for tie in codes.split_inclusive(is_last) {
        let end = open_end + tie.len();
        let is_mixed = tie.iter().any(|code| Code(*code).is_positive() != Code(tie[0]).is_positive());
        if is_mixed {
            close(&mut pieces, &mut start, open_end);
            pieces.push(Piece { end: end as u32, is_mixed_tie: true });
            start = end;
        } else {
            // A tie of one class may be cut: the order within it counts for nothing.
            while end - start > PIECE_ROWS {
                let full = start + PIECE_ROWS;
                close(&mut pieces, &mut start, full);
            }
        }
        open_end = end;
    }
    close(&mut pieces, &mut start, open_end);
    pieces
}

fn close(pieces: &mut Vec<Piece>, start: &mut usize, end: usize) {
    if end > *start {
        pieces.push(Piece { end: end as u32, is_mixed_tie: false });
        *start = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_by_falling_score_with_their_ties() {
        let ranking = Ranking::of(&[true, false, false, true], &[0.5, 0.9, 0.5, -1.0]);
        let codes: Vec<(usize, bool, bool)> =
            ranking.codes().map(|code| (code.row(), code.is_positive(), code.ends_tie())).collect();
        assert_eq!(codes, [(1, false, true), (0, true, false), (2, false, true), (3, true, true)]);
        let pieces: Vec<(u32, bool)> =
            ranking.pieces.iter().map(|piece| (piece.end, piece.is_mixed_tie)).collect();
        assert_eq!(pieces, [(1, false), (3, true), (4, false)]);
    }

    #[test]
    fn pieces_are_short_and_cover_all_rows() {
        for (n, n_scores) in [(0, 1), (1, 1), (63, 63), (64, 64), (1000, 1000), (1000, 7), (500, 1)] {
            let is_positive: Vec<bool> = (0..n).map(|row| row % 3 == 0 && n_scores > 1).collect();
            let scores: Vec<f64> = (0..n).map(|row| (row * 7919 % n_scores) as f64).collect();
            let ranking = Ranking::of(&is_positive, &scores);
            let mut start = 0;
            for piece in &ranking.pieces {
                assert!(piece.end > start);
                assert!(piece.is_mixed_tie || (piece.end - start) as usize <= PIECE_ROWS);
                start = piece.end;
            }
            assert_eq!(start as usize, n, "{n} {n_scores}");
        }
    }
}
