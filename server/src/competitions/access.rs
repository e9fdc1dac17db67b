//! Who may see a competition, and as what.

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::model::{Competition, Phase};
use crate::competitions::store;
use crate::competitions::store::Onlooker;
use crate::competitions::store::texts::TextPage;
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

/// What the database knows of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Role {
    pub is_among_hosts: bool,
    pub was_host: bool,
    pub team_id: Option<TeamId>,
}

impl Standing {
    pub fn of_nobody() -> Self {
        Self { is_host: false, is_among_hosts: false, was_host: false, team_id: None }
    }
}

/// A competition that this viewer may see.
#[derive(Debug, Clone)]
pub struct Seen {
    pub competition: Competition,
    pub standing: Standing,
}

/// Finds a competition for a viewer.
///
/// # Errors
/// [`AppError::NotFound`] when it does not exist or may not be seen: drafts by others than hosts,
/// by-invitation competitions by those not invited.
pub async fn see(app: &App, slug: &str, viewer: Option<&Member>) -> Result<Seen> {
    let read = || async {
        let mut conn = app.held.competitions.lend(&app.db).await?;
        let found = store::find(&mut conn, slug).await?;
        conn.rest();
        Ok(found)
    };
    let competition = app.competitions.read(slug.to_owned(), read).await?.ok_or(AppError::NotFound)?;
    judge(app, competition, viewer).await
}

/// As [`see`], by the competition's id.
///
/// # Errors
/// As [`see`].
pub async fn see_by_id(app: &App, id: CompetitionId, viewer: Option<&Member>) -> Result<Seen> {
    let mut conn = app.db.acquire().await?;
    let competition = store::find_by_id(&mut conn, id).await?.ok_or(AppError::NotFound)?;
    drop(conn);
    judge(app, competition, viewer).await
}

/// What a member is in a competition.
///
/// # Errors
/// Those of the database.
pub async fn standing(app: &App, id: CompetitionId, member: &Member) -> Result<Standing> {
    let read = |onlookers: Vec<Onlooker>| async move {
        let mut conn = app.held.roles.lend(&app.db).await?;
        let roles = store::roles(&mut conn, &onlookers).await?;
        conn.rest();
        Ok(roles)
    };
    let role = app.roles.read((), (id, member.id), read).await?;
    let role = role.unwrap_or_default();
    Ok(Standing {
        is_host: role.is_among_hosts || member.is_admin,
        is_among_hosts: role.is_among_hosts,
        was_host: role.was_host,
        team_id: role.team_id,
    })
}

async fn judge(app: &App, competition: Competition, viewer: Option<&Member>) -> Result<Seen> {
    let now = app.clock.now();
    let standing = match viewer {
        Some(member) => standing(app, competition.id, member).await?,
        None => Standing::of_nobody(),
    };
    let is_draft = competition.phase(now) == Phase::Draft;
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
