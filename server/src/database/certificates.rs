//! The files that a database's address names for TLS. Each connection asks for them, and a confined server reads no file
//! that lies anywhere: so they are read once, with the rest of the configuration.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;
use sqlx::postgres::PgConnectOptions;

/// What was read, by the paths that name it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Certificates(BTreeMap<PathBuf, Vec<u8>>);

/// One of them may be a key.
impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// How an address, or else the environment, names a file; as libpq and sqlx do.
struct Named {
    keys: &'static [&'static str],
    variable: &'static str,
}

const AUTHORITY: Named =
    Named { keys: &["sslrootcert", "ssl-root-cert", "ssl-ca"], variable: "PGSSLROOTCERT" };
const CERTIFICATE: Named = Named { keys: &["sslcert", "ssl-cert"], variable: "PGSSLCERT" };
const KEY: Named = Named { keys: &["sslkey", "ssl-key"], variable: "PGSSLKEY" };

impl Named {
    fn by(&self, address: &str) -> Option<PathBuf> {
        let (_, query) = address.split_once('?')?;
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let named = pairs.rfind(|(key, _)| self.keys.contains(key));
        let decoded = named
            .map(|(_, path)| percent_decode_str(&path.replace('+', " ")).decode_utf8_lossy().into_owned());
        decoded.map(PathBuf::from)
    }

    /// A variable may hold the certificate itself.
    fn by_environment(&self) -> Option<PathBuf> {
        let value = std::env::var(self.variable).ok()?;
        (!value.trim_start().starts_with("-----BEGIN")).then(|| value.into())
    }

    fn path(&self, address: &str) -> Option<PathBuf> {
        self.by(address).or_else(|| self.by_environment())
    }
}

impl Certificates {
    /// Reads what an address names.
    ///
    /// # Errors
    /// The file that cannot be read, and why.
    pub fn read(&mut self, address: &str) -> Result<(), String> {
        for path in [AUTHORITY, CERTIFICATE, KEY].iter().filter_map(|named| named.path(address)) {
            let content = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            self.0.insert(path, content);
        }
        Ok(())
    }

    /// Puts what was read in the place of the paths.
    #[must_use]
    pub fn given_to(&self, mut options: PgConnectOptions, address: &str) -> PgConnectOptions {
        let content = |named: Named| self.0.get::<Path>(&named.path(address)?);
        if let Some(authority) = content(AUTHORITY) {
            options = options.ssl_root_cert_from_pem(authority.clone());
        }
        if let Some(certificate) = content(CERTIFICATE) {
            options = options.ssl_client_cert_from_pem(certificate);
        }
        if let Some(key) = content(KEY) {
            options = options.ssl_client_key_from_pem(key);
        }
        options
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_by_the_names_that_the_database_client_knows() {
        let address =
            "postgres://ada@db/holdout?sslmode=verify-full&ssl-ca=%2Fetc%2Four%20ca.pem&sslkey=/etc/key";
        assert_eq!(AUTHORITY.by(address), Some(PathBuf::from("/etc/our ca.pem")));
        assert_eq!(KEY.by(address), Some(PathBuf::from("/etc/key")));
        assert_eq!(CERTIFICATE.by(address), None);
        assert_eq!(AUTHORITY.by("postgres://ada@db/holdout"), None);
    }

    #[test]
    fn a_missing_file_is_named_and_its_content_never() {
        let mut certificates = Certificates::default();
        let refused = certificates.read("postgres://db/holdout?sslrootcert=/none/ca.pem").expect_err("none");
        assert!(refused.starts_with("/none/ca.pem: "), "{refused}");
        certificates.0.insert("/etc/key".into(), b"secret".to_vec());
        assert_eq!(format!("{certificates:?}"), r#"{"/etc/key"}"#);
    }
}
