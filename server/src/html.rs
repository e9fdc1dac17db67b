//! Text put into HTML by hand, where a template for each piece would be too slow.

mod nesting;

pub use nesting::is_deep;

/// Appends text so that it stays text, between tags and inside quoted attributes.
pub fn push_text(html: &mut String, text: &str) {
    let mut written = 0;
    for (at, byte) in text.bytes().enumerate() {
        let instead = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            0 => "\u{fffd}",
            _ => continue,
        };
        html.push_str(&text[written..at]);
        html.push_str(instead);
        written = at + 1;
    }
    html.push_str(&text[written..]);
}

/// [`push_text`] into a new string.
pub fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 16);
    push_text(&mut html, text);
    html
}

/// The length of the tag that `html` begins with. A `>` inside of a quoted attribute ends nothing.
pub fn tag_length(html: &str) -> usize {
    let mut quote = None;
    for (at, byte) in html.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    html.len()
}

/// Cleaned HTML with its tags changed: `change` appends a tag in its new form. What stands inside of
/// an attribute is never taken for a tag.
pub fn with_tags(html: &str, mut change: impl FnMut(&str, &mut String)) -> String {
    let mut changed = String::with_capacity(html.len() + 256);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        changed.push_str(before);
        let (tag, after) = tag.split_at(tag_length(tag));
        change(tag, &mut changed);
        rest = after;
    }
    changed.push_str(rest);
    changed
}

/// The words of a piece of HTML that this house wrote or cleaned.
pub fn words(html: &str) -> String {
    let text = with_tags(html, |_, _| {});
    let plain =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")];
    plain.into_iter().fold(text, |text, (entity, character)| text.replace(entity, character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("a < b && \"c\" > 'd'"), "a &lt; b &amp;&amp; &quot;c&quot; &gt; &#39;d&#39;");
        assert_eq!(escaped("naïve\0"), "naïve\u{fffd}");
    }

    #[test]
    fn words_are_what_a_reader_sees() {
        assert_eq!(words("<h2 title=\"a > b\">Loss &amp; <code>f(x) &lt; 1</code></h2>"), "Loss & f(x) < 1");
        assert_eq!(words("cut <off"), "cut ");
    }

    #[test]
    fn a_tag_inside_of_an_attribute_is_none() {
        let html = "<img alt=\"<h1> x\"><h1>y</h1>";
        let changed = with_tags(html, |tag, out| out.push_str(if tag == "<h1>" { "<h2>" } else { tag }));
        assert_eq!(changed, "<img alt=\"<h1> x\"><h2>y</h1>");
    }
}
