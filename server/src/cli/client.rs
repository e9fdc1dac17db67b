//! One HTTP client for all commands: bearer token, JSON answers, problems as sentences. What may be asked
//! again without harm is asked again when the line breaks.

use std::io::{self, Read};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use ureq::http::request::Builder;
use ureq::http::{Request, Response};
use ureq::{Agent, Body, SendBody};

use super::fault::{CliError, Outcome};
use super::settings::Login;
use crate::outbound::system_trust;
use crate::web::problems::encode;

/// Uploads may be large and lines slow; a single answer is waited for this long.
const PATIENCE: Duration = Duration::from_secs(600);
/// Pauses before a request is sent again.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(600),
    Duration::from_millis(1500),
    Duration::from_secs(3),
];
/// A server that asks for a longer pause is not waited for.
const LONGEST_PAUSE_SECONDS: u64 = 20;

pub struct Client {
    agent: Agent,
    login: Login,
}

/// What is sent as a request's body; made again for every try.
pub struct Upload<'a> {
    pub method: &'static str,
    pub path: &'a str,
    pub file_name: &'a str,
    /// Makes a repeated submission the same submission.
    pub idempotency_key: Option<&'a str>,
    /// Of a body whose size is known.
    pub size_bytes: Option<u64>,
}

impl Client {
    pub fn new(login: Login) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(PATIENCE))
            .tls_config(system_trust())
            .user_agent(concat!("holdout/", env!("CARGO_PKG_VERSION")))
            .build();
        Self { agent: Agent::new_with_config(config), login }
    }

    pub fn server(&self) -> &str {
        self.login.server.as_deref().unwrap_or_default()
    }

    pub fn get(&self, path: &str) -> Outcome<Value> {
        again(|| {
            answer(self.send("GET", path, SendBody::none(), &[("accept", "application/json".to_owned())]))
        })
    }

    pub fn post(&self, path: &str, document: &Value) -> Outcome<Value> {
        self.send_json("POST", path, document)
    }

    /// Puts a document; it stands as sent, however often it is sent.
    pub fn put(&self, path: &str, document: &Value) -> Outcome<Value> {
        again(|| self.send_json("PUT", path, document))
    }

    /// Puts what can be put once only, as an upload is spent.
    pub fn put_once(&self, path: &str, document: &Value) -> Outcome<Value> {
        self.send_json("PUT", path, document)
    }

    /// Sets fields; the same fields again change nothing.
    pub fn patch(&self, path: &str, document: &Value) -> Outcome<Value> {
        again(|| self.send_json("PATCH", path, document))
    }

    pub fn delete(&self, path: &str) -> Outcome<Value> {
        answer(self.send("DELETE", path, SendBody::none(), &[]))
    }

    /// Sends a stream as the request's body. `open` makes it, once more for every try; tries are
    /// repeated only where the server cannot mistake them for another upload.
    pub fn upload<R: Read>(
        &self,
        upload: &Upload<'_>,
        mut open: impl FnMut() -> Outcome<R>,
    ) -> Outcome<Value> {
        let is_safe = upload.method == "PUT" || upload.idempotency_key.is_some();
        let mut headers = vec![
            ("content-type", "application/octet-stream".to_owned()),
            ("x-file-name", encode(upload.file_name)),
        ];
        headers.extend(upload.idempotency_key.map(|key| ("idempotency-key", key.to_owned())));
        headers.extend(upload.size_bytes.map(|size| ("content-length", size.to_string())));
        // A server that refuses says so before the file is sent.
        let mut asks_first = true;
        let mut once = || {
            let mut body = open()?;
            let mut headers = headers.clone();
            headers.extend(asks_first.then(|| ("expect", "100-continue".to_owned())));
            let sent = self.send(upload.method, upload.path, SendBody::from_reader(&mut body), &headers);
            asks_first &= !sent.as_ref().is_err_and(was_told_to_go_on_with_headers);
            answer(sent)
        };
        if is_safe { again(once) } else { once() }
    }

    /// A file from `first` on, where the server still has the version named by its SHA-256; else from
    /// its beginning. Tells where the bytes begin.
    pub fn open_file(&self, path: &str, first: u64, sha256: &str) -> Outcome<(u64, impl Read + use<>)> {
        let mut headers = Vec::new();
        if first > 0 {
            headers.push(("range", format!("bytes={first}-")));
            headers.push(("if-range", format!("\"{sha256}\"")));
        }
        let response = self.send("GET", path, SendBody::none(), &headers).map_err(transport)?;
        let response = refuse_problems(response)?;
        let begins_at = if response.status() == 206 { first } else { 0 };
        Ok((begins_at, response.into_body().into_reader()))
    }

    /// A text that is no JSON, as it comes.
    pub fn open_text(&self, path: &str) -> Outcome<impl Read + use<>> {
        let response = again(|| {
            let sent = self.send("GET", path, SendBody::none(), &[]).map_err(transport)?;
            refuse_problems(sent)
        })?;
        Ok(response.into_body().into_reader())
    }

    /// A request with headers of its own; the answer, whatever its status.
    pub fn exchange(&self, request: Builder, body: SendBody<'_>) -> Result<Response<Body>, ureq::Error> {
        let path = request.uri_ref().map(ToString::to_string).unwrap_or_default();
        let mut request = request.uri(format!("{}{path}", self.server()));
        if let Some(token) = &self.login.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.agent.run(request.body(body)?)
    }

    fn send_json(&self, method: &str, path: &str, document: &Value) -> Outcome<Value> {
        let text = document.to_string();
        // Sent as one piece: a server that answers without reading it does not break the line.
        let headers =
            [("content-type", "application/json".to_owned()), ("content-length", text.len().to_string())];
        answer(self.send(method, path, SendBody::from_reader(&mut text.as_bytes()), &headers))
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: SendBody<'_>,
        headers: &[(&str, String)],
    ) -> Result<Response<Body>, ureq::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.server()));
        if let Some(token) = &self.login.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        self.agent.run(request.body(body)?)
    }
}

/// Tries until it works, the server says no, or patience ends.
pub fn again<T>(mut attempt: impl FnMut() -> Outcome<T>) -> Outcome<T> {
    for pause in PAUSES {
        match attempt() {
            Err(CliError::Unreachable(_)) => sleep(pause),
            Err(CliError::TooMany { retry_after_seconds: Some(seconds), .. })
                if seconds <= LONGEST_PAUSE_SECONDS =>
            {
                sleep(Duration::from_secs(seconds.max(1)));
            }
            settled => return settled,
        }
    }
    attempt()
}

fn answer(response: Result<Response<Body>, ureq::Error>) -> Outcome<Value> {
    let mut response = refuse_problems(response.map_err(transport)?)?;
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string().map_err(transport)?;
    if text.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&text).map_err(|_| CliError::Refused("The server's answer is not JSON.".to_owned()))
}

fn refuse_problems(mut response: Response<Body>) -> Outcome<Response<Body>> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    let text = response.body_mut().read_to_string().unwrap_or_default();
    let problem = serde_json::from_str(&text).unwrap_or(Value::Null);
    Err(CliError::from_answer(status.as_u16(), &problem))
}

fn transport(error: ureq::Error) -> CliError {
    let of_this_machine = |error: &io::Error| matches!(error.kind(), io::ErrorKind::InvalidInput);
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            CliError::Usage(format!("The server's address cannot be used: {error}."))
        }
        ureq::Error::Io(error) if of_this_machine(&error) => CliError::Refused(error.to_string()),
        ureq::Error::Io(error) if is_of_an_unknown_authority(&error) => CliError::Unreachable(
            "The server's certificate is of an authority that is not known here. Add it to the system's, or name a file \
             with its certificate in SSL_CERT_FILE."
                .to_owned(),
        ),
        other => CliError::Unreachable(format!("The server cannot be reached: {other}.")),
    }
}

/// A proxy may pass on the server's word to go on with headers of its own. The client takes them for a fault.
fn was_told_to_go_on_with_headers(error: &ureq::Error) -> bool {
    matches!(error, ureq::Error::Protocol(fault) if fault.to_string().contains("headers with 100-continue"))
}

/// rustls tells its reason as the text of an error of the line.
fn is_of_an_unknown_authority(error: &io::Error) -> bool {
    error.to_string().contains("UnknownIssuer")
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn a_file_arrives_through_a_proxy_that_adds_headers_to_the_word_to_go_on() {
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Some(format!("http://{}", proxy.local_addr().unwrap()));
        let seen = thread::spawn(move || [(); 2].map(|()| pass_on(&proxy)));
        let client = Client::new(Login { server, ..Login::default() });
        let upload = Upload {
            method: "PUT",
            path: "/file",
            file_name: "a.csv",
            idempotency_key: None,
            size_bytes: Some(4),
        };
        let answer = client.upload(&upload, || Ok(&b"text"[..])).ok();
        assert_eq!(answer, Some(serde_json::json!({})));
        let (asked, plainly) = (true, false);
        assert_eq!(seen.join().unwrap(), [asked, plainly]);
    }

    /// Takes one request and answers as Caddy does; tells whether the sender asked first.
    fn pass_on(proxy: &TcpListener) -> bool {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let (mut asks, mut line) = (false, String::new());
        while request.read_line(&mut line).unwrap() > 2 {
            asks |= line.to_ascii_lowercase().starts_with("expect:");
            line.clear();
        }
        if asks {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        request.read_exact(&mut [0; 4]).unwrap();
        if asks {
            stream.write_all(b"HTTP/1.1 100 Continue\r\nserver: Caddy\r\n\r\n").unwrap();
        }
        stream
            .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
            .unwrap();
        asks
    }

    #[test]
    fn only_what_passes_is_tried_again() {
        let mut n_tries = 0;
        let refused: Outcome<()> = again(|| {
            n_tries += 1;
            Err(CliError::Refused("No.".to_owned()))
        });
        assert!(refused.is_err() && n_tries == 1);
        let done = again(|| {
            n_tries += 1;
            if n_tries < 3 { Err(CliError::Unreachable("Away.".to_owned())) } else { Ok(n_tries) }
        });
        assert_eq!(done.ok(), Some(3));
    }
}
