//! Everything an installation can set, read once from `HOLDOUT_*` variables; all mistakes are
//! reported together.

use std::env;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdout_contract::place::Place;
use holdout_contract::secrets;

use crate::accounts::providers::settings::{self, Provider};
use crate::accounts::two_factors::seal::each_key;
use crate::database::certificates::Certificates;
use crate::medals::model::Thresholds;
use crate::notebooks::openers::Openers;
use crate::web::proxies::Proxies;

/// In characters; as long as 32 random bytes are in base 64 without signs.
const SHORTEST_KEY: usize = 32;

/// A value that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// How outgoing mail leaves; `None` in [`Config::smtp`] keeps it in the administrator's outbox.
#[derive(Debug, Clone)]
pub struct Smtp {
    /// `smtp://user:password@host:port` or `smtps://…`.
    pub url: Secret,
    /// Sender of every mail.
    pub from: String,
}

/// How people reach the bucket themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DirectRoad {
    AsTheServer,
    At(String),
}

#[derive(Debug, Clone)]
pub struct Config {
    /// Where the web server listens.
    pub listen: SocketAddr,
    /// Where monitors ask how the site is; nowhere unless named.
    pub metrics_listen: Option<SocketAddr>,
    /// How people reach it, without a trailing slash; links in mails start with it.
    pub public_url: String,
    /// Whether browsers are told to keep to TLS at names below this one too.
    pub tls_for_subdomains: bool,
    /// Other names by which it answers.
    pub other_hosts: Vec<String>,
    /// Everything the embedded installation keeps: database, files, keys.
    pub data_dir: PathBuf,
    /// Where uploaded and published files lie.
    pub files: Place,
    /// Whether people may move files to and from the bucket themselves.
    pub direct: Option<DirectRoad>,
    /// The database; secret because it may hold a password.
    pub database_url: Secret,
    /// PostgreSQL itself, where the address above is that of a proxy that pools transactions.
    pub database_direct_url: Option<Secret>,
    /// A streaming replica, from which boards are read.
    pub database_replica_url: Option<Secret>,
    /// What these addresses name for TLS.
    pub database_certificates: Certificates,
    pub smtp: Option<Smtp>,
    /// Where people can sign in as well.
    pub providers: Vec<Provider>,
    /// Keeps secrets of people's second factors, with those that did before; without it there are none.
    pub accounts_key: Option<Secret>,
    /// Whether anybody may register.
    pub open_registration: bool,
    /// Whether every member may host competitions, or administrators only.
    pub members_may_host: bool,
    /// Whose `X-Forwarded-For` tells a visitor's address.
    pub proxies: Proxies,
    /// Most connections of the web server to the database.
    pub database_connections: u32,
    /// Files are refused while less is free on the disk that takes them, in MB; 0 for never.
    pub disk_reserve_mb: u64,
    /// How long a server that is told to stop still takes requests, while it says that it is not ready any more.
    pub leave_after: Duration,
    /// Requests that one caller of the API may make in a minute; 0 for no limit.
    pub api_requests_a_minute: u32,
    /// Whether webhooks may go into private networks, and unencrypted.
    pub webhooks_to_private_addresses: bool,
    /// Whether `holdout up` starts a runner of notebooks; where nothing is said, when one can be.
    pub notebooks: Option<bool>,
    /// Other places where a public notebook can be opened.
    pub notebook_openers: Openers,
    /// Whether public competitions that members launch count for medals; those of administrators do.
    pub members_give_medals: bool,
    /// Votes that a notebook's medals take.
    pub notebook_medals: Thresholds,
    /// Votes that a post's medals take.
    pub post_medals: Thresholds,
}

/// All that is wrong with the environment, one sentence each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct ConfigErrors(pub Vec<String>);

impl Config {
    /// Whether people come over TLS.
    pub fn is_encrypted(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// What to say where other machines reach this server and no proxy with TLS is known to stand before it.
    pub fn lack_of_tls(&self) -> Option<&'static str> {
        let is_reached = !self.listen.ip().is_loopback();
        (is_reached && !self.is_encrypted()).then_some(
            "People reach this server without TLS: passwords and files can be read on their way. Put a proxy with TLS before \
             it, and set HOLDOUT_PUBLIC_URL to its https:// address.",
        )
    }

    /// Whether the operator said how people reach this house; else any name that leads here will do.
    pub fn has_public_address(&self) -> bool {
        self.public_url != local_address(self.listen)
    }

    /// Where the schema's owner connects: to PostgreSQL itself. What migrates, dumps or copies is bound to its session.
    pub fn owner_url(&self) -> &Secret {
        self.database_direct_url.as_ref().unwrap_or(&self.database_url)
    }

    /// The one folder of this machine that the web server writes to: that of stored files, or, where
    /// those lie in a bucket, one for uploads that are still arriving.
    pub fn writable_folder(&self) -> PathBuf {
        self.files.folder().map_or_else(|| self.data_dir.join("arriving"), PathBuf::from)
    }

    /// Reads the environment.
    ///
    /// # Errors
    /// Every wrong variable, at once.
    pub fn from_env() -> Result<Self, ConfigErrors> {
        let mut reader = Reader::default();
        let data_dir = PathBuf::from(reader.text("HOLDOUT_DATA_DIR", "data"));
        reader.log_format();
        let listen = reader.parsed("HOLDOUT_LISTEN", SocketAddr::from(([127, 0, 0, 1], 8080)));
        let config = Self {
            listen,
            metrics_listen: reader.address("HOLDOUT_METRICS_LISTEN"),
            public_url: reader
                .text("HOLDOUT_PUBLIC_URL", &local_address(listen))
                .trim_end_matches('/')
                .to_owned(),
            tls_for_subdomains: reader.parsed("HOLDOUT_TLS_FOR_SUBDOMAINS", false),
            other_hosts: reader.list("HOLDOUT_OTHER_HOSTS"),
            files: reader.place(&data_dir),
            direct: reader.direct(),
            database_url: reader.database("DATABASE_URL").unwrap_or_else(|| Secret::new("")),
            database_direct_url: reader.database("HOLDOUT_DATABASE_DIRECT_URL"),
            database_replica_url: reader.database("HOLDOUT_DATABASE_REPLICA_URL"),
            database_certificates: std::mem::take(&mut reader.certificates),
            smtp: reader.secret("HOLDOUT_SMTP_URL").map(|url| Smtp {
                url: Secret::new(url),
                from: reader.text("HOLDOUT_MAIL_FROM", "Holdout <holdout@localhost>"),
            }),
            providers: reader.providers(),
            accounts_key: reader.accounts_key(),
            open_registration: reader.parsed("HOLDOUT_OPEN_REGISTRATION", true),
            members_may_host: reader.parsed("HOLDOUT_MEMBERS_MAY_HOST", true),
            proxies: reader.parsed("HOLDOUT_BEHIND_PROXY", Proxies::None),
            database_connections: reader.parsed("HOLDOUT_DATABASE_CONNECTIONS", 10),
            disk_reserve_mb: reader.parsed("HOLDOUT_DISK_RESERVE_MB", 512),
            leave_after: Duration::from_secs(reader.parsed("HOLDOUT_LEAVE_AFTER_SECONDS", 0)),
            api_requests_a_minute: reader.parsed("HOLDOUT_API_REQUESTS_A_MINUTE", 1200),
            webhooks_to_private_addresses: reader.parsed("HOLDOUT_WEBHOOKS_TO_PRIVATE_ADDRESSES", false),
            notebooks: reader.switch("HOLDOUT_NOTEBOOKS"),
            notebook_openers: reader.parsed("HOLDOUT_NOTEBOOK_OPENERS", Openers::default()),
            members_give_medals: reader.parsed("HOLDOUT_MEMBERS_GIVE_MEDALS", false),
            notebook_medals: reader.parsed("HOLDOUT_NOTEBOOK_MEDALS", Thresholds::NOTEBOOKS),
            post_medals: reader.parsed("HOLDOUT_POST_MEDALS", Thresholds::POSTS),
            data_dir,
        };
        if reader.mistakes.is_empty() { Ok(config) } else { Err(ConfigErrors(reader.mistakes)) }
    }
}

fn local_address(listen: SocketAddr) -> String {
    format!("http://{listen}")
}

#[derive(Default)]
struct Reader {
    mistakes: Vec<String>,
    certificates: Certificates,
}

impl Reader {
    /// `on` or `off`; nothing where it is left out.
    fn switch(&mut self, name: &str) -> Option<bool> {
        match self.optional(name).as_deref() {
            None => None,
            Some("on" | "true") => Some(true),
            Some("off" | "false") => Some(false),
            Some(other) => {
                self.mistakes.push(format!("{name} is “{other}”: it can be on or off."));
                None
            }
        }
    }

    /// The program's first line is written before anything else is read: here a mistake is told.
    fn log_format(&mut self) {
        let format = self.optional("HOLDOUT_LOG_FORMAT").unwrap_or_default();
        if !["", "text", "json"].contains(&format.as_str()) {
            self.mistakes.push(format!("HOLDOUT_LOG_FORMAT is “{format}”: it can be text or json."));
        }
    }

    fn optional(&self, name: &str) -> Option<String> {
        env::var(name).ok().filter(|value| !value.is_empty())
    }

    /// Words between commas.
    fn list(&self, name: &str) -> Vec<String> {
        let text = self.text(name, "");
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn text(&self, name: &str, default: &str) -> String {
        self.optional(name).unwrap_or_else(|| default.to_owned())
    }

    /// A variable, or the content of the file that the variable with `_FILE` behind its name tells.
    fn secret(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.optional(name) {
            return Some(value);
        }
        let in_file = self.optional(&format!("{name}_FILE"))?;
        match secrets::read(Path::new(&in_file)) {
            Ok(secret) => Some(secret),
            Err(error) => {
                self.mistakes.push(format!("{name}_FILE: {error}."));
                None
            }
        }
    }

    fn providers(&mut self) -> Vec<Provider> {
        let Some(path) = self.optional("HOLDOUT_PROVIDERS_FILE") else { return Vec::new() };
        settings::read(Path::new(&path)).unwrap_or_else(|mistakes| {
            self.mistakes
                .extend(mistakes.into_iter().map(|mistake| format!("HOLDOUT_PROVIDERS_FILE: {mistake}")));
            Vec::new()
        })
    }

    fn accounts_key(&mut self) -> Option<Secret> {
        let keys = Secret::new(self.secret("HOLDOUT_ACCOUNTS_KEY")?);
        if each_key(&keys).any(|key| key.len() < SHORTEST_KEY) {
            self.mistakes.push(format!(
                "HOLDOUT_ACCOUNTS_KEY is too short: it takes {SHORTEST_KEY} random characters or more."
            ));
        }
        Some(keys)
    }

    fn address(&mut self, name: &str) -> Option<SocketAddr> {
        let text = self.optional(name)?;
        let address = text.parse();
        if address.is_err() {
            self.mistakes.push(format!("{name}={text} cannot be read: it is an address and a port."));
        }
        address.ok()
    }

    /// An address with the password that lies in a file; files that it names for TLS are read.
    fn database(&mut self, name: &str) -> Option<Secret> {
        let url = self.optional(name)?;
        if let Err(error) = self.certificates.read(&url) {
            self.mistakes.push(format!("{name}: {error}."));
        }
        let Some(file) = self.optional("HOLDOUT_DATABASE_PASSWORD_FILE") else {
            return Some(Secret::new(url));
        };
        match secrets::with_password(&url, Path::new(&file)) {
            Ok(whole) => Some(Secret::new(whole)),
            Err(error) => {
                self.mistakes.push(format!("{name} with HOLDOUT_DATABASE_PASSWORD_FILE: {error}."));
                None
            }
        }
    }

    /// `HOLDOUT_FILES` is a folder or a bucket.
    fn place(&mut self, data_dir: &Path) -> Place {
        let folder = data_dir.join("files");
        let Some(named) = env::var_os("HOLDOUT_FILES").filter(|named| !named.is_empty()) else {
            return Place::Folder(folder);
        };
        match named.to_str().map(Place::from_env) {
            Some(Ok(place)) => place,
            None => Place::Folder(named.into()),
            Some(Err(error)) => {
                self.mistakes.push(format!("HOLDOUT_FILES cannot be read: {error}."));
                Place::Folder(folder)
            }
        }
    }

    fn direct(&mut self) -> Option<DirectRoad> {
        match self.optional("HOLDOUT_S3_DIRECT").as_deref() {
            None | Some("false") => None,
            Some("true") => Some(DirectRoad::AsTheServer),
            Some(address) if address.starts_with("https://") || address.starts_with("http://") => {
                Some(DirectRoad::At(address.trim_end_matches('/').to_owned()))
            }
            Some(other) => {
                self.mistakes.push(format!(
                    "HOLDOUT_S3_DIRECT={other} cannot be read: say true, false, or the address at which people reach the bucket."
                ));
                None
            }
        }
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &str, default: T) -> T
    where
        T::Err: fmt::Display,
    {
        match self.optional(name).map(|value| (value.parse::<T>(), value)) {
            None => default,
            Some((Ok(parsed), _)) => parsed,
            Some((Err(error), value)) => {
                self.mistakes.push(format!("{name}={value} cannot be read: {error}"));
                default
            }
        }
    }
}
