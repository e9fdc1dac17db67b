//! A person with a browser, or a program with a token: sends requests over TCP, keeps cookies,
//! shows redirects instead of following them.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use ureq::config::AutoHeaderValue;
use ureq::http::request::Builder;
use ureq::http::{Method, Request};

/// Event streams never end; what arrived until they paused is the answer.
const READ_STREAMS_FOR: Duration = Duration::from_millis(150);

#[derive(Clone)]
pub struct Client {
    base: String,
    agent: ureq::Agent,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
    token: Option<String>,
}

/// What came back, whatever the status.
#[derive(Debug, Clone)]
pub struct Answer {
    pub asked: String,
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub bytes: Vec<u8>,
}

/// One part of a multipart form.
pub enum Part<'a> {
    Text(&'a str, &'a str),
    File { field: &'a str, name: &'a str, bytes: &'a [u8] },
}

impl Client {
    pub fn new(base: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(Duration::from_secs(120)))
            .accept_encoding(AutoHeaderValue::None) // packing costs more than the rest of an answer, unoptimised
            .build();
        Self { base: base.to_owned(), agent: config.into(), cookies: Arc::default(), token: None }
    }

    /// The same address book, with an API token and no cookies.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::new(&self.base) }
    }

    pub fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None, Vec::new()).await
    }

    /// Asks for a file as a download manager does, with headers of its own.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request =
            headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
        self.run(request, Vec::new()).await
    }

    pub async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = fields
            .iter()
            .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
            .collect::<Vec<_>>()
            .join("&");
        self.send(Method::POST, path, Some("application/x-www-form-urlencoded"), body.into_bytes()).await
    }

    pub async fn post_multipart(&self, path: &str, parts: &[Part<'_>]) -> Answer {
        let boundary = "holdout-test-boundary-7d1f";
        let mut body = Vec::new();
        for part in parts {
            let (head, bytes) = match part {
                Part::Text(field, value) => {
                    (format!("Content-Disposition: form-data; name=\"{field}\"\r\n\r\n"), value.as_bytes())
                }
                Part::File { field, name, bytes } => (
                    format!(
                        "Content-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
                         Content-Type: application/octet-stream\r\n\r\n"
                    ),
                    *bytes,
                ),
            };
            body.extend_from_slice(format!("--{boundary}\r\n{head}").as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        let content_type = format!("multipart/form-data; boundary={boundary}");
        self.send(Method::POST, path, Some(&content_type), body).await
    }

    pub async fn send_json(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.send(method, path, Some("application/json"), body.to_string().into_bytes()).await
    }

    /// Sends a file as the request's body, as the command line does.
    pub async fn upload(&self, path: &str, file_name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        self.upload_with(path, file_name, bytes, &[]).await
    }

    /// As [`Client::upload`], with headers of its own.
    pub async fn upload_with(
        &self,
        path: &str,
        file_name: &str,
        bytes: impl Into<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = Request::post(path)
            .header("content-type", "application/octet-stream")
            .header("x-file-name", encode(file_name));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.run(request, bytes.into()).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        self.run(request, body).await
    }

    /// Sends bytes with headers of its own.
    pub async fn send_with(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.run(request, body.into()).await
    }

    async fn run(&self, request: Builder, body: Vec<u8>) -> Answer {
        let client = self.clone();
        tokio::task::spawn_blocking(move || client.run_blocking(request, body))
            .await
            .expect("the client thread lives")
    }

    fn run_blocking(&self, mut request: Builder, body: Vec<u8>) -> Answer {
        let path = request.uri_ref().expect("an address").to_string();
        let asked = format!("{} {path}", request.method_ref().expect("a method"));
        request = request.uri(format!("{}{path}", self.base));
        let cookies = self.cookie_line();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies).header("sec-fetch-site", "same-origin");
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body).expect("a request");
        let mut response = self.agent.run(request).unwrap_or_else(|error| panic!("{asked}: {error}"));
        self.keep_cookies(response.headers());
        let headers: BTreeMap<_, _> = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let status = response.status().as_u16();
        let is_stream = headers.get("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"));
        let is_head = asked.starts_with("HEAD ");
        let bytes = if is_head {
            Vec::new()
        } else if is_stream {
            read_for(response.into_body(), READ_STREAMS_FOR)
        } else {
            response.body_mut().with_config().limit(1 << 30).read_to_vec().expect("a whole body")
        };
        Answer { asked, status, headers, bytes }
    }

    fn cookie_line(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep_cookies(&self, headers: &ureq::http::HeaderMap) {
        let mut cookies = self.cookies.lock().unwrap();
        for line in headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()) {
            let pair = line.split(';').next().unwrap_or_default();
            let Some((name, value)) = pair.split_once('=') else { continue };
            if line.to_ascii_lowercase().contains("max-age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{}: {error}: {}", self.asked, self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Where a redirect leads.
    pub fn location(&self) -> &str {
        self.header("location")
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {} {}", self.asked, self.location(), self.text());
        self
    }

    /// A redirect, as every form answers that was accepted.
    #[track_caller]
    pub fn expect_redirect(self) -> Self {
        assert!((300..400).contains(&self.status), "{} gave {}: {}", self.asked, self.status, self.text());
        self
    }
}

fn read_for(body: ureq::Body, length: Duration) -> Vec<u8> {
    let (sender, receiver) = std::sync::mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || {
        let mut reader = body.into_reader();
        let mut chunk = [0; 4096];
        while let Ok(n @ 1..) = reader.read(&mut chunk) {
            if sender.send(chunk[..n].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut read = Vec::new();
    while let Ok(chunk) = receiver.recv_timeout(length) {
        read.extend(chunk);
    }
    read
}

/// Percent-encodes everything but letters and digits.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}
