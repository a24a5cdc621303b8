'use strict';

const { LOSSLESS, WAYS, answering, lostMeanwhile, pidsOf, startConsumer } = require('../support/consumers');

const RELOADS = 3;

describe.each(Object.keys(WAYS))('recluster, %s', (way) => {
  test('reload under load', async () => {
    const app = startConsumer(way, 'recluster', { args: ['told'] }, { env: LOSSLESS });
    const [{ port, args }] = await app.reported('listening', 2);
    expect(args).toEqual(['told']);
    const lost = await lostMeanwhile(way, port, async (load) => {
      for (let count = 1; count <= RELOADS; count++) {
        app.kill('SIGHUP');
        await app.reported('reloaded', count);
        await load.answered(50);
        await app.reported('exit', 2 * count);
      }
    });
    expect(lost).toEqual([]);
    const left = app.reports('listening').slice(-2);
    expect(await answering(port, 2)).toEqual(pidsOf(left));
    expect(app.reports('exit').map(({ code }) => code)).toEqual(Array(2 * RELOADS).fill(0));
    expect(app.reports('told').map(({ cmd }) => cmd)).toEqual(Array(2 * RELOADS).fill('disconnect'));
  });

  test('a worker that crashes is replaced in its slot, and terminate() ends all', async () => {
    const app = startConsumer(way, 'recluster');
    const [crashes, stays] = await app.reported('listening', 2);
    process.kill(crashes.pid, 'SIGUSR2');
    const [, , replaces] = await app.reported('listening', 3);
    expect(replaces).toMatchObject({ slot: crashes.slot, port: crashes.port });
    expect(await answering(stays.port, 2)).toEqual(pidsOf([stays, replaces]));
    app.kill('SIGTERM');
    expect(await app.gone).toEqual({ code: 0, signal: null });
    // Node itself may emit a worker's 'exit' before it has left cluster.workers, where recluster looks.
    if (way === 'register') expect(app.reports('terminated')).toHaveLength(1);
  });
});
