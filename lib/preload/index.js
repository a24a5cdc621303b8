'use strict';

// Loaded by `--require` into every worker and into the alone, before their own code (into what Node's `cluster.fork()` starts: forked.cjs).
// What is read here costs boot time in every process, so as little as can be.

const BOOT = 'YUNFLY_CLUSTER_BOOT';
/** Not of a worker that stands by. */
const SLOT = 'YUNFLY_CLUSTER_SLOT';
/** The events that tell of other processes. */
const OF_OTHERS = ['yunfly:ready', 'yunfly:workers', 'yunfly:alone'];

/** Tried again while there is no descriptor for it. */
const LOAD_AGAIN_MS = 1000;

/** The master started this process exactly when it has both: a token and a channel. `--require` also reaches worker
 *  threads and processes that the app forks itself: they see neither, because the token is deleted here, before any
 *  of the app's code could copy the environment. */
const token = process.env[BOOT];
if (token !== undefined) {
  const slot = process.env[SLOT];
  delete process.env[BOOT];
  delete process.env[SLOT];
  if (process.channel) start({ ...JSON.parse(token), slot });
}

function start(boot) {
  // The master puts `--require <this file>` first (lib/register, and leaves out what does nothing here). Without it in execArgv, child_process.fork() doesn't pass it on.
  if (boot.execArgv) process.execArgv = boot.execArgv;
  else if (process.execArgv[0] === '--require') process.execArgv.splice(0, 2);
  // The document's random-worker snippet compares `cluster.worker.process.id` with `worker_pid`.
  Object.defineProperty(process, 'id', { value: process.pid, configurable: true, writable: true });
  // startCluster() refuses to run here: a script without a guard would fork itself for ever.
  process[Symbol.for('yunfly.cluster.role')] = boot.role;
  require('../real-timers');
  // What wraps process.send() wraps this one.
  require('./channel').holdBack();
  if (boot.serialization === 'advanced') require('./serialization').start(boot);
  const requests = require('./request');
  provide('requests', requests.start(boot));
  let topics;
  provide('topics', () => (topics ??= require('./topics').open(boot)));
  provide('messenger', () => require('./messenger').open(boot));
  if (boot.isFenced) require('./fence').start();
  process.on('newListener', (event) => OF_OTHERS.includes(event) && require('./members').heard(event));
  const prepare = () => loadRest(requests, boot);
  if (boot.role === 'alone') require('./alone').start(boot, prepare);
  else require('./worker').start(boot, prepare);
}

/** Where this package's functions find it, be it another copy of the package (lib/messages/here.js). */
function provide(part, get) {
  Object.defineProperty(process, Symbol.for(`yunfly.cluster.${part}`), { get, configurable: true });
}

/** What a process needs later is loaded when the master says that nobody waits for a start: before, it would delay that; only when it is
 *  needed would be too late, where a deployment has removed the files, or no descriptor is left. */
function loadRest(requests, { hasFleet }) {
  try {
    require('./draining');
    require('./members');
    require('./messenger');
    requests.open();
    require('./topics');
    require('./channel').openBatch();
    if (hasFleet) require('./fence');
  } catch {
    require('../real-timers')
      .setTimeout(loadRest, LOAD_AGAIN_MS, ...arguments)
      .unref();
  }
}
