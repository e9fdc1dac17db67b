//! One's own team: look at it, invite, join, merge, leave.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Session;
use super::competition::Competition;
use super::fault::Outcome;
use super::screen::Paint;
use super::table::{Table, cell, facts, local, text};

#[derive(Debug, Args)]
pub struct About {
    #[command(flatten)]
    place: Competition,
    /// Number of the invitation or request, as `team show` lists it.
    id: i64,
}

#[derive(Debug, Subcommand)]
pub enum TeamVerb {
    /// Show your team, your invitations, and its history.
    Show(Competition),
    /// Rename your team.
    Rename {
        #[command(flatten)]
        place: Competition,
        name: String,
    },
    /// Invite someone by user name.
    Invite {
        #[command(flatten)]
        place: Competition,
        username: String,
    },
    /// Take an invitation back.
    Uninvite(About),
    /// Make a link that lets people join; the previous one stops working.
    Link {
        #[command(flatten)]
        place: Competition,
        /// Remove the link instead.
        #[arg(long)]
        remove: bool,
    },
    /// Join a team with an invitation's number, or with a link.
    ///
    /// Your team of one becomes part of it, with its submissions.
    Accept {
        #[command(flatten)]
        place: Competition,
        /// The invitation's number, or the link's address.
        invitation: String,
    },
    /// Decline an invitation.
    Decline(About),
    /// Leave a team that has not submitted anything.
    Leave(Competition),
    /// Hand the leadership to another member.
    Lead {
        #[command(flatten)]
        place: Competition,
        username: String,
    },
    /// Ask another team to merge into yours, or accept such a request by its number.
    Merge {
        #[command(flatten)]
        place: Competition,
        /// Name of the team to ask.
        #[arg(required_unless_present = "accept", conflicts_with = "accept")]
        team: Option<String>,
        /// Number of the request to accept: your team becomes part of the one that asks.
        #[arg(long, value_name = "ID")]
        accept: Option<i64>,
    },
    /// Show the topic that is your team's solution write-up, or choose it once the competition is over.
    WriteUp {
        #[command(flatten)]
        place: Competition,
        /// Number of the topic, as in its address.
        #[arg(conflicts_with = "remove")]
        topic: Option<i64>,
        /// Remove the choice; the topic stays.
        #[arg(long)]
        remove: bool,
    },
    /// Take back your team's request to merge, or decline another team's.
    Unmerge(About),
}

fn address(place: &Competition, rest: &str) -> String {
    place.api(&format!("/team{rest}"))
}

fn write_up(session: &Session, place: &Competition, topic: Option<i64>, remove: bool) -> Outcome {
    let (client, path) = (&session.client, address(place, "/write-up"));
    if remove {
        client.delete(&path)?;
        session.screen.answer(&json!({ "removed": true }), |_| "No topic is chosen.".to_owned());
        return Ok(());
    }
    let chosen = match topic {
        Some(topic) => client.put(&path, &json!({ "topic": topic }))?,
        None => client.get(&path)?,
    };
    session.screen.answer(&chosen, |_| {
        format!("{}: {}{}", text(&chosen, "title"), client.server(), text(&chosen, "address"))
    });
    Ok(())
}

pub fn run(session: &Session, verb: &TeamVerb) -> Outcome {
    let client = &session.client;
    let (place, changed) = match verb {
        TeamVerb::WriteUp { place, topic, remove } => return write_up(session, place, *topic, *remove),
        TeamVerb::Show(place) => (place, Value::Null),
        TeamVerb::Rename { place, name } => {
            (place, client.patch(&address(place, ""), &json!({ "name": name }))?)
        }
        TeamVerb::Invite { place, username } => {
            (place, client.post(&address(place, "/invitations"), &json!({ "username": username }))?)
        }
        TeamVerb::Uninvite(About { place, id }) => {
            (place, client.delete(&address(place, &format!("/invitations/{id}")))?)
        }
        TeamVerb::Link { place, remove: true } => (place, client.delete(&address(place, "/link"))?),
        TeamVerb::Link { place, remove: false } => (place, client.put(&address(place, "/link"), &json!({}))?),
        TeamVerb::Accept { place, invitation } => (place, accept(session, place, invitation)?),
        TeamVerb::Decline(About { place, id }) => {
            (place, client.post(&address(place, &format!("/invitations/{id}/decline")), &json!({}))?)
        }
        TeamVerb::Leave(place) => (place, client.post(&address(place, "/leave"), &json!({}))?),
        TeamVerb::Lead { place, username } => {
            (place, client.patch(&address(place, ""), &json!({ "leader": username }))?)
        }
        TeamVerb::Merge { place, accept: Some(id), .. } => {
            (place, client.post(&address(place, &format!("/merge-requests/{id}/accept")), &json!({}))?)
        }
        TeamVerb::Merge { place, team, .. } => {
            (place, client.post(&address(place, "/merge-requests"), &json!({ "team": team }))?)
        }
        TeamVerb::Unmerge(About { place, id }) => {
            (place, client.delete(&address(place, &format!("/merge-requests/{id}")))?)
        }
    };
    let own = if changed.is_object() { changed } else { client.get(&address(place, ""))? };
    session.screen.answer(&own, |paint| draw(paint, &own));
    Ok(())
}

fn accept(session: &Session, place: &Competition, invitation: &str) -> Outcome<Value> {
    if let Ok(id) = invitation.parse::<i64>() {
        return session.client.post(&address(place, &format!("/invitations/{id}/accept")), &json!({}));
    }
    let secret = invitation.trim_end_matches('/').rsplit('/').next().unwrap_or(invitation);
    session.client.post(&address(place, "/join"), &json!({ "secret": secret }))
}

fn draw(paint: Paint, own: &Value) -> String {
    let mut drawn = String::new();
    let team = &own["team"];
    if team.is_object() {
        drawn.push_str(&facts(
            paint,
            &[
                ("team", text(team, "name")),
                ("submissions", cell(&team["n_submissions"])),
                ("disqualified", text(team, "disqualified_because")),
                ("link", text(team, "link")),
            ],
        ));
        drawn.push('\n');
        drawn.push_str(&members(paint, team));
    }
    let waiting = waiting(own);
    if !waiting.is_empty() {
        drawn.push('\n');
        drawn.push_str(&waiting.draw(paint, ""));
    }
    for event in team["history"].as_array().into_iter().flatten() {
        let line = format!("{} {}", local(&event["at"]), text(event, "sentence"));
        drawn.push_str(&format!("\n{}", paint.faint(&line)));
    }
    if drawn.is_empty() {
        "You do not take part in this competition, and no team has invited you.".to_owned()
    } else {
        drawn
    }
}

fn members(paint: Paint, team: &Value) -> String {
    let mut table = Table::new(&["member", "name", "role", "since"]);
    for member in team["members"].as_array().into_iter().flatten() {
        let role = if member["is_leader"] == true { "leader" } else { "member" };
        let cells = [
            text(member, "username"),
            text(member, "display_name"),
            role.to_owned(),
            local(&member["joined_at"]),
        ];
        table.row(cells);
    }
    table.draw(paint, "This team has no members.")
}

/// Everything that somebody has to answer.
fn waiting(own: &Value) -> Table {
    let team = &own["team"];
    let mut table = Table::new(&["id", "waiting", "since"]);
    for invitation in own["invitations"].as_array().into_iter().flatten() {
        let what = format!("{} invites you to {}", text(invitation, "invited_by"), text(invitation, "team"));
        table.marked_row([cell(&invitation["id"]), what, local(&invitation["invited_at"])]);
    }
    for invitation in team["invitations"].as_array().into_iter().flatten() {
        let what = format!("{} is invited", text(invitation, "username"));
        table.row([cell(&invitation["id"]), what, local(&invitation["invited_at"])]);
    }
    for request in team["merge_requests"].as_array().into_iter().flatten() {
        let what = if request["to_team_id"] == team["id"] {
            format!("{} asks your team to become part of it", text(request, "from_team"))
        } else {
            format!("{} is asked to become part of yours", text(request, "to_team"))
        };
        table.row([cell(&request["id"]), what, local(&request["asked_at"])]);
    }
    table
}
