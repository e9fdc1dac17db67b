//! A solution as it is committed to and, after the end, published: every cell of its file as text, and the part of the
//! rows that each one is in, whether its file said so or the split was made here.
//!
//! Never here: anything of it on its way out before its host releases it but a salted hash.

use std::io::{self, BufWriter, Write};

use holdout_contract::commitment::{Commitment, Salt};
use serde::{Deserialize, Serialize};

use super::Competition;
use super::frame::Frame;
use super::resplit::Placed;
use crate::intake::Limits;
use crate::split::Usage;

/// A commitment to a version's labels and split.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Committed {
    /// Of the sealed file.
    pub solution_sha256: [u8; 32],
    pub sha256: [u8; 32],
    /// Opens with the scorers' key.
    pub sealed_salt: Vec<u8>,
}

/// The column that says which part a row is in.
const USAGE: &str = "Usage";

/// A whole solution, its rows in the order of their cells.
pub struct Whole {
    frame: Frame,
    /// By row of the file.
    usage: Vec<Usage>,
    /// Where the file has it; else it comes behind the others.
    usage_column: Option<usize>,
    order: Vec<usize>,
}

impl Whole {
    /// `None` where there is no solution, or the metric cannot be used with it.
    pub fn of(competition: &Competition<'_>, has_module: bool, limits: &Limits) -> Option<Self> {
        let solution = competition.solution.as_ref()?;
        let placed = Placed::of(competition, has_module, limits)?;
        Self::joined(Frame::read(solution, limits).ok()?, &placed)
    }

    fn joined(frame: Frame, placed: &Placed) -> Option<Self> {
        let usage = placed.usage_by_row();
        if usage.len() != frame.n_rows() {
            return None;
        }
        let is_usage = |name: &String| name.trim().eq_ignore_ascii_case(USAGE) && *name != placed.id_name;
        let usage_column = frame.names.iter().position(is_usage).filter(|_| !placed.split_was_made);
        let mut order: Vec<usize> = (0..usage.len()).collect();
        let mut whole = Self { frame, usage, usage_column, order: Vec::new() };
        order.sort_unstable_by(|one, other| whole.cells(*one).cmp(whole.cells(*other)));
        whole.order = order;
        Some(whole)
    }

    pub fn commitment(&self, salt: &Salt) -> [u8; 32] {
        let mut commitment = Commitment::new(salt);
        commitment.row(self.header());
        for row in &self.order {
            commitment.row(self.cells(*row));
        }
        commitment.finish()
    }

    /// As CSV.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&self, output: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(BufWriter::new(output));
        csv.write_record(self.header())?;
        for row in &self.order {
            csv.write_record(self.cells(*row))?;
        }
        csv.flush()
    }

    fn header(&self) -> impl Iterator<Item = &str> {
        let at = move |column: usize| {
            if self.is_usage(column) { USAGE } else { self.frame.names[column].as_str() }
        };
        (0..self.n_columns()).map(at)
    }

    fn cells(&self, row: usize) -> impl Iterator<Item = &str> {
        let at = move |column: usize| {
            if self.is_usage(column) { self.usage[row].name() } else { self.frame.cell(row, column) }
        };
        (0..self.n_columns()).map(at)
    }

    fn n_columns(&self) -> usize {
        self.frame.names.len() + usize::from(self.usage_column.is_none())
    }

    fn is_usage(&self, column: usize) -> bool {
        column == self.usage_column.unwrap_or(self.frame.names.len())
    }
}

#[cfg(test)]
mod tests {
    use holdout_contract::audit::Plan;
    use holdout_contract::commitment::of_table;
    use holdout_contract::spec::Params;

    use super::*;
    use crate::split::SplitRule;

    fn whole(solution: &str, has_module: bool) -> Option<Whole> {
        let params = Params::new();
        let competition = Competition {
            solution: Some(solution.as_bytes().to_vec().into()),
            metric: (!has_module).then_some("rmse"),
            params: &params,
            context: &params,
            history: None,
            rule: SplitRule { public_fraction: 0.5, ..SplitRule::default() },
            train: None,
            test: None,
            sample_submission: None,
            declared: None,
            plan: Plan::of(3, 5, None, None),
            direction: None,
        };
        Whole::of(&competition, has_module, &Limits::default())
    }

    fn table(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    fn csv(whole: &Whole) -> String {
        let mut written = Vec::new();
        whole.write(&mut written).expect("written");
        String::from_utf8(written).expect("text")
    }

    #[test]
    fn what_is_published_is_what_was_committed_to_however_its_host_wrote_it() {
        let solution = "id,y,usage\n10,1.50,public\n9,2,PRIVATE\n1,0,Ignored\n";
        for has_module in [false, true] {
            let whole = whole(solution, has_module).expect("read");
            let text = csv(&whole);
            assert_eq!(text, "id,y,Usage\n1,0,Ignored\n10,1.50,Public\n9,2,Private\n");
            let rows = table(&[&["9", "2", "Private"], &["10", "1.50", "Public"], &["1", "0", "Ignored"]]);
            let header = ["id", "y", "Usage"].map(str::to_owned);
            assert_eq!(whole.commitment(&[3; 32]), of_table(&[3; 32], &header, rows));
        }
    }

    #[test]
    fn a_split_that_was_made_is_committed_to_as_well() {
        let whole = whole("y,id\n1,\"a,b\"\n2,c\n3,d\n4,e\n", true).expect("read");
        let text = csv(&whole);
        assert!(text.starts_with("y,id,Usage\n1,\"a,b\",P"), "{text}");
        assert_eq!((text.matches("Public").count(), text.matches("Private").count()), (2, 2), "{text}");
    }

    #[test]
    fn nothing_is_committed_to_that_cannot_be_scored() {
        assert!(whole("id,y\n1,red\n2,blue\n", false).is_none());
    }
}
