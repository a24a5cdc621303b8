'use strict';

const { once } = require('node:events');
const tls = require('node:tls');
const { start, fixture } = require('../support/cluster');

const pids = async (app) => new Set((await app.workers()).map(({ pid }) => pid));

/** One connection; resolves with the pid of its worker and whether `session` was resumed. */
async function visit(port, maxVersion, session) {
  const socket = tls.connect({
    port,
    host: '127.0.0.1',
    servername: 'localhost',
    rejectUnauthorized: false,
    maxVersion,
    session,
  });
  // A session that is resumed brings no new one in TLS 1.2; TLS 1.3 sends it after the handshake.
  const began = session ? [session] : once(socket, 'session');
  const [pid] = await once(socket, 'data');
  const reused = socket.isSessionReused();
  const [next] = await began;
  socket.end();
  await once(socket, 'close');
  return { pid: Number(pid), reused, session: next };
}

test.each(['TLSv1.2', 'TLSv1.3'])(
  "%s: a session that one worker began is resumed by every other, and by a dead one's successor",
  async (version) => {
    const app = await start({ exec: fixture('workers/tls.js') });
    const port = await app.port();
    const first = await visit(port, version);
    expect(first.reused).toBe(false);
    const resumed = new Set();
    const known = await pids(app);
    while (resumed.size < known.size) {
      const { pid, reused } = await visit(port, version, first.session);
      expect(reused).toBe(true);
      resumed.add(pid);
    }
    expect(resumed).toEqual(known);

    const [victim] = await app.workers();
    process.kill(victim.pid, 'SIGKILL');
    const [successor] = await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
    for (let pid; pid !== successor.pid;) {
      const visitor = await visit(port, version, first.session);
      expect(visitor.reused).toBe(true);
      pid = visitor.pid;
    }
  },
);
