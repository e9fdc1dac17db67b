//! The event stream of a competition: says that something changed, never what it is now.
//!
//! A page that hears of a change fetches itself again, so that what it shows went through the same
//! rights as ever. A stream ends after [`STREAM_SECONDS`]; the browser opens a new one, and who has
//! lost access by then gets none.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::future::Either;
use futures_util::stream::{self, Stream, StreamExt};
use holdout_contract::events::Event;
use serde::Deserialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_stream::wrappers::BroadcastStream;

use crate::app::App;
use crate::competitions::access;
use crate::error::Result;
use crate::ids::{CompetitionId, TeamId};
use crate::web::shell::Shell;

/// How long one stream lasts, in seconds.
const STREAM_SECONDS: u64 = 120;
/// A page of a board fetches itself no sooner again.
const BOARD_PAUSE: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
pub struct Wanted {
    /// `board`: only that the board changed, at a pace that the server can serve however many look.
    on: Option<String>,
}

pub async fn show_live(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(wanted): Query<Wanted>,
    shell: Shell,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>> {
    let seen = access::see(&app, &slug, shell.viewer.as_ref()).await?;
    let (competition, team) = (seen.competition.id, seen.standing.team_id);
    let times = times(&app, competition);
    let spread = app.live.board_spread();
    let news = if wanted.on.as_deref() == Some("board") {
        Either::Left(board_news(app.clone(), competition))
    } else {
        Either::Right(news(&app, competition, team, shell.viewer.is_some()))
    };
    let end = async move {
        tokio::select! {
            () = app.live.closing() => {}
            () = sleep(Duration::from_secs(STREAM_SECONDS)) => {}
        }
    };
    // After a restart not all come back at once.
    let back_after = Duration::from_secs(1) + spread.mul_f64(rand::random());
    let begin = stream::once(std::future::ready(sse::Event::default().retry(back_after)));
    let events = begin.chain(stream::select(news, times)).map(Ok).take_until(Box::pin(end));
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// That the board changed: somewhere within the time that all who look need, and then not before that time has passed.
/// Nothing is received meanwhile, so that what happens wakes only those who may tell it.
fn board_news(app: App, ours: CompetitionId) -> impl Stream<Item = sse::Event> {
    let boards = app.live.boards();
    stream::unfold((app, boards, Instant::now()), move |(app, mut boards, rested)| async move {
        sleep_until(rested).await;
        loop {
            match boards.recv().await {
                Ok(changed) if changed != ours => {}
                Ok(_) | Err(RecvError::Lagged(_)) => break,
                Err(RecvError::Closed) => return None,
            }
        }
        let spread = app.live.board_spread();
        sleep(spread.mul_f64(rand::random())).await;
        // The page that is fetched now shows whatever happened until now.
        let boards = boards.resubscribe();
        let rested = Instant::now() + spread.max(BOARD_PAUSE);
        Some((sse::Event::default().event("board").data("changed"), (app, boards, rested)))
    })
}

/// What a viewer hears of submissions and jobs.
fn news(
    app: &App,
    ours: CompetitionId,
    team: Option<TeamId>,
    is_member: bool,
) -> impl Stream<Item = sse::Event> + use<> {
    BroadcastStream::new(app.live.others()).filter_map(move |event| async move {
        match event {
            Ok(event) => tell(event, ours, team, is_member),
            Err(_) => Some(sse::Event::default().event("submission").data("some were missed")),
        }
    })
}

fn times(app: &App, ours: CompetitionId) -> impl Stream<Item = sse::Event> + use<> {
    BroadcastStream::new(app.live.times())
        .filter(move |moved| std::future::ready(moved.as_ref().is_ok_and(|moved| *moved == ours)))
        .map(|_| sse::Event::default().event("times").data("moved"))
}

/// What a viewer hears of an event.
fn tell(event: Event, ours: CompetitionId, team: Option<TeamId>, is_member: bool) -> Option<sse::Event> {
    match event {
        Event::Submission { competition_id, team_id, submission_id }
            if competition_id == ours.0 && team == Some(TeamId(team_id)) =>
        {
            Some(sse::Event::default().event("submission").data(submission_id.to_string()))
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
        let job = Event::Job { competition_id: 1, job_id: 4 };
        assert!(tell(job, CompetitionId(1), None, true).is_some());
        assert!(tell(job, CompetitionId(1), None, false).is_none());
    }
}
