//! A year of activity as a picture: a column a week, a square a day, darker where more was done.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};

use crate::medals::store::ActiveDay;
use crate::web::format;

/// Side of a square and the step to the next one, in the picture's units.
const SIDE: i64 = 9;
const STEP: i64 = 11;
const WEEKS: i64 = 53;
/// Activities from which a day has each of the darker levels.
const LEVELS: [i64; 4] = [1, 3, 6, 10];

/// The 53 weeks up to a day.
#[derive(Debug, Clone)]
pub struct Year {
    /// An outline for all squares of each level, lightest (nothing done) first.
    pub outlines: [String; LEVELS.len() + 1],
    /// The months' names and where their first whole week begins.
    pub months: Vec<(i64, &'static str)>,
    pub n_activities: i64,
    pub n_days: i64,
    /// The days on which something was done, each once, in their order.
    pub active: Vec<ActiveDay>,
}

impl Year {
    /// Days that are shown at most.
    pub const DAYS: i64 = WEEKS * 7;
    pub const WIDTH: i64 = WEEKS * STEP;
    pub const HEIGHT: i64 = 7 * STEP + 12;

    /// `days` in any order; a day may come more than once.
    pub fn new(now: DateTime<Utc>, days: &[ActiveDay]) -> Self {
        let today = now.date_naive();
        let monday = today - TimeDelta::days(i64::from(today.weekday().num_days_from_monday()));
        let first = monday - TimeDelta::weeks(WEEKS - 1);
        let mut counts = vec![0; usize::try_from((today - first).num_days() + 1).unwrap_or(1)];
        for active in days {
            let at = usize::try_from((active.day - first).num_days()).ok();
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count += active.n;
            }
        }
        let day = |(at, n): (usize, &i64)| ActiveDay { day: first + TimeDelta::days(at as i64), n: *n };
        Self {
            active: counts.iter().enumerate().filter(|(_, n)| **n > 0).map(day).collect(),
            outlines: outlines(&counts),
            months: months(first),
            n_activities: counts.iter().sum(),
            n_days: counts.iter().filter(|count| **count > 0).count() as i64,
        }
    }

    /// What the picture shows, in words.
    pub fn sentence(&self) -> String {
        let days = if self.n_days == 1 { "day" } else { "days" };
        match self.n_activities {
            0 => "Nothing was sent or written in the last twelve months.".to_owned(),
            n => format!(
                "{} {} sent or written on {} {days} of the last twelve months.",
                format::count(n),
                if n == 1 { "thing" } else { "things" },
                self.n_days
            ),
        }
    }
}

fn outlines(counts: &[i64]) -> [String; LEVELS.len() + 1] {
    let mut outlines: [String; LEVELS.len() + 1] = Default::default();
    for (day, count) in counts.iter().enumerate() {
        let level = LEVELS.iter().filter(|least| count >= *least).count();
        let (week, weekday) = (day as i64 / 7, day as i64 % 7);
        let (x, y) = (week * STEP, weekday * STEP + 12);
        outlines[level].push_str(&format!("M{x} {y}h{SIDE}v{SIDE}h-{SIDE}z"));
    }
    outlines
}

fn months(first: NaiveDate) -> Vec<(i64, &'static str)> {
    const NAMES: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let begins = |week: i64| {
        let monday = first + TimeDelta::weeks(week);
        (monday.day() <= 7).then(|| (week * STEP, NAMES[monday.month0() as usize]))
    };
    (0..WEEKS - 1).filter_map(begins).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_the_year_has_its_square() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let today = now.date_naive();
        let days = [
            ActiveDay { day: today, n: 2 },
            ActiveDay { day: today, n: 1 },
            ActiveDay { day: today - TimeDelta::days(1), n: 1 },
            ActiveDay { day: today - TimeDelta::days(400), n: 9 },
        ];
        let year = Year::new(now, &days);
        assert_eq!((year.n_activities, year.n_days), (4, 2));
        let squares: Vec<usize> = year.outlines.iter().map(|outline| outline.matches('M').count()).collect();
        assert_eq!(squares[1..], [1, 1, 0, 0]);
        let n_shown = i64::try_from(squares.iter().sum::<usize>()).expect("a small number");
        assert!((Year::DAYS - 6..=Year::DAYS).contains(&n_shown), "{n_shown}");
        assert!((11..=12).contains(&year.months.len()), "{:?}", year.months);
    }
}
