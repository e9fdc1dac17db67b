//! Who may see a competition.

use crate::error::{AppError, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Visibility {
    /// Everybody, in every list.
    Public,
    /// Everybody who knows the address.
    Unlisted,
    /// Its hosts, who is invited, and who takes part.
    Invitation,
}

impl Visibility {
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Invitation => "invitation",
        }
    }

    /// On a card; of what everybody finds, nothing is said.
    pub fn tag(self) -> Option<&'static str> {
        match self {
            Self::Public => None,
            Self::Unlisted => Some("unlisted"),
            Self::Invitation => Some("by invitation"),
        }
    }

    /// # Errors
    /// [`AppError::Field`] for any other word.
    pub fn read(name: &str) -> Result<Self> {
        match name.trim() {
            "public" => Ok(Self::Public),
            "unlisted" => Ok(Self::Unlisted),
            "invitation" => Ok(Self::Invitation),
            _ => Err(AppError::field("visibility", "Choose public, unlisted or by invitation.")),
        }
    }
}
