//! Edit distance and longest common subsequence by bit vectors: 64 cells of a column at once (Myers
//! 1999, in the form of Hyyrö 2003), in blocks where the shorter side is longer than a word.

use std::collections::HashMap;

const WORD: usize = 64;

/// The fewest insertions, deletions and substitutions of code points that turn one text into the other.
pub fn text_distance(a: &str, b: &str) -> usize {
    if a.is_ascii() && b.is_ascii() {
        return byte_distance(a.as_bytes(), b.as_bytes());
    }
    let points = |text: &str| text.chars().map(u32::from).collect::<Vec<u32>>();
    distance(&points(a), &points(b))
}

/// As [`text_distance`], of symbols.
pub fn distance(a: &[u32], b: &[u32]) -> usize {
    let (a, b) = differing(a, b);
    let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if pattern.is_empty() {
        return text.len();
    }
    let masks = Masks::of(pattern);
    if pattern.len() <= WORD {
        short_distance(pattern.len(), text.iter().map(|symbol| masks.row(*symbol)[0]))
    } else {
        long_distance(pattern.len(), text.iter().map(|symbol| masks.row(*symbol)))
    }
}

fn byte_distance(a: &[u8], b: &[u8]) -> usize {
    let (a, b) = differing(a, b);
    let (pattern, text) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if pattern.is_empty() {
        return text.len();
    }
    if pattern.len() <= WORD {
        let mut masks = [0_u64; 128];
        for (at, byte) in pattern.iter().enumerate() {
            masks[usize::from(*byte & 127)] |= 1 << at;
        }
        return short_distance(pattern.len(), text.iter().map(|byte| masks[usize::from(*byte & 127)]));
    }
    let n_blocks = pattern.len().div_ceil(WORD);
    let mut masks = vec![0_u64; 128 * n_blocks];
    for (at, byte) in pattern.iter().enumerate() {
        masks[usize::from(*byte & 127) * n_blocks + at / WORD] |= 1 << (at % WORD);
    }
    let row = |byte: &u8| &masks[usize::from(*byte & 127) * n_blocks..][..n_blocks];
    long_distance(pattern.len(), text.iter().map(row))
}

/// Without what both begin and end with, which no edit touches.
fn differing<'a, T: PartialEq>(a: &'a [T], b: &'a [T]) -> (&'a [T], &'a [T]) {
    let n_before = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[n_before..], &b[n_before..]);
    let n_after = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - n_after], &b[..b.len() - n_after])
}

/// Where each symbol stands in a pattern: one bit a place, one row of words a symbol.
struct Masks {
    rows: HashMap<u32, usize, foldhash::fast::FixedState>,
    words: Vec<u64>,
    n_blocks: usize,
}

impl Masks {
    fn of(pattern: &[u32]) -> Self {
        let n_blocks = pattern.len().div_ceil(WORD).max(1);
        let mut rows =
            HashMap::with_capacity_and_hasher(pattern.len(), foldhash::fast::FixedState::default());
        // The first row is that of every symbol that the pattern does not have.
        let mut words = vec![0; n_blocks];
        for (at, symbol) in pattern.iter().enumerate() {
            let row = *rows.entry(*symbol).or_insert_with(|| {
                words.resize(words.len() + n_blocks, 0);
                words.len() - n_blocks
            });
            words[row + at / WORD] |= 1 << (at % WORD);
        }
        Self { rows, words, n_blocks }
    }

    fn row(&self, symbol: u32) -> &[u64] {
        let start = self.rows.get(&symbol).copied().unwrap_or(0);
        &self.words[start..start + self.n_blocks]
    }
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

fn long_distance<'a>(length: usize, text: impl Iterator<Item = &'a [u64]>) -> usize {
    let n_blocks = length.div_ceil(WORD);
    let last = 1_u64 << ((length - 1) % WORD);
    let mut column = vec![(u64::MAX, 0_u64); n_blocks];
    let mut distance = length;
    for row in text {
        let (mut right_in, mut left_in) = (1_u64, 0_u64);
        for (block, ((more, less), equal)) in column.iter_mut().zip(row).enumerate() {
            let equal = equal | left_in;
            let diagonal = ((equal & *more).wrapping_add(*more) ^ *more) | equal | *less;
            let right = *less | !(diagonal | *more);
            let left = diagonal & *more;
            if block + 1 == n_blocks {
                distance += usize::from(right & last != 0);
                distance -= usize::from(left & last != 0);
            }
            let (right_out, left_out) = (right >> 63, left >> 63);
            let right = (right << 1) | right_in;
            *more = (left << 1) | left_in | !(diagonal | right);
            *less = right & diagonal;
            (right_in, left_in) = (right_out, left_out);
        }
    }
    distance
}

/// The length of the longest common subsequence of symbols (Hyyrö 2004).
pub fn common_subsequence(a: &[u32], b: &[u32]) -> usize {
    let masks = Masks::of(a);
    let mut open = vec![u64::MAX; masks.n_blocks];
    for symbol in b {
        let mut carry = false;
        for (word, equal) in open.iter_mut().zip(masks.row(*symbol)) {
            let used = *word & equal;
            let (sum, first) = word.overflowing_add(used);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            carry = first || second;
            *word = sum | (*word - used);
        }
    }
    // Bits past the end of the pattern stay open.
    open.iter().map(|word| word.count_zeros() as usize).sum()
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
