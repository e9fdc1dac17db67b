//! From a score and its standard error to the interval that is shown.

/// The bounds of a normal number in 95 of 100 cases.
pub const Z: f64 = 1.96;

/// Decimals that tell a third of an error of a difference apart: more of a score are not worth showing.
pub fn decimals_of_error(error: f64) -> u32 {
    const MOST: f64 = 12.0;
    (-(error / 3.0).log10()).ceil().clamp(0.0, MOST) as u32
}

/// Of a score from 0 to 1 in 95 of 100 cases: symmetric on the scale of log odds, so that it reaches beyond neither end.
pub fn of_share(score: f64, standard_error: f64, n_units: i32) -> (f64, f64) {
    let spread = score * (1.0 - score);
    if spread <= 0.0 {
        return of_score(score, standard_error, n_units, None);
    }
    let (odds, factor) = (score / (1.0 - score), (student(n_units) * standard_error / spread).exp());
    let share = |odds: f64| 1.0 / (1.0 + 1.0 / odds);
    (share(odds / factor), share(odds * factor))
}

/// Of a score in 95 of 100 cases. What is drawn symmetrically is the logarithm of the distance to a perfect score: so
/// no interval reaches beyond it, and close to it the side away from it is the longer one, as on the scale of log odds.
/// Few units have the wider bounds of Student's t. Tests hold it against true scores; the basic bootstrap, which is
/// symmetric around the score instead, misses them more often where units are few.
pub fn of_score(score: f64, standard_error: f64, n_units: i32, best: Option<f64>) -> (f64, f64) {
    let width = student(n_units) * standard_error;
    let distance = best.map_or(0.0, |best| best - score);
    if distance == 0.0 {
        return (score - width, score + width);
    }
    let factor = (width / distance.abs()).exp();
    let (a, b) = (score + distance - distance * factor, score + distance - distance / factor);
    (a.min(b), a.max(b))
}

/// The bound of Student's t in 95 of 100 cases, of so many units, by two terms of their expansion (Abramowitz and Stegun 26.7.5).
pub fn student(n_units: i32) -> f64 {
    let freedom = f64::from((n_units - 1).max(1));
    let first = (Z.powi(3) + Z) / 4.0;
    let second = (5.0 * Z.powi(5) + 16.0 * Z.powi(3) + 3.0 * Z) / 96.0;
    Z + first / freedom + second / freedom.powi(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Uniform numbers from 0 to 1.
    fn numbers(seed: u64) -> impl Iterator<Item = f64> {
        let mut state = seed;
        std::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        })
    }

    #[test]
    fn intervals_near_an_end_hold_the_true_score_more_often_than_symmetric_ones() {
        const N_CONTESTS: usize = 4000;
        for (n, truth) in [
            (60, 0.9),
            (100, 0.95),
            (200, 0.97),
            (400, 0.98),
            (60, 0.1),
            (100, 0.05),
            (200, 0.03),
            (400, 0.5),
        ] {
            let mut random = numbers(n as u64);
            let (mut n_held, mut n_symmetric, mut n_share) = (0, 0, 0);
            for _ in 0..N_CONTESTS {
                let n_right = random.by_ref().take(n).filter(|number| *number < truth).count();
                let score = n_right as f64 / n as f64;
                let error = (score * (1.0 - score) / n as f64).sqrt();
                let holds = |best| {
                    let (low, high) = of_score(score, error, n as i32, best);
                    (low..=high).contains(&truth)
                };
                n_held += usize::from(holds(Some(1.0)));
                n_symmetric += usize::from(holds(None));
                let (low, high) = of_share(score, error, n as i32);
                n_share += usize::from((low..=high).contains(&truth));
                assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high), "{low} {high}");
            }
            let share = |n: usize| n as f64 / N_CONTESTS as f64;
            assert!(share(n_share) > 0.94, "{n} rows, {truth}: {}", share(n_share));
            if truth > 0.5 {
                assert!(share(n_held) > 0.94, "{n} rows, {truth}: {}", share(n_held));
                assert!(n_held > n_symmetric, "{n} rows, {truth}: {n_held} and {n_symmetric}");
            }
        }
    }

    /// Mean of losses with a long tail, and its standard error.
    fn mean_loss(random: &mut impl Iterator<Item = f64>, n: usize) -> (f64, f64, Vec<f64>) {
        let losses: Vec<f64> = random.take(n).map(|number| -number.max(1e-300).ln()).collect();
        let mean = losses.iter().sum::<f64>() / n as f64;
        let error = losses.iter().map(|loss| (loss - mean).powi(2)).sum::<f64>().sqrt() / n as f64;
        (mean, error, losses)
    }

    #[test]
    fn intervals_of_few_rows_hold_the_true_score_no_less_often_than_the_basic_bootstrap() {
        const N_CONTESTS: usize = 600;
        const N_DRAWS: usize = 200;
        for n in [30, 60, 120] {
            let mut random = numbers(7 + n as u64);
            let (mut n_held, mut n_bootstrap) = (0, 0);
            for _ in 0..N_CONTESTS {
                let (score, error, losses) = mean_loss(&mut random, n);
                let (low, high) = of_score(score, error, n as i32, Some(0.0));
                n_held += usize::from((low..=high).contains(&1.0));
                let mut drawn: Vec<f64> = (0..N_DRAWS)
                    .map(|_| {
                        let total: f64 =
                            random.by_ref().take(n).map(|number| losses[(number * n as f64) as usize]).sum();
                        total / n as f64
                    })
                    .collect();
                drawn.sort_by(f64::total_cmp);
                let basic = |share: f64| 2.0 * score - drawn[(share * N_DRAWS as f64) as usize];
                n_bootstrap += usize::from((basic(0.975)..=basic(0.025)).contains(&1.0));
            }
            assert!(n_held as f64 > 0.92 * N_CONTESTS as f64, "{n} rows: {n_held}");
            assert!(n_held >= n_bootstrap, "{n} rows: {n_held}, and {n_bootstrap} by the bootstrap");
        }
    }

    #[test]
    fn an_interval_is_symmetric_far_from_a_perfect_score_and_never_reaches_beyond_one() {
        let (low, high) = of_score(0.5, 0.001, 100_000, Some(1.0));
        assert!(((high - 0.5) / (0.5 - low) - 1.0).abs() < 0.01);
        assert!((high - 0.5 - 0.00196).abs() < 1e-5);
        let (low, high) = of_score(0.99, 0.006, 100_000, Some(1.0));
        assert!(high < 1.0 && 0.99 - low > high - 0.99, "{low} {high}");
        let (low, high) = of_score(0.02, 0.015, 50, Some(0.0));
        assert!(low > 0.0 && high - 0.02 > 0.02 - low, "{low} {high}");
        assert_eq!(of_score(1.0, 0.0, 50, Some(1.0)), (1.0, 1.0));
        for (n_units, expected) in [(10, 2.262), (30, 2.045), (100, 1.984), (1_000_000, 1.96)] {
            assert!((student(n_units) - expected).abs() < 0.02, "{n_units}: {}", student(n_units));
        }
    }
}
