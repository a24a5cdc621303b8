'use strict';

// Node's own handle of the IPC channel, which tells what `process` doesn't.

/** `kChannelHandle` (lib/internal/child_process.js; 18 to 26). Node takes it away when it closes the channel. */
const symbol = Object.getOwnPropertySymbols(process).find(({ description }) => description === 'kChannelHandle');
const handle = process[symbol];

/** Whether Node was given something that the system has not taken yet: it is lost if the process ends now, or the channel. */
function hasUnwritten() {
  return handle?.writeQueueSize > 0 || process._handleQueue?.length > 0;
}

module.exports = { handle, hasUnwritten };
