//! The verb: a host's file for a baseline, which is made with its first file.

use serde_json::json;
use sqlx::PgConnection;

use super::store;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::access::{self, Seen};
use crate::competitions::model::Phase;
use crate::competitions::store::drafts;
use crate::error::{AppError, Result};
use crate::ids::TeamId;
use crate::leaderboard::baselines::{MOST_BASELINES, MOST_FILES};
use crate::submissions::choose::check_description;
use crate::submissions::submit::{Entrant, Receipt, Upload, submit};
use crate::teams::manage::read_name;

/// What a host reads who asks to take part.
pub const HOSTS_ARE_UNRANKED: &str = "You host this competition, so you cannot be ranked in it. Send your file as a \
baseline, from the host pages or with `holdout host baselines send`: it appears on the board without a rank.";

const IS_A_DRAFT: &str = "You can send a baseline once the competition is launched.";

/// Opens a competition for a host's files, before a byte of one is read.
///
/// # Errors
/// [`AppError::NotFound`] for others than hosts; [`AppError::Refused`] before the launch.
pub async fn enter(app: &App, host: &Member, slug: &str) -> Result<Seen> {
    let seen = access::see_as_host(app, slug, Some(host)).await?;
    match seen.competition.phase(app.clock.now()) {
        Phase::Draft => Err(AppError::refused(IS_A_DRAFT)),
        _ => Ok(seen),
    }
}

/// Takes a stored file as one of the baseline of this name.
///
/// # Errors
/// [`AppError::Field`] for a name that is none or a participant's; [`AppError::Refused`] beyond [`MOST_BASELINES`] and
/// [`MOST_FILES`]; a file that came with the request is then removed.
pub async fn send(app: &App, host: &Member, seen: &Seen, name: &str, upload: Upload) -> Result<Receipt> {
    let team_id = match made(app, host, seen, name, &upload).await {
        Ok(team_id) => team_id,
        Err(error) => {
            upload.arrived.let_go(app).await?;
            return Err(error);
        }
    };
    let competition = seen.competition.clone();
    let entrant = Entrant { member: host.clone(), competition, team_id, is_baseline: true };
    submit(app, &entrant, upload).await
}

async fn made(app: &App, host: &Member, seen: &Seen, name: &str, upload: &Upload) -> Result<TeamId> {
    check_description(&upload.description)?;
    let name = read_name(name)?;
    let (id, now) = (seen.competition.id, app.clock.now());
    let mut tx = app.db.begin().await?;
    if drafts::lock(&mut tx, id).await?.is_none() {
        return Err(AppError::refused(IS_A_DRAFT));
    }
    if let Some((team_id, is_baseline)) = store::named(&mut tx, id, &name).await? {
        return match is_baseline {
            true => Ok(team_id),
            false => Err(AppError::field("name", "A team that takes part has this name: choose another.")),
        };
    }
    if store::count(&mut tx, id).await? >= MOST_BASELINES {
        return Err(AppError::refused(format!("A competition has at most {MOST_BASELINES} baselines.")));
    }
    let team_id = store::insert(&mut tx, id, &name, now).await?;
    drafts::note(&mut tx, now, host.id, "make_baseline", id, &json!({ "name": name })).await?;
    tx.commit().await?;
    Ok(team_id)
}

/// Lets a file pass while the baseline, which is held, has room for one more.
///
/// # Errors
/// [`AppError::Refused`] beyond [`MOST_FILES`].
pub async fn refuse_full(conn: &mut PgConnection, team_id: TeamId) -> Result<()> {
    if store::n_files(conn, team_id).await? < MOST_FILES {
        return Ok(());
    }
    Err(AppError::refused(format!(
        "A baseline takes at most {MOST_FILES} files; give this one another name."
    )))
}
