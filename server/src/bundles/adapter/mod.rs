//! A scoring program of another platform as a metric module: its sources, and files in memory around
//! them, made of the two tables that a metric is given.
//!
//! Never here: a file beside the sources. A module can be read by everybody, and data might be labels.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use holdout_contract::custom::MAX_SOURCE_BYTES;
use serde_json::{Value, json};

use super::tables::Form;
use super::tree::Tree;

const FILES: &str = include_str!("files.py");
const CODABENCH: &str = include_str!("codabench.py");
const EVALAI: &str = include_str!("evalai.py");
const HUGGING_FACE: &str = include_str!("huggingface.py");

const IMPORTS: &str = "import builtins\nimport csv\nimport errno\nimport importlib\nimport importlib.abc\nimport \
     importlib.machinery\nimport io\nimport json\nimport linecache\nimport os\nimport posixpath\nimport stat\nimport \
     sys\nimport types\n";

/// Modules beside Python's own that the sandbox has.
const LIBRARIES: [&str; 9] =
    ["numpy", "pandas", "sklearn", "scipy", "joblib", "threadpoolctl", "dateutil", "pytz", "six"];
/// Python's own modules that the sandbox leaves without a use.
const IDLE: [&str; 7] = ["subprocess", "socket", "multiprocessing", "urllib", "http", "ftplib", "smtplib"];

/// A file as the program expects it, made of one of the two tables.
#[derive(Debug, Clone, PartialEq)]
pub struct Presented<'a> {
    pub file: &'a str,
    pub form: &'a Form,
}

impl Presented<'_> {
    fn json(&self) -> Value {
        json!({
            "file": self.file,
            "delimiter": self.form.delimiter.to_string(),
            "header": self.form.header,
            "columns": self.form.columns,
            "plain": self.form.is_plain,
        })
    }
}

/// How the program is run.
pub enum Runner<'a> {
    Codabench {
        reference: Presented<'a>,
        submission: Presented<'a>,
        command: &'a [String],
        score: &'a str,
    },
    EvalAi {
        reference: Presented<'a>,
        submission: Presented<'a>,
        package: &'a str,
        phase: &'a str,
        split: &'a str,
        score: &'a str,
    },
    HuggingFace {
        id_column: &'a str,
        columns: &'a [String],
        score: Option<&'a str>,
    },
}

/// The Python sources of a program, by path; other files are given by name.
pub struct Sources {
    pub python: BTreeMap<String, String>,
    pub other: Vec<String>,
}

impl Sources {
    /// Reads a program's files; paths begin with `prefix`.
    pub fn of(tree: &Tree, prefix: &str) -> Self {
        let mut sources = Self { python: BTreeMap::new(), other: Vec::new() };
        for path in tree.paths() {
            let text = path.ends_with(".py").then(|| tree.text(path).ok()).flatten();
            match text {
                Some(text) => {
                    sources.python.insert(format!("{prefix}{path}"), text);
                }
                None => sources.other.push(path.to_owned()),
            }
        }
        sources
    }

    /// Modules that the program loads at once and the sandbox has not.
    pub fn missing_modules(&self) -> Vec<String> {
        let own = |name: &str| {
            self.python.keys().any(|path| {
                path.split('/').any(|part| part == name || part.strip_suffix(".py") == Some(name))
            })
        };
        let mut missing: Vec<String> = self
            .imports()
            .filter(|name| {
                !own(name) && !LIBRARIES.contains(&name.as_str()) && !STANDARD.contains(&name.as_str())
            })
            .collect();
        missing.sort();
        missing.dedup();
        missing
    }

    /// Modules that the program loads and that can do nothing in the sandbox.
    pub fn idle_modules(&self) -> Vec<String> {
        let mut idle: Vec<String> = self.imports().filter(|name| IDLE.contains(&name.as_str())).collect();
        idle.sort();
        idle.dedup();
        idle
    }

    /// Names of modules at the beginning of a line: what is loaded in any case.
    fn imports(&self) -> impl Iterator<Item = String> {
        self.python.values().flat_map(|text| text.lines()).flat_map(|line| {
            let names: Vec<String> = if let Some(rest) = line.strip_prefix("import ") {
                rest.split(',').filter_map(first_name).collect()
            } else if let Some(rest) = line.strip_prefix("from ") {
                first_name(rest).into_iter().collect()
            } else {
                Vec::new()
            };
            names
        })
    }
}

fn first_name(words: &str) -> Option<String> {
    let name: String =
        words.trim_start().chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect();
    (!name.is_empty()).then_some(name)
}

/// The module, or how many bytes it would have beyond what a module may.
///
/// # Errors
/// A sentence.
pub fn write(origin: &str, sources: &Sources, runner: &Runner<'_>) -> Result<String, String> {
    let mut text = format!(
        "\"\"\"{}\n\nMade by `holdout host import`. The sources of the program stand in PROGRAM, as they were; its files exist in \
         memory alone.\n\"\"\"\n\n{IMPORTS}\n# Every cell as it was written: the program reads files.\nTABLES_AS_TEXT = True\n\n",
        origin.replace(['\\', '"'], "'")
    );
    let (constants, runtime) = match runner {
        Runner::Codabench { reference, submission, command, score } => (
            vec![
                ("REFERENCE", reference.json()),
                ("SUBMISSION", submission.json()),
                ("COMMAND", json!(command)),
                ("SCORE", json!(score)),
            ],
            CODABENCH,
        ),
        Runner::EvalAi { reference, submission, package, phase, split, score } => (
            vec![
                ("REFERENCE", reference.json()),
                ("SUBMISSION", submission.json()),
                ("PACKAGE", json!(package)),
                ("PHASE", json!(phase)),
                ("SPLIT", json!(split)),
                ("SCORE", json!(score)),
            ],
            EVALAI,
        ),
        Runner::HuggingFace { id_column, columns, score } => (
            vec![
                ("ID_COLUMN", json!(id_column)),
                ("SUBMISSION_COLUMNS", json!(columns)),
                ("SCORE", json!(score)),
            ],
            HUGGING_FACE,
        ),
    };
    for (name, value) in constants {
        let _ = writeln!(text, "{name} = {}", python(&value));
    }
    text.push_str("\nPROGRAM = {\n");
    for (path, source) in &sources.python {
        let _ = writeln!(text, "{}: {},\n", python(&json!(path)), literal(source));
    }
    text.push_str("}\n");
    text.push_str(FILES);
    text.push_str(runtime);
    if text.len() > MAX_SOURCE_BYTES {
        return Err(format!(
            "with its sources the module has {} bytes, and a module may have {MAX_SOURCE_BYTES}",
            text.len()
        ));
    }
    Ok(text)
}

/// A text that people can read in the module, where its letters allow that.
fn literal(source: &str) -> String {
    let is_readable = !source.contains("'''") && !source.ends_with(['\'', '\\']) && !source.contains('\r');
    if is_readable { format!("r'''{source}'''") } else { python(&json!(source)) }
}

/// JSON as Python has it.
fn python(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), python(value)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// The modules of Python itself.
const STANDARD: &[&str] = &[
    "__future__",
    "abc",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "atexit",
    "base64",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "calendar",
    "cmath",
    "cmd",
    "code",
    "codecs",
    "collections",
    "colorsys",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "decimal",
    "difflib",
    "dis",
    "doctest",
    "email",
    "enum",
    "errno",
    "faulthandler",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "math",
    "mimetypes",
    "mmap",
    "multiprocessing",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pkgutil",
    "platform",
    "plistlib",
    "posixpath",
    "pprint",
    "profile",
    "queue",
    "quopri",
    "random",
    "re",
    "reprlib",
    "resource",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "sqlite3",
    "ssl",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "sys",
    "sysconfig",
    "tarfile",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "timeit",
    "token",
    "tokenize",
    "trace",
    "traceback",
    "tracemalloc",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "xml",
    "zipfile",
    "zlib",
    "zoneinfo",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_stay_readable_and_whole() {
        assert_eq!(literal("a = 1\n"), "r'''a = 1\n'''");
        assert_eq!(literal("a = '''x'''\n"), "\"a = '''x'''\\n\"");
        assert_eq!(python(&json!({ "a": [null, true, 1.5, "ü\n"] })), "{\"a\": [None, True, 1.5, \"ü\\n\"]}");
    }

    #[test]
    fn what_the_sandbox_lacks_is_named() {
        let text = "import os, yaml as y\nfrom sklearn.metrics import auc\nimport helper\n    import torch\nimport subprocess\n";
        let python = [("score.py", text), ("helper.py", "from matplotlib import pyplot\n")];
        let python = python.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
        let sources = Sources { python, other: Vec::new() };
        assert_eq!(sources.missing_modules(), ["matplotlib", "yaml"]);
        assert_eq!(sources.idle_modules(), ["subprocess"]);
    }
}
