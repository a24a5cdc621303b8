//! The other hosts of the fleet, as far as they are known here: who is there, how many workers each has, and who has the alone.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::action::FleetMail;
use crate::types::{HostId, Time};

/// So many hosts are known by name that have not been introduced as members; members are known always.
const MOST_STRANGERS: usize = 1 << 14;

/// A host that did not get something is asked for nothing, where another one can be, for so long: that it has died is heard later.
const ABSENCE: Duration = Duration::from_secs(2);

/// So many words are kept until the fleet's servers are reachable again.
const MOST_WORDS: usize = 1 << 12;

/// The fleet, seen from this host.
#[derive(Debug, Default)]
pub struct FleetView {
    /// What this host is called; `None`: there is no fleet.
    own: Option<Arc<str>>,
    is_connected: bool,
    ids: HashMap<Arc<str>, HostId>,
    hosts: BTreeMap<HostId, KnownHost>,
    /// Who has the alone.
    holder: Option<Arc<str>>,
    last: u32,
    /// What this master has to say to others when they are reachable again.
    words: VecDeque<KeptWord>,
}

/// That a request is over, for a host that may not have noticed that this one was away.
#[derive(Debug)]
pub struct KeptWord {
    pub to: HostId,
    pub mail: FleetMail,
    pub frame: Bytes,
}

#[derive(Debug)]
struct KnownHost {
    name: Arc<str>,
    /// How many workers of its are ready; `None`: it has not been introduced.
    workers: Option<u32>,
    absent_until: Time,
}

/// Whether something can be sent to other hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachable {
    Yes,
    /// The fleet's servers are not reachable.
    Away,
    /// There is no fleet.
    Never,
}

impl FleetView {
    /// With this name of this host, if there is a fleet.
    #[must_use]
    pub fn new(own: Option<&str>) -> Self {
        Self { own: own.map(Arc::from), ..Self::default() }
    }

    /// Whether something can be sent to other hosts.
    #[must_use]
    pub fn reachable(&self) -> Reachable {
        match (&self.own, self.is_connected) {
            (None, _) => Reachable::Never,
            (Some(_), false) => Reachable::Away,
            (Some(_), true) => Reachable::Yes,
        }
    }

    /// What this host is called.
    #[must_use]
    pub fn own(&self) -> Option<&Arc<str>> {
        self.own.as_ref()
    }

    /// Whether this is this host's name.
    #[must_use]
    pub fn is_own(&self, host: &str) -> bool {
        self.own.as_deref() == Some(host)
    }

    /// The fleet's servers are reachable, or not any more.
    pub fn connected(&mut self, is_connected: bool) {
        self.is_connected = is_connected;
    }

    /// A host is there.
    pub fn member(&mut self, name: &str, workers: u32) {
        if let Some(host) = self.number(name, usize::MAX).and_then(|id| self.hosts.get_mut(&id)) {
            host.workers = Some(workers);
            host.absent_until = Time::ZERO;
        }
    }

    /// Something has not reached this host.
    pub fn absent(&mut self, now: Time, id: HostId) {
        if let Some(host) = self.hosts.get_mut(&id) {
            host.absent_until = now + ABSENCE;
        }
    }

    /// A host is not there any more. Gives its number.
    pub fn left(&mut self, name: &str) -> Option<HostId> {
        let id = self.ids.remove(name)?;
        self.hosts.remove(&id);
        self.words.retain(|word| word.to != id);
        Some(id)
    }

    /// Keeps a word until the fleet's servers are reachable again.
    pub fn say_later(&mut self, word: KeptWord) {
        self.words.push_back(word);
        if self.words.len() > MOST_WORDS {
            self.words.pop_front();
        }
    }

    /// The words that were kept.
    pub fn take_words(&mut self) -> VecDeque<KeptWord> {
        std::mem::take(&mut self.words)
    }

    /// Who has the alone, as far as is known.
    pub fn alone_is_at(&mut self, host: Option<String>) {
        self.holder = host.map(Arc::from);
    }

    /// The other host that has the alone.
    pub fn holder(&mut self) -> Option<HostId> {
        let holder = self.holder.clone()?;
        self.host(&holder)
    }

    /// A host of which something comes, or to which something goes; `None` for this one, and if there are too many.
    pub fn host(&mut self, name: &str) -> Option<HostId> {
        self.number(name, MOST_STRANGERS)
    }

    fn number(&mut self, name: &str, most: usize) -> Option<HostId> {
        if let Some(id) = self.ids.get(name) {
            return Some(*id);
        }
        if self.is_own(name) || self.own.is_none() || self.hosts.len() >= most {
            return None;
        }
        self.last += 1;
        let (id, name) = (HostId(self.last), Arc::<str>::from(name));
        self.ids.insert(Arc::clone(&name), id);
        self.hosts.insert(id, KnownHost { name, workers: None, absent_until: Time::ZERO });
        Some(id)
    }

    /// The host of this name, if it is known.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<HostId> {
        self.ids.get(name).copied()
    }

    /// What a host is called, while it is there.
    #[must_use]
    pub fn name(&self, id: HostId) -> Option<Arc<str>> {
        self.hosts.get(&id).map(|host| Arc::clone(&host.name))
    }

    /// The other hosts that are there, each with the number of its ready workers.
    pub fn members(&self) -> impl Iterator<Item = (HostId, u32)> {
        self.hosts.iter().filter_map(|(id, host)| Some((*id, host.workers?)))
    }

    /// Those of them that something can be expected to reach.
    pub fn present(&self, now: Time) -> impl Iterator<Item = (HostId, u32)> {
        self.hosts
            .iter()
            .filter(move |(_, host)| host.absent_until <= now)
            .filter_map(|(id, host)| Some((*id, host.workers?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fleet() -> FleetView {
        FleetView::new(Some("a"))
    }

    #[test]
    fn a_host_has_one_number_while_it_is_there_and_another_one_later() {
        let mut fleet = fleet();
        let first = fleet.host("b").unwrap();
        fleet.member("b", 2);
        assert_eq!(
            (fleet.host("b"), fleet.known("b"), fleet.name(first).as_deref()),
            (Some(first), Some(first), Some("b"))
        );
        assert_eq!(fleet.members().collect::<Vec<_>>(), [(first, 2)]);
        assert_eq!(fleet.left("b"), Some(first));
        assert_eq!((fleet.known("b"), fleet.name(first), fleet.left("b")), (None, None, None));
        assert_ne!(fleet.host("b"), Some(first));
        assert_eq!(fleet.members().count(), 0, "nobody has introduced it again");
    }

    #[test]
    fn so_many_words_are_kept_and_none_for_a_host_that_has_left() {
        let mut fleet = fleet();
        let [b, c] = ["b", "c"].map(|name| fleet.host(name).unwrap());
        let word = |to| KeptWord { to, mail: FleetMail::Answer, frame: Bytes::new() };
        fleet.say_later(word(b));
        for _ in 0..MOST_WORDS {
            fleet.say_later(word(c));
        }
        fleet.say_later(word(b));
        assert_eq!(fleet.words.len(), MOST_WORDS);
        fleet.left("c");
        let kept: Vec<HostId> = fleet.take_words().iter().map(|word| word.to).collect();
        assert_eq!((kept, fleet.take_words().len()), (vec![b], 0));
    }

    #[test]
    fn this_host_is_no_other_and_without_a_fleet_there_is_none() {
        let mut fleet = fleet();
        fleet.member("a", 3);
        fleet.alone_is_at(Some("a".to_owned()));
        assert_eq!((fleet.host("a"), fleet.holder(), fleet.members().count()), (None, None, 0));
        assert_eq!(FleetView::new(None).host("b"), None);
    }

    #[test]
    fn hosts_that_nobody_introduced_are_bounded_and_members_are_known_all_the_same() {
        let mut fleet = fleet();
        for number in 0..MOST_STRANGERS {
            assert!(fleet.host(&format!("h{number}")).is_some());
        }
        assert_eq!(fleet.host("b"), None);
        fleet.member("b", 1);
        assert!(fleet.host("b").is_some());
    }

    #[test]
    fn what_is_away_can_come_back_and_what_is_not_there_cannot() {
        let mut fleet = fleet();
        assert_eq!(fleet.reachable(), Reachable::Away);
        fleet.connected(true);
        assert_eq!(fleet.reachable(), Reachable::Yes);
        let mut none = FleetView::new(None);
        none.connected(true);
        assert_eq!(none.reachable(), Reachable::Never);
    }
}
