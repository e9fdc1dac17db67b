//! Inviting into a team, by user name or by a link; answering is in `merge`.

use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::accounts::secret;
use crate::accounts::store::profiles;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::store::glances;
use crate::error::{AppError, Result};
use crate::ids::{TeamInvitationId, UserId};
use crate::teams::model::Kind;
use crate::teams::seat::{Seat, record};
use crate::teams::store::{change, merge, show};

/// Invitations of one team that wait for an answer.
const MOST_OPEN: i64 = 20;

/// Invites somebody by user name.
///
/// # Errors
/// [`AppError::Field`] for a name that nobody has, or a host; a sentence when the rules say no.
pub async fn invite(app: &App, member: &Member, slug: &str, username: &str) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    seat.require_leader()?;
    refuse_to_grow(&mut tx, &seat, now).await?;
    let person = profiles::find(&mut tx, username.trim()).await?;
    let person = person.ok_or_else(|| {
        AppError::field("username", format!("No account has the user name “{}”.", username.trim()))
    })?;
    if seat.mates.iter().any(|mate| mate.user_id == person.id) {
        return Err(AppError::field("username", format!("{} is already in your team.", person.display_name)));
    }
    if hosts_or_hosted(&mut tx, slug, person.id).await? {
        return Err(AppError::field(
            "username",
            format!(
                "{} hosts this competition, or did: hosts know what others do not, and cannot join a team.",
                person.display_name
            ),
        ));
    }
    if let Some(team) = merge::team_of(&mut tx, seat.competition.id, person.id).await?
        && merge::side(&mut tx, team).await?.n_people > 1
    {
        return Err(AppError::refused(format!(
            "{} is in a team of several people: ask that team to merge with yours.",
            person.display_name
        )));
    }
    if change::count_invitations(&mut tx, seat.team_id).await? >= MOST_OPEN {
        return Err(AppError::refused(format!(
            "{MOST_OPEN} of your team's invitations are waiting for an answer: take one back first."
        )));
    }
    if change::invite(&mut tx, seat.competition.id, seat.team_id, person.id, member.id, now).await? {
        let event = change::NewEvent { person: Some(person.id), ..seat.event(Kind::Invited) };
        let title = &seat.competition.title;
        let sentence =
            format!("{} invites you to the team “{}” in “{title}”", member.display_name, seat.team);
        record(&mut tx, &event, &[person.id], &sentence, now).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn hosts_or_hosted(conn: &mut PgConnection, slug: &str, person: UserId) -> sqlx::Result<bool> {
    let onlooker = (slug.to_owned(), Some(person));
    let glances = glances(conn, std::slice::from_ref(&onlooker)).await?;
    Ok(glances.get(&onlooker).is_some_and(|glance| glance.is_among_hosts || glance.was_host))
}

async fn refuse_to_grow(
    conn: &mut PgConnection,
    seat: &Seat,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let terms = merge::terms(conn, seat.competition.id).await?;
    if let Some(sentence) = terms.is_too_late(now) {
        return Err(AppError::refused(sentence));
    }
    let limit = usize::try_from(terms.team_limit).unwrap_or_default();
    if seat.mates.len() >= limit {
        return Err(AppError::refused(format!("Your team is full: it can have at most {limit} people.")));
    }
    Ok(())
}

/// Takes an invitation back.
///
/// # Errors
/// [`AppError::NotFound`] for one that is not the team's; a sentence for others than the leader.
pub async fn withdraw(app: &App, member: &Member, slug: &str, id: TeamInvitationId) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    seat.require_leader()?;
    let person = change::withdraw_invitation(&mut tx, seat.team_id, id).await?.ok_or(AppError::NotFound)?;
    let event = change::NewEvent { person: Some(person), ..seat.event(Kind::InvitationWithdrawn) };
    change::note(&mut tx, &event, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Declines an invitation.
///
/// # Errors
/// [`AppError::NotFound`] for one that is not this person's.
pub async fn decline(app: &App, member: &Member, slug: &str, id: TeamInvitationId) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let (now, competition) = (app.clock.now(), seen.competition.id);
    let mut tx = app.db.begin().await?;
    let team = change::answer_invitation(&mut tx, competition, member.id, id).await?;
    let team = team.ok_or(AppError::NotFound)?;
    let event = change::NewEvent {
        competition,
        team,
        kind: Kind::InvitationDeclined,
        actor: member.id,
        person: None,
        other_team: None,
        words: "",
    };
    let mates = show::mates(&mut tx, team).await?;
    let leader: Vec<_> = mates.iter().filter(|mate| mate.is_leader).map(|mate| mate.user_id).collect();
    let sentence =
        format!("{} declined your invitation in “{}”", member.display_name, seen.competition.title);
    record(&mut tx, &event, &leader, &sentence, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes a new link by which people join; the one before stops working.
///
/// # Errors
/// A sentence when the rules say no.
pub async fn make_link(app: &App, member: &Member, slug: &str) -> Result<String> {
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    seat.require_leader()?;
    refuse_to_grow(&mut tx, &seat, now).await?;
    let secret = secret::draw();
    change::set_link(&mut tx, seat.competition.id, seat.team_id, &secret, now).await?;
    tx.commit().await?;
    Ok(secret)
}

/// Ends the link.
///
/// # Errors
/// A sentence for others than the leader.
pub async fn remove_link(app: &App, member: &Member, slug: &str) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    seat.require_leader()?;
    change::remove_link(&mut tx, seat.team_id).await?;
    tx.commit().await?;
    Ok(())
}
