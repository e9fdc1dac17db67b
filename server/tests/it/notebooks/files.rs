//! What comes in, how it is drawn, and what goes out again.

use std::time::Duration;

use super::*;

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn bytes_come_back_as_they_went_and_versions_never_change(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let first = create(bob, "visibility=public&tags=tour,plots&message=begun", TOUR).await.expect(201).json();
    assert_eq!(first["notebook"]["name"], "a-tour-of-outputs", "made from its first heading");
    assert_eq!(first["version"]["sha256"], hash(TOUR));
    let name = "a-tour-of-outputs";
    let again = bob.api.upload(&api(bob, name, "/versions"), "x.ipynb", TOUR).await.expect(200).json();
    assert_eq!((&again["is_new"], &again["version"]["version"]), (&json!(false), &json!(1)));
    for (number, bytes) in [(2, OLD_FORMAT), (3, HOUSES)] {
        let pushed = bob
            .api
            .upload(&api(bob, name, "/versions?message=next"), "x.ipynb", bytes)
            .await
            .expect(201)
            .json();
        assert_eq!(pushed["version"]["version"], number);
    }
    for (number, bytes) in [(1, TOUR), (2, OLD_FORMAT), (3, HOUSES)] {
        let path = format!("/versions/{number}/file");
        for address in [api(bob, name, &path), page(bob, name, &path)] {
            let answer = library.world.visitor().get(&address).await.expect(200);
            assert!(answer.bytes == bytes, "{address}");
            assert_eq!(answer.header("etag"), format!("\"{}\"", hash(bytes)));
        }
    }
    let part =
        bob.api.get_with(&api(bob, name, "/versions/1/file"), &[("range", "bytes=10-19")]).await.expect(206);
    assert_eq!(part.bytes, &TOUR[10..20]);
    let versions = bob.api.get(&api(bob, name, "/versions?limit=2")).await.expect(200).json();
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
    assert_eq!((&versions["items"][0]["version"], &versions["next"]), (&json!(3), &json!(2)));
    assert_eq!(library.n_files(), 3 + 3 + 1, "three files, three pages, the pictures of the first once");
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_notebook_is_drawn_and_its_pictures_are_files(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "visibility=public", TOUR).await;
    let html = library.world.visitor().get(&page(bob, &name, "")).await.expect(200).text();
    for part in [
        "A tour of outputs",
        "<table class=\"dataframe\">",
        "<math",
        "hl-k",
        "Loss by epoch",
        "href=\"#nb-Figures\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert_eq!(html.matches("<script").count(), 1, "the site's own");
    let pictures: Vec<_> = html
        .split("<img src=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|address| address.contains("/pictures/"))
        .collect();
    assert_eq!(pictures.len(), 3);
    let mut kinds = Vec::new();
    for address in &pictures {
        let picture = library.world.visitor().get(address).await.expect(200);
        kinds.push(picture.header("content-type").to_owned());
        assert_eq!(picture.header("x-content-type-options"), "nosniff");
        assert!(picture.header("content-security-policy").contains("default-src 'none'"), "{address}");
        assert!(picture.header("content-security-policy").contains("sandbox"), "{address}");
        assert!(picture.header("cache-control").contains("immutable"), "{address}");
    }
    kinds.sort();
    assert_eq!(kinds, ["image/jpeg", "image/png", "image/svg+xml"]);
    let as_page = pictures.iter().find(|address| address.ends_with(".svg")).unwrap().replace(".svg", ".png");
    for wrong in [
        as_page,
        page(bob, &name, "/pictures/x.png"),
        page(bob, &name, "/pictures/00000000000000000000000000000000.png"),
    ] {
        library.world.visitor().get(&wrong).await.expect(404);
    }
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_drawing_of_an_older_drawer_is_made_anew(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "visibility=public", TOUR).await;
    let before = library.world.visitor().get(&page(bob, &name, "")).await.expect(200).text();
    sql("update notebook_drawings set drawer = 0").execute(&library.world.pool).await.unwrap();
    let n_files = library.n_files();
    let after = library.world.visitor().get(&page(bob, &name, "")).await.expect(200).text();
    assert_eq!(before, after);
    assert_eq!(library.n_files(), n_files, "in the place of the old one");
    assert_eq!(library.count("select count(*) from notebook_drawings where drawer > 0").await, 1);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn what_is_no_notebook_is_refused_and_leaves_nothing(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "name=mine", HOUSES).await;
    let n_files = library.n_files();
    for (query, bytes, words) in [
        ("", &b"id,target\n1,2\n"[..], "does not begin with"),
        ("", b"{\"cells\": 7}", "cannot be read"),
        ("", b"{}", "neither cells nor worksheets"),
        ("", b"", "does not begin with"),
        ("name=mine", HOUSES, "You already have a notebook with this name"),
        ("name=..%2Fup", HOUSES, "lowercase letters"),
        ("competition=nowhere", HOUSES, "no competition"),
        ("visibility=everybody", HOUSES, "no visibility"),
        ("tags=a,b,c,d,e,f,g", HOUSES, "at most 6"),
        ("licence=WTFPL", HOUSES, "no licence"),
    ] {
        let refused = create(bob, query, bytes).await.expect(422).text();
        assert!(refused.contains(words), "{query}: {refused}");
    }
    let broken = bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", &b"nothing"[..]).await;
    broken.expect(422);
    let too_large = vec![b' '; 20_000_001];
    create(bob, "", &too_large).await.expect(413);
    for _ in 0..200 {
        if library.n_files() == n_files {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await; // what came of it is removed behind the answer
    }
    assert_eq!(library.n_files(), n_files);
    let form = [
        Part::Text("title", "By form"),
        Part::File { field: "file", name: "x.ipynb", bytes: b"no notebook" },
    ];
    let back = bob.browser.post_multipart("/notebooks/new", &form).await.expect(422).text();
    assert!(back.contains("does not begin with") && back.contains("value=\"By form\""));
    let form =
        [Part::Text("visibility", "public"), Part::File { field: "file", name: "x.ipynb", bytes: HOUSES }];
    let went = bob.browser.post_multipart("/notebooks/new", &form).await.expect(303);
    assert_eq!(went.location(), "/n/bob/house-prices-a-first-model");
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_largest_notebook_is_taken_and_its_page_stays_light(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let picture = |salt: u32| {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0\0\0\x02\0\x08\x06\0\0\0".to_vec();
        bytes.extend((0..90_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761) ^ salt).to_le_bytes()));
        STANDARD.encode(bytes)
    };
    let cells: Vec<Value> = (0..40)
        .map(|n| {
            json!({"cell_type": "code", "source": format!("plot({n})"), "outputs": [
                {"output_type": "display_data", "data": {"image/png": picture(n), "text/plain": "<Figure size 640x480 with 1 Axes>"}}]})
        })
        .collect();
    let bytes = json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).to_string();
    assert!((19_000_000..20_000_000).contains(&bytes.len()), "{}", bytes.len());
    let name = share(bob, "name=large&visibility=public", bytes.as_bytes()).await;
    let html = library.world.visitor().get(&page(bob, &name, "")).await.expect(200).text();
    assert!(html.len() < 60_000, "{}", html.len());
    assert_eq!(html.matches("loading=\"lazy\"").count(), 40);
    let address = html.split("<img src=\"/n/").nth(40).unwrap().split('"').next().unwrap();
    let last = library.world.visitor().get(&format!("/n/{address}")).await.expect(200);
    assert_eq!(last.bytes.len(), 360_000 + 29);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_deleted_notebook_is_gone_with_its_files_and_its_name_is_free(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "name=gone&visibility=public", TOUR).await;
    bob.browser.post_form(&page(bob, &name, "/delete"), &[("confirm", "gon")]).await.expect(422);
    bob.browser.post_form(&page(bob, &name, "/delete"), &[("confirm", "gone")]).await.expect(303);
    for client in [&bob.browser, &library.root.browser] {
        client.get(&page(bob, &name, "")).await.expect(404);
    }
    assert!(names(&library.world.visitor(), "/api/v1/notebooks").await.is_empty());
    assert!(names(&bob.api, "/api/v1/me/notebooks").await.is_empty());
    assert_eq!(library.n_files(), 0);
    share(bob, "name=gone", HOUSES).await;
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn versions_are_compared_cell_by_cell(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "name=two&visibility=public", HOUSES).await;
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", CHANGED).await.expect(201);
    let visitor = library.world.visitor();
    let diff = visitor.get(&api(bob, &name, "/diff?from=1&to=2")).await.expect(200).json();
    let changes: Vec<_> =
        diff["cells"].as_array().unwrap().iter().map(|cell| cell["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["changed", "same", "changed", "added", "same"]);
    let lines = diff["cells"][2]["lines"].as_array().unwrap();
    assert_eq!(lines[0]["change"], "removed");
    assert!(lines[1]["text"].as_str().unwrap().contains("7004.5"));
    let html = visitor.get(&page(bob, &name, "/compare")).await.expect(200).text();
    assert!(html.contains("<del>") && html.contains("<ins>") && html.contains("1 cell is the same."));
    let same = visitor.get(&page(bob, &name, "/compare?from=2&to=2")).await.expect(200).text();
    assert!(same.contains("Every cell is the same."));
    visitor.get(&page(bob, &name, "/compare?from=1&to=9")).await.expect(404);
    visitor.get(&api(bob, &name, "/diff?from=9")).await.expect(404);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn data_paths_are_led_where_the_reader_has_the_data(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "name=paths&competition=houses&visibility=public", HOUSES).await;
    let visitor = library.world.visitor();
    let local = visitor
        .get(&api(bob, &name, "/versions/1/file?paths=local&folder=my%20data"))
        .await
        .expect(200)
        .text();
    assert!(local.contains("'my data/sample_submission.csv'") && !local.contains("/kaggle/input"));
    let bob_again = bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", local.clone()).await;
    bob_again.expect(201);
    let back =
        visitor.get(&page(bob, &name, "/versions/2/file?paths=kaggle&folder=my%20data")).await.expect(200);
    assert!(back.bytes == HOUSES, "there and back again");
    visitor.get(&api(bob, &name, "/versions/1/file?paths=elsewhere")).await.expect(422);
    visitor.get(&api(bob, &name, "/versions/1/file?paths=local&folder=%22")).await.expect(422);
    let alone = share(bob, "name=alone&visibility=public", HOUSES).await;
    visitor.get(&api(bob, &alone, "/versions/1/file?paths=local")).await.expect(422);
    library.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_day_has_an_end_for_pushes(pool: PgPool) {
    let library = Library::open(pool).await;
    let bob = &library.bob;
    let name = share(bob, "name=busy", HOUSES).await;
    sql("insert into notebook_versions (notebook_id, number, pushed_by, pushed_at, storage_key, size_bytes, sha256,
             language, n_cells, n_code_cells)
         select notebook_id, 1 + n, pushed_by, pushed_at, 'x' || n, 1, sha256, '', 0, 0
         from notebook_versions, generate_series(1, 199) n")
    .execute(&library.world.pool)
    .await
    .unwrap();
    bob.api.upload(&api(bob, &name, "/versions"), "x.ipynb", TOUR).await.expect(429);
    create(bob, "name=another", TOUR).await.expect(429);
    library.world.let_pass(TimeDelta::hours(25)).await;
    create(bob, "name=another", TOUR).await.expect(201);
    library.close().await;
}
