//! Choosing what counts in the end, by check boxes.

use askama::Template;
use askama_web::WebTemplate;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;

use super::show::see_as_participant;
use crate::accounts::model::Member;
use crate::app::App;
use crate::competitions::frame::{Frame, Tab};
use crate::error::{AppError, Result};
use crate::ids::SubmissionId;
use crate::paths;
use crate::submissions::choose::{Choice, choose_among};
use crate::submissions::final_choice::{self, Candidates, FinalChoice};
use crate::submissions::model::{State as Stage, Submission};
use crate::submissions::submit::enter;
use crate::web::extract::SignedIn;
use crate::web::format;
use crate::web::forms::{Mistake, mistake, redirect_saying, show_again};
use crate::web::shell::Shell;

#[derive(Template, WebTemplate)]
#[template(path = "submissions/final.html")]
pub struct FinalPage {
    pub shell: Shell,
    pub frame: Frame,
    pub stands: FinalChoice,
    pub candidates: Candidates,
    /// What was ticked in the form that came back.
    pub sent: Option<Vec<SubmissionId>>,
    pub mistake: Mistake,
}

impl FinalPage {
    pub fn sample() -> Self {
        Self {
            shell: Shell::sample(),
            frame: Frame::sample(Tab::Submissions),
            stands: FinalChoice::sample(),
            candidates: Candidates {
                offered: [Stage::Scored, Stage::Queued].map(Submission::sample).to_vec(),
                are_more: true,
            },
            sent: None,
            mistake: Mistake::none(),
        }
    }

    pub fn is_open(&self) -> bool {
        self.frame.competition.ended(self.shell.now).is_none()
    }

    pub fn stands_in(&self, submission: &Submission) -> bool {
        self.stands.stand_ins.iter().any(|one| one.id == submission.id)
    }

    /// Whether its box is ticked: as it was sent, else as it stands.
    pub fn is_ticked(&self, submission: &Submission) -> bool {
        self.sent.as_ref().map_or(submission.is_selected(), |sent| sent.contains(&submission.id))
    }

    pub fn address(&self, submission: &Submission) -> String {
        paths::submission(self.frame.slug(), submission.id)
    }
}

pub(super) async fn show_final(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
) -> Result<FinalPage> {
    final_page(&app, &slug, &member, shell, None, Mistake::none()).await
}

async fn final_page(
    app: &App,
    slug: &str,
    member: &Member,
    shell: Shell,
    sent: Option<Vec<SubmissionId>>,
    mistake: Mistake,
) -> Result<FinalPage> {
    let (seen, team_id) = see_as_participant(app, slug, member).await?;
    let mut conn = app.db.acquire().await?;
    let stands = final_choice::read(&mut conn, &seen.competition, team_id).await?;
    let candidates = final_choice::candidates(&mut conn, &seen.competition, team_id).await?;
    drop(conn);
    let frame = Frame::new(seen, Tab::Submissions, shell.now);
    Ok(FinalPage { shell, frame, stands, candidates, sent, mistake })
}

pub(super) async fn post_final(
    State(app): State<App>,
    Path(slug): Path<String>,
    SignedIn(member): SignedIn,
    shell: Shell,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response> {
    let entrant = enter(&app, &member, &slug).await?;
    let choice = read(&fields);
    let outcome = match &choice {
        Ok(choice) => choose_among(&app, &entrant, choice).await,
        Err(_) => Err(AppError::field("chosen", CHOOSE_HERE)),
    };
    match mistake(outcome)? {
        Ok(()) => {
            let target = paths::submissions_final(&slug);
            Ok(redirect_saying(&target, "Your choice has been saved."))
        }
        Err(mistake) => {
            let sent = choice.ok().map(|choice| choice.chosen);
            let page = final_page(&app, &slug, &member, shell, sent, mistake).await?;
            Ok(show_again(page))
        }
    }
}

const CHOOSE_HERE: &str = "Choose among the submissions on the page.";

/// Check boxes that are not checked are not sent, so the form says which it showed.
fn read(fields: &[(String, String)]) -> Result<Choice> {
    let of = |name: &str| -> Result<Vec<SubmissionId>> {
        let values = fields.iter().filter(|(field, _)| field == name);
        let ids = values.map(|(_, value)| value.parse().map(SubmissionId));
        ids.collect::<std::result::Result<_, _>>().map_err(|_| AppError::field("chosen", CHOOSE_HERE))
    };
    Ok(Choice { among: Some(of("shown")?), chosen: of("chosen")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_and_not_checked_is_taken_back() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let choice = read(&[field("shown", "1"), field("shown", "2"), field("chosen", "2")]).unwrap();
        assert_eq!(choice.among, Some(vec![SubmissionId(1), SubmissionId(2)]));
        assert_eq!(choice.chosen, [SubmissionId(2)]);
        assert!(read(&[field("chosen", "x")]).is_err());
    }
}
