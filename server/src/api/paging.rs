//! Lists that are read part by part, by key: `?before=ID&limit=N`, newest first. Never by offset.
//!
//! A part tells where the next one is twice: as `next` in its body, and as a `Link` header (RFC 8288).

use axum::Json;
use axum::extract::Request;
use axum::http::header::LINK;
use axum::http::{HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, IntoResponseParts, Response, ResponseParts};
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
        let has_more = cut(&mut rows, usize::try_from(self.limit()).unwrap_or(usize::MAX));
        let next = if has_more { rows.last().map(key) } else { None };
        Slice { items: rows, next }
    }
}

/// Leaves at most `limit` rows, of which one more was fetched, and says whether there are more.
pub fn cut<T>(rows: &mut Vec<T>, limit: usize) -> bool {
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    has_more
}

impl<T> Slice<T> {
    pub fn map<U>(self, draw: impl FnMut(T) -> U) -> Slice<U> {
        Slice { items: self.items.into_iter().map(draw).collect(), next: self.next }
    }
}

impl<T: Serialize> IntoResponse for Slice<T> {
    fn into_response(self) -> Response {
        (NextPart::new("before", self.next.as_ref()), Json(self)).into_response()
    }
}

/// What is asked for to get the next part, if there is one: part of an answer.
#[derive(Debug, Clone)]
pub struct NextPart(Option<(&'static str, String)>);

impl NextPart {
    pub fn new(parameter: &'static str, key: Option<&impl ToString>) -> Self {
        Self(key.map(|key| (parameter, key.to_string())))
    }

    /// The address of the part behind the one at `uri`.
    fn after(&self, uri: &Uri) -> Option<String> {
        let (parameter, key) = self.0.as_ref()?;
        let others = uri.query().unwrap_or_default().split('&').filter(|pair| {
            !pair.is_empty() && pair.split_once('=').map_or(*pair, |(name, _)| name) != *parameter
        });
        let query: Vec<_> = others.map(str::to_owned).chain([format!("{parameter}={key}")]).collect();
        Some(format!("{}?{}", uri.path(), query.join("&")))
    }
}

impl IntoResponseParts for NextPart {
    type Error = std::convert::Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// Writes the `Link` of an answer that is a part of a list.
pub async fn link(request: Request, next: Next) -> Response {
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    let address = response.extensions().get::<NextPart>().and_then(|part| part.after(&uri));
    let value = address.and_then(|address| HeaderValue::try_from(format!("<{address}>; rel=\"next\"")).ok());
    if let Some(value) = value {
        response.headers_mut().insert(LINK, value);
    }
    response
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

    #[test]
    fn the_next_part_is_asked_for_as_this_one_was() {
        let uri: Uri = "/api/v1/things?before=9&limit=3".parse().unwrap();
        let part = |next: Option<i64>| NextPart::new("before", next.as_ref());
        assert_eq!(part(Some(5)).after(&uri).as_deref(), Some("/api/v1/things?limit=3&before=5"));
        assert_eq!(part(None).after(&uri), None);
        assert_eq!(part(Some(5)).after(&"/x".parse().unwrap()).as_deref(), Some("/x?before=5"));
    }
}
