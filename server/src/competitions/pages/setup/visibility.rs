//! Who may see it: everybody, or people invited by address or by a link.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use chrono::DateTime;
use serde::Deserialize;

use super::{Opened, Setup, open, saved};
use crate::app::App;
use crate::competitions::emails::read_emails;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::invite::MOST_OF_PERSON;
use crate::competitions::setup::Step;
use crate::competitions::store::invitations::{self, Address, Guest};
use crate::competitions::visibility::Visibility;
use crate::competitions::{edit, invite};
use crate::error::Result;
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, show_again};
use crate::web::routing::{form, post};
use crate::web::shell::Shell;

/// Rows of either table; programs read all of them.
const SHOWN: usize = 200;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::HOST_VISIBILITY, form(show_visibility, post_visibility))
        .route(paths::HOST_VISIBILITY_LINK, post(post_link))
        .route(paths::HOST_VISIBILITY_LETTERS, post(post_letters))
        .route(paths::HOST_VISIBILITY_PERSON_REMOVE, post(post_remove))
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct VisibilityForm {
    pub visibility: String,
    pub emails: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "competitions/setup/visibility.html")]
pub struct VisibilityPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub form: VisibilityForm,
    pub mistake: Mistake,
    /// The invitation link; empty until there is one.
    pub link: String,
    /// Those who do not take part first.
    pub addresses: Vec<Address>,
    pub n_addresses: usize,
    /// Of them all, those that were never told.
    pub n_untold: usize,
    /// People who came by the link.
    pub people: Vec<Guest>,
    pub n_people: usize,
}

impl VisibilityPage {
    pub fn sample() -> Self {
        let address = |email: &str, is_told: bool, takes_part| Address {
            email: email.to_owned(),
            told_at: is_told.then_some(DateTime::UNIX_EPOCH),
            takes_part,
        };
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(Some(Step::Visibility)),
            form: VisibilityForm {
                visibility: "invitation".to_owned(),
                emails: "ada@example.org".to_owned(),
            },
            mistake: Mistake::none(),
            link: "http://127.0.0.1:8080/c/tumours/invitation/0".to_owned(),
            addresses: vec![
                address("ada@example.org", false, false),
                address("grace@example.org", true, false),
                address("emmy@example.org", true, true),
            ],
            n_addresses: 3,
            n_untold: 1,
            people: vec![Guest::sample(), Guest { takes_part: true, ..Guest::sample() }],
            n_people: 2,
        }
    }

    pub fn checked(&self, visibility: &str) -> &'static str {
        if self.form.visibility == visibility { "checked" } else { "" }
    }

    /// Whether those on the list can see the competition by now.
    pub fn lets_in(&self) -> bool {
        invite::lets_in(&self.frame.competition, self.shell.now)
    }

    /// Nobody is written to twice within a day, so the button waits for as long.
    pub fn may_be_told_again(&self, one: &Address) -> bool {
        !one.takes_part && one.told_at.is_some_and(|at| at <= self.shell.now - invite::DAY)
    }
}

async fn show_visibility(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<VisibilityPage> {
    let opened = open(&app, &slug, &shell, Some(Step::Visibility)).await?;
    let visibility = opened.seen.competition.visibility.name().to_owned();
    visibility_page(&app, opened, shell, Asked::As(visibility), Mistake::none()).await
}

/// What stands in the form.
enum Asked {
    /// The list as it is on record.
    As(String),
    Typed(VisibilityForm),
}

async fn visibility_page(
    app: &App,
    opened: Opened,
    shell: Shell,
    asked: Asked,
    mistake: Mistake,
) -> Result<VisibilityPage> {
    let id = opened.seen.competition.id;
    let mut conn = app.db.acquire().await?;
    let link = invite::link(app, &mut conn, id, &opened.setup.slug).await?.unwrap_or_default();
    let mut addresses = invitations::addresses(&mut conn, id).await?;
    let mut people = invitations::guests(&mut conn, id).await?;
    drop(conn);
    let form = match asked {
        Asked::Typed(form) => form,
        Asked::As(visibility) => {
            let emails: Vec<&str> = addresses.iter().map(|one| one.email.as_str()).collect();
            VisibilityForm { visibility, emails: emails.join("\n") }
        }
    };
    let (n_addresses, n_people) = (addresses.len(), people.len());
    let n_untold = addresses.iter().filter(|one| one.told_at.is_none()).count();
    addresses.sort_by_key(|one| one.takes_part);
    addresses.truncate(SHOWN);
    people.truncate(SHOWN);
    Ok(VisibilityPage {
        frame: opened.frame(&shell),
        setup: opened.setup,
        shell,
        form,
        mistake,
        link,
        addresses,
        n_addresses,
        n_untold,
        people,
        n_people,
    })
}

async fn post_visibility(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<VisibilityForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Visibility)).await?;
    let read = Visibility::read(&form.visibility).and_then(|chosen| Ok((chosen, read_emails(&form.emails)?)));
    let outcome = match read {
        Ok((visibility, emails)) => {
            edit::edit_visibility(&app, shell.member()?, &opened.seen, visibility, &emails).await
        }
        Err(error) => Err(error),
    };
    match mistake(outcome)? {
        Ok(told) => Ok(saved(&slug, Step::Visibility, &told.sentence())),
        Err(mistake) => {
            let page = visibility_page(&app, opened, shell, Asked::Typed(form), mistake).await?;
            Ok(show_again(page).into_response())
        }
    }
}

async fn post_link(State(app): State<App>, Path(slug): Path<String>, shell: Shell) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Visibility)).await?;
    invite::renew_link(&app, shell.member()?, &opened.seen).await?;
    Ok(saved(&slug, Step::Visibility, "A new link was created; the old one no longer works."))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct LettersForm {
    /// Empty: all who were not told yet.
    email: String,
}

async fn post_letters(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
    Form(form): Form<LettersForm>,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Visibility)).await?;
    let emails = if form.email.is_empty() { None } else { Some(vec![form.email]) };
    let told = invite::tell_again(&app, shell.member()?, &opened.seen, emails.as_deref()).await;
    match mistake(told)? {
        Ok(told) => Ok(saved(&slug, Step::Visibility, &told.sentence())),
        Err(mistake) => {
            let visibility = opened.seen.competition.visibility.name().to_owned();
            let page = visibility_page(&app, opened, shell, Asked::As(visibility), mistake).await?;
            Ok(show_again(page).into_response())
        }
    }
}

async fn post_remove(
    State(app): State<App>,
    Path((slug, username)): Path<(String, String)>,
    shell: Shell,
) -> Result<Response> {
    let opened = open(&app, &slug, &shell, Some(Step::Visibility)).await?;
    invite::remove_person(&app, shell.member()?, &opened.seen, &username).await?;
    Ok(saved(&slug, Step::Visibility, "The invitation is withdrawn."))
}
