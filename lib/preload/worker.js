'use strict';

// A worker's life beside its app's code: it tells the master when it serves, and it never ends with a request open.

const cluster = require('cluster');
const path = require('path');
const { nextTick, setImmediate } = require('../real-timers');
const { report, onCommand, onRefused } = require('./channel');
const faults = require('./faults');
const handedOver = require('./handed-over');
const loads = require('./loads');
const randomWorker = require('./random-worker');
const servers = require('./servers');
const signals = require('./signals');

/** How long idle keep-alive connections are kept when this process drains by itself, and when the app is gone. */
const DRAIN_GRACE_MS = 1000;
const ORPHAN_GRACE_MS = 200;
/** In development, for the requests that are under way beside one that failed. */
const DEVELOPMENT_DRAIN_MS = 250;

let boot;
let running = false;

/** `prepare` loads what is needed later. */
function start(received, prepare) {
  boot = received;
  name(boot.slot ?? 'standby');

  faults.watchBoot();
  servers.trackServers(boot.mode);
  servers.observe({ onListening });
  loads.start(boot.countRequests);
  handedOver.start(loads.full);
  onCommand({
    drain,
    exit: () => require('./draining').answered(),
    refused: onRefused,
    takeSlot,
    random: randomWorker.receive,
    fence: (lease) => require('./fence').receive(lease),
    prepare,
  });
  signals.start({ onDelivered, onUnheard, endTimeout: boot.killTimeout, stopSignal: boot.stopSignal });
  // Ahead of Node's own listener, which exits at once unless exitedAfterDisconnect is set already
  // (lib/internal/cluster/child.js).
  process.prependListener('disconnect', onDisconnect);
  watchReady(boot.ready);
  // Not before its script is loaded: of one that the app forks itself nobody knows when it is ready.
  if (boot.hangTimeout) setImmediate(() => require('./beat').start(boot.hangTimeout));
}

function name(place) {
  process.title = `${boot.title}:worker:${place}`;
}

/** It stood by; now it has a slot. */
function takeSlot({ slot }) {
  if (boot.instanceVar) process.env[boot.instanceVar] = String(slot - 1);
  name(slot);
}

/** A server that is `exclusive` or has `reusePort` never tells the primary that it listens, so every one is told.
 *  Deferred, because Node's own `listening` message is to come first. */
function onListening(server) {
  nextTick(report, 'serving', awaitsPlace() && { at: placeOf(server.address()) });
  run();
}

/** Whether this process is ready by where it listens (`ready: { port }`). */
function awaitsPlace() {
  return typeof boot.ready === 'object';
}

function placeOf(address) {
  // Of a descriptor Node may not know it.
  if (!address) return undefined;
  if (typeof address !== 'string') return { port: address.port };
  // The awaited path may lead through a link (`current`), this process's own folder never does.
  const { path: awaited } = boot.ready;
  const full = path.resolve(address);
  return { path: awaited !== undefined && physical(awaited) === physical(full) ? awaited : full };
}

function physical(file) {
  try {
    return path.join(require('fs').realpathSync(path.dirname(file)), path.basename(file));
  } catch {
    return file;
  }
}

function watchReady(ready) {
  if (ready === 'online') {
    setImmediate(run);
  } else if (ready === 'message') {
    const { send } = process;
    const watched = function (...args) {
      if (args[0] === 'ready') {
        // Somebody may have wrapped it since.
        if (process.send === watched) process.send = send;
        run();
      }
      return Reflect.apply(send, this, args);
    };
    process.send = Object.assign(watched, send);
  }
}

/** It counts as running: from now on an uncaught exception lets it finish what it has. */
function run() {
  if (running) return;
  running = true;
  faults.catchFaults(onFault);
}

function onFault(thrown, origin) {
  const served = servers.accepted() > 0;
  faults.connectionAtFault()?.destroy();
  faults.reportFault(thrown, 'run', true, { served });
  faults.log(process.title, origin, thrown);
  process.exitCode ||= 1;
  const [grace, timeout] =
    boot.mode === 'development' ? [0, DEVELOPMENT_DRAIN_MS] : [DRAIN_GRACE_MS, boot.crashTimeout];
  drain({ reason: 'uncaughtException', grace, timeout, exits: true });
}

/** A signal has reached the app's own listeners, or is about to. */
function onDelivered(signal) {
  if (signal === 'SIGTERM') drainBy(signal);
  // Whether the app ends by it is its matter, but then it was asked to.
  else report('signalled', { signal });
}

/** Everybody is signalled by a terminal, or by whoever ends a whole tree of processes: the master says when it is this one's turn. An app
 *  that forks its workers itself says it by the signal. */
function onUnheard(signal) {
  if (signals.isDelivered() && signals.isStopSignal(signal)) require('./draining').raised(signal);
  else if (signal === 'SIGTERM' || boot.adopted) drainBy(signal);
}

function drainBy(signal) {
  report('draining', { reason: signal });
  drain({ reason: signal, grace: DRAIN_GRACE_MS, timeout: boot.killTimeout });
}

function drain(request) {
  // Otherwise Node exits when the channel closes, in the middle of what is being finished.
  cluster.worker.exitedAfterDisconnect = true;
  require('./draining').drain(boot, request);
}

/** The channel is closed. If this process didn't ask for it by worker.disconnect() or worker.kill(), where Node's
 *  meaning holds, then the app is gone. */
function onDisconnect() {
  if (cluster.worker.exitedAfterDisconnect) return;
  drain({ reason: 'orphaned', grace: ORPHAN_GRACE_MS, timeout: boot.killTimeout });
}

module.exports = { start };
