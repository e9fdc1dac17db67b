//! An administrator makes an account for somebody, on record: its owner sets the password by a link, which confirms the
//! address too.

use chrono::TimeDelta;
use serde_json::json;

use crate::accounts::events::{self, Event, What};
use crate::accounts::forms::FormErrors;
use crate::accounts::model::{self, Member};
use crate::accounts::store::links;
use crate::accounts::store::users::{self, NO_PASSWORD, NewUser};
use crate::accounts::{register, secret};
use crate::admin;
use crate::app::App;
use crate::error::Result;
use crate::ids::UserId;
use crate::mail::{self, Letter};
use crate::paths;

const LINK_LIFE: TimeDelta = TimeDelta::days(7);
const LINK_DAYS: i64 = LINK_LIFE.num_days();

/// An account that was made for somebody.
#[derive(Debug)]
pub struct Made {
    pub user: UserId,
    pub username: String,
    /// The link by which the password is set, for the administrator to pass on; `None` where it was mailed.
    pub link: Option<String>,
}

/// # Errors
/// [`crate::error::AppError::Field`] for a name or an address that cannot be had.
pub async fn make(app: &App, admin: &Member, username: &str, email: &str) -> Result<Made> {
    let mut errors = FormErrors::default();
    let (username, email) =
        (errors.check("username", model::username(username)), errors.check("email", model::email(email)));
    let (Some(username), Some(email)) = (username, email) else { return Err(errors.into()) };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let new = NewUser {
        username: &username,
        email: &email,
        display_name: &username,
        password_hash: NO_PASSWORD,
        has_confirmed_email: false,
        must_confirm: true,
    };
    let user = users::insert(&mut tx, &new, now).await.map_err(register::taken)?;
    let token = secret::draw();
    links::insert_reset(&mut tx, &secret::digest(&token), user, now, now + LINK_LIFE).await?;
    let (url, path) = (&app.config.public_url, paths::reset_password(&token));
    let body = format!(
        "An administrator created the account {username} for you at {url}.\n\n\
         Set its password within {LINK_DAYS} days with this link:\n\n{url}{path}\n\n\
         If you do not expect an account there, do nothing: nobody can sign in to it.\n"
    );
    let subject = "An account was created for you".to_owned();
    mail::post(&mut tx, &Letter { unsubscribe_url: None, to: email, subject, body }, now).await?;
    admin::store::note(&mut tx, now, admin.id, "make_account", &json!({ "user": user })).await?;
    events::note(&mut tx, user, &Event::new(What::Registered), now).await?;
    tx.commit().await?;
    let link = app.config.smtp.is_none().then(|| format!("{url}{path}"));
    Ok(Made { user, username, link })
}
