//! From the master to other hosts.

use std::convert::Infallible;
use std::io;

use async_nats::connection::State;
use async_nats::{Client, PublishError};
use cluster_fleet::batch::Batches;
use cluster_fleet::parcel::{Destination, ParcelIn, Unpacked};
use cluster_fleet::wire::WireHead;
use tokio::io::AsyncReadExt;
use tokio::net::unix::ReadHalf;
use tokio::sync::mpsc;

use super::subjects::Subjects;
use super::unsent::Unsent;

/// How much is read at once. What was read together may go together.
const READ: usize = 256 << 10;

pub struct Sending {
    host: String,
    unpacked: Unpacked,
    /// Of what was read.
    unsent: Unsent,
    /// What the master is told of what it has sent. It is taken at once.
    told: mpsc::UnboundedSender<Vec<ParcelIn>>,
}

impl Sending {
    pub fn new(host: String, told: mpsc::UnboundedSender<Vec<ParcelIn>>) -> Self {
        Self { unpacked: Unpacked::default(), unsent: Unsent::new(host.clone()), host, told }
    }

    /// Until the connection is lost. No more is read than the client takes. Dropped at any moment it loses nothing that the client has not
    /// taken.
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
            // Unconnected, the client would keep it until it is connected again.
            while client.connection_state() == State::Connected {
                match self.publish_next(client, subjects).await {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(_) => return Ok(()),
                }
            }
            if self.unsent.next().is_some() {
                return Ok(());
            }
            self.read(from_master, limit).await?;
        }
    }

    /// @returns whether there was one.
    async fn publish_next(&mut self, client: &Client, subjects: &Subjects) -> Result<bool, PublishError> {
        let Some(batch) = self.unsent.next() else { return Ok(false) };
        let (subject, reply) = match &batch.to {
            Destination::Others => (subjects.all(), None),
            Destination::Host(host) => match subjects.host(host) {
                Some(subject) => (subject, subjects.reply(host, batch)),
                None => {
                    self.refuse_next();
                    return Ok(true);
                }
            },
        };
        let message = self.unsent.message(batch);
        match reply {
            Some(reply) => client.publish_with_reply(subject, reply, message).await?,
            None => client.publish(subject, message).await?,
        }
        self.unsent.taken();
        Ok(true)
    }

    /// While there is no connection nothing waits for one: it is read, and told back.
    ///
    /// # Errors
    /// Always, when the master is gone.
    pub async fn refuse(&mut self, from_master: &mut ReadHalf<'_>) -> io::Result<Infallible> {
        loop {
            while self.unsent.next().is_some() {
                self.refuse_next();
            }
            self.read(from_master, usize::MAX).await?;
        }
    }

    fn refuse_next(&mut self) {
        let told = self.unsent.refuse();
        self.tell(told);
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
        self.unsent.add(batches);
        self.tell(refused);
        Ok(())
    }

    fn tell(&self, told: Vec<ParcelIn>) {
        if !told.is_empty() {
            // It fails when all ends.
            let _ = self.told.send(told);
        }
    }
}
