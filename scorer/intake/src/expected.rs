//! A submission's header against the columns it must have.

use holdout_contract::rejection::{Rejection, RejectionKind};

use crate::plan::{Plan, Wanted};
pub use holdout_contract::format::Expected;

/// Finds every expected column, whatever their order.
///
/// # Errors
/// `missing_column` with a hint where another spelling is there, `unknown_column`, and
/// `unknown_class` where columns are classes.
pub fn submission_plan(
    header: &[String],
    id_name: &str,
    expected: &[Expected],
    are_classes: bool,
) -> Result<Plan, Rejection> {
    let names = || std::iter::once(id_name).chain(expected.iter().map(|column| column.name.as_str()));
    let missing: Vec<&str> = names().filter(|name| !header.iter().any(|column| column == name)).collect();
    let unknown: Vec<&String> = header.iter().filter(|column| names().all(|name| name != *column)).collect();
    if are_classes && !unknown.is_empty() && missing.iter().all(|name| spelling(name, header).is_none()) {
        return Err(unknown_class(&unknown, expected));
    }
    if let Some(first) = missing.first() {
        return Err(missing_column(first, &missing, header));
    }
    if !unknown.is_empty() {
        return Err(unknown_column(&unknown, names().collect()));
    }
    let place = |name: &str| header.iter().position(|column| column == name).unwrap_or_default();
    let columns = expected
        .iter()
        .map(|column| Wanted {
            name: column.name.clone(),
            field: place(&column.name),
            rule: column.rule.clone(),
        })
        .collect();
    Ok(Plan::new(header, Some(place(id_name)), columns))
}

fn missing_column(first: &str, missing: &[&str], header: &[String]) -> Rejection {
    let hint = hint(first, header);
    let have = if header.len() <= 8 {
        format!(" The header has: {}.", header.join(", "))
    } else {
        format!(" The header has {} other columns.", header.len())
    };
    Rejection::new(RejectionKind::MissingColumn, format!("The file has no column “{first}”.{have}{hint}"))
        .with_line(1)
        .with_column(first)
        .with_examples(missing.iter().copied())
        .with_total(missing.len() as u64)
}

/// The column that differs in case or blanks alone.
fn spelling<'a>(name: &str, header: &'a [String]) -> Option<&'a String> {
    header.iter().find(|column| column.trim().eq_ignore_ascii_case(name.trim()))
}

/// Why a header may lack a column, in a sentence after a blank; empty where nothing is known.
pub fn hint(name: &str, header: &[String]) -> String {
    if let Some(near) = spelling(name, header) {
        return format!(" Its column “{near}” is spelt differently; upper and lower case and spaces count.");
    }
    if let [only] = header
        && let Some(sign) = [';', '\t', '|'].into_iter().find(|sign| only.contains(*sign))
    {
        let shown = if sign == '\t' { "tabs".to_owned() } else { format!("“{sign}”") };
        return format!(" The cells seem to be separated by {shown}; separate them by commas.");
    }
    if header.iter().all(|column| column.trim().parse::<f64>().is_ok()) {
        return " The first line seems to be data; the file must begin with a header.".into();
    }
    String::new()
}

fn unknown_column(unknown: &[&String], wanted: Vec<&str>) -> Rejection {
    let wanted =
        if wanted.len() <= 8 { wanted.join(", ") } else { "those of the sample submission".to_owned() };
    let (column, hint) = match unknown[0].trim() {
        "" => (
            "a column without a name".to_owned(),
            " pandas writes its index so; leave it out with index=False.",
        ),
        name => (format!("a column “{name}”"), ""),
    };
    Rejection::new(
        RejectionKind::UnknownColumn,
        format!("The file has {column}, which is not asked for; its columns must be {wanted}.{hint}"),
    )
    .with_line(1)
    .with_column(unknown[0].as_str())
    .with_examples(unknown.iter().map(|name| name.as_str()))
    .with_total(unknown.len() as u64)
}

fn unknown_class(unknown: &[&String], expected: &[Expected]) -> Rejection {
    let classes: Vec<&str> = expected.iter().take(8).map(|column| column.name.as_str()).collect();
    let more = if expected.len() > classes.len() { ", …" } else { "" };
    Rejection::new(
        RejectionKind::UnknownClass,
        format!(
            "The file has a column “{}”, which is no class of this competition; the classes are {}{more}.",
            unknown[0],
            classes.join(", ")
        ),
    )
    .with_line(1)
    .with_column(unknown[0].as_str())
    .with_examples(unknown.iter().map(|name| name.as_str()))
    .with_total(unknown.len() as u64)
}
