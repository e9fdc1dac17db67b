//! Values that are read whatever their type: text that may be a list of lines, numbers that may be none.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::Payload;

/// Text, also when it comes as a list of lines; empty when it is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Text<'a>(pub(super) Cow<'a, str>);

/// A list of texts, also when it comes as one.
#[derive(Debug, Default)]
pub(super) struct Lines<'a>(pub(super) Vec<Cow<'a, str>>);

/// A whole number, or none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Count(pub(super) Option<u64>);

/// True only where `true` is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flag(pub(super) bool);

/// The forms of an output, by their media types, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Bundle<'a>(pub(super) Vec<(Cow<'a, str>, Payload<'a>)>);

impl<'a> Bundle<'a> {
    pub fn forms(&self) -> impl Iterator<Item = (&str, &Payload<'a>)> {
        self.0.iter().map(|(mime, payload)| (mime.as_ref(), payload))
    }

    /// The form of one media type, as text.
    pub fn text(&self, mime: &str) -> Option<&str> {
        self.forms().find(|(known, _)| *known == mime).map(|(_, payload)| payload.text())
    }
}

/// Whether the payload of a media type is JSON rather than text.
fn is_json(mime: &str) -> bool {
    mime == "application/json"
        || mime.ends_with("+json")
        || (mime.starts_with("application/vnd.") && mime.ends_with("json"))
}

/// The answers of a visitor to what it has no use for.
macro_rules! nothing_from {
    ($($kind:ident),*) => { $(nothing_from!(@ $kind);)* };
    (@ unit) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ bool) => {
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ number) => {
        fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
        fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ str) => {
        fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> { Ok(Self::Value::default()) }
    };
    (@ seq) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
    (@ map) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(Self::Value::default())
        }
    };
}

macro_rules! reads_any {
    ($type:ident $(<$life:lifetime>)?, $visitor:ident) => {
        impl<'de: $($life, $life)?> Deserialize<'de> for $type $(<$life>)? {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($visitor)
            }
        }
    };
}

fn expecting(f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("a value of JSON")
}

struct TextVisitor;
reads_any!(Text<'a>, TextVisitor);

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.visit_string(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(text)))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.visit_string(number.to_string())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.visit_string(number.to_string())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        self.visit_string(number.to_string())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Some(Line(first)) = seq.next_element()? else { return Ok(Text::default()) };
        let Some(Line(second)) = seq.next_element()? else { return Ok(Text(first)) };
        let mut text = first.into_owned();
        text.push_str(&second);
        while let Some(Line(line)) = seq.next_element()? {
            text.push_str(&line);
        }
        Ok(Text(Cow::Owned(text)))
    }

    nothing_from!(unit, bool, map);
}

/// A line of a text that comes as a list. Lists within lists are none, so that nothing nests here.
#[derive(Default)]
struct Line<'a>(Cow<'a, str>);

struct LineVisitor;
reads_any!(Line<'a>, LineVisitor);

impl<'de> Visitor<'de> for LineVisitor {
    type Value = Line<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Line(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Line(Cow::Owned(text.to_owned())))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Line(Cow::Owned(number.to_string())))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Line(Cow::Owned(number.to_string())))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Line(Cow::Owned(number.to_string())))
    }

    nothing_from!(unit, bool, seq, map);
}

struct LinesVisitor;
reads_any!(Lines<'a>, LinesVisitor);

impl<'de> Visitor<'de> for LinesVisitor {
    type Value = Lines<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Lines(vec![Cow::Owned(text.to_owned())]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut lines = Vec::new();
        while let Some(Line(line)) = seq.next_element()? {
            lines.push(line);
        }
        Ok(Lines(lines))
    }

    nothing_from!(unit, bool, number, map);
}

struct CountVisitor;
reads_any!(Count, CountVisitor);

impl<'de> Visitor<'de> for CountVisitor {
    type Value = Count;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Count(Some(number)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Count(u64::try_from(number).ok()))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Count(None))
    }

    nothing_from!(unit, bool, str, seq, map);
}

struct FlagVisitor;
reads_any!(Flag, FlagVisitor);

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = Flag;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_bool<E: Error>(self, is_set: bool) -> Result<Self::Value, E> {
        Ok(Flag(is_set))
    }

    nothing_from!(unit, number, str, seq, map);
}

struct BundleVisitor;
reads_any!(Bundle<'a>, BundleVisitor);

impl<'de> Visitor<'de> for BundleVisitor {
    type Value = Bundle<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut forms = Vec::new();
        while let Some(Text(mime)) = map.next_key()? {
            let payload = if is_json(&mime) {
                Payload::Json(map.next_value::<&RawValue>()?)
            } else {
                Payload::Text(map.next_value::<Text<'_>>()?.0)
            };
            forms.push((mime, payload));
        }
        Ok(Bundle(forms))
    }

    nothing_from!(unit, bool, number, str, seq);
}

/// The text with `null` in the place of the `NaN` and `Infinity` that Python writes outside of strings.
pub(super) fn without_nan(text: &str) -> Cow<'_, str> {
    const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    if !text.contains("NaN") && !text.contains("Infinity") {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut mended = String::new();
    let (mut at, mut written) = (0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = string_end(bytes, at),
            b'N' | b'I' | b'-' => match WORDS.iter().find(|word| bytes[at..].starts_with(word.as_bytes())) {
                Some(word) => {
                    mended.push_str(&text[written..at]);
                    mended.push_str("null");
                    at += word.len();
                    written = at;
                }
                None => at += 1,
            },
            _ => at += 1,
        }
    }
    if written == 0 {
        return Cow::Borrowed(text);
    }
    mended.push_str(&text[written..]);
    Cow::Owned(mended)
}

/// Behind the string whose quote is at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}
