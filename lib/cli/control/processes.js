'use strict';

/** As the table of a start calls them. */
const STATUS = { running: 'ready', listening: 'ready', starting: 'booting', stopping: 'draining' };

/** The processes of a cluster's stats(): app, alone, workers by slot, those that stand by. */
function processesOf({ app, children, state, uptime }) {
  const appRow = { ...app, role: 'app', slot: null, state, uptime, connections: null, vitals: null };
  const order = ({ role, slot, id }) => [role === 'alone' ? 0 : (slot ?? Infinity), id];
  const sorted = [...children].sort((a, b) => compare(order(a), order(b)));
  return [appRow, ...sorted].map((each) => ({ ...each, name: nameOf(each) }));
}

function nameOf({ role, slot }) {
  if (role !== 'worker') return role;
  return slot === null ? 'standby' : `worker ${slot}`;
}

function compare([a, b], [c, d]) {
  return a === c ? b - d : a - c;
}

/** Slots with a worker that listens, and all slots. */
function slotsOf({ children, workers }) {
  const taken = children.filter(({ role, slot }) => role === 'worker' && slot !== null);
  const slots = (of) => new Set(of.map(({ slot }) => slot)).size;
  const ready = taken.filter(({ state }) => state === 'listening');
  return { ready: slots(ready), total: slots(taken) + workers.waiting };
}

const statusOf = (state) => STATUS[state] ?? state;

/** How much of one CPU it used since its start; null where the system doesn't tell, and of the app, which began before its cluster. */
const cpuOf = ({ role, usage, uptime }) => (usage && role !== 'app' ? (uptime > 0 ? usage.cpu / uptime : 0) : null);

/** Null where nothing is known of any. */
function sum(values) {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? known.reduce((total, value) => total + value, 0) : null;
}

module.exports = { processesOf, slotsOf, statusOf, cpuOf, sum };
