//! What others see of somebody. Never an e-mail address.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::{Path, Query, State};

use crate::accounts::model;
use crate::accounts::store::profiles::{self, Engagement, Profile};
use crate::api::paging::{Keyset, Slice};
use crate::app::App;
use crate::error::{AppError, Result};
use crate::ids::UserId;
use crate::medals::read::{self, Record};
use crate::notebooks::store::lists::{self, Card};
use crate::notifications::follow;
use crate::notifications::model::Target;
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

/// Notebooks shown at first.
const NEWEST_NOTEBOOKS: i64 = 5;

pub fn router() -> Router<App> {
    Router::new().route(paths::PROFILE, get(show_profile))
}

#[derive(Template, WebTemplate)]
#[template(path = "accounts/profile.html")]
pub struct ProfilePage {
    pub shell: Shell,
    pub profile: Profile,
    pub initials: String,
    pub is_own: bool,
    pub is_following: bool,
    pub record: Record,
    /// The newest public ones.
    pub notebooks: Vec<Card>,
    pub hosted: Vec<Engagement>,
    pub joined: Slice<Engagement>,
}

impl ProfilePage {
    pub fn sample() -> Self {
        let shell = Shell::default();
        let profile = Profile {
            id: UserId(1),
            username: "ada".to_owned(),
            display_name: "Ada Lovelace".to_owned(),
            bio: "I count.\nOn machines.".to_owned(),
            is_synthetic: true,
            created_at: shell.now,
        };
        let engagement = Engagement {
            competition_id: 1,
            slug: "houses".to_owned(),
            title: "Houses".to_owned(),
            ends_at: Some(shell.now),
            team: "Analytical".to_owned(),
            rank: Some(3),
            n_teams: Some(120),
            counts_for_medals: true,
        };
        Self {
            initials: model::initials(&profile.display_name),
            is_own: false,
            is_following: true,
            record: Record::sample(),
            notebooks: vec![Card::sample()],
            hosted: vec![engagement.clone()],
            joined: Slice { items: vec![engagement], next: Some(1) },
            profile,
            shell,
        }
    }
}

async fn show_profile(
    State(app): State<App>,
    shell: Shell,
    Path(username): Path<String>,
    Query(keyset): Query<Keyset>,
) -> Result<ProfilePage> {
    let member = shell.viewer.as_ref();
    let viewer = member.map(|viewer| viewer.id);
    let mut conn = app.db.acquire().await?;
    let profile = profiles::find(&mut conn, &username).await?.ok_or(AppError::NotFound)?;
    let joined = profiles::joined(&mut conn, profile.id, viewer, keyset.before(), keyset.fetched()).await?;
    let hosted = profiles::hosted(&mut conn, profile.id, viewer).await?;
    let record = read::record(&app, &mut conn, profile.id).await?;
    let is_following = follow::is_following(&mut conn, member, Target::Person(profile.id)).await?;
    let ids = lists::public_of_owner(&mut conn, profile.id, NEWEST_NOTEBOOKS).await?;
    let notebooks = lists::cards(&mut conn, &ids).await?;
    drop(conn);
    Ok(ProfilePage {
        initials: model::initials(&profile.display_name),
        is_own: viewer == Some(profile.id),
        is_following,
        record,
        notebooks,
        hosted,
        joined: keyset.slice(joined, |engagement| engagement.competition_id),
        profile,
        shell,
    })
}
