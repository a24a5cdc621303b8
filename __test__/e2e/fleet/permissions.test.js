'use strict';
// What docs/*/guide/fleet.md lets the user of a fleet do at the NATS servers: a fleet needs nothing else, and no other one can use it.

const { host, nextAlone, startServer, stopServers, suite } = require('../support/fleet');
const { snippetsOf } = require('../../../scripts/docs/snippets');

const PASSWORD = 's3cret';

const shown = (language) =>
  snippetsOf(`docs/${language}/guide/fleet.md`).find(({ code }) => code.includes('accounts {')).code;

suite('the permissions that the guide shows', () => {
  afterEach(stopServers);

  test('are the same in both languages', () => {
    const withoutRemark = (language) => shown(language).replace(/^#.*/, '');
    expect(withoutRemark('zh')).toBe(withoutRemark('en'));
  });

  test('are enough for both leases and for messages, and refuse nothing that a host does', async () => {
    const server = await startServer(shown('en').replace('$NATS_PASSWORD', PASSWORD));
    const fleet = { name: 'shop-production', credentials: { user: 'shop', password: PASSWORD } };
    const apps = ['a', 'b'].map((name) => host(name, server, { fleet }));
    const { app: holder } = await nextAlone(...apps);
    const other = apps.find((app) => app !== holder);
    await Promise.all(apps.flatMap((app) => [app.event('started'), app.event('hostJoin')]));
    await Promise.race(apps.map((app) => app.event('randomWorkerAcquired')));
    holder.forget();
    await other.call('sendmessage', { to: 'alone', order: 'fence' });
    await holder.report('fence');
    for (const app of apps) expect(app.output).not.toMatch(/refuse|denied|permission/i);
  });

  test("don't let another fleet in", async () => {
    const server = await startServer(shown('en').replace('$NATS_PASSWORD', PASSWORD));
    const fleet = { name: 'other', credentials: { user: 'shop', password: PASSWORD } };
    const app = host('a', server, { fleet });
    const [error] = await app.event('rejected');
    expect(error).toMatchObject({ code: 'ERR_FLEET_JETSTREAM', message: expect.stringContaining('$KV.fleet-other.>') });
    await app.gone;
  });
});
