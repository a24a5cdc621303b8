'use strict';

// A worker that the app forks itself, by Node's `cluster.fork()`: the master balances by what it tells of its servers. How it lives and
// ends is Node's matter. What that needs is loaded when its first server listens, and has said so: nobody's start waits for it.

const net = require('net');
const { setImmediate } = require('timers');

/** Node's own: the app may put another one in its place. */
const { send } = process;

function start({ serialization, hangTimeout }) {
  if (serialization === 'advanced') require('./serialization').start({});
  waitForServer();
  // When the app is loaded.
  if (hangTimeout) setImmediate(() => withNodesSend(() => require('./beat').start(hangTimeout)));
}

/** What `use` loads (channel.js) speaks to the master by Node's own process.send(). */
function withNodesSend(use) {
  const { send: apps } = process;
  process.send = send;
  use();
  process.send = apps;
}

function waitForServer() {
  let isWatched = false;
  const begun = [];
  const messages = [];
  const keep = (...message) => messages.push(message);
  process.on('internalMessage', keep);
  const { _listen2: setUp } = net.Server.prototype;
  // The last step of every listen() (setupListenHandle in lib/net.js).
  net.Server.prototype._listen2 = function (...args) {
    Reflect.apply(setUp, this, args);
    if (isWatched || !this._handle || begun.push(this) > 1) return;
    setImmediate(() => {
      isWatched = true;
      process.off('internalMessage', keep);
      withNodesSend(() => watch(begun, messages));
    });
  };
}

/** Tells of the servers that listen already, and of those to come. `messages`: which came so far, with their handles. */
function watch(begun, messages) {
  const loads = require('./loads');
  const servers = require('./servers');
  loads.start('production');
  for (const message of messages) loads.onHandle(...message);
  servers.trackServers('production');
  for (const server of begun) servers.listens(server);
}

module.exports = { start };
