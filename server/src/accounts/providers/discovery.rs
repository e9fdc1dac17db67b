//! What a provider says of itself: its addresses and keys, asked for by one request at a time and kept for an hour. Keys
//! that rotate are asked for again when a token names one that is not known, within a pace: one for tokens that the
//! provider gave us itself, and a slow one for those that anybody may send. A provider that does not answer is left
//! alone for a moment, and what was known of it holds on.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;
use ureq::http::Uri;

use super::jws::Key;
use super::settings::Provider;
use crate::error::{AppError, Result};
use crate::outbound::{self, Reach};

const KEPT: Duration = Duration::from_secs(3600);
const LEFT_ALONE: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_ANSWER: u64 = 1 << 20;
const MOST_KEY_REQUESTS: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const MOST_KEY_REQUESTS_OF_ANYBODY: NonZeroU32 = NonZeroU32::new(2).expect("not zero");
const SILENT: &str = "it did not answer as it should";

/// The document at `/.well-known/openid-configuration` (OpenID Connect Discovery 1.0), as far as it is used.
#[derive(Debug, Clone, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    pub jwks_uri: String,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// RFC 9207: its answers name it, and one that does not is none of its.
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
    /// Where people sign out (OpenID Connect RP-Initiated Logout 1.0).
    pub end_session_endpoint: Option<String>,
}

/// Where a token comes from that names a key which is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// From the provider, which was asked for it.
    Provider,
    /// From whoever can send a request.
    Anybody,
}

#[derive(Debug, Deserialize)]
struct Keys {
    keys: Vec<serde_json::Value>,
}

#[derive(Debug)]
pub struct Known {
    pub metadata: Metadata,
    pub keys: Vec<Key>,
    at: Instant,
}

#[derive(Default)]
struct State {
    known: Option<Arc<Known>>,
    failed_at: Option<Instant>,
}

/// One provider; whoever asks it holds the lock.
struct Place {
    state: Mutex<State>,
    key_requests: DefaultDirectRateLimiter,
    key_requests_of_anybody: DefaultDirectRateLimiter,
}

/// What is known of all providers, by issuer.
pub struct Discovered {
    agent: ureq::Agent,
    places: HashMap<String, Place>,
}

impl Discovered {
    /// An operator may list a provider of the own network. What that names besides itself is on the open Internet.
    pub fn new(providers: &[Provider]) -> Self {
        let host = |provider: &Provider| Some(provider.issuer.parse::<Uri>().ok()?.host()?.to_owned());
        let place = |provider: &Provider| {
            let a_minute = |most| RateLimiter::direct(Quota::per_minute(most));
            let place = Place {
                state: Mutex::default(),
                key_requests: a_minute(MOST_KEY_REQUESTS),
                key_requests_of_anybody: a_minute(MOST_KEY_REQUESTS_OF_ANYBODY),
            };
            (provider.issuer.clone(), place)
        };
        Self {
            agent: outbound::agent(PATIENCE, Reach::PublicAnd(providers.iter().filter_map(host).collect())),
            places: providers.iter().map(place).collect(),
        }
    }

    /// A provider's addresses and keys.
    ///
    /// # Errors
    /// [`AppError::Refused`] when it does not answer, or says that it is another.
    pub async fn of(&self, provider: &Provider) -> Result<Arc<Known>> {
        let place = self.place(provider)?;
        let State { known, failed_at } = &mut *place.state.lock().await;
        let kept = known.clone().filter(|known| known.at.elapsed() < KEPT);
        let is_left_alone = failed_at.is_some_and(|at| at.elapsed() < LEFT_ALONE);
        match kept {
            Some(kept) => Ok(kept),
            None if is_left_alone => known.clone().ok_or_else(|| refused(provider, SILENT)),
            None => match self.ask(provider).await {
                Ok(told) => Ok(known.insert(told).clone()),
                Err(error) => {
                    *failed_at = Some(Instant::now());
                    known.clone().ok_or(error)
                }
            },
        }
    }

    /// The same, asked for again: a token names a key that is not known. Nobody else waits for the answer.
    ///
    /// # Errors
    /// As [`Discovered::of`]; [`AppError::Refused`] when that happens too often.
    pub async fn anew(&self, provider: &Provider, source: Source) -> Result<Arc<Known>> {
        let place = self.place(provider)?;
        let pace = match source {
            Source::Provider => &place.key_requests,
            Source::Anybody => &place.key_requests_of_anybody,
        };
        if pace.check().is_err() {
            return Err(refused(provider, "its keys were asked for too often"));
        }
        let told = self.ask(provider).await?;
        Ok(place.state.lock().await.known.insert(told).clone())
    }

    async fn ask(&self, provider: &Provider) -> Result<Arc<Known>> {
        let issuer = provider.issuer.trim_end_matches('/');
        let mut metadata: Metadata =
            self.get(provider, format!("{issuer}/.well-known/openid-configuration")).await?;
        if metadata.issuer != provider.issuer {
            return Err(refused(provider, "it says that it is another"));
        }
        let addresses = [&metadata.authorization_endpoint, &metadata.token_endpoint, &metadata.jwks_uri];
        let scheme = provider.issuer.split("://").next().unwrap_or("https");
        let is_as_safe = |address: &String| address.starts_with(&format!("{scheme}://"));
        if !addresses.into_iter().all(is_as_safe) {
            return Err(refused(provider, "it names addresses that are not encrypted"));
        }
        // People are led there by a link, which no other scheme may be.
        metadata.end_session_endpoint = metadata.end_session_endpoint.filter(is_as_safe);
        let told: Keys = self.get(provider, metadata.jwks_uri.clone()).await?;
        // A key of a kind that is not known here is no reason to know none.
        let keys = told.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        Ok(Arc::new(Known { metadata, keys, at: Instant::now() }))
    }

    fn place(&self, provider: &Provider) -> Result<&Place> {
        self.places.get(&provider.issuer).ok_or(AppError::NotFound)
    }

    async fn get<T: DeserializeOwned + Send + 'static>(
        &self,
        provider: &Provider,
        address: String,
    ) -> Result<T> {
        self.run(provider, move |agent| agent.get(&address).header("accept", "application/json").call()).await
    }

    /// Sends a form, with the client's credentials in a header.
    ///
    /// # Errors
    /// [`AppError::Refused`] when the provider refuses.
    pub async fn post<T: DeserializeOwned + Send + 'static>(
        &self,
        provider: &Provider,
        address: String,
        authorization: Option<String>,
        form: String,
    ) -> Result<T> {
        self.run(provider, move |agent| {
            let request = agent.post(&address).header("content-type", "application/x-www-form-urlencoded");
            let request =
                authorization.iter().fold(request, |request, value| request.header("authorization", value));
            request.header("accept", "application/json").send(form)
        })
        .await
    }

    async fn run<T: DeserializeOwned + Send + 'static>(
        &self,
        provider: &Provider,
        send: impl FnOnce(&ureq::Agent) -> Result<ureq::http::Response<ureq::Body>, ureq::Error> + Send + 'static,
    ) -> Result<T> {
        let agent = self.agent.clone();
        let answered = tokio::task::spawn_blocking(move || -> anyhow::Result<T> {
            let mut answer = send(&agent)?;
            anyhow::ensure!(answer.status().is_success(), "the status {}", answer.status());
            let bytes = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec()?;
            Ok(serde_json::from_slice(&bytes)?)
        });
        let answered = answered.await.map_err(anyhow::Error::from)?;
        answered.map_err(|error| {
            tracing::warn!(provider = %provider.name, %error, "a provider of sign-in did not answer as it should");
            refused(provider, SILENT)
        })
    }
}

/// The one sentence of all that goes wrong with a provider.
pub fn refused(provider: &Provider, why: &str) -> AppError {
    AppError::refused(format!("Signing in with {} did not work: {why}. Try again.", provider.title))
}
