//! Plain numbers read where they stand, in one pass over their bytes. What is not plain is left to
//! [`super::cells`], which knows every form; here nothing is refused, only left alone.

use std::borrow::Cow;

/// More digits could pass what 64 bits hold.
const MOST_DIGITS: usize = 18;
/// Up to here every whole number is a double.
const EXACT: u64 = 1 << 53;
/// Each of them exactly a double.
const POWERS_OF_TEN: [f64; MOST_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18];
/// Longer cells are worth a search with wide registers.
const SHORT_BYTES: usize = 40;

/// Bytes of the cell at the start of `rest`, which has no quotes.
#[inline]
pub(super) fn cell_length(rest: &[u8]) -> usize {
    let mut at = 0;
    while at < SHORT_BYTES {
        let Some(eight) = rest[at..].first_chunk() else { break };
        if let Some(end) = first_end(u64::from_le_bytes(*eight)) {
            return at + end;
        }
        at += 8;
    }
    memchr::memchr3(b',', b'\n', b'\r', &rest[at..]).map_or(rest.len(), |end| at + end)
}

/// Which of eight bytes is the first to end a cell.
#[inline]
fn first_end(eight: u64) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    // A byte's highest bit is set where it is 0, and perhaps in bytes above one that is.
    let zeros = |bytes: u64| bytes.wrapping_sub(EACH) & !bytes & (EACH << 7);
    let is = |byte: u8| zeros(eight ^ (EACH * u64::from(byte)));
    let found = is(b',') | is(b'\n') | is(b'\r');
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

/// A cell in quotes, on one line.
pub(super) struct Quoted<'a> {
    inside: &'a [u8],
    /// Bytes with the quotes around it.
    pub(super) length: usize,
    /// Around it and inside it.
    pub(super) n_quotes: usize,
}

impl<'a> Quoted<'a> {
    /// What it says: inside, two quotes are one.
    pub(super) fn text(&self) -> Cow<'a, [u8]> {
        if self.n_quotes == 2 {
            return Cow::Borrowed(self.inside);
        }
        let mut text = Vec::with_capacity(self.inside.len());
        let mut rest = self.inside;
        while let Some(at) = memchr::memchr(b'"', rest) {
            text.extend_from_slice(&rest[..=at]);
            rest = &rest[at + 2..];
        }
        text.extend_from_slice(rest);
        Cow::Owned(text)
    }
}

/// The quoted cell at the start of `rest`; `None` where it does not end on its line, or something but a
/// cell's end follows it.
pub(super) fn quoted(rest: &[u8]) -> Option<Quoted<'_>> {
    let mut at = 1;
    let mut n_quotes = 2;
    loop {
        at += memchr::memchr3(b'"', b'\n', b'\r', &rest[at..])?;
        if rest[at] != b'"' {
            return None;
        }
        if rest.get(at + 1) != Some(&b'"') {
            break;
        }
        at += 2;
        n_quotes += 2;
    }
    is_at_end(rest, at + 1).then(|| Quoted { inside: &rest[1..at], length: at + 1, n_quotes })
}

/// The whole number that is the next cell and would print back to it, and its length in bytes.
#[inline]
pub(super) fn integer(rest: &[u8]) -> Option<(u64, usize)> {
    let (value, length) = digits(rest, 0);
    let is_canonical = (1..=MOST_DIGITS).contains(&length) && (length == 1 || rest[0] != b'0');
    (is_canonical && is_at_end(rest, length)).then_some((value, length))
}

/// The number that is the next cell, in plain decimal notation, and its length in bytes. Both parts of
/// the quotient are exact, so that it is rounded once and correctly (Clinger 1990).
#[inline]
pub(super) fn decimal(rest: &[u8]) -> Option<(f64, usize)> {
    let is_negative = rest.first() == Some(&b'-');
    let unsigned = &rest[usize::from(is_negative)..];
    let (mut mantissa, n_whole) = digits(unsigned, 0);
    let mut length = n_whole;
    let mut n_fraction = 0;
    if unsigned.get(length) == Some(&b'.') {
        (mantissa, n_fraction) = digits(&unsigned[length + 1..], mantissa);
        length += 1 + n_fraction;
    }
    let n_digits = n_whole + n_fraction;
    if !(1..=MOST_DIGITS).contains(&n_digits) || mantissa > EXACT || !is_at_end(unsigned, length) {
        return None;
    }
    let value = mantissa as f64 / POWERS_OF_TEN[n_fraction];
    Some((if is_negative { -value } else { value }, usize::from(is_negative) + length))
}

/// Appends leading digits to a number; its value means nothing past [`MOST_DIGITS`].
#[inline]
fn digits(text: &[u8], before: u64) -> (u64, usize) {
    let mut value = before;
    let mut length = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    (value, length)
}

#[inline]
fn is_at_end(rest: &[u8], length: usize) -> bool {
    matches!(rest.get(length), None | Some(b',' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::super::columns::canonical_integer;
    use super::*;

    #[test]
    fn plain_decimals_have_the_digits_of_the_general_reader() {
        let mut state = 1_u64;
        for _ in 0..200_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let whole = (state >> 33) % 10_u64.pow((state >> 60) as u32 % 9);
            let fraction = (state >> 20) % 1_000_000_000;
            let sign = if state & 64 == 0 { "" } else { "-" };
            let text = format!("{sign}{whole}.{fraction:0width$}", width = 1 + (state as usize >> 7) % 9);
            let Some((value, length)) = decimal(text.as_bytes()) else { continue };
            let expected: f64 = fast_float2::parse(text.as_bytes()).unwrap();
            assert_eq!((value.to_bits(), length), (expected.to_bits(), text.len()), "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_alone() {
        for odd in [
            "",
            "-",
            ".",
            "1e5",
            "+1",
            " 1",
            "1 ",
            "nan",
            "1.2.3",
            "12345678901234567890",
            "9007199254740993",
        ] {
            assert_eq!(decimal(odd.as_bytes()), None, "{odd}");
        }
        assert_eq!(decimal(b"-.5,x"), Some((-0.5, 3)));
        assert_eq!(decimal(b"5.\r\n"), Some((5.0, 2)));
        assert!(decimal(b"-0").is_some_and(|(zero, _)| zero.is_sign_negative()));
    }

    #[test]
    fn whole_numbers_are_those_that_print_back() {
        for text in
            ["0", "7", "10", "007", "00", "", "-1", "1.0", "123456789012345678", "1234567890123456789"]
        {
            assert_eq!(
                integer(text.as_bytes()).map(|found| found.0),
                canonical_integer(text.as_bytes()),
                "{text}"
            );
        }
        assert_eq!(integer(b"12,3"), Some((12, 2)));
        assert_eq!(integer(b"12x"), None);
    }

    #[test]
    fn quoted_cells_end_at_their_quote() {
        let read = |rest: &'static str| {
            let found = quoted(rest.as_bytes())?;
            Some((String::from_utf8(found.text().into_owned()).unwrap(), found.length, found.n_quotes))
        };
        assert_eq!(read("\"a,b\",c"), Some(("a,b".into(), 5, 2)));
        assert_eq!(read("\"\"\n"), Some((String::new(), 2, 2)));
        assert_eq!(read("\"say \"\"x\"\"\"\r\n"), Some(("say \"x\"".into(), 11, 6)));
        for odd in ["\"", "\"a", "\"a\nb\"", "\"a\"b", "\"a\"\"", "\"a\" ,"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_cell_ends_where_the_next_begins() {
        for (rest, length) in
            [("ab,c", 2), ("", 0), ("ab\r\n", 2), ("a long cell with many words\nx", 27), ("end", 3)]
        {
            assert_eq!(cell_length(rest.as_bytes()), length, "{rest}");
        }
        for (length, end) in (0..60).flat_map(|length| [",", "\n", "\r", "", "-,\n"].map(|end| (length, end)))
        {
            let rest = "+-./\u{b}\u{c}\u{e}é".chars().cycle().take(length).collect::<String>() + end;
            let expected = rest.find([',', '\n', '\r']).unwrap_or(rest.len());
            assert_eq!(cell_length(rest.as_bytes()), expected, "{rest:?}");
        }
    }
}
