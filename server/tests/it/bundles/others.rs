//! EvalAI challenges, repositories of Hugging Face, folders as Kaggle has them.

use super::{Desk, borrowed, expect_note, zipped};

const CHALLENGE: &str = "\
title: Random numbers
short_description: Guess
description: templates/description.html
evaluation_details: templates/evaluation.html
terms_and_conditions: templates/terms.html
image: logo.jpg
submission_guidelines: templates/guidelines.html
leaderboard_description: Read this.
evaluation_script: evaluation_script.zip
remote_evaluation: False
start_date: 2019-01-01 00:00:00
end_date: 2099-05-31 23:59:59
published: True
anonymous_leaderboard: True
allowed_email_domains: [x.org]
blocked_email_domains: y.org
blocked_emails_domains: []
leaderboard:
  - id: 1
    schema: {\"labels\": [\"MAE\", \"Total\"], \"default_order_by\": \"MAE\", \"metadata\": {\"MAE\": {\"sort_ascending\": True}}}
challenge_phases:
  - {id: 1, name: Dev, description: templates/phase.html, codename: dev, test_annotation_file: annotations/dev.csv, max_submissions_per_day: 5}
  - id: 2
    name: Test
    description: Plain words.
    codename: test
    test_annotation_file: annotations/test.csv
    max_submissions_per_day: 3
    max_submissions_per_month: 50
    allowed_email_ids: [ada@x.org, bob@x.org]
    submission_meta_attributes: [{name: A, type: text}]
dataset_splits:
  - {id: 1, name: Train, codename: train_split}
  - {id: 2, name: Test, codename: test_split}
challenge_phase_splits:
  - {challenge_phase_id: 1, leaderboard_id: 1, dataset_split_id: 1, visibility: 3, is_leaderboard_order_descending: True}
  - {challenge_phase_id: 2, leaderboard_id: 1, dataset_split_id: 1, visibility: 1, is_leaderboard_order_descending: True}
  - {challenge_phase_id: 2, leaderboard_id: 1, dataset_split_id: 2, visibility: 3, is_leaderboard_order_descending: True, leaderboard_decimal_precision: 3}
";

const EVALUATE: &str = r#"
import csv

from . import numbers_of


def evaluate(test_annotation_file, user_submission_file, phase_name, **kwargs):
    """Also says ''' and \ in its text."""
    print("Evaluating", phase_name, kwargs["submission_metadata"])
    truth = numbers_of.read(test_annotation_file)
    with open(user_submission_file) as sent:
        guesses = {row["key"]: float(row["guess"]) for row in csv.DictReader(sent)}
    error = sum(abs(value - guesses[key]) for key, value in truth.items()) / len(truth)
    assert phase_name == "test"
    return {"result": [{"train_split": {"MAE": -1}}, {"test_split": {"MAE": error, "Total": 0}}], "submission_result": None}
"#;

#[test]
fn an_evalai_challenge_becomes_a_folder_that_scores_as_its_script_does() {
    let desk = Desk::new();
    let reader = b"import pandas as pd\n\n\ndef read(path):\n    frame = pd.read_csv(path)\n    return dict(zip(frame['key'], frame['value']))\n";
    let script = zipped(&[
        ("__init__.py", b"from .main import evaluate\n"),
        ("main.py", EVALUATE.as_bytes()),
        ("numbers_of.py", reader),
        ("requirements.txt", b"pandas\n"),
    ]);
    let truth: String = (0..20).map(|row| format!("k{row},{}\n", row * 3)).collect();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("starters/challenge_config.yaml", CHALLENGE.into()),
        ("starters/evaluation_script.zip", script),
        ("starters/annotations/dev.csv", b"key,value\na,1\n".to_vec()),
        ("starters/annotations/test.csv", format!("key,value\n{truth}").into_bytes()),
        ("starters/templates/description.html", b"<p>Guess <i>numbers</i>.</p>".to_vec()),
        ("starters/templates/evaluation.html", b"<p>MAE</p>".to_vec()),
        ("starters/templates/terms.html", b"<p>Terms</p>".to_vec()),
        ("starters/templates/phase.html", b"<p>The <b>first</b> phase.</p>".to_vec()),
        ("starters/logo.jpg", b"jpg".to_vec()),
    ];
    desk.write(
        "challenge.zip",
        zipped(&files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect::<Vec<_>>()),
    );
    let guesses: String = (0..20).map(|row| format!("k{row},{}.125\n", row * 3 + row % 4)).collect();
    desk.write("guess.csv", format!("key,guess\n{guesses}"));
    let done = desk.import(&["challenge.zip", "--into", "c", "--sample", "guess.csv"]);
    assert_eq!(done["n_errors"], 0, "{:#}", done["problems"]);
    let settings = desk.read("c/competition.toml");
    for line in [
        "higher_is_better = false",
        "score_decimals = 3",
        "board_shows = \"names_hidden\"",
        "daily_limit = 3",
        "ends_at = 2099-05-31T23:59:59Z",
    ] {
        assert!(settings.contains(line), "{line}: {settings}");
    }
    assert_eq!(desk.read("c/pages/overview.md"), "Guess *numbers*.\n");
    assert!(desk.read("c/pages/phases.md").contains("The **first** phase."));
    expect_note(&done, "not_carried", "submission_guidelines", "no “templates/guidelines.html”");
    expect_note(&done, "not_carried", "challenge_phases[1].submission_meta_attributes", "no form");
    expect_note(&done, "carried", "anonymous_leaderboard", "pseudonyms");
    assert!(desk.read("c/competition.toml").contains("visibility = \"invitation\""));
    expect_note(&done, "changed", "challenge_phases[1].allowed_email_ids", "could submit to this phase (2)");
    expect_note(&done, "changed", "allowed_email_domains", "of its domains could enter (1)");
    expect_note(&done, "to_do", "blocked_email_domains", "invite everybody else");
    assert!(!done.to_string().contains("ada@x.org"), "no address leaves the bundle: {done:#}");
    expect_note(&done, "not_carried", "phase 0 “Dev”", "last phase");
    expect_note(&done, "not_carried", "label “Total”", "one score");

    let halves: String = desk
        .read("c/solution.csv")
        .lines()
        .enumerate()
        .map(|(at, line)| {
            format!(
                "{line},{}\n",
                match at {
                    0 => "Usage",
                    1..=8 => "Public",
                    _ => "Private",
                }
            )
        })
        .collect();
    desk.write("c/solution.csv", halves);
    let error = |rows: std::ops::Range<usize>| {
        let n = rows.len() as f64;
        rows.map(|row| (row % 4) as f64 + 0.125).sum::<f64>() / n
    };
    assert_eq!(desk.score("c", "guess.csv"), (error(0..8), error(8..20)));
}

#[test]
fn a_hugging_face_repository_becomes_a_folder_that_scores_as_its_metric_does() {
    let desk = Desk::new();
    let conf = |metric: &str| {
        format!(
            r#"{{"COMPETITION_TYPE":"generic","SUBMISSION_LIMIT":5,"TIME_LIMIT":10,"HARDWARE":"cpu-basic","SELECTION_LIMIT":30,
                "END_DATE":"2027-05-25","EVAL_HIGHER_IS_BETTER":1,"SUBMISSION_ID_COLUMN":"id","SUBMISSION_COLUMNS":"id,pred",
                "SUBMISSION_ROWS":15,"EVAL_METRIC":"{metric}","LOGO":"https://x.org/l.png","DATASET":"","SUBMISSION_FILENAMES":["submission.csv"],
                "SCORING_METRIC":"second"}}"#
        )
    };
    let solution: String = (0..15)
        .map(|row| format!("{row},{},{}\n", row % 3, if row % 4 == 0 { "public" } else { "private" }))
        .collect();
    let own = r#"
import pandas as pd
from huggingface_hub import hf_hub_download


def compute(params):
    solution = pd.read_csv(hf_hub_download(repo_id=params.competition_id, filename="solution.csv", token=params.token, repo_type="dataset"))
    name = f"submissions/{params.team_id}-{params.submission_id}.csv"
    submission = pd.read_csv(hf_hub_download(repo_id=params.competition_id, filename=name, token=params.token, repo_type="dataset"))
    scores = {}
    for half in ("public", "private"):
        ids = solution[solution.split == half][params.submission_id_col].values
        one = solution[solution[params.submission_id_col].isin(ids)].sort_values("id").reset_index(drop=True)
        two = submission[submission[params.submission_id_col].isin(ids)].sort_values("id").reset_index(drop=True)
        scores[half + "_score"] = {"first": 0, "second": float((one["pred"] == two["pred"]).mean() + len(one))}
    return scores
"#;
    let files = |metric: &str| {
        vec![
            ("conf.json", conf(metric).into_bytes()),
            ("solution.csv", format!("id,pred,split\n{solution}").into_bytes()),
            ("COMPETITION_DESC.md", b"# Guess threes\n\nPredict.\n".to_vec()),
            ("DATASET_DESC.md", b"Data.\n".to_vec()),
            ("SUBMISSION_DESC.md", b"Form.\n".to_vec()),
            ("metric.py", own.as_bytes().to_vec()),
            ("submissions/team-1.csv", b"id,pred\n".to_vec()),
            ("teams.json", b"{}".to_vec()),
        ]
    };
    desk.write("own.zip", zipped(&borrowed(&files("custom"))));
    let done = desk.import(&["own.zip", "--into", "own"]);
    assert_eq!(done["n_errors"], 1, "the start alone is missing: {:#}", done["problems"]);
    expect_note(&done, "to_do", "starts_at", "no such time");
    expect_note(&done, "changed", "SELECTION_LIMIT", "it was 30");
    expect_note(&done, "not_carried", "submissions", "stay where they are");
    expect_note(&done, "not_carried", "LOGO", "no picture");
    assert!(desk.read("own/solution.csv").starts_with("id,pred,Usage\n0,0,Public\n1,1,Private\n"));
    let guesses: String = (0..15).map(|row| format!("{row},{}\n", row % 2)).collect();
    desk.write("guess.csv", format!("id,pred\n{guesses}"));
    let score = |is_public: bool| {
        let rows: Vec<usize> = (0..15).filter(|row| (row % 4 == 0) == is_public).collect();
        let n_right = rows.iter().filter(|row| *row % 3 == *row % 2).count();
        n_right as f64 / rows.len() as f64 + rows.len() as f64
    };
    assert_eq!(
        desk.score("own", "guess.csv"),
        (score(true), score(false)),
        "each half sees its own rows alone"
    );

    // A function of scikit-learn is the catalogue's where that is the same, else it is called.
    desk.write("known.zip", zipped(&borrowed(&files("accuracy_score"))));
    desk.import(&["known.zip", "--into", "known"]);
    assert!(desk.read("known/competition.toml").contains("name = \"accuracy\""));
    desk.write("called.zip", zipped(&borrowed(&files("jaccard_score\", \"X\": \""))));
    let odd = desk.import(&["called.zip", "--into", "odd"]);
    expect_note(&odd, "not_carried", "X (conf.json)", "no such setting");
    desk.write("hinge.zip", zipped(&borrowed(&files("fowlkes_mallows_score"))));
    desk.import(&["hinge.zip", "--into", "called"]);
    assert!(desk.read("called/metric.py").contains("metrics.fowlkes_mallows_score(truths, predictions)"));
}

#[test]
fn a_kaggle_style_folder_is_taken_as_it_is() {
    let desk = Desk::new();
    desk.write("k/train.csv", "id,x,y\n1,2,3\n");
    desk.write("k/test.csv", "id,x\n3,1\n4,1\n");
    desk.write("k/solution.csv", "id,y,Usage\n3,1,Public\n4,2,Private\n");
    desk.write("k/sample_submission.csv", "id,y\n3,0\n4,0\n");
    desk.write("k/mae.py", "def score(solution, submission, row_id_column_name: str) -> float:\n    return float((solution['y'] - submission['y']).abs().mean())\n");
    desk.write("k/overview.md", "# Tides\n\nPredict tides.\n");
    desk.write("k/extra/stations.csv", "a,b\n1,2\n");
    desk.write("k/extra/test_labels.csv", "id,y\n3,1\n");
    let done = desk.import(&["k", "--into", "tides"]);
    let settings = desk.read("tides/competition.toml");
    assert!(
        settings.contains("title = \"Tides\"") && settings.contains("role = \"sample_submission\""),
        "{settings}"
    );
    expect_note(&done, "to_do", "higher_is_better", "does not say");
    expect_note(&done, "not_carried", "extra/test_labels.csv", "speaks of labels");
    expect_note(&done, "carried", "extra/stations.csv", "data/stations.csv");
    assert!(!desk.path("tides/data/test_labels.csv").exists());
    let told = desk.run(&["host", "validate", "tides"]);
    let told = String::from_utf8(told.stdout).unwrap();
    for missing in ["starts_at", "ends_at", "higher_is_better"] {
        assert!(told.contains(&format!("“{missing}” is missing")), "{told}");
    }
    desk.write("guess.csv", "id,y\n4,5\n3,3\n");
    assert_eq!(desk.score("tides", "guess.csv"), (2.0, 3.0));
}
