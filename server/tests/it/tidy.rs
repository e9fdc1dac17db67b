//! The habits of the house, checked on its sources: sizes, names, what may not be written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

const MOST_LINES: usize = 600;
const SKIPPED_FOLDERS: [&str; 7] = ["target", ".git", "node_modules", "data", ".bench", ".sqlx", "fixtures"];
/// Folders whose every direct child is a room that ARCHITECTURE.md must name.
const ROOM_PARENTS: [&str; 2] = ["server/src", "scorer/src"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above the crate").to_owned()
}

/// The files that name every address, one after the other.
pub fn addresses() -> String {
    let is_of_paths = |path: &Path| {
        path == root().join("server/src/paths.rs") || path.starts_with(root().join("server/src/paths"))
    };
    sources(&["rs"]).into_iter().filter(|(path, _)| is_of_paths(path)).map(|(_, text)| text).collect()
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<_> = sources(&["rs", "sql", "py", "js", "mjs", "html"])
        .into_iter()
        .map(|(path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > MOST_LINES)
        .collect();
    assert!(long.is_empty(), "split these, they have more than {MOST_LINES} lines: {long:?}");
}

#[test]
fn lints_are_expected_with_a_reason_never_allowed() {
    let attribute = ["[", "allow("].concat();
    let offenders =
        files_with(&["rs"], |line| line.trim_start().starts_with('#') && line.contains(&attribute));
    assert!(offenders.is_empty(), "write #[expect(lint, reason = \"…\")] instead: {offenders:?}");
}

#[test]
fn nothing_is_left_for_later() {
    let markers = ["TO-DO", "FIX-ME", "XX-X"].map(|marker| marker.replace('-', ""));
    let offenders = files_with(&["rs", "sql", "py", "js", "mjs", "html", "css", "sh"], |line| {
        markers.iter().any(|marker| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == marker))
    });
    assert!(offenders.is_empty(), "finish these: {offenders:?}");
}

#[test]
fn no_file_names_a_place_that_only_one_machine_has() {
    let places =
        [["/wo", "rk/"], ["/ho", "me/"], ["/tmp/", "setup"], ["..", "/shared"], ["registry.", "npmjs"]]
            .map(|halves| halves.concat());
    let offenders = files_with(
        &["rs", "sql", "py", "js", "mjs", "json", "html", "css", "sh", "md", "toml", "yml", "yaml"],
        |line| places.iter().any(|place| line.contains(place)),
    );
    assert!(offenders.is_empty(), "these hold on one machine only: {offenders:?}");
}

#[test]
fn the_map_of_the_house_is_true() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let named = folders_named_in(&map);
    let gone: Vec<_> = named.iter().filter(|folder| !root().join(folder).is_dir()).collect();
    assert!(gone.is_empty(), "ARCHITECTURE.md names folders that do not exist: {gone:?}");
    let missing: Vec<_> = ROOM_PARENTS
        .iter()
        .flat_map(|parent| folders_in(parent))
        .filter(|folder| !named.contains(folder))
        .collect();
    assert!(missing.is_empty(), "ARCHITECTURE.md does not name these rooms: {missing:?}");
}

#[test]
fn what_security_rests_on_is_shown_by_tests_that_exist() {
    let n_named = require_evidence("SECURITY.md");
    assert!(n_named > 20, "{n_named}");
}

/// The table of ASVS: every requirement once, in order, with a verdict; what is met has evidence.
#[test]
fn the_table_of_requirements_is_whole_and_its_evidence_exists() {
    let n_named = require_evidence("docs/asvs.md");
    let text = fs::read_to_string(root().join("docs/asvs.md")).expect("docs/asvs.md");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| line.starts_with("| ") && line[2..].starts_with(|first: char| first.is_ascii_digit()))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let number = |row: &Vec<&str>| {
        row[0].split('.').map(|part| part.parse::<u32>().expect("a number")).collect::<Vec<_>>()
    };
    // ASVS 5.0.0 has 70 requirements of level 1 and 183 of level 2.
    let of_level = |level| rows.iter().filter(|row| row[1] == level).count();
    assert_eq!((of_level("1"), of_level("2"), rows.len()), (70, 183, 253));
    let unordered: Vec<_> =
        rows.windows(2).filter(|pair| number(&pair[0]) >= number(&pair[1])).map(|pair| pair[1][0]).collect();
    assert!(unordered.is_empty(), "{unordered:?}");
    let wrong: Vec<_> = rows
        .iter()
        .filter(|row| match row[3] {
            "met" => row.len() != 5 || !row[4].contains('`'),
            "not met" | "does not apply" => row.len() != 5 || row[4].is_empty(),
            _ => true,
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(n_named > 100, "{n_named}");
    for verdict in ["met", "not met", "does not apply"] {
        let n_rows = rows.iter().filter(|row| row[3] == verdict).count();
        let told = format!("{verdict}: {n_rows}");
        assert!(text.contains(&told), "docs/asvs.md counts wrongly: {told}");
    }
}

/// What a document quotes is a file, if it looks like one, or a test; gives the number of tests.
fn require_evidence(document: &str) -> usize {
    let text = fs::read_to_string(root().join(document)).expect("a document");
    let quoted: Vec<_> = text.split('`').skip(1).step_by(2).collect();
    let (files, tests): (Vec<_>, Vec<_>) = quoted
        .into_iter()
        .partition(|name| name.contains(['/', '.']) || name.starts_with(|first: char| first.is_uppercase()));
    let known = names_of_tests();
    let gone: Vec<_> = tests.iter().filter(|name| !known.contains(**name)).collect();
    assert!(gone.is_empty(), "{document} names tests that do not exist: {gone:?}");
    let gone: Vec<_> = files.iter().filter(|file| !root().join(file).exists()).collect();
    assert!(gone.is_empty(), "{document} names files that do not exist: {gone:?}");
    tests.len()
}

/// Functions right below an attribute that makes them a test.
fn names_of_tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, text) in sources(&["rs"]) {
        let mut is_marked = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[") {
                is_marked |=
                    ["#[test]", "#[tokio::test", "#[sqlx::test"].iter().any(|mark| line.starts_with(mark));
                continue;
            }
            let name =
                line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.split('(').next());
            names.extend(name.filter(|_| is_marked).map(str::to_owned));
            is_marked = false;
        }
    }
    names
}

#[test]
fn the_web_server_can_neither_reach_the_table_library_nor_open_a_seal() {
    let reachable = packages_reachable_from("holdout");
    assert!(reachable.contains("axum"), "the walk over the dependencies works: {reachable:?}");
    let tables: Vec<_> = reachable.iter().filter(|name| name.starts_with("parquet")).collect();
    assert!(tables.is_empty(), "the server must not be able to reach {tables:?}");
    assert!(!reachable.contains("holdout-scorer"), "the server must not depend on the scorer");
    let opening =
        [["age::", "decrypt"], ["Decr", "yptor"], ["x25519::", "Identity"]].map(|halves| halves.concat());
    let offenders: Vec<_> = sources(&["rs"])
        .into_iter()
        .filter(|(path, _)| path.starts_with(root().join("server/src")))
        .filter(|(_, text)| opening.iter().any(|name| text.contains(name)))
        .map(|(path, _)| path)
        .collect();
    assert!(offenders.is_empty(), "only scorers open sealed files: {offenders:?}");
}

#[test]
fn no_page_has_inline_script_or_style() {
    let offenders = files_with(&["html"], |line| {
        let line = line.to_ascii_lowercase();
        line.contains(" style=")
            || line.contains("<style")
            || line.contains("javascript:")
            || line.contains(" onclick=")
            || (line.contains("<script") && !line.contains("src="))
    });
    assert!(offenders.is_empty(), "the content security policy blocks these: {offenders:?}");
}

/// Words in backquotes that end with a slash, relative to the root.
fn folders_named_in(map: &str) -> BTreeSet<String> {
    map.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.ends_with('/') && !word.starts_with('/') && !word.contains([' ', '{', '<', '*']))
        .map(|word| word.trim_end_matches('/').to_owned())
        .collect()
}

fn folders_in(parent: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root().join(parent)) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir() && holds_sources(&entry.path()))
        .map(|entry| format!("{parent}/{}", entry.file_name().to_string_lossy()))
        .collect()
}

fn holds_sources(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

fn packages_reachable_from(package: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        // A build fetches what this platform needs; what others need may be missing.
        .args(["--filter-platform", &format!("{}-unknown-linux-gnu", std::env::consts::ARCH)])
        .current_dir(root())
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let name_of = |id: &Value| {
        packages.iter().find(|package| package["id"] == *id).and_then(|package| package["name"].as_str())
    };
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let start = nodes.iter().find(|node| name_of(&node["id"]) == Some(package)).expect("the package itself");
    let mut waiting = vec![start];
    let mut reached = BTreeSet::new();
    while let Some(node) = waiting.pop() {
        for dependency in node["deps"].as_array().expect("deps") {
            let is_for_the_program =
                dependency["dep_kinds"].as_array().expect("kinds").iter().any(|kind| kind["kind"].is_null());
            let name = name_of(&dependency["pkg"]).expect("a name");
            if is_for_the_program && reached.insert(name.to_owned()) {
                waiting.extend(nodes.iter().find(|node| node["id"] == dependency["pkg"]));
            }
        }
    }
    reached
}

#[test]
fn proxies_lead_pages_to_tls_and_refuse_the_api_in_the_clear() {
    for path in ["deploy/compose/Caddyfile", "deploy/machine/Caddyfile"] {
        let text = fs::read_to_string(root().join(path)).expect(path);
        let plain = text.split("\nhttp://").nth(1).expect(path);
        let (api, pages) = plain.split_once("handle {").expect(path);
        assert!(
            api.contains("handle /api/* {") && api.contains("respond ") && api.contains(" 403"),
            "{path}"
        );
        assert!(!api.contains("redir") && pages.contains("redir https://{host}{uri} 308"), "{path}");
    }
}

#[test]
fn a_shell_reads_the_settings_of_a_machine_as_systemd_does() {
    let path = root().join("deploy/machine/holdout.env");
    let text = fs::read_to_string(path).expect("the settings");
    // With every setting that is commented out.
    let all =
        text.lines().map(|line| line.trim_start_matches("# ")).filter(|line| line.starts_with("HOLDOUT_"));
    let all: Vec<_> = all.collect();
    assert!(all.len() >= 6, "{text}");
    let script = format!("set -e\n{}\nenv", all.join("\n"));
    let told = Command::new("sh").args(["-ac", &script]).output().expect("a shell");
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    for setting in all {
        let (name, value) = setting.split_once('=').expect("a setting");
        let expected = format!("{name}={}", value.trim_matches('"'));
        assert!(told.lines().any(|line| line == expected), "{expected} in {told}");
    }
}

fn files_with(extensions: &[&str], offends: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in sources(extensions) {
        for (number, line) in text.lines().enumerate() {
            if offends(line) {
                found.push(format!(
                    "{}:{}",
                    path.strip_prefix(root()).unwrap_or(&path).display(),
                    number + 1
                ));
            }
        }
    }
    found
}

/// Every file with one of these extensions, outside of what is built or bought in.
pub fn sources(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder").filter_map(Result::ok) {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                if !SKIPPED_FOLDERS.contains(&name.as_str()) {
                    folders.push(path);
                }
            } else if extensions.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
                let text = fs::read_to_string(&path).expect("a text file");
                found.push((path, text));
            }
        }
    }
    found
}
