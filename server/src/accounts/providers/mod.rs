//! Signing in at somebody else's: providers of OpenID Connect, as the operator lists them.
//!
//! The flow is that of authorization codes with PKCE, `state` and `nonce`. A person is known by issuer and subject, and
//! never by an address: to link a provider to an account that exists takes being signed in to it. Never here: an access
//! token that is kept, an algorithm that a token chooses, a redirect to elsewhere than the provider.
//! Whoever signs out here may do so there (`sign_out`), and who is signed out there is signed out here (`logout`).
//! Where to start: `flow` leads out and back, `jws` and `token` judge what comes back, `demands` whether that is what the
//! operator asks, `enter` says whose it is, `link` has it known as somebody who is signed in.

pub mod demands;
pub mod discovery;
pub mod enter;
pub mod flow;
pub mod jws;
pub mod link;
pub mod logout;
pub mod model;
pub mod offered;
pub mod settings;
pub mod sign_out;
pub mod store;
pub mod token;
