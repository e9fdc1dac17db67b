//! Texts as a few machine words, to be compared without a look at their letters.

/// The ends of a text and its length. Two texts of up to [`Brief::WHOLE_BYTES`] are equal if these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brief {
    head: u64,
    tail: u64,
    length: usize,
}

impl Brief {
    /// Of a text of this length and less, no letter is missing here.
    const WHOLE_BYTES: usize = 16;

    #[inline]
    pub fn of(text: &[u8]) -> Self {
        let (head, tail) = ends(text);
        Self { head, tail, length: text.len() }
    }

    #[inline]
    pub fn is_whole(self) -> bool {
        self.length <= Self::WHOLE_BYTES
    }
}

#[inline]
fn ends(text: &[u8]) -> (u64, u64) {
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        return (u64::from_le_bytes(*head), u64::from_le_bytes(*tail));
    }
    if let (Some(head), Some(tail)) = (text.first_chunk(), text.last_chunk()) {
        return (u32::from_le_bytes(*head).into(), u32::from_le_bytes(*tail).into());
    }
    (text.iter().fold(0, |letters, byte| letters << 8 | u64::from(*byte)), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_are_equal_when_their_briefs_are() {
        let letters = b"\0\0a\0abababab\xff\xfeabcabc";
        let texts: Vec<&[u8]> = (0..letters.len())
            .flat_map(|start| (start..=letters.len().min(start + 16)).map(move |end| &letters[start..end]))
            .collect();
        for (a, b) in texts.iter().flat_map(|a| texts.iter().map(move |b| (a, b))) {
            assert!(Brief::of(a).is_whole());
            assert_eq!(Brief::of(a) == Brief::of(b), a == b, "{a:?} {b:?}");
        }
        assert!(!Brief::of(b"a word of 17 bytes").is_whole());
    }
}
