//! Lists as CSV. Cells that a spreadsheet would run as a formula begin with an apostrophe.

use axum::http::{HeaderName, HeaderValue, header};

use crate::error::Result;

/// Text that a person typed as a CSV cell that no spreadsheet runs.
pub fn cell(text: &str) -> String {
    // Spreadsheets set up for East Asian writing read the wide signs as they read the others.
    let is_formula = text.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n']);
    let safe = if is_formula { format!("'{text}") } else { text.to_owned() };
    if safe.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}

/// One line, ended as RFC 4180 says.
pub fn line(cells: &[String]) -> String {
    format!("{}\r\n", cells.join(","))
}

/// Headers of a CSV file under a name.
///
/// # Errors
/// A name that cannot stand in a header.
pub fn attachment(name: &str) -> Result<[(HeaderName, HeaderValue); 2]> {
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    Ok([
        (header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8")),
        (header::CONTENT_DISPOSITION, disposition.map_err(anyhow::Error::from)?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_breaks_its_line() {
        assert_eq!(cell("Ada"), "Ada");
        assert_eq!(cell("=1+1"), "'=1+1");
        assert_eq!(cell("＝1+1"), "'＝1+1");
        assert_eq!(cell("-2,\"x\""), "\"'-2,\"\"x\"\"\"");
        assert_eq!(cell("a\nb"), "\"a\nb\"");
    }
}
