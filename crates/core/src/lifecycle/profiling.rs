//! Profiles of one process, which writes them itself. Whoever asks gets an answer, in the end because its time is over.
//!
//! ```text
//! Asked ──(it has its file)──► Running ──────────────────────────► written, or not
//!                  └────────► Owed: another one takes its place (recycling), it drains, it stands still ──► written, or not
//! ```
//!
//! A heap stops its process for seconds: in production a worker is replaced first, and writes it when it has no connection any more.

mod outcome;

use std::collections::BTreeMap;
use std::time::Duration;

use super::child::{Child, Heartbeat, Keeper, Stage};
use crate::action::{Action, Origin};
use crate::context::Context;
use crate::facts::Fact;
use crate::notice::Notice;
use crate::types::{ChildId, Mode, Time};
use cluster_protocol::profile::{self, ProfileFault, ProfileFrame, ProfileKind};

pub use outcome::{NotProfiled, ProfileDone};

/// So soon a process says that it begins, or its JavaScript is blocked.
pub const ANSWER: Duration = Duration::from_secs(5);

/// So long it may take to write what it has, beside the time that it measures.
pub const WRITING: Duration = Duration::from_secs(60);

/// So long a heap may take: several GB do.
pub const SNAPSHOT: Duration = Duration::from_secs(300);

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileRequest {
    /// The name by which it is answered.
    pub id: u32,
    pub child: ChildId,
    pub kind: ProfileKind,
    /// How long it is measured, where that is for the asker to say.
    pub duration: Duration,
    /// A new file, by its absolute path.
    pub file: String,
    /// A process may stand still for its heap while it works.
    pub in_place: bool,
}

/// What it is at, now that it has its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begun {
    Now,
    /// It writes it when it drains.
    Owed,
    /// Nobody has asked it.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ProfileProgress {
    Asked,
    Owed,
    Running,
}

#[derive(Debug)]
struct PendingProfile {
    request: ProfileRequest,
    at_end: bool,
    progress: ProfileProgress,
    /// Nobody waits longer than this.
    until: Time,
    /// While it stands still: what it had left before SIGKILL.
    left: Option<Time>,
}

/// Who is being profiled: each process once.
#[derive(Debug, Default)]
pub struct Profiling {
    orders: BTreeMap<ChildId, PendingProfile>,
}

impl Profiling {
    /// Somebody wants a profile.
    pub fn asked(&mut self, ctx: &mut Context, request: ProfileRequest) {
        let ProfileRequest { id, child, kind, .. } = request;
        let at_end = match self.place(ctx, &request) {
            Ok(at_end) => at_end,
            Err(why) => return ctx.notify(Notice::Profiled { id, result: Err(why) }),
        };
        let until = ctx.now + ANSWER;
        let frame = profile::profile(&ProfileFrame {
            id,
            kind,
            duration: millis(request.duration),
            file: &request.file,
            at_end,
            until: ctx.clock.map(|origin| millis(origin + until)),
        });
        ctx.act(Action::Send { child, frame, origin: Origin::Master });
        self.orders
            .insert(child, PendingProfile { request, at_end, progress: ProfileProgress::Asked, until, left: None });
    }

    /// Whether it is written at the end of the process.
    fn place(&self, ctx: &Context, request: &ProfileRequest) -> Result<bool, NotProfiled> {
        let at_work = |child: &&Child| matches!(child.stage, Stage::Ready | Stage::Standby);
        let child = ctx.processes.get(request.child).filter(at_work).filter(|child| child.is_reachable());
        let child = child.filter(|child| child.keeper == Keeper::Master).ok_or(NotProfiled::NotAtWork)?;
        if self.orders.contains_key(&child.id) {
            return Err(NotProfiled::UnderWay);
        }
        let stands_still = request.kind == ProfileKind::Heap && !request.in_place;
        // In development there are no successors, and who stands by has nothing to do.
        if !stands_still || ctx.policy.mode == Mode::Development || child.stands_by() {
            return Ok(false);
        }
        if child.is_worker() { Ok(true) } else { Err(NotProfiled::NeedsInPlace) }
    }

    /// A process has made its file.
    pub fn begun(&mut self, ctx: &mut Context, child: ChildId, id: u32) -> Begun {
        let Some(order) = self.order(child, id).filter(|order| order.progress == ProfileProgress::Asked) else {
            return Begun::Unknown;
        };
        order.progress = if order.at_end { ProfileProgress::Owed } else { ProfileProgress::Running };
        order.until = ctx.now
            + match order.request.kind {
                ProfileKind::Heap if order.at_end => longest_wait(ctx),
                ProfileKind::Heap => SNAPSHOT,
                _ => order.request.duration + WRITING,
            };
        if order.at_end {
            return Begun::Owed;
        }
        if order.request.kind == ProfileKind::Heap {
            stands_still(ctx, order);
        }
        Begun::Now
    }

    /// One begins to leave: what it measures it writes now.
    pub fn draining(&mut self, ctx: &mut Context, child: ChildId) {
        let Some(order) = self.orders.get_mut(&child) else { return };
        if order.at_end {
            order.until = order.until.max(ctx.now + ctx.policy.kill_timeout + SNAPSHOT);
        } else {
            tell_end(ctx, &order.request);
        }
    }

    /// It has no connection any more, and writes its heap now.
    pub fn snapshotting(&mut self, ctx: &mut Context, child: ChildId, id: u32) {
        if let Some(order) = self.order(child, id).filter(|order| order.progress == ProfileProgress::Owed) {
            order.progress = ProfileProgress::Running;
            order.until = ctx.now + SNAPSHOT;
            stands_still(ctx, order);
        }
    }

    /// A process has written its profile.
    pub fn written(&mut self, ctx: &mut Context, child: ChildId, id: u32, size: u64, duration: u64) {
        if self.order(child, id).is_none() {
            return;
        }
        let process = ctx.processes.get(child);
        let (slot, pid) = (process.and_then(|child| child.slot), process.and_then(|child| child.pid));
        self.over(ctx, child, |ProfileRequest { kind, file, .. }| {
            Ok(ProfileDone { kind, role: child.role(), slot, pid, file, size, duration })
        });
    }

    /// A process has none to give, and has removed its file.
    pub fn not_written(&mut self, ctx: &mut Context, child: ChildId, id: u32, why: ProfileFault, message: String) {
        if self.order(child, id).is_some() {
            self.over(ctx, child, |_| Err(NotProfiled::Told(why, message)));
        }
    }

    /// Whoever asked has had enough: the process is to write what there is.
    pub fn end_asked(&mut self, ctx: &mut Context, id: u32) {
        if let Some(order) = self.orders.values().find(|order| order.request.id == id) {
            tell_end(ctx, &order.request);
        }
    }

    /// Who was to take a worker's place failed, and nobody else is tried.
    pub fn not_succeeded(&mut self, ctx: &mut Context, child: ChildId) {
        if self.orders.get(&child).is_some_and(|order| order.progress == ProfileProgress::Owed) {
            self.give_up(ctx, child, NotProfiled::NoSuccessor);
        }
    }

    /// A process has ended.
    pub fn gone(&mut self, ctx: &mut Context, child: ChildId) {
        self.give_up(ctx, child, NotProfiled::Ended);
    }

    /// The cluster stops: that waits for no snapshot.
    pub fn cancel(&mut self, ctx: &mut Context) {
        let owed = self.orders.values().filter(|order| order.at_end && order.progress != ProfileProgress::Running);
        for child in owed.map(|order| order.request.child).collect::<Vec<_>>() {
            self.give_up(ctx, child, NotProfiled::Closed);
        }
    }

    /// When [`Self::timed_out`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        self.orders.values().map(|order| order.until).min()
    }

    /// For those whose time is over.
    pub fn timed_out(&mut self, ctx: &mut Context) {
        let late = self.orders.iter().filter(|(_, order)| order.until <= ctx.now);
        for (child, progress) in late.map(|(child, order)| (*child, order.progress)).collect::<Vec<_>>() {
            let why = if progress == ProfileProgress::Asked { NotProfiled::Unanswered } else { NotProfiled::Late };
            self.give_up(ctx, child, why);
        }
    }

    /// The answer is none of the process's own: it may have a file, and may be at it still.
    fn give_up(&mut self, ctx: &mut Context, child: ChildId, why: NotProfiled) {
        let Some(order) = self.orders.get(&child) else { return };
        tell_end(ctx, &order.request);
        // It makes its file, and says so then.
        let asked = (order.progress == ProfileProgress::Asked).then(|| order.until.saturating_sub(ANSWER));
        ctx.act(Action::RemoveProfile { file: order.request.file.clone(), asked });
        self.over(ctx, child, |_| Err(why));
    }

    fn over(
        &mut self,
        ctx: &mut Context,
        child: ChildId,
        result: impl FnOnce(ProfileRequest) -> Result<ProfileDone, NotProfiled>,
    ) {
        let Some(order) = self.orders.remove(&child) else { return };
        goes_on(ctx, &order);
        ctx.publish(Fact::ProfileOver(child));
        ctx.notify(Notice::Profiled { id: order.request.id, result: result(order.request) });
    }

    fn order(&mut self, child: ChildId, id: u32) -> Option<&mut PendingProfile> {
        self.orders.get_mut(&child).filter(|order| order.request.id == id)
    }
}

/// One worker is replaced at a time, and a reload goes first.
fn longest_wait(ctx: &Context) -> Duration {
    ctx.policy.kill_timeout + ctx.policy.limit + ctx.policy.start_timeout
}

fn tell_end(ctx: &mut Context, request: &ProfileRequest) {
    let (id, child) = (request.id, request.child);
    if ctx.processes.get(child).is_some_and(Child::is_reachable) {
        ctx.act(Action::Send { child, frame: profile::profile_end(id), origin: Origin::Master });
    }
}

/// Its event loop turns no more. While the cluster stops its time passes all the same.
fn stands_still(ctx: &mut Context, order: &mut PendingProfile) {
    let (now, is_stopping) = (ctx.now, ctx.is_stopping());
    let Some(child) = ctx.processes.get_mut(order.request.child) else { return };
    child.snapshotting = true;
    if let Stage::Draining { kill_at } = &mut child.stage
        && !is_stopping
    {
        order.left = Some(kill_at.saturating_sub(now));
        *kill_at = now + SNAPSHOT;
    }
}

/// It turns again.
fn goes_on(ctx: &mut Context, order: &PendingProfile) {
    let now = ctx.now;
    let Some(child) = ctx.processes.get_mut(order.request.child).filter(|child| child.snapshotting) else { return };
    child.snapshotting = false;
    if matches!(child.heartbeat, Heartbeat::Beat(_) | Heartbeat::Probed { .. }) {
        child.heartbeat = Heartbeat::Beat(now);
    }
    if let (Some(left), Stage::Draining { kill_at }) = (order.left, &mut child.stage) {
        *kill_at = (*kill_at).min(now + left);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
