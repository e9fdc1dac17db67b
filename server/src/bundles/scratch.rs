//! One file for everything that is unpacked of a large bundle: it has no name, so that it goes with the process
//! whatever happens, and lies under a key that goes with this value.

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{self, BufReader, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::rc::Rc;

use uuid::Uuid;

use crate::veil::{Slice, Veil};

const READ_BYTES: usize = 256 << 10;

pub struct Scratch {
    file: Rc<File>,
    veil: Veil,
    end: Cell<u64>,
}

/// A file in it, one that may still grow at the end.
#[derive(Clone)]
pub struct Part {
    scratch: Rc<Scratch>,
    start: u64,
    length: Rc<Cell<u64>>,
}

impl Scratch {
    /// # Errors
    /// Those of the file system.
    pub fn new(folder: &Path) -> io::Result<Rc<Self>> {
        fs::create_dir_all(folder)?;
        let path = folder.join(format!(".bundle-{}", Uuid::now_v7()));
        let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Rc::new(Self { file: Rc::new(file), veil: Veil::draw(), end: Cell::new(0) }))
    }

    /// A new file behind the last one, which takes no more bytes then.
    pub fn begin(self: &Rc<Self>) -> Part {
        Part { scratch: self.clone(), start: self.end.get(), length: Rc::default() }
    }
}

impl Part {
    pub fn size_bytes(&self) -> u64 {
        self.length.get()
    }

    pub fn open(&self) -> BufReader<Slice> {
        let Scratch { file, veil, .. } = &*self.scratch;
        let slice = Slice::new(file.clone(), veil.clone(), self.start, self.length.get());
        BufReader::with_capacity(READ_BYTES, slice)
    }
}

impl Write for Part {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let end = self.start + self.length.get();
        if end != self.scratch.end.get() {
            return Err(io::Error::other("a file that another one follows is complete"));
        }
        let mut veiled = bytes.to_vec();
        self.scratch.veil.apply(end, &mut veiled)?;
        self.scratch.file.write_all_at(&veiled, end)?;
        self.length.set(self.length.get() + bytes.len() as u64);
        self.scratch.end.set(end + bytes.len() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn files_stand_one_behind_the_other_and_none_has_a_name() {
        let folder = std::env::temp_dir().join(format!("holdout-scratch-{}", Uuid::now_v7()));
        let scratch = Scratch::new(&folder).expect("a file");
        let (mut first, text) = (scratch.begin(), b"id,target\n1,secret-label\n");
        first.write_all(&text[..5]).expect("written");
        first.write_all(&text[5..]).expect("written");
        let mut second = scratch.begin();
        second.write_all(b"other").expect("written");
        assert!(first.write_all(b"late").is_err());
        let read = |part: &Part| {
            let mut bytes = Vec::new();
            part.open().read_to_end(&mut bytes).expect("read");
            bytes
        };
        assert_eq!((read(&first), read(&second)), (text.to_vec(), b"other".to_vec()));
        assert_eq!((first.size_bytes(), second.size_bytes()), (text.len() as u64, 5));
        let mut on_disk = vec![0; text.len()];
        scratch.file.read_exact_at(&mut on_disk, 0).expect("read");
        assert!(on_disk != text);
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 0);
        fs::remove_dir(folder).expect("removed");
    }
}
