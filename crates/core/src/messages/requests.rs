//! Requests under way: who has to answer whom. Whoever asked hears of every answer that will not come.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::mail::Mail;
use super::mailbox::{QueuedKind, QueuedMessage};
use super::route::Route;
use crate::action::{Action, Origin};
use crate::context::Context;
use crate::lifecycle::child::Child;
use crate::notice::{Notice, Undeliverable};
use crate::types::{ChildId, Lane, Peer};
use cluster_protocol::envelope::Target;
use cluster_protocol::request;

/// Requests that wait for answers of children. The app itself is not among those who must answer: if it is gone, all is.
#[derive(Debug, Default)]
pub struct Requests {
    open: BTreeMap<Peer, BTreeMap<String, BTreeSet<ChildId>>>,
}

/// So many requests of a child's may wait for answers; the app limits itself.
const MOST_OPEN: usize = 1 << 16;

impl Requests {
    fn opened(&mut self, who_asked: Peer, id: String, waits_for: BTreeSet<ChildId>) {
        self.open.entry(who_asked).or_default().insert(id, waits_for);
    }

    fn are_too_many(&self, who_asked: Peer) -> bool {
        who_asked != Peer::App && self.open.get(&who_asked).is_some_and(|open| open.len() >= MOST_OPEN)
    }

    /// Who asked waits no more.
    pub fn cancelled(&mut self, who_asked: Peer, id: &str) {
        if let Some(open) = self.open.get_mut(&who_asked) {
            open.remove(id);
        }
    }

    fn answered(&mut self, by: ChildId, who_asked: Peer, id: &str) -> bool {
        let Some(open) = self.open.get_mut(&who_asked) else { return false };
        let Some(waits_for) = open.get_mut(id) else { return false };
        let expected = waits_for.remove(&by);
        if waits_for.is_empty() {
            open.remove(id);
        }
        expected
    }

    /// A child is gone: its own requests are forgotten. Gives those that it did not answer.
    fn gone(&mut self, child: ChildId) -> Vec<(Peer, String)> {
        self.open.remove(&Peer::Child(child));
        let mut unanswered = Vec::new();
        for (who_asked, open) in &mut self.open {
            open.retain(|id, waits_for| {
                if waits_for.remove(&child) {
                    unanswered.push((*who_asked, id.clone()));
                }
                !waits_for.is_empty()
            });
        }
        unanswered
    }

    /// Somebody asks.
    pub fn requested(
        &mut self,
        ctx: &mut Context,
        mail: &mut Mail,
        from: Peer,
        target: Target,
        frame: Bytes,
        id: String,
    ) {
        if self.are_too_many(from) {
            return answer_gone(ctx, from, &id, None, Undeliverable::TooMany);
        }
        let children = match Route::find(ctx, from, target) {
            Route::App(child) => return ctx.notify(Notice::Request(Some(child), frame)),
            Route::Later => {
                let message = QueuedMessage { from, target, frame, kind: QueuedKind::Request(id.clone()) };
                if mail.keep(ctx, message).is_err() {
                    answer_gone(ctx, from, &id, None, Undeliverable::MailboxFull);
                }
                return;
            }
            Route::Nowhere(reason) => return answer_gone(ctx, from, &id, None, reason),
            Route::Child(child) => vec![child],
            Route::Children(children) => children,
        };
        if target == Target::AllWorkers {
            let pid = |child: &ChildId| ctx.processes.get(*child).and_then(|child| child.pid);
            let pids: Vec<u32> = children.iter().filter_map(pid).collect();
            tell_who_asked(ctx, from, request::sent(&id, &pids));
        }
        for child in &children {
            let (child, frame, lane) = (*child, frame.clone(), Lane::of_each(from, target));
            ctx.act(Action::Send { child, frame, origin: Origin::Message(lane) });
        }
        if !children.is_empty() {
            self.opened(from, id, children.into_iter().collect());
        }
    }

    /// Somebody answers.
    pub fn replied(&mut self, ctx: &mut Context, from: Peer, target: Target, frame: Bytes, id: &str) {
        // Nobody waits any more: it timed out, or is gone itself.
        let Some(who_asked) = who_asked(ctx, target) else { return };
        if let Peer::Child(by) = from
            && !self.answered(by, who_asked, id)
        {
            return;
        }
        match (who_asked, from) {
            (Peer::App, Peer::Child(child)) => ctx.notify(Notice::Request(Some(child), frame)),
            (Peer::App, Peer::App) => {}
            (Peer::Child(child), _) if ctx.processes.get(child).is_some_and(Child::is_reachable) => {
                let lane = Lane::of_each(from, target);
                ctx.act(Action::Send { child, frame, origin: Origin::Message(lane) });
            }
            (Peer::Child(_) | Peer::Host(_), _) | (Peer::App, Peer::Host(_)) => {}
        }
    }

    /// A child's answer was skipped: who asked gets this one.
    pub fn answer_too_large(&mut self, ctx: &mut Context, by: ChildId, target: Target, id: &str, limit: usize) {
        let Some(who_asked) = who_asked(ctx, target) else { return };
        let pid = ctx.processes.get(by).and_then(|child| child.pid);
        let frame = request::answer_too_large(id, pid, limit);
        if self.answered(by, who_asked, id) {
            tell_who_asked(ctx, who_asked, frame);
        }
    }

    /// A child's channel ended.
    pub fn lost(&mut self, ctx: &mut Context, child: ChildId) {
        let pid = ctx.processes.get(child).and_then(|child| child.pid);
        for (who_asked, id) in self.gone(child) {
            answer_gone(ctx, who_asked, &id, pid, Undeliverable::Gone);
        }
    }
}

/// Whom an answer is for.
fn who_asked(ctx: &Context, target: Target) -> Option<Peer> {
    match target {
        Target::App => Some(Peer::App),
        Target::Alone => ctx.processes.alone().map(|alone| Peer::Child(alone.id)),
        Target::WorkerPid(pid) => {
            ctx.processes.workers().find(|worker| worker.pid == Some(pid)).map(|worker| Peer::Child(worker.id))
        }
        Target::AnyWorker | Target::AllWorkers | Target::Fleet(_) => None,
    }
}

/// Who asked hears that no answer comes.
pub fn answer_gone(ctx: &mut Context, who_asked: Peer, id: &str, pid: Option<u32>, reason: Undeliverable) {
    tell_who_asked(ctx, who_asked, request::gone(id, pid, reason.as_str()));
}

fn tell_who_asked(ctx: &mut Context, who_asked: Peer, frame: Bytes) {
    match who_asked {
        Peer::App => ctx.notify(Notice::Request(None, frame)),
        Peer::Child(child) if ctx.processes.get(child).is_some_and(Child::is_reachable) => {
            ctx.act(Action::Send { child, frame, origin: Origin::Master });
        }
        Peer::Child(_) | Peer::Host(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::testing::{GOOD, World, ms, policy};
    use cluster_protocol::request::RequestPart;

    const ALONE: ChildId = ChildId::Alone(1);
    const ONE: ChildId = ChildId::Worker(1);
    const TWO: ChildId = ChildId::Worker(2);
    const APP: Peer = Peer::App;

    fn world() -> World {
        let mut world = World::new(policy(), |_| GOOD);
        world.ask(0, Event::Started);
        world.run(ms(1_000));
        world.sent.clear();
        world
    }

    fn frame(text: &'static str) -> Bytes {
        Bytes::from_static(text.as_bytes())
    }

    fn ask(world: &mut World, from: Peer, target: Target) {
        let part = RequestPart::Request { id: "r".to_owned() };
        world.tell(Event::Request { from, target, frame: frame("ask\n"), part });
    }

    fn answer(world: &mut World, by: ChildId, target: Target) {
        let part = RequestPart::Reply { id: "r".to_owned(), host: None };
        world.tell(Event::Request { from: Peer::Child(by), target, frame: frame("answer\n"), part });
    }

    fn open(world: &World) -> usize {
        world.core.messages.requests.open.values().map(BTreeMap::len).sum()
    }

    /// What the app was told of requests.
    fn told(world: &World) -> Vec<String> {
        let text = |frame: &Bytes| String::from_utf8(frame.to_vec()).unwrap();
        world
            .notices
            .iter()
            .filter_map(|(_, notice)| if let Notice::Request(_, frame) = notice { Some(text(frame)) } else { None })
            .collect()
    }

    fn sent_to(world: &World, child: ChildId) -> Vec<String> {
        let to_it = world.sent.iter().filter(|(to, _)| *to == child);
        to_it.map(|(_, frame)| String::from_utf8(frame.to_vec()).unwrap()).collect()
    }

    #[test]
    fn an_answer_reaches_who_asked_once() {
        let mut world = world();
        ask(&mut world, Peer::Child(ONE), Target::Alone);
        assert_eq!(sent_to(&world, ALONE), ["ask\n"]);
        answer(&mut world, ALONE, Target::WorkerPid(1002));
        answer(&mut world, ALONE, Target::WorkerPid(1002));
        assert_eq!(sent_to(&world, ONE), ["answer\n"]);
        world.end(ALONE);
        assert_eq!(sent_to(&world, ONE).len(), 1, "it had answered");
    }

    #[test]
    fn who_asked_hears_that_the_answer_was_too_large_once() {
        let mut world = world();
        ask(&mut world, APP, Target::Alone);
        let too_large =
            |child| Event::AnswerTooLarge { child, target: Target::App, host: None, id: "r".to_owned(), limit: 9 };
        world.tell(too_large(ONE));
        assert!(told(&world).is_empty(), "it was not asked");
        world.tell(too_large(ALONE));
        world.tell(too_large(ALONE));
        assert_eq!(told(&world).len(), 1);
        assert!(told(&world)[0].contains(r#""act":"reply","id":"r","pid":1001,"error":{"#), "{:?}", told(&world));
        assert_eq!(open(&world), 0);
    }

    #[test]
    fn who_asked_hears_that_the_other_is_gone() {
        let mut world = world();
        ask(&mut world, APP, Target::Alone);
        world.end(ALONE);
        assert_eq!(told(&world).len(), 1);
        assert!(told(&world)[0].contains(r#""act":"gone","id":"r","pid":1001,"reason":"gone""#), "{:?}", told(&world));
    }

    #[test]
    fn a_request_to_all_says_who_they_are_and_who_did_not_answer() {
        let mut world = world();
        ask(&mut world, APP, Target::AllWorkers);
        assert!(told(&world)[0].contains(r#""act":"sent","id":"r","pids":[1002,1003]"#), "{:?}", told(&world));
        answer(&mut world, TWO, Target::App);
        world.end(ONE);
        world.end(TWO);
        let told = told(&world);
        assert_eq!((told.len(), told[1].as_str()), (3, "answer\n"));
        assert!(told[2].contains(r#""pid":1002"#));
    }

    #[test]
    fn a_request_that_reaches_nobody_is_said_at_once() {
        let mut world = world();
        ask(&mut world, Peer::Child(ONE), Target::WorkerPid(7));
        assert!(sent_to(&world, ONE)[0].contains(r#""act":"gone","id":"r","reason":"no-such-worker""#));
    }

    #[test]
    fn nothing_is_kept_of_who_is_gone_or_waits_no_more() {
        let mut world = world();
        ask(&mut world, Peer::Child(ONE), Target::Alone);
        world.end(ONE);
        ask(&mut world, APP, Target::Alone);
        world.tell(Event::Request {
            from: APP,
            target: Target::App,
            frame: frame("x\n"),
            part: RequestPart::Cancel { id: "r".to_owned() },
        });
        assert_eq!(open(&world), 0);
        answer(&mut world, ALONE, Target::App);
        assert!(told(&world).is_empty());
    }

    #[test]
    fn of_a_child_that_asks_without_end_no_more_is_kept_and_it_hears_so() {
        let mut world = world();
        for number in 0..=MOST_OPEN {
            let part = RequestPart::Request { id: number.to_string() };
            let from = Peer::Child(ONE);
            world.tell(Event::Request { from, target: Target::Alone, frame: frame("ask\n"), part });
        }
        assert_eq!((open(&world), sent_to(&world, ALONE).len()), (MOST_OPEN, MOST_OPEN));
        assert!(sent_to(&world, ONE)[0].contains(r#""act":"gone","id":"65536","reason":"too-many""#));
        world.sent.clear();
        ask(&mut world, Peer::Child(TWO), Target::Alone);
        assert_eq!(sent_to(&world, ALONE), ["ask\n"], "others are not affected");
    }

    #[test]
    fn a_request_waits_for_an_alone_that_restarts() {
        let mut world = world();
        world.end(ALONE);
        ask(&mut world, Peer::Child(ONE), Target::Alone);
        assert!(world.sent.is_empty());
        world.run(ms(2_000));
        assert_eq!(sent_to(&world, ChildId::Alone(2)), ["ask\n"]);
        assert_eq!(open(&world), 1);
    }

    #[test]
    fn who_is_through_is_sent_nothing_more() {
        for answers in [true, false] {
            let mut world = world();
            ask(&mut world, Peer::Child(ONE), Target::Alone);
            world.core.ctx.processes.get_mut(ONE).unwrap().channel = crate::lifecycle::child::ChannelState::Exiting;
            if answers {
                answer(&mut world, ALONE, Target::WorkerPid(1002));
            } else {
                world.end(ALONE);
            }
            assert!(sent_to(&world, ONE).is_empty());
        }
    }

    #[test]
    fn an_answer_for_nobody_in_particular_reaches_nobody() {
        for target in [Target::AnyWorker, Target::AllWorkers, Target::WorkerPid(7)] {
            let mut world = world();
            ask(&mut world, Peer::Child(ONE), Target::Alone);
            answer(&mut world, ALONE, target);
            assert_eq!((sent_to(&world, ONE).len(), open(&world)), (0, 1), "{target:?}");
        }
    }
}
