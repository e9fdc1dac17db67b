//! Passwords that many people chose, which are guessed first: 10,000 of those that leaked, as `scripts/common-passwords`
//! writes them down. Nobody is asked, and nothing leaves this process.

use sha2::{Digest, Sha256};

/// In order: the first 8 bytes of the SHA-256 of each, in small letters.
const DIGESTS: &[u8] = include_bytes!("common_passwords.bin");
const WIDTH: usize = 8;

/// Whether it is one of them, but for capitals, and digits and signs around it.
pub fn is_common(password: &str) -> bool {
    let small = password.to_lowercase();
    let bare = small.trim_matches(|letter: char| !letter.is_alphabetic());
    is_listed(&small) || is_listed(bare)
}

fn is_listed(word: &str) -> bool {
    let (digests, _) = DIGESTS.as_chunks::<WIDTH>();
    let wanted = Sha256::digest(word);
    digests.binary_search_by(|digest| digest.as_slice().cmp(&wanted[..WIDTH])).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_people_chose_is_known_also_with_ornaments() {
        let (digests, rest) = DIGESTS.as_chunks::<WIDTH>();
        assert_eq!((digests.len(), rest.len()), (10_000, 0));
        assert!(digests.is_sorted());
        for common in
            ["qwertyuiop", "1q2w3e4r5t", "password123", "Basketball", "!Manchester2026!", "1234567890"]
        {
            assert!(is_common(common), "{common}");
        }
        for rare in ["correct horse battery", "long enough, I hope", "", "!!!!!!!!!!", "ζωή και άλλα πολλά"]
        {
            assert!(!is_common(rare), "{rare}");
        }
    }
}
