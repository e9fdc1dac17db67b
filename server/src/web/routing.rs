//! How addresses come by their handlers: axum's own words, with handlers whose types are forgotten.
//!
//! A handler's type holds the whole state of its future. Where axum and tower compose it further, the compiler proves of
//! each layer anew that the future may cross threads, and writes all of that code once for each of hundreds of handlers.
//! Behind [`Forgotten`] they all have one type: the proof is made once each, and the layers are compiled once.
#![expect(clippy::disallowed_methods, reason = "what is used instead")]

use std::pin::Pin;
use std::sync::Arc;

use axum::extract::Request;
use axum::handler::Handler;
use axum::response::Response;
use axum::routing::{self, MethodRouter};

use crate::app::App;

type Answer = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A handler of any type.
#[derive(Clone)]
pub struct Forgotten(Arc<dyn Fn(Request, App) -> Answer + Send + Sync>);

/// Says by which of axum's rules [`Forgotten`] is a handler: by none, it takes the whole request.
pub struct AsItIs;

impl Handler<AsItIs, App> for Forgotten {
    type Future = Answer;

    fn call(self, request: Request, app: App) -> Answer {
        (self.0)(request, app)
    }
}

/// What can be a handler here: every function that axum takes as one.
pub trait Handles<T>: Handler<T, App, Future = Answer> {}

impl<T, H: Handler<T, App, Future = Answer>> Handles<T> for H {}

pub fn forget<T>(handler: impl Handles<T>) -> Forgotten {
    Forgotten(Arc::new(move |request, app| handler.clone().call(request, app)))
}

pub fn get<T>(handler: impl Handles<T>) -> MethodRouter<App> {
    routing::get(forget(handler))
}

pub fn post<T>(handler: impl Handles<T>) -> MethodRouter<App> {
    routing::post(forget(handler))
}

pub fn put<T>(handler: impl Handles<T>) -> MethodRouter<App> {
    routing::put(forget(handler))
}

pub fn any<T>(handler: impl Handles<T>) -> MethodRouter<App> {
    routing::any(forget(handler))
}

/// A page with a form that is sent to the page's own address.
pub fn form<S, R>(shows: impl Handles<S>, receives: impl Handles<R>) -> MethodRouter<App> {
    get(shows).post(forget(receives))
}
