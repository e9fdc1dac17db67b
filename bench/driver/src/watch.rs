//! Boards that stay open: each holds an event stream, and fetches its page anew when it hears of a change, as static/live.js does.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use tokio::task::{LocalSet, spawn_blocking, spawn_local};
use tokio::time::{Instant, sleep};

use crate::line::{House, Person, require_ok};
use crate::met::Met;
use crate::who_looks;

const OPENED_A_SECOND: usize = 200;
const OPENED_AT_ONCE: usize = 20;
/// Until the server asks for another.
const RETRY: Duration = Duration::from_secs(3);

#[derive(Clone)]
pub struct Board {
    pub house: House,
    pub page: String,
    pub stream: String,
}

/// Opens so many, and does what the lines of the standard input say.
///
/// # Errors
/// When that ends without the line `end`.
pub async fn watch(board: Board, people: &[Person], open: usize) -> Result<()> {
    LocalSet::new().run_until(watch_all(board, people, open)).await
}

async fn watch_all(board: Board, people: &[Person], open: usize) -> Result<()> {
    let met = Rc::new(RefCell::new(Met::default()));
    let mut opened = Vec::new();
    for at in 0..open {
        let (tell, ready) = oneshot::channel();
        let person = who_looks(people, at, at).cloned();
        spawn_local(stay_open(board.clone(), person, Rc::clone(&met), tell));
        opened.push(ready);
        if at.is_multiple_of(OPENED_AT_ONCE) {
            sleep(Duration::from_secs(1) * OPENED_AT_ONCE as u32 / OPENED_A_SECOND as u32).await;
        }
    }
    for ready in opened {
        ready.await?;
    }
    println!("open");
    loop {
        match spawn_blocking(read_line).await??.trim_end() {
            "begin" => *met.borrow_mut() = Met::default(),
            "end" => break,
            other => bail!("neither begin nor end: {other:?}"),
        }
    }
    println!("{}", serde_json::to_string(&met.borrow().told())?);
    Ok(())
}

fn read_line() -> std::io::Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line)
}

/// Opens a stream anew when it ends, as a browser does after the time that the server asked for.
async fn stay_open(board: Board, person: Option<Person>, met: Rc<RefCell<Met>>, tell: oneshot::Sender<()>) {
    let mut watcher = Watcher { board, person, met, tell: Some(tell), retry: RETRY };
    loop {
        if let Err(error) = watcher.listen().await {
            watcher.met.borrow_mut().fail(format!("stream: {error:#}"));
        }
        sleep(watcher.retry).await;
    }
}

struct Watcher {
    board: Board,
    person: Option<Person>,
    met: Rc<RefCell<Met>>,
    /// `None` once it was open.
    tell: Option<oneshot::Sender<()>>,
    retry: Duration,
}

impl Watcher {
    async fn listen(&mut self) -> Result<()> {
        let request = self.board.house.stream(&self.board.stream, self.person.as_ref())?;
        let mut line = self.board.house.connect().await?;
        let response = line.send_request(request).await?;
        require_ok(&response)?;
        match self.tell.take() {
            Some(tell) => _ = tell.send(()),
            None => self.fetch().await,
        }
        let mut body = response.into_body();
        let mut unread = Vec::new();
        while let Some(frame) = body.frame().await {
            unread.extend_from_slice(frame?.data_ref().map_or(&[][..], |data| data));
            while let Some(end) = unread.iter().position(|byte| *byte == b'\n') {
                let text: Vec<u8> = unread.drain(..=end).collect();
                self.hear(text.trim_ascii_end()).await;
            }
        }
        Ok(())
    }

    async fn hear(&mut self, text: &[u8]) {
        if let Some(retry) = text.strip_prefix(b"retry:") {
            let milliseconds = std::str::from_utf8(retry).ok().and_then(|retry| retry.trim().parse().ok());
            self.retry = milliseconds.map_or(self.retry, Duration::from_millis);
        } else if text == b"event: board" {
            self.met.borrow_mut().hear();
            self.fetch().await;
        }
    }

    async fn fetch(&self) {
        let begun = Instant::now();
        let visited = self.board.house.visit(&self.board.page, self.person.as_ref()).await;
        let mut met = self.met.borrow_mut();
        match visited {
            Ok(()) => met.answered(begun.elapsed()),
            Err(error) => met.fail(format!("{}: {error:#}", self.board.page)),
        }
    }
}
