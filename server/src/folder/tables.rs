//! What can be said of solution and sample submission without a scorer: headers, ids, `Usage`.
//!
//! Never here: a label in a message. Ids are named, and values of `Usage`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek};
use std::path::Path;

use csv::{ReaderBuilder, StringRecord};
use holdout_contract::spec::{Layout, MetricSpec};
use serde_json::Value;

use super::model::{DATA, DataFile, Metric, SETTINGS};
use super::problems::{Problems, did_you_mean};
use super::read::why_unread;
use super::sections::Located;

/// So many lines are named for one kind of mistake; the rest is counted.
const SHOWN: usize = 20;

/// Which tables there are, and what their columns must be.
pub(super) struct Tables {
    solution: Option<String>,
    /// Below the folder of data files.
    sample: Option<String>,
    id_column: Option<String>,
    /// Columns that the metric's parameters and context name.
    named: Vec<String>,
    /// Of these, columns that hold no true values.
    beside: Vec<String>,
    layout: Option<Layout>,
}

impl Tables {
    pub(super) fn new(
        data: &[Located<DataFile>],
        metric: Option<&Metric>,
        solution: Option<&Located<String>>,
        catalogue: &[MetricSpec],
    ) -> Self {
        let sample = data.iter().find(|file| file.value.role == "sample_submission");
        let context = |key: &str| metric.and_then(|metric| metric.context.get(key)).and_then(Value::as_str);
        Self {
            solution: solution.map(|file| file.value.clone()),
            sample: sample.map(|file| file.value.name.clone()),
            id_column: context("id_column").filter(|name| !name.is_empty()).map(str::to_owned),
            named: metric.map(named_columns).unwrap_or_default(),
            beside: metric.map(|metric| beside(metric).map(str::to_owned).collect()).unwrap_or_default(),
            layout: metric.and_then(|metric| layout(metric, catalogue)),
        }
    }
}

/// How the metric's columns are laid out; unknown where parameters compose another layout.
fn layout(metric: &Metric, catalogue: &[MetricSpec]) -> Option<Layout> {
    let is_composed = ["columns", "parts"].iter().any(|name| metric.params.contains_key(*name));
    let spec = catalogue.iter().find(|spec| spec.name == metric.name && !is_composed)?;
    Some(spec.layout.clone())
}

/// Columns that hold weights and groups.
fn beside(metric: &Metric) -> impl Iterator<Item = &str> {
    let in_params = ["weight_column", "group_column"].iter().filter_map(|key| metric.params.get(*key));
    in_params
        .chain(["group_column", "cluster_column"].iter().filter_map(|key| metric.context.get(*key)))
        .filter_map(Value::as_str)
}

/// Columns of the solution that parameters and context name.
fn named_columns(metric: &Metric) -> Vec<String> {
    let listed = metric.params.get("columns").and_then(Value::as_str).unwrap_or_default().split(',');
    let target = metric.context.get("target").and_then(Value::as_str);
    let targets = metric.context.get("targets").and_then(Value::as_array).into_iter().flatten();
    let all =
        beside(metric).chain(listed).chain(target).chain(targets.filter_map(Value::as_str)).map(str::trim);
    let mut names: Vec<String> = all.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

/// Checks what is there: each table for itself, then one against the other.
pub(super) fn check(root: &Path, tables: &Tables, problems: &Problems) {
    if tables.sample.is_none() {
        let message =
            "There is no data file with the role sample_submission yet: it cannot be launched without one.";
        problems.warning(SETTINGS, None, message);
    }
    let solution = tables.solution.as_ref().and_then(|name| {
        let read = read_table(root, name, tables.id_column.as_deref(), problems)?;
        check_solution(&read, tables, problems);
        Some(read)
    });
    let id_name =
        tables.id_column.clone().or_else(|| solution.as_ref().map(|read| read.id_name().to_owned()));
    let sample = tables.sample.as_ref().and_then(|name| {
        let read = read_table(root, &format!("{DATA}/{name}"), id_name.as_deref(), problems)?;
        check_sample(&read, tables, solution.as_ref(), problems);
        Some(read)
    });
    if let (Some(solution), Some(sample)) = (solution, sample) {
        check_ids(&solution, &sample, problems);
    }
}

/// A table as far as it is looked at.
struct Table {
    file: String,
    header: Vec<String>,
    id: usize,
    /// With the line that names it first.
    ids: HashMap<Box<str>, u64>,
    usage_at: Option<usize>,
    usages: Usages,
}

#[derive(Default)]
struct Usages {
    n_public: u64,
    n_private: u64,
}

impl Table {
    fn id_name(&self) -> &str {
        &self.header[self.id]
    }
}

/// Complaints of one kind: the first are reported by line, the rest as a number.
struct Complaints<'a> {
    problems: &'a Problems,
    file: &'a str,
    what: &'static str,
    n: usize,
}

impl<'a> Complaints<'a> {
    fn new(problems: &'a Problems, file: &'a str, what: &'static str) -> Self {
        Self { problems, file, what, n: 0 }
    }

    fn add(&mut self, line: u64, message: impl FnOnce() -> String) {
        self.n += 1;
        if self.n <= SHOWN {
            self.problems.error(self.file, usize::try_from(line).ok(), message());
        }
    }

    fn finish(self) {
        if self.n > SHOWN {
            let rest = format!("{} more lines {}; {} in all.", self.n - SHOWN, self.what, self.n);
            self.problems.error(self.file, None, rest);
        }
    }
}

fn read_table(root: &Path, file: &str, id: Option<&str>, problems: &Problems) -> Option<Table> {
    match open(&root.join(file)) {
        Ok(Some(reader)) => scan(reader, file, id, problems),
        Ok(None) => {
            problems.warning(file, None, "It is packed or Parquet: only the scorers look into it.");
            None
        }
        Err(error) => {
            problems.error(file, None, why_unread(&error));
            None
        }
    }
}

/// The text of a plain CSV file; `None` for gzip, zip and Parquet.
fn open(path: &Path) -> io::Result<Option<BufReader<File>>> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(4).read_to_end(&mut start)?;
    let is_packed = start.starts_with(&[0x1F, 0x8B]) || start.starts_with(b"PK") || start == b"PAR1";
    let skipped = if start.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    file.seek(io::SeekFrom::Start(skipped))?;
    Ok((!is_packed).then(|| BufReader::new(file)))
}

fn scan(reader: impl Read, file: &str, id: Option<&str>, problems: &Problems) -> Option<Table> {
    let mut rows = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    let mut record = StringRecord::new();
    match rows.read_record(&mut record) {
        Ok(true) => {}
        Ok(false) => {
            problems.error(file, None, "The file is empty.");
            return None;
        }
        Err(error) => {
            problems.error(file, 1, unreadable(&error));
            return None;
        }
    }
    let header: Vec<String> = record.iter().map(str::to_owned).collect();
    check_header(file, &header, problems);
    let id = id_column(file, &header, id, problems)?;
    let usage_at = header.iter().position(|name| name.trim().eq_ignore_ascii_case("usage"));
    let usage_at = usage_at.filter(|at| *at != id);
    let mut table =
        Table { file: file.to_owned(), id, ids: HashMap::new(), usage_at, usages: Usages::default(), header };
    let mut wrong = WrongRows::new(problems, file);
    loop {
        match rows.read_record(&mut record) {
            Ok(true) => wrong.take(&mut table, &record),
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map(|at| at.line() as usize);
                problems.error(file, line, unreadable(&error));
                break;
            }
        }
    }
    wrong.finish();
    if table.ids.is_empty() {
        problems.error(file, None, "There is no row below the header.");
    }
    Some(table)
}

/// What may be wrong with a row, each kind complained about by itself.
struct WrongRows<'a> {
    widths: Complaints<'a>,
    doubles: Complaints<'a>,
    empties: Complaints<'a>,
    usages: Complaints<'a>,
}

impl<'a> WrongRows<'a> {
    fn new(problems: &'a Problems, file: &'a str) -> Self {
        Self {
            widths: Complaints::new(problems, file, "have another number of cells than the header"),
            doubles: Complaints::new(problems, file, "name an id a second time"),
            empties: Complaints::new(problems, file, "have no id"),
            usages: Complaints::new(problems, file, "have a Usage that is none"),
        }
    }

    /// Adds a row to its table, as far as it is right.
    fn take(&mut self, table: &mut Table, record: &StringRecord) {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != table.header.len() {
            self.widths.add(line, || {
                format!("This row has {} cells, the header {}.", record.len(), table.header.len())
            });
            return;
        }
        let id = &record[table.id];
        if id.is_empty() {
            self.empties.add(line, || "This row has no id.".to_owned());
        } else if let Some(first) = table.ids.get(id) {
            self.doubles.add(line, || format!("The id “{id}” stands in line {first} already."));
        } else {
            table.ids.insert(id.into(), line);
        }
        let Some(at) = table.usage_at else { return };
        match record[at].trim().to_ascii_lowercase().as_str() {
            "public" => table.usages.n_public += 1,
            "private" => table.usages.n_private += 1,
            "ignored" => {}
            other => self
                .usages
                .add(line, || format!("“{other}” is no Usage; it may be Public, Private or Ignored.")),
        }
    }

    fn finish(self) {
        let Self { widths, doubles, empties, usages } = self;
        [widths, doubles, empties, usages].into_iter().for_each(Complaints::finish);
    }
}

fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "This is no text in UTF-8.".to_owned(),
        _ => format!("This is no CSV: {error}."),
    }
}

fn check_header(file: &str, header: &[String], problems: &Problems) {
    for (at, name) in header.iter().enumerate() {
        if name.trim().is_empty() {
            problems.error(file, 1, format!("Column {} has no name.", at + 1));
        } else if header[..at].contains(name) {
            problems.error(file, 1, format!("The column “{name}” stands in the header twice."));
        }
    }
}

fn id_column(file: &str, header: &[String], named: Option<&str>, problems: &Problems) -> Option<usize> {
    let Some(name) = named else { return Some(0) };
    let found = header.iter().position(|column| column == name);
    if found.is_none() {
        problems.error(file, 1, no_column("id column", name, header));
    }
    found
}

fn no_column(what: &str, name: &str, header: &[String]) -> String {
    let hint = did_you_mean(name, header.iter().map(String::as_str));
    format!("There is no {what} “{name}”{hint}; the columns are {}.", header.join(", "))
}

fn check_solution(table: &Table, tables: &Tables, problems: &Problems) {
    let Usages { n_public, n_private } = table.usages;
    if table.usage_at.is_some() && n_public == 0 {
        let message = format!(
            "{n_public} rows are Public and {n_private} Private: the board while open needs public rows, the final one private rows."
        );
        problems.error(&table.file, None, message);
    } else if table.usage_at.is_some() && n_private == 0 {
        let message = format!(
            "All {n_public} rows that count are Public: the same rows decide at the end, and whoever tries often enough is ahead."
        );
        problems.warning(&table.file, None, message);
    }
    let of_layout: Vec<String> = match &tables.layout {
        Some(Layout::Named { solution, .. }) => solution.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    };
    for name in tables.named.iter().chain(&of_layout).filter(|name| !table.header.contains(name)) {
        problems.error(&table.file, 1, no_column("column", name, &table.header));
    }
    if targets(table, tables).is_empty() {
        problems.error(
            &table.file,
            1,
            "There is no column beside the id and Usage: the true values are missing.",
        );
    }
}

/// Columns of the solution that can hold true values.
fn targets<'a>(table: &'a Table, tables: &Tables) -> Vec<&'a str> {
    let is_taken = |at: usize, name: &str| {
        at == table.id || Some(at) == table.usage_at || tables.beside.iter().any(|beside| beside == name)
    };
    table
        .header
        .iter()
        .enumerate()
        .filter(|(at, name)| !is_taken(*at, name))
        .map(|(_, name)| name.as_str())
        .collect()
}

fn check_sample(table: &Table, tables: &Tables, solution: Option<&Table>, problems: &Problems) {
    if table.usage_at.is_some() {
        problems.error(
            &table.file,
            1,
            "A sample submission has no column “Usage”: it would tell which rows are public.",
        );
    }
    let wanted: Vec<String> = match (&tables.layout, solution) {
        (Some(Layout::Named { submission, .. }), _) => {
            submission.iter().map(|(name, _)| name.clone()).collect()
        }
        (Some(Layout::Target { .. }), Some(solution)) => match targets(solution, tables).as_slice() {
            [only] => vec![(*only).to_owned()],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    for name in wanted.iter().filter(|name| !table.header.contains(name)) {
        problems.error(&table.file, 1, no_column("column", name, &table.header));
    }
}

fn check_ids(solution: &Table, sample: &Table, problems: &Problems) {
    for (has, lacks, what, message) in [
        (sample, solution, "name ids that the solution has not", "which the solution has not"),
        (
            solution,
            sample,
            "name ids that the sample submission has not",
            "which the sample submission has not",
        ),
    ] {
        let mut missing: Vec<(u64, &str)> = has
            .ids
            .iter()
            .filter(|(id, _)| !lacks.ids.contains_key(*id))
            .map(|(id, line)| (*line, id.as_ref()))
            .collect();
        missing.sort_unstable();
        let mut complaints = Complaints::new(problems, &has.file, what);
        for (line, id) in missing {
            complaints.add(line, || format!("This row is for the id “{id}”, {message}."));
        }
        complaints.finish();
    }
}
