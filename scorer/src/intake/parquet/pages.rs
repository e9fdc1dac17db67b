//! What the pages of a column claim to unfold into, before anything is unfolded: a page of a few bytes may claim gigabytes, and
//! whoever reads it would make room for them first. Only that is read here of a page's header (Thrift's compact protocol, of
//! `PageHeader` in the format's `parquet.thrift`); what is no header is left to who reads the file.

/// The fields of a `PageHeader`.
const UNFOLDED_BYTES: i16 = 2;
const PACKED_BYTES: i16 = 3;
const DICTIONARY: i16 = 7;
/// The field of a `DictionaryPageHeader`.
const N_VALUES: i16 = 1;

/// Structures inside each other; the format has no more than four.
const DEEPEST: usize = 8;

/// The bytes that the pages of a column, one behind the other, claim to unfold into; no less than the values that their
/// dictionaries claim. Up to the first page that makes no sense.
pub(super) fn claimed_bytes(mut column: &[u8]) -> u64 {
    let mut claimed: u64 = 0;
    while let Some((page, behind)) = Header::read(column) {
        claimed = claimed.saturating_add(page.unfolded_bytes.max(page.n_values));
        let Some(rest) = behind.get(page.packed_bytes..) else { break };
        column = rest;
    }
    claimed
}

#[derive(Default)]
struct Header {
    unfolded_bytes: u64,
    packed_bytes: usize,
    n_values: u64,
}

impl Header {
    /// A header, and what stands behind it.
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (mut header, mut left) = (Self::default(), Left(bytes));
        let mut has_size = false;
        left.fields(0, &mut |path, value| match path {
            [UNFOLDED_BYTES] => header.unfolded_bytes = u64::try_from(value).unwrap_or(u64::MAX),
            [PACKED_BYTES] => {
                header.packed_bytes = usize::try_from(value).unwrap_or(usize::MAX);
                has_size = true;
            }
            [DICTIONARY, N_VALUES] => header.n_values = u64::try_from(value).unwrap_or(u64::MAX),
            _ => {}
        })?;
        has_size.then_some((header, left.0))
    }
}

/// Bytes that are not read yet.
struct Left<'a>(&'a [u8]);

impl Left<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn skip(&mut self, n_bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(n_bytes).ok()?..)?;
        Some(())
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn zigzag(&mut self) -> Option<i64> {
        let value = self.varint()?;
        Some((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A structure's fields; `found` is given whole numbers with the fields that lead to them.
    fn fields(&mut self, depth: usize, found: &mut dyn FnMut(&[i16], i64)) -> Option<()> {
        let mut id: i16 = 0;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Some(());
            }
            id = match head >> 4 {
                0 => i16::try_from(self.zigzag()?).ok()?,
                step => id.checked_add(i16::from(step))?,
            };
            self.value(head & 15, depth, &mut |path, value| {
                let path: Vec<i16> = std::iter::once(id).chain(path.iter().copied()).collect();
                found(&path, value);
            })?;
        }
    }

    fn value(&mut self, kind: u8, depth: usize, found: &mut dyn FnMut(&[i16], i64)) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match kind {
            1 | 2 => Some(()), // true or false, said by the kind alone
            3 => self.skip(1),
            4..=6 => {
                found(&[], self.zigzag()?);
                Some(())
            }
            7 => self.skip(8),
            8 => {
                let n_bytes = self.varint()?;
                self.skip(n_bytes)
            }
            9 | 10 => {
                let head = self.byte()?;
                let length = if head >> 4 == 15 { self.varint()? } else { u64::from(head >> 4) };
                // In a list, true and false take a byte.
                let kind = if matches!(head & 15, 1 | 2) { 3 } else { head & 15 };
                (0..length).try_for_each(|_| self.value(kind, depth + 1, &mut |_, _| {}))
            }
            12 => self.fields(depth + 1, found),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data page of 1,000 bytes, a dictionary of 7 values in 70, both packed into 3 bytes.
    const PAGES: [&[u8]; 2] = [
        &[0x15, 0x00, 0x15, 0xD0, 0x0F, 0x15, 0x06, 0x2C, 0x15, 0x0E, 0x00, 0x00, 1, 2, 3],
        &[0x15, 0x04, 0x15, 0x8C, 0x01, 0x15, 0x06, 0x4C, 0x15, 0x0E, 0x15, 0x00, 0x00, 0x00, 1, 2, 3],
    ];

    #[test]
    fn what_pages_claim_is_added_up() {
        assert_eq!(claimed_bytes(PAGES[0]), 1000);
        assert_eq!(claimed_bytes(&PAGES.concat()), 1070);
        let mut many = PAGES[1].to_vec();
        many.splice(9..10, [0x80, 0x80, 0x80, 0x80, 0x08]);
        assert_eq!(claimed_bytes(&many), 1 << 30, "values that its dictionary claims");
    }

    #[test]
    fn what_is_no_header_ends_it() {
        for end in 0..PAGES[1].len() {
            assert!(claimed_bytes(&PAGES[1][..end]) <= 70, "{end}");
        }
        assert_eq!(claimed_bytes(&[0xFF; 100]), 0);
        assert_eq!(claimed_bytes(&[0x1C; 100_000]), 0, "too deep");
        assert_eq!(
            claimed_bytes(&[0x19, 0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00]),
            0,
            "a list without an end"
        );
    }
}
