//! A board in the child's hands: influence values of its submissions, kept sealed, and what follows from
//! them. Only what was computed on the rows of the board leaves, rounded so that it tells less of labels
//! than a score does.

mod column;
mod covariances;
mod duels;
mod mean_ranks;

use std::borrow::Cow;
use std::io;
use std::time::{Duration, Instant};

use holdout_contract::ranks::WhyUnknown;
use holdout_evaluator::Evaluator;

use column::{Column, ReadColumn, keep, read_column};
use covariances::{Known, covariance};

use super::message::{
    Board, BoardEntry, BoardRanks, FileRef, FoundGain, Kept, KeyBelow, RanksOutcome, TeamRanks,
};
use super::storage::Storage;
use crate::influence::{Influence, NoInterval};
use crate::ranks::{self, Covariance, Duel, Mean, Pictures, Places, Replicates, Uncompared};
use crate::unseal::Opened;

/// Looking at new submissions takes no longer in one job; the rest is looked at in the next.
const MOST_TIME: Duration = Duration::from_secs(30);
/// Digits of a standard error that are told.
const SHOWN_DIGITS: usize = 2;
/// Teams of which any two are told how far their difference would move: a message and a table of so many squared.
const MOST_IN_PAIRS: usize = 1000;

/// What is told where a host's metric says of no file what is chance.
const NO_FILE_IS_KNOWN: &str = "The metric is its host's own. Of none of these files is it known what is chance: the metric gives no score, or takes \
                                too long, where blocks of rows are left out one after the other, or one block alone decides.";

/// Why a submission has no influence values.
pub(super) enum Unknown {
    /// As a sentence for people.
    OfAllFiles(String),
    /// The other files may have some.
    OfFile(WhyUnknown),
}

/// Everything that the child knows and this does not: how files are opened and judged.
pub(super) trait Desk {
    type Fault: From<io::Error>;

    /// # Errors
    /// A fault of ours; inside, why a submission has no influence values.
    fn influence(&mut self, file: &FileRef) -> Result<Result<Influence, Unknown>, Self::Fault>;

    /// The same of every metric that teams are ranked by, turned so that lower is better.
    ///
    /// # Errors
    /// A fault of ours; inside, why a submission has no influence values.
    fn influence_of_parts(
        &mut self,
        file: &FileRef,
    ) -> Result<Result<Vec<Influence>, NoInterval>, Self::Fault>;

    /// How the board's scores follow from every unit alone, as a file shows.
    ///
    /// # Errors
    /// A fault of ours.
    fn mean_of_units(&mut self, file: &FileRef) -> Result<Option<Mean>, Self::Fault>;

    /// Opens what was sealed.
    ///
    /// # Errors
    /// A fault of ours.
    fn unseal(&self, file: &FileRef) -> Result<Opened, Self::Fault>;

    /// As [`Desk::unseal`], on all cores where `n_values` in all are worth it; each is dropped once `parse` saw it.
    ///
    /// # Errors
    /// A fault of ours.
    fn unseal_each<T: Send>(
        &self,
        files: &[FileRef],
        n_values: usize,
        parse: impl Fn(&Opened) -> T + Sync,
    ) -> Result<Vec<T>, Self::Fault>;

    fn recipient(&self) -> String;

    fn storage(&self) -> &Storage;

    fn evaluator(&self) -> &Evaluator;

    /// How many rows of the other split there are for one of this.
    fn share_of_unseen(&mut self) -> Result<f64, Self::Fault>;
}

/// Looks at a board.
///
/// # Errors
/// Those of the desk; what was stored until then is removed.
pub(super) fn look<D: Desk>(desk: &mut D, board: &Board) -> Result<BoardRanks, D::Fault> {
    let mut found = BoardRanks::default();
    let until = Instant::now() + MOST_TIME;
    let looked =
        fill(desk, board, &mut found, until).and_then(|()| fill_gains(desk, board, &mut found, until));
    if looked.is_err() {
        let made = found.made.iter().map(|(_, stored)| stored).chain(&found.covariances);
        made.for_each(|stored| drop(desk.storage().remove(&stored.key)));
    }
    looked.map(|()| found)
}

fn fill<D: Desk>(
    desk: &mut D,
    board: &Board,
    found: &mut BoardRanks,
    until: Instant,
) -> Result<(), D::Fault> {
    if let Some(reason) = mean_ranks::hindrance(board) {
        found.outcome = RanksOutcome::Absent(reason);
        return Ok(());
    }
    let Some(columns) = columns(desk, board, found, until)? else { return Ok(()) };
    let (board, mut columns) = compared(desk, board, columns, found)?;
    let board = board.as_ref();
    if board.n_first == 0 && !found.left_out.is_empty() {
        found.outcome = RanksOutcome::Absent(NO_FILE_IS_KNOWN.to_owned());
        return Ok(());
    }
    let known = match &board.covariances {
        Some(file) => Known::read(&desk.unseal(file)?).unwrap_or_default(),
        None => Known::default(),
    };
    let compared = match covariance(desk, board, &columns, found, &known)? {
        Some(covariance) => Some(covariance),
        None if remake(desk, board, &mut columns, found, until)? => {
            covariance(desk, board, &columns, found, &Known::default())?
        }
        None => return Ok(()),
    };
    let Some(covariance) = compared else {
        let reason = "The teams' files were judged on different rows; another look follows.".to_owned();
        found.outcome = RanksOutcome::Absent(reason);
        return Ok(());
    };
    let share = desk.share_of_unseen()?;
    if !board.parts.is_empty() {
        found.outcome = mean_ranks::outcome(board, &covariance, found.n_units, share);
        return Ok(());
    }
    let keys: Vec<f64> = board.entries.iter().map(|entry| entry.rank_key).collect();
    if !board.is_final {
        found.outcome = outcome(&keys, &covariance, found.n_units, board, share, None);
        return Ok(());
    }
    let duels = duels::count(desk, board, &columns)?;
    let n_first = board.n_first;
    let first = (&keys[..n_first], &covariance.of_first(n_first));
    // Who comes first how often cannot be imagined without one of the first.
    let pictures = match found.left_out.is_empty() {
        true => Some(pictures(desk, board, &columns[..n_first], first, &duels, found.n_units)?),
        false => None,
    };
    found.outcome = outcome(&keys, &covariance, found.n_units, board, share, pictures);
    if let RanksOutcome::Found { teams, .. } = &mut found.outcome {
        teams.iter_mut().zip(duels).for_each(|(team, duels)| team.duels = duels);
    }
    Ok(())
}

/// The influence values of every submission of the board, made where none are kept; `None` where that takes more time
/// than there is, or where a submission has none.
fn columns<D: Desk>(
    desk: &mut D,
    board: &Board,
    found: &mut BoardRanks,
    until: Instant,
) -> Result<Option<Vec<Column>>, D::Fault> {
    let mut columns = Vec::with_capacity(board.entries.len());
    for BoardEntry { kept, .. } in &board.entries {
        if let Some(influence) = &kept.influence {
            columns.push(Column::Kept(influence.clone()));
            continue;
        }
        if Instant::now() > until {
            return Ok(None);
        }
        let column = match influences(desk, board, &kept.file)? {
            Err(Unknown::OfAllFiles(reason)) => {
                found.outcome = RanksOutcome::Absent(reason);
                return Ok(None);
            }
            // Kept as well, so that the metric is not asked again.
            Err(Unknown::OfFile(why)) => ReadColumn::unknown(why),
            Ok(column) => column,
        };
        let stored = keep(desk, board, |output| column.write(output))?;
        found.made.push((kept.submission_id, stored.clone()));
        columns.push(Column::Made(stored));
    }
    Ok(Some(columns))
}

/// Of one score, or under all metrics that teams are ranked by.
fn influences<D: Desk>(
    desk: &mut D,
    board: &Board,
    file: &FileRef,
) -> Result<Result<ReadColumn, Unknown>, D::Fault> {
    let found = if board.parts.is_empty() {
        desk.influence(file)?.map(|influence| vec![influence])
    } else {
        desk.influence_of_parts(file)?.map_err(|NoInterval(reason)| Unknown::OfAllFiles(reason))
    };
    Ok(found.map(|influences| ReadColumn::of(&influences)))
}

/// The board without the files of which nothing is known: only a host's metric leaves any out. Nobody is held better or worse
/// than these, so that all ranges hold without them.
fn compared<'a, D: Desk>(
    desk: &D,
    board: &'a Board,
    columns: Vec<Column>,
    found: &mut BoardRanks,
) -> Result<(Cow<'a, Board>, Vec<Column>), D::Fault> {
    if board.judging.module.is_none() {
        return Ok((Cow::Borrowed(board), columns));
    }
    let mut known = board.clone();
    known.entries.clear();
    let mut known_columns = Vec::with_capacity(columns.len());
    for ((at, entry), column) in board.entries.iter().enumerate().zip(columns) {
        let read = read_column(desk, &column)?;
        if !read.values.is_empty() {
            known.entries.push(entry.clone());
            known_columns.push(column);
        } else if at < board.n_first {
            known.n_first -= 1;
            found.left_out.push((entry.kept.submission_id, read.why_unknown));
        }
    }
    Ok((Cow::Owned(known), known_columns))
}

/// Makes columns anew that were kept when the values of these files were others, such as exact replicates now where
/// each row had a value before. `false` where that takes more time than there is; it goes on in the next job.
fn remake<D: Desk>(
    desk: &mut D,
    board: &Board,
    columns: &mut [Column],
    found: &mut BoardRanks,
    until: Instant,
) -> Result<bool, D::Fault> {
    let made = columns.iter().find(|column| matches!(column, Column::Made(_)));
    let mut wanted = made.map(|column| read_column(desk, column)).transpose()?.map(|column| column.shape());
    for (BoardEntry { kept, .. }, column) in board.entries.iter().zip(columns) {
        if wanted.is_some() && wanted == Some(read_column(desk, column)?.shape()) {
            continue;
        }
        if Instant::now() > until {
            // What is known was found with the old columns.
            let nothing = Known::default();
            found.covariances = Some(keep(desk, board, |output| nothing.write(output))?);
            return Ok(false);
        }
        let Ok(made) = influences(desk, board, &kept.file)? else { continue };
        let stored = keep(desk, board, |output| made.write(output))?;
        wanted = Some(made.shape());
        found.made.push((kept.submission_id, stored.clone()));
        *column = Column::Made(stored);
    }
    Ok(true)
}

/// Compares files with those that their teams sent before, as far as the time goes; where the metric has no
/// influence values, none.
fn fill_gains<D: Desk>(
    desk: &mut D,
    board: &Board,
    found: &mut BoardRanks,
    until: Instant,
) -> Result<(), D::Fault> {
    if !matches!(found.outcome, RanksOutcome::Found { .. }) {
        return Ok(());
    }
    for gain in board.gains.iter().take_while(|_| Instant::now() < until) {
        let before = values_of(desk, board, &gain.before, found)?;
        let own = values_of(desk, board, &gain.submission, found)?;
        let errors = own.zip(before).and_then(|(own, before)| own.errors_beside(&before));
        let errors: Vec<f64> = errors.into_iter().flatten().map(shown).collect();
        found.gains.push(FoundGain {
            submission_id: gain.submission.submission_id,
            before_id: gain.before.submission_id,
            standard_error: errors.first().copied(),
            part_errors: if board.parts.is_empty() { Vec::new() } else { errors },
        });
    }
    Ok(())
}

/// Influence values as they are kept, or anew.
fn values_of<D: Desk>(
    desk: &mut D,
    board: &Board,
    kept: &Kept,
    found: &BoardRanks,
) -> Result<Option<ReadColumn>, D::Fault> {
    let made = found.made.iter().find(|(submission_id, _)| *submission_id == kept.submission_id);
    let column = made.map(|(_, stored)| Column::Made(stored.clone()));
    if let Some(column) = column.or_else(|| kept.influence.clone().map(Column::Kept)) {
        return read_column(desk, &column).map(Some);
    }
    Ok(influences(desk, board, &kept.file)?.ok())
}

/// Of what was computed anew, where that is kept; else of the covariance.
fn pictures<D: Desk>(
    desk: &D,
    board: &Board,
    columns: &[Column],
    (keys, covariance): (&[f64], &Covariance),
    duels: &[Vec<Duel>],
    n_units: u64,
) -> Result<Pictures, D::Fault> {
    let replicated = replicated(desk, columns)?;
    let replicates = replicated
        .as_ref()
        .map(|columns| Replicates { columns, higher_is_better: board.direction.higher_is_better() });
    let mut pictures = ranks::pictures(keys, covariance, n_units, replicates, duels, board.seed);
    pictures.p_values.iter_mut().flatten().for_each(|p| *p = shown(*p));
    Ok(pictures)
}

/// The columns, where they hold replicates: short ones.
fn replicated<D: Desk>(desk: &D, columns: &[Column]) -> Result<Option<Vec<Vec<f32>>>, D::Fault> {
    let mut replicated = Vec::with_capacity(columns.len());
    for column in columns {
        let column = read_column(desk, column)?;
        if !column.holds_replicates() {
            return Ok(None);
        }
        replicated.push(column.values);
    }
    Ok(Some(replicated))
}

fn outcome(
    keys: &[f64],
    covariance: &Covariance,
    n_units: u64,
    board: &Board,
    share: f64,
    pictures: Option<Pictures>,
) -> RanksOutcome {
    let n_first = board.n_first;
    let landmarks: Vec<u32> = board.entries[n_first..].iter().map(|entry| entry.rank).collect();
    let places = Places { n_first, landmarks: &landmarks, n_teams: board.n_teams };
    let ranges = ranks::rank_ranges(keys, covariance, n_units, places, board.seed);
    let shake_up = if board.is_final {
        None
    } else {
        ranks::shake_up(keys, covariance, &uncompared(board), share, board.seed)
    };
    let n_in_pairs = n_first.min(MOST_IN_PAIRS);
    let team = |(team, range)| TeamRanks {
        range,
        standard_error: shown(covariance.standard_error(team)),
        difference_errors: (0..if team < n_in_pairs { n_in_pairs } else { 0 })
            .map(|other| shown(covariance.error_at_most(team, other)) as f32)
            .collect(),
        most_behind: Vec::new(),
        duels: Vec::new(),
    };
    let teams = ranges.into_iter().enumerate().map(team).collect();
    RanksOutcome::Found {
        digits: ranks::digits(covariance),
        part_noise: Vec::new(),
        shake_up: shake_up.map(shown),
        teams,
        pictures,
    }
}

/// Teams below the first ones that are no landmarks, each beside the compared team above it.
fn uncompared(board: &Board) -> Vec<Uncompared> {
    let compared = |rank: u32| board.entries.partition_point(|entry| entry.rank <= rank);
    let team = |below: &KeyBelow| {
        let like = compared(below.rank).checked_sub(1)?;
        (board.entries[like].rank != below.rank).then_some(Uncompared { key: below.key, like })
    };
    board.keys_below.iter().filter_map(team).collect()
}

/// To two digits that count.
fn shown(value: f64) -> f64 {
    format!("{value:.*e}", SHOWN_DIGITS - 1).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_leave() {
        assert_eq!((shown(0.012_345), shown(0.0), shown(987.0)), (0.012, 0.0, 990.0));
    }
}
