//! Addresses of boards, of what is found out about them, and of what people keep of them.

pub const BOARD: &str = "/c/{slug}/leaderboard";
pub const BOARD_CSV: &str = "/c/{slug}/leaderboard.csv";
pub const BOARD_COMPARE: &str = "/c/{slug}/leaderboard/compare";
pub const BOARD_PICTURES: &str = "/c/{slug}/leaderboard/pictures";
pub const BOARD_OTHER_METRICS: &str = "/c/{slug}/leaderboard/other-metrics";
pub const SHAKE_UP: &str = "/c/{slug}/shake-up";
pub const OWN_CERTIFICATE: &str = "/c/{slug}/certificate";
/// By its code, which nobody guesses.
pub const CERTIFICATE: &str = "/certificates/{id}";
pub const API_OWN_CERTIFICATE: &str = "/api/v1/competitions/{slug}/certificate";
pub const API_CERTIFICATE: &str = "/api/v1/certificates/{id}";
pub const API_BOARD: &str = "/api/v1/competitions/{slug}/leaderboard";
pub const API_BOARD_CSV: &str = "/api/v1/competitions/{slug}/leaderboard.csv";
pub const API_BOARD_COMPARE: &str = "/api/v1/competitions/{slug}/leaderboard/compare";
pub const API_BOARD_PICTURES: &str = "/api/v1/competitions/{slug}/leaderboard/pictures";
pub const API_BOARD_OTHER_METRICS: &str = "/api/v1/competitions/{slug}/leaderboard/other-metrics";
pub const API_SHAKE_UP: &str = "/api/v1/competitions/{slug}/shake-up";

pub fn board(slug: &str) -> String {
    format!("/c/{slug}/leaderboard")
}

pub fn board_csv(slug: &str) -> String {
    format!("/c/{slug}/leaderboard.csv")
}

pub fn board_compare(slug: &str) -> String {
    format!("/c/{slug}/leaderboard/compare")
}

pub fn board_pictures(slug: &str) -> String {
    format!("/c/{slug}/leaderboard/pictures")
}

pub fn board_other_metrics(slug: &str) -> String {
    format!("/c/{slug}/leaderboard/other-metrics")
}

pub fn shake_up(slug: &str) -> String {
    format!("/c/{slug}/shake-up")
}

pub fn own_certificate(slug: &str) -> String {
    format!("/c/{slug}/certificate")
}

pub fn certificate(code: &uuid::Uuid) -> String {
    format!("/certificates/{code}")
}
