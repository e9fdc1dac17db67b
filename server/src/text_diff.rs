//! The difference of two texts, line by line: what is the same, what came and what went; and as HTML, side by side.

use std::time::{Duration, Instant};

use similar::{ChangeTag, TextDiff};

use crate::html::push_text;

/// Beyond it, differences are found that are right and longer than they could be.
pub const PATIENCE: Duration = Duration::from_millis(300);
/// Longer texts are compared as a whole.
pub const LONGEST_COMPARED: usize = 100_000;
/// Lines that are shown of a longer run of the same ones, before and after what changed.
const CONTEXT: usize = 3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Same,
    Changed,
    Added,
    Removed,
}

impl Change {
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }
}

/// One line of two texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Never [`Change::Changed`].
    pub change: Change,
    pub text: String,
}

/// The way from one text to the other.
pub fn compare(old: &str, new: &str) -> Vec<Line> {
    compare_until(old, new, Instant::now() + PATIENCE)
}

/// As [`compare`], with what is left of the patience for several texts.
pub fn compare_until(old: &str, new: &str, until: Instant) -> Vec<Line> {
    if old.len().max(new.len()) > LONGEST_COMPARED {
        return whole(old, Change::Removed).into_iter().chain(whole(new, Change::Added)).collect();
    }
    let (old, new) = (format!("{}\n", old.trim_end()), format!("{}\n", new.trim_end()));
    let diff = TextDiff::configure().deadline(until).diff_lines(old.as_str(), new.as_str());
    diff.iter_all_changes()
        .map(|change| Line {
            change: match change.tag() {
                ChangeTag::Equal => Change::Same,
                ChangeTag::Insert => Change::Added,
                ChangeTag::Delete => Change::Removed,
            },
            text: change.value().trim_end_matches(['\n', '\r']).to_owned(),
        })
        .collect()
}

/// Every line of a text, all of them changed alike.
pub fn whole(text: &str, change: Change) -> Vec<Line> {
    text.lines().map(|line| Line { change, text: line.to_owned() }).collect()
}

/// Appends the lines of both texts as a table; those that took each other's place stand side by side.
pub fn push_lines(html: &mut String, lines: &[Line]) {
    push_table(html, lines, usize::MAX);
}

/// As [`push_lines`], in a new string, with long runs of the same lines as one.
pub fn draw_folded(lines: &[Line]) -> String {
    let mut html = String::new();
    push_table(&mut html, lines, CONTEXT);
    html
}

fn push_table(html: &mut String, lines: &[Line], context: usize) {
    html.push_str(
        "<div class=\"table-wrap\"><table class=\"lines\"><thead><tr><th scope=\"col\">Before</th>\
         <th scope=\"col\">After</th></tr></thead><tbody>",
    );
    let is_same = |line: &Line| line.change == Change::Same;
    let mut rest = lines;
    while let Some(first) = rest.first() {
        let length = rest.iter().position(|line| is_same(line) != is_same(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length);
        if is_same(first) {
            let before_it = if rest.len() == lines.len() { 0 } else { context };
            let behind_it = if after.is_empty() { 0 } else { context };
            push_same(html, run, before_it, behind_it);
        } else {
            push_run(html, run);
        }
        rest = after;
    }
    html.push_str("</tbody></table></div>");
}

/// Lines that are the same: the first, the last, and how many lie between.
fn push_same(html: &mut String, run: &[Line], first: usize, last: usize) {
    let n_folded = run.len().saturating_sub(first.saturating_add(last));
    // A fold takes a line itself.
    let (first, n_folded) = if n_folded > 1 { (first, n_folded) } else { (run.len(), 0) };
    for line in &run[..first.min(run.len())] {
        push_row(html, "same", Some(line), Some(line));
    }
    if n_folded > 0 {
        html.push_str(&format!(
            "<tr class=\"same\"><td colspan=\"2\" class=\"none\">{n_folded} lines are the same</td></tr>"
        ));
        for line in &run[first + n_folded..] {
            push_row(html, "same", Some(line), Some(line));
        }
    }
}

fn push_run(html: &mut String, run: &[Line]) {
    let removed: Vec<&Line> = run.iter().filter(|line| line.change == Change::Removed).collect();
    let added: Vec<&Line> = run.iter().filter(|line| line.change == Change::Added).collect();
    for at in 0..removed.len().max(added.len()) {
        push_row(html, "other", removed.get(at).copied(), added.get(at).copied());
    }
}

fn push_row(html: &mut String, class: &str, old: Option<&Line>, new: Option<&Line>) {
    html.push_str(&format!("<tr class=\"{class}\">"));
    for (side, line) in [("old", old), ("new", new)] {
        let Some(line) = line else {
            html.push_str("<td class=\"none\"></td>");
            continue;
        };
        html.push_str(&format!("<td class=\"{side}\">"));
        match line.change {
            Change::Removed => html.push_str("<span class=\"visually-hidden\">removed: </span><del>"),
            Change::Added => html.push_str("<span class=\"visually-hidden\">added: </span><ins>"),
            Change::Same | Change::Changed => html.push_str("<span>"),
        }
        push_text(html, &line.text);
        html.push_str(match line.change {
            Change::Removed => "</del></td>",
            Change::Added => "</ins></td>",
            Change::Same | Change::Changed => "</span></td>",
        });
    }
    html.push_str("</tr>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_come_and_go() {
        let lines = compare("a\nb\nc", "a\nB\nc\nd\n");
        let told: Vec<(&str, &str)> =
            lines.iter().map(|line| (line.change.name(), line.text.as_str())).collect();
        let expected = [("same", "a"), ("removed", "b"), ("added", "B"), ("same", "c"), ("added", "d")];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_is_far_from_a_change_is_folded_and_stays_text() {
        let old: String = (0..40).map(|line| format!("<b>{line}</b>\n")).collect();
        let new = old.replace("<b>20</b>", "<i>20</i>");
        let html = draw_folded(&compare(&old, &new));
        assert!(html.contains("17 lines are the same") && html.contains("16 lines are the same"), "{html}");
        assert!(html.contains("&lt;i&gt;20&lt;/i&gt;") && !html.contains("<b>"), "{html}");
        assert_eq!(html.matches("<tr").count(), 1 + 2 + 2 * CONTEXT + 1, "{html}");
        let mut all = String::new();
        push_lines(&mut all, &compare(&old, &new));
        assert_eq!(all.matches("<tr").count(), 1 + 40);
    }
}
