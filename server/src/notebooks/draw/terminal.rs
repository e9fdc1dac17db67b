//! Text as terminals show it: colours by escape sequences, progress bars that overwrite themselves.

use std::borrow::Cow;

use crate::html::push_text;

const ESCAPE: char = '\u{1b}';

/// How the text that follows looks; goes over from one piece of text to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    ink: Option<u8>,
    paper: Option<u8>,
    is_bold: bool,
    is_faint: bool,
    is_italic: bool,
    is_underlined: bool,
    is_inverted: bool,
}

/// Appends text of a terminal that was [`settle`]d, its colours as classes of the style sheet.
pub fn push_terminal(html: &mut String, text: &str, style: &mut Style) {
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(ESCAPE) {
        push_styled(html, before, *style);
        rest = sequence(after, style);
    }
    push_styled(html, rest, *style);
}

/// The text without its escape sequences.
pub fn plain(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(ESCAPE) {
        words.push_str(before);
        rest = sequence(after, &mut Style::default());
    }
    words.push_str(rest);
    words
}

/// What is left on the screen: a line that goes back to its beginning is overwritten by what follows.
pub fn settle(text: &str) -> Cow<'_, str> {
    if !text.contains(['\r', '\u{8}']) {
        return Cow::Borrowed(text);
    }
    let mut settled = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        let line = line.trim_end_matches('\r');
        let last = line.rsplit('\r').find(|part| !plain(part).trim().is_empty()).unwrap_or_default();
        for character in last.chars() {
            if character == '\u{8}' {
                settled.pop();
            } else {
                settled.push(character);
            }
        }
        settled.push_str(end);
    }
    Cow::Owned(settled)
}

/// Takes an escape sequence in, without its first character; gives the text behind it.
fn sequence<'a>(text: &'a str, style: &mut Style) -> &'a str {
    if let Some(control) = text.strip_prefix('[') {
        let Some(end) = control.find(|character| matches!(character, '\u{40}'..='\u{7e}')) else { return "" };
        let (parameters, rest) = control.split_at(end);
        if rest.starts_with('m') {
            style.apply(parameters);
        }
        return &rest[1..];
    }
    if let Some(command) = text.strip_prefix(']') {
        let ends = ["\u{7}", "\u{1b}\\"].map(|end| command.find(end).map(|at| at + end.len()));
        return ends.into_iter().flatten().min().map_or("", |end| &command[end..]);
    }
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

impl Style {
    fn apply(&mut self, parameters: &str) {
        let mut numbers = parameters.split([';', ':']).map(|number| number.parse::<u8>().unwrap_or(0));
        while let Some(number) = numbers.next() {
            match number {
                0 => *self = Self::default(),
                1 => self.is_bold = true,
                2 => self.is_faint = true,
                3 => self.is_italic = true,
                4 => self.is_underlined = true,
                7 => self.is_inverted = true,
                22 => (self.is_bold, self.is_faint) = (false, false),
                23 => self.is_italic = false,
                24 => self.is_underlined = false,
                27 => self.is_inverted = false,
                30..=37 => self.ink = Some(number - 30),
                38 => self.ink = extended(&mut numbers),
                39 => self.ink = None,
                40..=47 => self.paper = Some(number - 40),
                48 => self.paper = extended(&mut numbers),
                49 => self.paper = None,
                90..=97 => self.ink = Some(number - 90 + 8),
                100..=107 => self.paper = Some(number - 100 + 8),
                _ => {}
            }
        }
    }
}

/// One of 256 colours, or one of all, as the nearest of the sixteen that the style sheet has.
fn extended(numbers: &mut impl Iterator<Item = u8>) -> Option<u8> {
    match numbers.next()? {
        5 => Some(match numbers.next()? {
            colour @ 0..16 => colour,
            cube @ 16..232 => {
                let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
                nearest([level((cube - 16) / 36), level((cube - 16) / 6 % 6), level((cube - 16) % 6)])
            }
            grey => nearest([8 + 10 * (grey - 232); 3]),
        }),
        2 => Some(nearest([numbers.next()?, numbers.next()?, numbers.next()?])),
        _ => None,
    }
}

fn nearest(colour: [u8; 3]) -> u8 {
    const PALETTE: [[u8; 3]; 16] = [
        [0, 0, 0],
        [170, 0, 0],
        [0, 170, 0],
        [170, 110, 0],
        [0, 0, 170],
        [170, 0, 170],
        [0, 170, 170],
        [190, 190, 190],
        [85, 85, 85],
        [255, 85, 85],
        [85, 255, 85],
        [255, 215, 85],
        [85, 85, 255],
        [255, 85, 255],
        [85, 255, 255],
        [255, 255, 255],
    ];
    let distance = |known: &[u8; 3]| -> u32 {
        known.iter().zip(colour).map(|(one, other)| u32::from(one.abs_diff(other)).pow(2)).sum()
    };
    let number =
        PALETTE.iter().enumerate().min_by_key(|(_, known)| distance(known)).map_or(0, |(number, _)| number);
    u8::try_from(number).unwrap_or(0)
}

fn push_styled(html: &mut String, text: &str, style: Style) {
    if text.is_empty() {
        return;
    }
    if style == Style::default() {
        push_text(html, text);
        return;
    }
    html.push_str("<span class=\"");
    let begin = html.len();
    let mut class = |is_set: bool, name: &str| {
        if is_set {
            if html.len() > begin {
                html.push(' ');
            }
            html.push_str(name);
        }
    };
    class(style.is_bold, "t-bold");
    class(style.is_faint, "t-faint");
    class(style.is_italic, "t-italic");
    class(style.is_underlined, "t-line");
    class(style.is_inverted, "t-inverse");
    if let Some(ink) = style.ink {
        class(true, &format!("t-ink-{ink}"));
    }
    if let Some(paper) = style.paper {
        class(true, &format!("t-paper-{paper}"));
    }
    html.push_str("\">");
    push_text(html, text);
    html.push_str("</span>");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> String {
        let mut html = String::new();
        push_terminal(&mut html, &settle(text), &mut Style::default());
        html
    }

    #[test]
    fn colours_become_classes() {
        assert_eq!(drawn("a\u{1b}[31mred\u{1b}[0m b"), "a<span class=\"t-ink-1\">red</span> b");
        assert_eq!(drawn("\u{1b}[1;4;44;97mx"), "<span class=\"t-bold t-line t-ink-15 t-paper-4\">x</span>");
        assert_eq!(
            drawn("\u{1b}[38;5;208mx\u{1b}[38;2;250;80;90my"),
            "<span class=\"t-ink-3\">x</span><span class=\"t-ink-9\">y</span>"
        );
        assert_eq!(drawn("\u{1b}[38;5;1m<b>"), "<span class=\"t-ink-1\">&lt;b&gt;</span>");
    }

    #[test]
    fn other_sequences_leave_nothing() {
        assert_eq!(
            drawn("a\u{1b}[2K\u{1b}[1Ab\u{1b}]8;;http://x\u{7}c\u{1b}]0;t\u{1b}\\d\u{1b}cé\u{1b}"),
            "abcdé"
        );
        for broken in [
            "\u{1b}[",
            "\u{1b}[31",
            "\u{1b}]8;;",
            "\u{1b}[38;5m",
            "\u{1b}[38;2;1mx",
            "\u{1b}[999999mx",
            "\u{1b}[é",
        ] {
            assert!(!drawn(broken).contains('\u{1b}'), "{broken:?}");
        }
    }

    #[test]
    fn a_line_that_begins_again_is_overwritten() {
        assert_eq!(drawn("10%\r 50%\r100%\ndone\r\nx"), "100%\ndone\nx");
        assert_eq!(drawn("10%\r99%\r"), "99%");
        assert_eq!(drawn("abc\u{8}d"), "abd");
    }
}
