//! Times as the configurations of other platforms have them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};

/// A point in time, and whether the text gave more than a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    pub at: DateTime<Utc>,
    pub has_time: bool,
}

/// Reads `2026-11-30 18:00:00`, with or without a zone, `2026-11-30`, and `11-30-2026`, month first. What has no
/// zone is in UTC.
pub fn read(text: &str) -> Option<Read> {
    let text = text.trim();
    if let Some(at) = zoned(text) {
        return Some(Read { at, has_time: true });
    }
    let with_time = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let naive = with_time.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    if let Some(naive) = naive {
        return Some(Read { at: naive.and_utc(), has_time: true });
    }
    let day = ["%Y-%m-%d", "%m-%d-%Y", "%m/%d/%Y", "%Y/%m/%d"]
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(text, format).ok())?;
    Some(Read { at: day.and_time(NaiveTime::MIN).and_utc(), has_time: false })
}

fn zoned(text: &str) -> Option<DateTime<Utc>> {
    let with_t = text.replacen(' ', "T", 1);
    let spaced = with_t.replace(' ', "");
    [with_t.as_str(), spaced.as_str()]
        .iter()
        .find_map(|text| DateTime::parse_from_rfc3339(text).ok())
        .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f %z").ok())
        .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok())
        .map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_is_met_is_read() {
        let shown = |text: &str| read(text).map(|read| (read.at.to_rfc3339(), read.has_time));
        let at = |text: &str, has_time| Some((text.to_owned(), has_time));
        assert_eq!(shown("2019-12-12 13:30:00"), at("2019-12-12T13:30:00+00:00", true));
        assert_eq!(shown("2017-10-22 18:53:00+00:00"), at("2017-10-22T18:53:00+00:00", true));
        assert_eq!(shown("2017-10-22T18:53:00+02:00"), at("2017-10-22T16:53:00+00:00", true));
        assert_eq!(shown("2026-01-01"), at("2026-01-01T00:00:00+00:00", false));
        assert_eq!(shown("1-31-2026"), at("2026-01-31T00:00:00+00:00", false));
        assert_eq!(shown("soon"), None);
    }
}
