//! What counts in the end: chosen by check boxes within the limit, shown before the end, standing after it.

use chrono::TimeDelta;
use holdout::error::AppError;
use holdout::ids::SubmissionId;
use holdout::notifications::letters;
use holdout::submissions::choose::{Choice, choose_among, choose_final};
use holdout::submissions::final_choice::{self, FinalChoice};
use holdout::submissions::remind;
use holdout::submissions::submit::Entrant;
use sqlx::{PgPool, Row};

use crate::stage::Stage;
use crate::world::{Labels, World, sql};

impl Stage {
    async fn stands(&self, entrant: &Entrant) -> FinalChoice {
        let mut conn = self.app.db.acquire().await.unwrap();
        final_choice::read(&mut conn, &entrant.competition, entrant.team_id).await.unwrap()
    }

    /// Moves the end to so many hours from now, for everybody.
    async fn ends_in(&self, hours: i32) {
        sql("update competitions set starts_at = clock_now() - interval '10 days',
                    ends_at = clock_now() + make_interval(hours => $1),
                    entry_deadline_at = clock_now(), merger_deadline_at = clock_now()")
        .bind(hours)
        .execute(&self.owner)
        .await
        .unwrap();
    }

    async fn told_of_end(&self, entrant: &Entrant) -> Vec<String> {
        let rows =
            sql("select words from notifications where user_id = $1 and event like 'ends%' order by id")
                .bind(entrant.member.id.0)
                .fetch_all(&self.owner)
                .await
                .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

fn ids(submissions: &[holdout::submissions::model::Submission]) -> Vec<SubmissionId> {
    submissions.iter().map(|submission| submission.id).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn stand_ins_are_what_the_final_board_takes(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    assert!(stage.stands(&ada).await.counting().is_empty());
    let mut sent = Vec::new();
    for public in [0.5, 0.3, 0.4] {
        sent.push(stage.scored(&ada, public, 1.0 - public).await);
    }
    let stands = stage.stands(&ada).await;
    assert_eq!(ids(stands.counting()), [sent[1], sent[2]], "the best two by public score, the best first");
    choose_final(&stage.app, &ada, sent[0]).await.unwrap();
    assert_eq!(ids(stage.stands(&ada).await.counting()), [sent[0]], "what is chosen counts alone");
    let none = Choice { among: None, chosen: Vec::new() };
    choose_among(&stage.app, &ada, &none).await.unwrap();
    stage.let_pass(TimeDelta::hours(31)).await;
    let settled = sql("select settle_competition($1)").bind(stage.competition_id);
    assert!(settled.fetch_one(&stage.owner).await.unwrap().get::<bool, _>(0));
    let counted = stage.number("select submission_id from final_entries").await;
    assert_eq!(counted, sent[2].0, "of the stand-ins the better private score");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_choice_is_made_whole_or_not_at_all(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    let mut sent = Vec::new();
    for public in [0.5, 0.3, 0.4, 0.6] {
        sent.push(stage.scored(&ada, public, public).await);
    }
    let other = stage.scored(&bob, 0.1, 0.1).await;
    let choose = async |among: Option<&[SubmissionId]>, chosen: &[SubmissionId]| {
        let choice = Choice { among: among.map(<[_]>::to_vec), chosen: chosen.to_vec() };
        choose_among(&stage.app, &ada, &choice).await
    };
    choose(None, &sent[..2]).await.unwrap();
    assert!(matches!(choose(None, &sent[1..]).await, Err(AppError::Refused(_))), "three of two");
    assert!(matches!(choose(None, &[sent[2], other]).await, Err(AppError::NotFound)));
    assert_eq!(ids(&stage.stands(&ada).await.chosen), [sent[1], sent[0]], "nothing of it was kept");
    choose(Some(&sent[1..]), &sent[2..3]).await.unwrap();
    assert_eq!(ids(&stage.stands(&ada).await.chosen), [sent[2], sent[0]], "what was not shown stays");
    choose(None, &sent[3..]).await.unwrap();
    assert_eq!(ids(&stage.stands(&ada).await.chosen), [sent[3]]);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_form_with_too_many_comes_back_as_it_was_ticked(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    let mut fields = Vec::new();
    for error in [250, 300, 350] {
        let id = arena.submit(&bob, &Labels::predictions(error, error)).await.to_string();
        fields.extend([("shown", id.clone()), ("chosen", id)]);
    }
    let form: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let path = "/c/houses/submissions/final";
    let refused = bob.browser.post_form(path, &form).await.expect(422).text();
    assert!(refused.contains("At most 2 can be chosen"), "{refused}");
    assert_eq!(refused.matches(" checked").count(), 3, "{refused}");
    assert_eq!(bob.browser.get(path).await.expect(200).text().matches(" checked").count(), 0);
    world.drain().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_database_itself_keeps_limit_and_end(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    for public in [0.5, 0.3, 0.4] {
        stage.scored(&ada, public, public).await;
    }
    let choose = async |statement| {
        let done = sql(statement).execute(&stage.owner).await;
        done.err().and_then(|error| Some(error.as_database_error()?.constraint()?.to_owned()))
    };
    let all = "update submissions set selected_at = clock_now()";
    assert_eq!(choose(all).await.as_deref(), Some("submissions_choices_fit"));
    assert_eq!(choose("update submissions set selected_at = clock_now() where id in (1, 2)").await, None);
    stage.let_pass(TimeDelta::hours(31)).await;
    for late in [
        "update submissions set selected_at = clock_now() where id = 3",
        "update submissions set selected_at = null where id = 1",
    ] {
        assert_eq!(choose(late).await.as_deref(), Some("submissions_choices_stand"));
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nothing_is_chosen_after_the_end_however_close(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let mut people = Vec::new();
    for at in 0..20 {
        let entrant = stage.entrant(&format!("person{at}")).await;
        let id = stage.scored(&entrant, 0.5, 0.5).await;
        people.push((entrant, id));
    }
    sql("update competitions set ends_at = clock_now() + interval '250 milliseconds',
                entry_deadline_at = clock_now(), merger_deadline_at = clock_now()")
    .execute(&stage.owner)
    .await
    .unwrap();
    let tasks = people.into_iter().enumerate().map(|(at, (entrant, id))| {
        let app = stage.app.clone();
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(25 * at as u64)).await;
            choose_final(&app, &entrant, id).await
        })
    });
    let settling = {
        let (owner, competition) = (stage.owner.clone(), stage.competition_id);
        tokio::spawn(async move {
            loop {
                let settled =
                    sql("select settle_competition($1)").bind(competition).fetch_one(&owner).await.unwrap();
                if settled.get(0) {
                    return;
                }
            }
        })
    };
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(()) => {}
            Err(AppError::Refused(sentence)) => assert!(sentence.contains("is over"), "{sentence}"),
            Err(other) => panic!("{other}"),
        }
    }
    settling.await.unwrap();
    let wrong = "select count(*) from final_entries f join submissions s on s.id = f.submission_id
        where f.was_selected <> (s.selected_at is not null)";
    assert_eq!(stage.number(wrong).await, 0, "the board knows every choice");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn everybody_is_reminded_once_of_each(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob, idle) =
        (stage.entrant("ada").await, stage.entrant("bob").await, stage.entrant("idle").await);
    let best = stage.scored(&ada, 0.25, 0.5).await;
    stage.scored(&bob, 0.75, 0.5).await;
    choose_final(&stage.app, &ada, best).await.unwrap();
    sql("insert into mail_preferences (user_id, mail) values ($1, 'never')")
        .bind(bob.member.id.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    stage.ends_in(80).await;
    remind::round(&stage.app).await.unwrap();
    assert!(stage.told_of_end(&ada).await.is_empty(), "not yet");

    stage.ends_in(71).await;
    for _ in 0..3 {
        remind::round(&stage.app).await.unwrap();
    }
    let told = stage.told_of_end(&ada).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("“Stage” ends at 20"), "{}", told[0]);
    assert!(
        told[0].contains("Your team has chosen 1 of 2 for the final:\npredictions.csv of 20"),
        "{}",
        told[0]
    );
    assert!(told[0].ends_with("public score 0.2500"), "{}", told[0]);
    let told = stage.told_of_end(&bob).await;
    assert!(
        told[0].contains("If it stays that way, its best submission by public score counts"),
        "{}",
        told[0]
    );
    assert!(stage.told_of_end(&idle).await.is_empty(), "nothing of theirs can count");

    // Moved away and back again, and after a restart that forgot to note it.
    stage.ends_in(300).await;
    stage.ends_in(71).await;
    sql("delete from end_reminders").execute(&stage.owner).await.unwrap();
    remind::round(&stage.app).await.unwrap();
    assert_eq!(stage.told_of_end(&ada).await.len(), 1);
    stage.ends_in(23).await;
    for _ in 0..2 {
        remind::round(&stage.app).await.unwrap();
    }
    assert_eq!(stage.told_of_end(&ada).await.len(), 2);

    while letters::write_next(&stage.app).await.unwrap() {}
    assert_eq!(
        stage.number("select count(*) from mails where to_address = 'ada@stage.test'").await,
        1,
        "both in one"
    );
    assert_eq!(stage.number("select count(*) from mails where to_address = 'bob@stage.test'").await, 0);
    let letter = sql("select body from mails").fetch_one(&stage.owner).await.unwrap();
    let body: String = letter.get(0);
    assert!(
        body.contains("> predictions.csv of 20") && body.contains("/c/stage/submissions/final"),
        "{body}"
    );
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn three_days_and_one_day_before_the_end_a_letter_says_what_is_chosen_then(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let ada = stage.entrant("ada").await;
    let first = stage.scored(&ada, 0.25, 0.5).await;
    let second = stage.scored(&ada, 0.75, 0.5).await;
    // Who has all else in one letter a day has these at once.
    sql("insert into mail_preferences (user_id, mail) values ($1, 'daily')")
        .bind(ada.member.id.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    for (number, (hours, when, chosen, score)) in
        [(71, "in 2 days", first, "0.2500"), (23, "in 23 hours", second, "0.7500")].into_iter().enumerate()
    {
        let choice = Choice { among: None, chosen: vec![chosen] };
        choose_among(&stage.app, &ada, &choice).await.unwrap();
        stage.ends_in(hours).await;
        remind::round(&stage.app).await.unwrap();
        while letters::write_next(&stage.app).await.unwrap() {}
        let sent = sql("select body from mails where to_address = 'ada@stage.test' order by id");
        let sent = sent.fetch_all(&stage.owner).await.unwrap();
        assert_eq!(sent.len(), number + 1, "one letter {hours} hours before");
        let body: String = sent[number].get(0);
        assert!(body.contains(when), "{body}");
        assert!(body.contains("Your team has chosen 1 of 2 for the final:"), "{body}");
        assert!(body.contains(&format!("public score {score}")), "{body}");
        assert_eq!(body.matches("public score").count(), 1, "{body}");
    }
}
