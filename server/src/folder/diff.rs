//! What a push would change: the folder against what the server holds.
//!
//! Never here: what the folder does not speak of. A metric or a solution that it does not name stays.

use std::fmt::{self, Write as _};

use holdout_contract::spec::MetricSpec;
use serde::Serialize;
use serde_json::{Map, Value};
use similar::TextDiff;

use super::model::{Audit, Contents, DATA, DataFile, Metric, Module, PAGES, Page};
use super::snapshot::Snapshot;
use crate::competitions::edit_pages::OWN_PAGES;
use crate::competitions::ladder::Ladder;
use crate::competitions::settings::is_role_of_one;
use crate::competitions::supply;
use crate::web::format;

/// One thing that a push does.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    Create {
        slug: String,
        title: String,
    },
    Setting {
        name: &'static str,
        before: String,
        after: String,
    },
    AddPage(Page),
    EditPage {
        before: Page,
        after: Page,
    },
    /// Of pages that every competition has, Holdout's own text comes back.
    RemovePage(Page),
    OrderPages {
        before: Vec<String>,
        after: Vec<String>,
    },
    PutFile {
        before: Option<DataFile>,
        after: DataFile,
    },
    DescribeFile {
        name: String,
        before: String,
        after: String,
    },
    RemoveFile(DataFile),
    Metric {
        before: Option<Box<Metric>>,
        after: Box<Metric>,
    },
    /// What the host answers to the audit.
    Audit {
        before: Audit,
        after: Audit,
    },
    /// Why it is sent: what is sealed cannot be compared.
    Solution {
        file: String,
        why: &'static str,
    },
}

impl Change {
    /// Whether scores depend on it: after the launch it makes a new version.
    pub fn is_judged(&self) -> bool {
        matches!(self, Self::Metric { .. } | Self::Audit { .. } | Self::Solution { .. })
    }
}

impl Change {
    /// What a push does where the server has no such competition.
    pub fn all_new(folder: &Contents, catalogue: &[MetricSpec]) -> Vec<Self> {
        let create = Self::Create { slug: folder.slug.clone(), title: folder.title.clone() };
        let mut changes = vec![create];
        changes.extend(pages(&[], &folder.pages));
        changes.extend(files(&[], &folder.data));
        changes.extend(metric(None, folder.metric.as_ref(), catalogue));
        changes.extend(audit(None, folder.audit.as_ref()));
        changes
    }
}

/// Everything that differs, in the order in which it is pushed. `catalogue` completes parameters
/// that were left at their defaults.
pub fn diff(folder: &Contents, server: &Snapshot, catalogue: &[MetricSpec]) -> Vec<Change> {
    let before = &server.competition;
    let mut changes: Vec<Change> = settings(before)
        .into_iter()
        .zip(settings(folder))
        .filter(|(before, after)| before.1 != after.1)
        // Left to Holdout, it is what the launch made of it.
        .filter(|(_, (name, after))| {
            *name != "ladder" || after != Ladder::Auto.name() || server.launched_at.is_none()
        })
        .map(|((name, before), (_, after))| Change::Setting { name, before, after })
        .collect();
    changes.extend(pages(&before.pages, &folder.pages));
    changes.extend(files(&before.data, &folder.data));
    changes.extend(metric(before.metric.as_ref(), folder.metric.as_ref(), catalogue));
    changes.extend(audit(before.audit.as_ref(), folder.audit.as_ref()));
    changes
}

/// Every setting as a text, under its name in the API.
fn settings(of: &Contents) -> Vec<(&'static str, String)> {
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true);
    vec![
        ("slug", of.slug.clone()),
        ("title", of.title.clone()),
        ("subtitle", of.subtitle.clone()),
        ("visibility", of.visibility.clone()),
        ("starts_at", time(of.starts_at)),
        ("entry_deadline_at", time(of.entry_deadline_at)),
        ("merger_deadline_at", time(of.merger_deadline_at)),
        ("ends_at", time(of.ends_at)),
        ("daily_limit", of.daily_limit.to_string()),
        ("total_limit", of.total_limit.to_string()),
        ("final_limit", of.final_limit.to_string()),
        ("team_limit", of.team_limit.to_string()),
        ("max_upload_bytes", of.max_upload_bytes.to_string()),
        ("score_decimals", of.score_decimals.to_string()),
        ("ladder", of.ladder.name().to_owned()),
        ("board_shows", of.board_shows.name().to_owned()),
        ("board_stays_veiled", of.board_stays_veiled.to_string()),
    ]
}

fn pages(before: &[Page], after: &[Page]) -> Vec<Change> {
    let find = |pages: &[Page], slug: &str| pages.iter().find(|page| page.slug == slug).cloned();
    let mut changes = Vec::new();
    for page in before.iter().filter(|page| find(after, &page.slug).is_none()) {
        changes.push(Change::RemovePage(page.clone()));
    }
    for page in after {
        match find(before, &page.slug) {
            None => changes.push(Change::AddPage(page.clone())),
            Some(known) if known != *page => {
                changes.push(Change::EditPage { before: known, after: page.clone() })
            }
            Some(_) => {}
        }
    }
    let slugs = |pages: &[Page]| pages.iter().map(|page| page.slug.clone()).collect::<Vec<_>>();
    let kept = before.iter().filter(|page| find(after, &page.slug).is_some());
    let added = after.iter().filter(|page| find(before, &page.slug).is_none());
    let reached: Vec<String> = kept.chain(added).map(|page| page.slug.clone()).collect();
    if reached != slugs(after) {
        changes.push(Change::OrderPages { before: reached, after: slugs(after) });
    }
    changes
}

fn files(before: &[DataFile], after: &[DataFile]) -> Vec<Change> {
    let mut changes = Vec::new();
    for file in after {
        let known = before.iter().find(|known| known.name == file.name);
        match known {
            Some(known) if known.sha256 == file.sha256 && known.role == file.role => {
                if known.description != file.description {
                    changes.push(Change::DescribeFile {
                        name: file.name.clone(),
                        before: known.description.clone(),
                        after: file.description.clone(),
                    });
                }
            }
            known => {
                // Where a role has one file, it takes the place of the old one by itself.
                let of_role =
                    before.iter().find(|other| other.role == file.role && is_role_of_one(&file.role));
                changes.push(Change::PutFile { before: known.or(of_role).cloned(), after: file.clone() });
            }
        }
    }
    let is_replaced = |file: &DataFile| {
        after.iter().any(|new| new.name == file.name || (new.role == file.role && is_role_of_one(&file.role)))
    };
    changes.extend(before.iter().filter(|file| !is_replaced(file)).cloned().map(Change::RemoveFile));
    changes
}

fn metric(before: Option<&Metric>, after: Option<&Metric>, catalogue: &[MetricSpec]) -> Option<Change> {
    let after = after?;
    let is_same = before.is_some_and(|before| completed(before, catalogue) == completed(after, catalogue));
    (!is_same)
        .then(|| Change::Metric { before: before.cloned().map(Box::new), after: Box::new(after.clone()) })
}

fn audit(before: Option<&Audit>, after: Option<&Audit>) -> Option<Change> {
    let (before, after) = (before.cloned().unwrap_or_default(), after?.clone());
    (before != after).then_some(Change::Audit { before, after })
}

/// With every parameter, as the server stores it.
fn completed(metric: &Metric, catalogue: &[MetricSpec]) -> Metric {
    let spec = catalogue.iter().find(|spec| spec.name == metric.name && metric.module.is_none());
    let given = metric.params.clone().into_iter().collect();
    let params = spec.and_then(|spec| supply::read_params(spec, &given, None).ok());
    // What a module's file is called does not change a score.
    let module = metric.module.clone().map(|module| Module { file_name: String::new(), ..module });
    Metric { params: params.unwrap_or_else(|| metric.params.clone()), module, ..metric.clone() }
}

/// The parameters that are not at their defaults.
pub fn bare_params(metric: &Metric, catalogue: &[MetricSpec]) -> Map<String, Value> {
    let spec = catalogue.iter().find(|spec| spec.name == metric.name && metric.module.is_none());
    let is_default = |name: &str, value: &Value| {
        let parameter = spec.and_then(|spec| spec.parameters.iter().find(|parameter| parameter.name == name));
        parameter.is_some_and(|parameter| parameter.default == *value)
    };
    let params = metric.params.iter().filter(|(name, value)| !is_default(name, value));
    params.map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.describe(&mut text)?;
        // Texts come from other people: nothing in them may speak to the terminal.
        let harmless = text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'));
        f.write_str(harmless.collect::<String>().trim_end())
    }
}

impl Change {
    fn describe(&self, out: &mut String) -> fmt::Result {
        match self {
            Self::Create { slug, title } => writeln!(out, "+ a new draft, “{title}”, at /c/{slug}"),
            Self::Setting { name, before, after } => writeln!(out, "~ {name}: {before} → {after}"),
            Self::AddPage(page) => {
                writeln!(out, "+ {}, “{}”", path(page), page.title)?;
                text_diff(out, "", &page.markdown)
            }
            Self::EditPage { before, after } => {
                writeln!(out, "~ {}", path(after))?;
                if before.title != after.title {
                    writeln!(out, "  title: {} → {}", before.title, after.title)?;
                }
                text_diff(out, &before.markdown, &after.markdown)
            }
            Self::RemovePage(page) => {
                let rest = if OWN_PAGES.contains(&page.slug.as_str()) {
                    ": Holdout's own text takes its place"
                } else {
                    " is removed"
                };
                writeln!(out, "- {}{rest}", path(page))?;
                text_diff(out, &page.markdown, "")
            }
            Self::OrderPages { before, after } => {
                writeln!(out, "~ order of pages: {} → {}", before.join(", "), after.join(", "))
            }
            Self::PutFile { before: None, after } => {
                writeln!(out, "+ {DATA}/{}: {}", after.name, facts(after))
            }
            Self::PutFile { before: Some(before), after } if before.name != after.name => {
                writeln!(out, "+ {DATA}/{}: {}, in place of {}", after.name, facts(after), before.name)
            }
            Self::PutFile { before: Some(before), after } => {
                writeln!(out, "~ {DATA}/{}: {} → {}", after.name, facts(before), facts(after))
            }
            Self::DescribeFile { name, before, after } => {
                writeln!(out, "~ {DATA}/{name}, description: {before} → {after}")
            }
            Self::RemoveFile(file) => writeln!(out, "- {DATA}/{} is removed: {}", file.name, facts(file)),
            Self::Metric { before, after } => describe_metric(out, before.as_deref(), after),
            Self::Audit { before, after } => describe_audit(out, before, after),
            Self::Solution { file, why } => writeln!(out, "~ {file} is sealed here and sent: {why}"),
        }
    }
}

fn describe_audit(out: &mut String, before: &Audit, after: &Audit) -> fmt::Result {
    let said = |answer: &Option<String>| answer.clone().unwrap_or_else(|| "not said".to_owned());
    writeln!(out, "~ answers to the audit")?;
    for (what, before, after) in
        [("declared", &before.declared, &after.declared), ("reason", &before.reason, &after.reason)]
    {
        if before != after {
            writeln!(out, "  {what}: {} → {}", said(before), said(after))?;
        }
    }
    Ok(())
}

fn path(page: &Page) -> String {
    format!("{PAGES}/{}.md", page.slug)
}

fn facts(file: &DataFile) -> String {
    let hash: String = file.sha256.chars().take(12).collect();
    format!("{}, {}, SHA-256 {hash}…", file.role, format::size(file.size_bytes))
}

fn text_diff(out: &mut String, before: &str, after: &str) -> fmt::Result {
    let diff = TextDiff::from_lines(before, after);
    for line in diff.unified_diff().context_radius(2).to_string().lines() {
        writeln!(out, "  {line}")?;
    }
    Ok(())
}

fn describe_metric(out: &mut String, before: Option<&Metric>, after: &Metric) -> fmt::Result {
    let name = |metric: &Metric| match &metric.module {
        Some(module) => format!("{} (a module)", module.file_name),
        None => metric.name.clone(),
    };
    let old = before.map_or_else(|| "none".to_owned(), name);
    writeln!(out, "~ metric: {old} → {}", name(after))?;
    let parts = |metric: &Metric| {
        let object = |map: &Map<String, Value>| Value::Object(map.clone()).to_string();
        let direction = metric.module.as_ref().map(|module| module.higher_is_better.to_string());
        [
            ("parameters", object(&metric.params)),
            ("context", object(&metric.context)),
            ("public_fraction", metric.public_fraction.to_string()),
            ("higher_is_better", direction.unwrap_or_default()),
        ]
    };
    let old = before.map(parts);
    for (at, (what, after)) in parts(after).into_iter().enumerate() {
        match old.as_ref().map(|old| &old[at].1) {
            Some(before) if *before != after => writeln!(out, "  {what}: {before} → {after}")?,
            None if !after.is_empty() => writeln!(out, "  {what}: {after}")?,
            _ => {}
        }
    }
    let source = |metric: Option<&Metric>| {
        metric
            .and_then(|metric| metric.module.as_ref())
            .map(|module| module.source.clone())
            .unwrap_or_default()
    };
    text_diff(out, &source(before), &source(Some(after)))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::competitions::board_shows::BoardShows;

    fn contents() -> Contents {
        let at = DateTime::UNIX_EPOCH;
        Contents {
            title: "Houses".to_owned(),
            slug: "houses".to_owned(),
            subtitle: String::new(),
            visibility: "public".to_owned(),
            starts_at: at,
            entry_deadline_at: at,
            merger_deadline_at: at,
            ends_at: at,
            daily_limit: 5,
            total_limit: 0,
            final_limit: 2,
            team_limit: 5,
            max_upload_bytes: 1024,
            score_decimals: 5,
            ladder: Ladder::Auto,
            board_shows: BoardShows::Everybody,
            board_stays_veiled: false,
            pages: vec![page("overview", "One\nTwo\n"), page("prizes", "A cake.\n")],
            data: vec![file("train.csv", "train", "aa"), file("notes.txt", "data", "bb")],
            metric: Some(metric("pinball", serde_json::json!({ "quantile": 0.5 }))),
            audit: None,
        }
    }

    fn page(slug: &str, text: &str) -> Page {
        Page { slug: slug.to_owned(), title: slug.to_owned(), markdown: text.to_owned() }
    }

    fn file(name: &str, role: &str, hash: &str) -> DataFile {
        let (name, role, sha256) = (name.to_owned(), role.to_owned(), hash.to_owned());
        DataFile { name, role, description: String::new(), size_bytes: 10, sha256 }
    }

    fn metric(name: &str, params: Value) -> Metric {
        let params = params.as_object().cloned().unwrap_or_default();
        Metric { name: name.to_owned(), params, context: Map::new(), public_fraction: 0.3, module: None }
    }

    fn told(before: &Contents, after: &Contents) -> Vec<String> {
        let server = Snapshot {
            competition: before.clone(),
            state: "draft".to_owned(),
            launched_at: None,
            version: 1,
            sealed_sha256: None,
            proposed_pages: Vec::new(),
        };
        let changes = diff(after, &server, holdout_contract::catalogue::known());
        changes.iter().map(Change::to_string).collect()
    }

    #[test]
    fn what_is_the_same_is_no_change_and_defaults_count_as_written() {
        let mut before = contents();
        let spec = holdout_contract::catalogue::known().iter().find(|spec| spec.name == "pinball");
        let given = [("quantile".to_owned(), Value::from(0.5))].into();
        let all = supply::read_params(spec.expect("a metric"), &given, None);
        before.metric = all.ok().map(|params| metric("pinball", Value::Object(params)));
        assert_eq!(told(&before, &contents()), Vec::<String>::new());
        let bare =
            bare_params(before.metric.as_ref().expect("a metric"), holdout_contract::catalogue::known());
        assert!(bare.len() <= 1, "{bare:?}");
    }

    #[test]
    fn every_change_is_told_in_words() {
        let mut after = contents();
        after.daily_limit = 7;
        after.total_limit = 40;
        after.pages = vec![page("rules", "Be kind.\n"), page("overview", "One\nThree\n")];
        after.data = vec![file("new.csv", "train", "cc")];
        after.data[0].description = "New".to_owned();
        after.metric = Some(metric("pinball", serde_json::json!({ "quantile": 0.9 })));
        after.audit = Some(Audit { declared: Some("quantile 0.9".to_owned()), reason: None });
        assert_eq!(
            told(&contents(), &after),
            [
                "~ daily_limit: 5 → 7",
                "~ total_limit: 0 → 40",
                "- pages/prizes.md is removed\n  @@ -1 +0,0 @@\n  -A cake.",
                "+ pages/rules.md, “rules”\n  @@ -0,0 +1 @@\n  +Be kind.",
                "~ pages/overview.md\n  @@ -1,2 +1,2 @@\n   One\n  -Two\n  +Three",
                "~ order of pages: overview, rules → rules, overview",
                "+ data/new.csv: train, 10 B, SHA-256 cc…",
                "- data/train.csv is removed: train, 10 B, SHA-256 aa…",
                "- data/notes.txt is removed: data, 10 B, SHA-256 bb…",
                "~ metric: pinball → pinball\n  parameters: {\"quantile\":0.5} → {\"quantile\":0.9}",
                "~ answers to the audit\n  declared: not said → quantile 0.9",
            ]
        );
    }

    #[test]
    fn a_metric_of_the_hosts_own_is_told_by_its_lines_and_nothing_speaks_to_the_terminal() {
        let mut after = contents();
        let source = "def score():\n    return \u{1b}[31m1\n".to_owned();
        let module = Module { file_name: "metric.py".to_owned(), source, higher_is_better: true };
        after.metric = Some(Metric { module: Some(module), ..metric("custom", serde_json::json!({})) });
        let told = told(&contents(), &after);
        assert!(told[0].starts_with("~ metric: pinball → metric.py (a module)"), "{told:?}");
        assert!(told[0].contains("  +def score():") && !told[0].contains('\u{1b}'), "{told:?}");
    }
}
