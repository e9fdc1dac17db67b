//! Archives that mean harm, and folders that are a host's own.

use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::codabench::iris;
use super::{Desk, tarred, zipped};

#[test]
fn hostile_archives_are_refused_and_leave_nothing() {
    let desk = Desk::new();
    let good: (&str, &[u8]) = ("competition.yaml", b"version: 2\ntitle: x\n");
    let zip_of = |name: &str| zipped(&[good, (name, b"x")]);
    let tar_link = |kind: tar::EntryType| {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        tar.append_link(&mut header, "pages/link", "/etc/passwd").unwrap();
        tar.into_inner().unwrap().finish().unwrap()
    };
    let zip_link = {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.add_symlink("pages/link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap().into_inner()
    };
    let tar_out = {
        let mut bytes = vec![0_u8; 512];
        bytes[..16].copy_from_slice(b"../../escape.txt");
        bytes[100..107].copy_from_slice(b"0000644");
        bytes[124..135].copy_from_slice(b"00000000000");
        bytes[156] = b'0';
        bytes[257..263].copy_from_slice(b"ustar\0");
        bytes[148..156].copy_from_slice(b"        ");
        let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(&bytes).unwrap();
        gzip.write_all(&[0; 1024]).unwrap();
        gzip.finish().unwrap()
    };
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("up", zip_of("../escape.txt"), "leads out"),
        ("up in the middle", zip_of("a/../../escape.txt"), "leads out"),
        ("absolute", zip_of("/tmp/escape.txt"), "absolute"),
        ("drive", zip_of("C:\\escape.txt"), "absolute"),
        ("backslashes", zip_of("..\\escape.txt"), "leads out"),
        ("control", zip_of("a\u{7}b"), "control characters"),
        ("twice by case", zip_of("Competition.YAML"), "twice"),
        ("file and folder", zipped(&[good, ("a", b"x"), ("a/b", b"x")]), "where the folder"),
        ("symlink in zip", zip_link, "link"),
        ("symlink in tar", tar_link(tar::EntryType::Symlink), "link"),
        ("hard link", tar_link(tar::EntryType::Link), "link"),
        ("device", tar_link(tar::EntryType::Char), "link"),
        ("up in tar", tar_out, "leads out"),
        ("no archive", b"competition.yaml".to_vec(), "neither a zip"),
        ("torn", zip_of("a")[..60].to_vec(), "cannot be read"),
        ("no bundle", zipped(&[("readme.txt", b"x")]), "no bundle"),
        ("alias bomb", zipped(&[("competition.yaml", alias_bomb().as_bytes())]), "repeats itself"),
        ("no YAML", zipped(&[("competition.yaml", b"a: [1\nb")]), "no YAML"),
    ];
    for (what, bytes, words) in cases {
        desk.write("hostile", bytes);
        let told = desk.refuse(&["hostile", "--into", "out"]);
        assert!(told.contains(words), "{what}: {told}");
        assert!(!desk.path("out").exists() && !desk.path("escape.txt").exists(), "{what}");
    }
    std::os::unix::fs::symlink("/etc", desk.path("linked")).unwrap();
    fs::create_dir(desk.path("folder")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", desk.path("folder/conf.json")).unwrap();
    assert!(desk.refuse(&["folder", "--into", "out"]).contains("link"));
}

fn alias_bomb() -> String {
    let mut text = "version: 2\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..10 {
        let below = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{below}]\n"));
    }
    text
}

#[test]
fn bombs_are_stopped_by_what_they_unpack_into() {
    use holdout::bundles::archive::Budget;
    use holdout::bundles::tree::{Space, Tree};
    let budget = Budget { n_files: 20, n_bytes: 1 << 20 };
    let open = |bytes: &[u8]| Tree::of_archive(Cursor::new(bytes), Space::in_memory(budget));
    let noughts = vec![0; 4 << 20];
    let big = zipped(&[("a", &noughts)]);
    assert!(big.len() < 100_000);
    for bomb in [big.clone(), tarred(&[("a", &noughts)])] {
        assert!(open(&bomb).err().unwrap().to_string().contains("more than is taken"));
    }
    let names: Vec<String> = (0..30).map(|number| format!("f{number}")).collect();
    let many: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    for bomb in [zipped(&many), tarred(&many)] {
        assert!(open(&bomb).err().unwrap().to_string().contains("more files"));
    }
    // What is packed inside counts against the same budget, and archives in archives end.
    let nested = zipped(&[("inner.zip", &big)]);
    let tree = open(&nested).unwrap();
    assert!(tree.part("inner.zip").err().unwrap().to_string().contains("more than is taken"));
    let mut deep = zipped(&[("x", b"x")]);
    for _ in 0..5 {
        deep = zipped(&[("x.zip", &deep), ("y", b"y")]);
    }
    let mut tree = open(&deep).unwrap();
    let stopped = (0..5).find_map(|_| match tree.part("x.zip") {
        Ok(inner) => {
            tree = inner;
            None
        }
        Err(refused) => Some(refused.to_string()),
    });
    assert!(stopped.unwrap().contains("archive in an archive"));
}

/// Names that two entries of a zip share are not seen by its reader: the archive says so.
#[test]
fn a_zip_with_one_name_twice_is_refused() {
    let desk = Desk::new();
    let mut bytes = zipped(&[("competition.yaml", b"version: 2\n"), ("competition.yamk", b"version: 3\n")]);
    let name = b"competition.yamk";
    let places: Vec<usize> = bytes
        .windows(name.len())
        .enumerate()
        .filter(|(_, window)| *window == name)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(places.len(), 2, "in the entry and in the directory");
    for at in places {
        bytes[at + name.len() - 1] = b'l';
    }
    File::create(desk.path("twice.zip")).unwrap().write_all(&bytes).unwrap();
    let told = desk.refuse(&["twice.zip", "--into", "out"]);
    assert!(told.contains("of one name"), "{told}");
}

#[test]
fn a_folder_that_is_full_is_left_alone() {
    let desk = Desk::new();
    desk.write("iris.zip", iris());
    desk.write("mine/notes.txt", "mine");
    let output = desk.run(&["host", "import", "iris.zip", "--into", "mine"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_dir(desk.path("mine")).unwrap().count(), 1);
    assert!(Path::new(&desk.path("mine/notes.txt")).exists());
}
