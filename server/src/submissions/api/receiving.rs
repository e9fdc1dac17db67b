//! A file that comes with a request: as a form's `file`, as the whole body, or as the name of an upload.

use axum::extract::multipart::Multipart;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::Deserialize;

use crate::app::App;
use crate::error::{AppError, Result};
use crate::submissions::submit::Entrant;
use crate::uploads::model::{Purpose, UploadId};
use crate::uploads::spend::{self, Arrived};
use crate::web::upload::{receive, receive_body};

/// A received file and what was said with it.
pub(super) struct Sent {
    pub name: String,
    pub arrived: Arrived,
    pub description: Option<String>,
}

/// A file that was uploaded before, named in place of the file itself.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UploadedFile)]
pub(super) struct UploadedJson {
    /// Id of a whole upload of the caller's.
    #[schema(example = "5c1f7d1e-93f6-4b5c-8a44-0d2a4f0e7b11")]
    upload: UploadId,
    description: Option<String>,
}

/// Streams a form's `file`, or the whole body, to storage; or finds the upload that is named.
pub(super) async fn receive_file(
    app: &App,
    entrant: &Entrant,
    purpose: Purpose,
    request: Request,
) -> Result<Sent> {
    let (owner, room) = (entrant.competition.id.0, purpose.room());
    if spend::is_named(request.headers()) {
        let named: UploadedJson = spend::read_named(request.into_body()).await?;
        let id = entrant.competition.id;
        let ready = spend::ready(app, &entrant.member, named.upload, purpose, id).await?;
        return Ok(Sent { name: ready.file_name, arrived: ready.arrived, description: named.description });
    }
    let is_form = header_text(request.headers(), header::CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if !is_form {
        let name = header_text(request.headers(), "x-file-name").map(decode).unwrap_or_default();
        let sink = app.files.create(room, owner).await?;
        let (_, stored) = receive_body(request.into_body(), entrant.max_bytes(), sink).await?;
        return Ok(Sent { name, arrived: stored.into(), description: None });
    }
    let form = Multipart::from_request(request, app)
        .await
        .map_err(|_| AppError::field("file", "The form cannot be read: its boundary is missing."))?;
    let received =
        receive(form, "file", entrant.max_bytes(), async |_| Ok(app.files.create(room, owner).await?))
            .await?;
    let file = received.file.ok_or_else(|| AppError::field("file", "Send the file as `file`."))?;
    let description = Some(received.fields.text("description").to_owned());
    Ok(Sent { name: file.name, arrived: file.stored.into(), description })
}

pub(super) fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The last part of a percent-encoded file name, without control characters.
fn decode(encoded: &str) -> String {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| after.get(..2)).flatten();
        match escaped.and_then(|digits| hex::decode(digits).ok()) {
            Some(decoded) => {
                bytes.extend(decoded);
                rest = &after[2..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let last = text.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|character| !character.is_control()).take(200).collect()
}

/// A form with a file, as it is described.
#[derive(utoipa::ToSchema)]
#[expect(dead_code, reason = "forms are read as they arrive; this is their description")]
pub(super) struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: (),
    description: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_decoded_and_loses_its_folders() {
        assert_eq!(decode("pr%C3%A4diktion.csv"), "prädiktion.csv");
        assert_eq!(decode("..%2F..%2Fetc/passwd"), "passwd");
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("a%0Ab%zz"), "ab%zz");
    }
}
