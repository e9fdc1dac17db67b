//! Bundles of Codabench, and of CodaLab before it.

use super::{Desk, borrowed, expect_note, tarred, zipped};

/// As the iris bundle of the public examples: two phases with data of their own, commands with variables,
/// labels without a header, a table read by numpy.
const IRIS: &str = "\
version: 2
title: Iris
description: The well known Iris dataset
image: logo.png
terms: pages/terms.html
registration_auto_approve: False
docker_image: 'codalab/codalab-legacy:py37'
pages:
  - title: Overview
    file: pages/overview.html
  - {title: Data, file: pages/data.md}
tasks:
- {index: 0, name: Development, input_data: input_data, reference_data: reference_data/valid, scoring_program: scoring_program.zip}
- index: 1
  name: Final
  is_public: false
  reference_data: reference_data/test
  scoring_program: scoring_program.zip
  ingestion_program: ingestion_program
solutions:
- {index: 0, tasks: [1], path: sample.zip, name: sample}
phases:
- {index: 1, name: Final, start: 2026-07-01, tasks: [1], max_submissions_per_day: 0}
- index: 0
  name: Development
  description: Try things.
  start: 1-31-2026
  end: 2026-06-30 13:30:00
  max_submissions: 100
  tasks: [0]
  public_data: input_data
  mystery: 7
leaderboards:
- title: Results
  key: Results
  submission_rule: Force_Last
  hidden: true
  columns:
  - {title: Error, key: error, index: 0, sorting: asc, precision: 4}
  - {title: Duration, key: duration, index: 1}
";

const IRIS_SCORE: &str = r#"
import glob
import os
from pathlib import Path
from sys import argv

import numpy as np
from libs.distance import distance


def main():
    inside, outside = argv[1], argv[2]
    truths = glob.glob(os.path.join(inside, "ref", "*.solution"))
    assert len(truths) == 1, truths
    truth = np.loadtxt(truths[0])
    name = os.path.basename(truths[0])[: -len(".solution")]
    prediction = np.loadtxt(os.path.join(inside, "res", name + ".predict"))
    if not os.path.isdir(outside):
        os.makedirs(outside)
    with open(os.path.join(outside, "scores.txt"), "w") as scores:
        scores.write("error: {}\n".format(repr(float(distance(truth, prediction)))))
        scores.write("duration: 0.1\n")
    Path(outside, "detailed_results.html").write_text("<p>done</p>")
    print(sorted(os.listdir(outside)), os.path.exists("/etc/passwd"))


if __name__ == "__main__":
    main()
"#;

const IRIS_DISTANCE: &str =
    "import numpy as np\n\n\ndef distance(a, b):\n    return np.sqrt(np.mean((a - b) ** 2))\n";

/// One-hot labels and guesses, with digits that a careless reader loses.
fn iris_rows() -> (Vec<String>, Vec<String>) {
    let truth =
        |row: usize| (0..3).map(|class| u8::from(row % 3 == class).to_string()).collect::<Vec<_>>().join(" ");
    let guess = |row: usize| {
        let parts = (0..3).map(|class| format!("0.{}", (row * 7919 + class * 104_729 + 1) * 1_234_567_891));
        parts.collect::<Vec<_>>().join(" ")
    };
    ((0..40).map(truth).collect(), (0..40).map(guess).collect())
}

fn lines(rows: &[String]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

pub fn iris() -> Vec<u8> {
    let (truths, guesses) = iris_rows();
    let metadata = b"command: python3 $program/score.py $input $output\ndescription: scores: all\n";
    let program = zipped(&[
        ("metadata", metadata),
        ("score.py", IRIS_SCORE.as_bytes()),
        ("libs/__init__.py", b""),
        ("libs/distance.py", IRIS_DISTANCE.as_bytes()),
        ("labels.txt", b"1 0 0\n"),
        ("__MACOSX/._score.py", b"junk"),
    ]);
    let sample = zipped(&[("iris.predict", lines(&guesses).as_bytes())]);
    zipped(&[
        ("iris-bundle/competition.yaml", IRIS.as_bytes()),
        ("iris-bundle/.DS_Store", b"junk"),
        ("iris-bundle/logo.png", b"png"),
        ("iris-bundle/pages/overview.html", b"<h1>Iris</h1><p>See <img src='plot.png'> and <a href='gone.html'>this</a>.</p><script>x</script>"),
        ("iris-bundle/pages/plot.png", b"png"),
        ("iris-bundle/pages/data.md", b"# Data\n\nFour columns.\n"),
        ("iris-bundle/pages/terms.html", b"<p>Be kind.</p>"),
        ("iris-bundle/input_data/train.csv", b"a,b\n1,2\n"),
        ("iris-bundle/reference_data/valid/iris.solution", b"1 0 0\n"),
        ("iris-bundle/reference_data/test/iris.solution", lines(&truths).as_bytes()),
        ("iris-bundle/scoring_program.zip", &program),
        ("iris-bundle/ingestion_program/ingestion.py", b"pass"),
        ("iris-bundle/sample.zip", &sample),
        ("iris-bundle/notes/private.txt", b"nobody names this"),
    ])
}

#[test]
fn a_codabench_bundle_becomes_a_folder_that_scores_as_its_own_program_does() {
    let desk = Desk::new();
    desk.write("iris.zip", iris());
    let done = desk.import(&["iris.zip", "--into", "iris"]);

    let settings = desk.read("iris/competition.toml");
    for line in [
        "title = \"Iris\"",
        "starts_at = 2026-01-31T00:00:00Z",
        "daily_limit = 5",
        "score_decimals = 4",
        "board_shows = \"own_row\"",
        "visibility = \"invitation\"",
        "higher_is_better = false",
        "file = \"solution.csv\"",
    ] {
        assert!(settings.contains(line), "{line}: {settings}");
    }
    assert!(!settings.contains("ends_at ="), "the last phase has no end: {settings}");
    assert_eq!(done["n_errors"], 1, "the end alone is missing: {:#}", done["problems"]);
    assert_eq!(desk.read("iris/pages/overview.md"), "# Iris\n\nSee ![](../data/plot.png) and [this](#).\n");
    assert_eq!(desk.read("iris/pages/rules.md"), "Be kind.\n");
    assert!(desk.read("iris/pages/phases.md").contains("Try things."));
    assert!(desk.path("iris/data/input_data.zip").exists());

    expect_note(&done, "to_do", "ends_at", "no such time");
    expect_note(&done, "changed", "phases[1].end (competition.yaml:", "cuts a time to midnight");
    expect_note(&done, "not_carried", "image", "no picture");
    expect_note(&done, "not_carried", "docker_image", "without containers");
    expect_note(&done, "not_carried", "phases[1].mystery", "no such setting");
    expect_note(&done, "not_carried", "max_submissions of “Development”", "total_limit");
    expect_note(&done, "not_carried", "leaderboards[0].submission_rule", "best public score");
    expect_note(&done, "not_carried", "leaderboard column “Duration”", "one score");
    expect_note(&done, "not_carried", "task “Development”", "one task");
    expect_note(&done, "not_carried", "ingestion_program", "code are not run");
    expect_note(&done, "not_carried", "file labels.txt of the scoring program", "might hold labels");
    expect_note(&done, "not_carried", "file notes/private.txt", "Nothing that was carried over names it");
    expect_note(&done, "not_carried", "pages/overview.html", "script");
    expect_note(&done, "not_carried", "pages/overview.html", "gone.html");
    expect_note(&done, "changed", "order of rows", "“row”");
    expect_note(&done, "carried", "hidden of the leaderboard", "own row");
    expect_note(&done, "changed", "registration by approval", "by invitation");
    expect_note(&done, "to_do", "invitations", "Invite people");
    let report = desk.read("iris/IMPORT.md");
    assert!(report.contains("## Not carried over") && report.contains("notes/private.txt"), "{report}");
    assert!(!desk.read("iris/metric.py").contains("labels.txt"));

    compare_iris(&desk);
}

/// The module's scores are those of the program, run on the same rows in files of its own.
fn compare_iris(desk: &Desk) {
    let (truths, guesses) = iris_rows();
    assert_eq!(desk.read("iris/solution.csv").lines().next(), Some("row,label1,label2,label3"));
    let usage = |row: usize| if row.is_multiple_of(3) { "Public" } else { "Private" };
    let solution: String = desk
        .read("iris/solution.csv")
        .lines()
        .enumerate()
        .map(|(at, line)| format!("{line},{}\n", if at == 0 { "Usage" } else { usage(at - 1) }))
        .collect();
    desk.write("iris/solution.csv", solution);
    desk.write("program/score.py", IRIS_SCORE);
    desk.write("program/libs/__init__.py", "");
    desk.write("program/libs/distance.py", IRIS_DISTANCE);
    let native = |half: &str| -> f64 {
        let of_half = |rows: &[String]| -> String {
            rows.iter()
                .enumerate()
                .filter(|(row, _)| usage(*row) == half)
                .map(|(_, row)| format!("{row}\n"))
                .collect()
        };
        desk.write(&format!("{half}/ref/iris.solution"), of_half(&truths));
        desk.write(&format!("{half}/res/iris.predict"), of_half(&guesses));
        desk.natively(&["program/score.py", half, &format!("{half}-out")]);
        let scores = desk.read(&format!("{half}-out/scores.txt"));
        scores.lines().next().unwrap().trim_start_matches("error: ").parse().unwrap()
    };
    let scores = desk.score("iris", "iris/data/sample_submission.csv");
    assert_eq!(scores, (native("Public"), native("Private")), "to the last digit");
}

/// As the Mini-MNIST bundle: paths that are fixed, a class in another file, pandas and JSON.
const PANDAS_SCORE: &str = r#"
import argparse
import json
import os
import sys

import pandas as pd
from sklearn.metrics import accuracy_score

parser = argparse.ArgumentParser()
parser.add_argument("--codabench", action="store_true")
root = "/app" if parser.parse_args().codabench else os.environ["ROOT"]
truth = pd.read_csv(os.path.join(root, "input", "ref", "labels.csv")).sort_values(by="file name")
prediction = pd.read_csv(root + "/input/res/answer.csv", dtype={"file name": str})
both = truth.merge(prediction, on="file name")
for folder, folders, files in os.walk(root + "/input"):
    print(folder, folders, files)
scores = {"score": accuracy_score(both["label"], both["guess"]), "all": {"nested": [1]}}
json.dump(scores, open(os.path.join(root, "output", "scores.json"), "w"))
sys.exit(0)
"#;

fn pandas_bundle() -> Vec<(&'static str, Vec<u8>)> {
    let yaml = "version: 2\ntitle: Digits\nimage: logo.png\nterms: terms.md\npages: [{title: Overview, file: o.md}]\n\
                tasks: [{index: 0, name: T, reference_data: ref/, scoring_program: program/}]\n\
                phases: [{name: P, start: 2026-01-01, end: 2027-01-01, tasks: [0]}]\n\
                leaderboards: [{title: R, key: r, columns: [{title: Accuracy, key: score, index: 0}]}]\n";
    let labels: String = (0..30).map(|row| format!("im {row:03}.png,{}\n", row % 4)).collect();
    vec![
        ("competition.yaml", yaml.into()),
        ("terms.md", b"Fair play.\n".to_vec()),
        ("o.md", b"Digits.\n".to_vec()),
        ("program/metadata.yaml", b"command: python3 score.py --codabench\n".to_vec()),
        ("program/score.py", PANDAS_SCORE.into()),
        ("ref/labels.csv", format!("file name,label\n{labels}").into_bytes()),
    ]
}

#[test]
fn a_bundle_without_a_sample_asks_for_one_and_then_scores_by_its_ids() {
    let desk = Desk::new();
    let files = pandas_bundle();
    desk.write("digits.tar.gz", tarred(&borrowed(&files)));
    let done = desk.import(&["digits.tar.gz", "--into", "first"]);
    expect_note(&done, "not_carried", "scoring program", "--sample FILE");
    expect_note(&done, "to_do", "metric", "catalogue");
    assert!(!desk.path("first/metric.py").exists());

    let guesses: String = (0..30).rev().map(|row| format!("{},im {row:03}.png\n", row % 5)).collect();
    desk.write("answer.csv", format!("guess,file name\n{guesses}"));
    let done = desk.import(&["digits.tar.gz", "--into", "digits", "--sample", "answer.csv"]);
    assert_eq!(done["n_errors"], 0, "{:#}", done["problems"]);
    assert!(desk.read("digits/solution.csv").starts_with("file name,label\nim 000.png,0\n"));

    let halves: String = desk
        .read("digits/solution.csv")
        .lines()
        .enumerate()
        .map(|(at, line)| {
            format!(
                "{line},{}\n",
                match at {
                    0 => "Usage",
                    at if at % 2 == 0 => "Public",
                    _ => "Private",
                }
            )
        })
        .collect();
    desk.write("digits/solution.csv", halves);
    let scores = desk.score("digits", "digits/data/sample_submission.csv");
    let native = |is_public: bool| -> f64 {
        let rows: Vec<usize> = (0..30).filter(|row| (row % 2 == 1) == is_public).collect();
        let right = rows.iter().filter(|row| *row % 4 == *row % 5).count();
        right as f64 / rows.len() as f64
    };
    assert_eq!(scores, (native(true), native(false)));
}

#[test]
fn what_the_sandbox_cannot_run_is_said_and_nothing_is_made_up() {
    let desk = Desk::new();
    desk.write("answer.csv", "guess,file name\n1,x\n");
    for (at, (name, bytes, words)) in [
        ("program/score.py", &b"import torch\nimport yaml\n"[..], "torch, yaml"),
        ("program/metadata.yaml", b"command: bash run.sh && true", "cannot be read"),
        ("program/metadata.yaml", b"command: Rscript score.R", "no Python script"),
        ("program/metadata.yaml", b"nothing: here", "names no command"),
        ("ref/second.csv", b"a,b\n1,2\n", "several files"),
        ("ref/labels.csv", b"\x93NUMPY\xff\xfe", "no table of text"),
        ("ref/labels.csv", b"file name,label\na,1\nb,2\n", "cannot be matched"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut files = pandas_bundle();
        if words == "torch, yaml" {
            let sample = (0..30).map(|row| format!("1,im {row:03}.png\n")).collect::<String>();
            desk.write("fitting.csv", format!("guess,file name\n{sample}"));
        }
        files.retain(|(known, _)| *known != name);
        files.push((name, bytes.to_vec()));
        desk.write("bundle.zip", zipped(&borrowed(&files)));
        let sample = if words == "torch, yaml" { "fitting.csv" } else { "answer.csv" };
        let into = format!("out{at}");
        let done = desk.import(&["bundle.zip", "--into", &into, "--sample", sample]);
        expect_note(&done, "not_carried", "scoring program", words);
        assert!(
            !desk.path(&into).join("metric.py").exists() && desk.path(&into).join("pages/rules.md").exists()
        );
    }
}

#[test]
fn a_bundle_of_codalab_is_mapped() {
    let desk = Desk::new();
    let yaml = "title: Old\ndescription: As it was\nhas_registration: false\ncompetition_docker_image: ''\nhtml:\n  overview: overview.html\n  terms: terms.html\n\
        end_date: 2019-12-31\nphases:\n  2: {phasenumber: 2, label: Final, start_date: 2018-04-30 18:53:00+00:00, reference_data: r.zip, scoring_program: s.zip, auto_migration: true}\n\
        \x20 1: {phasenumber: 1, label: Dev, start_date: 2017-10-22, is_parallel_parent: true, scoring_program: s.zip, max_submissions_per_day: 5}\n\
        leaderboard:\n  leaderboards:\n    Results: &R {label: Results, rank: 1}\n  columns:\n    two: {leaderboard: *R, label: Two, rank: 2}\n    one: {leaderboard: *R, label: One, rank: 1, numeric_format: 4, sort: asc}\n";
    let program =
        zipped(&[("metadata", b"command: python $program/e.py $input $output"), ("e.py", b"print('hello')")]);
    let reference = zipped(&[("truth.txt", b"1\n2\n3\n")]);
    desk.write(
        "old.zip",
        zipped(&[
            ("competition.yaml", yaml.as_bytes()),
            ("overview.html", b"<p>Old</p>"),
            ("terms.html", b"<p>Terms</p>"),
            ("r.zip", &reference),
            ("s.zip", &program),
        ]),
    );
    desk.write("answer.txt", "2\n2\n2\n");
    let done = desk.import(&["old.zip", "--into", "old", "--sample", "answer.txt"]);
    let settings = desk.read("old/competition.toml");
    assert!(
        settings.contains("ends_at = 2019-12-31T00:00:00Z")
            && settings.contains("starts_at = 2018-04-30T18:53:00Z"),
        "{settings}"
    );
    assert!(
        settings.contains("higher_is_better = false") && settings.contains("score_decimals = 4"),
        "{settings}"
    );
    assert!(desk.read("old/metric.py").contains("COMMAND = [\"e.py\", \"/app/input\", \"/app/output\"]"));
    assert_eq!(desk.read("old/solution.csv"), "row,label\n1,1\n2,2\n3,3\n");
    expect_note(&done, "not_carried", "“Dev”", "only gathers");
}
