//! Addresses of what hosts alone see and do while a competition runs, and of what follows when it is over.

pub const HOST_SIMILAR: &str = "/c/{slug}/host/similar";
pub const API_COMPARISONS: &str = "/api/v1/competitions/{slug}/comparisons";
pub const API_COMPARISON: &str = "/api/v1/competitions/{slug}/comparisons/{id}";
pub const WINNERS: &str = "/c/{slug}/winners";
pub const HOST_CLOSING: &str = "/c/{slug}/host/closing";
pub const API_WINNERS: &str = "/api/v1/competitions/{slug}/winners";
pub const HOST_RECOMPUTED: &str = "/c/{slug}/host/recomputed";
pub const API_RECOMPUTED_BOARD: &str = "/api/v1/competitions/{slug}/recomputed-board";
pub const HOST_HOSTS: &str = "/c/{slug}/host/hosts";
pub const HOST_HOSTS_REMOVE: &str = "/c/{slug}/host/hosts/{username}/remove";
pub const API_HOSTS: &str = "/api/v1/competitions/{slug}/hosts";
pub const API_HOST: &str = "/api/v1/competitions/{slug}/hosts/{username}";
pub const HOST_COPY: &str = "/c/{slug}/host/copy";
pub const API_COPY: &str = "/api/v1/competitions/{slug}/copy";

pub fn host_similar(slug: &str) -> String {
    format!("/c/{slug}/host/similar")
}

pub fn winners(slug: &str) -> String {
    format!("/c/{slug}/winners")
}

pub fn host_closing(slug: &str) -> String {
    format!("/c/{slug}/host/closing")
}

pub fn host_recomputed(slug: &str) -> String {
    format!("/c/{slug}/host/recomputed")
}

pub fn host_hosts(slug: &str) -> String {
    format!("/c/{slug}/host/hosts")
}

pub fn host_hosts_remove(slug: &str, username: &str) -> String {
    format!("/c/{slug}/host/hosts/{username}/remove")
}

pub fn host_copy(slug: &str) -> String {
    format!("/c/{slug}/host/copy")
}
