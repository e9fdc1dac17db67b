//! Pixels out of a file, and a new file out of the pixels. Pure, slow, bounded in memory.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

/// More pixels are refused before any is decoded: four bytes each must fit into memory.
const MOST_PIXELS: u64 = 24_000_000;
const MOST_BYTES_IN_MEMORY: u64 = 160 << 20;
/// A larger image is made smaller: no page shows more.
const LONGEST_SIDE: u32 = 1_600;
/// A larger PNG without transparency becomes a JPEG.
const LARGEST_PNG_BYTES: usize = 600_000;
const JPEG_QUALITY: u8 = 85;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    pub bytes: Vec<u8>,
    pub content_type: &'static str,
    pub width: u32,
    pub height: u32,
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("This image cannot be shown: upload a PNG, JPEG or WebP file.")]
    NoImage,
    #[error("This image has too many pixels: send one of at most 24 million.")]
    TooManyPixels,
}

/// Decodes a file and encodes it anew: upright, at most 1,600 pixels long, without a word of metadata.
///
/// # Errors
/// What is said to the sender.
pub fn encode(file: &[u8]) -> Result<Encoded, Refusal> {
    let (image, was_jpeg) = decode(file)?;
    let image = if image.width().max(image.height()) > LONGEST_SIDE {
        image.resize(LONGEST_SIDE, LONGEST_SIDE, FilterType::Triangle)
    } else {
        image
    };
    let has_alpha = image.color().has_alpha();
    if !was_jpeg || has_alpha {
        let png = write_png(&image)?;
        if has_alpha || png.len() <= LARGEST_PNG_BYTES {
            return Ok(encoded(png, "image/png", &image));
        }
    }
    let jpeg = write_jpeg(&image)?;
    Ok(encoded(jpeg, "image/jpeg", &image))
}

fn encoded(bytes: Vec<u8>, content_type: &'static str, image: &DynamicImage) -> Encoded {
    Encoded { bytes, content_type, width: image.width(), height: image.height() }
}

/// The pixels, upright, and whether they came as JPEG.
fn decode(file: &[u8]) -> Result<(DynamicImage, bool), Refusal> {
    let mut reader =
        ImageReader::new(Cursor::new(file)).with_guessed_format().map_err(|_| Refusal::NoImage)?;
    let format = reader.format().ok_or(Refusal::NoImage)?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return Err(Refusal::NoImage);
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MOST_BYTES_IN_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(|_| Refusal::NoImage)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MOST_PIXELS {
        return Err(Refusal::TooManyPixels);
    }
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(|_| Refusal::NoImage)?;
    image.apply_orientation(orientation);
    // Eight bits a channel: more are not seen, and need twice the memory and room.
    let image = if image.color().has_alpha() {
        DynamicImage::ImageRgba8(image.into_rgba8())
    } else {
        DynamicImage::ImageRgb8(image.into_rgb8())
    };
    Ok((image, format == ImageFormat::Jpeg))
}

fn write_png(image: &DynamicImage) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).map_err(|_| Refusal::NoImage)?;
    Ok(bytes)
}

fn write_jpeg(image: &DynamicImage) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
    image.to_rgb8().write_with_encoder(encoder).map_err(|_| Refusal::NoImage)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let image =
            image::RgbImage::from_fn(width, height, |x, y| image::Rgb([(x % 7) as u8, (y % 5) as u8, 9]));
        write_png(&DynamicImage::ImageRgb8(image)).expect("a PNG")
    }

    #[test]
    fn an_image_is_made_small_enough_and_stays_one() {
        let made = encode(&png(3_200, 100)).expect("an image");
        assert_eq!((made.width, made.height, made.content_type), (1_600, 50, "image/png"));
        assert_eq!(encode(&made.bytes).map(|again| again.width), Ok(1_600));
    }

    #[test]
    fn metadata_and_what_is_appended_do_not_come_through() {
        let mut file = png(8, 8);
        let text = b"\x00\x00\x00\x0ctEXtComment\x00GPS!";
        let crc = [0x12, 0x34, 0x56, 0x78];
        let at = 33; // behind the header
        file.splice(at..at, [&text[..], &crc[..]].concat());
        file.extend_from_slice(b"<script>alert(1)</script>");
        if let Ok(made) = encode(&file) {
            let text = String::from_utf8_lossy(&made.bytes).into_owned();
            assert!(!text.contains("GPS!") && !text.contains("script"), "{text}");
        }
        let mut appended = png(8, 8);
        appended.extend_from_slice(b"<script>alert(1)</script>");
        let made = encode(&appended).expect("an image");
        assert!(!String::from_utf8_lossy(&made.bytes).contains("script"));
    }

    #[test]
    fn what_is_no_image_or_a_bomb_is_refused() {
        for file in [&b""[..], b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
        {
            assert_eq!(encode(file), Err(Refusal::NoImage));
        }
        // A header that promises 30,000 x 30,000 pixels.
        let mut bomb = png(8, 8);
        bomb[16..24].copy_from_slice(&[0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]);
        assert!(encode(&bomb).is_err());
    }
}
