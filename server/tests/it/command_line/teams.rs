//! A team from the command line: named, joined by invitation and by link, merged.

use super::*;

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_team_comes_together(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("host").await;
    let arena = world.open_competition(&host, "houses", &Labels::regression()).await;
    let mut shells = Vec::new();
    for name in ["ada", "bob", "cy"] {
        let person = world.member(name).await;
        shells.push(Shell::of(&world, &person).await);
        if name != "cy" {
            arena.join(&person).await;
        }
    }
    let [ada, bob, cy] = &shells[..] else { panic!() };
    let nothing = cy.run(&["team", "show", "houses"]).await.expect(0);
    assert!(nothing.out.contains("You do not take part"), "{}", nothing.out);
    assert_eq!(ada.json(&["team", "rename", "houses", "Engine"]).await["team"]["name"], "Engine");

    let invited = ada.json(&["team", "invite", "houses", "bob"]).await;
    let id = invited["team"]["invitations"][0]["id"].to_string();
    assert!(
        bob.run(&["team", "show", "houses"]).await.expect(0).out.contains("ada adason invites you to Engine")
    );
    bob.run(&["team", "uninvite", "houses", &id]).await.expect(4);
    let joined = bob.json(&["team", "accept", "houses", &id]).await;
    assert_eq!(joined["team"]["members"][1]["username"], "bob");
    bob.run(&["team", "lead", "houses", "bob"]).await.expect(3);
    assert_eq!(bob.json(&["team", "leave", "houses"]).await["team"]["name"], "bob bobson");

    let link = ada.json(&["team", "link", "houses"]).await["team"]["link"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&world.base), "{link}");
    cy.run(&["team", "accept", "houses", &link]).await.expect(3);
    cy.run(&["join", "houses"]).await.expect(0);
    assert_eq!(cy.json(&["team", "accept", "houses", &link]).await["team"]["name"], "Engine");
    ada.run(&["team", "link", "houses", "--remove"]).await.expect(0);

    let asked = ada.json(&["team", "merge", "houses", "bob bobson"]).await;
    let request = asked["team"]["merge_requests"][0]["id"].to_string();
    let merged = bob.json(&["team", "merge", "houses", "--accept", &request]).await;
    assert_eq!(merged["team"]["members"].as_array().unwrap().len(), 3);
    assert_eq!(ada.json(&["team", "lead", "houses", "cy"]).await["team"]["members"][0]["username"], "cy");
    let shown = cy.run(&["team", "show", "houses"]).await.expect(0);
    for words in ["Engine", "leader", "bob bobson accepted: bob bobson became part of Engine"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    world.close().await;
}
