//! How many requests a caller may make: so many a minute for each token, session or visitor's
//! address, and ten times as many for all from one address. Every answer says what is left, in the
//! header fields `RateLimit` and `RateLimit-Policy` of the IETF's draft
//! (draft-ietf-httpapi-ratelimit-headers-10).
//!
//! Kept in this process's memory, and told to the other servers; a restart forgets.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::{StateInformationMiddleware, StateSnapshot};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use crate::accounts::client::Client;
use crate::accounts::limits::neighbourhood;
use crate::accounts::secret::digest;
use crate::app::App;
use crate::error::{AppError, Result};
use crate::fellows::spent::{Spender, Spending, Spent, spend, spender};

/// What a whole address may ask for, as a multiple of what one caller may.
const CALLERS_AN_ADDRESS: u32 = 10;
const MINUTE: u32 = 60;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

type Limiter =
    RateLimiter<Spender, DefaultKeyedStateStore<Spender>, DefaultClock, StateInformationMiddleware>;

/// The limits on requests; `None` where the operator wants none.
pub struct Paces(Option<Both>);

struct Both {
    caller: Pace,
    address: Pace,
    spent: Arc<Spent>,
}

struct Pace {
    name: &'static str,
    a_minute: NonZeroU32,
    limiter: Limiter,
}

impl Paces {
    /// So many requests a minute for a caller; 0 for no limit.
    /// What is spent here is told to the other servers.
    pub fn new(a_minute: u32, spent: Arc<Spent>) -> Self {
        let Some(caller) = NonZeroU32::new(a_minute) else { return Self(None) };
        let address = caller.saturating_mul(NonZeroU32::MIN.saturating_add(CALLERS_AN_ADDRESS - 1));
        Self(Some(Both {
            caller: Pace::new("caller", caller),
            address: Pace::new("address", address),
            spent,
        }))
    }

    /// Takes in what was spent at another server.
    pub fn hear(&self, spending: &Spending) {
        let Some(key) = spending.spender() else { return };
        for pace in self.0.iter().flat_map(|both| [&both.caller, &both.address]) {
            if pace.name == spending.limit {
                spend(spending.n, || pace.limiter.check_key(&key).is_ok());
            }
        }
    }

    /// Forgets those who have been quiet, so that memory does not grow.
    pub fn forget_the_quiet(&self) {
        for pace in self.0.iter().flat_map(|both| [&both.caller, &both.address]) {
            pace.limiter.retain_recent();
        }
    }
}

impl Pace {
    fn new(name: &'static str, a_minute: NonZeroU32) -> Self {
        let limiter = RateLimiter::keyed(Quota::per_minute(a_minute));
        Self { name, a_minute, limiter: limiter.with_middleware::<StateInformationMiddleware>() }
    }

    /// What is left after this request.
    fn pass(&self, key: Spender, spent: &Spent) -> Result<Left, (AppError, Left)> {
        match self.limiter.check_key(&key) {
            Ok(snapshot) => {
                spent.note(self.name, key);
                Ok(self.left(&snapshot))
            }
            Err(until) => {
                let seconds = until.wait_time_from(self.limiter.clock().now()).as_secs() + 1;
                let message = format!("Too many requests. Try again in {seconds} s.");
                let error = AppError::TooMany { message, retry_after_seconds: seconds };
                Err((error, Left { pace: self.name, a_minute: self.a_minute, left: 0, whole_in: seconds }))
            }
        }
    }

    fn left(&self, snapshot: &StateSnapshot) -> Left {
        let left = snapshot.remaining_burst_capacity();
        let missing = self.a_minute.get().saturating_sub(left);
        let whole_in = Duration::from_secs(MINUTE.into()) * missing / self.a_minute.get();
        Left { pace: self.name, a_minute: self.a_minute, left, whole_in: whole_in.as_secs() + 1 }
    }
}

/// What an answer says of its limit.
#[derive(Debug, Clone, Copy)]
struct Left {
    pace: &'static str,
    a_minute: NonZeroU32,
    left: u32,
    /// Seconds until everything may be used again.
    whole_in: u64,
}

impl Left {
    fn write(self, response: &mut Response) {
        let Self { pace, a_minute, left, whole_in } = self;
        let lines = [
            (RATE_LIMIT_POLICY, format!("\"{pace}\";q={a_minute};w={MINUTE}")),
            (RATE_LIMIT, format!("\"{pace}\";r={left};t={whole_in}")),
        ];
        for (name, line) in lines {
            if let Ok(value) = HeaderValue::try_from(line) {
                response.headers_mut().insert(name, value);
            }
        }
    }
}

/// Lets a request pass while its caller and its address have some left.
pub async fn keep(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(both) = &app.paces.0 else { return next.run(request).await };
    let (mut parts, body) = request.into_parts();
    let client = match Client::from_request_parts(&mut parts, &app).await {
        Ok(client) => client,
        Err(error) => return error.into_response(),
    };
    let address = spender(neighbourhood(client.ip).as_bytes());
    let written = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credential = written.map(digest);
    let caller = credential.or(client.session).map_or(address, |credential| spender(&credential));
    let passed = both.address.pass(address, &both.spent).and_then(|_| both.caller.pass(caller, &both.spent));
    let (mut response, left) = match passed {
        Ok(left) => (next.run(Request::from_parts(parts, body)).await, left),
        Err((error, left)) => (error.into_response(), left),
    };
    left.write(&mut response);
    response
}
