//! How a competition ended is told to everybody who took part and to its hosts: once, and nothing of it before the final board
//! stands.

use chrono::TimeDelta;
use holdout::closing::ending;
use holdout::conduct::judge::{Target, disqualify, reinstate};
use holdout::leaderboard::settle;
use holdout::notifications::letters;
use sqlx::{PgPool, Row};

use crate::stage::{SLUG, Stage};
use crate::world::sql;

const EVERY: &str =
    "select count(*) from notifications where event in ('ended', 'to_close', 'outcome_changed')";

impl Stage {
    /// What somebody was told of the end, oldest first, as event and words.
    async fn endings(&self, name: &str) -> Vec<(String, String)> {
        let rows = sql("select n.event, n.words from notifications n join users u on u.id = n.user_id
             where u.username = $1 and n.event in ('ended', 'to_close', 'outcome_changed') order by n.id")
        .bind(name)
        .fetch_all(&self.owner)
        .await
        .unwrap();
        rows.iter().map(|row| (row.get(0), row.get(1))).collect()
    }

    async fn only_ending(&self, name: &str) -> String {
        let mut told = self.endings(name).await;
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0).1
    }

    async fn tell_endings(&self) {
        settle::round(&self.app).await.unwrap();
        ending::round(&self.app).await.unwrap();
    }

    async fn run(&self, statement: &'static str) {
        sql(statement).execute(&self.owner).await.unwrap();
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn everybody_is_told_once_and_nobody_before_the_final_board_stands(pool: PgPool) {
    let stage = Stage::open(pool).await;
    stage.host().await;
    let mut entrants = Vec::new();
    for number in 0..10 {
        let entrant = stage.entrant(&format!("ada{number}")).await;
        stage.scored(&entrant, f64::from(9 - number), f64::from(number)).await;
        entrants.push(entrant);
    }
    stage.entrant("idle").await;
    stage.run("insert into mail_preferences (user_id, mail) select id, 'never' from users where username = 'ada1'").await;
    let waiting = stage.send(&entrants[9], "id,prediction\n1,1\n").await.unwrap().submission.id;
    stage.tell_endings().await;
    stage.let_pass(TimeDelta::days(3)).await;
    stage.tell_endings().await;
    assert_eq!(stage.number(EVERY).await, 0, "a file that arrived in time waits for its score");

    stage.finish(entrants[9].team_id, waiting, 20.0, 20.0).await;
    settle::round(&stage.app).await.unwrap();
    let all = (0..6).map(|_| {
        let app = stage.app.clone();
        tokio::spawn(async move { ending::round(&app).await.unwrap() })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    assert_eq!(stage.number(EVERY).await, 10 + 1 + 1);
    let first = stage.only_ending("ada0").await;
    assert!(first.starts_with("“Stage” ended: your team has final rank 1 of 10, a gold medal\n"), "{first}");
    let last = stage.only_ending("ada9").await;
    assert!(last.starts_with("“Stage” ended: your team has final rank 10 of 10\n"), "{last}");
    assert!(stage.only_ending("idle").await.contains("your team is not on the final board"));
    let host = stage.only_ending("host").await;
    assert!(host.contains("with 10 teams\n") && host.contains("confirm the winners"), "{host}");

    // As if a server had gone while it told them, and nobody knew how far it came.
    stage.run("update endings set due_at = clock_now(), after_team_id = 0, told_at = null").await;
    ending::round(&stage.app).await.unwrap();
    assert_eq!(stage.number(EVERY).await, 10 + 1 + 1);

    stage.run("update notifications set mail_at = clock_now() where mail_at is not null").await;
    while letters::write_next(&stage.app).await.unwrap() {}
    let letter = sql("select subject, body from mails where to_address = 'ada0@stage.test'");
    let letter = letter.fetch_one(&stage.owner).await.unwrap();
    let (subject, body): (String, String) = (letter.get(0), letter.get(1));
    assert_eq!(subject, "“Stage” ended: your team has final rank 1 of 10, a gold medal");
    assert!(body.contains("http://stage.test/c/stage/leaderboard"), "{body}");
    assert_eq!(stage.number("select count(*) from mails where to_address = 'ada1@stage.test'").await, 0);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whoever_has_another_rank_afterwards_is_told_of_it_and_nobody_else(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let host = stage.host().await;
    let mut entrants = Vec::new();
    for number in 0..4 {
        let entrant = stage.entrant(&format!("ada{number}")).await;
        stage.scored(&entrant, f64::from(number), f64::from(number)).await;
        entrants.push(entrant);
    }
    stage.let_pass(TimeDelta::days(3)).await;
    stage.tell_endings().await;
    assert_eq!(stage.number(EVERY).await, 4 + 1);

    let target = Target::Team("Ada1".to_owned());
    let id = disqualify(&stage.app, &host, SLUG, &target, "Labels were shared.").await.unwrap();
    stage.tell_endings().await;
    assert_eq!(stage.number(EVERY).await, 4 + 1, "other decisions may follow");
    stage.let_pass(TimeDelta::days(3) + TimeDelta::minutes(11)).await;
    stage.tell_endings().await;
    let told = stage.endings("ada2").await;
    assert_eq!(told[1].0, "outcome_changed");
    assert!(
        told[1].1.starts_with("The final board of “Stage” changed: your team has rank 2 of 3"),
        "{}",
        told[1].1
    );
    assert!(told[1].1.contains("\nBefore: rank 3"), "{}", told[1].1);
    assert!(stage.endings("ada1").await[1].1.contains("is no longer on it"));

    // What is taken back before anybody was told is told to nobody.
    reinstate(&stage.app, &host, SLUG, id, "They were not.").await.unwrap();
    let again = disqualify(&stage.app, &host, SLUG, &target, "They were.").await.unwrap();
    stage.run("update notifications set read_at = clock_now()").await;
    stage.let_pass(TimeDelta::days(3) + TimeDelta::minutes(22)).await;
    stage.tell_endings().await;
    let unread = "select count(*) from notifications where event = 'outcome_changed' and read_at is null";
    assert_eq!(stage.number(unread).await, 0);
    reinstate(&stage.app, &host, SLUG, again, "They were not.").await.unwrap();
    stage.let_pass(TimeDelta::days(3) + TimeDelta::minutes(33)).await;
    stage.tell_endings().await;
    let told = stage.endings("ada2").await;
    assert!(told.len() == 2 && told[1].1.contains("has rank 3 of 4"), "the same notification: {told:?}");
    assert!(stage.number(unread).await >= 3, "and unread again");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_is_told_of_ends_that_were_known(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    stage.scored(&ada, 0.25, 0.5).await;
    // Came as an archive of a contest that was over, and is scored anew here.
    stage.run("update competitions set imported_at = clock_now() + interval '10 days'").await;
    stage.let_pass(TimeDelta::days(11)).await;
    stage.tell_endings().await;
    assert_eq!(stage.number("select count(*) from final_entries").await, 1);
    assert_eq!(stage.number("select count(*) from endings").await, 0);
    assert_eq!(stage.number(EVERY).await, 0);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn ranges_among_other_teams_are_not_shown(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let host = stage.host().await;
    for name in ["ada", "bob"] {
        let entrant = stage.entrant(name).await;
        stage.scored(&entrant, 0.25, 0.5).await;
    }
    let look = "insert into rank_summaries (competition_id, version_id, split, board_revision, computed_at, n_units,
                                            counts_groups, n_compared, n_teams)
                select id, active_version_id, 'public', board_revision, clock_now(), 100, false, 2, 2 from competitions
                on conflict (competition_id, version_id, split) do update set board_revision = excluded.board_revision";
    let shown = "select count(*) from shown_rank_summaries";
    stage.run(look).await;
    assert_eq!(stage.number(shown).await, 1);
    let carol = stage.entrant("carol").await;
    stage.scored(&carol, 0.75, 0.5).await;
    assert_eq!(stage.number(shown).await, 1, "a team more stands below or between the others");
    let target = Target::Team("Bob".to_owned());
    disqualify(&stage.app, &host, SLUG, &target, "Labels were shared.").await.unwrap();
    assert_eq!(stage.number(shown).await, 0, "a team less moves all below");
    stage.run(look).await;
    assert_eq!(stage.number(shown).await, 1, "looked at again");
}
