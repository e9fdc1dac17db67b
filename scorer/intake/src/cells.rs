//! One cell of text to one value, and what can be wrong with it. Both readers use these functions,
//! so they cannot disagree about a cell.

use holdout_contract::rejection::RejectionKind;

use crate::plan::CellRule;
use crate::shapes;

/// What is wrong with one cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Missing,
    NotANumber,
    NotFinite,
    NotAnInteger,
    OutOfRange,
    NotBinary,
    TooLong,
    /// What is wrong with the mask, to follow the cell.
    BadRle(&'static str),
    /// What is wrong with the boxes, to follow the cell.
    BadBoxes(&'static str),
}

impl Fault {
    pub fn kind(self) -> RejectionKind {
        match self {
            Self::Missing => RejectionKind::MissingValue,
            Self::NotANumber => RejectionKind::NotANumber,
            Self::NotFinite => RejectionKind::NotFinite,
            Self::NotAnInteger => RejectionKind::NotAnInteger,
            Self::OutOfRange | Self::NotBinary => RejectionKind::OutOfRange,
            Self::TooLong => RejectionKind::FieldTooLong,
            Self::BadRle(_) => RejectionKind::BadRle,
            Self::BadBoxes(_) => RejectionKind::BadBoxes,
        }
    }
}

/// A finite number that keeps the rule. Spaces around it are harmless; everything else in the cell counts.
///
/// # Errors
/// What is wrong with the cell.
#[inline]
pub fn number(cell: &[u8], rule: &CellRule) -> Result<f64, Fault> {
    if let CellRule::Binary { positive: Some(positive) } = rule {
        return named_binary(cell, positive);
    }
    let value = finite(cell)?;
    keep(value, rule)
}

#[inline]
fn finite(cell: &[u8]) -> Result<f64, Fault> {
    let cell = cell.trim_ascii();
    if cell.is_empty() {
        return Err(Fault::Missing);
    }
    let value = fast_float2::parse::<f64, _>(cell).map_err(|_| Fault::NotANumber)?;
    if value.is_finite() { Ok(value) } else { Err(Fault::NotFinite) }
}

/// Checks a finite number against a rule.
///
/// # Errors
/// What the rule forbids.
#[inline]
pub fn keep(value: f64, rule: &CellRule) -> Result<f64, Fault> {
    match rule {
        CellRule::Probability if !(0.0..=1.0).contains(&value) => Err(Fault::OutOfRange),
        CellRule::Binary { .. } if value != 0.0 && value != 1.0 => Err(Fault::NotBinary),
        CellRule::Integer { .. } if value.fract() != 0.0 => Err(Fault::NotAnInteger),
        CellRule::Integer { range: Some((low, high)) } if value < *low as f64 || value > *high as f64 => {
            Err(Fault::OutOfRange)
        }
        CellRule::NotNegative if value < 0.0 => Err(Fault::OutOfRange),
        CellRule::Positive if value <= 0.0 => Err(Fault::OutOfRange),
        _ => Ok(value),
    }
}

fn named_binary(cell: &[u8], positive: &str) -> Result<f64, Fault> {
    if cell.is_empty() {
        return Err(Fault::Missing);
    }
    Ok(f64::from(u8::from(cell == positive.as_bytes())))
}

/// A label: any text but none.
///
/// # Errors
/// [`Fault::Missing`] for an empty cell.
#[inline]
pub fn label(cell: &str) -> Result<&str, Fault> {
    if cell.is_empty() { Err(Fault::Missing) } else { Ok(cell) }
}

/// A text that keeps the rule.
///
/// # Errors
/// What is wrong with the mask or the boxes in it.
#[inline]
pub fn text<'a>(cell: &'a str, rule: &CellRule) -> Result<&'a str, Fault> {
    match rule {
        CellRule::Mask { n_pixels } => shapes::check_mask(cell, *n_pixels).map_err(Fault::BadRle)?,
        CellRule::Masks { n_pixels } => shapes::check_masks(cell, *n_pixels).map_err(Fault::BadRle)?,
        CellRule::Boxes { scored } => shapes::check_boxes(cell, *scored).map_err(Fault::BadBoxes)?,
        _ => {}
    }
    Ok(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, value) in
            [("1e5", 1e5), (".5", 0.5), ("+1", 1.0), ("-0", 0.0), ("007", 7.0), (" 2.50 ", 2.5)]
        {
            assert_eq!(number(text.as_bytes(), &CellRule::Number), Ok(value), "{text}");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        for (text, fault) in [
            ("", Fault::Missing),
            ("  ", Fault::Missing),
            ("abc", Fault::NotANumber),
            ("1,5", Fault::NotANumber),
            ("0x10", Fault::NotANumber),
            ("1_000", Fault::NotANumber),
            ("NaN", Fault::NotFinite),
            ("-inf", Fault::NotFinite),
            ("1e999", Fault::NotFinite),
        ] {
            assert_eq!(number(text.as_bytes(), &CellRule::Number), Err(fault), "{text}");
        }
        assert_eq!(number(b"1.5", &CellRule::Probability), Err(Fault::OutOfRange));
        assert_eq!(number(b"1.5", &CellRule::Integer { range: None }), Err(Fault::NotAnInteger));
        assert_eq!(number(b"7", &CellRule::Integer { range: Some((0, 6)) }), Err(Fault::OutOfRange));
        assert_eq!(number(b"2", &CellRule::Binary { positive: None }), Err(Fault::NotBinary));
    }
}
