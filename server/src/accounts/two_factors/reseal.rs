//! Everybody's secret under the present key, so that the former ones can go. Each is a statement of its own: whoever is
//! stopped halfway leaves secrets that open all the same, and goes on the next time.

use serde::Serialize;
use sqlx::PgConnection;

use super::seal::{self, OpensBy};
use super::store;
use crate::config::Secret;
use crate::error::Result;
use crate::ids::UserId;

const AT_ONCE: i64 = 500;
const BEFORE_ALL: UserId = UserId(0);

/// By which key secrets open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counted {
    pub n_secrets: u64,
    pub n_under_former: u64,
    /// Which no key opens.
    pub n_shut_out: u64,
}

impl Counted {
    fn note(&mut self, by: OpensBy) {
        self.n_secrets += 1;
        match by {
            OpensBy::Present => {}
            OpensBy::Former => self.n_under_former += 1,
            OpensBy::None => self.n_shut_out += 1,
        }
    }
}

/// # Errors
/// Those of the database.
pub async fn count(conn: &mut PgConnection, keys: &Secret) -> Result<Counted> {
    let mut counted = Counted::default();
    let mut after = BEFORE_ALL;
    loop {
        let some = store::sealed_after(conn, after, AT_ONCE).await?;
        let Some(last) = some.last() else { return Ok(counted) };
        after = last.user;
        for one in &some {
            counted.note(seal::opens_by(Some(keys), one.user, &one.sealed_secret));
        }
    }
}

/// Seals what a former key opens under the present one; how many there were.
///
/// # Errors
/// Those of the database.
pub async fn all(conn: &mut PgConnection, keys: &Secret) -> Result<u64> {
    let mut n_sealed_anew = 0;
    let mut after = Some(BEFORE_ALL);
    while let Some(from) = after {
        let (n, last) = some(conn, keys, from, AT_ONCE).await?;
        n_sealed_anew += n;
        after = last;
    }
    Ok(n_sealed_anew)
}

/// Of the next so many people after one: how many secrets were sealed anew, and whose was the last, if any.
///
/// # Errors
/// Those of the database.
pub async fn some(
    conn: &mut PgConnection,
    keys: &Secret,
    after: UserId,
    at_most: i64,
) -> Result<(u64, Option<UserId>)> {
    let next = store::sealed_after(conn, after, at_most).await?;
    let mut n_sealed_anew = 0;
    for one in &next {
        if seal::opens_by(Some(keys), one.user, &one.sealed_secret) != OpensBy::Former {
            continue;
        }
        // Whoever sets theirs up anew at this moment has the present key by itself.
        let Some(sealed) = seal::seal_anew(keys, one.user, &one.sealed_secret)? else { continue };
        n_sealed_anew += u64::from(store::replace_sealed(conn, one, &sealed).await?);
    }
    Ok((n_sealed_anew, next.last().map(|one| one.user)))
}
