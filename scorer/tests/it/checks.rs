//! A check on the participant's machine, a check by a scorer, and the scoring itself say the same of
//! every golden case.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::path::{Path, PathBuf};

use holdout_contract::format::{CellRule, SubmissionFormat};
use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_contract::spec::Params;
use holdout_scorer::intake::check::{Verdict, check};
use holdout_scorer::intake::{Content, Limits, Source, content};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::sample::check_against_sample;
use holdout_scorer::score::score;
use holdout_scorer::solution::Solution;
use holdout_scorer::split::SplitRule;
use serde_json::Value;

/// Faults that no single cell shows, found once rows are whole and beside the hidden ones.
const NEED_THE_SOLUTION: [&str; 6] = [
    "bad_rle_beyond_own_image",
    "crossing_interval",
    "out_of_range_latitude",
    "row_of_zeros_direction",
    "row_of_zeros_probabilities",
    "row_of_zeros_shares",
];

/// What was said of a file, in one form for all who say it.
type Said = Result<u64, Rejection>;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rejections");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn open(bytes: &[u8]) -> Result<Content, Rejection> {
    content::open(Source::Bytes(bytes.into()), &Limits::default()).unwrap()
}

fn object(value: &Value) -> Params {
    value.as_object().cloned().unwrap_or_default()
}

/// A sample submission as a host would upload it: the ids, and a cell that keeps each column's rule.
fn sample(solution: &Solution, format: &SubmissionFormat) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = format.columns.iter().map(|column| &column.name);
    writer.write_record(std::iter::once(&format.id_column).chain(names)).unwrap();
    for id in solution.ids() {
        let cells = format.columns.iter().map(|column| match &column.rule {
            CellRule::Integer { range: Some((low, _)) } => low.to_string(),
            CellRule::Label | CellRule::Binary { positive: Some(_) } => "a".to_owned(),
            CellRule::Positive => "1".to_owned(),
            rule if rule.is_text() => String::new(),
            _ => "0".to_owned(),
        });
        writer.write_record(std::iter::once(id.to_string()).chain(cells)).unwrap();
    }
    writer.into_inner().unwrap()
}

struct Answers {
    here: Said,
    by_a_scorer: Said,
    when_scored: Said,
}

/// `None` where the solution itself is the case, or a file that only scorers read.
fn answers(case: &Path) -> Option<Answers> {
    let limits = Limits::default();
    let expect: Value = serde_json::from_slice(&std::fs::read(case.join("expect.json")).unwrap()).unwrap();
    let context = Context::new(object(&expect["context"]));
    let judge = Judge::new(expect["metric"].as_str().unwrap(), &object(&expect["params"]), context).unwrap();
    let truth = std::fs::read(case.join("solution.csv")).unwrap();
    let solution =
        Solution::prepare(&open(&truth).ok()?, judge.clone(), &SplitRule::default(), &limits).ok()?;
    let told = serde_json::to_string(&solution.submission_format()).unwrap();
    let format: SubmissionFormat = serde_json::from_str(&told).unwrap();
    let sample = sample(&solution, &format);
    let sample = open(&sample).unwrap();
    let bytes = std::fs::read(case.join(expect["submission"].as_str().unwrap())).unwrap();
    let submission = match open(&bytes) {
        Ok(submission) => submission,
        Err(rejection) => {
            let said = || Err(rejection.clone());
            return Some(Answers { here: said(), by_a_scorer: said(), when_scored: said() });
        }
    };
    let here = match check(&sample, &submission, Some(&format), &limits) {
        Verdict::Fits { n_rows } => Ok(n_rows),
        Verdict::Rejected(rejection) => Err(rejection),
        Verdict::Unknown(_) => return None,
    };
    Some(Answers {
        here,
        by_a_scorer: check_against_sample(&sample, &submission, Some(&judge), &limits),
        when_scored: score(&solution, &submission, &limits).map(|outcome| outcome.n_rows),
    })
}

#[test]
fn every_case_is_judged_alike_wherever_it_is_judged() {
    let (mut n_fit, mut n_refused) = (0, 0);
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let Some(Answers { here, by_a_scorer, when_scored }) = answers(&case) else { continue };
        assert_eq!(here, by_a_scorer, "{name}");
        if NEED_THE_SOLUTION.contains(&name.as_str()) {
            assert!(here.is_ok() && when_scored.is_err(), "{name}: {here:?} {when_scored:?}");
        } else {
            assert_eq!(here, when_scored, "{name}");
        }
        n_fit += usize::from(here.is_ok());
        n_refused += usize::from(here.is_err());
    }
    assert!(n_fit > 20 && n_refused > 40, "{n_fit} fit, {n_refused} refused");
}

#[test]
fn without_a_format_the_samples_cells_say_what_is_a_number() {
    let sample = open(b"id,price,name\n1,0,x\n2,0,y\n").unwrap();
    let said = |file: &[u8]| check(&sample, &open(file).unwrap(), None, &Limits::default());
    assert_eq!(said(b"id,price,name\n2,1.5,b\n1,2,a\n"), Verdict::Fits { n_rows: 2 });
    let Verdict::Rejected(rejection) = said(b"id,price,name\n1,cheap,a\n2,1,b\n") else {
        panic!("a word is no price");
    };
    assert_eq!((rejection.kind, rejection.line), (RejectionKind::NotANumber, Some(2)));
    assert!(matches!(said(b"PAR1"), Verdict::Unknown(_)), "scorers read Parquet");
}
