//! Pictures of a notebook: decoded once, known by their content, served as files of their own.
//!
//! Never here: a picture whose bytes are not what its media type says, or one inside the page.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Largest side of a picture, in pixels: a browser must unpack it.
const LONGEST_SIDE: u32 = 20_000;
/// Most pixels of a picture.
const MOST_PIXELS: u64 = 100_000_000;
/// Most pictures of one notebook.
const MOST_PICTURES: usize = 2_000;
/// Shorter ones are no pictures.
const SHORTEST_BASE64: usize = 40;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The name of a picture: part of a hash of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest(pub [u8; 16]);

impl Digest {
    fn of(bytes: &[u8]) -> Self {
        let mut digest = [0; 16];
        digest.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
        Self(digest)
    }

    pub fn from_hex(text: &str) -> Option<Self> {
        hex::decode(text).ok()?.try_into().ok().map(Self)
    }

    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

/// What a picture is by its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    Png,
    Jpeg,
    Gif,
    Webp,
    Svg,
}

impl PictureKind {
    pub const ALL: [Self; 5] = [Self::Png, Self::Jpeg, Self::Gif, Self::Webp, Self::Svg];

    /// As it is stored, and at the end of its address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Svg => "svg",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Svg => "image/svg+xml",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    pub digest: Digest,
    pub kind: PictureKind,
    pub bytes: Vec<u8>,
}

/// Where a picture of the page is found, and its size in pixels where that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hung {
    pub address: String,
    pub size: Option<(u32, u32)>,
}

/// The pictures of one notebook.
#[derive(Debug, Default)]
pub struct Gallery {
    /// What the addresses of all of them begin with.
    prefix: String,
    pictures: BTreeMap<Digest, Picture>,
}

impl Gallery {
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), pictures: BTreeMap::new() }
    }

    /// Takes a picture in that is written as base64; `None` for what is none.
    pub fn hang(&mut self, base64: &str) -> Option<Hung> {
        self.hang_bytes(decode(base64)?)
    }

    /// Takes a drawing in; `None` for what is no SVG, or holds what could swell.
    pub fn hang_svg(&mut self, text: &str) -> Option<Hung> {
        self.hang_bytes(text.as_bytes().to_vec())
    }

    fn hang_bytes(&mut self, bytes: Vec<u8>) -> Option<Hung> {
        let (kind, size) = examine(&bytes)?;
        let digest = Digest::of(&bytes);
        if !self.pictures.contains_key(&digest) && self.pictures.len() >= MOST_PICTURES {
            return None;
        }
        self.pictures.entry(digest).or_insert(Picture { digest, kind, bytes });
        Some(Hung { address: format!("{}{}.{}", self.prefix, digest.hex(), kind.name()), size })
    }

    pub fn into_pictures(self) -> Vec<Picture> {
        self.pictures.into_values().collect()
    }

    /// Text with every picture that is written into it (`data:image/png;base64,…`) in a place of its own.
    pub fn rehang(&mut self, text: &str) -> String {
        const START: &str = "data:image/";
        let mut changed = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(START) {
            let (before, data) = rest.split_at(at);
            changed.push_str(before);
            let end = data
                .find(|c: char| !(c.is_ascii_alphanumeric() || "+/=:;,.-_".contains(c)))
                .unwrap_or(data.len());
            let (data, after) = data.split_at(end);
            let hung = data.split_once(";base64,").and_then(|(_, base64)| self.hang(base64));
            match &hung {
                Some(hung) => changed.push_str(&hung.address),
                None => changed.push_str(data),
            }
            rest = after;
        }
        changed.push_str(rest);
        changed
    }
}

fn decode(base64: &str) -> Option<Vec<u8>> {
    let text = base64.trim();
    if text.len() < SHORTEST_BASE64 {
        return None;
    }
    if text.contains(['\n', '\r', ' ']) {
        let joined: String = text.split_ascii_whitespace().collect();
        return LENIENT.decode(joined).ok();
    }
    LENIENT.decode(text).ok()
}

/// What a picture is, and its size in pixels; `None` for none, and for those beyond the bounds.
fn examine(bytes: &[u8]) -> Option<(PictureKind, Option<(u32, u32)>)> {
    let kind = match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => PictureKind::Png,
        [0xff, 0xd8, 0xff, ..] => PictureKind::Jpeg,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => PictureKind::Gif,
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => PictureKind::Webp,
        _ if is_svg(bytes) => return Some((PictureKind::Svg, None)),
        _ => return None,
    };
    let size = match kind {
        PictureKind::Png => png_size(bytes),
        PictureKind::Jpeg => jpeg_size(bytes),
        PictureKind::Gif => gif_size(bytes),
        PictureKind::Webp | PictureKind::Svg => return Some((kind, None)),
    };
    let (width, height) = size?;
    let fits = (1..=LONGEST_SIDE).contains(&width)
        && (1..=LONGEST_SIDE).contains(&height)
        && u64::from(width) * u64::from(height) <= MOST_PIXELS;
    fits.then_some((kind, size))
}

fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    Some((number(16)?, number(20)?))
}

fn gif_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes).map(u32::from);
    Some((number(6)?, number(8)?))
}

/// Walks from marker to marker to the frame's header.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes).map(u32::from);
    let mut at = 2;
    loop {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0xc4 | 0xc8 | 0xcc => at += 2 + usize::try_from(number(at + 2)?).ok()?,
            0xc0..=0xcf => return Some((number(at + 7)?, number(at + 5)?)),
            0xd9 | 0xda => return None,
            _ => at += 2 + usize::try_from(number(at + 2)?).ok()?,
        }
    }
}

/// A drawing whose text declares no entities, which could swell without end.
fn is_svg(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins = text.starts_with("<?xml") || text.starts_with("<svg") || text.starts_with("<!");
    begins && text.contains("<svg") && !text.contains("<!ENTITY")
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// The head of a PNG of this size.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 6, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        bytes
    }

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        assert_eq!(examine(&png(640, 480)), Some((PictureKind::Png, Some((640, 480)))));
        assert_eq!(examine(b"GIF89a\x02\0\x03\0rest"), Some((PictureKind::Gif, Some((2, 3)))));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x10\0\x20\x01\x01\x11\0";
        assert_eq!(examine(jpeg), Some((PictureKind::Jpeg, Some((32, 16)))));
        assert_eq!(
            examine(b"<?xml version='1.0'?><svg></svg>").map(|(kind, _)| kind),
            Some(PictureKind::Svg)
        );
        for wrong in [
            &b"<html><svg>"[..],
            b"",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff",
            b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg/>",
        ] {
            assert_eq!(examine(wrong), None, "{wrong:?}");
        }
        assert_eq!(examine(&png(20_000, 20_000)), None, "too many pixels");
        assert_eq!(examine(&png(0, 5)), None);
    }

    #[test]
    fn the_same_picture_hangs_once() {
        let mut gallery = Gallery::new("/p/");
        let base64 = STANDARD.encode(png(4, 3));
        let first = gallery.hang(&format!("{base64}\n")).expect("a picture");
        let (start, end) = base64.split_at(20);
        assert_eq!(gallery.hang(&format!("{start}\n{end}")), Some(first.clone()));
        assert_eq!(first.size, Some((4, 3)));
        assert!(first.address.starts_with("/p/") && first.address.ends_with(".png"), "{}", first.address);
        assert_eq!(gallery.hang("not base64!"), None);
        assert_eq!(gallery.into_pictures().len(), 1);
    }

    #[test]
    fn pictures_inside_of_text_get_an_address() {
        let mut gallery = Gallery::new("/p/");
        let text = format!(
            "![x](data:image/png;base64,{}) and data:image/png;base64,AAAA",
            STANDARD.encode(png(1, 1))
        );
        let changed = gallery.rehang(&text);
        assert!(
            changed.starts_with("![x](/p/") && changed.ends_with(".png) and data:image/png;base64,AAAA"),
            "{changed}"
        );
    }
}
