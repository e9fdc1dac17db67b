//! A competition while it is put together from a bundle: pages, files, settings, and what is told of each.

use std::fs::{self, File};
use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::Map;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::archive::Refused;
use super::html;
use super::report::Report;
use super::tree::Tree;
use crate::competitions::board_shows::BoardShows;
use crate::competitions::edit_pages::is_page_slug;
use crate::competitions::settings::{Limits, check_subtitle, file_name_from, slug_from};
use crate::folder::links;
use crate::folder::model::{Contents, DATA, DataFile, Metric, Module, Page};
use crate::folder::write::{self, Remarks};

/// Longest title of a page.
const PAGE_TITLE_CHARS: usize = 60;
const TITLE_CHARS: usize = 120;
/// Submissions of a team in a whole competition.
const MOST_IN_ALL: i64 = 100_000;
const LINE_CHARS: usize = 200;

/// Where a file's bytes are.
pub enum Payload {
    Of(Tree, String),
    Made(Vec<u8>),
    /// Every file of a folder, as a zip.
    Zipped(Tree),
}

impl Payload {
    /// # Errors
    /// [`Refused`]
    pub fn write(&self, into: &mut impl std::io::Write) -> Result<(), Refused> {
        match self {
            Self::Of(tree, path) => tree.copy(path, into),
            Self::Made(bytes) => Ok(into.write_all(bytes)?),
            Self::Zipped(folder) => zip(folder, into),
        }
    }
}

fn zip(folder: &Tree, into: &mut impl std::io::Write) -> Result<(), Refused> {
    let mut zip = ZipWriter::new_stream(into);
    for name in folder.paths() {
        let is_large = folder.size_bytes(name)? > u64::from(u32::MAX);
        zip.start_file(name, SimpleFileOptions::default().large_file(is_large))?;
        folder.copy(name, &mut zip)?;
    }
    zip.finish()?;
    Ok(())
}

/// A competition that came from a bundle.
pub struct Draft {
    pub contents: Contents,
    pub remarks: Remarks,
    /// Of the data files, in their order.
    pub files: Vec<Payload>,
    pub solution: Option<Payload>,
    pub report: Report,
}

impl Draft {
    pub fn new(kind: &str) -> Self {
        let (limits, at) = (Limits::default(), DateTime::UNIX_EPOCH);
        let contents = Contents {
            title: String::new(),
            slug: String::new(),
            subtitle: String::new(),
            visibility: "public".to_owned(),
            starts_at: at,
            entry_deadline_at: at,
            merger_deadline_at: at,
            ends_at: at,
            daily_limit: limits.daily,
            total_limit: limits.total.unwrap_or_default(),
            final_limit: limits.finals,
            team_limit: limits.team,
            max_upload_bytes: limits.max_upload_bytes,
            score_decimals: limits.score_decimals,
            ladder: limits.ladder,
            board_shows: limits.board_shows,
            board_stays_veiled: limits.board_stays_veiled,
            pages: Vec::new(),
            data: Vec::new(),
            metric: None,
            audit: None,
        };
        let remarks = Remarks {
            open_times: vec!["starts_at", "entry_deadline_at", "merger_deadline_at", "ends_at"],
            ..Remarks::default()
        };
        Self { contents, remarks, files: Vec::new(), solution: None, report: Report::new(kind) }
    }

    pub fn title(&mut self, title: &str) {
        let title: String = title.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown: String = title.chars().take(TITLE_CHARS).collect();
        if shown != title {
            self.report
                .changed("title", format!("A title has at most {TITLE_CHARS} characters; it was “{title}”."));
        } else {
            self.report.carried("title", shown.clone());
        }
        self.contents.title = if shown.is_empty() { "Imported competition".to_owned() } else { shown };
        self.contents.slug = slug_from(&self.contents.title);
    }

    /// One line below the title; a longer text becomes a page.
    pub fn description(&mut self, what: &str, text: &str) {
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return;
        }
        if check_subtitle(&line).is_ok() {
            self.contents.subtitle = line;
            self.report.carried(what, "It is the line below the title.");
        } else {
            self.contents.subtitle = line.chars().take(LINE_CHARS - 1).collect::<String>() + "…";
            self.page("About", text.trim());
            self.report
                .changed(what, "Too long for the line below the title: the whole text is the page “About”.");
        }
    }

    /// The time from the first start to the last end; what is not known stays open.
    pub fn timeline(&mut self, starts_at: Option<DateTime<Utc>>, ends_at: Option<DateTime<Utc>>) {
        let mut set = |names: &[&'static str]| self.remarks.open_times.retain(|name| !names.contains(name));
        if let Some(starts_at) = starts_at {
            set(&["starts_at"]);
            self.contents.starts_at = starts_at;
        }
        if let Some(ends_at) = ends_at {
            set(&["ends_at", "entry_deadline_at", "merger_deadline_at"]);
            self.contents.ends_at = ends_at;
            self.contents.entry_deadline_at = ends_at;
            self.contents.merger_deadline_at = ends_at;
        }
        for name in ["starts_at", "ends_at"] {
            if self.remarks.open_times.contains(&name) {
                self.report.to_do(
                    name,
                    "The bundle names no such time: set it under [timeline] in competition.toml.",
                );
            }
        }
    }

    /// A limit of the bundle's for the whole competition; 0 means none there.
    pub fn total_limit(&mut self, what: &str, limit: i64) {
        let kept = i32::try_from(limit.clamp(0, MOST_IN_ALL)).unwrap_or_default();
        self.contents.total_limit = kept;
        match (kept, i64::from(kept) == limit) {
            (0, _) => self.report.carried(what, "No limit in all."),
            (_, true) => self.report.carried(what, format!("{limit} submissions a team in all.")),
            _ => self.report.changed(what, format!("{kept}, the most that Holdout takes; it was {limit}.")),
        }
    }

    /// What the bundle's board hides until the end: there it was for a host to open it.
    pub fn board(&mut self, what: &str, shows: BoardShows) {
        self.contents.board_shows = self.contents.board_shows.max(shows);
        let words = match shows {
            BoardShows::Everybody => return,
            BoardShows::NamesHidden => "Other teams stand on the board under pseudonyms until the end",
            BoardShows::OwnRow => "Each team sees its own row of the board alone until the end",
        };
        let after = "board_stays_veiled = true under [limits] in competition.toml keeps it so afterwards.";
        self.report.carried(what, format!("{words}; {after}"));
    }

    /// Where the bundle does not let everybody in: neither does the competition. `who` says whom it let in.
    pub fn closed(&mut self, what: impl Into<String>, who: &str) {
        let what = what.into();
        let done = "visibility = \"invitation\": only people whom you invite see it and enter.";
        self.report.changed(&what, format!("{who} Here it is by invitation: {done}"));
        if self.contents.visibility != "invitation" {
            self.contents.visibility = "invitation".to_owned();
            self.report.to_do(
                "invitations",
                "Invite people by their addresses or with the link, or set visibility = \"public\" if everybody may enter.",
            );
        }
    }

    /// A limit of the bundle's; 0 means none there.
    pub fn daily_limit(&mut self, what: &str, limit: i64) {
        let most = 1000;
        let kept = if limit <= 0 { most } else { limit.min(most) };
        self.contents.daily_limit = i32::try_from(kept).unwrap_or(1000);
        if kept == limit {
            self.report.carried(what, format!("{limit} submissions a day a team."));
        } else {
            self.report.changed(
                what,
                format!(
                    "{kept} a day, the most that Holdout takes; it was {limit} (0 means no limit there)."
                ),
            );
        }
    }

    /// Adds a page under a name that is free, and gives it.
    pub fn page(&mut self, title: &str, markdown: &str) -> String {
        let title: String = title.trim().chars().take(PAGE_TITLE_CHARS).collect();
        let title = if title.is_empty() { "Page".to_owned() } else { title };
        let made: String = slug_from(&title).chars().take(38).collect();
        let made = made.trim_end_matches('-').to_owned();
        let is_free = |slug: &String| self.contents.pages.iter().all(|page| page.slug != *slug);
        let slug = (1..)
            .map(|number| if number == 1 { made.clone() } else { format!("{made}-{number}") })
            .find(|slug| is_free(slug) && is_page_slug(slug))
            .unwrap_or(made);
        let markdown = if markdown.ends_with('\n') { markdown.to_owned() } else { format!("{markdown}\n") };
        self.contents.pages.push(Page { slug: slug.clone(), title, markdown });
        slug
    }

    /// Adds a file of the bundle as a page, its HTML as Markdown.
    pub fn page_file(&mut self, tree: &Tree, path: &str, title: &str) {
        let what = format!("page {path}");
        let text = match tree.text(path) {
            Ok(text) => text,
            Err(refused) => return self.report.not_carried(what, refused.to_string()),
        };
        let is_html = path.ends_with(".html") || path.ends_with(".htm");
        let (markdown, left_out) = if is_html {
            let converted = html::to_markdown(&text);
            (converted.markdown, converted.left_out)
        } else {
            (text, Vec::new())
        };
        let (markdown, broken) = self.mend_links(tree, path, markdown);
        let slug = self.page(title, &markdown);
        if is_html {
            self.report.changed(&what, format!("HTML became Markdown, as pages/{slug}.md: look at it."));
        } else {
            self.report.carried(&what, format!("It is pages/{slug}.md."));
        }
        if !left_out.is_empty() {
            self.report.not_carried(&what, format!("Left out of the page: {}.", left_out.join(", ")));
        }
        for link in broken {
            self.report.not_carried(
                &what,
                format!("Its link to “{link}” leads to nothing in the bundle that is published."),
            );
        }
    }

    /// Files that a page shows become data files; other links of its own lead nowhere any more.
    fn mend_links(&mut self, tree: &Tree, page: &str, mut markdown: String) -> (String, Vec<String>) {
        let mut broken = Vec::new();
        let mut links: Vec<String> = links::relative(&markdown).into_iter().map(|link| link.url).collect();
        links.sort();
        links.dedup();
        for link in links {
            let folder = page.rsplit_once('/').map_or("", |(folder, _)| folder);
            let target = joined(folder, link.split(['#', '?']).next().unwrap_or_default());
            let is_picture = [".png", ".jpg", ".jpeg", ".gif", ".webp"]
                .iter()
                .any(|end| link.to_lowercase().ends_with(end));
            let new = match target.filter(|target| is_picture && tree.has(target)) {
                Some(target) => {
                    let name = self.data(tree, &target, "data", &format!("A picture of {page}"));
                    format!("../data/{name}")
                }
                None => {
                    broken.push(link.clone());
                    "#".to_owned()
                }
            };
            for start in ["](", "](<", "]: "] {
                markdown = markdown.replace(&format!("{start}{link}"), &format!("{start}{new}"));
            }
        }
        (markdown, broken)
    }

    /// Adds a data file of the bundle; gives its name.
    pub fn data(&mut self, tree: &Tree, path: &str, role: &str, description: &str) -> String {
        tree.mark(path);
        let name = file_name_from(path.rsplit('/').next().unwrap_or(path));
        let known = self.contents.data.iter().zip(&self.files).find(|(file, payload)| {
            file.name == name && matches!(payload, Payload::Of(_, known) if known == path)
        });
        if known.is_some() {
            return name;
        }
        self.add(&name, role, description, Payload::Of(tree.clone(), path.to_owned()))
    }

    /// Adds a data file that was made; gives its name.
    pub fn made(&mut self, name: &str, role: &str, description: &str, bytes: Vec<u8>) -> String {
        self.add(name, role, description, Payload::Made(bytes))
    }

    /// Adds a folder as a zip; gives its name.
    pub fn zipped(&mut self, name: &str, role: &str, description: &str, folder: Tree) -> String {
        self.add(name, role, description, Payload::Zipped(folder))
    }

    fn add(&mut self, name: &str, role: &str, description: &str, payload: Payload) -> String {
        let is_free = |name: &String| self.contents.data.iter().all(|file| file.name != *name);
        let free = (1..)
            .map(|number| if number == 1 { name.to_owned() } else { format!("{number}-{name}") })
            .find(is_free)
            .unwrap_or_else(|| name.to_owned());
        self.contents.data.push(DataFile {
            name: free.clone(),
            role: role.to_owned(),
            description: description.chars().take(1000).collect(),
            size_bytes: 0,
            sha256: String::new(),
        });
        self.files.push(payload);
        free
    }

    /// A metric of the host's own; without a direction, the host has to give one.
    pub fn module(&mut self, source: String, higher_is_better: Option<bool>) {
        self.remarks.is_direction_open = higher_is_better.is_none();
        let module = Module {
            file_name: "metric.py".to_owned(),
            source,
            higher_is_better: higher_is_better.unwrap_or(true),
        };
        self.metric(holdout_contract::custom::NAME, Some(module));
    }

    pub fn metric(&mut self, name: &str, module: Option<Module>) {
        self.contents.metric = Some(Metric {
            name: name.to_owned(),
            params: Map::new(),
            context: Map::new(),
            public_fraction: 0.3,
            module,
        });
    }

    /// Lists what nobody has asked for, so that nothing is dropped silently.
    pub fn list_unused(&mut self, tree: &Tree) {
        const SHOWN: usize = 100;
        let unused = tree.unused();
        for path in unused.iter().take(SHOWN) {
            self.report.not_carried(format!("file {path}"), "Nothing that was carried over names it.");
        }
        if unused.len() > SHOWN {
            self.report.not_carried(
                format!("{} more files", unused.len() - SHOWN),
                "Nothing that was carried over names them.",
            );
        }
    }

    /// Writes the folder with its report.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn write(&self, folder: &Path) -> Result<(), Refused> {
        let mut remarks = self.remarks.clone();
        remarks.solution = self.solution.as_ref().map(|_| "solution.csv".to_owned());
        write::write(folder, &self.contents, &remarks)?;
        fs::create_dir_all(folder.join(DATA))?;
        for (file, payload) in self.contents.data.iter().zip(&self.files) {
            payload.write(&mut File::create(folder.join(DATA).join(&file.name))?)?;
        }
        if let Some(solution) = &self.solution {
            solution.write(&mut File::create(folder.join("solution.csv"))?)?;
        }
        fs::write(folder.join("IMPORT.md"), self.report.markdown())?;
        let report = serde_json::to_string_pretty(&self.report).unwrap_or_default() + "\n";
        fs::write(folder.join("import.json"), report)?;
        Ok(())
    }
}

/// A path relative to a folder; `None` where it leads out of the bundle.
pub fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            other => parts.push(other),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_more_holds() {
        let mut draft = Draft::new("Codabench bundle");
        draft.board("leaderboard_public", BoardShows::OwnRow);
        draft.board("anonymous_leaderboard", BoardShows::NamesHidden);
        assert_eq!(draft.contents.board_shows, BoardShows::OwnRow);
        assert!(!draft.contents.board_stays_veiled);
    }

    #[test]
    fn a_limit_in_all_is_kept_as_far_as_it_can_be_set() {
        for (limit, kept) in [(30, 30), (0, 0), (-1, 0), (100_000, 100_000), (1_000_000, 100_000)] {
            let mut draft = Draft::new("Codabench bundle");
            draft.total_limit("max_submissions", limit);
            assert_eq!(draft.contents.total_limit, kept, "{limit}");
            assert!(draft.contents.limits().checked().is_ok(), "{limit}");
        }
    }
}
