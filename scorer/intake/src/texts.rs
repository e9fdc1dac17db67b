//! Strings that stay where they are: a text of a file is a place in the file's bytes. Only what stands
//! nowhere as it is meant (two quotes inside a quoted cell are one) is copied.

use crate::content::Utf8;
use crate::parallel;
use crate::place::{MOST_BUFFERS, Moved, Place};

/// Strings, in order.
#[derive(Debug, Clone, Default)]
pub struct Texts {
    file: Option<Utf8>,
    copies: Vec<String>,
    places: Vec<Place>,
}

impl Texts {
    /// No text is longer.
    pub const LONGEST_BYTES: usize = Place::LONGEST_BYTES;

    /// Texts of this file, none yet; there is room for so many.
    pub fn of(file: Utf8, n: usize) -> Self {
        Self { file: Some(file), copies: Vec::new(), places: parallel::reserved(n) }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes of all strings together.
    pub fn n_bytes(&self) -> usize {
        Self::n_bytes_at(&self.places)
    }

    pub fn n_bytes_at(places: &[Place]) -> usize {
        places.iter().map(|place| place.length()).sum()
    }

    /// Copies a text.
    ///
    /// # Panics
    /// When it is longer than [`Texts::LONGEST_BYTES`]: readers refuse such cells.
    #[inline]
    pub fn push(&mut self, text: &str) {
        let place = self.room_for(text.len());
        if let Some(copies) = self.copies.last_mut() {
            copies.push_str(text);
        }
        self.places.push(place);
    }

    #[inline]
    fn room_for(&mut self, length: usize) -> Place {
        if let Some(last) = self.copies.last()
            && let Some(place) = Place::new(self.copies.len(), last.len(), length)
        {
            return place;
        }
        self.copies.push(String::new());
        Place::new(self.copies.len(), 0, length).expect("readers bound the length of cells and of files")
    }

    /// The place of bytes that stand in the file.
    #[inline]
    pub fn place_in_file(&self, text: &[u8]) -> Option<Place> {
        let file = self.file.as_ref()?.as_str();
        let start = text.as_ptr().addr().checked_sub(file.as_ptr().addr())?;
        if start + text.len() <= file.len() { Place::new(0, start, text.len()) } else { None }
    }

    #[inline]
    pub fn push_place(&mut self, place: Place) {
        self.places.push(place);
    }

    /// # Panics
    /// When `at` is not below [`Texts::len`].
    #[inline]
    pub fn get(&self, at: usize) -> &str {
        self.at(self.places[at])
    }

    /// # Panics
    /// When no text of these has the place.
    #[inline]
    pub fn at(&self, place: Place) -> &str {
        let range = place.start()..place.start() + place.length();
        match (place.buffer(), &self.file) {
            (0, Some(file)) => &file.as_str()[range],
            (buffer, _) => &self.copies[buffer - 1][range],
        }
    }

    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The texts of these rows, in their order.
    #[must_use]
    pub fn in_order(self, rows: &[u32]) -> Self {
        let mut places = parallel::reserved(rows.len());
        places.extend(rows.iter().map(|row| self.places[*row as usize]));
        self.with_places(places)
    }

    /// What stands at these places.
    #[must_use]
    pub fn with_places(self, places: Vec<Place>) -> Self {
        Self { places, ..self }
    }

    /// Touches these texts, so that the processor fetches many of them at the same time.
    pub fn fetch(&self, places: &[Place]) {
        let ends = |text: &[u8]| text.first().copied().unwrap_or(0) ^ text.last().copied().unwrap_or(0);
        let seen = places.iter().fold(0, |seen, place| seen ^ ends(self.at(*place).as_bytes()));
        std::hint::black_box(seen);
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.places.iter().map(|place| self.at(*place))
    }

    pub fn append(&mut self, mut other: Self) {
        let moved = Moved { by_buffers: self.copies.len(), by_bytes: 0 };
        let is_one_file = match (&self.file, &other.file) {
            (Some(mine), Some(theirs)) => std::ptr::eq(mine.as_str(), theirs.as_str()),
            _ => true,
        };
        if !is_one_file || self.copies.len() + other.copies.len() >= MOST_BUFFERS {
            other.iter().for_each(|text| self.push(text));
            return;
        }
        self.file = self.file.take().or(other.file);
        self.copies.append(&mut other.copies);
        let places = other.places.into_iter().map(|place| moved.place(place));
        self.places.extend(places.map(|place| place.expect("there are fewer buffers than may be")));
    }

    /// Takes over the copies of others that read the same file, and not their places: all copies at
    /// once, or behind those in the only buffer here. Says where they are now; `None` where there is no
    /// room for them.
    pub fn adopt(&mut self, other: &mut Self) -> Option<Moved> {
        if self.file.is_none() {
            self.file.clone_from(&other.file);
        }
        match (self.copies.as_mut_slice(), other.copies.as_slice()) {
            (_, []) => Some(Moved::default()),
            ([], _) => {
                self.copies.append(&mut other.copies);
                Some(Moved::default())
            }
            ([mine], [theirs]) => {
                let by_bytes = mine.len();
                mine.push_str(theirs);
                Some(Moved { by_buffers: 0, by_bytes })
            }
            _ => None,
        }
    }

    /// The copies of several that read the same file, those of each behind as many buffers as come before
    /// it; without any place. `None` where one of several has more than one buffer.
    pub fn one_buffer_each(many: Vec<Self>) -> Option<Self> {
        let is_alone = many.len() == 1;
        let mut all = Self::default();
        for mut texts in many {
            if !is_alone && texts.copies.len() > 1 {
                return None;
            }
            all.file = all.file.or(texts.file);
            let n_missing = if is_alone { 0 } else { 1 - texts.copies.len() };
            all.copies.append(&mut texts.copies);
            all.copies.extend(std::iter::repeat_n(String::new(), n_missing));
        }
        Some(all)
    }

    /// Forgets the strings and keeps the memory.
    pub fn clear(&mut self) {
        self.places.clear();
        self.copies.truncate(1);
        self.copies.iter_mut().for_each(String::clear);
    }
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(iter: I) -> Self {
        let mut texts = Self::default();
        iter.into_iter().for_each(|text| texts.push(text));
        texts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Bytes;

    fn of_file(file: &str) -> Texts {
        Texts::of(Utf8::of(Bytes::from(file.as_bytes())).expect("UTF-8"), 0)
    }

    fn push_word(texts: &mut Texts, word: &str) {
        let file = texts.file.clone().expect("a file");
        let start = file.as_str().find(word).expect("a word of the file");
        let place = texts.place_in_file(&file.as_str().as_bytes()[start..start + word.len()]);
        texts.push_place(place.expect("it stands in the file"));
    }

    #[test]
    fn texts_of_the_file_stay_there_and_others_are_copied() {
        let mut texts = of_file("größe,cat\n");
        push_word(&mut texts, "cat");
        texts.push("a \"quoted\" one");
        push_word(&mut texts, "größe");
        texts.push("");
        assert!(texts.iter().eq(["cat", "a \"quoted\" one", "größe", ""]));
        assert_eq!((texts.copies.len(), texts.n_bytes()), (1, 3 + 14 + 7));
        assert!(texts.place_in_file(b"cat").is_none(), "equal bytes elsewhere are not the file's");
        assert!(texts.in_order(&[2, 0]).iter().eq(["größe", "cat"]));
    }

    #[test]
    fn parts_are_joined_whatever_they_hold() {
        let mut whole = of_file("one two three\n");
        let mut second = Texts { file: whole.file.clone(), ..Texts::default() };
        push_word(&mut whole, "one");
        whole.push("1");
        push_word(&mut second, "three");
        second.push("3");
        whole.append(second);
        let mut elsewhere = of_file("four\n");
        push_word(&mut elsewhere, "four");
        whole.append(elsewhere);
        whole.append(["5"].into_iter().collect());
        assert!(whole.iter().eq(["one", "1", "three", "3", "four", "5"]));
    }

    #[test]
    fn copies_are_taken_over_and_their_places_with_them() {
        let mut keeper = Texts::default();
        let mut places = Vec::new();
        let mut block = of_file("one two\n");
        for word in ["one", "two"] {
            block.clear();
            push_word(&mut block, word);
            block.push(&format!("\"{word}\""));
            let moved = keeper.adopt(&mut block).expect("room");
            places.extend(block.places().iter().filter_map(|place| moved.place(*place)));
        }
        assert!(keeper.with_places(places).iter().eq(["one", "\"one\"", "two", "\"two\""]));
    }
}
