'use strict';
// One alone in a fleet, on a real NATS server: who has it, and that there are never two.

const { LEASE, host, isAlive, isHigher, nextAlone, startServer, stopServers, suite } = require('../support/fleet');

suite('one alone', () => {
  afterEach(stopServers);

  let server;
  beforeEach(async () => {
    server = await startServer();
  });

  /** Two hosts that serve, and know of each other: who has the alone comes first. */
  async function two(config) {
    const apps = [host('a', server, config), host('b', server, config)];
    const { app: holder, alone } = await nextAlone(...apps);
    await Promise.all(apps.flatMap((app) => [app.event('started'), app.event('hostJoin')]));
    return { holder, other: apps.find((app) => app !== holder), alone };
  }

  test('one of three hosts has the alone; all serve when it is ready, and know who has it', async () => {
    const apps = ['a', 'b', 'c'].map((name) => host(name, server));
    const { app: holder, alone } = await nextAlone(...apps);
    await Promise.all(apps.map((app) => app.event('started')));
    expect(alone.fence).toEqual({ token: expect.stringMatching(/^\d+\.\d+$/), validUntil: expect.any(Number) });
    for (const app of apps) {
      const isHolder = app === holder;
      const { alone: state, fleet, children } = await app.call('stats');
      expect(state.state).toBe(isHolder ? 'ready' : 'elsewhere');
      expect(fleet).toMatchObject({ host: app.host, connected: true, holder: { host: holder.host, ready: true } });
      expect(fleet.token).toBe(isHolder ? alone.fence.token : null);
      expect(children.filter(({ role }) => role === 'alone')).toHaveLength(isHolder ? 1 : 0);
      expect(app.events('aloneAcquired')).toEqual(isHolder ? [[{ token: alone.fence.token }]] : []);
    }
    const fence = async () => {
      holder.forget();
      await holder.call('sendmessage', { to: 'alone', order: 'fence' });
      return holder.report('fence');
    };
    const first = await fence();
    expect(first.fence.token).toBe(alone.fence.token);
    expect(first.fence.validUntil).toBeGreaterThan(first.now);
    let last = first;
    // It was renewed.
    while (last.fence.validUntil <= alone.fence.validUntil) last = await fence();
    expect(last.fence.token).toBe(alone.fence.token);
  });

  test('a host that stops hands it over at once, when its own has ended', async () => {
    const { holder, other, alone } = await two();
    holder.kill('SIGTERM');
    const next = await other.report('alone');
    expect(isAlive(alone.pid)).toBe(false);
    expect(isHigher(next.fence.token, alone.fence.token)).toBe(true);
    expect(await holder.exited).toEqual({ code: 0, signal: null });
    expect(holder.events('aloneLost')).toEqual([[{ reason: 'moved' }]]);
  });

  test.each([
    ['killed', 'SIGKILL'],
    ['stopped', 'SIGSTOP'],
  ])('an app that is %s: its alone, which is stuck, is ended before another one begins', async (_what, signal) => {
    const { holder, other, alone } = await two();
    await holder.call('sendmessage', { to: 'alone', order: 'block' });
    await holder.report('blocking');
    const begin = Date.now();
    process.kill(holder.pid, signal);
    const next = await other.report('alone');
    expect(isAlive(alone.pid)).toBe(false);
    expect(isHigher(next.fence.token, alone.fence.token)).toBe(true);
    // It was renewed a fifth of a lease before at most.
    expect(Date.now() - begin).toBeGreaterThan(LEASE * 0.4);
    if (signal === 'SIGSTOP') {
      process.kill(holder.pid, 'SIGCONT');
      await holder.event('aloneLost');
      expect((await holder.call('stats')).alone.state).toBe('elsewhere');
    }
  });

  test('without the server the alone is ended and the workers serve on; when it is back the alone comes again', async () => {
    const { holder, other, alone } = await two({ count: 2 });
    server.signal('SIGSTOP');
    const [ended] = await holder.event('aloneExit', ({ pid }) => pid === alone.pid);
    expect(ended.exitReason).toBe('leaseLost');
    // The engine says it; the master may have killed by its own clock before.
    await holder.event('aloneLost');
    expect(holder.events('aloneLost')).toEqual([[{ reason: 'expired' }]]);
    // But for the random worker: it leaves, in good order if its successor is ready before the lease is over.
    for (const app of [holder, other]) {
      expect((await app.call('stats')).workers.listening).toBeGreaterThanOrEqual(1);
      app.forget();
    }
    server.signal('SIGCONT');
    const next = await nextAlone(holder, other);
    expect(isHigher(next.alone.fence.token, alone.fence.token)).toBe(true);
  });

  test("with onLost: 'keep' it stays, and is ended when another host has it", async () => {
    const { holder, alone } = await two({ fleet: { onLost: 'keep' } });
    await server.kill();
    await holder.event('aloneLost', ({ reason }) => reason === 'expired');
    expect(isAlive(alone.pid)).toBe(true);
    await server.start();
    // Whoever gets it: the first one is told of a new token, or ended.
    await Promise.race([
      holder.event('aloneAcquired', ({ token }) => isHigher(token, alone.fence.token)),
      holder.event('aloneExit', ({ pid }) => pid === alone.pid),
    ]);
  });

  test('it can be moved; a host that drains gives it away and takes it no more', async () => {
    const { holder, other, alone } = await two();
    await holder.call('fleet', 'move', other.host);
    const moved = await other.report('alone');
    expect(isAlive(alone.pid)).toBe(false);
    holder.forget();
    await other.call('fleet', 'drain');
    const back = await holder.report('alone');
    expect(isHigher(back.fence.token, moved.fence.token)).toBe(true);
    expect(isAlive(moved.pid)).toBe(false);
    // Nobody else wants it: it comes back to the same host.
    other.forget();
    holder.forget();
    await holder.call('fleet', 'move', other.host);
    await holder.report('alone');
    expect(other.reports('alone')).toEqual([]);
    await other.call('fleet', 'resume');
    await holder.call('fleet', 'move', other.host);
    await other.report('alone');
  });

  test('an alone that was killed is started again where it was, with the same token', async () => {
    const { holder, alone } = await two();
    holder.forget();
    process.kill(alone.pid, 'SIGKILL');
    const next = await holder.report('alone');
    expect(next.fence.token).toBe(alone.fence.token);
  });
});
