//! The secret as apps read it with a camera: an address, drawn as a QR code into a path of an SVG.

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};

use super::totp::{STEP_SECONDS, Secret};
use crate::web::problems::encode;

/// White around the code that cameras need (ISO 18004).
const MARGIN: usize = 4;

/// A square of `n_modules` a side, and where it is black.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub n_modules: usize,
    pub path: String,
}

/// The address that authenticator apps know: whose secret it is, at which site.
pub fn address(site: &str, username: &str, secret: &Secret) -> String {
    let site = encode(&site.replace(':', " "));
    let secret = secret.text();
    format!("otpauth://totp/{site}:{username}?secret={secret}&issuer={site}&digits=6&period={STEP_SECONDS}")
}

/// # Errors
/// When the text is too long for any code.
pub fn draw(text: &str) -> anyhow::Result<Picture> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            write!(path, "M{} {}h1v1h-1z", at % width + MARGIN, at / width + MARGIN)?;
        }
    }
    Ok(Picture { n_modules: width + 2 * MARGIN, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_site_and_person_and_is_drawn() {
        let secret = Secret(*b"12345678901234567890");
        let text = address("Data: lab", "ada", &secret);
        assert_eq!(
            text,
            "otpauth://totp/Data%20%20lab:ada?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Data%20%20lab&digits=6&period=30"
        );
        let picture = draw(&text).unwrap();
        // A finder pattern's corner, and the white around it.
        assert!(picture.path.starts_with("M4 4h1v1h-1z") && !picture.path.contains("M3 "));
        assert!((33..=65).contains(&picture.n_modules));
    }
}
