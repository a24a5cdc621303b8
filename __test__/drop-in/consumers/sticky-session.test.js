'use strict';

const { requests } = require('../../e2e/support/client');
const { freePort } = require('../../e2e/support/free-port');
const { WAYS, startConsumer } = require('../support/consumers');

const REQUESTS = 30;

/** The processes that answer a client with this address. */
async function serving(port, localAddress) {
  const answers = await requests(port, REQUESTS, 5, '/', { localAddress });
  expect(answers.map(({ status }) => status)).toEqual(Array(REQUESTS).fill(200));
  return [...new Set(answers.map(({ body: { pid } }) => pid))];
}

describe.each(Object.keys(WAYS))('sticky-session, %s', (way) => {
  test('each address has its worker, another one after that was killed', async () => {
    const port = await freePort();
    const app = startConsumer(way, 'sticky-session', { port });
    await app.report('front');
    await app.reported('worker', 3);
    const first = await serving(port, '127.0.0.1');
    expect(first).toHaveLength(1);
    process.kill(first[0], 'SIGKILL');
    await app.reported('worker', 4);
    const second = await serving(port, '127.0.0.1');
    expect(second).toHaveLength(1);
    expect(second).not.toEqual(first);
    expect(app.output).not.toContain('Error');
  });
});
