//! Addresses of what hosts alone see and do while a competition runs, of what they tell everybody, and of what
//! follows when it is over.

use crate::ids::{BulletinId, IncidentId};

pub const PAGE_HISTORY: &str = "/c/{slug}/p/{page}/history";
pub const PAGE_COMPARE: &str = "/c/{slug}/p/{page}/compare";
pub const HOST_PAGE_RESTORE: &str = "/c/{slug}/host/pages/{page}/restore";
pub const API_PAGE_VERSIONS: &str = "/api/v1/competitions/{slug}/pages/{page}/versions";
pub const API_PAGE_VERSION: &str = "/api/v1/competitions/{slug}/pages/{page}/versions/{version}";
pub const API_PAGE_DIFF: &str = "/api/v1/competitions/{slug}/pages/{page}/diff";
pub const API_PAGE_RESTORE: &str = "/api/v1/competitions/{slug}/pages/{page}/restore";
pub const HOST_SIMILAR: &str = "/c/{slug}/host/similar";
pub const API_COMPARISONS: &str = "/api/v1/competitions/{slug}/comparisons";
pub const API_COMPARISON: &str = "/api/v1/competitions/{slug}/comparisons/{id}";
pub const HOST_PROBING: &str = "/c/{slug}/host/probing";
pub const API_PROBING: &str = "/api/v1/competitions/{slug}/probing";
pub const HOST_SENT: &str = "/c/{slug}/host/submissions";
pub const HOST_SENT_CSV: &str = "/c/{slug}/host/submissions.csv";
pub const API_SENT: &str = "/api/v1/competitions/{slug}/all-submissions";
pub const HOST_BASELINES: &str = "/c/{slug}/host/baselines";
pub const API_BASELINES: &str = "/api/v1/competitions/{slug}/baselines";
pub const HOST_MEDALS: &str = "/c/{slug}/host/medals";
pub const API_COMPETITION_MEDALS: &str = "/api/v1/competitions/{slug}/medals";
pub const ANNOUNCEMENTS: &str = "/c/{slug}/announcements";
pub const HOST_ANNOUNCEMENTS: &str = "/c/{slug}/host/announcements";
pub const HOST_ANNOUNCEMENT: &str = "/c/{slug}/host/announcements/{id}";
pub const HOST_ANNOUNCEMENT_WITHDRAW: &str = "/c/{slug}/host/announcements/{id}/withdraw";
pub const API_ANNOUNCEMENTS: &str = "/api/v1/competitions/{slug}/announcements";
pub const API_ANNOUNCEMENT: &str = "/api/v1/competitions/{slug}/announcements/{id}";
pub const API_ANNOUNCEMENT_WITHDRAW: &str = "/api/v1/competitions/{slug}/announcements/{id}/withdraw";
pub const CHANGES: &str = "/c/{slug}/changes";
pub const API_CHANGES: &str = "/api/v1/competitions/{slug}/changes";
pub const HOST_EXTENSIONS: &str = "/c/{slug}/host/extensions";
pub const HOST_EXTENSION: &str = "/c/{slug}/host/extensions/{id}";
pub const API_EXTENSIONS: &str = "/api/v1/competitions/{slug}/extensions";
pub const API_EXTENSION: &str = "/api/v1/competitions/{slug}/extensions/{id}";
pub const WINNERS: &str = "/c/{slug}/winners";
pub const HOST_CLOSING: &str = "/c/{slug}/host/closing";
pub const API_WINNERS: &str = "/api/v1/competitions/{slug}/winners";
pub const HOST_RECOMPUTED: &str = "/c/{slug}/host/recomputed";
pub const API_RECOMPUTED_BOARD: &str = "/api/v1/competitions/{slug}/recomputed-board";
pub const HOST_HOSTS: &str = "/c/{slug}/host/hosts";
pub const HOST_HOSTS_REMOVE: &str = "/c/{slug}/host/hosts/{username}/remove";
pub const API_HOSTS: &str = "/api/v1/competitions/{slug}/hosts";
pub const API_HOST: &str = "/api/v1/competitions/{slug}/hosts/{username}";
pub const HOST_DISCARD: &str = "/c/{slug}/host/discard";
pub const HOST_UNLAUNCH: &str = "/c/{slug}/host/unlaunch";
pub const HOST_COPY: &str = "/c/{slug}/host/copy";
pub const API_COPY: &str = "/api/v1/competitions/{slug}/copy";

pub fn page_history(slug: &str, page: &str) -> String {
    format!("/c/{slug}/p/{page}/history")
}

pub fn page_compare(slug: &str, page: &str, from: i32, to: i32) -> String {
    format!("/c/{slug}/p/{page}/compare?from={from}&to={to}")
}

pub fn host_page_restore(slug: &str, page: &str) -> String {
    format!("/c/{slug}/host/pages/{page}/restore")
}

pub fn host_discard(slug: &str) -> String {
    format!("/c/{slug}/host/discard")
}

pub fn host_unlaunch(slug: &str) -> String {
    format!("/c/{slug}/host/unlaunch")
}

pub fn host_baselines(slug: &str) -> String {
    format!("/c/{slug}/host/baselines")
}

pub fn host_medals(slug: &str) -> String {
    format!("/c/{slug}/host/medals")
}

pub fn host_similar(slug: &str) -> String {
    format!("/c/{slug}/host/similar")
}

pub fn host_sent(slug: &str) -> String {
    format!("/c/{slug}/host/submissions")
}

pub fn host_sent_csv(slug: &str) -> String {
    format!("/c/{slug}/host/submissions.csv")
}

pub fn host_probing(slug: &str) -> String {
    format!("/c/{slug}/host/probing")
}

pub fn announcements(slug: &str) -> String {
    format!("/c/{slug}/announcements")
}

pub fn host_announcements(slug: &str) -> String {
    format!("/c/{slug}/host/announcements")
}

pub fn host_announcement(slug: &str, id: BulletinId) -> String {
    format!("/c/{slug}/host/announcements/{id}")
}

pub fn host_announcement_withdraw(slug: &str, id: BulletinId) -> String {
    format!("/c/{slug}/host/announcements/{id}/withdraw")
}

pub fn changes(slug: &str) -> String {
    format!("/c/{slug}/changes")
}

pub fn host_extensions(slug: &str) -> String {
    format!("/c/{slug}/host/extensions")
}

pub fn host_extension(slug: &str, id: IncidentId) -> String {
    format!("/c/{slug}/host/extensions/{id}")
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
