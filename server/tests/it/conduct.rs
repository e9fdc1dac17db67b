//! What is disqualified is on no board, and what is reinstated comes back as it was.

use chrono::TimeDelta;
use holdout::competitions::access::see;
use holdout::conduct::judge::{Target, disqualify, reinstate};
use holdout::error::AppError;
use holdout::ids::{DisqualificationId, SubmissionId};
use holdout::leaderboard::read::settled_if_due;
use holdout::medals::read::record;
use holdout::submissions;
use holdout::submissions::choose::choose_final;
use holdout::submissions::submit::Entrant;
use holdout::teams::merge;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::command_line::Shell;
use crate::stage::{SLUG, Stage};
use crate::world::{Labels, World, sql};

impl Stage {
    /// Teams and submissions of a board, in its order.
    async fn rows_of(&self, statement: &'static str) -> Vec<(String, i64)> {
        let rows = sql(statement).fetch_all(&self.owner).await.unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    async fn public(&self) -> Vec<(String, i64)> {
        self.rows_of("select t.name, b.submission_id from board_entries b join teams t on t.id = b.team_id order by b.rank_key").await
    }

    async fn finals(&self) -> Vec<(String, i64)> {
        self.rows_of("select t.name, f.submission_id from final_entries f join teams t on t.id = f.team_id order by f.rank").await
    }

    async fn settle(&self) {
        let seen = see(&self.app, SLUG, None).await.unwrap();
        settled_if_due(&self.app, seen).await.unwrap();
    }

    /// What the team reads on its submission's page.
    async fn told_reason(&self, entrant: &Entrant, id: SubmissionId) -> Option<String> {
        let mut conn = self.app.db.acquire().await.unwrap();
        let found = submissions::store::find(&mut conn, entrant.team_id, id).await.unwrap().unwrap();
        found.disqualified_because
    }

    async fn golds(&self, entrant: &Entrant) -> (i64, f64) {
        let mut conn = self.app.db.acquire().await.unwrap();
        let record = record(&self.app, &mut conn, entrant.member.id).await.unwrap();
        (record.standings[0].medals.gold, record.points)
    }
}

fn row(team: &str, submission: i64) -> (String, i64) {
    (team.to_owned(), submission)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn boards_medals_and_points_follow_at_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let host = stage.host().await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    let best = stage.scored(&ada, 0.1, 0.2).await;
    let second = stage.scored(&ada, 0.3, 0.1).await;
    stage.scored(&bob, 0.2, 0.3).await;
    for at in 0..9 {
        let name = format!("zz{at}");
        let other = stage.entrant(&name).await;
        stage.scored(&other, 1.0 + f64::from(at), 1.0 + f64::from(at)).await;
    }
    let before = stage.public().await;
    assert_eq!(before[..2], [row("Ada", 1), row("Bob", 3)]);

    // A submission: the next best takes its place, and comes back.
    let app = &stage.app;
    let one = disqualify(app, &host, SLUG, &Target::Submission(best), "Copied.").await.unwrap();
    assert_eq!(stage.public().await[..2], [row("Bob", 3), row("Ada", second.0)]);
    let again = disqualify(app, &host, SLUG, &Target::Submission(best), "Copied.").await;
    assert!(matches!(again, Err(AppError::Refused(_))));
    reinstate(app, &host, SLUG, one, "It was not.").await.unwrap();
    assert_eq!(stage.public().await, before);
    assert!(matches!(reinstate(app, &host, SLUG, one, "Twice.").await, Err(AppError::Refused(_))));

    // A team, with what it sends afterwards.
    let team = disqualify(app, &host, SLUG, &Target::Team("ada".to_owned()), "Two accounts.").await.unwrap();
    assert_eq!(stage.public().await[..1], [row("Bob", 3)]);
    stage.scored(&ada, 0.01, 0.01).await;
    assert!(stage.public().await.iter().all(|(team, _)| team != "Ada"));
    let refused = merge::ask(app, &bob.member, SLUG, "Ada").await.unwrap_err();
    assert!(refused.to_string().contains("disqualified"), "{refused}");

    // After the end: final board, medals and points, and back again to the digit.
    stage.let_pass(TimeDelta::hours(31)).await;
    stage.settle().await;
    assert_eq!(stage.finals().await[..1], [row("Bob", 3)]);
    assert_eq!(stage.golds(&ada).await, (0, 0.0));
    let (golds, points) = stage.golds(&bob).await;
    assert!(golds == 1 && points > 0.0);
    reinstate(app, &host, SLUG, team, "The appeal was right.").await.unwrap();
    assert_eq!(stage.finals().await[..2], [row("Ada", 13), row("Bob", 3)]);
    assert_eq!((stage.golds(&ada).await.0, stage.golds(&bob).await.0), (1, 0));
    let once_more =
        disqualify(app, &host, SLUG, &Target::Team("Ada".to_owned()), "It was wrong.").await.unwrap();
    assert_eq!(stage.golds(&bob).await, (golds, points));
    reinstate(app, &host, SLUG, once_more, "Enough.").await.unwrap();
    let rebuilt = "select count(*) from competitions c, final_board(c.id, c.active_version_id) b
        join final_entries f on f.team_id = b.team_id and f.rank = b.rank and f.public_rank = b.public_rank
            and f.submission_id = b.submission_id and f.private_score = b.private_score";
    assert_eq!(stage.number(rebuilt).await, 11);

    // On record, and told.
    let acts =
        "select count(*) from audit_log where action in ('disqualified', 'reinstated') and detail ? 'reason'";
    assert_eq!(stage.number(acts).await, 6);
    let told = sql("select words from notifications where user_id = $1 order by id")
        .bind(ada.member.id.0)
        .fetch_all(&stage.owner)
        .await
        .unwrap();
    assert_eq!(told.len(), 6);
    assert_eq!(told[2].get::<String, _>(0), "The host disqualified your team in “Stage”\nTwo accounts.");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_chosen_submission_that_is_disqualified_has_no_stand_in(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let host = stage.host().await;
    let ada = stage.entrant("ada").await;
    let chosen = stage.scored(&ada, 0.5, 0.5).await;
    let other = stage.scored(&ada, 0.4, 0.4).await;
    choose_final(&stage.app, &ada, chosen).await.unwrap();
    let id = disqualify(&stage.app, &host, SLUG, &Target::Submission(chosen), "Copied.").await.unwrap();
    assert_eq!(stage.told_reason(&ada, chosen).await.as_deref(), Some("Copied."));
    assert_eq!(stage.told_reason(&ada, other).await, None);
    stage.let_pass(TimeDelta::hours(31)).await;
    stage.settle().await;
    assert!(stage.finals().await.is_empty());
    reinstate(&stage.app, &host, SLUG, id, "It was not.").await.unwrap();
    assert_eq!(stage.finals().await, [row("Ada", chosen.0)]);
    assert_eq!(stage.told_reason(&ada, chosen).await, None);
    disqualify(&stage.app, &host, SLUG, &Target::Team("Ada".to_owned()), "All of it.").await.unwrap();
    assert_eq!(stage.told_reason(&ada, other).await.as_deref(), Some("All of it."));
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_alone_judge_and_they_say_why(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let host = stage.host().await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    let sent = stage.scored(&ada, 0.5, 0.5).await;
    let app = &stage.app;
    let team = Target::Team("Ada".to_owned());
    for target in [&team, &Target::Submission(sent)] {
        let outcome = disqualify(app, &bob.member, SLUG, target, "Because.").await;
        assert!(matches!(outcome, Err(AppError::NotFound)));
        let outcome = disqualify(app, &host, SLUG, target, "  ").await;
        assert!(matches!(outcome, Err(AppError::Field { field: "reason", .. })));
    }
    let id = disqualify(app, &host, SLUG, &team, "Because.").await.unwrap();
    assert!(matches!(reinstate(app, &bob.member, SLUG, id, "Please.").await, Err(AppError::NotFound)));
    assert!(matches!(reinstate(app, &host, SLUG, id, "").await, Err(AppError::Field { .. })));
    assert!(matches!(
        reinstate(app, &host, SLUG, DisqualificationId(99), "Why?").await,
        Err(AppError::NotFound)
    ));
    for missing in [Target::Team("Nobody".to_owned()), Target::Submission(holdout::ids::SubmissionId(99))] {
        let outcome = disqualify(app, &host, SLUG, &missing, "Because.").await;
        assert!(matches!(outcome, Err(AppError::Field { .. })));
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_disqualified_team_is_told_where_it_stands_and_counts_no_more(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for (person, error) in [(&bob, 250), (&cleo, 300)] {
        arena.join(person).await;
        arena.submit(person, &Labels::predictions(error, 400)).await;
    }
    world.drain().await;
    let n_teams = async || cleo.api.get(&arena.api("")).await.expect(200).json()["n_teams"].clone();
    assert_eq!(n_teams().await, 2);

    // From the command line, by name; nobody can be asked there.
    let desk = Shell::of(&world, &ada).await;
    let words = ["host", "disqualify", "houses", "--team", "bob bobson", "--reason", "Two accounts."];
    desk.run(&words).await.expect(64);
    let made = desk.json(&[&words[..], &["--yes"]].concat()).await;
    assert_eq!((&made["team"], &made["lifted_at"]), (&json!("bob bobson"), &Value::Null), "{made}");
    let listed = desk.run(&["host", "disqualifications", "houses"]).await.expect(0).out;
    assert!(listed.contains("Two accounts.") && listed.contains("bob bobson"), "{listed}");

    let (board, team) = ("/c/houses/leaderboard", "/c/houses/team");
    for page in [board, team] {
        let shown = bob.browser.get(page).await.expect(200).text();
        assert!(shown.contains("Your team was disqualified") && shown.contains("Two accounts."), "{shown}");
    }
    for other in [&cleo, &ada] {
        let shown = other.browser.get(board).await.expect(200).text();
        assert!(!shown.contains("Two accounts.") && shown.contains("1 team<"), "{shown}");
    }
    assert_eq!(n_teams().await, 1);
    let told = bob.api.get(&arena.api("/leaderboard")).await.expect(200).json();
    assert_eq!((&told["own"], &told["own_disqualified_because"]), (&Value::Null, &json!("Two accounts.")));
    let told = cleo.api.get(&arena.api("/leaderboard")).await.expect(200).json();
    assert!(told["own"].is_object() && told["own_disqualified_because"].is_null(), "{told}");
    let told = bob.api.get(&arena.api("/team")).await.expect(200).json();
    assert_eq!(told["team"]["disqualified_because"], "Two accounts.");
    let seeker = Shell::of(&world, &bob).await;
    let told = seeker.run(&["leaderboard", "houses", "--around-me"]).await;
    assert!(told.err.contains("Two accounts."), "{}", told.err);

    // Where each team sees itself alone, the teams that it is ranked among.
    sql("update competitions set board_shows = 'own_row', board_revision = board_revision + 1")
        .execute(&world.pool)
        .await
        .unwrap();
    let shown = cleo.browser.get(board).await.expect(200).text();
    assert!(shown.contains("Your team has rank 1 of 1 team."), "{shown}");

    let number = made["id"].to_string();
    let lifted = desk.json(&["host", "reinstate", "houses", &number, "--reason", "It was one."]).await;
    assert_eq!(lifted["lifted_because"], "It was one.", "{lifted}");
    assert_eq!(n_teams().await, 2);
    let shown = bob.browser.get(board).await.expect(200).text();
    assert!(
        shown.contains("Your team has rank 1 of 2 teams.") && !shown.contains("was disqualified"),
        "{shown}"
    );
    bob.api.send_json(Method::POST, &arena.api("/disqualifications"), &json!({})).await.expect(404);
    world.close().await;
}
