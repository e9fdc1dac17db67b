//! The mark of the folder in which parts of uploads arrive: servers that share the folder know one mark, and others find
//! out by it that they do not.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use uuid::Uuid;

const MARK: &str = ".mark";

/// The mark of a folder; whoever comes first makes it.
///
/// # Errors
/// Those of the file system; a file in its place that holds none.
pub fn mark_of(folder: &Path) -> io::Result<Uuid> {
    let path = folder.join(MARK);
    if !path.exists() {
        make(folder, &path)?;
    }
    let text = fs::read_to_string(&path)?;
    text.parse().map_err(|_| io::Error::new(ErrorKind::InvalidData, format!("{} is no mark", path.display())))
}

/// Whole or not at all, also where two do it at once.
fn make(folder: &Path, path: &Path) -> io::Result<()> {
    let fresh = folder.join(format!(".{}.mark", Uuid::new_v4()));
    fs::write(&fresh, Uuid::new_v4().to_string())?;
    let made = fs::hard_link(&fresh, path);
    fs::remove_file(&fresh)?;
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_mark_however_many_ask_at_once() {
        let folders = [0, 1].map(|_| std::env::temp_dir().join(format!("holdout-mark-{}", Uuid::new_v4())));
        for folder in &folders {
            fs::create_dir_all(folder).expect("a folder");
        }
        let asking: Vec<_> = (0..8)
            .map(|_| folders[0].clone())
            .map(|folder| std::thread::spawn(move || mark_of(&folder).expect("a mark")))
            .collect();
        let marks: Vec<_> = asking.into_iter().map(|asked| asked.join().expect("it ends")).collect();
        assert!(marks.iter().all(|mark| *mark == marks[0]), "{marks:?}");
        assert_ne!(mark_of(&folders[1]).expect("a mark"), marks[0]);
        for folder in &folders {
            assert_eq!(
                fs::read_dir(folder).expect("it is there").count(),
                1,
                "nothing is left beside the mark"
            );
            fs::remove_dir_all(folder).expect("it goes");
        }
    }
}
