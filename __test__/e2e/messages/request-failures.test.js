'use strict';
// Whatever a handler throws or answers, who asked gets an answer, and nobody dies of it.

const path = require('node:path');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { everything } = require('../../fixtures/failures');

const options = { script: fixture('request-failures-app.js') };
const child = fixture('request-failures.js');
const LONGEST_TEXT = 16 * 1024 + 3;

const startAnswering = async (fields) => {
  const app = await start({ count: 2, exec: child, alone: child, maxMessageBytes: 1024 * 1024, ...fields }, options);
  await app.call('answer');
  return app;
};

function expectAll(answers, serialization) {
  // V8's format has a BigInt and a circle.
  const fine = serialization === 'advanced' ? ['a BigInt answered', 'a circle'] : [];
  for (const [action, [, error]] of Object.entries(everything)) {
    const answer = answers[action];
    expect({ action, ...answer }).toMatchObject({ action, ...(fine.includes(action) ? { answered: true } : error) });
    for (const text of ['name', 'message', 'code', 'remoteStack'])
      expect((answer[text] ?? '').length).toBeLessThanOrEqual(LONGEST_TEXT);
  }
}

describe.each(['json', 'advanced'])('%s', (serialization) => {
  test.each(['worker', 'alone'])('the app answers the %s', async (to) => {
    const app = await startAnswering({ serialization });
    expectAll(await app.call('ask', { to, action: 'ask for all', data: 'app' }), serialization);
    await expect(app.call('workers')).resolves.toHaveLength(2);
  });

  test.each([
    ['worker', 'alone'],
    ['alone', 'worker'],
  ])('the %s is answered by the %s', async (from, to) => {
    const app = await startAnswering({ serialization });
    const before = [...(await app.workers()), await app.call('alone')].map(({ pid }) => pid);
    expectAll(await app.call('ask', { to: from, action: 'ask for all', data: to }), serialization);
    expect([...(await app.workers()), await app.call('alone')].map(({ pid }) => pid)).toEqual(before);
    expect(app.eventNames()).not.toContain('aloneError');
  });
});

test('a message that is cut has its beginning and its end', async () => {
  const app = await startAnswering();
  const { error } = await app.call('ask', { to: 'alone', action: 'a large message' });
  expect(error.message).toMatch(/^x{8192} … x{8192}$/);
  expect(error.remoteStack).toMatch(/^Error: x+ … .*\n +at .*failures\.js/s);
});

test('where there is hardly room for an error, the asker still hears the reason', async () => {
  const app = await startAnswering({ maxMessageBytes: 1024, alone: false });
  for (const action of ['a large message', 'a large name and code', 'large where it is written']) {
    await expect(app.call('ask', { to: 'worker', action: 'code of', data: action })).resolves.toBe(
      'ERR_MESSAGE_TOO_LARGE',
    );
  }
});

// Its timers run before what came meanwhile is read.
test('an answer that came in time is taken after a task longer than the timeout', async () => {
  const index = JSON.stringify(require.resolve('../../..'));
  const mark = path.join(folder(), 'answered');
  const alone = script(`
    require(${index}).onRequest('mark', () => require('node:fs').writeFileSync(${JSON.stringify(mark)}, ''));
  `);
  const exec = script(`
    const fs = require('node:fs');
    const { request } = require(${index});
    const timeout = 5000;
    const standStill = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    const outcome = request({ to: 'alone', action: 'mark' }, { timeout }).then(() => 'answered', ({ code }) => code);
    outcome.then((told) => require(${JSON.stringify(fixture('report.js'))})('outcome', { told }));
    setImmediate(() => {
      while (!fs.existsSync(${JSON.stringify(mark)})) standStill(10);
      standStill(timeout);
    });
    require('node:http').createServer().listen(0);
  `);
  const app = await start({ exec, alone, count: 1 });
  expect(await app.report('outcome')).toMatchObject({ told: 'answered' });
});
