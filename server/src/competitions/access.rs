//! Who may see a competition, and as what.

use futures_util::FutureExt;

use crate::accounts::model::Member;
use crate::app::App;
use crate::cache::Cache;
use crate::coalescing::Coalesced;
use crate::competitions::model::{Competition, Phase};
use crate::competitions::store;
use crate::competitions::store::texts::TextPage;
use crate::competitions::store::{Glance, Onlooker};
use crate::competitions::visibility::Visibility;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, TeamId};

/// The page of the rules that are accepted.
pub const RULES: &str = "rules";

/// What the viewer is in a competition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Among its hosts, or an administrator.
    pub is_host: bool,
    /// Named as a host, and therefore never ranked.
    pub is_among_hosts: bool,
    /// Hosted it once, and is never ranked either.
    pub was_host: bool,
    /// The team, when the viewer has accepted the rules.
    pub team_id: Option<TeamId>,
}

impl Standing {
    pub fn of_nobody() -> Self {
        Self { is_host: false, is_among_hosts: false, was_host: false, team_id: None }
    }

    fn of(glance: &Glance, viewer: Option<&Member>) -> Self {
        let is_host = glance.is_among_hosts || viewer.is_some_and(|viewer| viewer.is_admin);
        Self {
            is_host,
            is_among_hosts: glance.is_among_hosts,
            was_host: glance.was_host,
            team_id: glance.team_id,
        }
    }
}

/// A competition that this viewer may see.
#[derive(Debug, Clone)]
pub struct Seen {
    pub competition: Competition,
    pub standing: Standing,
}

/// Competitions that were read, and the state that each was in at the earliest.
pub struct Known {
    of_states: Cache<(String, String), Competition>,
    reads: Coalesced<String, Option<Competition>>,
}

/// States of competitions that are kept at most.
const STATES: usize = 1_000;

impl Default for Known {
    fn default() -> Self {
        Self { of_states: Cache::new(STATES), reads: Coalesced::default() }
    }
}

/// Finds a competition for a viewer.
///
/// # Errors
/// [`AppError::NotFound`] when it does not exist or may not be seen: drafts by others than hosts,
/// by-invitation competitions by those not invited.
pub async fn see(app: &App, slug: &str, viewer: Option<&Member>) -> Result<Seen> {
    let glance = glance(app, slug, viewer).await?;
    let competition = in_state(app, slug, glance.state.as_deref()).await?;
    judge(app, competition, viewer, Standing::of(&glance, viewer)).await
}

async fn glance(app: &App, slug: &str, viewer: Option<&Member>) -> Result<Glance> {
    let onlooker: Onlooker = (slug.to_owned(), viewer.map(|viewer| viewer.id));
    let read = app.glances.read(&app.db, onlooker, |conn, onlookers| store::glances(conn, onlookers).boxed());
    read.await?.ok_or(AppError::NotFound)
}

/// What a viewer is in a competition.
///
/// # Errors
/// [`AppError::NotFound`] when there is none; those of the database.
pub async fn standing(app: &App, slug: &str, viewer: Option<&Member>) -> Result<Standing> {
    Ok(Standing::of(&glance(app, slug, viewer).await?, viewer))
}

/// The competition in this state or a later one. A state that was seen gives way for good to the one after it: what is read
/// from then on may be kept under it.
async fn in_state(app: &App, slug: &str, state: Option<&str>) -> Result<Competition> {
    let key = state.map(|state| (slug.to_owned(), state.to_owned()));
    if let Some(known) = key.as_ref().and_then(|key| app.competitions.of_states.get(key)) {
        return Ok(known);
    }
    let read = || async { store::find(&mut *app.db.acquire().await?, slug).await };
    let found = app.competitions.reads.read(slug.to_owned(), read).await?.ok_or(AppError::NotFound)?;
    if let Some(key) = key {
        app.competitions.of_states.put(key, found.clone());
    }
    Ok(found)
}

/// As [`see`], by the competition's id.
///
/// # Errors
/// As [`see`].
pub async fn see_by_id(app: &App, id: CompetitionId, viewer: Option<&Member>) -> Result<Seen> {
    let mut conn = app.db.acquire().await?;
    let competition = store::find_by_id(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    let standing = standing(app, &competition.slug, viewer).await?;
    judge(app, competition, viewer, standing).await
}

async fn judge(
    app: &App,
    competition: Competition,
    viewer: Option<&Member>,
    standing: Standing,
) -> Result<Seen> {
    let is_draft = competition.phase(app.clock.now()) == Phase::Draft;
    let may_see = standing.is_host
        || (!is_draft && (competition.visibility != Visibility::Invitation || standing.team_id.is_some()))
        || (!is_draft && invited(app, &competition, viewer).await?);
    if may_see { Ok(Seen { competition, standing }) } else { Err(AppError::NotFound) }
}

/// As [`see`], for its hosts and administrators alone.
///
/// # Errors
/// [`AppError::NotFound`] for everybody else.
pub async fn see_as_host(app: &App, slug: &str, viewer: Option<&Member>) -> Result<Seen> {
    let seen = see(app, slug, viewer).await?;
    if seen.standing.is_host { Ok(seen) } else { Err(AppError::NotFound) }
}

async fn invited(app: &App, competition: &Competition, viewer: Option<&Member>) -> Result<bool> {
    match viewer {
        Some(member) => {
            let mut conn = app.db.acquire().await?;
            Ok(store::is_invited(&mut conn, competition.id, member.id).await?)
        }
        None => Ok(false),
    }
}

/// What an invited person can look at before accepting.
#[derive(Debug, Clone)]
pub struct Terms {
    pub competition: Competition,
    /// `None` where the host wrote none of their own.
    pub rules: Option<TextPage>,
}

/// The terms of an invitation.
///
/// # Errors
/// As [`find_by_invitation`].
pub async fn terms_of_invitation(app: &App, slug: &str, secret: &str) -> Result<Terms> {
    let competition = find_by_invitation(app, slug, secret).await?;
    let mut conn = app.db.acquire().await?;
    let rules = store::texts::find(&mut conn, competition.id, RULES).await?;
    Ok(Terms { competition, rules })
}

/// The competition that an invitation link opens.
///
/// # Errors
/// [`AppError::NotFound`] unless the secret is the competition's newest.
async fn find_by_invitation(app: &App, slug: &str, secret: &str) -> Result<Competition> {
    let mut conn = app.db.acquire().await?;
    let competition = store::find(&mut conn, slug).await?.ok_or(AppError::NotFound)?;
    let known = store::invitations::secret(&mut conn, competition.id).await?.ok_or(AppError::NotFound)?;
    let is_right = crate::accounts::secret::digest(&known) == crate::accounts::secret::digest(secret);
    if is_right && competition.phase(app.clock.now()) != Phase::Draft {
        Ok(competition)
    } else {
        Err(AppError::NotFound)
    }
}

/// Puts a member who holds the link on the list of the invited, for good.
///
/// # Errors
/// As [`find_by_invitation`].
pub async fn accept_invitation(app: &App, slug: &str, secret: &str, member: &Member) -> Result<()> {
    let competition = find_by_invitation(app, slug, secret).await?;
    let mut conn = app.db.acquire().await?;
    store::invitations::add_guest(&mut conn, competition.id, member.id, app.clock.now()).await?;
    Ok(())
}
