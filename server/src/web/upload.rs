//! Uploads: a form's text fields and one file, streamed to where it belongs chunk by chunk.
//!
//! Never here: a whole file in memory, a file name used as a path, a plaintext label on the disk.
//! A route that takes uploads disables `DefaultBodyLimit`; the limits are the ones given here.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;
use futures_util::StreamExt;
use holdout_contract::seal::{SealError, Sealer};
use percent_encoding::percent_decode_str;
use zeroize::Zeroize;

use crate::error::{AppError, Result};
use crate::files::{Stored, Writing};
use crate::invisible_characters::is_invisible;
use crate::web::format;

/// All text fields of one form together may have this many bytes.
const TEXT_LIMIT_BYTES: usize = 512 * 1024;
/// At most this many fields are read.
const FIELD_LIMIT: usize = 64;
/// The first bytes of a file in the `age` format.
pub const AGE_HEADER: &[u8] = b"age-encryption.org/v1\n";

/// Where an uploaded file goes. Dropped before [`Sink::finish`], it leaves nothing behind.
pub trait Sink: Sized + Send {
    fn write(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// What this returns survives a power cut.
    fn finish(self) -> impl Future<Output = io::Result<Stored>> + Send;
}

impl Sink for Writing {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        Self::write(self, bytes).await
    }

    async fn finish(self) -> io::Result<Stored> {
        Self::finish(self).await
    }
}

/// A file that is encrypted to a scorer's key while it is written: only ciphertext reaches the disk.
pub struct SealedWriting {
    sealer: Sealer<Ciphertext>,
    ciphertext: Ciphertext,
    writing: Writing,
}

#[derive(Clone, Default)]
struct Ciphertext(Arc<Mutex<Vec<u8>>>);

impl Ciphertext {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Ciphertext {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl SealedWriting {
    /// Seals to `recipient`, the public half of a scorer's key, into `writing`.
    ///
    /// # Errors
    /// [`AppError::Internal`] when the recipient is none.
    pub fn new(recipient: &str, writing: Writing) -> Result<Self> {
        let ciphertext = Ciphertext::default();
        let sealer = Sealer::new(recipient, ciphertext.clone()).map_err(anyhow::Error::from)?;
        Ok(Self { sealer, ciphertext, writing })
    }
}

impl Sink for SealedWriting {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sealer.write_all(bytes)?;
        clear_stack();
        self.writing.write(&self.ciphertext.take()).await
    }

    async fn finish(self) -> io::Result<Stored> {
        let Self { sealer, ciphertext, mut writing } = self;
        sealer.finish()?;
        clear_stack();
        writing.write(&ciphertext.take()).await?;
        writing.finish().await
    }
}

/// Overwrites the stack below the caller, where the cipher leaves its last block of plaintext.
#[inline(never)]
fn clear_stack() {
    /// The cipher's calls nest less deep than this.
    const DEPTH_BYTES: usize = 64 * 1024;
    let mut below = [0_u8; DEPTH_BYTES];
    below.zeroize();
    std::hint::black_box(&mut below);
}

/// A file that its sender sealed already: anything that is not in the `age` format is refused
/// before a byte of it is stored.
pub struct AlreadySealed {
    writing: Writing,
    head: Vec<u8>,
}

impl AlreadySealed {
    pub fn new(writing: Writing) -> Self {
        Self { writing, head: Vec::with_capacity(AGE_HEADER.len()) }
    }
}

impl Sink for AlreadySealed {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.head.len() >= AGE_HEADER.len() {
            return self.writing.write(bytes).await;
        }
        self.head.extend_from_slice(bytes);
        let known = self.head.len().min(AGE_HEADER.len());
        if self.head[..known] != AGE_HEADER[..known] {
            self.head.zeroize();
            return Err(io::Error::new(io::ErrorKind::InvalidData, NotSealed));
        }
        if self.head.len() >= AGE_HEADER.len() {
            self.writing.write(&self.head).await?;
        }
        Ok(())
    }

    async fn finish(self) -> io::Result<Stored> {
        if self.head.len() < AGE_HEADER.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, NotSealed));
        }
        self.writing.finish().await
    }
}

#[derive(Debug, thiserror::Error)]
#[error("This file is not sealed: it does not begin as an age file does.")]
struct NotSealed;

/// A secret file, sealed here or by its sender.
pub enum SecretSink {
    SealHere(Box<SealedWriting>),
    SealedBySender(Box<AlreadySealed>),
}

impl Sink for SecretSink {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::SealHere(sink) => sink.write(bytes).await,
            Self::SealedBySender(sink) => sink.write(bytes).await,
        }
    }

    async fn finish(self) -> io::Result<Stored> {
        match self {
            Self::SealHere(sink) => sink.finish().await,
            Self::SealedBySender(sink) => sink.finish().await,
        }
    }
}

/// The text fields of a form, in the order of their names.
#[derive(Debug, Clone, Default)]
pub struct Fields(BTreeMap<String, String>);

impl Fields {
    /// A field's text without surrounding space; empty when it was not sent.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }
}

/// What a person sent.
#[derive(Debug)]
pub struct Received {
    pub fields: Fields,
    /// `None` when no file was chosen.
    pub file: Option<ReceivedFile>,
}

#[derive(Debug)]
pub struct ReceivedFile {
    /// The last part of the name the sender's machine gave it; never used as a path here.
    pub name: String,
    /// Before sealing.
    pub size_bytes: u64,
    pub stored: Stored,
}

/// Reads a form to its end. `open` is asked for the sink when the file named `file_field` begins;
/// it sees the text fields that came before it, so forms put the file last.
///
/// # Errors
/// [`AppError::TooLarge`] as soon as the file is longer than `max_bytes`; [`AppError::Field`] when
/// the form cannot be read; those of `open` and of storage.
pub async fn receive<S: Sink>(
    mut form: Multipart,
    file_field: &'static str,
    max_bytes: u64,
    open: impl AsyncFnOnce(&Fields) -> Result<S>,
) -> Result<Received> {
    let mut fields = Fields::default();
    let mut file = None;
    let mut open = Some(open);
    let mut text_bytes = 0;
    let mut n_fields = 0;
    while let Some(field) = form.next_field().await.map_err(broken)? {
        n_fields += 1;
        if n_fields > FIELD_LIMIT {
            return Err(AppError::TooLarge("This form has more fields than any form of ours.".to_owned()));
        }
        let name = field.name().unwrap_or_default().to_owned();
        if name == file_field && field.file_name().is_some() {
            let file_name = last_part(field.file_name().unwrap_or_default());
            if file_name.is_empty() {
                continue; // browsers send an empty part when no file was chosen
            }
            let Some(open) = open.take() else {
                return Err(AppError::field(file_field, "Send one file at a time."));
            };
            let sink = open(&fields).await?;
            let (size_bytes, stored) = stream(field_chunks(field), max_bytes, file_field, sink).await?;
            file = Some(ReceivedFile { name: file_name, size_bytes, stored });
        } else {
            let value = text(field, &mut text_bytes).await?;
            fields.0.insert(name, value);
        }
    }
    Ok(Received { fields, file })
}

/// Reads a request that brings one file: as [`receive`] where it is a form; else its whole body is the file, named by
/// `X-File-Name`, and there are no fields.
///
/// # Errors
/// As [`receive`].
pub async fn receive_request<S: Sink>(
    request: Request,
    file_field: &'static str,
    max_bytes: u64,
    open: impl AsyncFnOnce(&Fields) -> Result<S>,
) -> Result<Received> {
    let is_form = header_text(request.headers(), CONTENT_TYPE.as_str())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if is_form {
        let form = Multipart::from_request(request, &())
            .await
            .map_err(|_| AppError::field(file_field, "The form cannot be read: its boundary is missing."))?;
        return receive(form, file_field, max_bytes, open).await;
    }
    let name = header_text(request.headers(), "x-file-name").map(decoded_name).unwrap_or_default();
    let fields = Fields::default();
    let sink = open(&fields).await?;
    let (size_bytes, stored) = receive_body(request.into_body(), max_bytes, sink).await?;
    Ok(Received { fields, file: Some(ReceivedFile { name, size_bytes, stored }) })
}

/// A header's text, where it is one.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The last part of a percent-encoded file name, without characters that nobody sees.
fn decoded_name(encoded: &str) -> String {
    last_part(&percent_decode_str(encoded).decode_utf8_lossy())
}

/// Streams a request's whole body, which is one file, into a sink; gives its size before sealing.
///
/// # Errors
/// As [`receive`].
pub async fn receive_body<S: Sink>(body: Body, max_bytes: u64, sink: S) -> Result<(u64, Stored)> {
    stream(body_chunks(body), max_bytes, "file", sink).await
}

/// The pieces of a request's body, as they arrive.
pub fn body_chunks(body: Body) -> impl futures_util::Stream<Item = Result<Bytes>> {
    body.into_data_stream().map(|chunk| {
        chunk.map_err(|error| AppError::field("file", format!("The upload was interrupted: {error}.")))
    })
}

async fn stream<S: Sink>(
    chunks: impl futures_util::Stream<Item = Result<Bytes>>,
    max_bytes: u64,
    file_field: &'static str,
    mut sink: S,
) -> Result<(u64, Stored)> {
    let size_bytes = pour(chunks, max_bytes, file_field, &mut sink).await?;
    let stored = sink.finish().await.map_err(|error| storing(error, file_field))?;
    Ok((size_bytes, stored))
}

/// What is said of a file beyond its limit.
pub fn too_large(max_bytes: u64) -> AppError {
    AppError::TooLarge(format!(
        "This file is larger than the limit of {}. It was not stored.",
        format::limit(max_bytes)
    ))
}

async fn pour<S: Sink>(
    chunks: impl futures_util::Stream<Item = Result<Bytes>>,
    max_bytes: u64,
    file_field: &'static str,
    sink: &mut S,
) -> Result<u64> {
    let mut chunks = std::pin::pin!(chunks);
    let mut size_bytes = 0_u64;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        size_bytes += chunk.len() as u64;
        if size_bytes > max_bytes {
            erase(chunk);
            return Err(too_large(max_bytes));
        }
        let written = sink.write(&chunk).await;
        erase(chunk);
        written.map_err(|error| storing(error, file_field))?;
    }
    Ok(size_bytes)
}

/// Overwrites a chunk with zeros where nothing else holds its memory.
fn erase(chunk: Bytes) {
    if let Ok(mut owned) = chunk.try_into_mut() {
        owned.as_mut().zeroize();
    }
}

fn field_chunks(field: Field<'_>) -> impl futures_util::Stream<Item = Result<Bytes>> + '_ {
    field.map(|chunk| chunk.map_err(broken))
}

async fn text(mut field: Field<'_>, text_bytes: &mut usize) -> Result<String> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        *text_bytes += chunk.len();
        if *text_bytes > TEXT_LIMIT_BYTES {
            return Err(AppError::TooLarge("The text of this form is longer than 512 kB.".to_owned()));
        }
        value.extend_from_slice(&chunk);
    }
    String::from_utf8(value).map_err(|_| AppError::field("form", "A field of the form is not UTF-8 text."))
}

/// The last part of a file's name, without control characters.
pub fn last_part(file_name: &str) -> String {
    let last = file_name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|character| !is_invisible(*character)).take(200).collect::<String>().trim().to_owned()
}

fn storing(error: io::Error, file_field: &'static str) -> AppError {
    if error.kind() == io::ErrorKind::InvalidData
        && error.get_ref().is_some_and(|inner| inner.is::<NotSealed>())
    {
        return AppError::field(file_field, NotSealed.to_string());
    }
    AppError::Internal(anyhow::Error::from(error).context("storing an upload"))
}

fn broken(error: MultipartError) -> AppError {
    AppError::field("form", format!("The form could not be read to its end: {}.", error.body_text()))
}

impl From<SealError> for AppError {
    fn from(error: SealError) -> Self {
        Self::Internal(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_is_never_a_path() {
        assert_eq!(last_part("C:\\data\\..\\train.csv"), "train.csv");
        assert_eq!(last_part("../../etc/passwd"), "passwd");
        assert_eq!(last_part("a\u{0}b\n.csv"), "ab.csv");
    }

    #[test]
    fn a_file_name_in_a_header_is_decoded_and_loses_its_folders() {
        assert_eq!(decoded_name("pr%C3%A4diktion.csv"), "prädiktion.csv");
        assert_eq!(decoded_name("..%2F..%2Fetc/passwd"), "passwd");
        assert_eq!(decoded_name("100%"), "100%");
        assert_eq!(decoded_name("a%0Ab%zz"), "ab%zz");
    }

    fn files() -> (crate::files::Files, std::path::PathBuf) {
        let root = std::env::temp_dir().join(format!("holdout-upload-{}", uuid::Uuid::now_v7()));
        let place = holdout_contract::place::Place::Folder(root.clone());
        (crate::files::Files::open(&place).expect("a place"), root)
    }

    #[tokio::test]
    async fn a_file_beyond_its_limit_is_stopped_and_leaves_nothing() {
        let (files, root) = files();
        let sink = files.create("uploads", 1).await.expect("a sink");
        let body = Body::from(vec![b'x'; 1001]);
        assert!(matches!(receive_body(body, 1000, sink).await, Err(AppError::TooLarge(_))));
        assert!(!root.join("uploads/1").exists(), "less than a part was never sent anywhere");
        std::fs::remove_dir_all(root).expect("removed");
    }

    #[tokio::test]
    async fn what_claims_to_be_sealed_is_looked_at() {
        let (files, root) = files();
        let sink = AlreadySealed::new(files.create("uploads", 1).await.expect("a sink"));
        let refused = receive_body(Body::from("id,target\n1,secret\n"), 1000, sink).await;
        assert!(matches!(refused, Err(AppError::Field { field: "file", .. })));
        let sink = AlreadySealed::new(files.create("uploads", 1).await.expect("a sink"));
        let sealed = [AGE_HEADER, b"-> X25519 abc\n"].concat();
        assert!(receive_body(Body::from(sealed), 1000, sink).await.is_ok());
        std::fs::remove_dir_all(root).expect("removed");
    }
}
