//! Tables as other platforms keep them: any delimiter, with a header or without, with ids or in order.

use std::collections::{BTreeSet, HashMap};

use csv::{QuoteStyle, ReaderBuilder, WriterBuilder};

/// How a file writes its table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form {
    pub delimiter: char,
    pub header: Option<Vec<String>>,
    /// Names of its columns, given where there is no header.
    pub columns: Vec<String>,
    /// Written without quotes: values between spaces, or one a line.
    pub is_plain: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub form: Form,
    pub rows: Vec<Vec<String>>,
}

/// Reads a table; `names` are for columns without a header.
pub fn read(text: &str, names: &str) -> Option<Table> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let found = [',', '\t', ';'].into_iter().find_map(|delimiter| delimited(text, delimiter));
    let (delimiter, is_plain, mut rows) = match found {
        Some((delimiter, rows)) => (delimiter, false, rows),
        None => spaced(text).map(|rows| (' ', true, rows))?,
    };
    let has_header = is_header(&rows);
    let header = has_header.then(|| rows.remove(0));
    let width = header.as_ref().or(rows.first())?.len();
    let columns = match &header {
        Some(header) => header.clone(),
        None if width == 1 => vec![names.to_owned()],
        None => (1..=width).map(|number| format!("{names}{number}")).collect(),
    };
    let is_distinct = columns.iter().collect::<BTreeSet<_>>().len() == width;
    (!rows.is_empty() && is_distinct)
        .then_some(Table { form: Form { delimiter, header, columns, is_plain }, rows })
}

/// Rows of one width above 1.
fn delimited(text: &str, delimiter: char) -> Option<(char, Vec<Vec<String>>)> {
    let delimiter_byte = u8::try_from(delimiter).ok()?;
    let mut reader =
        ReaderBuilder::new().has_headers(false).delimiter(delimiter_byte).from_reader(text.as_bytes());
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.map(|record| record.iter().map(str::to_owned).collect()))
        .collect::<Result<_, _>>()
        .ok()?;
    (rows.first()?.len() > 1).then_some((delimiter, rows))
}

/// Values between spaces, the same number in every line; lines that are empty at the end are none.
fn spaced(text: &str) -> Option<Vec<Vec<String>>> {
    let rows: Vec<Vec<String>> =
        text.trim_end().lines().map(|line| line.split_whitespace().map(str::to_owned).collect()).collect();
    let width = rows.first()?.len();
    (width > 0 && rows.iter().all(|row| row.len() == width)).then_some(rows)
}

/// Whether the first row names columns: words that stand nowhere below.
fn is_header(rows: &[Vec<String>]) -> bool {
    let Some((first, rest)) = rows.split_first() else { return false };
    let is_number = |text: &str| text.trim().parse::<f64>().is_ok();
    let is_word = |text: &String| !text.trim().is_empty() && !is_number(text);
    if !first.iter().all(is_word) || rest.is_empty() {
        return false;
    }
    let differs = |at: usize| rest.iter().all(|row| row[at] != first[at]);
    let has_numbers = |at: usize| rest.iter().all(|row| is_number(&row[at]) || row[at].is_empty());
    (0..first.len()).all(differs) && (first.len() > 1 || (0..first.len()).any(has_numbers))
}

impl Table {
    fn column(&self, name: &str) -> Option<usize> {
        self.form.columns.iter().position(|column| column == name)
    }

    fn ids(&self, at: usize) -> Option<BTreeSet<&str>> {
        let ids: BTreeSet<&str> = self.rows.iter().map(|row| row[at].as_str()).collect();
        (ids.len() == self.rows.len() && !ids.contains("")).then_some(ids)
    }
}

/// How rows of a reference and of a submission belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// By the values of a column that both have.
    Column(String),
    /// The first with the first, and so on: a column of numbers is made.
    Order,
}

/// Finds how the rows of two tables belong together.
pub fn matching(reference: &Table, submission: &Table) -> Option<Match> {
    let shared = reference.form.header.iter().flatten().filter(|_| submission.form.header.is_some());
    for name in shared {
        let (Some(ours), Some(theirs)) = (reference.column(name), submission.column(name)) else { continue };
        if let (Some(ours), Some(theirs)) = (reference.ids(ours), submission.ids(theirs))
            && ours == theirs
        {
            return Some(Match::Column(name.clone()));
        }
    }
    (reference.rows.len() == submission.rows.len()).then_some(Match::Order)
}

/// The name of the column by which rows are matched here.
pub fn id_name(matching: &Match, reference: &Table, submission: &Table) -> String {
    match matching {
        Match::Column(name) => name.clone(),
        Match::Order => {
            let is_free = |name: &&str| reference.column(name).is_none() && submission.column(name).is_none();
            ["row", "row_id", "holdout_row"].into_iter().find(is_free).unwrap_or("holdout_row_id").to_owned()
        }
    }
}

/// A table as CSV with its id column first.
pub fn csv(table: &Table, matching: &Match, id_name: &str) -> Vec<u8> {
    let id_at = match matching {
        Match::Column(name) => table.column(name),
        Match::Order => None,
    };
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Necessary).from_writer(Vec::new());
    let others = |row: &[String]| {
        let rest = row.iter().enumerate().filter(|(at, _)| Some(*at) != id_at);
        rest.map(|(_, cell)| cell.clone()).collect::<Vec<_>>()
    };
    let mut write = |first: String, rest: Vec<String>| {
        // Memory takes everything.
        let _ = writer.write_record(std::iter::once(first).chain(rest));
    };
    write(id_name.to_owned(), others(&table.form.columns));
    for (number, row) in table.rows.iter().enumerate() {
        let id = id_at.map_or_else(|| (number + 1).to_string(), |at| row[at].clone());
        write(id, others(row));
    }
    writer.into_inner().unwrap_or_default()
}

/// A solution of another platform with the column that tells public from private renamed and its words
/// as they are here; how many rows have another word, which are ignored.
pub fn with_usage(text: &[u8], split_column: &str, id_column: &str) -> Option<(Vec<u8>, usize)> {
    let mut reader = ReaderBuilder::new().from_reader(text);
    let header = reader.headers().ok()?.clone();
    let split = header.iter().position(|name| name == split_column)?;
    let id = header.iter().position(|name| name == id_column)?;
    let mut order: Vec<usize> = vec![id];
    order.extend((0..header.len()).filter(|at| *at != id && *at != split));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let names = order.iter().map(|at| &header[*at]).chain(["Usage"]);
    writer.write_record(names).ok()?;
    let known: HashMap<&str, &str> = [("public", "Public"), ("private", "Private")].into();
    let mut n_other = 0;
    for record in reader.records() {
        let record = record.ok()?;
        let usage = known.get(record[split].trim()).copied().unwrap_or_else(|| {
            n_other += 1;
            "Ignored"
        });
        writer.write_record(order.iter().map(|at| &record[*at]).chain([usage])).ok()?;
    }
    Some((writer.into_inner().ok()?, n_other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read_in_every_dress() {
        let table = read("file,label\na,1\nb,2\n", "c").expect("a table");
        assert_eq!((table.form.delimiter, table.form.header.is_some(), table.rows.len()), (',', true, 2));
        let table = read("0 1 0\n1 0 0\n", "c").expect("a table");
        assert_eq!((table.form.delimiter, table.form.columns.join("|")), (' ', "c1|c2|c3".to_owned()));
        let table = read("setosa\nvirginica\nsetosa\n", "label").expect("a table");
        assert_eq!((table.form.header.is_some(), table.rows.len()), (false, 3));
        let table = read("label\n1\n2\n", "c").expect("a table");
        assert_eq!((table.form.header.is_some(), table.rows.len()), (true, 2));
        assert!(read("", "c").is_none() && read("a b\nc\n", "c").is_none());
    }

    #[test]
    fn rows_belong_together_by_a_column_or_by_their_order() {
        let reference = read("id,y\na,1\nb,2\n", "c").expect("a table");
        let shuffled = read("p,id\n0.5,b\n0.1,a\n", "c").expect("a table");
        let by_id = matching(&reference, &shuffled).expect("a match");
        assert_eq!(by_id, Match::Column("id".to_owned()));
        assert_eq!(csv(&shuffled, &by_id, "id"), b"id,p\nb,0.5\na,0.1\n");
        let plain = read("3\n4\n", "prediction").expect("a table");
        let in_order = matching(&reference, &plain).expect("a match");
        let name = id_name(&in_order, &reference, &plain);
        assert_eq!(
            (in_order.clone(), csv(&plain, &in_order, &name)),
            (Match::Order, b"row,prediction\n1,3\n2,4\n".to_vec())
        );
        assert_eq!(matching(&reference, &read("3\n", "p").expect("a table")), None);
    }

    #[test]
    fn a_column_of_halves_becomes_usage() {
        let (text, n_other) =
            with_usage(b"y,id,split\n1,a,public\n2,b,private\n3,c,\n", "split", "id").expect("a table");
        assert_eq!(text, b"id,y,Usage\na,1,Public\nb,2,Private\nc,3,Ignored\n");
        assert_eq!(n_other, 1);
    }
}
