use super::*;
use crate::types::Delivery;
use cluster_protocol::outbound::{HandleKind, SocketName};

fn key() -> Key {
    Arc::from("k")
}

fn bound() -> BoundSocket {
    BoundSocket { delivery: Delivery::Shared, kind: HandleKind::Net, name: None }
}

fn query() -> ListenQuery {
    serde_json::from_str(r#"{"seq":1,"port":0,"addressType":4,"data":[7]}"#).unwrap()
}

const NONE: &BTreeSet<Key> = &BTreeSet::new();

fn asker(slot: Option<SlotId>, worker: u32) -> Asker<'static> {
    Asker { slot, waiting: waiting(worker), serves: NONE }
}

fn waiting(worker: u32) -> PendingListen {
    PendingListen { child: ChildId::Worker(worker), seq: 1 }
}

fn asks(listeners: &mut Listeners, slot: u32) -> Answer {
    listeners.queried(Time::ZERO, &key(), &query(), asker(Some(slot), slot))
}

fn closes(listeners: &mut Listeners, key: &Key, slot: SlotId) -> Option<Option<Key>> {
    listeners.unwanted_by(key, slot).then(|| listeners.closed(Time::ZERO, key, |_| false))
}

#[test]
fn one_socket_for_all_and_the_first_ones_data() {
    let mut listeners = Listeners::default();
    assert_eq!(asks(&mut listeners, 1), Answer::Opens);
    assert_eq!(asks(&mut listeners, 2), Answer::Waits);
    assert!(listeners.is_opening("k"));
    assert_eq!(listeners.opened(&key(), Some(bound())), vec![waiting(1), waiting(2)]);
    assert!(!listeners.is_opening("k"));
    assert_eq!(asks(&mut listeners, 3), Answer::Open);
    assert_eq!(listeners.data("k").map(RawValue::get), Some("[7]"));
}

#[test]
fn a_failure_is_told_to_all_who_wait_and_forgotten() {
    let mut listeners = Listeners::default();
    asks(&mut listeners, 1);
    assert_eq!(listeners.opened(&key(), None), vec![waiting(1)]);
    assert_eq!(asks(&mut listeners, 1), Answer::Opens);
}

#[test]
fn the_socket_goes_with_the_last_slot_that_wants_it() {
    let mut listeners = Listeners::default();
    asks(&mut listeners, 1);
    listeners.opened(&key(), Some(bound()));
    asks(&mut listeners, 2);
    assert_eq!(closes(&mut listeners, &key(), 1), None);
    assert_eq!(closes(&mut listeners, &key(), 2), Some(None));
    assert_eq!(closes(&mut listeners, &key(), 2), None);
}

#[test]
fn a_slot_that_is_removed_and_a_worker_that_stands_by_keep_no_socket_open() {
    let mut listeners = Listeners::default();
    asks(&mut listeners, 1);
    listeners.opened(&key(), Some(bound()));
    asks(&mut listeners, 2);
    listeners.queried(Time::ZERO, &key(), &query(), asker(None, 3));
    assert!(listeners.slot_removed(2).is_empty());
    assert!(listeners.unwanted_by("k", 1));
    asks(&mut listeners, 2);
    assert_eq!(listeners.slot_removed(2), [key()]);
}

/// The system chose port 80 for `k`, and 80 is asked for by number.
mod another_key {
    use super::*;

    fn at_port_80() -> (Listeners, Key, ListenQuery) {
        let mut listeners = Listeners::default();
        asks(&mut listeners, 1);
        let name = Some(SocketName { address: "::".to_owned(), family: "IPv6", port: 80 });
        listeners.opened(&key(), Some(BoundSocket { name, ..bound() }));
        (listeners, Key::from("80"), serde_json::from_str(r#"{"seq":1,"port":80,"addressType":4}"#).unwrap())
    }

    #[test]
    fn is_served_by_the_same_socket_whichever_is_closed_first() {
        for closed_first in ["k", "80"] {
            let (mut listeners, number, query) = at_port_80();
            let bound = listeners.bound("k").unwrap().clone();
            let shares = Answer::Shares { of: key(), bound: bound.clone() };
            assert_eq!(listeners.queried(Time::ZERO, &number, &query, asker(Some(1), 1)), shares);
            listeners.opened(&number, Some(bound));
            let (k, other_key) = (key(), Key::from("81"));
            assert_eq!(listeners.served_as(&k, |key| *key == number), &number);
            assert_eq!(listeners.served_as(&k, |_| true), &k);
            assert_eq!(listeners.served_as(&k, |_| false), &k);
            assert_eq!(listeners.served_as(&other_key, |key| *key == number), &other_key);
            let (first, other) = if closed_first == "k" { (key(), number) } else { (number, key()) };
            assert_eq!(closes(&mut listeners, &first, 1), Some(Some(Key::clone(&other))));
            assert_eq!(closes(&mut listeners, &other, 1), Some(None));
        }
    }

    #[test]
    fn only_what_is_at_an_address_gets_its_backlog_back() {
        let (mut listeners, ..) = at_port_80();
        for path in ["/run/a:1", "/run/a"] {
            let key = Key::from(format!("{path}:-1:-1::0"));
            let query =
                serde_json::from_value(serde_json::json!({"seq": 1, "address": path, "port": -1, "addressType": -1}));
            listeners.queried(Time::ZERO, &key, &query.unwrap(), asker(Some(1), 1));
            listeners.opened(&key, Some(BoundSocket { name: None, ..bound() }));
        }
        let at = |fields: &str| listeners.listening_at(&serde_json::from_str(fields).unwrap());
        assert_eq!(at(r#"{"addressType":4,"address":null,"port":80}"#), [key()]);
        assert_eq!(at(r#"{"addressType":4,"address":null,"port":81}"#), [] as [Key; 0]);
        assert_eq!(at(r#"{"addressType":-1,"address":"/run/b","port":-1}"#), [] as [Key; 0]);
        assert_eq!(at(r#"{"addressType":-1,"address":"/run/a:1","port":-1}"#), [Key::from("/run/a:1:-1:-1::0")]);
    }

    #[test]
    fn is_in_the_way_of_who_serves_it() {
        let (mut listeners, number, query) = at_port_80();
        let serves = BTreeSet::from([key()]);
        let asker = Asker { serves: &serves, ..asker(Some(1), 1) };
        assert_eq!(listeners.queried(Time::ZERO, &number, &query, asker), Answer::Opens);
        assert!(!listeners.may_be_free_soon(Time::ZERO, "80", |_| true, |_, key| &**key == "k"));
    }

    #[test]
    fn at_another_address_is_waited_for() {
        let (mut listeners, ..) = at_port_80();
        let (number, query) = (Key::from("0.0.0.0:80"), r#"{"seq":1,"port":80,"address":"0.0.0.0","addressType":4}"#);
        let query = serde_json::from_str(query).unwrap();
        let (soon, late) = (LINGERS / 2, LINGERS + LINGERS / 2);
        assert_eq!(listeners.queried(soon, &number, &query, asker(Some(1), 1)), Answer::Opens);
        assert!(listeners.may_be_free_soon(LINGERS, &number, |_| false, |_, _| false));
        assert!(!listeners.may_be_free_soon(late, &number, |_| false, |_, _| false), "for a moment only");
        listeners.unwanted_by("k", 1);
        listeners.closed(late, &key(), |_| false);
        assert!(listeners.may_be_free_soon(late + soon, &number, |_| false, |_, _| false), "it was just closed");
        assert!(!listeners.may_be_free_soon(late * 2, &number, |_| false, |_, _| false));
        assert!(listeners.may_be_free_soon(late * 2, &number, |key| &**key == "k", |_, _| false), "somebody has it");
    }
}

#[test]
fn one_that_is_being_opened_is_neither_unused_nor_unwanted() {
    let mut listeners = Listeners::default();
    asks(&mut listeners, 1);
    assert!(!listeners.unwanted_by("k", 1), "its answer comes first");
    assert_eq!(listeners.unused(|_| false), [] as [Key; 0]);
    assert!(listeners.bound("k").is_none() && listeners.closed(Time::ZERO, &key(), |_| false).is_none());
    asks(&mut listeners, 1);
    listeners.opened(&key(), Some(bound()));
    assert_eq!((listeners.unused(|_| false), listeners.unused(|_| true)), (vec![key()], vec![]));
    assert_eq!((listeners.keys(), listeners.bound("k")), (vec![key()], Some(&bound())));
    listeners.unwanted_by("k", 1);
    listeners.wanted("k", Some(2));
    assert!(!listeners.unwanted_by("k", 1) && listeners.unwanted_by("k", 2));
    assert!(!listeners.unwanted_by("other", 1) && !listeners.is_opening("other"));
    assert!(listeners.opened(&key(), Some(bound())).is_empty(), "nobody waits any more");
}
