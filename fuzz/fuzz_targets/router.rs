//! Whatever happens to children, each message is delivered once or said to be undeliverable once.
#![no_main]

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use cluster_core::Core;
use cluster_core::action::{Action, Origin};
use cluster_core::event::Event;
use cluster_core::notice::Notice;
use cluster_core::types::{AdoptedEnd, Balance, ChildId, ExitStatus, Mode, Peer, Policy, RandomWorker, Readiness};
use cluster_protocol::envelope::Target;
use cluster_protocol::inbound::{Inbound, Report};
use libfuzzer_sys::fuzz_target;

const WORKERS: u32 = 3;

fn policy() -> Policy {
    let long = Duration::from_secs(60);
    Policy {
        mode: Mode::Production,
        alone: true,
        count: WORKERS,
        balance: Balance::Auto,
        standby: 0,
        refork: true,
        ready: Readiness::Listening,
        random_worker: RandomWorker::Worker,
        limit: long,
        start_timeout: long,
        kill_timeout: long,
        crash_timeout: long,
        shutdown_delay: Duration::ZERO,
        min_uptime: Duration::from_secs(1),
        hang_timeout: None,
        max_memory: None,
        max_requests: None,
        max_age: None,
        watch: None,
        adopted_end: AdoptedEnd::Disconnect,
        alone_limit: None,
    }
}

#[derive(Default)]
struct World {
    alive: Vec<ChildId>,
    fates: BTreeMap<u32, u32>,
    expected: BTreeMap<u32, u32>,
}

impl World {
    fn perform(&mut self, core: &mut Core, now: Duration) {
        while let Some(action) = core.poll_action() {
            match action {
                Action::Spawn { child, .. } => {
                    self.alive.push(child);
                    core.handle(now, Event::Spawned { child, pid: 1000 + self.alive.len() as u32 });
                }
                Action::Send { frame, origin: Origin::Message(_), .. } => self.fate(&frame),
                Action::Notify(Notice::Message(_, frame) | Notice::Undeliverable { frame, .. }) => self.fate(&frame),
                _ => {}
            }
        }
    }

    fn fate(&mut self, frames: &Bytes) {
        for frame in frames.split(|byte| *byte == b'\n').filter(|frame| !frame.is_empty()) {
            if let Some(number) = std::str::from_utf8(frame).ok().and_then(|text| text.parse().ok()) {
                *self.fates.entry(number).or_default() += 1;
            }
        }
    }
}

fuzz_target!(|steps: Vec<(u8, u8)>| {
    let (mut core, mut world, mut now) = (Core::new(policy(), 1), World::default(), Duration::ZERO);
    core.handle(now, Event::Started);
    world.perform(&mut core, now);
    let mut number = 0;
    for (what, which) in steps {
        now += Duration::from_millis(u64::from(which));
        let child = world.alive.get(usize::from(which) % world.alive.len().max(1)).copied();
        let from = child.map_or(Peer::App, Peer::Child);
        let mut send = |world: &mut World, count: u32| {
            let frames: String = (0..count).map(|offset| format!("{}\n", number + offset)).collect();
            world.expected.extend((number..number + count).map(|number| (number, 1)));
            number += count;
            Bytes::from(frames)
        };
        let event = match (what % 9, child) {
            (0, Some(child @ ChildId::Alone(_))) => Event::Told { child, message: Inbound::Report(Report::Loaded) },
            (0, Some(child)) => Event::Told { child, message: Inbound::Report(Report::Serving { at: None }) },
            (1, _) => Event::Sent { from, target: Target::Alone, frame: send(&mut world, 3) },
            (2, _) => Event::Sent { from, target: Target::AnyWorker, frame: send(&mut world, 1) },
            (3, _) => {
                let target = Target::WorkerPid(1000 + u32::from(which % 8));
                Event::Sent { from, target, frame: send(&mut world, 2) }
            }
            (4, Some(_)) => Event::Sent { from, target: Target::App, frame: send(&mut world, 1) },
            (5, Some(child)) => {
                world.alive.retain(|alive| *alive != child);
                core.handle(now, Event::Disconnected { child });
                world.perform(&mut core, now);
                Event::Exited { child, exit: ExitStatus { code: Some(1), signal: None } }
            }
            (6, Some(child)) => {
                Event::Told { child, message: Inbound::Report(Report::Draining { reason: "x".to_owned() }) }
            }
            (7, Some(child)) => Event::FellBehind { child },
            _ => Event::TimedOut,
        };
        core.handle(now, event);
        world.perform(&mut core, now);
    }
    core.handle(now, Event::CloseAsked { force: true });
    world.perform(&mut core, now);
    for child in std::mem::take(&mut world.alive) {
        core.handle(now, Event::Disconnected { child });
        core.handle(now, Event::Exited { child, exit: ExitStatus { code: None, signal: Some("SIGKILL") } });
        world.perform(&mut core, now);
    }
    assert_eq!(world.fates, world.expected);
});
