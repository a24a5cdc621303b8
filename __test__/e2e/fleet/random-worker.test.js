'use strict';
// One random worker in a fleet, on a real NATS server: who has it, and that there are never two.

const { fixture } = require('../support/cluster');
const { until } = require('../support/until');
const { LEASE, host, isAlive, isHigher, startServer, stopServers, suite } = require('../support/fleet');

suite('one random worker', () => {
  afterEach(stopServers);

  let server;
  beforeEach(async () => {
    server = await startServer();
  });

  /** Two hosts without an alone: whose worker is chosen comes first. */
  async function two() {
    const config = { alone: undefined, exec: fixture('chosen-worker.js'), count: 2 };
    const apps = [host('a', server, config), host('b', server, config)];
    await Promise.all(apps.map((app) => app.event('started')));
    const next = async (app) => ({ holder: app, chosen: await app.report('chosen') });
    const { holder, chosen } = await Promise.race(apps.map(next));
    return { holder, other: apps.find((app) => app !== holder), chosen };
  }

  test('one worker of all hosts is chosen, and has a token', async () => {
    const { holder, other, chosen } = await two();
    expect(chosen.fence).toEqual({ token: expect.stringMatching(/^\d+\.\d+$/), validUntil: expect.any(Number) });
    expect(other.reports('chosen')).toEqual([]);
    expect((await holder.call('stats')).fleet.randomWorker.token).toBe(chosen.fence.token);
    expect((await other.call('stats')).fleet.randomWorker.token).toBeNull();
    expect(holder.events('randomWorkerAcquired')).toEqual([[{ token: chosen.fence.token }]]);
  });

  test('a host that stops hands it over when the chosen worker has ended', async () => {
    const { holder, other, chosen } = await two();
    holder.kill('SIGTERM');
    const next = await other.report('chosen');
    expect(isAlive(chosen.pid)).toBe(false);
    expect(isHigher(next.fence.token, chosen.fence.token)).toBe(true);
  });

  test.each([
    ['killed', 'SIGKILL'],
    ['stopped', 'SIGSTOP'],
  ])(
    'an app that is %s: the chosen worker, which is stuck, is ended before another one is chosen',
    async (_what, signal) => {
      const { holder, other, chosen } = await two();
      await holder.call('sendmessage', { to: 'worker', worker_pid: chosen.pid, order: 'block' });
      await holder.report('blocking');
      const begin = Date.now();
      process.kill(holder.pid, signal);
      const next = await other.report('chosen');
      expect(isAlive(chosen.pid)).toBe(false);
      expect(isHigher(next.fence.token, chosen.fence.token)).toBe(true);
      expect(Date.now() - begin).toBeGreaterThan(LEASE * 0.4);
      if (signal === 'SIGSTOP') {
        process.kill(holder.pid, 'SIGCONT');
        await holder.event('randomWorkerLost');
        expect((await holder.call('stats')).fleet.randomWorker.token).toBeNull();
      }
    },
  );

  test('without the server the chosen worker is ended, the others serve on; when it is back one is chosen again', async () => {
    const { holder, other, chosen } = await two();
    server.signal('SIGSTOP');
    await holder.event('randomWorkerLost', ({ reason }) => reason === 'expired');
    await until(() => !isAlive(chosen.pid));
    await until(async () => (await holder.call('stats')).workers.listening === 2);
    for (const app of [holder, other]) app.forget();
    server.signal('SIGCONT');
    const next = await Promise.race([holder, other].map((app) => app.report('chosen')));
    expect(isHigher(next.fence.token, chosen.fence.token)).toBe(true);
  });
});
