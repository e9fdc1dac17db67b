//! Pages about accounts: a file per group of pages.

pub mod addresses;
pub mod become_admin;
pub mod entrance;
pub mod profile;
pub mod providers;
pub mod recovery;
pub mod settings;
pub mod sign_out;
pub mod tokens;
pub mod two_factors;

use axum::Router;

use crate::app::App;

pub fn router() -> Router<App> {
    Router::new()
        .merge(entrance::router())
        .merge(sign_out::router())
        .merge(recovery::router())
        .merge(become_admin::router())
        .merge(settings::router())
        .merge(addresses::router())
        .merge(tokens::router())
        .merge(two_factors::router())
        .merge(providers::router())
        .merge(profile::router())
}

/// Where to go after signing in: a path of this site, never another site.
pub fn local_path(next: &str) -> &str {
    let is_local = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_local && is_plain { next } else { crate::paths::HOME }
}

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        assert_eq!(local_path("/c/houses/submit?x=1"), "/c/houses/submit?x=1");
        for foreign in
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "c/x", "/é"]
        {
            assert_eq!(local_path(foreign), "/", "{foreign}");
        }
    }
}
