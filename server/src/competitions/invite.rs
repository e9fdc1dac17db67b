//! Inviting into a competition that not everybody sees: by address, or by a link. Whoever has confirmed the address is told
//! on the site and by mail as they choose; any other address gets a letter.
//!
//! A letter goes to whomever a host names, so it is plain, few go out, and of the host's words it holds the title alone.
//! Never here: an address that its owner gave and no host typed; a word on whether an address has an account.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use rand::RngExt;
use serde_json::json;
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::accounts::secret;
use crate::app::App;
use crate::competitions::access::Seen;
use crate::competitions::model::{Competition, Phase};
use crate::competitions::store::invitations as store;
use crate::competitions::store::{self as competitions, drafts};
use crate::competitions::visibility::Visibility;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, UserId};
use crate::mail::{self, Letter};
use crate::notifications::tell as notifications;
use crate::paths;
use crate::site::model::Registration;
use crate::web::problems::encode;

/// Invitations a day that a host has sent, into all competitions; administrators may send more.
pub const MOST_OF_PERSON: usize = 100;
/// And all people of the site together.
const MOST_OF_SITE: usize = 2000;
pub const DAY: TimeDelta = TimeDelta::days(1);
/// Letters that one address gets within [`WEEK`], whoever invites.
const MOST_OF_ADDRESS: i64 = 3;
const WEEK: TimeDelta = TimeDelta::days(7);

/// What became of people who are to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    pub n_told: usize,
    /// Who has to wait for another day.
    pub n_waiting: usize,
}

impl Told {
    pub fn sentence(&self) -> String {
        let Self { n_told, n_waiting } = self;
        match (n_told, n_waiting) {
            (0, 0) => "Saved.".to_owned(),
            (_, 0) => format!("Saved. Invitations sent: {n_told}."),
            _ => format!(
                "Saved. Invitations sent: {n_told}; not sent yet: {n_waiting}, as the list below says."
            ),
        }
    }
}

/// Changes who may see it and, where `emails` are given, which addresses are invited. New ones are told.
///
/// # Errors
/// Those of the database.
pub async fn set(
    app: &App,
    conn: &mut PgConnection,
    host: &Member,
    before: &Competition,
    visibility: Visibility,
    emails: Option<&[String]>,
) -> Result<Told> {
    let (id, now) = (before.id, app.clock.now());
    drafts::set_visibility(conn, id, visibility).await?;
    let new = match emails {
        Some(emails) => store::set_addresses(conn, id, emails, now).await?,
        None => Vec::new(),
    };
    if visibility == Visibility::Invitation && store::secret(conn, id).await?.is_none() {
        store::set_secret(conn, id, &new_secret(), now).await?;
    }
    let competition = Competition { visibility, ..before.clone() };
    if new.is_empty() || !lets_in(&competition, now) {
        return Ok(Told::default());
    }
    tell(app, conn, host, &competition, Some(&new)).await
}

/// Whether an invitation is to something that its owner can see, and take part in.
pub fn lets_in(competition: &Competition, now: DateTime<Utc>) -> bool {
    competition.visibility == Visibility::Invitation
        && matches!(competition.phase(now), Phase::Upcoming | Phase::Open)
}

/// Tells all who were invited to a draft, in the transaction that launches it.
///
/// # Errors
/// Those of the database.
pub async fn tell_at_launch(
    app: &App,
    conn: &mut PgConnection,
    host: &Member,
    competition: &Competition,
) -> Result<()> {
    if competition.visibility == Visibility::Invitation {
        tell(app, conn, host, competition, None).await?;
    }
    Ok(())
}

/// Tells the owners of these addresses again, or everybody who was not told yet; on record.
///
/// # Errors
/// [`AppError::Field`] for an address that is not invited; [`AppError::Refused`] where there is nothing to be seen, where the
/// host's own address is not confirmed, or nobody can be told.
pub async fn tell_again(app: &App, host: &Member, seen: &Seen, emails: Option<&[String]>) -> Result<Told> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    drafts::lock(&mut tx, id).await?;
    let competition = competitions::find_by_id(&mut tx, id).await?.ok_or(AppError::NotFound)?;
    if !lets_in(&competition, now) {
        return Err(AppError::refused(
            "Invitations go out while a competition by invitation is upcoming or open.",
        ));
    }
    if !host.has_confirmed_email {
        return Err(AppError::refused(
            "Confirm your own e-mail address first: invitations are sent in your name.",
        ));
    }
    if let Some(emails) = emails {
        let listed: HashSet<String> =
            store::addresses(&mut tx, id).await?.into_iter().map(|listed| listed.email).collect();
        if let Some(stranger) = emails.iter().find(|email| !listed.contains(*email)) {
            return Err(AppError::field("emails", format!("“{stranger}” is not on the list.")));
        }
    }
    let told = tell(app, &mut tx, host, &competition, emails).await?;
    if told == Told::default() {
        return Err(AppError::refused(
            "There is nobody left to notify: participants are not emailed, and nobody is emailed twice within a day.",
        ));
    }
    if told.n_told == 0 {
        return Err(AppError::refused(format!(
            "The limit on invitations has been reached: {MOST_OF_PERSON} a day per host, {MOST_OF_ADDRESS} a week \
            per address. Try again tomorrow."
        )));
    }
    let detail = json!({ "n_told": told.n_told });
    drafts::note(&mut tx, now, host.id, "send_invitations", id, &detail).await?;
    tx.commit().await?;
    Ok(told)
}

/// Tells whom it may tell now.
async fn tell(
    app: &App,
    conn: &mut PgConnection,
    host: &Member,
    competition: &Competition,
    emails: Option<&[String]>,
) -> Result<Told> {
    let (id, now) = (competition.id, app.clock.now());
    let due = store::to_be_told(conn, id, emails, now - DAY).await?;
    if due.is_empty() {
        return Ok(Told::default());
    }
    if !host.has_confirmed_email {
        return Ok(Told { n_told: 0, n_waiting: due.len() });
    }
    store::lock_letters(conn).await?;
    let digests: Vec<Vec<u8>> = due.iter().map(|one| secret::digest(&one.email).to_vec()).collect();
    let full: HashSet<Vec<u8>> =
        store::had_enough(conn, &digests, now - WEEK, MOST_OF_ADDRESS).await?.into_iter().collect();
    let allowance = allowance(conn, host, now).await?;
    let n_due = due.len();
    let (chosen, digests): (Vec<store::Addressee>, Vec<Vec<u8>>) =
        due.into_iter().zip(digests).filter(|(_, digest)| !full.contains(digest)).take(allowance).unzip();
    let people: Vec<UserId> =
        chosen.iter().filter(|one| !one.is_quiet).filter_map(|one| one.user_id).collect();
    notifications::of_invitation(conn, id, &people, host.id, now).await?;
    for one in chosen.iter().filter(|one| one.user_id.is_none()) {
        mail::post(conn, &letter(app, host, competition, &one.email), now).await?;
    }
    let emails: Vec<String> = chosen.into_iter().map(|one| one.email).collect();
    store::note_told(conn, id, host.id, &emails, &digests, now).await?;
    Ok(Told { n_told: emails.len(), n_waiting: n_due - emails.len() })
}

/// How many invitations a host has left today.
async fn allowance(conn: &mut PgConnection, host: &Member, now: DateTime<Utc>) -> Result<usize> {
    let sent = store::sent(conn, host.id, now - DAY).await?;
    let left = |most: usize, sent: i64| most.saturating_sub(usize::try_from(sent).unwrap_or(usize::MAX));
    let of_site = left(MOST_OF_SITE, sent.by_everybody);
    Ok(if host.is_admin { of_site } else { of_site.min(left(MOST_OF_PERSON, sent.by_person)) })
}

fn letter(app: &App, host: &Member, competition: &Competition, email: &str) -> Letter {
    let (url, site) = (&app.config.public_url, app.site.get());
    let next = encode(&paths::competition(&competition.slug));
    let at = |path: &str| format!("\n\n{url}{path}?next={next}");
    let way_in = match site.registration {
        Registration::Anybody | Registration::Addresses => {
            format!("register with this address and confirm it:{}", at(paths::REGISTER))
        }
        Registration::Providers => {
            format!("sign in with a provider that knows this address:{}", at(paths::SIGN_IN))
        }
        Registration::Administrators => {
            "ask its administrator for an account with this address: registration there is closed.".to_owned()
        }
    };
    let title = without_addresses(&competition.title);
    let body = format!(
        "The member {} of {} at {url} invites you to a machine-learning competition: “{title}”.\n\n\
         To see it, {way_in}\n\n\
         If you have an account there with another address, make this its address, or ask the host for the link of the \
         competition:{}\n\n\
         If you do not expect this invitation, do nothing: no account is created. At most {MOST_OF_ADDRESS} such \
         emails a week are sent to one address.\n",
        host.username,
        site.name,
        at(paths::SIGN_IN)
    );
    Letter {
        to: email.to_owned(),
        subject: format!("You are invited to a competition at {}", site.name),
        body,
        unsubscribe_url: None,
    }
}

/// A title without what a mail program makes a link of: it goes to strangers.
fn without_addresses(title: &str) -> String {
    let leads_away = |word: &str| {
        word.contains("//")
            || word.contains('@')
            || word.split('.').skip(1).any(|part| part.chars().take_while(|c| c.is_alphabetic()).count() > 1)
    };
    let words = title.split_whitespace().map(|word| if leads_away(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// Makes a new invitation link; the old one stops working.
///
/// # Errors
/// Those of the database.
pub async fn renew_link(app: &App, host: &Member, seen: &Seen) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    store::set_secret(&mut tx, id, &new_secret(), now).await?;
    drafts::note(&mut tx, now, host.id, "renew_invitation_link", id, &json!({})).await?;
    tx.commit().await?;
    Ok(())
}

fn new_secret() -> String {
    hex::encode(rand::rng().random::<[u8; 16]>())
}

/// Lets somebody who came by the link in no more, unless they take part; on record.
///
/// # Errors
/// [`AppError::NotFound`] for whoever did not come by the link.
pub async fn remove_person(app: &App, host: &Member, seen: &Seen, username: &str) -> Result<()> {
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    let person = store::remove_guest(&mut tx, id, username.trim()).await?.ok_or(AppError::NotFound)?;
    drafts::note(&mut tx, now, host.id, "remove_invited_person", id, &json!({ "user_id": person })).await?;
    tx.commit().await?;
    Ok(())
}

/// Forgets letters that count no more.
///
/// # Errors
/// Those of the database.
pub async fn sweep(app: &App) -> Result<()> {
    let mut conn = app.db.acquire().await?;
    store::sweep_letters(&mut conn, app.clock.now() - WEEK).await?;
    Ok(())
}

/// The address that opens a competition to whoever has it; `None` where there is none.
///
/// # Errors
/// Those of the database.
pub async fn link(
    app: &App,
    conn: &mut PgConnection,
    id: CompetitionId,
    slug: &str,
) -> Result<Option<String>> {
    let address = |secret: String| format!("{}{}", app.config.public_url, paths::invitation(slug, &secret));
    Ok(store::secret(conn, id).await?.map(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_leads_nowhere() {
        for title in ["House prices", "ImageNet v1.5: the U.S. edition", "Who wins in 2027?"] {
            assert_eq!(without_addresses(title), title);
        }
        for word in ["http://evil.test/x", "evil.test", "(www.evil.test)", "//evil", "me@evil.test"] {
            assert_eq!(without_addresses(&format!("Win at {word} now")), "Win at … now");
        }
    }
}
