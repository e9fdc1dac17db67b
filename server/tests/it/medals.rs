//! Medals, points and tiers follow from final boards, and only from those that count.

use chrono::TimeDelta;
use holdout::accounts::model::Member;
use holdout::competitions::access::see;
use holdout::competitions::model::Competition;
use holdout::competitions::visibility::Visibility;
use holdout::error::AppError;
use holdout::forum::model::Vote;
use holdout::forum::{forums, subjects, topics, votes};
use holdout::ids::{CompetitionId, SubjectId};
use holdout::leaderboard::read::settled_if_due;
use holdout::medals::decide::at_launch;
use holdout::medals::model::{Medals, Tier};
use holdout::medals::read::{Record, record};
use holdout::medals::recompute::recompute;
use holdout::medals::store::n_medalled;
use holdout::submissions::submit::Entrant;
use serde_json::json;
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::command_line::Shell;
use crate::stage::{SLUG, Stage};
use crate::world::{Labels, Person, World, sql};

/// A stage on which ten teams finish in their order.
async fn finished(pool: PgPool) -> (Stage, Vec<Entrant>) {
    let stage = Stage::open(pool).await;
    let mut entrants = Vec::new();
    for place in 0..10 {
        let entrant = stage.entrant(&format!("team{place}")).await;
        stage.scored(&entrant, 0.5, f64::from(place)).await;
        entrants.push(entrant);
    }
    stage.let_pass(TimeDelta::hours(31)).await;
    (stage, entrants)
}

async fn settle(stage: &Stage) {
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    settled_if_due(&stage.app, seen).await.unwrap();
}

/// Teams among which the board shows medals.
async fn medalled(stage: &Stage) -> Option<i64> {
    let mut conn = stage.app.db.acquire().await.unwrap();
    n_medalled(&mut conn, CompetitionId(stage.competition_id)).await.unwrap()
}

async fn record_of(stage: &Stage, entrant: &Entrant) -> Record {
    let mut conn = stage.app.db.acquire().await.unwrap();
    record(&stage.app, &mut conn, entrant.member.id).await.unwrap()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_finish_is_worth_what_the_rules_say(pool: PgPool) {
    let (stage, entrants) = finished(pool).await;
    let before = record_of(&stage, &entrants[0]).await;
    assert_eq!(
        (before.points, before.standings[0].medals.all()),
        (0.0, 0),
        "nothing before the board stands"
    );
    assert_eq!(medalled(&stage).await, None);
    settle(&stage).await;
    assert_eq!(medalled(&stage).await, Some(entrants.len() as i64));
    let mut medals = Vec::new();
    for entrant in &entrants {
        let record = record_of(&stage, entrant).await;
        assert_eq!(record.standings[0].tier, Tier::Contributor);
        assert_eq!((record.year.n_activities, record.year.n_days), (1, 1));
        medals.push(record.standings[0].medals);
    }
    let gold = Medals { gold: 1, solo_gold: 1, ..Medals::default() };
    let silver = Medals { silver: 1, ..Medals::default() };
    let bronze = Medals { bronze: 1, ..Medals::default() };
    assert_eq!(medals[..5], [gold, silver, bronze, bronze, Medals::default()]);
    let points = record_of(&stage, &entrants[1]).await.points;
    let expected = 100_000.0 * 2.0_f64.powf(-0.75) * 2.0_f64.log10();
    assert!((points / expected - 1.0).abs() < 1e-12, "{points} and {expected}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_competition_marked_so_counts_for_nothing(pool: PgPool) {
    let (stage, entrants) = finished(pool).await;
    sql("update competitions set counts_for_medals = false where id = $1")
        .bind(stage.competition_id)
        .execute(&stage.owner)
        .await
        .unwrap();
    settle(&stage).await;
    let record = record_of(&stage, &entrants[0]).await;
    assert_eq!((record.points, record.standings[0].medals), (0.0, Medals::default()));
    assert_eq!(medalled(&stage).await, None, "its board shows no medals");
}

/// A host of the stage, and a second person in the team of the first entrant.
async fn host_and_mate(stage: &Stage, first: &Entrant) -> (Member, Member) {
    let (host, mate) = (stage.person("judge").await, stage.person("mate").await);
    sql("insert into competition_hosts (competition_id, user_id) values ($1, $2)")
        .bind(stage.competition_id)
        .bind(host.id.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    sql(
        "insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
         values ($1, $2, $3, false, now(), now())",
    )
    .bind(stage.competition_id)
    .bind(first.team_id.0)
    .bind(mate.id.0)
    .execute(&stage.owner)
    .await
    .unwrap();
    (host, mate)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_account_that_is_removed_changes_nobody_elses_points(pool: PgPool) {
    let (stage, entrants) = finished(pool).await;
    let (host, mate) = host_and_mate(&stage, &entrants[0]).await;
    settle(&stage).await;
    let shared = record_of(&stage, &entrants[0]).await.points;
    let alone = record_of(&stage, &entrants[1]).await.points * 2.0_f64.powf(0.75);
    assert!((shared * 2.0_f64.sqrt() / alone - 1.0).abs() < 1e-12, "{shared} shared, {alone} alone");
    sql("delete from users where id = $1").bind(mate.id.0).execute(&stage.owner).await.unwrap();
    let after = record_of(&stage, &entrants[0]).await;
    assert_eq!(after.points.to_bits(), shared.to_bits());
    assert_eq!(after.standings[0].medals, Medals { gold: 1, ..Medals::default() }, "no solo gold");
    let again = recompute(&stage.app, SLUG, &host).await.unwrap();
    assert!(again.is_same() && again.n_teams == 10, "{again:?}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn whatever_is_changed_in_a_stored_board_is_told(pool: PgPool) {
    let (stage, entrants) = finished(pool).await;
    let (host, _) = host_and_mate(&stage, &entrants[0]).await;
    let early = recompute(&stage.app, SLUG, &entrants[0].member).await;
    assert!(matches!(early, Err(AppError::NotFound)), "{early:?}");
    assert!(recompute(&stage.app, SLUG, &host).await.unwrap().is_same(), "settled when it was asked for");
    let anew = "select make_final_board(id, active_version_id) from competitions where slug = 'stage'";
    let changes = [
        ("update final_entries set private_score = private_score + 0.25 where rank = 2", anew, 1),
        ("update final_entries set was_selected = not was_selected where rank = 3", anew, 1),
        // Its points and medals follow the number of teams.
        ("update final_entries set rank = 11 where rank = 1", anew, 10),
        ("delete from final_entries where rank = 10", anew, 10),
        (
            "update final_teams set n_members = 3 where n_members = 2",
            "update final_teams set n_members = 2 where n_members = 3",
            1,
        ),
        (
            "update private_scores set private_score = 0.5 where private_score = 9",
            "update private_scores set private_score = 9 where private_score = 0.5",
            9,
        ),
        (
            "update scores set public_score = 7 where submission_id = (select max(submission_id) from scores)",
            "update scores set public_score = 0.5 where public_score = 7",
            1,
        ),
    ];
    for (change, undo, n_differences) in changes {
        sql(change).execute(&stage.owner).await.unwrap();
        let told = recompute(&stage.app, SLUG, &host).await.unwrap();
        assert_eq!(told.n_differences, n_differences, "{change}: {told:?}");
        sql(undo).execute(&stage.owner).await.unwrap();
        assert!(recompute(&stage.app, SLUG, &host).await.unwrap().is_same(), "{undo}");
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn one_command_compares_every_board_that_stands(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob, root) = (world.member("ada").await, world.member("bob").await, world.admin("root").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    let (api, page) = (arena.api("/recomputed-board"), "/c/houses/host/recomputed");
    ada.api.get(&api).await.expect(403);
    let early = ada.browser.get(page).await.expect(200).text();
    assert!(early.contains("Once the competition is over"), "{early}");
    world.let_pass(TimeDelta::days(31)).await;
    bob.api.get(&api).await.expect(404);
    bob.browser.get(page).await.expect(404);
    ada.api.get("/api/v1/admin/final-boards").await.expect(403);
    let told = ada.api.get(&api).await.expect(200).json();
    assert_eq!((&told["is_same"], &told["n_teams"]), (&true.into(), &1.into()), "{told}");
    let shown = ada.browser.get(page).await.expect(200).text();
    assert!(shown.contains("came out the same"), "{shown}");

    let [host, administrator] = [Shell::of(&world, &ada).await, Shell::of(&world, &root).await];
    assert_eq!(host.json(&["recompute", "houses"]).await["is_same"], true);
    host.run(&["recompute"]).await.expect(3);
    let all = administrator.json(&["recompute"]).await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(1), "{all}");
    sql("update final_entries set private_score = 0.1").execute(&world.pool).await.unwrap();
    let differing = administrator.run(&["recompute", "--json"]).await.expect(2).json();
    let difference = &differing["items"][0]["differences"][0];
    assert_eq!((&differing["is_same"], &difference["team"]), (&false.into(), &"bob bobson".into()));
    let [stored, given] = ["stored", "given"].map(|side| difference[side]["private_score"].as_f64());
    assert!(stored == Some(0.1) && given.is_some_and(|score| (score - 0.617).abs() < 1e-9), "{differing}");
    let text = host.run(&["recompute", "houses"]).await.expect(2);
    assert!(text.out.contains("houses: bob bobson: stored rank 1 with 0.1 of"), "{}", text.out);
    let shown = ada.browser.get(page).await.expect(200).text();
    assert!(shown.contains("1 of 1 teams came out differently"), "{shown}");
    world.close().await;
}

/// A post of somebody's, in a topic of their own.
async fn posted(stage: &Stage, author: &Member) -> SubjectId {
    let forum = forums::see_general(&stage.app, "general", Some(author)).await.unwrap();
    let topic = topics::open(&stage.app, author, &forum, "What I found", "A *lot*.").await.unwrap();
    let opening = sql("select id from posts where under_id = $1 and is_opening").bind(topic.0);
    SubjectId(opening.fetch_one(&stage.owner).await.unwrap().get(0))
}

async fn vote(stage: &Stage, voter: &Member, post: SubjectId, vote: Vote) {
    let seen = subjects::see(&stage.app, post, Some(voter)).await.unwrap();
    votes::cast(&stage.app, voter, &seen, vote).await.unwrap();
}

/// What counts towards medals, subject by subject and vote by vote.
async fn weights(stage: &Stage) -> Vec<String> {
    sql("select 'subject ' || id || ' ' || n_medal_votes as line from subjects
         union all select 'vote ' || subject_id || ' ' || user_id || ' ' || is_by_novice from votes
         union all select 'user ' || id || ' ' || (first_scored_at is null) from users
         order by line")
    .fetch_all(&stage.owner)
    .await
    .unwrap()
    .iter()
    .map(|row| row.get(0))
    .collect()
}

async fn in_discussion(stage: &Stage, author: &Member) -> (Tier, Medals) {
    let mut conn = stage.app.db.acquire().await.unwrap();
    let standing = record(&stage.app, &mut conn, author.id).await.unwrap().standings[2];
    (standing.tier, standing.medals)
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn votes_by_novices_make_no_medals_until_their_first_score(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let author = stage.person("author").await;
    assert_eq!(in_discussion(&stage, &author).await, (Tier::Novice, Medals::default()));
    let post = posted(&stage, &author).await;
    assert_eq!(in_discussion(&stage, &author).await, (Tier::Contributor, Medals::default()));
    let mut voters = Vec::new();
    for number in 0..5 {
        let voter = stage.entrant(&format!("voter{number}")).await;
        vote(&stage, &voter.member, post, Vote::Up).await;
        voters.push(voter);
    }
    assert_eq!(in_discussion(&stage, &author).await.1, Medals::default(), "five Novices");
    stage.scored(&voters[0], 0.5, 0.5).await;
    stage.scored(&voters[0], 0.4, 0.5).await;
    assert_eq!(in_discussion(&stage, &author).await.1, Medals { bronze: 1, ..Medals::default() });
    for voter in &voters[1..] {
        stage.scored(voter, 0.5, 0.5).await;
    }
    assert_eq!(in_discussion(&stage, &author).await.1, Medals { silver: 1, ..Medals::default() });
    vote(&stage, &voters[4].member, post, Vote::Down).await;
    assert_eq!(
        in_discussion(&stage, &author).await.1,
        Medals { bronze: 1, ..Medals::default() },
        "3 net votes"
    );
    vote(&stage, &voters[4].member, post, Vote::None).await;
    let kept = weights(&stage).await;
    sql("select recount_medals()").execute(&stage.owner).await.unwrap();
    assert_eq!(kept, weights(&stage).await, "the same from the history");
    sql("update subjects set hidden_at = now() where id = $1")
        .bind(post.0)
        .execute(&stage.owner)
        .await
        .unwrap();
    assert_eq!(in_discussion(&stage, &author).await, (Tier::Novice, Medals::default()), "hidden");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn public_competitions_count_where_the_operator_lets_their_launchers(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let member = stage.person("member").await;
    let admin = Member { is_admin: true, ..member.clone() };
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    let of = |visibility, counts_for_medals| Competition {
        visibility,
        counts_for_medals,
        ..seen.competition.clone()
    };
    let public = of(Visibility::Public, true);
    for members_give_medals in [false, true] {
        let counts =
            |competition: &Competition, host: &Member| at_launch(competition, host, members_give_medals);
        assert!(counts(&public, &admin));
        assert_eq!(counts(&public, &member), members_give_medals);
        for other in
            [of(Visibility::Unlisted, true), of(Visibility::Invitation, true), of(Visibility::Public, false)]
        {
            assert!(!counts(&other, &admin), "{:?}", other.visibility);
        }
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_administrator_decides_until_the_end_and_everybody_reads_it(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, root] = [world.member("ada").await, world.admin("root").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    let path = arena.api("/medals");
    let counted =
        async || world.visitor().get(&arena.api("")).await.expect(200).json()["counts_for_medals"].clone();
    let read = async || {
        let page = world.visitor().get("/c/houses").await.expect(200).text();
        page.contains("<dt>Medals and points</dt><dd>none</dd>")
    };
    assert_eq!((counted().await, read().await), (true.into(), false));
    let wish = |count: bool| json!({ "count": count });
    ada.api.send_json(Method::PUT, &path, &wish(false)).await.expect(403);
    ada.browser.post_form("/c/houses/host/medals", &[("count", "false")]).await.expect(404);
    let limits = async |person: &Person| person.browser.get("/c/houses/host/limits").await.expect(200).text();
    assert!(
        !limits(&ada).await.contains("it for medals</button>")
            && limits(&root).await.contains("it for medals</button>")
    );
    root.api.send_json(Method::PUT, &path, &wish(false)).await.expect(204);
    assert_eq!((counted().await, read().await), (false.into(), true));
    assert!(limits(&ada).await.contains("does not count towards"));
    root.browser.post_form("/c/houses/host/medals", &[("count", "true")]).await.expect(303);
    assert_eq!(counted().await, true);
    let noted = "select count(*) from audit_log where action = 'decide_medals'";
    assert_eq!(sql(noted).fetch_one(&world.pool).await.unwrap().get::<i64, _>(0), 2);
    world.let_pass(TimeDelta::days(31)).await;
    root.api.send_json(Method::PUT, &path, &wish(false)).await.expect(403);
    assert!(!limits(&root).await.contains("it for medals</button>"));
    let mut tx = world.pool.begin().await.unwrap();
    sql("set local role holdout_web").execute(&mut *tx).await.unwrap();
    let late = sql("update competitions set counts_for_medals = false").execute(&mut *tx).await.unwrap_err();
    let refused = late.as_database_error().and_then(|error| error.constraint());
    assert_eq!(refused, Some("competitions_medals_stand"), "{late}");
    drop(tx);
    world.close().await;
}
