//! What changes after the launch, for everybody to read: times that move, data files that come, change or go. Those who
//! take part are told once.
//!
//! Never here: a time that moved in. The schema has no such change.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::competitions::model::Competition;
use crate::competitions::settings::{Timeline, is_role_of_one};
use crate::competitions::store::changes as store;
use crate::competitions::store::data::DataFile;
use crate::error::{AppError, Result};
use crate::ids::CompetitionId;
use crate::notifications::model::Event;
use crate::notifications::tell::{self, Bulletin};
use crate::web::format;

/// Stands for the hidden labels among changed files; no file can have this name.
const LABELS: &str = "the hidden labels";
/// Of a note, in characters.
const NOTE_LIMIT: usize = 1000;
/// Of what people are told, in characters, as the schema has it.
const SENTENCE_LIMIT: usize = 500;

/// What a change that everybody reads is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum About {
    Timeline,
    Data,
    Page,
    /// A scoring version; the database writes these down.
    Version,
}

impl About {
    pub fn name(self) -> &'static str {
        match self {
            Self::Timeline => "timeline",
            Self::Data => "data",
            Self::Page => "page",
            Self::Version => "version",
        }
    }
}

/// What was done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Verb {
    Moved,
    Added,
    Replaced,
    Removed,
    Edited,
    /// Everything began to be scored under a version.
    Started,
    /// The version was given up.
    Abandoned,
    /// It counts from then on.
    Published,
    /// It counts again.
    Restored,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Removed => "removed",
            Self::Edited => "edited",
            Self::Started => "started",
            Self::Abandoned => "abandoned",
            Self::Published => "published",
            Self::Restored => "restored",
        }
    }
}

/// One thing that is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub about: About,
    /// Which time, as it is called in the API; a file's name; a page's, as in its address; or a scoring version's number.
    pub item: String,
    pub verb: Verb,
    pub moved_from: Option<DateTime<Utc>>,
    pub moved_to: Option<DateTime<Utc>>,
}

impl Changed {
    fn file(name: &str, verb: Verb) -> Self {
        Self { about: About::Data, item: name.to_owned(), verb, moved_from: None, moved_to: None }
    }

    /// The hidden labels, which their host released.
    pub fn labels() -> Self {
        Self::file(LABELS, Verb::Added)
    }

    /// In one sentence, without its full stop.
    pub fn sentence(&self) -> String {
        let what = match self.item.as_str() {
            "ends_at" => "the end",
            "entry_deadline_at" => "the last moment to enter",
            "merger_deadline_at" => "the last moment to merge teams",
            file => file,
        };
        if let Some(sentence) = self.of_version() {
            return sentence;
        }
        if self.about == About::Page {
            return format!("the page “{}” was edited", self.item);
        }
        if self.item == LABELS {
            return "the host released the hidden labels".to_owned();
        }
        match (self.verb, self.moved_from, self.moved_to) {
            (Verb::Moved, Some(from), Some(to)) => {
                format!("{what} moved from {} to {}", format::time(&from), format::time(&to))
            }
            (verb, ..) => format!("{what} was {}", verb.name()),
        }
    }
}

impl Changed {
    fn of_version(&self) -> Option<String> {
        let number = &self.item;
        match self.verb {
            Verb::Started => Some(format!("the scoring under version {number} was begun")),
            Verb::Abandoned => Some(format!("the scoring under version {number} was given up")),
            Verb::Published => Some(format!("the scores are those of version {number} from then on")),
            Verb::Restored => Some(format!("the scores are those of version {number} again")),
            Verb::Moved | Verb::Added | Verb::Replaced | Verb::Removed | Verb::Edited => None,
        }
    }
}

/// A change as everybody reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub id: i64,
    pub changed: Changed,
    /// The host's; may be empty.
    pub note: String,
    /// Empty where the account is gone.
    pub changed_by: String,
    pub changed_at: DateTime<Utc>,
}

impl Change {
    pub fn sample() -> Self {
        let at = DateTime::UNIX_EPOCH;
        Self {
            id: 1,
            changed: Changed {
                about: About::Timeline,
                item: "ends_at".to_owned(),
                verb: Verb::Moved,
                moved_from: Some(at),
                moved_to: Some(at + chrono::TimeDelta::days(7)),
            },
            note: "The data came late.".to_owned(),
            changed_by: "Host".to_owned(),
            changed_at: at,
        }
    }

    /// With a capital letter.
    pub fn sentence(&self) -> String {
        capital(&self.changed.sentence())
    }
}

fn capital(sentence: &str) -> String {
    // A file keeps its name as it is written.
    match sentence.strip_prefix("the ") {
        Some(rest) => format!("The {rest}"),
        None => sentence.to_owned(),
    }
}

/// # Errors
/// [`AppError::Field`] for a note that is too long.
pub fn checked_note<'a>(field: &'static str, note: &'a str) -> Result<&'a str> {
    let note = note.trim();
    if note.chars().count() > NOTE_LIMIT {
        return Err(AppError::field(field, "A note has at most 1,000 characters."));
    }
    Ok(note)
}

/// The times that move out. What was never set is the end, and moves with it.
pub fn moves(before: &Competition, after: &Timeline) -> Vec<Changed> {
    let times = [
        ("ends_at", before.ends_at, after.ends_at),
        ("entry_deadline_at", before.entry_deadline_at, after.entry_deadline_at),
        ("merger_deadline_at", before.merger_deadline_at, after.merger_deadline_at),
    ];
    let moved = times.into_iter().filter_map(|(item, from, to)| {
        let from = from.filter(|from| to > *from)?;
        Some(Changed {
            about: About::Timeline,
            item: item.to_owned(),
            verb: Verb::Moved,
            moved_from: Some(from),
            moved_to: Some(to),
        })
    });
    moved.collect()
}

/// What a file that is put does to those there were. Files that are not handed out are nobody's business.
pub fn put(before: &[DataFile], name: &str, role: &str, sha256: &[u8]) -> Vec<Changed> {
    let own = before.iter().find(|file| file.name == name);
    let ousted = before.iter().filter(|file| file.name != name && file.role == role && is_role_of_one(role));
    let mut changed: Vec<Changed> = ousted
        .filter(|file| file.is_for_participants())
        .map(|file| Changed::file(&file.name, Verb::Removed))
        .collect();
    let is_shown = role != "history";
    match own.filter(|file| file.is_for_participants()) {
        Some(file) if !is_shown => changed.push(Changed::file(&file.name, Verb::Removed)),
        Some(file) if file.sha256 != sha256 => changed.push(Changed::file(name, Verb::Replaced)),
        Some(_) => {}
        None if is_shown => changed.push(Changed::file(name, Verb::Added)),
        None => {}
    }
    changed
}

/// Pages that people rely on: their rules, and how they are judged.
const RELIED_ON: [&str; 2] = ["rules", "evaluation"];

/// What another text on a page is to participants.
pub fn edited(page: &str) -> Vec<Changed> {
    let changed = RELIED_ON.contains(&page).then(|| Changed {
        about: About::Page,
        item: page.to_owned(),
        verb: Verb::Edited,
        moved_from: None,
        moved_to: None,
    });
    changed.into_iter().collect()
}

/// What the removal of a file is to participants.
pub fn removed(name: &str, role: &str) -> Vec<Changed> {
    if role == "history" { Vec::new() } else { vec![Changed::file(name, Verb::Removed)] }
}

/// Writes changes down and has everybody who takes part told of them together; nothing where there are none.
/// Its caller holds the competition, which is launched.
///
/// # Errors
/// Those of the database.
pub async fn record(
    conn: &mut PgConnection,
    (id, title): (CompetitionId, &str),
    host: &Member,
    changed: &[Changed],
    note: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    if changed.is_empty() {
        return Ok(());
    }
    let sentences: Vec<String> = changed.iter().map(Changed::sentence).collect();
    let sentence: String =
        format!("{title}: {}", sentences.join("; ")).chars().take(SENTENCE_LIMIT).collect();
    let bulletin =
        Bulletin { competition: id, event: Event::Changed, sentence: &sentence, excerpt: note, by: host.id };
    let bulletin = tell::all_who_take_part(conn, &bulletin, now).await?;
    for one in changed {
        store::insert(conn, id, bulletin, one, note, host.id, now).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn released_labels_are_told_in_words() {
        let change = Change { changed: Changed::labels(), ..Change::sample() };
        assert_eq!(change.sentence(), "The host released the hidden labels");
    }

    #[test]
    fn what_happened_to_a_version_is_told_with_its_number() {
        let of = |verb| Changed {
            about: About::Version,
            item: "2".to_owned(),
            verb,
            moved_from: None,
            moved_to: None,
        };
        let change = Change { changed: of(Verb::Abandoned), ..Change::sample() };
        assert_eq!(change.sentence(), "The scoring under version 2 was given up");
        assert_eq!(of(Verb::Restored).sentence(), "the scores are those of version 2 again");
    }

    #[test]
    fn what_moves_out_is_told_and_nothing_else() {
        let before = Competition::sample();
        let ends_at = before.ends_at.expect("set");
        let deadline = before.entry_deadline_at.expect("set");
        let same = Timeline {
            starts_at: before.starts_at.expect("set"),
            entry_deadline_at: deadline,
            merger_deadline_at: deadline,
            ends_at,
        };
        assert!(moves(&before, &same).is_empty());
        let moved = moves(&before, &Timeline { ends_at: ends_at + TimeDelta::days(7), ..same });
        assert_eq!(moved.len(), 1);
        assert_eq!(moved[0].sentence(), "the end moved from 1970-01-31 00:00 UTC to 1970-02-07 00:00 UTC");
        let change = Change { changed: moved[0].clone(), ..Change::sample() };
        assert!(change.sentence().starts_with("The end moved"));
    }

    #[test]
    fn files_come_change_and_go() {
        let train = DataFile::sample();
        let verbs = |name: &str, role: &str, sha256: &[u8]| {
            let changed = put(std::slice::from_ref(&train), name, role, sha256);
            changed.into_iter().map(|one| (one.item, one.verb)).collect::<Vec<_>>()
        };
        let file = |name: &str, verb| (name.to_owned(), verb);
        assert_eq!(verbs("train.csv", "train", &[7; 32]), []);
        assert_eq!(verbs("train.csv", "train", &[8; 32]), [file("train.csv", Verb::Replaced)]);
        assert_eq!(verbs("train2.csv", "train", &[7; 32]), [file("train2.csv", Verb::Added)]);
        assert_eq!(verbs("more.csv", "data", &[7; 32]), [file("more.csv", Verb::Added)]);
        assert_eq!(verbs("past.csv", "history", &[7; 32]), []);
        assert_eq!(verbs("train.csv", "history", &[7; 32]), [file("train.csv", Verb::Removed)]);
        assert!(removed("past.csv", "history").is_empty());
        assert_eq!(edited("rules")[0].sentence(), "the page “rules” was edited");
        assert!(edited("prizes").is_empty());
    }
}
