//! Pages for administrators.

use askama::Template;
use askama_web::WebTemplate;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Router};
use chrono::TimeDelta;
use serde::Deserialize;

use crate::accounts;
use crate::accounts::addresses::by_hand;
use crate::accounts::by_hand::Made;
use crate::accounts::two_factors::reset;
use crate::admin::read::{self, Overview, Queue, Users};
use crate::admin::room::Room;
use crate::admin::store::{COUNTED_AT_MOST, Entry, Job, LastBackup, Mail, Numbers, Scorer, User};
use crate::admin::{Admin, roles, suspend};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::Result;
use crate::ids::UserId;
use crate::paths;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::routing::{form, get, post};
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new()
        .route(paths::ADMIN, get(show_overview))
        .route(paths::ADMIN_MAILS, get(show_mails))
        .route(paths::ADMIN_USERS, form(show_users, post_user))
        .route(paths::ADMIN_USER_SUSPEND, post(post_suspend))
        .route(paths::ADMIN_USER_UNSUSPEND, post(post_unsuspend))
        .route(paths::ADMIN_USER_APPOINT, post(post_appoint))
        .route(paths::ADMIN_USER_DISMISS, post(post_dismiss))
        .route(paths::ADMIN_USER_HOSTING, post(post_hosting))
        .route(paths::ADMIN_USER_TWO_FACTORS, post(post_reset_two_factors))
        .route(paths::ADMIN_USER_EMAIL, post(post_confirm_email))
        .route(paths::ADMIN_QUEUE, get(show_queue))
        .route(paths::ADMIN_LOG, get(show_log))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/overview.html")]
pub struct OverviewPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub numbers: Numbers,
    pub room: Room,
    pub backup: LastBackup,
    /// Whether letters leave this installation by themselves.
    pub sends_mail: bool,
}

impl OverviewPage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let numbers = Numbers {
            n_users: 1200,
            n_competitions: 3,
            n_waiting: COUNTED_AT_MOST,
            oldest_waiting_since: Some(shell.now),
            n_running: 1,
            n_failed: 2,
            n_scorers: 1,
            n_refusing_scorers: 1,
            n_unsent_mails: 4,
        };
        let backup = LastBackup {
            made_at: Some(shell.now - TimeDelta::days(5)),
            failed_at: Some(shell.now),
            failure: Some("This backup takes about 7 GB.".to_owned()),
        };
        Self { shell, tab: paths::ADMIN, numbers, room: Room::sample(), backup, sends_mail: false }
    }
}

/// A count that stopped at its bound is written with a plus.
pub fn bounded(count: &i64) -> String {
    let plus = if *count >= COUNTED_AT_MOST { "+" } else { "" };
    format!("{}{plus}", format::count(*count))
}

async fn show_overview(State(app): State<App>, shell: Shell, Admin(_): Admin) -> Result<OverviewPage> {
    let Overview { numbers, backup, room } = read::overview(&app).await?;
    Ok(OverviewPage {
        shell,
        tab: paths::ADMIN,
        numbers,
        room,
        backup,
        sends_mail: app.config.smtp.is_some(),
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/mails.html")]
pub struct MailsPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub mails: Slice<Mail>,
}

impl MailsPage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let mail = Mail {
            id: 1,
            to_address: "ada@example.org".to_owned(),
            subject: "Set a new password".to_owned(),
            body: "Open this link.".to_owned(),
            created_at: shell.now,
            sent_at: None,
            attempts: 1,
            last_error: Some("connection refused".to_owned()),
        };
        Self { shell, tab: paths::ADMIN_MAILS, mails: Slice { items: vec![mail], next: Some(1) } }
    }
}

async fn show_mails(
    State(app): State<App>,
    shell: Shell,
    Admin(_): Admin,
    Query(keyset): Query<Keyset>,
) -> Result<MailsPage> {
    Ok(MailsPage { shell, tab: paths::ADMIN_MAILS, mails: read::mails(&app, keyset).await? })
}

#[derive(Debug, Default, Deserialize)]
pub struct UserSearch {
    #[serde(default)]
    pub name: String,
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/users.html")]
pub struct UsersPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub search: String,
    pub users: Slice<User>,
    pub form: MakeForm,
    pub mistake: Mistake,
    /// What was just made, with the link that is shown this once.
    pub made: Option<Made>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MakeForm {
    pub username: String,
    pub email: String,
}

impl UsersPage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let user = User {
            id: UserId(1),
            username: "ada".to_owned(),
            email: "ada@example.org".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            is_admin: true,
            created_at: shell.now,
            suspended_at: None,
            has_two_factors: true,
            has_confirmed_email: true,
            may_host: false,
        };
        let suspended = User { is_admin: false, suspended_at: Some(shell.now), ..user.clone() };
        let newcomer = User { is_admin: false, has_confirmed_email: false, may_host: true, ..user.clone() };
        let users = Slice { items: vec![user, suspended, newcomer], next: Some(1) };
        let made = Made {
            user: UserId(2),
            username: "grace".to_owned(),
            link: Some("http://127.0.0.1:8080/reset-password/0".to_owned()),
        };
        let mistake = Mistake::new("email", "This is not an e-mail address.");
        let form = MakeForm { username: "grace".to_owned(), email: "grace@".to_owned() };
        Self {
            shell,
            tab: paths::ADMIN_USERS,
            search: "ad".to_owned(),
            users,
            form,
            mistake,
            made: Some(made),
        }
    }
}

async fn show_users(
    State(app): State<App>,
    shell: Shell,
    Admin(_): Admin,
    Query(search): Query<UserSearch>,
    Query(keyset): Query<Keyset>,
) -> Result<UsersPage> {
    users_page(&app, shell, &search, keyset, Making::default()).await
}

/// The form below the accounts, and what came of it.
#[derive(Default)]
struct Making {
    form: MakeForm,
    mistake: Mistake,
    made: Option<Made>,
}

async fn users_page(
    app: &App,
    shell: Shell,
    search: &UserSearch,
    keyset: Keyset,
    Making { form, mistake, made }: Making,
) -> Result<UsersPage> {
    let Users { prefix, users } = read::users(app, &search.name, keyset).await?;
    Ok(UsersPage { shell, tab: paths::ADMIN_USERS, search: prefix, users, form, mistake, made })
}

async fn post_user(
    State(app): State<App>,
    shell: Shell,
    Admin(admin): Admin,
    Form(form): Form<MakeForm>,
) -> Result<Response> {
    let outcome = mistake(accounts::by_hand::make(&app, &admin, &form.username, &form.email).await)?;
    let (search, keyset) = (UserSearch::default(), Keyset::default());
    match outcome {
        Ok(Made { link: None, .. }) => Ok(redirect_saying(
            paths::ADMIN_USERS,
            "The account has been created, and its owner has been emailed a link to set the password.",
        )),
        Ok(made) => {
            let making = Making { made: Some(made), ..Making::default() };
            Ok(users_page(&app, shell, &search, keyset, making).await?.into_response())
        }
        Err(mistake) => {
            let making = Making { form, mistake, made: None };
            Ok(show_again(users_page(&app, shell, &search, keyset, making).await?))
        }
    }
}

#[derive(Debug, Default, Deserialize)]
struct SuspendForm {
    /// Empty: until let in again.
    #[serde(default)]
    days: String,
}

async fn post_suspend(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
    Form(form): Form<SuspendForm>,
) -> Result<Response> {
    let days = Some(form.days.trim()).filter(|days| !days.is_empty());
    let days = days.map(|days| days.parse().unwrap_or(0));
    suspend::suspend(&app, &admin, id, days).await?;
    Ok(redirect_saying(paths::ADMIN_USERS, "The account is suspended."))
}

async fn post_unsuspend(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Response> {
    suspend::unsuspend(&app, &admin, id).await?;
    Ok(redirect_saying(paths::ADMIN_USERS, "The account can be used again."))
}

async fn post_appoint(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Response> {
    roles::appoint(&app, &admin, id).await?;
    Ok(redirect_saying(paths::ADMIN_USERS, "They are now an administrator."))
}

async fn post_dismiss(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Response> {
    roles::dismiss(&app, &admin, id).await?;
    Ok(redirect_saying(paths::ADMIN_USERS, "They are no longer an administrator."))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct HostingForm {
    /// Filled where they may host from now on.
    may_host: String,
}

async fn post_hosting(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
    Form(form): Form<HostingForm>,
) -> Result<Response> {
    let may_host = !form.may_host.is_empty();
    roles::let_host(&app, &admin, id, may_host).await?;
    let sentence = if may_host { "They may host." } else { "They can no longer start competitions." };
    Ok(redirect_saying(paths::ADMIN_USERS, sentence))
}

async fn post_reset_two_factors(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Response> {
    reset::reset(&app, &admin, id).await?;
    Ok(redirect_saying(
        paths::ADMIN_USERS,
        "They now sign in with their password alone, and have been notified.",
    ))
}

async fn post_confirm_email(
    State(app): State<App>,
    Admin(admin): Admin,
    Path(id): Path<UserId>,
) -> Result<Response> {
    by_hand::confirm(&app, &admin, id).await?;
    Ok(redirect_saying(paths::ADMIN_USERS, "The address is confirmed as theirs."))
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/queue.html")]
pub struct QueuePage {
    pub shell: Shell,
    pub tab: &'static str,
    pub scorers: Vec<Scorer>,
    pub waiting: Vec<Job>,
    pub failed: Slice<Job>,
}

impl QueuePage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let waiting = Job {
            id: 1,
            kind: "score".to_owned(),
            competition: Some("houses".to_owned()),
            submission_id: Some(7),
            attempts: 0,
            created_at: shell.now,
            error: None,
        };
        let failed = Job { attempts: 3, error: Some("ran out of memory".to_owned()), ..waiting.clone() };
        let failed = Slice { items: vec![failed], next: Some(1) };
        let scorer = Scorer {
            host: "scorer-1".to_owned(),
            engine_version: "0.1.0".to_owned(),
            started_at: shell.now,
            last_seen_at: shell.now,
            is_awake: true,
            contract: None,
            oldest: 1,
            newest: 1,
            refusal: None,
            sandbox: None,
            sandbox_refusal: Some("there is no Python on this machine".to_owned()),
            gpu: Some("NVIDIA H200, 139 GB, driver for CUDA 13.0, kernels as delivered".to_owned()),
        };
        Self {
            shell,
            tab: paths::ADMIN_QUEUE,
            scorers: vec![Scorer { contract: Some(1), ..scorer.clone() }, scorer],
            waiting: vec![waiting],
            failed,
        }
    }
}

async fn show_queue(
    State(app): State<App>,
    shell: Shell,
    Admin(_): Admin,
    Query(keyset): Query<Keyset>,
) -> Result<QueuePage> {
    let Queue { scorers, waiting, failed } = read::queue(&app, keyset).await?;
    Ok(QueuePage { shell, tab: paths::ADMIN_QUEUE, scorers, waiting, failed })
}

#[derive(Template, WebTemplate)]
#[template(path = "admin/log.html")]
pub struct LogPage {
    pub shell: Shell,
    pub tab: &'static str,
    pub entries: Slice<Entry>,
}

impl LogPage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let entry = Entry {
            id: 1,
            at: shell.now,
            actor: Some("ada".to_owned()),
            action: "change_site".to_owned(),
            competition: None,
            detail: serde_json::json!({ "name": "Holdout" }),
        };
        let platform = Entry { actor: None, competition: Some("houses".to_owned()), ..entry.clone() };
        let entries = Slice { items: vec![entry, platform], next: Some(1) };
        Self { shell, tab: paths::ADMIN_LOG, entries }
    }
}

async fn show_log(
    State(app): State<App>,
    shell: Shell,
    Admin(_): Admin,
    Query(keyset): Query<Keyset>,
) -> Result<LogPage> {
    Ok(LogPage { shell, tab: paths::ADMIN_LOG, entries: read::log(&app, keyset).await? })
}
