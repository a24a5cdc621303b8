'use strict';
// Whatever a handler throws or answers, who asked gets an answer, and nobody dies of it.

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
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
