//! The other hosts of the fleet: what goes there and what comes from there, as the shell takes it.

use bytes::Bytes;

use super::{GOOD, World, ms};
use crate::action::{FleetMail, FleetReceiver};
use crate::event::Event;
use crate::types::{ChildId, Peer, Policy};
use cluster_protocol::envelope::Envelope;
use cluster_protocol::remote::RemotePart;
use cluster_protocol::request::RequestPart;
use cluster_protocol::topic::TopicFrame;

/// Something that went to other hosts.
#[derive(Debug, Clone)]
pub(crate) struct SentToFleet {
    /// `None`: to all.
    pub to: Option<String>,
    pub mail: FleetMail,
    pub number: u64,
    pub frame: Bytes,
}

impl SentToFleet {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.frame).unwrap().trim_end()
    }
}

/// A host of this name, in a fleet in which each host has an alone of its own.
pub(crate) fn host(name: &str, policy: Policy) -> World {
    let mut world = World::new(Policy { fleet_host: Some(name.to_owned()), ..policy }, |_| GOOD);
    world.ask(0, Event::Started);
    world.tell(Event::FleetConnected(true));
    world
}

impl World {
    pub(super) fn sends_to_fleet(&mut self, to: FleetReceiver, mail: FleetMail, number: u64, frame: Bytes) {
        let to = match to {
            FleetReceiver::Others => None,
            FleetReceiver::Host(name) => Some(name.to_string()),
        };
        self.fleet.sent.push(SentToFleet { to, mail, number, frame });
    }

    /// A process writes a line. It is signed: that is checked by the shell.
    pub(crate) fn writes(&mut self, from: Peer, line: &str) {
        let frame = Bytes::from(format!("{line}\n"));
        let event = match Envelope::read(&frame).unwrap() {
            Envelope::User(target) => Event::Sent { from, target, frame },
            Envelope::Request(target) => {
                let part = RequestPart::read(&frame).unwrap();
                Event::Request { from, target, frame, part }
            }
            Envelope::Topic => Event::Topic { from, about: TopicFrame::read(&frame).unwrap(), frame },
            other => panic!("{other:?}"),
        };
        self.tell(event);
    }

    /// A line comes from another host.
    pub(crate) fn comes(&mut self, from: &str, frame: Bytes) {
        let from = self.core.host(from).unwrap();
        let event = match Envelope::read(&frame).unwrap() {
            Envelope::User(target) => Event::Sent { from: Peer::Host(from), target, frame },
            Envelope::Request(target) => {
                let part = RemotePart::read(&frame).unwrap();
                Event::RemoteRequest { from, target, frame, part }
            }
            Envelope::Topic => {
                let about = TopicFrame::read(&frame).unwrap();
                Event::Topic { from: Peer::Host(from), about, frame }
            }
            other => panic!("{other:?}"),
        };
        self.tell(event);
    }

    /// Everybody here is ready, and other hosts are there.
    pub(crate) fn meets(&mut self, others: &[(&str, u32)]) {
        self.run(self.now + ms(1_000));
        for (host, workers) in others {
            self.tell(Event::Member { host: (*host).to_owned(), workers: *workers });
        }
        self.sent.clear();
        self.fleet.sent.clear();
    }

    pub(crate) fn pid(&self, child: ChildId) -> u32 {
        self.core.ctx.processes.get(child).and_then(|child| child.pid).unwrap()
    }

    /// What a process says of itself in a request.
    pub(crate) fn signature(&self, who: Peer) -> String {
        match who {
            Peer::Child(ChildId::Alone(_)) => r#""from":"alone""#.to_owned(),
            Peer::Child(child) => format!(r#""from":"worker","pid":{}"#, self.pid(child)),
            _ => r#""from":"app""#.to_owned(),
        }
    }

    /// What a process was sent, without newlines.
    pub(crate) fn got(&self, child: ChildId) -> Vec<String> {
        let to_it = self.sent.iter().filter(|(to, _)| *to == child);
        to_it.map(|(_, frame)| String::from_utf8(frame.to_vec()).unwrap().trim_end().to_owned()).collect()
    }
}
