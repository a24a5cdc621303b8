use super::*;
use proptest::prelude::*;

fn pushed(items: &[(&'static str, Option<u8>)]) -> Outbox<u8, ()> {
    let mut outbox = Outbox::default();
    for (frame, handle) in items {
        outbox.push(OutboxItem { frame: Bytes::from_static(frame.as_bytes()), handle: *handle, from: () });
    }
    outbox
}

fn write(outbox: &mut Outbox<u8, ()>, most: usize) -> (String, Option<u8>) {
    let mut slices = Vec::new();
    let handle = outbox.next_write(&mut slices).copied();
    let mut bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
    bytes.truncate(most);
    outbox.wrote(bytes.len());
    (String::from_utf8(bytes).unwrap(), handle)
}

#[test]
fn one_write_carries_many_frames_up_to_a_handle() {
    let mut outbox = pushed(&[("a\n", None), ("b\n", None), ("h\n", Some(7)), ("c\n", None)]);
    assert_eq!(write(&mut outbox, 99), ("a\nb\n".into(), None));
    assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)));
    assert!(!outbox.is_writable(), "what follows waits for the acknowledgement");
    outbox.acknowledged();
    assert_eq!(write(&mut outbox, 99), ("c\n".into(), None));
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn a_handle_goes_with_the_first_byte_only() {
    let mut outbox = pushed(&[("handle\n", Some(7))]);
    assert_eq!(write(&mut outbox, 3), ("han".into(), Some(7)));
    assert_eq!(write(&mut outbox, 99), ("dle\n".into(), None));
}

#[test]
fn a_handle_of_the_masters_own_holds_up_no_message_but_other_handles() {
    let mut outbox = pushed(&[("a\n", None), ("b\n", None), ("h\n", Some(7)), ("c\n", None)]);
    outbox.push_urgent(OutboxItem { frame: Bytes::from_static(b"new\n"), handle: Some(1), from: () });
    outbox.push_urgent(OutboxItem { frame: Bytes::from_static(b"next\n"), handle: Some(2), from: () });
    assert_eq!(write(&mut outbox, 99), ("new\n".into(), Some(1)));
    assert_eq!(write(&mut outbox, 1), ("a".into(), None));
    assert!(outbox.refused().is_none());
    assert_eq!(write(&mut outbox, 99), ("\nb\n".into(), None));
    assert_eq!(write(&mut outbox, 99), ("new\n".into(), Some(1)));
    assert!(!outbox.is_writable(), "what is next has a handle");
    outbox.push_urgent(OutboxItem { frame: Bytes::from_static(b"own\n"), handle: None, from: () });
    outbox.acknowledged();
    assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)), "it is its turn");
    assert!(!outbox.is_writable(), "what is next has a handle, and the order stays");
    outbox.acknowledged();
    assert_eq!(write(&mut outbox, 99), ("next\n".into(), Some(2)));
    assert_eq!(write(&mut outbox, 99), ("own\n".into(), None));
    assert_eq!(write(&mut outbox, 99), ("c\n".into(), None));
    assert_eq!(outbox.bytes(), 0);
}

#[test]
fn what_the_master_says_passes_somebodys_handle_that_is_not_acknowledged() {
    let mut outbox = pushed(&[("h\n", Some(7)), ("c\n", None)]);
    assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)));
    urgent(&mut outbox, "ack\n", None);
    assert_eq!(write(&mut outbox, 99), ("ack\n".into(), None), "the child may wait for it");
    assert!(!outbox.is_writable(), "the order stays");
    outbox.acknowledged();
    assert_eq!(write(&mut outbox, 99), ("c\n".into(), None));
}

#[test]
fn handles_take_turns() {
    let mut outbox = pushed(&[("a\n", Some(1)), ("b\n", Some(2)), ("c\n", None)]);
    for frame in ["new 1\n", "new 2\n", "new 3\n"] {
        urgent(&mut outbox, frame, Some(7));
    }
    let mut order = String::new();
    while outbox.is_writable() {
        order += &write(&mut outbox, 99).0;
        outbox.acknowledged();
    }
    assert_eq!(order, "new 1\na\nnew 2\nb\nnew 3\nc\n", "connections may come without end");
}

#[test]
fn many_small_frames_and_handles_count_for_what_they_cost() {
    let outbox = pushed(&[("\n", None), ("\n", Some(7))]);
    assert!(outbox.bytes() >= 2 * ITEM_COST + HANDLE_COST);
}

#[test]
fn a_refused_handle_is_sent_again_a_few_times() {
    let mut outbox = pushed(&[("h\n", Some(7)), ("c\n", None)]);
    for _ in 0..MAX_RETRANSMISSIONS {
        assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)));
        assert!(outbox.refused().is_none());
    }
    assert_eq!(write(&mut outbox, 99), ("h\n".into(), Some(7)));
    assert_eq!(outbox.refused().unwrap().handle, Some(7));
    assert_eq!(write(&mut outbox, 99), ("c\n".into(), None));
}

#[test]
fn an_ack_that_nobody_waits_for_changes_nothing() {
    let mut outbox = pushed(&[("a\n", None)]);
    outbox.acknowledged();
    assert!(outbox.refused().is_none());
    assert_eq!(write(&mut outbox, 99), ("a\n".into(), None));
}

proptest! {
    #[test]
    fn any_partial_writes_give_the_same_stream(
        frames in proptest::collection::vec(("[a-z]{0,9}", any::<bool>()), 1..30),
        writes in proptest::collection::vec(1usize..12, 1..400),
    ) {
        let mut outbox = Outbox::default();
        let mut expected = String::new();
        for (index, (text, handle)) in frames.iter().enumerate() {
            let frame = format!("{text}\n");
            expected.push_str(&frame);
            outbox.push(OutboxItem { frame: Bytes::from(frame), handle: handle.then_some(index), from: () });
        }
        let mut stream = String::new();
        let mut handles = Vec::new();
        let mut writes = writes.into_iter().cycle();
        let mut slices = Vec::new();
        while outbox.bytes() > 0 || outbox.is_writable() {
            let handle = outbox.next_write(&mut slices).copied();
            let bytes: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).take(writes.next().unwrap()).collect();
            slices = Vec::new();
            if bytes.is_empty() { outbox.acknowledged(); continue; }
            handles.extend(handle);
            stream.push_str(std::str::from_utf8(&bytes).unwrap());
            outbox.wrote(bytes.len());
        }
        prop_assert_eq!(stream, expected);
        let wanted: Vec<usize> = frames.iter().enumerate().filter(|(_, (_, handle))| *handle).map(|(index, _)| index).collect();
        prop_assert_eq!(handles, wanted);
    }
}

fn urgent(outbox: &mut Outbox<u8, ()>, frame: &'static str, handle: Option<u8>) {
    outbox.push_urgent(OutboxItem { frame: Bytes::from_static(frame.as_bytes()), handle, from: () });
}

#[test]
fn a_frame_costs_64_bytes_more_and_anothers_handle_16_kib() {
    let mut outbox = pushed(&[("a\n", None), ("h\n", Some(7))]);
    let (queue, own) = (2 + 64 + 2 + 64 + (16 << 10), 4 + 64 + 4 + 64);
    assert_eq!((outbox.bytes(), outbox.urgent_bytes()), (queue, 0));
    urgent(&mut outbox, "new\n", Some(1));
    urgent(&mut outbox, "own\n", None);
    assert_eq!((outbox.bytes(), outbox.urgent_bytes()), (queue + own, own));
    assert_eq!(write(&mut outbox, 3), ("new".into(), Some(1)));
    assert_eq!((outbox.bytes(), outbox.urgent_bytes()), (queue + own - 3, own - 3));
    assert_eq!(write(&mut outbox, 99), ("\n".into(), None));
    assert_eq!((outbox.bytes(), outbox.urgent_bytes()), (queue + 68, 68));
    assert!(outbox.refused().is_none());
    assert_eq!((outbox.bytes(), outbox.urgent_bytes()), (queue + own, own), "it waits again");
    for _ in 0..2 {
        write(&mut outbox, 99);
        outbox.acknowledged();
    }
    assert_eq!((outbox.bytes(), outbox.urgent_bytes()), (queue, 0));
    write(&mut outbox, 99);
    write(&mut outbox, 99);
    assert_eq!(outbox.bytes(), 0);
    assert!(outbox.refused().is_none());
    assert_eq!((outbox.bytes(), outbox.urgent_bytes()), (2 + 64 + (16 << 10), 0));
}

#[test]
fn a_write_carries_256_frames_at_most() {
    let mut outbox = pushed(&[("\n", None); 300]);
    let mut slices = Vec::new();
    outbox.next_write(&mut slices);
    assert_eq!(slices.len(), 256);
    outbox.wrote(256);
    let mut slices = Vec::new();
    outbox.next_write(&mut slices);
    assert_eq!(slices.len(), 44);
}

#[test]
fn the_masters_own_goes_between_two_frames_and_never_into_one() {
    let mut outbox = pushed(&[("ab\n", None), ("c\n", None)]);
    assert_eq!(write(&mut outbox, 1), ("a".into(), None));
    urgent(&mut outbox, "own\n", None);
    assert_eq!(write(&mut outbox, 2), ("b\n".into(), None));
    assert_eq!(write(&mut outbox, 99), ("own\n".into(), None));
    assert_eq!(write(&mut outbox, 99), ("c\n".into(), None));
}

#[test]
fn what_did_not_arrive_is_returned_the_masters_own_first() {
    let mut outbox = pushed(&[("ab\n", None), ("h\n", Some(7))]);
    write(&mut outbox, 1);
    urgent(&mut outbox, "own\n", None);
    let rest: Vec<_> = outbox.take_rest().map(|item| (item.frame, item.handle)).collect();
    let frame = |text: &'static str| Bytes::from_static(text.as_bytes());
    assert_eq!(rest, [(frame("own\n"), None), (frame("ab\n"), None), (frame("h\n"), Some(7))]);
    assert_eq!((outbox.bytes(), outbox.urgent_bytes(), outbox.is_writable()), (0, 0, false));
}

#[test]
fn of_several_lines_those_that_were_written_are_not_returned() {
    for (written, left) in [(0, "a\nb\ncd\n"), (1, "a\nb\ncd\n"), (2, "b\ncd\n"), (3, "b\ncd\n"), (5, "cd\n")] {
        let mut outbox = pushed(&[("a\nb\ncd\n", None), ("e\n", None)]);
        write(&mut outbox, written);
        let rest: Vec<_> = outbox.take_rest().map(|item| item.frame).collect();
        assert_eq!(rest, [left, "e\n"], "{written} bytes were written");
    }
}

#[test]
fn a_handle_is_in_flight_until_it_is_acknowledged() {
    let mut outbox = pushed(&[("h\n", Some(7))]);
    assert!(outbox.is_writable() && !outbox.is_in_flight());
    write(&mut outbox, 99);
    assert!(outbox.is_in_flight());
    outbox.acknowledged();
    assert!(!outbox.is_in_flight());
}

#[test]
fn only_the_handle_that_is_in_flight_is_acknowledged_by_whose_it_is() {
    let mut outbox: Outbox<u8, &str> = Outbox::default();
    for from in ["one", "other"] {
        outbox.push_urgent(OutboxItem { frame: Bytes::from_static(b"h\n"), handle: Some(7), from });
    }
    outbox.wrote(2);
    outbox.acknowledged_of(&"other");
    assert!(outbox.is_in_flight() && !outbox.is_writable());
    outbox.acknowledged_of(&"one");
    assert!(!outbox.is_in_flight() && outbox.is_writable());
    outbox.acknowledged_of(&"other");
    assert!(outbox.is_writable(), "it is not sent yet");
}

#[test]
fn a_handle_that_is_sent_again_waits_for_the_end_of_a_frame_of_its_own_lane_that_is_begun() {
    let mut outbox = pushed(&[]);
    urgent(&mut outbox, "new\n", Some(1));
    urgent(&mut outbox, "own\n", None);
    assert_eq!(write(&mut outbox, 99), ("new\n".into(), Some(1)));
    assert_eq!(write(&mut outbox, 1), ("o".into(), None));
    assert!(outbox.refused().is_none());
    assert_eq!(write(&mut outbox, 99), ("wn\n".into(), None));
    assert_eq!(write(&mut outbox, 99), ("new\n".into(), Some(1)));
}
