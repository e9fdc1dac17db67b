//! What happened to an account, for its owner to see and for the log: signing in, failing to, and changes of what signs
//! them in. The log names people by number, and no address.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::accounts::client::{self, Client};
use crate::accounts::store::events;
use crate::app::App;
use crate::ids::UserId;

/// Failures of one place within so long are one event, counted.
const COUNTED_WITHIN: TimeDelta = TimeDelta::hours(1);
const LONGEST_DETAIL: usize = 120;
const LONGEST_BROWSER: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
#[schema(as = AccountEventKind, rename_all = "snake_case")]
pub enum What {
    Registered,
    SignedIn,
    MadeToken,
    RevokedToken,
    WrongPassword,
    WrongCode,
    ChangedPassword,
    SetPassword,
    TwoFactorsOn,
    TwoFactorsOff,
    TwoFactorsReset,
    NewRecoveryCodes,
    UsedRecoveryCode,
    Linked,
    Unlinked,
    EndedSessions,
    SignedOutElsewhere,
    AskedForAddress,
    WithdrewAddress,
    ConfirmedAddress,
    ChangedAddress,
    AddressConfirmedByHand,
}

impl What {
    pub const ALL: [Self; 22] = [
        Self::Registered,
        Self::SignedIn,
        Self::MadeToken,
        Self::RevokedToken,
        Self::WrongPassword,
        Self::WrongCode,
        Self::ChangedPassword,
        Self::SetPassword,
        Self::TwoFactorsOn,
        Self::TwoFactorsOff,
        Self::TwoFactorsReset,
        Self::NewRecoveryCodes,
        Self::UsedRecoveryCode,
        Self::Linked,
        Self::Unlinked,
        Self::EndedSessions,
        Self::SignedOutElsewhere,
        Self::AskedForAddress,
        Self::WithdrewAddress,
        Self::ConfirmedAddress,
        Self::ChangedAddress,
        Self::AddressConfirmedByHand,
    ];

    /// As it is written in the database, the API and the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::SignedIn => "signed_in",
            Self::MadeToken => "made_token",
            Self::RevokedToken => "revoked_token",
            Self::WrongPassword => "wrong_password",
            Self::WrongCode => "wrong_code",
            Self::ChangedPassword => "changed_password",
            Self::SetPassword => "set_password",
            Self::TwoFactorsOn => "two_factors_on",
            Self::TwoFactorsOff => "two_factors_off",
            Self::TwoFactorsReset => "two_factors_reset",
            Self::NewRecoveryCodes => "new_recovery_codes",
            Self::UsedRecoveryCode => "used_recovery_code",
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
            Self::EndedSessions => "ended_sessions",
            Self::SignedOutElsewhere => "signed_out_elsewhere",
            Self::AskedForAddress => "asked_for_address",
            Self::WithdrewAddress => "withdrew_address",
            Self::ConfirmedAddress => "confirmed_address",
            Self::ChangedAddress => "changed_address",
            Self::AddressConfirmedByHand => "address_confirmed_by_hand",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            Self::Registered => "Registered",
            Self::SignedIn => "Signed in",
            Self::MadeToken => "API token made",
            Self::RevokedToken => "API token revoked",
            Self::WrongPassword => "Wrong password",
            Self::WrongCode => "Wrong code",
            Self::ChangedPassword => "Password changed",
            Self::SetPassword => "Password set by a link",
            Self::TwoFactorsOn => "Two-factor sign-in turned on",
            Self::TwoFactorsOff => "Two-factor sign-in turned off",
            Self::TwoFactorsReset => "Two-factor sign-in turned off by an administrator",
            Self::NewRecoveryCodes => "New recovery codes made",
            Self::UsedRecoveryCode => "Recovery code used",
            Self::Linked => "Account elsewhere linked",
            Self::Unlinked => "Account elsewhere unlinked",
            Self::EndedSessions => "Other sessions ended",
            Self::SignedOutElsewhere => "Signed out by signing out elsewhere",
            Self::AskedForAddress => "Another e-mail address asked for",
            Self::WithdrewAddress => "Another e-mail address withdrawn",
            Self::ConfirmedAddress => "E-mail address confirmed",
            Self::ChangedAddress => "E-mail address changed",
            Self::AddressConfirmedByHand => "E-mail address confirmed by an administrator",
        }
    }

    /// Whether somebody tried and did not come in.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::WrongPassword | Self::WrongCode)
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|what| what.name() == name)
    }
}

/// An event as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub what: What,
    pub detail: String,
    pub place: String,
    pub browser: String,
}

impl Event {
    /// One of which it is not known where it comes from.
    pub fn new(what: What) -> Self {
        Self { what, detail: String::new(), place: String::new(), browser: String::new() }
    }

    pub fn from(what: What, client: &Client) -> Self {
        let browser = client::browser(&client.user_agent).chars().take(LONGEST_BROWSER).collect();
        Self { place: place(client.ip), browser, ..Self::new(what) }
    }

    /// With the name of a token or a provider.
    pub fn of(self, detail: &str) -> Self {
        Self { detail: detail.chars().take(LONGEST_DETAIL).collect(), ..self }
    }
}

/// An address without what tells one machine of a network from another.
pub fn place(ip: Option<IpAddr>) -> String {
    match ip.map(|ip| ip.to_canonical()) {
        None => String::new(),
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.*")
        }
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:*")
        }
    }
}

/// Writes it down, with what it is about or not at all.
///
/// # Errors
/// Those of the database.
pub async fn note(
    conn: &mut PgConnection,
    user: UserId,
    event: &Event,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    log(user, event.what);
    write(conn, user, event, now).await
}

fn log(user: UserId, what: What) {
    tracing::info!(user = user.0, event = what.name(), "an account");
}

async fn write(conn: &mut PgConnection, user: UserId, event: &Event, now: DateTime<Utc>) -> sqlx::Result<()> {
    let is_counted =
        event.what.is_failure() && events::count_again(conn, user, event, now, now - COUNTED_WITHIN).await?;
    if is_counted { Ok(()) } else { events::insert(conn, user, event, now).await }
}

/// Writes down that somebody failed, beside the request: the answer takes as long as where there is no such account.
pub fn note_failure(app: &App, user: Option<UserId>, event: Event) {
    let Some(user) = user else {
        tracing::info!(event = event.what.name(), "no account of this name");
        return;
    };
    log(user, event.what);
    let app = app.clone();
    tokio::spawn(async move {
        let noted = async {
            let mut conn = app.db.acquire().await?;
            write(&mut conn, user, &event, app.clock.now()).await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, user = user.0, "a failed sign-in was not written down");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_network_and_no_machine() {
        let place = |ip: &str| place(ip.parse().ok());
        assert_eq!(place("192.0.2.77"), "192.0.2.*");
        assert_eq!(place("::ffff:192.0.2.77"), "192.0.2.*");
        assert_eq!(place("2001:db8:1:2:3::9"), "2001:db8:1:*");
        assert_eq!(place("no address"), "");
    }

    #[test]
    fn every_event_has_a_name_of_its_own() {
        for what in What::ALL {
            assert_eq!(What::named(what.name()), Some(what));
        }
    }
}
