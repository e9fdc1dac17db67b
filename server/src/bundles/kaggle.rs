//! Folders as Kaggle's hosts prepare them: train, test, solution, sample submission, and a metric.

use std::io::{BufRead, BufReader, Read};

use super::archive::Refused;
use super::draft::{Draft, Payload};
use super::tree::Tree;

const ENDINGS: [&str; 5] = ["csv", "csv.gz", "csv.zip", "parquet", "zip"];
const SOLUTION: [&str; 1] = ["solution"];
const SAMPLE: [&str; 2] = ["sample_submission", "samplesubmission"];

/// The file at the root with one of these names, in any letters and with any usual ending.
fn find<'a>(tree: &'a Tree, names: &[&str]) -> Option<&'a str> {
    tree.paths().find(|path| {
        let lower = path.to_lowercase();
        lower.split_once('.').is_some_and(|(name, ending)| names.contains(&name) && ENDINGS.contains(&ending))
    })
}

/// Whether the files speak of such a folder.
pub fn is_one(tree: &Tree) -> bool {
    find(tree, &SOLUTION).is_some() || find(tree, &SAMPLE).is_some()
}

/// # Errors
/// None so far: everything that is missing is for the host to do.
pub fn import(tree: &Tree) -> Result<Draft, Refused> {
    let mut draft = Draft::new("Kaggle-style folder");
    let (solution, sample) = (find(tree, &SOLUTION), find(tree, &SAMPLE));
    title(&mut draft, tree);
    draft.timeline(None, None);
    for path in tree.paths().filter(|path| path.ends_with(".md") && !path.contains('/')) {
        let title = path.trim_end_matches(".md").to_lowercase();
        let title =
            if matches!(title.as_str(), "readme" | "description") { "overview".to_owned() } else { title };
        draft.page_file(tree, path, &crate::folder::title_of(&title.replace('_', "-")));
    }
    match solution {
        Some(path) => {
            tree.mark(path);
            draft.report.carried(path, "It is the solution, which is sealed before it is sent.");
            draft.solution = Some(Payload::Of(tree.clone(), path.to_owned()));
            usage(&mut draft, tree, path);
        }
        None => draft.report.to_do(
            "solution.csv",
            "The folder has none: add the hidden labels and name them under [solution].",
        ),
    }
    for (names, role, words) in [
        (&["train"][..], "train", "Rows with their labels"),
        (&["test"][..], "test", "Rows to predict"),
        (&SAMPLE[..], "sample_submission", "The form of a submission"),
    ] {
        if let Some(path) = find(tree, names) {
            let name = draft.data(tree, path, role, words);
            draft.report.carried(path, format!("It is data/{name}."));
        }
    }
    if sample.is_none() {
        draft
            .report
            .to_do("sample_submission.csv", "The folder has none: add one with the role sample_submission.");
    }
    metric(&mut draft, tree);
    rest(&mut draft, tree, solution);
    draft.list_unused(tree);
    Ok(draft)
}

/// The first heading of a page names the competition.
fn title(draft: &mut Draft, tree: &Tree) {
    let pages = ["overview.md", "description.md", "README.md"];
    let heading = pages.iter().filter(|path| tree.has(path)).find_map(|path| {
        let text = tree.text(path).ok()?;
        text.lines().find_map(|line| Some(line.strip_prefix("# ")?.trim().to_owned()))
    });
    match heading {
        Some(heading) => draft.title(&heading),
        None => {
            draft.title("");
            draft.report.to_do("title", "The folder names none: set title and slug in competition.toml.");
        }
    }
}

/// Of the first line of a solution.
const LONGEST_HEADER: u64 = 1 << 20;

fn usage(draft: &mut Draft, tree: &Tree, path: &str) {
    let header = tree.open(path).ok().and_then(|file| {
        let mut first = Vec::new();
        BufReader::new(file.take(LONGEST_HEADER)).read_until(b'\n', &mut first).ok()?;
        String::from_utf8(first).ok()
    });
    let has_usage = header.is_none_or(|header| {
        header.split(',').any(|name| name.trim().trim_matches('"').eq_ignore_ascii_case("usage"))
    });
    if !has_usage {
        draft.report.changed(
            "public and private rows",
            "The solution has no column “Usage”: a scorer makes 30% of the rows public.",
        );
    }
}

fn metric(draft: &mut Draft, tree: &Tree) {
    let modules: Vec<(&str, String)> = tree
        .paths()
        .filter(|path| path.ends_with(".py") && !path.contains('/'))
        .filter_map(|path| Some((path, tree.text(path).ok()?)))
        .filter(|(_, text)| text.lines().any(|line| line.starts_with("def score(")))
        .collect();
    match modules.as_slice() {
        [(path, text)] if text.len() <= holdout_contract::custom::MAX_SOURCE_BYTES => {
            draft.module(text.clone(), None);
            draft.report.carried(*path, "It is metric.py, in the same protocol.");
            draft.report.to_do("higher_is_better", "The module does not say which way is better: set it under [metric].");
        }
        [] => draft.report.to_do(
            "metric",
            "The folder names none: choose one of the catalogue ([metric] and name = …), or add a module with a function score.",
        ),
        several => {
            for (path, _) in several {
                draft.report.not_carried(*path, "It is not known which module is the metric, or it is too long for one.");
            }
            draft.report.to_do("metric", "Name one module under [metric].");
        }
    }
}

/// Other files of data, as participants have them.
fn rest(draft: &mut Draft, tree: &Tree, solution: Option<&str>) {
    let others: Vec<String> = tree
        .unused()
        .into_iter()
        .filter(|path| Some(path.as_str()) != solution && !path.ends_with(".py"))
        .collect();
    for path in others {
        if path.to_lowercase().contains("solution") || path.to_lowercase().contains("label") {
            draft.report.not_carried(
                &path,
                "Its name speaks of labels: add it under [[data]] yourself if everybody may have it.",
            );
            tree.mark(&path);
        } else {
            let name = draft.data(tree, &path, "data", "");
            draft.report.carried(&path, format!("It is data/{name}."));
        }
    }
}
