//! What may stand in a migration: nothing that has everybody who writes wait while a large table is read or rewritten.
//!
//! Where it is safe all the same, `-- locks: ` and the reason stand above the statement.

use std::collections::BTreeSet;
use std::fs;

use crate::tidy::root;

/// Those before were released before this was asked.
const ASKED_SINCE: u64 = 20_261_201_000_000;
const EXCUSE: &str = "-- locks: ";
const SHORTEST_REASON: usize = 15;
const WITHOUT_TRANSACTION: &str = "-- no-transaction";

/// One statement: its words with single spaces and small letters, what is quoted left out.
#[derive(Debug, Default)]
struct Statement {
    comments: Vec<String>,
    words: String,
    /// What stands between `$$`: it runs at once in a `do`.
    body: String,
}

impl Statement {
    fn is_excused(&self) -> bool {
        let reason = self.comments.iter().find_map(|line| line.strip_prefix(EXCUSE));
        reason.is_some_and(|reason| reason.trim().len() >= SHORTEST_REASON)
    }

    fn is_empty(&self) -> bool {
        self.words.trim().is_empty()
    }
}

fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut now = Statement::default();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("--") {
            let (line, after) = comment.split_once('\n').unwrap_or((comment, ""));
            now.comments.push(format!("--{line}"));
            rest = after;
        } else if let Some(quoted) = rest.strip_prefix("$$") {
            let (body, after) = quoted.split_once("$$").expect("a body ends");
            now.body.push_str(body);
            rest = after;
        } else if let Some(quoted) = rest.strip_prefix('\'') {
            now.words.push_str(" '' ");
            rest = quoted.split_once('\'').expect("a text ends").1;
        } else if let Some(after) = rest.strip_prefix(';') {
            now.words = spaced(&now.words);
            found.push(std::mem::take(&mut now));
            rest = after;
        } else {
            now.words.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    now.words = spaced(&now.words);
    found.push(now);
    found.retain(|statement| !statement.is_empty());
    found
}

/// Small letters, with single spaces, also around what is no word.
fn spaced(text: &str) -> String {
    let apart: String = text
        .chars()
        .flat_map(|c| if matches!(c, '(' | ')' | ',') { vec![' ', c, ' '] } else { vec![c] })
        .collect();
    apart.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is wrong with a migration, one line each.
fn complaints(text: &str) -> Vec<String> {
    let all = statements(text);
    let made: BTreeSet<String> = all
        .iter()
        .filter_map(|statement| after(&statement.words, &["create table", "create unlogged table"]))
        .collect();
    let alone = all.len() == 1 && text.starts_with(WITHOUT_TRANSACTION);
    let mut found = Vec::new();
    for statement in all.iter().filter(|statement| !statement.is_excused()) {
        found.extend(complaint(&statement.words, &made, alone));
        if statement.words.starts_with("do") {
            // A loop's or a condition's statement begins after a word of its own.
            let inner = ["begin", "then", "loop", "else"]
                .iter()
                .fold(statement.body.to_lowercase(), |body, word| body.replace(&format!("{word}\n"), ";\n"));
            found.extend(statements(&inner).iter().filter_map(|inner| complaint(&inner.words, &made, false)));
        }
    }
    found
}

fn complaint(words: &str, made: &BTreeSet<String>, is_alone: bool) -> Option<String> {
    let is_old = |table: &Option<String>| table.as_ref().is_some_and(|table| !made.contains(table));
    let wrong = |what: &str| Some(format!("{what}: {words}"));
    if words.starts_with("create index") || words.starts_with("create unique index") {
        let is_concurrent = words.contains("index concurrently ");
        let table = words.split_once(" on ").and_then(|(_, rest)| after(rest, &["", "only"]));
        return match (is_old(&table), is_concurrent) {
            (true, false) => wrong("an index on a table that exists is made concurrently"),
            (_, true) if !is_alone => {
                wrong("an index is made concurrently in a file of its own that begins with -- no-transaction")
            }
            _ => None,
        };
    }
    if is_old(&after(words, &["alter table", "alter table if exists", "alter table only"])) {
        return clauses(words).iter().find_map(|clause| alteration(clause)).and_then(wrong);
    }
    if is_old(&after(words, &["update", "update only"])) || is_old(&after(words, &["delete from"])) {
        return wrong("rows of a whole table are changed at once");
    }
    let whole = ["truncate", "lock ", "cluster", "vacuum full", "reindex", "refresh materialized"];
    if whole.iter().any(|verb| words.starts_with(verb)) && !words.contains("concurrently") {
        return wrong("the table is locked for everybody");
    }
    None
}

/// What is wrong with a clause of `alter table`.
fn alteration(clause: &str) -> Option<&'static str> {
    let clause = format!(" {clause} ");
    let has = |words: &str| clause.contains(&format!(" {words} "));
    let is_constraint =
        ["add constraint", "add check", "add foreign key", "add unique", "add primary key", "add exclude"]
            .iter()
            .any(|words| clause.starts_with(&format!(" {words} ")));
    if is_constraint {
        let is_later = has("not valid") || has("using index");
        return (!is_later)
            .then_some("a constraint is added as not valid, and validated in a later migration");
    }
    if has("set not null") {
        return Some("a column becomes not null where a constraint that was validated says so already");
    }
    if clause.starts_with(" alter ") && (has("type") || has("set data type")) {
        return Some("a column of another type is another column");
    }
    if clause.starts_with(" add ") {
        let reads = ["references", "check (", "unique", "primary key", "generated"];
        if reads.iter().any(|words| has(words)) {
            return Some("a column is added bare; what constrains it comes as not valid");
        }
        let default = clause.split(" default ").nth(1).unwrap_or_default();
        if default.split(' ').nth(1) == Some("(") && !default.starts_with("now ") {
            return Some("a default that differs from row to row has the table written again");
        }
    }
    (has("set tablespace") || has("set unlogged") || has("set logged"))
        .then_some("the table is written again")
}

/// Clauses of `alter table`, without its head.
fn clauses(words: &str) -> Vec<String> {
    let mut depth = 0;
    let mut found = vec![String::new()];
    for word in words.split(' ') {
        match word {
            "(" => depth += 1,
            ")" => depth -= 1,
            "," if depth == 0 => {
                found.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(clause) = found.last_mut() {
            clause.push_str(word);
            clause.push(' ');
        }
    }
    let head = ["add", "alter", "drop", "set", "rename", "enable", "disable", "validate", "owner"];
    if let Some(first) = found.first_mut() {
        let begins = first.split(' ').skip(2).position(|word| head.contains(&word)).map_or(0, |at| at + 2);
        *first = first.split(' ').skip(begins).collect::<Vec<_>>().join(" ");
    }
    found.into_iter().map(|clause| clause.trim().to_owned()).collect()
}

/// The name that follows on the longest of these beginnings.
fn after(words: &str, beginnings: &[&str]) -> Option<String> {
    let rest = beginnings
        .iter()
        .filter_map(|beginning| {
            let rest = words.strip_prefix(beginning)?;
            (beginning.is_empty() || rest.starts_with(' ')).then_some((beginning.len(), rest))
        })
        .max_by_key(|(length, _)| *length)?
        .1;
    let name = rest.trim_start().trim_start_matches("if not exists ").split(' ').next()?;
    let name = name.trim_matches('"').trim_start_matches("public.");
    (!name.is_empty()).then(|| name.to_owned())
}

#[test]
fn no_migration_has_everybody_wait_for_a_large_table() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root().join("migrations")).expect("migrations") {
        let path = entry.expect("a file").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let stamp: u64 = name.split('_').next().and_then(|stamp| stamp.parse().ok()).expect("a stamp");
        if stamp >= ASKED_SINCE {
            let text = fs::read_to_string(&path).expect("a migration");
            wrong.extend(complaints(&text).into_iter().map(|complaint| format!("{name}: {complaint}")));
        }
    }
    assert!(
        wrong.is_empty(),
        "write these otherwise, or say `{EXCUSE}` and why right above the statement:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn what_locks_a_large_table_is_found() {
    for wrong in [
        "create index words on posts (markdown);",
        "CREATE UNIQUE INDEX words\n ON posts (markdown);",
        "create index if not exists words on only posts (markdown);",
        "create index concurrently words on posts (markdown);",
        "-- no-transaction\ncreate index concurrently words on posts (markdown); select 1;",
        "alter table posts add constraint posts_long check (length(markdown) > 1);",
        "alter table posts add column kind text, add check (kind <> '');",
        "alter table only posts add foreign key (topic_id) references topics;",
        "alter table posts add constraint a check (b > 0) not valid, add constraint c unique (d);",
        "alter table posts alter column kind set not null;",
        "alter table posts alter kind type bigint;",
        "alter table posts alter column kind set data type bigint using kind::bigint;",
        "alter table posts add column author bigint references users;",
        "alter table posts add column n integer check (n > 0);",
        "alter table posts add column id2 bigint generated always as identity;",
        "alter table posts add column secret uuid default gen_random_uuid();",
        "alter table posts set unlogged;",
        "update posts set kind = 'post';",
        "delete from posts where kind = 'it''s; not one';",
        "do $$ begin\n update posts set kind = ''; end $$;",
        "do $$\nbegin\n    if true then\n        delete from posts;\n    end if;\nend $$;",
        "truncate posts;",
        "lock table posts;",
        "reindex table posts;",
        "-- locks: short\nupdate posts set kind = '';",
        "-- locks: a reason that is long enough\nselect 1;\nupdate posts set kind = '';",
    ] {
        assert!(!complaints(wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn what_locks_nothing_large_is_left_alone() {
    for right in [
        "create table posts (id bigint primary key, n integer check (n > 0)); create index a on posts (n);
         insert into posts values (1, 2); update posts set n = 3; alter table posts add check (n > 1);",
        "-- no-transaction\ncreate index concurrently words on posts (markdown);",
        "alter table posts add constraint posts_long check (length(markdown) > 1) not valid;",
        "alter table posts validate constraint posts_long;",
        "alter table posts add column kind text, add column at timestamptz not null default now();",
        "alter table posts add column n integer not null default 0;",
        "alter table posts alter column kind set default 'type';",
        "alter table posts add constraint posts_words unique using index words;",
        "create function f() returns void language sql as $$ update posts set kind = ''; delete from posts; $$;",
        "create trigger t after update of kind on posts for each row execute function f();",
        "-- locks: some dozens of rows on the largest site\nupdate posts set kind = 'update';",
        "grant update on posts to holdout_web; insert into posts select 1; drop index words;",
    ] {
        assert_eq!(complaints(right), Vec::<String>::new(), "{right}");
    }
}
