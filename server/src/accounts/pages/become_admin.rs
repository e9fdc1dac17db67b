//! The page behind the link that the house prints: a member confirms, a visitor makes an account.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};

use crate::accounts::become_admin;
use crate::accounts::client::Client;
use crate::accounts::forms::FormErrors;
use crate::accounts::pages::entrance::{self, RegisterForm, RegisterPage};
use crate::accounts::register::Registration;
use crate::app::App;
use crate::error::Result;
use crate::paths;
use crate::site::model::Registration as Who;
use crate::web::forms::redirect_saying;
use crate::web::routing::form;
use crate::web::shell::Shell;

const DONE: &str = "You are the administrator of this installation.";

pub fn router() -> Router<App> {
    Router::new().route(paths::BECOME_ADMIN, form(show, post))
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/become_admin.html")]
pub struct BecomeAdminPage {
    pub shell: Shell,
    pub action: String,
}

impl BecomeAdminPage {
    pub fn sample() -> Self {
        Self { shell: Shell::default(), action: paths::become_admin("token") }
    }
}

async fn show(State(app): State<App>, shell: Shell, Path(token): Path<String>) -> Result<Response> {
    become_admin::check_link(&app, &token).await?;
    if shell.viewer.is_some() {
        Ok(BecomeAdminPage { shell, action: paths::become_admin(&token) }.into_response())
    } else {
        Ok(form_page(shell, &token, RegisterForm::default(), FormErrors::default()).into_response())
    }
}

fn form_page(shell: Shell, token: &str, form: RegisterForm, errors: FormErrors) -> RegisterPage {
    let action = paths::become_admin(token);
    let (domains, offered) = (Vec::new(), Vec::new());
    RegisterPage { shell, form, errors, action, who: Who::Anybody, domains, offered, makes_admin: true }
}

async fn post(
    State(app): State<App>,
    shell: Shell,
    client: Client,
    Path(token): Path<String>,
    Form(form): Form<RegisterForm>,
) -> Result<Response> {
    if let Some(member) = &shell.viewer {
        become_admin::promote(&app, member, &token).await?;
        return Ok(redirect_saying(paths::ADMIN, DONE));
    }
    let outcome = match Registration::check(&app.site.get().name, &form.username, &form.email, &form.password)
    {
        Ok(registration) => become_admin::register_admin(&app, &client, &token, &registration).await,
        Err(errors) => return Ok(errors.answer(form_page(shell, &token, form, errors.clone()))),
    };
    match outcome {
        Ok(secret) => Ok(entrance::enter(&secret, paths::ADMIN, DONE)),
        Err(error) => {
            let errors = FormErrors::from_error(error)?;
            Ok(errors.answer(form_page(shell, &token, form, errors.clone())))
        }
    }
}
