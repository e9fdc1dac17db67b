//! What a commitment to hidden labels and their split is a hash of, so that scorers, the command line and anybody with
//! ten lines of Python (`docs/cryptography.md`) come to the same.

use sha2::{Digest, Sha256};

/// What is hashed. Each form has a name of its own, so that no hash is one of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Rows by their cells, compared by code points, the first cell first: the commitments of before. They leave open in
    /// which order the rows are scored.
    Sorted,
    /// Rows as they are scored, and cells as they are scored.
    AsScored,
}

impl Form {
    /// Newest first.
    pub const ALL: [Self; 2] = [Self::AsScored, Self::Sorted];

    /// Names the serialisation, and keeps its hashes apart from all others.
    fn name(self) -> &'static [u8] {
        match self {
            Self::Sorted => b"holdout solution 1\n",
            Self::AsScored => b"holdout solution 2\n",
        }
    }
}

/// Keeps labels of few classes from being guessed.
pub type Salt = [u8; 32];

/// SHA-256 of the name of the serialisation, the salt, the header, and every row: each cell as its length in bytes, a
/// colon, its UTF-8 and a comma, each row with a line feed behind it.
pub struct Commitment {
    hasher: Sha256,
}

impl Commitment {
    pub fn new(form: Form, salt: &Salt) -> Self {
        Self { hasher: Sha256::new().chain_update(form.name()).chain_update(salt) }
    }

    /// Takes the header, then rows in the order of the form.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        for cell in cells {
            self.hasher.update(format!("{}:", cell.len()));
            self.hasher.update(cell);
            self.hasher.update(b",");
        }
        self.hasher.update(b"\n");
    }

    pub fn finish(self) -> [u8; 32] {
        self.hasher.finalize().into()
    }
}

/// The commitment of a whole table.
pub fn of_table(form: Form, salt: &Salt, header: &[String], mut rows: Vec<Vec<String>>) -> [u8; 32] {
    if form == Form::Sorted {
        rows.sort_unstable();
    }
    let mut commitment = Commitment::new(form, salt);
    for row in std::iter::once(header).chain(rows.iter().map(Vec::as_slice)) {
        commitment.row(row.iter().map(String::as_str));
    }
    commitment.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: &[[&str; 3]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.map(str::to_owned).to_vec()).collect()
    }

    fn committed(form: Form, salt: Salt, rows: &[[&str; 3]]) -> [u8; 32] {
        of_table(form, &salt, &["id", "label", "Usage"].map(str::to_owned), table(rows))
    }

    #[test]
    fn it_is_the_hash_that_the_documents_say() {
        let by_hand = |name: &[u8], rows: &str| -> [u8; 32] {
            let mut hasher = Sha256::new();
            hasher.update(name);
            hasher.update([7; 32]);
            hasher.update(format!("2:id,5:label,5:Usage,\n{rows}"));
            hasher.finalize().into()
        };
        let (a, b) = ("1:a,4:r\u{e9}d,6:Public,\n", "1:b,0:,7:Private,\n");
        let rows = [["b", "", "Private"], ["a", "r\u{e9}d", "Public"]];
        let sorted = by_hand(b"holdout solution 1\n", &format!("{a}{b}"));
        assert_eq!(committed(Form::Sorted, [7; 32], &rows), sorted);
        let as_scored = by_hand(b"holdout solution 2\n", &format!("{b}{a}"));
        assert_eq!(committed(Form::AsScored, [7; 32], &rows), as_scored);
    }

    #[test]
    fn every_cell_every_row_and_the_salt_count_and_the_order_of_rows_in_the_newer_form() {
        let rows = [["1", "x", "Public"], ["2", "y", "Private"]];
        let other_order = Form::ALL.map(|form| committed(form, [1; 32], &[rows[1], rows[0]]));
        let base = Form::ALL.map(|form| committed(form, [1; 32], &rows));
        assert_ne!(base[0], base[1]);
        assert_ne!(other_order[0], base[0]);
        assert_eq!(other_order[1], base[1], "the form of before");
        for (form, base) in Form::ALL.into_iter().zip(base) {
            assert_ne!(committed(form, [2; 32], &rows), base);
            assert_ne!(committed(form, [1; 32], &rows[..1]), base);
            for changed in
                [["1", "y", "Public"], ["1", "x", "Private"], ["3", "x", "Public"], ["1x", "", "Public"]]
            {
                assert_ne!(committed(form, [1; 32], &[changed, rows[1]]), base, "{changed:?}");
            }
        }
    }
}
