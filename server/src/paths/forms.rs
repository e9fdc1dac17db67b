//! Which page has the form that is sent to an address of forms alone.

/// Sections of a competition, below which forms are sent and few pages are: what is no page goes back to the section.
const OF_A_COMPETITION: [&str; 5] =
    ["/team", "/host/data", "/host/disqualifications", "/host/hosts", "/host/visibility"];
/// The same of the site.
const OF_THE_SITE: [&str; 5] =
    ["/admin/incidents", "/admin/users", "/settings/identities", "/settings/sessions", "/settings/tokens"];
/// Pages whose form is sent to an address that is not below them.
const ELSEWHERE: [(&str, &str); 2] = [("/check", "/submit"), ("/host/medals", "/host/limits")];

/// The page that whoever looks at an address of forms alone meant: the section it is of, or the address above it. `None` for
/// what no page sends.
pub fn page_of_form(path: &str) -> Option<String> {
    if path.starts_with("/sign-in/") {
        return None;
    }
    if let Some(below) = path.strip_prefix("/c/")
        && let Some(at) = below.find('/')
    {
        let (competition, rest) = path.split_at("/c/".len() + at);
        if let Some((_, page)) = ELSEWHERE.iter().find(|(address, _)| *address == rest) {
            return Some(format!("{competition}{page}"));
        }
        if let Some(section) = section(&OF_A_COMPETITION, rest) {
            return Some(format!("{competition}{section}"));
        }
    }
    if let Some(section) = section(&OF_THE_SITE, path) {
        return Some(section.to_owned());
    }
    let (above, last) = path.rsplit_once('/')?;
    (!last.is_empty()).then(|| if above.is_empty() { "/".to_owned() } else { above.to_owned() })
}

fn section<'a>(sections: &[&'a str], path: &str) -> Option<&'a str> {
    let is_below = |section: &&str| path.strip_prefix(*section).is_some_and(|rest| rest.starts_with('/'));
    sections.iter().copied().find(is_below)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_s_address_leads_to_the_page_above_it() {
        for (address, page) in [
            ("/c/iris/check", "/c/iris/submit"),
            ("/c/iris/check/7/submit", "/c/iris/check/7"),
            ("/c/iris/team/merge", "/c/iris/team"),
            ("/c/iris/team/merge/7/accept", "/c/iris/team"),
            ("/c/team/submissions/7/select", "/c/team/submissions/7"),
            ("/c/iris/host/hosts/ada/remove", "/c/iris/host/hosts"),
            ("/settings/sessions/7/end", "/settings/sessions"),
            ("/settings/data/delete", "/settings/data"),
            ("/topics/7/lock", "/topics/7"),
            ("/preview", "/"),
        ] {
            assert_eq!(page_of_form(address).as_deref(), Some(page), "{address}");
        }
        assert_eq!(page_of_form("/sign-in/with/lab/back-channel-logout"), None);
        assert_eq!(page_of_form("/"), None);
    }
}
