//! A notebook, its versions, and the rules for what is said about it. Pure.

use chrono::{DateTime, Utc};

use crate::ids::{CompetitionId, NotebookId, UserId};
use crate::invisible_characters::{is_invisible, refuse_invisible};
use crate::web::format;

const SHORTEST_TITLE: usize = 2;
pub const LONGEST_TITLE: usize = 120;
const LONGEST_SLUG: usize = 80;
const LONGEST_MESSAGE: usize = 500;
const MOST_TAGS: usize = 6;
const LONGEST_TAG: usize = 30;

/// Licences that can be chosen: the name of each (SPDX where it has one) and what it means.
pub const LICENCES: [(&str, &str); 8] = [
    ("Apache-2.0", "Apache 2.0: use it freely, name the author"),
    ("MIT", "MIT: use it freely, name the author"),
    ("BSD-3-Clause", "BSD, three clauses: use it freely, name the author"),
    ("GPL-3.0-only", "GPL 3: what is made from it is as free"),
    ("CC-BY-4.0", "CC BY 4.0: use it freely, name the author"),
    ("CC-BY-SA-4.0", "CC BY-SA 4.0: what is made from it is as free"),
    ("CC0-1.0", "CC0: in the public domain"),
    ("none", "No licence: to be read here, and not used elsewhere"),
];

/// Who may see a notebook, as far as its author says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Its author alone.
    Private,
    /// The author's team in its competition.
    Team,
    /// Everybody who may see its competition.
    Public,
}

impl Visibility {
    pub const ALL: [Self; 3] = [Self::Private, Self::Team, Self::Public];

    /// As it is written in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Team => "team",
            Self::Public => "public",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            Self::Private => "Only you see it",
            Self::Team => "Your team in the competition sees it",
            Self::Public => "Everyone sees it, and can vote, comment and fork",
        }
    }

    /// # Errors
    /// The sentence for its field.
    pub fn named(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|visibility| visibility.name() == name);
        found.ok_or_else(|| format!("There is no visibility “{name}”: use private, team or public."))
    }
}

impl From<String> for Visibility {
    fn from(name: String) -> Self {
        Self::named(&name).unwrap_or(Self::Private)
    }
}

/// The version of another notebook that one began as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    pub notebook_id: NotebookId,
    pub number: i32,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Notebook {
    pub id: NotebookId,
    pub owner_id: UserId,
    pub owner_username: String,
    pub owner_name: String,
    pub slug: String,
    pub title: String,
    /// Never another than it was made under: what a team shares cannot be shown to the next.
    pub competition_id: Option<CompetitionId>,
    pub visibility: Visibility,
    pub licence: String,
    pub tags: Vec<String>,
    pub origin: Option<Origin>,
    /// Number of the newest version.
    pub latest: i32,
    pub n_votes: i32,
    pub n_comments: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// By a moderator.
    pub hidden_at: Option<DateTime<Utc>>,
    /// A moderator's words for the author; may be empty.
    pub hidden_because: String,
}

impl Notebook {
    /// What people outside of the author's team can find.
    pub fn is_public(&self) -> bool {
        self.visibility == Visibility::Public && self.hidden_at.is_none()
    }

    pub fn sample() -> Self {
        Self {
            id: NotebookId(1),
            owner_id: UserId(1),
            owner_username: "ada".to_owned(),
            owner_name: "Ada Lovelace".to_owned(),
            slug: "a-first-model".to_owned(),
            title: "A first model".to_owned(),
            competition_id: Some(CompetitionId(1)),
            visibility: Visibility::Public,
            licence: "Apache-2.0".to_owned(),
            tags: vec!["baseline".to_owned(), "eda".to_owned()],
            origin: None,
            latest: 2,
            n_votes: 12,
            n_comments: 3,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            hidden_at: None,
            hidden_because: String::new(),
        }
    }
}

/// One push: the bytes of a file, for good.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub notebook_id: NotebookId,
    pub number: i32,
    pub pushed_by: String,
    pub pushed_at: DateTime<Utc>,
    pub message: String,
    pub storage_key: String,
    pub size_bytes: i64,
    pub sha256: Vec<u8>,
    pub language: String,
    pub n_cells: i32,
    pub n_code_cells: i32,
}

impl Version {
    pub fn sha256_hex(&self) -> String {
        hex::encode(&self.sha256)
    }

    pub fn size(&self) -> String {
        format::size(self.size_bytes.unsigned_abs())
    }

    pub fn sample(number: i32) -> Self {
        Self {
            notebook_id: NotebookId(1),
            number,
            pushed_by: "ada".to_owned(),
            pushed_at: DateTime::UNIX_EPOCH,
            message: "with more trees".to_owned(),
            storage_key: "notebooks/1/x".to_owned(),
            size_bytes: 123_456,
            sha256: vec![7; 32],
            language: "python".to_owned(),
            n_cells: 20,
            n_code_cells: 12,
        }
    }
}

/// What an author says about a notebook.
#[derive(Debug, Clone, PartialEq)]
pub struct Details {
    pub title: String,
    pub visibility: Visibility,
    pub licence: String,
    pub tags: Vec<String>,
}

/// As it is typed, in a form or a document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TypedDetails {
    pub title: String,
    pub visibility: String,
    pub licence: String,
    /// Separated by commas or spaces.
    pub tags: String,
}

impl TypedDetails {
    /// # Errors
    /// The field and the sentence for it.
    pub fn check(&self) -> Result<Details, (&'static str, String)> {
        let name = if self.visibility.is_empty() { Visibility::Private.name() } else { &self.visibility };
        Ok(Details {
            title: title(&self.title).map_err(|sentence| ("title", sentence))?,
            visibility: Visibility::named(name).map_err(|sentence| ("visibility", sentence))?,
            licence: licence(&self.licence).map_err(|sentence| ("licence", sentence))?,
            tags: tags(&self.tags).map_err(|sentence| ("tags", sentence))?,
        })
    }
}

/// A title as it is stored.
///
/// # Errors
/// The sentence for its field.
pub fn title(typed: &str) -> Result<String, String> {
    let title = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match title.chars().count() {
        ..SHORTEST_TITLE => Err("Give it a title of at least two characters.".to_owned()),
        SHORTEST_TITLE..=LONGEST_TITLE => refuse_invisible(&title).map(|()| title),
        _ => Err(format!("Use at most {LONGEST_TITLE} characters.")),
    }
}

/// A title from what a notebook says of itself, which may be anything.
pub fn title_from(words: &str) -> String {
    let plain: String =
        words.chars().filter(|character| !is_invisible(*character)).take(LONGEST_TITLE).collect();
    title(&plain).unwrap_or_else(|_| "Notebook".to_owned())
}

fn licence(typed: &str) -> Result<String, String> {
    let wanted = if typed.trim().is_empty() { LICENCES[0].0 } else { typed.trim() };
    let found = LICENCES.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(name, _)| (*name).to_owned()).ok_or_else(|| {
        let known = LICENCES.map(|(name, _)| name).join(", ");
        format!("There is no licence “{wanted}” here; there are {known}.")
    })
}

fn tags(typed: &str) -> Result<Vec<String>, String> {
    let mut tags: Vec<String> = Vec::new();
    for word in typed.split([',', ' ', '\n', '\t', '\r']).map(str::trim).filter(|word| !word.is_empty()) {
        let tag = word.to_lowercase();
        let is_plain = tag.chars().all(|letter| letter.is_alphanumeric() || letter == '-');
        if !is_plain || tag.chars().count() > LONGEST_TAG {
            return Err(format!(
                "A tag has letters, digits and hyphens, at most {LONGEST_TAG}: “{word}” is none."
            ));
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    if tags.len() > MOST_TAGS { Err(format!("Use at most {MOST_TAGS} tags.")) } else { Ok(tags) }
}

/// What is said of a version.
///
/// # Errors
/// The sentence for its field.
pub fn message(typed: &str) -> Result<String, String> {
    let message = typed.trim();
    if message.chars().count() > LONGEST_MESSAGE {
        return Err(format!("Use at most {LONGEST_MESSAGE} characters."));
    }
    if message.contains('\0') {
        return Err("It holds a character that no text may hold (U+0000).".to_owned());
    }
    Ok(message.to_owned())
}

/// A notebook's name in addresses, made from words.
pub fn slug_of(words: &str) -> String {
    let mut slug = String::new();
    for letter in words.chars().flat_map(char::to_lowercase) {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= LONGEST_SLUG - 4 {
            break; // room for a number behind it
        }
    }
    let slug = slug.trim_matches('-');
    if slug.len() < 2 { "notebook".to_owned() } else { slug.to_owned() }
}

/// A name in addresses that somebody chose.
///
/// # Errors
/// The sentence for its field.
pub fn slug(typed: &str) -> Result<String, String> {
    let name = typed.trim();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    let is_shaped = (2..=LONGEST_SLUG).contains(&bytes.len())
        && bytes.first().copied().is_some_and(is_plain)
        && bytes.last().copied().is_some_and(is_plain)
        && bytes.iter().all(|byte| is_plain(*byte) || *byte == b'-');
    if is_shaped {
        Ok(name.to_owned())
    } else {
        Err("Use 2 to 80 lowercase letters (a to z), digits and hyphens, with a letter or digit at both ends."
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_from_words() {
        assert_eq!(slug_of("House prices: a first model!"), "house-prices-a-first-model");
        assert_eq!(slug_of("Дом"), "notebook");
        assert!(slug(&slug_of(&"a b ".repeat(100))).is_ok());
        for wrong in ["", "a", "-ab", "ab-", "Ab", "a/b", "a..b", &"a".repeat(81)] {
            assert!(slug(wrong).is_err(), "{wrong}");
        }
        assert_eq!(title_from("a\u{7}\n"), "Notebook");
        assert_eq!(title_from(&"é".repeat(300)).chars().count(), LONGEST_TITLE);
    }

    #[test]
    fn details_are_checked_one_by_one() {
        let typed = TypedDetails {
            title: " A  model ".to_owned(),
            tags: "EDA, trees eda".to_owned(),
            ..TypedDetails::default()
        };
        let details = typed.check().unwrap();
        assert_eq!((details.title.as_str(), details.licence.as_str()), ("A model", "Apache-2.0"));
        assert_eq!(
            (details.visibility, details.tags),
            (Visibility::Private, vec!["eda".to_owned(), "trees".to_owned()])
        );
        for (field, wrong) in [
            ("title", TypedDetails { title: "x".to_owned(), ..typed.clone() }),
            ("visibility", TypedDetails { visibility: "everybody".to_owned(), ..typed.clone() }),
            ("licence", TypedDetails { licence: "WTFPL".to_owned(), ..typed.clone() }),
            ("tags", TypedDetails { tags: "a b c d e f g".to_owned(), ..typed.clone() }),
            ("tags", TypedDetails { tags: "<b>".to_owned(), ..typed.clone() }),
        ] {
            assert_eq!(wrong.check().unwrap_err().0, field);
        }
        assert!(message(&"x".repeat(501)).is_err() && message(" fine ") == Ok("fine".to_owned()));
    }
}
