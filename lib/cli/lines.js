'use strict';

// One line for each event that is worth telling.

const path = require('path');
const { duration } = require('./text');

/** How many changed files are named. */
const NAMED_FILES = 3;

function processText(type, { slot, pid }) {
  const name = type === 'alone' ? 'alone' : slot === undefined ? 'standby worker' : `worker ${slot}`;
  return `${name} (pid ${pid})`;
}

function ended(type, child, code, signal) {
  const how = signal ? `was killed by ${signal}` : `exited with code ${code}`;
  // What tells no more than the code and the signal do; and who fails while it is asked to end does so by itself.
  const isOwnFailure = child.exitReason === 'shutdown' && !signal && code !== 0;
  const isKnown = isOwnFailure || ['exit', signal, undefined].includes(child.exitReason);
  return `${processText(type, child)} ${how}${isKnown ? '' : ` (${child.exitReason})`}`;
}

function reloaded(report) {
  const pids = report.replaced.map(({ oldPid, newPid }) => `${oldPid ?? '-'} → ${newPid ?? '-'}`);
  if (report.ok) return `reloaded: ${pids.join(', ') || 'there was nothing to replace'}`;
  return `the reload failed: ${report.error.message}`;
}

function changed(files) {
  const named = files.slice(0, NAMED_FILES).map((file) => path.relative('', file) || file);
  const more = files.length - named.length;
  return `changed: ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

module.exports = {
  boots: (child) => `${processText('worker', child)} is booting`,
  ready: (type, child, after) => `${processText(type, child)} is ready in ${duration(after)}`,
  standsBy: (child) => `worker (pid ${child.pid}) is standing by`,
  ended,
  reloaded,
  changed,
  hangs: (child, { silentFor, state }) =>
    `${processText('worker', child)} hangs: ${state}, silent for ${duration(silentFor)}`,
  givenUp: (slot) => `worker ${slot} is given up for now: every new process failed (--limit)`,
  undeliverable: (reason) => `a message reached nobody: ${reason} (each reason is reported once)`,
  signalled: (name) => `${name}: workers finish their work; a second ${name} kills everything at once`,
  signalledIdle: (name) => `${name}: no process is running, the cluster stops`,
};
