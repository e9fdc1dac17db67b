//! How times, sizes and numbers are written on pages.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// `2026-11-24 09:30 UTC`; pages put it into `<time datetime>` and a script shows the reader's zone.
pub fn time(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// For the `datetime` attribute.
pub fn machine_time(at: &DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `Sun, 01 Nov 2026 10:20:30 GMT`, for headers (RFC 9110, 5.6.7).
pub fn http_date(at: &DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `3 days`, `5 hours`, `12 minutes`, `40 seconds`: the largest unit that fits.
pub fn duration(length: TimeDelta) -> String {
    let seconds = length.num_seconds().abs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

/// `in 3 days`, `3 days ago`, or `moments ago`.
pub fn relative(at: &DateTime<Utc>, now: &DateTime<Utc>) -> String {
    let length = *at - *now;
    if length >= TimeDelta::zero() {
        format!("in {}", duration(length))
    } else if length > -TimeDelta::seconds(10) {
        "moments ago".to_owned()
    } else {
        format!("{} ago", duration(length))
    }
}

/// `12.3 MB`, in powers of 1,000.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A limit, which people set in binary units: `100 MiB`, `2 GiB`; in powers of 1,000 where it is no whole number of them.
pub fn limit(bytes: u64) -> String {
    const UNITS: [(u32, &str); 3] = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
    let whole = |(bits, unit): &(u32, &str)| {
        let count = bytes >> bits;
        (count > 0 && count << bits == bytes).then(|| format!("{count} {unit}"))
    };
    UNITS.iter().find_map(whole).unwrap_or_else(|| size(bytes))
}

/// [`count`] for the columns that are `integer`; takes a reference, as templates pass fields.
pub fn count_i32(number: &i32) -> String {
    count(i64::from(*number))
}

/// `1 team`, `1,200 teams`.
pub fn counted(number: &i32, one: &str, many: &str) -> String {
    format!("{} {}", count(i64::from(*number)), if *number == 1 { one } else { many })
}

/// `1,234,567`.
pub fn count(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        grouped.push('−');
    }
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A score with the decimals the competition shows.
pub fn score(score: f64, decimals: i32) -> String {
    format!("{score:.*}", usize::try_from(decimals).unwrap_or(5))
}

/// Settings that stand as JSON, in words: `eps 1e-15, average macro`, or `parts: rmse (weight 0.5); r2 (weight 1)`.
pub fn settings(value: &Value) -> String {
    let named = |(name, value): (&String, &Value)| match value {
        Value::Array(items) if items.iter().any(Value::is_object) => format!("{name}: {}", settings(value)),
        Value::Object(_) if name == "params" => settings(value),
        Value::Object(_) => format!("{name} ({})", settings(value)),
        _ => format!("{name} {}", settings(value)),
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "none".to_owned(),
        Value::Array(items) => {
            let between = if items.iter().any(Value::is_object) { "; " } else { ", " };
            items.iter().map(settings).collect::<Vec<_>>().join(between)
        }
        Value::Object(fields) => {
            let is_empty = |value: &Value| value.as_object().is_some_and(serde_json::Map::is_empty);
            let rest = fields.iter().filter(|(name, value)| *name != "metric" && !is_empty(value));
            let rest: Vec<String> = rest.map(named).collect();
            match (fields.get("metric").and_then(Value::as_str), rest.join(", ")) {
                (None, rest) => rest,
                (Some(metric), rest) if rest.is_empty() => metric.to_owned(),
                (Some(metric), rest) => format!("{metric} ({rest})"),
            }
        }
        other => other.to_string().trim_end_matches(".0").to_owned(),
    }
}

/// About how long, in words: `a second`, `40 seconds`, `3 minutes`, `2 hours`.
pub fn wait(seconds: f64) -> String {
    let counted = |n: f64, one: &str, many: &str| {
        let n = n.ceil().max(1.0);
        if n <= 1.0 { one.to_owned() } else { format!("{n:.0} {many}") }
    };
    match seconds {
        seconds if seconds < 60.0 => counted(seconds, "a second", "seconds"),
        seconds if seconds < 3600.0 => counted(seconds / 60.0, "a minute", "minutes"),
        seconds => counted(seconds / 3600.0, "an hour", "hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_written_without_brackets_and_quotes() {
        let told = |value: serde_json::Value| settings(&value);
        assert_eq!(told(serde_json::json!({ "eps": 1e-15, "average": "macro" })), "average macro, eps 1e-15");
        let parts = serde_json::json!({ "parts": [
            { "metric": "rmse", "weight": 0.5, "params": {} },
            { "metric": "fbeta", "weight": 1.0, "params": { "beta": 2.0 } },
            { "metric": "r2" },
        ] });
        assert_eq!(told(parts), "parts: rmse (weight 0.5); fbeta (beta 2, weight 1); r2");
        assert_eq!(told(serde_json::json!({ "labels": ["a", "b"], "clip": null })), "clip none, labels a, b");
        assert_eq!(told(serde_json::json!({})), "");
    }

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(-1_000), "−1,000");
    }

    #[test]
    fn dates_in_headers_are_those_of_http() {
        assert_eq!(http_date(&DateTime::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 GMT");
    }

    #[test]
    fn limits_are_written_as_they_are_set() {
        assert_eq!(limit(104_857_600), "100 MiB");
        assert_eq!(limit(2 << 30), "2 GiB");
        assert_eq!(limit(1536 << 20), "1536 MiB");
        assert_eq!(limit(20_000_000_001), "20.0 GB");
        assert_eq!(limit(0), "0 B");
    }

    #[test]
    fn sizes_and_durations_use_the_largest_unit() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(104_857_600), "104.9 MB");
        assert_eq!(duration(TimeDelta::minutes(90)), "1 hour");
        assert_eq!(duration(TimeDelta::days(3)), "3 days");
    }

    #[test]
    fn what_has_just_happened_is_not_counted_in_seconds() {
        let now = DateTime::UNIX_EPOCH;
        let told = |seconds| relative(&(now + TimeDelta::seconds(seconds)), &now);
        assert_eq!(
            [-1, -9, -10, -90].map(told),
            ["moments ago", "moments ago", "10 seconds ago", "1 minute ago"]
        );
        assert_eq!([0, 5].map(told), ["in 0 seconds", "in 5 seconds"]);
    }

    #[test]
    fn waits_are_said_in_whole_units() {
        assert_eq!(wait(0.02), "a second");
        assert_eq!(wait(12.1), "13 seconds");
        assert_eq!(wait(100.0), "2 minutes");
        assert_eq!(wait(7300.0), "3 hours");
    }
}
