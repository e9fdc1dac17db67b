//! Certificates as JSON: one's own, and what is said of any by its code.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use super::model::{Certificate, Placing, Standing};
use super::read;
use crate::accounts::model::Scope;
use crate::api::routes::routes;
use crate::api::token::{ApiMember, MaybeApiMember};
use crate::app::App;
use crate::error::Result;
use crate::paths;

pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show_certificate)).routes(routes!(verify_certificate))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct PlacingJson {
    rank: i32,
    /// Teams on the final board.
    n_teams: i32,
    /// `gold`, `silver` or `bronze`; null for other ranks, and where the competition counts for no medals.
    #[schema(example = "gold")]
    medal: Option<&'static str>,
    /// The private score, of the first metric where there are several.
    score: Option<f64>,
    /// Where teams are ranked by several metrics.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean_rank: Option<f64>,
    /// Score or mean rank, with the decimals of the board.
    #[schema(example = "0.91235")]
    shown: String,
}

impl PlacingJson {
    fn new(certificate: &Certificate, placing: &Placing) -> Self {
        Self {
            rank: placing.rank,
            n_teams: placing.n_teams,
            medal: placing.medal().map(|medal| medal.name()),
            score: placing.score,
            mean_rank: placing.mean_rank,
            shown: certificate.shown_score(placing),
        }
    }
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CertificateJson {
    /// Nobody guesses it; whoever has it may verify the certificate.
    code: Uuid,
    /// Where anyone verifies it.
    address: String,
    /// Title of the competition.
    competition: String,
    ended_at: DateTime<Utc>,
    username: String,
    name: String,
    team: String,
    issued_at: DateTime<Utc>,
    /// Whether the score is of the rows of the public board; else of rows that nobody saw before the end.
    is_all_public: bool,
    /// What it says.
    placing: PlacingJson,
}

impl CertificateJson {
    fn new(app: &App, certificate: Certificate) -> Self {
        Self {
            address: format!("{}{}", app.config.public_url.trim_end_matches('/'), certificate.address()),
            placing: PlacingJson::new(&certificate, &certificate.placing),
            code: certificate.code,
            competition: certificate.title,
            ended_at: certificate.ended_at,
            username: certificate.username,
            name: certificate.display_name,
            team: certificate.team,
            issued_at: certificate.issued_at,
            is_all_public: certificate.is_all_public,
        }
    }
}

/// Your certificate, once the final board stands.
///
/// As long as the board says the same of your team, it is the same certificate. A board that was computed
/// anew makes another one.
#[utoipa::path(
    get,
    path = paths::API_OWN_CERTIFICATE,
    tag = "Taking part",
    security(("token" = ["read"])),
    responses((status = 200, description = "The certificate", body = CertificateJson)),
)]
async fn show_certificate(
    State(app): State<App>,
    Path(slug): Path<String>,
    caller: ApiMember,
) -> Result<Json<CertificateJson>> {
    let member = caller.with(Scope::Read)?;
    let certificate = read::own(&app, &member, &slug).await?;
    Ok(Json(CertificateJson::new(&app, certificate)))
}

#[derive(Debug, Serialize, utoipa::ToSchema)]
struct CertificateStandingJson {
    /// `valid`; `changed`: the final board was computed anew; `disqualified`; `unranked`: the team is not on the
    /// final board any more.
    #[schema(example = "valid")]
    standing: &'static str,
    certificate: CertificateJson,
    /// What the final board says now, where that is something else.
    now: Option<PlacingJson>,
}

/// What is said today of a certificate, for anyone who has its code.
#[utoipa::path(
    get,
    path = paths::API_CERTIFICATE,
    tag = "Taking part",
    security((), ("token" = ["read"])),
    responses((status = 200, description = "Whether it is still true", body = CertificateStandingJson)),
)]
async fn verify_certificate(
    State(app): State<App>,
    Path(code): Path<Uuid>,
    caller: MaybeApiMember,
) -> Result<Json<CertificateStandingJson>> {
    caller.reader()?;
    let (certificate, standing) = read::verify(&app, code).await?;
    let now = match &standing {
        Standing::Changed(placing) => Some(PlacingJson::new(&certificate, placing)),
        Standing::Valid | Standing::Disqualified | Standing::Unranked => None,
    };
    let certificate = CertificateJson::new(&app, certificate);
    Ok(Json(CertificateStandingJson { standing: standing.name(), certificate, now }))
}
