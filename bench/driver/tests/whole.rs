//! The whole program against a server of a few lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage";
const FULL: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
const STREAM: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
/// One event in two parts, and another kind of event.
const TOLD: &str = "c\r\nevent: board\r\n17\r\n\ndata: 1\n\nevent: other\n\r\n";

/// Paths that were asked for, each with the cookie that was sent.
type Asked = Mutex<Vec<(String, Option<String>)>>;

/// Answers `/full` with 503, `/live` with a stream on which one change is told, and everything else with a page.
struct Server {
    url: String,
    asked: Arc<Asked>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it listens"));
        let asked = Arc::<Asked>::default();
        let noted = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                thread::spawn(move || serve(stream, &noted));
            }
        });
        Self { url, asked }
    }

    fn asked(&self, path: &str) -> Vec<Option<String>> {
        let asked = self.asked.lock().expect("nobody panicked");
        asked.iter().filter(|(of, _)| of == path).map(|(_, cookie)| cookie.clone()).collect()
    }
}

fn serve(stream: TcpStream, noted: &Asked) {
    let mut writer = stream.try_clone().expect("a second handle");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    while let Some(first) = lines.next() {
        let path = first.split(' ').nth(1).expect("a path").to_owned();
        let head: Vec<String> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
        let cookie = head.iter().find_map(|line| line.strip_prefix("cookie: ")).map(str::to_owned);
        noted.lock().expect("nobody panicked").push((path.clone(), cookie));
        let answer = match path.as_str() {
            "/full" => FULL.to_owned(),
            "/live" => format!("{STREAM}{TOLD}"),
            _ => PAGE.to_owned(),
        };
        if writer.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

fn people(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, "session=a\nsession=b\n").expect("a file of cookies");
    path
}

fn driver(verb: &str, server: &Server, people: &PathBuf) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdout-driver"));
    command.args([verb, "--url", &server.url, "--people"]).arg(people);
    command
}

#[test]
fn looks_are_made_in_turns_and_counted() {
    let server = Server::start();
    let people = people("lookers");
    let output = driver("look", &server, &people)
        .args(["--a-second", "400", "--seconds", "0.1", "/page", "/full"])
        .output()
        .expect("it ran");
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((told["n"].as_u64(), told["errors"].as_u64()), (Some(20), Some(20)));
    assert_eq!(told["said"][0], "/full: answered 503 Service Unavailable");
    assert!(told["p99_ms"].as_f64() > Some(0.0));
    let cookies = server.asked("/page");
    assert_eq!(cookies.len(), 20);
    assert_eq!(cookies.iter().filter(|cookie| cookie.is_none()).count(), 2, "one of ten is not signed in");
    assert!(cookies.contains(&Some("session=a".to_owned())));
}

#[test]
fn an_open_board_fetches_its_page_when_it_is_told() {
    let server = Server::start();
    let mut process = driver("watch", &server, &people("watchers"))
        .args(["--open", "30", "--page", "/page", "--stream", "/live"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it started");
    let mut lines = BufReader::new(process.stdout.take().expect("its output"));
    let mut said = String::new();
    lines.read_line(&mut said).expect("it speaks");
    assert_eq!(said, "open\n");
    while server.asked("/page").len() < 30 {
        thread::yield_now();
    }
    process.stdin.take().expect("its input").write_all(b"end\n").expect("it listens");
    let mut told = String::new();
    lines.read_to_string(&mut told).expect("it speaks");
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!((told["heard"].as_u64(), told["errors"].as_u64()), (Some(30), Some(0)));
    assert_eq!(server.asked("/live").len(), 30);
    assert!(process.wait().expect("it ended").success());
}
