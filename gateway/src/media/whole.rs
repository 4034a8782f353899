//! Bodies of segments and pictures on their way: those that break off are counted.
//!
//! Their head has said 200 and how long they are before the store fails, so no status tells of it.
//! A client that goes away drops its body, which is nobody's failure.

use crate::metrics::media_broke;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use playhouse_storage::blobs::ByteStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A body that must have so many bytes.
pub(super) struct Whole {
    inner: ByteStream,
    left: u64,
}

impl Whole {
    pub(super) fn new(inner: ByteStream, bytes: u64) -> Self {
        Self { inner, left: bytes }
    }
}

impl Stream for Whole {
    type Item = playhouse_storage::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = ready!(self.inner.poll_next_unpin(task));
        match &next {
            Some(Ok(bytes)) => self.left = self.left.saturating_sub(bytes.len() as u64),
            Some(Err(error)) => {
                self.left = 0;
                tracing::warn!(%error, "a body of media broke off");
                media_broke("failed");
            }
            None if self.left > 0 => {
                tracing::warn!(left = self.left, "a body of media ended early");
                media_broke("short");
            }
            None => {}
        }
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::BROKEN;
    use futures_util::stream::iter;
    use playhouse_storage::Error;

    fn broken() -> [u64; 2] {
        ["failed", "short"].map(|cause| BROKEN.get_or_create(&[("cause", cause)]).get())
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_counted_and_one_that_is_dropped_is_not() {
        let check = async |chunks: Vec<Result<&'static str, Error>>, polls, more: [u64; 2]| {
            let before = broken();
            let body = Whole::new(iter(chunks).map(|it| it.map(Bytes::from)).boxed(), 4);
            body.take(polls).for_each(|_| async {}).await;
            let after = broken();
            assert_eq!([after[0] - before[0], after[1] - before[1]], more);
        };
        check(vec![Ok("ab"), Ok("cd")], 9, [0, 0]).await;
        check(vec![Ok("ab"), Err(Error::Busy)], 9, [1, 0]).await;
        check(vec![Ok("ab")], 9, [0, 1]).await;
        check(vec![Ok("ab"), Ok("c")], 1, [0, 0]).await;
    }
}
