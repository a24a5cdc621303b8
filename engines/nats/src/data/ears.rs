//! What is heard from other hosts over a connection, in three subscriptions.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use async_nats::{Client, Message, StatusCode, SubscribeError, Subscriber};
use bytes::Bytes;
use cluster_fleet::gaps::Way;
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

use super::subjects::Subjects;

/// So many messages for all hosts are taken one after another while others wait that are for this host alone.
const MOST_IN_A_ROW: u16 = 256;

pub struct Ears {
    replies: Subscriber,
    messages: Messages<Subscriber>,
}

pub enum Heard {
    Message(Way, Bytes),
    /// Nobody has got what was sent with that subject for an answer.
    Nobody(String),
}

impl Ears {
    /// When this is done the server knows of it, and what it refuses was told. If it has not answered within `limit` somebody listens to
    /// everything, and so it doesn't say who is not there.
    ///
    /// # Errors
    /// When the client has ended.
    pub async fn open(client: &Client, subjects: &Subjects, limit: Duration) -> Result<Self, SubscribeError> {
        let mut replies = client.subscribe(subjects.inbox()).await?;
        let others = client.subscribe(subjects.all()).await?;
        let direct = client.subscribe(subjects.own()).await?;
        let probes = async {
            // The first one is answered after the subscriptions, and the client hands on what it was told beside before it sees the second answer.
            for _ in 0..2 {
                let _ = client.publish_with_reply(subjects.nobody(), subjects.probe(), Bytes::new()).await;
                let _ = replies.next().await;
            }
        };
        let _ = timeout(limit, probes).await;
        Ok(Self { replies, messages: Messages::new(others, direct) })
    }

    /// Never, when the client has ended.
    pub async fn hear(&mut self) -> Heard {
        loop {
            tokio::select! {
                // What comes back for a message of ours is little.
                biased;
                Some(Message { subject, status, .. }) = self.replies.next() => {
                    if status == Some(StatusCode::NO_RESPONDERS) {
                        return Heard::Nobody(subject.into_string());
                    }
                }
                (way, message) = poll_fn(|context| self.messages.poll(context)) => return Heard::Message(way, message.payload),
            }
        }
    }
}

/// They came in one order, and wait in two queues.
struct Messages<S> {
    others: S,
    direct: S,
    /// How many of `others` were taken one after another.
    in_a_row: u16,
}

impl<S: Stream + Unpin> Messages<S> {
    fn new(others: S, direct: S) -> Self {
        Self { others, direct, in_a_row: 0 }
    }

    /// What is for all comes first: what takes a request back may be for this host alone, and the request before it for all. But answers
    /// must not wait for as long as another host floods all.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<(Way, S::Item)> {
        let is_turn_of_direct = self.in_a_row == MOST_IN_A_ROW;
        if is_turn_of_direct && let Poll::Ready(Some(message)) = self.direct.poll_next_unpin(context) {
            self.in_a_row = 0;
            return Poll::Ready((Way::Direct, message));
        }
        if let Poll::Ready(Some(message)) = self.others.poll_next_unpin(context) {
            self.in_a_row = if is_turn_of_direct { 0 } else { self.in_a_row + 1 };
            return Poll::Ready((Way::Others, message));
        }
        if !is_turn_of_direct && let Poll::Ready(Some(message)) = self.direct.poll_next_unpin(context) {
            self.in_a_row = 0;
            return Poll::Ready((Way::Direct, message));
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use futures_util::stream::{BoxStream, iter, repeat};

    fn next(messages: &mut Messages<BoxStream<'_, u32>>) -> (Way, u32) {
        poll_fn(|context| messages.poll(context)).now_or_never().unwrap()
    }

    #[test]
    fn what_is_for_this_host_alone_has_its_turn_also_while_another_floods_all() {
        let mut messages = Messages::new(repeat(0).boxed(), iter(1..=3).boxed());
        for number in 1..=3 {
            for _ in 0..MOST_IN_A_ROW {
                assert_eq!(next(&mut messages), (Way::Others, 0));
            }
            assert_eq!(next(&mut messages), (Way::Direct, number));
        }
        for _ in 0..=2 * MOST_IN_A_ROW {
            assert_eq!(next(&mut messages), (Way::Others, 0));
        }
    }

    #[test]
    fn what_is_for_all_is_first_else() {
        let waiting = futures_util::stream::pending;
        let mut messages = Messages::new(iter(1..=2).chain(waiting()).boxed(), iter(3..=4).chain(waiting()).boxed());
        let expected = [(Way::Others, 1), (Way::Others, 2), (Way::Direct, 3), (Way::Direct, 4)];
        assert_eq!(expected.map(|_| next(&mut messages)), expected);
        assert_eq!(poll_fn(|context| messages.poll(context)).now_or_never(), None);
    }
}
