//! Addresses of a member's own competitions, of confirming an e-mail address, of the second factor, of signing in and out elsewhere, and of what happened to an account.

pub const MINE_HOSTED: &str = "/mine/hosted";
pub const MINE_JOINED: &str = "/mine/joined";
pub const MINE_INVITED: &str = "/mine/invited";
pub const API_MINE_HOSTED: &str = "/api/v1/me/competitions/hosted";
pub const API_MINE_JOINED: &str = "/api/v1/me/competitions/joined";
pub const API_MINE_INVITED: &str = "/api/v1/me/competitions/invited";
pub const SETTINGS_EMAIL: &str = "/settings/email";
pub const SETTINGS_EMAIL_LETTER: &str = "/settings/email/letter";
pub const SETTINGS_EMAIL_WITHDRAW: &str = "/settings/email/withdraw";
pub const CONFIRM_EMAIL: &str = "/confirm-email/{token}";
pub const API_EMAIL: &str = "/api/v1/me/email";
pub const API_EMAIL_LETTERS: &str = "/api/v1/me/email/letters";
pub const API_EMAIL_CONFIRMATIONS: &str = "/api/v1/email-confirmations";
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
pub const PROVIDER: &str = "/sign-in/with/{provider}";
pub const PROVIDER_RETURN: &str = "/sign-in/with/{provider}/return";
pub const PROVIDER_LOGOUT: &str = "/sign-in/with/{provider}/back-channel-logout";
pub const SIGNED_OUT: &str = "/signed-out";
pub const SETTINGS_IDENTITIES: &str = "/settings/identities";
pub const SETTINGS_IDENTITY_LINK: &str = "/settings/identities/{provider}/link";
pub const SETTINGS_IDENTITY_UNLINK: &str = "/settings/identities/{provider}/unlink";
pub const SETTINGS_OTHER_SESSIONS_END: &str = "/settings/sessions/end-others";
pub const API_IDENTITIES: &str = "/api/v1/me/identities";
pub const API_IDENTITY_UNLINK: &str = "/api/v1/me/identities/{provider}/unlink";
pub const API_ACCOUNT_EVENTS: &str = "/api/v1/me/events";
pub const API_OTHER_SESSIONS_END: &str = "/api/v1/me/sessions/end-others";

pub fn confirm_email(token: &str) -> String {
    format!("/confirm-email/{token}")
}

pub fn provider(name: &str) -> String {
    format!("/sign-in/with/{name}")
}

pub fn provider_return(name: &str) -> String {
    format!("/sign-in/with/{name}/return")
}

pub fn link_identity(name: &str) -> String {
    format!("/settings/identities/{name}/link")
}

pub fn unlink_identity(name: &str) -> String {
    format!("/settings/identities/{name}/unlink")
}
