//! Hosting: who sees what, what a launch refuses, what it freezes.

mod digits;
mod discard;
mod files;
mod unlaunch;

use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use ureq::http::Method;

use crate::client::Answer;
use crate::world::{Person, World, sql};

/// The public half of a key whose private half exists nowhere.
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
/// What must not be found on the disk after a secret was sent.
const LABEL: &str = "very-secret-label-4711";

struct Scene {
    world: World,
    host: Person,
    stranger: Person,
}

impl Scene {
    /// A host, a stranger, and what a scorer would have announced.
    async fn begin(pool: PgPool) -> Self {
        let world = World::without_scorers(pool).await;
        let (host, stranger) = (world.member("ada").await, world.member("dave").await);
        sql("insert into scorer_keys (recipient) values ($1)")
            .bind(RECIPIENT)
            .execute(&world.pool)
            .await
            .unwrap();
        let spec = json!({
            "name": "rmse", "title": "Root mean squared error", "task": "regression",
            "direction": "lower_is_better", "best": 0.0,
            "layout": { "kind": "target", "solution": "number", "submission": "number" },
            "parameters": [{ "name": "power", "type": "number", "minimum": 1.0, "maximum": 4.0, "default": 2.0,
                             "description": "The exponent.", "is_main": true }],
            "sentence": "The typical error.", "formula": "\\sqrt{\\frac{1}{n}\\sum_i e_i^2}",
            "edge_cases": ["An empty split is undefined."], "gaming": "Shrink towards the mean."
        });
        sql("insert into metrics (name, spec, engine_version, announced_at) values ('rmse', $1, 'test', clock_now())")
            .bind(&spec)
            .execute(&world.pool)
            .await
            .unwrap();
        Self { world, host, stranger }
    }

    async fn draft(&self, slug: &str) -> String {
        let body = json!({ "title": format!("Competition {slug}"), "slug": slug });
        let made =
            self.host.api.send_json(Method::POST, "/api/v1/competitions", &body).await.expect(201).json();
        assert_eq!(made["state"], "draft");
        made["slug"].as_str().unwrap().to_owned()
    }

    /// A draft with everything a launch needs but the examination.
    async fn whole_draft(&self, slug: &str) -> String {
        let slug = self.draft(slug).await;
        self.put(&slug, "/data/sample_submission.csv?role=sample_submission", "id,target\na,0\nb,0\n")
            .await
            .expect(200);
        self.put(&slug, "/data/train.csv?role=train&description=To+learn+from", &train()).await.expect(200);
        self.put(&slug, "/solution", "id,target,Usage\na,1,Public\nb,2,Private\n").await.expect(200);
        self.host
            .api
            .send_json(Method::PUT, &api(&slug, "/metric"), &json!({ "metric": "rmse@3" }))
            .await
            .expect(200);
        slug
    }

    async fn put(&self, slug: &str, rest: &str, body: &str) -> Answer {
        let kind = Some("application/octet-stream");
        self.host.api.send(Method::PUT, &api(slug, rest), kind, body.as_bytes().to_vec()).await
    }

    /// Does what a scorer's examination does, with these findings.
    async fn examine(&self, slug: &str, findings: Value) {
        self.report(slug, &json!({ "profile": null, "findings": findings, "suggested_metrics": ["rmse"] }))
            .await;
    }

    /// An examination whose audit ends with this verdict.
    async fn audit(&self, slug: &str, overall: &str, verdict: &str) {
        let check = json!({ "check": "E honest report", "verdict": verdict, "value": 0.165,
                            "text": "Sending 0.7 times the median scores better.", "exploit": "Shrink.",
                            "repair": "Use mae." });
        let audit = json!({ "overall": overall, "checks": [check] });
        let report = json!({ "profile": null, "findings": [], "suggested_metrics": [], "audit": audit });
        self.report(slug, &report).await;
    }

    async fn report(&self, slug: &str, report: &Value) {
        sql("update scoring_versions set report = $2, examined_revision = input_revision
             where competition_id = (select id from competitions where slug = $1)")
        .bind(slug)
        .bind(report)
        .execute(&self.world.pool)
        .await
        .unwrap();
        sql("insert into split_comparisons
             select v.id, v.input_revision, c.active_version_id, true
             from competitions c join scoring_versions v on v.competition_id = c.id
             where c.slug = $1 and v.stage = 'draft' and c.active_version_id is not null
             on conflict do nothing")
        .bind(slug)
        .execute(&self.world.pool)
        .await
        .unwrap();
        self.forget_jobs().await;
    }

    async fn forget_jobs(&self) {
        sql("update jobs set state = 'done', finished_at = now() where state = 'queued'")
            .execute(&self.world.pool)
            .await
            .unwrap();
    }

    async fn launch(&self, slug: &str) -> Answer {
        self.host.api.send_json(Method::POST, &api(slug, "/launch"), &json!({})).await
    }

    async fn launched(&self, slug: &str) -> String {
        let slug = self.whole_draft(slug).await;
        self.examine(&slug, json!([])).await;
        self.launch(&slug).await.expect(200);
        slug
    }

    /// Puts somebody into a team of their own, as accepting the rules does.
    async fn join(&self, slug: &str, person: &Person) {
        sql("with t as (insert into teams (competition_id, name)
                 select id, $2 from competitions where slug = $1 returning id, competition_id)
             insert into team_members (competition_id, team_id, user_id, is_leader, rules_accepted_at, joined_at)
             select competition_id, id, $3, true, clock_now(), clock_now() from t")
        .bind(slug)
        .bind(&person.name)
        .bind(person.id)
        .execute(&self.world.pool)
        .await
        .unwrap();
    }

    async fn end(self) {
        self.forget_jobs().await;
        self.world.close().await;
    }
}

fn api(slug: &str, rest: &str) -> String {
    format!("/api/v1/competitions/{slug}{rest}")
}

/// Large enough to be sent in several pieces.
fn train() -> String {
    let rows: String = (0..20_000).map(|row| format!("r{row},{}\n", row % 97)).collect();
    format!("id,target\n{rows}")
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_may_not_see_a_competition_finds_nothing(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let draft = scene.draft("quiet").await;
    let (invited, unlisted) = (scene.launched("invited").await, scene.launched("unlisted").await);
    for (slug, visibility) in [(&invited, "invitation"), (&unlisted, "unlisted")] {
        scene
            .host
            .api
            .send_json(Method::PATCH, &api(slug, ""), &json!({ "visibility": visibility }))
            .await
            .expect(200);
    }
    let visitor = scene.world.visitor();
    for slug in [&draft, &invited] {
        for path in ["", "/data", "/p/rules"].map(|rest| format!("/c/{slug}{rest}")) {
            visitor.get(&path).await.expect(404);
            scene.stranger.browser.get(&path).await.expect(404);
            scene.host.browser.get(&path).await.expect(200);
        }
        scene.stranger.api.get(&api(slug, "")).await.expect(404);
        scene.stranger.browser.get(&format!("/c/{slug}/host/solution")).await.expect(404);
    }
    visitor.get(&format!("/c/{unlisted}")).await.expect(200);
    for list in [visitor.get("/").await, visitor.get("/api/v1/competitions").await] {
        for slug in [&draft, &invited, &unlisted] {
            assert!(!list.text().contains(slug.as_str()), "{slug} is listed at {}", list.asked);
        }
    }
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_address_or_a_link_invites(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.launched("class").await;
    let guest = scene.world.member("grace").await;
    let form = [("visibility", "invitation"), ("emails", "Grace@people.test, someone@else.test")];
    scene.host.browser.post_form(&format!("/c/{slug}/host/visibility"), &form).await.expect_redirect();
    guest.browser.get(&format!("/c/{slug}")).await.expect(200);

    let page = scene.host.browser.get(&format!("/c/{slug}/host/visibility")).await.expect(200).text();
    let start = page.find(&format!("/c/{slug}/invitation/")).expect("the link is shown");
    let link: String = page[start..].chars().take_while(|c| !"<\" ".contains(*c)).collect();
    scene.stranger.browser.get(&format!("/c/{slug}")).await.expect(404);
    scene.stranger.browser.get(&format!("/c/{slug}/invitation/guessed")).await.expect(404);
    scene.stranger.browser.get(&link).await.expect(200);
    scene.stranger.browser.post_form(&link, &[]).await.expect_redirect();
    scene.stranger.browser.get(&format!("/c/{slug}")).await.expect(200);

    scene.host.browser.post_form(&format!("/c/{slug}/host/visibility/link"), &[]).await.expect_redirect();
    guest.browser.get(&link).await.expect(404);
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_launch_is_refused_with_reasons_and_fixes(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let empty = scene.draft("empty").await;
    let refused = scene.launch(&empty).await.expect(403).json()["detail"].as_str().unwrap().to_owned();
    for missing in ["sample submission", "solution is missing", "No metric"] {
        assert!(refused.contains(missing), "{refused}");
    }
    let slug = scene.whole_draft("whole").await;
    let refused = scene.launch(&slug).await.expect(403);
    assert!(refused.text().contains("have not examined"), "{}", refused.text());

    let finding = json!([{ "check": "split_empty", "verdict": "REFUSED", "text": "No row is private.",
                           "fix": "Mark some rows as Private." }]);
    scene.examine(&slug, finding).await;
    let refused = scene.launch(&slug).await.expect(403).text();
    assert!(refused.contains("No row is private. Mark some rows as Private."), "{refused}");
    let page = scene.host.browser.get(&format!("/c/{slug}/host/launch")).await.expect(200).text();
    assert!(page.contains("Mark some rows as Private."));
    let form = scene.host.browser.post_form(&format!("/c/{slug}/host/launch"), &[]).await.expect(422);
    assert!(form.text().contains("No row is private."));

    scene.examine(&slug, json!([])).await;
    scene.put(&slug, "/solution", "id,target\na,1\nb,3\n").await.expect(200);
    let refused = scene.launch(&slug).await.expect(403);
    assert!(refused.text().contains("have not examined"), "a report about an earlier solution counted");
    scene.examine(&slug, json!([])).await;
    let launched = scene.launch(&slug).await.expect(200).json();
    assert_eq!((launched["state"].as_str(), launched["metric"].as_str()), (Some("open"), Some("rmse")));
    assert!(scene.launch(&slug).await.expect(403).text().contains("already"));
    let noted: i64 = sql("select count(*) from audit_log where action = 'launch'")
        .fetch_one(&scene.world.pool)
        .await
        .unwrap()
        .get(0);
    assert_eq!(noted, 1);
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_fail_of_the_audit_is_launched_over_with_a_reason_that_everybody_reads(pool: PgPool) {
    const REASON: &str = "It replays <b>an old contest</b> as it was.";
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("replay").await;
    scene.audit(&slug, "FAIL", "fail").await;
    let report = scene.host.api.get(&api(&slug, "/report")).await.expect(200).json();
    assert_eq!((&report["may_launch"], &report["wants_audit_reason"]), (&json!(true), &json!(true)));
    let told = scene.launch(&slug).await.expect(422).json();
    assert_eq!(told["field"], "audit_reason", "{told}");
    let page = format!("/c/{slug}/host/launch");
    let form = scene.host.browser.post_form(&page, &[("audit_reason", " ")]).await.expect(422).text();
    assert!(form.contains("The audit found a FAIL"), "{form}");
    let long = json!({ "audit_reason": "x".repeat(1001) });
    scene.host.api.send_json(Method::POST, &api(&slug, "/launch"), &long).await.expect(422);
    let raw = sql("update scoring_versions set activated_at = clock_now() where audit_overall = 'FAIL'");
    let refused = raw.execute(&scene.world.pool).await.unwrap_err().to_string();
    assert!(refused.contains("scoring_versions_fail_has_reason"), "{refused}");

    scene.host.browser.post_form(&page, &[("audit_reason", REASON)]).await.expect_redirect();
    let noted: Value = sql("select detail from audit_log where action = 'launch'")
        .fetch_one(&scene.world.pool)
        .await
        .unwrap()
        .get(0);
    assert_eq!((&noted["audit"], &noted["audit_reason"]), (&json!("FAIL"), &json!(REASON)));
    for path in ["/p/rules", "/join"] {
        let page = scene.stranger.browser.get(&format!("/c/{slug}{path}")).await.expect(200).text();
        assert!(page.contains("This metric can be gamed") && page.contains("an old contest"), "{path}");
        assert!(!page.contains("<b>an old") && !page.contains("0.7 times"), "{path}");
    }
    let metric = scene.world.visitor().get(&api(&slug, "/metric")).await.expect(200).json();
    assert_eq!((&metric["audit"], &metric["audit_reason"]), (&json!("FAIL"), &json!(REASON)));
    let folder = scene.host.api.get(&api(&slug, "/folder")).await.expect(200).json();
    assert_eq!(folder["competition"]["audit"]["reason"], REASON);

    // A new version takes the reason over; without one it is not begun to be scored.
    scene.host.api.send_json(Method::POST, &api(&slug, "/versions"), &json!({})).await.expect(201);
    scene.audit(&slug, "FAIL", "fail").await;
    let start = async || {
        let reason = json!({ "reason": "Better." });
        scene.host.api.send_json(Method::POST, &api(&slug, "/versions/2/start"), &reason).await
    };
    scene.host.api.send_json(Method::PUT, &api(&slug, "/audit"), &json!({})).await.expect(200);
    assert!(start().await.expect(403).text().contains("Write down why"));
    let answer = json!({ "audit_reason": REASON });
    scene.host.api.send_json(Method::PUT, &api(&slug, "/audit"), &answer).await.expect(200);
    start().await.expect(200);
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_the_audit_refuses_or_passes_needs_no_reason_and_no_reason_helps(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("fair").await;
    scene.audit(&slug, "REFUSED", "refused").await;
    let raw = sql("update scoring_versions set activated_at = clock_now(), audit_reason = 'because'");
    let refused = raw.execute(&scene.world.pool).await.unwrap_err().to_string();
    assert!(refused.contains("scoring_versions_refused_never_counts"), "{refused}");
    scene.audit(&slug, "WARN", "warn").await;
    scene.launch(&slug).await.expect(200);
    let rules = scene.stranger.browser.get(&format!("/c/{slug}/p/rules")).await.expect(200).text();
    assert!(!rules.contains("can be gamed"));
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_audit_is_for_hosts_and_asks_one_question(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("question").await;
    scene.audit(&slug, "WARN", "warn").await;
    let (address, page) = (api(&slug, "/audit"), format!("/c/{slug}/host/audit"));
    scene.world.visitor().get(&address).await.expect(401);
    scene.stranger.api.get(&address).await.expect(404);
    scene.stranger.api.send_json(Method::PUT, &address, &json!({})).await.expect(404);
    scene.stranger.browser.get(&page).await.expect(404);
    let shown = scene.host.browser.get(&page).await.expect(200).text();
    assert!(shown.contains("Sending 0.7 times the median") && shown.contains("0.165"), "{shown}");
    let found = scene.host.api.get(&address).await.expect(200).json();
    assert_eq!((&found["overall"], &found["declared"]), (&json!("WARN"), &Value::Null));
    assert_eq!(found["checks"][0]["repair"], "Use mae.");

    for wrong in ["mode", "quantile 2", "quantile"] {
        let answer = json!({ "declared": wrong });
        let told = scene.host.api.send_json(Method::PUT, &address, &answer).await.expect(422).json();
        assert_eq!(told["field"], "declared", "{wrong}");
    }
    let form = [("wanted", "quantile"), ("share", "0,9")];
    scene.host.browser.post_form(&page, &form).await.expect_redirect();
    let found = scene.host.api.get(&address).await.expect(200).json();
    assert_eq!((&found["declared"], &found["is_current"]), (&json!("quantile 0.9"), &json!(false)));
    scene.audit(&slug, "PASS", "pass").await;
    scene.launch(&slug).await.expect(200);
    let told = scene.host.api.send_json(Method::PUT, &address, &json!({})).await.expect(403).text();
    assert!(told.contains("fixed at launch"), "{told}");
    assert!(scene.host.browser.get(&page).await.expect(200).text().contains("quantile 0.9"));
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn another_plan_has_the_audit_made_again_before_the_launch(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.whole_draft("plan").await;
    scene.audit(&slug, "PASS", "pass").await;
    let is_current = async || {
        scene.host.api.get(&api(&slug, "/audit")).await.expect(200).json()["is_current"] == json!(true)
    };
    let n_jobs = async || {
        let row = sql("select count(*) from jobs where state = 'queued'").fetch_one(&scene.world.pool).await;
        row.unwrap().get::<i64, _>(0)
    };
    let edit = async |change: Value| {
        scene.host.api.send_json(Method::PATCH, &api(&slug, ""), &change).await.expect(200)
    };
    edit(json!({ "title": "Renamed", "team_limit": 3 })).await;
    assert!(is_current().await && n_jobs().await == 0);
    for change in [
        json!({ "daily_limit": 7 }),
        json!({ "total_limit": 30 }),
        json!({ "score_decimals": 2 }),
        json!({ "ends_at": "2999-01-01T00:00:00Z" }),
    ] {
        edit(change).await;
        assert!(!is_current().await && n_jobs().await == 1);
        scene.launch(&slug).await.expect(403);
        scene.audit(&slug, "PASS", "pass").await;
    }
    let form = [
        ("daily_limit", "8"),
        ("total_limit", "30"),
        ("final_limit", "2"),
        ("team_limit", "3"),
        ("max_upload_mib", "100"),
        ("score_decimals", "2"),
    ];
    scene.host.browser.post_form(&format!("/c/{slug}/host/limits"), &form).await.expect_redirect();
    assert!(!is_current().await);
    scene.audit(&slug, "PASS", "pass").await;
    scene.launch(&slug).await.expect(200);
    edit(json!({ "daily_limit": 9 })).await;
    assert_eq!(n_jobs().await, 0, "what is launched was judged");
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn after_the_launch_what_judges_is_fixed_and_promises_only_grow(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.launched("fixed").await;
    scene.put(&slug, "/solution", "id,target\na,9\nb,9\n").await.expect(403);
    scene
        .put(&slug, "/data/sample_submission.csv?role=sample_submission", "id,target\nz,0\n")
        .await
        .expect(403);
    scene
        .host
        .api
        .send(Method::DELETE, &api(&slug, "/data/sample_submission.csv"), None, Vec::new())
        .await
        .expect(403);
    let metric = json!({ "metric": "rmse@2" });
    scene.host.api.send_json(Method::PUT, &api(&slug, "/metric"), &metric).await.expect(403);

    let edit = async |change: Value| scene.host.api.send_json(Method::PATCH, &api(&slug, ""), &change).await;
    let now = scene.host.api.get(&api(&slug, "")).await.expect(200).json();
    edit(json!({ "daily_limit": 4 })).await.expect(422);
    edit(json!({ "total_limit": 4000 })).await.expect(422);
    edit(json!({ "total_limit": 0 })).await.expect(200);
    let hidden = json!({ "board_shows": "names_hidden" });
    assert_eq!(edit(hidden).await.expect(200).json()["board_shows"], "names_hidden");
    edit(json!({ "board_shows": "everybody" })).await.expect(422);
    edit(json!({ "board_shows": "own_row" })).await.expect(200);
    edit(json!({ "board_shows": "names_hidden" })).await.expect(422);
    edit(json!({ "daily_limit": 9 })).await.expect(200);
    edit(json!({ "slug": "elsewhere" })).await.expect(422);
    edit(json!({ "starts_at": "2020-01-01T00:00:00Z" })).await.expect(422);
    edit(json!({ "ends_at": now["entry_deadline_at"] })).await.expect(422);
    let later =
        edit(json!({ "ends_at": "2999-01-01T00:00:00Z", "title": "Renamed" })).await.expect(200).json();
    assert_eq!(later["title"], "Renamed");
    assert_eq!(later["ends_at"], "2999-01-01T00:00:00Z");
    scene.put(&slug, "/data/notes.txt", "more to read").await.expect(200);
    let solutions: i64 =
        sql("select count(*) from solutions").fetch_one(&scene.world.pool).await.unwrap().get(0);
    assert_eq!(solutions, 1, "a refused solution left a row");
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_hosts_write_cannot_run_in_anybodys_browser(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let slug = scene.launched("safe").await;
    let text = r#"Hello *there* $\frac{1}{2}$

<script>alert(1)</script><img src=x onerror=alert(2)>
<svg onload=alert(3)></svg><a href="javascript:alert(4)">x</a><form action=/sign-out></form><style>*{}</style>"#;
    let body = json!({ "title": "Overview", "markdown": text });
    scene.host.api.send_json(Method::PUT, &api(&slug, "/pages/overview"), &body).await.expect(204);
    let page = scene.world.visitor().get(&format!("/c/{slug}")).await.expect(200);
    let start = page.text().find("<article").expect("the text");
    let article = page.text()[start..].split("</article>").next().unwrap().to_owned();
    assert!(article.contains("<em>there</em>") && article.contains("<mfrac>"), "{article}");
    for evil in ["<script", "onerror", "onload", "javascript:", "<form", "<style", "<svg"] {
        assert!(!article.contains(evil), "{evil} in {article}");
    }
    assert!(!page.header("content-security-policy").contains("unsafe-inline"));
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_form_that_is_wrong_comes_back_filled_in(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let browser = &scene.host.browser;
    let answer = browser
        .post_form("/new/step-by-step", &[("title", ""), ("subtitle", "kept words")])
        .await
        .expect(422);
    assert!(answer.text().contains("Give the competition a title.") && answer.text().contains("kept words"));
    let begun = browser.post_form("/new/step-by-step", &[("title", "House prices")]).await.expect_redirect();
    assert_eq!(begun.location(), "/c/house-prices/host");
    let again = browser.post_form("/new/step-by-step", &[("title", "House prices")]).await.expect_redirect();
    assert_eq!(again.location(), "/c/house-prices-2/host");
    let typed = [("title", "Other"), ("slug", "house-prices")];
    assert!(browser.post_form("/new/step-by-step", &typed).await.expect(422).text().contains("is taken"));
    let wrong = [("metric", "rmse"), ("param_power", "9"), ("public_percent", "30")];
    let answer = browser.post_form("/c/house-prices/host/metric", &wrong).await.expect(422).text();
    assert!(answer.contains("“power” is a number from 1 to 4."), "{answer}");
    let right = [("metric", "rmse"), ("param_power", "3"), ("public_percent", "25")];
    browser.post_form("/c/house-prices/host/metric", &right).await.expect_redirect();
    let evaluation = browser.get("/c/house-prices/p/evaluation").await.expect(200).text();
    assert!(evaluation.contains("Root mean squared error") && evaluation.contains("<msqrt>"), "{evaluation}");
    scene.end().await;
}

async fn launch_many_like(scene: &Scene, template: &str, n: i32) {
    sql("insert into competitions (slug, title, created_by, launched_at, starts_at, entry_deadline_at,
             merger_deadline_at, ends_at)
         select 'no-' || n, 'Number ' || n, created_by, null, starts_at, ends_at, ends_at, ends_at
         from competitions, generate_series(1, $2) n where slug = $1")
    .bind(template)
    .bind(n)
    .execute(&scene.world.pool)
    .await
    .unwrap();
    for statement in [
        "insert into scoring_versions (competition_id, number, solution_id, metric, higher_is_better)
         select id, 1, null, 'rmse', false from competitions where slug like 'no-%'",
        "update competitions c set launched_at = starts_at, active_version_id = v.id
         from scoring_versions v where v.competition_id = c.id and slug like 'no-%'",
    ] {
        sql(statement).execute(&scene.world.pool).await.unwrap();
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_list_goes_on_by_key_and_shows_each_competition_once(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let template = scene.launched("first").await;
    launch_many_like(&scene, &template, 120).await;
    let (mut seen, mut next) = (Vec::new(), Some("/api/v1/competitions".to_owned()));
    while let Some(path) = next {
        let part = scene.world.visitor().get(&path).await.expect(200).json();
        seen.extend(
            part["items"].as_array().unwrap().iter().map(|item| item["slug"].as_str().unwrap().to_owned()),
        );
        next = part["next"].as_str().map(|before| format!("/api/v1/competitions?before={before}"));
    }
    let n_seen = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((n_seen, seen.len()), (121, 121));
    let home = scene.world.visitor().get("/").await.expect(200).text();
    assert!(home.contains("/?running="), "the page leads on");
    scene.end().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn invitations_go_on_where_the_front_page_ends(pool: PgPool) {
    let scene = Scene::begin(pool).await;
    let template = scene.launched("first").await;
    launch_many_like(&scene, &template, 60).await;
    for statement in [
        "update competitions set visibility = 'invitation' where slug like 'no-%'",
        "insert into competition_guests (competition_id, user_id, came_at)
         select c.id, u.id, now() from competitions c, users u where c.slug like 'no-%' and u.username = 'dave'",
    ] {
        sql(statement).execute(&scene.world.pool).await.unwrap();
    }
    let stranger = &scene.stranger;
    assert!(stranger.browser.get("/").await.expect(200).text().contains("/mine/invited"));
    let (mut shown, mut next) = (Vec::new(), Some("/mine/invited".to_owned()));
    while let Some(path) = next {
        let page = stranger.browser.get(&path).await.expect(200).text();
        shown.extend(
            page.split("href=\"/c/no-").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()),
        );
        next = page
            .split_once("?after=")
            .map(|(_, rest)| format!("/mine/invited?after={}", rest.split('"').next().unwrap()));
    }
    assert_eq!(shown, (1..=60).map(|n| n.to_string()).collect::<Vec<_>>(), "by end, then in their order");
    let list = "/api/v1/me/competitions/invited";
    let first = stranger.api.get(list).await.expect(200).json();
    let after = first["next"].as_str().expect("there is more");
    let second = stranger.api.get(&format!("{list}?after={after}")).await.expect(200).json();
    let n = |part: &Value| part["items"].as_array().unwrap().len();
    assert_eq!((n(&first), n(&second), &second["next"]), (50, 10, &Value::Null));
    stranger.api.get(&format!("{list}?after=here")).await.expect(422);
    assert_eq!(n(&scene.host.api.get(list).await.expect(200).json()), 0, "hosts are invited to nothing");
    scene.world.visitor().get("/mine/invited").await.expect_redirect();
    scene.end().await;
}
