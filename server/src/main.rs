//! `holdout`: the web server, the whole house, and the client of its API.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use holdout::cli::manual::{self, CompletionsArgs, ManArgs};
use holdout::cli::{self, ClientVerb, Connection};
use holdout::config::Config;
use holdout::house::confine::{self, Confinement};
use holdout::house::layout::Layout;
use holdout::house::up::{self, UpArgs};
use holdout::{App, house, router};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use zeroizing_alloc::ZeroAlloc;

/// Memory is zeroed when it is given back, so that no label outlives the upload that carried it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

/// How long requests in flight may take when the server is asked to stop.
const DRAIN_PATIENCE: Duration = Duration::from_secs(20);

#[derive(Parser)]
#[command(version, about = "Self-hosted machine-learning competitions", after_help = manual::exit_codes())]
struct Cli {
    #[command(flatten)]
    connection: Connection,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run everything on this machine: database, web server and scorers.
    Up(UpArgs),
    /// Serve the web site and the API.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Download PostgreSQL's programs into the data folder, for machines that have none.
    FetchPostgres,
    /// Install pandas, numpy and scikit-learn into the data folder, for metrics that hosts write.
    PythonSetup,
    /// Say what is wrong with this installation, and how to mend it.
    Doctor,
    /// Print the OpenAPI document of the API.
    Openapi,
    /// Say which files the web server could read; exit with 1 if any.
    #[command(hide = true)]
    Confined { paths: Vec<PathBuf> },
    /// Make a synthetic competition to measure this installation with.
    Seed(holdout::seed::Size),
    /// The demonstration competitions.
    Demo {
        #[command(subcommand)]
        verb: DemoVerb,
    },
    #[command(flatten)]
    Client(ClientVerb),
    /// Print completions for a shell.
    Completions(CompletionsArgs),
    /// Print the man page, or write one for every command into a folder.
    Man(ManArgs),
    /// Say what the exit codes mean.
    #[command(after_help = manual::exit_codes())]
    ExitCodes,
}

#[derive(Subcommand)]
enum DemoVerb {
    /// Make the demonstrations that are not there yet; a scorer must be running.
    Load,
}

/// Not a tokio main: `up` ties its children to this thread, and `serve` confines itself before
/// another thread exists.
fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env()
                .unwrap_or_else(|_| "info,sqlx::query=error".into()),
        )
        .with_ansi(std::io::stdout().is_terminal())
        // A line that cannot be written, as on a full disk, must not end the program.
        .log_internal_errors(false)
        .init();
    let Cli { connection, verb } = match Cli::try_parse() {
        Ok(asked) => asked,
        Err(error) => return tell_usage(&error),
    };
    match run(&connection, verb) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Help and version are answers; anything else is a command line that is wrong.
fn tell_usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => exit_code(cli::CliError::Usage(String::new()).exit_code()),
    }
}

fn exit_code(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn run(connection: &Connection, verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Up(args) => one_thread()?.block_on(up::up(Config::from_env()?, args))?,
        Verb::Serve => {
            let config = house::with_database(Config::from_env()?, false)?;
            confine_server(&config)?;
            many_threads()?.block_on(serve(config))?;
        }
        Verb::Migrate => {
            let config = house::with_database(Config::from_env()?, true)?;
            one_thread()?.block_on(house::migrate(config.database_url.reveal()))?;
        }
        Verb::FetchPostgres => fetch_postgres(&Config::from_env()?)?,
        Verb::PythonSetup => return python_setup(&Config::from_env()?),
        Verb::Doctor => return doctor(connection, &Config::from_env()?),
        Verb::Openapi => print!("{}", holdout::api::openapi::text()),
        Verb::Confined { paths } => return confined(&Config::from_env()?, &paths),
        Verb::Seed(size) => {
            let config = house::with_database(Config::from_env()?, true)?;
            many_threads()?.block_on(seed(&config, &size))?;
        }
        Verb::Demo { verb: DemoVerb::Load } => {
            let config = house::with_database(Config::from_env()?, false)?;
            many_threads()?.block_on(load_demos(config))?;
        }
        Verb::Client(verb) => return Ok(exit_code(cli::run(connection, &verb))),
        Verb::Completions(args) => manual::completions(Cli::command(), &args),
        Verb::Man(args) => manual::man(&connection.screen(), Cli::command(), &args)?,
        Verb::ExitCodes => manual::tell_exit_codes(&connection.screen()),
    }
    Ok(ExitCode::SUCCESS)
}

fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn many_threads() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

fn fetch_postgres(config: &Config) -> anyhow::Result<()> {
    let layout = Layout::prepare(&config.data_dir)?;
    holdout::house::fetch::fetch_postgres(&layout)?;
    println!("PostgreSQL lies in {}.", layout.fetched_postgres().display());
    Ok(())
}

/// The scorers' program does it, and tries the sandbox with what it installed.
fn python_setup(config: &Config) -> anyhow::Result<ExitCode> {
    let layout = Layout::prepare(&config.data_dir)?;
    let mut set_up = std::process::Command::new(holdout::house::up::scorer_program()?);
    let status = set_up.arg("python-setup").arg("--into").arg(layout.python()).status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn doctor(connection: &Connection, config: &Config) -> anyhow::Result<ExitCode> {
    let findings = one_thread()?.block_on(holdout::house::doctor::examine(config));
    connection.screen().answer(&serde_json::json!({ "items": findings }), |_| {
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    });
    let is_well = findings.iter().all(|finding| finding.is_well);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Restricts this process as the web server and says which of the paths it can read.
fn confined(config: &Config, paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    confine_server(config)?;
    let readable: Vec<_> =
        confine::readable(paths).into_iter().filter(|(_, is_readable)| *is_readable).collect();
    for (path, _) in &readable {
        println!("{} can be read.", path.display());
    }
    Ok(if readable.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn confine_server(config: &Config) -> anyhow::Result<()> {
    let folder = config.writable_folder();
    std::fs::create_dir_all(&folder)?;
    match confine::confine(Some(&folder), &config.data_dir)? {
        Confinement::Full => {}
        Confinement::Partial => tracing::warn!(
            "This kernel knows Landlock only in part: the web server is kept from the keys, but not from signalling other processes."
        ),
        Confinement::Absent => tracing::warn!(
            "This kernel has no Landlock: nothing but file permissions keeps the web server from the scorers' key. \
             Run web server and scorers as different users, as docker-compose.yml does."
        ),
    }
    Ok(())
}

async fn seed(config: &Config, size: &holdout::seed::Size) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(1).connect(config.database_url.reveal()).await?;
    holdout::seed::seed(&pool, size).await?;
    Ok(())
}

async fn load_demos(config: Config) -> anyhow::Result<()> {
    let app = connect(config).await?;
    holdout::demo::load(&app).await
}

async fn connect(config: Config) -> anyhow::Result<App> {
    let options: PgConnectOptions = config.database_url.reveal().parse()?;
    let db = PgPoolOptions::new()
        .max_connections(config.database_connections)
        .connect_with(options.options([("role", "holdout_web")]))
        .await?;
    let files = config.files.to_string();
    let app = App::new(db, config).with_context(|| format!("Files cannot be kept at {files}"))?;
    app.clock.synchronise(&mut *app.db.acquire().await?).await?;
    holdout::site::current::refresh(&app).await?;
    Ok(app)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = connect(config).await?;
    tokio::spawn(app.clock.clone().follow(app.db.clone()));
    tokio::spawn(holdout::web::live::listen(app.clone()));
    tokio::spawn(holdout::mail::deliver_forever(app.clone()));
    tokio::spawn(holdout::notifications::tell::tell_forever(app.clone()));
    tokio::spawn(holdout::notifications::letters::write_forever(app.clone()));
    tokio::spawn(holdout::webhooks::deliver::deliver_forever(app.clone()));
    tokio::spawn(holdout::admin::suspend::lift_forever(app.clone()));
    tokio::spawn(holdout::accounts::sweep::sweep_forever(app.clone()));
    tokio::spawn(holdout::leaderboard::settle::keep(app.clone()));
    tokio::spawn(holdout::site::current::follow(app.clone()));
    let listener = tokio::net::TcpListener::bind(app.config.listen).await?;
    tracing::info!(address = %app.config.listen, "serving");
    let live = app.clone();
    let service = router(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let stopping = Arc::new(Notify::new());
    let told = stopping.clone();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move {
        asked_to_stop().await;
        live.live.close();
        live.uploads.ask_all_to_stop();
        told.notify_one();
    });
    tokio::select! {
        served = served => served?,
        () = out_of_patience(&stopping) => tracing::warn!("some requests were still open and are ended"),
    }
    Ok(())
}

async fn out_of_patience(stopping: &Notify) {
    stopping.notified().await;
    tokio::time::sleep(DRAIN_PATIENCE).await;
}

/// A service manager's signal, or Ctrl-C.
async fn asked_to_stop() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
