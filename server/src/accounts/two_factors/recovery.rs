//! Recovery codes: ten, each good once, for whoever has lost the phone. Only their SHA-256 is stored.

use super::totp::base32;
use crate::accounts::secret;

pub const N_CODES: usize = 10;
/// 140 bits: nobody guesses one, and its hash needs no salt.
const LETTERS: usize = 28;
const GROUP: usize = 7;
/// Of codes that were made before; they stay good.
const FORMER_LETTERS: usize = 24;
/// As many as [`LETTERS`] of five bits take.
const BYTES: usize = (LETTERS * 5).div_ceil(8);

/// A new set, as it is shown.
pub fn draw() -> Vec<String> {
    (0..N_CODES).map(|_| grouped(&base32(&rand::random::<[u8; BYTES]>())[..LETTERS])).collect()
}

/// What is stored of a code, however it was typed; `None` for what has not its form.
pub fn digest(typed: &str) -> Option<[u8; 32]> {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    [LETTERS, FORMER_LETTERS].contains(&letters.len()).then(|| secret::digest(&letters.to_ascii_uppercase()))
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
        assert_eq!(code.len(), 31);
        let stored = digest(code);
        assert!(stored.is_some() && stored != digest(&codes[1]));
        assert_eq!(digest(&format!(" {} ", code.to_lowercase().replace('-', " "))), stored);
        assert_eq!(digest("123456"), None);
        assert!(digest("ABCDEF-GHIJKL-MNOPQR-STUVWX").is_some(), "one that was made before");
    }
}
