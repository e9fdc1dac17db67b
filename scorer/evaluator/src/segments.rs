//! Means of segments that follow each other, as groups do in a file that is sorted by them.

/// The values of a segment.
pub(crate) fn of<'a>(values: &'a [f64], ends: &[u32], at: usize) -> &'a [f64] {
    let start = if at == 0 { 0 } else { ends[at - 1] };
    &values[start as usize..ends[at] as usize]
}

/// With what rounding lost carried along (Neumaier 1974); NaN of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    (sum + lost) / values.len() as f64
}
