//! The pages of the room: the list, a competition's texts and data, the metric catalogue, the
//! host's side.

pub mod changes;
pub mod data;
pub mod history;
pub mod home;
pub mod metrics;
pub mod mine;
pub mod new;
pub mod setup;
pub mod texts;

use axum::Router;

use crate::app::App;

pub fn router() -> Router<App> {
    Router::new()
        .merge(home::router())
        .merge(mine::router())
        .merge(texts::router())
        .merge(changes::router())
        .merge(history::router())
        .merge(data::router())
        .merge(metrics::router())
        .merge(new::router())
        .merge(setup::router())
}
