//! What a member hosts or takes part in, page by page.

use serde_json::Value;
use sqlx::PgPool;

use crate::world::{World, sql};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn ones_own_competitions_go_on_where_the_front_page_ends(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    sql("with many as (
            insert into competitions (slug, title, created_by, starts_at, entry_deadline_at, merger_deadline_at, ends_at)
            select 'many-' || n, 'Many ' || n, u.id, now(), now() + '9 days', now() + '9 days', now() + '9 days'
            from users u, generate_series(1, 30) n where u.username = 'ada'
            returning id, created_by
         ), hosted as (
            insert into competition_hosts (competition_id, user_id) select id, created_by from many
         ), made as (
            insert into teams (competition_id, name) select id, 'Bob' from many returning id, competition_id
         )
         insert into team_members
         select made.competition_id, made.id, u.id, true, now(), now() from made, users u where u.username = 'bob'")
    .execute(&world.pool)
    .await
    .unwrap();
    let home = bob.browser.get("/").await.expect(200).text();
    assert!(!home.contains("Many 30"), "a draft is its hosts', whoever is in a team of it");
    for statement in [
        "insert into scoring_versions (competition_id, number) select id, 1 from competitions",
        "update competitions c set launched_at = now(), active_version_id = v.id
         from scoring_versions v where v.competition_id = c.id",
    ] {
        sql(statement).execute(&world.pool).await.unwrap();
    }
    for (person, kind) in [(&ada, "hosted"), (&bob, "joined")] {
        let address = format!("/mine/{kind}");
        let shown = async |address: &str| person.browser.get(address).await.expect(200).text();
        assert!(shown("/").await.contains(&address), "{kind}");
        let page = shown(&address).await;
        assert!(page.contains("Many 30") && page.contains("Many 7<") && !page.contains("Many 6<"), "{page}");
        let (_, next) = page.split_once("?before=").unwrap();
        let key = next.split('"').next().unwrap();
        let rest = shown(&format!("{address}?before={key}")).await;
        assert!(rest.contains("Many 6<") && rest.contains("Many 1<") && !rest.contains("?before="), "{rest}");
        let list = format!("/api/v1/me/competitions/{kind}?limit=20");
        let first = person.api.get(&list).await.expect(200).json();
        let second = person.api.get(&format!("{list}&before={}", first["next"])).await.expect(200).json();
        let n = |part: &Value| part["items"].as_array().unwrap().len();
        assert_eq!((n(&first), n(&second), &second["next"]), (20, 10, &Value::Null));
    }
    assert!(world.visitor().get("/mine/hosted").await.expect_redirect().location().starts_with("/sign-in"));
    world.close().await;
}
