//! Influence values of a submission, a column of the board's table: kept sealed, and read again. Where teams are ranked by
//! several metrics, a column holds the values under one after the other.

use std::io::{self, Write};

use holdout_contract::ranks::WhyUnknown;
use holdout_contract::seal::Sealer;

use super::Desk;
use crate::influence::{Influence, Unit};
use crate::unseal::Opened;
use crate::worker::message::{Board, FileRef};
use crate::worker::storage::{Stored, Writing};

/// A column of influence values, read again as often as it is needed.
pub(super) enum Column {
    Made(Stored),
    Kept(FileRef),
}

impl Column {
    pub(super) fn file(&self) -> FileRef {
        match self {
            Self::Kept(file) => file.clone(),
            Self::Made(Stored { key, sha256, .. }) => FileRef { key: key.clone(), sha256: Some(*sha256) },
        }
    }
}

/// Writes a sealed file.
pub(super) fn keep<D: Desk>(
    desk: &D,
    board: &Board,
    fill: impl FnOnce(&mut Sealer<Writing>) -> io::Result<()>,
) -> Result<Stored, D::Fault> {
    let writing =
        desk.storage().create("influences", board.judging.competition_id).map_err(io::Error::other)?;
    let mut sealer = Sealer::new(&desk.recipient(), writing).map_err(io::Error::other)?;
    fill(&mut sealer)?;
    Ok(sealer.finish()?.finish()?)
}

/// Bits of a column's first byte.
const COUNTS_GROUPS: u8 = 1;
const HOLDS_REPLICATES: u8 = 2;
const HOLDS_PARTS: u8 = 4;
/// Of a column without values: two bits that say why, or that it was not kept.
const WHY_UNKNOWN: u8 = 24;
const REASONS: [(u8, WhyUnknown); 3] =
    [(8, WhyUnknown::NoScore), (16, WhyUnknown::TooSlow), (24, WhyUnknown::OneBlock)];

#[derive(Debug, PartialEq)]
pub(super) struct ReadColumn {
    pub counts_groups: bool,
    pub n_units: u64,
    /// Metrics that there are values of, as many of each.
    pub n_parts: usize,
    pub values: Vec<f32>,
    /// Where there are none.
    pub why_unknown: Option<WhyUnknown>,
}

impl ReadColumn {
    /// Of one score, or of several on the same units.
    pub(super) fn of(influences: &[Influence]) -> Self {
        let first = influences.first();
        Self {
            counts_groups: first.is_some_and(|first| first.unit == Unit::Group),
            n_units: first.map_or(0, |first| first.n_units as u64),
            n_parts: influences.len(),
            values: influences.iter().flat_map(|one| &one.values).map(|value| *value as f32).collect(),
            why_unknown: None,
        }
    }

    pub(super) fn unknown(why: WhyUnknown) -> Self {
        let values = Vec::new();
        Self { counts_groups: true, n_units: 0, n_parts: 1, values, why_unknown: Some(why) }
    }

    /// Under each metric.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[f32]> {
        self.values.chunks((self.values.len() / self.n_parts.max(1)).max(1))
    }

    /// How far the difference of two scores would typically move, under each metric: what is hard for both files is left
    /// out. `None` where they were judged on different rows, or nothing is known.
    pub(super) fn errors_beside(&self, other: &Self) -> Option<Vec<f64>> {
        if self.shape() != other.shape() || self.values.is_empty() {
            return None;
        }
        Some(self.parts().zip(other.parts()).map(|(own, other)| error_of_difference(own, other)).collect())
    }

    /// Columns of one shape hold values of the same units, or of the same draws of these.
    pub(super) fn shape(&self) -> (usize, usize, u64) {
        (self.values.len(), self.n_parts, self.n_units)
    }

    pub fn holds_replicates(&self) -> bool {
        self.n_units * self.n_parts as u64 != self.values.len() as u64
    }

    /// A byte that says what there are values of, or why there are none; the number of units, where those are of replicates; the number of
    /// metrics, where there are several; then four bytes for each value.
    pub(super) fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let mut first = 0;
        let mut bytes = Vec::with_capacity(9 + 4 * self.values.len());
        for (flag, is_set) in [
            (COUNTS_GROUPS, self.counts_groups),
            (HOLDS_REPLICATES, self.holds_replicates()),
            (HOLDS_PARTS, self.n_parts > 1),
        ] {
            first |= if is_set { flag } else { 0 };
        }
        let reason = REASONS.iter().find(|(_, why)| Some(*why) == self.why_unknown);
        first |= reason.map_or(0, |(bits, _)| *bits);
        bytes.push(first);
        if self.holds_replicates() {
            bytes.extend(u32::try_from(self.n_units).map_err(io::Error::other)?.to_le_bytes());
        }
        if self.n_parts > 1 {
            bytes.extend(u32::try_from(self.n_parts).map_err(io::Error::other)?.to_le_bytes());
        }
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        output.write_all(&bytes)
    }
}

fn error_of_difference(a: &[f32], b: &[f32]) -> f64 {
    let difference = |at: usize| f64::from(a[at]) - f64::from(b[at]);
    crate::kernels::sum(a.len(), |at| difference(at).powi(2)).sqrt() / a.len() as f64
}

pub(super) fn read_column<D: Desk>(desk: &D, column: &Column) -> Result<ReadColumn, D::Fault> {
    let opened = desk.unseal(&column.file())?;
    Ok(parse_column(&opened).ok_or(io::ErrorKind::InvalidData).map_err(io::Error::from)?)
}

/// Values of many columns; `None` where one of them has another number of values.
pub(super) fn read_columns<'a, D: Desk>(
    desk: &D,
    columns: impl Iterator<Item = &'a Column>,
    n_values: usize,
) -> Result<Option<Vec<Vec<f32>>>, D::Fault> {
    let files: Vec<FileRef> = columns.map(Column::file).collect();
    let values = |opened: &Opened| parse_column(opened).map(|column| column.values);
    let read: Option<Vec<Vec<f32>>> =
        desk.unseal_each(&files, files.len() * n_values, values)?.into_iter().collect();
    let read = read.ok_or(io::ErrorKind::InvalidData).map_err(io::Error::from)?;
    Ok(read.iter().all(|values| values.len() == n_values).then_some(read))
}

fn parse_column(bytes: &[u8]) -> Option<ReadColumn> {
    let (first, rest) = bytes.split_first()?;
    let mut rest = rest;
    let mut number_where = |flag: u8| -> Option<Option<u32>> {
        if first & flag == 0 {
            return Some(None);
        }
        let (number, after) = rest.split_first_chunk::<4>()?;
        rest = after;
        Some(Some(u32::from_le_bytes(*number)))
    };
    let n_units = number_where(HOLDS_REPLICATES)?;
    let n_parts = number_where(HOLDS_PARTS)?.map_or(1, |n_parts| n_parts.max(1) as usize);
    let values: Vec<f32> = rest.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let n_units = n_units.map_or((values.len() / n_parts) as u64, u64::from);
    let reason = REASONS.iter().find(|(bits, _)| first & WHY_UNKNOWN == *bits);
    let why_unknown = reason.map(|(_, why)| *why);
    Some(ReadColumn { counts_groups: first & COUNTS_GROUPS != 0, n_units, n_parts, values, why_unknown })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_they_were_written() {
        for (unit, n_units) in [(Unit::Row, 3), (Unit::Group, 3), (Unit::Group, 12), (Unit::Row, 2_000_000)] {
            let influence = Influence { unit, n_units, values: vec![1.0, -2.5, 0.0] };
            for n_parts in [1, 3] {
                let column = ReadColumn::of(&vec![influence.clone(); n_parts]);
                let mut bytes = Vec::new();
                column.write(&mut bytes).expect("written");
                assert_eq!((column.n_parts, column.holds_replicates()), (n_parts, n_units != 3));
                assert_eq!((column.counts_groups, column.n_units), (unit == Unit::Group, n_units as u64));
                assert_eq!(column.parts().collect::<Vec<_>>(), vec![&[1.0_f32, -2.5, 0.0][..]; n_parts]);
                assert_eq!(parse_column(&bytes), Some(column));
            }
        }
        for (_, why) in REASONS {
            let column = ReadColumn::unknown(why);
            let mut bytes = Vec::new();
            column.write(&mut bytes).expect("written");
            assert_eq!(bytes.len(), 1);
            assert_eq!(parse_column(&bytes), Some(column));
        }
        let earlier = parse_column(&[COUNTS_GROUPS]).expect("a column");
        assert_eq!(
            (earlier.values.len(), earlier.why_unknown),
            (0, None),
            "of a release that kept no reason"
        );
        assert_eq!(parse_column(&[]), None);
        assert_eq!(parse_column(&[HOLDS_REPLICATES, 1]), None);
    }
}
