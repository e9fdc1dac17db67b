//! Addresses of administration.

use crate::ids::UserId;

pub const ADMIN: &str = "/admin";
pub const ADMIN_MAILS: &str = "/admin/mails";
pub const ADMIN_USERS: &str = "/admin/users";
pub const ADMIN_USER_SUSPEND: &str = "/admin/users/{id}/suspend";
pub const ADMIN_USER_UNSUSPEND: &str = "/admin/users/{id}/unsuspend";
pub const ADMIN_USER_APPOINT: &str = "/admin/users/{id}/appoint";
pub const ADMIN_USER_DISMISS: &str = "/admin/users/{id}/dismiss";
pub const ADMIN_USER_TWO_FACTORS: &str = "/admin/users/{id}/two-factors";
pub const ADMIN_QUEUE: &str = "/admin/queue";
pub const ADMIN_SITE: &str = "/admin/site";
pub const ADMIN_LOG: &str = "/admin/log";
pub const API_ADMIN_OVERVIEW: &str = "/api/v1/admin/overview";
pub const API_ADMIN_MAILS: &str = "/api/v1/admin/mails";
pub const API_ADMIN_USERS: &str = "/api/v1/admin/users";
pub const API_ADMIN_USER_SUSPEND: &str = "/api/v1/admin/users/{id}/suspend";
pub const API_ADMIN_USER_UNSUSPEND: &str = "/api/v1/admin/users/{id}/unsuspend";
pub const API_ADMIN_USER_ADMINISTRATOR: &str = "/api/v1/admin/users/{id}/administrator";
pub const API_ADMIN_USER_TWO_FACTORS: &str = "/api/v1/admin/users/{id}/two-factors";
pub const API_ADMIN_FINAL_BOARDS: &str = "/api/v1/admin/final-boards";
pub const API_ADMIN_SITE: &str = "/api/v1/admin/site";
pub const API_ADMIN_LOG: &str = "/api/v1/admin/log";
pub const API_SITE: &str = "/api/v1/site";
pub const API_ADMIN_QUEUE: &str = "/api/v1/admin/queue";

pub fn appoint_user(id: &UserId) -> String {
    format!("/admin/users/{id}/appoint")
}

pub fn dismiss_user(id: &UserId) -> String {
    format!("/admin/users/{id}/dismiss")
}

pub fn reset_two_factors(id: &UserId) -> String {
    format!("/admin/users/{id}/two-factors")
}

pub fn suspend_user(id: &UserId) -> String {
    format!("/admin/users/{id}/suspend")
}

pub fn unsuspend_user(id: &UserId) -> String {
    format!("/admin/users/{id}/unsuspend")
}
