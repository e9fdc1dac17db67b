//! `holdout up`: everything on one machine, as one tree of processes that starts, heals and stops
//! together.
//!
//! The main thread starts every child and waits for no database while it supervises; what needs
//! patience (migrations, the first link, the demonstrations) runs beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::Signal;
use sqlx::{Connection, PgConnection};
use tokio::signal::unix::{Signal as SignalStream, SignalKind, signal};

use crate::accounts::two_factors::seal;
use crate::config::Config;
use crate::house::children::Supervised;
use crate::house::cluster::{self, Cluster};
use crate::house::keys;
use crate::house::layout::{self, Layout};
use crate::house::welcome::{self, Welcome};
use crate::house::words::say;

const LOOK_EVERY: Duration = Duration::from_millis(100);
const LOOK_AT_PROGRAMS_EVERY: Duration = Duration::from_secs(5);
/// A started database accepts connections after this long at the latest, recovery included.
pub(crate) const DATABASE_PATIENCE: Duration = Duration::from_secs(120);
/// The server finishes requests in flight, the scorers the job in hand, the database its files.
pub(crate) const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// What `holdout up` can be told.
#[derive(Debug, Clone, clap::Args)]
pub struct UpArgs {
    /// Start without the demonstration competitions.
    #[arg(long)]
    pub empty: bool,
    /// How many scorers; by default one less than the number of cores, at least one.
    #[arg(long)]
    pub scorers: Option<usize>,
    /// Continue although keys/accounts.key is lost: create a new one. Anyone with an authenticator app then signs
    /// in with a recovery code, or asks an administrator.
    #[arg(long)]
    pub new_accounts_key: bool,
}

/// The processes, in the order they start; they stop in the opposite one.
struct Tree {
    database: Option<(Cluster, Supervised)>,
    server: Option<Supervised>,
    scorers: Vec<Supervised>,
    /// Of notebooks, where it is enabled.
    runner: Option<Supervised>,
}

/// Runs the house until it is told to stop. Call from the main thread with a runtime of that
/// thread alone: the kernel ties the children to it.
///
/// # Errors
/// What keeps the house from starting, in words for the operator.
pub async fn up(config: Config, args: UpArgs) -> anyhow::Result<()> {
    let layout = Layout::prepare(&config.data_dir)
        .with_context(|| format!("The data folder {} cannot be used", config.data_dir.display()))?;
    let _lock = lock(&layout)?;
    if let Some(folder) = config.files.folder() {
        std::fs::create_dir_all(folder)?;
    }
    let mut stop = Stop::new()?;
    let mut tree = Tree { database: None, server: None, scorers: Vec::new(), runner: None };
    let ran = tokio::select! {
        ran = run(&config, &layout, &args, &mut tree) => ran,
        () = stop.asked() => Ok(()),
    };
    say("holdout", "stopping");
    let harsh = tokio::select! {
        () = tree.stop() => false,
        () = stop.asked() => true,
    };
    if harsh {
        tree.kill();
    }
    say("holdout", "stopped");
    ran
}

async fn run(config: &Config, layout: &Layout, args: &UpArgs, tree: &mut Tree) -> anyhow::Result<()> {
    let urls = if config.database_url.reveal().is_empty() {
        let cluster = Cluster::prepare(layout)?;
        let urls = Urls::of(&cluster);
        let recipe = cluster.clone();
        let server = Supervised::start("postgres", Signal::INT, Box::new(move || recipe.command()))?;
        tree.database = Some((cluster, server));
        urls
    } else {
        Urls::external(config)
    };
    migrate(&urls.owner, tree).await?;
    let accounts_key = accounts_key(config, layout, &urls.owner, args.new_accounts_key).await?;
    tree.server = Some(start_server(config, layout, &urls, accounts_key)?);
    for number in 1..=args.scorers.unwrap_or_else(default_scorers) {
        tree.scorers.push(start_scorer(number, config, layout, &urls)?);
    }
    if runs_notebooks(config, layout) {
        tree.runner = Some(start_runner(config, layout, &urls)?);
    }
    let welcome = Welcome {
        config: config.clone(),
        owner_url: urls.owner.clone(),
        web_url: urls.web.clone(),
        layout: layout.clone(),
        loads_demos: !args.empty && !tree.scorers.is_empty(),
    };
    // Its own thread, which lives as long as what it starts.
    std::thread::spawn(move || welcome::welcome(&welcome));
    tree.watch().await
}

/// The database's address for each kind of process.
struct Urls {
    owner: String,
    web: String,
    scorer: String,
    runner: String,
}

impl Urls {
    fn of(cluster: &Cluster) -> Self {
        Self {
            owner: cluster.owner_url(),
            web: cluster.url(cluster::WEB),
            scorer: cluster.url(cluster::SCORER),
            runner: cluster.url(cluster::RUNNER),
        }
    }

    /// The children take their roles after connecting.
    fn external(config: &Config) -> Self {
        let url = || config.database_url.reveal().to_owned();
        Self { owner: config.owner_url().reveal().to_owned(), web: url(), scorer: url(), runner: url() }
    }
}

async fn migrate(owner_url: &str, tree: &mut Tree) -> anyhow::Result<()> {
    let since = Instant::now();
    loop {
        match super::migrate(owner_url).await {
            Ok(()) => return Ok(()),
            Err(error) if super::is_away(&error) && since.elapsed() < DATABASE_PATIENCE => {
                tree.require_database()?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => return Err(error).context("The database could not be brought up to date"),
        }
    }
}

/// Large pieces of memory go back to the system as soon as they are free. Without this, glibc learns from the 19 MiB that
/// hashing a password takes to keep such pieces for good, in every thread that ever hashed one: 48 sign-ins left a server
/// of 45 MB at 430.
const GIVE_BACK: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "4194304"), ("MALLOC_TRIM_THRESHOLD_", "8388608")];

/// The key that is set, or lies among the keys; a new one only where nobody's secret was sealed under another.
async fn accounts_key(
    config: &Config,
    layout: &Layout,
    owner_url: &str,
    may_lock_out: bool,
) -> anyhow::Result<String> {
    if let Some(set) = &config.accounts_key {
        return Ok(set.reveal().to_owned());
    }
    if let Some(kept) = keys::accounts_key(layout)? {
        return Ok(kept);
    }
    let mut conn = PgConnection::connect(owner_url).await?;
    let has_people = seal::try_key(&mut conn, None).await?.n_people > 0;
    conn.close().await?;
    let path = layout.accounts_key();
    if has_people && !may_lock_out {
        bail!(
            "{} is missing, and people here sign in with an authenticator app: a new key would lock them out. Put the former one \
             back, which is in no backup. Where it is lost for good, `holdout up --new-accounts-key` goes on with another: they \
             then sign in with a recovery code, or an administrator turns their second factor off.",
            path.display()
        );
    }
    Ok(keys::draw(&path)?)
}

fn start_server(
    config: &Config,
    layout: &Layout,
    urls: &Urls,
    accounts_key: String,
) -> anyhow::Result<Supervised> {
    let program = std::env::current_exe()?;
    let (url, files, data) = (urls.web.clone(), layout::absolute(&config.files)?, layout.root.clone());
    let temporary = layout.temporary();
    let recipe = move || {
        let mut command = Command::new(&program);
        command
            .arg("serve")
            .envs(GIVE_BACK)
            .env("HOLDOUT_ACCOUNTS_KEY", &accounts_key)
            .env("DATABASE_URL", &url)
            .env("HOLDOUT_FILES", &files)
            .env("HOLDOUT_DATA_DIR", &data)
            .env("TMPDIR", &temporary)
            .env_remove("HOLDOUT_SCORER_KEY");
        command
    };
    Supervised::start("server", Signal::TERM, Box::new(recipe)).context("The web server cannot be started")
}

fn start_scorer(number: usize, config: &Config, layout: &Layout, urls: &Urls) -> anyhow::Result<Supervised> {
    let program = scorer_program()?;
    let (url, files, key) = (urls.scorer.clone(), layout::absolute(&config.files)?, layout.scorer_key());
    let spool = layout.spool();
    let own_python = layout.python().join("bin/python");
    let recipe = move || {
        let mut command = Command::new(&program);
        command
            .arg("work")
            .env_remove("DATABASE_URL")
            .env_remove("HOLDOUT_ACCOUNTS_KEY")
            .env("HOLDOUT_DATABASE_URL", &url)
            .env("HOLDOUT_FILES", &files)
            .env("HOLDOUT_SCORER_KEY", &key)
            .env("HOLDOUT_SPOOL", &spool);
        if std::env::var_os("HOLDOUT_PYTHON").is_none() && own_python.exists() {
            command.env("HOLDOUT_PYTHON", &own_python);
        }
        command
    };
    Supervised::start(format!("scorer {number}"), Signal::TERM, Box::new(recipe))
        .context("A scorer cannot be started")
}

/// Where nothing is said, notebooks are run once the private Python is there that can run them; whether the
/// sandbox holds, the runner finds out and tells.
pub fn runs_notebooks(config: &Config, layout: &Layout) -> bool {
    config.notebooks.unwrap_or_else(|| layout.python().join("bin/jupyter-kernel").exists())
}

/// It holds no key, and its role reads neither labels nor scores.
fn start_runner(config: &Config, layout: &Layout, urls: &Urls) -> anyhow::Result<Supervised> {
    let program = scorer_program()?;
    let (url, files) = (urls.runner.clone(), layout::absolute(&config.files)?);
    let own_python = layout.python().join("bin/python");
    let recipe = move || {
        let mut command = Command::new(&program);
        command
            .arg("run-notebooks")
            .env_remove("DATABASE_URL")
            .env_remove("HOLDOUT_ACCOUNTS_KEY")
            .env_remove("HOLDOUT_SCORER_KEY")
            .env("HOLDOUT_DATABASE_URL", &url)
            .env("HOLDOUT_FILES", &files);
        if std::env::var_os("HOLDOUT_PYTHON").is_none() && own_python.exists() {
            command.env("HOLDOUT_PYTHON", &own_python);
        }
        command
    };
    Supervised::start("notebooks", Signal::TERM, Box::new(recipe))
        .context("The runner of notebooks cannot be started")
}

/// The scorers' program lies next to this one.
///
/// # Errors
/// When it does not.
pub fn scorer_program() -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("holdout-scorer");
    if !path.is_file() {
        bail!(
            "{} is missing: nothing would be scored. Build it with `cargo build --release`, or start with `--scorers 0`.",
            path.display()
        );
    }
    Ok(path)
}

fn default_scorers() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1))
}

/// Held while a process works on the data folder; another one is refused.
pub(crate) fn lock(layout: &Layout) -> anyhow::Result<File> {
    let path = layout.lock();
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("Holdout runs already on the data folder {}.", layout.root.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context(path.display().to_string()),
    }
}

impl Tree {
    async fn watch(&mut self) -> anyhow::Result<()> {
        let mut programs_changed_at =
            self.database.as_ref().and_then(|(cluster, _)| cluster.programs_changed_at());
        let mut looked_at = Instant::now();
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for process in self.processes() {
                process.keep_alive();
            }
            let Some((cluster, server)) = &mut self.database else { continue };
            if looked_at.elapsed() < LOOK_AT_PROGRAMS_EVERY {
                continue;
            }
            looked_at = Instant::now();
            let changed_at = cluster.programs_changed_at();
            if changed_at.is_some() && changed_at != programs_changed_at {
                say("holdout", "PostgreSQL's programs were updated; the database is started again");
                programs_changed_at = changed_at;
                server.ask_to_stop();
            }
        }
    }

    /// Fails at once when the database ended instead of starting.
    fn require_database(&mut self) -> anyhow::Result<()> {
        let has_ended = self.database.as_mut().is_some_and(|(_, server)| !server.is_running());
        if has_ended {
            bail!("PostgreSQL ended instead of starting; its reasons stand above.");
        }
        Ok(())
    }

    /// The server and the scorers first, the database when nobody needs it any more.
    async fn stop(&mut self) {
        let mut users: Vec<&mut Supervised> =
            self.runner.iter_mut().chain(&mut self.scorers).chain(self.server.as_mut()).collect();
        stop_all(&mut users).await;
        if let Some((_, database)) = &mut self.database {
            stop_all(&mut [database]).await;
        }
    }

    fn kill(&mut self) {
        for process in self.processes() {
            // PostgreSQL is asked to leave at once and repairs its files at the next start;
            // SIGKILL would leave its own children behind.
            if process.name() == "postgres" { process.signal(Signal::QUIT) } else { process.kill() }
        }
        for process in self.processes() {
            if !process.wait(Duration::from_secs(5)) {
                process.kill();
            }
        }
    }

    fn processes(&mut self) -> impl Iterator<Item = &mut Supervised> {
        let database = self.database.as_mut().map(|(_, server)| server);
        self.runner.iter_mut().chain(&mut self.scorers).chain(self.server.as_mut()).chain(database)
    }
}

async fn stop_all(processes: &mut [&mut Supervised]) {
    for process in processes.iter_mut() {
        process.ask_to_stop();
    }
    let since = Instant::now();
    for process in processes.iter_mut() {
        while process.is_running() {
            if since.elapsed() > STOP_PATIENCE {
                say("holdout", format_args!("{} does not stop; it is ended", process.name()));
                process.kill();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Ctrl-C and what a service manager sends.
struct Stop {
    interrupt: SignalStream,
    terminate: SignalStream,
    hang_up: SignalStream,
}

impl Stop {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}
