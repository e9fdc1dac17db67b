//! The signature of an address in a bucket, over any header: `object_store` signs no length, which it has its own client send.
//! Signature Version 4 of AWS, in the query
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>).

use std::collections::BTreeMap;
use std::io;

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

const CREDENTIAL: &str = "X-Amz-Credential";
const DATE: &str = "X-Amz-Date";
const SIGNED_HEADERS: &str = "X-Amz-SignedHeaders";
const SIGNATURE: &str = "X-Amz-Signature";
const TOKEN: &str = "X-Amz-Security-Token";

/// Who signs.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    pub key_id: &'a str,
    pub secret_key: &'a str,
    pub token: Option<&'a str>,
}

/// What is asked of the store by whoever holds the address.
#[derive(Debug)]
pub struct Asked<'a> {
    pub method: &'a str,
    /// As an address has it, encoded once.
    pub path: &'a str,
    /// Must come with the request, `host` among them, by names in small letters.
    pub headers: BTreeMap<&'a str, String>,
}

/// The query of a signed address whose former signature was over fewer headers. Place, time and how long it lasts stay.
///
/// # Errors
/// A query that was not signed.
pub fn sign_anew(
    asked: Asked<'_>,
    former: impl Iterator<Item = (String, String)>,
    signer: Signer<'_>,
) -> io::Result<String> {
    let mut query: BTreeMap<String, String> = former.collect();
    query.remove(SIGNATURE);
    let of = |name: &str| query.get(name).ok_or_else(|| io::Error::other(format!("no {name}")));
    let (date, credential) = (of(DATE)?.clone(), of(CREDENTIAL)?);
    let scope = credential.split_once('/').ok_or(io::ErrorKind::InvalidData)?.1.to_owned();
    query.insert(CREDENTIAL.to_owned(), format!("{}/{scope}", signer.key_id));
    match signer.token {
        Some(token) => query.insert(TOKEN.to_owned(), token.to_owned()),
        None => query.remove(TOKEN),
    };
    let Asked { method, path, headers } = asked;
    let names = headers.keys().copied().collect::<Vec<_>>().join(";");
    query.insert(SIGNED_HEADERS.to_owned(), names.clone());
    let query = encoded(&query);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let request = format!("{method}\n{path}\n{query}\n{headers}\n{names}\nUNSIGNED-PAYLOAD");
    let digest = hex::encode(Sha256::digest(request));
    let mut key = format!("AWS4{}", signer.secret_key).into_bytes();
    for part in scope.split('/') {
        key = mac(&key, part)?;
    }
    let signature = hex::encode(mac(&key, &format!("{ALGORITHM}\n{date}\n{scope}\n{digest}"))?);
    Ok(format!("{query}&{SIGNATURE}={signature}"))
}

fn encoded(query: &BTreeMap<String, String>) -> String {
    let encode = |text| utf8_percent_encode(text, ENCODED).to_string();
    let pairs = query.iter().map(|(name, value)| encode(name) + "=" + &encode(value));
    pairs.collect::<Vec<_>>().join("&")
}

fn mac(key: &[u8], message: &str) -> io::Result<Vec<u8>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(io::Error::other)?;
    mac.update(message.as_bytes());
    Ok(mac.finalize().into_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNER: Signer<'_> = Signer {
        key_id: "AKIAIOSFODNN7EXAMPLE",
        secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        token: None,
    };

    fn signed(headers: &[(&'static str, &str)], signer: Signer<'_>) -> String {
        let former = [
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", "FORMER/20130524/us-east-1/s3/aws4_request"),
            ("X-Amz-Date", "20130524T000000Z"),
            ("X-Amz-Expires", "86400"),
            ("X-Amz-SignedHeaders", "host"),
            ("X-Amz-Signature", "former"),
        ];
        let host = ("host", "examplebucket.s3.amazonaws.com");
        let headers =
            headers.iter().chain([&host]).map(|(name, value)| (*name, (*value).to_owned())).collect();
        let asked = Asked { method: "GET", path: "/test.txt", headers };
        let former = former.map(|(name, value)| (name.to_owned(), value.to_owned()));
        sign_anew(asked, former.into_iter(), signer).expect("signed")
    }

    /// The example of AWS's own page.
    #[test]
    fn a_signature_is_the_one_that_aws_documents() {
        let query = "X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(signed(&[], SIGNER), query);
    }

    #[test]
    fn a_length_is_named_and_changes_the_signature() {
        let [three, four] = ["3", "4"].map(|length| signed(&[("content-length", length)], SIGNER));
        assert!(three.contains("&X-Amz-SignedHeaders=content-length%3Bhost&"), "{three}");
        assert_ne!(three, four);
    }

    #[test]
    fn a_token_of_the_signers_role_is_part_of_the_address() {
        let token = signed(&[], Signer { token: Some("a/b"), ..SIGNER });
        assert!(token.contains("&X-Amz-Security-Token=a%2Fb&X-Amz-SignedHeaders=host&"), "{token}");
    }
}
