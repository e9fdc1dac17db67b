//! Pages that stay open hear what concerns them, and boards no more often than the server can serve.

use std::time::Duration;

use holdout_contract::events::{Event, announce};
use sqlx::PgPool;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::world::{Labels, World};

const SOON: Duration = Duration::from_secs(20);

/// A page that listens to what happens in a competition.
pub struct OpenPage(tokio::io::Lines<BufReader<TcpStream>>);

impl OpenPage {
    pub async fn at(port: u16, path: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = Self(BufReader::new(stream).lines());
        page.hears("content-type: text/event-stream").await;
        page
    }

    pub async fn hears(&mut self, wanted: &str) {
        self.hears_before(wanted, "").await;
    }

    /// Hears something, and not what should not come before it.
    async fn hears_before(&mut self, wanted: &str, unwanted: &str) {
        let heard = async {
            loop {
                let line = self.0.next_line().await.unwrap().expect("the stream goes on");
                assert!(unwanted.is_empty() || line != unwanted, "{unwanted} is heard before {wanted}");
                if line == wanted {
                    return;
                }
            }
        };
        tokio::time::timeout(SOON, heard).await.unwrap_or_else(|_| panic!("{wanted} is not heard"));
    }

    /// The last piece of the answer, by which a browser knows that it ended in order.
    pub async fn hears_the_end(&mut self) {
        self.hears("0").await;
    }
}

const BOARD: &str = "event: board";
const TIMES: &str = "event: times";
const PAUSE: Duration = Duration::from_secs(3);

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn an_open_board_hears_of_changes_at_a_pace_and_of_nothing_else(pool: PgPool) {
    let world = World::new(pool).await;
    let host = world.member("ada").await;
    let competition_id = world.open_competition(&host, "houses", &Labels::regression()).await.id;
    let path = "/c/houses/live";
    let port = world.app.config.listen.port();
    let mut board = OpenPage::at(port, &format!("{path}?on=board")).await;
    let mut list = OpenPage::at(port, path).await;
    let say = async |event| announce(&mut world.pool.acquire().await.unwrap(), event).await.unwrap();

    for _ in 0..5 {
        say(Event::Board { competition_id }).await;
    }
    board.hears(BOARD).await;
    let heard_at = Instant::now();
    say(Event::Board { competition_id: competition_id + 1 }).await;
    say(Event::Times { competition_id }).await;
    board.hears_before(TIMES, BOARD).await;
    list.hears_before(TIMES, BOARD).await;
    say(Event::Board { competition_id }).await;
    board.hears(BOARD).await;
    assert!(heard_at.elapsed() >= PAUSE - Duration::from_millis(100), "not twice within three seconds");

    world.app.live.close();
    board.hears_the_end().await;
    list.hears_the_end().await;
    world.close().await;
}

#[sqlx::test(migrator = "holdout_contract::MIGRATOR")]
async fn the_more_boards_are_open_the_longer_a_change_takes_to_reach_all(pool: PgPool) {
    let world = World::without_scorers(pool).await;
    let live = &world.app.live;
    let alone = live.board_spread();
    let boards: Vec<_> = (0..1000).map(|_| live.boards()).collect();
    let spread = live.board_spread();
    assert!(alone < Duration::from_millis(10) && spread > Duration::from_millis(100), "{alone:?} {spread:?}");
    drop(boards);
    assert_eq!(live.board_spread(), alone);
    world.close().await;
}
