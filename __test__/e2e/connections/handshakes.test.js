'use strict';
// Clients that are far away: their handshake takes its time.

const { test } = require('../support/at-once');
const { start } = require('../support/cluster');
const { request } = require('../support/client');
const { deafClients, delayLine } = require('../support/distant-clients');

const balances = ['auto', 'round-robin', 'sticky', 'shared'];

function expectAnswered(answers, count) {
  expect(answers).toHaveLength(count);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
}

function expectDrained(app) {
  const exits = app.events('exit');
  expect(exits.length).toBeGreaterThan(0);
  for (const [{ exitedAfterDisconnect }, code, signal] of exits) {
    expect([exitedAfterDisconnect, code, signal]).toEqual([true, 0, null]);
  }
}

test.each([...balances.map((balance) => ({ balance })), { mode: 'development' }])(
  '%j: who is connecting when the cluster is closed is answered',
  async (config) => {
    const app = await start(config);
    const clients = await deafClients(await app.port(), 8);
    const closed = app.call('close');
    await app.call('title'); // a command that came after it was answered: the close is under way
    expectAnswered(await clients.answers(), 8);
    await closed;
    expectDrained(app);
  },
);

test.each(balances)('%s: who is connecting when all workers are replaced is answered', async (balance) => {
  const app = await start({ balance });
  const clients = await deafClients(await app.port(), 8);
  await app.call('reload');
  expectAnswered(await clients.answers(), 8);
});

test('a client that never completes its handshake delays the end for a limited time only', async () => {
  const app = await start({ count: 1 });
  const clients = await deafClients(await app.port(), 8);
  const begin = Date.now();
  await app.call('close');
  expect(Date.now() - begin).toBeGreaterThanOrEqual(2000);
  expectDrained(app);
  await clients.end();
});

describe('clients that are 150 ms away', () => {
  let line;
  beforeAll(async () => {
    line = await delayLine(75);
    if (!line) process.stderr.write('NOT RUN: clients that are 150 ms away. No tun device may be made here.\n');
  });
  afterAll(() => line?.end());

  test.each(balances)('%s: none is reset while the app ends', async (balance) => {
    if (!line) return;
    const app = await start({ balance });
    const port = await app.port();
    const asked = [];
    const timer = setInterval(() => asked.push(request(port, '/', { host: line.host })), 3);
    await app.report('connection', () => asked.length >= 200);
    const closed = app.call('close');
    await app.call('title');
    clearInterval(timer);
    const errors = (await Promise.allSettled(asked)).filter(({ reason }) => reason).map(({ reason }) => reason.code);
    expect(errors.filter((code) => code !== 'ECONNREFUSED')).toEqual([]);
    expect(errors.length).toBeLessThan(asked.length);
    await closed;
    expectDrained(app);
  });
});
