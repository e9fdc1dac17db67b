//! The people of an archive: those of this installation where an administrator vouches for it, else accounts
//! that nobody can sign in to.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use rand::RngExt;
use sqlx::PgConnection;

use super::model::PersonLine;
use super::store::fill;
use super::unpacked::wrong;
use crate::error::Result;
use crate::ids::UserId;
use crate::invisible_characters::is_invisible;

/// More people than any competition has had.
const MOST_PEOPLE: usize = 500_000;
/// Put behind the name of an account that stands for somebody of another installation.
const MARK: &str = " (imported)";
/// Longest names, in characters.
const USERNAME_LIMIT: usize = 30;
const NAME_LIMIT: usize = 80;
const LOOKED_UP_AT_ONCE: usize = 1000;

/// Everybody an archive names, each once.
#[derive(Debug, Default)]
pub struct People {
    names: BTreeMap<String, String>,
    ids: HashMap<String, UserId>,
}

impl People {
    /// # Errors
    /// When there are too many.
    pub fn meet(&mut self, person: &PersonLine) -> Result<()> {
        if !self.names.contains_key(&person.username) {
            if self.names.len() >= MOST_PEOPLE {
                return Err(wrong(format!("The archive names more than {MOST_PEOPLE} people.")));
            }
            self.names.insert(person.username.clone(), person.name.clone());
        }
        Ok(())
    }

    /// Finds an account for everybody, or makes one; how many were found and made.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn settle(
        &mut self,
        conn: &mut PgConnection,
        may_recognise: bool,
        now: DateTime<Utc>,
    ) -> sqlx::Result<(usize, usize)> {
        if may_recognise {
            let usernames: Vec<String> = self.names.keys().cloned().collect();
            for part in usernames.chunks(LOOKED_UP_AT_ONCE) {
                self.ids.extend(fill::known_people(conn, part).await?);
            }
        }
        let n_known = self.ids.len();
        for (username, name) in &self.names {
            if !self.ids.contains_key(username) {
                let id = fill::insert_stand_in(conn, &stand_in(username), &marked(name), now).await?;
                self.ids.insert(username.clone(), id);
            }
        }
        Ok((n_known, self.names.len() - n_known))
    }

    /// # Errors
    /// When the archive did not name this person before.
    pub fn id(&self, person: &PersonLine) -> Result<UserId> {
        self.ids
            .get(&person.username)
            .copied()
            .ok_or_else(|| wrong(format!("The archive names “{}” in one place only.", person.username)))
    }
}

/// A user name that nobody has, near to the one that somebody had elsewhere.
fn stand_in(username: &str) -> String {
    let end = format!("-{:08x}", rand::rng().random::<u32>());
    let kept: String = username
        .to_lowercase()
        .chars()
        .filter(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        .take(USERNAME_LIMIT - end.len())
        .collect();
    let kept = if kept.is_empty() { "someone".to_owned() } else { kept };
    kept + &end
}

fn marked(name: &str) -> String {
    let plain: String = name.chars().filter(|letter| !is_invisible(*letter)).collect();
    let kept: String = plain.trim().chars().take(NAME_LIMIT - MARK.len()).collect();
    format!("{}{MARK}", if kept.is_empty() { "Somebody" } else { kept.trim_end() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_elsewhere_is_told_from_everybody_here() {
        let name = stand_in("ada_lovelace");
        assert!(name.starts_with("adalovelace-") && name.len() == 20, "{name}");
        assert!(stand_in("../é").starts_with("someone-"));
        assert_eq!(stand_in(&"x".repeat(200)).len(), USERNAME_LIMIT);
        assert_eq!(marked(" Ada\n"), "Ada (imported)");
        assert_eq!(marked(&"ö".repeat(200)).chars().count(), NAME_LIMIT);
        assert_eq!(marked(""), "Somebody (imported)");
    }
}
