//! Row ids as types of their own, so that a team's cannot be passed for a competition's.

use serde::{Deserialize, Serialize};

macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type, utoipa::ToSchema)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

row_id! {
    /// A person with an account.
    UserId;
    CompetitionId;
    TeamId;
    /// Of a person into a team.
    TeamInvitationId;
    /// A host's decision about a team or a submission.
    DisqualificationId;
    /// Of one team to another.
    MergeRequestId;
    SubmissionId;
    DataFileId;
    /// A sealed solution.
    SolutionId;
    /// Metric, parameters and solution that scores are computed with.
    VersionId;
    TokenId;
    WebhookId;
    /// Of what everybody who takes part in a competition is told.
    BulletinId;
    /// Of something that did not work.
    IncidentId;
    ForumId;
    /// Something that is discussed and voted on: a topic, a post, a notebook.
    SubjectId;
    /// Of a subject that is a topic.
    TopicId;
    /// Of a subject that is a post.
    PostId;
    /// Of a subject that is a notebook.
    NotebookId;
    /// Of a notebook's version from the top.
    RunId;
}

impl From<TopicId> for SubjectId {
    fn from(topic: TopicId) -> Self {
        Self(topic.0)
    }
}

impl From<PostId> for SubjectId {
    fn from(post: PostId) -> Self {
        Self(post.0)
    }
}

impl From<NotebookId> for SubjectId {
    fn from(notebook: NotebookId) -> Self {
        Self(notebook.0)
    }
}
