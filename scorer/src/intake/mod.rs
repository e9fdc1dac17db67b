//! The scorers' roads from a file's bytes to typed columns, or to a [`Rejection`] that names line, column
//! and expectation.
//!
//! CSV is read twice in principle and once in practice: [`fast`] reads plain, well-formed files in
//! parallel and gives up at the first oddity; the careful reader of `holdout-intake`, which the command
//! line uses, too, then reads the file from the start and says what is wrong. Parquet is read column by column.
//!
//! Never here: what an id or a score means. Start at [`read`].

mod fast;
mod line;
mod parquet;
mod scan;

#[cfg(test)]
mod agreement;

use holdout_contract::rejection::Rejection;

use content::{Bytes, Opened};
pub use holdout_intake::*;

/// Reads the columns that `plan` asks for, given the file's header.
///
/// # Errors
/// The file's first fault in file order, or whatever `plan` finds wrong with the header.
pub fn read(
    content: &Content,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Table, Rejection> {
    let table = match content {
        Content::Parquet(bytes) => parquet::read(bytes, limits, plan)?,
        Content::Csv(bytes) => read_lines(bytes, limits, plan)?,
    };
    if table.n_rows == 0 {
        return Err(rejections::no_rows());
    }
    Ok(table)
}

fn read_lines(
    bytes: &Bytes,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
) -> Result<Table, Rejection> {
    let header = header::read(bytes.as_ref(), limits)?;
    let plan = plan(&header.names)?;
    let body = &header.text[header.body_at..];
    match fast::read(&fast::Piecework::new(bytes, &plan, limits), body) {
        Some(table) => Ok(table),
        None => careful::read(header.text, &plan, limits),
    }
}

/// Reads as [`read`] does, on every core, and hands on the rows as soon as they are read: `start` makes
/// one taker for every piece of the file, given its number and how many there are, and `take` gives it
/// the next rows of its piece, or refuses them. The takers come back in the order of the file.
///
/// `None` where the file is not plain, is faulty, or rows were refused: [`read`] can tell.
///
/// # Errors
/// Whatever `plan` finds wrong with the header.
pub(crate) fn stream<T: Send>(
    content: &Content,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
    start: impl Fn(usize, usize) -> T + Sync,
    take: impl Fn(&mut T, &mut Table) -> Option<()> + Sync,
) -> Result<Option<Vec<T>>, Rejection> {
    let Content::Csv(bytes) = content else { return Ok(None) };
    let header = header::read(bytes.as_ref(), limits)?;
    let plan = plan(&header.names)?;
    let body = &header.text[header.body_at..];
    Ok(fast::stream(&fast::Piecework::new(bytes, &plan, limits), body, start, take))
}

/// Reads as [`read`] does, in the order of the file, and hands on the rows of a piece of it as soon as they are read.
///
/// # Errors
/// As [`read`]; rows before the fault were handed on by then.
pub(crate) fn stream_in_order(
    content: &Content,
    limits: &Limits,
    plan: impl FnOnce(&[String]) -> Result<Plan, Rejection>,
    take: impl FnMut(&mut Table),
) -> Result<(), Rejection> {
    match content {
        Content::Parquet(bytes) => parquet::stream(bytes, limits, plan, take),
        Content::Csv(bytes) => {
            let header = header::read(bytes.as_ref(), limits)?;
            careful::stream(header.text, &plan(&header.names)?, limits, take)
        }
    }
}

/// The header of a file that may be packed.
///
/// # Errors
/// A file with no readable header.
pub fn read_header_of(opened: &Opened, limits: &Limits) -> Result<Vec<String>, Rejection> {
    match opened {
        Opened::Whole(content) => read_header(content, limits),
        Opened::Packed(packed) => Ok(header::read(packed.start(), limits)?.names),
    }
}

/// The header of a file, without its rows.
///
/// # Errors
/// A file with no readable header.
pub fn read_header(content: &Content, limits: &Limits) -> Result<Vec<String>, Rejection> {
    match content {
        Content::Parquet(bytes) => parquet::header(bytes),
        Content::Csv(bytes) => Ok(header::read(bytes.as_ref(), limits)?.names),
    }
}

/// Every column of a file as text, for those who must look at a table before they know what it is.
///
/// # Errors
/// As [`read`].
pub fn read_texts(content: &Content, limits: &Limits) -> Result<(Vec<String>, Vec<Texts>), Rejection> {
    let mut names = Vec::new();
    let table = read(content, limits, |header| {
        names = header.to_vec();
        Ok(Plan::all_texts(header))
    })?;
    let columns = table.columns.into_iter().filter_map(|column| match column {
        Column::Texts(texts) => Some(texts),
        Column::Numbers(_) | Column::Labels(_) => None,
    });
    Ok((names, columns.collect()))
}
