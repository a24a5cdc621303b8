use super::*;
use crate::counters::{ByRole, Counters, MessageCounts};
use crate::snapshot::{
    AppSnapshot, FleetMember, FleetMessages, FleetSnapshot, LeaseCounts, LeaseSnapshot, ListenerSnapshot,
    MessagesSnapshot, OutputSnapshot, RequestsSnapshot, Usage,
};
use cluster_core::messages::answer_times::AnswerTimes;
use cluster_core::notice::{AloneStatus, Census};
use cluster_core::traffic::dispatch::Counts;
use cluster_core::traffic::steering::Acceptor;
use cluster_protocol::inbound::{LoopDelay, REQUEST_BOUNDS, Vitals};
use std::collections::BTreeSet;

fn child(role: &'static str, id: u32, slot: Option<u32>, state: &'static str) -> ChildSnapshot {
    let delay = LoopDelay { p50: 1.0, p99: 20.0, max: 30.0 };
    ChildSnapshot {
        role,
        id,
        slot,
        holds_slot: false,
        pid: id,
        state,
        restarts: 0,
        uptime: u64::from(id) * 1000,
        messages: MessageCounts { received: 1, sent: 2, refused: 3 },
        queued_bytes: 4,
        connections: 5,
        usage: Some(Usage { rss: 1 << 20, cpu: 1500, at: 0 }),
        vitals: Some(Vitals { utilization: 0.25, delay, heap_used: 10, heap_total: 20, external: 30 }),
    }
}

fn snapshot(counts: &Counters) -> Snapshot<'_> {
    let mut durations = [0; REQUEST_BOUNDS.len() + 1];
    (durations[0], durations[7], durations[11]) = (1, 1, 1);
    Snapshot {
        title: "a \"title\"",
        version: "1.2.3",
        state: "running",
        ready: true,
        started_at: 1_700_000_000_500,
        uptime: 5000,
        now: 1_700_000_005_500,
        workers: Census { listening: 2, ..Census::default() },
        alone: Some(AloneStatus { state: "ready", restarts: 0, limit_reached: false }),
        fleet: None,
        children: vec![child("alone", 1, None, "ready"), child("worker", 2, Some(1), "listening")],
        listeners: vec![ListenerSnapshot {
            key: "0.0.0.0:80:4:-1:0".into(),
            address: "0.0.0.0:80".into(),
            acceptor: Acceptor::Master,
            waiting: 1,
            queued: Some(2),
            counts: Counts { accepted: 7, handed_over: 6, refused: 4, ..Counts::default() },
        }],
        app: AppSnapshot { pid: 1, queued_bytes: 8, usage: None },
        output: OutputSnapshot { dropped_lines: 9 },
        requests: vec![RequestsSnapshot { slot: 1, count: 3, active: 2, duration: 1500, durations }],
        messages: MessagesSnapshot {
            by_role: ByRole {
                alone: MessageCounts::default(),
                worker: MessageCounts { received: 9, sent: 8, refused: 7 },
            },
            waiting: ByRole { alone: 6, worker: 0 },
        },
        counts,
    }
}

fn lines(snapshot: &Snapshot<'_>) -> Vec<String> {
    write(snapshot, Format::Prometheus).lines().map(str::to_owned).collect()
}

#[test]
fn a_cluster_as_metrics() {
    let counts = Counters::default();
    let lines = lines(&snapshot(&counts));
    for line in [
        "cluster_native_build_info{version=\"1.2.3\",title=\"a \\\"title\\\"\"} 1",
        "cluster_native_start_time_seconds 1700000000.5",
        "cluster_native_ready 1",
        "cluster_native_workers{state=\"listening\"} 2",
        "cluster_native_alone{state=\"ready\"} 1",
        "cluster_native_forks_total{role=\"worker\"} 0",
        "cluster_native_connections_accepted_total{address=\"0.0.0.0:80\"} 7",
        "cluster_native_connections_queued{address=\"0.0.0.0:80\"} 2",
        "cluster_native_process_resident_memory_bytes{role=\"worker\",slot=\"1\"} 1048576",
        "cluster_native_process_cpu_seconds_total{role=\"alone\",slot=\"0\"} 1.5",
        "cluster_native_process_event_loop_delay_p99_seconds{role=\"worker\",slot=\"1\"} 0.02",
        "cluster_native_process_event_loop_utilization_ratio{role=\"worker\",slot=\"1\"} 0.25",
        "cluster_native_app_queued_bytes 8",
        "cluster_native_requests_total{slot=\"1\"} 3",
        "cluster_native_request_seconds_total{slot=\"1\"} 1.5",
        "cluster_native_requests_active{slot=\"1\"} 2",
        "cluster_native_request_duration_seconds_bucket{le=\"0.005\"} 1",
        "cluster_native_request_duration_seconds_bucket{le=\"0.5\"} 1",
        "cluster_native_request_duration_seconds_bucket{le=\"1\"} 2",
        "cluster_native_request_duration_seconds_bucket{le=\"10\"} 2",
        "cluster_native_request_duration_seconds_bucket{le=\"+Inf\"} 3",
        "cluster_native_request_duration_seconds_sum 1.5",
        "cluster_native_request_duration_seconds_count 3",
        "cluster_native_connections_refused_total{address=\"0.0.0.0:80\"} 4",
        "cluster_native_messages_received_total{role=\"worker\"} 9",
        "cluster_native_messages_waiting{role=\"alone\"} 6",
        "cluster_native_process_messages_sent_total{role=\"worker\",slot=\"1\"} 2",
    ] {
        assert!(lines.iter().any(|written| written == line), "{line}\n{}", lines.join("\n"));
    }
}

#[test]
fn a_host_of_a_fleet_tells_of_its_lease() {
    let counts = Counters::default();
    let without = lines(&snapshot(&counts));
    assert!(!without.iter().any(|line| line.contains("_fleet_")));
    let leases = LeaseCounts { acquired: 3, moved: 1, expired: 1, taken: 0 };
    let alone = LeaseSnapshot { token: Some("1.7".to_owned()), valid_for: Some(2_250), leases, holder: None };
    let (host, server, random_worker) = ("a".to_owned(), None, LeaseSnapshot::default());
    let member =
        FleetMember { host: "b".to_owned(), workers: 2, version: String::new(), started_at: 0, draining: false };
    let (members, messages) = (vec![member], FleetMessages { sent: 5, received: 6, missed: 7 });
    let (draining, requests) = (false, AnswerTimes::default());
    let fleet =
        FleetSnapshot { host, connected: true, server, alone, random_worker, draining, members, messages, requests };
    let lines = lines(&Snapshot { fleet: Some(fleet), ..snapshot(&counts) });
    for line in [
        "cluster_native_fleet_connected 1",
        "cluster_native_fleet_lease_held{of=\"alone\"} 1",
        "cluster_native_fleet_lease_held{of=\"randomWorker\"} 0",
        "cluster_native_fleet_lease_seconds{of=\"alone\"} 2.25",
        "cluster_native_fleet_lease_acquired_total{of=\"alone\"} 3",
        "cluster_native_fleet_lease_lost_total{of=\"alone\",reason=\"expired\"} 1",
        "cluster_native_fleet_members 2",
        "cluster_native_fleet_messages_sent_total 5",
        "cluster_native_fleet_messages_received_total 6",
        "cluster_native_fleet_messages_missed_total 7",
        "cluster_native_fleet_request_duration_seconds_count 0",
    ] {
        assert!(lines.iter().any(|written| written == line), "{line}\n{}", lines.join("\n"));
    }
}

#[test]
fn each_series_is_told_once_whoever_is_in_a_slot() {
    let counts = Counters::default();
    let mut snapshot = snapshot(&counts);
    for (id, state) in [(3, "draining"), (9, "starting"), (7, "listening")] {
        snapshot.children.push(child("worker", id, Some(1), state));
    }
    snapshot.children.push(child("worker", 10, None, "standby"));
    let counts = Counts { accepted: 1, ..Counts::default() };
    let (key, address) = ("0.0.0.0:80:4:-1:1".into(), "0.0.0.0:80".into());
    snapshot.listeners.push(ListenerSnapshot {
        key,
        address,
        acceptor: Acceptor::Master,
        waiting: 0,
        queued: None,
        counts,
    });
    snapshot.children.push(child("alone", 2, None, "draining"));
    let lines = lines(&snapshot);
    let series: Vec<&str> =
        lines.iter().filter(|line| !line.starts_with('#')).map(|line| line.rsplit_once(' ').unwrap().0).collect();
    assert_eq!(series.len(), series.iter().collect::<BTreeSet<_>>().len());
    let serves = "cluster_native_process_uptime_seconds{role=\"worker\",slot=\"1\"} 7";
    assert!(lines.iter().any(|line| line == serves), "the newest that serves");
    let accepted = "cluster_native_connections_accepted_total{address=\"0.0.0.0:80\"} 8";
    assert!(lines.iter().any(|line| line == accepted), "both sockets of an address");
}

#[test]
fn who_holds_a_slot_is_told_and_what_grows_is_that_of_all() {
    use cluster_core::notice::Notice;
    use cluster_core::types::ChildId;
    let mut counts = Counters::default();
    let (gone, slot) = (ChildId::Worker(3), Some(1));
    counts.note(std::time::Duration::ZERO, &Notice::Fork { child: gone, slot, pid: 1 });
    let messages = MessageCounts { received: 5, ..MessageCounts::default() };
    counts.gone(gone, Used { messages, cpu: 250 });
    let mut snapshot = snapshot(&counts);
    // Number 2 is there, too: it has failed its trial.
    let holder = ChildSnapshot { holds_slot: true, ..child("worker", 1, slot, "listening") };
    snapshot.children.push(holder);
    let told = lines(&snapshot);
    for (name, value) in [("uptime_seconds", "1"), ("cpu_seconds_total", "3.25"), ("messages_received_total", "7")] {
        let line = format!("cluster_native_process_{name}{{role=\"worker\",slot=\"1\"}} {value}");
        assert!(told.contains(&line), "{line}\n{}", told.join("\n"));
    }
}

#[test]
fn every_metric_has_its_type_and_counters_their_ending() {
    let counts = Counters::default();
    for line in lines(&snapshot(&counts)).iter().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let (name, kind) = line.split_once(' ').unwrap();
        assert_eq!(name.ends_with("_total"), kind == "counter", "{line}");
    }
}

#[test]
fn what_is_not_known_is_left_out() {
    let counts = Counters::default();
    let mut snapshot = snapshot(&counts);
    snapshot.children = vec![ChildSnapshot { usage: None, vitals: None, ..child("worker", 1, Some(1), "starting") }];
    snapshot.alone = None;
    snapshot.listeners[0].queued = None;
    let lines = lines(&snapshot);
    for absent in ["resident_memory_bytes{", "heap_used_bytes{", "connections_queued{", "cluster_native_alone{"] {
        assert!(!lines.iter().any(|line| line.contains(absent)), "{absent}");
    }
}
