//! From the master to other hosts.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::io;

use async_nats::connection::State;
use async_nats::{Client, PublishError};
use bytes::{Bytes, BytesMut};
use cluster_fleet::batch::{Batch, Batches};
use cluster_fleet::parcel::{Destination, ParcelIn, Unpacked};
use cluster_fleet::wire::WireHead;
use tokio::io::AsyncReadExt;
use tokio::net::unix::ReadHalf;
use tokio::sync::mpsc;

use super::subjects::Subjects;

/// How much is read at once. What was read together may go together.
const READ: usize = 256 << 10;

/// For so many hosts it is remembered how much was sent. When there are more, all is counted anew.
const MOST_HOSTS: usize = 4096;

pub struct Sending {
    host: String,
    nonce: u64,
    unpacked: Unpacked,
    /// Of what was read.
    waiting: VecDeque<Batch>,
    /// How many frames were sent.
    sent: HashMap<Destination, u64>,
    /// What the master is told of what it has sent. It is taken at once.
    told: mpsc::UnboundedSender<Vec<ParcelIn>>,
}

impl Sending {
    pub fn new(host: String, told: mpsc::UnboundedSender<Vec<ParcelIn>>) -> Self {
        let (unpacked, waiting, sent) = (Unpacked::default(), VecDeque::new(), HashMap::new());
        Self { host, nonce: fastrand::u64(..), unpacked, waiting, sent, told }
    }

    /// Until the connection is lost. No more is read than the client takes.
    ///
    /// # Errors
    /// When the master is gone.
    pub async fn send(
        &mut self,
        from_master: &mut ReadHalf<'_>,
        client: &Client,
        subjects: &Subjects,
    ) -> io::Result<()> {
        let limit = client.max_payload().saturating_sub(WireHead::size(&self.host));
        loop {
            while let Some(batch) = self.waiting.pop_front() {
                // The client would keep it until it is connected again.
                if client.connection_state() != State::Connected {
                    self.waiting.push_front(batch);
                    return Ok(());
                }
                if self.publish(client, subjects, batch).await.is_err() {
                    return Ok(());
                }
            }
            self.read(from_master, limit).await?;
        }
    }

    async fn publish(&mut self, client: &Client, subjects: &Subjects, batch: Batch) -> Result<(), PublishError> {
        match &batch.to {
            Destination::Others => client.publish(subjects.all(), self.message(&batch)).await,
            Destination::Host(host) => match subjects.host(host) {
                Some(subject) => match subjects.reply(host, &batch) {
                    Some(reply) => client.publish_with_reply(subject, reply, self.message(&batch)).await,
                    None => client.publish(subject, self.message(&batch)).await,
                },
                None => {
                    self.tell(nobody(&batch));
                    Ok(())
                }
            },
        }
    }

    /// While there is no connection nothing waits for one: it is read, and told back.
    ///
    /// # Errors
    /// Always, when the master is gone.
    pub async fn refuse(&mut self, from_master: &mut ReadHalf<'_>) -> io::Result<Infallible> {
        loop {
            while let Some(batch) = self.waiting.pop_front() {
                // Others will notice that they have missed it.
                if batch.to == Destination::Others {
                    self.count(&batch);
                } else {
                    self.tell(nobody(&batch));
                }
            }
            self.read(from_master, usize::MAX).await?;
        }
    }

    async fn read(&mut self, from_master: &mut ReadHalf<'_>, limit: usize) -> io::Result<()> {
        if from_master.read_buf(self.unpacked.room(READ)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut batches = Batches::new(limit);
        while let Some(parcel) = self.unpacked.outgoing()? {
            batches.add(parcel);
        }
        let (batches, refused) = batches.take();
        self.waiting.extend(batches);
        self.tell(refused);
        Ok(())
    }

    fn tell(&self, told: Vec<ParcelIn>) {
        if !told.is_empty() {
            // It fails when all ends.
            let _ = self.told.send(told);
        }
    }

    fn message(&mut self, batch: &Batch) -> Bytes {
        let (kind, before, count) = (batch.kind, self.count(batch), batch.count);
        let head = WireHead { kind, nonce: self.nonce, before, count, from: self.host.clone() };
        let mut message = BytesMut::with_capacity(WireHead::size(&self.host) + batch.size);
        head.put(&mut message);
        batch.frames.iter().for_each(|frames| message.extend_from_slice(frames));
        message.freeze()
    }

    /// Counts it as sent.
    /// @returns how many were before.
    fn count(&mut self, batch: &Batch) -> u64 {
        if self.sent.len() >= MOST_HOSTS && !self.sent.contains_key(&batch.to) {
            // Whoever compared it with what it knows would think that this host went back.
            self.nonce = fastrand::u64(..);
            self.sent.clear();
        }
        let sent = self.sent.entry(batch.to.clone()).or_default();
        let before = *sent;
        *sent += u64::from(batch.count);
        before
    }
}

/// That it has reached nobody.
fn nobody(batch: &Batch) -> Vec<ParcelIn> {
    let Destination::Host(host) = &batch.to else { return Vec::new() };
    batch.numbers.iter().map(|&number| ParcelIn::Nobody { host: host.clone(), number }).collect()
}
