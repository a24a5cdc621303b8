'use strict';

// UDP sockets that all workers share. A datagram has no connection to be finished: others take what comes from now on.

const { keyOf } = require('./loads');

/** What a dgram.Socket has its handle in (kStateSymbol in lib/internal/dgram.js; 18 to 26). */
function handleOf(socket) {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
  return socket[symbol]?.handle;
}

/** Such a socket keeps the process alive no longer. The app may still send with it, and close it. */
function stopReceiving() {
  const natives = (process._getActiveHandles?.() ?? []).map(handleOf);
  for (const native of natives) if (native?.recvStop && keyOf(native)) native.recvStop();
}

module.exports = { stopReceiving };
