//! Linking a provider to the account that is signed in: asked for here, gone through there, and finished only by whoever
//! asked.

use chrono::{DateTime, Utc};

use super::enter;
use super::flow::{self, Answer, Begun, Purpose};
use super::settings::Provider;
use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::paths;

/// Puts on record that somebody wants a provider linked; gives the attempt, and the address at the provider that leads on.
///
/// # Errors
/// As [`flow::leave`].
pub async fn begin(
    app: &App,
    member: &Member,
    provider: &Provider,
    now: DateTime<Utc>,
) -> Result<(Begun, String)> {
    let begun = Begun::new(provider, Purpose::Link, paths::SETTINGS_IDENTITIES);
    let address = flow::leave(app, provider, &begun).await?;
    let mut conn = app.db.acquire().await?;
    store::begin_link(&mut conn, &begun.digest(), member.id, &provider.issuer, now, now + flow::LIFE).await?;
    Ok((begun, address))
}

/// Links whom the provider answered with, once an attempt.
///
/// # Errors
/// [`AppError::Refused`] where another account asked for it, or where it was long ago; as [`flow::return_from`] and
/// [`enter::link`].
pub async fn finish(
    app: &App,
    member: &Member,
    provider: &Provider,
    (begun, answer): (&Begun, &Answer),
    now: DateTime<Utc>,
) -> Result<()> {
    let is_on_record = {
        let mut conn = app.db.acquire().await?;
        store::spend_link(&mut conn, &begun.digest(), member.id, &provider.issuer, now).await?
    };
    if !is_on_record {
        return Err(AppError::refused(
            "This link was not requested by the account that is signed in, or was requested too long ago. \
            Start again.",
        ));
    }
    let claims = flow::return_from(app, provider, begun, answer).await?;
    enter::link(app, member, provider, &claims).await
}
