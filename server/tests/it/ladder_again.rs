//! What a Ladder showed comes out again to the digit: under another version, when it is verified, and on another
//! installation, though files were disqualified and reinstated, delayed, or of teams that merged.

use chrono::TimeDelta;
use holdout::leaderboard::settle;
use holdout::retention::clean::clean;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::archives::{elsewhere, leave, standing};
use crate::command_line::{Shell, scorer_at_work};
use crate::ladder::{Contest, labels, predictions, steps};
use crate::world::{Person, World, sql};

const ARCHIVE: &str = "noisy.holdout.zip";

impl Contest {
    /// Sends a file and has it scored.
    async fn judged(&self, of: &Person, file: (u64, f64)) -> i64 {
        let id = self.arena.submit(of, &predictions(file)).await;
        self.world.drain().await;
        id
    }

    async fn bar(&self, what: Value) -> Value {
        let mut wish = what;
        wish["reason"] = json!("Labels were shared.");
        self.ask("/disqualifications", wish).await["id"].clone()
    }

    async fn lift(&self, decision: &Value) {
        let path = format!("/disqualifications/{decision}/lift");
        self.ask(&path, json!({ "reason": "They were not." })).await;
    }

    async fn team(&self, of: &Person) -> String {
        let team =
            sql("select t.name from teams t join team_members m on m.team_id = t.id where m.user_id = $1");
        team.bind(of.id).fetch_one(&self.world.pool).await.unwrap().get(0)
    }

    async fn require_clean(&self, n: usize) {
        let found = self.verify().await;
        assert_eq!((&found["is_clean"], &found["n_asked"]), (&json!(true), &json!(n)), "{found}");
    }
}

fn names(steps: &[(f64, String, f64)]) -> Vec<&str> {
    steps.iter().map(|(_, step, _)| step.as_str()).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_released_stays_whatever_is_disqualified_and_reinstated_later(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let bob = &contest.bob;
    contest.judged(bob, (1, 10.0)).await;
    let best = contest.judged(bob, (2, 5.0)).await;
    let decision = contest.bar(json!({ "submission_id": best })).await;
    contest.judged(bob, (3, 8.0)).await; // better than the first alone
    contest.lift(&decision).await;
    contest.judged(bob, (4, 6.0)).await; // not better than the best, which is one again
    let team = contest.bar(json!({ "team": contest.team(bob).await })).await;
    contest.judged(bob, (5, 5.5)).await; // the team's files are all alike
    contest.lift(&team).await;
    contest.judged(bob, (6, 3.0)).await;
    let shown = contest.steps(1).await;
    assert_eq!(names(&shown), ["released", "released", "released", "held", "held", "released"], "{shown:?}");
    assert_eq!((shown[3].0, shown[4].0), (shown[1].0, shown[1].0), "{shown:?}");

    contest.score_again(2).await;
    assert_eq!(contest.steps(2).await, shown);
    contest.ask("/versions/2/publish", json!({})).await;
    contest.require_clean(6).await;

    // What is decided now is nothing to what was shown before, and a merge neither.
    contest.bar(json!({ "submission_id": best })).await;
    contest.judged(&contest.carol, (7, 4.0)).await;
    contest.merge().await;
    let shown = [&shown[..], &contest.steps(1).await[6..]].concat();
    contest.require_clean(7).await;
    contest.score_again(3).await;
    assert_eq!(contest.steps(3).await, shown);
    contest.ask("/versions/3/publish", json!({})).await;
    contest.require_clean(7).await;

    sql("update scores set public_score = public_score - 0.001, rank_key = rank_key - 0.001
         where ladder_step = 'held' and submission_id = (select min(submission_id) from scores where ladder_step = 'held')")
    .execute(&contest.world.pool)
    .await
    .unwrap();
    let found = contest.verify().await;
    let told = (&found["n_faults"], &found["faults"][0]["what"]);
    assert_eq!(told, (&json!(1), &json!("What the Ladder shows of it differs.")), "{found}");
    contest.world.close().await;
}

/// Brings an archive in, has it launched and scored; gives what came of it.
async fn take_in(there: &World, eve: &Person, archive: &[u8], slug: &str) -> Value {
    let desk = Shell::of(there, eve).await;
    desk.write(ARCHIVE, archive);
    desk.write("solution.csv", labels().solution);
    let mut scorer = scorer_at_work(there);
    let reason = "It is a test.";
    let take = ["host", "import", ARCHIVE, "--slug", slug, "--solution", "solution.csv", "--launch", "--yes"];
    let taken = desk.json(&[&take[..], &["--audit-reason", reason]].concat()).await;
    let verified = desk.json(&["verify", slug]).await;
    assert_eq!(verified["is_clean"], true, "{verified}");
    scorer.kill().await.unwrap();
    taken
}

async fn export(contest: &Contest) -> Vec<u8> {
    let path = contest.arena.api("/archive?submission_files=true");
    contest.arena.host.api.get(&path).await.expect(200).bytes
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn another_installation_shows_the_same_steps_and_verifies_them(pool: PgPool) {
    let contest = Contest::begin(pool.clone()).await;
    let (first, second) = (predictions((1, 10.0)), predictions((5, 8.0)));
    contest.submit_delayed(&contest.bob, &first, &second).await;
    contest.judged(&contest.carol, (6, 9.0)).await;
    let best = contest.judged(&contest.carol, (7, 5.0)).await;
    let decision = contest.bar(json!({ "submission_id": best })).await;
    contest.judged(&contest.carol, (2, 7.0)).await;
    contest.lift(&decision).await;
    contest.judged(&contest.carol, (3, 6.0)).await;
    contest.merge().await;
    contest.judged(&contest.bob, (8, 6.5)).await;
    let last = contest.judged(&contest.carol, (9, 3.0)).await;
    contest.bar(json!({ "submission_id": last })).await;
    let shown = contest.steps(1).await;
    let expected = ["held", "released", "released", "released", "released", "held", "held", "released"];
    assert_eq!(names(&shown), expected, "{shown:?}");
    contest.world.let_pass(TimeDelta::days(31)).await;
    settle::round(&contest.world.app).await.unwrap();
    let archive = export(&contest).await;

    let (there, name) = elsewhere(&pool).await;
    there.let_pass(TimeDelta::days(31)).await;
    let eve = there.member("eve").await;
    let taken = take_in(&there, &eve, &archive, "noisy").await;
    assert_eq!((&taken["scores"]["n_equal"], &taken["scores"]["n_different"]), (&json!(8), &json!(0)));
    assert_eq!(steps(&there.pool, 1).await, shown);
    let before = standing(&contest.arena.host, "noisy").await;
    assert_eq!(standing(&eve, "noisy").await, before);
    leave(there, &pool, &name).await;

    // Files that were let go: what others were judged against stays.
    let root = contest.world.admin("root").await;
    let path = "/api/v1/admin/retention/submission_files";
    root.api.send_json(Method::PUT, path, &json!({ "days": 30 })).await.expect(200);
    contest.world.let_pass(TimeDelta::days(70)).await;
    contest.world.drain().await;
    clean(&contest.world.app).await.unwrap();
    contest.require_clean(5).await;
    let archive = export(&contest).await;
    let (there, name) = elsewhere(&pool).await;
    there.let_pass(TimeDelta::days(70)).await;
    let eve = there.member("eve").await;
    let taken = take_in(&there, &eve, &archive, "noisy").await;
    let scores = &taken["scores"];
    assert_eq!((&scores["n_equal"], &scores["n_taken_over"]), (&json!(5), &json!(3)), "{taken}");
    let released = |steps: Vec<(f64, String, f64)>| -> Vec<_> {
        steps.into_iter().filter(|(_, step, _)| step == "released").collect()
    };
    assert_eq!(released(steps(&there.pool, 1).await), released(shown));
    assert_eq!(standing(&eve, "noisy").await, before);
    leave(there, &pool, &name).await;
    contest.world.close().await;
}
