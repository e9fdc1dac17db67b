//! Every statement of the server and the scorers, planned on a large database: none may read a
//! table that grows with use from end to end.
//!
//! `HOLDOUT_PLANS_TEAMS` and `HOLDOUT_PLANS_SUBMISSIONS` choose another size.

use std::collections::BTreeSet;
use std::env;
use std::fs;

use holdout::seed::{Size, seed};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Row};

use crate::tidy::{root, sources};

const GROWING: [&str; 106] = [
    "users",
    "sessions",
    "api_tokens",
    "one_time_links",
    "account_events",
    "terms_acceptances",
    "identities",
    "link_attempts",
    "logout_tokens",
    "stored_of_people",
    "stored_of_competitions",
    "files_let_go",
    "second_factors",
    "recovery_codes",
    "sign_in_challenges",
    "account_deletions",
    "mails",
    "competitions",
    "competition_words",
    "competition_invitations",
    "competition_guests",
    "invited_as",
    "former_hosts",
    "invitation_letters",
    "teams",
    "team_members",
    "team_invitations",
    "team_links",
    "merge_requests",
    "team_events",
    "disqualifications",
    "submissions",
    "scores",
    "exact_public_scores",
    "ladder_turns",
    "ladder_reach",
    "private_scores",
    "submission_log",
    "jobs",
    "board_entries",
    "final_entries",
    "final_teams",
    "end_reminders",
    "endings",
    "told_places",
    "competition_tallies",
    "competition_days",
    "competition_day_rejections",
    "influences",
    "gains",
    "rank_summaries",
    "rank_ranges",
    "rank_pictures",
    "other_metrics",
    "other_scores",
    "other_looks",
    "data_files",
    "file_checks",
    "uploads",
    "direct_uploads",
    "bundles",
    "bundle_files",
    "audit_log",
    "version_changes",
    "version_moves",
    "verifications",
    "verification_faults",
    "comparisons",
    "similar_pairs",
    "probing_signs",
    "certificates",
    "closings",
    "bulletins",
    "announcements",
    "changes",
    "incidents",
    "incident_updates",
    "extension_offers",
    "page_versions",
    "webhooks",
    "webhook_deliveries",
    "custom_metrics",
    "metric_failures",
    "forums",
    "subjects",
    "topics",
    "posts",
    "post_versions",
    "votes",
    "write_ups",
    "follows",
    "post_words",
    "title_words",
    "reports",
    "images",
    "image_uses",
    "notifications",
    "mail_preferences",
    "notebooks",
    "notebook_versions",
    "notebook_pictures",
    "notebook_drawings",
    "notebook_words",
    "notebook_runs",
    "notebook_run_files",
    "notebook_run_drawings",
];

/// Partial indexes that hold what is under way only, so that reading one whole is cheap.
const SMALL_INDEXES: &[&str] = &[
    "jobs_waiting",
    "jobs_waiting_of_team",
    "jobs_leased",
    "jobs_waiting_of_competition",
    "jobs_waiting_within",
    "jobs_waiting_rescoring",
    "jobs_one_ranks",
    "jobs_one_other_metrics",
    "jobs_one_probing",
    "verifications_open",
    "verifications_one_open",
    "comparisons_one_open",
    "submissions_unfinished",
    "mails_waiting",
    "competitions_unsettled",
    "one_time_links_for_admins",
    "users_admins",
    "webhook_deliveries_waiting",
    "tellings_pkey",
    "bulletins_untold",
    "incidents_found_once",
    "reports_open",
    "images_unused",
    "notebook_runs_one_open",
];

/// Statements that may read everything, by a fragment of their text, and why.
const MAY_READ_ALL: &[(&str, &str)] = &[
    (
        "delete from file_checks where id in (",
        "hourly, at most 500 rows found by an index; a small table is then read as quickly whole",
    ),
    (
        "union all select 'word on an incident'",
        "everything that one person did, by an index each; here one host did all there is of some kinds",
    ),
];

/// What a statement begins with that PostgreSQL cannot plan because there is nothing to plan.
const WITHOUT_PLAN: [&str; 6] = ["vacuum", "set ", "listen", "notify", "lock", "analyze"];

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn no_statement_reads_a_growing_table_from_end_to_end(pool: PgPool) {
    fill(&pool).await;
    functions_use_indexes(&pool).await;
    let mut conn = pool.acquire().await.unwrap();
    run(&mut conn, "set plan_cache_mode = force_generic_plan").await;
    let mut excused = BTreeSet::new();
    let mut complaints = Vec::new();
    let statements = statements();
    assert!(statements.len() > 100, "the committed descriptions of the statements are in .sqlx");
    for (statement, n_parameters) in &statements {
        let found = whole_reads(&plan(&mut conn, statement, *n_parameters).await, false);
        if found.is_empty() {
            continue;
        }
        match MAY_READ_ALL.iter().find(|(fragment, _)| statement.contains(fragment)) {
            Some((fragment, _)) => _ = excused.insert(*fragment),
            None => complaints.push(format!("{}\n{statement}", found.join("\n"))),
        }
    }
    assert!(complaints.is_empty(), "give these an index:\n\n{}", complaints.join("\n\n"));
    let idle: Vec<_> = MAY_READ_ALL
        .iter()
        .map(|(fragment, _)| *fragment)
        .filter(|fragment| !excused.contains(fragment))
        .collect();
    assert!(idle.is_empty(), "these excuses are not needed any more: {idle:?}");
}

/// Functions hide their plans, so these are run, and the tables are asked what happened to them.
async fn functions_use_indexes(pool: &PgPool) {
    let calls = [
        "select forget_log(clock_now(), 100)",
        "select reach_on_ladder((select max(submission_id) from ladder_turns), 1)",
        "select first_unjudged_turn((select team_id from ladder_turns where turn = (select max(turn) from ladder_turns)), 1, true)",
        "select count(*) from waiting_on_ladders where submission_id = (select max(id) from submissions) and version_id = 1",
        "select place_on_board(s.competition_id, s.team_id) from submissions s where s.id = (select max(id) from submissions)",
        "select * from released_private_scores(1, (select array_agg(id) from (select id from submissions order by id desc limit 50) s))",
        "select * from board_ranks((select id from competitions where slug = 'ranked'), (select active_version_id from competitions where slug = 'ranked'))",
        "select * from public_board((select id from competitions where slug = 'ranked'), (select active_version_id from competitions where slug = 'ranked'))",
        "select * from final_board((select id from competitions where slug = 'ranked'), (select active_version_id from competitions where slug = 'ranked'))",
        "select count(*) from recomputed_board((select id from competitions where slug = 'ranked'))",
        "select verify_boards(1, (select id from competitions where slug = 'ranked'), (select active_version_id from competitions where slug = 'ranked'))",
        "select count(*) from matching_posts(websearch_to_tsquery('english', 'text'), 1501)",
        "select count(*) from matching_posts(websearch_to_tsquery('english', 'nowhere'), 1501)",
        "select are_common_words(websearch_to_tsquery('english', 'text'))",
        "select count(*) from matching_notebooks(websearch_to_tsquery('english', 'title'), 1501)",
        "select count(*) from matching_notebooks(websearch_to_tsquery('english', 'rare'), 1501)",
        "select count(*) from newest_matching_posts(websearch_to_tsquery('english', 'text'), 1000000, 1000, 20)",
        "select count(*) from newest_posts_walked(websearch_to_tsquery('english', 'text'), 1000000, 1000, 20)",
        "select count(*) from newest_posts_within(websearch_to_tsquery('english', 'rare'), 1000000, 1000, 20)",
        "select count(*) from words_alike('Topiq', 5)",
        "select count(*) from competitions_spelled_alike('competishun', 20)",
        "select count(*) from people_spelled_alike('personn', 20)",
        "select remember_ranks((select id from competitions where slug = 'ranked'))",
    ];
    for call in calls {
        let mut transaction = pool.begin().await.unwrap();
        run(&mut transaction, call).await;
        let scanned = transaction_scans(&mut transaction).await;
        assert!(scanned.is_empty(), "{call} reads {scanned:?} from end to end");
    }
}

async fn fill(pool: &PgPool) {
    run(
        &mut pool.acquire().await.unwrap(),
        "insert into metrics (name, spec, engine_version, announced_at)
         values ('rmse', '{}', 'none', now()), ('mean_rank', '{}', 'none', now())",
    )
    .await;
    let size = Size {
        teams: from_env("HOLDOUT_PLANS_TEAMS", 20_000),
        submissions: from_env("HOLDOUT_PLANS_SUBMISSIONS", 400_000),
        seed: 1,
        ranked_by: 0,
        posts: 0,
        slug: "large".to_owned(),
    };
    seed(pool, &size).await.unwrap();
    let ranked = Size { teams: 500, submissions: 2000, ranked_by: 4, slug: "ranked".to_owned(), ..size };
    seed(pool, &ranked).await.unwrap();
    for rows in [
        include_str!("plans_fill.sql"),
        include_str!("plans_fill_forum.sql"),
        include_str!("plans_fill_notebooks.sql"),
    ] {
        run(&mut pool.acquire().await.unwrap(), rows).await;
    }
}

fn from_env(name: &str, default: i64) -> i64 {
    env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// The statements of the programs, with their numbers of parameters; those of tests are not among them.
fn statements() -> Vec<(String, usize)> {
    let (mut programs, mut tests) = (String::new(), String::new());
    for (path, text) in sources(&["rs"]) {
        let is_of_tests = path.strip_prefix(root()).unwrap_or(&path).iter().any(|part| part == "tests");
        let (of_program, of_tests) = match text.split_once("#[cfg(test)]\nmod ") {
            _ if is_of_tests => ("", &text[..]),
            Some((before, after)) => (before, after),
            None => (&text[..], ""),
        };
        programs.push_str(&spaced(of_program));
        tests.push_str(&spaced(of_tests));
    }
    // A statement that a macro puts together stands nowhere as a whole.
    let is_of_programs = |query: &str| programs.contains(query) || !tests.contains(query);
    let mut statements: Vec<_> = fs::read_dir(root().join(".sqlx"))
        .expect(".sqlx is committed; `make sqlx` writes it")
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap())
        .map(|text| serde_json::from_str::<Value>(&text).unwrap())
        .map(|description| {
            let n_parameters = description["describe"]["parameters"]["Left"].as_array().map_or(0, Vec::len);
            (description["query"].as_str().unwrap().to_owned(), n_parameters)
        })
        .filter(|(query, _)| is_of_programs(&spaced(query)))
        .filter(|(query, _)| {
            !WITHOUT_PLAN.iter().any(|word| query.trim_start().to_lowercase().starts_with(word))
        })
        .collect();
    statements.sort();
    statements
}

/// Without the differences between a literal in a source and the statement it stands for.
fn spaced(text: &str) -> String {
    text.replace("\\\"", "\"").split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn plan(conn: &mut PgConnection, statement: &str, n_parameters: usize) -> Value {
    run(conn, &format!("prepare planned as {statement}")).await;
    let nothing = vec!["null"; n_parameters].join(", ");
    let arguments = if nothing.is_empty() { String::new() } else { format!("({nothing})") };
    let explain = format!("explain (format json) execute planned{arguments}");
    let row = sqlx::raw_sql(AssertSqlSafe(explain)).fetch_one(&mut *conn).await;
    let plan = row.unwrap_or_else(|error| panic!("{error}\n{statement}")).get::<Value, _>(0);
    run(conn, "deallocate planned").await;
    plan[0]["Plan"].clone()
}

/// Scans of whole growing tables in a plan. A scan in the order of an index that a limit cuts short
/// reads a few rows only.
fn whole_reads(node: &Value, is_cut_short: bool) -> Vec<String> {
    let kind = node["Node Type"].as_str().unwrap_or_default();
    let table = node["Relation Name"].as_str().unwrap_or_default();
    let index = node["Index Name"].as_str().unwrap_or_default();
    let reads_all = match kind {
        "Seq Scan" | "Sample Scan" => true,
        "Index Scan" | "Index Only Scan" => {
            node["Index Cond"].is_null() && !is_cut_short && !SMALL_INDEXES.contains(&index)
        }
        _ => false,
    };
    let mut found = Vec::new();
    if reads_all && GROWING.contains(&table) {
        found.push(format!("{kind} {index} on {table}"));
    }
    // A sort or a hash must see every row before the first comes out.
    let is_cut_short = match kind {
        "Limit" => true,
        "Sort" | "Hash" | "Aggregate" | "HashAggregate" | "WindowAgg" => false,
        _ => is_cut_short,
    };
    for child in node["Plans"].as_array().into_iter().flatten() {
        found.extend(whole_reads(child, is_cut_short));
    }
    found
}

async fn transaction_scans(conn: &mut PgConnection) -> Vec<String> {
    sqlx::raw_sql("select relname::text from pg_stat_xact_user_tables where seq_scan > 0")
        .fetch_all(conn)
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.get::<String, _>(0))
        .filter(|table| GROWING.contains(&table.as_str()))
        .collect()
}

async fn run(conn: &mut PgConnection, statement: &str) {
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(conn)
        .await
        .unwrap_or_else(|error| panic!("{error}\n{statement}"));
}
