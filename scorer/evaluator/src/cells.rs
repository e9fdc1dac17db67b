//! Rows of a draw, added up by what they have in common.

/// What the rows of every cell hold together where each row comes so many times: `held` each time, or 1. Rows are
/// added in order.
///
/// # Panics
/// When a row's cell is not below `n_cells`.
pub fn sums_by_cell(times: &[u8], cell_of_row: &[u32], n_cells: usize, held: Option<&[f64]>) -> Vec<f64> {
    let mut sums = vec![0.0; n_cells];
    let rows = times.iter().zip(cell_of_row);
    match held {
        None => rows.for_each(|(times, cell)| sums[*cell as usize] += f64::from(*times)),
        Some(held) => rows.zip(held).for_each(|((times, cell), held)| {
            sums[*cell as usize] += f64::from(*times) * held;
        }),
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_added_up_where_they_belong() {
        let (times, cells) = ([2, 0, 1, 3], [1, 1, 0, 1]);
        assert_eq!(sums_by_cell(&times, &cells, 3, None), [1.0, 5.0, 0.0]);
        assert_eq!(sums_by_cell(&times, &cells, 2, Some(&[0.5, 9.0, -1.0, 0.25])), [-1.0, 1.75]);
    }
}
