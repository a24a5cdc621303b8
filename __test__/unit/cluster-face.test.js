'use strict';

const { once } = require('node:events');
const path = require('node:path');
const { createCluster } = require('../..');

const make = () =>
  createCluster({ exec: path.join(__dirname, '../fixtures/workers/http.js'), alone: false, mode: 'production' });

test.each(['send', 'sendmessage'])(
  '%s: what reaches nobody comes back with its sender, null for the app',
  async (method) => {
    const cluster = make();
    const returned = once(cluster, 'undeliverable');
    expect(cluster[method]({ to: 'alone', n: 1 })).toBe(false);
    await expect(returned).resolves.toEqual([null, { to: 'alone', n: 1 }, 'created']);
    expect(() => cluster[method]('text')).toThrow(expect.objectContaining({ code: 'ERR_MESSAGE_INVALID' }));
  },
);

test('`await using` closes the cluster', async () => {
  const cluster = make();
  const closed = once(cluster, 'close');
  await cluster[Symbol.asyncDispose]();
  await closed;
  await expect(cluster.start()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});
