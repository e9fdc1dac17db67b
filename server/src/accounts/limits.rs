//! How often somebody may try: sign-in, registration, reset and letters that confirm, each by address and by account; and how
//! often an address may send logout tokens, of which a provider has many to send at once.
//!
//! Kept in this process's memory, and told to the other servers; a restart forgets. Limits of a competition are not here: those
//! are counted by the database.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::Clock;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::accounts::client::Client;
use crate::accounts::model::Member;
use crate::error::{AppError, Result};
use crate::fellows::spent::{Spender, Spending, Spent, spend, spender};

/// A burst, and after it one more each so many seconds.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub burst: u32,
    pub seconds_each: u64,
}

/// Keyed by address: generous, since a class may sit behind one. Keyed by account: tight, since
/// that is where a password is guessed.
struct Pair {
    by_address: Shared,
    by_account: Shared,
}

/// A limit that holds for all servers together.
struct Shared {
    what: &'static str,
    name: &'static str,
    limiter: DefaultKeyedRateLimiter<Spender>,
}

pub struct Limits {
    sign_in: Pair,
    register: Pair,
    reset: Pair,
    confirm: Pair,
    confirm_of_person: Shared,
    logout: Shared,
    spent: Arc<Spent>,
}

impl Default for Limits {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

impl Limits {
    /// What is spent here is told to the other servers.
    pub fn new(spent: Arc<Spent>) -> Self {
        let pace = |burst, seconds_each| Pace { burst, seconds_each };
        Self {
            sign_in: Pair::new(
                "attempts to sign in",
                ["sign_in.address", "sign_in.account"],
                pace(100, 2),
                pace(10, 30),
            ),
            register: Pair::new(
                "registrations",
                ["register.address", "register.account"],
                pace(100, 30),
                pace(5, 60),
            ),
            reset: Pair::new(
                "password resets",
                ["reset.address", "reset.account"],
                pace(20, 30),
                pace(3, 600),
            ),
            confirm: Pair::new(
                "emails to confirm an address",
                ["confirm.address", "confirm.account"],
                pace(20, 30),
                pace(3, 600),
            ),
            confirm_of_person: Shared::new("emails to confirm an address", "confirm.person", pace(5, 600)),
            logout: Shared::new("logout tokens", "logout.address", pace(1000, 1)),
            spent,
        }
    }

    /// # Errors
    /// [`AppError::TooMany`] when this address or this account has tried too often.
    pub fn sign_in(&self, client: &Client, account: &str) -> Result<()> {
        self.sign_in.pass(client, account, &self.spent)
    }

    /// # Errors
    /// As [`Limits::sign_in`].
    pub fn register(&self, client: &Client, email: &str) -> Result<()> {
        self.register.pass(client, email, &self.spent)
    }

    /// # Errors
    /// As [`Limits::sign_in`].
    pub fn reset(&self, client: &Client, account: &str) -> Result<()> {
        self.reset.pass(client, account, &self.spent)
    }

    /// Letters go to addresses that nobody confirmed: each gets few, and each person has few sent, wherever to.
    ///
    /// # Errors
    /// As [`Limits::sign_in`].
    pub fn confirm(&self, client: &Client, member: &Member, email: &str) -> Result<()> {
        self.confirm_of_person.pass(&member.username, &self.spent)?;
        self.confirm.pass(client, email, &self.spent)
    }

    /// # Errors
    /// [`AppError::TooMany`] when this address has sent too many.
    pub fn logout(&self, client: &Client) -> Result<()> {
        self.logout.pass(&neighbourhood(client.ip), &self.spent)
    }

    /// Forgets those who have been quiet, so that memory does not grow.
    pub fn forget_the_quiet(&self) {
        for shared in self.all() {
            shared.limiter.retain_recent();
        }
    }

    /// Takes in what was spent at another server.
    pub fn hear(&self, spending: &Spending) {
        let Some(key) = spending.spender() else { return };
        for shared in self.all().filter(|shared| shared.name == spending.limit) {
            spend(spending.n, || shared.limiter.check_key(&key).is_ok());
        }
    }

    fn all(&self) -> impl Iterator<Item = &Shared> {
        let pairs = [&self.sign_in, &self.register, &self.reset, &self.confirm];
        pairs
            .into_iter()
            .flat_map(|pair| [&pair.by_address, &pair.by_account])
            .chain([&self.confirm_of_person, &self.logout])
    }
}

impl Pair {
    fn new(what: &'static str, names: [&'static str; 2], by_address: Pace, by_account: Pace) -> Self {
        let [address, account] = names;
        Self {
            by_address: Shared::new(what, address, by_address),
            by_account: Shared::new(what, account, by_account),
        }
    }

    fn pass(&self, client: &Client, account: &str, spent: &Spent) -> Result<()> {
        self.by_address.pass(&neighbourhood(client.ip), spent)?;
        self.by_account.pass(&account.trim().to_lowercase(), spent)
    }
}

impl Shared {
    fn new(what: &'static str, name: &'static str, pace: Pace) -> Self {
        Self { what, name, limiter: RateLimiter::keyed(quota(pace)) }
    }

    fn pass(&self, who: &str, spent: &Spent) -> Result<()> {
        let (key, limiter) = (spender(who.as_bytes()), &self.limiter);
        limiter.check_key(&key).map(|()| spent.note(self.name, key)).map_err(|until| {
            let wait = until.wait_time_from(limiter.clock().now());
            let seconds = wait.as_secs() + 1;
            let unit = if seconds == 1 { "second" } else { "seconds" };
            AppError::TooMany {
                message: format!("Too many {}. Try again in {seconds} {unit}.", self.what),
                retry_after_seconds: seconds,
            }
        })
    }
}

fn quota(pace: Pace) -> Quota {
    let burst = NonZeroU32::new(pace.burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(Duration::from_secs(pace.seconds_each))
        .unwrap_or_else(|| Quota::per_second(NonZeroU32::MIN))
        .allow_burst(burst)
}

/// The key of an address. Of IPv6 the first 64 bits: the rest is a household's to choose.
pub fn neighbourhood(ip: Option<IpAddr>) -> String {
    match ip {
        None => String::new(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(ip: &str) -> Client {
        Client { ip: ip.parse().ok(), ..Client::default() }
    }

    #[test]
    fn an_account_is_limited_wherever_the_attempts_come_from() {
        let limits = Limits::default();
        for attempt in 0..10 {
            assert!(limits.sign_in(&from(&format!("192.0.2.{attempt}")), "ada").is_ok());
        }
        let refused = limits.sign_in(&from("192.0.2.99"), " ADA ");
        assert!(matches!(refused, Err(AppError::TooMany { retry_after_seconds: 1..=31, .. })));
        assert!(limits.sign_in(&from("192.0.2.99"), "grace").is_ok());
    }

    #[test]
    fn an_address_is_limited_whatever_account_it_tries() {
        let limits = Limits::default();
        let tried = (0..200).filter(|n| limits.sign_in(&from("192.0.2.1"), &n.to_string()).is_ok()).count();
        assert!((100..110).contains(&tried), "{tried}");
        assert!(limits.sign_in(&from("192.0.2.2"), "ada").is_ok());
    }

    #[test]
    fn a_provider_may_sign_a_whole_class_out_and_no_address_may_flood() {
        let limits = Limits::default();
        let sent = (0..3000).filter(|_| limits.logout(&from("192.0.2.1")).is_ok()).count();
        assert!((1000..1100).contains(&sent), "{sent}");
        assert!(limits.logout(&from("192.0.2.2")).is_ok());
    }

    #[test]
    fn neighbours_of_one_ipv6_network_share_a_limit() {
        let key = |ip: &str| neighbourhood(ip.parse().ok());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }
}
