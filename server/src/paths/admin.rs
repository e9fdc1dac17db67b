//! Addresses of administration.

use crate::ids::{IncidentId, UserId};

pub const ADMIN: &str = "/admin";
pub const ADMIN_MAILS: &str = "/admin/mails";
pub const ADMIN_USERS: &str = "/admin/users";
pub const ADMIN_USER_SUSPEND: &str = "/admin/users/{id}/suspend";
pub const ADMIN_USER_UNSUSPEND: &str = "/admin/users/{id}/unsuspend";
pub const ADMIN_USER_APPOINT: &str = "/admin/users/{id}/appoint";
pub const ADMIN_USER_HOSTING: &str = "/admin/users/{id}/hosting";
pub const ADMIN_USER_DISMISS: &str = "/admin/users/{id}/dismiss";
pub const ADMIN_USER_TWO_FACTORS: &str = "/admin/users/{id}/two-factors";
pub const ADMIN_USER_EMAIL: &str = "/admin/users/{id}/confirm-email";
pub const ADMIN_QUEUE: &str = "/admin/queue";
pub const ADMIN_SITE: &str = "/admin/site";
pub const ADMIN_TEXT: &str = "/admin/texts/{text}";
pub const API_ADMIN_SITE_TEXT: &str = "/api/v1/admin/site/texts/{text}";
pub const API_SITE_TEXT: &str = "/api/v1/site/texts/{text}";
/// What the site says of itself: what it stores, who runs it, on what terms.
pub const PRIVACY: &str = "/privacy";
pub const IMPRINT: &str = "/imprint";
pub const TERMS: &str = "/terms";
pub const API_MY_TERMS: &str = "/api/v1/me/terms";
pub const ADMIN_INCIDENTS: &str = "/admin/incidents";
pub const ADMIN_INCIDENT_UPDATE: &str = "/admin/incidents/{id}/update";
pub const ADMIN_INCIDENT_RESOLVE: &str = "/admin/incidents/{id}/resolve";
pub const ADMIN_RETENTION: &str = "/admin/retention";
pub const ADMIN_RETENTION_ONE: &str = "/admin/retention/{name}";
pub const API_ADMIN_RETENTION: &str = "/api/v1/admin/retention";
pub const API_ADMIN_RETENTION_ONE: &str = "/api/v1/admin/retention/{name}";
pub const ADMIN_ROOM: &str = "/admin/storage";
pub const ADMIN_ROOM_PERSON: &str = "/admin/storage/person";
pub const ADMIN_ROOM_COMPETITION: &str = "/admin/storage/competition";
pub const API_ADMIN_ROOM: &str = "/api/v1/admin/storage";
pub const API_ADMIN_ROOM_OF_PERSON: &str = "/api/v1/admin/storage/people/{username}";
pub const API_ADMIN_ROOM_OF_COMPETITION: &str = "/api/v1/admin/storage/competitions/{slug}";
pub const API_MY_ROOM: &str = "/api/v1/me/storage";
pub const API_ROOM_OF_COMPETITION: &str = "/api/v1/competitions/{slug}/storage";
pub const ADMIN_LOG: &str = "/admin/log";
pub const API_ADMIN_INCIDENTS: &str = "/api/v1/admin/incidents";
pub const API_ADMIN_INCIDENT_UPDATES: &str = "/api/v1/admin/incidents/{id}/updates";
pub const API_ADMIN_INCIDENT_RESOLVE: &str = "/api/v1/admin/incidents/{id}/resolve";
/// What the site holds about somebody, for them.
pub const SETTINGS_DATA: &str = "/settings/data";
pub const SETTINGS_DATA_EXPORT: &str = "/settings/data/export";
pub const SETTINGS_DATA_DELETE: &str = "/settings/data/delete";
pub const SETTINGS_DATA_KEEP: &str = "/settings/data/keep";
pub const API_MY_DATA: &str = "/api/v1/me/data";
pub const API_MY_DELETION: &str = "/api/v1/me/deletion";
/// How the site is: for everybody, and also when little else works.
pub const STATUS: &str = "/status";
pub const STATUS_HISTORY: &str = "/status/history";
pub const API_STATUS: &str = "/api/v1/status";
pub const API_INCIDENTS: &str = "/api/v1/incidents";
pub const API_ADMIN_OVERVIEW: &str = "/api/v1/admin/overview";
pub const API_ADMIN_MAILS: &str = "/api/v1/admin/mails";
pub const API_ADMIN_USERS: &str = "/api/v1/admin/users";
pub const API_ADMIN_USER_SUSPEND: &str = "/api/v1/admin/users/{id}/suspend";
pub const API_ADMIN_USER_UNSUSPEND: &str = "/api/v1/admin/users/{id}/unsuspend";
pub const API_ADMIN_USER_HOSTING: &str = "/api/v1/admin/users/{id}/hosting";
pub const API_ADMIN_USER_ADMINISTRATOR: &str = "/api/v1/admin/users/{id}/administrator";
pub const API_ADMIN_USER_TWO_FACTORS: &str = "/api/v1/admin/users/{id}/two-factors";
pub const API_ADMIN_USER_EMAIL: &str = "/api/v1/admin/users/{id}/email-confirmation";
pub const API_ADMIN_FINAL_BOARDS: &str = "/api/v1/admin/final-boards";
pub const API_ADMIN_SITE: &str = "/api/v1/admin/site";
pub const API_ADMIN_LOG: &str = "/api/v1/admin/log";
pub const API_SITE: &str = "/api/v1/site";
pub const API_ADMIN_QUEUE: &str = "/api/v1/admin/queue";

pub fn hosting_of(id: &UserId) -> String {
    format!("/admin/users/{id}/hosting")
}

pub fn appoint_user(id: &UserId) -> String {
    format!("/admin/users/{id}/appoint")
}

pub fn dismiss_user(id: &UserId) -> String {
    format!("/admin/users/{id}/dismiss")
}

pub fn reset_two_factors(id: &UserId) -> String {
    format!("/admin/users/{id}/two-factors")
}

pub fn confirm_email_of(id: &UserId) -> String {
    format!("/admin/users/{id}/confirm-email")
}

pub fn suspend_user(id: &UserId) -> String {
    format!("/admin/users/{id}/suspend")
}

pub fn unsuspend_user(id: &UserId) -> String {
    format!("/admin/users/{id}/unsuspend")
}

pub fn update_incident(id: IncidentId) -> String {
    format!("/admin/incidents/{id}/update")
}

pub fn admin_text(name: &str) -> String {
    format!("/admin/texts/{name}")
}

pub fn resolve_incident(id: IncidentId) -> String {
    format!("/admin/incidents/{id}/resolve")
}

pub fn status_history(before: &i64) -> String {
    format!("{STATUS_HISTORY}?before={before}")
}

pub fn change_retention(name: &str) -> String {
    format!("/admin/retention/{name}")
}
