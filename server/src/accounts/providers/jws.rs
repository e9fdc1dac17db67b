//! A signature over claims (JSON Web Signature, RFC 7515, in its compact form), judged by a key of a provider (RFC 7517).
//!
//! Signatures by a private key alone: a token that was signed by the client's secret, or by nobody, names an algorithm
//! that is none here. A key judges by its own kind, whatever a token says.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// All that are taken (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    Rs256,
    Ps256,
    Es256,
    #[serde(rename = "EdDSA")]
    EdDsa,
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: Algorithm,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<Value>,
}

/// What a token says it is (RFC 8725, section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Logout,
    /// No more than a token.
    Untold,
    Other,
}

/// A token whose signature was not looked at yet; nothing it claims can be read before that.
#[derive(Debug)]
pub struct Token<'a> {
    header: Header,
    signed: &'a str,
    claims: &'a str,
    signature: Vec<u8>,
}

impl<'a> Token<'a> {
    /// `None` for what is none, has another algorithm, or asks to understand more than is understood here.
    pub fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = serde_json::from_slice(&decoded(header)?).ok()?;
        let token = Self { header, signed, claims, signature: decoded(signature)? };
        token.header.crit.is_none().then_some(token)
    }

    /// By its header, without regard to case or to the words before the slash that all media types here have.
    pub fn kind(&self) -> Kind {
        let typ = self.header.typ.as_deref().unwrap_or("jwt").to_ascii_lowercase();
        match typ.strip_prefix("application/").unwrap_or(&typ) {
            "logout+jwt" => Kind::Logout,
            "jwt" => Kind::Untold,
            _ => Kind::Other,
        }
    }

    /// The key that it names among these; where it names none, the only one that fits.
    pub fn key_among<'k>(&self, keys: &'k [Key]) -> Option<&'k Key> {
        let is_named = |key: &&Key| self.header.kid.is_none() || key.kid == self.header.kid;
        let mut fitting = keys.iter().filter(|key| key.is_for(self.header.alg)).filter(is_named);
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// What it claims, once the signature holds.
    pub fn claims<T: DeserializeOwned>(&self, key: &Key) -> Option<T> {
        let holds = key.is_for(self.header.alg)
            && key.material.holds(self.header.alg, self.signed.as_bytes(), &self.signature);
        if holds { serde_json::from_slice(&decoded(self.claims)?).ok() } else { None }
    }
}

/// A public key of a provider.
#[derive(Debug, Clone, Deserialize)]
pub struct Key {
    kid: Option<String>,
    #[serde(rename = "use")]
    used_for: Option<String>,
    alg: Option<String>,
    #[serde(flatten)]
    material: Material,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kty", rename_all = "UPPERCASE")]
enum Material {
    Rsa { n: String, e: String },
    Ec { crv: String, x: String, y: String },
    Okp { crv: String, x: String },
}

impl Key {
    fn is_for(&self, algorithm: Algorithm) -> bool {
        let named = match algorithm {
            Algorithm::Rs256 => "RS256",
            Algorithm::Ps256 => "PS256",
            Algorithm::Es256 => "ES256",
            Algorithm::EdDsa => "EdDSA",
        };
        self.used_for.as_deref().is_none_or(|used_for| used_for == "sig")
            && self.alg.as_deref().is_none_or(|alg| alg == named)
            && self.material.fits(algorithm)
    }
}

impl Material {
    fn fits(&self, algorithm: Algorithm) -> bool {
        match self {
            Self::Rsa { .. } => matches!(algorithm, Algorithm::Rs256 | Algorithm::Ps256),
            Self::Ec { crv, .. } => algorithm == Algorithm::Es256 && crv == "P-256",
            Self::Okp { crv, .. } => algorithm == Algorithm::EdDsa && crv == "Ed25519",
        }
    }

    fn holds(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        let judged = match (algorithm, self) {
            (Algorithm::Rs256, Self::Rsa { n, e }) => {
                rsa(&RSA_PKCS1_2048_8192_SHA256, n, e, message, signature)
            }
            (Algorithm::Ps256, Self::Rsa { n, e }) => {
                rsa(&RSA_PSS_2048_8192_SHA256, n, e, message, signature)
            }
            (Algorithm::Es256, Self::Ec { x, y, .. }) => point(x, y).map(|point| {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }),
            (Algorithm::EdDsa, Self::Okp { x, .. }) => {
                decoded(x).map(|x| UnparsedPublicKey::new(&ED25519, x).verify(message, signature).is_ok())
            }
            _ => None,
        };
        judged.unwrap_or(false)
    }
}

fn rsa(rules: &'static RsaParameters, n: &str, e: &str, message: &[u8], signature: &[u8]) -> Option<bool> {
    let [n, e] = [decoded(n)?, decoded(e)?];
    let key = RsaPublicKeyComponents { n: without_zeros(&n), e: without_zeros(&e) };
    Some(key.verify(rules, message, signature).is_ok())
}

/// Some providers write a sign bit before their numbers.
fn without_zeros(number: &[u8]) -> &[u8] {
    let n_zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[n_zeros..]
}

/// A point of P-256 in its uncompressed form.
fn point(x: &str, y: &str) -> Option<Vec<u8>> {
    const UNCOMPRESSED: u8 = 4;
    Some([vec![UNCOMPRESSED], decoded(x)?, decoded(y)?].concat())
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.4.
    const PUBLISHED: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
        hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

    fn key(json: &str) -> Key {
        serde_json::from_str(json).unwrap()
    }

    fn holds(text: &str, key: &Key) -> bool {
        Token::read(text).is_some_and(|token| {
            key.material.holds(token.header.alg, token.signed.as_bytes(), &token.signature)
        })
    }

    #[test]
    fn a_published_signature_holds_and_nothing_near_it_does() {
        let its = key(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#);
        assert!(holds(PUBLISHED, &its));
        assert!(!holds(&PUBLISHED.replace("RXhh", "RXhi"), &its), "other claims");
        assert!(!holds(&PUBLISHED.replace("eyJhbGciOiJFZERTQSJ9", "eyJhbGciOiJFUzI1NiJ9"), &its));
        let other = key(r#"{"kty":"OKP","crv":"Ed25519","x":"2-Jj2UvNCvQiUPNYRgSi0cJSPiJI6Rs6D0UTeEpQVj8"}"#);
        assert!(!holds(PUBLISHED, &other));
    }

    #[test]
    fn what_nobody_signed_or_asks_for_more_is_no_token() {
        let with = |header: &str| format!("{}.e30.", URL_SAFE_NO_PAD.encode(header));
        assert!(Token::read(&with(r#"{"alg":"RS256"}"#)).is_some());
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS256"}"#,
            r#"{"alg":"rs256"}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"RS256","crit":["exp"]}"#,
            r#"{"alg":"RS256","alg":"none"}"#,
            "{}",
        ] {
            assert!(Token::read(&with(header)).is_none(), "{header}");
        }
        assert!(Token::read("").is_none() && Token::read("a.b").is_none());
    }

    #[test]
    fn a_token_says_what_it_is() {
        let kind = |typ: &str| {
            let header = URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"RS256"{typ}}}"#));
            Token::read(&format!("{header}.e30.")).map(|token| token.kind())
        };
        assert_eq!(kind(""), Some(Kind::Untold));
        assert_eq!(kind(r#","typ":"JWT""#), Some(Kind::Untold));
        assert_eq!(kind(r#","typ":"logout+jwt""#), Some(Kind::Logout));
        assert_eq!(kind(r#","typ":"application/Logout+JWT""#), Some(Kind::Logout));
        assert_eq!(kind(r#","typ":"at+jwt""#), Some(Kind::Other));
        assert_eq!(kind(r#","typ":["logout+jwt"]"#), None);
    }

    #[test]
    fn a_token_without_a_name_takes_the_only_key_that_fits() {
        let okp = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let rsa = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"r"}"#;
        let enciphering = r#"{"kty":"OKP","crv":"Ed25519","x":"AA","use":"enc"}"#;
        let token = Token::read(PUBLISHED).unwrap();
        assert!(token.key_among(&[key(rsa), key(okp), key(enciphering)]).is_some());
        assert!(token.key_among(&[key(okp), key(okp)]).is_none(), "which of two?");
        assert!(token.key_among(&[key(rsa)]).is_none());
    }
}
