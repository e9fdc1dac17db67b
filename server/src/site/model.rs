//! What holds for the whole installation.

use serde::{Deserialize, Serialize};

use crate::accounts::model::email;
use crate::config::Config;
use crate::error::{AppError, Result};
use crate::invisible_characters::{refuse_controls, refuse_invisible};
use crate::site_texts::model::InForce;

const DEFAULT_NAME: &str = "Holdout";
const LONGEST_NAME: usize = 60;
const LONGEST_NOTICE: usize = 500;
const MOST_DOMAINS: usize = 50;

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
            Self::Nobody => "nobody: it is optional",
            Self::Administrators => "administrators",
            Self::Hosts => "hosts and administrators",
            Self::Everybody => "everybody",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|asked| asked.name() == name)
    }
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    #[default]
    Anybody,
    /// Whose address is at one of the site's domains, or is invited to a competition: they show that it is theirs first.
    Addresses,
    /// Whom a provider of sign-in knows.
    Providers,
    /// Nobody: administrators make accounts.
    Administrators,
}

impl Registration {
    pub const ALL: [Self; 4] = [Self::Anybody, Self::Addresses, Self::Providers, Self::Administrators];

    pub fn name(self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::Addresses => "addresses",
            Self::Providers => "providers",
            Self::Administrators => "administrators",
        }
    }

    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Anybody => "anybody",
            Self::Addresses => "people with an address at the domains below, or invited to a competition",
            Self::Providers => "people known to a sign-in provider",
            Self::Administrators => "nobody: administrators create accounts",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|registration| registration.name() == name)
    }

    /// As `open_registration` says it.
    pub fn of_open(is_open: bool) -> Self {
        if is_open { Self::Anybody } else { Self::Administrators }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub name: String,
    /// Shown above every page; empty: none.
    pub notice: String,
    pub registration: Registration,
    /// Behind the `@` of addresses that may register, where [`Registration::Addresses`] may.
    pub registration_domains: Vec<String>,
    /// Whether every member may host competitions, or administrators only.
    pub members_may_host: bool,
    pub two_factors_for: AskedOf,
    /// Which texts administrators wrote; see [`crate::site_texts`].
    pub texts: InForce,
}

impl Default for Site {
    fn default() -> Self {
        Self {
            name: DEFAULT_NAME.to_owned(),
            notice: String::new(),
            registration: Registration::Anybody,
            registration_domains: Vec::new(),
            members_may_host: true,
            two_factors_for: AskedOf::Nobody,
            texts: InForce::default(),
        }
    }
}

impl Site {
    /// As long as no administrator has set anything.
    pub fn configured(config: &Config) -> Self {
        Self {
            registration: Registration::of_open(config.open_registration),
            members_may_host: config.members_may_host,
            ..Self::default()
        }
    }

    pub fn anybody_may_register(&self) -> bool {
        self.registration == Registration::Anybody
    }

    /// Whether an address, in small letters, is at one of the domains.
    pub fn has_domain_of(&self, email: &str) -> bool {
        email
            .rsplit_once('@')
            .is_some_and(|(_, domain)| self.registration_domains.iter().any(|one| one == domain))
    }
}

/// What is to be otherwise; `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub name: Option<String>,
    pub notice: Option<String>,
    pub registration: Option<Registration>,
    pub registration_domains: Option<Vec<String>>,
    pub members_may_host: Option<bool>,
    pub two_factors_for: Option<AskedOf>,
}

impl Changes {
    /// The site as it is afterwards.
    ///
    /// # Errors
    /// [`AppError::Field`] for a name or a notice that is too long or holds no text, and for a domain that is none.
    pub fn applied(self, site: &Site) -> Result<Site> {
        let name = self.name.map_or_else(|| Ok(site.name.clone()), |name| read_name(&name))?;
        let notice = self.notice.map_or_else(|| Ok(site.notice.clone()), |notice| read_notice(&notice))?;
        let kept = || Ok(site.registration_domains.clone());
        let registration_domains =
            self.registration_domains.map_or_else(kept, |typed| read_domains(&typed))?;
        Ok(Site {
            name,
            notice,
            registration: self.registration.unwrap_or(site.registration),
            registration_domains,
            members_may_host: self.members_may_host.unwrap_or(site.members_may_host),
            two_factors_for: self.two_factors_for.unwrap_or(site.two_factors_for),
            texts: site.texts,
        })
    }
}

fn read_name(typed: &str) -> Result<String> {
    let name = typed.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(AppError::field("name", format!("One line of 1 to {LONGEST_NAME} characters.")));
    }
    refuse_invisible(name).map_err(|sentence| AppError::field("name", sentence))?;
    Ok(name.to_owned())
}

/// Each may be typed with an `@` before it, several in one text.
fn read_domains(typed: &[String]) -> Result<Vec<String>> {
    let mut domains = Vec::new();
    let words =
        typed.iter().flat_map(|text| text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';')));
    for word in words.filter(|word| !word.is_empty()) {
        let domain = word.trim_start_matches('@').to_lowercase();
        if !domain.contains('.') || email(&format!("a@{domain}")).is_err() {
            let sentence = format!("“{word}” is not a domain, such as example.org.");
            return Err(AppError::field("registration_domains", sentence));
        }
        domains.push(domain);
    }
    domains.sort();
    domains.dedup();
    if domains.len() > MOST_DOMAINS {
        return Err(AppError::field("registration_domains", format!("At most {MOST_DOMAINS} domains.")));
    }
    Ok(domains)
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
        assert!(changed.anybody_may_register());
    }

    #[test]
    fn an_address_is_at_a_domain_or_it_is_not() {
        let typed = vec!["@Uni.Example, lab.example".to_owned()];
        let changes = Changes { registration_domains: Some(typed), ..Changes::default() };
        let site = changes.applied(&Site::default()).expect("both are domains");
        assert_eq!(site.registration_domains, ["lab.example", "uni.example"]);
        assert!(site.has_domain_of("ada@uni.example"));
        for stranger in
            ["ada@evil-uni.example", "ada@sub.uni.example", "uni.example", "uni.example@evil.example"]
        {
            assert!(!site.has_domain_of(stranger), "{stranger}");
        }
        for wrong in ["localhost", "a b", "ada@uni.example"] {
            let changes =
                Changes { registration_domains: Some(vec![wrong.to_owned()]), ..Changes::default() };
            assert!(matches!(changes.applied(&Site::default()), Err(AppError::Field { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_name_is_one_short_line() {
        for wrong in ["", "  ", "a\nb", &"x".repeat(61)] {
            let changes = Changes { name: Some(wrong.to_owned()), ..Changes::default() };
            assert!(matches!(changes.applied(&Site::default()), Err(AppError::Field { .. })), "{wrong:?}");
        }
    }
}
