//! What was written under a subject, as threads: the posts that begin one page by page, the answers
//! beneath each in the order in which people read them.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::accounts::model::Member;
use crate::error::Result;
use crate::forum::list::Key;
use crate::forum::model::{Post, Vote};
use crate::forum::store::{self, threads};
use crate::ids::{PostId, SubjectId};

/// Threads shown on one page.
pub const A_PAGE: i64 = 25;
/// Answers shown of one thread among others.
const ANSWERS_EACH: i64 = 20;
/// Answers shown where a thread stands alone.
pub const ANSWERS_ALONE: i64 = 200;
/// Deeper answers are drawn at this depth.
const DEEPEST: usize = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// Oldest first.
    #[default]
    Time,
    /// Most votes first.
    Votes,
}

impl Sort {
    /// As it is written in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Votes => "votes",
        }
    }
}

/// A post at its place in a thread, as its viewer sees it.
#[derive(Debug, Clone)]
pub struct Line {
    pub post: Post,
    /// How far it is set in: 0 for what begins a thread.
    pub depth: usize,
    pub own_vote: Vote,
    pub is_own: bool,
    pub is_accepted: bool,
    /// More of its thread than is shown follows here.
    pub has_more: bool,
}

impl Line {
    pub fn new(post: Post, depth: usize) -> Self {
        let (own_vote, is_own, is_accepted, has_more) = (Vote::None, false, false, false);
        Self { post, depth, own_vote, is_own, is_accepted, has_more }
    }

    pub fn sample() -> Self {
        Self::new(Post::sample(), 0)
    }

    pub fn has_upvoted(&self) -> bool {
        self.own_vote == Vote::Up
    }

    pub fn has_downvoted(&self) -> bool {
        self.own_vote == Vote::Down
    }
}

/// A page of threads.
#[derive(Debug, Clone)]
pub struct Threads {
    pub lines: Vec<Line>,
    pub next: Option<Key>,
}

/// Reads the threads behind `after` under a subject.
///
/// # Errors
/// Those of the database.
pub async fn read(
    conn: &mut PgConnection,
    under: SubjectId,
    sort: Sort,
    after: Option<Key>,
    viewer: Option<&Member>,
) -> Result<Threads> {
    let mut roots = match sort {
        Sort::Time => threads::oldest(conn, under, after.map_or(0, |key| key.id), A_PAGE + 1).await?,
        Sort::Votes => {
            let from = after.unwrap_or(Key { number: i64::MAX, id: 0 });
            threads::most_voted(conn, under, from, A_PAGE + 1).await?
        }
    };
    let is_more = i64::try_from(roots.len()).is_ok_and(|n| n > A_PAGE);
    roots.truncate(usize::try_from(A_PAGE).unwrap_or(usize::MAX));
    let next = roots.last().copied().filter(|_| is_more);
    let roots: Vec<_> = roots.into_iter().map(|key| key.id).collect();
    let lines = lines(conn, &roots, 0, ANSWERS_EACH, viewer).await?;
    Ok(Threads { lines, next })
}

/// Reads one thread: its first post, and the answers behind `after`.
///
/// # Errors
/// Those of the database.
pub async fn read_one(
    conn: &mut PgConnection,
    root: PostId,
    after: i64,
    viewer: Option<&Member>,
) -> Result<Vec<Line>> {
    lines(conn, &[root.0], after, ANSWERS_ALONE, viewer).await
}

/// Single posts, in the order of their ids.
///
/// # Errors
/// Those of the database.
pub async fn read_posts(conn: &mut PgConnection, ids: &[i64], viewer: Option<&Member>) -> Result<Vec<Line>> {
    let mut posts = threads::posts(conn, ids).await?;
    posts.sort_by_key(|post| post.id);
    let mut lines: Vec<_> = posts.into_iter().map(|post| Line::new(post, 0)).collect();
    mark_own(conn, &mut lines, viewer).await?;
    Ok(lines)
}

async fn lines(
    conn: &mut PgConnection,
    roots: &[i64],
    after: i64,
    answers_each: i64,
    viewer: Option<&Member>,
) -> Result<Vec<Line>> {
    let answers = threads::answers(conn, roots, after, answers_each + 1).await?;
    let ids: Vec<_> = roots.iter().copied().chain(answers).collect();
    let posts = threads::posts(conn, &ids).await?;
    let most = usize::try_from(answers_each).unwrap_or(usize::MAX);
    let mut lines = arrange(roots, posts, most);
    mark_own(conn, &mut lines, viewer).await?;
    Ok(lines)
}

async fn mark_own(conn: &mut PgConnection, lines: &mut [Line], viewer: Option<&Member>) -> Result<()> {
    let Some(viewer) = viewer else { return Ok(()) };
    let ids: Vec<_> = lines.iter().map(|line| line.post.id.0).collect();
    let votes: HashMap<_, _> = store::votes::of_person(conn, viewer.id, &ids).await?.into_iter().collect();
    for line in lines {
        line.own_vote = Vote::of(votes.get(&line.post.id.0).copied());
        line.is_own = line.post.author.id == viewer.id;
    }
    Ok(())
}

/// Puts every answer behind what it answers. What it answers may be missing, where a thread is shown
/// from its middle on: such an answer stands beneath the first post.
fn arrange(roots: &[i64], mut posts: Vec<Post>, most_answers: usize) -> Vec<Line> {
    posts.sort_by_key(|post| post.id);
    let mut answers: HashMap<i64, Vec<Post>> = HashMap::new();
    let mut firsts = HashMap::new();
    for post in posts {
        if post.parent.is_none() {
            firsts.insert(post.id.0, post);
        } else {
            answers.entry(post.root.0).or_default().push(post);
        }
    }
    let mut lines = Vec::new();
    for root in roots {
        let Some(first) = firsts.remove(root) else { continue };
        let mut thread = answers.remove(root).unwrap_or_default();
        let has_more = thread.len() > most_answers;
        thread.truncate(most_answers);
        lines.push(Line::new(first, 0));
        unfold(*root, thread, &mut lines);
        if let Some(last) = lines.last_mut() {
            last.has_more = has_more;
        }
    }
    lines
}

/// Appends the answers of one thread, depth first; what is left without its parent comes to the root.
fn unfold(root: i64, thread: Vec<Post>, lines: &mut Vec<Line>) {
    let known: std::collections::HashSet<_> = thread.iter().map(|post| post.id.0).collect();
    let mut beneath: HashMap<i64, Vec<Post>> = HashMap::new();
    for post in thread {
        let parent = post.parent.map_or(root, |parent| parent.0);
        let shown_parent = if known.contains(&parent) { parent } else { root };
        beneath.entry(shown_parent).or_default().push(post);
    }
    let mut waiting: Vec<_> =
        beneath.remove(&root).unwrap_or_default().into_iter().rev().map(|post| (post, 1)).collect();
    while let Some((post, depth)) = waiting.pop() {
        let children = beneath.remove(&post.id.0).unwrap_or_default();
        waiting.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
        lines.push(Line::new(post, depth.min(DEEPEST)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(id: i64, parent: Option<i64>, root: i64) -> Post {
        Post { id: PostId(id), parent: parent.map(PostId), root: PostId(root), ..Post::sample() }
    }

    fn shape(lines: &[Line]) -> Vec<(i64, usize, bool)> {
        lines.iter().map(|line| (line.post.id.0, line.depth, line.has_more)).collect()
    }

    #[test]
    fn answers_stand_beneath_what_they_answer() {
        let posts = vec![
            post(1, None, 1),
            post(2, None, 2),
            post(3, Some(1), 1),
            post(4, Some(2), 2),
            post(5, Some(1), 1),
            post(6, Some(3), 1),
        ];
        let lines = arrange(&[2, 1], posts, 20);
        let flat = |id, depth| (id, depth, false);
        assert_eq!(shape(&lines), [flat(2, 0), flat(4, 1), flat(1, 0), flat(3, 1), flat(6, 2), flat(5, 1)]);
    }

    #[test]
    fn a_long_thread_is_cut_and_says_so() {
        let mut posts = vec![post(1, None, 1)];
        posts.extend((2..10).map(|id| post(id, Some(id - 1), 1)));
        let lines = arrange(&[1], posts.clone(), 3);
        assert_eq!(shape(&lines), [(1, 0, false), (2, 1, false), (3, 2, false), (4, 3, true)]);
        let from_the_middle = posts.into_iter().filter(|post| post.id.0 == 1 || post.id.0 > 7).collect();
        let lines = arrange(&[1], from_the_middle, 20);
        assert_eq!(shape(&lines), [(1, 0, false), (8, 1, false), (9, 2, false)]);
    }
}
