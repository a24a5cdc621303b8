'use strict';

// `yunfly:ready`, `yunfly:workers` and `yunfly:alone` on `process`. The master is asked to tell who is at work when the first
// listener comes, and tells what changes from then on: a process that does not listen hears nothing.

const { nextTick } = require('../real-timers');
const { report } = require('./channel');

let isAsked = false;

/** The pids; undefined until the master has told. */
let members;

/** The arguments of the events, as it is now. */
const present = {
  'yunfly:ready': () => ({ workers: pids(), alone: members.alone }),
  'yunfly:workers': () => ({ pids: pids(), joined: pids(), left: [] }),
  'yunfly:alone': () => ({ pid: members.alone }),
};

const pids = () => [...members.workers];

/** A listener is about to be added. The first one of an event hears how it is now. */
function heard(event) {
  if (!isAsked) {
    isAsked = true;
    report('watch');
  } else if (members && process.listenerCount(event) === 0) {
    tellPresent(event);
  }
}

/** Later, what is now: changes that come meanwhile are told as such. */
function tellPresent(event) {
  const told = present[event]();
  nextTick(() => process.emit(event, told));
}

/** Each in a tick of its own: a listener that throws takes no event from others. */
function receive({ joined, left, alone }) {
  const isFirst = !members;
  members ??= { workers: new Set(), alone: null };
  for (const pid of joined) members.workers.add(pid);
  for (const pid of left) members.workers.delete(pid);
  if (alone !== undefined) members.alone = alone;
  if (isFirst) {
    for (const event of Object.keys(present)) tellPresent(event);
    return;
  }
  if (joined.length + left.length > 0) {
    const event = { pids: pids(), joined, left };
    nextTick(() => process.emit('yunfly:workers', event));
  }
  if (alone !== undefined) nextTick(() => process.emit('yunfly:alone', { pid: alone }));
}

module.exports = { heard, receive };
