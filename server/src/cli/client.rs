//! One HTTP client for all commands: bearer token, JSON answers, problems as sentences.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use ureq::http::Response;
use ureq::http::request::Builder;
use ureq::{Agent, Body, SendBody};

use super::CliError;
use super::settings::Login;

/// Uploads may be large and lines slow; a single answer is waited for this long.
const PATIENCE: Duration = Duration::from_secs(600);

pub struct Client {
    agent: Agent,
    login: Login,
}

impl Client {
    pub fn new(login: Login) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_recv_response(Some(PATIENCE))
            .user_agent(concat!("holdout/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: Agent::new_with_config(config), login }
    }

    pub fn server(&self) -> &str {
        self.login.server.as_deref().unwrap_or_default()
    }

    pub fn get(&self, path: &str) -> Result<Value, CliError> {
        let request = self.agent.get(self.url(path)).header("accept", "application/json");
        answer(self.authorised(request).call())
    }

    pub fn post(&self, path: &str, document: &Value) -> Result<Value, CliError> {
        answer(self.authorised(self.agent.post(self.url(path))).send_json(document))
    }

    /// Sends a file as the request's body, streamed from the disk.
    pub fn post_file(&self, path: &str, file: &Path, idempotency_key: &str) -> Result<Value, CliError> {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let body = File::open(file)
            .map_err(|error| CliError::Refused(format!("{} cannot be read: {error}", file.display())))?;
        let request = self
            .authorised(self.agent.post(self.url(path)))
            .header("content-type", "application/octet-stream")
            .header("x-file-name", encode(&name))
            .header("idempotency-key", idempotency_key);
        answer(request.send(body))
    }

    /// Sends a stream as the request's body.
    pub fn post_stream(
        &self,
        path: &str,
        name: &str,
        stream: impl Read + Send + Sync + 'static,
    ) -> Result<Value, CliError> {
        let request = self
            .authorised(self.agent.post(self.url(path)))
            .header("content-type", "application/octet-stream")
            .header("x-file-name", encode(name));
        answer(request.send(SendBody::from_owned_reader(stream)))
    }

    /// A request with headers of its own; the answer, whatever its status.
    pub fn exchange(&self, request: Builder, body: SendBody<'_>) -> Result<Response<Body>, ureq::Error> {
        let path = request.uri_ref().map(ToString::to_string).unwrap_or_default();
        let request = request.uri(self.url(&path));
        let request = match &self.login.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        };
        self.agent.run(request.body(body)?)
    }

    /// Downloads into `target`, going on where an earlier try ended.
    pub fn download(&self, path: &str, target: &Path, size_bytes: u64) -> Result<(), CliError> {
        let partial = target.with_extension("part");
        let done = std::fs::metadata(&partial).map(|meta| meta.len()).unwrap_or(0);
        let done = if done < size_bytes { done } else { 0 };
        let mut request = self.authorised(self.agent.get(self.url(path)));
        if done > 0 {
            request = request.header("range", format!("bytes={done}-"));
        }
        let response = request.call().map_err(transport)?;
        let resumes = response.status() == 206;
        let mut response = refuse_problems(response)?;
        let mut file =
            File::options().create(true).write(true).append(resumes).truncate(!resumes).open(&partial)?;
        io::copy(&mut response.body_mut().as_reader(), &mut file)?;
        file.sync_all()?;
        std::fs::rename(&partial, target)?;
        Ok(())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server())
    }

    fn authorised<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.login.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }
}

fn answer(response: Result<Response<Body>, ureq::Error>) -> Result<Value, CliError> {
    let mut response = refuse_problems(response.map_err(transport)?)?;
    let text = response.body_mut().read_to_string().map_err(transport)?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).map_err(|_| CliError::Refused("The server's answer is not JSON.".to_owned()))
}

fn refuse_problems(mut response: Response<Body>) -> Result<Response<Body>, CliError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.body_mut().read_to_string().unwrap_or_default();
    let problem: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    let sentence = match problem["detail"].as_str() {
        Some(detail) => detail.to_owned(),
        None => format!("The server answered {status}."),
    };
    let hint = if status == 401 { " Run `holdout login` first." } else { "" };
    Err(CliError::Refused(format!("{sentence}{hint}")))
}

fn transport(error: ureq::Error) -> CliError {
    CliError::Refused(format!("The server cannot be reached: {error}"))
}

/// File names travel percent-encoded, because header values are ASCII.
fn encode(name: &str) -> String {
    crate::web::problems::encode(name)
}
