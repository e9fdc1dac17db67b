//! Reads of one's own team and of invitations to oneself, for pages, JSON and the command line.

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::conduct;
use crate::error::Result;
use crate::teams::model::{Invitation, Team};
use crate::teams::store::{self, show};

/// What somebody sees of teams in a competition.
#[derive(Debug, Clone)]
pub struct Look {
    /// `None` for who takes no part.
    pub team: Option<Team>,
    /// Who invites them.
    pub invitations: Vec<Invitation>,
}

/// # Errors
/// [`crate::error::AppError::NotFound`] for a competition that the member may not see.
pub async fn own(app: &App, member: &Member, slug: &str) -> Result<(Seen, Look)> {
    let seen = access::see(app, slug, Some(member)).await?;
    let mut conn = app.db.acquire().await?;
    let invitations = show::invitations_to(&mut conn, seen.competition.id, member.id).await?;
    let Some(id) = seen.standing.team_id else {
        return Ok((seen, Look { team: None, invitations }));
    };
    let (n_counted, has_sent) = show::sent(&mut conn, id).await?;
    let mut team = Team {
        id,
        name: store::name(&mut conn, id).await?,
        mates: show::mates(&mut conn, id).await?,
        invitations: show::invitations_of(&mut conn, id).await?,
        requests: show::requests_of(&mut conn, id).await?,
        link: None,
        history: show::history(&mut conn, seen.competition.id, id).await?,
        n_counted,
        has_sent,
        barred: conduct::store::barred(&mut conn, id).await?,
    };
    if team.is_led_by(member.id) {
        team.link = show::link(&mut conn, id).await?;
    }
    drop(conn);
    Ok((seen, Look { team: Some(team), invitations }))
}
