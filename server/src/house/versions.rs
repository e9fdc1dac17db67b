//! Whether this program and the database's schema are of one release: the servers' migrations only go forward, and a
//! server that does not know the schema would misread it.

use sqlx::PgConnection;
use sqlx::migrate::{Migrate, MigrateError};

use super::MIGRATIONS_TABLE;

const NEWER: &str =
    "The database's schema is newer than this program. Use the program that made it, or a newer one.";
const OLDER: &str = "The database's schema is not up to date. Run: holdout migrate";
/// There is no such table, or this role may not see it yet.
const NOT_MIGRATED: [&str; 2] = ["42P01", "42501"];

/// How a schema stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    Ours,
    Newer,
    Older,
}

impl Schema {
    /// What is to be done; `None` where all is well.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Ours => None,
            Self::Newer => Some(NEWER),
            Self::Older => Some(OLDER),
        }
    }

    fn of(applied: &[i64], known: &[i64]) -> Self {
        if applied.iter().any(|version| !known.contains(version)) {
            Self::Newer
        } else if known.iter().any(|version| !applied.contains(version)) {
            Self::Older
        } else {
            Self::Ours
        }
    }
}

/// Compares the migrations that were applied with those that this program knows.
///
/// # Errors
/// Those of the database.
pub async fn schema(conn: &mut PgConnection) -> Result<Schema, MigrateError> {
    let applied: Vec<i64> = match conn.list_applied_migrations(MIGRATIONS_TABLE).await {
        Ok(applied) => applied.iter().map(|migration| migration.version).collect(),
        Err(error) if is_not_migrated(&error) => Vec::new(),
        Err(error) => return Err(error),
    };
    let known: Vec<i64> = holdout_contract::MIGRATOR.iter().map(|migration| migration.version).collect();
    Ok(Schema::of(&applied, &known))
}

/// # Errors
/// In words where the schema is another release's; those of the database.
pub async fn require_ours(conn: &mut PgConnection) -> anyhow::Result<()> {
    match schema(conn).await?.refusal() {
        Some(words) => anyhow::bail!(words),
        None => Ok(()),
    }
}

/// A migration that failed, in words where the schema is a newer release's.
pub fn explained(error: MigrateError) -> anyhow::Error {
    match error {
        MigrateError::VersionMissing(_) => anyhow::anyhow!(NEWER),
        MigrateError::Execute(error) => error.into(),
        other => other.into(),
    }
}

fn is_not_migrated(error: &MigrateError) -> bool {
    let MigrateError::Execute(sqlx::Error::Database(error)) = error else { return false };
    error.code().is_some_and(|code| NOT_MIGRATED.contains(&&*code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_side_alone_knows_makes_it_newer() {
        assert_eq!(Schema::of(&[1, 2], &[1, 2]), Schema::Ours);
        assert_eq!(Schema::of(&[1, 2, 3], &[1, 2]), Schema::Newer);
        assert_eq!(Schema::of(&[1], &[1, 2]), Schema::Older);
        assert_eq!(Schema::of(&[], &[1]), Schema::Older);
        assert_eq!(Schema::of(&[1, 3], &[1, 2]), Schema::Newer, "another branch's");
    }
}
