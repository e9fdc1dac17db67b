//! What the documents tell people to type, and the variables that they tell them to set, exist; and where the map says
//! that no statement is, there is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use holdout::cli::program::Program;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const DOCUMENTS: [&str; 7] = [
    "README.md",
    "deploy/compose/README.md",
    "deploy/kubernetes/README.md",
    "docs/archive.md",
    "docs/configuration.md",
    "docs/hosting.md",
    "docs/operations.md",
];
/// An older name, and two of the command line's.
const UNTOLD: [&str; 2] = ["HOLDOUT_SERVER", "HOLDOUT_TOKEN"];
/// Files with statements of SQL that are no store: rooms of one file, lists of statements, and one question each.
const BESIDE_STORES: [&str; 8] = [
    "audit_log.rs",
    "clock.rs",
    "house/migrate.rs",
    "house/rows/kinds.rs",
    "mail.rs",
    "personal/rows.rs",
    "seed/discussion.rs",
    "web/mod.rs",
];
const PREFIX: &str = "HOLDOUT_";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The lines of a document's blocks for a shell; one that goes on behind a backslash is one.
fn typed(document: &str) -> Vec<String> {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks
        .flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// A line's words, without what stands behind `#`.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for letter in line.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (letter, Some(open)) if letter == open => quote = None,
            ('#', None) if word.is_none() => break,
            (letter, None) if letter.is_whitespace() => words.extend(word.take()),
            (letter, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

/// What this program is told, by a shell or in a container.
fn ours(words: &[String]) -> Option<&[String]> {
    let is_ours = |at: usize| matches!(words[at].rsplit('/').next(), Some("holdout" | "holdout-site"));
    let is_begun = |at: usize| {
        at == 0 || words[at - 1] == "--" || at.checked_sub(2).is_some_and(|before| words[before] == "exec")
    };
    (0..words.len()).find(|at| is_ours(*at) && is_begun(*at)).map(|at| &words[at..])
}

#[test]
fn every_command_of_the_documents_is_understood() {
    let mut n_tried = 0;
    for path in DOCUMENTS {
        for line in typed(&read(path)) {
            let words = words(&line);
            let Some(ours) = ours(&words) else { continue };
            if let Err(error) = Program::command().try_get_matches_from(ours) {
                panic!("{path}: {line}\n{error}");
            }
            n_tried += 1;
        }
    }
    assert!(n_tried > 12, "commands were found: {n_tried}");
}

#[test]
fn every_verb_that_the_readme_names_exists() {
    let readme = read("README.md");
    let named = readme.split('`').skip(1).step_by(2).filter_map(|code| code.strip_prefix("holdout "));
    let mut n_tried = 0;
    for code in named.filter(|code| !code.contains('\n')) {
        let program = Program::command();
        let mut command = &program;
        for word in code.split_whitespace() {
            if !command.has_subcommands() {
                break;
            }
            for word in word.split('|').filter(|word| *word != "…") {
                assert!(command.find_subcommand(word).is_some(), "`holdout {code}`: there is no {word}");
            }
            let first = word.split('|').next().unwrap_or_default();
            command = command.find_subcommand(first).unwrap();
        }
        n_tried += 1;
    }
    assert!(n_tried > 15, "verbs were found: {n_tried}");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            sources(&entry, found);
        } else if entry.extension().is_some_and(|ending| ending == "rs") {
            found.push(entry);
        }
    }
}

/// Names of variables in a text, each as often as it stands there.
fn variables(text: &str) -> impl Iterator<Item = String> {
    text.match_indices(PREFIX).map(|(at, _)| {
        let name = text[at..]
            .chars()
            .take_while(|letter| letter.is_ascii_uppercase() || "_0123456789".contains(*letter));
        name.collect::<String>()
    })
}

#[test]
fn the_configuration_names_every_variable_and_no_other() {
    let mut files = Vec::new();
    for folder in ["server/src", "scorer/src", "scorer/contract/src"] {
        sources(&Path::new(ROOT).join(folder), &mut files);
    }
    let read_by_programs: BTreeSet<String> = files
        .iter()
        .flat_map(|file| variables(&fs::read_to_string(file).unwrap()).collect::<Vec<_>>())
        .collect();
    let told: BTreeSet<String> = variables(&read("docs/configuration.md")).collect();
    let untold: Vec<&String> = read_by_programs
        .difference(&told)
        .filter(|name| {
            *name != PREFIX && !UNTOLD.contains(&name.as_str()) && !told.contains(&format!("{name}_FILE"))
        })
        .collect();
    assert!(untold.is_empty(), "docs/configuration.md does not tell of {untold:?}");
    let is_known = |name: &str| {
        read_by_programs.contains(name)
            || name.strip_suffix("_FILE").is_some_and(|value| read_by_programs.contains(value))
    };
    let unknown: Vec<&String> = told.iter().filter(|name| !is_known(name)).collect();
    assert!(unknown.is_empty(), "no program reads {unknown:?}");
}

#[test]
fn statements_lie_in_stores() {
    let server = Path::new(ROOT).join("server/src");
    let mut files = Vec::new();
    sources(&server, &mut files);
    let has_statement = |file: &PathBuf| fs::read_to_string(file).unwrap().contains("sqlx::query");
    let is_of_a_store = |path: &str| path.split(['/', '.']).any(|part| part == "store");
    let mut beside: Vec<String> = files
        .iter()
        .filter(|file| has_statement(file))
        .map(|file| file.strip_prefix(&server).unwrap().display().to_string())
        .filter(|path| !is_of_a_store(path))
        .collect();
    beside.sort();
    assert_eq!(beside, BESIDE_STORES);
}
