//! How likely a difference of so many of its own standard errors is where there is none: Student's t, whose
//! tails are wider than the normal ones where few units were counted.

/// More degrees of freedom change no digit that is shown.
const MOST_FREEDOM: f64 = 1e6;
const MOST_STEPS: usize = 10_000;

/// The probability of a larger value, in numbers of standard errors, with so many degrees of freedom.
pub fn upper_tail(t: f64, freedom: f64) -> f64 {
    let freedom = freedom.min(MOST_FREEDOM);
    let square = t * t;
    let half = 0.5 * beta(freedom / 2.0, 0.5, freedom / (freedom + square), square / (freedom + square));
    if t > 0.0 { half } else { 1.0 - half }
}

/// The regularised incomplete beta function of `x`, given `1 - x`, which may be too small for a difference.
fn beta(a: f64, b: f64, x: f64, rest: f64) -> f64 {
    if x <= 0.0 || rest <= 0.0 {
        return if x <= 0.0 { 0.0 } else { 1.0 };
    }
    let scale = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b);
    let log_x = if rest < 0.5 { libm::log1p(-rest) } else { libm::log(x) };
    let log_rest = if x < 0.5 { libm::log1p(-x) } else { libm::log(rest) };
    let front = libm::exp(scale + a * log_x + b * log_rest);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, rest) / b
    }
}

/// The continued fraction of the incomplete beta function (DLMF 8.17.22), from the front (Lentz 1976).
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut found = d;
    for step in 1..MOST_STEPS {
        let m = step as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for part in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + part * d);
            c = away_from_zero(1.0 + part / c);
            change = d * c;
            found *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_are_those_of_the_tables() {
        for (t, freedom, expected) in [
            (0.0, 5.0, 0.5),
            (2.015_048, 5.0, 0.05),
            (-2.015_048, 5.0, 0.95),
            (3.169_273, 10.0, 0.005),
            (1.0, 1.0, 0.25),
            (1.645, 1e9, 0.049_985),
            (6.0, 1e9, 9.866e-10),
        ] {
            let found = upper_tail(t, freedom);
            assert!((found / expected - 1.0).abs() < 1e-3, "{t} {freedom}: {found}");
        }
        assert_eq!(upper_tail(f64::INFINITY, 4.0), 0.0);
    }
}
