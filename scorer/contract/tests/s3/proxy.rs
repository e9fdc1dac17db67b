//! A way to an HTTP server on which a share of the calls fails, in all the ways that calls do: refused
//! with 500 or 503, cut off before the server hears of them, after it has done them, or in the middle
//! of the answer; and sometimes slow.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const HEAD_BYTES: u64 = 64 * 1024;

pub struct Proxy {
    port: u16,
    weather: Arc<Weather>,
}

struct Weather {
    failing_percent: AtomicU64,
    n_calls: AtomicU64,
    n_failed: AtomicU64,
    dice: AtomicU64,
}

#[derive(Clone, Copy)]
enum Fate {
    Passes,
    IsSlow,
    IsRefused(&'static str),
    NeverArrives,
    LosesItsAnswer,
    LosesHalfOfItsAnswer,
}

impl Proxy {
    /// A way to the server on `port`, good at first; ends with the process.
    pub fn start(port: u16, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own_port = listener.local_addr().unwrap().port();
        let weather = Arc::new(Weather {
            failing_percent: AtomicU64::new(0),
            n_calls: AtomicU64::new(0),
            n_failed: AtomicU64::new(0),
            dice: AtomicU64::new(seed),
        });
        let of_calls = weather.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let weather = of_calls.clone();
                std::thread::spawn(move || {
                    let _ = carry(client, port, &weather);
                });
            }
        });
        Self { port: own_port, weather }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on, of a hundred calls so many fail.
    pub fn fail(&self, percent: u64) {
        self.weather.failing_percent.store(percent, Relaxed);
    }

    pub fn n_calls(&self) -> u64 {
        self.weather.n_calls.load(Relaxed)
    }

    pub fn n_failed(&self) -> u64 {
        self.weather.n_failed.load(Relaxed)
    }
}

impl Weather {
    fn draw(&self) -> Fate {
        self.n_calls.fetch_add(1, Relaxed);
        if self.next() % 100 >= self.failing_percent.load(Relaxed) {
            return if self.failing_percent.load(Relaxed) > 0 && self.next().is_multiple_of(10) {
                Fate::IsSlow
            } else {
                Fate::Passes
            };
        }
        self.n_failed.fetch_add(1, Relaxed);
        match self.next() % 5 {
            0 => Fate::IsRefused("500 Internal Server Error"),
            1 => Fate::IsRefused("503 Slow Down"),
            2 => Fate::NeverArrives,
            3 => Fate::LosesItsAnswer,
            _ => Fate::LosesHalfOfItsAnswer,
        }
    }

    /// splitmix64, which needs no lock.
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.dice.fetch_add(STEP, Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// One request and its answer; every connection has one.
fn carry(mut client: TcpStream, port: u16, weather: &Weather) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let mut input = BufReader::new(client.try_clone()?);
    let Some((head, body_bytes)) = read_head(&mut input)? else { return Ok(()) };
    let fate = weather.draw();
    match fate {
        Fate::NeverArrives => return client.shutdown(Shutdown::Both),
        Fate::IsRefused(status) => {
            io::copy(&mut input.by_ref().take(body_bytes), &mut io::sink())?;
            write!(client, "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?;
            return client.shutdown(Shutdown::Both);
        }
        Fate::IsSlow => std::thread::sleep(Duration::from_millis(100 + weather.next() % 900)),
        Fate::Passes | Fate::LosesItsAnswer | Fate::LosesHalfOfItsAnswer => {}
    }
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    server.set_read_timeout(Some(PATIENCE))?;
    server.write_all(head.as_bytes())?;
    io::copy(&mut input.by_ref().take(body_bytes), &mut server)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    let n_given = match fate {
        Fate::LosesItsAnswer => 0,
        Fate::LosesHalfOfItsAnswer => answer.len() / 2,
        _ => answer.len(),
    };
    client.write_all(&answer[..n_given])?;
    client.shutdown(Shutdown::Both)
}

/// The head of a request, made the last of its connection, and the length of what follows it; `None`
/// when nothing comes.
fn read_head(input: &mut impl BufRead) -> io::Result<Option<(String, u64)>> {
    let (mut head, mut body_bytes) = (String::new(), 0);
    let mut lines = input.take(HEAD_BYTES);
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line == "\r\n" {
            head.push_str("connection: close\r\n\r\n");
            return Ok(Some((head, body_bytes)));
        }
        let header = line.to_ascii_lowercase();
        if let Some(length) = header.strip_prefix("content-length:") {
            body_bytes = length.trim().parse().map_err(io::Error::other)?;
        }
        if !header.starts_with("connection:") {
            head.push_str(&line);
        }
    }
}
