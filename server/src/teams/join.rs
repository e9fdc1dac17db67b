//! The verb that makes a member a participant: accept the rules, get a team of one.

use chrono::{DateTime, Utc};

use crate::accounts::model::Member;
use crate::app::App;
use crate::baselines::send::HOSTS_ARE_UNRANKED;
use crate::competitions::access::{self, Seen};
use crate::competitions::model::Phase;
use crate::competitions::store::invitations;
use crate::error::{AppError, Result};
use crate::ids::TeamId;
use crate::teams::store;
use crate::web::format;

/// What somebody reads who hosted and asks to take part.
const FORMER_HOSTS_ARE_UNRANKED: &str = "You used to host this competition. Former hosts are never ranked in it, because they know what hosts know.";

const IS_A_DRAFT: &str = "This competition is a draft; you can join once it is launched.";

/// A new team of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    pub team_id: TeamId,
    pub team_name: String,
    /// After the end: what this team sends is scored and never ranked.
    pub is_late: bool,
}

/// Whether hosts are to see which of the addresses that they invited is the member's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitedAddress {
    Shown,
    Hidden,
}

impl InvitedAddress {
    pub fn of(is_shown: bool) -> Self {
        if is_shown { Self::Shown } else { Self::Hidden }
    }
}

/// As [`join_as`], and hosts see no address.
///
/// # Errors
/// As [`join_as`].
pub async fn join(app: &App, member: &Member, slug: &str) -> Result<Joined> {
    join_as(app, member, slug, InvitedAddress::Hidden).await
}

/// Accepts the rules for a member.
///
/// # Errors
/// A sentence when the member takes part already or the entry deadline has passed;
/// [`AppError::NotFound`] for a competition the member may not see.
pub async fn join_as(app: &App, member: &Member, slug: &str, address: InvitedAddress) -> Result<Joined> {
    let seen = access::see(app, slug, Some(member)).await?;
    let now = app.clock.now();
    if let Some(sentence) = hindrance(&seen, now) {
        return Err(AppError::refused(sentence));
    }
    let is_late = seen.competition.ended(now).is_some();
    let competition_id = seen.competition.id;
    let mut tx = app.db.begin().await?;
    let team = store::insert_team(&mut tx, competition_id, &member.display_name, member.id, now).await?;
    if !store::insert_leader(&mut tx, competition_id, team.id, member.id, now).await? {
        return Err(AppError::refused("You already take part in this competition."));
    }
    if address == InvitedAddress::Shown
        && let Some(email) = invitations::invited_as(&mut tx, competition_id, member.id).await?
    {
        invitations::note_invited_as(&mut tx, competition_id, member.id, &email).await?;
    }
    if !is_late && !store::count_team(&mut tx, competition_id).await? {
        return Err(AppError::refused(IS_A_DRAFT));
    }
    tx.commit().await?;
    Ok(Joined { team_id: team.id, team_name: team.name, is_late })
}

/// Why the viewer cannot join at `now`; `None` when they can.
pub fn hindrance(Seen { competition, standing }: &Seen, now: DateTime<Utc>) -> Option<String> {
    match competition.phase(now) {
        _ if standing.is_among_hosts => Some(HOSTS_ARE_UNRANKED.to_owned()),
        _ if standing.was_host => Some(FORMER_HOSTS_ARE_UNRANKED.to_owned()),
        Phase::Draft => Some(IS_A_DRAFT.to_owned()),
        Phase::Upcoming | Phase::Open => {
            competition.entry_deadline_at.filter(|deadline| now >= *deadline).map(|deadline| {
                format!(
                    "The entry deadline was {}. Late submissions open to everyone once the competition has ended.",
                    format::time(&deadline)
                )
            })
        }
        Phase::Closed | Phase::Final => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::competitions::access::Standing;
    use crate::competitions::model::Competition;

    #[test]
    fn the_door_closes_at_the_deadline_and_opens_for_late_entries() {
        let mut competition = Competition::sample();
        competition.entry_deadline_at = competition.starts_at.map(|start| start + TimeDelta::days(20));
        let at = |days| DateTime::UNIX_EPOCH + TimeDelta::days(days);
        let mut seen = Seen { competition, standing: Standing::of_nobody() };
        assert!(hindrance(&seen, at(19)).is_none());
        assert!(hindrance(&seen, at(20)).is_some_and(|sentence| sentence.contains("1970-01-21")));
        assert!(hindrance(&seen, at(31)).is_none());
        seen.standing.is_among_hosts = true;
        assert!(hindrance(&seen, at(19)).is_some_and(|sentence| sentence.contains("baseline")));
        seen.standing = Standing { was_host: true, ..Standing::of_nobody() };
        for day in [19, 31] {
            assert!(hindrance(&seen, at(day)).is_some_and(|sentence| sentence.contains("used to host")));
        }
    }
}
