//! For whom the server answers, and whose word it takes: names, proxies, tunnels.

use holdout::config::Config;
use sqlx::{PgPool, Row};

use crate::world::{World, sql};

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn requests_in_absolute_form_are_for_this_house_alone(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    for (host, status) in [
        ("localhost", 200),
        ("127.0.0.1", 200),
        ("example.org", 421),
        ("169.254.169.254", 421),
        ("[::1]", 200),
    ] {
        let answer =
            raw(&world, &format!("GET http://{host}/healthz HTTP/1.1\r\nHost: {host}\r\n"), "").await;
        assert!(has_status(&answer, status), "{host}: {answer}");
    }
    // What the whole address says counts, whatever stands in the header.
    let answer = raw(&world, "GET http://example.org/healthz HTTP/1.1\r\nHost: localhost\r\n", "").await;
    assert!(has_status(&answer, 421), "{answer}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn no_tunnel_is_opened_and_nothing_is_echoed(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let here = world.base.strip_prefix("http://").unwrap();
    for target in ["example.org:443", "169.254.169.254:80", "localhost:5432", here] {
        let answer = raw(&world, &format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"), "").await;
        assert!(has_status(&answer, 405), "{target}: {answer}");
    }
    let echo = "TRACE / HTTP/1.1\r\nHost: localhost\r\nCookie: holdout_session=do-not-tell\r\n";
    let answer = raw(&world, echo, "").await;
    assert!(has_status(&answer, 405) && !answer.contains("do-not-tell"), "{answer}");
    world.close().await;
}

/// What a proxy in front may read as one request must not be two here.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_message_has_one_length_or_the_connection_ends_with_it(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let smuggled = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    for (headers, body, status) in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "12345", 400),
        ("Content-Length: 5, 6\r\n", "12345", 400),
        ("Content-Length: +5\r\n", "12345", 400),
        ("Content-Length: -5\r\n", "12345", 400),
        ("Content-Length : 5\r\n", "12345", 400),
        ("Content-Length: 18446744073709551617\r\n", "1", 400),
        ("Transfer-Encoding: chunked, identity\r\n", "0\r\n\r\n", 400),
        ("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", "0\r\n\r\n", 400),
        ("X-Long: a\r\n folded: b\r\nContent-Length: 5\r\n", "12345", 400),
        ("Content-Length: 9\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 405),
        ("Transfer-Encoding: chunked\r\nContent-Length: 9\r\n", "0\r\n\r\n", 405),
    ] {
        let request = format!("POST /healthz HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n{body}{smuggled}");
        let answer = as_written(&world, request).await;
        assert!(has_status(&answer, status), "{headers:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{headers:?}: {answer}");
    }
    let older = format!("POST /healthz HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{smuggled}");
    let answer = as_written(&world, older).await;
    assert!(answer.contains(" 400 ") && answer.matches("HTTP/1.").count() == 1, "{answer}");
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn where_there_is_a_public_address_unknown_names_are_refused(pool: PgPool) {
    let public_url = "https://holdout.example".to_owned();
    let other_hosts = vec!["also.example".to_owned()];
    let world = World::configured(pool, |config| Config { public_url, other_hosts, ..config }).await;
    for (host, status) in [
        ("holdout.example", 200),
        ("HOLDOUT.example.:443", 200),
        ("also.example", 200),
        ("localhost:8080", 200),
        ("evil.example", 421),
        ("holdout.example.evil.example", 421),
        ("holdout.example@evil.example", 421),
        ("evil.example@holdout.example", 421),
        ("10.1.2.3", 421),
    ] {
        let answer = raw(&world, &format!("GET /sign-in HTTP/1.1\r\nHost: {host}\r\n"), "").await;
        assert!(has_status(&answer, status), "{host}: {answer}");
    }
    // Whoever looks after a container knows no name of it.
    assert!(has_status(&raw(&world, "GET /readyz HTTP/1.1\r\nHost: 10.1.2.3:8080\r\n", "").await, 200));
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn a_server_that_others_reach_without_tls_says_so(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    for (listen, public_url, says_so) in [
        ("127.0.0.1:8080", "http://127.0.0.1:8080", false),
        ("[::1]:8080", "http://localhost:8080", false),
        ("0.0.0.0:8080", "http://0.0.0.0:8080", true),
        ("10.1.2.3:80", "http://holdout.example", true),
        ("0.0.0.0:8080", "https://holdout.example", false),
    ] {
        let config = Config {
            listen: listen.parse().unwrap(),
            public_url: public_url.to_owned(),
            ..Config::clone(&world.app.config)
        };
        assert_eq!(config.lack_of_tls().is_some(), says_so, "{listen} {public_url}");
    }
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn every_answer_forbids_what_pages_do_not_need(pool: PgPool) {
    let public_url = "https://holdout.example".to_owned();
    let world = World::configured(pool.clone(), |config| Config { public_url, ..config }).await;
    for path in ["/sign-in", "/nowhere", "/api/v1/site", "/api/v1/nowhere", "/healthz"] {
        let answer = world.visitor().get(path).await;
        for (name, word) in [
            ("content-security-policy", "default-src 'none'"),
            ("content-security-policy", "frame-ancestors 'none'"),
            ("content-security-policy", "base-uri 'none'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("strict-transport-security", "max-age=31536000"),
            ("cache-control", "private"),
        ] {
            assert!(answer.header(name).contains(word), "{path}: {name}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    let form = "username=ada&email=ada%40people.test&password=correct+horse+battery";
    let answer = raw(&world, &post("/register", "Origin: https://holdout.example"), form).await;
    let cookie = answer.lines().find(|line| line.contains("__Host-holdout_session=")).expect("a session");
    for word in ["Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    world.close().await;
    let bound = |config| Config {
        public_url: "https://holdout.example".to_owned(),
        tls_for_subdomains: true,
        ..config
    };
    let world = World::configured(pool.clone(), bound).await;
    let answer = world.visitor().get("/sign-in").await;
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    world.close().await;
    let plain = World::without_scorers(pool).await;
    let answer = plain.visitor().get("/sign-in").await;
    assert_eq!(answer.header("strict-transport-security"), "", "where there is no TLS, none is demanded");
    plain.close().await;
}

/// Each registers and says that they come from elsewhere; what is kept of them, by what the server believes.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn forwarded_addresses_are_believed_from_named_proxies_alone(pool: PgPool) {
    for (name, proxies, kept) in [
        ("ada", "false", "127.0.0.1"),
        ("bob", "10.0.0.0/8", "127.0.0.1"),
        ("carol", "127.0.0.0/8", "192.0.2.7"),
        ("dave", "true", "192.0.2.7"),
    ] {
        let proxies = proxies.parse().unwrap();
        let world = World::configured(pool.clone(), |config| Config { proxies, ..config }).await;
        let claims =
            "X-Forwarded-For: 6.6.6.6, 192.0.2.7\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=6.6.6.6";
        let form = format!("username={name}&email={name}%40people.test&password=correct+horse+battery");
        let answer = raw(&world, &post("/register", claims), &form).await;
        assert!(has_status(&answer, 303) && !answer.contains("evil.example"), "{answer}");
        let seen = sql("select ip from sessions s join users u on u.id = s.user_id where username = $1");
        let seen: String = seen.bind(name).fetch_one(&world.pool).await.unwrap().get(0);
        assert_eq!(seen, kept, "{name}");
        world.close().await;
    }
}

/// A link in a mail that led to somebody else's name would hand them the account.
#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn links_in_mails_lead_here_whatever_a_request_claims(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    world.member("ada").await;
    let claims = "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nOrigin: http://localhost";
    let answer = raw(&world, &post("/forgot-password", claims), "login=ada").await;
    assert!(has_status(&answer, 200) || has_status(&answer, 303), "{answer}");
    let body: String = sql("select body from mails").fetch_one(&world.pool).await.unwrap().get(0);
    assert!(body.contains(&world.base) && !body.contains("evil.example"), "{body}");
    world.close().await;
}

fn post(path: &str, claims: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{claims}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    )
}

fn has_status(answer: &str, status: u16) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status} "))
}

/// Sends a request as it is written, which no client of ours would.
async fn raw(world: &World, head: &str, body: &str) -> String {
    let length = body.len();
    as_written(world, format!("{head}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")).await
}

/// All that is answered until the server closes the connection.
async fn as_written(world: &World, request: String) -> String {
    let address = world.base.strip_prefix("http://").unwrap().to_owned();
    tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
        std::io::read_to_string(stream).unwrap()
    })
    .await
    .unwrap()
}
