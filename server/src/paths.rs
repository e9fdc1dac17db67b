//! Every address of the site, once: used by routers (the constants) and by handlers, templates and
//! tests (the functions). Those of a large room stand in a file of their own.

mod accounts;
mod admin;
mod boards;
pub mod forms;
mod hosts;
mod kaggle;
mod teams;

pub use accounts::*;
pub use admin::*;
pub use boards::*;
pub use hosts::*;
pub use kaggle::*;
pub use teams::*;

pub const HOME: &str = "/";
pub const REGISTER: &str = "/register";
pub const SIGN_IN: &str = "/sign-in";
pub const SIGN_OUT: &str = "/sign-out";
pub const FORGOT_PASSWORD: &str = "/forgot-password";
pub const RESET_PASSWORD: &str = "/reset-password/{token}";
pub const BECOME_ADMIN: &str = "/become-admin/{token}";
pub const SETTINGS: &str = "/settings";
pub const SETTINGS_PASSWORD: &str = "/settings/password";
pub const SETTINGS_SESSIONS: &str = "/settings/sessions";
pub const SETTINGS_SESSION_END: &str = "/settings/sessions/{id}/end";
pub const SETTINGS_TOKENS: &str = "/settings/tokens";
pub const SETTINGS_TOKEN_REVOKE: &str = "/settings/tokens/{id}/revoke";
pub const PROFILE: &str = "/u/{username}";
pub const METRICS: &str = "/metrics";
pub const METRIC: &str = "/metrics/{name}";
pub const MEDALS: &str = "/medals";

pub const NEW: &str = "/new";
pub const NEW_STEPS: &str = "/new/step-by-step";
pub const NEW_TABLE: &str = "/new/from-table";
pub const NEW_BUNDLE: &str = "/new/from-bundle";
pub const NEW_BUNDLE_REPORT: &str = "/new/from-bundle/{id}";
pub const NEW_BUNDLE_FORGET: &str = "/new/from-bundle/{id}/forget";
pub const COMPETITION: &str = "/c/{slug}";
pub const COMPETITION_PAGE: &str = "/c/{slug}/p/{page}";
pub const JOIN: &str = "/c/{slug}/join";
pub const INVITATION: &str = "/c/{slug}/invitation/{secret}";
pub const DATA: &str = "/c/{slug}/data";
pub const DATA_FILE: &str = "/c/{slug}/data/{file}";
pub const DATA_PREVIEW: &str = "/c/{slug}/data/{file}/preview";
pub const DATA_ZIP: &str = "/c/{slug}/data.zip";
pub const SUBMIT: &str = "/c/{slug}/submit";
pub const CHECK: &str = "/c/{slug}/check";
pub const CHECK_RESULT: &str = "/c/{slug}/check/{id}";
pub const CHECK_SUBMIT: &str = "/c/{slug}/check/{id}/submit";
pub const SUBMISSIONS: &str = "/c/{slug}/submissions";
pub const SUBMISSION: &str = "/c/{slug}/submissions/{id}";
pub const SUBMISSION_FILE: &str = "/c/{slug}/submissions/{id}/file";
pub const SUBMISSION_DESCRIBE: &str = "/c/{slug}/submissions/{id}/describe";
pub const SUBMISSION_SELECT: &str = "/c/{slug}/submissions/{id}/select";
pub const LIVE: &str = "/c/{slug}/live";
/// The host's side: a page a step of `competitions::setup`.
pub const HOST: &str = "/c/{slug}/host";
pub const HOST_TABLE: &str = "/c/{slug}/host/table";
pub const HOST_BASICS: &str = "/c/{slug}/host/basics";
pub const HOST_PAGES: &str = "/c/{slug}/host/pages";
pub const HOST_PAGE: &str = "/c/{slug}/host/pages/{page}";
pub const HOST_PAGE_REMOVE: &str = "/c/{slug}/host/pages/{page}/remove";
pub const HOST_PAGE_UP: &str = "/c/{slug}/host/pages/{page}/up";
pub const HOST_TIMELINE: &str = "/c/{slug}/host/timeline";
pub const HOST_LIMITS: &str = "/c/{slug}/host/limits";
pub const HOST_VISIBILITY: &str = "/c/{slug}/host/visibility";
pub const HOST_VISIBILITY_LINK: &str = "/c/{slug}/host/visibility/link";
pub const HOST_VISIBILITY_LETTERS: &str = "/c/{slug}/host/visibility/letters";
pub const HOST_VISIBILITY_PERSON_REMOVE: &str = "/c/{slug}/host/visibility/people/{username}/remove";
pub const HOST_DATA: &str = "/c/{slug}/host/data";
pub const HOST_DATA_DESCRIBE: &str = "/c/{slug}/host/data/{file}/describe";
pub const HOST_DATA_REMOVE: &str = "/c/{slug}/host/data/{file}/remove";
pub const HOST_SAMPLE: &str = "/c/{slug}/host/sample";
pub const HOST_SOLUTION: &str = "/c/{slug}/host/solution";
pub const HOST_METRIC: &str = "/c/{slug}/host/metric";
pub const HOST_MODULE: &str = "/c/{slug}/host/metric/module";
pub const HOST_FAILURES: &str = "/c/{slug}/host/failures";
pub const HOST_FAILURES_RETRY: &str = "/c/{slug}/host/failures/retry";
pub const HOST_DASHBOARD: &str = "/c/{slug}/host/dashboard";
pub const HOST_DAYS_CSV: &str = "/c/{slug}/host/dashboard/days.csv";
pub const HOST_PARTICIPANTS: &str = "/c/{slug}/host/participants";
pub const HOST_PARTICIPANTS_CSV: &str = "/c/{slug}/host/participants.csv";
pub const HOST_REJECTIONS: &str = "/c/{slug}/host/rejections";
pub const HOST_REJECTIONS_CSV: &str = "/c/{slug}/host/rejections.csv";
pub const COMPETITION_METRIC: &str = "/c/{slug}/metric";
pub const VERSIONS: &str = "/c/{slug}/versions";
pub const LABELS_FILE: &str = "/c/{slug}/labels/solution.csv";
pub const HOST_VERSIONS: &str = "/c/{slug}/host/versions";
pub const HOST_VERSIONS_VERIFY: &str = "/c/{slug}/host/versions/verify";
pub const HOST_VERSIONS_RELEASE: &str = "/c/{slug}/host/versions/release-labels";
pub const HOST_VERSION: &str = "/c/{slug}/host/versions/{number}";
pub const HOST_VERSION_START: &str = "/c/{slug}/host/versions/{number}/start";
pub const HOST_VERSION_PUBLISH: &str = "/c/{slug}/host/versions/{number}/publish";
pub const HOST_VERSION_ROLL_BACK: &str = "/c/{slug}/host/versions/{number}/roll-back";
pub const HOST_VERSION_ABANDON: &str = "/c/{slug}/host/versions/{number}/abandon";
pub const HOST_VERSION_RETRY: &str = "/c/{slug}/host/versions/{number}/retry";
pub const HOST_WEBHOOKS: &str = "/c/{slug}/host/webhooks";
pub const HOST_WEBHOOK: &str = "/c/{slug}/host/webhooks/{id}";
pub const HOST_WEBHOOK_PING: &str = "/c/{slug}/host/webhooks/{id}/ping";
pub const HOST_WEBHOOK_REMOVE: &str = "/c/{slug}/host/webhooks/{id}/remove";
pub const HOST_AUDIT: &str = "/c/{slug}/host/audit";
pub const HOST_LAUNCH: &str = "/c/{slug}/host/launch";
pub const HOST_LAUNCH_EXAMINE: &str = "/c/{slug}/host/launch/examine";

/// Forums. A competition's is a tab of it; a topic keeps its address wherever it is moved.
pub const FORUMS: &str = "/forums";
pub const FORUM: &str = "/forums/{forum}";
pub const FORUM_NEW_TOPIC: &str = "/forums/{forum}/new";
pub const COMPETITION_FORUM: &str = "/c/{slug}/forum";
pub const COMPETITION_NEW_TOPIC: &str = "/c/{slug}/forum/new";
pub const TOPIC: &str = "/topics/{topic}";
pub const TOPIC_ACCEPT: &str = "/topics/{topic}/accept";
pub const TOPIC_PIN: &str = "/topics/{topic}/pin";
pub const TOPIC_LOCK: &str = "/topics/{topic}/lock";
pub const TOPIC_MOVE: &str = "/topics/{topic}/move";
pub const POST: &str = "/posts/{post}";
pub const POST_REPLY: &str = "/posts/{post}/reply";
pub const POST_EDIT: &str = "/posts/{post}/edit";
pub const POST_DELETE: &str = "/posts/{post}/delete";
pub const POST_HISTORY: &str = "/posts/{post}/history";
pub const POST_VOTE: &str = "/posts/{post}/vote";
pub const POST_REPORT: &str = "/posts/{post}/report";
pub const POST_MODERATE: &str = "/posts/{post}/moderate";
pub const MODERATION: &str = "/moderation";
pub const MODERATION_LOG: &str = "/moderation/log";
pub const PREVIEW: &str = "/preview";
pub const SEARCH: &str = "/search";
pub const IMAGES: &str = "/images";
pub const IMAGE: &str = "/images/{id}";

/// Following, and what one is told.
pub const TOPIC_FOLLOW: &str = "/topics/{topic}/follow";
pub const FORUM_FOLLOW: &str = "/forums/{forum}/follow";
pub const COMPETITION_FORUM_FOLLOW: &str = "/c/{slug}/forum/follow";
pub const PROFILE_FOLLOW: &str = "/u/{username}/follow";
pub const NOTIFICATIONS: &str = "/notifications";
pub const NOTIFICATIONS_READ: &str = "/notifications/read";
pub const NOTIFICATION: &str = "/notifications/{id}";
pub const SETTINGS_NOTIFICATIONS: &str = "/settings/notifications";
pub const UNSUBSCRIBE: &str = "/unsubscribe/{token}";

/// Notebooks, under their authors' names.
pub const NOTEBOOKS: &str = "/notebooks";
pub const NOTEBOOK_NEW: &str = "/notebooks/new";
pub const NOTEBOOKS_OWN: &str = "/notebooks/own";
pub const COMPETITION_NOTEBOOKS: &str = "/c/{slug}/notebooks";
pub const NOTEBOOK: &str = "/n/{username}/{notebook}";
pub const NOTEBOOK_VERSIONS: &str = "/n/{username}/{notebook}/versions";
pub const NOTEBOOK_VERSION: &str = "/n/{username}/{notebook}/versions/{version}";
pub const NOTEBOOK_FILE: &str = "/n/{username}/{notebook}/versions/{version}/file";
pub const NOTEBOOK_FORK: &str = "/n/{username}/{notebook}/versions/{version}/fork";
pub const NOTEBOOK_SUBMISSION: &str = "/n/{username}/{notebook}/versions/{version}/submission";
pub const NOTEBOOK_VERSION_RUN: &str = "/n/{username}/{notebook}/versions/{version}/run";
pub const NOTEBOOK_RUNS: &str = "/n/{username}/{notebook}/runs";
pub const NOTEBOOK_RUN: &str = "/n/{username}/{notebook}/runs/{run}";
pub const NOTEBOOK_RUN_NOTEBOOK: &str = "/n/{username}/{notebook}/runs/{run}/notebook";
pub const NOTEBOOK_RUN_FILE: &str = "/n/{username}/{notebook}/runs/{run}/files/{output}";
pub const NOTEBOOK_RUN_SUBMIT: &str = "/n/{username}/{notebook}/runs/{run}/submit";
pub const NOTEBOOK_RUN_CANCEL: &str = "/n/{username}/{notebook}/runs/{run}/cancel";
pub const NOTEBOOK_PICTURE: &str = "/n/{username}/{notebook}/pictures/{picture}";
pub const NOTEBOOK_COMPARE: &str = "/n/{username}/{notebook}/compare";
pub const NOTEBOOK_SETTINGS: &str = "/n/{username}/{notebook}/settings";
pub const NOTEBOOK_COMMENTS: &str = "/n/{username}/{notebook}/comments";
pub const NOTEBOOK_FOLLOW: &str = "/n/{username}/{notebook}/follow";
pub const NOTEBOOK_VOTE: &str = "/n/{username}/{notebook}/vote";
pub const NOTEBOOK_REPORT: &str = "/n/{username}/{notebook}/report";
pub const NOTEBOOK_MODERATE: &str = "/n/{username}/{notebook}/moderate";
pub const NOTEBOOK_DELETE: &str = "/n/{username}/{notebook}/delete";

/// The API for people, and for programs.
pub const API_REFERENCE: &str = "/api";
pub const API_DOCUMENT: &str = "/api/v1/openapi.json";
pub const API_ME: &str = "/api/v1/me";
pub const API_PROFILE: &str = "/api/v1/me/profile";
pub const API_MY_COMPETITIONS: &str = "/api/v1/me/competitions";
pub const API_PASSWORD: &str = "/api/v1/me/password";
pub const API_USERS: &str = "/api/v1/users";
pub const API_USER: &str = "/api/v1/users/{username}";
pub const API_TOKENS: &str = "/api/v1/tokens";
pub const API_TOKEN: &str = "/api/v1/tokens/{id}";
pub const API_SESSIONS: &str = "/api/v1/sessions";
pub const API_SESSION_END: &str = "/api/v1/sessions/{id}/end";
pub const API_PASSWORD_RESETS: &str = "/api/v1/password-resets";
pub const API_PASSWORDS: &str = "/api/v1/passwords";
pub const API_ADMINISTRATORS: &str = "/api/v1/administrators";

pub const API_PREVIEWS: &str = "/api/v1/previews";
pub const API_MEDALS: &str = "/api/v1/medals";
pub const API_SCORER_KEY: &str = "/api/v1/scorer-key";
pub const API_METRICS: &str = "/api/v1/metrics";
pub const API_METRIC: &str = "/api/v1/metrics/{name}";
pub const API_BUNDLES: &str = "/api/v1/bundles";
pub const API_BUNDLE: &str = "/api/v1/bundles/{id}";
pub const API_BUNDLE_COMPETITION: &str = "/api/v1/bundles/{id}/competition";
pub const API_COMPETITIONS: &str = "/api/v1/competitions";
pub const API_COMPETITION: &str = "/api/v1/competitions/{slug}";
pub const API_PAGES: &str = "/api/v1/competitions/{slug}/pages";
pub const API_PAGES_ORDER: &str = "/api/v1/competitions/{slug}/pages-order";
pub const API_FOLDER: &str = "/api/v1/competitions/{slug}/folder";
pub const API_ARCHIVE: &str = "/api/v1/competitions/{slug}/archive";
pub const API_PAGE: &str = "/api/v1/competitions/{slug}/pages/{page}";
pub const API_DATA: &str = "/api/v1/competitions/{slug}/data";
pub const API_DATA_FILE: &str = "/api/v1/competitions/{slug}/data/{file}";
pub const API_DATA_ZIP: &str = "/api/v1/competitions/{slug}/data.zip";
pub const API_INVITATIONS: &str = "/api/v1/competitions/{slug}/invitations";
pub const API_INVITATION_LINK: &str = "/api/v1/competitions/{slug}/invitations/link";
pub const API_INVITATION_LETTERS: &str = "/api/v1/competitions/{slug}/invitations/letters";
pub const API_INVITED_PERSON: &str = "/api/v1/competitions/{slug}/invitations/people/{username}";
pub const API_INVITATION_TERMS: &str = "/api/v1/competitions/{slug}/invitations/{secret}";
pub const API_INVITATION_ACCEPT: &str = "/api/v1/competitions/{slug}/invitations/accept";
pub const API_HOST_DATA: &str = "/api/v1/competitions/{slug}/host/data";
pub const API_HOST_METRIC: &str = "/api/v1/competitions/{slug}/host/metric";
pub const API_SOLUTION: &str = "/api/v1/competitions/{slug}/solution";
pub const API_COMPETITION_METRIC: &str = "/api/v1/competitions/{slug}/metric";
pub const API_MODULE: &str = "/api/v1/competitions/{slug}/metric/module";
pub const API_FAILURES: &str = "/api/v1/competitions/{slug}/failures";
pub const API_FAILURES_RETRY: &str = "/api/v1/competitions/{slug}/failures/retry";
pub const API_DASHBOARD: &str = "/api/v1/competitions/{slug}/dashboard";
pub const API_PARTICIPANTS: &str = "/api/v1/competitions/{slug}/participants";
pub const API_REJECTIONS: &str = "/api/v1/competitions/{slug}/rejections";
pub const API_TABLE: &str = "/api/v1/competitions/{slug}/table";
pub const API_REPORT: &str = "/api/v1/competitions/{slug}/report";
pub const API_AUDIT: &str = "/api/v1/competitions/{slug}/audit";
pub const API_LAUNCH: &str = "/api/v1/competitions/{slug}/launch";

pub const API_COMMITMENTS: &str = "/api/v1/competitions/{slug}/commitments";
pub const API_LABELS: &str = "/api/v1/competitions/{slug}/labels";
pub const API_LABELS_FILE: &str = "/api/v1/competitions/{slug}/labels/solution.csv";
pub const API_VERSIONS: &str = "/api/v1/competitions/{slug}/versions";
pub const API_HOST_VERSIONS: &str = "/api/v1/competitions/{slug}/host/versions";
pub const API_VERSION: &str = "/api/v1/competitions/{slug}/versions/{number}";
pub const API_VERSION_MOVES: &str = "/api/v1/competitions/{slug}/versions/{number}/moves";
pub const API_VERSION_START: &str = "/api/v1/competitions/{slug}/versions/{number}/start";
pub const API_VERSION_PUBLISH: &str = "/api/v1/competitions/{slug}/versions/{number}/publish";
pub const API_VERSION_ROLL_BACK: &str = "/api/v1/competitions/{slug}/versions/{number}/roll-back";
pub const API_VERSION_ABANDON: &str = "/api/v1/competitions/{slug}/versions/{number}/abandon";
pub const API_VERSION_RETRY: &str = "/api/v1/competitions/{slug}/versions/{number}/retry";

pub const API_VERIFICATIONS: &str = "/api/v1/competitions/{slug}/verifications";
pub const API_VERIFICATION: &str = "/api/v1/competitions/{slug}/verifications/{id}";

pub const API_WEBHOOKS: &str = "/api/v1/competitions/{slug}/webhooks";
pub const API_WEBHOOK: &str = "/api/v1/competitions/{slug}/webhooks/{id}";
pub const API_WEBHOOK_PING: &str = "/api/v1/competitions/{slug}/webhooks/{id}/ping";
pub const API_WEBHOOK_DELIVERIES: &str = "/api/v1/competitions/{slug}/webhooks/{id}/deliveries";

pub const API_UPLOADS: &str = "/api/v1/uploads";
pub const API_UPLOAD: &str = "/api/v1/uploads/{id}";

pub const API_JOIN: &str = "/api/v1/competitions/{slug}/join";
pub const API_FORMAT: &str = "/api/v1/competitions/{slug}/submission-format";
pub const API_ALLOWANCE: &str = "/api/v1/competitions/{slug}/allowance";
pub const API_LOG: &str = "/api/v1/competitions/{slug}/log";
pub const API_SUBMISSIONS: &str = "/api/v1/competitions/{slug}/submissions";
pub const API_SUBMISSION: &str = "/api/v1/competitions/{slug}/submissions/{id}";
pub const API_SUBMISSION_FILE: &str = "/api/v1/competitions/{slug}/submissions/{id}/file";
pub const API_DIRECT_UPLOADS: &str = "/api/v1/competitions/{slug}/direct-uploads";
pub const API_DIRECT_UPLOAD: &str = "/api/v1/competitions/{slug}/direct-uploads/{id}";
pub const API_CHECKS: &str = "/api/v1/competitions/{slug}/checks";
pub const API_CHECK: &str = "/api/v1/competitions/{slug}/checks/{id}";

pub const API_FORUMS: &str = "/api/v1/forums";
pub const API_FORUM: &str = "/api/v1/forums/{forum}";
pub const API_FORUM_TOPICS: &str = "/api/v1/forums/{forum}/topics";
pub const API_COMPETITION_TOPICS: &str = "/api/v1/competitions/{slug}/topics";
pub const API_TOPIC: &str = "/api/v1/topics/{topic}";
pub const API_TOPIC_POSTS: &str = "/api/v1/topics/{topic}/posts";
pub const API_POST: &str = "/api/v1/posts/{post}";
pub const API_POST_VERSIONS: &str = "/api/v1/posts/{post}/versions";
pub const API_POST_VOTE: &str = "/api/v1/posts/{post}/vote";
pub const API_POST_REPORT: &str = "/api/v1/posts/{post}/report";
pub const API_POST_MODERATE: &str = "/api/v1/posts/{post}/moderate";
pub const API_MODERATION_REPORTS: &str = "/api/v1/moderation/reports";
pub const API_MODERATION_LOG: &str = "/api/v1/moderation/log";

pub const API_IMAGES: &str = "/api/v1/images";
pub const API_SEARCH: &str = "/api/v1/search";
pub const API_NOTIFICATIONS: &str = "/api/v1/notifications";
pub const API_NOTIFICATIONS_READ: &str = "/api/v1/notifications/read";
pub const API_NOTIFICATION_READ: &str = "/api/v1/notifications/{id}/read";
pub const API_NOTIFICATION_SETTINGS: &str = "/api/v1/me/notification-settings";
pub const API_FOLLOWS: &str = "/api/v1/me/follows";
pub const API_TOPIC_FOLLOW: &str = "/api/v1/topics/{topic}/follow";
pub const API_FORUM_FOLLOW: &str = "/api/v1/forums/{forum}/follow";
pub const API_COMPETITION_FORUM_FOLLOW: &str = "/api/v1/competitions/{slug}/forum/follow";
pub const API_USER_FOLLOW: &str = "/api/v1/users/{username}/follow";

pub const API_NOTEBOOKS: &str = "/api/v1/notebooks";
pub const API_COMPETITION_NOTEBOOKS: &str = "/api/v1/competitions/{slug}/notebooks";
pub const API_OWN_NOTEBOOKS: &str = "/api/v1/me/notebooks";
pub const API_NOTEBOOK: &str = "/api/v1/notebooks/{username}/{notebook}";
pub const API_NOTEBOOK_VERSIONS: &str = "/api/v1/notebooks/{username}/{notebook}/versions";
pub const API_NOTEBOOK_VERSION: &str = "/api/v1/notebooks/{username}/{notebook}/versions/{version}";
pub const API_NOTEBOOK_FILE: &str = "/api/v1/notebooks/{username}/{notebook}/versions/{version}/file";
pub const API_NOTEBOOK_FORK: &str = "/api/v1/notebooks/{username}/{notebook}/versions/{version}/fork";
pub const API_NOTEBOOK_SUBMISSION: &str =
    "/api/v1/notebooks/{username}/{notebook}/versions/{version}/submissions/{id}";
pub const API_NOTEBOOK_VERSION_RUNS: &str = "/api/v1/notebooks/{username}/{notebook}/versions/{version}/runs";
pub const API_NOTEBOOK_RUNS: &str = "/api/v1/notebooks/{username}/{notebook}/runs";
pub const API_NOTEBOOK_RUN: &str = "/api/v1/notebooks/{username}/{notebook}/runs/{run}";
pub const API_NOTEBOOK_RUN_NOTEBOOK: &str = "/api/v1/notebooks/{username}/{notebook}/runs/{run}/notebook";
pub const API_NOTEBOOK_RUN_FILE: &str = "/api/v1/notebooks/{username}/{notebook}/runs/{run}/files/{output}";
pub const API_NOTEBOOK_RUN_SUBMISSION: &str = "/api/v1/notebooks/{username}/{notebook}/runs/{run}/submission";
pub const API_NOTEBOOK_RUN_CANCEL: &str = "/api/v1/notebooks/{username}/{notebook}/runs/{run}/cancel";
pub const API_NOTEBOOK_DIFF: &str = "/api/v1/notebooks/{username}/{notebook}/diff";
pub const API_NOTEBOOK_COMMENTS: &str = "/api/v1/notebooks/{username}/{notebook}/comments";
pub const API_NOTEBOOK_FOLLOW: &str = "/api/v1/notebooks/{username}/{notebook}/follow";
pub const API_NOTEBOOK_VOTE: &str = "/api/v1/notebooks/{username}/{notebook}/vote";
pub const API_NOTEBOOK_REPORT: &str = "/api/v1/notebooks/{username}/{notebook}/report";
pub const API_NOTEBOOK_MODERATE: &str = "/api/v1/notebooks/{username}/{notebook}/moderate";

/// Every address of the API that no other route takes.
pub const API_REST: &str = "/api/{*rest}";

pub const HEALTH: &str = "/healthz";
pub const READY: &str = "/readyz";
/// Where browsers look for an icon beside what is no page.
pub const ICON: &str = "/favicon.ico";

pub fn competition(slug: &str) -> String {
    format!("/c/{slug}")
}

pub fn competition_page(slug: &str, page: &str) -> String {
    format!("/c/{slug}/p/{page}")
}

pub fn new_bundle_report(id: uuid::Uuid) -> String {
    format!("/new/from-bundle/{id}")
}

pub fn new_bundle_forget(id: &uuid::Uuid) -> String {
    format!("/new/from-bundle/{id}/forget")
}

pub fn join(slug: &str) -> String {
    format!("/c/{slug}/join")
}

pub fn data(slug: &str) -> String {
    format!("/c/{slug}/data")
}

pub fn data_file(slug: &str, file: &str) -> String {
    format!("/c/{slug}/data/{file}")
}

pub fn api_data_file(slug: &str, file: &str) -> String {
    format!("/api/v1/competitions/{slug}/data/{file}")
}

pub fn data_preview(slug: &str, file: &str) -> String {
    format!("/c/{slug}/data/{file}/preview")
}

pub fn data_zip(slug: &str) -> String {
    format!("/c/{slug}/data.zip")
}

pub fn submit(slug: &str) -> String {
    format!("/c/{slug}/submit")
}

pub fn check(slug: &str) -> String {
    format!("/c/{slug}/check")
}

pub fn check_result(slug: &str, id: uuid::Uuid) -> String {
    format!("/c/{slug}/check/{id}")
}

pub fn check_submit(slug: &str, id: uuid::Uuid) -> String {
    format!("/c/{slug}/check/{id}/submit")
}

pub fn submissions(slug: &str) -> String {
    format!("/c/{slug}/submissions")
}

pub fn submission(slug: &str, id: crate::ids::SubmissionId) -> String {
    format!("/c/{slug}/submissions/{id}")
}

pub fn submission_file(slug: &str, id: crate::ids::SubmissionId) -> String {
    format!("/c/{slug}/submissions/{id}/file")
}

pub fn live(slug: &str) -> String {
    format!("/c/{slug}/live")
}

pub fn host(slug: &str) -> String {
    format!("/c/{slug}/host")
}

pub fn versions(slug: &str) -> String {
    format!("/c/{slug}/versions")
}

pub fn labels_file(slug: &str) -> String {
    format!("/c/{slug}/labels/solution.csv")
}

pub fn host_versions(slug: &str) -> String {
    format!("/c/{slug}/host/versions")
}

pub fn host_version(slug: &str, number: i32) -> String {
    format!("/c/{slug}/host/versions/{number}")
}

pub fn host_webhooks(slug: &str) -> String {
    format!("/c/{slug}/host/webhooks")
}

pub fn host_webhook(slug: &str, id: crate::ids::WebhookId) -> String {
    format!("/c/{slug}/host/webhooks/{id}")
}

pub fn host_step(slug: &str, step: &str) -> String {
    format!("/c/{slug}/host/{step}")
}

pub fn host_visibility_person_remove(slug: &str, username: &str) -> String {
    format!("/c/{slug}/host/visibility/people/{username}/remove")
}

/// An invitation link, to be put behind the installation's own address.
pub fn invitation(slug: &str, secret: &str) -> String {
    format!("/c/{slug}/invitation/{secret}")
}

pub fn profile(username: &str) -> String {
    format!("/u/{username}")
}

/// A metric's page: of the catalogue, or of the competition whose host wrote it.
pub fn metric_of(slug: &str, name: &str) -> String {
    if name == holdout_contract::custom::NAME { format!("/c/{slug}/metric") } else { metric(name) }
}

pub fn host_module(slug: &str) -> String {
    format!("/c/{slug}/host/metric/module")
}

pub fn host_failures(slug: &str) -> String {
    format!("/c/{slug}/host/failures")
}

pub fn host_dashboard(slug: &str) -> String {
    format!("/c/{slug}/host/dashboard")
}

pub fn host_participants(slug: &str) -> String {
    format!("/c/{slug}/host/participants")
}

pub fn host_rejections(slug: &str) -> String {
    format!("/c/{slug}/host/rejections")
}

pub fn metric(name: &str) -> String {
    format!("/metrics/{name}")
}

pub fn reset_password(token: &str) -> String {
    format!("/reset-password/{token}")
}

pub fn become_admin(token: &str) -> String {
    format!("/become-admin/{token}")
}

pub fn end_session(id: &uuid::Uuid) -> String {
    format!("/settings/sessions/{id}/end")
}

pub fn revoke_token(id: &crate::ids::TokenId) -> String {
    format!("/settings/tokens/{id}/revoke")
}

/// Of an upload whose key is in its sender's hands alone.
pub fn api_veiled_upload(upload: crate::uploads::model::UploadId, key: &str) -> String {
    format!("{}?key={key}", api_upload(upload))
}

pub fn api_upload(id: crate::uploads::model::UploadId) -> String {
    format!("/api/v1/uploads/{id}")
}

pub fn submission_describe(slug: &str, id: crate::ids::SubmissionId) -> String {
    format!("/c/{slug}/submissions/{id}/describe")
}

pub fn submission_select(slug: &str, id: crate::ids::SubmissionId) -> String {
    format!("/c/{slug}/submissions/{id}/select")
}

pub fn forum(slug: &str) -> String {
    format!("/forums/{slug}")
}

pub fn competition_forum(slug: &str) -> String {
    format!("/c/{slug}/forum")
}

pub fn topic(id: crate::ids::TopicId) -> String {
    format!("/topics/{id}")
}

pub fn topic_accept(id: crate::ids::TopicId) -> String {
    format!("/topics/{id}/accept")
}

pub fn post(id: crate::ids::PostId) -> String {
    format!("/posts/{id}")
}

pub fn post_reply(id: crate::ids::PostId) -> String {
    format!("/posts/{id}/reply")
}

pub fn post_edit(id: crate::ids::PostId) -> String {
    format!("/posts/{id}/edit")
}

pub fn topic_follow(id: &crate::ids::TopicId) -> String {
    format!("/topics/{id}/follow")
}

pub fn profile_follow(username: &str) -> String {
    format!("/u/{username}/follow")
}

pub fn image(id: uuid::Uuid) -> String {
    format!("/images/{id}")
}

pub fn notification(id: &i64) -> String {
    format!("/notifications/{id}")
}

pub fn unsubscribe(token: &uuid::Uuid) -> String {
    format!("/unsubscribe/{token}")
}

pub fn post_report(id: crate::ids::PostId) -> String {
    format!("/posts/{id}/report")
}

pub fn post_moderate(id: crate::ids::PostId) -> String {
    format!("/posts/{id}/moderate")
}

pub fn post_delete(id: crate::ids::PostId) -> String {
    format!("/posts/{id}/delete")
}

pub fn competition_notebooks(slug: &str) -> String {
    format!("/c/{slug}/notebooks")
}

pub fn notebook(username: &str, notebook: &str) -> String {
    format!("/n/{username}/{notebook}")
}

/// What is below a notebook: `versions`, `settings`, `vote` …
pub fn notebook_part(username: &str, notebook: &str, part: &str) -> String {
    format!("/n/{username}/{notebook}/{part}")
}

pub fn notebook_version(username: &str, notebook: &str, version: i32) -> String {
    format!("/n/{username}/{notebook}/versions/{version}")
}

pub fn notebook_file(username: &str, notebook: &str, version: i32) -> String {
    format!("/n/{username}/{notebook}/versions/{version}/file")
}

pub fn notebook_runs(username: &str, notebook: &str) -> String {
    format!("/n/{username}/{notebook}/runs")
}

pub fn notebook_run(username: &str, notebook: &str, run: crate::ids::RunId) -> String {
    format!("/n/{username}/{notebook}/runs/{run}")
}

pub fn notebook_picture(username: &str, notebook: &str, picture: &str) -> String {
    format!("/n/{username}/{notebook}/pictures/{picture}")
}

pub fn notebook_compare(username: &str, notebook: &str, from: i32, to: i32) -> String {
    format!("/n/{username}/{notebook}/compare?from={from}&to={to}")
}
