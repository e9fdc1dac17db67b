//! A file held against the sample submission by the careful road alone: what the command line does
//! before it sends anything.

use holdout_contract::format::SubmissionFormat;
use holdout_contract::rejection::Rejection;

use crate::columns::Column;
use crate::content::{Bytes, Content};
use crate::plan::Plan;
use crate::sample::{Columns, Sample};
use crate::{Limits, header, read_csv};

/// What can be said of a file without labels and without a scorer.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Fits {
        n_rows: u64,
    },
    Rejected(Rejection),
    /// Only a scorer can tell; the reason.
    Unknown(String),
}

/// Holds a submission against the sample, by the competition's format where that is known.
pub fn check(
    sample: &Content,
    submission: &Content,
    format: Option<&SubmissionFormat>,
    limits: &Limits,
) -> Verdict {
    let Content::Csv(bytes) = submission else {
        return Verdict::Unknown("Parquet files are read by scorers alone.".to_owned());
    };
    let Content::Csv(sample) = sample else {
        return Verdict::Unknown("The sample submission is a Parquet file, which scorers read.".to_owned());
    };
    let sample = match prepare(sample, format, limits) {
        Ok(sample) => sample,
        Err(fault) => {
            return Verdict::Unknown(format!("The sample submission cannot be used. {}", fault.message));
        }
    };
    let table = read_csv(bytes.as_ref(), limits, |header| sample.plan(header));
    match table.and_then(|table| sample.match_rows(&table, submission)) {
        Ok(n_rows) => Verdict::Fits { n_rows },
        Err(rejection) => Verdict::Rejected(rejection),
    }
}

fn prepare(sample: &Bytes, format: Option<&SubmissionFormat>, limits: &Limits) -> Result<Sample, Rejection> {
    let bytes = sample.as_ref();
    let header = header::read(bytes, limits)?.names;
    let columns = match format {
        Some(format) => Columns::by_format(format, &header),
        None => guessed(bytes, limits)?,
    };
    let table = read_csv(bytes, limits, |_| Ok(columns.plan(&header)))?;
    Sample::new(&header, columns, table)
}

fn guessed(bytes: &[u8], limits: &Limits) -> Result<Columns, Rejection> {
    let table = read_csv(bytes, limits, |header| Ok(Plan::all_texts(header)))?;
    Ok(Columns::guessed(table.columns.iter().filter_map(|column| match column {
        Column::Texts(texts) => Some(texts),
        Column::Numbers(_) | Column::Labels(_) => None,
    })))
}
