//! Parts of the site, how they are, and incidents. Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::facts::{Facts, Queue};
use crate::error::{AppError, Result};
use crate::ids::IncidentId;
use crate::invisible_characters::refuse_controls;
use crate::markdown;
use crate::web::format;

/// Failures of ours within [`super::facts::LATELY`] that are more than bad luck.
const MANY_FAULTS: usize = 5;
/// Longer than this nobody should wait for a score.
const LONG_WAIT_SECONDS: f64 = 600.0;
/// A scorer tells of itself more often than this.
const SILENT_SECONDS: f64 = 60.0;
/// What lasts shorter is no incident.
pub const TO_BE_SURE: TimeDelta = TimeDelta::minutes(5);
/// Mail servers are away for a moment every day.
const LATE_MAIL: TimeDelta = TimeDelta::minutes(30);

const TITLE_LIMITS: std::ops::RangeInclusive<usize> = 3..=150;
pub const TEXT_LIMIT: usize = 10_000;
/// An administrator tells of what began at most so long ago.
const LONGEST_AGO: TimeDelta = TimeDelta::days(7);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SitePart)]
pub enum Part {
    /// Reading pages and the API.
    Pages,
    /// Sending submissions and other files.
    Uploads,
    /// Scoring what was sent.
    Scoring,
    /// Letters that leave the site.
    Mail,
}

impl Part {
    pub const ALL: [Self; 4] = [Self::Pages, Self::Uploads, Self::Scoring, Self::Mail];

    pub fn name(self) -> &'static str {
        match self {
            Self::Pages => "pages",
            Self::Uploads => "uploads",
            Self::Scoring => "scoring",
            Self::Mail => "mail",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Pages => "Pages",
            Self::Uploads => "Uploads",
            Self::Scoring => "Scoring",
            Self::Mail => "Mail",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SitePartState)]
pub enum State {
    Works,
    /// It works, slowly or not for everybody.
    Disturbed,
    Down,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Works => "works",
            Self::Disturbed => "disturbed",
            Self::Down => "does not work",
        }
    }

    /// A class of the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Self::Works => "active",
            Self::Disturbed => "pending",
            Self::Down => "revoked",
        }
    }
}

/// How one part is, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    pub part: Part,
    pub state: State,
    pub sentence: String,
}

fn condition(part: Part, state: State, sentence: impl Into<String>) -> Condition {
    Condition { part, state, sentence: sentence.into() }
}

/// How every part is, by the facts.
pub fn conditions(facts: &Facts) -> [Condition; 4] {
    [pages(facts), uploads(facts), scoring(facts), mail(facts)]
}

fn pages(facts: &Facts) -> Condition {
    if facts.queue.is_none() {
        condition(Part::Pages, State::Down, "The database does not answer: most pages cannot be shown.")
    } else if facts.n_faults >= MANY_FAULTS {
        condition(
            Part::Pages,
            State::Disturbed,
            "Some requests failed a moment ago because of an error on our side.",
        )
    } else {
        condition(Part::Pages, State::Works, "Pages and the API answer.")
    }
}

fn uploads(facts: &Facts) -> Condition {
    if facts.queue.is_none() {
        condition(Part::Uploads, State::Down, "The database does not answer: nothing can be received.")
    } else if !facts.keeps_files {
        condition(Part::Uploads, State::Down, "Files cannot be stored at the moment.")
    } else {
        condition(Part::Uploads, State::Works, "Files are received and stored.")
    }
}

fn scoring(facts: &Facts) -> Condition {
    let Some(queue) = &facts.queue else {
        return condition(Part::Scoring, State::Down, "The database does not answer: scores wait.");
    };
    let waited = queue.waited_seconds.unwrap_or(0.0);
    let is_silent = queue.scorer_silent_seconds.is_none_or(|seconds| seconds > SILENT_SECONDS);
    match (is_silent, queue.waited_seconds) {
        (true, Some(_)) => condition(
            Part::Scoring,
            State::Down,
            "No scorer is running. Submissions are received with their time and will be scored later.",
        ),
        (true, None) => condition(
            Part::Scoring,
            State::Disturbed,
            "No scorer is running, and nothing is waiting for one.",
        ),
        (false, _) if waited > LONG_WAIT_SECONDS => condition(
            Part::Scoring,
            State::Disturbed,
            format!("Scoring is slow: the oldest submission has waited {}.", format::wait(waited)),
        ),
        (false, None) => {
            condition(Part::Scoring, State::Works, "Scorers are running, and nothing is waiting.")
        }
        (false, Some(_)) => condition(
            Part::Scoring,
            State::Works,
            format!("Scorers are running. The oldest submission has waited {}.", format::wait(waited)),
        ),
    }
}

fn mail(facts: &Facts) -> Condition {
    let late = facts.queue.as_ref().and_then(|queue| queue.mail_late_seconds).unwrap_or(0.0);
    if !facts.sends_mail {
        let sentence = "This site does not send email: an administrator passes messages on.";
        condition(Part::Mail, State::Works, sentence)
    } else if facts.queue.is_none() {
        condition(Part::Mail, State::Down, "The database does not answer: email waits.")
    } else if late > 0.0 {
        condition(
            Part::Mail,
            State::Disturbed,
            format!("Email is late: the oldest message has waited {}.", format::wait(late)),
        )
    } else {
        condition(Part::Mail, State::Works, "Email is sent as it is written.")
    }
}

/// What the house finds out by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// No server was there.
    Away,
    Scorers,
    Storage,
    Mail,
}

impl Found {
    /// What [`super::watch`] looks for while it is there.
    pub const WATCHED: [Self; 3] = [Self::Scorers, Self::Storage, Self::Mail];

    pub fn name(self) -> &'static str {
        match self {
            Self::Away => "away",
            Self::Scorers => "scorers",
            Self::Storage => "storage",
            Self::Mail => "mail",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Away => "The site could not be reached",
            Self::Scorers => "Scores are delayed",
            Self::Storage => "Files could not be stored",
            Self::Mail => "Letters are delayed",
        }
    }

    pub fn affects(self) -> &'static [Part] {
        match self {
            Self::Away => &[Part::Pages, Part::Uploads],
            Self::Scorers => &[Part::Scoring],
            Self::Storage => &[Part::Uploads],
            Self::Mail => &[Part::Mail],
        }
    }

    /// What people are told when it is found.
    pub fn beginning(self) -> &'static str {
        match self {
            Self::Away => "No server of this site was running.",
            Self::Scorers => {
                "No scorer is running while submissions wait. They are received with their time and will be scored \
                later."
            }
            Self::Storage => {
                "Files cannot be stored: submissions are refused and do not count against any limit."
            }
            Self::Mail => "Email cannot be handed to the mail server. It waits and will be sent later.",
        }
    }

    /// What people are told when it is over.
    pub fn end(self) -> &'static str {
        match self {
            Self::Away => "The site is back.",
            Self::Scorers => "Scores are being computed again.",
            Self::Storage => "Files are being stored again.",
            Self::Mail => "Email is being sent again.",
        }
    }

    /// Since when it is so, by the facts; `None` where it is not so, or not for long enough to be sure.
    pub fn since(self, facts: &Facts, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let ago = |seconds: f64| {
            // Whole seconds are enough, and a day that long is none.
            #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
            let whole = seconds.clamp(0.0, 1e9) as i64;
            now - TimeDelta::seconds(whole)
        };
        let queue = facts.queue.as_ref();
        let (since, least) = match self {
            Self::Away => return None,
            Self::Scorers => (queue.and_then(Queue::unserved_seconds).map(ago)?, TO_BE_SURE),
            Self::Storage => (facts.files_fail_since?, TO_BE_SURE),
            Self::Mail => (queue?.mail_late_seconds.filter(|_| facts.sends_mail).map(ago)?, LATE_MAIL),
        };
        (now - since >= least).then_some(since)
    }

    /// Whether it works again, by the facts. Where they are unknown it does not.
    pub fn is_over(self, facts: &Facts) -> bool {
        let Some(queue) = &facts.queue else { return false };
        match self {
            Self::Away => true,
            Self::Scorers => {
                queue.waited_seconds.is_none()
                    || queue.scorer_silent_seconds.is_some_and(|seconds| seconds <= SILENT_SECONDS)
            }
            Self::Storage => facts.keeps_files,
            Self::Mail => queue.mail_late_seconds.is_none() || !facts.sends_mail,
        }
    }
}

/// Something that did not work, for everybody to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    pub id: IncidentId,
    pub title: String,
    pub affects: Vec<Part>,
    /// Whether the platform opened it itself.
    pub is_found: bool,
    pub began_at: DateTime<Utc>,
    /// `None` while it lasts.
    pub ended_at: Option<DateTime<Utc>>,
    /// Newest first.
    pub updates: Vec<Update>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    pub markdown: String,
    pub html: String,
    pub written_at: DateTime<Utc>,
}

impl Incident {
    pub fn sample() -> Self {
        let at = DateTime::UNIX_EPOCH;
        let update = Update {
            markdown: "No scorer is at work.".to_owned(),
            html: "<p>No scorer is at work.</p>".to_owned(),
            written_at: at,
        };
        Self {
            id: IncidentId(1),
            title: "Scores are delayed".to_owned(),
            affects: vec![Part::Uploads, Part::Scoring],
            is_found: true,
            began_at: at,
            ended_at: None,
            updates: vec![update],
        }
    }

    /// In small letters, with commas.
    pub fn affected(&self) -> String {
        self.affects.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ")
    }

    /// As far as it is known.
    pub fn length(&self, now: &DateTime<Utc>) -> String {
        exactly(self.ended_at.unwrap_or(*now) - self.began_at)
    }
}

/// A length to the second: ends move by it.
pub fn exactly(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let parts = [
        (seconds / 86_400, "day"),
        (seconds / 3600 % 24, "hour"),
        (seconds / 60 % 60, "minute"),
        (seconds % 60, "second"),
    ];
    let words: Vec<String> = parts
        .into_iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, unit)| format!("{n} {unit}{}", if n == 1 { "" } else { "s" }))
        .collect();
    if words.is_empty() { "0 seconds".to_owned() } else { words.join(" ") }
}

/// What an administrator tells of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    pub title: String,
    pub affects: Vec<Part>,
    /// Markdown.
    pub text: String,
    /// Now when left out.
    pub began_at: Option<DateTime<Utc>>,
}

impl Wish {
    /// # Errors
    /// [`AppError::Field`] for what cannot be kept.
    pub fn checked(&self, now: DateTime<Utc>) -> Result<Self> {
        let title = self.title.trim().to_owned();
        if !TITLE_LIMITS.contains(&title.chars().count()) {
            return Err(AppError::field("title", "Say what does not work in 3 to 150 characters."));
        }
        refuse_controls(&title).map_err(|sentence| AppError::field("title", sentence))?;
        let affects: Vec<Part> = Part::ALL.into_iter().filter(|part| self.affects.contains(part)).collect();
        if affects.is_empty() {
            return Err(AppError::field("affects", "Choose at least one part of the site."));
        }
        let began_at = self.began_at.unwrap_or(now);
        if began_at > now || began_at < now - LONGEST_AGO {
            return Err(AppError::field(
                "began_at",
                "It must have started within the last seven days, and not in the future.",
            ));
        }
        Ok(Self { title, affects, text: checked_text(&self.text)?, began_at: Some(began_at) })
    }
}

/// # Errors
/// [`AppError::Field`] for a text that is empty or too long.
pub fn checked_text(text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() || text.chars().count() > TEXT_LIMIT {
        return Err(AppError::field("text", "Write 1 to 10,000 characters."));
    }
    Ok(text)
}

/// When it ended; now where nothing is said.
///
/// # Errors
/// [`AppError::Field`] for a time before it began, or in the future.
pub fn checked_end(
    began_at: DateTime<Utc>,
    ended_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>> {
    let ended_at = ended_at.unwrap_or(now.max(began_at + TimeDelta::seconds(1)));
    if ended_at <= began_at || ended_at > now.max(began_at + TimeDelta::seconds(1)) {
        return Err(AppError::field(
            "ended_at",
            "It must have ended after it started, and not in the future.",
        ));
    }
    Ok(ended_at)
}

/// A text for everybody as HTML.
pub fn draw(text: &str) -> String {
    markdown::draw(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(queue: Option<Queue>) -> Facts {
        Facts { queue, keeps_files: true, files_fail_since: None, sends_mail: true, n_faults: 0 }
    }

    fn queue(waited: Option<f64>, silent: Option<f64>) -> Queue {
        Queue { waited_seconds: waited, scorer_silent_seconds: silent, mail_late_seconds: None }
    }

    fn states(facts: &Facts) -> [State; 4] {
        conditions(facts).map(|condition| condition.state)
    }

    #[test]
    fn every_part_is_as_the_facts_say() {
        use State::{Disturbed, Down, Works};
        assert_eq!(states(&facts(Some(queue(None, Some(1.0))))), [Works; 4]);
        assert_eq!(states(&facts(None)), [Down; 4]);
        assert_eq!(states(&facts(Some(queue(Some(700.0), Some(1.0)))))[2], Disturbed);
        assert_eq!(states(&facts(Some(queue(Some(1.0), Some(61.0)))))[2], Down);
        assert_eq!(states(&facts(Some(queue(None, None))))[2], Disturbed);
        let broken = Facts { keeps_files: false, n_faults: 5, ..facts(Some(queue(None, Some(1.0)))) };
        assert_eq!(states(&broken), [Disturbed, Down, Works, Works]);
        let late = Queue { mail_late_seconds: Some(3.0), ..queue(None, Some(1.0)) };
        assert_eq!(states(&facts(Some(late)))[3], Disturbed);
    }

    #[test]
    fn scorers_are_missed_after_five_minutes_in_which_jobs_waited() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let since = |waited, silent| Found::Scorers.since(&facts(Some(queue(waited, silent))), now);
        assert_eq!(since(None, Some(9999.0)), None, "nothing waits");
        assert_eq!(since(Some(9999.0), Some(10.0)), None, "somebody works");
        assert_eq!(since(Some(301.0), Some(200.0)), None, "not for long enough");
        assert_eq!(since(Some(301.0), Some(9999.0)), Some(now - TimeDelta::seconds(301)));
        assert_eq!(since(Some(9999.0), None), Some(now - TimeDelta::seconds(9999)));
        assert!(!Found::Scorers.is_over(&facts(None)), "nobody knows");
        assert!(Found::Scorers.is_over(&facts(Some(queue(Some(9999.0), Some(1.0))))));
    }

    #[test]
    fn a_length_is_told_to_the_second() {
        assert_eq!(exactly(TimeDelta::seconds(6601)), "1 hour 50 minutes 1 second");
        assert_eq!(exactly(TimeDelta::days(2)), "2 days");
        assert_eq!(exactly(TimeDelta::zero()), "0 seconds");
    }

    #[test]
    fn what_administrators_tell_of_is_checked() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(30);
        let wish = Wish {
            title: " Slow ".to_owned(),
            affects: vec![Part::Mail, Part::Pages],
            text: "It is slow.".to_owned(),
            began_at: None,
        };
        let kept = wish.checked(now).expect("fine");
        assert_eq!((kept.title.as_str(), kept.affects), ("Slow", vec![Part::Pages, Part::Mail]));
        let wrong = |wish: Wish| matches!(wish.checked(now), Err(AppError::Field { .. }));
        assert!(wrong(Wish { title: "no".to_owned(), ..wish.clone() }));
        assert!(wrong(Wish { affects: Vec::new(), ..wish.clone() }));
        assert!(wrong(Wish { text: " ".to_owned(), ..wish.clone() }));
        assert!(wrong(Wish { began_at: Some(now + TimeDelta::seconds(1)), ..wish.clone() }));
        assert!(wrong(Wish { began_at: Some(now - TimeDelta::days(8)), ..wish }));
        let later = now + TimeDelta::hours(1);
        assert_eq!(checked_end(now, None, later).expect("now"), later);
        assert!(checked_end(now, Some(now), later).is_err() && checked_end(now, Some(later), now).is_err());
    }
}
