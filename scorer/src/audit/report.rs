//! How checks are put into words.

use holdout_contract::audit::{Check, Verdict};

/// A check with its number.
pub fn check(name: &str, verdict: Verdict, value: impl Into<Option<f64>>, text: impl Into<String>) -> Check {
    Check {
        check: name.to_owned(),
        verdict,
        value: value.into().map(|value| rounded(value.clamp(-1e9, 1e9))),
        text: text.into(),
        exploit: String::new(),
        repair: String::new(),
    }
}

/// Adds what a participant could do and what mends it, where something was found.
pub fn advised(check: Check, exploit: impl Into<String>, repair: impl Into<String>) -> Check {
    match check.verdict {
        Verdict::Pass | Verdict::Info => check,
        _ => Check { exploit: exploit.into(), repair: repair.into(), ..check },
    }
}

/// The verdict on a number that is bad when it is large.
pub fn judged(value: f64, warn: f64, fail: f64) -> Verdict {
    if value >= fail {
        Verdict::Fail
    } else if value >= warn {
        Verdict::Warn
    } else {
        Verdict::Pass
    }
}

/// Six decimals: what is behind them may differ between mathematical libraries. Never −0.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6 + 0.0
}

/// Three significant digits.
pub fn short(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return format!("{}", value + 0.0);
    }
    let places = 2 - libm::log10(value.abs()).floor() as i32;
    if !(-4..=8).contains(&places) {
        return format!("{value:.2e}");
    }
    let factor = 10_f64.powi(places);
    format!("{}", (value * factor).round() / factor)
}

/// As percent, with one decimal below 10.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() < 9.95 { format!("{:.1}%", percent + 0.0) } else { format!("{percent:.0}%") }
}
