//! What a commitment to hidden labels and their split is a hash of, so that scorers, the command line and anybody with
//! ten lines of Python (`docs/cryptography.md`) come to the same.

use sha2::{Digest, Sha256};

/// Names the serialisation, and keeps its hashes apart from all others.
const NAME: &[u8] = b"holdout solution 1\n";

/// Keeps labels of few classes from being guessed.
pub type Salt = [u8; 32];

/// SHA-256 of the name of the serialisation, the salt, the header, and every row: each cell as its length in bytes, a
/// colon, its UTF-8 and a comma, each row with a line feed behind it.
pub struct Commitment {
    hasher: Sha256,
}

impl Commitment {
    pub fn new(salt: &Salt) -> Self {
        Self { hasher: Sha256::new().chain_update(NAME).chain_update(salt) }
    }

    /// Takes the header, then rows in the order of their cells: by code points, the first cell first.
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

/// The commitment of a whole table, whose rows may come in any order.
pub fn of_table(salt: &Salt, header: &[String], mut rows: Vec<Vec<String>>) -> [u8; 32] {
    rows.sort_unstable();
    let mut commitment = Commitment::new(salt);
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

    fn committed(salt: Salt, rows: &[[&str; 3]]) -> [u8; 32] {
        of_table(&salt, &["id", "label", "Usage"].map(str::to_owned), table(rows))
    }

    #[test]
    fn it_is_the_hash_that_the_documents_say() {
        let mut by_hand = Sha256::new();
        by_hand.update(b"holdout solution 1\n");
        by_hand.update([7; 32]);
        by_hand.update("2:id,5:label,5:Usage,\n1:a,4:r\u{e9}d,6:Public,\n1:b,0:,7:Private,\n");
        let expected: [u8; 32] = by_hand.finalize().into();
        assert_eq!(committed([7; 32], &[["b", "", "Private"], ["a", "r\u{e9}d", "Public"]]), expected);
    }

    #[test]
    fn every_cell_every_row_and_the_salt_count_and_the_order_of_rows_does_not() {
        let rows = [["1", "x", "Public"], ["2", "y", "Private"]];
        let base = committed([1; 32], &rows);
        assert_eq!(committed([1; 32], &[rows[1], rows[0]]), base);
        assert_ne!(committed([2; 32], &rows), base);
        assert_ne!(committed([1; 32], &rows[..1]), base);
        for changed in
            [["1", "y", "Public"], ["1", "x", "Private"], ["3", "x", "Public"], ["1x", "", "Public"]]
        {
            assert_ne!(committed([1; 32], &[changed, rows[1]]), base, "{changed:?}");
        }
    }
}
