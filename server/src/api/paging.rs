//! Lists that are read page by page, by key: `?before=ID&limit=N`, newest first. Never by offset.

use serde::{Deserialize, Serialize};

const DEFAULT_LIMIT: i64 = 50;
const MOST: i64 = 200;

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Keyset {
    /// `next` of the part before.
    before: Option<i64>,
    /// How many at most: 50 when left out, never more than 200.
    limit: Option<i64>,
}

/// A part of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Slice<T> {
    pub items: Vec<T>,
    /// `before` of the next part; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

impl Keyset {
    /// Bound for `where id < $before`.
    pub fn before(self) -> i64 {
        self.before.unwrap_or(i64::MAX)
    }

    /// How many the caller gets at most.
    pub fn limit(self) -> i64 {
        self.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MOST)
    }

    /// Bound for `limit $n`: one more than is shown tells whether there is a next part.
    pub fn fetched(self) -> i64 {
        self.limit() + 1
    }

    /// What was fetched, less the one too many.
    pub fn slice<T>(self, mut rows: Vec<T>, key: impl Fn(&T) -> i64) -> Slice<T> {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = if has_more { rows.last().map(key) } else { None };
        Slice { items: rows, next }
    }
}

impl<T> Slice<T> {
    pub fn map<U>(self, draw: impl FnMut(T) -> U) -> Slice<U> {
        Slice { items: self.items.into_iter().map(draw).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_walked_to_its_end_without_gap_or_repeat() {
        let all: Vec<i64> = (1..=7).rev().collect();
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let keyset = Keyset { before, limit: Some(3) };
            let rows = all.iter().copied().filter(|id| *id < keyset.before());
            let slice = keyset.slice(rows.take(keyset.fetched() as usize).collect(), |id| *id);
            seen.extend(slice.items);
            before = slice.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn limits_are_kept_within_bounds() {
        let limit = |limit| Keyset { before: None, limit }.limit();
        assert_eq!((limit(None), limit(Some(0)), limit(Some(9999))), (50, 1, 200));
    }
}
