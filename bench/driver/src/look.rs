//! Pages at so many a second.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::Empty;
use hyper::client::conn::http1::SendRequest;
use tokio::task::{JoinSet, LocalSet};
use tokio::time::{Instant, sleep_until, timeout};

use crate::line::{House, Person, read_whole};
use crate::met::Met;
use crate::who_looks;

/// Nobody waits longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Connections that wait for somebody who asks.
type Resting = Rc<RefCell<Vec<SendRequest<Empty<Bytes>>>>>;

/// Asks for the paths in turns, each time as somebody else, on a connection that rests or a new one.
pub async fn look(house: &House, people: &[Person], paths: &[String], a_second: f64, seconds: f64) -> Met {
    LocalSet::new().run_until(look_all(house, people, paths, a_second, seconds)).await
}

async fn look_all(house: &House, people: &[Person], paths: &[String], a_second: f64, seconds: f64) -> Met {
    let resting = Resting::default();
    let mut asking = JoinSet::new();
    let mut met = Met::default();
    let begun = Instant::now();
    for number in 0..(a_second * seconds).round() as usize {
        let due = begun + Duration::from_secs_f64(number as f64 / a_second);
        sleep_until(due).await;
        let path = paths[number % paths.len()].clone();
        // Whoever is not signed in looks at every page as well.
        let person = who_looks(people, number / paths.len(), number).cloned();
        let (house, resting) = (house.clone(), Rc::clone(&resting));
        asking.spawn_local(async move {
            let answered = timeout(PATIENCE, ask(&house, &resting, &path, person.as_ref())).await;
            let outcome = answered.unwrap_or_else(|_| Err(anyhow::anyhow!("not answered in {PATIENCE:?}")));
            (due.elapsed(), outcome.map_err(|error| format!("{path}: {error:#}")))
        });
        while let Some(ended) = asking.try_join_next() {
            met.note(ended);
        }
    }
    while let Some(ended) = asking.join_next().await {
        met.note(ended);
    }
    met
}

async fn ask(house: &House, resting: &Resting, path: &str, person: Option<&Person>) -> Result<()> {
    let rested = resting.borrow_mut().pop();
    let mut line = match rested {
        Some(line) => line,
        None => house.connect().await?,
    };
    read_whole(line.send_request(house.page(path, person)?).await?).await?;
    line.ready().await?;
    resting.borrow_mut().push(line);
    Ok(())
}
