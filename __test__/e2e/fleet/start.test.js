'use strict';
// How a host of a fleet starts: without servers, without rights, and without waiting.

const { fixture, launch } = require('../support/cluster');
const { freePort } = require('../support/free-port');
const { host, startServer, stopServers, suite } = require('../support/fleet');

suite('how a host starts', () => {
  afterEach(stopServers);

  test("start: 'serve' serves without the fleet's servers, and has the alone when they are there", async () => {
    const port = await freePort();
    const app = host('a', { url: `nats://127.0.0.1:${port}` }, { fleet: { start: 'serve' } });
    await app.event('started');
    expect((await app.call('stats')).fleet).toMatchObject({ connected: false, holder: null, token: null });
    expect(app.reports('alone')).toEqual([]);
    await startServer('', port);
    await app.event('aloneAcquired');
    await app.report('alone');
  });

  test('a start that waits in vain fails by name', async () => {
    const port = await freePort();
    const app = host('a', { url: `nats://127.0.0.1:${port}` }, { startTimeout: 500 });
    const [error] = await app.event('rejected');
    expect(error).toMatchObject({ code: 'ERR_FLEET_ALONE', message: expect.stringContaining("fleet.start: 'serve'") });
    expect((await app.gone).code).not.toBeNull();
  });

  test('a wrong password is said at once, and is shown nowhere', async () => {
    const server = await startServer('authorization { user: app, password: right }');
    const credentials = { user: 'app', password: 'wrong-secret' };
    const app = host('a', server, { fleet: { credentials } });
    const [error] = await app.event('rejected');
    expect(error.code).toBe('ERR_FLEET_CREDENTIALS');
    await app.gone;
    expect(app.output + JSON.stringify(app.history())).not.toContain('wrong-secret');
  });

  test.each([
    ['in `credentials`', (server) => ({ url: server.url, credentials: { user: 'app', password: 'ri@ght' } })],
    ['in the URL', (server) => ({ url: server.url.replace('//', '//app:ri%40ght@') })],
  ])('the right one lets in: %s', async (_where, fleet) => {
    const server = await startServer('authorization { user: app, password: "ri@ght" }');
    const app = host('a', server, { fleet: fleet(server) });
    await app.event('started');
    expect(app.output + JSON.stringify(app.history())).not.toMatch(/ri(@|%40)ght/);
  });

  test('an app of the same name on the same machine starts as well: the alone of the other one is ready', async () => {
    const server = await startServer();
    const first = host('a', server);
    await first.event('started');
    const second = host('a', server);
    await second.event('started');
    expect((await second.call('stats')).alone.state).toBe('elsewhere');
  });

  test("alone: 'host': each host has its own, and no lease", async () => {
    const server = await startServer();
    const apps = ['a', 'b'].map((name) => host(name, server, { fleet: { alone: 'host' } }));
    for (const app of apps) {
      await app.event('started');
      expect(await app.report('alone')).not.toHaveProperty('fence');
      expect((await app.call('stats')).alone.state).toBe('ready');
    }
  });

  test('without a fleet nothing of one is there', async () => {
    const app = launch({ alone: fixture('alone/fleet.js'), count: 1 });
    await app.event('started');
    expect(await app.report('alone')).not.toHaveProperty('fence');
    expect((await app.call('stats')).fleet).toBeNull();
  });
});
