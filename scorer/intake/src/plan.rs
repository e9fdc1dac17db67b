//! Which columns of a file are read, and what each cell must be.

/// What a cell must hold.
#[derive(Debug, Clone, PartialEq)]
pub enum CellRule {
    Number,
    /// A number of 0 or more (weights).
    NotNegative,
    Positive,
    Probability,
    Integer {
        range: Option<(i64, i64)>,
    },
    /// 0 or 1; or any text, of which `positive` means 1.
    Binary {
        positive: Option<String>,
    },
    Label,
    /// Any text, also none.
    Text,
    /// A mask as runs, inside the image where its size is known.
    Mask {
        n_pixels: Option<u64>,
    },
    /// Masks that share no pixel, separated by semicolons.
    Masks {
        n_pixels: Option<u64>,
    },
    /// Class, x, y, width and height, again and again; with `scored`, a confidence after each class.
    Boxes {
        scored: bool,
    },
}

impl CellRule {
    pub fn is_number(&self) -> bool {
        *self != Self::Label && !self.is_text()
    }

    /// Whether cells are kept as text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Mask { .. } | Self::Masks { .. } | Self::Boxes { .. })
    }

    /// What was expected, to follow "expected".
    pub fn expectation(&self) -> String {
        match self {
            Self::Number => "a number".into(),
            Self::NotNegative => "a number of 0 or more".into(),
            Self::Positive => "a number above 0".into(),
            Self::Probability => "a probability from 0 to 1".into(),
            Self::Integer { range: None } => "a whole number".into(),
            Self::Integer { range: Some((low, high)) } => format!("a whole number from {low} to {high}"),
            Self::Binary { positive: None } => "0 or 1".into(),
            Self::Binary { positive: Some(_) } | Self::Label => "a class name".into(),
            Self::Text => "text".into(),
            Self::Mask { n_pixels } => {
                format!("“start length …”, runs of pixels in ascending order{}", within(*n_pixels))
            }
            Self::Masks { n_pixels } => format!(
                "masks “start length …”, separated by semicolons and without a common pixel{}",
                within(*n_pixels)
            ),
            Self::Boxes { scored: false } => "“class x y width height”, again for every box".into(),
            Self::Boxes { scored: true } => "“class confidence x y width height”, again for every box".into(),
        }
    }
}

fn within(n_pixels: Option<u64>) -> String {
    let numbers = "pixels counted from 1 down the columns";
    match n_pixels {
        Some(n_pixels) => format!(", {numbers} up to {n_pixels}"),
        None => format!(", {numbers}"),
    }
}

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
