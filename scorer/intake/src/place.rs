//! Where texts stand, in eight bytes each.

/// Where a text stands: in which buffer, from which byte on, and how long it is. Buffer 0 is the file;
/// those behind it hold copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u64);

const LENGTH_BITS: u32 = 24;
const START_BITS: u32 = 32;
pub(crate) const MOST_BUFFERS: usize = 255;

impl Place {
    pub(crate) const LONGEST_BYTES: usize = (1 << LENGTH_BITS) - 1;

    /// `None` for a text that is too long, or begins too far from the start of its buffer.
    #[inline]
    pub(crate) fn new(buffer: usize, start: usize, length: usize) -> Option<Self> {
        let has_room = buffer < MOST_BUFFERS && start >> START_BITS == 0 && length <= Self::LONGEST_BYTES;
        let bits = ((buffer as u64) << START_BITS | start as u64) << LENGTH_BITS | length as u64;
        has_room.then_some(Self(bits))
    }

    #[inline]
    pub(crate) fn buffer(self) -> usize {
        (self.0 >> (START_BITS + LENGTH_BITS)) as usize
    }

    #[inline]
    pub(crate) fn start(self) -> usize {
        (self.0 >> LENGTH_BITS) as u32 as usize
    }

    #[inline]
    pub(crate) fn length(self) -> usize {
        self.0 as usize & Self::LONGEST_BYTES
    }

    /// Never all ones.
    #[inline]
    pub fn bits(self) -> u64 {
        self.0
    }

    /// What [`Place::bits`] gave.
    #[inline]
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// Where copies are that others took over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moved {
    pub(crate) by_buffers: usize,
    pub(crate) by_bytes: usize,
}

impl Moved {
    /// As if there were so many buffers before them.
    #[must_use]
    pub fn behind(self, n_buffers: usize) -> Self {
        Self { by_buffers: self.by_buffers + n_buffers, ..self }
    }

    /// The place that a text has now; `None` where that is too far.
    #[inline]
    pub fn place(self, before: Place) -> Option<Place> {
        match before.buffer() {
            0 => Some(before),
            buffer => Place::new(buffer + self.by_buffers, before.start() + self.by_bytes, before.length()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_what_it_was_made_of_and_refuses_more() {
        let place = Place::new(254, u32::MAX as usize, Place::LONGEST_BYTES).expect("the last one");
        assert_eq!((place.buffer(), place.start()), (254, u32::MAX as usize));
        assert_eq!(place.length(), Place::LONGEST_BYTES);
        assert_ne!(place.bits(), u64::MAX);
        let refused = [(255, 0, 0), (0, 1 << START_BITS, 0), (0, 0, Place::LONGEST_BYTES + 1)];
        assert!(
            refused.into_iter().all(|(buffer, start, length)| Place::new(buffer, start, length).is_none())
        );
    }
}
