//! The parts of a folder that `competition.toml` names: pages, data files, metric, solution.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use holdout_contract::custom;
use holdout_contract::spec::MetricSpec;
use serde_json::{Map, Value};

use super::links;
use super::model::{Audit, DATA, DataFile, Metric, Module, PAGES, Page};
use super::problems::did_you_mean;
use super::read::{sentence, why_unread};
use super::sections::{Located, Section, Source};
use crate::competitions::metric_words::takes;
use crate::competitions::settings::{ROLES, file_name_from, is_role_of_one};
use crate::competitions::{audit, edit_pages, files, supply};
use crate::custom_metrics::choose;

/// The usual names, which lie in a folder by mistake where nothing names them.
const SOLUTION: &str = "solution.csv";
const MODULE: &str = "metric.py";
const USUAL_PUBLIC_FRACTION: f64 = 0.3;

/// Whether this is the name of a file, and of nothing above or below its folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0'])
}

/// The file that a section names, where it is one of its folder.
fn file_name(section: &mut Section<'_>, source: Source<'_>, example: &str) -> Option<Located<String>> {
    let Some(file) = section.text("file") else {
        if !section.has("file") {
            section.missing("file", &format!("file = \"{example}\""));
        }
        return None;
    };
    if is_plain(&file.value) {
        return Some(file);
    }
    source
        .error(file.line, format!("“{}” is no file name: write the name alone, as “{example}”.", file.value));
    None
}

pub(super) fn pages(top: &mut Section<'_>, source: Source<'_>, root: &Path) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    for mut section in top.sections("pages", "[[pages]]") {
        let file = file_name(&mut section, source, "overview.md");
        let title = section.text("title");
        section.finish();
        let Some(file) = file else { continue };
        let Some(slug) = file.value.strip_suffix(".md").filter(|slug| edit_pages::is_page_slug(slug)) else {
            let wanted = "A page is a file with the ending .md and a name of up to 41 small letters, digits and hyphens";
            source.error(file.line, format!("{wanted}; “{}” is not.", file.value));
            continue;
        };
        if pages.iter().any(|page| page.slug == slug) {
            source.error(file.line, format!("The page “{}” is listed twice.", file.value));
            continue;
        }
        let line = title.as_ref().map_or(file.line, |title| title.line);
        let title = title.map_or_else(|| title_of(slug), |title| title.value.trim().to_owned());
        if let Err(error) = edit_pages::check_page_title(&title) {
            source.error(line, sentence(error));
        }
        match fs::read_to_string(root.join(PAGES).join(&file.value)) {
            Ok(text) => {
                pages.push(Page { slug: slug.to_owned(), title, markdown: text.replace("\r\n", "\n") });
            }
            Err(error) => {
                let rest = "If the page is to go, delete this entry too.";
                source.error(file.line, format!("{PAGES}/{}: {} {rest}", file.value, why_unread(&error)));
            }
        }
    }
    for page in &pages {
        if let Err(error) = edit_pages::check_page_text(&page.markdown) {
            source.problems.error(&path_of(page), None, sentence(error));
        }
    }
    report_unlisted(source, root, PAGES, "[[pages]]", |name| {
        pages.iter().any(|page| name.strip_suffix(".md") == Some(&page.slug))
    });
    pages
}

fn path_of(page: &Page) -> String {
    format!("{PAGES}/{}.md", page.slug)
}

/// `how-to-start` becomes `How to start`.
pub fn title_of(slug: &str) -> String {
    let words = slug.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Nothing that lies in the folder is left out silently.
fn report_unlisted(
    source: Source<'_>,
    root: &Path,
    folder: &str,
    section: &str,
    is_listed: impl Fn(&str) -> bool,
) {
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !is_listed(&name) {
            let message =
                format!("Nothing lists it: add it under {section} in competition.toml, or delete it.");
            source.problems.error(&format!("{folder}/{name}"), None, message);
        }
    }
}

pub(super) fn data(top: &mut Section<'_>, source: Source<'_>, root: &Path) -> Vec<Located<DataFile>> {
    let mut files: Vec<Located<DataFile>> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for mut section in top.sections("data", "[[data]]") {
        let file = file_name(&mut section, source, "train.csv");
        let role = section.text("role");
        let description = section.text("description");
        section.finish();
        if let Some(description) = &description
            && let Err(error) = files::check_description(&description.value)
        {
            source.error(description.line, sentence(error));
        }
        let role = read_role(source, role, &files);
        let Some(file) = file else { continue };
        let safe = file_name_from(&file.value);
        if safe != file.value {
            source.error(
                file.line,
                format!(
                    "“{}” holds characters that no data file may have in its name: call it “{safe}”.",
                    file.value
                ),
            );
        }
        if named.contains(&file.value) {
            source.error(file.line, format!("The data file “{}” is listed twice.", file.value));
            continue;
        }
        named.push(file.value.clone());
        let size_bytes = match fs::metadata(root.join(DATA).join(&file.value)) {
            Ok(meta) if meta.is_file() => meta.len(),
            Ok(_) => {
                source.error(file.line, format!("{DATA}/{} is a folder: pack it into one file.", file.value));
                continue;
            }
            Err(error) => {
                source.error(file.line, format!("{DATA}/{}: {}", file.value, why_unread(&error)));
                continue;
            }
        };
        let description = description.map(|found| found.value.trim().to_owned()).unwrap_or_default();
        let value = DataFile { name: file.value, role, description, size_bytes, sha256: String::new() };
        files.push(Located { value, line: file.line });
    }
    report_unlisted(source, root, DATA, "[[data]]", |name| named.iter().any(|known| known == name));
    files
}

fn read_role(source: Source<'_>, role: Option<Located<String>>, known: &[Located<DataFile>]) -> String {
    let Some(role) = role else { return "data".to_owned() };
    if !ROLES.contains(&role.value.as_str()) {
        let hint = did_you_mean(&role.value, ROLES);
        source.error(
            role.line,
            format!("There is no role “{}”{hint}; the roles are {}.", role.value, ROLES.join(", ")),
        );
        return "data".to_owned();
    }
    if is_role_of_one(&role.value)
        && let Some(other) = known.iter().find(|file| file.value.role == role.value)
    {
        source.error(
            role.line,
            format!("“{}” has the role {} already; one file can.", other.value.name, role.value),
        );
    }
    role.value
}

pub(super) fn solution(top: &mut Section<'_>, source: Source<'_>, root: &Path) -> Option<Located<String>> {
    let Some(mut section) = top.section("solution", "[solution]") else {
        if !top.has("solution") && root.join(SOLUTION).exists() {
            source.problems.error(SOLUTION, None, "Nothing names it: write [solution] and file = \"solution.csv\" into competition.toml, or delete it.");
        }
        return None;
    };
    let file = file_name(&mut section, source, SOLUTION);
    section.finish();
    let file = file?;
    match fs::metadata(root.join(&file.value)) {
        Ok(meta) if meta.is_file() => Some(file),
        Ok(_) => {
            source.error(file.line, format!("{} is a folder.", file.value));
            None
        }
        Err(error) => {
            let rest = "A solution that the server holds stays there without this section.";
            source.error(file.line, format!("{}: {} {rest}", file.value, why_unread(&error)));
            None
        }
    }
}

pub(super) fn metric(
    top: &mut Section<'_>,
    source: Source<'_>,
    root: &Path,
    catalogue: &[MetricSpec],
) -> Option<Metric> {
    let Some(mut section) = top.section("metric", "[metric]") else {
        if !top.has("metric") {
            warn_of_no_metric(source, root);
        }
        return None;
    };
    let (name, module) = (section.text("name"), section.text("module"));
    let given = Given::read(&mut section, source);
    let metric = match (name, module) {
        (Some(_), Some(module)) => {
            source.error(
                module.line,
                "Write either “name”, for a metric of the catalogue, or “module”, for one of your own.",
            );
            None
        }
        (None, None) => {
            if !section.has("name") && !section.has("module") {
                section.missing("name", "name = \"rmse\", or module = \"metric.py\"");
            }
            None
        }
        (Some(name), None) => given.of_catalogue(source, &name, catalogue),
        (None, Some(file)) => {
            if given.higher_is_better.is_none() && !section.has("higher_is_better") {
                section.missing("higher_is_better", "higher_is_better = true, or false");
            }
            given.of_module(source, root, file)
        }
    };
    section.finish();
    metric
}

fn warn_of_no_metric(source: Source<'_>, root: &Path) {
    source.problems.warning(
        source.file,
        None,
        "There is no [metric] yet: it cannot be launched without one.",
    );
    if root.join(MODULE).exists() {
        source.problems.error(
            MODULE,
            None,
            "Nothing names it: write [metric] and module = \"metric.py\" into competition.toml, or delete it.",
        );
    }
}

/// What a metric is given, one of the catalogue and one of the host's own.
struct Given {
    higher_is_better: Option<Located<bool>>,
    params: Located<Map<String, Value>>,
    param_lines: Vec<(String, usize)>,
    context: Map<String, Value>,
    public_fraction: f64,
}

impl Given {
    fn read(section: &mut Section<'_>, source: Source<'_>) -> Self {
        let fraction = section.number("public_fraction");
        if let Some(found) = fraction.as_ref().filter(|found| !(0.01..=0.99).contains(&found.value)) {
            source.error(found.line, "“public_fraction” is a share between 0.01 and 0.99.");
        }
        Self {
            higher_is_better: section.flag("higher_is_better"),
            params: section.map("params"),
            param_lines: section.key_lines("params"),
            context: section.map("context").value,
            public_fraction: fraction.map_or(USUAL_PUBLIC_FRACTION, |found| found.value),
        }
    }

    fn of_catalogue(
        self,
        source: Source<'_>,
        name: &Located<String>,
        catalogue: &[MetricSpec],
    ) -> Option<Metric> {
        if let Some(higher) = &self.higher_is_better {
            source.error(
                higher.line,
                "Which way is better is known of a metric of the catalogue: leave “higher_is_better” out.",
            );
        }
        let (name, params) = named(source, name, self.params, &self.param_lines, catalogue)?;
        Some(Metric {
            name,
            params,
            context: self.context,
            public_fraction: self.public_fraction,
            module: None,
        })
    }

    fn of_module(self, source: Source<'_>, root: &Path, file: Located<String>) -> Option<Metric> {
        let module = Module {
            source: read_module(source, root, &file)?,
            file_name: file.value,
            higher_is_better: self.higher_is_better.is_some_and(|higher| higher.value),
        };
        Some(Metric {
            name: custom::NAME.to_owned(),
            params: self.params.value,
            context: self.context,
            public_fraction: self.public_fraction,
            module: Some(module),
        })
    }
}

/// What the host answers to the audit.
pub(super) fn audit(top: &mut Section<'_>, source: Source<'_>) -> Option<Audit> {
    let mut section = top.section("audit", "[audit]")?;
    let (declared, reason) = (section.text("declared"), section.text("reason"));
    section.finish();
    let declared = declared.and_then(|found| {
        audit::read_declared(&found.value).unwrap_or_else(|error| {
            source.error(found.line, sentence(error));
            None
        })
    });
    let reason = reason.and_then(|found| {
        audit::read_reason(&found.value).unwrap_or_else(|error| {
            source.error(found.line, sentence(error));
            None
        })
    });
    Some(Audit { declared: declared.map(|declared| declared.to_string()), reason })
}

/// A metric of the catalogue with its parameters, each checked.
fn named(
    source: Source<'_>,
    name: &Located<String>,
    params: Located<Map<String, Value>>,
    lines: &[(String, usize)],
    catalogue: &[MetricSpec],
) -> Option<(String, Map<String, Value>)> {
    let (base, short) = name.value.split_once('@').map_or((name.value.as_str(), None), |(n, v)| (n, Some(v)));
    let Some(spec) = catalogue.iter().find(|spec| spec.name == base) else {
        let hint = did_you_mean(base, catalogue.iter().map(|spec| spec.name.as_str()));
        source.error(
            name.line,
            format!("There is no metric “{base}”{hint}; `holdout-scorer metrics --table` lists all."),
        );
        return None;
    };
    let mut params = params.value;
    let mut lines: BTreeMap<&str, usize> = lines.iter().map(|(key, line)| (key.as_str(), *line)).collect();
    if let Some(short) = short {
        match spec.parameters.iter().find(|parameter| parameter.is_main) {
            Some(main) => {
                params.insert(main.name.clone(), short.into());
                lines.insert(&main.name, name.line);
            }
            None => source.error(name.line, format!("{base} has no parameter to set with “@”.")),
        }
    }
    for (key, value) in &mut params {
        let line = lines.get(key.as_str()).copied().unwrap_or(name.line);
        let Some(parameter) = spec.parameters.iter().find(|parameter| parameter.name == *key) else {
            let hint = did_you_mean(key, spec.parameters.iter().map(|parameter| parameter.name.as_str()));
            source.error(line, format!("{base} has no parameter “{key}”{hint}."));
            continue;
        };
        match supply::read_param(parameter, value) {
            Some(read) => *value = read,
            None => source.error(line, format!("“{key}” is {}.", takes(parameter))),
        }
    }
    Some((base.to_owned(), params))
}

fn read_module(source: Source<'_>, root: &Path, file: &Located<String>) -> Option<String> {
    if !is_plain(&file.value) {
        source.error(
            file.line,
            format!("“{}” is no file name: write the name alone, as “{MODULE}”.", file.value),
        );
        return None;
    }
    match fs::read_to_string(root.join(&file.value)) {
        Ok(text) => {
            if let Err(error) = choose::check(&text) {
                source.problems.error(&file.value, None, sentence(error));
            }
            Some(text)
        }
        Err(error) => {
            source.error(file.line, format!("{}: {}", file.value, why_unread(&error)));
            None
        }
    }
}

/// Links between what is published: pages and data files.
pub(super) fn check_links(source: Source<'_>, pages: &[Page], data: &[Located<DataFile>]) {
    let is_published = |target: &links::Target<'_>| match target {
        links::Target::Page(slug) => {
            pages.iter().any(|page| page.slug == *slug) || edit_pages::OWN_PAGES.contains(slug)
        }
        links::Target::Data(name) => {
            data.iter().any(|file| file.value.name == *name && file.value.role != "history")
        }
        links::Target::Elsewhere => false,
    };
    for page in pages {
        for link in links::relative(&page.markdown) {
            if !is_published(&links::Target::of(&link.url)) {
                let message = format!(
                    "The link to “{}” leads nowhere: a page may link to other pages, as “rules.md”, and to data files, as “../data/train.csv”.",
                    link.url
                );
                source.problems.error(&path_of(page), link.line, message);
            }
        }
    }
}
