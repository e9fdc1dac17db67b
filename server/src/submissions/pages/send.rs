//! The form that sends a file, and the check of a file that counts for nothing.

use askama::Template;
use askama_web::WebTemplate;
use axum::Form;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use holdout_contract::job::CheckVerdict;
use serde::Deserialize;
use sqlx::types::Json;
use uuid::Uuid;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::Phase;
use crate::error::{AppError, Result};
use crate::ids::SubmissionId;
use crate::paths;
use crate::submissions::check::{self, Asked, check};
use crate::submissions::checked::{self, submit_checked};
use crate::submissions::model::{Allowance, State as Stage, Submission};
use crate::submissions::read;
use crate::submissions::store::Check;
use crate::submissions::submit::{
    DESCRIPTION_LIMIT, Entrant, Receipt, Upload, enter, same_file_before, submit,
};
use crate::uploads::model::Purpose;
use crate::uploads::spend::{self, Taken};
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, kept, mistake, redirect_saying, show_again};
use crate::web::shell::Shell;
use crate::web::upload::receive;

#[derive(Template, WebTemplate)]
#[template(path = "submissions/submit.html")]
pub struct SubmitPage {
    pub shell: Shell,
    pub frame: Frame,
    /// `None` for who has no team here.
    pub allowance: Option<Allowance>,
    pub mistake: Mistake,
    pub description: String,
    /// What the team sent before of the same bytes, before they are sent once more.
    pub repeated: Option<Submission>,
    /// Makes a form that is sent twice one submission.
    pub form_key: Uuid,
}

impl SubmitPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Submit),
            allowance: Some(Allowance::new(5, 2, chrono::DateTime::UNIX_EPOCH)),
            mistake: Mistake::none(),
            description: String::new(),
            repeated: Some(Submission::sample(Stage::Scored)),
            form_key: Uuid::nil(),
        }
    }

    pub fn max_size(&self) -> String {
        format::limit(self.frame.competition.max_upload_bytes.unsigned_abs())
    }

    pub fn is_upcoming(&self) -> bool {
        self.frame.phase <= Phase::Upcoming
    }

    pub fn is_late(&self) -> bool {
        self.frame.phase >= Phase::Closed
    }

    pub fn description_limit(&self) -> usize {
        DESCRIPTION_LIMIT
    }
}

pub(super) async fn show_submit(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<SubmitPage> {
    submit_page(&app, &slug, shell, Mistake::none(), String::new()).await
}

async fn submit_page(
    app: &App,
    slug: &str,
    shell: Shell,
    mistake: Mistake,
    description: String,
) -> Result<SubmitPage> {
    let seen = access::see(app, slug, shell.viewer.as_ref()).await?;
    let allowance = match seen.standing.team_id {
        Some(team_id) => {
            let mut conn = app.db.acquire().await?;
            Some(read::allowance(&mut conn, &seen.competition, team_id, shell.now).await?)
        }
        None => None,
    };
    let frame = Frame::new(seen, Tab::Submit, shell.now);
    let form_key = Uuid::new_v4();
    Ok(SubmitPage { shell, frame, allowance, mistake, description, repeated: None, form_key })
}

/// The name of the file field in every form that sends predictions.
pub(crate) const FILE: &str = "file";

async fn take(app: &App, entrant: &Entrant, purpose: Purpose, form: Multipart) -> Result<Taken> {
    let (owner, room) = (entrant.competition.id, purpose.room());
    let received =
        receive(form, FILE, entrant.max_bytes(), async |_| Ok(app.files.create(room, owner.0).await?))
            .await?;
    spend::taken(app, &entrant.member, received, purpose, owner).await
}

pub(super) async fn post_submit(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let entrant = enter(&app, &member, &slug).await?;
    let taken = take(&app, &entrant, Purpose::Submission, form).await?;
    let description = taken.fields.text("description").to_owned();
    let may_repeat = !taken.fields.text(SEND_AGAIN).is_empty();
    let outcome = match upload_of(taken) {
        Ok(upload) => {
            if let Some(before) = same_file_before(&app, &entrant, &upload).await?.filter(|_| !may_repeat) {
                upload.arrived.let_go(&app).await?;
                let page = submit_page(&app, &slug, shell, Mistake::none(), description).await?;
                return Ok(show_again(SubmitPage { repeated: Some(before), ..page }));
            }
            submit(&app, &entrant, upload).await
        }
        Err(error) => Err(error),
    };
    match mistake(kept(outcome))? {
        Ok(receipt) => Ok(received(&entrant, &receipt)),
        Err(mistake) => Ok(show_again(submit_page(&app, &slug, shell, mistake, description).await?)),
    }
}

/// The field of a form that comes back to ask whether the same bytes are to be sent once more.
const SEND_AGAIN: &str = "send_again";

/// On to the submission, with what was received told once.
fn received(entrant: &Entrant, receipt: &Receipt) -> Response {
    let target = paths::submission(&entrant.competition.slug, receipt.submission.id);
    redirect_saying(&target, &receipt.sentence(&entrant.competition))
}

/// The form's key is joined with the file's hash: the same form with another file is another submission.
pub(crate) fn upload_of(taken: Taken) -> Result<Upload> {
    let form_key = taken.fields.text("form_key").to_owned();
    let description = taken.fields.text("description").to_owned();
    let (file_name, arrived) = taken.file.ok_or_else(|| AppError::field(FILE, "Choose a file first."))?;
    let idempotency_key = Uuid::parse_str(&form_key)
        .ok()
        .map(|key| format!("{key}-{}", hex::encode(&arrived.stored.sha256[..16])));
    Ok(Upload { file_name, arrived, description, idempotency_key })
}

pub(super) async fn post_check(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
    form: Multipart,
) -> Result<Response> {
    let entrant = enter(&app, &member, &slug).await?;
    let taken = take(&app, &entrant, Purpose::Check, form).await?;
    let description = taken.fields.text("description").to_owned();
    let Some((name, arrived)) = taken.file else {
        let mistake = Mistake::new(FILE, "Choose a file first.");
        return Ok(show_again(submit_page(&app, &slug, shell, mistake, description).await?));
    };
    let asked = Asked { file_name: &name, description: &description };
    match mistake(kept(check(&app, &entrant, asked, &arrived).await))? {
        Ok(id) => Ok(Redirect::to(&paths::check_result(&slug, id)).into_response()),
        Err(mistake) => Ok(show_again(submit_page(&app, &slug, shell, mistake, description).await?)),
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "submissions/check.html")]
pub struct CheckPage {
    pub shell: Shell,
    pub frame: Frame,
    pub check: Check,
    /// What the viewer's team may still send; `None` for who has none.
    pub allowance: Option<Allowance>,
    /// What the file became.
    pub submitted: Option<SubmissionId>,
    pub description: String,
    pub mistake: Mistake,
}

impl CheckPage {
    pub fn sample() -> Self {
        let check = Check {
            id: Uuid::nil(),
            file_name: "predictions.csv".to_owned(),
            description: "gradient boosting".to_owned(),
            storage_key: "checks/1/x".to_owned(),
            size_bytes: 1234,
            created_at: chrono::DateTime::UNIX_EPOCH,
            verdict: Some(Json(CheckVerdict::Fits { n_rows: 100 })),
        };
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Submit),
            description: check.description.clone(),
            check,
            allowance: Some(Allowance::new(5, 2, chrono::DateTime::UNIX_EPOCH)),
            submitted: None,
            mistake: Mistake::none(),
        }
    }

    pub fn is_late(&self) -> bool {
        self.frame.phase >= Phase::Closed
    }

    pub fn description_limit(&self) -> usize {
        DESCRIPTION_LIMIT
    }

    pub fn send_address(&self) -> String {
        paths::check_submit(self.frame.slug(), self.check.id)
    }

    pub fn verdict(&self) -> Option<&CheckVerdict> {
        self.check.verdict.as_ref().map(|Json(verdict)| verdict)
    }
}

pub(super) async fn show_check(
    State(app): State<App>,
    Path((slug, id)): Path<(String, Uuid)>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<CheckPage> {
    check_page(&app, (&slug, id), &member, shell, None, Mistake::none()).await
}

async fn check_page(
    app: &App,
    (slug, id): (&str, Uuid),
    member: &Member,
    shell: Shell,
    typed: Option<String>,
    mistake: Mistake,
) -> Result<CheckPage> {
    let seen = access::see(app, slug, Some(member)).await?;
    let mut conn = app.db.acquire().await?;
    let check = check::find(&mut conn, seen.competition.id, member.id, id).await?;
    let (mut allowance, mut submitted) = (None, None);
    if let Some(team) = seen.standing.team_id {
        allowance = Some(read::allowance(&mut conn, &seen.competition, team, shell.now).await?);
        submitted = checked::sent_as(&mut conn, team, id).await?;
    }
    drop(conn);
    let description = typed.unwrap_or_else(|| check.description.clone());
    let frame = Frame::new(seen, Tab::Submit, shell.now);
    Ok(CheckPage { frame, shell, check, allowance, submitted, description, mistake })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct CheckedForm {
    description: String,
}

pub(super) async fn post_checked(
    State(app): State<App>,
    Path((slug, id)): Path<(String, Uuid)>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(form): Form<CheckedForm>,
) -> Result<Response> {
    let entrant = enter(&app, &member, &slug).await?;
    match mistake(kept(submit_checked(&app, &entrant, id, &form.description).await))? {
        Ok(receipt) => Ok(received(&entrant, &receipt)),
        Err(mistake) => {
            let typed = Some(form.description);
            Ok(show_again(check_page(&app, (&slug, id), &member, shell, typed, mistake).await?))
        }
    }
}
