//! Characters that nobody sees: with them two names look alike, and a line reads other than it is written.

/// Whether a text has a character that no name may have: controls, changes of direction, and what takes no room. What
/// joins two letters may stand between those of scripts that need it, and in emoji.
pub fn has_unseen(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    let needs_joiners =
        |letter: Option<&char>| letter.is_some_and(|letter| *letter >= FIRST_SCRIPT_WITH_JOINERS);
    letters.iter().enumerate().any(|(at, letter)| {
        let is_joined = || {
            needs_joiners(at.checked_sub(1).and_then(|before| letters.get(before)))
                && needs_joiners(letters.get(at + 1))
        };
        is_unseen(*letter) || matches!(*letter, JOINER | NON_JOINER) && !is_joined()
    })
}

/// Whether a character is never seen, wherever it stands.
pub fn is_unseen(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

const NON_JOINER: char = '\u{200c}';
const JOINER: char = '\u{200d}';
/// Arabic; those before it, such as Latin, Greek, Cyrillic and Hebrew, are written without joiners.
const FIRST_SCRIPT_WITH_JOINERS: char = '\u{600}';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_sees_stands_in_no_name() {
        let hidden = [
            "Ada\u{200b}",
            "Ada\u{202e}adA",
            "\u{2066}Ada\u{2069}",
            "A\u{ad}da",
            "Ada\u{feff}",
            "Ada\u{3164}",
        ];
        let joined = ["Ada\u{200d}", "A\u{200c}da", "Ди\u{200d}ма", "\u{200d}👩"];
        for name in hidden.iter().chain(&joined).chain(&["Ada\0", "Ada\u{1b}[2J", "Ada\u{e0061}"]) {
            assert!(has_unseen(name), "{name:?}");
        }
        for name in ["Ada Lovelace", "Émile", "می\u{200c}خواهم", "क्\u{200d}ष", "👩\u{200d}🔬", "数学 — Ω"]
        {
            assert!(!has_unseen(name), "{name:?}");
        }
    }
}
