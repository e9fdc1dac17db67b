//! The same predictions in every format, limits, checks against a sample, and made splits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::io::Write as _;

use holdout_contract::rejection::{Rejection, RejectionKind};
use holdout_scorer::intake::{Content, Limits, Source, content};
use holdout_scorer::judge::{Context, Judge};
use holdout_scorer::sample::check_against_sample;
use holdout_scorer::score::{Outcome, score};
use holdout_scorer::solution::{Solution, Split};
use holdout_scorer::split::SplitRule;
use holdout_scorer::{kernels, parallel};
use serde_json::Map;

use crate::tables::{Cells, parquet, texts};

const SOLUTION: &str = "id,target,Usage\n1,1.5,Public\n2,2.5,Public\n3,3.5,Private\n4,4.5,Private\n";
const SUBMISSION: &str = "id,target\n1,1\n2,2\n3,3\n4,4\n";

fn open(bytes: &[u8], limits: &Limits) -> Result<Content, Rejection> {
    content::open(Source::Bytes(bytes.into()), limits).unwrap()
}

fn solution(metric: &str, text: &str) -> Solution {
    let judge = Judge::new(metric, &Map::new(), Context::default()).unwrap();
    let limits = Limits::default();
    let content = open(text.as_bytes(), &limits).unwrap();
    Solution::prepare(&content, judge, &SplitRule::default(), &limits).unwrap()
}

fn scored(bytes: &[u8], limits: &Limits) -> Result<Outcome, Rejection> {
    score(&solution("rmse", SOLUTION), &open(bytes, limits)?, limits)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_format_gives_the_same_scores() {
    let limits = Limits::default();
    let plain = scored(SUBMISSION.as_bytes(), &limits).unwrap();
    assert_eq!(plain.scores.public.value(), Some(0.5));
    assert_eq!(scored(&gzip(SUBMISSION.as_bytes()), &limits).unwrap(), plain);
    let whole = parquet([
        ("double target", Cells::Double(vec![4.0, 3.0, 2.0, 1.0])),
        ("int64 id", Cells::Int64(vec![4, 3, 2, 1])),
    ]);
    assert_eq!(scored(&whole, &limits).unwrap(), plain);
    let words = parquet([
        ("binary id (utf8)", texts(["1", "2", "3", "4"])),
        ("int32 target", Cells::Int32(vec![1, 2, 3, 4])),
    ]);
    assert_eq!(scored(&words, &limits).unwrap(), plain);
}

fn table(texts: &[String], usage: bool) -> String {
    let quoted = |text: &String| format!("\"{}\"", text.replace('"', "\"\""));
    let plain = |text: &String| if text.contains(['"', ',', '\n']) { quoted(text) } else { text.clone() };
    let mut table = if usage { "id,text,Usage\n" } else { "id,text\n" }.to_owned();
    for (row, text) in texts.iter().enumerate() {
        let side = if row % 3 == 0 { ",Public" } else { ",Private" };
        table += &format!("r{row},{}{}\n", plain(text), if usage { side } else { "" });
    }
    table
}

#[test]
fn texts_are_the_same_by_every_road_and_with_any_number_of_readers() {
    let limits = Limits::default();
    let some =
        ["plain", "with \"quotes\"", "größe, naïve", "", "\"", "a long one, longer than sixteen bytes"];
    let text = |row: usize| some[row % 6].to_owned() + &"x".repeat(row % 4);
    // The last cell of the second has a line break, which the quick reader leaves to the careful one.
    for last in ["", "two\nlines"] {
        let truths: Vec<String> = (0..90).map(text).chain([last.to_owned()]).collect();
        let said: Vec<String> = (0..90).map(|row| text(row * 7 + row / 9)).chain([last.to_owned()]).collect();
        let edits = |a: &String, b: &String| kernels::text_distance(a, b) as f64;
        let of_side = |is_public: bool| {
            let rows = || (0..truths.len()).filter(|row| (row % 3 == 0) == is_public);
            rows().map(|row| edits(&truths[row], &said[row])).sum::<f64>() / rows().count() as f64
        };
        let csv = table(&said, false);
        let ids: Vec<String> = (0..said.len()).map(|row| format!("r{row}")).collect();
        let columns = [("binary id (utf8)", texts(ids)), ("binary text (utf8)", texts(said.clone()))];
        for bytes in [csv.clone().into_bytes(), gzip(csv.as_bytes()), parquet(columns)] {
            for n_readers in [1, 2, 5] {
                let outcome = parallel::with_threads(n_readers, || {
                    let solution = solution("levenshtein_mean", &table(&truths, true));
                    score(&solution, &open(&bytes, &limits).unwrap(), &limits).unwrap()
                });
                let found = [outcome.scores.public, outcome.scores.private].map(|score| score.value());
                assert_eq!(found, [true, false].map(|is_public| Some(of_side(is_public))), "{n_readers}");
            }
        }
    }
}

#[test]
fn bad_cells_of_parquet_are_named_by_row() {
    let limits = Limits::default();
    let kind = |field: &str, target: Cells| {
        let bytes = parquet([("int64 id", Cells::Int64(vec![1, 2, 3, 4])), (field, target)]);
        let rejection = scored(&bytes, &limits).unwrap_err();
        assert_eq!(rejection.column.as_deref(), Some("target"), "{rejection:?}");
        (rejection.kind, rejection.message.contains("row 2"))
    };
    let missing = Cells::SomeDouble(vec![Some(1.0), None, Some(3.0), Some(4.0)]);
    assert_eq!(kind("double target", missing), (RejectionKind::MissingValue, true));
    let nan = Cells::Double(vec![1.0, f64::NAN, 3.0, 4.0]);
    assert_eq!(kind("double target", nan), (RejectionKind::NotFinite, true));
    let word = texts(["1", "x", "3", "4"]);
    assert_eq!(kind("binary target (utf8)", word), (RejectionKind::NotANumber, true));
    let long = "2".repeat(limits.max_field_bytes + 1);
    let long = texts(["1", long.as_str(), "3", "4"]);
    assert_eq!(kind("binary target (utf8)", long), (RejectionKind::FieldTooLong, true));
}

#[test]
fn limits_hold_after_decompression() {
    let limits = Limits { max_bytes: 1 << 20, max_rows: 3, max_field_bytes: 100, ..Limits::default() };
    let bomb = gzip(&vec![b'0'; 100 << 20]);
    assert!(bomb.len() < 200_000);
    assert_eq!(scored(&bomb, &limits).unwrap_err().kind, RejectionKind::TooLarge);
    assert_eq!(scored(SUBMISSION.as_bytes(), &limits).unwrap_err().kind, RejectionKind::TooLarge);
    let long = SUBMISSION.replace("2,2", &format!("2,{}", "2".repeat(200)));
    let limits = Limits { max_rows: 9, ..limits };
    let rejection = scored(long.as_bytes(), &limits).unwrap_err();
    assert_eq!((rejection.kind, rejection.line), (RejectionKind::FieldTooLong, Some(3)));
}

/// Files of a few kilobytes, packed, for which a scorer would need many times the memory of a job.
#[test]
fn a_row_without_an_end_and_cells_beyond_the_memory_are_refused() {
    let limits = Limits::default();
    let mut text = format!("{SUBMISSION}5,").into_bytes();
    text.resize(text.len() + (65 << 20), b',');
    let rejection = scored(&gzip(&text), &limits).unwrap_err();
    assert_eq!((rejection.kind, rejection.line), (RejectionKind::MalformedCsv, Some(6)));
    let blank = format!("{SUBMISSION}{}", "\n".repeat(1 << 20));
    assert_eq!(scored(&gzip(blank.as_bytes()), &limits).unwrap().n_rows, 4);
    let few = Limits { max_cells: 7, ..limits };
    assert_eq!(scored(SUBMISSION.as_bytes(), &few).unwrap_err().kind, RejectionKind::TooLarge);
    assert!(scored(SUBMISSION.as_bytes(), &Limits { max_cells: 8, ..limits }).is_ok());
    let plain =
        || [("int64 id", Cells::Int64(vec![1, 2, 3, 4])), ("double target", Cells::Double(vec![1.0; 4]))];
    assert_eq!(scored(&parquet(plain()), &few).unwrap_err().kind, RejectionKind::TooLarge);
    let long = "x".repeat(100_000);
    let ids = texts(vec![long.as_str(); 20]);
    let folded = parquet([("binary id (utf8)", ids), ("double target", Cells::Double(vec![1.0; 20]))]);
    let million = Limits { max_bytes: 1 << 20, ..limits };
    assert!(folded.len() < 500_000, "{}", folded.len());
    assert_eq!(scored(&folded, &million).unwrap_err().kind, RejectionKind::TooLarge);
    let little = Limits { max_bytes: 10, ..limits };
    let content = Content::Parquet(parquet(plain()).into());
    assert_eq!(
        score(&solution("rmse", SOLUTION), &content, &little).unwrap_err().kind,
        RejectionKind::TooLarge
    );
}

#[test]
fn a_check_reads_no_label_and_answers_like_a_submission() {
    let limits = Limits::default();
    let check = |metric: Option<&str>, submission: &str| {
        let judge = metric.map(|metric| Judge::new(metric, &Map::new(), Context::default()).unwrap());
        let sample = open(b"id,target\n1,0.5\n2,0.5\n", &limits).unwrap();
        check_against_sample(&sample, &open(submission.as_bytes(), &limits).unwrap(), judge.as_ref(), &limits)
            .map_err(|rejection| (rejection.kind, rejection.line))
    };
    assert_eq!(check(None, "id,target\n2,7\n1,8\n"), Ok(2));
    assert_eq!(check(Some("log_loss"), "id,target\n2,7\n1,8\n"), Err((RejectionKind::OutOfRange, Some(2))));
    assert_eq!(check(None, "id,target\n2,x\n1,8\n"), Err((RejectionKind::NotANumber, Some(2))));
    assert_eq!(check(None, "id,target\n2,1\n"), Err((RejectionKind::MissingIds, None)));
    assert_eq!(check(None, "id,target\n2,1\n2,1\n"), Err((RejectionKind::DuplicateIds, Some(3))));
    assert_eq!(check(None, "id\n2\n"), Err((RejectionKind::MissingColumn, Some(1))));
}

#[test]
fn a_solution_without_usage_is_split_by_seed_and_class() {
    let mut text = "id,target\n".to_owned();
    (0..100).for_each(|row| text += &format!("{row},{}\n", if row % 10 == 0 { "rare" } else { "usual" }));
    let solution = solution("accuracy", &text);
    assert!(solution.split_was_made());
    assert_eq!((solution.n_public(), solution.n_private()), (30, 70));
    assert_eq!(solution.class_counts(Split::Public), [3, 27]);
    assert_eq!(solution.class_counts(Split::Private), [7, 63]);
    let profile = solution.profile();
    assert_eq!((profile.id_column.as_str(), profile.n_public), ("id", 30));
}
