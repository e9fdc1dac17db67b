//! A member in their team, which is held until the transaction ends.
//!
//! Everything that changes teams takes locks in one order: teams (by number, where there are two),
//! then scoring versions, then the competition.

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use crate::accounts::model::Member;
use crate::competitions::access::Seen;
use crate::competitions::model::Competition;
use crate::error::{AppError, Result};
use crate::ids::{CompetitionId, TeamId, UserId};
use crate::notifications::tell;
use crate::teams::model::{Kind, Mate};
use crate::teams::store::change::{self, NewEvent};
use crate::teams::store::{self, merge, show};

/// Holds a person's team. Who waited for it may be in another by then, so it is asked again.
///
/// # Errors
/// Those of the database.
pub async fn hold_own(
    conn: &mut PgConnection,
    competition: CompetitionId,
    user: UserId,
) -> sqlx::Result<Option<TeamId>> {
    loop {
        let Some(team) = merge::team_of(conn, competition, user).await? else { return Ok(None) };
        let mut point = conn.begin().await?;
        merge::hold(&mut point, team).await?;
        if merge::team_of(&mut point, competition, user).await? == Some(team) {
            point.commit().await?;
            return Ok(Some(team));
        }
        point.rollback().await?;
    }
}

#[derive(Debug, Clone)]
pub struct Seat {
    pub competition: Competition,
    pub member: Member,
    pub team_id: TeamId,
    pub team: String,
    pub mates: Vec<Mate>,
}

impl Seat {
    /// # Errors
    /// A sentence for somebody without a team.
    pub async fn take(conn: &mut PgConnection, seen: Seen, member: &Member) -> Result<Self> {
        let competition = seen.competition;
        let team_id = hold_own(conn, competition.id, member.id).await?.ok_or_else(no_team)?;
        let team = store::name(conn, team_id).await?;
        let mates = show::mates(conn, team_id).await?;
        Ok(Self { competition, member: member.clone(), team_id, team, mates })
    }

    /// # Errors
    /// A sentence that names who leads.
    pub fn require_leader(&self) -> Result<()> {
        match self.mates.iter().find(|mate| mate.is_leader) {
            Some(leader) if leader.user_id != self.member.id => Err(AppError::refused(format!(
                "Only the leader of a team can do this; yours is {}.",
                leader.display_name
            ))),
            _ => Ok(()),
        }
    }

    pub fn people(&self) -> Vec<UserId> {
        self.mates.iter().map(|mate| mate.user_id).collect()
    }

    /// The mate of this name.
    ///
    /// # Errors
    /// [`AppError::Field`] when nobody in the team has it.
    pub fn mate(&self, username: &str) -> Result<&Mate> {
        let found = self.mates.iter().find(|mate| mate.username == username.trim());
        found.ok_or_else(|| AppError::field("username", "No one in your team has this user name."))
    }

    pub fn event(&self, kind: Kind) -> NewEvent<'static> {
        NewEvent {
            competition: self.competition.id,
            team: self.team_id,
            kind,
            actor: self.member.id,
            person: None,
            other_team: None,
            words: "",
        }
    }
}

pub fn no_team() -> AppError {
    AppError::refused("You do not take part in this competition yet: accept its rules first.")
}

/// Puts an event on record, and tells people of it in one sentence. Nobody is told what they did themselves.
///
/// # Errors
/// Those of the database.
pub async fn record(
    conn: &mut PgConnection,
    event: &NewEvent<'_>,
    people: &[UserId],
    sentence: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let id = change::note(conn, event, now).await?;
    tell::of_team(conn, id, people, sentence, now).await
}
