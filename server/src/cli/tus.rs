//! Large files in parts, over tus 1.0: gone on with after a line that broke, and by another run of the
//! program, which finds the upload's address under `~/.local/state/holdout/uploads`.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use ureq::http::{Request, Response, request::Builder};
use ureq::{Body, SendBody};

use super::Session;
use super::client::{Client, Upload};
use super::fault::{CliError, Outcome};
use super::host::Competition;
use super::local::{name_of, size_bytes, unreadable};

/// Smaller files are sent whole.
pub const LARGE_BYTES: u64 = 16 << 20;
const PART_BYTES: u64 = 16 << 20;
/// So often in a row the server may be away, for up to half a minute each time.
const MOST_FAILURES: u32 = 40;
const UPLOADS: &str = "/api/v1/uploads";

/// A file, and what its upload will be spent on.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub path: &'a Path,
    /// The name it gets.
    pub name: &'a str,
    /// The competition's name in addresses.
    pub competition: &'a str,
    /// `submission`, `check`, `data`, `archive`, and, for sealed files alone, `solution` or `table`.
    pub purpose: &'a str,
}

/// A file that the server has whole.
#[derive(Debug)]
pub struct Uploaded {
    id: String,
    state: PathBuf,
}

impl Uploaded {
    /// Names the upload where a file would be sent; forgets it when it was taken.
    ///
    /// # Errors
    /// Those of `send`; the upload can then be spent by another run.
    pub fn spend<T>(self, send: impl FnOnce(&Value) -> Result<T, CliError>) -> Result<T, CliError> {
        let answer = send(&json!({ "upload": self.id }))?;
        let _ = fs::remove_file(self.state);
        Ok(answer)
    }
}

/// Uploads a large file in parts, with a bar; `None` for one that may as well be sent whole.
///
/// # Errors
/// As [`upload`].
pub fn large(
    session: &Session,
    path: &Path,
    competition: &str,
    purpose: &str,
) -> Result<Option<Uploaded>, CliError> {
    if size_bytes(path)? <= LARGE_BYTES {
        return Ok(None);
    }
    let name = name_of(path);
    in_parts(session, &Wanted { path, name: &name, competition, purpose }).map(Some)
}

/// Uploads a file in parts, with a bar.
///
/// # Errors
/// As [`upload`].
pub fn in_parts(session: &Session, wanted: &Wanted<'_>) -> Result<Uploaded, CliError> {
    let bar = session.screen.transfer(wanted.name, size_bytes(wanted.path)?);
    let uploaded = upload(&session.client, wanted, &mut |sent, _| bar.set_position(sent));
    bar.finish_and_clear();
    uploaded
}

/// A file that stands at an address once it is put there, however large it is.
#[derive(Debug, Clone, Copy)]
pub struct Whole<'a> {
    /// The address that takes the file, or the name of its upload.
    pub path: &'a str,
    pub file: &'a Path,
    pub name: &'a str,
    pub purpose: &'a str,
}

impl Whole<'_> {
    /// Puts the file, a large one in parts, with a bar.
    ///
    /// # Errors
    /// Those of the file and of the server.
    pub fn put(&self, session: &Session, of: &Competition) -> Outcome<Value> {
        match large(session, self.file, &of.slug, self.purpose)? {
            None => self.put_at_once(session),
            Some(uploaded) => uploaded.spend(|document| session.client.put_once(self.path, document)),
        }
    }

    fn put_at_once(&self, session: &Session) -> Outcome<Value> {
        let size_bytes = size_bytes(self.file)?;
        let bar = session.screen.transfer(self.name, size_bytes);
        let upload = Upload {
            method: "PUT",
            path: self.path,
            file_name: self.name,
            idempotency_key: None,
            size_bytes: Some(size_bytes),
        };
        let stored = session.client.upload(&upload, || {
            bar.set_position(0);
            Ok(bar.wrap_read(File::open(self.file).map_err(|error| unreadable(self.file, &error))?))
        });
        bar.finish_and_clear();
        stored
    }
}

/// Uploads a file in parts, however often the line breaks. `progress` is told how many bytes of how many
/// are on their way.
///
/// # Errors
/// The server's sentence when it refuses; one of ours when it is away for too long.
pub fn upload(
    client: &Client,
    wanted: &Wanted<'_>,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Uploaded, CliError> {
    let total = size_bytes(wanted.path)?;
    let state = state_path(client, wanted)?;
    let mut failures = 0;
    loop {
        match go_on(client, wanted, &state, total, progress, &mut failures) {
            Ok(id) => return Ok(Uploaded { id, state }),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::Passing(_)) if failures < MOST_FAILURES => {
                sleep(Duration::from_secs(u64::from(2_u32.saturating_pow(failures).min(30))));
                failures += 1;
            }
            Err(Failure::Passing(why)) => {
                return Err(CliError::Refused(format!(
                    "The upload was interrupted too often ({why}). Run the same command again to resume it."
                )));
            }
        }
    }
}

enum Failure {
    /// Worth another try.
    Passing(String),
    Final(CliError),
}

impl From<CliError> for Failure {
    fn from(error: CliError) -> Self {
        Self::Final(error)
    }
}

fn go_on(
    client: &Client,
    wanted: &Wanted<'_>,
    state: &Path,
    total: u64,
    progress: &mut dyn FnMut(u64, u64),
    failures: &mut u32,
) -> Result<String, Failure> {
    let known = fs::read_to_string(state).ok();
    let standing = match &known {
        Some(address) => ask(client, address)?.map(|offset| (address.clone(), offset)),
        None => None,
    };
    let (address, mut offset) = match standing {
        Some(standing) => standing,
        None => (begin(client, wanted, state, total)?, 0),
    };
    progress(offset, total);
    while offset < total {
        let part = Part { path: wanted.path, offset, total };
        offset = part.send(client, &address, progress)?;
        *failures = 0;
        progress(offset, total);
    }
    Ok(address.rsplit('/').next().unwrap_or_default().to_owned())
}

/// Where an upload stands; `None` for one that is gone.
fn ask(client: &Client, address: &str) -> Result<Option<u64>, Failure> {
    match spoken(client, Request::head(address), SendBody::none())? {
        Some(response) => offset_in(&response).map(Some),
        None => Ok(None),
    }
}

fn begin(client: &Client, wanted: &Wanted<'_>, state: &Path, total: u64) -> Result<String, Failure> {
    let pairs = [("competition", wanted.competition), ("purpose", wanted.purpose), ("filename", wanted.name)];
    let metadata: Vec<_> =
        pairs.iter().map(|(key, value)| format!("{key} {}", STANDARD.encode(value))).collect();
    let request =
        Request::post(UPLOADS).header("upload-length", total).header("upload-metadata", metadata.join(","));
    let response = spoken(client, request, SendBody::none())?.ok_or_else(|| {
        CliError::Refused(format!(
            "The competition {} does not exist, or you may not submit to it.",
            wanted.competition
        ))
    })?;
    let address = header(&response, "location").unwrap_or_default().to_owned();
    remember(state, &address).map_err(CliError::from)?;
    Ok(address)
}

/// The bytes from `offset` on, as many as travel in one request.
struct Part<'a> {
    path: &'a Path,
    offset: u64,
    total: u64,
}

impl Part<'_> {
    fn send(
        &self,
        client: &Client,
        address: &str,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<u64, Failure> {
        let length = PART_BYTES.min(self.total - self.offset);
        let mut file = File::open(self.path).map_err(|error| unreadable(self.path, &error))?;
        file.seek(SeekFrom::Start(self.offset)).map_err(|error| unreadable(self.path, &error))?;
        let mut told = Told { file: file.take(length), sent: self.offset, total: self.total, progress };
        let request = Request::patch(address)
            .header("content-type", "application/offset+octet-stream")
            .header("content-length", length)
            .header("upload-offset", self.offset);
        let response = spoken(client, request, SendBody::from_reader(&mut told))?;
        response.map_or_else(
            || Err(Failure::Passing("the server no longer knows it".to_owned())),
            |response| offset_in(&response),
        )
    }
}

/// A file that tells how far it was read.
struct Told<'a> {
    file: io::Take<File>,
    sent: u64,
    total: u64,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Read for Told<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_read = self.file.read(buffer)?;
        self.sent += n_read as u64;
        (self.progress)(self.sent, self.total);
        Ok(n_read)
    }
}

/// An answer of the protocol; `None` for what is not there.
fn spoken(client: &Client, request: Builder, body: SendBody<'_>) -> Result<Option<Response<Body>>, Failure> {
    let mut response = client
        .exchange(request.header("tus-resumable", "1.0.0"), body)
        .map_err(|error| Failure::Passing(error.to_string()))?;
    let status = response.status().as_u16();
    match status {
        200..=299 => Ok(Some(response)),
        404 => Ok(None),
        409 | 423 | 500..=599 => Err(Failure::Passing(format!("the server answered {status}"))),
        _ => {
            let text = response.body_mut().read_to_string().unwrap_or_default();
            let problem: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
            Err(CliError::from_answer(status, &problem).into())
        }
    }
}

fn offset_in(response: &Response<Body>) -> Result<u64, Failure> {
    let offset = header(response, "upload-offset").and_then(|offset| offset.parse().ok());
    offset.ok_or_else(|| {
        CliError::Refused("The server does not say where the upload stands.".to_owned()).into()
    })
}

fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

fn remember(state: &Path, address: &str) -> io::Result<()> {
    if let Some(folder) = state.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(state, address)
}

/// A name of its own for each file as it is now, on each server: a file that changed is another.
fn state_path(client: &Client, wanted: &Wanted<'_>) -> Result<PathBuf, CliError> {
    let path = fs::canonicalize(wanted.path).map_err(|error| unreadable(wanted.path, &error))?;
    let meta = fs::metadata(&path).map_err(|error| unreadable(wanted.path, &error))?;
    let fingerprint = format!(
        "{}\n{}\n{}\n{}\n{}\n{:?}",
        client.server(),
        wanted.competition,
        wanted.purpose,
        path.display(),
        meta.len(),
        meta.modified().ok()
    );
    let folder = std::env::var_os("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state")))
        .unwrap_or_else(std::env::temp_dir);
    Ok(folder.join("holdout/uploads").join(hex::encode(&Sha256::digest(fingerprint)[..16])))
}
