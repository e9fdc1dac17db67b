//! Pages in HTML as Markdown: headings, lists, links, tables, code. What cannot be said in Markdown is
//! named, not passed on.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// A page with the kinds of elements that were left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    pub markdown: String,
    pub left_out: Vec<String>,
}

pub fn to_markdown(html: &str) -> Converted {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let page = tokenizer.sink.0.into_inner();
    Converted { left_out: page.left_out.iter().cloned().collect(), markdown: page.finish() }
}

#[derive(Default)]
struct Sink(RefCell<Page>);

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut page = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => page.text(&text),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                page.begin(&tag);
                if matches!(&*tag.name, "script" | "style" | "iframe" | "noscript") {
                    return TokenSinkResult::RawData(RawKind::Rawtext);
                }
            }
            Token::TagToken(tag) => page.end(&tag.name),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

struct List {
    /// The next number; `None` for bullets.
    number: Option<usize>,
}

#[derive(Default)]
struct Page {
    out: String,
    left_out: BTreeSet<String>,
    lists: Vec<List>,
    links: Vec<String>,
    /// Rows of the table at hand, their cells as text.
    table: Option<Vec<Vec<String>>>,
    /// Where the cell at hand begins in `out`.
    cell: Option<usize>,
    n_quotes: usize,
    n_pre: usize,
    n_skipped: usize,
}

/// Elements that do something, or bring what is no text.
const ACTIVE: [&str; 12] = [
    "script", "style", "iframe", "form", "input", "button", "video", "audio", "object", "embed", "svg",
    "canvas",
];
/// Elements whose content is no text of the page.
const SKIPPED: [&str; 7] = ["script", "style", "iframe", "noscript", "title", "svg", "head"];

fn attribute(tag: &Tag, name: &str) -> Option<String> {
    tag.attrs.iter().find(|attribute| &*attribute.name.local == name).map(|found| found.value.to_string())
}

impl Page {
    fn text(&mut self, text: &str) {
        if self.n_skipped > 0 {
            return;
        }
        if self.n_pre > 0 {
            self.out.push_str(text);
            return;
        }
        for letter in text.chars() {
            if letter.is_whitespace() {
                if !self.out.is_empty() && !self.out.ends_with([' ', '\n']) {
                    self.out.push(' ');
                }
                continue;
            }
            if matches!(letter, '\\' | '*' | '_' | '`' | '[' | ']' | '<') {
                self.out.push('\\');
            }
            self.out.push(letter);
        }
    }

    fn begin(&mut self, tag: &Tag) {
        let name = &*tag.name;
        if ACTIVE.contains(&name) {
            self.left_out.insert(name.to_owned());
        }
        if SKIPPED.contains(&name) && !tag.self_closing {
            self.n_skipped += 1;
        }
        if self.n_skipped > 0 {
            return;
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.block();
                let level = usize::from(name.as_bytes()[1] - b'0');
                let _ = write!(self.out, "{} ", "#".repeat(level));
            }
            "p" | "div" | "section" | "article" | "table" | "dl" | "header" | "footer"
                if self.lists.is_empty() =>
            {
                self.block();
                if name == "table" {
                    self.table = Some(Vec::new());
                }
            }
            "br" => self.out.push_str(if self.cell.is_some() { " " } else { "\\\n" }),
            "hr" => {
                self.block();
                self.out.push_str("---\n\n");
            }
            "b" | "strong" => self.out.push_str("**"),
            "i" | "em" => self.out.push('*'),
            "code" | "tt" | "kbd" if self.n_pre == 0 => self.out.push('`'),
            "pre" => {
                self.block();
                self.out.push_str("```\n");
                self.n_pre += 1;
            }
            "blockquote" => {
                self.block();
                self.n_quotes += 1;
                self.out.push_str("> ");
            }
            "ul" | "ol" => {
                if self.lists.is_empty() {
                    self.block();
                }
                self.lists.push(List { number: (name == "ol").then_some(1) });
            }
            "li" | "dt" | "dd" => self.item(),
            "a" => {
                self.links.push(attribute(tag, "href").unwrap_or_default());
                self.out.push('[');
            }
            "img" => {
                let (words, source) = (attribute(tag, "alt"), attribute(tag, "src").unwrap_or_default());
                if source.starts_with("data:") {
                    self.left_out.insert("picture inside of the page".to_owned());
                } else {
                    let _ = write!(self.out, "![{}]({})", words.unwrap_or_default(), url(&source));
                }
            }
            "tr" => {
                if let Some(table) = &mut self.table {
                    table.push(Vec::new());
                }
            }
            "td" | "th" if self.table.is_some() => self.cell = Some(self.out.len()),
            _ => {}
        }
    }

    fn end(&mut self, name: &str) {
        if SKIPPED.contains(&name) {
            self.n_skipped = self.n_skipped.saturating_sub(1);
            return;
        }
        if self.n_skipped > 0 {
            return;
        }
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "p" | "div" | "section" | "article"
                if self.lists.is_empty() =>
            {
                self.block();
            }
            "b" | "strong" => self.close("**"),
            "i" | "em" => self.close("*"),
            "code" | "tt" | "kbd" if self.n_pre == 0 => self.out.push('`'),
            "pre" => {
                self.n_pre = self.n_pre.saturating_sub(1);
                if !self.out.ends_with('\n') {
                    self.out.push('\n');
                }
                self.out.push_str("```\n\n");
            }
            "blockquote" => {
                self.block();
                self.n_quotes = self.n_quotes.saturating_sub(1);
            }
            "ul" | "ol" => {
                self.lists.pop();
                if self.lists.is_empty() {
                    self.block();
                }
            }
            "a" => {
                if let Some(target) = self.links.pop() {
                    let _ = write!(self.out, "]({})", url(&target));
                }
            }
            "td" | "th" => self.end_cell(),
            "table" => self.end_table(),
            _ => {}
        }
    }

    /// Ends the paragraph at hand.
    fn block(&mut self) {
        if self.cell.is_some() {
            return;
        }
        let end = self.out.trim_end_matches([' ', '\n']).len();
        self.out.truncate(end);
        if !self.out.is_empty() {
            self.out.push_str("\n\n");
        }
    }

    /// Marks close behind the last word, not behind the space that follows it.
    fn close(&mut self, mark: &str) {
        let had_space = self.out.ends_with(' ');
        if had_space {
            self.out.pop();
        }
        self.out.push_str(mark);
        if had_space {
            self.out.push(' ');
        }
    }

    fn item(&mut self) {
        let depth = self.lists.len().saturating_sub(1);
        let end = self.out.trim_end_matches(' ').len();
        self.out.truncate(end);
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
        let mark = match self.lists.last_mut() {
            Some(List { number: Some(number) }) => {
                let mark = format!("{number}. ");
                *number += 1;
                mark
            }
            _ => "- ".to_owned(),
        };
        let _ = write!(self.out, "{}{mark}", "   ".repeat(depth));
    }

    fn end_cell(&mut self) {
        let (Some(start), Some(table)) = (self.cell.take(), &mut self.table) else { return };
        let text = self.out.split_off(start.min(self.out.len()));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
        match table.last_mut() {
            Some(row) => row.push(text),
            None => table.push(vec![text]),
        }
    }

    fn end_table(&mut self) {
        self.end_cell();
        let rows = self.table.take().unwrap_or_default();
        let width = rows.iter().map(Vec::len).max().unwrap_or(0);
        self.block();
        for (at, row) in rows.iter().filter(|row| !row.is_empty()).enumerate() {
            let cells = (0..width).map(|at| row.get(at).map_or("", String::as_str));
            let _ = writeln!(self.out, "| {} |", cells.collect::<Vec<_>>().join(" | "));
            if at == 0 {
                let _ = writeln!(self.out, "|{}", " --- |".repeat(width));
            }
        }
        self.out.push('\n');
    }

    fn finish(mut self) -> String {
        if self.table.is_some() {
            self.end_table();
        }
        let text = self.out.trim();
        if text.is_empty() { String::new() } else { format!("{text}\n") }
    }
}

/// An address that ends where it should.
fn url(target: &str) -> String {
    let target = target.trim();
    match target.contains([' ', '(', ')', '<', '>', '\n']) {
        true => format!("<{}>", target.replace(['<', '>', '\n'], "")),
        false => target.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_said_in_markdown() {
        let html = "<html><head><title>T</title><style>p {}</style></head><body><h2>Task</h2><p>Predict <b>one </b>of\n three_\
            classes.</p><ul><li>first <a href='http://x.org/a b'>link</a></li><li>second<ol><li>inner</li></ol></li></ul>\
            <pre>a  b\n c</pre><table><tr><th>k</th><th>v|w</th></tr><tr><td>1</td></tr></table><script>alert('<p>')</script>\
            <img src=\"plot.png\" alt=Plot></body></html>";
        let converted = to_markdown(html);
        assert_eq!(
            converted.markdown,
            "## Task\n\nPredict **one** of three\\_classes.\n\n- first [link](<http://x.org/a b>)\n- second\n   1. inner\n\n\
             ```\na  b\n c\n```\n\n| k | v\\|w |\n| --- | --- |\n| 1 |  |\n\n![Plot](plot.png)\n"
        );
        assert_eq!(converted.left_out, ["script", "style"]);
    }

    #[test]
    fn torn_html_is_read_to_its_end() {
        assert_eq!(to_markdown("<p>one<p>two<td>x</table></ul></a>").markdown, "one\n\ntwox\n");
        assert_eq!(to_markdown("").markdown, "");
    }
}
