//! Who somebody is, and the rules for names, addresses, passwords and scopes. Pure.

use chrono::{DateTime, TimeDelta, Utc};

use crate::accounts::common_passwords;
use crate::ids::UserId;
use crate::invisible_characters::refuse_invisible;

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: UserId,
    pub username: String,
    pub display_name: String,
    pub is_admin: bool,
    /// Whether the e-mail address is known to be theirs.
    pub has_confirmed_email: bool,
}

impl Member {
    /// One or two letters for the avatar.
    pub fn initials(&self) -> String {
        initials(&self.display_name)
    }
}

/// The first letters of the first two words of a name.
pub fn initials(name: &str) -> String {
    name.split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()))
        .take(2)
        .flat_map(char::to_uppercase)
        .collect()
}

/// What an API token may do. None includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Scope {
    /// See what its owner sees.
    Read,
    /// Join competitions, send submissions, write and vote in forums.
    Submit,
    /// Create, change and launch competitions.
    Host,
    /// Run the installation; for administrators alone.
    Admin,
}

impl Scope {
    pub const ALL: [Self; 4] = [Self::Read, Self::Submit, Self::Host, Self::Admin];

    /// As it is written in the database and the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Host => "host",
            Self::Admin => "admin",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            Self::Read => "see competitions, leaderboards and your own submissions",
            Self::Submit => "join competitions, send submissions, write and vote in forums",
            Self::Host => "create, change and launch competitions",
            Self::Admin => "run this installation",
        }
    }
}

/// The scopes that somebody asks for.
///
/// # Errors
/// The sentence for their field: none, unknown ones, or more than the person may give.
pub fn scopes(asked: &[String], is_admin: bool) -> Result<Vec<Scope>, String> {
    let named = |name: &String| {
        Scope::ALL.into_iter().find(|scope| scope.name() == name).ok_or_else(|| {
            format!("The scope \u{201c}{name}\u{201d} does not exist: use read, submit, host or admin.")
        })
    };
    let mut scopes = asked.iter().map(named).collect::<Result<Vec<_>, _>>()?;
    scopes.dedup();
    if scopes.is_empty() {
        Err("Choose at least one thing the token may do.".to_owned())
    } else if scopes.contains(&Scope::Admin) && !is_admin {
        Err("Only administrators can make a token that manages the installation.".to_owned())
    } else {
        Ok(scopes)
    }
}

/// When a token ends that shall last `days`; for ever without.
///
/// # Errors
/// The sentence for its field.
pub fn token_expiry(days: Option<i64>, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, String> {
    match days {
        None => Ok(None),
        Some(days @ 1..=3650) => Ok(Some(now + TimeDelta::days(days))),
        Some(_) => Err("Choose between 1 and 3650 days.".to_owned()),
    }
}

/// What a token is called in its owner's list.
///
/// # Errors
/// The sentence for its field.
pub fn token_name(typed: &str) -> Result<String, String> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    match name.chars().count() {
        0 => Err("Enter a name, such as the machine it is used on.".to_owned()),
        1..=80 if !name.chars().any(char::is_control) => Ok(name),
        _ => Err("Use at most 80 plain characters.".to_owned()),
    }
}

const USERNAME_SHAPE: &str =
    "Use 2 to 30 letters (a to z), digits, hyphens or underscores, beginning with a letter or digit.";
const SHORTEST_PASSWORD: usize = 10;
const LONGEST_PASSWORD: usize = 200;
/// Of this software, which many sites show.
const OWN_NAME: &str = "Holdout";

/// A user name as it is stored: in small letters.
///
/// # Errors
/// The sentence for its field.
pub fn username(typed: &str) -> Result<String, String> {
    let name = typed.trim().to_lowercase();
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_shaped = (2..=30).contains(&name.len())
        && name.bytes().next().is_some_and(is_plain)
        && name.bytes().all(|byte| is_plain(byte) || byte == b'-' || byte == b'_');
    if is_shaped { Ok(name) } else { Err(USERNAME_SHAPE.to_owned()) }
}

/// An e-mail address as it is stored: in small letters, and one that mail can be sent to.
///
/// # Errors
/// The sentence for its field.
pub fn email(typed: &str) -> Result<String, String> {
    let address = typed.trim().to_lowercase();
    let is_address = address.len() <= 254 && address.parse::<lettre::Address>().is_ok();
    if is_address {
        Ok(address)
    } else {
        Err("This is not a valid e-mail address, such as ada@example.org.".to_owned())
    }
}

/// The name shown to others.
///
/// # Errors
/// The sentence for its field.
pub fn display_name(typed: &str) -> Result<String, String> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    refuse_invisible(&name)?;
    if !name.chars().any(char::is_alphanumeric) {
        Err("Enter the name to show to others.".to_owned())
    } else if name.chars().count() > 80 {
        Err("Use at most 80 characters.".to_owned())
    } else {
        Ok(name)
    }
}

/// What somebody says of themself, in plain text.
///
/// # Errors
/// The sentence for its field.
pub fn bio(typed: &str) -> Result<String, String> {
    let text = typed.trim().replace("\r\n", "\n");
    let length = text.chars().count();
    if length <= 2000 && !text.contains('\0') {
        Ok(text)
    } else {
        Err(format!("Use at most 2,000 characters; these are {length}."))
    }
}

/// A new password; `words` are those that it must not be, such as the user name, with digits and signs or without.
///
/// # Errors
/// The sentence for its field. It never repeats the password.
pub fn new_password(typed: &str, words: &[&str]) -> Result<String, String> {
    let length = typed.chars().count();
    let first = typed.chars().next();
    if length < SHORTEST_PASSWORD {
        Err(format!("Use at least {SHORTEST_PASSWORD} characters. A few words are easy to remember."))
    } else if length > LONGEST_PASSWORD {
        Err(format!("Use at most {LONGEST_PASSWORD} characters."))
    } else if typed.chars().all(|letter| Some(letter) == first) {
        Err("One repeated character is too easy to guess.".to_owned())
    } else if words.iter().chain(&[OWN_NAME]).any(|word| is_hardly_more_than(typed, word)) {
        Err("Use something other than your name or address, or the name of this site.".to_owned())
    } else if common_passwords::is_common(typed) {
        Err("This password is too common and easy to guess. Choose another.".to_owned())
    } else {
        Ok(typed.to_owned())
    }
}

/// Whether it is a word, or the first part of an address, but for what is no letter.
fn is_hardly_more_than(typed: &str, word: &str) -> bool {
    let letters =
        |text: &str| text.to_lowercase().chars().filter(|letter| letter.is_alphabetic()).collect::<String>();
    let first = word.split('@').next().unwrap_or(word);
    let is_like = |word: &str| !letters(word).is_empty() && letters(typed) == letters(word);
    typed.eq_ignore_ascii_case(word) || is_like(word) || is_like(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_the_first_letters_of_two_words() {
        assert_eq!(initials("ada lovelace king"), "AL");
        assert_eq!(initials("émile"), "É");
        assert_eq!(initials("(the) team"), "TT");
    }

    #[test]
    fn user_names_are_small_and_plain() {
        assert_eq!(username(" Ada-99 "), Ok("ada-99".to_owned()));
        for wrong in ["a", "-ada", "ada lovelace", "ada@home", "ädä", "a/../b", &"a".repeat(31)] {
            assert!(username(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_can_be_sent_to() {
        assert_eq!(email(" Ada@Example.ORG "), Ok("ada@example.org".to_owned()));
        for wrong in ["", "ada", "@example.org", "ada@", "a b@example.org", "ada@x\r\nBcc: eve@example.org"] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn passwords_are_long_and_not_the_name() {
        assert!(new_password("correct horse battery", &["ada"]).is_ok());
        assert!(new_password("short", &[]).is_err());
        assert!(new_password("aaaaaaaaaaaaaa", &[]).is_err());
        assert!(new_password(&"ab".repeat(101), &[]).is_err());
        let words = ["ada_lovelace", "ada@example.org", "Houses of the North"];
        for near in
            ["Ada@example.org", "adalovelace", "Ada-Lovelace-1815", "ada_1234567", "houses of the north!"]
        {
            assert!(new_password(near, &words).is_err(), "{near}");
        }
        assert!(new_password("Holdout2026", &[]).is_err() && new_password("password123", &[]).is_err());
        assert!(
            new_password("ada counts houses", &words).is_ok()
                && new_password("4711 0815 42", &["99"]).is_ok()
        );
    }

    #[test]
    fn only_administrators_give_out_the_admin_scope() {
        let asked = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(scopes(&asked(&["read", "submit"]), false), Ok(vec![Scope::Read, Scope::Submit]));
        assert!(scopes(&asked(&["admin"]), false).is_err());
        assert_eq!(scopes(&asked(&["admin"]), true), Ok(vec![Scope::Admin]));
        assert!(scopes(&asked(&[]), true).is_err());
        assert!(scopes(&asked(&["everything"]), true).is_err());
    }

    #[test]
    fn display_names_have_a_letter_and_single_spaces() {
        assert_eq!(display_name("  Ada   Lovelace "), Ok("Ada Lovelace".to_owned()));
        assert!(display_name(" … ").is_err() && display_name("Ada\u{202e}ecalevoL").is_err());
        assert!(display_name(&"a".repeat(81)).is_err());
    }
}
