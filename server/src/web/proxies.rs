//! Whose word on a visitor's address is believed: that of the proxies an operator names.

use std::net::IpAddr;
use std::str::FromStr;

use axum::http::HeaderMap;

use crate::outbound;

/// The proxies in front of this server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Proxies {
    /// People reach it themselves: what a header says of their address is their own claim.
    #[default]
    None,
    /// Whatever connects from a private network, as containers beside it do.
    Private,
    /// Those in these networks.
    At(Vec<Network>),
}

/// All addresses that begin like this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    n_bits: u32,
}

impl Proxies {
    /// Where a request comes from, by whoever connected and, if that is one of these, by its word.
    pub fn visitor(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Option<IpAddr> {
        let is_believed = peer.is_some_and(|peer| self.include(peer));
        let told = if is_believed { last_hop(headers) } else { None };
        told.or(peer).map(|ip| ip.to_canonical())
    }

    /// Whether whoever connected is one of these.
    pub fn include(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        match self {
            Self::None => false,
            Self::Private => !outbound::is_public(peer),
            Self::At(networks) => networks.iter().any(|network| network.includes(peer)),
        }
    }
}

impl Network {
    fn includes(self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(ours), IpAddr::V4(ip)) => {
                let differing = (ours.to_bits() ^ ip.to_bits()).checked_shr(32 - self.n_bits);
                differing.unwrap_or(0) == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(ip)) => {
                let differing = (ours.to_bits() ^ ip.to_bits()).checked_shr(128 - self.n_bits);
                differing.unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("“{text}” is no address and no network such as 10.0.0.0/8");
        let (address, n_bits) = match text.split_once('/') {
            Some((address, n_bits)) => (address, Some(n_bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let n_bits = n_bits.unwrap_or(most);
        if n_bits <= most { Ok(Self { address, n_bits }) } else { Err(wrong()) }
    }
}

impl FromStr for Proxies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim() {
            "false" => Ok(Self::None),
            "true" => Ok(Self::Private),
            list => {
                list.split(',').map(|network| network.trim().parse()).collect::<Result<_, _>>().map(Self::At)
            }
        }
    }
}

/// The hop that our own proxy added: the last one. Those before it are the sender's claims.
fn last_hop(headers: &HeaderMap) -> Option<IpAddr> {
    let line = headers.get_all("x-forwarded-for").iter().next_back()?;
    line.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_the_proxys_own_hop_is_believed() {
        let mut headers = HeaderMap::new();
        assert_eq!(last_hop(&headers), None);
        headers.append("x-forwarded-for", "6.6.6.6, 192.0.2.7".parse().unwrap());
        assert_eq!(last_hop(&headers), Some(ip("192.0.2.7")));
        headers.append("x-forwarded-for", "2001:db8::1".parse().unwrap());
        assert_eq!(last_hop(&headers), Some(ip("2001:db8::1")));
    }

    #[test]
    fn a_stranger_who_calls_himself_a_proxy_is_not_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "192.0.2.7".parse().unwrap());
        let asked =
            |proxies: &str, peer: &str| proxies.parse::<Proxies>().unwrap().visitor(Some(ip(peer)), &headers);
        let (told, lan, outside) = (Some(ip("192.0.2.7")), "10.1.2.3", "93.184.216.34");
        assert_eq!(asked("false", lan), Some(ip(lan)));
        assert_eq!(asked("true", lan), told);
        assert_eq!(asked("true", "::ffff:10.1.2.3"), told);
        assert_eq!(asked("true", outside), Some(ip(outside)));
        assert_eq!(asked("10.1.0.0/16, 2001:db8::/32", lan), told);
        assert_eq!(asked("10.1.0.0/16, 2001:db8::/32", "10.2.2.3"), Some(ip("10.2.2.3")));
        assert_eq!(asked("2001:db8::/32", "2001:db8:9::1"), told);
        assert_eq!(asked("0.0.0.0/0", outside), told);
        assert_eq!(asked("93.184.216.34", outside), told);
        assert_eq!(asked("93.184.216.35", outside), Some(ip(outside)));
        assert_eq!("10.1.0.0/16".parse::<Proxies>().unwrap().visitor(None, &headers), None);
        for wrong in ["", "yes", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/8,"] {
            assert!(wrong.parse::<Proxies>().is_err(), "{wrong}");
        }
    }
}
