//! What is settled within a team: its name, who leads it, and leaving it before it has sent anything.

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access;
use crate::error::{AppError, Result};
use crate::invisible_characters::refuse_invisible;
use crate::teams::model::{Kind, NAME_LIMIT};
use crate::teams::seat::{Seat, record};
use crate::teams::store::{self, change, merge, show};

const OVER: &str = "The competition is over: teams can no longer be changed.";

/// Gives the team another name.
///
/// # Errors
/// [`AppError::Field`] for a name that cannot be or is taken; a sentence for others than the leader
/// and after the end.
pub async fn rename(app: &App, member: &Member, slug: &str, wanted: &str) -> Result<()> {
    let name = read_name(wanted)?;
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    seat.require_leader()?;
    refuse_when_over(&mut tx, &seat, now).await?;
    if seat.team == name {
        return Ok(());
    }
    change::rename(&mut tx, seat.team_id, &name).await.map_err(taken)?;
    let words = format!("“{}” to “{name}”", seat.team);
    let event = change::NewEvent { words: &words, ..seat.event(Kind::Renamed) };
    let sentence = format!("{} renamed your team from {words}", member.display_name);
    record(&mut tx, &event, &seat.people(), &sentence, now).await?;
    tx.commit().await?;
    Ok(())
}

/// A team's name as it is kept.
///
/// # Errors
/// [`AppError::Field`] for one that is too long, empty, or has letters that nobody sees.
pub fn read_name(wanted: &str) -> Result<String> {
    let name = wanted.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = name.chars().count();
    if length == 0 || length > NAME_LIMIT {
        return Err(AppError::field("name", format!("A team's name has 1 to {NAME_LIMIT} characters.")));
    }
    refuse_invisible(&name).map_err(|sentence| AppError::field("name", sentence))?;
    Ok(name)
}

fn taken(error: sqlx::Error) -> AppError {
    let constraint = error.as_database_error().and_then(|error| error.constraint());
    if constraint == Some("teams_name_taken") {
        return AppError::field("name", "Another team already has this name.");
    }
    error.into()
}

async fn refuse_when_over(
    conn: &mut sqlx::PgConnection,
    seat: &Seat,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<()> {
    let terms = merge::terms(conn, seat.competition.id).await?;
    if terms.is_over(now) { Err(AppError::refused(OVER)) } else { Ok(()) }
}

/// Makes another member the leader.
///
/// # Errors
/// [`AppError::Field`] for somebody who is not in the team; a sentence for others than the leader and
/// after the end.
pub async fn hand_over(app: &App, member: &Member, slug: &str, username: &str) -> Result<()> {
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    seat.require_leader()?;
    refuse_when_over(&mut tx, &seat, now).await?;
    let next = seat.mate(username)?;
    if next.user_id == member.id {
        return Ok(());
    }
    change::set_leader(&mut tx, seat.team_id, next.user_id).await?;
    let event = change::NewEvent { person: Some(next.user_id), ..seat.event(Kind::HandedOver) };
    let sentence =
        format!("{} handed the leadership of “{}” to {}", member.display_name, seat.team, next.display_name);
    record(&mut tx, &event, &seat.people(), &sentence, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Leaves a team that has sent nothing, for a new team of one.
///
/// # Errors
/// A sentence for the leader, for who is alone, once anything was sent, and after the end.
pub async fn leave(app: &App, member: &Member, slug: &str) -> Result<String> {
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let seat = Seat::take(&mut tx, seen, member).await?;
    refuse_when_over(&mut tx, &seat, now).await?;
    if seat.mates.len() < 2 {
        return Err(AppError::refused("You are the only one in your team."));
    }
    if seat.mates.iter().any(|mate| mate.is_leader && mate.user_id == member.id) {
        return Err(AppError::refused("You lead this team: hand the leadership to someone else first."));
    }
    let (_, has_sent) = show::sent(&mut tx, seat.team_id).await?;
    if has_sent {
        return Err(AppError::refused(
            "Your team has sent a submission, which belongs to everyone in it: nobody can leave now.",
        ));
    }
    let competition_id = seat.competition.id;
    let own = store::insert_team(&mut tx, competition_id, &member.display_name, member.id, now).await?;
    change::move_out(&mut tx, seat.team_id, own.id, member.id, now).await?;
    let sentence = format!("{} left your team “{}”", member.display_name, seat.team);
    record(&mut tx, &seat.event(Kind::Left), &seat.people(), &sentence, now).await?;
    store::count_team(&mut tx, competition_id).await?;
    tx.commit().await?;
    Ok(own.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_tidied() {
        assert_eq!(read_name("  Difference \n Engine ").unwrap(), "Difference Engine");
        for wrong in ["", "  ", &"x".repeat(61), "a\u{0}b"] {
            assert!(read_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
