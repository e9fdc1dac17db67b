//! How many decimals are worth showing, and which differences are noise.

use holdout_contract::interval::decimals_of_error;

use super::{Covariance, Z};

/// The teams at the top, whose differences matter most.
const TOP: usize = 20;

/// What the differences at the top of a board are worth.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Digits {
    pub decimals: u32,
    /// A smaller difference of two scores is noise; to one digit that counts.
    pub noise: f64,
}

/// Shown of a score whose noise is not known: as many as tell it from others of its kind.
const MODEST_DIGITS: i32 = 4;
const MOST_DECIMALS: f64 = 12.0;

/// Of teams in the order of the board; `None` where no two differ.
pub fn digits(covariance: &Covariance) -> Option<Digits> {
    let error = typical_error(covariance)?;
    Some(Digits { decimals: decimals_of_error(error), noise: one_digit(Z * error) })
}

/// Of scores whose differences below `noise` are noise.
pub fn decimals_of_noise(noise: f64) -> u32 {
    decimals_of_error(noise / Z)
}

/// Of scores of this size, where nothing is known of their noise.
pub fn decimals_of_scale(score: f64) -> u32 {
    if score == 0.0 || !score.is_finite() {
        return MODEST_DIGITS.cast_unsigned();
    }
    (f64::from(MODEST_DIGITS - 1) - score.abs().log10().floor()).clamp(0.0, MOST_DECIMALS) as u32
}

/// The median standard error of a difference among the teams at the top.
fn typical_error(covariance: &Covariance) -> Option<f64> {
    let n = covariance.n_teams().min(TOP);
    let pairs = (0..n).flat_map(|a| (0..a).map(move |b| (a, b)));
    let errors = pairs.map(|(a, b)| covariance.error_of_difference(a, b)).filter(|error| *error > 0.0);
    let errors: Vec<f64> = errors.collect();
    if errors.is_empty() { None } else { Some(crate::kernels::median(errors)) }
}

/// Rounded up, so that what is called noise is.
fn one_digit(value: f64) -> f64 {
    let exponent = value.log10().floor() as i32;
    let leading = (value / 10_f64.powi(exponent) - 1e-9).ceil();
    format!("{leading}e{exponent}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_tell_a_third_of_an_error_apart() {
        let mut covariance = Covariance::zeros(2);
        covariance.put(0, 0, 2e-6);
        covariance.put(1, 1, 2e-6);
        let found = digits(&covariance).expect("two teams that differ");
        assert_eq!((found.decimals, found.noise), (4, 0.004));
        assert_eq!(decimals_of_noise(0.004), 4);
        assert_eq!([0.8123, -0.07, 12.5, 23_456.7, 0.0, 1e-300].map(decimals_of_scale), [4, 5, 2, 0, 4, 12]);
        assert!(digits(&Covariance::zeros(3)).is_none());
        assert!(digits(&Covariance::zeros(1)).is_none());
        assert_eq!((one_digit(0.03), one_digit(97.0), one_digit(2.3)), (0.03, 100.0, 3.0));
    }
}
