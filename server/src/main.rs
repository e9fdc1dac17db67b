//! `holdout`: the web server, the whole house, and the client of its API.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use clap::CommandFactory;
use holdout::accounts::two_factors::seal;
use holdout::cli::program::{AccountsKeyVerb, DemoVerb, Program, StorageVerb, Verb, exit_code};
use holdout::cli::{self, CliError, Connection, Screen, manual};
use holdout::config::Config;
use holdout::database;
use holdout::demo::FOLDERS;
use holdout::house::accounts_key;
use holdout::house::admin_link::Whom;
use holdout::house::backup;
use holdout::house::backup::make::BackupArgs;
use holdout::house::confine::{self, Confinement};
use holdout::house::layout::Layout;
use holdout::house::open_files;
use holdout::house::storage::{self, CheckArgs, StorageArgs};
use holdout::house::up;
use holdout::{App, house, router};
use holdout_contract::log::{self, Output};
use mimalloc::MiMalloc;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use zeroizing_alloc::ZeroAlloc;

/// Memory is zeroed when it is given back, so that no label outlives the upload that carried it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<MiMalloc> = ZeroAlloc(MiMalloc);

/// How long requests in flight may take when the server is asked to stop.
const DRAIN_PATIENCE: Duration = Duration::from_secs(20);

/// Not a tokio main: `up` ties its children to this thread, and `serve` confines itself before
/// another thread exists.
fn main() -> ExitCode {
    let Program { connection, verb } = match Program::read() {
        Ok(asked) => asked,
        Err(code) => return code,
    };
    let is_service = verb.is_service();
    // A service's log is its output; any other verb's stdout holds its answer and nothing else.
    log::keep(if is_service { Output::Stdout } else { Output::Stderr });
    let screen = connection.screen();
    run(&connection, &screen, verb).unwrap_or_else(|error| {
        let words = format!("{error:#}");
        let error = CliError::Refused(words.clone());
        if is_service && log::is_json() {
            log::tell_end(words)
        } else {
            screen.fail(&error)
        }
        exit_code(error.exit_code())
    })
}

fn run(connection: &Connection, screen: &Screen, verb: Verb) -> anyhow::Result<ExitCode> {
    match verb {
        Verb::Up(args) => {
            open_files::take_all();
            one_thread()?.block_on(up::up(Config::from_env()?, args))?;
        }
        Verb::Serve => {
            open_files::take_all();
            let config = house::with_database(Config::from_env()?, false)?;
            confine_server(&config)?;
            many_threads()?.block_on(serve(config))?;
        }
        Verb::Migrate => migrate(screen, Config::from_env()?)?,
        Verb::AdminLink { another } => admin_link(screen, Config::from_env()?, another)?,
        Verb::FetchPostgres => fetch_postgres(screen, &Config::from_env()?)?,
        Verb::PythonSetup => python_setup(screen, &Config::from_env()?)?,
        Verb::Backup(args) => backup(screen, &Config::from_env()?, &args)?,
        Verb::Restore(args) => restore(screen, &Config::from_env()?, &args.folder)?,
        Verb::Storage { verb: StorageVerb::Check(args) } => {
            return check_storage(screen, Config::from_env()?, &args);
        }
        Verb::Storage { verb: StorageVerb::Clean(args) } => {
            clean_storage(screen, Config::from_env()?, &args)?;
        }
        Verb::AccountsKey { verb } => renew_accounts_key(screen, Config::from_env()?, &verb)?,
        Verb::Doctor => return doctor(screen, &Config::from_env()?),
        Verb::Openapi => print!("{}", holdout::api::openapi::text()),
        Verb::Confined { paths } => return confined(screen, &Config::from_env()?, &paths),
        Verb::Seed(size) => seed(screen, Config::from_env()?, &size)?,
        Verb::Demo { verb: DemoVerb::Load } => load_demos(screen, Config::from_env()?)?,
        Verb::Client(verb) => return Ok(exit_code(cli::run(connection, &verb))),
        Verb::Completions(args) => manual::completions(screen, Program::command(), &args),
        Verb::Man(args) => manual::man(screen, Program::command(), &args)?,
        Verb::ExitCodes => manual::tell_exit_codes(screen),
    }
    Ok(ExitCode::SUCCESS)
}

fn one_thread() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

fn many_threads() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build()
}

fn migrate(screen: &Screen, config: Config) -> anyhow::Result<()> {
    let config = house::with_database(config, true)?;
    one_thread()?.block_on(house::migrate(config.database_url.reveal()))?;
    screen.answer(&json!({ "migrated": true }), |_| "The schema is up to date.".to_owned());
    Ok(())
}

fn admin_link(screen: &Screen, config: Config, another: bool) -> anyhow::Result<()> {
    let config = house::with_database(config, true)?;
    let whom = if another { Whom::Another } else { Whom::First };
    let made = house::admin_link::make(config.database_url.reveal(), &config.public_url, whom);
    let link = one_thread()?.block_on(made)?.context(
        "There is already an administrator, who can appoint others under Administration, Accounts: no link was \
        made. If no administrator can sign in, `holdout admin-link --another` makes one.",
    )?;
    screen.answer(&json!({ "link": link }), |_| {
        format!("Become the administrator with this link, which works once and for seven days:\n{link}")
    });
    Ok(())
}

fn fetch_postgres(screen: &Screen, config: &Config) -> anyhow::Result<()> {
    let layout = Layout::prepare(&config.data_dir)?;
    holdout::house::fetch::fetch_postgres(&layout)?;
    let folder = layout.fetched_postgres().display().to_string();
    screen.answer(&json!({ "folder": folder }), |_| format!("PostgreSQL lies in {folder}."));
    Ok(())
}

/// The scorers' program does it, and tries the sandbox with what it installed.
fn python_setup(screen: &Screen, config: &Config) -> anyhow::Result<()> {
    let layout = Layout::prepare(&config.data_dir)?;
    let folder = layout.python();
    let mut set_up = std::process::Command::new(holdout::house::up::scorer_program()?);
    set_up.arg("python-setup").arg("--into").arg(&folder).stdout(std::io::stderr());
    let is_ready = set_up.status()?.success();
    anyhow::ensure!(is_ready, "Python is not ready for metrics that hosts write.");
    let folder = folder.display().to_string();
    screen.answer(&json!({ "folder": folder }), |_| format!("Python for metrics lies in {folder}."));
    Ok(())
}

fn backup(screen: &Screen, config: &Config, args: &BackupArgs) -> anyhow::Result<()> {
    let made = one_thread()?.block_on(backup::make::make(config, args))?;
    screen.answer(&json!(made), |_| {
        let removed = match made.removed.as_slice() {
            [] => String::new(),
            old => format!(" Older ones went: {}.", old.join(", ")),
        };
        made.manifest.sentences(&made.folder) + &removed
    });
    Ok(())
}

fn restore(screen: &Screen, config: &Config, folder: &Path) -> anyhow::Result<()> {
    let restored = one_thread()?.block_on(backup::restore::restore(config, folder))?;
    screen.answer(&json!(restored), |_| restored.sentence());
    Ok(())
}

fn check_storage(screen: &Screen, config: Config, args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let config = house::with_database(config, true)?;
    let checked = one_thread()?.block_on(storage::check(&config, args))?;
    let (orphans, rows) = (&checked.orphans, &checked.rows);
    screen.answer(&json!(checked), |_| {
        let words =
            format!("{} Nothing was removed; `holdout storage clean` removes them.", orphans.sentence());
        let of_rows = format!(
            "Of {} rows that name a file, the file of {} is missing or changed.",
            rows.n_rows, rows.n_faults
        );
        let faults = rows.faults.iter().map(ToString::to_string);
        [words]
            .into_iter()
            .chain(orphans.items.clone())
            .chain([of_rows])
            .chain(faults)
            .collect::<Vec<_>>()
            .join("\n")
    });
    Ok(if rows.n_faults == 0 { ExitCode::SUCCESS } else { exit_code(2) })
}

fn clean_storage(screen: &Screen, config: Config, args: &StorageArgs) -> anyhow::Result<()> {
    let config = house::with_database(config, true)?;
    let found = one_thread()?.block_on(storage::clean(&config, args))?;
    screen.answer(&json!(found), |_| {
        let words = format!("{} They were removed.", found.sentence());
        [&[words], found.items.as_slice()].concat().join("\n")
    });
    Ok(())
}

fn renew_accounts_key(screen: &Screen, config: Config, verb: &AccountsKeyVerb) -> anyhow::Result<()> {
    if let AccountsKeyVerb::Renew(args) = verb {
        let file = accounts_key::renew(&config, args)?;
        screen.answer(&json!({ "file": file }), |_| {
            format!(
                "{} begins with a new key. Start all servers with it, then run `holdout accounts-key reseal`. Keep a copy of the \
                 file apart from backups.",
                file.display()
            )
        });
        return Ok(());
    }
    let config = house::with_database(config, true)?;
    let standing = one_thread()?.block_on(async {
        match verb {
            AccountsKeyVerb::Forget(args) => accounts_key::forget(&config, args).await,
            AccountsKeyVerb::Renew(args) | AccountsKeyVerb::Reseal(args) => {
                accounts_key::reseal(&config, args).await
            }
        }
    })?;
    screen.answer(&json!(standing), |_| standing.sentences());
    Ok(())
}

fn doctor(screen: &Screen, config: &Config) -> anyhow::Result<ExitCode> {
    let findings = one_thread()?.block_on(holdout::house::doctor::examine(config));
    screen.answer(&serde_json::json!({ "items": findings }), |_| {
        findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    });
    let is_well = findings.iter().all(|finding| finding.is_well);
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Restricts this process as the web server and says which of the paths it can read.
fn confined(screen: &Screen, config: &Config, paths: &[PathBuf]) -> anyhow::Result<ExitCode> {
    confine_server(config)?;
    let readable: Vec<_> = confine::readable(paths)
        .into_iter()
        .filter(|(_, is_readable)| *is_readable)
        .map(|(path, _)| path.display().to_string())
        .collect();
    screen.answer(&json!({ "readable": readable }), |_| match readable.as_slice() {
        [] => "None of them can be read.".to_owned(),
        some => some.iter().map(|path| format!("{path} can be read.")).collect::<Vec<_>>().join("\n"),
    });
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

fn seed(screen: &Screen, config: Config, size: &holdout::seed::Size) -> anyhow::Result<()> {
    let config = house::with_database(config, true)?;
    many_threads()?.block_on(async {
        let pool = PgPoolOptions::new().max_connections(1).connect(config.database_url.reveal()).await?;
        holdout::seed::seed(&pool, size).await
    })?;
    let slug = &size.slug;
    let made = json!({ "slug": slug, "n_teams": size.teams, "n_submissions": size.submissions });
    screen.answer(&made, |_| format!("The synthetic competition {slug} is there."));
    Ok(())
}

fn load_demos(screen: &Screen, config: Config) -> anyhow::Result<()> {
    let config = house::with_database(config, false)?;
    many_threads()?.block_on(async {
        let app = connect(config).await?;
        let loaded = holdout::demo::load(&app).await;
        app.close().await;
        loaded
    })?;
    screen.answer(&json!({ "items": FOLDERS }), |_| "The demonstrations are there.".to_owned());
    Ok(())
}

async fn connect(config: Config) -> anyhow::Result<App> {
    let db = database::connect(&config).await?;
    let files = config.files.to_string();
    house::versions::require_ours(&mut *db.acquire().await?).await?;
    let app = App::new(db, config).with_context(|| format!("Files cannot be kept at {files}"))?;
    app.clock.synchronise(&mut *app.db.acquire().await?).await?;
    holdout::site::current::refresh(&app).await?;
    holdout::kaggle::desk::refresh(&app).await?;
    Ok(app)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = connect(config).await?;
    holdout::incidents::watch::arrive(&app).await.context("looking at what happened meanwhile")?;
    tell_of_people_shut_out(&app).await?;
    tokio::spawn(app.clock.clone().follow(app.db.clone()));
    tokio::spawn(holdout::web::live::listen(app.clone()));
    tokio::spawn(holdout::web::live::try_out(app.clone()));
    tokio::spawn(holdout::replica::watch::follow(app.clone()));
    tokio::spawn(holdout::mail::deliver_forever(app.clone()));
    tokio::spawn(holdout::notifications::tell::tell_forever(app.clone()));
    tokio::spawn(holdout::notifications::letters::write_forever(app.clone()));
    tokio::spawn(holdout::submissions::remind::remind_forever(app.clone()));
    tokio::spawn(holdout::closing::ending::tell_forever(app.clone()));
    tokio::spawn(holdout::webhooks::deliver::deliver_forever(app.clone()));
    tokio::spawn(holdout::admin::suspend::lift_forever(app.clone()));
    tokio::spawn(holdout::personal::delete::delete_forever(app.clone()));
    tokio::spawn(holdout::housekeeping::sweep_forever(app.clone()));
    tokio::spawn(holdout::retention::unnamed::sweep_forever(app.clone()));
    tokio::spawn(holdout::leaderboard::settle::keep(app.clone()));
    tokio::spawn(holdout::notebooks::read_again::read_all(app.clone()));
    tokio::spawn(holdout::site::current::follow(app.clone()));
    tokio::spawn(holdout::kaggle::desk::follow(app.clone()));
    holdout::fellows::talk::introduce(&app);
    tokio::spawn(holdout::fellows::talk::tell_forever(app.clone()));
    tokio::spawn(holdout::incidents::watch::watch_forever(app.clone()));
    if let Some(address) = app.config.metrics_listen {
        tokio::spawn(tell_monitors(app.clone(), address));
    }
    let listener = tokio::net::TcpListener::bind(app.config.listen).await?;
    tracing::info!(address = %app.config.listen, "serving");
    if let Some(words) = app.config.lack_of_tls() {
        tracing::warn!("{words}");
    }
    let live = app.clone();
    let service = router(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    let stopping = Arc::new(Notify::new());
    let told = stopping.clone();
    let served = axum::serve(listener, service).with_graceful_shutdown(async move {
        asked_to_stop().await;
        live.is_leaving.store(true, Ordering::Relaxed);
        tokio::time::sleep(live.config.leave_after).await;
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

/// Everything else works: it is loud, and no refusal.
async fn tell_of_people_shut_out(app: &App) -> anyhow::Result<()> {
    let tried = seal::try_key(&mut *app.db.acquire().await?, app.config.accounts_key.as_ref()).await?;
    if let Some(complaint) = tried.complaint() {
        tracing::error!("{complaint}");
    }
    Ok(())
}

/// The site is served without.
async fn tell_monitors(app: App, address: std::net::SocketAddr) {
    if let Err(error) = holdout::telemetry::serve::serve(app, address).await {
        tracing::error!(%address, %error, "monitors cannot be told how the site is");
    }
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
