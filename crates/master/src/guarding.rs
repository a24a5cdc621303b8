//! Keeping the guard: it alone ends a stuck child of an app that was killed, so its own end does not go unnoticed.

use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::mpsc::Sender;

use super::link::Input;
use super::run::{GuardList, Shell};
use cluster_core::types::{ChildId, Time};
use cluster_sys::guard::{Guard, Guarded};
use cluster_sys::platform::Platform;
use cluster_sys::process::Exit;

/// One that was ended is replaced at once, but not one after another.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// After so long the next one is replaced at once again. It is also how often it is looked whether it was stopped (SIGSTOP), of
/// which the system tells nothing.
const LOOK: Duration = Duration::from_secs(10);

/// The guard, and what became of it.
#[derive(Debug)]
pub(super) struct Guarding {
    platform: Platform,
    title: String,
    grace: Duration,
    /// How late it may see to a deadline, where there are any.
    enforces: Option<Duration>,
    guard: Option<Guard>,
    /// When it was started, or could not be.
    since: Time,
    /// No new one before this time; or, where there is one, when it is looked at.
    due: Time,
    /// After the next end.
    pause: Duration,
    /// Whether it was said that there is none.
    told: bool,
}

impl Guarding {
    pub(super) fn new(platform: Platform, title: String, grace: Duration, enforces: Option<Duration>) -> Self {
        let (since, due, pause) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
        Self { platform, title, grace, enforces, guard: None, since, due, pause, told: false }
    }

    /// Tells the guard which children there are; starts one where there is none.
    pub(super) fn watch(&mut self, now: Time, children: impl Iterator<Item = Guarded>, inputs: &Sender<Input>) {
        if self.guard.is_none() && self.due <= now {
            self.start(now, inputs);
        }
        if let Some(guard) = &self.guard
            && guard.watch(children).is_err()
        {
            // It was stopped, or is dead already: its end is told.
            guard.process().signal(Signal::SIGKILL);
        }
    }

    fn start(&mut self, now: Time, inputs: &Sender<Input>) {
        self.since = now;
        match Guard::start(self.platform, &self.title, self.grace, self.enforces) {
            Ok(guard) => {
                let (process, inputs) = (guard.process().clone(), inputs.clone());
                tokio::task::spawn_local(async move {
                    let exit = process.wait().await;
                    let _ = inputs.send(Input::GuardEnded { exit }).await;
                });
                self.guard = Some(guard);
                self.due = now + LOOK;
            }
            Err(error) => {
                self.put_off(now);
                if !self.told {
                    self.told = true;
                    tracing::warn!(%error, "no guard: a stuck child would outlive a killed app");
                }
            }
        }
    }

    /// It has ended, and was reaped.
    pub(super) fn ended(&mut self, now: Time, exit: Exit) {
        self.guard = None;
        if now >= self.since + LOOK {
            self.pause = Duration::ZERO;
        }
        self.put_off(now);
        let Exit { code, signal } = exit;
        tracing::warn!(code, signal, "the guard has ended: another one takes its place");
    }

    fn put_off(&mut self, now: Time) {
        self.due = now + self.pause;
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LONGEST_PAUSE);
    }

    /// When [`Self::timed_out`] is due: not before the first child.
    pub(super) fn deadline(&self) -> Option<Time> {
        (self.guard.is_some() || self.pause > Duration::ZERO).then_some(self.due)
    }

    /// Time passed. Whether [`Self::watch`] is to be called.
    pub(super) fn timed_out(&mut self, now: Time) -> bool {
        if self.deadline().is_none_or(|due| now < due) {
            return false;
        }
        let Some(guard) = &self.guard else { return true };
        self.due = now + LOOK;
        let process = guard.process();
        if self.platform.activity(process.pid()).is_some_and(|activity| activity.state == 'T') {
            tracing::warn!("the guard was stopped: it goes on");
        }
        process.signal(Signal::SIGCONT);
        false
    }

    /// Ends it, for when every child is gone. True: its end is still to be told.
    pub(super) fn stop(self) -> bool {
        let Some(guard) = self.guard else { return false };
        guard.process().signal(Signal::SIGKILL);
        true
    }
}

impl Shell {
    /// Keeps the guard's list up to date.
    pub(super) fn guard_children(&mut self) {
        self.guard_list = GuardList::Current;
        // What the app has started itself ends as Node has it.
        if self.config.launch.is_some() {
            let left = self.descendants.iter().map(|(child, descendants)| (child, descendants.group.pid()));
            let all = self.links.iter().map(|(child, link)| (child, link.process.pid())).chain(left);
            let until = |child: ChildId| self.fleet.as_deref()?.enforced_until(self.core.view().role(child)?);
            let guarded = all.map(|(child, pid)| Guarded { pid, until: until(*child) });
            self.guarding.watch(self.now(), guarded, &self.inputs);
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::time::Instant;
    use tokio::sync::mpsc::{Receiver, channel};

    const GRACE: Duration = Duration::from_secs(1);

    fn run<F: Future>(test: impl FnOnce(Guarding, Sender<Input>, Receiver<Input>) -> F) -> F::Output {
        let (inputs, input) = channel(8);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let guarding = Guarding::new(Platform::Linux, "test".to_owned(), GRACE, None);
        runtime.block_on(tokio::task::LocalSet::new().run_until(async { test(guarding, inputs, input).await }))
    }

    fn pid(guarding: &Guarding) -> Option<u32> {
        guarding.guard.as_ref().map(|guard| guard.process().pid())
    }

    async fn end(input: &mut Receiver<Input>) -> Exit {
        match input.recv().await {
            Some(Input::GuardEnded { exit }) => exit,
            other => panic!("{other:?}"),
        }
    }

    async fn until(is_so: impl Fn() -> bool) {
        let begin = Instant::now();
        while !is_so() {
            assert!(begin.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn one_that_was_ended_is_replaced_at_once_the_next_ones_later_and_later() {
        run(|mut guarding, inputs, mut input| async move {
            assert_eq!(guarding.deadline(), None, "there is no child");
            let mut now = Duration::from_secs(5);
            guarding.watch(now, std::iter::empty(), &inputs);
            let mut pauses = Vec::new();
            for _ in 0..4 {
                let killed = pid(&guarding).unwrap();
                guarding.guard.as_ref().unwrap().process().signal(Signal::SIGKILL);
                guarding.ended(now, end(&mut input).await);
                assert!(Platform::Linux.activity(killed).is_none(), "it was reaped");
                let due = guarding.deadline().unwrap();
                pauses.push((due - now).as_millis());
                if due > now {
                    assert!(!guarding.timed_out(now));
                    guarding.watch(now, std::iter::empty(), &inputs);
                    assert_eq!(pid(&guarding), None, "a child that starts doesn't hasten it");
                }
                now = due;
                assert!(guarding.timed_out(now));
                guarding.watch(now, std::iter::empty(), &inputs);
                assert_ne!(pid(&guarding), Some(killed));
            }
            assert_eq!(pauses, [0, 100, 200, 400]);
            guarding.guard.as_ref().unwrap().process().signal(Signal::SIGKILL);
            guarding.ended(now + LOOK, end(&mut input).await);
            assert_eq!(guarding.deadline(), Some(now + LOOK), "it had stayed for long");
            assert!(!guarding.stop());
        });
    }

    #[test]
    fn one_that_was_stopped_goes_on() {
        run(|mut guarding, inputs, mut input| async move {
            guarding.watch(Duration::ZERO, std::iter::empty(), &inputs);
            let pid = pid(&guarding).unwrap();
            let is_stopped = || Platform::Linux.activity(pid).unwrap().state == 'T';
            guarding.guard.as_ref().unwrap().process().signal(Signal::SIGSTOP);
            until(is_stopped).await;
            assert!(!guarding.timed_out(LOOK / 2));
            assert!(is_stopped());
            assert!(!guarding.timed_out(LOOK));
            until(|| !is_stopped()).await;
            assert!(guarding.stop());
            assert_eq!(end(&mut input).await.signal, Some(libc::SIGKILL));
        });
    }

    #[test]
    fn one_that_takes_no_whole_list_any_more_is_replaced() {
        run(|mut guarding, inputs, mut input| async move {
            guarding.watch(Duration::ZERO, std::iter::empty(), &inputs);
            guarding.guard.as_ref().unwrap().process().signal(Signal::SIGSTOP);
            let many = || std::iter::repeat_n(Guarded { pid: u32::MAX, until: None }, 100_000);
            while guarding.guard.as_ref().unwrap().watch(many()).is_ok() {}
            guarding.watch(Duration::ZERO, many(), &inputs);
            guarding.ended(Duration::ZERO, end(&mut input).await);
            guarding.watch(Duration::ZERO, std::iter::empty(), &inputs);
            assert!(guarding.stop());
            end(&mut input).await;
        });
    }
}
