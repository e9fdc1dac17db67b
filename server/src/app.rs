//! What every handler can reach, and the router made of all rooms.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use axum::Router;
use sqlx::PgPool;
use utoipa_axum::router::OpenApiRouter;

use crate::accounts::limits::Limits;
use crate::accounts::passwords::Passwords;
use crate::accounts::providers::discovery::Discovered;
use crate::accounts::store::sessions::{TokenHash, Visit};
use crate::api::pace::Paces;
use crate::clock::Clock;
use crate::coalescing::{Coalesced, ParkedConnection, Reads};
use crate::competitions::access::Known;
use crate::competitions::store::{Glance, Onlooker};
use crate::competitions::{front, texts};
use crate::config::{Config, DirectRoad};
use crate::fellows::Fellows;
use crate::files::{Direct, Files};
use crate::forum::forums::Named;
use crate::forum::list;
use crate::forum::model::Forum;
use crate::incidents::facts;
use crate::kaggle::desk::Desk;
use crate::leaderboard::cache::Boards;
use crate::replica::model::Replica;
use crate::site::current::Current;
use crate::site::model::Site;
use crate::telemetry::requests::Requests;
use crate::uploads::writers::Writers;
use crate::web::crowd::Crowd;
use crate::web::live::Live;
use crate::web::routing::any;
use crate::web::space::Space;
use crate::{api, paths, web};

/// Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

pub struct Parts {
    pub db: PgPool,
    /// Gives boards, as long as it is near.
    pub replica: Replica,
    pub config: Config,
    pub clock: Clock,
    pub files: Files,
    /// Where people may move files to and from the object store themselves.
    pub direct: Option<Direct>,
    pub passwords: Passwords,
    pub providers: Discovered,
    pub limits: Limits,
    pub paces: Paces,
    pub live: Live,
    pub boards: Boards,
    pub sessions: Reads<TokenHash, Visit>,
    /// Sessions of those who look at pages.
    pub visits: Reads<TokenHash, Visit>,
    pub glances: Reads<Onlooker, Glance>,
    pub competitions: Known,
    pub topics: list::Lists,
    pub shelves: list::Shelves,
    pub forums: Coalesced<Named, Option<Forum>>,
    /// Of those who read forums and their topics.
    pub forum_connection: ParkedConnection,
    pub front: front::Kept,
    pub texts: texts::Texts,
    pub kaggle: Desk,
    pub uploads: Writers,
    pub site: Current,
    /// How the site is, kept for some seconds.
    pub incidents: facts::Kept,
    pub requests: Requests,
    pub crowd: Crowd,
    pub space: Space,
    pub fellows: Fellows,
    /// Set once, when the server is told to stop.
    pub is_leaving: AtomicBool,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// # Errors
    /// When the place of files cannot be opened; an address of a replica that is none.
    pub fn new(db: PgPool, config: Config) -> std::io::Result<Self> {
        let files = Files::open(&config.files)?;
        let direct = match &config.direct {
            None => None,
            Some(DirectRoad::AsTheServer) => Direct::open(&config.files, None)?,
            Some(DirectRoad::At(endpoint)) => Direct::open(&config.files, Some(endpoint))?,
        };
        let fellows = Fellows::default();
        let replica = Replica::new(&config).map_err(std::io::Error::other)?;
        Ok(Self(Arc::new(Parts {
            db,
            replica,
            clock: Clock::default(),
            files,
            direct,
            passwords: Passwords::new(),
            providers: Discovered::new(&config.providers),
            limits: Limits::new(fellows.spent.clone()),
            paces: Paces::new(config.api_requests_a_minute, fellows.spent.clone()),
            fellows,
            live: Live::default(),
            boards: Boards::default(),
            sessions: Reads::default(),
            visits: Reads::default(),
            glances: Reads::default(),
            competitions: Known::default(),
            topics: Coalesced::default(),
            shelves: Coalesced::default(),
            forums: Coalesced::default(),
            forum_connection: ParkedConnection::default(),
            front: front::Kept::default(),
            texts: texts::cache(),
            kaggle: Desk::default(),
            uploads: Writers::default(),
            site: Current::new(Site::configured(&config)),
            incidents: facts::Kept::default(),
            requests: Requests::default(),
            crowd: Crowd::default(),
            space: Space::new(&config),
            is_leaving: AtomicBool::new(false),
            config,
        })))
    }
}

impl App {
    /// Ends all connections to the database; PostgreSQL's log would complain of one that was lost.
    pub async fn close(&self) {
        let is_closed = self.db.close();
        self.sessions.end();
        self.visits.end();
        self.glances.end();
        self.forum_connection.end();
        is_closed.await;
    }
}

/// The whole site: pages, API, static files, health.
pub fn router(app: App) -> Router {
    let pages = Router::new()
        .merge(crate::accounts::pages::router())
        .merge(crate::personal::pages::router())
        .merge(crate::admin::pages::router())
        .merge(crate::site::pages::router())
        .merge(crate::site_texts::pages::router())
        .merge(crate::incidents::pages::router())
        .merge(crate::quotas::pages::router())
        .merge(crate::retention::pages::router())
        .merge(crate::competitions::pages::router())
        .merge(crate::bundles::pages::router())
        .merge(crate::teams::pages::router())
        .merge(crate::submissions::pages::router())
        .merge(crate::leaderboard::pages::router())
        .merge(crate::ranks::pages::router())
        .merge(crate::pictures::pages::router())
        .merge(crate::other_metrics::pages::router())
        .merge(crate::shake_up::pages::router())
        .merge(crate::versions::pages::router())
        .merge(crate::conduct::pages::router())
        .merge(crate::similar::pages::router())
        .merge(crate::probing::pages::router())
        .merge(crate::closing::pages::router())
        .merge(crate::certificates::pages::router())
        .merge(crate::write_ups::pages::router())
        .merge(crate::announcements::pages::router())
        .merge(crate::baselines::pages::router())
        .merge(crate::webhooks::pages::router())
        .merge(crate::custom_metrics::pages::router())
        .merge(crate::dashboard::pages::router())
        .merge(crate::dashboard::sent_pages::router())
        .merge(crate::notebooks::pages::router())
        .merge(crate::medals::pages::router())
        .merge(crate::medals::recomputed_page::router())
        .merge(crate::forum::pages::router())
        .merge(crate::notifications::pages::router())
        .merge(crate::moderation::pages::router())
        .merge(crate::search::pages::router())
        .merge(crate::images::pages::router())
        .merge(api::reference::router())
        .merge(crate::kaggle::links::router())
        .fallback(web::problems::unknown_page);
    let (api, _) = api_rooms().split_for_parts();
    let api = api.route(paths::API_REST, any(api::unknown_address));
    let kaggle = crate::kaggle::router(&app);
    web::assemble(app, pages, api, kaggle)
}

/// Every address of the API that is described: its operations are the routes.
pub fn api_rooms() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(crate::accounts::api::router())
        .merge(crate::accounts::api_addresses::router())
        .merge(crate::accounts::api_entrance::router())
        .merge(crate::accounts::api_events::router())
        .merge(crate::accounts::api_identities::router())
        .merge(crate::accounts::api_profiles::router())
        .merge(crate::accounts::api_sessions::router())
        .merge(crate::accounts::api_two_factors::router())
        .merge(crate::personal::api::router())
        .merge(crate::admin::api::router())
        .merge(crate::site::api::router())
        .merge(crate::site_texts::api::router())
        .merge(crate::incidents::api::router())
        .merge(crate::quotas::api::router())
        .merge(crate::retention::api::router())
        .merge(crate::competitions::api::router())
        .merge(crate::teams::api::router())
        .merge(crate::submissions::api::router())
        .merge(crate::submissions::api_direct::router())
        .merge(crate::submissions::api_final::router())
        .merge(crate::uploads::api::router())
        .merge(crate::leaderboard::api::router())
        .merge(crate::ranks::api::router())
        .merge(crate::pictures::api::router())
        .merge(crate::other_metrics::api::router())
        .merge(crate::shake_up::api::router())
        .merge(crate::versions::api::router())
        .merge(crate::conduct::api::router())
        .merge(crate::similar::api::router())
        .merge(crate::probing::api::router())
        .merge(crate::closing::api::router())
        .merge(crate::certificates::api::router())
        .merge(crate::write_ups::api::router())
        .merge(crate::announcements::api::router())
        .merge(crate::baselines::api::router())
        .merge(crate::webhooks::api::router())
        .merge(crate::custom_metrics::api::router())
        .merge(crate::dashboard::api::router())
        .merge(crate::folder::api::router())
        .merge(crate::archives::api::router())
        .merge(crate::bundles::api::router())
        .merge(crate::forum::api::router())
        .merge(crate::notifications::api::router())
        .merge(crate::moderation::api::router())
        .merge(crate::search::api::router())
        .merge(crate::images::api::router())
        .merge(crate::medals::api::router())
        .merge(crate::medals::recomputed_api::router())
        .merge(crate::notebooks::api::router())
        .merge(api::openapi::router())
}
