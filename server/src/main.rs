//! `holdout`: the web server, the whole house, and the client of its API.

use clap::{Parser, Subcommand};
use holdout::cli::{self, ClientVerb};
use holdout::config::Config;
use holdout::{App, router};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use zeroizing_alloc::ZeroAlloc;

/// Memory is zeroed when it is given back, so that no label outlives the upload that carried it.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<std::alloc::System> = ZeroAlloc(std::alloc::System);

#[derive(Parser)]
#[command(version, about = "Self-hosted machine-learning competitions")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Serve the web site and the API.
    Serve,
    /// Bring the database's schema up to date.
    Migrate,
    /// Make a synthetic competition to measure this installation with.
    Seed(holdout::seed::Size),
    /// The demonstration competitions.
    Demo {
        #[command(subcommand)]
        verb: DemoVerb,
    },
    #[command(flatten)]
    Client(ClientVerb),
}

#[derive(Subcommand)]
enum DemoVerb {
    /// Make the demonstrations that are not there yet; a scorer must be running.
    Load,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into()),
        )
        .init();
    match Cli::parse().verb {
        Verb::Serve => serve(Config::from_env()?).await,
        Verb::Migrate => migrate(&Config::from_env()?).await,
        Verb::Seed(size) => seed(&Config::from_env()?, &size).await,
        Verb::Demo { verb: DemoVerb::Load } => load_demos(Config::from_env()?).await,
        Verb::Client(verb) => {
            if let Err(error) = tokio::task::spawn_blocking(|| cli::run(verb)).await? {
                eprintln!("{error}");
                std::process::exit(error.exit_code());
            }
            Ok(())
        }
    }
}

async fn migrate(config: &Config) -> anyhow::Result<()> {
    let pool = PgPoolOptions::new().max_connections(1).connect(config.database_url.reveal()).await?;
    holdout_contract::MIGRATOR.run(&pool).await?;
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
    let app = App::new(db, config);
    app.clock.synchronise(&mut *app.db.acquire().await?).await?;
    Ok(app)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let app = connect(config).await?;
    tokio::spawn(holdout::web::live::listen(app.clone()));
    tokio::spawn(holdout::mail::deliver_forever(app.clone()));
    tokio::spawn(holdout::accounts::sweep::sweep_forever(app.clone()));
    tokio::spawn(holdout::leaderboard::settle::keep(app.clone()));
    let listener = tokio::net::TcpListener::bind(app.config.listen).await?;
    tracing::info!(address = %app.config.listen, "serving");
    let service = router(app).into_make_service_with_connect_info::<std::net::SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(shutdown()).await?;
    Ok(())
}

async fn shutdown() {
    let _ = tokio::signal::ctrl_c().await;
}
