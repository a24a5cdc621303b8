'use strict';

// One line for each event that is worth telling.

const path = require('path');
const { duration, oneLine, several } = require('./text');

/** How a file is called here; one that is elsewhere as it is. */
function local(file) {
  const name = path.relative('', file);
  return name === '' || name.startsWith('..') ? file : name;
}

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

const errorText = ({ name, message }) => oneLine(`${name}: ${message}`);

function reloaded(report) {
  const pids = report.replaced.map(({ oldPid, newPid }) => `${oldPid ?? '-'} → ${newPid ?? '-'}`);
  if (report.ok) return `reloaded: ${pids.join(', ') || 'there was nothing to replace'}`;
  return `the reload failed: ${report.error.message}`;
}

/** `processes`: { type, slot, pid, status } */
function waits(processes) {
  const named = (status) =>
    processes.filter((each) => each.status === status).map((each) => processText(each.type, each));
  const kinds = ['booting', 'draining']
    .map((status) => [status, named(status)])
    .filter(([, names]) => names.length > 0);
  return kinds.map(([status, names]) => `still ${status}: ${several(names)}`).join('; ');
}

module.exports = {
  boots: (child) => `${processText('worker', child)} is booting`,
  ready: (type, child) => `${processText(type, child)} is ready in ${duration(child.readyAfter)}`,
  standsBy: (child) => `worker (pid ${child.pid}) is standing by`,
  ended,
  crashed: (type, child, error) => `${processText(type, child)} crashed: ${errorText(error)}`,
  goesOn: (alone, error) =>
    `${processText('alone', alone)} goes on after an error that nobody caught: ${errorText(error)}`,
  reloaded,
  reloadedIn: (ms, files) => `reloaded in ${duration(ms)} (${several(files.map(local))})`,
  waits,
  hangs: (child, { silentFor, state }) =>
    `${processText('worker', child)} hangs: ${state}, silent for ${duration(silentFor)}`,
  givenUp: (slot) => `worker ${slot} is given up for now: every new process failed (--limit)`,
  undeliverable: (reason) => `a message reached nobody: ${reason} (each reason is reported once)`,
  signalled: (name) => `${name}: workers finish their work; a second ${name} kills everything at once`,
  signalledIdle: (name) => `${name}: no process is running, the cluster stops`,
  local,
};
