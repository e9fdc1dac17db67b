//! Requests that this server sends of its own accord: to hosts' webhooks, to providers of sign-in. What a name resolves to
//! is looked at before anything is sent, and the connection goes to just that: no name can lead into a private network,
//! today or after a change. Redirects are not followed and no proxy is asked.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

/// How far requests may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// To the open Internet.
    Public,
    /// There, and to these hosts, wherever they are.
    PublicAnd(Vec<String>),
    Anywhere,
}

/// Sends requests, each within `patience`. A status that tells of a fault is an answer like others.
pub fn agent(patience: Duration, reach: Reach) -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(patience))
        .proxy(None)
        .tls_config(system_trust())
        .user_agent(concat!("Holdout/", env!("CARGO_PKG_VERSION")))
        .build();
    let resolver = Guard { inner: DefaultResolver::default(), reach };
    ureq::Agent::with_parts(config, DefaultConnector::default(), resolver)
}

/// Trusts the authorities that the system trusts, so that those of a company or university can be added in one place.
pub fn system_trust() -> TlsConfig {
    TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build()
}

#[derive(Debug)]
struct Guard {
    inner: DefaultResolver,
    reach: Reach,
}

impl Guard {
    fn knows(&self, uri: &Uri) -> bool {
        match &self.reach {
            Reach::Public => false,
            Reach::PublicAnd(hosts) => uri.host().is_some_and(|host| hosts.iter().any(|known| known == host)),
            Reach::Anywhere => true,
        }
    }
}

impl Resolver for Guard {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.inner.resolve(uri, config, timeout)?;
        if self.knows(uri) || found.iter().all(|address| is_public(address.ip())) {
            return Ok(found);
        }
        let sentence = "this address leads into a private network, where nothing is sent";
        Err(ureq::Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, sentence)))
    }
}

/// Whether an address is one of the open Internet (IANA's special-purpose address registries).
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 240..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18..=19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=239, _, _)
    );
    !is_special
}

/// Of IPv6 only global unicast, without what wraps an IPv4 address or is set apart.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    if let Some(wrapped) = ip.to_ipv4_mapped() {
        return is_public_v4(wrapped);
    }
    let [first, second, ..] = ip.segments();
    let is_global = first & 0xe000 == 0x2000;
    let is_set_apart = first == 0x2002 // 6to4
        || (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) // Teredo and others; documentation
        || first & 0xfff0 == 0x3ff0; // documentation
    is_global && !is_set_apart
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_public() {
        let public = ["93.184.216.34", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111"];
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
        ];
        for ip in public {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in private {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
    }
}
