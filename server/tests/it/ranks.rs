//! Teams ranked by several metrics: boards against ranks that are worked out here, ties, parts without a
//! value, the end, other versions, verification, and how often a board is computed.

use std::cmp::Ordering;

use chrono::TimeDelta;
use holdout::competitions::access::see;
use holdout::leaderboard::model::{Key, Row as BoardRow, View};
use holdout::leaderboard::sight::BoardSight;
use holdout::leaderboard::{read, settle};
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::rank_ranges::look;
use crate::stage::{SLUG, Stage};
use crate::world::{Arena, Labels, Person, World, sql};

/// Metric, weight, whether higher is better. The first is the primary.
const PARTS: [(&str, f64, bool); 3] =
    [("mae", 2.0, false), ("spearman", 1.0, true), ("max_error", 0.5, false)];
const N_ROWS: usize = 20;

/// What one file came to on one side of the split.
#[derive(Debug, Clone)]
struct Entry {
    team: String,
    id: i64,
    parts: Vec<f64>,
}

/// A row of a board as it should be.
#[derive(Debug, Clone, PartialEq)]
struct Expected {
    team: String,
    mean_rank: f64,
    ranks: Vec<f64>,
    parts: Vec<f64>,
}

/// The board of these entries, worked out the long way.
fn board_of(entries: &[Entry]) -> Vec<Expected> {
    let is_better = |part: usize, a: f64, b: f64| if PARTS[part].2 { a > b } else { a < b };
    let rank = |part: usize, own: f64| {
        let others = entries.iter().map(|entry| entry.parts[part]);
        let n_better = others.clone().filter(|other| is_better(part, *other, own)).count();
        let n_equal = others.filter(|other| *other == own).count();
        n_better as f64 + (n_equal as f64 + 1.0) / 2.0
    };
    let total: f64 = PARTS.iter().map(|(_, weight, _)| weight).sum();
    let mut rows: Vec<(Expected, &Entry)> = entries
        .iter()
        .map(|entry| {
            let ranks: Vec<f64> =
                entry.parts.iter().enumerate().map(|(part, own)| rank(part, *own)).collect();
            let sum: f64 = ranks.iter().zip(PARTS).map(|(rank, (_, weight, _))| rank * weight).sum();
            let row = Expected {
                team: entry.team.clone(),
                mean_rank: sum / total,
                ranks,
                parts: entry.parts.clone(),
            };
            (row, entry)
        })
        .collect();
    rows.sort_by(|(a, x), (b, y)| {
        let by_mean = a.mean_rank.total_cmp(&b.mean_rank);
        by_mean.then(primary_order(x, y))
    });
    rows.into_iter().map(|(row, _)| row).collect()
}

/// The better primary first, then the earlier file.
fn primary_order(a: &Entry, b: &Entry) -> Ordering {
    a.parts[0].total_cmp(&b.parts[0]).then(a.id.cmp(&b.id))
}

/// Every team's best file by the primary.
fn best_of_each(entries: Vec<Entry>) -> Vec<Entry> {
    let mut best: Vec<Entry> = Vec::new();
    for entry in entries {
        match best.iter_mut().find(|kept| kept.team == entry.team) {
            Some(kept) if primary_order(&entry, kept).is_lt() => *kept = entry,
            Some(_) => {}
            None => best.push(entry),
        }
    }
    best
}

/// Files whose errors follow from a seed; `is_flat` rows are all predicted alike.
fn predictions(seed: u64, spread: u64, is_flat: impl Fn(usize) -> bool) -> String {
    let mut state = seed;
    let rows = (0..N_ROWS).map(|row| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let error = ((state >> 33) % (2 * spread + 1)) as f64 - spread as f64;
        let value = if is_flat(row) { 55.0 } else { label(row) + error / 8.0 };
        format!("r{row},{value}\n")
    });
    format!("id,target\n{}", rows.collect::<String>())
}

fn label(row: usize) -> f64 {
    5.0 * ((row * 7) % N_ROWS) as f64
}

fn labels(parts: &[(&str, f64, bool)]) -> Labels {
    let usage = |row: usize| if row.is_multiple_of(2) { "Public" } else { "Private" };
    let rows = |value: &dyn Fn(usize) -> String| (0..N_ROWS).map(value).collect::<String>();
    Labels {
        solution: format!(
            "id,target,Usage\n{}",
            rows(&|row| format!("r{row},{},{}\n", label(row), usage(row)))
        ),
        sample: format!("id,target\n{}", rows(&|row| format!("r{row},{row}\n"))),
        ..Labels::ranked(parts)
    }
}

struct Contest {
    world: World,
    arena: Arena,
    ada: Person,
}

impl Contest {
    async fn begin(pool: PgPool, labels: &Labels) -> Self {
        let world = World::new(pool).await;
        let ada = world.member("ada").await;
        let arena = world.open_competition(&ada, "several", labels).await;
        Self { world, arena, ada }
    }

    async fn entrant(&self, name: &str) -> Person {
        let person = self.world.member(name).await;
        self.arena.join(&person).await;
        person
    }

    /// What is on record of a version's files, on one side of the split.
    async fn entries(&self, statement: &'static str) -> Vec<Entry> {
        let rows = sql(statement).fetch_all(&self.world.pool).await.unwrap();
        rows.iter().map(|row| Entry { team: row.get(0), id: row.get(1), parts: row.get(2) }).collect()
    }

    async fn public_entries(&self) -> Vec<Entry> {
        self.entries(
            "select t.name, x.submission_id, x.part_scores from scores x join teams t on t.id = x.team_id
             where x.part_scores is not null order by x.submission_id",
        )
        .await
    }

    async fn ask(&self, rest: &str, body: Value) -> crate::client::Answer {
        self.arena.ask(rest, body).await
    }

    async fn choose(&self, person: &Person, id: i64) {
        let path = self.arena.api(&format!("/submissions/{id}"));
        person.api.send_json(Method::PATCH, &path, &json!({ "selected": true })).await.expect(200);
    }
}

/// By how much a score may differ from what is shown of it.
fn half_a_digit(board: &Value) -> f64 {
    0.51 * 0.1_f64.powi(board["score_decimals"].as_i64().unwrap().try_into().unwrap())
}

/// Whether a board in JSON is the expected one; with shown decimals while the competition runs.
fn assert_board(board: &Value, expected: &[Expected], tolerance: f64) {
    let near = |found: &Value, wanted: f64| (found.as_f64().unwrap() - wanted).abs() <= tolerance;
    let rows = board["items"].as_array().unwrap();
    let teams: Vec<_> = rows.iter().map(|row| row["team"].as_str().unwrap()).collect();
    let wanted: Vec<_> = expected.iter().map(|row| row.team.as_str()).collect();
    assert_eq!(teams, wanted, "{board}\n{expected:#?}");
    for ((at, row), wanted) in rows.iter().enumerate().zip(expected) {
        assert_eq!(row["rank"], json!(at + 1));
        assert_eq!(row["mean_rank"], json!(wanted.mean_rank), "{row} should be {wanted:?}");
        assert!(near(&row["score"], wanted.parts[0]), "{row} should be {wanted:?}");
        for (part, (name, _, _)) in PARTS.iter().enumerate() {
            let found = &row["parts"][part];
            assert_eq!(found["metric"], *name);
            assert_eq!(found["rank"], json!(wanted.ranks[part]), "{row} should be {wanted:?}");
            assert!(near(&found["score"], wanted.parts[part]), "{row} should be {wanted:?}");
        }
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_competition_of_three_metrics_is_played_to_its_end(pool: PgPool) {
    let contest = Contest::begin(pool, &labels(&PARTS)).await;
    let (world, arena) = (&contest.world, &contest.arena);
    let mut people = Vec::new();
    for name in ["bob", "carol", "dave", "erin", "frank", "grace"] {
        people.push(contest.entrant(name).await);
    }
    let [bob, carol, dave, erin, frank, grace] = people.as_slice() else { unreachable!("six of them") };
    let never = |_: usize| false;
    let mut sent = Vec::new();
    for (person, seed, spread) in [
        (bob, 1, 40),
        (bob, 2, 90),
        (carol, 3, 60),
        (carol, 4, 25),
        (carol, 5, 120),
        (dave, 6, 80),
        (dave, 7, 30),
    ] {
        sent.push(arena.submit(person, &predictions(seed, spread, never)).await);
    }
    // The same file as carol's best: equal under every metric, and later.
    arena.submit(erin, &predictions(4, 25, never)).await;
    let without_order = arena.submit(frank, &predictions(8, 10, |row| row % 2 == 0)).await;
    arena.submit(grace, &predictions(9, 50, |row| row % 2 == 1)).await;
    world.drain().await;

    // A part without a value leaves the whole without one, with its sentence.
    let submission = arena.submission(frank, without_order).await;
    assert_eq!((&submission["state"], &submission["public_score"]), (&json!("scored"), &Value::Null));
    let sentence = submission["public_undefined"].as_str().unwrap();
    assert!(sentence.contains("The part spearman has no value"), "{sentence}");
    assert_eq!(submission.get("parts"), None, "no part of it is shown: {submission}");

    let public = board_of(&best_of_each(contest.public_entries().await));
    assert_eq!(public.len(), 5, "frank is not on the board");
    assert!(public.iter().any(|row| row.ranks[0].fract() != 0.0), "two teams share ranks: {public:?}");
    let board = arena.board().await;
    assert_board(&board, &public, half_a_digit(&board));
    shown_everywhere(&contest, bob, &public).await;

    contest.choose(bob, sent[1]).await;
    contest.choose(carol, sent[2]).await;
    contest.choose(carol, sent[4]).await;
    world.let_pass(TimeDelta::days(31)).await;
    let finals = final_entries(&contest, &[("bob", vec![sent[1]]), ("carol", vec![sent[2], sent[4]])]).await;
    let private = board_of(&finals);
    assert_eq!(private.len(), 4, "grace has no private score, frank no public one");
    assert_board(&arena.board().await, &private, 0.0);
    let at_end = arena.host.api.get(&arena.api("/leaderboard?board=public")).await.expect(200).json();
    let same_files: Vec<Entry> = contest.public_entries().await;
    let same_files: Vec<Entry> = same_files
        .into_iter()
        .filter(|entry| finals.iter().any(|counting| counting.id == entry.id))
        .collect();
    assert_board(&at_end, &board_of(&same_files), half_a_digit(&at_end));
    let own = bob.api.get(&arena.api("/leaderboard?limit=1")).await.expect(200).json()["own"].clone();
    assert_eq!(own["team"], "bob bobson", "{own}");
    let mine = arena.submission(bob, sent[1]).await;
    assert!(mine["parts"][1]["private_score"].is_number(), "after the end its sender reads it: {mine}");
    contest.world.close().await;
}

/// Every team's counting file among those it chose, else among its two best public ones: the best private
/// primary.
async fn final_entries(contest: &Contest, chosen: &[(&str, Vec<i64>)]) -> Vec<Entry> {
    let private = contest
        .entries(
            "select t.name, x.submission_id, p.part_scores
             from private_scores p join scores x using (submission_id, version_id) join teams t on t.id = x.team_id
             where p.part_scores is not null order by x.submission_id",
        )
        .await;
    let mut public = contest.public_entries().await;
    public.sort_by(primary_order);
    let mut candidates = Vec::new();
    for entry in private {
        let of_team: Vec<i64> =
            public.iter().filter(|other| other.team == entry.team).map(|other| other.id).collect();
        let counts = match chosen.iter().find(|(name, _)| entry.team.starts_with(name)) {
            Some((_, ids)) => ids.contains(&entry.id),
            None => of_team.iter().take(2).any(|id| *id == entry.id),
        };
        if counts && !of_team.is_empty() {
            candidates.push(entry);
        }
    }
    best_of_each(candidates)
}

/// The same board on the page, as CSV, for Kaggle's client, and a team's own file with its parts.
async fn shown_everywhere(contest: &Contest, bob: &Person, public: &[Expected]) {
    let arena = &contest.arena;
    let page = bob.browser.get("/c/several/leaderboard").await.expect(200).text();
    let csv = bob.browser.get("/c/several/leaderboard.csv").await.expect(200).text();
    let ask = json!({ "competitionName": "several" });
    let kaggle =
        bob.api.send_json(Method::POST, "/v1/competitions.CompetitionApiService/GetLeaderboard", &ask);
    let kaggle = kaggle.await.expect(200).json();
    let mut lines = csv.lines();
    let heading = "rank,change,team,members,score,entries,last_entry_at,is_baseline,mean_rank,mae,rank by mae,\
                   spearman,rank by spearman,max_error,rank by max_error,rank_low,rank_high";
    assert_eq!(lines.next(), Some(heading));
    for ((at, row), line) in public.iter().enumerate().zip(lines) {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!((cells[0], cells[2]), ((at + 1).to_string().as_str(), row.team.as_str()));
        assert_eq!(cells[8].parse::<f64>().unwrap(), row.mean_rank, "{line}");
        assert_eq!(cells[10].parse::<f64>().unwrap(), row.ranks[0], "{line}");
        assert_eq!(cells[11], format!("{:.4}", row.parts[1]), "{line}");
        for shown in [&row.team, &format!("{:.3}", row.mean_rank), &format!("{:.4}", row.parts[2])] {
            assert!(page.contains(shown), "{shown} on {page}");
        }
        let told = kaggle["submissions"][at]["score"].as_str().unwrap();
        let wanted = format!("{:.3} (mae {:.4}, spearman {:.4}", row.mean_rank, row.parts[0], row.parts[1]);
        assert!(told.starts_with(&wanted), "{told} is {wanted}…");
    }
    assert!(page.contains("ordered by the weighted mean of those ranks"), "the page says how");
    let reason = "One row decides the largest error";
    assert!(!page.contains(reason), "nobody looked yet: {page}");
    look(&contest.world).await;
    let page = bob.browser.get("/c/several/leaderboard").await.expect(200).text();
    assert!(page.contains(reason) && !page.contains("Compare two teams"), "why it has no ranges: {page}");
    let absent = arena.board().await["ranks"]["absent"].clone();
    assert!(absent.as_str().unwrap().contains(reason), "{absent}");
    let compared = bob.browser.get("/c/several/leaderboard/compare").await.expect(200).text();
    assert!(compared.contains(reason) && !compared.contains("happens shortly after"), "{compared}");
    let mine: Vec<Entry> =
        contest.public_entries().await.into_iter().filter(|e| e.team == "bob bobson").collect();
    let submission = arena.submission(bob, mine[0].id).await;
    assert_eq!(submission["parts"][2]["metric"], "max_error");
    assert_eq!(submission["parts"][2].get("private_score"), None, "not before the end: {submission}");
    let page = bob.browser.get(&format!("/c/several/submissions/{}", mine[0].id)).await.expect(200).text();
    let decimals = usize::try_from(arena.board().await["score_decimals"].as_u64().unwrap()).unwrap();
    assert!(page.contains(&format!("{:.decimals$}", mine[0].parts[2])), "{page}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn versions_switch_to_a_mean_of_ranks_and_back(pool: PgPool) {
    let plain = Labels { metric: "mae", params: json!({}), ranked_parts: None, ..labels(&PARTS) };
    let contest = Contest::begin(pool, &plain).await;
    let arena = &contest.arena;
    for (name, seed, spread) in [("bob", 11, 30), ("carol", 12, 45), ("dave", 13, 60)] {
        let person = contest.entrant(name).await;
        arena.submit(&person, &predictions(seed, spread, |_| false)).await;
    }
    contest.world.drain().await;
    let before = arena.board().await;
    assert_eq!(before.get("ranked_by"), None);
    assert_eq!(before["items"][0].get("mean_rank"), None);

    contest.ask("/versions", json!({})).await.expect(201);
    let choose =
        async |body: &Value| contest.ada.api.send_json(Method::PUT, &arena.api("/metric"), body).await;
    let parts = |parts: Value| json!({ "metric": "mean_rank", "params": { "parts": parts } });
    let part = |metric: &str, weight: f64| json!({ "metric": metric, "weight": weight });
    for (wrong, mention) in [
        (parts(json!([part("mae", 1.0)])), "2 to 10"),
        (parts(json!([part("mae", 1.0), part("spearman", -1.0)])), "Part 2"),
        (parts(json!([part("mae", 1.0), part("no_such", 1.0)])), "no_such"),
        (parts(json!([part("mae", 1.0), part("weighted_sum", 1.0)])), "weighted_sum"),
    ] {
        let refused = choose(&wrong).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.text());
        assert!(refused.text().contains(mention), "{}", refused.text());
    }
    let listed: Vec<Value> = PARTS.iter().map(|(metric, weight, _)| part(metric, *weight)).collect();
    choose(&parts(json!(listed))).await.expect(200);
    contest.world.drain().await;
    let over_a_fail = json!({ "audit_reason": "Few rows are enough here." });
    contest.ada.api.send_json(Method::PUT, &arena.api("/audit"), &over_a_fail).await.expect(200);
    contest.ask("/versions/2/start", json!({ "reason": "Order counts, too." })).await.expect(200);
    contest.world.drain().await;
    let expected = board_of(&best_of_each(contest.public_entries().await));
    let moves = contest.ada.api.get(&arena.api("/versions/2/moves")).await.expect(200).json();
    for row in moves["items"].as_array().unwrap() {
        let place = expected.iter().position(|wanted| row["team"] == *wanted.team).unwrap();
        assert_eq!(row["new_rank"], json!(place + 1), "the preview shows the board to come: {moves}");
    }
    contest.ask("/versions/2/publish", json!({})).await.expect(200);
    let board = arena.board().await;
    assert_board(&board, &expected, half_a_digit(&board));
    assert_eq!(board["higher_is_better"], false, "the primary's direction");
    assert_eq!(board["ranked_by"][1], json!({ "name": "spearman", "weight": 1.0, "higher_is_better": true }));
    contest.ask("/versions/1/roll-back", json!({ "reason": "No." })).await.expect(200);
    assert_eq!(arena.board().await["items"], before["items"]);
    contest.world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn one_bit_of_a_part_and_one_place_on_a_board_are_found(pool: PgPool) {
    let contest = Contest::begin(pool, &labels(&PARTS)).await;
    for (name, seed, spread) in [("bob", 21, 30), ("carol", 22, 45)] {
        let person = contest.entrant(name).await;
        contest.arena.submit(&person, &predictions(seed, spread, |_| false)).await;
    }
    contest.world.let_pass(TimeDelta::days(31)).await;
    contest.world.drain().await;
    contest.arena.board().await; // settles
    let mut found = Vec::new();
    for tampering in [
        None,
        Some(
            "update scores set part_scores[3] = part_scores[3] + 2e-15 where submission_id = (select min(id) from submissions)",
        ),
        Some(
            "update private_scores set part_scores[2] = part_scores[2] - 2e-16 where submission_id = (select min(id) from submissions)",
        ),
        Some("update final_entries set mean_rank = mean_rank + 1 where rank = 1"),
    ] {
        if let Some(statement) = tampering {
            sql(statement).execute(&contest.world.pool).await.unwrap();
        }
        let asked = contest.ask("/verifications", json!({})).await.expect(202).json();
        contest.world.drain().await;
        let path = contest.arena.api(&format!("/verifications/{}", asked["id"]));
        let verified = contest.ada.api.get(&path).await.expect(200).json();
        found.push(verified["faults"].as_array().map_or(String::new(), |faults| json!(faults).to_string()));
    }
    assert_eq!(found[0], "[]");
    assert!(found[1].contains("A public score of a part differs."), "{found:?}");
    assert!(found[1].contains("The public board is not the one that the scores give."), "{found:?}");
    assert!(found[2].contains("A private score of a part differs."), "{found:?}");
    assert!(found[3].contains("The final board is not the one that the scores give."), "{found:?}");
    contest.world.close().await;
}

async fn rows(stage: &Stage) -> Vec<BoardRow> {
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    let sight = BoardSight::of(&seen);
    read::page(&stage.app, &seen.competition, View::Public, &sight, Key::first(), 100).await.unwrap()
}

fn two_parts() -> Value {
    json!([
        { "name": "rmse", "weight": 1, "higher_is_better": false },
        { "name": "r2", "weight": 1, "higher_is_better": true },
    ])
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn pages_go_on_the_own_row_is_found_and_changes_count_from_midnight(pool: PgPool) {
    let stage = Stage::open(pool).await;
    stage.rank_by(&two_parts()).await;
    let mut entrants = Vec::new();
    for number in 0..9_u32 {
        let entrant = stage.entrant(&format!("team{number}")).await;
        let parts = match number {
            0..6 => [f64::from(number % 3), f64::from(number % 3)],
            6..8 => [f64::from(number % 4), f64::from(9 - number)],
            _ => [9.0, -9.0],
        };
        stage.scored_by_parts(&entrant, &parts, &parts).await;
        entrants.push(entrant);
    }
    let all = rows(&stage).await;
    assert!(all.iter().filter_map(|row| row.rank).eq(1..=9));
    let means: Vec<f64> = all.iter().map(|row| row.ranked.as_ref().unwrap().mean_rank).collect();
    assert!(means.is_sorted() && means.windows(2).any(|pair| pair[0] == pair[1]), "{means:?}");
    let seen = see(&stage.app, SLUG, None).await.unwrap();
    let sight = BoardSight::of(&seen);
    let (mut after, mut walked) = (Key::first(), Vec::new());
    loop {
        let page = read::page(&stage.app, &seen.competition, View::Public, &sight, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.key.to_string().parse().unwrap();
        walked.extend(page);
    }
    assert_eq!(walked, all);
    for entrant in &entrants {
        let sight = BoardSight::of_own_row(entrant.team_id);
        let own = read::own_row(&stage.app, &seen.competition, View::Public, &sight).await.unwrap();
        assert_eq!(own.as_ref(), all.iter().find(|row| row.team_id == Some(entrant.team_id)));
    }

    settle::round(&stage.app).await.unwrap();
    let last = all.last().unwrap();
    let climber = entrants.iter().find(|entrant| Some(entrant.team_id) == last.team_id).unwrap();
    stage.scored_by_parts(climber, &[-1.0, 10.0], &[0.0, 0.0]).await;
    let now = rows(&stage).await;
    assert_eq!((now[0].team_id, now[0].change), (last.team_id, Some(8)));
    assert!(now[1..].iter().all(|row| row.change == Some(-1)), "{now:?}");
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_board_is_computed_once_a_revision_however_many_ask(pool: PgPool) {
    let stage = Stage::open(pool).await;
    stage.rank_by(&two_parts()).await;
    let entrant = stage.entrant("ada").await;
    stage.scored_by_parts(&entrant, &[0.5, 0.5], &[0.5, 0.5]).await;
    // The same function, counting its calls.
    let counting = "alter function board_ranks(bigint, bigint) rename to board_ranks_itself;
        create table computed (at timestamptz not null default now());
        grant insert on computed to holdout_web;
        create function board_ranks(a bigint, b bigint)
        returns table (team_id bigint, rank integer, mean_rank double precision, part_ranks double precision[])
        language plpgsql as $$
        begin
            insert into computed default values;
            perform pg_sleep(0.05);
            return query select * from board_ranks_itself(a, b);
        end $$;";
    sqlx::raw_sql(counting).execute(&stage.owner).await.unwrap();
    for revision in 1..=3 {
        stage.scored_by_parts(&entrant, &[0.5 - f64::from(revision) / 10.0, 0.5], &[0.5, 0.5]).await;
        let asked = (0..60).map(|_| {
            let app = stage.app.clone();
            tokio::spawn(async move {
                let seen = see(&app, SLUG, None).await.unwrap();
                let sight = BoardSight::of(&seen);
                read::page(&app, &seen.competition, View::Public, &sight, Key::first(), 10)
                    .await
                    .unwrap()
                    .len()
            })
        });
        for answer in asked.collect::<Vec<_>>() {
            assert_eq!(answer.await.unwrap(), 1);
        }
        assert_eq!(stage.number("select count(*) from computed").await, i64::from(revision));
    }
}
