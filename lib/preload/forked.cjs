'use strict';

// Loaded by `--require` into a worker that the app forks itself, by Node's `cluster.fork()`: the master balances by what it tells of its
// servers. How it lives and ends is Node's matter. What that needs is loaded when its first server listens, and has said so: nobody's
// start waits for it. For the same reason this is one file, apart from index.js, and .cjs: of a .js
// Node looks for a package.json and reads it, which takes a millisecond (lib/internal/modules/cjs/loader.js).

const net = require('net');
const { setImmediate } = require('timers');

const BOOT = 'YUNFLY_CLUSTER_BOOT';

/** Node's own: the app may put another one in its place. */
const { send } = process;

/** As in index.js: neither its threads nor what it forks itself see the token. */
const token = process.env[BOOT];
if (token !== undefined) {
  delete process.env[BOOT];
  if (process.channel) start(JSON.parse(token));
}

/** `execArgv`: where it was started with less (lib/register/exec-argv.js). */
function start({ serialization, hangTimeout, execArgv }) {
  if (execArgv) process.execArgv = execArgv;
  else if (process.execArgv[0] === '--require') process.execArgv.splice(0, 2);
  if (serialization === 'advanced') require('./serialization').start({});
  waitForServer();
  // When the app is loaded.
  if (hangTimeout) setImmediate(() => tryTo(() => require('./beat').start(hangTimeout)));
}

/** What `use` loads (channel.js) speaks to the master by Node's own process.send(). The app may have become another user by now, who may not
 *  read these files, or have no descriptor left: without them it is a worker all the same, as under Node. */
function tryTo(use) {
  const { send: apps } = process;
  process.send = send;
  try {
    use();
  } catch ({ message }) {
    const text = `This worker can't tell the native master about itself, which balances without that: ${message}`;
    process.emitWarning(text, { type: 'ClusterWarning', code: 'CLUSTER_WORKER_UNWATCHED' });
  } finally {
    process.send = apps;
  }
}

function waitForServer() {
  let isWatched = false;
  const begun = [];
  /** What Node's own listener is taking in: it may be the answer by which a server begins. */
  let message;
  const keep = (...args) => (message = args);
  const drop = () => (message = undefined);
  process.prependListener('internalMessage', keep);
  process.on('internalMessage', drop);
  const { _listen2: setUp } = net.Server.prototype;
  // The last step of every listen() (setupListenHandle in lib/net.js).
  net.Server.prototype._listen2 = function (...args) {
    Reflect.apply(setUp, this, args);
    if (isWatched || !this._handle || begun.push({ server: this, message }) > 1) return;
    setImmediate(() => {
      isWatched = true;
      process.off('internalMessage', keep);
      process.off('internalMessage', drop);
      tryTo(() => watch(begun));
    });
  };
}

/** Tells of the servers that listen already, and of those to come. `begun`: each with the message by which it began. */
function watch(begun) {
  const loads = require('./loads');
  const servers = require('./servers');
  const handedOver = require('./handed-over');
  loads.start();
  handedOver.start(loads.full);
  servers.trackServers('production');
  for (const { server, message } of begun) {
    if (message) loads.onAnswer(...message);
    servers.listens(server);
    loads.onTakenIn();
  }
}
