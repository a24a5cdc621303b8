'use strict';

const { fixture } = require('../../e2e/support/cluster');
const { freePort } = require('../../e2e/support/free-port');
const { WAYS, answering, lostMeanwhile, pidsOf } = require('../support/consumers');
const { Pm2 } = require('../support/pm2');

const APP = fixture('drop-in/consumers/pm2-app.js');

jest.setTimeout(120_000);

test.each(Object.keys(WAYS))('PM2, %s: start, reload under load, scale, restart after a crash', async (way) => {
  const port = await freePort();
  const pm2 = new Pm2(way, { PORT: String(port) });
  try {
    await pm2.command('start', APP, '-i', '4', '--name', 'app');
    const started = await pm2.online();
    expect(started.map(({ mode }) => mode)).toEqual(Array(4).fill('cluster_mode'));
    expect(await answering(port, 4)).toEqual(pidsOf(started));

    expect(await lostMeanwhile(way, port, () => pm2.command('reload', 'app'))).toEqual([]);
    const reloaded = await pm2.online();
    expect(reloaded).toHaveLength(4);
    expect(pidsOf(reloaded).filter((pid) => pidsOf(started).includes(pid))).toEqual([]);
    expect(await answering(port, 4)).toEqual(pidsOf(reloaded));

    for (const count of [6, 2]) {
      await pm2.command('scale', 'app', String(count));
      const scaled = await pm2.online();
      expect(scaled).toHaveLength(count);
      expect(await answering(port, count)).toEqual(pidsOf(scaled));
    }

    const [crashes, stays] = await pm2.online();
    process.kill(crashes.pid, 'SIGKILL');
    const after = await answering(port, 2);
    expect(after).toContain(stays.pid);
    expect(after).not.toContain(crashes.pid);
  } finally {
    await pm2.end();
  }
});
