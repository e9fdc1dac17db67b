//! A solution as it is committed to and, after the end, published: every cell of its file as text, and the part of the
//! rows that each one is in, whether its file said so or the split was made here.
//!
//! Never here: anything of it on its way out before its host releases it but a salted hash.

use std::io::{self, BufWriter, Write};

use holdout_contract::commitment::{Commitment, Form, Salt};
use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::resplit::Placed;
use super::{Competition, fit, open};
use crate::intake::{Content, Limits, Texts, cells};
use crate::solution::{NumberColumn, Solution};
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

/// A whole solution, its rows in the order in which they are scored: that of the file. Sums of doubles depend on it, and so
/// do equal scores under metrics that rank.
pub struct Whole {
    frame: Frame,
    /// By row of the file.
    usage: Vec<Usage>,
    /// Where the file has it; else it comes behind the others.
    usage_column: Option<usize>,
    /// Columns of Parquet files whose cells are scored as other numbers than their shortest text is, by their place.
    as_scored: Vec<(usize, Texts)>,
}

impl Whole {
    /// `None` where there is no solution, or the metric cannot be used with it.
    pub fn of(competition: &Competition<'_>, has_module: bool, limits: &Limits) -> Option<Self> {
        let solution = competition.solution.as_ref()?;
        let placed = Placed::of(competition, has_module, limits)?;
        let is_parquet = !has_module && matches!(open(solution, limits), Ok(Content::Parquet(_)));
        let read = if is_parquet { fit::prepare(competition, solution, limits).ok() } else { None };
        Self::joined(Frame::read(solution, limits).ok()?, &placed, read.as_ref())
    }

    fn joined(frame: Frame, placed: &Placed, read: Option<&Solution>) -> Option<Self> {
        let usage = placed.usage_by_row();
        if usage.len() != frame.n_rows() {
            return None;
        }
        let is_usage = |name: &String| name.trim().eq_ignore_ascii_case(USAGE) && *name != placed.id_name;
        let usage_column = frame.names.iter().position(is_usage).filter(|_| !placed.split_was_made);
        let as_scored = read.iter().flat_map(|solution| as_scored(&frame, solution)).collect();
        Some(Self { frame, usage, usage_column, as_scored })
    }

    pub fn commitment(&self, form: Form, salt: &Salt) -> [u8; 32] {
        let mut order: Vec<usize> = (0..self.usage.len()).collect();
        if form == Form::Sorted {
            order.sort_unstable_by(|one, other| self.cells(form, *one).cmp(self.cells(form, *other)));
        }
        let mut commitment = Commitment::new(form, salt);
        commitment.row(self.header(form));
        for row in order {
            commitment.row(self.cells(form, row));
        }
        commitment.finish()
    }

    /// As CSV, its rows as they are scored. A commitment of the form holds for it.
    ///
    /// # Errors
    /// Those of the output.
    pub fn write(&self, form: Form, output: impl Write) -> io::Result<()> {
        let mut csv = csv::Writer::from_writer(BufWriter::new(output));
        csv.write_record(self.header(form))?;
        for row in 0..self.usage.len() {
            csv.write_record(self.cells(form, row))?;
        }
        csv.flush()
    }

    fn header(&self, form: Form) -> impl Iterator<Item = &str> {
        let at = move |column: usize| match (self.frame.names.get(column), form) {
            (Some(name), Form::AsScored) => name.as_str(),
            (Some(name), Form::Sorted) if !self.is_usage(column) => name.as_str(),
            _ => USAGE,
        };
        (0..self.n_columns()).map(at)
    }

    fn cells(&self, form: Form, row: usize) -> impl Iterator<Item = &str> {
        let other = move |column: usize| {
            let known = self.as_scored.iter().find(|(at, _)| *at == column && form == Form::AsScored)?;
            Some(known.1.get(row))
        };
        let at = move |column: usize| match self.is_usage(column) {
            true => self.usage[row].name(),
            false => other(column).unwrap_or_else(|| self.frame.cell(row, column)),
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

/// The columns that would be scored as other numbers if their texts were read: a float of 32 bits is its exact value, and
/// a flag is 1 or 0.
fn as_scored(frame: &Frame, solution: &Solution) -> Vec<(usize, Texts)> {
    let told = |NumberColumn { name, rule, numbers }: NumberColumn<'_>| {
        let column = frame.position(name)?;
        let mut by_row = vec![0.0; frame.n_rows()];
        solution.row_numbers.iter().zip(numbers).for_each(|(row, number)| by_row[*row as usize] = *number);
        let is_same = |(row, number): (usize, &f64)| {
            let read = cells::number(frame.cell(row, column).as_bytes(), &rule);
            read.is_ok_and(|read| read.to_bits() == number.to_bits())
        };
        if by_row.iter().enumerate().all(is_same) {
            return None;
        }
        let mut texts = Texts::default();
        by_row.iter().for_each(|number| texts.push(&number.to_string()));
        Some((column, texts))
    };
    solution.number_columns().into_iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests {
    use holdout_contract::commitment::{Form, of_table};
    use holdout_contract::spec::Params;

    use super::*;
    use crate::split::SplitRule;

    fn whole(solution: &str, has_module: bool) -> Option<Whole> {
        let params = Params::new();
        let competition = Competition {
            solution: Some(solution.as_bytes().to_vec().into()),
            metric: (!has_module).then_some("rmse"),
            rule: SplitRule { public_fraction: 0.5, ..SplitRule::default() },
            ..Competition::empty(&params, &params)
        };
        Whole::of(&competition, has_module, &Limits::default())
    }

    fn table(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect()
    }

    fn csv(form: Form, whole: &Whole) -> String {
        let mut written = Vec::new();
        whole.write(form, &mut written).expect("written");
        String::from_utf8(written).expect("text")
    }

    #[test]
    fn what_is_published_is_what_was_committed_to_however_its_host_wrote_it() {
        let solution = "id,y,usage\n10,1.50,public\n9,2,PRIVATE\n1,0,Ignored\n";
        for (form, usage) in [(Form::AsScored, "usage"), (Form::Sorted, "Usage")] {
            for has_module in [false, true] {
                let whole = whole(solution, has_module).expect("read");
                let text = csv(form, &whole);
                assert_eq!(text, format!("id,y,{usage}\n10,1.50,Public\n9,2,Private\n1,0,Ignored\n"));
                let rows =
                    table(&[&["10", "1.50", "Public"], &["9", "2", "Private"], &["1", "0", "Ignored"]]);
                let header = ["id", "y", usage].map(str::to_owned);
                assert_eq!(whole.commitment(form, &[3; 32]), of_table(form, &[3; 32], &header, rows));
            }
        }
    }

    #[test]
    fn a_split_that_was_made_is_committed_to_as_well() {
        let whole = whole("y,id\n1,\"a,b\"\n2,c\n3,d\n4,e\n", true).expect("read");
        let text = csv(Form::AsScored, &whole);
        assert!(text.starts_with("y,id,Usage\n1,\"a,b\",P"), "{text}");
        assert_eq!((text.matches("Public").count(), text.matches("Private").count()), (2, 2), "{text}");
    }

    #[test]
    fn nothing_is_committed_to_that_cannot_be_scored() {
        assert!(whole("id,y\n1,red\n2,blue\n", false).is_none());
    }
}
