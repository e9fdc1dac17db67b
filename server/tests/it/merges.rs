//! Teams that change: invitations, merges, leaving. Races end in a state that the rules allow.

use chrono::{TimeDelta, Timelike};
use holdout::error::{AppError, Result};
use holdout::ids::{MergeRequestId, TeamInvitationId};
use holdout::submissions::choose::choose_final;
use holdout::submissions::log::{Said, entry_hash, leaf};
use holdout::submissions::submit::Entrant;
use holdout::teams::look::{self, Look};
use holdout::teams::merge::{self, Door};
use holdout::teams::{invite, manage};
use sqlx::{PgPool, Row};

use crate::stage::{SLUG, Stage};
use crate::world::sql;

impl Stage {
    async fn look(&self, person: &Entrant) -> Look {
        look::own(&self.app, &person.member, SLUG).await.unwrap().1
    }

    pub async fn invited(&self, leader: &Entrant, person: &Entrant) -> TeamInvitationId {
        invite::invite(&self.app, &leader.member, SLUG, &person.member.username).await.unwrap();
        self.look(person).await.invitations[0].id
    }

    pub async fn accept(&self, person: &Entrant, id: TeamInvitationId) -> Result<()> {
        merge::accept_invitation(&self.app, &person.member, SLUG, Door::Invitation(id)).await
    }

    /// Somebody who joined another's team.
    async fn mate(&self, leader: &Entrant, name: &str) -> Entrant {
        let person = self.entrant(name).await;
        let id = self.invited(leader, &person).await;
        self.accept(&person, id).await.unwrap();
        Entrant { team_id: leader.team_id, ..person }
    }

    pub async fn asked(&self, leader: &Entrant, other: &Entrant) -> MergeRequestId {
        let name = self.look(other).await.team.unwrap().name;
        merge::ask(&self.app, &leader.member, SLUG, &name).await.unwrap()
    }

    async fn merged(&self, leader: &Entrant, other: &Entrant) -> Result<()> {
        let id = self.asked(leader, other).await;
        merge::accept_request(&self.app, &other.member, SLUG, id).await
    }

    /// Noon of a day, so that no test runs over midnight.
    pub async fn at_noon(&self) {
        let now = self.app.clock.now();
        let noon = TimeDelta::hours(12) - TimeDelta::seconds(now.num_seconds_from_midnight().into());
        self.let_pass(noon).await;
    }

    async fn told(&self, person: &Entrant) -> Vec<String> {
        let rows = sql("select words from notifications where user_id = $1 and event = 'team' order by id")
            .bind(person.member.id.0)
            .fetch_all(&self.owner)
            .await
            .unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// What holds of teams whatever happened.
    pub async fn rules_hold(&self) {
        for (what, wrong) in [
            ("a person is in one team", "select count(*) from (select from team_members group by competition_id, user_id having count(*) <> 1) x"),
            ("who joined is in a live team", "select count(*) from team_members m join teams t on t.id = m.team_id where not t.is_live"),
            ("a live team has one leader", "select count(*) from teams t where t.is_live and (select count(*) from team_members m where m.team_id = t.id and m.is_leader) <> 1"),
            ("no team is too large", "select count(*) from teams t join competitions c on c.id = t.competition_id where (select count(*) from team_members m where m.team_id = t.id) > c.team_limit"),
            ("teams are counted", "select count(*) from competitions c where n_teams <> (select count(*) from teams t where t.competition_id = c.id and t.is_live)"),
            ("submissions are of live teams", "select count(*) from submissions s join teams t on t.id = s.team_id where not t.is_live"),
            ("senders are in the team", "select count(*) from submissions s where not exists (select from team_members m where m.team_id = s.team_id and m.user_id = s.user_id)"),
            ("scores follow submissions", "select count(*) from scores x join submissions s on s.id = x.submission_id where s.team_id <> x.team_id"),
            ("choices keep to the limit", "select count(*) from teams t join competitions c on c.id = t.competition_id where (select count(*) from submissions s where s.team_id = t.id and s.selected_at is not null) > c.final_limit"),
            ("merges keep to the deadline", "select count(*) from teams t join competitions c on c.id = t.competition_id where t.merged_at >= c.merger_deadline_at"),
            ("nobody is invited by a team that is no more", "select count(*) from team_invitations i join teams t on t.id = i.team_id where not t.is_live"),
            ("the board is what follows from submissions", "select count(*) from (
                (select b.team_id, b.submission_id, b.n_entries from board_entries b join competitions c on c.id = b.competition_id and c.active_version_id = b.version_id
                 except select b.team_id, b.submission_id, b.n_entries from competitions c, public_board(c.id, c.active_version_id) b)
                union all
                (select b.team_id, b.submission_id, b.n_entries from competitions c, public_board(c.id, c.active_version_id) b
                 except select b.team_id, b.submission_id, b.n_entries from board_entries b join competitions c on c.id = b.competition_id and c.active_version_id = b.version_id)) x"),
        ] {
            assert_eq!(self.number(wrong).await, 0, "{what}");
        }
    }
}

fn refused(outcome: Result<()>) -> String {
    match outcome {
        Err(AppError::Refused(sentence)) => sentence,
        other => panic!("not refused: {other:?}"),
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn after_a_merge_everything_is_the_merged_teams(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    let cy = stage.mate(&bob, "cy").await;
    let first = stage.scored(&ada, 0.5, 0.5).await;
    let second = stage.scored(&ada, 0.6, 0.6).await;
    let third = stage.scored(&bob, 0.4, 0.4).await;
    let fourth = stage.scored(&cy, 0.7, 0.7).await;
    for (person, id) in [(&ada, first), (&ada, second), (&bob, third), (&bob, fourth)] {
        choose_final(&stage.app, person, id).await.unwrap();
    }
    assert_eq!(stage.number("select n_teams::bigint from competitions").await, 2);

    stage.merged(&ada, &bob).await.unwrap();

    stage.rules_hold().await;
    let team = stage.look(&cy).await.team.unwrap();
    assert_eq!(team.name, "Ada");
    assert_eq!(
        team.mates.iter().map(|mate| mate.username.as_str()).collect::<Vec<_>>(),
        ["ada", "bob", "cy"]
    );
    assert!(team.is_led_by(ada.member.id));
    assert_eq!(team.n_counted, 4);
    let sentences: Vec<_> = team.history.iter().map(|happening| happening.sentence()).collect();
    assert_eq!(
        sentences,
        [
            "Bob accepted: Bob became part of Ada",
            "Ada asked “Bob” to merge with Ada",
            "Cy joined Bob",
            "Bob invited Cy"
        ]
    );
    let chosen =
        stage.number("select count(*) from submissions where selected_at is not null and id in (1, 3)").await;
    assert_eq!(chosen, 2, "the best two by public score stay chosen");
    assert!(stage.told(&ada).await.contains(&"“Bob” is part of your team “Ada” in “Stage” now".to_owned()));
    assert!(stage.told(&cy).await.contains(&"“Bob” is part of your team “Ada” in “Stage” now".to_owned()));
    let entries = stage.number("select n_entries::bigint from board_entries").await;
    assert_eq!(entries, 4);
    let cy = Entrant { team_id: ada.team_id, ..cy };
    stage.scored(&cy, 0.1, 0.1).await;
    assert_eq!(stage.number("select submission_id from board_entries").await, 5, "a mate sends for the team");

    // The name is free again, and the log can still be computed from what it says.
    manage::rename(&stage.app, &ada.member, SLUG, "Bob").await.unwrap();
    let log = sql(
        "select l.entry_hash, l.nonce, s.sha256, s.received_at, coalesce(l.sent_as, s.team_id) as team_id
         from submission_log l join submissions s on s.id = l.submission_id order by l.position",
    )
    .fetch_all(&stage.owner)
    .await
    .unwrap();
    let mut previous = vec![0; 32];
    for row in log {
        let sha256: Vec<u8> = row.get("sha256");
        let team = holdout::ids::TeamId(row.get("team_id"));
        let said = Said { file_sha256: &sha256, received_at: row.get("received_at"), team };
        let hash = entry_hash(&previous, &leaf(&row.get::<Vec<u8>, _>("nonce"), &said));
        previous = row.get("entry_hash");
        assert_eq!(hash.as_slice(), previous);
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn each_refusal_says_why(pool: PgPool) {
    let stage = Stage::open(pool).await;
    stage.at_noon().await;
    let (ada, bob, dan) =
        (stage.entrant("ada").await, stage.entrant("bob").await, stage.entrant("dan").await);
    let cy = stage.mate(&ada, "cy").await;
    let app = &stage.app;

    // Who does not lead.
    for outcome in [
        manage::rename(app, &cy.member, SLUG, "Sea").await,
        manage::hand_over(app, &cy.member, SLUG, "cy").await,
        invite::invite(app, &cy.member, SLUG, "bob").await,
        invite::make_link(app, &cy.member, SLUG).await.map(|_| ()),
        merge::ask(app, &cy.member, SLUG, "Bob").await.map(|_| ()),
    ] {
        assert_eq!(refused(outcome), "Only the leader of a team can do this; yours is Ada.");
    }
    assert!(matches!(
        manage::rename(app, &ada.member, SLUG, "bOB").await,
        Err(AppError::Field { field: "name", .. })
    ));
    assert!(refused(manage::leave(app, &ada.member, SLUG).await.map(|_| ())).contains("hand the leadership"));
    assert!(refused(manage::leave(app, &bob.member, SLUG).await.map(|_| ())).contains("only one"));

    // What is others'.
    let invitation = stage.invited(&ada, &bob).await;
    let request = stage.asked(&ada, &dan).await;
    assert!(matches!(stage.accept(&dan, invitation).await, Err(AppError::NotFound)));
    assert!(matches!(invite::withdraw(app, &bob.member, SLUG, invitation).await, Err(AppError::NotFound)));
    assert!(matches!(merge::accept_request(app, &bob.member, SLUG, request).await, Err(AppError::NotFound)));
    assert!(matches!(merge::end_request(app, &bob.member, SLUG, request).await, Err(AppError::NotFound)));
    assert!(matches!(
        merge::accept_invitation(app, &bob.member, SLUG, Door::Link("no such secret at all")).await,
        Err(AppError::NotFound)
    ));

    // Size, and who is in a team of several.
    sql("update competitions set team_limit = 2").execute(&stage.owner).await.unwrap();
    assert_eq!(
        refused(stage.accept(&bob, invitation).await),
        "Together you would be 3 people; a team here has at most 2."
    );
    assert!(refused(invite::invite(app, &ada.member, SLUG, "dan").await).contains("full"));
    assert!(refused(invite::invite(app, &bob.member, SLUG, "cy").await).contains("a team of several people"));

    // Submissions: the competition began yesterday, so one team could have sent ten.
    sql("update competitions set team_limit = 5, daily_limit = 4").execute(&stage.owner).await.unwrap();
    for person in [&ada, &ada, &ada, &ada, &bob, &bob, &bob, &bob] {
        stage.send(person, "a file").await.unwrap();
    }
    sql("update competitions set daily_limit = 3, starts_at = clock_now() - interval '24 hours'")
        .execute(&stage.owner)
        .await
        .unwrap();
    let sentence = refused(stage.accept(&bob, invitation).await);
    assert!(
        sentence.starts_with("Together you sent 8 submissions, and one team could have sent 6 by now"),
        "{sentence}"
    );
    assert!(refused(manage::leave(app, &cy.member, SLUG).await.map(|_| ())).contains("belongs to everyone"));
    sql("update competitions set daily_limit = 9, total_limit = 7").execute(&stage.owner).await.unwrap();
    let sentence = refused(stage.accept(&bob, invitation).await);
    assert!(sentence.ends_with("8 submissions, and a team may send 7 to this competition."), "{sentence}");
    sql("update competitions set total_limit = null").execute(&stage.owner).await.unwrap();

    // The deadline.
    sql("update competitions set daily_limit = 9, merger_deadline_at = clock_now()")
        .execute(&stage.owner)
        .await
        .unwrap();
    // The server's clock may be a moment behind the database's, which refuses it then.
    let sentence = refused(stage.accept(&bob, invitation).await);
    assert!(sentence.starts_with("The deadline to merge or join a team "), "{sentence}");
    assert!(
        refused(merge::accept_request(app, &dan.member, SLUG, request).await).starts_with("The deadline")
    );
    stage.let_pass(TimeDelta::hours(60)).await;
    for outcome in [
        stage.accept(&bob, invitation).await,
        manage::rename(app, &ada.member, SLUG, "Countess").await,
        manage::hand_over(app, &ada.member, SLUG, "cy").await,
    ] {
        assert_eq!(refused(outcome), "The competition is over: teams can no longer be changed.");
    }
    stage.rules_hold().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn invitations_and_requests_are_declined_and_taken_back(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    let app = &stage.app;
    let id = stage.invited(&ada, &bob).await;
    invite::invite(app, &ada.member, SLUG, "bob").await.unwrap();
    assert_eq!(stage.told(&bob).await, ["Ada invites you to the team “Ada” in “Stage”"], "once");
    invite::decline(app, &bob.member, SLUG, id).await.unwrap();
    assert!(matches!(stage.accept(&bob, id).await, Err(AppError::NotFound)));
    assert_eq!(stage.told(&ada).await, ["Bob declined your invitation in “Stage”"]);
    let id = stage.invited(&ada, &bob).await;
    invite::withdraw(app, &ada.member, SLUG, id).await.unwrap();
    assert!(matches!(stage.accept(&bob, id).await, Err(AppError::NotFound)));

    let request = stage.asked(&ada, &bob).await;
    let again = merge::ask(app, &bob.member, SLUG, "Ada").await.map(|_| ());
    assert!(refused(again).contains("has already asked the other"));
    merge::end_request(app, &bob.member, SLUG, request).await.unwrap();
    assert!(matches!(merge::accept_request(app, &bob.member, SLUG, request).await, Err(AppError::NotFound)));
    let request = stage.asked(&bob, &ada).await;
    merge::end_request(app, &bob.member, SLUG, request).await.unwrap();

    let secret = invite::make_link(app, &ada.member, SLUG).await.unwrap();
    let newer = invite::make_link(app, &ada.member, SLUG).await.unwrap();
    let by = async |secret: &str| merge::accept_invitation(app, &bob.member, SLUG, Door::Link(secret)).await;
    assert!(matches!(by(&secret).await, Err(AppError::NotFound)));
    by(&newer).await.unwrap();
    assert_eq!(refused(by(&newer).await), "You are already in this team.");
    assert!(stage.look(&bob).await.team.unwrap().link.is_none(), "the leader alone sees the link");

    // Nothing was sent, so he can leave; and she can hand over and leave.
    assert_eq!(manage::leave(app, &bob.member, SLUG).await.unwrap(), "Bob");
    by(&newer).await.unwrap();
    manage::hand_over(app, &ada.member, SLUG, "bob").await.unwrap();
    assert_eq!(manage::leave(app, &ada.member, SLUG).await.unwrap(), "Ada 2");
    assert_eq!(stage.look(&bob).await.team.unwrap().name, "Ada");
    stage.rules_hold().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_same_key_of_two_teams_is_no_hindrance(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, bob) = (stage.entrant("ada").await, stage.entrant("bob").await);
    for person in [&ada, &bob] {
        let upload = stage.upload(&person.member.username, Some("1")).await;
        holdout::submissions::submit::submit(&stage.app, person, upload).await.unwrap();
    }
    stage.merged(&ada, &bob).await.unwrap();
    let upload = stage.upload("ada", Some("1")).await;
    let again = holdout::submissions::submit::submit(&stage.app, &bob, upload).await.unwrap();
    assert_eq!(again.submission.sender, "Ada");
    assert_eq!(stage.number("select count(*) from submissions").await, 2);
    stage.rules_hold().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn merges_in_a_ring_at_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..6 {
        let mut people = Vec::new();
        for name in ["a", "b", "c", "d"] {
            let person = stage.entrant(&format!("{name}{round}xx")).await;
            stage.scored(&person, 0.5, 0.5).await;
            people.push(person);
        }
        let mut requests = Vec::new();
        for at in 0..4 {
            let (asking, asked) = (&people[at], &people[(at + 1) % 4]);
            requests.push((asked.member.clone(), stage.asked(asking, asked).await));
        }
        let tasks = requests.into_iter().map(|(member, id)| {
            let app = stage.app.clone();
            tokio::spawn(async move { merge::accept_request(&app, &member, SLUG, id).await })
        });
        let mut n_merged = 0;
        for task in tasks.collect::<Vec<_>>() {
            match task.await.unwrap() {
                Ok(()) => n_merged += 1,
                Err(AppError::Refused(_) | AppError::NotFound) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert!(n_merged >= 1, "the first to come merges");
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_invitation_is_accepted_once(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (ada, eve, bob) =
        (stage.entrant("ada").await, stage.entrant("eve").await, stage.entrant("bob").await);
    stage.scored(&bob, 0.5, 0.5).await;
    let invitations = [stage.invited(&ada, &bob).await, stage.invited(&eve, &bob).await];
    let tasks = (0..10).map(|at| {
        let (app, member, id) = (stage.app.clone(), bob.member.clone(), invitations[at % 2]);
        tokio::spawn(async move { merge::accept_invitation(&app, &member, SLUG, Door::Invitation(id)).await })
    });
    let mut n_accepted = 0;
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(()) => n_accepted += 1,
            Err(AppError::Refused(_) | AppError::NotFound) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    assert_eq!(n_accepted, 1);
    assert_eq!(stage.number("select count(*) from teams where is_live").await, 2);
    assert_eq!(stage.number("select count(*) from team_events where kind = 'joined'").await, 1);
    stage.rules_hold().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_leaves_what_they_have_sent(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..8 {
        let leader = stage.entrant(&format!("leader{round}")).await;
        let mate = stage.mate(&leader, &format!("mate{round}")).await;
        let uploads = [stage.upload("one", None).await, stage.upload("two", None).await];
        let leaving = {
            let (app, member) = (stage.app.clone(), mate.member.clone());
            tokio::spawn(async move { manage::leave(&app, &member, SLUG).await })
        };
        let sending = [leader, mate].into_iter().zip(uploads).map(|(entrant, upload)| {
            let app = stage.app.clone();
            tokio::spawn(async move { holdout::submissions::submit::submit(&app, &entrant, upload).await })
        });
        for task in sending.collect::<Vec<_>>() {
            task.await.unwrap().unwrap();
        }
        match leaving.await.unwrap() {
            Ok(_) | Err(AppError::Refused(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_merge_at_the_limit_admits_no_submission_too_many(pool: PgPool) {
    let stage = Stage::open(pool).await;
    stage.at_noon().await;
    sql("update competitions set starts_at = clock_now() - interval '1 hour'")
        .execute(&stage.owner)
        .await
        .unwrap();
    for round in 0..6 {
        let (one, other) =
            (stage.entrant(&format!("one{round}")).await, stage.entrant(&format!("other{round}")).await);
        for person in [&one, &one, &one, &other] {
            stage.send(person, "a file").await.unwrap();
        }
        let id = stage.asked(&one, &other).await;
        let mut tasks = Vec::new();
        for person in [&one, &other, &one, &other] {
            let (app, entrant, upload) =
                (stage.app.clone(), person.clone(), stage.upload("more", None).await);
            tasks.push(tokio::spawn(async move {
                holdout::submissions::submit::submit(&app, &entrant, upload).await.map(|_| ())
            }));
        }
        let (app, member) = (stage.app.clone(), other.member.clone());
        tasks.push(tokio::spawn(async move { merge::accept_request(&app, &member, SLUG, id).await }));
        for task in tasks {
            match task.await.unwrap() {
                Ok(()) | Err(AppError::Refused(_) | AppError::TooMany { .. }) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        let too_many = "select count(*) from (
            select from submissions s group by team_id having count(*) > 5) x";
        assert_eq!(stage.number(too_many).await, 0, "one day of five");
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn scores_that_arrive_during_a_merge_are_the_merged_teams(pool: PgPool) {
    let stage = Stage::open(pool).await;
    for round in 0..6 {
        let (one, other) =
            (stage.entrant(&format!("one{round}")).await, stage.entrant(&format!("other{round}")).await);
        stage.scored(&one, 0.6, 0.6).await;
        let receipt = stage.send(&other, "0.5").await.unwrap().submission;
        let id = stage.asked(&one, &other).await;
        let accepting = {
            let (app, member) = (stage.app.clone(), other.member.clone());
            tokio::spawn(async move { merge::accept_request(&app, &member, SLUG, id).await })
        };
        stage.finish_as_scorer(receipt.id, 0.5).await;
        accepting.await.unwrap().unwrap();
        stage.rules_hold().await;
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nobody_merges_after_the_deadline_however_close(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let mut invitations = Vec::new();
    for at in 0..24 {
        let (leader, person) =
            (stage.entrant(&format!("leader{at}")).await, stage.entrant(&format!("person{at}")).await);
        invitations.push((person.member.clone(), stage.invited(&leader, &person).await));
    }
    sql("update competitions set merger_deadline_at = clock_now() + interval '250 milliseconds'")
        .execute(&stage.owner)
        .await
        .unwrap();
    let tasks = invitations.into_iter().enumerate().map(|(at, (member, id))| {
        let app = stage.app.clone();
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(20 * at as u64)).await;
            merge::accept_invitation(&app, &member, SLUG, Door::Invitation(id)).await
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        match task.await.unwrap() {
            Ok(()) => {}
            Err(AppError::Refused(sentence)) => assert!(sentence.starts_with("The deadline"), "{sentence}"),
            Err(other) => panic!("{other:?}"),
        }
    }
    stage.rules_hold().await;
}
