//! On how many rows of a final board each of two teams is better. Never before the end: counts are exact, and whoever
//! sent two files that differ in chosen rows would read labels off them.

use super::Desk;
use super::column::{Column, read_column};
use crate::ranks::Duel;
use crate::worker::message::Board;

/// Teams of which any two are counted against each other.
const MOST_TEAMS: usize = 100;
/// Columns that are in memory together with the one that is read.
const MOST_BYTES: usize = 128 << 20;

/// Of each of the first teams against each of them; empty where rows are not won or lost under the metric.
///
/// # Errors
/// Those of the desk.
pub(super) fn count<D: Desk>(
    desk: &mut D,
    board: &Board,
    columns: &[Column],
) -> Result<Vec<Vec<Duel>>, D::Fault> {
    let n = board.n_first.min(MOST_TEAMS);
    let Some(first) = board.entries[..n].first() else { return Ok(Vec::new()) };
    let Some(mean) = desk.mean_of_units(&first.kept.file)? else { return Ok(Vec::new()) };
    let higher_is_better = board.direction.higher_is_better();
    let score = |team: usize| board.direction.rank_key(board.entries[team].rank_key);
    let mut duels = vec![vec![Duel::default(); n]; n];
    let mut begun = 0;
    while begun < n {
        let mut held = vec![read_column(desk, &columns[begun])?.values];
        let together = (MOST_BYTES / (4 * held[0].len().max(1))).clamp(1, n - begun);
        for column in &columns[begun + 1..begun + together] {
            held.push(read_column(desk, column)?.values);
        }
        for other in begun..n {
            let read = read_column(desk, &columns[other])?;
            if read.holds_replicates() {
                return Ok(Vec::new());
            }
            for (team, own) in (begun..).zip(&held) {
                let duel = mean.duel(
                    (score(team), own.as_slice()),
                    (score(other), read.values.as_slice()),
                    higher_is_better,
                );
                duels[team][other] = duel;
                duels[other][team] = Duel { n_won: duel.n_lost, n_lost: duel.n_won };
            }
        }
        begun += together;
    }
    Ok(duels)
}
