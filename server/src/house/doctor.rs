//! `holdout doctor`: looks an installation over and says in words what is wrong and how to mend it.
//!
//! Never here: mending. It changes nothing.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use holdout_contract::place::Place;
use holdout_contract::{database, events};
use sqlx::{Connection, PgConnection};

use crate::accounts::providers::discovery::Discovered;
use crate::accounts::two_factors::seal;
use crate::config::{Config, Secret};
use crate::database as web;
use crate::files::Files;
use crate::house::binaries::{Binaries, major_of_cluster};
use crate::house::cluster::Cluster;
use crate::house::identity::Identity;
use crate::house::layout::{ClusterPlace, Layout};
use crate::house::versions::{self, Schema};
use crate::house::{keys, open_files, up, welcome};
use crate::notebooks::runs;
use crate::notebooks::runs::model::Runners;
use crate::outbound::{self, Reach};
use crate::web::space::Space;

/// How long the site may take to answer under its name.
const PATIENCE: Duration = Duration::from_secs(10);

/// One thing that was looked at.
#[derive(Debug, serde::Serialize)]
pub struct Finding {
    pub is_well: bool,
    pub words: String,
}

impl Finding {
    fn well(words: impl Into<String>) -> Self {
        Self { is_well: true, words: words.into() }
    }

    fn wrong(words: impl Into<String>) -> Self {
        Self { is_well: false, words: words.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", if self.is_well { "well " } else { "WRONG" }, self.words)
    }
}

/// Looks at everything that `holdout up` and `holdout serve` need.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let is_embedded = config.database_url.reveal().is_empty();
    let mut findings = vec![files(config).await, scorer_program(is_embedded), open_files()];
    findings.extend(providers(config).await);
    let layout = Layout::of(&config.data_dir);
    match &layout {
        Ok(layout) => {
            findings.push(keys_are_private(layout));
            findings.push(cage(layout));
            if is_embedded {
                findings.push(notebooks(config, layout));
                findings.push(postgres(layout));
            }
        }
        Err(_) if is_embedded => {
            let words = format!(
                "There is no data folder {} yet; the first `holdout up` makes it.",
                config.data_dir.display()
            );
            findings.push(Finding::well(words));
            return findings;
        }
        Err(_) => {}
    }
    let url = match &layout {
        Ok(layout) if is_embedded => Cluster::existing(layout).map(|cluster| cluster.owner_url()),
        _ => Ok(config.database_url.reveal().to_owned()),
    };
    match url {
        Ok(url) => {
            findings.push(answers(&url).await);
            findings.extend(second_factors(config, layout.as_ref().ok(), &url).await);
        }
        Err(error) => findings.push(Finding::wrong(error.to_string())),
    }
    if !is_embedded {
        findings.push(hears(config).await);
        findings.extend(runners(config).await);
    }
    findings.push(site(config));
    if is_embedded {
        findings.extend(by_name(config));
    }
    findings
}

async fn files(config: &Config) -> Finding {
    match &config.files {
        Place::Folder(folder) => files_folder(folder, config),
        place @ Place::Bucket(_) => bucket(place).await,
    }
}

/// Whether each provider of sign-in tells its addresses and keys.
async fn providers(config: &Config) -> Vec<Finding> {
    let discovered = Discovered::new(&config.providers);
    let mut findings = Vec::new();
    for provider in &config.providers {
        findings.push(match discovered.of(provider).await {
            Ok(_) => Finding::well(format!("{} answers, where people can sign in.", provider.issuer)),
            Err(_) => Finding::wrong(format!(
                "{} does not tell its addresses and keys: it cannot be reached from here, or its issuer stands otherwise \
                 in the file that HOLDOUT_PROVIDERS_FILE names than it writes it itself.",
                provider.issuer
            )),
        });
    }
    findings
}

async fn bucket(place: &Place) -> Finding {
    let tried = async { Files::open(place)?.try_out().await };
    match tried.await {
        Ok(()) => Finding::well(format!("Files can be stored in {place}, read back and removed.")),
        Err(error) => Finding::wrong(format!(
            "Files cannot be kept in {place}: {error}. Look at HOLDOUT_FILES, AWS_ENDPOINT_URL, AWS_REGION, \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and at what the key may do in the bucket."
        )),
    }
}

fn files_folder(folder: &Path, config: &Config) -> Finding {
    let probe = folder.join(format!(".doctor-{}", std::process::id()));
    match fs::write(&probe, "probe").and_then(|()| fs::remove_file(&probe)) {
        Ok(()) if Space::new(config).is_short() => Finding::wrong(format!(
            "Less than {} MB are free on the disk of {} (HOLDOUT_DISK_RESERVE_MB): files are refused, and no work \
             is taken, until a quarter more is free.",
            config.disk_reserve_mb,
            folder.display()
        )),
        Ok(()) => Finding::well(format!("Files can be stored in {}.", folder.display())),
        Err(_) if !folder.exists() => Finding::well(format!(
            "The folder {} does not exist yet; the first start makes it.",
            folder.display()
        )),
        Err(error) => Finding::wrong(format!(
            "Nothing can be stored in {}: {error}. Make the user that runs Holdout the owner of the folder, or set \
            HOLDOUT_FILES.",
            folder.display()
        )),
    }
}

fn scorer_program(is_embedded: bool) -> Finding {
    match up::scorer_program() {
        Ok(path) => Finding::well(format!("The scorers' program is {}.", path.display())),
        Err(_) if !is_embedded => Finding::well(
            "The scorers' program is not on this machine: scorers run \
        elsewhere.",
        ),
        Err(error) => Finding::wrong(error.to_string()),
    }
}

fn open_files() -> Finding {
    match open_files::judge(open_files::most()) {
        Ok(words) => Finding::well(words),
        Err(words) => Finding::wrong(words),
    }
}

/// Without them, everything else works: nothing is wrong then.
fn notebooks(config: &Config, layout: &Layout) -> Finding {
    Finding::well(if up::runs_notebooks(config, layout) {
        "Notebooks are run in a sandbox; `holdout-scorer doctor` tries it and says whether it holds."
    } else {
        "Notebooks are not run: `holdout python-setup` installs their kernel, HOLDOUT_NOTEBOOKS=on starts a runner."
    })
}

fn keys_are_private(layout: &Layout) -> Finding {
    let folder = layout.keys();
    match fs::metadata(&folder).map(|metadata| metadata.permissions().mode() & 0o077) {
        Ok(0) => Finding::well("Only their owner may enter the folder of the keys."),
        Ok(_) => Finding::wrong(format!(
            "Others may enter the folder of the keys. Run: chmod 700 {}",
            folder.display()
        )),
        Err(error) => Finding::wrong(format!(
            "The folder of the keys {} cannot be looked at: {error}. Run the doctor as the user that runs Holdout.",
            folder.display()
        )),
    }
}

/// Asks a process that is confined as the web server is.
fn cage(layout: &Layout) -> Finding {
    let secrets = secrets(layout);
    let asked = std::env::current_exe().and_then(|program| {
        Command::new(program)
            .arg("confined")
            .args(&secrets)
            .env("HOLDOUT_DATA_DIR", &layout.root)
            .env("TMPDIR", layout.temporary())
            .output()
    });
    match asked {
        Ok(output) if output.status.success() => {
            Finding::well("The web server cannot read the keys or the database's files.")
        }
        Ok(output) => Finding::wrong(format!(
            "A web server here could read the keys or the database's files: {} A kernel with Landlock (Linux 5.13 or \
             newer) forbids it; or run web server and scorers as different users, as docker-compose.yml does.",
            String::from_utf8_lossy(&output.stdout).trim()
        )),
        Err(error) => Finding::wrong(format!("The web server's confinement cannot be tried: {error}")),
    }
}

/// What the web server must not read.
fn secrets(layout: &Layout) -> Vec<PathBuf> {
    let place = ClusterPlace::of(layout, matches!(Identity::for_postgres(), Ok(Some(_))));
    [layout.keys(), layout.scorer_key(), layout.owner_password(), place.data]
        .into_iter()
        .filter(|path| path.exists())
        .collect()
}

fn postgres(layout: &Layout) -> Finding {
    let found = Identity::for_postgres()
        .and_then(|identity| major_of_cluster(&ClusterPlace::of(layout, identity.is_some()).data))
        .and_then(|major| Binaries::find(layout, major));
    match found {
        Ok(binaries) => {
            Finding::well(format!("PostgreSQL {} is in {}.", binaries.major, binaries.folder.display()))
        }
        Err(error) => Finding::wrong(error.to_string()),
    }
}

async fn answers(url: &str) -> Finding {
    let connected = async { PgConnection::connect_with(&database::as_named(url)?).await };
    let mut conn = match connected.await {
        Ok(conn) => conn,
        Err(error) => {
            return Finding::wrong(format!(
                "The database does not answer: {error}. Is `holdout up` running, or DATABASE_URL right?"
            ));
        }
    };
    match versions::schema(&mut conn).await.map(Schema::refusal) {
        Ok(None) => Finding::well("The database answers and its schema is up to date."),
        Ok(Some(words)) => Finding::wrong(words),
        Err(error) => Finding::wrong(format!("The database does not say which schema it has: {error}.")),
    }
}

/// Whether people with an authenticator app can sign in; nothing where nobody has one.
async fn second_factors(config: &Config, layout: Option<&Layout>, url: &str) -> Option<Finding> {
    let kept = layout.and_then(|layout| keys::accounts_key(layout).ok().flatten()).map(Secret::new);
    let key = config.accounts_key.clone().or(kept);
    let mut conn = PgConnection::connect_with(&database::as_named(url).ok()?).await.ok()?;
    let tried = seal::try_key(&mut conn, key.as_ref()).await.ok()?;
    match tried.complaint() {
        Some(complaint) => Some(Finding::wrong(complaint)),
        None if tried.n_under_former > 0 => Some(Finding::well(
            "The accounts key opens the secrets of authenticator apps, some of them by a former key: `holdout accounts-key reseal` \
             puts them under the present one.",
        )),
        None if tried.n_people > 0 => {
            Some(Finding::well("The accounts key opens the secrets of authenticator apps."))
        }
        None => None,
    }
}

/// As the web server does, which may go through a proxy.
async fn hears(config: &Config) -> Finding {
    let tried = async {
        let db = web::connect(config).await?;
        events::is_heard(&db, &web::direct(config, &db)?).await
    };
    match tried.await {
        Ok(true) => {
            Finding::well("The web server has its rights in the database and hears its notifications.")
        }
        Ok(false) => Finding::wrong(events::DEAF),
        Err(error) => Finding::wrong(format!("The web server cannot work with the database: {error}.")),
    }
}

/// What runners of notebooks that were started by themselves say; nothing where the database cannot be asked, which is
/// told already.
async fn runners(config: &Config) -> Option<Finding> {
    let db = web::connect(config).await.ok()?;
    let found = runs::store::runners(&mut *db.acquire().await.ok()?).await.ok()?;
    Some(Finding::well(match found {
        Runners::Ready { .. } => "Notebooks are run, by a runner that was heard of lately.".to_owned(),
        Runners::Refused(reason) => format!("Notebooks cannot be run where their runner is: {reason}"),
        Runners::Absent => {
            "Notebooks are not run: no `holdout-scorer run-notebooks` was heard of lately.".to_owned()
        }
    }))
}

fn site(config: &Config) -> Finding {
    if welcome::answers(config.listen) {
        return Finding::well(format!("The site answers on {}.", config.listen));
    }
    match std::net::TcpListener::bind(config.listen) {
        Ok(_) => Finding::well(format!("Nothing runs on {} now, and the address is free.", config.listen)),
        Err(error) => Finding::wrong(format!(
            "The address {} cannot be used: {error}. Stop what uses it, or set HOLDOUT_LISTEN to another.",
            config.listen
        )),
    }
}

/// Whether a site that answers here does so under its name too, which takes a proxy and a certificate.
fn by_name(config: &Config) -> Option<Finding> {
    let url = &config.public_url;
    if !url.starts_with("https://") || !welcome::answers(config.listen) {
        return None;
    }
    let said = match outbound::agent(PATIENCE, Reach::Anywhere).get(format!("{url}/readyz")).call() {
        Ok(answer) if answer.status().is_success() => {
            return Some(Finding::well(format!("It answers at {url} too.")));
        }
        Ok(answer) => format!("another program answers there, with {}", answer.status()),
        Err(error) => error.to_string(),
    };
    Some(Finding::wrong(format!(
        "{url} cannot be reached from this machine: {said}. The name must lead here, ports 80 and 443 be open, and the \
         proxy have a certificate (journalctl -u caddy)."
    )))
}
