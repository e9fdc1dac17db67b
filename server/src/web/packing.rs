//! Packing with gzip what is sent more than once: static files, and the long part of a page that is the same for many who look.
//! Streams of deflate go one after the other where none looks back into another (RFC 1951), and so do their checksums.

use std::io::Read;
use std::sync::OnceLock;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use flate2::read::GzEncoder;
use flate2::{Compress, CompressError, Compression, Crc, FlushCompress, Status};

/// Of what is packed for one answer alone: pages of boards are a tenth larger than at the sixth level, and packed in half the
/// time. Brotli saves a tenth more and takes four times as long.
pub const LEVEL_FOR_ONE: u32 = 2;
const FOR_ONE: Compression = Compression::new(LEVEL_FOR_ONE);
/// Of a part that is packed for many.
const FOR_MANY: Compression = Compression::new(6);
/// Of gzip's format (RFC 1952): deflate, no name, no time, whatever system.
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Whether `Accept-Encoding` names gzip, and not to refuse it (RFC 9110, 12.5.3).
pub fn is_taken(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let is_refused = weight.replace(' ', "").trim_start_matches("q=").parse::<f32>() == Ok(0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

/// As tightly as gzip can.
///
/// # Errors
/// None that memory does not have.
pub fn pack(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    GzEncoder::new(bytes, Compression::best()).read_to_end(&mut packed)?;
    Ok(packed)
}

/// A text that many answers have in them, packed when the first of them wants it so.
#[derive(Debug)]
pub struct Shared {
    text: String,
    packed: OnceLock<Option<Part>>,
}

/// Whole blocks of deflate, none of them the last.
#[derive(Debug)]
struct Part {
    blocks: Vec<u8>,
    crc: Crc,
}

impl Shared {
    /// Stands in a text for the shared one. No text of the database has this character.
    pub const PLACE: &str = "\0";

    pub fn text(&self) -> &str {
        &self.text
    }

    fn packed(&self) -> Option<&Part> {
        self.packed.get_or_init(|| Part::pack(self.text.as_bytes()).ok()).as_ref()
    }
}

impl From<String> for Shared {
    fn from(text: String) -> Self {
        Self { text, packed: OnceLock::new() }
    }
}

impl Part {
    fn pack(text: &[u8]) -> Result<Self, CompressError> {
        let mut blocks = Vec::new();
        deflate(&mut Compress::new(FOR_MANY, false), text, FlushCompress::Full, &mut blocks)?;
        Ok(Self { blocks, crc: crc_of(text) })
    }
}

/// The text with the shared one in the place of `place`, packed where who asks takes gzip.
pub fn answer(
    asked: &HeaderMap,
    content_type: &'static str,
    text: &str,
    place: &str,
    shared: &Shared,
) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let Some((before, after)) = text.split_once(place) else {
        return (headers, text.to_owned()).into_response();
    };
    let packed = is_taken(asked).then(|| shared.packed()).flatten();
    match packed.and_then(|packed| splice(before.as_bytes(), packed, after.as_bytes()).ok()) {
        Some(packed) => {
            (headers, [(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"))], packed).into_response()
        }
        None => (headers, [before, shared.text(), after].concat()).into_response(),
    }
}

/// A gzip of the three, of which only the first and the last are packed now.
fn splice(before: &[u8], shared: &Part, after: &[u8]) -> Result<Vec<u8>, CompressError> {
    let mut packed = HEAD.to_vec();
    let mut compress = Compress::new(FOR_ONE, false);
    // A full flush: what comes after does not look back over the shared part.
    deflate(&mut compress, before, FlushCompress::Full, &mut packed)?;
    packed.extend_from_slice(&shared.blocks);
    deflate(&mut compress, after, FlushCompress::Finish, &mut packed)?;
    let mut crc = crc_of(before);
    crc.combine(&shared.crc);
    crc.combine(&crc_of(after));
    packed.extend_from_slice(&crc.sum().to_le_bytes());
    packed.extend_from_slice(&crc.amount().to_le_bytes());
    Ok(packed)
}

fn deflate(
    compress: &mut Compress,
    text: &[u8],
    flush: FlushCompress,
    packed: &mut Vec<u8>,
) -> Result<(), CompressError> {
    let begun = compress.total_in();
    loop {
        let n_read = usize::try_from(compress.total_in() - begun).unwrap_or(text.len());
        packed.reserve((text.len() - n_read) / 2 + 64);
        let status = compress.compress_vec(&text[n_read..], packed, flush)?;
        // With room left nothing waits to be written.
        if status == Status::StreamEnd || (flush != FlushCompress::Finish && packed.len() < packed.capacity())
        {
            return Ok(());
        }
    }
}

fn crc_of(text: &[u8]) -> Crc {
    let mut crc = Crc::new();
    crc.update(text);
    crc
}

#[cfg(test)]
mod tests {
    use flate2::read::GzDecoder;

    use super::*;

    fn asking(codings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(codings))])
    }

    #[test]
    fn gzip_is_taken_by_who_names_it() {
        for (codings, is_expected) in [
            ("gzip, deflate, br, zstd", true),
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0", false),
            ("br", false),
            ("x-gzip", false),
            ("x-gzip-not", false),
            ("identity", false),
        ] {
            assert_eq!(is_taken(&asking(codings)), is_expected, "{codings}");
        }
        assert!(!is_taken(&HeaderMap::new()));
    }

    #[test]
    fn what_was_packed_apart_unpacks_as_one() {
        let words = ["<tr id=\"rank-1\">", "Ada \u{1f600}", "0.123456", "\n"];
        // The same text on all sides: whoever looked back over a boundary would unpack another.
        for n_shared in [0, 1, 7, 400, 40_000] {
            for n_around in [0, 1, 300, 9_000] {
                let around: String = words.iter().cycle().take(n_around).copied().collect();
                let shared: String = words.iter().cycle().take(n_shared).copied().collect();
                let part = Part::pack(shared.as_bytes()).expect("it packs");
                let packed = splice(around.as_bytes(), &part, around.as_bytes()).expect("it packs");
                let mut unpacked = String::new();
                let mut gzip = GzDecoder::new(packed.as_slice());
                gzip.read_to_string(&mut unpacked).expect("a whole gzip");
                assert_eq!(unpacked, [around.as_str(), &shared, &around].concat());
                assert!(gzip.into_inner().is_empty(), "nothing after it");
            }
        }
    }

    #[tokio::test]
    async fn an_answer_is_the_same_packed_or_not() {
        let shared = Shared::from("shared ".repeat(500));
        let text = format!("before {} after", Shared::PLACE);
        let whole = text.replace(Shared::PLACE, shared.text());
        for (codings, is_packed) in [("gzip", true), ("identity", false)] {
            let response = answer(&asking(codings), "text/plain", &text, Shared::PLACE, &shared);
            assert_eq!(response.headers().contains_key(header::CONTENT_ENCODING), is_packed);
            let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.expect("a body");
            let mut unpacked = String::new();
            match is_packed {
                true => GzDecoder::new(&*body).read_to_string(&mut unpacked).map(drop).expect("a gzip"),
                false => unpacked.push_str(std::str::from_utf8(&body).expect("a text")),
            }
            assert_eq!(unpacked, whole);
        }
    }
}
