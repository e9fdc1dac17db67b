//! How checks are put into words, for a host who teaches a course and never had statistics.
//!
//! A text has two sentences at most: what was found means for the contest, then the numbers. Shares are told as so many of
//! 100, never as a statistic with a name; a trick is named by what it does to a file. `audit_texts.rs` holds every text to
//! it.

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

/// What a small step in knowledge is, wherever one is priced: from a forecaster of skill 0.8 to one of 0.85.
pub const SMALL_STEP: &str = "a small step in knowledge (from 80 to 85, where 100 is to know everything)";

/// A ratio; beyond a million nobody wants to know it.
pub fn times(ratio: f64) -> String {
    if ratio > 1e6 { "over a million times".to_owned() } else { format!("{} times", short(ratio)) }
}

/// A share of some things: `18 of 100 rows`.
pub fn some_of(share: f64, things: &str) -> String {
    let (of_100, of_1000) = ((share * 100.0).round(), (share * 1000.0).round());
    if share <= 0.0 {
        format!("none of the {things}")
    } else if share >= 1.0 {
        format!("all {things}")
    } else if of_100 >= 100.0 {
        format!("nearly all {things}")
    } else if of_100 >= 1.0 {
        format!("{of_100} of 100 {things}")
    } else if of_1000 >= 1.0 {
        format!("{of_1000} of 1,000 {things}")
    } else {
        format!("fewer than 1 of 1,000 {things}")
    }
}

/// So many points where 100 are a whole, with one decimal where the gain is small.
pub fn points(gain: f64) -> String {
    let points = 100.0 * (1.0 + gain);
    if gain.abs() < 0.1 { format!("{points:.1}") } else { format!("{points:.0}") }
}

/// What a trick gains over honest work, told by points of the way that honest work goes from a file that knows nothing.
pub fn gained(trick: &str, gain: f64) -> String {
    format!(
        "Where honest work gains 100 points over a file that knows nothing, sending {trick} gains {} with the same knowledge.",
        points(gain)
    )
}

/// A part of something, in words where it is a usual one.
pub fn part(share: f64) -> String {
    match (share * 100.0).round() as u32 {
        5 => "a twentieth".to_owned(),
        10 => "a tenth".to_owned(),
        20 => "a fifth".to_owned(),
        25 => "a quarter".to_owned(),
        30 => "three tenths".to_owned(),
        50 => "half".to_owned(),
        75 => "three quarters".to_owned(),
        _ => percent(share),
    }
}

/// As percent, with one decimal below 10.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent.abs() < 9.95 { format!("{:.1}%", percent + 0.0) } else { format!("{percent:.0}%") }
}
