//! Boards that are Ladders: what is shown is what the rule says, in whatever order scorers come to it, and no
//! answer to anybody holds a score that was not released.

use chrono::TimeDelta;
use holdout::leaderboard::settle;
use holdout_contract::handshake::CONTRACT;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::archives::entries;
use crate::client::{Answer, Client};
use crate::walk::routes;
use crate::world::{Arena, Labels, Person, World, composed_sql, sql};

const N_ROWS: usize = 240;
/// Seeds and sizes of the errors of bob's files, as he sends them.
const FILES: [(u64, f64); 9] =
    [(1, 10.0), (2, 9.9), (3, 9.6), (4, 10.4), (5, 7.0), (6, 6.9), (7, 6.6), (8, 4.0), (9, 3.9)];

fn label(row: usize) -> f64 {
    ((row * 37) % 101) as f64
}

pub fn labels() -> Labels {
    let usage = |row: usize| if row.is_multiple_of(2) { "Public" } else { "Private" };
    let rows = |value: &dyn Fn(usize) -> String| (0..N_ROWS).map(value).collect::<String>();
    Labels {
        metric: "mae",
        solution: format!(
            "id,target,Usage\n{}",
            rows(&|row| format!("r{row},{},{}\n", label(row), usage(row)))
        ),
        sample: format!("id,target\n{}", rows(&|row| format!("r{row},0\n"))),
        ..Labels::regression()
    }
}

/// Errors of about `size`, different ones for every seed.
fn errors((seed, size): (u64, f64)) -> Vec<f64> {
    let mut state = seed;
    let next = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        size * ((state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0)
    };
    (0..N_ROWS).map(next).collect()
}

pub fn predictions(file: (u64, f64)) -> String {
    let rows = errors(file).into_iter().enumerate();
    let rows = rows.map(|(row, error)| format!("r{row},{}\n", label(row) + error));
    format!("id,target\n{}", rows.collect::<String>())
}

/// What the rule shows of one file after the other.
fn by_brute_force(files: &[(u64, f64)]) -> Vec<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mut best: Option<(Vec<f64>, f64)> = None;
    let mut shown = Vec::new();
    for file in files {
        let public = errors(*file).into_iter().step_by(2);
        let losses: Vec<f64> = public.map(f64::abs).collect();
        let n = losses.len() as f64;
        let is_released = best.as_ref().is_none_or(|(before, told)| {
            let gains: Vec<f64> = losses.iter().zip(before).map(|(a, b)| a - b).collect();
            let variance = gains.iter().map(|gain| (gain - mean(&gains)).powi(2)).sum::<f64>() / n;
            mean(&losses) < told - (variance / n).sqrt()
        });
        if is_released {
            let told = (mean(&losses) * n).round() / n;
            best = Some((losses, told));
        }
        shown.push(best.as_ref().unwrap().1);
    }
    shown
}

pub struct Contest {
    pub world: World,
    pub arena: Arena,
    pub bob: Person,
    pub carol: Person,
}

impl Contest {
    pub async fn begin(pool: PgPool) -> Self {
        let world = World::new(pool).await;
        sql("alter table competitions alter column ladder set default 'on'")
            .execute(&world.pool)
            .await
            .unwrap();
        let host = world.member("ada").await;
        let arena = world.open_competition(&host, "noisy", &labels()).await;
        sql("update competitions set daily_limit = 100").execute(&world.pool).await.unwrap();
        let (bob, carol) = (world.member("bob").await, world.member("carol").await);
        arena.join(&bob).await;
        arena.join(&carol).await;
        Self { world, arena, bob, carol }
    }

    /// Sends all of bob's files before any is looked at.
    async fn send_all(&self) -> Vec<i64> {
        let mut ids = Vec::new();
        for file in FILES {
            ids.push(self.arena.submit(&self.bob, &predictions(file)).await);
        }
        ids
    }

    /// Has several scorers work at the same time until nothing waits.
    async fn drain_by_three(&self) {
        for _ in 0..60 {
            sql("update jobs set run_at = now() where state = 'queued'")
                .execute(&self.world.pool)
                .await
                .unwrap();
            tokio::join!(self.world.drain(), self.world.drain(), self.world.drain());
            if self.number("select count(*) from jobs where state in ('queued', 'leased')").await == 0 {
                return;
            }
        }
        panic!("jobs wait for ever");
    }

    /// Under another version, which is not published.
    pub async fn score_again(&self, version: i32) {
        self.ask("/versions", json!({})).await;
        self.world.drain().await;
        let start = format!("/versions/{version}/start");
        self.ask(&start, json!({ "reason": "To see that it comes to the same." })).await;
        self.drain_by_three().await;
    }

    /// Has every score computed again.
    pub async fn verify(&self) -> Value {
        let asked = self.ask("/verifications", json!({})).await;
        self.world.drain().await;
        let path = self.arena.api(&format!("/verifications/{}", asked["id"]));
        self.arena.host.api.get(&path).await.expect(200).json()
    }

    /// Carol's team becomes part of bob's.
    pub async fn merge(&self) {
        let team = async |of: &Person| -> i64 {
            let team = sql("select team_id from team_members where user_id = $1").bind(of.id);
            team.fetch_one(&self.world.pool).await.unwrap().get(0)
        };
        let (kept, gone) = (team(&self.bob).await, team(&self.carol).await);
        let merge = sql("select merge_teams($1, $2, clock_now())").bind(kept).bind(gone);
        merge.execute(&self.world.pool).await.unwrap();
    }

    /// Of a file that was scored the first time after it had failed by a fault of ours.
    pub async fn submit_delayed(&self, of: &Person, first: &str, second: &str) -> i64 {
        let run = async |statement: &'static str, id: i64| {
            sql(statement).bind(id).execute(&self.world.pool).await.unwrap();
        };
        let delayed = self.arena.submit(of, first).await;
        run("update jobs set state = 'failed', error = 'a fault of ours' where submission_id = $1", delayed)
            .await;
        run("update submissions set state = 'failed', failure = 'ours' where id = $1", delayed).await;
        self.arena.submit(of, second).await;
        self.world.drain().await;
        run("update submissions set state = 'queued', failure = null where id = $1", delayed).await;
        run("update jobs set state = 'queued', error = null where submission_id = $1", delayed).await;
        self.world.drain().await;
        delayed
    }

    async fn number(&self, query: &'static str) -> i64 {
        sql(query).fetch_one(&self.world.pool).await.unwrap().get(0)
    }

    /// Under a version, in the order of the submissions: what is shown, the step, the exact score.
    pub async fn steps(&self, version: i32) -> Vec<(f64, String, f64)> {
        steps(&self.world.pool, version).await
    }

    pub async fn ask(&self, rest: &str, body: Value) -> Value {
        let path = self.arena.api(rest);
        let answer = self.arena.host.api.send_json(Method::POST, &path, &body).await;
        assert!((200..300).contains(&answer.status), "{}", answer.text());
        answer.json()
    }
}

/// What [`Contest::steps`] says, of any database.
pub async fn steps(pool: &PgPool, version: i32) -> Vec<(f64, String, f64)> {
    sql("select x.public_score, x.ladder_step, e.public_score
             from scores x
             join scoring_versions v on v.id = x.version_id and v.number = $1
             join exact_public_scores e on e.submission_id = x.submission_id and e.version_id = x.version_id
             order by x.submission_id")
    .bind(version)
    .fetch_all(pool)
    .await
    .unwrap()
    .into_iter()
    .map(|row| (row.get(0), row.get(1), row.get(2)))
    .collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_was_held_back_is_offered_where_files_are_chosen_and_never_stands_in(pool: PgPool) {
    let Contest { world, arena, bob, .. } = Contest::begin(pool).await;
    let shown = arena.submit(&bob, &predictions(FILES[0])).await.to_string();
    let held = arena.submit(&bob, &predictions(FILES[3])).await.to_string();
    world.drain().await;
    let path = "/c/noisy/submissions/final";
    let page = bob.browser.get(path).await.expect(200).text();
    for id in [&shown, &held] {
        assert!(page.contains(&format!("name=\"chosen\" value=\"{id}\"")), "{id} in {page}");
    }
    assert_eq!(page.matches(">held back<").count(), 1, "{page}");
    assert_eq!(page.matches(">stands in<").count(), 1, "{page}");
    let form = [("shown", shown.as_str()), ("shown", &held), ("chosen", &held)];
    bob.browser.post_form(path, &form).await.expect(303);
    let page = bob.browser.get(path).await.expect(200).text();
    assert!(page.contains(&format!("value=\"{held}\" checked")), "{page}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn many_scorers_and_another_version_come_to_what_the_rule_says(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let ids = contest.send_all().await;
    contest.drain_by_three().await;
    let expected = by_brute_force(&FILES);
    let steps = contest.steps(1).await;
    assert_eq!(steps.len(), FILES.len());
    for ((shown, _, exact), expected) in steps.iter().zip(&expected) {
        assert!((shown - expected).abs() < 1e-9, "{exact}: {shown}, not {expected}");
    }
    let by_chance = steps.iter().any(|(shown, step, exact)| step == "held" && exact < shown);
    assert!(by_chance && steps.iter().filter(|(_, step, _)| step == "released").count() > 2, "{steps:?}");

    contest.score_again(2).await;
    assert_eq!(contest.steps(2).await, steps);
    contest.ask("/versions/2/publish", json!({})).await;
    let board = contest.arena.board().await;
    let best = expected.last().unwrap();
    assert!((board["items"][0]["score"].as_f64().unwrap() - best).abs() < 1e-3, "{board}");

    let found = contest.verify().await;
    assert_eq!((&found["is_clean"], &found["n_asked"]), (&json!(true), &json!(FILES.len())), "{found}");
    assert!(steps[1].1 == "held" || steps[2].1 == "held" || steps[3].1 == "held");
    assert_eq!(ids.len(), FILES.len());
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_file_waits_for_the_one_that_came_before_it(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let first = contest.arena.submit(&contest.bob, &predictions(FILES[0])).await;
    let second = contest.arena.submit(&contest.bob, &predictions(FILES[4])).await;
    let other = contest.arena.submit(&contest.carol, &predictions(FILES[5])).await;
    // A scorer has it, and disappears.
    sql("update jobs set state = 'leased', lease = gen_random_uuid(), spoken = $2,
             lease_until = now() + interval '3 seconds'
         where submission_id = $1")
    .bind(first)
    .bind(CONTRACT)
    .execute(&contest.world.pool)
    .await
    .unwrap();
    contest.world.drain().await;
    let order: Vec<i64> = sql("select id from submissions order by scored_at")
        .fetch_all(&contest.world.pool)
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert_eq!(order, [other, first, second]);
    let steps = contest.steps(1).await;
    let names: Vec<&str> = steps.iter().map(|(_, step, _)| step.as_str()).collect();
    assert_eq!(names, ["released"; 3]);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn another_version_follows_the_order_on_record_past_faults_of_ours_and_merges(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let (first, second) = (predictions((1, 10.0)), predictions((5, 8.0)));
    let delayed = contest.submit_delayed(&contest.bob, &first, &second).await;
    contest.arena.submit(&contest.carol, &predictions((6, 9.0))).await;
    contest.arena.submit(&contest.carol, &predictions((7, 5.0))).await;
    contest.world.drain().await;
    contest.merge().await;
    contest.arena.submit(&contest.bob, &predictions((8, 6.5))).await;
    contest.arena.submit(&contest.carol, &predictions((9, 3.0))).await;
    contest.world.drain().await;

    let steps = contest.steps(1).await;
    let names: Vec<&str> = steps.iter().map(|(_, step, _)| step.as_str()).collect();
    assert_eq!(names, ["held", "released", "released", "released", "held", "released"], "{steps:?}");
    assert_eq!((steps[0].0, steps[4].0), (steps[1].0, steps[3].0), "the best of those released: {steps:?}");
    let board = contest.arena.board().await;
    assert!((board["items"][0]["score"].as_f64().unwrap() - steps[5].0).abs() < 1e-3, "{board}");
    contest.score_again(2).await;
    assert_eq!(contest.steps(2).await, steps);
    contest.ask("/versions/2/publish", json!({})).await;

    // After the end nobody can climb, and everybody sees what files truly came to.
    let is_exact = |told: &Value, (shown, _, exact): &(f64, String, f64)| {
        let told = told.as_f64().unwrap();
        (told - exact).abs() < 1e-4 && (told - shown).abs() > 1e-4
    };
    contest.world.let_pass(TimeDelta::days(40)).await;
    settle::round(&contest.world.app).await.unwrap();
    let told = contest.arena.submission(&contest.bob, delayed).await;
    assert!(is_exact(&told["public_score"], &steps[0]) && told["held"].is_null(), "{told} {steps:?}");
    let board = contest.arena.api("/leaderboard?board=public");
    let board = contest.arena.host.api.get(&board).await.expect(200).json();
    assert!(is_exact(&board["items"][0]["score"], &steps[5]), "{board} {steps:?}");
    contest.world.close().await;
}

/// Whether a number begins so; within a longer one it is another.
fn has_number(text: &str, beginning: &str) -> bool {
    text.match_indices(beginning).any(|(at, _)| !text[..at].ends_with(|c: char| c.is_ascii_digit()))
}

/// Every place in the database that the web server may read and that holds one of the numbers.
async fn readable_by_the_web_server(pool: &PgPool, numbers: &[String]) -> Vec<String> {
    let columns = sql("select c.table_name::text, c.column_name::text
         from information_schema.columns c
         where c.table_schema = 'public' and c.data_type <> 'bytea'
           and has_column_privilege('holdout_web', quote_ident(c.table_name), c.column_name, 'select')");
    let columns = columns.fetch_all(pool).await.unwrap();
    assert!(columns.len() > 300, "most columns are looked at: {}", columns.len());
    let pattern = format!("(^|[^0-9])({})", numbers.join("|").replace('.', "\\."));
    let mut found = Vec::new();
    for row in columns {
        let (table, column): (String, String) = (row.get(0), row.get(1));
        let query = format!("select exists (select from \"{table}\" where \"{column}\"::text ~ $1)");
        let query = composed_sql(query).bind(pattern.clone());
        if query.fetch_one(pool).await.unwrap().get::<bool, _>(0) {
            found.push(format!("{table}.{column}"));
        }
    }
    found
}

fn is_archive(answer: &Answer) -> bool {
    answer.bytes.starts_with(b"PK\x03\x04")
}

/// What an answer says; of an archive, everything in it but the files that were sent.
fn text(answer: &Answer) -> String {
    if !is_archive(answer) {
        return answer.text();
    }
    let entries = entries(&answer.bytes).into_iter().filter(|(name, _)| !name.starts_with("submissions/"));
    entries.map(|(_, bytes)| String::from_utf8_lossy(&bytes).into_owned() + "\n").collect()
}

/// A route with its gaps filled by what exists.
fn filled(route: &str, id: &str) -> String {
    let part = |part: &str| {
        let Some((name, rest)) = part.strip_prefix('{').and_then(|part| part.split_once('}')) else {
            return part.to_owned();
        };
        let value = match name.trim_start_matches('*') {
            "slug" => "noisy",
            "id" => id,
            "page" => "rules",
            "step" => "limits",
            "username" => "bob",
            "name" => "mae",
            "file" => "sample_submission.csv",
            _ => "1",
        };
        format!("{value}{rest}")
    };
    route.split('/').map(part).collect::<Vec<_>>().join("/")
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn no_answer_holds_a_score_that_was_not_released(pool: PgPool) {
    let contest = Contest::begin(pool).await;
    let ids = contest.send_all().await;
    contest.arena.submit(&contest.carol, &predictions((21, 8.0))).await;
    contest.world.drain().await;
    sql("update rank_refreshes set due_at = now()").execute(&contest.world.pool).await.unwrap();
    contest.world.drain().await;
    // Of every exact score, the digits by which it differs from what is shown.
    let steps = contest.steps(1).await;
    let is_apart = |shown: f64, exact: f64| format!("{shown:.4}")[..5] != format!("{exact:.4}")[..5];
    let secrets: Vec<String> = steps
        .iter()
        .filter(|(_, _, exact)| steps.iter().all(|(shown, ..)| is_apart(*shown, *exact)))
        .map(|(_, _, exact)| format!("{exact:.6}")[..5].to_owned())
        .collect();
    assert!(secrets.len() > 6, "{steps:?}");
    let found = readable_by_the_web_server(&contest.world.pool, &secrets).await;
    assert_eq!(found, Vec::<String>::new());

    let (root, visitor) = (contest.world.admin("root").await, contest.world.visitor());
    let callers: Vec<&Client> = [&contest.bob, &contest.carol, &contest.arena.host, &root]
        .into_iter()
        .flat_map(|person| [&person.browser, &person.api])
        .chain([&visitor])
        .collect();
    let mut addresses: Vec<String> =
        routes().iter().flat_map(|route| ids[1..4].iter().map(|id| filled(route, &id.to_string()))).collect();
    addresses.sort();
    addresses.dedup();
    addresses.retain(|address| !address.ends_with("/live"));
    let teams = "/c/noisy/leaderboard/compare";
    addresses.push(format!("{teams}?a=1&b=2"));
    let (mut complaints, mut n_shown, mut n_archives) = (Vec::new(), 0, 0);
    for address in &addresses {
        for caller in &callers {
            let answer = caller.get(address).await;
            n_shown += usize::from(answer.status == 200);
            n_archives += usize::from(is_archive(&answer));
            let text = text(&answer);
            let told = secrets.iter().filter(|secret| has_number(&text, secret));
            complaints.extend(told.map(|secret| format!("{} tells {secret}", answer.asked)));
        }
    }
    assert!(n_shown > 200 && n_archives > 3, "{n_shown} {n_archives}");
    assert_eq!(complaints, Vec::<String>::new());

    // Held back: the score before once more, and why.
    let held = steps.iter().position(|(_, step, _)| step == "held").unwrap();
    let told = contest.arena.submission(&contest.bob, ids[held]).await;
    let before = contest.arena.submission(&contest.bob, ids[held - 1]).await;
    assert_eq!(told["public_score"], before["public_score"], "{told}");
    assert!(told["held"].as_str().unwrap().contains("by more than chance"), "{told}");
    let page = format!("/c/noisy/submissions/{}", ids[held]);
    assert!(contest.bob.browser.get(&page).await.expect(200).text().contains("by more than chance"));
    let rules = visitor.get("/c/noisy/p/rules").await;
    let board = visitor.get("/c/noisy/leaderboard").await.expect(200).text();
    assert!(board.contains("Ladder") && (rules.status == 404 || rules.text().contains("is a Ladder")));

    // The schema lets nobody turn it off, or write a score past it.
    for statement in [
        "update competitions set ladder = 'off'",
        "update scores set ladder_step = null",
        "update competitions set ladder = 'auto'",
    ] {
        assert!(sql(statement).execute(&contest.world.pool).await.is_err(), "{statement}");
    }
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_small_board_is_launched_as_a_ladder_unless_its_host_says_otherwise(pool: PgPool) {
    let world = World::new(pool).await;
    sql("alter table competitions alter column ladder set default 'auto'")
        .execute(&world.pool)
        .await
        .unwrap();
    let host = world.member("ada").await;
    let api = |slug: &str, rest: &str| format!("/api/v1/competitions/{slug}{rest}");
    for (slug, wish, expected) in [("small", json!({}), "on"), ("open", json!({ "ladder": "off" }), "off")] {
        let new = json!({ "title": slug, "slug": slug });
        host.api.send_json(Method::POST, "/api/v1/competitions", &new).await.expect(201);
        let put = async |rest: &str, body: String| {
            let kind = Some("application/octet-stream");
            host.api.send(Method::PUT, &api(slug, rest), kind, body.into_bytes()).await.expect(200)
        };
        put("/data/sample_submission.csv?role=sample_submission", labels().sample).await;
        put("/solution", labels().solution).await;
        let metric = json!({ "metric": "mae" });
        host.api.send_json(Method::PUT, &api(slug, "/metric"), &metric).await.expect(200);
        let edited = host.api.send_json(Method::PATCH, &api(slug, ""), &wish).await.expect(200).json();
        assert_eq!(edited["ladder"], if expected == "on" { "auto" } else { "off" });
        world.drain().await;
        let page = host.browser.get(&format!("/c/{slug}/host/limits")).await.expect(200).text();
        assert!(page.contains("proposes a Ladder: With fewer than 2,000 public rows"), "{page}");
        let body = json!({ "days": 30, "audit_reason": "It is a test." });
        let launched = host.api.send_json(Method::POST, &api(slug, "/launch"), &body).await.expect(200);
        assert_eq!(launched.json()["ladder"], expected);
        let rules = host.browser.get(&format!("/c/{slug}/p/rules")).await.expect(200).text();
        assert_eq!(rules.contains("The public board is a Ladder"), expected == "on");
        let other = if expected == "on" { "off" } else { "on" };
        let edit = async |ladder| {
            host.api.send_json(Method::PATCH, &api(slug, ""), &json!({ "ladder": ladder })).await
        };
        edit(other).await.expect(422);
        assert_eq!(edit("auto").await.expect(200).json()["ladder"], expected);
    }
    world.close().await;
}
