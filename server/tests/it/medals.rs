//! Medals, points and tiers follow from final boards, and only from those that count.

use chrono::TimeDelta;
use holdout::accounts::model::Member;
use holdout::competitions::access::see;
use holdout::forum::model::Vote;
use holdout::forum::{forums, subjects, topics, votes};
use holdout::ids::{CompetitionId, SubjectId};
use holdout::leaderboard::read::settled_if_due;
use holdout::medals::model::{Medals, Tier};
use holdout::medals::read::{Record, record};
use holdout::medals::store::n_medalled;
use holdout::submissions::submit::Entrant;
use sqlx::{PgPool, Row};

use crate::stage::{SLUG, Stage};
use crate::world::sql;

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
