'use strict';
// fence() in the alone of a fleet and in its random worker, and nowhere else.

const path = require('node:path');
const { fence } = require('../..');
const { now } = require('../../lib/real-timers');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startAlone, startWorker } = require('./support/preloaded');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

const root = path.join(__dirname, '../..');
const use = `const { fence } = require(${JSON.stringify(root)});
  const heard = [];
  process.on('message', (order) => {
    if (order === 'fence') process.send({ fence: fence(), heard });
    else heard.push(order);
  });`;

/** Its `fence()` as it is loaded, and when it is asked. */
const script = () => path.join(folder({ 'alone.js': `${use} process.send({ atFirst: fence() });` }), 'alone.js');

async function asked(child) {
  child.messages.length = 0;
  child.send('fence');
  await child.sends('heard');
  return child.messages[0];
}

/** Tells it a lease that lasts for `left` ms. @returns the earliest and the latest moment, of the clock of the day, at which it ends */
function renew(child, token, left) {
  // Two moments are rounded down.
  const earliest = Date.now() + left - 2;
  child.tell('fence', { token, until: now() + left });
  return [earliest, Date.now() + left + 1];
}

function expectWithin(moment, [earliest, latest]) {
  expect(Number.isInteger(moment)).toBe(true);
  expect(moment).toBeGreaterThanOrEqual(earliest);
  expect(moment).toBeLessThanOrEqual(latest);
}

test('its files run when it has a token, which is renewed', async () => {
  const child = startAlone(script(), undefined, { isFenced: true });
  const first = renew(child, '7.1', 100_000);
  const { token, validUntil } = await child.sends('atFirst');
  expect(token).toBe('7.1');
  expectWithin(validUntil, first);
  const second = renew(child, '7.1', 300_000);
  const renewed = await asked(child);
  expect(renewed).toEqual({ fence: { token: '7.1', validUntil: expect.any(Number) }, heard: [] });
  expectWithin(renewed.fence.validUntil, second);
});

test('without a token nothing of it runs', async () => {
  const child = startAlone(script(), undefined, { isFenced: true });
  child.drain({ reason: 'shutdown' });
  await expect(child.ended).resolves.toEqual({ code: 0, signal: null });
  expect(child.messages).toEqual([]);
  expect(child.acts).not.toContain('loaded');
});

test('born with it: from the environment, which no longer has it when its files run', async () => {
  process.env.YUNFLY_CLUSTER_FENCE = JSON.stringify({ token: '7.2', until: now() + 100_000 });
  const child = startAlone(
    path.join(
      folder({
        'alone.js': `${use} process.send({ atFirst: fence(), variable: process.env.YUNFLY_CLUSTER_FENCE ?? null });`,
      }),
      'alone.js',
    ),
    undefined,
    { isFenced: true },
  );
  delete process.env.YUNFLY_CLUSTER_FENCE;
  expect((await child.sends('atFirst')).token).toBe('7.2');
  expect(child.messages[0].variable).toBeNull();
});

test('a clock of the day that was set changes nothing, nor does one that stands still', async () => {
  const source = `${use}
    const real = Date.now;
    Date.now = () => real() + 3_600_000;
    process.hrtime = Object.assign(() => [0, 0], { bigint: () => 0n });
    process.send({ atFirst: fence() });`;
  const child = startAlone(path.join(folder({ 'alone.js': source }), 'alone.js'), undefined, { isFenced: true });
  const ends = renew(child, '7.3', 100_000);
  const { validUntil } = await child.sends('atFirst');
  expectWithin(validUntil - 3_600_000, ends);
});

test('what the app hears of it is nothing', async () => {
  const source = `${use} process.send({ atFirst: fence() });`;
  const child = startAlone(path.join(folder({ 'alone.js': source }), 'alone.js'), undefined, { isFenced: true });
  renew(child, '7.4', 0);
  await child.sends('atFirst');
  renew(child, '7.4', 0);
  child.send('mine');
  expect((await asked(child)).heard).toEqual(['mine']);
});

test('a worker that is chosen has it before it hears of that', async () => {
  const source = `${use}
    require('cluster').worker.on('message', ({ action }) => action === 'random-worker' && process.send({ chosen: fence() }));
    process.send({ up: fence() ?? null });`;
  const child = startWorker(path.join(folder({ 'worker.js': source }), 'worker.js'));
  await child.sends('up');
  expect(child.messages[0].up).toBeNull();
  const first = renew(child, '8.1', 100_000);
  child.tell('random', { message: { from: 'app', to: 'worker', action: 'random-worker' } });
  const { token, validUntil } = await child.sends('chosen');
  expect(token).toBe('8.1');
  expectWithin(validUntil, first);
  const second = renew(child, '8.1', 300_000);
  expectWithin((await asked(child)).fence.validUntil, second);
});

describe('undefined', () => {
  test('in the app', () => {
    expect(fence()).toBeUndefined();
  });

  test('in an alone without a fleet, whatever it is told', async () => {
    const child = startAlone(script());
    renew(child, '7.5', 100_000);
    await child.tells('loaded');
    expect(await asked(child)).toEqual({ heard: [] });
  });

  test('in a worker that was not chosen', async () => {
    const child = startWorker(path.join(folder({ 'worker.js': `${use} process.send({ up: true });` }), 'worker.js'));
    await child.sends('up');
    expect(await asked(child)).toEqual({ heard: [] });
  });

  test('in a thread of the alone', async () => {
    const thread = `const { parentPort } = require('worker_threads');
      parentPort.postMessage(require(${JSON.stringify(root)}).fence() ?? null);`;
    const source = `const { Worker } = require('worker_threads');
      new Worker(${JSON.stringify(thread)}, { eval: true }).on('message', (thread) => process.send({ thread }));`;
    const child = startAlone(path.join(folder({ 'alone.js': source }), 'alone.js'), undefined, { isFenced: true });
    renew(child, '7.7', 100_000);
    expect(await child.sends('thread')).toBeNull();
  });
});
