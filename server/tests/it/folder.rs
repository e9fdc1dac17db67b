//! Competitions as folders: what is said of wrong ones, and the way to a server and back.

use std::fs;
use std::path::{Path, PathBuf};

use holdout::folder::problems::Problem;
use holdout::folder::read;

use crate::tidy::root;

fn fixture(name: &str) -> PathBuf {
    root().join("server/tests/fixtures/folders").join(name)
}

/// Every folder beside an `expect.txt` is told exactly what stands there.
#[test]
fn each_wrong_folder_is_told_all_that_is_wrong() {
    let mut n_folders = 0;
    for entry in fs::read_dir(fixture("")).unwrap().flatten() {
        let expected = fs::read_to_string(entry.path().join("expect.txt")).unwrap_or_default();
        let found = problems(&entry.path());
        assert_eq!(found, expected, "{}", entry.path().display());
        n_folders += 1;
    }
    assert_eq!(n_folders, 3);
}

fn problems(folder: &Path) -> String {
    let reading = read::read(folder, holdout_contract::catalogue::known());
    let lines = reading.problems.iter().map(Problem::to_string);
    lines.map(|line| line + "\n").collect()
}

#[test]
fn a_folder_that_is_none_is_told_so() {
    assert_eq!(problems(&fixture("absent")), "competition.toml: error: There is no such file.\n");
}
