//! Sorting by 64-bit keys in passes of eight bits, lowest first: stable, and in time that grows with
//! the number of keys alone. A pass in which every key has the same digit is left out.

/// Below this many keys comparing is faster than counting.
const FEW: usize = 1 << 10;
const DIGITS: usize = 8;
const BUCKETS: usize = 256;

/// A whole number that sorts as the finite value does; -0 and 0 are one value.
#[inline]
pub fn order_key(value: f64) -> u64 {
    let bits = (value + 0.0).to_bits();
    bits ^ (((bits as i64) >> 63) as u64 | (1 << 63))
}

/// Sorts ascending.
pub fn sort(mut keys: Vec<u64>) -> Vec<u64> {
    if keys.len() < FEW {
        keys.sort_unstable();
        return keys;
    }
    sort_by_key(keys, |key| *key)
}

/// The rows `0..n_rows` in ascending order of their keys; rows with equal keys stay in row order.
///
/// # Panics
/// When there are more than `u32::MAX` rows.
pub fn order(n_rows: usize, key: impl Fn(usize) -> u64) -> Vec<u32> {
    let n = u32::try_from(n_rows).expect("rows are numbered with 32 bits");
    let mut keyed: Vec<(u64, u32)> = (0..n).map(|row| (key(row as usize), row)).collect();
    if n_rows < FEW {
        keyed.sort_unstable();
    } else {
        keyed = sort_by_key(keyed, |(key, _)| *key);
    }
    keyed.into_iter().map(|(_, row)| row).collect()
}

fn sort_by_key<T: Copy>(mut items: Vec<T>, key: impl Fn(&T) -> u64) -> Vec<T> {
    let counts = count_digits(&items, &key);
    let mut sorted = items.clone();
    for (place, counts) in counts.iter().enumerate() {
        if counts.contains(&items.len()) {
            continue;
        }
        let mut next = starts(counts);
        for item in &items {
            let bucket = &mut next[digit(key(item), place)];
            sorted[*bucket] = *item;
            *bucket += 1;
        }
        std::mem::swap(&mut items, &mut sorted);
    }
    items
}

fn digit(key: u64, place: usize) -> usize {
    (key >> (8 * place)) as usize & (BUCKETS - 1)
}

fn count_digits<T>(items: &[T], key: impl Fn(&T) -> u64) -> [[usize; BUCKETS]; DIGITS] {
    let mut counts = [[0; BUCKETS]; DIGITS];
    for item in items {
        let key = key(item);
        for (place, counts) in counts.iter_mut().enumerate() {
            counts[digit(key, place)] += 1;
        }
    }
    counts
}

/// Where the items of each bucket begin.
fn starts(counts: &[usize; BUCKETS]) -> [usize; BUCKETS] {
    let mut starts = [0; BUCKETS];
    let mut before = 0;
    for (start, count) in starts.iter_mut().zip(counts) {
        *start = before;
        before += count;
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys of every size, many of them equal.
    fn keys(n: usize) -> Vec<u64> {
        let mut state = 7_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        };
        (0..n).map(|_| draw() >> (draw() % 64)).collect()
    }

    #[test]
    fn keys_come_out_as_comparing_sorts_them() {
        for n in [0, 1, FEW - 1, FEW, 10 * FEW] {
            let mut expected = keys(n);
            expected.sort_unstable();
            assert_eq!(sort(keys(n)), expected, "{n}");
        }
    }

    #[test]
    fn rows_with_equal_keys_stay_in_row_order() {
        for n in [3, 10 * FEW] {
            let keys = keys(n);
            let key = |row: usize| keys[row] % 97;
            let mut expected: Vec<u32> = (0..n as u32).collect();
            expected.sort_by_key(|row| key(*row as usize));
            assert_eq!(order(n, key), expected, "{n}");
        }
    }

    #[test]
    fn keys_sort_as_values() {
        let values = [-1e300, -1.5, -1e-300, 0.0, 1e-300, 1.5, 1e300];
        assert!(values.windows(2).all(|pair| order_key(pair[0]) < order_key(pair[1])));
        assert_eq!(order_key(-0.0), order_key(0.0));
    }

    #[test]
    fn equal_keys_need_no_pass() {
        assert_eq!(sort(vec![5; 2 * FEW]), vec![5; 2 * FEW]);
    }
}
