//! Forums, to be read: that client has no verb to write with.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::accounts::model::Member;
use crate::app::App;
use crate::error::AppError;
use crate::forum::forums::{self, SeenForum};
use crate::forum::list::{self, Key, Listed, Order};
use crate::forum::model::Post;
use crate::forum::store;
use crate::forum::subjects::{SeenSubject, see_topic};
use crate::forum::threads::{self, Line, Sort};
use crate::ids::{ForumId, PostId, TopicId};
use crate::kaggle::competitions::see;
use crate::kaggle::wire::{Fault, Window, not_a_token, size_of};
use crate::paths;

/// The client's own arithmetic for the topics of a competition.
const TOPICS_A_PAGE: usize = 20;
/// A list is read from its beginning; nobody turns so many pages.
const MOST_TOPICS: usize = 1000;

#[derive(Debug, Serialize)]
pub struct Forums {
    forums: Vec<ForumJson>,
}

#[derive(Debug, Serialize)]
struct ForumJson {
    id: ForumId,
    name: String,
    subtitle: String,
    url: String,
}

/// The forums of the whole site. Their topics are listed by the last part of their address.
///
/// # Errors
/// Those of the database.
pub async fn all(app: &App) -> Result<Forums, Fault> {
    let mut conn = app.db.acquire().await?;
    let known = store::forums::general(&mut conn).await?;
    let forums = known.into_iter().map(|forum| ForumJson {
        id: forum.id,
        url: app.config.public_url.clone() + &paths::forum(&forum.slug),
        name: forum.title,
        subtitle: format!("{} ({})", forum.description, forum.slug),
    });
    Ok(Forums { forums: forums.collect() })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TopicsAsk {
    forum_slug: String,
    competition_name: String,
    sort_by: String,
    page: i64,
    page_size: Option<i64>,
    page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Topics {
    topics: Vec<TopicJson>,
    total_count: i32,
    next_page_token: String,
}

/// A topic under the names of both services that list topics.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TopicJson {
    id: TopicId,
    title: String,
    url: String,
    topic_url: String,
    author_name: String,
    post_date: DateTime<Utc>,
    last_comment_date: DateTime<Utc>,
    last_comment_post_date: DateTime<Utc>,
    comment_count: i32,
    votes: i32,
    is_sticky: bool,
    forum_name: String,
    forum_id: ForumId,
}

/// Topics of a forum of the site.
///
/// # Errors
/// A sentence for a forum that is not there.
pub async fn topics(app: &App, member: &Member, ask: TopicsAsk) -> Result<Topics, Fault> {
    let forum = forums::see_named(app, &ask.forum_slug, Some(member)).await.map_err(|_| {
        Fault::missing(format!(
            "There is no forum “{}” here. `kaggle forums list` shows those there are.",
            ask.forum_slug
        ))
    })?;
    let take = size_of(ask.page_size);
    listed(app, &forum, &ask, take).await
}

/// Topics of a competition's forum.
///
/// # Errors
/// A sentence for a competition that cannot be seen.
pub async fn topics_of_competition(app: &App, member: &Member, ask: TopicsAsk) -> Result<Topics, Fault> {
    let slug = see(app, member, &ask.competition_name).await?.competition.slug;
    let forum = forums::see_of_competition(app, &slug, Some(member)).await?;
    listed(app, &forum, &ask, TOPICS_A_PAGE).await
}

async fn listed(app: &App, seen: &SeenForum, ask: &TopicsAsk, take: usize) -> Result<Topics, Fault> {
    let window = Window { take, ..Window::new(ask.page, i64::try_from(take).ok(), &ask.page_token)? };
    let order = match ask.sort_by.trim_start_matches("TOPIC_LIST_SORT_BY_") {
        "TOP" => Order::Votes,
        _ => Order::Active,
    };
    let limit = i64::try_from((window.skip + take + 1).min(MOST_TOPICS)).unwrap_or(i64::MAX);
    let part = list::read(app, list::Wanted { forum: seen.forum.id, order, after: None, limit }).await?;
    let (topics, next_page_token) = window.cut(Arc::unwrap_or_clone(part).topics);
    let topics = topics.into_iter().map(|topic| TopicJson::new(app, topic, seen));
    Ok(Topics { topics: topics.collect(), total_count: seen.forum.n_topics, next_page_token })
}

impl TopicJson {
    fn new(app: &App, topic: Listed, seen: &SeenForum) -> Self {
        let url = app.config.public_url.clone() + &topic.address();
        Self {
            id: topic.id,
            title: topic.title,
            topic_url: url.clone(),
            url,
            author_name: topic.author.display_name,
            post_date: topic.created_at,
            last_comment_date: topic.active_at,
            last_comment_post_date: topic.active_at,
            comment_count: topic.n_replies,
            votes: topic.n_votes,
            is_sticky: topic.is_pinned,
            forum_name: seen.forum.title.clone(),
            forum_id: seen.forum.id,
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TopicAsk {
    competition_name: String,
    id: i64,
    topic_id: i64,
    sort_by: String,
    page_token: String,
}

impl TopicAsk {
    fn id(&self) -> i64 {
        self.id.max(self.topic_id)
    }

    async fn see(&self, app: &App, member: &Member) -> Result<SeenSubject, Fault> {
        see_topic(app, TopicId(self.id()), Some(member)).await.map_err(|error| match error {
            AppError::NotFound => self.missing(),
            other => other.into(),
        })
    }

    fn missing(&self) -> Fault {
        Fault::missing(format!("There is no topic {} here, or you may not see it.", self.id()))
    }
}

#[derive(Debug, Serialize)]
pub struct OneTopic {
    topic: TopicJson,
}

/// A topic with the text it begins with.
///
/// # Errors
/// A sentence for a topic that cannot be seen.
pub async fn topic(app: &App, member: &Member, ask: TopicAsk) -> Result<OneTopic, Fault> {
    let seen = ask.see(app, member).await?;
    let mut conn = app.db.acquire().await?;
    let row = store::topics::find(&mut conn, seen.under.id).await?.ok_or(AppError::NotFound)?;
    let found = store::lists::by_ids(&mut conn, &[row.id.0]).await?.pop().ok_or(AppError::NotFound)?;
    drop(conn);
    let forum = forums::see(app, row.forum_id, Some(member)).await?;
    Ok(OneTopic { topic: TopicJson::new(app, found, &forum) })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comments {
    comments: Vec<CommentJson>,
    next_page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    messages: Vec<CommentJson>,
    next_page_token: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct CommentJson {
    id: PostId,
    author_name: String,
    post_date: DateTime<Utc>,
    /// Safe HTML, as on the pages.
    content: String,
    votes: i32,
    is_deleted: bool,
    is_pinned: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replies: Vec<CommentJson>,
}

impl CommentJson {
    /// What is hidden or deleted keeps its place and loses its text.
    fn new(post: Post) -> Self {
        let is_shown = post.is_shown();
        Self {
            id: post.id,
            author_name: if is_shown { post.author.display_name } else { String::new() },
            post_date: post.created_at,
            content: if is_shown { post.html } else { String::new() },
            votes: post.n_votes,
            is_deleted: !is_shown,
            is_pinned: false,
            replies: Vec::new(),
        }
    }
}

/// Posts of a topic: the one that opens it, then thread by thread.
///
/// # Errors
/// As [`topic`].
pub async fn comments(app: &App, member: &Member, ask: TopicAsk) -> Result<Comments, Fault> {
    let (comments, next_page_token) = read(app, member, &ask).await?;
    Ok(Comments { comments, next_page_token })
}

/// As [`comments`], of a topic in a competition's forum.
///
/// # Errors
/// As [`topic`].
pub async fn messages(app: &App, member: &Member, ask: TopicAsk) -> Result<Messages, Fault> {
    let competition = see(app, member, &ask.competition_name).await?.competition.id;
    if ask.see(app, member).await?.under.competition_id != Some(competition) {
        return Err(ask.missing());
    }
    let (messages, next_page_token) = read(app, member, &ask).await?;
    Ok(Messages { messages, next_page_token })
}

async fn read(app: &App, member: &Member, ask: &TopicAsk) -> Result<(Vec<CommentJson>, String), Fault> {
    let after: Option<Key> = match ask.page_token.as_str() {
        "" => None,
        token => Some(token.parse().map_err(|()| not_a_token())?),
    };
    let sort = match ask.sort_by.trim_start_matches("COMMENT_LIST_SORT_BY_") {
        "TOP" | "HOT" => Sort::Votes,
        _ => Sort::Time,
    };
    let seen = ask.see(app, member).await?;
    let mut conn = app.db.acquire().await?;
    let opening = match store::topics::opening_post(&mut conn, seen.under.id).await? {
        Some(post) if after.is_none() => threads::read_posts(&mut conn, &[post.0], Some(member)).await?.pop(),
        _ => None,
    };
    let part = threads::read(&mut conn, seen.under.id, sort, after, Some(member)).await?;
    let lines = opening.into_iter().chain(part.lines).collect();
    Ok((nested(lines), part.next.map(|key| key.to_string()).unwrap_or_default()))
}

/// Every answer below what begins its thread, in the order of the page.
fn nested(lines: Vec<Line>) -> Vec<CommentJson> {
    let mut comments: Vec<CommentJson> = Vec::new();
    for line in lines {
        match comments.last_mut() {
            Some(first) if line.depth > 0 => first.replies.push(CommentJson::new(line.post)),
            _ => comments.push(CommentJson::new(line.post)),
        }
    }
    comments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_below_what_begins_their_thread_and_hidden_texts_nowhere() {
        let line = |id: i64, depth: usize| Line::new(Post { id: PostId(id), ..Post::sample() }, depth);
        let mut hidden = line(4, 1);
        hidden.post.hidden_at = Some(DateTime::UNIX_EPOCH);
        let comments = nested(vec![line(1, 0), line(2, 0), line(3, 1), hidden]);
        let shape: Vec<_> = comments.iter().map(|comment| (comment.id.0, comment.replies.len())).collect();
        assert_eq!(shape, [(1, 0), (2, 2)]);
        let gone = &comments[1].replies[1];
        assert!(gone.is_deleted && gone.content.is_empty() && gone.author_name.is_empty());
    }
}
