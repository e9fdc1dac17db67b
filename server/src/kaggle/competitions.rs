//! Competitions, their files and pages.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::model::Phase;
use crate::competitions::propose;
use crate::competitions::store::data;
use crate::competitions::store::data::DataFile;
use crate::competitions::store::lists::{self, Card, Cursor};
use crate::competitions::visibility::Visibility;
use crate::error::AppError;
use crate::kaggle::wire::{Fault, Window};
use crate::leaderboard::model::View;
use crate::leaderboard::read;
use crate::leaderboard::sight::BoardSight;
use crate::paths;
use crate::teams::join::hindrance;

/// Lists are put in order here, of so many competitions at most.
const MOST_LISTED: i64 = 1000;
/// Categories, as that client names them.
const STARTERS: &str = "Getting Started";
const COMMUNITY: &str = "Community";

/// A competition that the member may see. That client's users paste its address too.
///
/// # Errors
/// A sentence that names what was looked for.
pub async fn see(app: &App, member: &Member, name: &str) -> Result<Seen, Fault> {
    let slug = name.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    if slug.is_empty() {
        return Err(Fault::wrong("Name a competition: `kaggle competitions list` shows those there are."));
    }
    access::see(app, slug, Some(member)).await.map_err(|error| match error {
        AppError::NotFound => Fault::missing(format!(
            "There is no competition “{slug}” here, or you may not see it. `kaggle competitions list` shows those \
             you can see."
        )),
        other => other.into(),
    })
}

/// Why somebody without a team is turned away, and what to do about it: that client cannot join.
pub fn not_joined(app: &App, seen: &Seen) -> Fault {
    let address = app.config.public_url.clone() + &paths::competition(&seen.competition.slug);
    AppError::refused(hindrance(seen, app.clock.now()).unwrap_or_else(|| {
        format!("You have not joined this competition yet. Accept its rules at {address} and try again.")
    }))
    .into()
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ListAsk {
    group: String,
    category: String,
    sort_by: String,
    search: String,
    page: i64,
    page_size: Option<i64>,
    page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Competitions {
    competitions: Vec<CompetitionJson>,
    next_page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CompetitionJson {
    id: i64,
    #[serde(rename = "ref")]
    slug: String,
    title: String,
    url: String,
    description: String,
    category: &'static str,
    reward: &'static str,
    deadline: Option<DateTime<Utc>>,
    team_count: i32,
    user_has_entered: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_rank: Option<i64>,
    merger_deadline: Option<DateTime<Utc>>,
    new_entrant_deadline: Option<DateTime<Utc>>,
    enabled_date: Option<DateTime<Utc>>,
    max_daily_submissions: i32,
    max_team_size: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation_metric: Option<String>,
    submissions_disabled: bool,
}

/// The competitions that a member can see, in the order asked for.
///
/// # Errors
/// Those of the database.
pub async fn list(app: &App, member: &Member, ask: ListAsk) -> Result<Competitions, Fault> {
    let window = Window::new(ask.page, ask.page_size, &ask.page_token)?;
    let now = app.clock.now();
    let mut cards = gathered(app, member, &ask.group, now).await?;
    let wanted = ask.search.trim().to_lowercase();
    cards.retain(|card| is_in_category(card, &ask.category) && mentions(card, &wanted));
    arrange(&mut cards, &ask.sort_by, now);
    let (cards, next_page_token) = window.cut(cards);
    let mut competitions = Vec::with_capacity(cards.len());
    for card in cards {
        competitions.push(describe(app, member, card).await?);
    }
    Ok(Competitions { competitions, next_page_token })
}

async fn gathered(app: &App, member: &Member, group: &str, now: DateTime<Utc>) -> Result<Vec<Card>, Fault> {
    let mut conn = app.db.acquire().await?;
    Ok(match group.trim_start_matches("COMPETITION_LIST_TAB_") {
        "ENTERED" => lists::joined_by(&mut conn, member.id, lists::NEWEST, MOST_LISTED).await?,
        "HOSTED" => lists::hosted_by(&mut conn, member.id, lists::NEWEST, MOST_LISTED).await?,
        "UNLAUNCHED" | "UNLAUNCHED_COMMUNITY" => {
            let mut hosted = lists::hosted_by(&mut conn, member.id, lists::NEWEST, MOST_LISTED).await?;
            hosted.retain(|card| card.phase(&now) == Phase::Draft);
            hosted
        }
        _ => {
            let public = lists::ending_before(&mut conn, Cursor::END, MOST_LISTED).await?;
            let mut all = lists::joined_by(&mut conn, member.id, lists::NEWEST, MOST_LISTED).await?;
            all.retain(|card| card.launched_at.is_some() && card.visibility != Visibility::Public);
            all.extend(public);
            all
        }
    })
}

fn category(card: &Card) -> &'static str {
    if card.is_demo { STARTERS } else { COMMUNITY }
}

fn is_in_category(card: &Card, asked: &str) -> bool {
    match asked.trim_start_matches("HOST_SEGMENT_") {
        "" | "UNSPECIFIED" => true,
        "GETTING_STARTED" => category(card) == STARTERS,
        "COMMUNITY" => category(card) == COMMUNITY,
        _ => false,
    }
}

fn mentions(card: &Card, wanted: &str) -> bool {
    [&card.slug, &card.title, &card.subtitle].iter().any(|text| text.to_lowercase().contains(wanted))
}

/// By default as on the home page: those that end first first, those that are over after them.
fn arrange(cards: &mut [Card], sort_by: &str, now: DateTime<Utc>) {
    match sort_by.trim_start_matches("COMPETITION_SORT_BY_") {
        "EARLIEST_DEADLINE" => cards.sort_by_key(|card| (card.ends_at, card.id)),
        "LATEST_DEADLINE" => cards.sort_by_key(|card| Reverse((card.ends_at, card.id))),
        "NUMBER_OF_TEAMS" => cards.sort_by_key(|card| Reverse((card.n_teams, card.id))),
        "RECENTLY_CREATED" => cards.sort_by_key(|card| Reverse(card.id)),
        _ => cards.sort_by_key(|card| {
            let is_over = card.ends_at.is_some_and(|end| end <= now);
            let distance = card.ends_at.map(|end| (end - now).abs());
            (is_over, distance, card.id)
        }),
    }
}

async fn describe(app: &App, member: &Member, card: Card) -> Result<CompetitionJson, Fault> {
    let category = category(&card);
    let Seen { competition, standing } = access::see(app, &card.slug, Some(member)).await?;
    let user_rank = match standing.team_id {
        Some(team_id) => {
            let view = View::choose(&competition, app.clock.now(), false);
            read::own_row(app, &competition, view, &BoardSight::of_own_row(team_id))
                .await?
                .and_then(|row| row.rank)
        }
        None => None,
    };
    Ok(CompetitionJson {
        id: competition.id.0,
        url: app.config.public_url.clone() + &paths::competition(&competition.slug),
        slug: competition.slug,
        title: competition.title,
        description: competition.subtitle,
        category,
        reward: "Knowledge",
        deadline: competition.ends_at,
        team_count: competition.n_teams,
        user_has_entered: standing.team_id.is_some(),
        user_rank,
        merger_deadline: competition.merger_deadline_at,
        new_entrant_deadline: competition.entry_deadline_at,
        enabled_date: competition.launched_at,
        max_daily_submissions: competition.daily_limit,
        max_team_size: competition.team_limit,
        evaluation_metric: card.metric_title.or(card.metric),
        submissions_disabled: competition.launched_at.is_none(),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FilesAsk {
    competition_name: String,
    page: i64,
    page_size: Option<i64>,
    page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DataFiles {
    files: Vec<FileJson>,
    next_page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FileJson {
    #[serde(rename = "ref")]
    reference: String,
    name: String,
    description: String,
    total_bytes: i64,
    creation_date: DateTime<Utc>,
}

/// The files that participants get.
///
/// # Errors
/// As [`see`].
pub async fn files(app: &App, member: &Member, ask: FilesAsk) -> Result<DataFiles, Fault> {
    let window = Window::new(ask.page, ask.page_size, &ask.page_token)?;
    let seen = see(app, member, &ask.competition_name).await?;
    let mut conn = app.db.acquire().await?;
    let mut all = data::all(&mut conn, seen.competition.id).await?;
    all.retain(DataFile::is_for_participants);
    let (shown, next_page_token) = window.cut(all);
    let files = shown.into_iter().map(|file| FileJson {
        reference: file.name.clone(),
        name: file.name,
        description: file.description,
        total_bytes: file.size_bytes,
        creation_date: file.uploaded_at,
    });
    Ok(DataFiles { files: files.collect(), next_page_token })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PagesAsk {
    competition_name: String,
    page_name: String,
}

#[derive(Debug, Serialize)]
pub struct Pages {
    pages: Vec<PageJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PageJson {
    name: String,
    content: String,
    post_title: String,
    mime_type: &'static str,
    is_published: bool,
}

/// The pages that hosts wrote, as Markdown.
///
/// # Errors
/// As [`see`].
pub async fn pages(app: &App, member: &Member, ask: PagesAsk) -> Result<Pages, Fault> {
    let seen = see(app, member, &ask.competition_name).await?;
    let mut conn = app.db.acquire().await?;
    let all = propose::pages(&mut conn, &seen.competition).await?;
    let shown = all.into_iter().filter(|page| ask.page_name.is_empty() || page.slug == ask.page_name);
    let pages: Vec<_> = shown
        .map(|page| PageJson {
            name: page.slug,
            content: page.markdown,
            post_title: page.title,
            mime_type: "text/markdown",
            is_published: true,
        })
        .collect();
    if pages.is_empty() && !ask.page_name.is_empty() {
        return Err(Fault::missing(format!("This competition has no page “{}”.", ask.page_name)));
    }
    Ok(Pages { pages })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HostsAsk {
    competition_name: String,
}

#[derive(Debug, Serialize)]
pub struct Hosts {
    hosts: Vec<HostJson>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HostJson {
    id: i64,
    user_name: String,
    display_name: String,
    profile_url: String,
}

/// Who hosts a competition.
///
/// # Errors
/// As [`see`].
pub async fn hosts(app: &App, member: &Member, ask: HostsAsk) -> Result<Hosts, Fault> {
    let seen = see(app, member, &ask.competition_name).await?;
    let mut conn = app.db.acquire().await?;
    let hosts = lists::hosts(&mut conn, seen.competition.id).await?.into_iter().map(|host| HostJson {
        id: host.id.0,
        profile_url: app.config.public_url.clone() + &paths::profile(&host.username),
        user_name: host.username,
        display_name: host.display_name,
    });
    Ok(Hosts { hosts: hosts.collect() })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::ids::CompetitionId;

    #[test]
    fn lists_begin_with_what_ends_next() {
        let now = DateTime::UNIX_EPOCH;
        let card = |id, days| Card {
            id: CompetitionId(id),
            ends_at: Some(now + TimeDelta::days(days)),
            ..Card::sample()
        };
        let order = |sort_by: &str| {
            let mut cards = vec![card(1, -9), card(2, 30), card(3, 3), card(4, -1)];
            arrange(&mut cards, sort_by, now);
            cards.iter().map(|card| card.id.0).collect::<Vec<_>>()
        };
        assert_eq!(order("COMPETITION_SORT_BY_BEST"), [3, 2, 4, 1]);
        assert_eq!(order("COMPETITION_SORT_BY_EARLIEST_DEADLINE"), [1, 4, 3, 2]);
        assert_eq!(order("COMPETITION_SORT_BY_LATEST_DEADLINE"), [2, 3, 4, 1]);
        assert_eq!(order("COMPETITION_SORT_BY_RECENTLY_CREATED"), [4, 3, 2, 1]);
    }

    #[test]
    fn demonstrations_are_for_getting_started() {
        let card = Card::sample();
        assert!(is_in_category(&card, "HOST_SEGMENT_GETTING_STARTED"));
        assert!(is_in_category(&card, ""));
        assert!(!is_in_category(&card, "HOST_SEGMENT_FEATURED"));
        assert!(mentions(&card, "malignant") && !mentions(&card, "houses"));
    }
}
