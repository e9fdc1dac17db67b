//! What stands in texts: names that become links, scores, images.

use std::io::Cursor;

use chrono::TimeDelta;
use image::{ImageFormat, RgbImage};
use serde_json::{Value, json};
use sqlx::PgPool;
use ureq::http::Method;

use crate::world::{Labels, Person, World, sql};

/// Opens a topic; its first post as it was drawn.
async fn written(person: &Person, path: &str, text: &str) -> (i64, String) {
    let topic = json!({"title": "Why does it jump?", "markdown": text});
    let opened = person.api.send_json(Method::POST, path, &topic).await.expect(201).json();
    let id = opened["id"].as_i64().unwrap();
    (id, html_of(person, id).await)
}

async fn html_of(person: &Person, topic: i64) -> String {
    let topic: Value = person.api.get(&format!("/api/v1/topics/{topic}")).await.expect(200).json();
    topic["opening_post"]["html"].as_str().unwrap().to_owned()
}

const GENERAL: &str = "/api/v1/forums/general/topics";

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn names_become_links_to_what_every_reader_may_see(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    sql("update competitions set visibility = 'invitation'").execute(&world.pool).await.unwrap();
    let (secret, _) = written(&ada, &arena.api("/topics"), "For few").await;
    let (open, _) = written(&ada, GENERAL, "For all").await;
    let text = format!("@bob and @nobody, see #{open}, #{secret} and #999999.");
    let (_, html) = written(&ada, GENERAL, &text).await;
    assert!(html.contains("<a class=\"mention\" href=\"/u/bob\">@bob</a> and @nobody"), "{html}");
    assert!(html.contains(&format!("<a href=\"/topics/{open}\">Why does it jump? (#{open})</a>")), "{html}");
    assert!(html.contains(&format!("#{secret} and #999999")), "what few may see is no link: {html}");
    let (_, html) = written(&ada, &arena.api("/topics"), &format!("Here #{secret} is one.")).await;
    assert!(html.contains(&format!("href=\"/topics/{secret}\"")), "{html}");
    assert_eq!(bob.api.get(&format!("/api/v1/topics/{secret}")).await.status, 404);
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_score_is_shown_by_its_own_team_and_the_private_one_after_the_end(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob, carol) =
        (world.member("ada").await, world.member("bob").await, world.member("carol").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    arena.join(&bob).await;
    arena.join(&carol).await;
    let id = arena.submit(&bob, &Labels::predictions(250, 617)).await;
    world.drain().await;
    let text = format!("Look: submission:{id}.");
    let (before, html) = written(&bob, GENERAL, &text).await;
    assert!(html.contains("class=\"score-card\"") && html.contains("<strong>0.25"), "{html}");
    assert!(!html.contains("private") && !html.contains("0.617"), "{html}");
    for stranger in [&carol, &ada] {
        let (_, html) = written(stranger, GENERAL, &text).await;
        assert!(html.contains(&text) && !html.contains("0.25"), "{}: {html}", stranger.name);
    }
    world.let_pass(TimeDelta::days(31)).await;
    world.drain().await;
    assert!(!html_of(&bob, before).await.contains("0.617"), "a text stays as it was drawn");
    let (_, html) = written(&bob, GENERAL, &text).await;
    assert!(html.contains("private 0.617"), "{html}");
    world.close().await;
}

pub fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 7]))
        .write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png)
        .unwrap();
    bytes
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_image_is_seen_by_readers_of_a_text_that_shows_it(pool: PgPool) {
    let world = World::new(pool).await;
    let (ada, bob) = (world.member("ada").await, world.member("bob").await);
    let arena = world.open_competition(&ada, "houses", &Labels::regression()).await;
    sql("update competitions set visibility = 'invitation'").execute(&world.pool).await.unwrap();
    let octets = Some("application/octet-stream");
    let mut file = png();
    file.extend_from_slice(b"<script>GPS of somebody</script>");
    let sent = ada.api.send(Method::POST, "/api/v1/images", octets, file).await.expect(201).json();
    let (address, markdown) = (sent["address"].as_str().unwrap(), sent["markdown"].as_str().unwrap());
    let shown = ada.browser.get(address).await.expect(200);
    assert_eq!(shown.headers["content-type"], "image/png");
    assert!(!String::from_utf8_lossy(&shown.bytes).contains("GPS"), "drawn anew");
    bob.browser.get(address).await.expect(404);

    let (_, html) = written(&ada, &arena.api("/topics"), markdown).await;
    assert!(html.contains(&format!("<img src=\"{address}\"")), "{html}");
    bob.browser.get(address).await.expect(404);
    written(&bob, GENERAL, markdown).await; // showing another's image gives nobody a right to it
    world.visitor().get(address).await.expect(404);
    let (_, html) = written(&ada, GENERAL, &format!("{markdown} ![far](https://example.org/x.png)")).await;
    assert!(html.contains("href=\"https://example.org/x.png\""), "no image of another site: {html}");
    world.visitor().get(address).await.expect(200);

    for wrong in [&b"GIF89a"[..], b"", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"] {
        ada.api.send(Method::POST, "/api/v1/images", octets, wrong.into()).await.expect(422);
    }
    ada.browser.get("/images").await.expect(200);
    world.close().await;
}
