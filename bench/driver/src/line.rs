//! Requests as browsers send them.

use std::str::FromStr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONNECTION, COOKIE, HOST, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const CODINGS: HeaderValue = HeaderValue::from_static("gzip, deflate, br, zstd");

/// Where the pages are asked for.
#[derive(Clone)]
pub struct House {
    authority: Arc<Authority>,
    host: HeaderValue,
}

/// The cookie of somebody who is signed in.
pub type Person = HeaderValue;

impl FromStr for House {
    type Err = anyhow::Error;

    fn from_str(url: &str) -> Result<Self> {
        let authority = url.parse::<Uri>()?.into_parts().authority.context("an address with a host")?;
        let host = HeaderValue::from_str(authority.as_str())?;
        Ok(Self { authority: Arc::new(authority), host })
    }
}

impl House {
    /// A connection of one's own.
    ///
    /// # Errors
    /// When the server takes none.
    pub async fn connect(&self) -> Result<SendRequest<Empty<Bytes>>> {
        let stream = TcpStream::connect(self.authority.as_str()).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        // An error of the connection is also one of the request that waits on it.
        tokio::spawn(connection);
        Ok(sender)
    }

    pub fn page(&self, path: &str, person: Option<&Person>) -> Result<Request<Empty<Bytes>>> {
        let mut request = self.request(path, person)?;
        request.headers_mut().insert(ACCEPT_ENCODING, CODINGS);
        Ok(request)
    }

    /// A page for which a connection is opened, and closed afterwards.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn visit(&self, path: &str, person: Option<&Person>) -> Result<()> {
        let mut request = self.page(path, person)?;
        request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        read_whole(self.connect().await?.send_request(request).await?).await
    }

    pub fn stream(&self, path: &str, person: Option<&Person>) -> Result<Request<Empty<Bytes>>> {
        let mut request = self.request(path, person)?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        Ok(request)
    }

    fn request(&self, path: &str, person: Option<&Person>) -> Result<Request<Empty<Bytes>>> {
        let mut request = Request::get(path).header(HOST, &self.host).body(Empty::new())?;
        if let Some(cookie) = person {
            request.headers_mut().insert(COOKIE, cookie.clone());
            request.headers_mut().insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
        }
        Ok(request)
    }
}

/// # Errors
/// When the answer is another than a whole page.
pub async fn read_whole(response: Response<Incoming>) -> Result<()> {
    require_ok(&response)?;
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

pub fn require_ok(response: &Response<Incoming>) -> Result<()> {
    if response.status() != StatusCode::OK {
        bail!("answered {}", response.status());
    }
    Ok(())
}
