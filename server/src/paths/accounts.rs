//! Addresses of the second factor.

pub const SIGN_IN_CODE: &str = "/sign-in/code";
pub const SETTINGS_TWO_FACTORS: &str = "/settings/two-factors";
pub const SETTINGS_TWO_FACTORS_BEGIN: &str = "/settings/two-factors/begin";
pub const SETTINGS_TWO_FACTORS_CONFIRM: &str = "/settings/two-factors/confirm";
pub const SETTINGS_TWO_FACTORS_CODES: &str = "/settings/two-factors/codes";
pub const SETTINGS_TWO_FACTORS_END: &str = "/settings/two-factors/end";
pub const API_TWO_FACTORS: &str = "/api/v1/me/two-factors";
pub const API_TWO_FACTORS_CONFIRM: &str = "/api/v1/me/two-factors/confirm";
pub const API_TWO_FACTORS_CODES: &str = "/api/v1/me/two-factors/recovery-codes";
pub const API_TWO_FACTORS_END: &str = "/api/v1/me/two-factors/end";
