use super::answers::Column;
use super::*;
use crate::audit::normal;

const N_ROWS: usize = 400;

/// Noise that no two streams share.
fn noise(stream: u64) -> Vec<f64> {
    normal::scores(N_ROWS, stream)
}

/// What all good teams know, with a mistake that all of them make, and some of their own.
fn numbers(stream: u64) -> Vec<f64> {
    let (truth, common, own) = (noise(1000), noise(1001), noise(stream));
    (0..N_ROWS).map(|row| 50.0 + 20.0 * truth[row] + 5.0 * common[row] + 3.0 * own[row]).collect()
}

fn entry(team: i64, column: Column) -> Entry {
    Entry { submission_id: 100 + team, team_id: team, answers: Answers(vec![column]) }
}

fn crowd_of(n: i64) -> Vec<Entry> {
    (0..n).map(|team| entry(team, Column::Numbers(numbers(team.cast_unsigned())))).collect()
}

#[test]
fn what_all_teams_have_in_common_makes_nobody_suspicious() {
    let found = compare(&Evaluator::default(), crowd_of(12), None, N_ROWS, 0);
    assert!(found.pairs.is_empty(), "{found:?}");
    assert!(found.usual.is_some_and(|usual| usual < 0.3), "{found:?}");
    assert_eq!((found.n_teams, found.n_answers), (12, 400));
}

#[test]
fn a_copy_with_a_little_noise_and_another_scale_is_found() {
    let mut entries = crowd_of(12);
    let shaken: Vec<f64> =
        numbers(3).iter().zip(noise(77)).map(|(value, noise)| 1.001 * value + 0.2 * noise).collect();
    entries.push(entry(50, Column::Numbers(shaken)));
    let found = compare(&Evaluator::default(), entries, None, N_ROWS, 0);
    let pairs: Vec<(i64, i64)> = found.pairs.iter().map(|pair| (pair.first, pair.second)).collect();
    assert_eq!(pairs, [(103, 150)]);
    assert!(found.pairs[0].likeness.is_some_and(|likeness| likeness > 0.98));
    assert_eq!(found.pairs[0].n_same, 0);
}

/// Right in nine of ten rows, and else wrong by one's own lights.
fn names(stream: u64) -> Vec<u64> {
    noise(stream).iter().enumerate().map(|(row, own)| (row as u64 % 3) + u64::from(*own > 1.3)).collect()
}

#[test]
fn the_same_mistakes_are_found_among_labels_and_the_same_truths_are_not() {
    let mut entries: Vec<Entry> =
        (0..9).map(|team| entry(team, Column::Names(names(team.cast_unsigned())))).collect();
    assert!(
        compare(&Evaluator::default(), entries.iter().map(copy).collect(), None, N_ROWS, 0).pairs.is_empty()
    );
    entries.push(entry(60, Column::Names(names(4))));
    let found = compare(&Evaluator::default(), entries, None, N_ROWS, 0);
    let [pair] = found.pairs.as_slice() else { panic!("{found:?}") };
    assert_eq!((pair.first, pair.second, pair.n_same), (104, 160, found.n_answers));
}

fn copy(entry: &Entry) -> Entry {
    Entry { answers: entry.answers.clone(), ..*entry }
}

#[test]
fn one_team_may_resemble_itself() {
    let mut entries = crowd_of(8);
    entries.push(Entry { submission_id: 900, ..entry(3, Column::Numbers(numbers(3))) });
    assert!(compare(&Evaluator::default(), entries, None, N_ROWS, 0).pairs.is_empty());
}

#[test]
fn few_teams_are_no_crowd_and_only_equal_files_are_named() {
    let mut entries = crowd_of(3);
    assert!(
        compare(&Evaluator::default(), entries.iter().map(copy).collect(), None, N_ROWS, 0).pairs.is_empty()
    );
    entries.push(entry(40, Column::Numbers(numbers(1))));
    let found = compare(&Evaluator::default(), entries, None, N_ROWS, 2);
    assert_eq!(found.pairs.len(), 1);
    assert_eq!((found.usual, found.bound, found.n_left_out), (None, None, 2));
}

#[test]
fn a_file_that_says_one_thing_of_all_rows_or_what_the_sample_says_is_left_out() {
    let mut entries = crowd_of(6);
    entries.push(entry(70, Column::Numbers(vec![0.5; N_ROWS])));
    entries.push(entry(71, Column::Numbers(vec![0.5; N_ROWS])));
    entries.push(entry(72, Column::Numbers(noise(5))));
    entries.push(entry(73, Column::Numbers(noise(5))));
    let sample = Answers(vec![Column::Numbers(noise(5))]);
    let found = compare(&Evaluator::default(), entries, Some(&sample), N_ROWS, 0);
    assert_eq!((found.pairs.len(), found.n_left_out, found.n_submissions), (0, 4, 6));
}

#[test]
fn nothing_to_compare_is_no_fault() {
    let found = compare(&Evaluator::default(), Vec::new(), None, 0, 0);
    assert_eq!((found.n_teams, found.n_found), (0, 0));
}
