//! Invisible characters: with them two names look alike, and a line reads other than it is written.

/// # Errors
/// Which character of a name nobody sees, and where it stands: controls, changes of direction, and what takes no room. What
/// joins two letters may stand between those of scripts that need it, and in emoji.
pub fn refuse_invisible(name: &str) -> Result<(), String> {
    first_invisible(name).map_or(Ok(()), |found| Err(found.sentence()))
}

/// # Errors
/// Which character of a line is a control, and where it stands.
pub fn refuse_controls(line: &str) -> Result<(), String> {
    let found = line.char_indices().find(|(_, letter)| letter.is_control());
    found.map_or(Ok(()), |(at, letter)| Err(Invisible { letter, before: &line[..at] }.sentence()))
}

/// A character that nobody sees, and the text that stands before it.
struct Invisible<'a> {
    letter: char,
    before: &'a str,
}

impl Invisible<'_> {
    fn sentence(&self) -> String {
        let place = match self.before.char_indices().rev().nth(SHOWN_CHARS) {
            None if self.before.is_empty() => "At its beginning".to_owned(),
            None => format!("After “{}”", self.before),
            Some((cut, letter)) => format!("After “…{}”", &self.before[cut + letter.len_utf8()..]),
        };
        let (name, code) = (name_of(self.letter), u32::from(self.letter));
        format!("{place} stands {name} (U+{code:04X}), which nobody sees. Write it without.")
    }
}

/// So much of what stands before a character says where it is.
const SHOWN_CHARS: usize = 20;

fn first_invisible(text: &str) -> Option<Invisible<'_>> {
    let needs_joiners =
        |letter: Option<char>| letter.is_some_and(|letter| letter >= FIRST_SCRIPT_WITH_JOINERS);
    let found = text.char_indices().find(|(at, letter)| {
        let is_joined = || {
            let after = text[at + letter.len_utf8()..].chars().next();
            needs_joiners(text[..*at].chars().next_back()) && needs_joiners(after)
        };
        is_invisible(*letter) || matches!(*letter, JOINER | NON_JOINER) && !is_joined()
    });
    found.map(|(at, letter)| Invisible { letter, before: &text[..at] })
}

fn name_of(letter: char) -> &'static str {
    match letter {
        '\u{ad}' => "a soft hyphen",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "a Hangul filler",
        '\u{200b}' => "a zero-width space",
        NON_JOINER => "a zero-width non-joiner",
        JOINER => "a zero-width joiner",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            "a mark of the direction of writing"
        }
        '\u{2028}' | '\u{2029}' => "a separator of lines",
        '\u{2060}' => "a word joiner",
        '\u{feff}' => "a byte-order mark",
        '\u{e0000}'..='\u{e007f}' => "a tag character",
        _ if letter.is_control() => "a control character",
        _ => "a character without a shape",
    }
}

/// Whether a character is never seen, wherever it stands.
pub fn is_invisible(letter: char) -> bool {
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
            assert!(refuse_invisible(name).is_err(), "{name:?}");
        }
        for name in hidden {
            assert!(refuse_invisible(name).is_err_and(|sentence| sentence.contains("(U+")), "{name:?}");
        }
        for name in ["Ada Lovelace", "Émile", "می\u{200c}خواهم", "क्\u{200d}ष", "👩\u{200d}🔬", "数学 — Ω"]
        {
            assert!(refuse_invisible(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn a_refusal_says_which_character_stands_where() {
        for (name, sentence) in [
            (
                "Ada\u{200b}",
                "After “Ada” stands a zero-width space (U+200B), which nobody sees. Write it without.",
            ),
            (
                "\u{202e}Ada",
                "At its beginning stands a mark of the direction of writing (U+202E), which nobody sees. Write it without.",
            ),
            (
                "The seven sages of Miletus\u{ad}",
                "After “…ven sages of Miletus” stands a soft hyphen (U+00AD), which nobody sees. Write it without.",
            ),
        ] {
            assert_eq!(refuse_invisible(name), Err(sentence.to_owned()));
        }
        assert_eq!(refuse_invisible("می\u{200c}خواهم"), Ok(()));
        let bell = "After “ding” stands a control character (U+0007), which nobody sees. Write it without.";
        assert_eq!(refuse_controls("ding\u{7}"), Err(bell.to_owned()));
        assert_eq!(refuse_controls("שלום\u{200f}"), Ok(()));
    }
}
