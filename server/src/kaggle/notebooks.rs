//! Kaggle's kernels are the shared notebooks of this house. Here they are kept as they are sent: that client
//! empties the outputs of what it pushes, since at Kaggle's a machine fills them again.

use axum::http::HeaderMap;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::accounts::model::{Member, Scope};
use crate::api::conditions::whatever_stands;
use crate::api::token::ApiMember;
use crate::app::App;
use crate::error::AppError;
use crate::ids::NotebookId;
use crate::kaggle::competitions::see as see_competition;
use crate::kaggle::runs;
use crate::kaggle::wire::{Fault, Window, answer, ask};
use crate::notebooks::access::{self, SeenNotebook};
use crate::notebooks::model::{TypedDetails, Version, Visibility};
use crate::notebooks::push::{self, Upload, Wish};
use crate::notebooks::store::lists::{self, Card, Cursor, Order};
use crate::notebooks::{edit, ipynb};
use crate::paths;

/// Lists are searched here, of so many notebooks at most.
const MOST_LISTED: i64 = 500;
/// A notebook within JSON, where its quotes and line breaks are escaped.
pub const LARGEST_CALL_BYTES: usize = 48 << 20;

/// One call about notebooks.
///
/// # Errors
/// A sentence for what cannot be done.
pub async fn call(
    app: &App,
    caller: ApiMember,
    method: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<axum::response::Response, Fault> {
    match method {
        "SaveKernel" => answer(save(app, &caller.with(Scope::Submit)?, ask(body)?).await?),
        "DeleteKernel" => answer(delete(app, &caller.with(Scope::Submit)?, ask(body)?).await?),
        _ => {
            let member = caller.with(Scope::Read)?;
            match method {
                "ListKernels" => answer(list(app, &member, ask(body)?).await?),
                "GetKernel" => answer(show(app, &member, ask(body)?).await?),
                "GetKernelSessionStatus" => answer(runs::status(app, &member, &ask(body)?).await?),
                "ListKernelSessionOutput" => answer(runs::output(app, &member, headers, &ask(body)?).await?),
                "ListKernelFiles" => answer(runs::files(app, &member, &ask(body)?).await?),
                "DownloadKernelOutput" => runs::download(app, &member, &ask(body)?).await,
                other => {
                    Err(Fault::absent(format!("This server does not answer to {other} about notebooks.")))
                }
            }
        }
    }
}

/// Which notebook, and which version of it. One call says `ownerSlug` where the others say `userName`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct KernelAsk {
    #[serde(alias = "ownerSlug")]
    user_name: String,
    kernel_slug: String,
    /// `v2`, from version 2.2.5 of the client on; before it is written behind the slug: `name/2`.
    version_label: String,
    /// In some calls it is a number.
    version_number: Option<i32>,
    /// Of a run's output.
    pub(super) file_path: String,
}

impl KernelAsk {
    pub(super) fn of(user_name: &str, kernel_slug: &str, version: i32) -> Self {
        let version_number = Some(version).filter(|number| *number > 0);
        let (user_name, kernel_slug) = (user_name.to_owned(), kernel_slug.to_owned());
        Self { user_name, kernel_slug, version_number, ..Self::default() }
    }

    fn slug(&self) -> &str {
        self.kernel_slug.split('/').next().unwrap_or_default()
    }

    pub(super) fn number(&self) -> Option<i32> {
        let label = self.version_label.trim_start_matches('v');
        let behind = self.kernel_slug.split_once('/').map(|(_, number)| number);
        self.version_number
            .or_else(|| label.parse().ok())
            .or_else(|| behind.and_then(|number| number.parse().ok()))
    }
}

pub(super) async fn see(app: &App, member: &Member, ask: &KernelAsk) -> Result<SeenNotebook, Fault> {
    access::see(app, &ask.user_name, ask.slug(), Some(member)).await.map_err(|error| match error {
        AppError::NotFound => Fault::missing(format!(
            "There is no notebook “{}/{}” here, or you may not see it. `kaggle kernels list` shows those you can see.",
            ask.user_name,
            ask.slug()
        )),
        other => other.into(),
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KernelJson {
    id: i64,
    #[serde(rename = "ref")]
    reference: String,
    title: String,
    author: String,
    slug: String,
    last_run_time: DateTime<Utc>,
    language: String,
    kernel_type: &'static str,
    is_private: bool,
    enable_gpu: bool,
    enable_internet: bool,
    competition_data_sources: Vec<String>,
    dataset_data_sources: [u8; 0],
    kernel_data_sources: [u8; 0],
    model_data_sources: [u8; 0],
    category_ids: Vec<String>,
    total_votes: i32,
    current_version_number: i32,
}

impl From<Card> for KernelJson {
    fn from(card: Card) -> Self {
        Self {
            id: card.id.0,
            reference: format!("{}/{}", card.owner_username, card.slug),
            title: card.title,
            author: card.owner_name,
            slug: card.slug,
            last_run_time: card.updated_at,
            language: card.language,
            kernel_type: "notebook",
            is_private: card.visibility != Visibility::Public,
            enable_gpu: false,
            enable_internet: false,
            competition_data_sources: card.competition_slug.into_iter().collect(),
            dataset_data_sources: [],
            kernel_data_sources: [],
            model_data_sources: [],
            category_ids: card.tags,
            total_votes: card.n_votes,
            current_version_number: card.latest,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ListAsk {
    competition: String,
    group: String,
    search: String,
    sort_by: String,
    user: String,
    page: i64,
    page_size: Option<i64>,
    page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Kernels {
    kernels: Vec<KernelJson>,
    next_page_token: String,
}

async fn list(app: &App, member: &Member, ask: ListAsk) -> Result<Kernels, Fault> {
    let window = Window::new(ask.page, ask.page_size, &ask.page_token)?;
    let mut cards = gathered(app, member, &ask).await?;
    let wanted = ask.search.trim().to_lowercase();
    cards.retain(|card| [&card.title, &card.slug].iter().any(|text| text.to_lowercase().contains(&wanted)));
    let (cards, next_page_token) = window.cut(cards);
    Ok(Kernels { kernels: cards.into_iter().map(KernelJson::from).collect(), next_page_token })
}

async fn gathered(app: &App, member: &Member, ask: &ListAsk) -> Result<Vec<Card>, Fault> {
    let order = match ask.sort_by.as_str() {
        "VOTE_COUNT" => Order::Votes,
        "DATE_CREATED" | "DATE_RUN" => Order::New,
        "SCORE_ASCENDING" | "SCORE_DESCENDING" => Order::Score,
        _ => Order::Hot,
    };
    let start = Cursor::start(order);
    let is_own = ask.group == "PROFILE" || ask.user.eq_ignore_ascii_case(&member.username);
    let competition = match ask.competition.as_str() {
        "" => None,
        name => Some(see_competition(app, member, name).await?.competition),
    };
    let mut conn = app.db.acquire().await?;
    let ids: Vec<NotebookId> = if is_own {
        lists::of_owner(&mut conn, member.id, i64::MAX, MOST_LISTED).await?
    } else {
        let entries = match &competition {
            Some(competition) => {
                lists::of_competition(&mut conn, competition.id, order, start, MOST_LISTED).await?
            }
            None => lists::of_site(&mut conn, order, start, MOST_LISTED).await?,
        };
        entries.into_iter().map(|entry| entry.id).collect()
    };
    let mut cards = lists::cards(&mut conn, &ids).await?;
    let slug = competition.map(|competition| competition.slug);
    cards.retain(|card| {
        (ask.user.is_empty() || card.owner_username.eq_ignore_ascii_case(&ask.user))
            && (slug.is_none() || card.competition_slug == slug)
    });
    Ok(cards)
}

#[derive(Debug, Serialize)]
struct Kernel {
    metadata: KernelJson,
    blob: Blob,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Blob {
    source: String,
    language: String,
    kernel_type: &'static str,
    slug: String,
}

async fn show(app: &App, member: &Member, ask: KernelAsk) -> Result<Kernel, Fault> {
    let seen = see(app, member, &ask).await?;
    let mut conn = app.db.acquire().await?;
    let Version { storage_key, size_bytes, language, .. } = seen.version(&mut conn, ask.number()).await?;
    let card = lists::cards(&mut conn, &[seen.notebook.id]).await?.into_iter().next();
    drop(conn);
    let bytes = push::read_whole(app, &storage_key, size_bytes.unsigned_abs()).await?;
    let source = String::from_utf8(bytes).map_err(anyhow::Error::from)?;
    let metadata = card.map(KernelJson::from).ok_or(AppError::NotFound)?;
    let blob = Blob { source, language, kernel_type: "notebook", slug: metadata.slug.clone() };
    Ok(Kernel { metadata, blob })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SaveAsk {
    /// `owner/name`.
    slug: String,
    new_title: String,
    text: String,
    kernel_type: String,
    is_private: bool,
    competition_data_sources: Vec<String>,
    dataset_data_sources: Vec<String>,
    kernel_data_sources: Vec<String>,
    model_data_sources: Vec<String>,
    category_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    #[serde(rename = "ref")]
    reference: String,
    url: String,
    version_number: i32,
    kernel_id: i64,
    invalid_tags: [u8; 0],
    invalid_competition_sources: Vec<String>,
    invalid_dataset_sources: Vec<String>,
    invalid_kernel_sources: Vec<String>,
    invalid_model_sources: Vec<String>,
}

async fn save(app: &App, member: &Member, ask: SaveAsk) -> Result<Saved, Fault> {
    if ask.kernel_type != "notebook" {
        return Err(Fault::wrong("Notebooks are kept here, and no scripts: set kernel_type to notebook."));
    }
    let (owner, name) = ask.slug.split_once('/').unwrap_or((member.username.as_str(), ask.slug.as_str()));
    if !owner.eq_ignore_ascii_case(&member.username) {
        return Err(Fault::wrong(format!(
            "You are {}: the id in kernel-metadata.json begins with that.",
            member.username
        )));
    }
    if ask.text.len() as u64 > ipynb::LARGEST_BYTES {
        return Err(crate::web::upload::too_large(ipynb::LARGEST_BYTES).into());
    }
    let mut sources = ask.competition_data_sources.iter();
    let competition = match sources.next() {
        Some(source) => Some(see_competition(app, member, source).await?),
        None => None,
    };
    let invalid_competition_sources = sources.cloned().collect();
    let mut writing = app.files.create("notebooks", member.id.0).await?;
    writing.write(ask.text.as_bytes()).await?;
    let upload = Upload {
        file_name: format!("{name}.ipynb"),
        stored: writing.finish().await?,
        message: String::new(),
    };
    let pushed = match access::see(app, owner, name, Some(member)).await {
        Ok(seen) => again(app, member, seen, &ask, upload).await?,
        Err(AppError::NotFound) => {
            let typed = TypedDetails {
                title: ask.new_title.clone(),
                visibility: visibility(ask.is_private).name().to_owned(),
                tags: ask.category_ids.join(","),
                ..TypedDetails::default()
            };
            push::create(app, member, Wish { typed, slug: name.to_owned(), competition }, upload).await?
        }
        Err(other) => {
            app.files.remove(&upload.stored.key).await?;
            return Err(other.into());
        }
    };
    let notebook = pushed.notebook;
    Ok(Saved {
        reference: format!("{}/{}", notebook.owner_username, notebook.slug),
        url: app.config.public_url.clone() + &paths::notebook(&notebook.owner_username, &notebook.slug),
        version_number: pushed.version.number,
        kernel_id: notebook.id.0,
        invalid_tags: [],
        invalid_competition_sources,
        invalid_dataset_sources: ask.dataset_data_sources,
        invalid_kernel_sources: ask.kernel_data_sources,
        invalid_model_sources: ask.model_data_sources,
    })
}

fn visibility(is_private: bool) -> Visibility {
    if is_private { Visibility::Private } else { Visibility::Public }
}

/// Another version of a notebook, with its title and visibility as the client's file has them. What a team
/// shares stays shared with it: that client knows no teams.
async fn again(
    app: &App,
    member: &Member,
    seen: SeenNotebook,
    ask: &SaveAsk,
    upload: Upload,
) -> Result<push::Pushed, Fault> {
    let now = &seen.notebook;
    let is_of_team = ask.is_private && now.visibility == Visibility::Team;
    let typed = TypedDetails {
        title: if ask.new_title.is_empty() { now.title.clone() } else { ask.new_title.clone() },
        visibility: if is_of_team { Visibility::Team } else { visibility(ask.is_private) }.name().to_owned(),
        licence: now.licence.clone(),
        tags: now.tags.join(","),
    };
    let key = upload.stored.key.clone();
    if let Err(error) = edit::set_details(app, &seen, &typed, whatever_stands).await {
        app.files.remove(&key).await?;
        return Err(error.into());
    }
    Ok(push::push(app, member, &seen, upload).await?)
}

#[derive(Debug, Serialize)]
struct Deleted {}

async fn delete(app: &App, member: &Member, ask: KernelAsk) -> Result<Deleted, Fault> {
    let seen = see(app, member, &ask).await?;
    edit::delete(app, &seen, whatever_stands).await?;
    Ok(Deleted {})
}
