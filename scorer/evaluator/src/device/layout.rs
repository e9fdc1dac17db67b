//! Lists of different lengths as one, with the place where each ends; what no device can number with 32 bits is
//! too large for one call.

use super::DeviceFailure;

/// What is given to a device at once.
pub(super) const MOST_BYTES: usize = 1 << 30;

/// How many columns of so many bytes each are given to a device together.
pub(super) fn n_together(bytes_of_column: usize) -> usize {
    // Columns are the second side of a grid, which has no more places.
    (MOST_BYTES / bytes_of_column.max(1)).clamp(1, 65_535)
}

pub(super) fn number(n: usize) -> Result<u32, DeviceFailure> {
    u32::try_from(n).map_err(|_| DeviceFailure::OutOfMemory)
}

#[derive(Default)]
pub(super) struct Lists {
    pub values: Vec<u32>,
    pub ends: Vec<u32>,
}

impl Lists {
    pub fn push(
        &mut self,
        values: impl Iterator<Item = u32>,
        n_per_item: usize,
    ) -> Result<(), DeviceFailure> {
        self.values.extend(values);
        self.ends.push(number(self.values.len() / n_per_item)?);
        Ok(())
    }
}
