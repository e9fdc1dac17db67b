//! Markdown to safe HTML, in one place: drawn once when a text is saved, stored, and shown as it is.

use ammonia::Builder;
use comrak::Options;

/// Draws CommonMark with tables and strikethrough, and keeps only harmless HTML.
pub fn draw(markdown: &str) -> String {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.footnotes = true;
    options.render.r#unsafe = true; // ammonia decides what stays
    sanitise(&comrak::markdown_to_html(markdown, &options))
}

fn sanitise(html: &str) -> String {
    Builder::default()
        .link_rel(Some("noopener noreferrer nofollow"))
        .add_tag_attributes("code", &["class"])
        .add_tag_attributes("th", &["align"])
        .add_tag_attributes("td", &["align"])
        .url_schemes(["http", "https", "mailto"].into())
        .clean(html)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_drawn_and_scripts_are_not() {
        let html = draw("|a|b|\n|-|-|\n|1|2|\n\n<script>alert(1)</script><img src=x onerror=alert(1)>");
        assert!(html.contains("<table>"));
        assert!(!html.contains("script") && !html.contains("onerror"));
        assert!(!draw("[x](javascript:alert(1))").contains("javascript"));
    }
}
