//! Masks and boxes as they stand in a cell. The readers check a cell once; metrics then read it in
//! place, number by number.
//!
//! Never here: pixels. A mask stays what it is in the file, a list of runs.

/// A run of pixels: the first one, from 0, and the one after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub start: u64,
    pub end: u64,
}

impl Run {
    #[inline]
    pub fn len(self) -> u64 {
        self.end - self.start
    }

    pub fn is_empty(self) -> bool {
        self.end == self.start
    }
}

/// The number that a text begins with, and how many digits it has. More than 19 of them wrap.
#[inline]
fn digits(text: &[u8]) -> (u64, usize) {
    let first = text.first_chunk().map(|eight| digits_of_eight(u64::from_le_bytes(*eight)));
    if let Some(found @ (_, 0..8)) = first {
        return found;
    }
    let (mut value, mut n_digits) = first.unwrap_or_default();
    for byte in &text[n_digits..] {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        n_digits += 1;
    }
    (value, n_digits)
}

/// As [`digits`], of eight letters, without a branch for every one of them.
#[inline]
fn digits_of_eight(letters: u64) -> (u64, usize) {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const EVERY_FOURTH: u64 = 0x0000_00FF_0000_00FF;
    let values = letters ^ (EACH * u64::from(b'0'));
    // A byte's highest bit is set where it is no digit, and perhaps in bytes above one that is none.
    let others = (values.wrapping_add(EACH * 0x76) | values) & (EACH << 7);
    let n_digits = others.trailing_zeros() as usize / 8;
    if n_digits == 0 {
        return (0, 0);
    }
    // The last digit in the highest byte, zeros before the first; then twos, fours and all eight are joined.
    let aligned = values << (64 - 8 * n_digits);
    let twos = aligned.wrapping_mul(10).wrapping_add(aligned >> 8);
    let odd = (twos & EVERY_FOURTH).wrapping_mul(100 + (1_000_000 << 32));
    let even = (twos >> 16 & EVERY_FOURTH).wrapping_mul(1 + (10_000 << 32));
    (odd.wrapping_add(even) >> 32, n_digits)
}

/// The runs of a checked mask.
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    rest: &'a [u8],
}

impl<'a> Runs<'a> {
    #[inline]
    pub fn of(mask: &'a str) -> Self {
        Self { rest: mask.as_bytes() }
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut at = 0;
        while self.rest.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let (value, n_digits) = digits(&self.rest[at..]);
        self.rest = &self.rest[at + n_digits..];
        (n_digits > 0).then_some(value)
    }
}

impl Iterator for Runs<'_> {
    type Item = Run;

    #[inline]
    fn next(&mut self) -> Option<Run> {
        let start = self.number()?.wrapping_sub(1);
        let length = self.number()?;
        Some(Run { start, end: start.wrapping_add(length) })
    }
}

/// One box of a checked cell. Boxes of a truth have the confidence 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Boxed<'a> {
    pub class: &'a str,
    pub confidence: f64,
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

/// The boxes of a cell.
#[inline]
pub fn boxes(cell: &str, scored: bool) -> impl Iterator<Item = Boxed<'_>> {
    let mut items = cell.split_ascii_whitespace();
    std::iter::from_fn(move || {
        let class = items.next()?;
        let mut number = || fast_float2::parse::<f64, _>(items.next()?).ok();
        let confidence = if scored { number()? } else { 1.0 };
        Some(Boxed { class, confidence, x: number()?, y: number()?, width: number()?, height: number()? })
    })
}

/// Numbers of more digits are no pixels of any image.
const MAX_DIGITS: usize = 15;

const NOT_WHOLE: &str = "which is no list of whole numbers";
const TOO_LARGE: &str = "which holds a number of more than 15 digits";
const ODD: &str = "which has an odd number of values";
const FROM_ZERO: &str = "which has a run that starts at 0";
const NO_LENGTH: &str = "which has a run of length 0";
const NOT_ASCENDING: &str = "whose runs are not in ascending order";
const OVERLAP: &str = "whose runs overlap";
const BEYOND: &str = "which reaches beyond the image";
const NO_SEGMENT: &str = "which has nothing between two semicolons";
const COMMON_PIXEL: &str = "which has a pixel in two masks";

/// Checks a mask: pairs of whole numbers, ascending, disjoint, inside the image. Nothing, and “-”, is
/// a mask without pixels.
///
/// # Errors
/// What is wrong with it, to follow the cell.
pub fn check_mask(mask: &str, n_pixels: Option<u64>) -> Result<(), &'static str> {
    if mask.trim_ascii() == "-" {
        return Ok(());
    }
    let mut rest = mask.as_bytes();
    let (mut last_start, mut last_pixel) = (0, 0);
    while let Some(start) = whole(&mut rest)? {
        let length = whole(&mut rest)?.ok_or(ODD)?;
        let pixel = start + length - u64::from(length > 0);
        let fault = match () {
            () if start == 0 => FROM_ZERO,
            () if length == 0 => NO_LENGTH,
            () if start <= last_start => NOT_ASCENDING,
            () if start <= last_pixel => OVERLAP,
            () if n_pixels.is_some_and(|n_pixels| pixel > n_pixels) => BEYOND,
            () => {
                (last_start, last_pixel) = (start, pixel);
                continue;
            }
        };
        return Err(fault);
    }
    Ok(())
}

#[inline]
fn whole(rest: &mut &[u8]) -> Result<Option<u64>, &'static str> {
    let mut at = 0;
    while rest.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    if at == rest.len() {
        return Ok(None);
    }
    let (value, n_digits) = digits(&rest[at..]);
    let is_whole = n_digits > 0 && rest.get(at + n_digits).is_none_or(u8::is_ascii_whitespace);
    if !is_whole {
        return Err(NOT_WHOLE);
    }
    if n_digits > MAX_DIGITS {
        return Err(TOO_LARGE);
    }
    *rest = &rest[at + n_digits..];
    Ok(Some(value))
}

/// The masks of a checked cell.
#[inline]
pub fn masks(cell: &str) -> impl Iterator<Item = &str> {
    let cell = cell.trim_ascii();
    let is_empty = matches!(cell, "" | "-");
    cell.split(';').filter(move |_| !is_empty)
}

/// Checks several masks, none empty, none sharing a pixel with another.
///
/// # Errors
/// As [`check_mask`].
pub fn check_masks(cell: &str, n_pixels: Option<u64>) -> Result<(), &'static str> {
    let mut runs: Vec<Run> = Vec::new();
    for mask in masks(cell) {
        check_mask(mask, n_pixels)?;
        let before = runs.len();
        runs.extend(Runs::of(mask));
        if runs.len() == before {
            return Err(NO_SEGMENT);
        }
    }
    runs.sort_unstable_by_key(|run| run.start);
    let share = runs.windows(2).any(|pair| pair[1].start < pair[0].end);
    if share { Err(COMMON_PIXEL) } else { Ok(()) }
}

const TORN: &str = "whose number of values does not fit";
const NO_NUMBER: &str = "which has no number where one is needed";
const NOT_FINITE: &str = "which has a number that is not finite";
const NEGATIVE: &str = "which has a box of negative width or height";

/// Checks boxes: a class and four numbers each; with `scored`, a confidence after the class.
///
/// # Errors
/// What is wrong with them, to follow the cell.
pub fn check_boxes(cell: &str, scored: bool) -> Result<(), &'static str> {
    let n_numbers = if scored { 5 } else { 4 };
    let mut items = cell.split_ascii_whitespace();
    while items.next().is_some() {
        for place in 1..=n_numbers {
            let item = items.next().ok_or(TORN)?;
            let number = fast_float2::parse::<f64, _>(item).map_err(|_| NO_NUMBER)?;
            if !number.is_finite() {
                return Err(NOT_FINITE);
            }
            if number < 0.0 && place > n_numbers - 2 {
                return Err(NEGATIVE);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_are_pairs_in_order() {
        for good in ["", " ", "-", "1 1", "1 3 4 2", " 5 2  9 1 ", "64 1"] {
            assert_eq!(check_mask(good, Some(64)), Ok(()), "{good}");
        }
        for (bad, fault) in [
            ("1", ODD),
            ("1 2 3", ODD),
            ("0 4", FROM_ZERO),
            ("3 0", NO_LENGTH),
            ("9 1 3 1", NOT_ASCENDING),
            ("3 4 3 4", NOT_ASCENDING),
            ("3 4 5 1", OVERLAP),
            ("60 6", BEYOND),
            ("1 -3", NOT_WHOLE),
            ("1.0 3", NOT_WHOLE),
            ("1,3", NOT_WHOLE),
            ("none", NOT_WHOLE),
            ("1 1234567890123456", TOO_LARGE),
        ] {
            assert_eq!(check_mask(bad, Some(64)), Err(fault), "{bad}");
        }
        assert_eq!(check_mask("1 999999999999999", None), Ok(()));
        let runs: Vec<(u64, u64)> = Runs::of(" 5 2  9 1").map(|run| (run.start, run.len())).collect();
        assert_eq!(runs, [(4, 2), (8, 1)]);
        assert_eq!(Runs::of("-").count(), 0);
    }

    #[test]
    fn numbers_are_read_as_digit_by_digit() {
        for n_digits in 0..=19 {
            for tail in ["", " ", " 12345678", "/1", ":1", "\0", "x9999999", "é"] {
                let number = &"9081726354908172635"[..n_digits];
                let text = format!("{number}{tail}");
                assert_eq!(digits(text.as_bytes()), (number.parse().unwrap_or(0), n_digits), "{text:?}");
                let zeros = format!("{:0>width$}{tail}", "7", width = n_digits.max(1));
                assert_eq!(digits(zeros.as_bytes()), (7, n_digits.max(1)), "{zeros:?}");
            }
        }
    }

    #[test]
    fn masks_of_one_cell_share_no_pixel() {
        for (cell, n) in [("", 0), ("-", 0), ("1 2", 1), ("7 2;1 3 4 1", 2)] {
            assert_eq!((check_masks(cell, Some(9)), masks(cell).count()), (Ok(()), n), "{cell}");
        }
        assert_eq!(check_masks("1 3;3 1", None), Err(COMMON_PIXEL));
        assert_eq!(check_masks("1 3;;7 1", None), Err(NO_SEGMENT));
        assert_eq!(check_masks("1 3;9 2", Some(9)), Err(BEYOND));
    }

    #[test]
    fn boxes_are_a_class_and_numbers() {
        assert_eq!(check_boxes("", true), Ok(()));
        assert_eq!(check_boxes("cat 0.5 1 2 3 4 dog 1e-3 -1 2.5 0 4", true), Ok(()));
        assert_eq!(check_boxes("cat 1 2 3 4", false), Ok(()));
        assert_eq!(check_boxes("cat 0.5 1 2 3", true), Err(TORN));
        assert_eq!(check_boxes("cat dog 1 2 3 4", true), Err(NO_NUMBER));
        assert_eq!(check_boxes("cat nan 1 2 3 4", true), Err(NOT_FINITE));
        assert_eq!(check_boxes("cat 1 2 -3 4", false), Err(NEGATIVE));
        let found: Vec<Boxed<'_>> = boxes("cat 0.5 1 2 3 4", true).collect();
        let cat = Boxed { class: "cat", confidence: 0.5, x: 1.0, y: 2.0, width: 3.0, height: 4.0 };
        assert_eq!(found, [cat]);
    }
}
