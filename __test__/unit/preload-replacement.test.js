'use strict';
// One worker takes the place of another under load.

const http = require('node:http');
const path = require('node:path');
const { freePort, request } = require('./support/http');
const { endAll, startServers } = require('./support/preloaded');

const server = path.join(__dirname, 'fixtures/server.js');

jest.setTimeout(120_000);
afterEach(endAll);

test('under keep-alive load one worker after the other is replaced without a failed request', async () => {
  const port = await freePort();
  const options = { env: { PORT: String(port) } };
  let current = await startServers(server, options);
  let stop = false;
  let count = 0;
  const load = Array.from({ length: 8 }, async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    while (!stop) {
      // Any failure rejects, and so fails the test.
      const { text } = await request(port, { agent, path: count % 3 ? '/' : '/set-header' });
      expect(text).toBe('ok');
      count += 1;
    }
    agent.destroy();
  });
  for (let round = 0; round < 4; round++) {
    const old = current;
    current = await startServers(server, options);
    old.successor = current;
    old.drain({ reason: 'replace' });
    await expect(old.ended).resolves.toEqual({ code: 0, signal: null });
    expect(old.acts).toEqual(['drained']);
  }
  stop = true;
  await Promise.all(load);
  expect(count).toBeGreaterThan(8);
});
