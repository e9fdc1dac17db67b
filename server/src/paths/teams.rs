//! Addresses of teams, and of what counts for them in the end, and of what a host decides about them.

pub const TEAM: &str = "/c/{slug}/team";
pub const TEAM_RENAME: &str = "/c/{slug}/team/rename";
pub const TEAM_LEADER: &str = "/c/{slug}/team/leader";
pub const TEAM_LEAVE: &str = "/c/{slug}/team/leave";
pub const TEAM_INVITE: &str = "/c/{slug}/team/invite";
pub const TEAM_INVITATION_ACCEPT: &str = "/c/{slug}/team/invitations/{id}/accept";
pub const TEAM_INVITATION_DECLINE: &str = "/c/{slug}/team/invitations/{id}/decline";
pub const TEAM_INVITATION_WITHDRAW: &str = "/c/{slug}/team/invitations/{id}/withdraw";
pub const TEAM_LINK: &str = "/c/{slug}/team/link";
pub const TEAM_LINK_REMOVE: &str = "/c/{slug}/team/link/remove";
pub const TEAM_JOIN: &str = "/c/{slug}/team/join/{secret}";
pub const TEAM_MERGE: &str = "/c/{slug}/team/merge";
pub const TEAM_MERGE_ACCEPT: &str = "/c/{slug}/team/merge/{id}/accept";
pub const TEAM_MERGE_END: &str = "/c/{slug}/team/merge/{id}/end";
pub const TEAM_WRITE_UP: &str = "/c/{slug}/team/write-up";
pub const TEAM_WRITE_UP_REMOVE: &str = "/c/{slug}/team/write-up/remove";
pub const API_TEAM_WRITE_UP: &str = "/api/v1/competitions/{slug}/team/write-up";
pub const HOST_CONDUCT: &str = "/c/{slug}/host/disqualifications";
pub const HOST_CONDUCT_LIFT: &str = "/c/{slug}/host/disqualifications/{id}/lift";
pub const API_DISQUALIFICATIONS: &str = "/api/v1/competitions/{slug}/disqualifications";
pub const API_DISQUALIFICATION_LIFT: &str = "/api/v1/competitions/{slug}/disqualifications/{id}/lift";
pub const SUBMISSIONS_FINAL: &str = "/c/{slug}/submissions/final";
pub const API_FINAL_SELECTION: &str = "/api/v1/competitions/{slug}/final-selection";
pub const API_TEAM: &str = "/api/v1/competitions/{slug}/team";
pub const API_TEAM_LEAVE: &str = "/api/v1/competitions/{slug}/team/leave";
pub const API_TEAM_LINK: &str = "/api/v1/competitions/{slug}/team/link";
pub const API_TEAM_JOIN: &str = "/api/v1/competitions/{slug}/team/join";
pub const API_TEAM_INVITATIONS: &str = "/api/v1/competitions/{slug}/team/invitations";
pub const API_TEAM_INVITATION: &str = "/api/v1/competitions/{slug}/team/invitations/{id}";
pub const API_TEAM_INVITATION_ACCEPT: &str = "/api/v1/competitions/{slug}/team/invitations/{id}/accept";
pub const API_TEAM_INVITATION_DECLINE: &str = "/api/v1/competitions/{slug}/team/invitations/{id}/decline";
pub const API_MERGE_REQUESTS: &str = "/api/v1/competitions/{slug}/team/merge-requests";
pub const API_MERGE_REQUEST: &str = "/api/v1/competitions/{slug}/team/merge-requests/{id}";
pub const API_MERGE_REQUEST_ACCEPT: &str = "/api/v1/competitions/{slug}/team/merge-requests/{id}/accept";

pub fn host_conduct(slug: &str) -> String {
    format!("/c/{slug}/host/disqualifications")
}

pub fn host_conduct_lift(slug: &str, id: crate::ids::DisqualificationId) -> String {
    format!("/c/{slug}/host/disqualifications/{id}/lift")
}

pub fn submissions_final(slug: &str) -> String {
    format!("/c/{slug}/submissions/final")
}

pub fn team(slug: &str) -> String {
    format!("/c/{slug}/team")
}

/// What is below a team's page: `rename`, `invite`, `leave` …
pub fn team_part(slug: &str, part: &str) -> String {
    format!("/c/{slug}/team/{part}")
}

/// The form for a topic that becomes the team's write-up.
pub fn new_write_up(slug: &str) -> String {
    format!("/c/{slug}/forum/new?write_up=1")
}

pub fn team_invitation(slug: &str, id: crate::ids::TeamInvitationId, answer: &str) -> String {
    format!("/c/{slug}/team/invitations/{id}/{answer}")
}

pub fn team_merge(slug: &str, id: crate::ids::MergeRequestId, answer: &str) -> String {
    format!("/c/{slug}/team/merge/{id}/{answer}")
}

/// A link by which people join a team, to be put behind the installation's own address.
pub fn team_join(slug: &str, secret: &str) -> String {
    format!("/c/{slug}/team/join/{secret}")
}
