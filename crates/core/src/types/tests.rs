use super::*;

#[test]
fn what_two_changes_concern_is_what_either_does() {
    use ReloadTarget::{All, Alone, Worker};
    for (one, other, both) in
        [(Worker, Worker, Worker), (Alone, Alone, Alone), (All, All, All), (Worker, Alone, All), (Alone, All, All)]
    {
        assert_eq!((one.with(other), other.with(one)), (both, both));
    }
}

#[test]
fn only_what_nobody_may_miss_waits_for_each_worker() {
    let from = Peer::App;
    for target in [Target::App, Target::Alone, Target::AnyWorker, Target::WorkerPid(7), Target::Fleet(Reach::AnyWorker)]
    {
        let lane = Lane { from, to: LaneName::To(target) };
        assert_eq!((Lane::of(from, target), Lane::of_each(from, target)), (lane, lane));
    }
    for target in [Target::AllWorkers, Target::Fleet(Reach::AllWorkers)] {
        let (all, each) = (Lane::of(from, target), Lane::of_each(from, target));
        assert_eq!((all.to, each.to), (LaneName::To(target), LaneName::Each));
    }
}
