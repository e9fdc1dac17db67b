//! People who look at pages, for benchmarks. Open loop: each asks when their time has come, whether or not others were answered,
//! and what they wait counts from then. It shares the cores of what it measures, so that it has to cost little itself.

mod line;
mod look;
mod met;
mod watch;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::line::{House, Person};

#[derive(Parser)]
#[command(name = "holdout-driver", about = "People who look at pages, for benchmarks", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Asks for pages at so many a second; tells as JSON what was met.
    Look {
        #[command(flatten)]
        crowd: Crowd,
        #[arg(long)]
        a_second: f64,
        #[arg(long)]
        seconds: f64,
        /// Asked for in turns.
        #[arg(required = true)]
        paths: Vec<String>,
    },
    /// Holds event streams open, and fetches a page on each when it is told of a change, as a browser does. Says `open` once all
    /// are; forgets what was met at the line `begin`, and tells it as JSON at the line `end`.
    Watch {
        #[command(flatten)]
        crowd: Crowd,
        #[arg(long)]
        open: usize,
        #[arg(long)]
        page: String,
        #[arg(long)]
        stream: String,
    },
}

#[derive(Args)]
struct Crowd {
    /// As in `http://127.0.0.1:8000`.
    #[arg(long)]
    url: House,
    /// A file with the cookie of somebody on each line.
    #[arg(long)]
    people: PathBuf,
}

fn main() -> Result<()> {
    let files = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: files, maximum: files })
        .context("the limit of open files")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run(Cli::parse().verb))
}

async fn run(verb: Verb) -> Result<()> {
    match verb {
        Verb::Look { crowd, a_second, seconds, paths } => {
            let people = read_people(&crowd.people)?;
            let met = look::look(&crowd.url, &people, &paths, a_second, seconds).await;
            println!("{}", serde_json::to_string(&met.told())?);
        }
        Verb::Watch { crowd, open, page, stream } => {
            let people = read_people(&crowd.people)?;
            watch::watch(watch::Board { house: crowd.url, page, stream }, &people, open).await?;
        }
    }
    Ok(())
}

/// One of ten who look is not signed in.
const STRANGERS: usize = 10;

/// Who looks as the `number`th at the `who`th page, if they are signed in.
fn who_looks(people: &[Person], number: usize, who: usize) -> Option<&Person> {
    if number.is_multiple_of(STRANGERS) { None } else { people.get(who % people.len().max(1)) }
}

fn read_people(path: &Path) -> Result<Vec<Person>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    text.lines().map(|line| line.parse().with_context(|| format!("the cookie {line:?}"))).collect()
}
