//! What hosts send: on every board in its place, with a tag in place of a rank. Who hosts is never ranked.

use chrono::TimeDelta;
use holdout::baselines::send::{enter as enter_as_host, send};
use holdout::closing::read::winners;
use holdout::competitions::access::{Seen, Standing, see};
use holdout::competitions::cohosts;
use holdout::competitions::model::Ended;
use holdout::error::AppError;
use holdout::leaderboard::model::{Key, Row, View};
use holdout::leaderboard::sight::BoardSight;
use holdout::leaderboard::{csv, read, settle};
use holdout::medals;
use holdout::shake_up;
use holdout::submissions::submit::enter;
use holdout::teams::join::join;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::command_line::Shell;
use crate::stage::{SLUG, Stage};
use crate::world::{Labels, World, sql};

impl Stage {
    async fn baseline(&self, name: &str, public: &[f64], private: &[f64]) {
        let host = self.host().await;
        let seen = enter_as_host(&self.app, &host, SLUG).await.unwrap();
        let upload = self.upload(&format!("{name} {public:?}"), None).await;
        let sent = send(&self.app, &host, &seen, name, upload).await.unwrap().submission;
        self.finish_by_parts(sent.team_id, sent.id, public, private).await;
    }

    async fn view(&self, wants_public: bool) -> (holdout::competitions::model::Competition, View) {
        let seen = see(&self.app, SLUG, None).await.unwrap();
        let view = View::choose(&seen.competition, self.app.clock.now(), wants_public);
        (seen.competition, view)
    }

    /// The whole board, read in pages of every length; all are alike.
    async fn whole(&self, wants_public: bool) -> Vec<Row> {
        let (competition, view) = self.view(wants_public).await;
        let sight = BoardSight::of_visitors(&competition);
        let whole = read::page(&self.app, &competition, view, &sight, Key::first(), 100).await.unwrap();
        for limit in 1..=4 {
            let (mut after, mut walked) = (Key::first(), Vec::new());
            loop {
                let page = read::page(&self.app, &competition, view, &sight, after, limit).await.unwrap();
                let Some(last) = page.last() else { break };
                after = last.key.to_string().parse().unwrap();
                walked.extend(page);
            }
            assert_eq!(walked, whole, "in pages of {limit}");
        }
        whole
    }

    async fn ended(&self) -> Ended {
        let (competition, _) = self.view(false).await;
        competition.ended(self.app.clock.now()).unwrap()
    }
}

fn read_off(rows: &[Row]) -> Vec<(String, &str)> {
    rows.iter().map(|row| (row.shown_rank(), row.team.as_str())).collect()
}

fn board<'a>(rows: &[(&str, &'a str)]) -> Vec<(String, &'a str)> {
    rows.iter().map(|(rank, team)| ((*rank).to_owned(), *team)).collect()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn baselines_stand_on_both_boards_and_nobody_is_counted_further(pool: PgPool) {
    let stage = Stage::open(pool).await;
    stage.baseline("Perfect", &[0.0], &[0.7]).await;
    let mut teams = Vec::new();
    for (name, public, private) in [("ada", 0.1, 0.6), ("bob", 0.3, 0.4), ("cy", 0.5, 0.2)] {
        let entrant = stage.entrant(name).await;
        stage.scored(&entrant, public, private).await;
        teams.push(entrant);
    }
    stage.baseline("Mean", &[0.3], &[0.5]).await;
    stage.baseline("Mean", &[0.4], &[0.9]).await;
    stage.baseline("Zeros", &[0.9], &[0.1]).await;
    let public = stage.whole(false).await;
    let expected = [("–", "Perfect"), ("1", "Ada"), ("2", "Bob"), ("–", "Mean"), ("3", "Cy"), ("–", "Zeros")];
    assert_eq!(read_off(&public), board(&expected));
    assert_eq!((public[3].n_entries, public[3].is_baseline, public[3].people.len()), (2, true, 0));
    let (competition, view) = stage.view(false).await;
    assert_eq!(competition.n_teams, 3, "baselines are no teams that take part");
    for (rank, team) in (1..).zip(&teams) {
        let own = read::own_row(&stage.app, &competition, view, &BoardSight::of_own_row(team.team_id))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(own.rank, Some(rank));
    }
    let sight = BoardSight::of_visitors(&competition);
    let names = sight.names().unwrap();
    let found = read::find(&stage.app, &competition, view, names, "mean").await.unwrap();
    assert_eq!(read_off(&found.rows), board(&[("–", "Mean")]));
    let (text, _) = csv::part(&stage.app, &competition, view, &sight, Key::first(), true).await.unwrap();
    let line = text.lines().nth(1).unwrap();
    assert!(line.starts_with(",,Perfect,,") && line.contains(",true,"), "{line}");

    stage.let_pass(TimeDelta::hours(31)).await;
    settle::round(&stage.app).await.unwrap();
    let private = stage.whole(false).await;
    let expected = [("–", "Zeros"), ("1", "Cy"), ("2", "Bob"), ("–", "Mean"), ("3", "Ada"), ("–", "Perfect")];
    assert_eq!(read_off(&private), board(&expected));
    assert_eq!(read_off(&stage.whole(true).await), read_off(&public), "their own best, as before the end");
    let (competition, view) = stage.view(false).await;
    let seen = Seen { competition: competition.clone(), standing: Standing::of_nobody() };
    let named = winners(&stage.app, &seen).await.unwrap().unwrap();
    assert_eq!(named.n_teams, 3);
    let names: Vec<_> = named.named.iter().map(|winner| (winner.rank, winner.row.team.as_str())).collect();
    assert_eq!(names, [(1, "Cy"), (2, "Bob"), (3, "Ada")]);
    let found = read::find(&stage.app, &competition, view, sight.names().unwrap(), "zeros").await.unwrap();
    assert_eq!(read_off(&found.rows), board(&[("–", "Zeros")]));
    let mut conn = stage.app.db.acquire().await.unwrap();
    let ended = stage.ended().await;
    assert_eq!(medals::store::n_medalled(&mut conn, competition.id).await.unwrap(), Some(3));
    let moves = shake_up::store::moves(&mut conn, ended, &sight, competition.id, 0, 10).await.unwrap();
    assert_eq!(moves.len(), 3);
    let differing = "select count(*) from recomputed_board((select id from competitions)) where not is_same";
    assert_eq!(stage.number(differing).await, 0);
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn by_the_mean_of_ranks_each_stands_as_if_it_alone_were_ranked(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let parts = json!([
        { "name": "rmse", "weight": 1, "higher_is_better": false },
        { "name": "auc", "weight": 1, "higher_is_better": true },
    ]);
    stage.rank_by(&parts).await;
    for (name, scores) in [("ada", [0.1, 0.9]), ("bob", [0.2, 0.8]), ("cy", [0.3, 0.7])] {
        let entrant = stage.entrant(name).await;
        stage.scored_by_parts(&entrant, &scores, &scores).await;
    }
    stage.baseline("Between", &[0.25, 0.75], &[0.25, 0.75]).await;
    stage.baseline("Best", &[0.05, 0.95], &[0.05, 0.95]).await;
    stage.baseline("Worst", &[0.9, 0.1], &[0.9, 0.1]).await;
    let expected = [("–", "Best"), ("1", "Ada"), ("2", "Bob"), ("–", "Between"), ("3", "Cy"), ("–", "Worst")];
    let public = stage.whole(false).await;
    assert_eq!(read_off(&public), board(&expected));
    let ranked = public[3].ranked.as_ref().unwrap();
    let ranks: Vec<f64> = ranked.parts.iter().map(|part| part.rank).collect();
    assert_eq!((ranked.mean_rank, ranks), (3.0, vec![3.0, 3.0]));
    stage.let_pass(TimeDelta::hours(31)).await;
    settle::round(&stage.app).await.unwrap();
    for wants_public in [false, true] {
        let board_at_end = stage.whole(wants_public).await;
        assert_eq!(read_off(&board_at_end), board(&expected));
        assert_eq!(board_at_end[3].ranked, public[3].ranked);
    }
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn who_hosts_is_not_ranked_and_who_is_ranked_does_not_host(pool: PgPool) {
    let stage = Stage::open(pool).await;
    let (app, host) = (&stage.app, stage.host().await);
    let seen = see(app, SLUG, Some(&host)).await.unwrap();
    for refused in
        [join(app, &host, SLUG).await.map(|_| ()).unwrap_err(), enter(app, &host, SLUG).await.unwrap_err()]
    {
        assert!(refused.to_string().contains("baseline"), "{refused}");
    }
    let ada = stage.entrant("ada").await;
    stage.scored(&ada, 0.5, 0.5).await;
    let idle = stage.entrant("idle").await;
    assert_eq!(stage.number("select n_teams::bigint from competitions").await, 2);
    let refused = cohosts::add(app, &host, &seen, "ada").await.unwrap_err();
    assert!(
        matches!(&refused, AppError::Field { .. }) && refused.to_string().contains("takes part"),
        "{refused}"
    );
    cohosts::add(app, &host, &seen, "idle").await.unwrap();
    assert_eq!(stage.number("select n_teams::bigint from competitions").await, 1, "it left its empty team");
    assert!(enter(app, &idle.member, SLUG).await.is_err());
    let names = stage.upload("Ada's name", None).await;
    let refused = send(app, &host, &seen, "ada", names).await.unwrap_err();
    assert!(refused.to_string().contains("takes part has this name"), "{refused}");

    // The schema, whoever writes.
    stage.baseline("Zeros", &[0.9], &[0.9]).await;
    for (attempt, constraint) in [
        ("insert into team_members select m.competition_id, m.team_id, u.id, false, now(), now() from team_members m, users u where u.username = 'host'", "team_members_host_not"),
        ("insert into competition_hosts (competition_id, user_id) select competition_id, user_id from team_members", "competition_hosts_take_no_part"),
        ("update teams set is_baseline = true", "baselines_stay"),
        ("update teams set is_baseline = false", "baselines_stay"),
        ("insert into teams (competition_id, name, is_baseline) select id, 'B ' || i, true from competitions, generate_series(1, 10) i", "baselines_are_few"),
        ("insert into board_entries (competition_id, version_id, team_id, submission_id, public_score, rank_key, reached_at, n_entries, last_entry_at)
          select s.competition_id, (select id from scoring_versions), s.team_id, s.id, 0, 0, now(), 1, now()
          from submissions s join teams t on t.id = s.team_id and t.is_baseline", "baselines_unranked"),
        ("insert into submissions (competition_id, team_id, user_id, received_at, is_late, file_name, storage_key, size_bytes, sha256)
          select t.competition_id, t.id, (select id from users where username = 'host'), clock_now(), false, 'f', 'k-' || i, 1, sha256('')
          from teams t, generate_series(1, 50) i where t.is_baseline", "submissions_fit_baseline"),
    ] {
        let error = sql(attempt).execute(&stage.owner).await.unwrap_err();
        let found = error.as_database_error().and_then(|error| error.constraint());
        assert_eq!(found, Some(constraint), "{error}");
    }
    // Nor once they host no more, and nobody forgets that they did.
    cohosts::remove(app, &host, &seen, "idle").await.unwrap();
    let refused = join(app, &idle.member, SLUG).await.unwrap_err();
    assert!(refused.to_string().contains("used to host this competition"), "{refused}");
    let error = sql("insert into team_members select m.competition_id, m.team_id, u.id, false, now(), now() from team_members m, users u where u.username = 'idle'")
        .execute(&stage.owner)
        .await
        .unwrap_err();
    assert_eq!(error.as_database_error().and_then(|error| error.constraint()), Some("team_members_host_not"));
    for attempt in [
        "delete from former_hosts",
        "insert into former_hosts select user_id, competition_id from team_members",
    ] {
        assert!(sql(attempt).execute(&app.db).await.is_err(), "{attempt}");
    }

    // A host from before there was this rule is in a team still, and sends nothing for it.
    sql("alter table competition_hosts disable trigger competition_hosts_take_no_part")
        .execute(&stage.owner)
        .await
        .unwrap();
    sql("insert into competition_hosts (competition_id, user_id) select competition_id, user_id from team_members on conflict do nothing")
        .execute(&stage.owner)
        .await
        .unwrap();
    assert!(enter(app, &ada.member, SLUG).await.is_err());
    assert!(stage.send(&ada, "as it was").await.is_err());
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn hosts_send_them_by_page_api_and_command_line_and_nobody_else_does(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob] = [world.member("ada").await, world.member("bob").await];
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    let path = arena.api("/baselines");
    let file = Labels::predictions(250, 911);
    bob.api.get(&path).await.expect(404);
    bob.browser.get("/c/houses/host/baselines").await.expect(404);
    bob.api.upload(&format!("{path}?name=Mine"), "f.csv", file.clone()).await.expect(404);
    ada.api.upload(&format!("{path}?name="), "f.csv", file.clone()).await.expect(422);
    let shell = Shell::of(&world, &ada).await;
    shell.write("zeros.csv", &file);
    let sent =
        shell.json(&["host", "baselines", "send", "houses", "zeros.csv", "--name", "Zeros", "-m", "0"]).await;
    assert_eq!((&sent["team"], &sent["n_files"]), (&"Zeros".into(), &1.into()), "{sent}");
    let again = ada.api.upload(&format!("{path}?name=zeros"), "f.csv", "wrong").await;
    assert_eq!(again.expect(201).json()["newest"]["state"], "queued");
    world.drain().await;
    let listed = shell.json(&["host", "baselines", "list", "houses"]).await;
    let one = &listed["items"][0];
    assert_eq!((&one["n_files"], &one["newest"]["state"]), (&1.into(), &"rejected".into()), "{listed}");
    let page = ada.browser.get("/c/houses/host/baselines").await.expect(200).text();
    assert!(page.contains("Zeros") && page.contains("Send the baseline"), "{page}");
    let counted = bob.api.get(&arena.api("")).await.expect(200).json();
    assert_eq!(counted["n_entries"], 1, "of participants: {counted}");
    let shown = bob.api.get(&arena.api("/leaderboard")).await.expect(200).json();
    let rows: Vec<(&Value, &Value)> =
        shown["items"].as_array().unwrap().iter().map(|row| (&row["rank"], &row["is_baseline"])).collect();
    assert!(rows.contains(&(&Value::Null, &true.into())) && rows.contains(&(&1.into(), &false.into())));
    assert!(bob.browser.get("/c/houses/leaderboard").await.expect(200).text().contains(">Baseline</span>"));
    let to_host = ada.browser.get("/c/houses/submit").await.expect(200).text();
    assert!(to_host.contains("Send a baseline") && !to_host.contains("/c/houses/join"), "{to_host}");
    world.close().await;
}
