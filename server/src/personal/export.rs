//! Everything the platform holds about a person as one zip: a JSON document a subject, and the person's files.
//!
//! It is made while it is sent and kept nowhere: nothing of it can be found by somebody else, and nothing runs out.

use std::io::{self, Write};

use axum::response::Response;
use serde_json::{Value, json};

use super::rows::{self, StoredFile};
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::download::{Sending, stream_zip};
use crate::error::Result;

/// What the first file in the zip says.
const READ_ME: &str = "What this site holds about you, as of the time in about.json.\n\n\
    Each .json file is a list. Your files are in the folders submissions, notebooks and images. Private scores are in\n\
    it once a competition is over. Passwords, tokens and links are not: the site keeps only what recognises them.\n";

/// # Errors
/// Those of the database. A file that cannot be read breaks the download off.
pub async fn export(app: &App, member: &Member) -> Result<Response> {
    let mut conn = app.db.acquire().await?;
    let documents = rows::documents(&mut conn, member.id).await?;
    let files = rows::files(&mut conn, member.id).await?;
    drop(conn);
    let about = json!({
        "site": app.config.public_url,
        "username": member.username,
        "made_at": app.clock.now(),
    });
    let name = format!("{}.zip", member.username);
    Ok(stream_zip(app.files.clone(), &name, move |zip| write(zip, &about, &documents, &files)))
}

fn write(
    zip: &mut Sending<'_>,
    about: &Value,
    documents: &[(&'static str, Vec<Value>)],
    files: &[StoredFile],
) -> io::Result<()> {
    zip.begin("README.txt")?;
    zip.write_all(READ_ME.as_bytes())?;
    zip.begin("about.json")?;
    serde_json::to_writer_pretty(&mut *zip, about)?;
    for (name, rows) in documents {
        zip.begin(&format!("{name}.json"))?;
        serde_json::to_writer_pretty(&mut *zip, rows)?;
    }
    files.iter().try_for_each(|file| {
        let name: String = file.name.chars().map(plain).collect();
        zip.add_stored(&format!("{}/{}-{name}", file.folder, file.id), &file.storage_key, file.size_bytes)
    })
}

/// Of a name within the zip: nothing that leads out of its folder.
fn plain(character: char) -> char {
    if character.is_ascii_alphanumeric() || ".-_".contains(character) { character } else { '_' }
}
