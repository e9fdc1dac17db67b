//! What holds for the whole installation.

use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::{AppError, Result};
use crate::unseen::{refuse_controls, refuse_unseen};

const DEFAULT_NAME: &str = "Holdout";
const LONGEST_NAME: usize = 60;
const LONGEST_NOTICE: usize = 500;

/// Of whom a second factor is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedOf {
    #[default]
    Nobody,
    Administrators,
    /// And of administrators.
    Hosts,
    Everybody,
}

impl AskedOf {
    pub const ALL: [Self; 4] = [Self::Nobody, Self::Administrators, Self::Hosts, Self::Everybody];

    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Administrators => "administrators",
            Self::Hosts => "hosts",
            Self::Everybody => "everybody",
        }
    }

    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Nobody => "nobody: who wants it sets it up",
            Self::Administrators => "administrators",
            Self::Hosts => "hosts and administrators",
            Self::Everybody => "everybody",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|asked| asked.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub name: String,
    /// Shown above every page; empty: none.
    pub notice: String,
    /// Whether anybody may register.
    pub open_registration: bool,
    /// Whether every member may host competitions, or administrators only.
    pub members_may_host: bool,
    pub two_factors_for: AskedOf,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.to_owned(),
            notice: String::new(),
            open_registration: true,
            members_may_host: true,
            two_factors_for: AskedOf::Nobody,
        }
    }
}

impl Site {
    /// As long as no administrator has set anything.
    pub fn configured(config: &Config) -> Self {
        Self {
            open_registration: config.open_registration,
            members_may_host: config.members_may_host,
            ..Self::default()
        }
    }
}

/// What is to be otherwise; `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub name: Option<String>,
    pub notice: Option<String>,
    pub open_registration: Option<bool>,
    pub members_may_host: Option<bool>,
    pub two_factors_for: Option<AskedOf>,
}

impl Changes {
    /// The site as it is afterwards.
    ///
    /// # Errors
    /// [`AppError::Field`] for a name or a notice that is too long or holds no text.
    pub fn applied(self, site: &Site) -> Result<Site> {
        let name = self.name.map_or_else(|| Ok(site.name.clone()), |name| read_name(&name))?;
        let notice = self.notice.map_or_else(|| Ok(site.notice.clone()), |notice| read_notice(&notice))?;
        Ok(Site {
            name,
            notice,
            open_registration: self.open_registration.unwrap_or(site.open_registration),
            members_may_host: self.members_may_host.unwrap_or(site.members_may_host),
            two_factors_for: self.two_factors_for.unwrap_or(site.two_factors_for),
        })
    }
}

fn read_name(typed: &str) -> Result<String> {
    let name = typed.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(AppError::field("name", format!("One line of 1 to {LONGEST_NAME} characters.")));
    }
    refuse_unseen(name).map_err(|sentence| AppError::field("name", sentence))?;
    Ok(name.to_owned())
}

fn read_notice(typed: &str) -> Result<String> {
    let notice = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    if notice.chars().count() > LONGEST_NOTICE {
        return Err(AppError::field("notice", format!("At most {LONGEST_NOTICE} characters.")));
    }
    refuse_controls(&notice).map_err(|sentence| AppError::field("notice", sentence))?;
    Ok(notice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays() {
        let site = Site { name: "Data lab".to_owned(), ..Site::default() };
        let changes = Changes { notice: Some(" Back at\n noon. ".to_owned()), ..Changes::default() };
        let changed = changes.applied(&site).expect("it is short");
        assert_eq!((changed.name.as_str(), changed.notice.as_str()), ("Data lab", "Back at noon."));
        assert!(changed.open_registration);
    }

    #[test]
    fn a_name_is_one_short_line() {
        for wrong in ["", "  ", "a\nb", &"x".repeat(61)] {
            let changes = Changes { name: Some(wrong.to_owned()), ..Changes::default() };
            assert!(matches!(changes.applied(&Site::default()), Err(AppError::Field { .. })), "{wrong:?}");
        }
    }
}
