//! What a search for a team on a board came to.

use crate::web::format;

/// A search for a team.
pub struct Search {
    pub words: String,
    pub n_found: usize,
    pub is_more: bool,
}

impl Search {
    pub fn sample() -> Self {
        Self { words: "gradient".to_owned(), n_found: 1, is_more: false }
    }

    pub fn sentence(&self) -> String {
        let n_found = i32::try_from(self.n_found).unwrap_or(i32::MAX);
        match (self.n_found, self.is_more) {
            (0, _) => "No team on this board has this in its name, and no member of one has this user name. \
                       A team without a score is not on it."
                .to_owned(),
            (_, true) => format!(
                "The first {}; there are more. Write more of the name.",
                format::counted(&n_found, "team", "teams")
            ),
            (_, false) => format!(
                "{} found, at their ranks on the whole board.",
                format::counted(&n_found, "team", "teams")
            ),
        }
    }
}
