//! What the launch audit says is understood by a host who teaches a course and never had statistics: every text in the
//! sources is held to a list of words that it may not have, and the reports on metrics of every family to their form.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use holdout_contract::audit::{Audit, Check, Overall, Verdict};
use holdout_scorer::audit::ask::Settings;
use serde_json::{Value, json};

use crate::audit::{audited, audited_with, folder};
use crate::audit_groups::replay;
use crate::audit_whole::real;

/// Words of statistics, and of the audit about itself.
const FORBIDDEN: [&str; 44] = [
    "affine",
    "auc",
    "bit",
    "bits",
    "bootstrap",
    "calibrated",
    "calibration",
    "correlation",
    "covariance",
    "degenerate",
    "deviation",
    "distortion",
    "entropy",
    "functional",
    "geometric",
    "hash",
    "hashed",
    "heteroscedastic",
    "invariance",
    "jackknife",
    "kurtosis",
    "leverage",
    "logit",
    "logits",
    "macro",
    "monotone",
    "mu",
    "percentile",
    "percentiles",
    "posterior",
    "prevalence",
    "prior",
    "propriety",
    "quantile",
    "quantiles",
    "regret",
    "resolution",
    "sd",
    "sigma",
    "significance",
    "significant",
    "simulation",
    "threshold",
    "variance",
];
const FORBIDDEN_TOGETHER: [&str; 6] =
    ["standard error", "standard deviation", "confidence interval", "power of", "mean |", "null hypothesis"];

/// What is wrong with a text's words.
fn fault(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let is_of_a_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let mut words = lower.split(|letter: char| !is_of_a_word(letter));
    if let Some(word) = words.find(|word| FORBIDDEN.contains(word)) {
        return Some(word.to_owned());
    }
    if let Some(words) = FORBIDDEN_TOGETHER.into_iter().find(|words| lower.contains(words)) {
        return Some(words.to_owned());
    }
    let mut begins = true;
    for word in text.split(' ') {
        let bare = word.trim_matches(|letter: char| !letter.is_alphanumeric());
        let is_letter = bare.len() == 1 && bare.chars().all(|letter| letter.is_ascii_uppercase());
        if is_letter && !(bare == "A" && begins) || bare == "E2" {
            return Some(format!("the letter of a check, {bare}"));
        }
        begins = word.ends_with(['.', ':', '?', '}']);
    }
    None
}

fn n_sentences(text: &str) -> usize {
    let ends = text.match_indices(['.', '?', '!']).filter(|(at, _)| {
        let rest = &text[at + 1..];
        rest.is_empty() || rest.starts_with(' ')
    });
    ends.count()
}

/// The texts of a source, without its comments and its tests.
fn literals(source: &str) -> Vec<String> {
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut found = Vec::new();
    for line in joined(source).lines() {
        let mut rest = line;
        while let Some(from) = rest.find(['"', '/']) {
            if rest[from..].starts_with("//") {
                break;
            }
            if rest[from..].starts_with('/') || rest[..from].ends_with('\'') {
                rest = &rest[from + 1..];
                continue;
            }
            let body = &rest[from + 1..];
            let mut ends = body.match_indices('"').map(|(at, _)| at);
            let to = ends.find(|at| !body[..*at].ends_with('\\')).unwrap_or(body.len());
            found.push(body[..to].to_owned());
            rest = body.get(to + 1..).unwrap_or_default();
        }
    }
    found
}

/// Texts that go on in the next line.
fn joined(source: &str) -> String {
    let mut lines = String::new();
    for line in source.lines() {
        match line.strip_suffix('\\') {
            Some(begun) => lines.push_str(&format!("{} ", begun.trim_end())),
            None => lines.push_str(&format!("{}\n", line.trim_start())),
        }
    }
    lines
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn no_text_of_the_audit_has_a_word_of_statistics() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = vec![here.join("src/custom/audit.rs"), here.join("src/custom/shape.rs")];
    sources(&here.join("src/audit"), &mut files);
    for name in ["audited", "classes", "data", "groups", "order", "sides", "training"] {
        files.push(here.join(format!("src/examine/{name}.rs")));
    }
    let (mut wrong, mut n_texts) = (String::new(), 0);
    for file in files {
        // The name of a check is no text.
        let is_text = |text: &String| text.contains(' ') && !is_name(text);
        for text in literals(&std::fs::read_to_string(&file).unwrap()).into_iter().filter(is_text) {
            n_texts += 1;
            if let Some(fault) = fault(&without_names(&text)) {
                writeln!(wrong, "{}: {fault}: {text}", file.display()).unwrap();
            }
        }
    }
    assert!(n_texts > 400, "only {n_texts} texts were read");
    assert!(wrong.is_empty(), "{wrong}");
}

/// Without the names of what is put in: `{share}` is `{}`.
fn without_names(text: &str) -> String {
    let mut parts = text.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |all, part| all + "{}" + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// `G leverage`, `E2 volume bias`: letters, and words that begin small.
fn is_name(text: &str) -> bool {
    let (letter, rest) = text.split_once(' ').unwrap_or((text, ""));
    letter.len() <= 2
        && letter.starts_with(|first: char| first.is_ascii_uppercase())
        && rest.split(' ').count() <= 3
        && !rest.contains(['.', '{'])
}

/// What is wrong with a report's texts.
fn faults(of: &str, audit: &Audit) -> String {
    let mut wrong = String::new();
    for check in &audit.checks {
        let Check { check: name, verdict, text, exploit, repair, .. } = check;
        for said in [text, exploit, repair] {
            if let Some(fault) = fault(said) {
                writeln!(wrong, "{of}, {name}: {fault}: {said}").unwrap();
            }
            if !said.is_empty() && !said.ends_with(['.', '!']) {
                writeln!(wrong, "{of}, {name} has no end: {said}").unwrap();
            }
        }
        if !(1..=2).contains(&n_sentences(text)) {
            writeln!(wrong, "{of}, {name} is no sentence or two: {text}").unwrap();
        }
        let is_fault = *verdict > Verdict::Info;
        if is_fault == exploit.is_empty() || is_fault == repair.is_empty() {
            writeln!(wrong, "{of}, {name} lacks what can be done, or what mends it: {check:?}").unwrap();
        }
    }
    wrong
}

fn solution(name: &str) -> Vec<u8> {
    std::fs::read(folder("audits").join(format!("{name}.csv"))).unwrap()
}

fn declared(what: &str) -> Settings {
    Settings { declared: Some(what.parse().unwrap()), ..Settings::default() }
}

#[test]
fn numbers_probabilities_and_labels_are_told_in_plain_words() {
    let mut wrong = String::new();
    for (name, metrics) in [
        ("sales", &["mape", "rmspe", "mae", "r2", "spearman", "pinball@0.9"][..]),
        ("counts", &["smape", "mape", "male"]),
        ("binary10", &["mae_on_prob", "log_loss", "roc_auc", "f1", "accuracy"]),
        ("binary01", &["average_precision"]),
        ("ordinal5", &["qwk", "mae"]),
    ] {
        for metric in metrics {
            wrong += &faults(metric, &audited(&solution(name), metric, &Settings::default()));
        }
    }
    for (metric, what) in
        [("mape", "median"), ("rmse", "quantile 0.9"), ("pinball@0.9", "quantile 0.9"), ("mae", "order")]
    {
        wrong += &faults(metric, &audited(&solution("sales"), metric, &declared(what)));
    }
    let open = Settings { public_fraction: 1.0, digits: 1, n_submissions: 5, ..Settings::default() };
    wrong += &faults("log_loss", &audited(&solution("binary10"), "log_loss", &open));
    wrong += &faults("few rows", &audited(b"id,y\n1,2.5\n2,3.5\n3,1.25\n", "rmse", &Settings::default()));
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn all_other_families_are_told_in_plain_words() {
    let mut wrong = String::new();
    for (folder, metrics) in [
        ("digits-labels", &["f1_macro"][..]),
        ("wine-cultivar", &["multiclass_brier"]),
        ("diabetes-gaussian", &["crps_gaussian", "coverage"]),
        ("wine-tags", &["f1_macro_tags"]),
        ("linnerud-physiology", &["mcrmse"]),
        ("digits-retrieval", &["map@5"]),
        ("digits-ltr", &["ndcg_exp@10"]),
        ("recidivism-survival", &["c_index", "c_index_stratified"]),
        ("text-restoration", &["levenshtein_similarity", "exact_match_text"]),
        ("photo-masks", &["iou_mean"]),
        ("photo-boxes", &["coco_ap50"]),
        ("digits-clusters", &["homogeneity_score"]),
        ("mask-segments", &["panoptic_quality"]),
    ] {
        for metric in metrics {
            wrong += &faults(metric, &real(folder, metric));
        }
    }
    for metric in ["mase", "mae"] {
        wrong += &faults(metric, &replay(metric));
    }
    let parts = json!({"parts": [{"metric": "mape", "weight": 1, "target": "a"}, {"metric": "rmse", "weight": 1, "target": "b"}]});
    let rows: String =
        (0..60).map(|row| format!("{row},{},{}\n", 1 + row * 7 % 13, row * row % 17)).collect();
    wrong += &faults("mean_rank", &audited_with(format!("id,a,b\n{rows}"), "mean_rank", parts, None));
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn reports_that_are_committed_are_told_in_plain_words() {
    let names = std::fs::read_to_string(folder("audits/reports.txt")).unwrap();
    for name in names.lines().map(|line| line.split(' ').next().unwrap()) {
        let report = std::fs::read(folder(&format!("audits/report_of_{name}.json"))).unwrap();
        assert_eq!(faults(name, &serde_json::from_slice(&report).unwrap()), "");
    }
}

#[test]
fn what_is_refused_is_told_with_what_participants_could_do_and_what_mends_it() {
    let zeros: String = (0..100).map(|row| format!("{row},{}\n", row % 7)).collect();
    let usage = |row: usize| if row < 100 { "Public" } else { "Private" };
    let one_sided: String = (0..200)
        .map(|row| format!("{row},{},{}\n", u8::from(row >= 100 && row % 3 == 0), usage(row)))
        .collect();
    for (csv, metric) in [
        (format!("id,y\n{zeros}"), "gamma_deviance"),
        (format!("id,y\n{zeros}"), "male"),
        (format!("id,y,Usage\n{one_sided}"), "roc_auc"),
    ] {
        let found = audited_with(csv, metric, Value::Null, None);
        assert_eq!(found.overall, Overall::Refused, "{metric}: {found:#?}");
        assert_eq!(faults(metric, &found), "");
    }
}

#[test]
fn a_text_is_held_to_what_it_should_be() {
    assert_eq!(fault("A file that knows nothing wins. A host sees it with crps_quantile."), None);
    assert_eq!(fault("It sits at the 95th Percentile").as_deref(), Some("percentile"));
    assert_eq!(fault("That is 2 standard errors.").as_deref(), Some("standard error"));
    assert!(fault("What it does is told under C.").is_some() && fault("See B and E2.").is_some());
    assert_eq!((n_sentences("Once, 0.70 times. Twice."), n_sentences("Never")), (2, 0));
    let source = "let a = \"one text\"; // \"no text\"\nlet b = \"a long \\\n    text\";\n";
    assert_eq!(literals(source), ["one text", "a long text"]);
    assert_eq!(without_names("{meant} A file of {bits:.1}{}."), "{} A file of {}{}.");
    assert!(is_name("G leverage") && !is_name("A file with {report} scores."));
}
