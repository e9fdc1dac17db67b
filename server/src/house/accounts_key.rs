//! `holdout accounts-key`: another key for the secrets of authenticator apps, beside a running site. `renew` puts it before
//! the present one; once servers were started with it, `reseal` puts every secret under it; `forget` then lets the former
//! ones go.
//!
//! Never here: a former key that goes while a secret needs it.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use holdout_contract::secrets;
use serde::Serialize;
use sqlx::{Connection, PgConnection};

use super::keys;
use super::layout::Layout;
use crate::accounts::two_factors::reseal::{self, Counted};
use crate::accounts::two_factors::seal::{FORMER, each_key};
use crate::config::{Config, Secret};

#[derive(Debug, Clone, clap::Args)]
pub struct KeyArgs {
    /// The file with the key; keys/accounts.key in the data folder if left out.
    #[arg(long, env = "HOLDOUT_ACCOUNTS_KEY_FILE", value_name = "FILE")]
    pub key: Option<PathBuf>,
}

impl KeyArgs {
    fn file(&self, config: &Config) -> anyhow::Result<PathBuf> {
        match &self.key {
            Some(file) => Ok(file.clone()),
            None => Ok(Layout::of(&config.data_dir)
                .with_context(|| format!("{} is no data folder", config.data_dir.display()))?
                .accounts_key()),
        }
    }
}

/// Keys in a file, and what is sealed under them.
#[derive(Debug, Serialize)]
pub struct Standing {
    pub file: PathBuf,
    pub n_former_keys: usize,
    #[serde(flatten)]
    pub counted: Counted,
    /// Which were under a former key until now.
    pub n_sealed_anew: u64,
    pub may_forget: bool,
}

impl Standing {
    pub fn sentences(&self) -> String {
        let Counted { n_secrets, n_under_former, n_shut_out } = self.counted;
        let mut words = vec![format!(
            "Of {n_secrets} secrets of authenticator apps, {} were sealed anew and {n_under_former} are under a former key.",
            self.n_sealed_anew
        )];
        if n_shut_out > 0 {
            words.push(format!(
                "{n_shut_out} open with no key in {}: put the key back under which they were sealed, on a line that begins with \
                 “former ”, or let those people set up their app anew.",
                self.file.display()
            ));
        }
        words.push(match (self.n_former_keys, self.may_forget) {
            (0, _) => "No former key is left.".to_owned(),
            (_, true) => "The former keys can go: `holdout accounts-key forget`. Keep a copy of them as long as you keep backups \
                          from before."
                .to_owned(),
            (_, false) => "The former keys are needed: `holdout accounts-key reseal`.".to_owned(),
        });
        words.join("\n")
    }
}

/// Draws a key and puts it before those in the file, which go on opening what they sealed. Returns the file.
///
/// # Errors
/// Where there is no key yet, or the file cannot be written.
pub fn renew(config: &Config, args: &KeyArgs) -> anyhow::Result<PathBuf> {
    let file = args.file(config)?;
    let before = read(&file)?;
    write(&file, &format!("{}{FORMER}{}", keys::random(), before.reveal()))?;
    Ok(file)
}

/// Seals everybody's secret under the first key of the file.
///
/// # Errors
/// Those of the file and of the database.
pub async fn reseal(config: &Config, args: &KeyArgs) -> anyhow::Result<Standing> {
    let file = args.file(config)?;
    let keys = read(&file)?;
    let mut conn = PgConnection::connect(config.database_url.reveal()).await?;
    let n_sealed_anew = reseal::all(&mut conn, &keys).await?;
    let counted = reseal::count(&mut conn, &keys).await?;
    conn.close().await?;
    Ok(standing(file, &keys, counted, n_sealed_anew))
}

/// Leaves the first key in the file, and no other.
///
/// # Errors
/// Where a secret is under a former key; those of the file and of the database.
pub async fn forget(config: &Config, args: &KeyArgs) -> anyhow::Result<Standing> {
    let file = args.file(config)?;
    let keys = read(&file)?;
    let mut conn = PgConnection::connect(config.database_url.reveal()).await?;
    let counted = reseal::count(&mut conn, &keys).await?;
    conn.close().await?;
    let n_under_former = counted.n_under_former;
    ensure!(
        n_under_former == 0,
        "{n_under_former} secrets of authenticator apps are under a former key, which was left in {}. Start all servers with \
         this file, and run `holdout accounts-key reseal`.",
        file.display()
    );
    let present = Secret::new(each_key(&keys).next().unwrap_or_default());
    write(&file, present.reveal())?;
    Ok(standing(file, &present, counted, 0))
}

fn standing(file: PathBuf, keys: &Secret, counted: Counted, n_sealed_anew: u64) -> Standing {
    let may_forget = counted.n_under_former == 0;
    Standing { file, n_former_keys: each_key(keys).count() - 1, counted, n_sealed_anew, may_forget }
}

fn read(file: &Path) -> anyhow::Result<Secret> {
    if !file.exists() {
        bail!(
            "{} is missing: there is no key to renew. Name the file with --key, or in HOLDOUT_ACCOUNTS_KEY_FILE.",
            file.display()
        );
    }
    Ok(Secret::new(secrets::read(file)?))
}

fn write(file: &Path, keys: &str) -> anyhow::Result<()> {
    secrets::replace(file, format!("{keys}\n").as_bytes())
        .with_context(|| format!("{} cannot be replaced", file.display()))
}
