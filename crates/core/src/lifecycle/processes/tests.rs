use super::*;
use crate::lifecycle::child::ChannelState;
use std::time::Duration;

const SOON: Time = Duration::from_secs(1);
const LATER: Time = Duration::from_secs(2);

fn worker(number: u32) -> ChildId {
    ChildId::Worker(number)
}

fn set(table: &mut ProcessTable, id: ChildId, stage: Stage, channel: ChannelState) {
    let child = table.get_mut(id).unwrap();
    (child.stage, child.channel) = (stage, channel);
}

fn ids<'a>(children: impl Iterator<Item = &'a Child>) -> Vec<ChildId> {
    children.map(|child| child.id).collect()
}

#[test]
fn each_process_has_a_number_of_its_own() {
    let mut table = ProcessTable::new(3);
    table.slot_mut(Some(2)).unwrap().generation = 5;
    let all = [
        table.add(Some(1), SOON),
        table.add(None, SOON),
        table.add_standby(SOON, 6),
        table.add_successor(1, LATER, 7),
        table.add(Some(2), LATER),
        table.add(None, LATER),
    ];
    assert_eq!(all, [worker(1), ChildId::Alone(1), worker(2), worker(3), worker(4), ChildId::Alone(2)]);
    let of = |id| table.get(id).map(|child| (child.slot, child.generation));
    assert_eq!(
        all.map(|id| of(id).unwrap()),
        [(Some(1), 0), (None, 0), (None, 6), (Some(1), 7), (Some(2), 5), (None, 0)]
    );
    assert_eq!(ids(table.workers()), [worker(1), worker(2), worker(3), worker(4)]);
    assert_eq!(table.children().count(), 6);
    assert_eq!(table.alone().map(|alone| alone.id), Some(ChildId::Alone(2)));
    assert_eq!(table.next_deadline(), Some(SOON));
    assert_eq!(table.remove(worker(1)).map(|child| child.id), Some(worker(1)));
    assert!(table.get(worker(1)).is_none() && table.remove(worker(1)).is_none());
}

#[test]
fn a_slot_is_empty_when_nobody_is_there_or_on_the_way() {
    let one = Some(worker(1));
    for (occupant, successor, is_empty) in
        [(None, None, true), (one, None, false), (None, one, false), (one, one, false)]
    {
        assert_eq!(Slot { occupant, successor, ..Slot::default() }.is_empty(), is_empty);
    }
}

#[test]
fn a_slot_is_due_at_its_moment() {
    for (respawn, before, then) in
        [(Respawn::No, false, false), (Respawn::At(LATER), false, true), (Respawn::WithRoom, true, true)]
    {
        assert_eq!((respawn.is_due(SOON), respawn.is_due(LATER)), (before, then), "{respawn:?}");
    }
}

#[test]
fn what_becomes_free_depends_on_what_one_had() {
    let mut table = ProcessTable::new(1);
    let first = table.add(Some(1), SOON);
    assert_eq!(table.vacate(first), Vacated::Slot);
    assert_eq!(table.vacate(first), Vacated::Nothing);
    let second = table.add(Some(1), SOON);
    let third = table.add_successor(1, SOON, 0);
    assert_eq!(table.vacate(third), Vacated::Succession);
    let fourth = table.add_successor(1, SOON, 0);
    assert_eq!(table.vacate(second), Vacated::Nothing, "its successor has the slot");
    assert_eq!(
        table.slots().map(|(_, entry)| (entry.occupant, entry.successor)).collect::<Vec<_>>(),
        [(Some(fourth), None)]
    );
    let standby = table.add_standby(SOON, 0);
    assert_eq!((table.vacate(standby), table.vacate(standby)), (Vacated::Standby, Vacated::Nothing));
    let alone = table.add(None, SOON);
    assert_eq!((table.vacate(alone), table.alone().is_none()), (Vacated::Slot, true));
    assert_eq!(table.vacate(worker(99)), Vacated::Nothing);
    table.remove_slot(1);
    assert_eq!(table.vacate(fourth), Vacated::Nothing);
}

#[test]
fn only_who_is_its_successor_takes_a_slot() {
    let mut table = ProcessTable::new(1);
    let first = table.add(Some(1), SOON);
    let second = table.add_successor(1, SOON, 0);
    assert_eq!((table.promote(first), table.promote(worker(99))), (None, None));
    assert_eq!(table.promote(second), Some(first));
    assert_eq!(table.promote(second), None);
    assert_eq!(table.slots().next().and_then(|(_, entry)| entry.occupant), Some(second));
}

#[test]
fn who_stands_by_is_called_once_it_can_be_and_of_its_generation() {
    let mut table = ProcessTable::new(2);
    let [booting, old, unreachable, ready] = [1, 0, 1, 1].map(|generation| table.add_standby(SOON, generation));
    set(&mut table, booting, Stage::Booting { deadline: SOON }, ChannelState::Open);
    set(&mut table, old, Stage::Standby, ChannelState::Open);
    set(&mut table, unreachable, Stage::Standby, ChannelState::Closed);
    assert_eq!(table.take_standby(1), None);
    set(&mut table, ready, Stage::Standby, ChannelState::Open);
    assert_eq!((table.standbys(0), table.standbys(1), table.standbys(2)), (1, 3, 0));
    assert_eq!(table.outdated_standbys(1), [old]);
    assert_eq!(table.take_standby(1), Some(ready));
    assert_eq!((table.take_standby(1), table.standbys(1)), (None, 2));
    table.slot_mut(Some(1)).unwrap().respawn = Respawn::WithRoom;
    table.occupy(ready, 1);
    table.succeed(old, 2);
    let slots: Vec<_> =
        table.slots().map(|(slot, entry)| (slot, entry.occupant, entry.successor, entry.respawn)).collect();
    assert_eq!(slots, [(1, Some(ready), None, Respawn::No), (2, None, Some(old), Respawn::No)]);
    assert_eq!([ready, old].map(|id| table.get(id).and_then(|child| child.slot)), [Some(1), Some(2)]);
}

#[test]
fn slots_come_and_go() {
    let mut table = ProcessTable::new(1);
    let (first, second) = (table.add(Some(1), SOON), table.add_successor(1, SOON, 0));
    assert!(!table.add_slot(1, 9) && table.add_slot(2, 9));
    let generations: Vec<_> = table.all_slots().map(|(slot, entry)| (slot, entry.generation)).collect();
    assert_eq!(generations, [(None, 0), (Some(1), 0), (Some(2), 9)]);
    assert_eq!(table.remove_slot(1), [first, second]);
    assert_eq!(table.remove_slot(1), []);
    assert_eq!(table.slots().map(|(slot, _)| slot).collect::<Vec<_>>(), [2]);
}

#[test]
fn nobody_is_forked_again_once_that_is_cancelled() {
    let mut table = ProcessTable::new(2);
    for slot in [None, Some(1), Some(2)] {
        table.slot_mut(slot).unwrap().respawn = Respawn::WithRoom;
    }
    assert_eq!(table.census().waiting, 2);
    table.cancel_respawns();
    assert!(table.all_slots().all(|(_, entry)| entry.respawn == Respawn::No));
    assert_eq!(table.slots_mut().count(), 2);
}

#[test]
fn workers_are_counted_by_where_they_stand() {
    let mut table = ProcessTable::new(4);
    let [ready, deaf, draining, killed] = [1, 2, 3, 4].map(|slot| table.add(Some(slot), SOON));
    let [standby, boots] = [0, 0].map(|generation| table.add_standby(SOON, generation));
    let alone = table.add(None, SOON);
    let successor = table.add_successor(1, SOON, 0);
    let at_work = Stage::Ready;
    set(&mut table, ready, at_work, ChannelState::Open);
    set(&mut table, deaf, at_work, ChannelState::Exiting);
    set(&mut table, draining, Stage::Draining { kill_at: LATER }, ChannelState::Open);
    set(&mut table, killed, Stage::Killed, ChannelState::Open);
    set(&mut table, standby, Stage::Standby, ChannelState::Open);
    set(&mut table, alone, at_work, ChannelState::Open);
    assert!([boots, successor].iter().all(|id| table.get(*id).is_some_and(Child::is_booting)));
    assert_eq!(table.census(), Census { listening: 2, starting: 1, draining: 2, standby: 1, waiting: 0 });
    assert_eq!(ids(table.ready_workers()), [ready]);
}
