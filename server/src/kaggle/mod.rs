//! Kaggle's own client, unmodified: what it sends and what it expects back, on top of the same verbs
//! as the pages and the API.
//!
//! That client posts to `/api/v1/{service}/{method}`, follows redirects to signed download
//! addresses and puts files to an upload address. Never here: SQL, or a rule of a competition.
//!
//! Start at [`call`]. `holdout kaggle-env` prints what its users set.

pub mod auth;
pub mod competitions;
pub mod desk;
pub mod downloads;
pub mod forums;
pub mod leaderboard;
pub mod links;
pub mod notebooks;
pub mod runs;
mod store;
pub mod submissions;
pub mod uploads;
pub mod wire;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderMap;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use bytes::Bytes;

use crate::accounts::model::{Member, Scope};
use crate::api;
use crate::app::App;
use crate::kaggle::wire::{Fault, answer, ask};
use crate::paths;
use crate::web::routing::{get, post, put};
use crate::web::{csrf, space};

const COMPETITIONS: &str = "competitions.CompetitionApiService";
const DISCUSSIONS: &str = "discussions.DiscussionApiService";
const NOTEBOOKS: &str = "kernels.KernelsApiService";
/// Services of the client whose things this house does not have.
const ABSENT: [(&str, &str); 6] = [
    ("datasets.", "Datasets"),
    ("models.", "Models"),
    ("benchmarks.", "Benchmarks"),
    ("search.", "Searches over everything"),
    ("admin.", "Inboxes for files"),
    ("blobs.", "Uploads for datasets, models and the host's side"),
];

/// All addresses of that client, with layers of their own: it reads errors in one form only.
pub fn router(app: &App) -> Router<App> {
    let uploads = Router::new()
        .route(paths::KAGGLE_UPLOAD, put(uploads::receive))
        .layer(from_fn_with_state(app.clone(), space::refuse))
        .layer(DefaultBodyLimit::disable());
    let all = Router::new()
        .route(
            paths::KAGGLE_NOTEBOOK_CALL,
            post(call_about_notebooks)
                .fallback(api::unknown_address)
                .layer(DefaultBodyLimit::max(notebooks::LARGEST_CALL_BYTES)),
        )
        .route(paths::KAGGLE_CALL, post(call).fallback(api::unknown_address))
        .route(paths::KAGGLE_CALL_SHORT, post(call).fallback(api::unknown_address))
        .route(paths::KAGGLE_FILE, get(downloads::send_file))
        .route(paths::KAGGLE_ARCHIVE, get(downloads::send_archive))
        .route(paths::KAGGLE_SUBMISSION_FILE, get(downloads::send_submission))
        .route(paths::KAGGLE_RUN_FILE, get(runs::send_file))
        .merge(uploads);
    csrf::refuse_foreign(app, all)
        .layer(from_fn_with_state(app.clone(), api::pace::keep))
        .layer(from_fn(wire::draw))
}

/// One call of the client. The body is JSON whatever it is labelled; what is absent has its default.
async fn call(
    State(app): State<App>,
    Path((service, method)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    match (service.as_str(), method.as_str()) {
        ("security.OAuthService", "IntrospectToken") => answer(auth::introspect(&app, ask(&body)?).await?),
        ("api.v1.DiagnosticsService", "Hello") => {
            answer(auth::hello(auth::caller(&app, &headers).await?.member))
        }
        (COMPETITIONS, method) => {
            let caller = auth::caller(&app, &headers).await?;
            match method {
                "StartSubmissionUpload" | "CreateSubmission" | "CreateCodeSubmission" => {
                    submit(&app, &caller.with(Scope::Submit)?, method, &headers, &body).await
                }
                _ => read(&app, &caller.with(Scope::Read)?, method, &body).await,
            }
        }
        (DISCUSSIONS, method) => {
            let member = auth::caller(&app, &headers).await?.with(Scope::Read)?;
            discuss(&app, &member, method, &body).await
        }
        (NOTEBOOKS, method) => {
            notebooks::call(&app, auth::caller(&app, &headers).await?, method, &headers, &body).await
        }
        (service, _) => {
            let caller = auth::caller(&app, &headers).await?;
            caller.with(Scope::Read)?;
            Err(absent(service))
        }
    }
}

/// As [`call`], for whole notebooks.
async fn call_about_notebooks(
    app: State<App>,
    Path(method): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    call(app, Path((NOTEBOOKS.to_owned(), method)), headers, body).await
}

async fn submit(
    app: &App,
    member: &Member,
    method: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response, Fault> {
    match method {
        "StartSubmissionUpload" => answer(uploads::start(app, member, headers, ask(body)?).await?),
        "CreateCodeSubmission" => answer(runs::submit(app, member, ask(body)?).await?),
        _ => answer(submissions::create(app, member, ask(body)?).await?),
    }
}

async fn read(app: &App, member: &Member, method: &str, body: &Bytes) -> Result<Response, Fault> {
    match method {
        "ListCompetitions" => answer(competitions::list(app, member, ask(body)?).await?),
        "ListDataFiles" => answer(competitions::files(app, member, ask(body)?).await?),
        "ListCompetitionPages" => answer(competitions::pages(app, member, ask(body)?).await?),
        "DownloadDataFiles" => downloads::archive(app, member, ask(body)?).await,
        "DownloadDataFile" => downloads::file(app, member, ask(body)?).await,
        "DownloadSubmission" => downloads::submission(app, member, ask(body)?).await,
        "GetSubmissionLimits" => answer(submissions::limits(app, member, ask(body)?).await?),
        "ListSubmissions" => answer(submissions::list(app, member, ask(body)?).await?),
        "GetSubmission" => answer(submissions::show(app, member, ask(body)?).await?),
        "GetLeaderboard" => answer(leaderboard::show(app, member, ask(body)?).await?),
        "DownloadLeaderboard" => leaderboard::download(app, member, ask(body)?).await,
        "ListTeamPublicSubmissions" => Err(Fault::absent(
            "Other teams' submissions are not shown here; the leaderboard shows the best of each team.",
        )),
        "ListCompetitionHosts" => answer(competitions::hosts(app, member, ask(body)?).await?),
        "ListCompetitionTopics" => answer(forums::topics_of_competition(app, member, ask(body)?).await?),
        "ListTopicMessages" => answer(forums::messages(app, member, ask(body)?).await?),
        "ListSubmissionEpisodes" | "GetEpisodeReplay" | "GetEpisodeAgentLogs" => {
            Err(Fault::absent("There are no simulation competitions on this server."))
        }
        other => Err(Fault::absent(format!(
            "This server does not answer to {other} of Kaggle's client. Competitions are set up on its pages, by \
             its own command line `holdout`, or by the API that {} describes.",
            app.config.public_url.clone() + paths::API_REFERENCE
        ))),
    }
}

async fn discuss(app: &App, member: &Member, method: &str, body: &Bytes) -> Result<Response, Fault> {
    match method {
        "ListForums" => answer(forums::all(app).await?),
        "ListTopics" => answer(forums::topics(app, member, ask(body)?).await?),
        "GetTopic" => answer(forums::topic(app, member, ask(body)?).await?),
        "ListComments" => answer(forums::comments(app, member, ask(body)?).await?),
        _ => Err(Fault::absent(
            "There are forums of the site and of its competitions here: `kaggle forums` and `kaggle competitions topics` \
             list them.",
        )),
    }
}

fn absent(service: &str) -> Fault {
    let what = ABSENT.iter().find(|(prefix, _)| service.starts_with(prefix));
    Fault::absent(match what {
        Some((_, what)) => format!("{what} do not exist on this server."),
        None => "This server does not know that service of Kaggle's client.".to_owned(),
    })
}
