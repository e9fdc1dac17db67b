//! Source code with its syntax marked: one small lexer for the languages that people write here, fast
//! enough to colour a whole notebook while it is drawn.
//!
//! Colours come from classes of the style sheet: `hl-k` keyword, `hl-b` built-in, `hl-s` string, `hl-c`
//! comment, `hl-n` number, `hl-d` decorator or magic command, `hl-f` name that is being defined.
//! Never here: text that is not escaped.
//!
//! To add a language: one more entry in [`languages`].

mod languages;

use languages::Language;

use crate::html::push_text;

/// Whether code of this language is coloured.
pub fn is_known(language: &str) -> bool {
    Language::named(language).is_some()
}

/// Appends source code; that of an unknown language without colours.
pub fn push_code(html: &mut String, source: &str, language: &str) {
    match Language::named(language) {
        Some(language) => Lexer { html, source, language, at: 0, written: 0 }.run(),
        None => push_text(html, source),
    }
}

/// Walks over bytes and cuts at ASCII only, so that no character is cut in two.
struct Lexer<'a> {
    html: &'a mut String,
    source: &'a str,
    language: &'static Language,
    at: usize,
    /// Everything before is in `html`.
    written: usize,
}

impl Lexer<'_> {
    fn run(mut self) {
        let mut is_line_start = true;
        let mut defines = false;
        while let Some(byte) = self.byte(self.at) {
            match byte {
                b'\n' => {
                    self.at += 1;
                    (is_line_start, defines) = (true, false);
                    continue;
                }
                b' ' | b'\t' | b'\r' => {
                    self.at += 1;
                    continue;
                }
                _ if is_line_start && self.is_magic(byte) => self.mark("hl-d", self.line_end()),
                b'@' if is_line_start && self.language.has_decorators => {
                    self.mark("hl-d", self.name_end(self.at + 1))
                }
                _ if self.begins(self.language.line_comments) => self.mark("hl-c", self.line_end()),
                _ if self.begins_block() => self.mark("hl-c", self.block_end()),
                _ if self.language.quotes.as_bytes().contains(&byte) => {
                    self.mark("hl-s", self.string_end(self.at))
                }
                b'0'..=b'9' => self.mark("hl-n", self.number_end()),
                _ if is_name(byte) => {
                    defines = self.word(defines);
                    is_line_start = false;
                    continue;
                }
                _ => self.at += 1,
            }
            (is_line_start, defines) = (false, false);
        }
        push_text(self.html, &self.source[self.written..]);
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.source.as_bytes().get(at).copied()
    }

    /// Puts everything up to `end` into one span.
    fn mark(&mut self, class: &str, end: usize) {
        push_text(self.html, &self.source[self.written..self.at]);
        self.html.push_str("<span class=\"");
        self.html.push_str(class);
        self.html.push_str("\">");
        push_text(self.html, &self.source[self.at..end]);
        self.html.push_str("</span>");
        (self.at, self.written) = (end, end);
    }

    /// A name, a keyword, or the prefix of a string; gives whether the next name is being defined.
    fn word(&mut self, defines: bool) -> bool {
        let end = self.name_end(self.at);
        let word = &self.source[self.at..end];
        let is_prefix =
            word.len() <= 2 && word.bytes().all(|letter| self.language.prefixes.as_bytes().contains(&letter));
        if is_prefix && self.byte(end).is_some_and(|byte| self.language.quotes.as_bytes().contains(&byte)) {
            self.mark("hl-s", self.string_end(end));
            return false;
        }
        let is_attribute = self.at > 0 && self.byte(self.at - 1) == Some(b'.');
        if self.language.is_keyword(word) && !is_attribute {
            let defines = self.language.defining.contains(&word);
            self.mark("hl-k", end);
            return defines;
        }
        if defines {
            self.mark("hl-f", end);
        } else if self.language.is_builtin(word) && !is_attribute {
            self.mark("hl-b", end);
        } else {
            self.at = end;
        }
        false
    }

    fn is_magic(&self, byte: u8) -> bool {
        self.language.has_magics && (byte == b'%' || byte == b'!')
    }

    fn begins(&self, starts: &[&str]) -> bool {
        starts.iter().any(|start| self.source[self.at..].starts_with(start))
    }

    fn begins_block(&self) -> bool {
        self.language.block_comment.is_some_and(|(start, _)| self.source[self.at..].starts_with(start))
    }

    fn block_end(&self) -> usize {
        let (start, end) = self.language.block_comment.unwrap_or_default();
        let inside = self.at + start.len();
        self.source[inside..].find(end).map_or(self.source.len(), |at| inside + at + end.len())
    }

    fn line_end(&self) -> usize {
        self.source[self.at..].find('\n').map_or(self.source.len(), |length| self.at + length)
    }

    fn name_end(&self, from: usize) -> usize {
        let rest = &self.source.as_bytes()[from..];
        let is_inside = |byte: &u8| is_name(*byte) || byte.is_ascii_digit();
        from + rest.iter().position(|byte| !is_inside(byte)).unwrap_or(rest.len())
    }

    fn number_end(&self) -> usize {
        let bytes = self.source.as_bytes();
        let mut end = self.at + 1;
        while let Some(byte) = bytes.get(end) {
            let is_exponent = matches!(byte, b'+' | b'-')
                && matches!(bytes[end - 1], b'e' | b'E')
                && bytes[self.at + 1] != b'x';
            if !byte.is_ascii_alphanumeric() && *byte != b'.' && *byte != b'_' && !is_exponent {
                break;
            }
            end += 1;
        }
        end
    }

    /// The end of the string whose quote is at `quote_at`; a string that is not closed ends with its line.
    fn string_end(&self, quote_at: usize) -> usize {
        let bytes = self.source.as_bytes();
        let quote = bytes[quote_at];
        let is_triple = self.language.has_triple_quotes && bytes[quote_at..].starts_with(&[quote; 3]);
        let mut at = quote_at + if is_triple { 3 } else { 1 };
        while let Some(byte) = bytes.get(at) {
            match byte {
                b'\\' if self.language.has_escapes => at += 2,
                b'\n' if !is_triple && quote != b'`' && !self.language.has_long_strings => return at,
                byte if *byte == quote && !is_triple => return at + 1,
                byte if *byte == quote && bytes[at..].starts_with(&[quote; 3]) => return at + 3,
                _ => at += 1,
            }
        }
        bytes.len()
    }
}

/// Letters, the underscore, and every byte of a character beyond ASCII.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(source: &str, language: &str) -> String {
        let mut html = String::new();
        push_code(&mut html, source, language);
        html.replace("<span class=\"hl-", "[").replace("</span>", "]").replace("\">", ":")
    }

    #[test]
    fn python_is_told_apart() {
        assert_eq!(coloured("def area(r): # é", "python"), "[k:def] [f:area](r): [c:# é]");
        assert_eq!(coloured("x = f'{y}\\'' + 1e-3", "python"), "x = [s:f&#39;{y}\\&#39;&#39;] + [n:1e-3]");
        assert_eq!(coloured("@cache\nprint(None)", "python"), "[d:@cache]\n[b:print]([k:None])");
        assert_eq!(coloured("a.print, é.x", "python"), "a.print, é.x");
        assert_eq!(
            coloured("\"\"\"two\nlines\"\"\" x", "python"),
            "[s:&quot;&quot;&quot;two\nlines&quot;&quot;&quot;] x"
        );
        assert_eq!(
            coloured("%matplotlib inline\n!ls <a>\ny % 2", "python"),
            "[d:%matplotlib inline]\n[d:!ls &lt;a&gt;]\ny % [n:2]"
        );
    }

    #[test]
    fn other_languages_have_their_own_words() {
        assert_eq!(
            coloured("select 'it''s' from t -- all", "SQL"),
            "[k:select] [s:&#39;it&#39;][s:&#39;s&#39;] [k:from] t [c:-- all]"
        );
        assert_eq!(
            coloured("f <- function(x) TRUE # yes", "R"),
            "f &lt;- [k:function](x) [k:TRUE] [c:# yes]"
        );
        assert_eq!(coloured("let x = /* a\nb */ 1;", "rust"), "[k:let] x = [c:/* a\nb */] [n:1];");
        assert_eq!(coloured("<b>", "brainfuck"), "&lt;b&gt;");
    }

    #[test]
    fn whatever_is_unfinished_ends_with_the_text() {
        for source in ["'", "\"\"\"", "f'", "/*", "#", "@", "%", "0x", "1e", "'\\", "\"é\\", "é'é", "0", "/"]
        {
            for language in ["python", "c", "sql", "bash", "json", "julia", "r", "yaml"] {
                let mut html = String::new();
                push_code(&mut html, source, language);
                assert_eq!(crate::html::words(&html), source, "{language}");
            }
        }
    }
}
