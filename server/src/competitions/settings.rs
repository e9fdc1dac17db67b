//! What a host may set, read from what was typed: every value that gets past here is one the
//! platform can keep.
//!
//! Never here: a database, or the question who may set it.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::competitions::board_shows::{BoardShows, NOTHING_HIDDEN};
use crate::competitions::ladder::Ladder;
use crate::competitions::model::Competition;
use crate::competitions::visibility::Visibility;
use crate::error::{AppError, Result};
use crate::invisible_characters::refuse_invisible;

/// Name, address and one line about a competition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basics {
    pub title: String,
    pub slug: String,
    pub subtitle: String,
}

impl Basics {
    /// An empty `slug` is made from the title.
    ///
    /// # Errors
    /// [`AppError::Field`] for the first field that cannot be kept.
    pub fn read(title: &str, slug: &str, subtitle: &str) -> Result<Self> {
        let (title, slug, subtitle) = (title.trim(), slug.trim(), subtitle.trim());
        check_title(title)?;
        check_subtitle(subtitle)?;
        let slug = if slug.is_empty() { slug_from(title) } else { slug.to_owned() };
        check_slug(&slug)?;
        Ok(Self { title: title.to_owned(), slug, subtitle: subtitle.to_owned() })
    }
}

/// # Errors
/// [`AppError::Field`] for a title that cannot be kept.
pub fn check_title(title: &str) -> Result<()> {
    if title.is_empty() {
        return Err(AppError::field("title", "Give the competition a title."));
    }
    if title.chars().count() > 120 {
        return Err(AppError::field("title", "A title has at most 120 characters."));
    }
    refuse_invisible(title).map_err(|sentence| AppError::field("title", sentence))
}

/// # Errors
/// [`AppError::Field`] for a line that is too long.
pub fn check_subtitle(subtitle: &str) -> Result<()> {
    if subtitle.chars().count() > 200 {
        return Err(AppError::field("subtitle", "The line below the title has at most 200 characters."));
    }
    Ok(())
}

/// # Errors
/// [`AppError::Field`] for what can be no address.
pub fn check_slug(slug: &str) -> Result<()> {
    if is_slug(slug) {
        return Ok(());
    }
    Err(AppError::field(
        "slug",
        "An address has 3 to 60 lowercase letters, digits and hyphens, and begins and ends with a letter or digit.",
    ))
}

/// A title as an address: `House prices, 2026` becomes `house-prices-2026`.
pub fn slug_from(title: &str) -> String {
    let mut slug = String::new();
    for character in title.chars().flat_map(char::to_lowercase) {
        match character {
            'a'..='z' | '0'..='9' => slug.push(character),
            'ä' | 'à' | 'á' | 'â' | 'å' => slug.push('a'),
            'ö' | 'ò' | 'ó' | 'ô' | 'ø' => slug.push('o'),
            'ü' | 'ù' | 'ú' | 'û' => slug.push('u'),
            'é' | 'è' | 'ê' | 'ë' => slug.push('e'),
            'í' | 'ì' | 'î' | 'ï' => slug.push('i'),
            'ç' => slug.push('c'),
            'ñ' => slug.push('n'),
            'ß' => slug.push_str("ss"),
            _ if !slug.ends_with('-') && !slug.is_empty() => slug.push('-'),
            _ => {}
        }
        if slug.len() >= 58 {
            break;
        }
    }
    let mut slug = slug.trim_end_matches('-').to_owned();
    if slug.len() < 3 {
        slug = format!("competition-{slug}").trim_end_matches('-').to_owned();
    }
    slug
}

fn is_slug(slug: &str) -> bool {
    (3..=60).contains(&slug.len())
        && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !slug.starts_with('-')
        && !slug.ends_with('-')
}

/// When things begin and end; all in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeline {
    pub starts_at: DateTime<Utc>,
    pub entry_deadline_at: DateTime<Utc>,
    pub merger_deadline_at: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
}

/// Whether nobody says when a deadline is: it stays where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unnamed(pub bool);

impl Timeline {
    /// How long a competition lasts whose host says nothing else.
    pub const PROPOSED_DAYS: u32 = 28;

    /// From now on for [`Self::PROPOSED_DAYS`]; entering and merging end when three quarters are over.
    pub fn proposed(now: DateTime<Utc>) -> Self {
        let starts_at = now - TimeDelta::nanoseconds(now.timestamp_nanos_opt().unwrap_or(0) % 60_000_000_000);
        Self::of_length(starts_at, Self::PROPOSED_DAYS)
    }

    fn of_length(starts_at: DateTime<Utc>, days: u32) -> Self {
        let length = TimeDelta::days(i64::from(days));
        let deadline = starts_at + length * 3 / 4;
        Self {
            starts_at,
            entry_deadline_at: deadline,
            merger_deadline_at: deadline,
            ends_at: starts_at + length,
        }
    }

    /// From now on for so many days; entering and merging end when three quarters are over.
    ///
    /// # Errors
    /// [`AppError::Field`] for a length that is none.
    pub fn lasting(now: DateTime<Utc>, days: u32) -> Result<Self> {
        if !(1..=3650).contains(&days) {
            return Err(AppError::field("days", "A competition lasts 1 to 3650 days."));
        }
        Self::of_length(Self::proposed(now).starts_at, days).checked()
    }

    /// In a draft, a deadline that nobody names and that would lie outside becomes the end, as one that is left empty.
    pub fn with_deadlines_inside(self, before: &Competition, entry: Unnamed, merger: Unnamed) -> Self {
        let is_inside = |at: &DateTime<Utc>| (self.starts_at..=self.ends_at).contains(at);
        let fit = |at: DateTime<Utc>, unnamed: Unnamed| match unnamed {
            Unnamed(true) if before.launched_at.is_none() && !is_inside(&at) => self.ends_at,
            _ => at,
        };
        Self {
            entry_deadline_at: fit(self.entry_deadline_at, entry),
            merger_deadline_at: fit(self.merger_deadline_at, merger),
            ..self
        }
    }

    /// Reads the four times of a form, all UTC; the deadlines may be empty and are the end then.
    ///
    /// # Errors
    /// [`AppError::Field`] for the first text that is no time.
    pub fn read(starts: &str, entry: &str, merger: &str, ends: &str) -> Result<Self> {
        let starts_at = time("starts_at", starts)?;
        let ends_at = time("ends_at", ends)?;
        let entry_deadline_at =
            if entry.trim().is_empty() { ends_at } else { time("entry_deadline_at", entry)? };
        let merger_deadline_at =
            if merger.trim().is_empty() { ends_at } else { time("merger_deadline_at", merger)? };
        Ok(Self { starts_at, entry_deadline_at, merger_deadline_at, ends_at })
    }

    /// The timeline as it is kept.
    ///
    /// # Errors
    /// [`AppError::Field`] for the first time that cannot be kept.
    pub fn checked(self) -> Result<Self> {
        let kept = Self {
            starts_at: without_leap_second(self.starts_at),
            entry_deadline_at: without_leap_second(self.entry_deadline_at),
            merger_deadline_at: without_leap_second(self.merger_deadline_at),
            ends_at: without_leap_second(self.ends_at),
        };
        kept.faults().into_iter().next().map_or(Ok(kept), Err)
    }

    /// [`AppError::Field`] for every time that cannot be kept.
    pub fn faults(&self) -> Vec<AppError> {
        if self.ends_at <= self.starts_at {
            return vec![AppError::field("ends_at", "The end must come after the start.")];
        }
        let lies_outside = |at: DateTime<Utc>| at < self.starts_at || at > self.ends_at;
        [
            (
                "entry_deadline_at",
                self.entry_deadline_at,
                "The last day to enter must be between the start and the end.",
            ),
            (
                "merger_deadline_at",
                self.merger_deadline_at,
                "The last day to merge teams must be between the start and the end.",
            ),
        ]
        .into_iter()
        .filter(|(_, at, _)| lies_outside(*at))
        .map(|(field, _, sentence)| AppError::field(field, sentence))
        .collect()
    }
}

/// 23:59:60 is 00:00:00 of the next day, as PostgreSQL has it: no clock here shows a sixty-first second.
fn without_leap_second(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(at.timestamp_micros()).unwrap_or(at)
}

/// A time as people type it, in UTC where they say nothing.
///
/// # Errors
/// [`AppError::Field`] for what is none.
pub fn time(field: &'static str, text: &str) -> Result<DateTime<Utc>> {
    let text = text.trim();
    if let Ok(with_zone) = DateTime::parse_from_rfc3339(text) {
        return Ok(with_zone.to_utc());
    }
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .map(|naive| naive.and_utc())
        .ok_or_else(|| AppError::field(field, "Write the date and time as 2026-11-30 18:00, in UTC."))
}

/// The value of a `datetime-local` field.
pub fn field_time(at: Option<DateTime<Utc>>) -> String {
    at.map(|at| at.format("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Submissions a day a team.
    pub daily: i32,
    /// Submissions a team in the whole competition; `None`: as many as the days allow.
    pub total: Option<i32>,
    /// Submissions a team selects for the final board.
    pub finals: i32,
    /// People in a team.
    pub team: i32,
    pub max_upload_bytes: i64,
    /// Digits of a score shown while open.
    pub score_decimals: i32,
    pub ladder: Ladder,
    pub board_shows: BoardShows,
    /// Whether the board shows no more than that after the end.
    pub board_stays_veiled: bool,
}

impl Limits {
    pub fn of(competition: &Competition) -> Self {
        Self {
            daily: competition.daily_limit,
            total: competition.total_limit,
            finals: competition.final_limit,
            team: competition.team_limit,
            max_upload_bytes: competition.max_upload_bytes,
            score_decimals: competition.score_decimals,
            ladder: competition.ladder,
            board_shows: competition.board_shows,
            board_stays_veiled: competition.board_stays_veiled,
        }
    }

    /// # Errors
    /// [`AppError::Field`] for the first limit that cannot be kept.
    pub fn checked(self) -> Result<Self> {
        self.faults().into_iter().next().map_or(Ok(self), Err)
    }

    /// [`AppError::Field`] for every limit that cannot be kept.
    pub fn faults(&self) -> Vec<AppError> {
        let checks = [
            within("daily_limit", i64::from(self.daily), 1, 1000, "submissions a day"),
            self.total.map_or(Ok(()), |total| {
                within(
                    "total_limit",
                    i64::from(total),
                    1,
                    100_000,
                    "submissions in all, or 0 for no such limit",
                )
            }),
            within("final_limit", i64::from(self.finals), 1, 20, "final selections"),
            within("team_limit", i64::from(self.team), 1, 100, "people"),
            within("score_decimals", i64::from(self.score_decimals), 0, 12, "decimals"),
            if self.board_stays_veiled && self.board_shows == BoardShows::Everybody {
                Err(AppError::field("board_stays_veiled", NOTHING_HIDDEN))
            } else {
                Ok(())
            },
            if (1024..=10_737_418_240).contains(&self.max_upload_bytes) {
                Ok(())
            } else {
                Err(AppError::field("max_upload_bytes", "A submission file may have 1 to 10240 MiB."))
            },
        ];
        checks.into_iter().filter_map(Result::err).collect()
    }
}

impl Default for Limits {
    /// Those of a new competition.
    fn default() -> Self {
        Self {
            daily: 5,
            total: None,
            finals: 2,
            team: 5,
            max_upload_bytes: 104_857_600,
            score_decimals: 4,
            ladder: Ladder::Auto,
            board_shows: BoardShows::Everybody,
            board_stays_veiled: false,
        }
    }
}

/// A limit of the whole competition as it is written: 0 is none.
pub fn total_of(written: i32) -> Option<i32> {
    (written != 0).then_some(written)
}

fn within(field: &'static str, value: i64, least: i64, most: i64, what: &str) -> Result<()> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(AppError::field(field, format!("Between {least} and {most} {what}.")))
    }
}

/// Settings that change; what is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    pub title: Option<String>,
    pub slug: Option<String>,
    pub subtitle: Option<String>,
    pub starts_at: Option<DateTime<Utc>>,
    pub entry_deadline_at: Option<DateTime<Utc>>,
    pub merger_deadline_at: Option<DateTime<Utc>>,
    pub ends_at: Option<DateTime<Utc>>,
    /// Begin now and last so long, in place of the four times.
    pub days: Option<u32>,
    pub moves_over_outage: Option<bool>,
    pub hosts_may_have_files: Option<bool>,
    /// Why a time moves, for everybody to read.
    pub reason: Option<String>,
    pub daily_limit: Option<i32>,
    /// 0: none; see [`total_of`].
    pub total_limit: Option<i32>,
    pub final_limit: Option<i32>,
    pub team_limit: Option<i32>,
    pub max_upload_bytes: Option<i64>,
    pub score_decimals: Option<i32>,
    pub ladder: Option<Ladder>,
    pub board_shows: Option<BoardShows>,
    pub board_stays_veiled: Option<bool>,
    pub visibility: Option<String>,
    /// Who is invited by name; the whole list.
    pub emails: Option<Vec<String>>,
}

impl Patch {
    /// # Errors
    /// As [`Basics::read`].
    pub fn basics(&self, before: &Competition) -> Result<Basics> {
        Basics::read(
            self.title.as_deref().unwrap_or(&before.title),
            self.slug.as_deref().unwrap_or(&before.slug),
            self.subtitle.as_deref().unwrap_or(&before.subtitle),
        )
    }

    /// `None` where no time changes. Deadlines that were never set are the end.
    ///
    /// # Errors
    /// [`AppError::Field`] for a length that is none, and for one beside times.
    pub fn timeline(&self, before: &Competition, now: DateTime<Utc>) -> Result<Option<Timeline>> {
        let times = [self.starts_at, self.entry_deadline_at, self.merger_deadline_at, self.ends_at];
        let is_timed = times.iter().any(Option::is_some);
        match self.days {
            Some(_) if is_timed => Err(AppError::field("days", "Give either the times or a number of days.")),
            Some(days) => Timeline::lasting(now, days).map(Some),
            None if is_timed => Ok(Some(self.times(before, now).with_deadlines_inside(
                before,
                Unnamed(self.entry_deadline_at.is_none()),
                Unnamed(self.merger_deadline_at.is_none()),
            ))),
            None => Ok(None),
        }
    }

    fn times(&self, before: &Competition, now: DateTime<Utc>) -> Timeline {
        let proposed = Timeline::proposed(now);
        let ends_at = self.ends_at.or(before.ends_at).unwrap_or(proposed.ends_at);
        Timeline {
            starts_at: self.starts_at.or(before.starts_at).unwrap_or(proposed.starts_at),
            entry_deadline_at: self.entry_deadline_at.or(before.entry_deadline_at).unwrap_or(ends_at),
            merger_deadline_at: self.merger_deadline_at.or(before.merger_deadline_at).unwrap_or(ends_at),
            ends_at,
        }
    }

    /// `None` where no limit changes.
    pub fn limits(&self, before: &Competition) -> Option<Limits> {
        let limits = Limits {
            daily: self.daily_limit.unwrap_or(before.daily_limit),
            total: self.total_limit.map_or(before.total_limit, total_of),
            finals: self.final_limit.unwrap_or(before.final_limit),
            team: self.team_limit.unwrap_or(before.team_limit),
            max_upload_bytes: self.max_upload_bytes.unwrap_or(before.max_upload_bytes),
            score_decimals: self.score_decimals.unwrap_or(before.score_decimals),
            ladder: self.ladder.unwrap_or(before.ladder),
            board_shows: self.board_shows.unwrap_or(before.board_shows),
            board_stays_veiled: self.board_stays_veiled.unwrap_or(before.board_stays_veiled),
        };
        (limits != Limits::of(before)).then_some(limits)
    }

    /// `None` where neither who may see it changes nor who is invited.
    ///
    /// # Errors
    /// As [`Visibility::read`].
    pub fn visibility(&self, before: &Competition) -> Result<Option<Visibility>> {
        if self.visibility.is_none() && self.emails.is_none() {
            return Ok(None);
        }
        self.visibility.as_deref().map_or(Ok(before.visibility), Visibility::read).map(Some)
    }
}

/// A data file's name: what the person's machine called it, made safe for every other machine.
pub fn file_name_from(typed: &str) -> String {
    let mut name: String = typed
        .chars()
        .map(|character| {
            if character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-') {
                character
            } else {
                '_'
            }
        })
        .collect();
    name = name.trim_start_matches(['.', '_', '-']).to_owned();
    name.truncate(120);
    if name.is_empty() { "file".to_owned() } else { name }
}

/// What a data file may be.
pub const ROLES: [&str; 5] = ["data", "train", "test", "sample_submission", "history"];

/// Whether a competition has at most one file of this role, as the schema says.
pub fn is_role_of_one(role: &str) -> bool {
    matches!(role, "test" | "sample_submission" | "history")
}

/// A data file's role in words.
pub fn role_title(role: &str) -> &'static str {
    match role {
        "train" => "training data",
        "test" => "test data",
        "sample_submission" => "sample submission",
        "history" => "history, not shown",
        _ => "other data",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_who_propose_a_length_propose_the_same() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(90);
        let proposed = Timeline::proposed(now);
        assert_eq!(Timeline::lasting(now, Timeline::PROPOSED_DAYS).ok(), Some(proposed));
        assert_eq!(proposed.ends_at - proposed.starts_at, TimeDelta::weeks(4));
        assert_eq!(proposed.ends_at - proposed.merger_deadline_at, TimeDelta::weeks(1));
    }

    #[test]
    fn a_title_proposes_an_address() {
        assert_eq!(slug_from("House prices, 2026!"), "house-prices-2026");
        assert_eq!(slug_from("Köln: Verkehr"), "koln-verkehr");
        assert_eq!(slug_from("日本"), "competition");
        assert!(is_slug(&slug_from("x")));
        assert!(is_slug(&slug_from(&"long title ".repeat(20))));
    }

    #[test]
    fn a_timeline_is_in_order_and_in_utc() {
        let read = Timeline::read("2026-12-01T10:00", "", "", "2026-12-31T10:00").expect("a timeline");
        assert_eq!(read.entry_deadline_at, read.ends_at);
        let wrong =
            Timeline::read("2026-12-01T10:00", "", "", "2026-11-01T10:00").and_then(Timeline::checked);
        assert!(matches!(wrong, Err(AppError::Field { field: "ends_at", .. })));
        assert!(Timeline::read("tomorrow", "", "", "2026-11-01T10:00").is_err());
        let zoned =
            Timeline::read("2026-12-01T10:00:00+02:00", "", "", "2026-12-31T10:00").expect("a timeline");
        assert_eq!(field_time(Some(zoned.starts_at)), "2026-12-01T08:00");
    }

    #[test]
    fn an_earlier_end_of_a_draft_takes_deadlines_along_that_nobody_named() {
        let now = DateTime::UNIX_EPOCH;
        let proposed = Timeline::proposed(now);
        let draft = Competition {
            launched_at: None,
            starts_at: Some(proposed.starts_at),
            entry_deadline_at: Some(proposed.entry_deadline_at),
            merger_deadline_at: Some(proposed.merger_deadline_at),
            ends_at: Some(proposed.ends_at),
            ..Competition::sample()
        };
        let soon = proposed.starts_at + TimeDelta::days(7);
        let patch = Patch { ends_at: Some(soon), ..Patch::default() };
        let times = patch.timeline(&draft, now).expect("read").expect("times");
        assert_eq!((times.entry_deadline_at, times.merger_deadline_at), (soon, soon));
        let named = Patch { merger_deadline_at: Some(proposed.merger_deadline_at), ..patch.clone() };
        let times = named.timeline(&draft, now).expect("read").expect("times");
        assert!(times.checked().is_err(), "what is named is not moved");
        let launched = Competition { launched_at: Some(now), ..draft };
        let times = patch.timeline(&launched, now).expect("read").expect("times");
        assert_eq!(times.merger_deadline_at, proposed.merger_deadline_at);
    }

    #[test]
    fn a_leap_second_is_the_second_after_it() {
        for written in ["2016-12-31T23:59:60Z", "2017-01-01T05:29:60+05:30", "2016-12-31T23:59:60"] {
            let read = Timeline::read("2016-12-01T10:00", "", written, written)
                .and_then(Timeline::checked)
                .expect("a timeline");
            assert_eq!(read.ends_at.to_rfc3339(), "2017-01-01T00:00:00+00:00", "{written}");
            assert_eq!((read.merger_deadline_at, read.entry_deadline_at), (read.ends_at, read.ends_at));
        }
        assert!(Timeline::read("2016-12-01T10:00", "", "", "2016-12-31T23:59:61Z").is_err());
    }

    #[test]
    fn file_names_are_safe_on_every_machine() {
        assert_eq!(file_name_from("../my data (1).csv"), "my_data__1_.csv");
        assert_eq!(file_name_from("…"), "file");
    }
}
