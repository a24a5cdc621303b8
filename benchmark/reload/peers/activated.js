'use strict';

// Holds a listening socket, as systemd does for a .socket unit, and starts the app with it; again whenever the app ends.
// It must not accept anything itself: between listen() and the end of this process its event loop never runs.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { TCP, constants } = process.binding('tcp_wrap');

/** Where sd_listen_fds(3) looks for the first socket: the fourth entry of stdio. */
const BACKLOG = 4096;

const socket = new TCP(constants.SERVER);
const failed = socket.bind('127.0.0.1', Number(process.env.PORT)) || socket.listen(BACKLOG);
if (failed) throw new Error(`the socket could not be opened: error ${failed}`);

// Only the shell knows the pid that the app will have.
const command = ['-c', 'LISTEN_PID=$$ exec "$0" "$@"', process.execPath];
const app = [path.join(__dirname, 'cluster-native.js'), process.argv[2]];
const env = { ...process.env, LISTEN_FDS: '1' };
for (;;) {
  const { error } = spawnSync('sh', [...command, ...app], { env, stdio: ['ignore', 'inherit', 'inherit', socket.fd] });
  if (error) throw error;
}
