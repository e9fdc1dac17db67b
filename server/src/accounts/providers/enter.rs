//! Whose a person of a provider is: the account that is linked to issuer and subject, a new one where the site lets
//! them register, or nobody's. An address opens no account that exists.

use sqlx::PgConnection;

use super::settings::Provider;
use super::store;
use super::token::Claims;
use crate::accounts::addresses::confirm;
use crate::accounts::client::Client;
use crate::accounts::events::{self, Event, What};
use crate::accounts::model::{self, Member};
use crate::accounts::register;
use crate::accounts::sign_in::{self, Entered};
use crate::accounts::store::users::{self, NO_PASSWORD, NewUser};
use crate::accounts::two_factors::set_up;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::site::model::Registration;

const LONGEST_NAME: usize = 24;
const MOST_NAMES_TRIED: usize = 50;

/// Lets somebody in whom a provider knows.
///
/// # Errors
/// [`AppError::Refused`] for whom no account is linked where nobody may register, without a confirmed address, with
/// one that an account here has, or suspended.
pub async fn enter(app: &App, client: &Client, provider: &Provider, claims: &Claims) -> Result<Entered> {
    let known = {
        let mut conn = app.db.acquire().await?;
        store::find(&mut conn, &provider.issuer, &claims.sub).await?
    };
    let user = match known {
        Some(user) => user,
        None => make_account(app, client, provider, claims).await?,
    };
    let account = {
        let mut conn = app.db.acquire().await?;
        users::credentials_by_id(&mut conn, user).await?.ok_or(AppError::SignIn)?
    };
    sign_in::refuse_suspended(&account)?;
    if !account.member.has_confirmed_email {
        let mut conn = app.db.acquire().await?;
        confirm::by_provider(app, &mut conn, user, provider, claims.confirmed_email()).await?;
    }
    sign_in::let_in(app, client, user, Some(&claims.origin())).await
}

async fn make_account(app: &App, client: &Client, provider: &Provider, claims: &Claims) -> Result<UserId> {
    let title = &provider.title;
    let link = format!("If you have an account here, sign in to it and link {title} in your settings.");
    let who = app.site.get().registration;
    if who == Registration::Administrators {
        return Err(closed(title, &link));
    }
    let Some(email) = claims.confirmed_email().and_then(|email| model::email(email).ok()) else {
        return Err(AppError::refused(format!(
            "{title} does not confirm any e-mail address of yours. {link}"
        )));
    };
    app.limits.register(client, &email)?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    if who == Registration::Addresses && !register::may_register(app, &mut tx, &email).await? {
        return Err(closed(title, &link));
    }
    let username = free_username(&mut tx, claims).await?;
    let display_name = claims.name.as_deref().and_then(|name| model::display_name(name).ok());
    let display_name = display_name.unwrap_or_else(|| username.clone());
    let user = NewUser {
        username: &username,
        email: &email,
        display_name: &display_name,
        password_hash: NO_PASSWORD,
        has_confirmed_email: true,
        must_confirm: false,
    };
    let user = users::insert(&mut tx, &user, now).await.map_err(|error| match constraint(&error) {
        Some("users_email_taken") => AppError::refused(format!("An account here has your address. {link}")),
        Some("users_username_taken") => AppError::refused("Your user name was just taken. Try again."),
        _ => error.into(),
    })?;
    let linked = store::insert(&mut tx, user, &provider.issuer, &claims.sub, now).await;
    linked.map_err(|error| match constraint(&error) {
        Some("identities_pkey") => AppError::refused("You signed in twice at the same time. Try again."),
        _ => error.into(),
    })?;
    tx.commit().await?;
    Ok(user)
}

fn closed(title: &str, link: &str) -> AppError {
    AppError::refused(format!("No account is linked to yours at {title}, and registration is closed. {link}"))
}

/// Has a provider's person known as somebody who is signed in. They are told by mail. An address of theirs that the
/// provider confirms counts as confirmed here.
///
/// # Errors
/// [`AppError::Refused`] where another account has it, or this one another person there.
pub async fn link(app: &App, member: &Member, provider: &Provider, claims: &Claims) -> Result<()> {
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let linked = store::insert(&mut tx, member.id, &provider.issuer, &claims.sub, now).await;
    linked.map_err(|error| match constraint(&error) {
        Some("identities_pkey") => AppError::refused("That account is already linked to an account here."),
        Some("identities_one_an_issuer") => {
            AppError::refused(format!("Your account is already linked to another one at {}.", provider.title))
        }
        _ => error.into(),
    })?;
    let sentence = format!("You can now sign in to your account with {}.", provider.title);
    confirm::by_provider(app, &mut tx, member.id, provider, claims.confirmed_email()).await?;
    set_up::tell(app, &mut tx, member.id, &sentence, now).await?;
    events::note(&mut tx, member.id, &Event::new(What::Linked).of(&provider.title), now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends it, for somebody who was asked again who they are. They are told by mail.
///
/// # Errors
/// [`AppError::NotFound`] where it is not linked.
pub async fn unlink(app: &App, member: &Member, provider: &Provider) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !store::remove(&mut tx, member.id, &provider.issuer).await? {
        return Err(AppError::NotFound);
    }
    let sentence = format!("You can no longer sign in to your account with {}.", provider.title);
    let now = app.clock.now();
    set_up::tell(app, &mut tx, member.id, &sentence, now).await?;
    events::note(&mut tx, member.id, &Event::new(What::Unlinked).of(&provider.title), now).await?;
    tx.commit().await?;
    Ok(())
}

async fn free_username(conn: &mut PgConnection, claims: &Claims) -> Result<String> {
    let names = usernames(claims.preferred_username.as_deref().or(claims.name.as_deref()).unwrap_or(""));
    let taken = store::taken(conn, &names).await?;
    let free = names.into_iter().find(|name| !taken.contains(name));
    free.ok_or_else(|| {
        AppError::refused("No user name like yours is available. Register here and link your account.")
    })
}

/// User names like the one that is wished for. Of an e-mail address, which nobody shall read off a name, the first part.
fn usernames(wished: &str) -> Vec<String> {
    let small = wished.split('@').next().unwrap_or_default().to_lowercase();
    let plain = small.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    let plain: String = plain.take(LONGEST_NAME).collect();
    let base = Some(plain.trim_matches('-')).filter(|name| name.len() > 1).unwrap_or("member").to_owned();
    let numbered = (2..MOST_NAMES_TRIED).map(|number| format!("{base}-{number}"));
    std::iter::once(base.clone()).chain(numbered).collect()
}

fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(|error| error.constraint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_elsewhere_become_user_names() {
        assert_eq!(usernames("Ada.Lovelace")[..2], ["ada-lovelace", "ada-lovelace-2"]);
        assert_eq!(usernames("ada@people.test")[0], "ada");
        for odd in ["é", "", "--", "../../etc/passwd", &"x".repeat(300)] {
            assert!(usernames(odd).iter().all(|name| model::username(name).is_ok()), "{odd}");
        }
    }
}
