//! Whose certificates the command line believes: the public authorities that it brings along, or those in the file that
//! `SSL_CERT_FILE` names, as for curl, OpenSSL and Python. A house behind an authority of its own is reached so.

use std::path::Path;

use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use super::fault::{CliError, Outcome};

pub const AUTHORITIES_FILE: &str = "SSL_CERT_FILE";

/// # Errors
/// The file that is named cannot be read, or holds no certificate.
pub fn tls() -> Outcome<TlsConfig> {
    let roots = match std::env::var_os(AUTHORITIES_FILE).filter(|named| !named.is_empty()) {
        Some(file) => RootCerts::from(authorities(Path::new(&file))?),
        None => RootCerts::WebPki,
    };
    Ok(TlsConfig::builder().root_certs(roots).build())
}

fn authorities(file: &Path) -> Outcome<Vec<Certificate<'static>>> {
    let wrong = |why: &str| CliError::Usage(format!("{AUTHORITIES_FILE} names {}, {why}.", file.display()));
    let text = std::fs::read(file).map_err(|error| wrong(&format!("which cannot be read: {error}")))?;
    let found: Vec<_> = parse_pem(&text)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(wrong("which holds no certificate (PEM)"));
    }
    Ok(found)
}
