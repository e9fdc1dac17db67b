//! All submissions of a competition as a page and as CSV, for hosts.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use sqlx::PgConnection;

use super::csv;
use super::sent::{self, Fate, Filter, Sent};
use crate::api::paging::Keyset;
use crate::app::App;
use crate::competitions::access;
use crate::competitions::frame::{Frame, Tab};
use crate::competitions::model::Phase;
use crate::competitions::pages::setup::{Setup, open};
use crate::error::Result;
use crate::ids::{CompetitionId, SubmissionId};
use crate::paths;
use crate::teams::store::change::by_name;
use crate::web::problems::encode;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::HOST_SENT, get(show_sent)).route(paths::HOST_SENT_CSV, get(send_sent))
}

/// What is looked for, as it stands in the address; a state that is none is all of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Ask {
    state: String,
    team: String,
}

impl Ask {
    fn fate(&self) -> Option<Fate> {
        Fate::read(&self.state)
    }

    /// `None` where no team has that name.
    async fn filter(&self, conn: &mut PgConnection, id: CompetitionId) -> Result<Option<Filter>> {
        let fate = self.fate();
        match self.team.trim() {
            "" => Ok(Some(Filter { fate, team: None })),
            name => {
                let team = by_name(conn, id, name).await?;
                Ok(team.map(|team| Filter { fate, team: Some(team) }))
            }
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "dashboard/sent.html")]
pub struct SentPage {
    pub shell: Shell,
    pub frame: Frame,
    pub setup: Setup,
    pub sent: Vec<Sent>,
    pub fate: Option<Fate>,
    /// The name that is looked for.
    pub team: String,
    pub is_unknown_team: bool,
    /// `before` of the next page.
    pub older: Option<i64>,
}

impl SentPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Host),
            setup: Setup::sample(None),
            sent: vec![Sent::sample()],
            fate: Some(Fate::Scored),
            team: "Ada & friends".to_owned(),
            is_unknown_team: false,
            older: Some(7),
        }
    }

    pub fn has_ended(&self) -> bool {
        self.frame.phase >= Phase::Closed
    }

    /// What can be chosen, and whether it is.
    pub fn fates(&self) -> Vec<(&'static str, bool)> {
        Fate::ALL.into_iter().map(|fate| (fate.name(), self.fate == Some(fate))).collect()
    }

    pub fn is_filtered(&self) -> bool {
        self.fate.is_some() || !self.team.is_empty()
    }

    pub fn csv_address(&self) -> String {
        self.address(paths::host_sent_csv(self.frame.slug()), &self.team, None)
    }

    pub fn older_address(&self) -> Option<String> {
        self.older.map(|before| self.address(paths::host_sent(self.frame.slug()), &self.team, Some(before)))
    }

    /// What the team of a submission sent, of the same states.
    pub fn team_address(&self, submission: &Sent) -> String {
        self.address(paths::host_sent(self.frame.slug()), &submission.team, None)
    }

    fn address(&self, path: String, team: &str, before: Option<i64>) -> String {
        let state = self.fate.map(|fate| format!("state={}", fate.name()));
        let team = (!team.is_empty()).then(|| format!("team={}", encode(team)));
        let before = before.map(|before| format!("before={before}"));
        let query: Vec<String> = [state, team, before].into_iter().flatten().collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }
}

async fn show_sent(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(keyset): Query<Keyset>,
    Query(ask): Query<Ask>,
    shell: Shell,
) -> Result<SentPage> {
    let opened = open(&app, &slug, &shell, None).await?;
    let competition = &opened.seen.competition;
    let mut conn = app.db.acquire().await?;
    let filter = ask.filter(&mut conn, competition.id).await?;
    let ended = competition.ended(shell.now);
    let before = SubmissionId(keyset.before());
    let found = match filter {
        Some(filter) => sent::list(&mut conn, competition, ended, filter, before, keyset.fetched()).await?,
        None => Vec::new(),
    };
    drop(conn);
    let slice = keyset.slice(found, |submission| submission.id.0);
    Ok(SentPage {
        frame: opened.frame(&shell),
        setup: opened.setup,
        shell,
        sent: slice.items,
        fate: ask.fate(),
        team: ask.team.trim().to_owned(),
        is_unknown_team: filter.is_none(),
        older: slice.next,
    })
}

async fn send_sent(
    State(app): State<App>,
    Path(slug): Path<String>,
    Query(ask): Query<Ask>,
    shell: Shell,
) -> Result<Response> {
    shell.member()?;
    let competition = access::see_as_host(&app, &slug, shell.viewer.as_ref()).await?.competition;
    let mut conn = app.db.acquire().await?;
    let filter = ask.filter(&mut conn, competition.id).await?;
    drop(conn);
    csv::send_sent(app, competition, filter)
}
