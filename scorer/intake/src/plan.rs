//! Which columns of a file are read, and what each cell must be.

pub use holdout_contract::format::CellRule;

/// One column to read.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    pub name: String,
    /// Its place in the file.
    pub field: usize,
    pub rule: CellRule,
}

/// What a field of each row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Id,
    /// The index into [`Plan::columns`].
    Wanted(usize),
    Unused,
}

/// What to read from a file with a known header.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub header: Vec<String>,
    pub id: Option<usize>,
    pub columns: Vec<Wanted>,
    /// One a field.
    pub roles: Vec<Role>,
}

impl Plan {
    pub fn new(header: &[String], id: Option<usize>, columns: Vec<Wanted>) -> Self {
        let mut roles = vec![Role::Unused; header.len()];
        if let Some(id) = id {
            roles[id] = Role::Id;
        }
        for (at, column) in columns.iter().enumerate() {
            roles[column.field] = Role::Wanted(at);
        }
        Self { header: header.to_vec(), id, columns, roles }
    }

    pub fn all_texts(header: &[String]) -> Self {
        let wanted =
            |(field, name): (usize, &String)| Wanted { name: name.clone(), field, rule: CellRule::Text };
        Self::new(header, None, header.iter().enumerate().map(wanted).collect())
    }
}
