//! Addresses of boards, and of what is found out about them.

pub const BOARD: &str = "/c/{slug}/leaderboard";
pub const BOARD_CSV: &str = "/c/{slug}/leaderboard.csv";
pub const BOARD_COMPARE: &str = "/c/{slug}/leaderboard/compare";
pub const SHAKE_UP: &str = "/c/{slug}/shake-up";
pub const API_BOARD: &str = "/api/v1/competitions/{slug}/leaderboard";
pub const API_BOARD_CSV: &str = "/api/v1/competitions/{slug}/leaderboard.csv";
pub const API_BOARD_COMPARE: &str = "/api/v1/competitions/{slug}/leaderboard/compare";
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

pub fn shake_up(slug: &str) -> String {
    format!("/c/{slug}/shake-up")
}
