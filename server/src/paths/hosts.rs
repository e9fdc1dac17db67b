//! Addresses of what hosts alone see and do while a competition runs, and after it.

pub const HOST_SIMILAR: &str = "/c/{slug}/host/similar";
pub const API_COMPARISONS: &str = "/api/v1/competitions/{slug}/comparisons";
pub const API_COMPARISON: &str = "/api/v1/competitions/{slug}/comparisons/{id}";

pub fn host_similar(slug: &str) -> String {
    format!("/c/{slug}/host/similar")
}
