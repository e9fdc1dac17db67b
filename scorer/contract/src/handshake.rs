//! Whether a scorer and the database understand each other. The web servers' migrations say which contracts they
//! ask for; a scorer says which it speaks when it starts and whenever it takes a job.
//!
//! To change what scorers must understand: raise [`CONTRACT`], and have the migration set `contract.newest` to it.
//! Where scorers of the release before would get something wrong, it raises `contract.oldest` as well; where that is
//! one kind of job alone, whoever enqueues it sets `jobs.needs`.

use sqlx::PgConnection;

/// What this release of the scorers speaks.
pub const CONTRACT: i32 = 3;

/// What the database answers to a scorer that it does not understand.
const REFUSED: &str = "HD001";
/// The database has no such table, or column, yet.
const NOT_MIGRATED: [&str; 2] = ["42P01", "42703"];

/// What the database asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    pub oldest: i32,
    pub newest: i32,
}

/// Whether a program and the database understand one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Understood,
    TooOld,
    TooNew,
}

impl Standing {
    /// Of who speaks this contract; `None` for programs from before there was one.
    pub fn of(spoken: Option<i32>, asked: Asked) -> Self {
        match spoken {
            Some(spoken) if spoken > asked.newest => Self::TooNew,
            Some(spoken) if spoken >= asked.oldest => Self::Understood,
            _ => Self::TooOld,
        }
    }

    /// What is to be done about it; `None` where all is well.
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Understood => None,
            Self::TooOld => Some(
                "This scorer is too old for this installation and is given no work. Upgrade it to the release of \
                 the web server.",
            ),
            Self::TooNew => Some(
                "This scorer is too new for this installation and is given no work. Upgrade the web server first, \
                 which brings the database up to date.",
            ),
        }
    }
}

/// How this program stands.
///
/// # Errors
/// Those of the database.
pub async fn standing(conn: &mut PgConnection) -> sqlx::Result<Standing> {
    match asked(conn).await {
        Ok(asked) => Ok(Standing::of(Some(CONTRACT), asked)),
        Err(error) if has_code(&error, &NOT_MIGRATED) => Ok(Standing::TooNew),
        Err(error) => Err(error),
    }
}

/// # Errors
/// Those of the database.
pub async fn asked(conn: &mut PgConnection) -> sqlx::Result<Asked> {
    sqlx::query_as!(Asked, "select oldest, newest from contract").fetch_one(conn).await
}

/// Whether the database gives no work to this program.
pub fn is_refusal(error: &sqlx::Error) -> bool {
    has_code(error, &[REFUSED])
}

fn has_code(error: &sqlx::Error, codes: &[&str]) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| codes.contains(&&*code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_speaks_what_is_asked_for_is_understood() {
        let asked = Asked { oldest: 3, newest: 5 };
        let of = |spoken| Standing::of(spoken, asked);
        assert_eq!([of(None), of(Some(2))], [Standing::TooOld; 2]);
        assert_eq!([of(Some(3)), of(Some(5))], [Standing::Understood; 2]);
        assert_eq!(of(Some(6)), Standing::TooNew);
        assert!(of(Some(6)).refusal().is_some_and(|words| words.contains("Upgrade the web server first")));
    }
}
