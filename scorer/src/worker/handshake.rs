//! A scorer, or a runner, that the installation does not understand waits: it says why in words, in its log and to
//! the database, takes nothing, and goes on by itself once it is understood.

use std::time::Duration;

use holdout_contract::handshake::{CONTRACT, standing};
use sqlx::PgPool;
use tokio::time::sleep;

use super::leaving::Signals;
use super::patience::patiently;
use super::run::jittered;

const LOOK_EVERY: Duration = Duration::from_secs(4);

/// What came of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Waited {
    Understood,
    ToldToLeave,
}

/// Waits until the installation understands this program; `show` puts the refusal where administrators look.
///
/// # Errors
/// What the database refuses; that it is away is waited out.
pub(crate) async fn until_understood(
    db: &PgPool,
    signals: &mut Signals,
    mut show: impl AsyncFnMut(&str) -> sqlx::Result<()>,
) -> sqlx::Result<Waited> {
    let mut is_said = false;
    loop {
        let Some(words) = refusal(db).await? else { return Ok(Waited::Understood) };
        if !is_said {
            tracing::error!(contract = CONTRACT, "{words}");
            is_said = true;
        }
        if let Err(error) = show(words).await {
            // As in a database from before there were contracts.
            tracing::warn!(%error, "the refusal cannot be shown to administrators");
        }
        tokio::select! {
            () = signals.arrival() => return Ok(Waited::ToldToLeave),
            () = sleep(jittered(LOOK_EVERY)) => {}
        }
    }
}

/// Why this program is given no work.
///
/// # Errors
/// As [`until_understood`].
pub(crate) async fn refusal(db: &PgPool) -> sqlx::Result<Option<&'static str>> {
    let found = patiently(async || standing(&mut *db.acquire().await?).await).await?;
    Ok(found.refusal())
}
