//! A proxy that gives each request to the next server. Its one rule: a server that cannot be reached, or that
//! ends the connection before the first byte of an answer, has not answered, and the next one is asked. Whoever
//! sends files names them by an `Idempotency-Key`, so that a request which two servers heard counts once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const PATIENCE: Duration = Duration::from_secs(30);

pub struct Proxy {
    pub base: String,
    n_asked_again: Arc<AtomicUsize>,
}

impl Proxy {
    pub async fn start(ports: &'static [u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let n_asked_again = Arc::new(AtomicUsize::new(0));
        let again = n_asked_again.clone();
        tokio::spawn(async move {
            for turn in 0.. {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, ports, turn, again.clone()));
            }
        });
        Self { base, n_asked_again }
    }

    pub fn n_asked_again(&self) -> usize {
        self.n_asked_again.load(Ordering::Relaxed)
    }
}

async fn carry(mut client: TcpStream, ports: &[u16], turn: usize, n_asked_again: Arc<AtomicUsize>) {
    let Some(request) = read_request(&mut client).await else { return };
    let start = Instant::now();
    for turn in turn.. {
        let answer = ask(&request, ports[turn % ports.len()]).await;
        if !answer.is_empty() {
            let _ = client.write_all(&answer).await;
            return;
        }
        assert!(start.elapsed() < PATIENCE, "no server answers");
        n_asked_again.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The whole answer; empty where there is none.
async fn ask(request: &[u8], port: u16) -> Vec<u8> {
    let mut answer = Vec::new();
    let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return answer };
    if server.write_all(request).await.is_ok() {
        let _ = server.read_to_end(&mut answer).await;
    }
    answer
}

/// One request with its body, changed so that its connection is used for nothing else.
async fn read_request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let head_ends = loop {
        if client.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
        if let Some(at) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8(request[..head_ends].to_vec()).unwrap();
    let field = |name: &str| {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    };
    let length = field("content-length").map_or(0, |length| length.parse::<usize>().unwrap());
    while request.len() < head_ends + length {
        client.read_buf(&mut request).await.ok()?;
    }
    let (first, fields) = head.split_once("\r\n").unwrap();
    let kept: String = fields
        .split_inclusive("\r\n")
        .filter(|line| !line.to_ascii_lowercase().starts_with("connection:"))
        .collect();
    Some([format!("{first}\r\nConnection: close\r\n{kept}").as_bytes(), &request[head_ends..]].concat())
}
