//! Codabench bundles of version 2, and of CodaLab's before it: pages, phases, data, and the scoring
//! program where the sandbox can run it.

mod model;
mod scoring;

use super::archive::Refused;
use super::draft::Draft;
use super::report::Report;
use super::tree::Tree;
use super::yaml;
use crate::competitions::board_shows::BoardShows;
use model::{Bundle, Phase};

/// Names that the description of a bundle has.
pub const CONFIGS: [&str; 2] = ["competition.yaml", "competition.yml"];

/// Reads a bundle. `sample` is a submission as participants would send it, where the host names one.
///
/// # Errors
/// A bundle whose description cannot be read.
pub fn import(tree: &Tree, sample: Option<&Tree>) -> Result<Draft, Refused> {
    let file = CONFIGS.into_iter().find(|name| tree.has(name)).unwrap_or(CONFIGS[0]);
    let root = yaml::read(file, &tree.text(file)?)?;
    let is_v2 = root.get("version").and_then(yaml::Node::integer) == Some(2);
    let mut draft = Draft::new(if is_v2 { "Codabench bundle" } else { "CodaLab bundle (before version 2)" });
    let bundle = if is_v2 {
        model::read_v2(&root, file, &mut draft.report)
    } else {
        model::read_v1(&root, file, &mut draft.report)
    };
    draft.title(&bundle.title);
    draft.description("description", &bundle.description);
    pages(&mut draft, tree, &bundle);
    phases(&mut draft, &bundle);
    data(&mut draft, tree, &bundle);
    if bundle.is_board_hidden {
        draft.board("hidden of the leaderboard", BoardShows::OwnRow);
    }
    if bundle.is_board_anonymous {
        draft.board("anonymous_leaderboard", BoardShows::NamesHidden);
    }
    if bundle.is_by_approval {
        draft.closed("registration by approval", "Organizers approved everybody who wanted to enter.");
    }
    scoring::carry(&mut draft, tree, &bundle, sample);
    draft.list_unused(tree);
    Ok(draft)
}

fn pages(draft: &mut Draft, tree: &Tree, bundle: &Bundle) {
    for (title, path) in &bundle.pages {
        draft.page_file(tree, path, title);
    }
    if let Some(terms) = &bundle.terms {
        draft.page_file(tree, terms, "Rules");
    }
}

/// All phases are one time here; their words stay on a page.
fn phases(draft: &mut Draft, bundle: &Bundle) {
    let first = bundle.phases.iter().filter_map(|phase| phase.starts_at).min();
    let last = bundle.phases.last().and_then(|phase| phase.ends_at);
    draft.timeline(first, last);
    if let Some(phase) = bundle.phases.first() {
        draft.daily_limit(&format!("max_submissions_per_day of “{}”", phase.name), phase.per_day);
    }
    let limit = bundle.phases.first().map(|phase| phase.per_day);
    for phase in bundle.phases.iter().skip(1).filter(|phase| Some(phase.per_day) != limit) {
        draft.report.not_carried(
            format!("max_submissions_per_day of “{}”", phase.name),
            format!("One limit holds from start to end; it was {} here.", phase.per_day),
        );
    }
    limits_in_all(draft, &bundle.phases);
    if bundle.phases.is_empty() {
        draft.report.to_do("phases", "The bundle has none.");
        return;
    }
    let text: String = bundle.phases.iter().map(described).collect();
    let slug = draft.page("Phases", &text);
    let note = format!("Their names, times and descriptions are the page pages/{slug}.md.");
    if bundle.phases.len() > 1 {
        let rest = "The competition is open from the first start to the last end: public scores while it is open, private ones at the end.";
        draft.report.changed("phases", format!("{note} {rest}"));
    } else {
        draft.report.carried("phases", note);
    }
}

/// One of the only phase holds from start to end; one of a phase among others is no limit of a whole competition.
fn limits_in_all(draft: &mut Draft, phases: &[Phase]) {
    for phase in phases {
        let Some(limit) = phase.in_all else { continue };
        let what = format!("max_submissions of “{}”", phase.name);
        if phases.len() == 1 {
            draft.total_limit(&what, limit);
        } else {
            let words = "It is of one phase: where a limit should hold from start to end, write total_limit under [limits] in \
                         competition.toml.";
            draft.report.not_carried(what, words);
        }
    }
}

fn described(phase: &Phase) -> String {
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map_or_else(|| "no date".to_owned(), |at| at.format("%Y-%m-%d %H:%M UTC").to_string())
    };
    format!(
        "## {}\n\nFrom {} to {}.\n\n{}\n\n",
        phase.name.replace('\n', " "),
        time(phase.starts_at),
        time(phase.ends_at),
        phase.description.trim()
    )
}

/// What participants could download.
fn data(draft: &mut Draft, tree: &Tree, bundle: &Bundle) {
    let mut shown: Vec<(&str, &str)> = Vec::new();
    for phase in &bundle.phases {
        shown.extend(phase.public_data.as_deref().map(|path| (path, "public_data")));
        shown.extend(phase.starting_kit.as_deref().map(|path| (path, "starting_kit")));
    }
    for task in &bundle.tasks {
        match task.input_data.as_deref() {
            Some(path) if bundle.shows_input_data => shown.push((path, "input_data")),
            Some(path) if shown.iter().all(|(known, _)| *known != path) => {
                draft.report.not_carried(
                    format!("input_data of “{}” ({path})", task.name),
                    "Participants could not download it; submissions of code read it.",
                );
                mark_all(tree, path);
            }
            _ => {}
        }
    }
    shown.sort_unstable();
    shown.dedup_by_key(|(path, _)| *path);
    for (path, what) in shown {
        let done = publish(draft, tree, path, what);
        match done {
            Ok(name) => draft.report.carried(format!("{what} {path}"), format!("It is data/{name}.")),
            Err(refused) => draft.report.not_carried(format!("{what} {path}"), refused.to_string()),
        }
    }
}

/// Notes that everything below a path was looked at.
fn mark_all(tree: &Tree, path: &str) {
    let path = path.trim_end_matches('/');
    let start = format!("{path}/");
    tree.paths()
        .filter(|known| *known == path || known.starts_with(&start))
        .for_each(|known| tree.mark(known));
}

/// A file as it is; a folder as a zip, as the platform itself keeps it.
fn publish(draft: &mut Draft, tree: &Tree, path: &str, what: &str) -> Result<String, Refused> {
    let path = path.trim_end_matches('/');
    if tree.has(path) {
        return Ok(draft.data(tree, path, "data", &format!("The bundle's {what}")));
    }
    let folder = tree.below(path);
    if folder.paths().next().is_none() {
        return Err(Refused("There is no such file or folder in the bundle.".to_owned()));
    }
    let name = crate::competitions::settings::file_name_from(&format!(
        "{}.zip",
        path.rsplit('/').next().unwrap_or(path)
    ));
    folder.paths().for_each(|name| folder.mark(name));
    Ok(draft.zipped(&name, "data", &format!("The bundle's {what}"), folder))
}

/// What a report says of a scoring program that stays behind.
fn write_it_yourself(report: &mut Report) {
    report.to_do(
        "metric",
        "Choose a metric of the catalogue ([metric] and name = …), or write metric.py with a function \
         score(solution, submission, row_id_column_name) and name it ([metric] and module = \"metric.py\").",
    );
}
