'use strict';

const { fixture } = require('../../e2e/support/cluster');
const { freePort } = require('../../e2e/support/free-port');
const { until } = require('../../e2e/support/until');
const { CLOSE_CUTS, WAYS, answering, lostMeanwhile, pidsOf } = require('../support/consumers');
const { Pm2 } = require('../support/pm2');

const APP = fixture('drop-in/consumers/pm2-app.js');

/** By default PM2 kills after 1600 ms, in which a busy machine may not come to an end. */
const PATIENCE = ['--kill-timeout', '20000', '--listen-timeout', '20000'];

jest.setTimeout(150_000);

if (CLOSE_CUTS)
  process.stderr.write(
    'NOT RUN: that a reload by PM2 loses nothing. An app that closes its http server cuts connections there.\n',
  );

/** Four workers of one app, while `use` runs; no process is left. */
async function withApp(way, use) {
  const port = await freePort();
  const pm2 = new Pm2(way, { PORT: String(port) });
  try {
    await pm2.command('start', APP, '-i', '4', '--name', 'app', ...PATIENCE);
    const started = await pm2.online();
    expect(started.map(({ mode }) => mode)).toEqual(Array(4).fill('cluster_mode'));
    await use(pm2, port, pidsOf(started));
  } finally {
    await pm2.end();
  }
}

test.each(Object.keys(WAYS))('PM2, %s: reload under load', (way) =>
  withApp(way, async (pm2, port, started) => {
    const lost = await lostMeanwhile(way, port, () => pm2.command('reload', 'app'));
    if (!CLOSE_CUTS) expect(lost).toEqual([]);
    const reloaded = pidsOf(await pm2.online());
    expect(reloaded).toHaveLength(4);
    expect(reloaded.filter((pid) => started.includes(pid))).toEqual([]);
  }),
);

// Node itself may give a connection to a worker that leaves, and the client waits for ever.
test('PM2, register: scale, and a restart after a crash', () =>
  withApp('register', async (pm2, port, started) => {
    expect(await answering(port, 4)).toEqual(started);
    for (const count of [6, 2]) {
      await pm2.command('scale', 'app', String(count));
      const scaled = await pm2.online();
      expect(scaled).toHaveLength(count);
      expect(await answering(port, count)).toEqual(pidsOf(scaled));
    }
    const [crashes, stays] = await pm2.online();
    process.kill(crashes.pid, 'SIGKILL');
    await until(async () => {
      const pids = pidsOf(await pm2.online());
      return pids.length === 2 && !pids.includes(crashes.pid);
    });
    const after = await answering(port, 2);
    expect(after).toEqual(pidsOf(await pm2.online()));
    expect(after).toContain(stays.pid);
  }));
