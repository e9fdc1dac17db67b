//! Influence values of a submission, a column of the board's table: kept sealed, and read again.

use std::io::{self, Write};

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

#[derive(Debug, PartialEq)]
pub(super) struct ReadColumn {
    pub counts_groups: bool,
    pub n_units: u64,
    pub values: Vec<f32>,
}

impl ReadColumn {
    pub(super) fn of(influence: Influence) -> Self {
        Self {
            counts_groups: influence.unit == Unit::Group,
            n_units: influence.n_units as u64,
            values: influence.values.iter().map(|value| *value as f32).collect(),
        }
    }

    /// How far the difference of two scores would typically move: what is hard for both files is left out. `None`
    /// where they were judged on different rows, or nothing is known.
    pub(super) fn error_beside(&self, other: &Self) -> Option<f64> {
        let n = self.values.len();
        if self.shape() != other.shape() || n == 0 {
            return None;
        }
        let difference = |at: usize| f64::from(self.values[at]) - f64::from(other.values[at]);
        Some(crate::kernels::sum(n, |at| difference(at).powi(2)).sqrt() / n as f64)
    }

    /// Columns of one shape hold values of the same units, or of the same draws of these.
    pub(super) fn shape(&self) -> (usize, u64) {
        (self.values.len(), self.n_units)
    }

    pub fn holds_replicates(&self) -> bool {
        self.n_units != self.values.len() as u64
    }
}

/// A byte that says what there are values of; the number of units, where those are of replicates; then four
/// bytes for each.
pub(super) fn write_column(influence: &Influence, output: &mut impl Write) -> io::Result<()> {
    let holds_replicates = influence.n_units != influence.values.len();
    let mut first = if influence.unit == Unit::Group { COUNTS_GROUPS } else { 0 };
    let mut bytes = Vec::with_capacity(5 + 4 * influence.values.len());
    if holds_replicates {
        first |= HOLDS_REPLICATES;
    }
    bytes.push(first);
    if holds_replicates {
        let n_units = u32::try_from(influence.n_units).map_err(io::Error::other)?;
        bytes.extend(n_units.to_le_bytes());
    }
    bytes.extend(influence.values.iter().flat_map(|value| (*value as f32).to_le_bytes()));
    output.write_all(&bytes)
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
    let (n_units, rest) = if first & HOLDS_REPLICATES != 0 {
        let (n_units, rest) = rest.split_first_chunk::<4>()?;
        (Some(u64::from(u32::from_le_bytes(*n_units))), rest)
    } else {
        (None, rest)
    };
    let values: Vec<f32> = rest.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let n_units = n_units.unwrap_or(values.len() as u64);
    Some(ReadColumn { counts_groups: first & COUNTS_GROUPS != 0, n_units, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_read_as_they_were_written() {
        for (unit, n_units) in [(Unit::Row, 3), (Unit::Group, 3), (Unit::Group, 12), (Unit::Row, 2_000_000)] {
            let influence = Influence { unit, n_units, values: vec![1.0, -2.5, 0.0] };
            let mut bytes = Vec::new();
            write_column(&influence, &mut bytes).expect("written");
            let expected = ReadColumn {
                counts_groups: unit == Unit::Group,
                n_units: n_units as u64,
                values: vec![1.0, -2.5, 0.0],
            };
            assert_eq!(parse_column(&bytes), Some(expected));
        }
        assert_eq!(parse_column(&[]), None);
        assert_eq!(parse_column(&[HOLDS_REPLICATES, 1]), None);
    }
}
