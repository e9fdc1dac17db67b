//! A team's solution write-up: chosen after the end among its own topics, linked from its row while it is shown.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::command_line::Shell;
use crate::world::{Arena, Labels, Person, World, sql};

async fn opened(person: &Person, forum: &str, title: &str) -> i64 {
    let topic = json!({ "title": title, "markdown": "First we looked at the rows." });
    let topic = person.api.send_json(Method::POST, forum, &topic).await.expect(201).json();
    topic["id"].as_i64().unwrap()
}

/// What a team's row of the board leads to.
async fn on_board(arena: &Arena, team: &str) -> Value {
    let board = arena.board().await;
    let row = board["items"].as_array().unwrap().iter().find(|row| row["team"] == team);
    row.unwrap_or_else(|| panic!("{team} on {board}"))["write_up"].clone()
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_team_chooses_one_of_its_own_topics_after_the_end(pool: PgPool) {
    let world = World::new(pool).await;
    let [ada, bob, cleo] = [world.member("ada").await, world.member("bob").await, world.member("cleo").await];
    let [dave, emma] = [world.member("dave").await, world.member("emma").await];
    let root = world.admin("root").await;
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    for person in [&bob, &cleo, &dave] {
        arena.join(person).await;
    }
    let shell = Shell::of(&world, &bob).await;
    let invited = shell.json(&["team", "invite", "houses", "cleo"]).await;
    let accept = format!("/team/invitations/{}/accept", invited["team"]["invitations"][0]["id"]);
    cleo.api.send_json(Method::POST, &arena.api(&accept), &json!({})).await.expect(200);
    arena.submit(&bob, &Labels::predictions(250, 617)).await;
    arena.submit(&dave, &Labels::predictions(250, 400)).await;
    world.drain().await;
    let (forum, api, form) = (arena.api("/topics"), arena.api("/team/write-up"), "/c/houses/team/write-up");
    let ours = opened(&cleo, &forum, "How we did it").await;
    let others = [opened(&dave, &forum, "Mine").await, opened(&ada, &forum, "The host's").await];
    let elsewhere = opened(&bob, "/api/v1/forums/general/topics", "Of all sites").await;
    let put = async |person: &Person, topic: i64, status: u16| {
        person.api.send_json(Method::PUT, &api, &json!({ "topic": topic })).await.expect(status)
    };
    let new = "/c/houses/forum/new?write_up=1";
    put(&bob, ours, 403).await;
    bob.browser.get(new).await.expect(403);
    bob.browser.post_form(form, &[("topic", &ours.to_string())]).await.expect(422);
    assert!(!bob.browser.get("/c/houses/team").await.expect(200).text().contains("Solution write-up"));
    world.let_pass(TimeDelta::days(31)).await;

    bob.api.get(&api).await.expect(404);
    let chosen = put(&bob, ours, 200).await.json();
    assert_eq!((&chosen["title"], &chosen["is_shown"]), (&"How we did it".into(), &true.into()));
    assert_eq!(bob.api.get(&api).await.expect(200).json(), chosen);
    assert_eq!(on_board(&arena, "bob bobson").await, ours);
    assert_eq!(on_board(&arena, "dave daveson").await, Value::Null);
    let address = format!("/topics/{ours}");
    let visitor = world.visitor();
    let seen = async |path: &str| visitor.get(path).await.expect(200).text();
    assert!(seen("/c/houses/leaderboard").await.contains(&address));
    assert!(seen("/c/houses/leaderboard.csv").await.contains(&format!(",{}{address}\r\n", world.base)));
    let topic = seen(&address).await;
    assert!(topic.contains("Solution write-up of the team “bob bobson”, rank 2 of 2"), "{topic}");
    let told = visitor.get(&format!("/api/v1{address}")).await.expect(200).json();
    assert_eq!(
        (&told["write_up_of"]["team"], &told["write_up_of"]["rank"]),
        (&"bob bobson".into(), &2.into())
    );

    for foreign in others.into_iter().chain([elsewhere, 999_999_999]) {
        let answer = put(&bob, foreign, 422).await;
        assert!(answer.text().contains("someone in your team wrote"), "{}", answer.text());
    }
    put(&dave, ours, 422).await;
    put(&emma, ours, 403).await;
    put(&ada, others[1], 403).await;
    for (client, status) in [(&visitor, 401), (&emma.api, 403)] {
        client.get(&api).await.expect(status);
        client.send_json(Method::DELETE, &api, &Value::Null).await.expect(status);
    }
    assert_eq!(on_board(&arena, "bob bobson").await, ours, "nothing of that changed it");

    // What is hidden, moved or deleted is on no board.
    let opening = told["opening_post"]["id"].to_string();
    for (decision, leads_to) in [("hide", Value::Null), ("show", ours.into())] {
        let decided = json!({ "decision": decision });
        let path = format!("/api/v1/posts/{opening}/moderate");
        ada.api.send_json(Method::POST, &path, &decided).await.expect(204);
        assert_eq!(on_board(&arena, "bob bobson").await, leads_to, "{decision}");
        assert_eq!(seen("/c/houses/leaderboard").await.contains(&address), !leads_to.is_null(), "{decision}");
    }
    let moved = json!({ "forum": "general" });
    root.api.send_json(Method::PATCH, &format!("/api/v1{address}"), &moved).await.expect(200);
    bob.api.get(&api).await.expect(404);
    assert_eq!(on_board(&arena, "bob bobson").await, Value::Null);

    let written = [("title", "Written after the end"), ("text", "All of it."), ("act", "send")];
    let answer = bob.browser.post_form(new, &written).await.expect(303);
    let topic: i64 = answer.location().rsplit('/').next().unwrap().parse().unwrap();
    assert_eq!(on_board(&arena, "bob bobson").await, topic);
    let team = cleo.browser.get("/c/houses/team").await.expect(200).text();
    assert!(team.contains("Written after the end"), "{team}");
    let second = opened(&bob, &forum, "A second one").await;
    cleo.browser.post_form(form, &[("topic", &second.to_string())]).await.expect(303);
    assert_eq!(on_board(&arena, "bob bobson").await, second, "one a team: the newest choice");
    cleo.browser.post_form(&format!("{form}/remove"), &[]).await.expect(303);
    assert_eq!(on_board(&arena, "bob bobson").await, Value::Null);
    assert_eq!(shell.json(&["team", "write-up", "houses", &topic.to_string()]).await["topic"], topic);
    assert_eq!(shell.json(&["team", "write-up", "houses"]).await["topic"], topic);
    let post = visitor.get(&format!("/api/v1/topics/{topic}")).await.expect(200).json()["opening_post"]["id"]
        .clone();
    bob.api.send_json(Method::DELETE, &format!("/api/v1/posts/{post}"), &Value::Null).await.expect(204);
    assert_eq!(on_board(&arena, "bob bobson").await, Value::Null);
    assert_eq!(shell.json(&["team", "write-up", "houses", "--remove"]).await["removed"], true);

    let foreign = "insert into write_ups (competition_id, team_id, topic_id, bound_at)
                   select m.competition_id, m.team_id, t.id, now() from team_members m
                   join users u on u.id = m.user_id and u.username = 'bob'
                   join topics t on t.title = 'Mine'";
    let refused = sql(foreign).execute(&world.pool).await.unwrap_err();
    assert!(refused.to_string().contains("is not one of team"), "{refused}");
    world.close().await;
}
