//! The event stream of a competition: says that something changed, never what it is now.
//!
//! A page that hears of a change fetches itself again, so that what it shows went through the same
//! rights as ever. A stream ends after [`STREAM_SECONDS`]; the browser opens a new one, and who has
//! lost access by then gets none.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use holdout_contract::events::Event;
use tokio_stream::wrappers::BroadcastStream;

use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::ids::{CompetitionId, TeamId};
use crate::web::shell::Shell;

/// How long one stream lasts, in seconds.
pub const STREAM_SECONDS: u64 = 120;

pub async fn show_live(
    State(app): State<App>,
    Path(slug): Path<String>,
    shell: Shell,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let (competition, team) = (seen.competition.id, seen.standing.team_id);
    let is_member = shell.viewer.is_some();
    let events = BroadcastStream::new(app.live.subscribe())
        .filter_map(move |event| async move {
            let told = match event {
                Ok(event) => tell(event, competition, team, is_member),
                Err(_) => Some(sse::Event::default().event("board").data("some were missed")),
            };
            told.map(Ok)
        })
        .take_until(tokio::time::sleep(Duration::from_secs(STREAM_SECONDS)));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// What a viewer hears of an event.
fn tell(event: Event, ours: CompetitionId, team: Option<TeamId>, is_member: bool) -> Option<sse::Event> {
    match event {
        Event::Submission { competition_id, team_id, submission_id }
            if competition_id == ours.0 && team == Some(TeamId(team_id)) =>
        {
            Some(sse::Event::default().event("submission").data(submission_id.to_string()))
        }
        Event::Board { competition_id } if competition_id == ours.0 => {
            Some(sse::Event::default().event("board").data("changed"))
        }
        Event::Times { competition_id } if competition_id == ours.0 => {
            Some(sse::Event::default().event("times").data("moved"))
        }
        Event::Job { competition_id, .. } if competition_id == ours.0 && is_member => {
            Some(sse::Event::default().event("job").data("ended"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_hears_of_another_teams_submission() {
        let event = Event::Submission { competition_id: 1, team_id: 2, submission_id: 3 };
        assert!(tell(event, CompetitionId(1), Some(TeamId(2)), true).is_some());
        assert!(tell(event, CompetitionId(1), Some(TeamId(9)), true).is_none());
        assert!(tell(event, CompetitionId(1), None, true).is_none());
        assert!(tell(event, CompetitionId(8), Some(TeamId(2)), true).is_none());
        assert!(tell(Event::Board { competition_id: 1 }, CompetitionId(1), None, false).is_some());
        assert!(tell(Event::Times { competition_id: 1 }, CompetitionId(1), None, false).is_some());
        assert!(tell(Event::Times { competition_id: 8 }, CompetitionId(1), None, true).is_none());
    }
}
