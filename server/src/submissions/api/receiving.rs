//! A file that comes with a request: as a form's `file`, as the whole body, or as the name of an upload.

use axum::extract::Request;
use serde::Deserialize;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::submissions::submit::Entrant;
use crate::uploads::model::{Purpose, UploadId};
use crate::uploads::spend::{self, Arrived};
use crate::web::upload::receive_request;

/// Who sends, and what the file is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    sender: &'a Member,
    competition: &'a Competition,
}

impl<'a> Place<'a> {
    pub(crate) fn of(sender: &'a Member, competition: &'a Competition) -> Self {
        Self { sender, competition }
    }
}

impl<'a> From<&'a Entrant> for Place<'a> {
    fn from(entrant: &'a Entrant) -> Self {
        Self::of(&entrant.member, &entrant.competition)
    }
}

/// A received file and what was said with it.
pub(crate) struct Sent {
    pub name: String,
    pub arrived: Arrived,
    pub description: Option<String>,
}

/// A file that was uploaded before, named in place of the file itself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UploadedFile)]
pub(crate) struct UploadedJson {
    /// Id of a whole upload of the caller's.
    #[schema(example = "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11")]
    upload: UploadId,
    description: Option<String>,
}

/// Streams a form's `file`, or the whole body, to storage; or finds the upload that is named.
pub(crate) async fn receive_file(
    app: &App,
    place: Place<'_>,
    purpose: Purpose,
    request: Request,
) -> Result<Sent> {
    let Place { sender, competition } = place;
    let (owner, room) = (competition.id.0, purpose.room());
    if spend::is_named(request.headers()) {
        let named: UploadedJson = spend::read_named(request.into_body()).await?;
        let ready = spend::ready(app, sender, named.upload, purpose, competition.id).await?;
        return Ok(Sent { name: ready.file_name, arrived: ready.arrived, description: named.description });
    }
    let sink = async |_: &_| Ok(app.files.create(room, owner).await?);
    let received =
        receive_request(request, "file", competition.max_upload_bytes.unsigned_abs(), sink).await?;
    let file = received.file.ok_or_else(|| AppError::field("file", "Send the file as `file`."))?;
    let description = Some(received.fields.text("description").to_owned());
    Ok(Sent { name: file.name, arrived: file.stored.into(), description })
}

/// A form with a file, as it is described.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "forms are read as they arrive; this is their description")]
pub(crate) struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: (),
    description: Option<String>,
}
