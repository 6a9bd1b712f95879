//! The room that limits have left, from wherever it is learnt to the headers of the answer
//! (draft-ietf-httpapi-ratelimit-headers-07).

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The room of one limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomLeft {
    /// How many requests there is room for where nothing was counted.
    pub limit: u64,
    /// How many there is room for now.
    pub remaining: u64,
    /// In how many seconds all room is back.
    pub reset: u64,
}

tokio::task_local! {
    /// The least room that the request under way has met.
    static LEAST: Arc<Mutex<Option<RoomLeft>>>;
}

/// Notes the room of a limit that the request has met, for its answer. Of several the one with the least
/// room stands.
pub fn note_room(room: RoomLeft) {
    // No request is under way where nobody is to be answered.
    let _ = LEAST.try_with(|least| {
        let mut least = least.lock().unwrap_or_else(PoisonError::into_inner);
        if least.is_none_or(|least| room.remaining <= least.remaining) {
            *least = Some(room);
        }
    });
}

/// Has `work`, which becomes a task of its own, note room for the answer to the request under way.
pub fn with_same_room<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let least = LEAST.try_with(Arc::clone).unwrap_or_default();
    LEAST.scope(least, work)
}

/// Tells in the headers of the answer what was noted on the way to it.
pub(super) async fn tell_room(answered: impl Future<Output = Response>) -> Response {
    let least = Arc::default();
    let mut response = LEAST.scope(Arc::clone(&least), answered).await;
    let noted = *least.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(room) = noted {
        room.tell(response.headers_mut());
    }
    response
}

impl RoomLeft {
    /// Writes the headers, unless a limit with less room has done so.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        if headers.get(&REMAINING).is_some_and(|told| read(told) < self.remaining) {
            return;
        }
        headers.insert(LIMIT, HeaderValue::from(self.limit));
        headers.insert(REMAINING, HeaderValue::from(self.remaining));
        headers.insert(RESET, HeaderValue::from(self.reset));
    }
}

fn read(value: &HeaderValue) -> u64 {
    value.to_str().ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    fn room(remaining: u64) -> RoomLeft {
        RoomLeft { limit: 10, remaining, reset: 60 }
    }

    async fn remaining_after(noted: Vec<u64>) -> Option<u64> {
        let answered = async {
            for remaining in noted {
                note_room(room(remaining));
            }
            ().into_response()
        };
        tell_room(answered).await.headers().get(&REMAINING).map(read)
    }

    #[tokio::test]
    async fn the_least_room_is_told_and_none_where_none_was_met() {
        assert_eq!(remaining_after(vec![]).await, None);
        assert_eq!(remaining_after(vec![3, 1, 2]).await, Some(1));
    }

    #[tokio::test]
    async fn a_task_of_its_own_notes_room_for_the_same_answer() {
        let answered = async {
            tokio::spawn(with_same_room(async { note_room(room(4)) })).await.unwrap();
            tokio::spawn(async { note_room(room(0)) }).await.unwrap();
            ().into_response()
        };
        assert_eq!(tell_room(answered).await.headers().get(&REMAINING).map(read), Some(4));
    }

    #[test]
    fn a_limit_that_has_less_room_stands() {
        let mut headers = HeaderMap::new();
        for (remaining, told) in [(5, 5), (7, 5), (2, 2), (9, 2)] {
            room(remaining).tell(&mut headers);
            assert_eq!(headers.get(&REMAINING).map(read), Some(told));
        }
    }
}
