//! A board in the child's hands: influence values of its submissions, kept sealed, and what follows from
//! them. Only what was computed on the rows of the board leaves, rounded so that it tells less of labels
//! than a score does.

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use holdout_contract::seal::Sealer;
use holdout_evaluator::{Cpu, Evaluator, Suite};

use super::duels;
use super::message::{
    Board, BoardEntry, BoardRanks, FileRef, FoundGain, Kept, KeyBelow, RanksOutcome, TeamRanks,
};
use super::storage::{Storage, Stored, Writing};
use crate::influence::{Influence, NoInterval, Unit};
use crate::ranks::{self, Covariance, Duel, Mean, Pictures, Places, Replicates, Uncompared};
use crate::unseal::Opened;

/// Looking at new submissions takes no longer in one job; the rest is looked at in the next.
const MOST_TIME: Duration = Duration::from_secs(30);
/// Columns that are in memory together.
const MOST_BYTES: usize = 128 << 20;
/// Digits of a standard error that are told.
const SHOWN_DIGITS: usize = 2;

/// Everything that the child knows and this does not: how files are opened and judged.
pub(super) trait Desk {
    type Fault: From<io::Error>;

    /// # Errors
    /// A fault of ours; inside, why a submission has no influence values.
    fn influence(&mut self, file: &FileRef) -> Result<Result<Influence, NoInterval>, Self::Fault>;

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

/// A column of influence values, read again as often as it is needed.
pub(super) enum Column {
    Made(Stored),
    Kept(FileRef),
}

impl Column {
    fn file(&self) -> FileRef {
        match self {
            Self::Kept(file) => file.clone(),
            Self::Made(Stored { key, sha256, .. }) => FileRef { key: key.clone(), sha256: Some(*sha256) },
        }
    }
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
    let mut columns = Vec::with_capacity(board.entries.len());
    for BoardEntry { kept, .. } in &board.entries {
        if let Some(influence) = &kept.influence {
            columns.push(Column::Kept(influence.clone()));
            continue;
        }
        if Instant::now() > until {
            return Ok(());
        }
        match desk.influence(&kept.file)? {
            Err(NoInterval(reason)) => {
                found.outcome = RanksOutcome::Absent(reason);
                return Ok(());
            }
            Ok(influence) => {
                let stored = keep(desk, board, |output| write_column(&influence, output))?;
                found.made.push((kept.submission_id, stored.clone()));
                columns.push(Column::Made(stored));
            }
        }
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
    let keys: Vec<f64> = board.entries.iter().map(|entry| entry.rank_key).collect();
    let share = desk.share_of_unseen()?;
    let duels = if board.is_final { duels::count(desk, board, &columns)? } else { Vec::new() };
    let pictures = if board.is_final {
        let n_first = board.n_first;
        let first = (&keys[..n_first], &covariance.of_first(n_first));
        Some(pictures(desk, board, &columns[..n_first], first, &duels, found.n_units)?)
    } else {
        None
    };
    found.outcome = outcome(&keys, &covariance, found.n_units, board, share, pictures);
    if let RanksOutcome::Found { teams, .. } = &mut found.outcome {
        teams.iter_mut().zip(duels).for_each(|(team, duels)| team.duels = duels);
    }
    Ok(())
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
        let Ok(influence) = desk.influence(&kept.file)? else { continue };
        let stored = keep(desk, board, |output| write_column(&influence, output))?;
        wanted = Some(ReadColumn::of(influence).shape());
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
        let before = values_of(desk, &gain.before, found)?;
        let own = values_of(desk, &gain.submission, found)?;
        found.gains.push(FoundGain {
            submission_id: gain.submission.submission_id,
            before_id: gain.before.submission_id,
            standard_error: own.zip(before).and_then(|(own, before)| own.error_beside(&before)).map(shown),
        });
    }
    Ok(())
}

/// Influence values as they are kept, or anew.
fn values_of<D: Desk>(desk: &mut D, kept: &Kept, found: &BoardRanks) -> Result<Option<ReadColumn>, D::Fault> {
    let made = found.made.iter().find(|(submission_id, _)| *submission_id == kept.submission_id);
    let column = made.map(|(_, stored)| Column::Made(stored.clone()));
    if let Some(column) = column.or_else(|| kept.influence.clone().map(Column::Kept)) {
        return read_column(desk, &column).map(Some);
    }
    Ok(desk.influence(&kept.file)?.ok().map(ReadColumn::of))
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
    let team = |(team, range)| TeamRanks {
        range,
        standard_error: shown(covariance.standard_error(team)),
        difference_errors: (0..n_first)
            .map(|other| shown(covariance.error_of_difference(team, other)) as f32)
            .collect(),
        duels: Vec::new(),
    };
    let teams = ranges.into_iter().enumerate().map(team).collect();
    RanksOutcome::Found { digits: ranks::digits(covariance), shake_up: shake_up.map(shown), teams, pictures }
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

/// Of all teams of the board: as it was found the last time, and anew where a submission is new.
fn covariance<D: Desk>(
    desk: &D,
    board: &Board,
    columns: &[Column],
    found: &mut BoardRanks,
    known: &Known,
) -> Result<Option<Covariance>, D::Fault> {
    let n = columns.len();
    let mut covariance = Covariance::zeros(n);
    let places: Vec<Option<usize>> =
        board.entries.iter().map(|entry| known.places.get(&entry.kept.submission_id).copied()).collect();
    for a in 0..n {
        for b in 0..=a {
            if let (Some(place_a), Some(place_b)) = (places[a], places[b]) {
                covariance.put(a, b, known.at(place_a, place_b));
            }
        }
    }
    let new: Vec<usize> = (0..n).filter(|team| places[*team].is_none()).collect();
    (found.n_units, found.counts_groups) = (known.n_units, known.counts_groups);
    let mut rest = new.as_slice();
    while let Some(first) = rest.first() {
        let first = read_column(desk, &columns[*first])?;
        let n_values = first.values.len();
        if found.n_units != 0 && found.n_units != first.n_units {
            return Ok(None);
        }
        (found.n_units, found.counts_groups) = (first.n_units, first.counts_groups);
        let n_batch = (MOST_BYTES / (4 * n_values.max(1))).clamp(1, rest.len());
        let (batch, later) = rest.split_at(n_batch);
        rest = later;
        let Some(further) = read_columns(desk, batch[1..].iter().map(|team| &columns[*team]), n_values)?
        else {
            return Ok(None);
        };
        let held: Vec<&[f32]> = std::iter::once(&first.values).chain(&further).map(Vec::as_slice).collect();
        let together = ranks::together(n_values);
        for first in (0..n).step_by(together) {
            let teams: Vec<usize> = (first..n.min(first + together)).collect();
            let is_held = |team: &usize| batch.iter().position(|held| held == team);
            let others = teams.iter().filter(|team| is_held(team).is_none()).map(|team| &columns[*team]);
            let Some(read) = read_columns(desk, others, n_values)? else { return Ok(None) };
            let mut read = read.iter();
            let with = teams.iter().map(|team| match is_held(team) {
                Some(at) => Some(held[at]),
                None => read.next().map(Vec::as_slice),
            });
            let with: Vec<&[f32]> = with.flatten().collect();
            // What is shown of a final board has the same digits on every machine.
            let Ok(found) = if board.is_final {
                Cpu.products(&held, &with)
            } else {
                desk.evaluator().products(&held, &with)
            };
            for (team, products) in teams.iter().zip(found) {
                for (other, product) in batch.iter().zip(products) {
                    covariance.set(*other, *team, product, n_values);
                }
            }
        }
    }
    if !new.is_empty() {
        let known = Known::of(board, &covariance, found);
        found.covariances = Some(keep(desk, board, |output| known.write(output))?);
    }
    Ok(Some(covariance))
}

/// Writes a sealed file.
fn keep<D: Desk>(
    desk: &D,
    board: &Board,
    fill: impl FnOnce(&mut Sealer<Writing>) -> io::Result<()>,
) -> Result<Stored, D::Fault> {
    let writing =
        desk.storage().create("influences", board.judging.competition_id).map_err(io::Error::other)?;
    let mut sealer = Sealer::new(&desk.recipient(), writing).map_err(io::Error::other)?;
    fill(&mut sealer)?;
    Ok(sealer.finish()?.finish()?)
}

/// Bits of a column's first byte.
const COUNTS_GROUPS: u8 = 1;
const HOLDS_REPLICATES: u8 = 2;

#[derive(Debug, PartialEq)]
pub(super) struct ReadColumn {
    counts_groups: bool,
    n_units: u64,
    pub values: Vec<f32>,
}

impl ReadColumn {
    fn of(influence: Influence) -> Self {
        Self {
            counts_groups: influence.unit == Unit::Group,
            n_units: influence.n_units as u64,
            values: influence.values.iter().map(|value| *value as f32).collect(),
        }
    }

    /// How far the difference of two scores would typically move: what is hard for both files is left out. `None`
    /// where they were judged on different rows.
    fn error_beside(&self, other: &Self) -> Option<f64> {
        let n = self.values.len();
        if self.shape() != other.shape() {
            return None;
        }
        let difference = |at: usize| f64::from(self.values[at]) - f64::from(other.values[at]);
        Some(crate::kernels::sum(n, |at| difference(at).powi(2)).sqrt() / n as f64)
    }

    /// Columns of one shape hold values of the same units, or of the same draws of these.
    fn shape(&self) -> (usize, u64) {
        (self.values.len(), self.n_units)
    }

    pub fn holds_replicates(&self) -> bool {
        self.n_units != self.values.len() as u64
    }
}

/// A byte that says what there are values of; the number of units, where those are of replicates; then four
/// bytes for each.
fn write_column(influence: &Influence, output: &mut impl Write) -> io::Result<()> {
    let holds_replicates = influence.n_units != influence.values.len();
    let mut first = if influence.unit == Unit::Group { COUNTS_GROUPS } else { 0 };
    let mut bytes = Vec::with_capacity(5 + 4 * influence.values.len());
    if holds_replicates {
        first |= HOLDS_REPLICATES;
    }
    bytes.push(first);
    if holds_replicates {
        let n_units = u32::try_from(influence.n_units).map_err(io::Error::other)?;
        bytes.extend(n_units.to_le_bytes());
    }
    bytes.extend(influence.values.iter().flat_map(|value| (*value as f32).to_le_bytes()));
    output.write_all(&bytes)
}

pub(super) fn read_column<D: Desk>(desk: &D, column: &Column) -> Result<ReadColumn, D::Fault> {
    let opened = desk.unseal(&column.file())?;
    Ok(parse_column(&opened).ok_or(io::ErrorKind::InvalidData).map_err(io::Error::from)?)
}

/// Values of many columns; `None` where one of them has another number of values.
fn read_columns<'a, D: Desk>(
    desk: &D,
    columns: impl Iterator<Item = &'a Column>,
    n_values: usize,
) -> Result<Option<Vec<Vec<f32>>>, D::Fault> {
    let files: Vec<FileRef> = columns.map(Column::file).collect();
    let values = |opened: &Opened| parse_column(opened).map(|column| column.values);
    let read: Option<Vec<Vec<f32>>> =
        desk.unseal_each(&files, files.len() * n_values, values)?.into_iter().collect();
    let read = read.ok_or(io::ErrorKind::InvalidData).map_err(io::Error::from)?;
    Ok(read.iter().all(|values| values.len() == n_values).then_some(read))
}

fn parse_column(bytes: &[u8]) -> Option<ReadColumn> {
    let (first, rest) = bytes.split_first()?;
    let (n_units, rest) = if first & HOLDS_REPLICATES != 0 {
        let (n_units, rest) = rest.split_first_chunk::<4>()?;
        (Some(u64::from(u32::from_le_bytes(*n_units))), rest)
    } else {
        (None, rest)
    };
    let values: Vec<f32> = rest.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
    let n_units = n_units.unwrap_or(values.len() as u64);
    Some(ReadColumn { counts_groups: first & COUNTS_GROUPS != 0, n_units, values })
}

/// Covariances by submission, as they are kept.
#[derive(Default)]
struct Known {
    n_units: u64,
    counts_groups: bool,
    submissions: Vec<i64>,
    places: HashMap<i64, usize>,
    /// The lower triangle, row by row.
    values: Vec<f64>,
}

impl Known {
    fn of(board: &Board, covariance: &Covariance, found: &BoardRanks) -> Self {
        let submissions: Vec<i64> = board.entries.iter().map(|entry| entry.kept.submission_id).collect();
        let rows = 0..submissions.len();
        let values = rows.flat_map(|a| (0..=a).map(move |b| (a, b))).map(|(a, b)| covariance.at(a, b));
        Self {
            n_units: found.n_units,
            counts_groups: found.counts_groups,
            values: values.collect(),
            submissions,
            ..Self::default()
        }
    }

    fn at(&self, a: usize, b: usize) -> f64 {
        let (high, low) = (a.max(b), a.min(b));
        self.values[high * (high + 1) / 2 + low]
    }

    fn write(&self, output: &mut impl Write) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(24 + 8 * (self.submissions.len() + self.values.len()));
        for number in [self.n_units, u64::from(self.counts_groups), self.submissions.len() as u64] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(self.submissions.iter().flat_map(|id| id.to_le_bytes()));
        bytes.extend(self.values.iter().flat_map(|value| value.to_le_bytes()));
        output.write_all(&bytes)
    }

    /// `None` for what was written by another program: all is found out anew.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (words, rest) = bytes.as_chunks::<8>();
        let (head, body) = words.split_first_chunk::<3>()?;
        let [n_units, counts_groups, n_submissions] = head.map(u64::from_le_bytes);
        let n = usize::try_from(n_submissions).ok()?;
        let is_whole =
            rest.is_empty() && body.len() == n.checked_add(n.checked_mul(n.checked_add(1)?)? / 2)?;
        let (submissions, values) = body.split_at_checked(n).filter(|_| is_whole)?;
        let submissions: Vec<i64> = submissions.iter().map(|word| i64::from_le_bytes(*word)).collect();
        Some(Self {
            n_units,
            counts_groups: counts_groups == 1,
            places: submissions.iter().enumerate().map(|(place, id)| (*id, place)).collect(),
            values: values.iter().map(|word| f64::from_le_bytes(*word)).collect(),
            submissions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_nothing_else_is() {
        let mut covariance = Covariance::zeros(3);
        for (at, (a, b)) in [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (2, 2)].into_iter().enumerate() {
            covariance.put(a, b, at as f64 + 0.1);
        }
        let known = Known {
            n_units: 7,
            counts_groups: true,
            submissions: vec![30, 10, 20],
            values: vec![0.1, 1.1, 2.1, 3.1, 4.1, 5.1],
            ..Known::default()
        };
        let mut bytes = Vec::new();
        known.write(&mut bytes).expect("written");
        let read = Known::read(&bytes).expect("read");
        assert_eq!((read.n_units, read.counts_groups, read.places[&20]), (7, true, 2));
        assert_eq!((read.at(2, 1), read.at(1, 2), read.at(0, 0)), (covariance.at(2, 1), 4.1, 0.1));
        assert!(Known::read(&bytes[..bytes.len() - 8]).is_none());
        assert!(Known::read(&[0xff; 24]).is_none());
    }

    #[test]
    fn columns_are_read_as_they_were_written() {
        for (unit, n_units) in [(Unit::Row, 3), (Unit::Group, 3), (Unit::Group, 12), (Unit::Row, 2_000_000)] {
            let influence = Influence { unit, n_units, values: vec![1.0, -2.5, 0.0] };
            let mut bytes = Vec::new();
            write_column(&influence, &mut bytes).expect("written");
            let expected = ReadColumn {
                counts_groups: unit == Unit::Group,
                n_units: n_units as u64,
                values: vec![1.0, -2.5, 0.0],
            };
            assert_eq!(parse_column(&bytes), Some(expected));
        }
        assert_eq!(parse_column(&[]), None);
        assert_eq!(parse_column(&[HOLDS_REPLICATES, 1]), None);
    }

    #[test]
    fn two_digits_leave() {
        assert_eq!((shown(0.012_345), shown(0.0), shown(987.0)), (0.012, 0.0, 990.0));
    }
}
