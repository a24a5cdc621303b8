'use strict';

// A worker's life beside its app's code: it tells the master when it serves, and it never ends with a request open.

const cluster = require('cluster');
const { report, onCommand, onRefused } = require('./channel');
const faults = require('./faults');
const loads = require('./loads');
const servers = require('./servers');

/** How long idle keep-alive connections are kept when this process leaves by itself, and when the app is gone. */
const LEAVE_GRACE_MS = 1000;
const ORPHAN_GRACE_MS = 200;
/** In development, for the requests that are under way beside one that failed. */
const FINISH_MS = 250;

let title;
let instanceVar;
let killTimeout;
let isDevelopment;
let running = false;

function start(boot) {
  killTimeout = boot.killTimeout;
  isDevelopment = boot.mode === 'development';
  title = boot.title;
  instanceVar = boot.instanceVar;
  name(boot.slot ?? 'standby');

  faults.watchBoot();
  servers.trackServers(boot.mode);
  servers.observe({ onListening });
  loads.start(boot.mode);
  onCommand({ drain: (command) => drain(command), exit: () => require('./drain').exit(), refused: onRefused, seat: ({ slot }) => seat(slot) });
  process.on('SIGTERM', () => leave('SIGTERM', 0));
  // Ahead of Node's own listener, which exits at once unless exitedAfterDisconnect is set already
  // (lib/internal/cluster/child.js).
  process.prependListener('disconnect', onDisconnect);
  watchReady(boot.ready);
  if (boot.hangTimeout) require('./beat').start(boot.hangTimeout);
}

function name(place) {
  process.title = `${title}:worker:${place}`;
}

/** It stood by; now it has a slot. */
function seat(slot) {
  if (instanceVar) process.env[instanceVar] = String(slot - 1);
  name(slot);
}

/** A server that is `exclusive` or has `reusePort` never tells the primary that it listens, so every one is told.
 *  Deferred, because Node's own `listening` message is to come first. */
function onListening() {
  process.nextTick(report, 'serving');
  run();
}

function watchReady(ready) {
  if (ready === 'online') {
    setImmediate(run);
  } else if (ready === 'message') {
    const { send } = process;
    process.send = function (...args) {
      if (args[0] === 'ready') {
        process.send = send;
        run();
      }
      return Reflect.apply(send, this, args);
    };
  }
}

/** It counts as running: from now on an uncaught exception lets it finish what it has. */
function run() {
  if (running) return;
  running = true;
  faults.endBoot();
  // First, so that a `once` listener of the app still counts when this one looks.
  process.prependListener('uncaughtException', onUncaughtException);
}

function onUncaughtException(thrown, origin) {
  // The app handles its exceptions itself.
  if (process.listenerCount('uncaughtException') > 1) return;
  faults.reportFault(thrown, 'run', true);
  faults.log(process.title, origin, thrown);
  const grace = isDevelopment ? 0 : LEAVE_GRACE_MS;
  drain({ reason: 'uncaughtException', grace, timeout: killTimeout, exitCode: 1 });
  // The request that failed has no answer; who waits for it is not to wait for the others.
  if (isDevelopment) setTimeout(() => process.exit(1), FINISH_MS).unref();
}

function leave(reason, exitCode) {
  report('leaving', { reason });
  drain({ reason, grace: LEAVE_GRACE_MS, timeout: killTimeout, exitCode });
}

function drain(request) {
  // Otherwise Node exits when the channel closes, in the middle of what is being finished.
  cluster.worker.exitedAfterDisconnect = true;
  require('./drain').drain(request);
}

/** The channel is closed. If this process didn't ask for it by worker.disconnect() or worker.kill(), where Node's
 *  meaning holds, then the app is gone. */
function onDisconnect() {
  if (cluster.worker.exitedAfterDisconnect) return;
  drain({ reason: 'orphaned', grace: ORPHAN_GRACE_MS, timeout: killTimeout });
}

module.exports = { start };
