//! Other places where a public notebook can be opened: links that the installation is configured with.

use crate::web::problems::encode;

/// A place by its name, and its address with `{url}` where the notebook's own belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opener {
    pub name: String,
    template: String,
}

/// All places, in the order of the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Openers(pub Vec<Opener>);

impl std::str::FromStr for Openers {
    type Err = String;

    /// Reads `Name=https://…{url}…`, several with a semicolon between them.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        parts.map(Opener::read).collect::<Result<_, _>>().map(Self)
    }
}

impl Opener {
    fn read(text: &str) -> Result<Self, String> {
        let form = || format!("“{text}” is not of the form Name=https://…{{url}}…");
        let (name, template) = text.split_once('=').ok_or_else(form)?;
        let (name, template) = (name.trim(), template.trim());
        let is_address = template.starts_with("https://") || template.starts_with("http://");
        if name.is_empty() || !is_address || !template.contains("{url}") {
            return Err(form());
        }
        Ok(Self { name: name.to_owned(), template: template.to_owned() })
    }

    /// Where this place opens the file at `url`.
    pub fn address(&self, url: &str) -> String {
        self.template.replace("{url}", &encode(url).replace('/', "%2F"))
    }

    pub fn sample() -> Self {
        Self { name: "JupyterHub".to_owned(), template: "https://hub.example.org/open?url={url}".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_a_name_and_an_address_with_a_gap() {
        let openers: Openers =
            "Hub = https://hub.example.org/?u={url}; Lite=https://lite.example.org/{url}".parse().unwrap();
        assert_eq!(openers.0.len(), 2);
        assert_eq!(openers.0[0].address("http://h/n?x"), "https://hub.example.org/?u=http%3A%2F%2Fh%2Fn%3Fx");
        assert_eq!("".parse(), Ok(Openers::default()));
        for wrong in ["Hub", "Hub=javascript:{url}", "Hub=https://x", "=https://x/{url}"] {
            assert!(wrong.parse::<Openers>().is_err(), "{wrong}");
        }
    }
}
