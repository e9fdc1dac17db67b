//! Sums at places, each told with those of all places below it in the time of a logarithm (Fenwick 1994).

use std::ops::AddAssign;

use super::order_key;

pub struct Fenwick<T> {
    sums: Vec<T>,
    total: T,
}

impl<T: Copy + Default + AddAssign> Fenwick<T> {
    pub fn new(n_places: usize) -> Self {
        Self { sums: vec![T::default(); n_places + 1], total: T::default() }
    }

    pub fn add(&mut self, place: usize, value: T) {
        self.total += value;
        let mut at = place + 1;
        while at < self.sums.len() {
            self.sums[at] += value;
            at += at & at.wrapping_neg();
        }
    }

    pub fn below(&self, place: usize) -> T {
        let (mut at, mut sum) = (place, T::default());
        while at > 0 {
            sum += self.sums[at];
            at &= at - 1;
        }
        sum
    }

    pub fn total(&self) -> T {
        self.total
    }
}

/// Every value's place among the distinct values, from the lowest, and how many there are.
pub fn places(values: &[f64]) -> (Vec<usize>, usize) {
    let mut keys: Vec<u64> = values.iter().map(|value| order_key(*value)).collect();
    keys.sort_unstable();
    keys.dedup();
    let place = |value: &f64| keys.binary_search(&order_key(*value)).unwrap_or_default();
    (values.iter().map(place).collect(), keys.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_below_a_place_are_those_of_adding_up() {
        let mut tree = Fenwick::<u64>::new(13);
        let mut plain = [0; 13];
        for step in 0..100_u64 {
            let (place, value) = ((step * 7 % 13) as usize, step % 5);
            tree.add(place, value);
            plain[place] += value;
            for below in 0..=13 {
                assert_eq!(tree.below(below), plain[..below].iter().sum::<u64>());
            }
            assert_eq!(tree.total(), plain.iter().sum::<u64>());
        }
        assert_eq!(places(&[3.0, -0.0, 7.5, 0.0, 3.0]), (vec![1, 0, 2, 0, 1], 3));
    }
}
