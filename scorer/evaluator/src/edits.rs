//! Edit distance and longest common subsequence by bit vectors: 64 cells of a column at once (Myers
//! 1999, in the form of Hyyrö 2003). A side longer than a word is taken block by block; what a block
//! hands on to the next is kept for every symbol of the other side, so that memory grows with the
//! lengths, not with their product.

use std::cell::RefCell;
use std::collections::HashMap;

const WORD: usize = 64;

thread_local! {
    /// All zeros between two distances: to clear what a short text marked is quicker than to clear all.
    static ASCII_MASKS: RefCell<[u64; 128]> = const { RefCell::new([0; 128]) };
}

/// The fewest insertions, deletions and substitutions of code points that turn one text into the other.
pub fn text_distance(a: &str, b: &str) -> usize {
    if a.is_ascii() && b.is_ascii() {
        let (pattern, text) = differing(a.as_bytes(), b.as_bytes());
        return ASCII_MASKS
            .with_borrow_mut(|masks| masked_distance(pattern, text, masks, |byte| usize::from(byte & 127)));
    }
    let points = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
    distance(&points(a), &points(b))
}

/// As [`text_distance`], of symbols.
pub fn distance(a: &[u32], b: &[u32]) -> usize {
    let (pattern, text) = differing(a, b);
    let dense = Dense::of(pattern, text);
    masked_distance(&dense.pattern, &dense.text, &mut dense.masks(), |number| number as usize)
}

/// The length of the longest common subsequence of symbols (Hyyrö 2004).
pub fn common_subsequence(a: &[u32], b: &[u32]) -> usize {
    let dense = Dense::of(a, b);
    let mut masks = dense.masks();
    let mut carries = vec![false; dense.text.len()];
    let mut length = 0;
    for block in dense.pattern.chunks(WORD) {
        mark(block, &mut masks, |number| number as usize);
        let mut open = u64::MAX;
        for (number, carry) in dense.text.iter().zip(&mut carries) {
            let used = open & masks[*number as usize];
            let (sum, first) = open.overflowing_add(used);
            let (sum, second) = sum.overflowing_add(u64::from(*carry));
            *carry = first || second;
            open = sum | (open - used);
        }
        // Bits past the end of the pattern stay open.
        length += open.count_zeros() as usize;
        unmark(block, &mut masks, |number| number as usize);
    }
    length
}

/// Symbols numbered by their first place in the pattern; all others of the text have one number more.
pub(crate) struct Dense {
    pub(crate) pattern: Vec<u32>,
    pub(crate) text: Vec<u32>,
    pub(crate) n_numbers: usize,
}

impl Dense {
    pub(crate) fn of(pattern: &[u32], text: &[u32]) -> Self {
        let mut numbers: HashMap<u32, u32, foldhash::fast::FixedState> = HashMap::default();
        let mut next = 0;
        let mut number = |symbol: &u32| {
            *numbers.entry(*symbol).or_insert_with(|| {
                next += 1;
                next - 1
            })
        };
        let pattern = pattern.iter().map(&mut number).collect();
        let text = text.iter().map(|symbol| numbers.get(symbol).copied().unwrap_or(next)).collect();
        Self { pattern, text, n_numbers: next as usize + 1 }
    }

    fn masks(&self) -> Vec<u64> {
        vec![0; self.n_numbers]
    }
}

/// Notes where each symbol of a block stands.
fn mark<T: Copy>(block: &[T], masks: &mut [u64], index: impl Fn(T) -> usize) {
    for (at, symbol) in block.iter().enumerate() {
        masks[index(*symbol)] |= 1 << at;
    }
}

fn unmark<T: Copy>(block: &[T], masks: &mut [u64], index: impl Fn(T) -> usize) {
    block.iter().for_each(|symbol| masks[index(*symbol)] = 0);
}

/// `masks` is all zeros before and after, and long enough for every `index`.
fn masked_distance<T: Copy>(
    pattern: &[T],
    text: &[T],
    masks: &mut [u64],
    index: impl Fn(T) -> usize + Copy,
) -> usize {
    match pattern.len() {
        0 => text.len(),
        1..=WORD => {
            mark(pattern, masks, index);
            let distance = short_distance(pattern.len(), text.iter().map(|symbol| masks[index(*symbol)]));
            unmark(pattern, masks, index);
            distance
        }
        _ => long_distance(pattern, text, masks, index),
    }
}

/// The shorter and the longer side without what both begin and end with, which no edit touches.
pub(crate) fn differing<'a, T: PartialEq>(a: &'a [T], b: &'a [T]) -> (&'a [T], &'a [T]) {
    let (a, b) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let n_before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[n_before..], &b[n_before..]);
    let n_after = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - n_after], &b[..b.len() - n_after])
}

fn short_distance(length: usize, text: impl Iterator<Item = u64>) -> usize {
    let last = 1_u64 << (length - 1);
    let (mut more, mut less) = (u64::MAX, 0_u64);
    let mut distance = length;
    for equal in text {
        let diagonal = ((equal & more).wrapping_add(more) ^ more) | equal | less;
        let right = less | !(diagonal | more);
        let left = diagonal & more;
        distance += usize::from(right & last != 0);
        distance -= usize::from(left & last != 0);
        let right = (right << 1) | 1;
        more = (left << 1) | !(diagonal | right);
        less = right & diagonal;
    }
    distance
}

/// What a cell of the table adds to its left neighbour, handed from block to block.
#[derive(Clone, Copy)]
struct Carry {
    more: bool,
    less: bool,
}

fn long_distance<T: Copy>(
    pattern: &[T],
    text: &[T],
    masks: &mut [u64],
    index: impl Fn(T) -> usize + Copy,
) -> usize {
    let mut carries = vec![Carry { more: true, less: false }; text.len()];
    for block in pattern.chunks(WORD) {
        mark(block, masks, index);
        let last = block.len() - 1;
        let (mut more, mut less) = (u64::MAX, 0_u64);
        for (symbol, carry) in text.iter().zip(&mut carries) {
            let equal = masks[index(*symbol)] | u64::from(carry.less);
            let diagonal = ((equal & more).wrapping_add(more) ^ more) | equal | less;
            let right = less | !(diagonal | more);
            let left = diagonal & more;
            let below = Carry { more: right >> last & 1 == 1, less: left >> last & 1 == 1 };
            let right = (right << 1) | u64::from(carry.more);
            more = (left << 1) | u64::from(carry.less) | !(diagonal | right);
            less = right & diagonal;
            *carry = below;
        }
        unmark(block, masks, index);
    }
    let n_more = carries.iter().filter(|carry| carry.more).count();
    let n_less = carries.iter().filter(|carry| carry.less).count();
    pattern.len() + n_more - n_less
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SplitMix64.
    fn below(state: &mut u64, n: u64) -> u64 {
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % n
    }

    fn plain_distance(a: &[char], b: &[char]) -> usize {
        let mut row: Vec<usize> = (0..=b.len()).collect();
        for (i, x) in a.iter().enumerate() {
            let mut diagonal = std::mem::replace(&mut row[0], i + 1);
            for (j, y) in b.iter().enumerate() {
                let cost = (diagonal + usize::from(x != y)).min(row[j] + 1).min(row[j + 1] + 1);
                diagonal = std::mem::replace(&mut row[j + 1], cost);
            }
        }
        row[b.len()]
    }

    fn plain_subsequence(a: &[char], b: &[char]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut diagonal = 0;
            for (j, y) in b.iter().enumerate() {
                let length = if x == y { diagonal + 1 } else { row[j].max(row[j + 1]) };
                diagonal = std::mem::replace(&mut row[j + 1], length);
            }
        }
        row[b.len()]
    }

    #[test]
    fn bit_vectors_count_as_the_plain_table_does() {
        let mut state = 3;
        let alphabets: [&[char]; 3] = [&['a', 'b', 'c'], &['x', 'é', '漢', '🙂'], &['k']];
        for round in 0..600 {
            let alphabet = alphabets[round % 3];
            let mut text = |most: u64| -> Vec<char> {
                let length = below(&mut state, most + 1);
                (0..length).map(|_| alphabet[below(&mut state, alphabet.len() as u64) as usize]).collect()
            };
            let most = [10, 63, 64, 65, 130, 300][round % 6];
            let (a, b) = (text(most), text(most));
            let (x, y): (String, String) = (a.iter().collect(), b.iter().collect());
            assert_eq!(text_distance(&x, &y), plain_distance(&a, &b), "{x} {y}");
            let symbols = |text: &[char]| text.iter().map(|c| u32::from(*c)).collect::<Vec<u32>>();
            assert_eq!(distance(&symbols(&a), &symbols(&b)), plain_distance(&a, &b), "{x} {y}");
            assert_eq!(common_subsequence(&symbols(&a), &symbols(&b)), plain_subsequence(&a, &b), "{x} {y}");
        }
    }

    #[test]
    fn distances_count_code_points() {
        assert_eq!(text_distance("", ""), 0);
        assert_eq!(text_distance("", "naïve"), 5);
        assert_eq!(text_distance("kitten", "sitting"), 3);
        assert_eq!(text_distance("Zürich", "Zurich"), 1);
        assert_eq!(text_distance(&"ab".repeat(200), &"ba".repeat(200)), 2);
    }
}
