//! How a process connects to the database: with the rights of its role alone, and so that a proxy may stand between
//! them which gives each transaction another connection.
//!
//! Never here: anything that outlives a transaction but prepared statements, which such a proxy knows of. Whoever
//! listens connects to the database itself.

use sqlx::PgConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

/// As the user whom the address names.
///
/// # Errors
/// An address that is none.
pub fn as_named(address: &str) -> sqlx::Result<PgConnectOptions> {
    let options: PgConnectOptions = address.parse()?;
    // A proxy refuses parameters that it does not follow. Without this one, PostgreSQL 12 and newer give all digits.
    Ok(options.extra_float_digits(None))
}

/// As `role`, which the address names itself, or which its user may take on.
///
/// # Errors
/// An address that is none.
pub fn with_role(address: &str, role: &str) -> sqlx::Result<PgConnectOptions> {
    let options = as_named(address)?;
    Ok(if options.get_username() == role { options } else { options.options([("role", role)]) })
}

/// A pool that takes no connection with other rights than those of `role`.
pub fn pool(role: &'static str) -> PgPoolOptions {
    PgPoolOptions::new().after_connect(move |conn, _| Box::pin(require_role(conn, role)))
}

/// A proxy may ignore the role that was asked for.
async fn require_role(conn: &mut PgConnection, role: &'static str) -> sqlx::Result<()> {
    let found = sqlx::query_scalar!(r#"select current_user::text as "role!""#).fetch_one(conn).await?;
    if found == role {
        return Ok(());
    }
    let words = format!(
        "The database gives this program the rights of {found} instead of {role}: name the user {role} in its address."
    );
    Err(sqlx::Error::Configuration(words.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_asked_for_only_by_whoever_does_not_have_it() {
        let asked = |address| with_role(address, "holdout_web").unwrap().get_options().map(str::to_owned);
        assert_eq!(asked("postgres://holdout_web@proxy:6432/holdout"), None, "a proxy refuses options");
        assert!(
            asked("postgres://owner@database/holdout").is_some_and(|options| options.contains("holdout_web"))
        );
        assert!(with_role("no address", "holdout_web").is_err());
    }
}
