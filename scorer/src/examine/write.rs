//! The parts of a split as files: CSV with the table's own cells, the solution sealed on its way.

use std::io::{self, BufWriter, Write};

use holdout_contract::seal::{SealError, Sealer};

use super::frame::Frame;
use super::split::Parts;
use crate::split::Usage;

/// `train.csv`: id, features, target.
///
/// # Errors
/// Those of the output.
pub fn train(frame: &Frame, parts: &Parts, output: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(BufWriter::new(output));
    let features = parts.features.iter();
    let header = features.clone().map(|column| frame.names[*column].as_str());
    csv.write_record(
        [parts.identity.name.as_str()].into_iter().chain(header).chain([target_name(frame, parts)]),
    )?;
    for (at, row) in parts.train.iter().enumerate() {
        let id = id(frame, parts, *row, at);
        let cells = features.clone().map(|column| frame.cell(*row, *column));
        csv.write_record([id.as_str()].into_iter().chain(cells).chain([frame.cell(*row, parts.target)]))?;
    }
    csv.flush()
}

/// `test.csv`: id and features.
///
/// # Errors
/// Those of the output.
pub fn test(frame: &Frame, parts: &Parts, output: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(BufWriter::new(output));
    let features = parts.features.iter();
    let header = features.clone().map(|column| frame.names[*column].as_str());
    csv.write_record([parts.identity.name.as_str()].into_iter().chain(header))?;
    for (id, row, _) in test_rows(frame, parts) {
        let cells = features.clone().map(|column| frame.cell(row, *column));
        csv.write_record([id.as_str()].into_iter().chain(cells))?;
    }
    csv.flush()
}

/// `sample_submission.csv`: id and the constant guess.
///
/// # Errors
/// Those of the output.
pub fn sample_submission(frame: &Frame, parts: &Parts, output: impl Write) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(BufWriter::new(output));
    csv.write_record([parts.identity.name.as_str(), target_name(frame, parts)])?;
    for (id, _, _) in test_rows(frame, parts) {
        csv.write_record([id.as_str(), parts.baseline.as_str()])?;
    }
    csv.flush()
}

/// The solution, sealed to `recipient`: id, target, `Usage`.
///
/// # Errors
/// A recipient that is none, and those of the output.
pub fn solution(frame: &Frame, parts: &Parts, recipient: &str, output: impl Write) -> Result<(), SealError> {
    let mut csv = csv::Writer::from_writer(Sealer::new(recipient, output)?);
    let written = || -> Result<(), csv::Error> {
        csv.write_record([parts.identity.name.as_str(), target_name(frame, parts), "Usage"])?;
        for (id, row, usage) in test_rows(frame, parts) {
            csv.write_record([id.as_str(), frame.cell(row, parts.target), usage.name()])?;
        }
        Ok(())
    };
    let mut written = written;
    written().map_err(io::Error::from)?;
    let sealer = csv.into_inner().map_err(|error| io::Error::from(error.error().kind()))?;
    sealer.finish()?;
    Ok(())
}

fn target_name<'a>(frame: &'a Frame, parts: &Parts) -> &'a str {
    &frame.names[parts.target]
}

fn test_rows<'a>(frame: &'a Frame, parts: &'a Parts) -> impl Iterator<Item = (String, usize, Usage)> + 'a {
    let n_train = parts.train.len();
    parts
        .test
        .iter()
        .enumerate()
        .map(move |(at, (row, usage))| (id(frame, parts, *row, n_train + at), *row, *usage))
}

/// The table's own id, or the place in the order that was drawn.
fn id(frame: &Frame, parts: &Parts, row: usize, place: usize) -> String {
    match parts.identity.column {
        Some(column) => frame.cell(row, column).to_owned(),
        None => (place + 1).to_string(),
    }
}
