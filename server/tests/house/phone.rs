//! Somebody's authenticator app, and what becomes of it where the accounts key is lost.

use std::process::Command;
use std::time::SystemTime;

use holdout::accounts::two_factors::totp::{Secret, step_at};
use serde_json::{Value, json};

use crate::{House, PASSWORD, PATIENCE, PROGRAM, Program, holdout, said, within};

const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

pub struct Phone {
    secret: Secret,
    username: String,
    recovery_codes: Vec<String>,
    /// In half minutes: a code is taken once, and the next one is taken early.
    drift: i64,
}

impl Phone {
    /// Turns the second factor on for whose token `program` has.
    pub fn of(program: &Program) -> Self {
        let username = program.get_json("/me").unwrap()["username"].as_str().unwrap().to_owned();
        let offer = program.post("/me/two-factors", &json!({ "password": PASSWORD }));
        let secret = Secret(decoded(offer["secret"].as_str().unwrap()).try_into().unwrap());
        let mut phone = Self { secret, username, recovery_codes: Vec::new(), drift: 0 };
        // The code of the half minute before is taken too, and leaves the present one for signing in.
        let on = program.post("/me/two-factors/confirm", &json!({ "code": phone.code(-1) }));
        let codes = on["recovery_codes"].as_array().unwrap().iter();
        phone.recovery_codes = codes.map(|code| code.as_str().unwrap().to_owned()).collect();
        phone
    }

    #[expect(clippy::disallowed_methods, reason = "a phone has a clock of its own")]
    fn code(&self, drift: i64) -> String {
        self.secret.code(step_at(SystemTime::now().into()) + drift).unwrap()
    }

    /// With the password and the code that the app shows now.
    pub fn sign_in(&self, program: &Program) {
        let signed_in = program.post("/sessions", &self.with(&self.code(self.drift)));
        assert!(signed_in["token"].is_string(), "{signed_in}");
    }

    fn with(&self, code: &str) -> Value {
        json!({ "username": self.username, "password": PASSWORD, "code": code })
    }
}

fn decoded(base32: &str) -> Vec<u8> {
    let place = |letter| BASE32.iter().position(|known| *known == letter).unwrap();
    let bits: String = base32.bytes().map(|letter| format!("{:05b}", place(letter))).collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

#[test]
fn where_the_accounts_key_is_lost_for_good_recovery_codes_let_people_in() {
    let mut house = House::new();
    house.start();
    let ada = Program::of(&house, "ada");
    let phone = Phone::of(&ada);
    let well = holdout(&house, &["doctor"]);
    assert!(said(&well).contains("opens the secrets of authenticator apps"), "{}", said(&well));
    house.end_supervisor(rustix::process::Signal::INT);

    std::fs::remove_file(house.folder.join("keys/accounts.key")).unwrap();
    house.start_by(Command::new(PROGRAM).args(["up", "--empty", "--scorers", "0", "--new-accounts-key"]));
    let told = holdout(&house, &["doctor"]);
    assert!(said(&told).contains("Of 1 people") && said(&told).contains("WRONG"), "{}", said(&told));
    let signed_in = ada.post("/sessions", &phone.with(&phone.recovery_codes[0]));
    assert!(signed_in["token"].is_string(), "{signed_in}");
    house.end_supervisor(rustix::process::Signal::INT);
    within(PATIENCE, "nothing is left running", || house.processes("").is_empty());
}

#[test]
fn the_accounts_key_is_renewed_and_nobody_sets_their_app_up_anew() {
    let mut house = House::new();
    house.start();
    let ada = Program::of(&house, "ada");
    let mut phone = Phone::of(&ada);
    let file = house.folder.join("keys/accounts.key");
    let key = |words: &[&str]| holdout(&house, &[&["accounts-key"], words].concat());
    let former = std::fs::read_to_string(&file).unwrap();
    let renewed = key(&["renew"]);
    assert!(renewed.status.success(), "{}", said(&renewed));
    assert!(std::fs::read_to_string(&file).unwrap().ends_with(&format!("\nformer {}\n", former.trim())));
    let refused = key(&["forget"]);
    assert!(!refused.status.success() && said(&refused).contains("1 secrets"), "{}", said(&refused));
    house.end_supervisor(rustix::process::Signal::INT);

    house.start();
    let told = holdout(&house, &["doctor"]);
    assert!(said(&told).contains("some of them by a former key"), "{}", said(&told));
    let key = |words: &[&str]| holdout(&house, &[&["accounts-key"], words].concat());
    let sealed = key(&["reseal"]);
    assert!(
        said(&sealed).contains("1 were sealed anew") && said(&sealed).contains("can go"),
        "{}",
        said(&sealed)
    );
    phone.sign_in(&ada);
    let forgotten = key(&["forget"]);
    assert!(said(&forgotten).contains("No former key is left"), "{}", said(&forgotten));
    let present = std::fs::read_to_string(&file).unwrap();
    assert!(present.trim().len() == former.trim().len() && !present.contains(former.trim()));
    house.end_supervisor(rustix::process::Signal::INT);

    house.start();
    phone.drift = 1;
    phone.sign_in(&ada);
    house.end_supervisor(rustix::process::Signal::INT);
    within(PATIENCE, "nothing is left running", || house.processes("").is_empty());
}
