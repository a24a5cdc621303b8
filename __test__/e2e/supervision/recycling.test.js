'use strict';

const { test } = require('../support/at-once');
const { fixture, start } = require('../support/cluster');
const { Load } = require('../support/load');

/** In order: who began to listen, and who was gone and why. */
const course = (app) =>
  app
    .history()
    .filter(({ name }) => ['listening', 'exit'].includes(name))
    .map(({ name, args: [worker, code] }) => ({ name, id: worker.id, ...(name === 'exit' && { worker, code }) }));

/** Those that ended: one after the other, each once its successor listened. */
function expectInTurn(app, reason) {
  const events = course(app);
  const exits = events.filter(({ name }) => name === 'exit');
  for (const { worker, code } of exits) {
    expect([worker.exitReason, worker.exitedAfterDisconnect, code]).toEqual([reason, true, 0]);
  }
  let listening = 0;
  for (const { name } of events) {
    listening += name === 'listening' ? 1 : -1;
    expect(listening).toBeLessThanOrEqual(3);
    if (name === 'exit') expect(listening).toBeGreaterThanOrEqual(2);
  }
  return exits.map(({ id }) => id);
}

test('maxRequests under load: one after the other is replaced, and no request fails', async () => {
  const app = await start({ count: 2, maxRequests: 100 });
  const port = await app.port();
  const loads = [new Load(port, { atOnce: 4, keepAlive: true }), new Load(port, { atOnce: 4 })];
  await app.event('exit', () => app.events('exit').length === 4);
  const results = (await Promise.all(loads.map((load) => load.stop()))).flat();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
  expect(results.length).toBeGreaterThanOrEqual(400);
  expect(expectInTurn(app, 'maxRequests').slice(0, 2).sort()).toEqual([1, 2]);
  expect(app.events('unexpectedExit')).toEqual([]);
});

test('maxAge: workers are replaced in turn, also those that nobody asks anything; the alone is not', async () => {
  const app = await start({ count: 2, maxAge: 1000, alone: fixture('alone/service.js') });
  await app.event('exit', () => app.events('exit').length === 3);
  expect(expectInTurn(app, 'maxAge').slice(0, 2).sort()).toEqual([1, 2]);
  expect(app.events('aloneExit')).toEqual([]);
});
