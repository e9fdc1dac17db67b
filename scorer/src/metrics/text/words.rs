//! Texts cut into words, as Python's libraries cut them; words as numbers; n-grams counted.

use std::collections::HashMap;

use crate::intake::brief::Brief;

/// What Python takes for a space: Unicode's white space and four old separators.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// As `str.split()`.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some((c, true)) = next(text, at) {
            at += c;
        }
        let start = at;
        at = word_end(text, at);
        (at > start).then(|| &text[start..at])
    })
}

#[inline]
fn word_end(text: &str, start: usize) -> usize {
    let mut at = start;
    loop {
        at = plain_end(text.as_bytes(), at);
        match next(text, at) {
            Some((c, false)) => at += c,
            _ => return at,
        }
    }
}

/// Where the bytes end, from one on, that are ASCII letters, digits and signs: above the space, and below
/// 128.
#[inline]
fn plain_end(text: &[u8], start: usize) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let mut at = start;
    while at < text.len() {
        let Some(eight) = eight_from(text, at) else {
            return at + text[at..].iter().take_while(|byte| (0x21..0x80).contains(*byte)).count();
        };
        // A byte's highest bit is set where it is not plain, and perhaps in bytes above one that is not.
        let odd = (eight.wrapping_sub(EACH * 0x21) | eight) & (EACH << 7);
        if odd != 0 {
            return at + odd.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at
}

/// Eight bytes, zeros behind the text's end; `None` for a text that is shorter than that.
#[inline]
fn eight_from(text: &[u8], at: usize) -> Option<u64> {
    match text[at..].first_chunk() {
        Some(eight) => Some(u64::from_le_bytes(*eight)),
        None => {
            let n_before = at + 8 - text.len();
            text.last_chunk().map(|eight| u64::from_le_bytes(*eight) >> (8 * n_before))
        }
    }
}

/// A word that is compared often.
#[derive(Clone, Copy)]
pub(crate) struct Word<'a> {
    pub(crate) text: &'a str,
    brief: Brief,
}

impl<'a> Word<'a> {
    #[inline]
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, brief: Brief::of(text.as_bytes()) }
    }
}

impl PartialEq for Word<'_> {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.brief == other.brief && (self.brief.is_whole() || self.text == other.text)
    }
}

/// How many bytes the character has that begins at a byte, and whether it is a space.
#[inline]
fn next(text: &str, at: usize) -> Option<(usize, bool)> {
    let first = *text.as_bytes().get(at)?;
    if first.is_ascii() {
        return Some((1, matches!(first, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f)));
    }
    let c = text[at..].chars().next()?;
    Some((c.len_utf8(), is_space(c)))
}

/// A number for every distinct word of a truth and a prediction.
#[derive(Default)]
pub(super) struct Numbering<'a> {
    numbers: HashMap<&'a str, u32, foldhash::fast::FixedState>,
}

impl<'a> Numbering<'a> {
    pub(super) fn of(&mut self, words: impl Iterator<Item = &'a str>) -> Vec<u32> {
        words
            .map(|word| {
                let next = self.numbers.len() as u32;
                *self.numbers.entry(word).or_insert(next)
            })
            .collect()
    }

    /// The numbers of words that are looked up and not added: those that have none share the next one, which equals no
    /// other.
    pub(super) fn known(&self, words: impl Iterator<Item = &'a str>) -> impl Iterator<Item = u32> {
        let none = self.numbers.len() as u32;
        words.map(move |word| self.numbers.get(word).copied().unwrap_or(none))
    }
}

/// The words of both sides as numbers, equal where the words are.
pub(super) fn numbered<'a>(
    truth: impl Iterator<Item = &'a str>,
    prediction: impl Iterator<Item = &'a str>,
) -> (Vec<u32>, Vec<u32>) {
    let mut numbering = Numbering::default();
    (numbering.of(truth), numbering.of(prediction))
}

/// How many n-grams two lists of symbols share, each as often as it occurs in both. `width` bits hold
/// a symbol; n of them must fit into 128.
pub(super) fn common_ngrams(a: &[u32], b: &[u32], n: usize, width: u32) -> u32 {
    let (a, b) = (ngrams(a, n, width), ngrams(b, n, width));
    let (mut i, mut j, mut common) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => (i, j, common) = (i + 1, j + 1, common + 1),
        }
    }
    common
}

fn ngrams(symbols: &[u32], n: usize, width: u32) -> Vec<u128> {
    let pack = |window: &[u32]| window.iter().fold(0_u128, |key, symbol| key << width | u128::from(*symbol));
    let mut keys: Vec<u128> = symbols.windows(n).map(pack).collect();
    keys.sort_unstable();
    keys
}

/// How many n-grams so many symbols have.
pub(super) fn n_ngrams(n_symbols: usize, n: usize) -> u32 {
    (n_symbols + 1).saturating_sub(n) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_those_of_python() {
        let found: Vec<&str> = words(" a\tb\u{a0}c\u{1f}d\u{3000}e\u{200b}f ").collect();
        assert_eq!(found, ["a", "b", "c", "d", "e\u{200b}f"]);
        for c in (0..0x3100).filter_map(char::from_u32) {
            assert_eq!(words(&format!("é{c}x")).count(), 1 + usize::from(is_space(c)), "{c:?}");
            assert_eq!(words(&format!("a word{c}x")).count(), 2 + usize::from(is_space(c)), "{c:?}");
        }
    }

    #[test]
    fn words_end_where_they_do_letter_by_letter() {
        for length in 0..40 {
            let letters = "ab!~\u{7f}c é\td\u{a0}efghijklm".chars();
            let text: String = letters.cycle().skip(length % 7).take(length).collect();
            let slowly: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
            assert_eq!(words(&text).collect::<Vec<_>>(), slowly, "{text:?}");
        }
    }

    #[test]
    fn ngrams_are_shared_as_often_as_both_have_them() {
        assert_eq!(common_ngrams(&[1, 2, 1, 2, 1], &[1, 2, 1, 2], 2, 32), 3);
        assert_eq!(common_ngrams(&[1, 2], &[1, 2], 3, 32), 0);
        assert_eq!((n_ngrams(5, 2), n_ngrams(1, 2), n_ngrams(0, 1)), (4, 0, 0));
    }
}
