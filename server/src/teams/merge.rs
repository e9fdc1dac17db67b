//! Two teams become one: a team of one by accepting an invitation, teams of any size by a request
//! from leader to leader. What was sent, chosen and written is the merged team's.

use chrono::{DateTime, Utc};
use holdout_contract::events::{Event, announce};
use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, MergeRequestId, TeamId, TeamInvitationId};
use crate::teams::model::{Kind, refusal};
use crate::teams::seat::{Seat, no_team, record};
use crate::teams::store::{self, change, merge as held, show};

/// Requests of one team that wait for an answer.
const MOST_OPEN: i64 = 20;
const MEANWHILE: &str = "One of the two teams has changed in the meantime: check again.";

/// By what somebody comes into a team.
#[derive(Debug, Clone, Copy)]
pub enum Door<'a> {
    Invitation(TeamInvitationId),
    Link(&'a str),
}

/// The team that goes on, and the one that becomes part of it.
#[derive(Debug, Clone, Copy)]
struct Pair {
    kept: TeamId,
    gone: TeamId,
}

/// Accepts an invitation: a person's team of one, with what it has sent, becomes part of the team.
///
/// # Errors
/// [`AppError::NotFound`] for an invitation that is not theirs or is gone; a sentence when the rules say no.
pub async fn accept_invitation(app: &App, member: &Member, slug: &str, door: Door<'_>) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let (now, competition) = (app.clock.now(), seen.competition.id);
    let mut tx = app.db.begin().await?;
    let kept = behind(&mut tx, competition, member, door).await?;
    let gone = held::team_of(&mut tx, competition, member.id).await?.ok_or_else(no_team)?;
    if kept == gone {
        return Err(AppError::refused("You are already in this team."));
    }
    let pair = Pair { kept, gone };
    hold(&mut tx, competition, pair).await?;
    // Again, now that nobody else can change them.
    if behind(&mut tx, competition, member, door).await? != kept {
        return Err(AppError::refused(MEANWHILE));
    }
    let mates = show::mates(&mut tx, gone).await?;
    if !mates.iter().any(|mate| mate.user_id == member.id) {
        return Err(AppError::refused(MEANWHILE));
    }
    if mates.len() > 1 {
        return Err(AppError::refused(
            "You are in a team of several people. Such teams merge when one leader asks and the other accepts.",
        ));
    }
    if let Door::Invitation(id) = door {
        change::answer_invitation(&mut tx, competition, member.id, id).await?.ok_or(AppError::NotFound)?;
    }
    make_one(&mut tx, &seen, member, pair, Kind::Joined, now).await?;
    tx.commit().await?;
    Ok(())
}

/// The team that lies behind a door.
async fn behind(
    conn: &mut PgConnection,
    competition: CompetitionId,
    member: &Member,
    door: Door<'_>,
) -> Result<TeamId> {
    let team = match door {
        Door::Invitation(id) => change::inviting_team(conn, competition, member.id, id).await?,
        Door::Link(secret) => show::by_link(conn, competition, secret).await?.map(|linked| linked.team_id),
    };
    team.ok_or(AppError::NotFound)
}

async fn hold(conn: &mut PgConnection, competition: CompetitionId, pair: Pair) -> Result<()> {
    let live = held::hold_both(conn, competition, [pair.kept, pair.gone]).await?;
    if live.len() == 2 { Ok(()) } else { Err(AppError::refused(MEANWHILE)) }
}

/// Asks the rules, merges, and tells everybody in it. Both teams are held.
async fn make_one(
    conn: &mut PgConnection,
    seen: &Seen,
    actor: &Member,
    pair: Pair,
    kind: Kind,
    now: DateTime<Utc>,
) -> Result<()> {
    let competition = &seen.competition;
    let terms = held::hold_terms(conn, competition.id).await?;
    let (one, other) = (held::side(conn, pair.kept).await?, held::side(conn, pair.gone).await?);
    if let Some(sentence) = refusal(one, other, &terms, now) {
        return Err(AppError::refused(sentence));
    }
    let (kept, gone) = (store::name(conn, pair.kept).await?, store::name(conn, pair.gone).await?);
    held::merge(conn, pair.kept, pair.gone, now).await.map_err(too_late)?;
    let sentence = match kind {
        Kind::Joined => {
            format!("{} joined your team “{kept}” in “{}”", actor.display_name, competition.title)
        }
        _ => format!("“{gone}” is part of your team “{kept}” in “{}” now", competition.title),
    };
    let people: Vec<_> = show::mates(conn, pair.kept).await?.iter().map(|mate| mate.user_id).collect();
    let event = change::NewEvent {
        competition: competition.id,
        team: pair.kept,
        kind,
        actor: actor.id,
        person: None,
        other_team: Some(pair.gone),
        words: &gone,
    };
    record(conn, &event, &people, &sentence, now).await?;
    announce(conn, Event::Board { competition_id: competition.id.0 }).await?;
    Ok(())
}

/// What the schema says where the deadline came in between.
fn too_late(error: sqlx::Error) -> AppError {
    match error.as_database_error().and_then(|error| error.constraint()) {
        Some("teams_merge_in_time") => AppError::refused("The deadline to merge or join a team has passed."),
        _ => error.into(),
    }
}

/// A leader asks another team to become part of theirs.
///
/// # Errors
/// [`AppError::Field`] for a name that no team has; a sentence when the rules say no.
pub async fn ask(app: &App, member: &Member, slug: &str, team: &str) -> Result<MergeRequestId> {
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    seat.require_leader()?;
    let other = change::by_name(&mut tx, seat.competition.id, team.trim()).await?;
    let other =
        other.ok_or_else(|| AppError::field("team", format!("No team has the name “{}”.", team.trim())))?;
    if other == seat.team_id {
        return Err(AppError::field("team", "This is your own team."));
    }
    let terms = held::terms(&mut tx, seat.competition.id).await?;
    let sides = [held::side(&mut tx, seat.team_id).await?, held::side(&mut tx, other).await?];
    if let Some(sentence) = refusal(sides[0], sides[1], &terms, now) {
        return Err(AppError::refused(sentence));
    }
    if change::count_asked(&mut tx, seat.team_id).await? >= MOST_OPEN {
        return Err(AppError::refused(format!(
            "{MOST_OPEN} of your team's requests are waiting for an answer: take one back first."
        )));
    }
    let id = change::ask(&mut tx, seat.competition.id, seat.team_id, other, member.id, now).await;
    let id = id.map_err(|error| match error.as_database_error() {
        // The other team became part of a third between being found and being asked.
        Some(cause) if cause.is_foreign_key_violation() => AppError::refused(MEANWHILE),
        _ => error.into(),
    })?;
    let id = id.ok_or_else(|| {
        AppError::refused("One of the two teams has already asked the other and is waiting for an answer.")
    })?;
    let words = format!("“{}”", store::name(&mut tx, other).await?);
    let event = change::NewEvent { other_team: Some(other), words: &words, ..seat.event(Kind::MergeAsked) };
    let sentence = format!(
        "“{}” asks your team to merge into it in “{}”; your leader can accept",
        seat.team, seat.competition.title
    );
    let people: Vec<_> = show::mates(&mut tx, other).await?.iter().map(|mate| mate.user_id).collect();
    record(&mut tx, &event, &people, &sentence, now).await?;
    tx.commit().await?;
    Ok(id)
}

/// The leader of the team that was asked accepts.
///
/// # Errors
/// [`AppError::NotFound`] for a request that is gone or for others; a sentence when the rules say no.
pub async fn accept_request(app: &App, member: &Member, slug: &str, id: MergeRequestId) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let (now, competition) = (app.clock.now(), seen.competition.id);
    let mut tx = app.db.begin().await?;
    let asked = change::find_request(&mut tx, competition, id).await?.ok_or(AppError::NotFound)?;
    let pair = Pair { kept: asked.from, gone: asked.to };
    require_member(&mut tx, asked.to, member).await?;
    hold(&mut tx, competition, pair).await?;
    require_leader(&mut tx, asked.to, member).await?;
    if !change::end_request(&mut tx, id).await? {
        return Err(AppError::NotFound);
    }
    make_one(&mut tx, &seen, member, pair, Kind::Merged, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a request: its own leader takes it back, or the other team's declines.
///
/// # Errors
/// [`AppError::NotFound`] for a request that is gone or for others.
pub async fn end_request(app: &App, member: &Member, slug: &str, id: MergeRequestId) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let (now, competition) = (app.clock.now(), seen.competition.id);
    let mut tx = app.db.begin().await?;
    let asked = change::find_request(&mut tx, competition, id).await?.ok_or(AppError::NotFound)?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    let (kind, other, verb) = match seat.team_id {
        own if own == asked.from => (Kind::MergeWithdrawn, asked.to, "took back its request to merge"),
        own if own == asked.to => (Kind::MergeDeclined, asked.from, "declined to merge with your team"),
        _ => return Err(AppError::NotFound),
    };
    seat.require_leader()?;
    if !change::end_request(&mut tx, id).await? {
        return Err(AppError::NotFound);
    }
    let words = format!("“{}”", store::name(&mut tx, other).await?);
    let event = change::NewEvent { other_team: Some(other), words: &words, ..seat.event(kind) };
    let people: Vec<_> = show::mates(&mut tx, other).await?.iter().map(|mate| mate.user_id).collect();
    let sentence = format!("“{}” {verb} in “{}”", seat.team, seat.competition.title);
    record(&mut tx, &event, &people, &sentence, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Who is in neither team does not learn that there is a request.
async fn require_member(conn: &mut PgConnection, team: TeamId, member: &Member) -> Result<()> {
    let mates = show::mates(conn, team).await?;
    if mates.iter().any(|mate| mate.user_id == member.id) { Ok(()) } else { Err(AppError::NotFound) }
}

async fn require_leader(conn: &mut PgConnection, team: TeamId, member: &Member) -> Result<()> {
    let mates = show::mates(conn, team).await?;
    if mates.iter().any(|mate| mate.is_leader && mate.user_id == member.id) {
        return Ok(());
    }
    Err(AppError::refused("The leader of your team answers this request."))
}
