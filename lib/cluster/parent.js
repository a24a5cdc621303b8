'use strict';

// What the parent of this process says, for clusters with `notifyParent`. Node keeps its messages until somebody listens, and takes this
// listener for somebody: what it alone has heard is kept here, for the app's own.

const shutdowns = new Set();
let unheard = [];

function onMessage(message, handle) {
  if (message === 'shutdown') for (const shutdown of shutdowns) shutdown();
  else if (process.listenerCount('message') === 1) unheard.push([message, handle]);
}

function onNewListener(name, listener) {
  if (name === 'message' && listener !== onMessage) process.nextTick(giveUnheard);
}

function giveUnheard() {
  const messages = unheard;
  unheard = [];
  // What nobody hears any more comes back here.
  for (const [message, handle] of messages) process.emit('message', message, handle);
}

/** `shutdown()`: it asks for the end, as by a signal. */
function listen(shutdown) {
  if (shutdowns.size === 0) {
    process.on('message', onMessage);
    process.removeListener('newListener', onNewListener);
    process.on('newListener', onNewListener);
  }
  shutdowns.add(shutdown);
}

function leave(shutdown) {
  if (!shutdowns.delete(shutdown) || shutdowns.size > 0) return;
  // It would keep this process alive.
  process.removeListener('message', onMessage);
  if (unheard.length === 0) process.removeListener('newListener', onNewListener);
}

module.exports = { listen, leave };
