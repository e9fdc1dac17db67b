//! The rules by which medals, points and tiers are given, as a page.

use askama::Template;
use askama_web::WebTemplate;
use axum::Router;
use axum::extract::State;

use crate::app::App;
use crate::medals::model::{Category, Thresholds, last_ranks};
use crate::paths;
use crate::web::format;
use crate::web::routing::get;
use crate::web::shell::Shell;

pub fn router() -> Router<App> {
    Router::new().route(paths::MEDALS, get(show_medals))
}

/// Sizes of boards that the page works out.
const EXAMPLES: [i64; 7] = [9, 50, 100, 250, 500, 1000, 5000];

/// How many teams win what on a board of some size.
pub struct Example {
    pub n_teams: i64,
    pub gold: i64,
    pub silver: i64,
    pub bronze: i64,
}

impl Example {
    fn new(n_teams: i64) -> Self {
        let [gold, silver, bronze] = last_ranks(n_teams).map(|(_, last)| last);
        Self { n_teams, gold, silver: silver - gold, bronze: bronze - silver.max(gold) }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "medals/rules.html")]
pub struct MedalsPage {
    pub shell: Shell,
    pub examples: Vec<Example>,
    pub categories: [Category; 3],
    pub notebooks: Thresholds,
    pub posts: Thresholds,
}

impl MedalsPage {
    fn new(shell: Shell, notebooks: Thresholds, posts: Thresholds) -> Self {
        let examples = EXAMPLES.map(Example::new).into();
        Self { shell, examples, categories: Category::ALL, notebooks, posts }
    }

    pub fn sample() -> Self {
        Self::new(Shell::sample(), Thresholds::NOTEBOOKS, Thresholds::POSTS)
    }
}

async fn show_medals(State(app): State<App>, shell: Shell) -> MedalsPage {
    MedalsPage::new(shell, app.config.notebook_medals, app.config.post_medals)
}
