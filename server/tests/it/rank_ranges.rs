//! What ranks are worth: from files to ranges beside the board, kept from everybody who must not see it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::world::{Arena, Labels, Person, World, sql};

const N_ROWS: usize = 240;

fn label(row: usize) -> f64 {
    ((row * 37) % 101) as f64
}

pub fn labels() -> Labels {
    labels_of(N_ROWS)
}

fn labels_of(n_rows: usize) -> Labels {
    let usage = |row: usize| if row.is_multiple_of(2) { "Public" } else { "Private" };
    let rows = |value: &dyn Fn(usize) -> String| (0..n_rows).map(value).collect::<String>();
    Labels {
        solution: format!(
            "id,target,Usage\n{}",
            rows(&|row| format!("r{row},{},{}\n", label(row), usage(row)))
        ),
        sample: format!("id,target\n{}", rows(&|row| format!("r{row},0\n"))),
        ..Labels::regression()
    }
}

/// Errors of about `size`, different ones for every seed.
pub fn predictions(seed: u64, size: f64) -> String {
    predictions_of(N_ROWS, seed, size)
}

fn predictions_of(n_rows: usize, seed: u64, size: f64) -> String {
    let mut state = seed;
    let rows = (0..n_rows).map(|row| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let error = size * ((state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0);
        format!("r{row},{}\n", label(row) + error)
    });
    format!("id,target\n{}", rows.collect::<String>())
}

/// Has scorers look at the board now.
pub async fn look(world: &World) {
    sql("update rank_refreshes set due_at = now()").execute(&world.pool).await.unwrap();
    world.drain().await;
}

pub async fn count(world: &World, statement: &'static str) -> i64 {
    sql(statement).fetch_one(&world.pool).await.unwrap().get(0)
}

/// These people enter, each with one file whose errors are of that size.
pub async fn sent(world: &World, arena: &Arena, errors: [(&str, f64); 3]) -> Vec<Person> {
    let mut people = Vec::new();
    for (seed, (name, size)) in errors.into_iter().enumerate() {
        let person = world.member(name).await;
        arena.join(&person).await;
        arena.submit(&person, &predictions(seed as u64 + 1, size)).await;
        people.push(person);
    }
    world.drain().await;
    people
}

/// A competition with these labels and files.
pub async fn contest_of(
    pool: PgPool,
    slug: &str,
    labels: &Labels,
    errors: [(&str, f64); 3],
) -> (World, Arena, Vec<Person>) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    let arena = world.open_competition(&host, slug, labels).await;
    let people = sent(&world, &arena, errors).await;
    (world, arena, people)
}

/// Two teams that are nearly equal, and one that is far behind.
pub async fn contest(pool: PgPool) -> (World, Arena, Vec<Person>) {
    contest_of(pool, "noisy", &labels(), [("bob", 10.0), ("cleo", 8.8), ("dan", 60.0)]).await
}

/// The lowest and the highest rank of every row of a board; 0 where it has none.
pub fn ranges(board: &Value) -> Vec<(i64, i64)> {
    let end = |row: &Value, name: &str| row[name].as_i64().unwrap_or_default();
    let rows = board["items"].as_array().unwrap();
    rows.iter().map(|row| (end(row, "rank_low"), end(row, "rank_high"))).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn ranges_stand_beside_the_board_once_scorers_had_time(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    let board = arena.board().await;
    assert!(board["ranks"].is_null() && board["items"][0]["rank_low"].is_null(), "{board}");
    assert_eq!(count(&world, "select count(*) from rank_refreshes").await, 1, "one look for three files");

    look(&world).await;
    let board = arena.board().await;
    assert_eq!(ranges(&board), [(1, 2), (1, 2), (3, 3)], "{board}");
    assert_eq!(board["ranks"]["n_units"], N_ROWS / 2);
    let noise = board["ranks"]["noise"].as_f64().unwrap();
    assert!((0.1..10.0).contains(&noise), "{noise}");
    // Two of the three may change places, the third cannot: at most 2 of 3 moves of a third of the table.
    let shake_up = board["ranks"]["shake_up"].as_f64().unwrap();
    assert!((0.02..2.0 / 9.0).contains(&shake_up), "{shake_up}");
    let forecast = format!("expect teams to move by about {}% of the table", (shake_up * 100.0).round());
    let shown = arena.host.api.get(&arena.api("")).await.expect(200).json();
    assert!(shown["score_decimals"].as_i64().unwrap() < 3, "as the noise justifies: {shown}");
    let page = world.visitor().get("/c/noisy/leaderboard").await.expect(200).text();
    assert!(
        page.contains("1–2") && page.contains("tied with #1") && page.contains("are noise on these 120 rows")
    );
    let first = &board["items"][0];
    let of_first = |name: &str| first[name].as_f64().unwrap();
    let (low, score, high) = (of_first("score_low"), of_first("score"), of_first("score_high"));
    assert!(0.0 < low && low < score && high - score > score - low, "the true error is above 0: {first}");
    assert!(page.contains(&forecast), "{forecast} on {page}");
    assert!(page.contains("± ") && page.contains("on other rows"), "{page}");
    let csv = world.visitor().get("/c/noisy/leaderboard.csv").await.expect(200).text();
    assert!(csv.lines().nth(3).unwrap().ends_with(",false,3,3"), "{csv}");

    let second = people[0].clone();
    let id = arena.submit(&second, &predictions(21, 9.9)).await;
    world.drain().await;
    let own = second.browser.get(&format!("/c/noisy/submissions/{id}")).await.expect(200).text();
    assert!(
        own.contains("than your best file before by")
            && own.contains("not been compared on the same rows yet"),
        "{own}"
    );

    // A better file changes one team's column, and the file before is forgotten.
    arena.submit(&people[2], &predictions(9, 9.0)).await;
    world.drain().await;
    let board = arena.board().await;
    let dan = board["items"].as_array().unwrap().iter().find(|row| row["members"][0] == "dan").unwrap();
    assert!(dan["rank_low"].is_null(), "nobody looked at it yet: {dan}");
    assert_eq!(board["ranks"]["is_current"], false, "{board}");
    let page = world.visitor().get("/c/noisy/leaderboard").await.expect(200).text();
    assert!(page.contains("The ranges are from ") && page.contains("the board has changed since"), "{page}");
    look(&world).await;
    let board = arena.board().await;
    assert_eq!(board["ranks"]["is_current"], true, "{board}");
    assert!(board["ranks"]["computed_at"].is_string(), "{board}");
    let page = world.visitor().get("/c/noisy/leaderboard").await.expect(200).text();
    assert!(!page.contains("The ranges are from "), "{page}");
    assert!(board["items"].as_array().unwrap().iter().all(|row| row["rank_low"] == 1), "{board}");
    assert_eq!(count(&world, "select count(*) from influences").await, 3);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_gain_that_is_noise_between_teams_is_told_by_a_teams_own_two_files(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    look(&world).await;
    let noise = arena.board().await["ranks"]["noise"].as_f64().unwrap();
    let bob = &people[0];
    // The errors of the file before, all a little smaller.
    let id = arena.submit(bob, &predictions(1, 9.0)).await;
    world.drain().await;
    let waiting = arena.submission(bob, id).await["gain"].clone();
    assert_eq!((&waiting["noise_of"], &waiting["is_noise"]), (&json!("board"), &json!(true)), "{waiting}");
    look(&world).await;
    let gain = arena.submission(bob, id).await["gain"].clone();
    let (value, told) = (gain["value"].as_f64().unwrap(), gain["noise"].as_f64().unwrap());
    assert_eq!((&gain["noise_of"], &gain["is_noise"]), (&json!("files"), &json!(false)), "{gain}");
    assert!(told < value && value < noise, "{gain}, and {noise} between teams");
    let page = bob.browser.get(&format!("/c/noisy/submissions/{id}")).await.expect(200).text();
    assert!(page.contains("more than noise. Compared on the same rows"), "{page}");

    // A worse file of other errors is compared, too; nothing of it is shown after the end.
    let other = arena.submit(bob, &predictions(33, 9.4)).await;
    world.drain().await;
    look(&world).await;
    let gain = arena.submission(bob, other).await["gain"].clone();
    assert_eq!((&gain["before_id"], &gain["noise_of"]), (&json!(id), &json!("files")), "{gain}");
    assert!(gain["noise"].as_f64() > Some(told) && gain["is_noise"] == true, "{gain}");
    assert_eq!(count(&world, "select count(*) from gains").await, 2, "a first file has none before it");
    world.let_pass(TimeDelta::days(31)).await;
    assert!(arena.submission(bob, other).await["gain"].is_null());
    world.close().await;
}

/// So many teams more, whose files are copies of those of the three: of the better ones, then of the worst.
async fn copies(world: &World, n_better: i64, n_worst: i64) {
    let statement = format!(
        "set session_replication_role = replica;
         create temporary table kinds as
            select row_number() over (order by b.rank_key) as kind, b.competition_id, b.version_id, b.public_score, b.rank_key,
                   s.user_id, s.storage_key, s.sha256, s.size_bytes
            from board_entries b join submissions s on s.id = b.submission_id;
         create temporary table copies as
            select i, k.*, nextval(pg_get_serial_sequence('teams', 'id')) as team_id,
                   nextval(pg_get_serial_sequence('submissions', 'id')) as submission_id
            from generate_series(1, {n_better} + {n_worst}) i
            join kinds k on k.kind = case when i <= {n_better} then 1 + i % 2 else 3 end;
         insert into teams (id, competition_id, name) overriding system value
            select team_id, competition_id, 'Copy ' || i from copies;
         insert into submissions (id, competition_id, team_id, user_id, received_at, is_late, file_name, storage_key,
                                  size_bytes, sha256, state, scored_at) overriding system value
            select submission_id, competition_id, team_id, user_id, now(), false, 'copy.csv', storage_key || '-' || i, size_bytes, sha256,
                   'scored', now()
            from copies;
         insert into board_entries (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at,
                                    n_entries, last_entry_at)
            select competition_id, version_id, team_id, submission_id, public_score, rank_key, now(), 1, now() from copies;
         update competitions set n_teams = n_teams + {n_better} + {n_worst}, board_revision = board_revision + 1;
         insert into rank_refreshes select id, now() from competitions on conflict do nothing;
         set session_replication_role = origin"
    );
    let mut conn = world.pool.acquire().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *conn).await.unwrap();
    let copied =
        sql("select storage_key from submissions where file_name = 'copy.csv'").fetch_all(&world.pool);
    for row in copied.await.unwrap() {
        let key: String = row.get(0);
        let original = key.rsplit_once('-').unwrap().0;
        std::fs::hard_link(world.files().join(original), world.files().join(&key)).unwrap();
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn ranges_of_a_long_board_count_teams_that_were_not_compared(pool: PgPool) {
    let (world, arena, _) = contest(pool).await;
    copies(&world, 1098, 99).await;
    look(&world).await;
    let board = arena.board().await;
    let ranks = &board["ranks"];
    assert_eq!((&ranks["n_compared"], &ranks["n_teams"]), (&json!(1000), &json!(1200)), "{ranks}");
    assert!(ranks["shake_up"].as_f64() > Some(0.0), "{ranks}");
    let first = &board["items"][0];
    assert_eq!(first["rank_low"], 1, "{first}");
    let high = first["rank_high"].as_i64().unwrap();
    assert!(
        (1100..1120).contains(&high),
        "as low as the last of the two that are alike, and not last: {first}"
    );
    let mut rows = Vec::new();
    let mut next = board["next"].as_str().map(str::to_owned);
    rows.extend(board["items"].as_array().unwrap().iter().cloned());
    while let Some(key) = next {
        let address = arena.api(&format!("/leaderboard?limit=200&after={key}"));
        let part = world.visitor().get(&address).await.expect(200).json();
        rows.extend(part["items"].as_array().unwrap().iter().cloned());
        next = part["next"].as_str().map(str::to_owned);
    }
    assert_eq!(rows.len(), 1200);
    assert!(rows[999]["rank_high"].as_i64() >= Some(1100), "{}", rows[999]);
    assert!(rows[999]["no_range"].is_null() && rows[1000]["rank_high"].is_null());
    let reason = "Only the first 1,000 teams of this board are compared with each other.";
    assert_eq!(rows[1000]["no_range"], reason);
    let html = world.visitor().get("/c/noisy/leaderboard").await.expect(200).text();
    assert!(html.contains("The first 1,000 of 1,200 teams were compared"), "{html}");
    let pair = format!("a={}&b={}", rows[0]["team_id"], rows[1100]["team_id"]);
    let compared =
        world.visitor().get(&arena.api(&format!("/leaderboard/compare?{pair}"))).await.expect(200).json();
    assert_eq!((&compared["absent"], compared["difference"].is_null()), (&json!(reason), true), "{compared}");
    let html = world.visitor().get(&format!("/c/noisy/leaderboard/compare?{pair}")).await.expect(200).text();
    assert!(html.contains(reason) && !html.contains("happens shortly after"), "{html}");

    // Now it is known how few rows there are: all teams have a range, and the first of them are compared in pairs.
    for statement in [
        "update competitions set board_revision = board_revision + 1",
        "insert into rank_refreshes select id, now() from competitions on conflict do nothing",
    ] {
        sql(statement).execute(&world.pool).await.unwrap();
    }
    look(&world).await;
    let ranks = &arena.board().await["ranks"];
    assert_eq!((&ranks["n_compared"], &ranks["n_teams"]), (&json!(1200), &json!(1200)), "{ranks}");
    let address = arena.api(&format!("/leaderboard/compare?{pair}"));
    let compared = world.visitor().get(&address).await.expect(200).json();
    assert!(compared["difference"].is_null(), "{compared}");
    let absent = compared["absent"].as_str().unwrap_or_default();
    assert!(absent.starts_with("Any two of the first 1,000 teams"), "{compared}");
    let pair = format!("a={}&b={}", rows[0]["team_id"], rows[900]["team_id"]);
    let address = arena.api(&format!("/leaderboard/compare?{pair}"));
    let compared = world.visitor().get(&address).await.expect(200).json();
    assert!(compared["difference"]["standard_error"].is_f64(), "{compared}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_host_declares_clusters_and_the_board_counts_them(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    let api = |rest: &str| format!("/api/v1/competitions/wards{rest}");
    let new = json!({ "title": "Wards", "slug": "wards" });
    host.api.send_json(Method::POST, "/api/v1/competitions", &new).await.expect(201);
    let plain = labels();
    let mut lines = plain.solution.lines();
    let head = format!("{},patient\n", lines.next().unwrap());
    let rows = lines.enumerate().map(|(row, line)| format!("{line},p{}\n", row % 80));
    let solution = head + &rows.collect::<String>();
    let put = async |rest: &str, body: String| {
        let kind = Some("application/octet-stream");
        host.api.send(Method::PUT, &api(rest), kind, body.into_bytes()).await.expect(200)
    };
    put("/data/sample_submission.csv?role=sample_submission", plain.sample).await;
    put("/solution", solution).await;
    let form = "/c/wards/host/metric";
    let wish = [("metric", "rmse"), ("public_percent", "30"), ("cluster_column", " patient ")];
    host.browser.post_form(form, &wish).await.expect(303);
    let page = host.browser.get(form).await.expect(200).text();
    assert!(page.contains("value=\"patient\"") && page.matches("cluster_column").count() > 1, "{page}");
    assert!(
        !page.contains("\"cluster_column\":") && !page.contains("cluster_column&#34;:"),
        "said once: {page}"
    );
    let wish = json!({ "metric": "rmse", "cluster_column": "patient" });
    host.api.send_json(Method::PUT, &api("/metric"), &wish).await.expect(200);
    world.drain().await;
    let launch = json!({ "days": 30, "audit_reason": "It is a test." });
    host.api.send_json(Method::POST, &api("/launch"), &launch).await.expect(200);
    for (seed, (name, size)) in [("bob", 10.0), ("cleo", 8.8)].into_iter().enumerate() {
        let person = world.member(name).await;
        let rules = json!({ "accept_rules": true });
        person.api.send_json(Method::POST, &api("/join"), &rules).await;
        let file = predictions(seed as u64 + 1, size);
        person.api.upload(&api("/submissions"), "predictions.csv", file).await;
    }
    world.drain().await;
    look(&world).await;
    let board = host.api.get(&api("/leaderboard")).await.expect(200).json();
    let ranks = &board["ranks"];
    assert_eq!((&ranks["unit"], &ranks["n_units"]), (&json!("clusters"), &json!(40)), "{board}");
    let page = world.visitor().get("/c/wards/leaderboard").await.expect(200).text();
    assert!(page.contains("are noise on these 40 clusters"), "{page}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn two_teams_are_compared_as_the_board_shows_them(pool: PgPool) {
    let (world, arena, _) = contest(pool).await;
    look(&world).await;
    let board = arena.board().await;
    let team = |at: usize| board["items"][at]["team_id"].as_i64().unwrap();
    let address = |a: i64, b: i64| arena.api(&format!("/leaderboard/compare?a={a}&b={b}"));
    let close = world.visitor().get(&address(team(0), team(1))).await.expect(200).json();
    assert_eq!(close["difference"]["is_noise"], true, "{close}");
    let apart = world.visitor().get(&address(team(2), team(0))).await.expect(200).json();
    let difference = &apart["difference"];
    assert_eq!(difference["is_noise"], false, "{apart}");
    assert!(difference["n_won"].is_null(), "exact counts would tell labels: {apart}");
    assert!(difference["low"].as_f64() > Some(0.0) && difference["p"].as_f64() < Some(0.01), "{apart}");
    let shown = board["items"][2]["score"].as_f64().unwrap() - board["items"][0]["score"].as_f64().unwrap();
    assert_eq!(difference["value"].as_f64(), Some(shown), "no digit that the board hides");
    world.visitor().get(&address(team(0), 999_999)).await.expect(422);
    let page = world.visitor().get("/c/noisy/leaderboard/compare").await.expect(200).text();
    assert!(page.contains("Their difference may be chance."), "{page}");
    assert!(!page.contains("would be needed"), "that is for hosts");
    let host = arena.host.browser.get("/c/noisy/host").await.expect(200).text();
    assert!(host.contains("may be chance. To tell these two apart, about"), "{host}");
    assert!(host.contains("are noise on these 120 rows"));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn nothing_of_private_rows_or_labels_can_be_read_before_the_end(pool: PgPool) {
    let (world, arena, _) = contest(pool).await;
    look(&world).await;
    for table in ["influences", "covariances", "rank_ranges", "rank_summaries", "rank_refreshes"] {
        let statement = sqlx::AssertSqlSafe(format!("select 1 from {table}"));
        let refused = sqlx::raw_sql(statement).execute(&world.app.db).await.unwrap_err();
        assert!(refused.to_string().contains("permission denied"), "{table}: {refused}");
    }
    for row in sql("select storage_key from influences union all select storage_key from covariances")
        .fetch_all(&world.pool)
        .await
        .unwrap()
    {
        let bytes = std::fs::read(world.files().join(row.get::<String, _>(0))).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1"), "sealed");
    }
    assert_eq!(count(&world, "select count(*) from rank_summaries where split = 'private'").await, 0);
    let counted = sql("update rank_ranges set units_won = '{1}'").execute(&world.pool).await.unwrap_err();
    assert!(counted.to_string().contains("rank_ranges_won_at_the_end"), "{counted}");
    let early = sql("update rank_ranges set split = 'private'").execute(&world.pool).await.unwrap_err();
    assert!(early.to_string().contains("no private ranks stand before the end"), "{early}");

    world.let_pass(TimeDelta::days(31)).await;
    let board = arena.board().await;
    assert_eq!((&board["board"], board["ranks"].is_null()), (&json!("private"), true), "{board}");
    look(&world).await;
    let board = arena.board().await;
    assert_eq!(
        (&board["items"][2]["rank_low"], &board["items"][0]["rank_low"]),
        (&json!(3), &json!(1)),
        "{board}"
    );
    let team = |at: usize| board["items"][at]["team_id"].clone();
    let pair = format!("/leaderboard/compare?a={}&b={}", team(0), team(2));
    let compared = world.visitor().get(&arena.api(&pair)).await.expect(200).json();
    let (won, lost) = (compared["difference"]["n_won"].as_i64(), compared["difference"]["n_lost"].as_i64());
    assert!(
        won > Some(60) && lost < Some(60) && lost > Some(0),
        "the far worse file wins few rows: {compared}"
    );
    assert_eq!(won.zip(lost).map(|(won, lost)| won + lost), Some(120), "no two errors are equal: {compared}");
    let page = world.visitor().get(&format!("/c/noisy{pair}")).await.expect(200).text();
    assert!(page.contains("Of 120 rows, "), "{page}");
    let places: Vec<_> = board["items"].as_array().unwrap().iter().map(|row| row["rank"].as_i64()).collect();
    assert_eq!(places, [Some(1), Some(2), Some(3)], "who may be tied still has an exact rank");
    assert_eq!(board["ranks"]["n_units"], N_ROWS / 2);
    assert!(board["ranks"]["shake_up"].is_null(), "nothing is left to forecast");
    world.close().await;
}

/// The ranges of all rows: team, lowest and highest rank.
async fn ranges_by_team(arena: &Arena) -> Vec<(String, i64, i64)> {
    let board = arena.board().await;
    let teams = board["items"].as_array().unwrap().iter().map(|row| row["team"].as_str().unwrap().to_owned());
    teams.zip(ranges(&board)).map(|(team, (low, high))| (team, low, high)).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_disqualified_team_leaves_the_ranges_and_comes_back_as_it_was(pool: PgPool) {
    let (world, arena, _) = contest(pool).await;
    look(&world).await;
    let before = ranges_by_team(&arena).await;
    assert_eq!(before.len(), 3);
    let first = before[0].0.clone();
    let decision = arena
        .host
        .api
        .send_json(
            Method::POST,
            &arena.api("/disqualifications"),
            &json!({ "team": first, "reason": "Two accounts." }),
        )
        .await
        .expect(201)
        .json();
    look(&world).await;
    let without = ranges_by_team(&arena).await;
    assert_eq!(without.iter().map(|(_, low, high)| (*low, *high)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    let left = "select count(*) from rank_ranges r join teams t on t.id = r.team_id where t.name = $1";
    let n_left: i64 = sql(left).bind(&first).fetch_one(&world.pool).await.unwrap().get(0);
    assert_eq!(n_left, 0, "nothing is kept of who is off the board");
    assert_eq!(count(&world, "select count(*) from influences").await, 2);

    let lift = arena.api(&format!("/disqualifications/{}/lift", decision["id"]));
    arena
        .host
        .api
        .send_json(Method::POST, &lift, &json!({ "reason": "It was one person." }))
        .await
        .expect(200);
    let board = arena.board().await;
    assert!(board["items"][0]["rank_low"].is_null(), "nobody looked at it again yet: {board}");
    look(&world).await;
    assert_eq!(ranges_by_team(&arena).await, before);

    // After the end the private ranges follow the final board in the same way.
    world.let_pass(TimeDelta::days(31)).await;
    arena.board().await;
    look(&world).await;
    let before = ranges_by_team(&arena).await;
    let reason = json!({ "team": first, "reason": "Three accounts." });
    let decision = arena
        .host
        .api
        .send_json(Method::POST, &arena.api("/disqualifications"), &reason)
        .await
        .expect(201)
        .json();
    look(&world).await;
    let without = ranges_by_team(&arena).await;
    assert!(
        without.len() == 2 && without.iter().all(|(team, _, high)| *team != first && *high <= 2),
        "{without:?}"
    );
    let lift = arena.api(&format!("/disqualifications/{}/lift", decision["id"]));
    arena.host.api.send_json(Method::POST, &lift, &json!({ "reason": "One after all." })).await.expect(200);
    look(&world).await;
    assert_eq!(ranges_by_team(&arena).await, before);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_team_that_became_part_of_another_has_no_range_of_its_own(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    look(&world).await;
    let (bob, cleo) = (&people[0], &people[1]);
    let asked = json!({ "team": team_of(&arena, bob).await["name"] });
    cleo.api.send_json(Method::POST, &arena.api("/team/merge-requests"), &asked).await.expect(200);
    let request = team_of(&arena, bob).await["merge_requests"][0]["id"].clone();
    let accept = arena.api(&format!("/team/merge-requests/{request}/accept"));
    bob.api.send_json(Method::POST, &accept, &json!({})).await.expect(200);
    look(&world).await;
    let merged = ranges_by_team(&arena).await;
    assert_eq!(merged.iter().map(|(_, low, high)| (*low, *high)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    assert_eq!(count(&world, "select count(*) from rank_ranges").await, 2);
    world.close().await;
}

async fn team_of(arena: &Arena, person: &Person) -> Value {
    person.api.get(&arena.api("/team")).await.expect(200).json()["team"].clone()
}

/// As after a version under which a file's values are those of other units.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn columns_that_were_kept_in_another_shape_are_made_anew(pool: PgPool) {
    let (world, arena, people) = contest(pool).await;
    look(&world).await;
    let before = ranges_by_team(&arena).await;
    let other = world.open_competition(&arena.host, "other", &labels_of(100)).await;
    other.join(&people[0]).await;
    other.submit(&people[0], &predictions_of(100, 1, 10.0)).await;
    world.drain().await;
    look(&world).await;
    let exchanged = "update influences i set storage_key = o.storage_key, sealed_sha256 = o.sealed_sha256
         from influences o join submissions s on s.id = o.submission_id join competitions c on c.id = s.competition_id
         where c.slug = 'other' and i.submission_id <> o.submission_id";
    assert_eq!(sql(exchanged).execute(&world.pool).await.unwrap().rows_affected(), 3);
    arena.submit(&people[2], &predictions(9, 50.0)).await;
    world.drain().await;
    look(&world).await;
    let after = ranges_by_team(&arena).await;
    assert_eq!(after[..2], before[..2], "{after:?}");
    assert_eq!((after[2].1, after[2].2), (3, 3));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn too_few_rows_are_told_and_give_no_range(pool: PgPool) {
    let world = World::new(pool).await;
    let (host, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&host, "tiny", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(5, 5)).await;
    world.drain().await;
    look(&world).await;
    let board = arena.board().await;
    assert!(board["ranks"]["absent"].as_str().unwrap().contains("fewer than 10 rows"), "{board}");
    assert!(board["items"][0]["rank_low"].is_null());
    let page = world.visitor().get("/c/tiny/leaderboard").await.expect(200).text();
    assert!(page.contains("fewer than 10 rows"));
    world.close().await;
}
