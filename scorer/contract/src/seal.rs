//! Sealing: files that only scorers can open are encrypted with the `age` format to a scorer's key
//! while they arrive. Opening them is the scorers' business (`holdout-scorer`'s `unseal`).

use std::io::{self, Write};
use std::str::FromStr;

use age::x25519::Recipient;

/// Why a file could not be sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("`{0}` is not an age recipient")]
    BadRecipient(String),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Encrypts what is written to it; [`Sealer::finish`] must be called at the end.
pub struct Sealer<W: Write> {
    inner: age::stream::StreamWriter<W>,
}

impl<W: Write> Sealer<W> {
    /// `recipient` is the public half of a scorer's key: `age1…`.
    ///
    /// # Errors
    /// [`SealError::BadRecipient`] when it is none; [`SealError::Io`] from `output`.
    pub fn new(recipient: &str, output: W) -> Result<Self, SealError> {
        let key =
            Recipient::from_str(recipient).map_err(|_| SealError::BadRecipient(recipient.to_owned()))?;
        let encryptor = age::Encryptor::with_recipients(std::iter::once(&key as &dyn age::Recipient))
            .map_err(|_| SealError::BadRecipient(recipient.to_owned()))?;
        Ok(Self { inner: encryptor.wrap_output(output)? })
    }

    /// Writes the closing authentication tag and gives the output back.
    ///
    /// # Errors
    /// Those of the output.
    pub fn finish(self) -> io::Result<W> {
        self.inner.finish()
    }
}

impl<W: Write> Write for Sealer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_file_opens_with_the_key_and_shows_nothing_without() {
        let key = age::x25519::Identity::generate();
        let mut sealer = Sealer::new(&key.to_public().to_string(), Vec::new()).expect("recipient");
        sealer.write_all(b"id,target\n1,secret-label\n").expect("written");
        let sealed = sealer.finish().expect("finished");
        assert!(!sealed.windows(12).any(|window| window == b"secret-label"));
        assert_eq!(age::decrypt(&key, &sealed).expect("opens"), b"id,target\n1,secret-label\n");
    }

    #[test]
    fn a_wrong_recipient_is_refused() {
        assert!(matches!(Sealer::new("age1nonsense", Vec::new()), Err(SealError::BadRecipient(_))));
    }
}
