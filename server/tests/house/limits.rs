//! What starts a service gives it few of the files that it may open.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use serde_json::json;

use crate::{House, PATIENCE, PROGRAM, Program, holdout, read, said, within};

const GIVEN: usize = 256;
const PAGES: usize = 400;

/// Soft and hard.
fn limits_of(pid: i32) -> (String, String) {
    let limits = read(&format!("/proc/{pid}/limits"));
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let mut numbers = line.split_whitespace().skip(3);
    (numbers.next().unwrap().to_owned(), numbers.next().unwrap().to_owned())
}

fn open_page(house: &House) -> TcpStream {
    let mut page = TcpStream::connect(("127.0.0.1", house.port)).unwrap();
    write!(page, "GET /c/synthetic/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut begin = [0; 12];
    page.read_exact(&mut begin).unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    page
}

#[test]
fn more_pages_are_open_than_a_service_is_given_files_and_files_are_received_all_the_same() {
    let mut house = House::new();
    let start = format!("ulimit -Sn {GIVEN} && exec \"$0\" up --empty");
    house.start_by(Command::new("sh").args(["-c", &start, PROGRAM]));
    let server = house.processes("serve")[0];
    let (soft, hard) = limits_of(server);
    assert_eq!(soft, hard, "the server takes all that it may have");

    within(PATIENCE, "a scorer announces the metric", || {
        holdout(&house, &["seed", "--teams", "3", "--submissions", "6"]).status.success()
    });
    let pages: Vec<_> = (0..PAGES).map(|_| open_page(&house)).collect();
    let ada = Program::of(&house, "ada");
    ada.post("/competitions", &json!({ "title": "Houses", "slug": "houses" }));
    let put = ada.put_file("/competitions/houses/data/train.csv", b"id,price\n1,2\n");
    assert_eq!(put["size_bytes"], 13, "{put}");
    assert_eq!(pages.len(), PAGES);
    house.end_supervisor(rustix::process::Signal::INT);
}

#[test]
fn the_doctor_tells_of_a_limit_that_is_too_low() {
    let house = House::new();
    let ask = "ulimit -n 512 && exec \"$0\" doctor";
    let told = Command::new("sh")
        .args(["-c", ask, PROGRAM])
        .env_remove("DATABASE_URL")
        .env("HOLDOUT_DATA_DIR", &house.folder)
        .output()
        .unwrap();
    assert!(!told.status.success() && said(&told).contains("LimitNOFILE"), "{}", said(&told));
}
