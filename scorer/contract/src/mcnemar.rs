//! McNemar's exact test: where every row is right or wrong, two files differ on the rows that one of them has right and
//! the other wrong. Between equally good files each of these rows falls to either side as a coin does.

/// Whether a difference of two scores is that of rows right and wrong: the rows won less those lost, of all.
pub fn is_of_right_and_wrong(difference: f64, n_won: u32, n_lost: u32, n_units: u64) -> bool {
    let counted = f64::from(n_won.abs_diff(n_lost)) / n_units.max(1) as f64;
    n_won + n_lost > 0 && (difference.abs() - counted).abs() <= 1e-9
}

/// The chance that of as many coins at least `n_won` fall on one given side.
pub fn one_sided(n_won: u32, n_lost: u32) -> f64 {
    match n_won {
        0 => 1.0,
        _ if n_won < n_lost => 1.0 - at_most(n_won - 1, n_won + n_lost),
        _ => at_most(n_lost, n_won + n_lost),
    }
}

/// The chance of a split as uneven as this one, to either side.
pub fn two_sided(n_won: u32, n_lost: u32) -> f64 {
    (2.0 * at_most(n_won.min(n_lost), n_won + n_lost)).min(1.0)
}

/// The chance that at most `k` of `n` coins fall on one side; `k` is no more than half of them.
fn at_most(k: u32, n: u32) -> f64 {
    let logarithm = (1..=k).map(|at| (f64::from(n - k + at) / f64::from(at)).ln()).sum::<f64>();
    let mut term = (logarithm - f64::from(n) * std::f64::consts::LN_2).exp();
    let mut sum = 0.0;
    for at in (0..=k).rev() {
        sum += term;
        term *= f64::from(at) / f64::from(n - at + 1);
        if term < 1e-17 * sum {
            break;
        }
    }
    sum.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_those_of_coins() {
        for (n_won, n_lost, expected) in
            [(5, 0, 1.0 / 32.0), (0, 5, 1.0), (3, 1, 5.0 / 16.0), (1, 3, 15.0 / 16.0), (2, 2, 11.0 / 16.0)]
        {
            let found = one_sided(n_won, n_lost);
            assert!((found - expected).abs() < 1e-12, "{n_won} {n_lost}: {found}");
        }
        // scipy.stats.binomtest(k, n).pvalue, SciPy 1.16.
        for (n_won, n_lost, expected) in
            [(1, 9, 0.021_484_375), (15, 5, 0.041_389_465_332_031_25), (7, 7, 1.0), (0, 0, 1.0)]
        {
            let found = two_sided(n_won, n_lost);
            assert!((found - expected).abs() < 1e-12, "{n_won} {n_lost}: {found}");
        }
        let large = two_sided(500_600, 499_400);
        assert!((large - 0.2303).abs() < 1e-3, "as a normal number with 1.2 standard errors: {large}");
    }

    #[test]
    fn a_difference_of_right_and_wrong_rows_is_told_by_its_size() {
        assert!(is_of_right_and_wrong(-0.02, 3, 5, 100));
        assert!(!is_of_right_and_wrong(0.0213, 3, 5, 100));
        assert!(!is_of_right_and_wrong(0.0, 0, 0, 100));
    }
}
