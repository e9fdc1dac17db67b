//! What the lexer must know of each language. Words are in the order of their bytes.

use std::cmp::Ordering;

pub(super) struct Language {
    /// As people and notebooks call it, in small letters.
    names: &'static [&'static str],
    keywords: &'static [&'static str],
    builtins: &'static [&'static str],
    /// Keywords in front of a name that is being defined.
    pub(super) defining: &'static [&'static str],
    pub(super) line_comments: &'static [&'static str],
    pub(super) block_comment: Option<(&'static str, &'static str)>,
    pub(super) quotes: &'static str,
    /// Letters that may stand in front of a string.
    pub(super) prefixes: &'static str,
    pub(super) has_triple_quotes: bool,
    /// Every string may go over several lines.
    pub(super) has_long_strings: bool,
    /// A backslash takes the meaning from the next quote.
    pub(super) has_escapes: bool,
    pub(super) has_decorators: bool,
    /// Lines of the notebook rather than the language: `%time`, `!ls`.
    pub(super) has_magics: bool,
    ignores_case: bool,
}

impl Language {
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        let is_it = |language: &&Self| language.names.iter().any(|known| known.eq_ignore_ascii_case(name));
        LANGUAGES.iter().find(is_it)
    }

    pub(super) fn is_keyword(&self, word: &str) -> bool {
        self.holds(self.keywords, word)
    }

    pub(super) fn is_builtin(&self, word: &str) -> bool {
        self.holds(self.builtins, word)
    }

    fn holds(&self, words: &[&str], word: &str) -> bool {
        if self.ignores_case {
            words.binary_search_by(|known| compare_ignoring_case(known, word)).is_ok()
        } else {
            words.binary_search(&word).is_ok()
        }
    }
}

fn compare_ignoring_case(known: &str, word: &str) -> Ordering {
    known.bytes().cmp(word.bytes().map(|byte| byte.to_ascii_lowercase()))
}

const PLAIN: Language = Language {
    names: &[],
    keywords: &[],
    builtins: &[],
    defining: &[],
    line_comments: &["#"],
    block_comment: None,
    quotes: "\"'",
    prefixes: "",
    has_triple_quotes: false,
    has_long_strings: false,
    has_escapes: true,
    has_decorators: false,
    has_magics: false,
    ignores_case: false,
};

static LANGUAGES: [Language; 9] = [PYTHON, R, JULIA, SQL, SHELL, C_LIKE, JSON, YAML, TEX];

const PYTHON: Language = Language {
    names: &["python", "python3", "py", "ipython", "ipython3"],
    keywords: &[
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ],
    builtins: &[
        "ArithmeticError",
        "AssertionError",
        "AttributeError",
        "BaseException",
        "Exception",
        "FileNotFoundError",
        "IndexError",
        "KeyError",
        "KeyboardInterrupt",
        "NotImplementedError",
        "OSError",
        "RuntimeError",
        "StopIteration",
        "TypeError",
        "ValueError",
        "ZeroDivisionError",
        "abs",
        "all",
        "any",
        "bin",
        "bool",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "complex",
        "dict",
        "dir",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "help",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "locals",
        "map",
        "max",
        "min",
        "next",
        "object",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "self",
        "set",
        "setattr",
        "slice",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
    ],
    defining: &["class", "def"],
    prefixes: "rRbBfFuU",
    has_triple_quotes: true,
    has_decorators: true,
    has_magics: true,
    ..PLAIN
};

const R: Language = Language {
    names: &["r"],
    keywords: &[
        "FALSE", "Inf", "NA", "NULL", "NaN", "TRUE", "break", "else", "for", "function", "if", "in", "next",
        "repeat", "return", "while",
    ],
    builtins: &[
        "apply",
        "c",
        "cat",
        "cbind",
        "data.frame",
        "factor",
        "lapply",
        "length",
        "library",
        "list",
        "matrix",
        "mean",
        "names",
        "paste",
        "paste0",
        "print",
        "rbind",
        "require",
        "sapply",
        "seq",
        "sum",
        "summary",
        "vector",
    ],
    has_long_strings: true,
    ..PLAIN
};

const JULIA: Language = Language {
    names: &["julia"],
    keywords: &[
        "abstract",
        "baremodule",
        "begin",
        "break",
        "catch",
        "const",
        "continue",
        "do",
        "else",
        "elseif",
        "end",
        "export",
        "false",
        "finally",
        "for",
        "function",
        "global",
        "if",
        "import",
        "in",
        "let",
        "local",
        "macro",
        "module",
        "mutable",
        "nothing",
        "quote",
        "return",
        "struct",
        "true",
        "try",
        "using",
        "where",
        "while",
    ],
    builtins: &["length", "map", "println", "push", "size", "sum", "zeros"],
    defining: &["function", "macro", "module", "struct"],
    block_comment: Some(("#=", "=#")),
    line_comments: &["# ", "#\t", "##", "#!"],
    quotes: "\"",
    has_triple_quotes: true,
    has_long_strings: true,
    ..PLAIN
};

const SQL: Language = Language {
    names: &["sql", "postgresql", "mysql", "sqlite", "duckdb"],
    keywords: &[
        "all",
        "and",
        "as",
        "asc",
        "between",
        "by",
        "case",
        "create",
        "cross",
        "delete",
        "desc",
        "distinct",
        "drop",
        "else",
        "end",
        "except",
        "exists",
        "false",
        "from",
        "full",
        "group",
        "having",
        "if",
        "in",
        "inner",
        "insert",
        "intersect",
        "into",
        "is",
        "join",
        "left",
        "like",
        "limit",
        "not",
        "null",
        "offset",
        "on",
        "or",
        "order",
        "outer",
        "over",
        "partition",
        "right",
        "select",
        "set",
        "table",
        "then",
        "true",
        "union",
        "update",
        "using",
        "values",
        "view",
        "when",
        "where",
        "with",
    ],
    builtins: &[
        "avg",
        "cast",
        "coalesce",
        "count",
        "lower",
        "max",
        "min",
        "round",
        "row_number",
        "sum",
        "upper",
    ],
    line_comments: &["--"],
    block_comment: Some(("/*", "*/")),
    has_escapes: false,
    has_long_strings: true,
    ignores_case: true,
    ..PLAIN
};

const SHELL: Language = Language {
    names: &["bash", "sh", "shell", "zsh", "console"],
    keywords: &[
        "case", "do", "done", "elif", "else", "esac", "exit", "export", "fi", "for", "function", "if", "in",
        "local", "return", "set", "then", "until", "while",
    ],
    builtins: &[
        "awk", "cat", "cd", "cp", "curl", "echo", "grep", "ls", "mkdir", "mv", "pip", "printf", "python",
        "rm", "sed", "sudo", "tar", "unzip", "wget",
    ],
    has_long_strings: true,
    ..PLAIN
};

const C_LIKE: Language = Language {
    names: &[
        "c",
        "c++",
        "cpp",
        "cuda",
        "csharp",
        "c#",
        "java",
        "javascript",
        "js",
        "typescript",
        "ts",
        "rust",
        "rs",
        "go",
        "scala",
        "kotlin",
        "swift",
    ],
    keywords: &[
        "abstract",
        "as",
        "async",
        "await",
        "bool",
        "boolean",
        "break",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "defer",
        "delete",
        "do",
        "double",
        "else",
        "enum",
        "export",
        "extends",
        "false",
        "final",
        "finally",
        "float",
        "fn",
        "for",
        "func",
        "function",
        "if",
        "impl",
        "implements",
        "import",
        "in",
        "int",
        "interface",
        "let",
        "long",
        "match",
        "mod",
        "mut",
        "namespace",
        "new",
        "null",
        "nullptr",
        "package",
        "private",
        "protected",
        "pub",
        "public",
        "return",
        "self",
        "short",
        "static",
        "struct",
        "super",
        "switch",
        "template",
        "this",
        "throw",
        "trait",
        "true",
        "try",
        "type",
        "typedef",
        "typename",
        "undefined",
        "unsigned",
        "use",
        "using",
        "val",
        "var",
        "virtual",
        "void",
        "where",
        "while",
        "yield",
    ],
    defining: &["class", "enum", "fn", "func", "function", "interface", "struct", "trait"],
    line_comments: &["//"],
    block_comment: Some(("/*", "*/")),
    quotes: "\"'`",
    ..PLAIN
};

const JSON: Language = Language {
    names: &["json"],
    keywords: &["false", "null", "true"],
    line_comments: &[],
    quotes: "\"",
    ..PLAIN
};

const YAML: Language = Language {
    names: &["yaml", "yml", "toml", "ini"],
    keywords: &["false", "no", "null", "true", "yes"],
    ..PLAIN
};

const TEX: Language = Language { names: &["latex", "tex"], line_comments: &["%"], quotes: "", ..PLAIN };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_order_and_no_name_means_two_languages() {
        let mut names: Vec<&str> = Vec::new();
        for language in &LANGUAGES {
            assert!(language.keywords.is_sorted(), "{:?}", language.names);
            assert!(language.builtins.is_sorted(), "{:?}", language.names);
            assert!(language.defining.iter().all(|word| language.is_keyword(word)), "{:?}", language.names);
            names.extend(language.names);
        }
        let n_names = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), n_names);
    }
}
