//! Recovery codes: ten, each good once, for whoever has lost the phone. Only their SHA-256 is stored.

use super::totp::base32;
use crate::accounts::secret;

pub const N_CODES: usize = 10;
/// 120 bits: nobody guesses one, and its hash needs no salt.
const BYTES: usize = 15;
const LETTERS: usize = BYTES * 8 / 5;
const GROUP: usize = 6;

/// A new set, as it is shown.
pub fn draw() -> Vec<String> {
    (0..N_CODES).map(|_| grouped(&base32(&rand::random::<[u8; BYTES]>()))).collect()
}

/// What is stored of a code, however it was typed; `None` for what has not its form.
pub fn digest(typed: &str) -> Option<[u8; 32]> {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    (letters.len() == LETTERS).then(|| secret::digest(&letters.to_ascii_uppercase()))
}

fn grouped(letters: &str) -> String {
    let groups = letters.as_bytes().chunks(GROUP);
    groups.map(|group| String::from_utf8_lossy(group).into_owned()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let codes = draw();
        assert_eq!(codes.len(), 10);
        let code = &codes[0];
        assert_eq!(code.len(), 27);
        let stored = digest(code);
        assert!(stored.is_some() && stored != digest(&codes[1]));
        assert_eq!(digest(&format!(" {} ", code.to_lowercase().replace('-', " "))), stored);
        assert_eq!(digest("123456"), None);
    }
}
