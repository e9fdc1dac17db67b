//! Reading a folder, offline: everything in it, or everything that is wrong with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use holdout_contract::spec::MetricSpec;
use toml::de::DeTable;

use super::model::{Contents, DATA, FORMAT, SETTINGS};
use super::problems::{Lines, Problem, Problems, n_errors};
use super::sections::{Located, Section, Source};
use super::{parts, tables};
use crate::competitions::board_shows::BoardShows;
use crate::competitions::ladder::Ladder;
use crate::competitions::settings::{self, Limits, Timeline, total_of};
use crate::competitions::visibility::Visibility;
use crate::error::AppError;
use crate::files::sha256_of;

/// A folder that can be pushed.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    pub root: PathBuf,
    /// The hashes of data files are empty until [`Folder::hash`].
    pub contents: Contents,
    /// The file with the labels, relative to the root.
    pub solution: Option<String>,
}

/// What came of reading a folder.
#[derive(Debug)]
pub struct Reading {
    /// Absent where there is an error.
    pub folder: Option<Folder>,
    pub problems: Vec<Problem>,
}

/// Reads a folder. `catalogue` are the metrics that it may name.
pub fn read(root: &Path, catalogue: &[MetricSpec]) -> Reading {
    let problems = Problems::default();
    let folder = read_settings(root, catalogue, &problems);
    let problems = problems.sorted();
    let is_whole = n_errors(&problems) == 0;
    Reading { folder: folder.filter(|_| is_whole), problems }
}

fn read_settings(root: &Path, catalogue: &[MetricSpec], problems: &Problems) -> Option<Folder> {
    let text = match fs::read_to_string(root.join(SETTINGS)) {
        Ok(text) => text,
        Err(error) => {
            problems.error(SETTINGS, None, why_unread(&error));
            return None;
        }
    };
    let lines = Lines::of(&text);
    let (document, faults) = DeTable::parse_recoverable(&text);
    for fault in &faults {
        let line = fault.span().map(|span| lines.at(span.start));
        problems.error(SETTINGS, line, format!("This is not TOML: {}.", fault.message()));
    }
    let source = Source { file: SETTINGS, lines: &lines, problems, is_whole: faults.is_empty() };
    let mut top = Section::new(source, document.get_ref(), "", 1);
    check_format(&mut top, source);
    let basics = basics(&mut top, source);
    let timeline = timeline(&mut top, source);
    let limits = limits(&mut top, source);
    let pages = parts::pages(&mut top, source, root);
    let data = parts::data(&mut top, source, root);
    parts::check_links(source, &pages, &data);
    let metric = parts::metric(&mut top, source, root, catalogue);
    let audit = parts::audit(&mut top, source);
    let solution = parts::solution(&mut top, source, root);
    top.finish();
    let tables = tables::Tables::new(&data, metric.as_ref(), solution.as_ref(), catalogue);
    tables::check(root, &tables, problems);
    let (basics, timeline, limits) = (basics?, timeline?, limits?);
    let contents = Contents {
        title: basics.title,
        slug: basics.slug,
        subtitle: basics.subtitle,
        visibility: basics.visibility.name().to_owned(),
        starts_at: timeline.starts_at,
        entry_deadline_at: timeline.entry_deadline_at,
        merger_deadline_at: timeline.merger_deadline_at,
        ends_at: timeline.ends_at,
        daily_limit: limits.daily,
        total_limit: limits.total.unwrap_or_default(),
        final_limit: limits.finals,
        team_limit: limits.team,
        max_upload_bytes: limits.max_upload_bytes,
        score_decimals: limits.score_decimals,
        ladder: limits.ladder,
        board_shows: limits.board_shows,
        board_stays_veiled: limits.board_stays_veiled,
        pages,
        data: data.into_iter().map(|file| file.value).collect(),
        metric,
        audit,
    };
    let solution = solution.map(|file| file.value);
    Some(Folder { root: root.to_owned(), contents, solution })
}

/// Why a file could not be read, as a sentence.
pub fn why_unread(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "There is no such file.".to_owned(),
        io::ErrorKind::InvalidData => "This is no text in UTF-8.".to_owned(),
        _ => format!("It cannot be read: {error}."),
    }
}

fn check_format(top: &mut Section<'_>, source: Source<'_>) {
    match top.integer("format") {
        None => top.missing("format", "format = 1"),
        Some(format) if format.value != FORMAT => source.error(
            format.line,
            format!("This program reads format {FORMAT}, not {}. Take a newer one.", format.value),
        ),
        Some(_) => {}
    }
}

struct Basics {
    title: String,
    slug: String,
    subtitle: String,
    visibility: Visibility,
}

/// The value, with a rule of the platform checked.
fn checked<T>(
    source: Source<'_>,
    found: Option<Located<T>>,
    check: impl FnOnce(&T) -> Result<(), AppError>,
) -> Option<T> {
    let found = found?;
    if let Err(error) = check(&found.value) {
        source.error(found.line, sentence(error));
    }
    Some(found.value)
}

/// The sentence that a rule of the platform says to a person.
pub fn sentence(error: AppError) -> String {
    match error {
        AppError::Field { message, .. } => message,
        other => other.to_string(),
    }
}

fn basics(top: &mut Section<'_>, source: Source<'_>) -> Option<Basics> {
    let title = top.text("title");
    let slug = top.text("slug");
    for (found, key, example) in
        [(&title, "title", "title = \"House prices\""), (&slug, "slug", "slug = \"house-prices\"")]
    {
        if found.is_none() && !top.has(key) {
            top.missing(key, example);
        }
    }
    let subtitle = top.text("subtitle");
    let subtitle = checked(source, subtitle, |text| settings::check_subtitle(text.trim()));
    let visibility = top.text("visibility");
    let visibility = visibility.map(|found| {
        Visibility::read(&found.value).unwrap_or_else(|error| {
            source.error(found.line, sentence(error));
            Visibility::Public
        })
    });
    let title = checked(source, title, |text| settings::check_title(text.trim()));
    let slug = checked(source, slug, |text| settings::check_slug(text));
    Some(Basics {
        title: title?.trim().to_owned(),
        slug: slug?,
        subtitle: subtitle.unwrap_or_default().trim().to_owned(),
        visibility: visibility.unwrap_or(Visibility::Public),
    })
}

fn timeline(top: &mut Section<'_>, source: Source<'_>) -> Option<Timeline> {
    let Some(mut section) = top.section("timeline", "[timeline]") else {
        if !top.has("timeline") {
            top.missing("[timeline]", "it with starts_at = 2026-12-01T00:00:00Z and ends_at");
        }
        return None;
    };
    let [starts, entry, merger, ends] = ["starts_at", "entry_deadline_at", "merger_deadline_at", "ends_at"]
        .map(|key| (key, section.time(key)));
    for (key, found) in [&starts, &ends] {
        if found.is_none() && !section.has(key) {
            section.missing(key, &format!("{key} = 2026-12-01T00:00:00Z"));
        }
    }
    let lines = [&starts, &entry, &merger, &ends]
        .map(|(key, found)| (*key, found.as_ref().map_or(section.line, |found| found.line)));
    section.finish();
    let value = |found: (&str, Option<Located<_>>)| found.1.map(|found| found.value);
    let (starts_at, ends_at) = (value(starts)?, value(ends)?);
    let timeline = Timeline {
        starts_at,
        entry_deadline_at: value(entry).unwrap_or(ends_at),
        merger_deadline_at: value(merger).unwrap_or(ends_at),
        ends_at,
    };
    report(source, timeline.faults(), &lines);
    Some(timeline)
}

/// Faults of fields, each at the line of its key.
fn report(source: Source<'_>, faults: Vec<AppError>, lines: &[(&str, usize)]) {
    for fault in faults {
        let AppError::Field { field, message } = fault else { continue };
        let line = lines.iter().find(|(key, _)| *key == field).map_or(1, |(_, line)| *line);
        source.error(line, message);
    }
}

fn limits(top: &mut Section<'_>, source: Source<'_>) -> Option<Limits> {
    let usual = Limits::default();
    let Some(mut section) = top.section("limits", "[limits]") else { return Some(usual) };
    let mut lines = Vec::new();
    let ladder = checked_ladder(&mut section, source);
    let board_shows = checked_board(&mut section, source);
    let stays = section.flag("board_stays_veiled");
    lines.push(("board_stays_veiled", stays.as_ref().map_or(section.line, |found| found.line)));
    let mut limit = |key: &'static str, usual: i64| {
        let found = section.integer(key);
        lines.push((key, found.map_or(section.line, |found| found.line)));
        found.map_or(usual, |found| found.value)
    };
    // What is too large for the platform's type is out of the bounds as well.
    let narrow = |value: i64| i32::try_from(value).unwrap_or(i32::MAX);
    let limits = Limits {
        ladder,
        board_shows,
        board_stays_veiled: stays.is_some_and(|found| found.value),
        daily: narrow(limit("daily_limit", usual.daily.into())),
        total: total_of(narrow(limit("total_limit", 0))),
        finals: narrow(limit("final_limit", usual.finals.into())),
        team: narrow(limit("team_limit", usual.team.into())),
        score_decimals: narrow(limit("score_decimals", usual.score_decimals.into())),
        max_upload_bytes: limit("max_upload_bytes", usual.max_upload_bytes),
    };
    section.finish();
    report(source, limits.faults(), &lines);
    Some(limits)
}

fn checked_board(section: &mut Section<'_>, source: Source<'_>) -> BoardShows {
    let Some(found) = section.text("board_shows") else { return BoardShows::Everybody };
    BoardShows::read(&found.value).unwrap_or_else(|error| {
        source.error(found.line, sentence(error));
        BoardShows::Everybody
    })
}

fn checked_ladder(section: &mut Section<'_>, source: Source<'_>) -> Ladder {
    let Some(found) = section.text("ladder") else { return Ladder::Auto };
    Ladder::read(&found.value).unwrap_or_else(|error| {
        source.error(found.line, sentence(error));
        Ladder::Auto
    })
}

impl Folder {
    /// Fills in the hashes of the data files.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn hash(&mut self) -> io::Result<()> {
        for file in &mut self.contents.data {
            file.sha256 = sha256_of(&self.root.join(DATA).join(&file.name))?;
        }
        Ok(())
    }
}
