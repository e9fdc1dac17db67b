//! What the house says on its standard output, a line at a time, with the name of who says it.
//!
//! Never here: an end of anything because a line could not be written. The log may lie on a disk
//! that is full; what is not said then is lost, and the next line is tried again.

use std::fmt::Display;
use std::io::{BufRead, BufReader, Read, Write};

/// Says one line.
pub fn say(name: &str, words: impl Display) {
    write_line(&mut std::io::stdout(), name, words);
}

/// Says every line of a stream until it ends.
pub fn pass_on(name: &str, stream: impl Read) {
    pass_on_to(&mut std::io::stdout(), name, stream);
}

fn pass_on_to(output: &mut impl Write, name: &str, stream: impl Read) {
    let mut stream = BufReader::new(stream);
    let mut line = Vec::new();
    while stream.read_until(b'\n', &mut line).is_ok_and(|n_bytes| n_bytes > 0) {
        write_line(output, name, String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']));
        line.clear();
    }
}

fn write_line(output: &mut impl Write, name: &str, words: impl Display) {
    let _ = output.write_all(format!("{name:<9} | {words}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Takes every second line.
    #[derive(Default)]
    struct FullNowAndThen {
        taken: String,
        n_lines: usize,
    }

    impl Write for FullNowAndThen {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.n_lines += 1;
            if self.n_lines % 2 == 1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.taken.push_str(std::str::from_utf8(bytes).expect("text"));
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_cannot_be_written_or_read_as_text_ends_nothing() {
        let mut log = FullNowAndThen::default();
        pass_on_to(&mut log, "server", b"lost\nkept\r\nlost\nodd \xff letter".as_slice());
        assert_eq!(log.taken, "server    | kept\nserver    | odd \u{fffd} letter\n");
    }
}
