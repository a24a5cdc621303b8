'use strict';
// The page, and /events, which it asks. What it looks like is seen by `npm run test:page`.

const fs = require('node:fs');
const path = require('node:path');
const { once } = require('node:events');
const http = require('node:http');
const { buffer } = require('node:stream/consumers');
const zlib = require('node:zlib');
const { test } = require('../support/at-once');
const { request } = require('../support/client');
const { start } = require('../support/cluster');

const built = fs.readFileSync(path.join(__dirname, '../../../page.html.gz'));

async function bytes(port, headers) {
  const [response] = await once(http.get({ port, host: '127.0.0.1', agent: false, headers }), 'response');
  return { headers: response.headers, body: await buffer(response) };
}

async function startWatched(config) {
  const app = await start({ admin: 0, ...config });
  const { port } = await app.call('adminAddress');
  return { app, port, events: async (query = '') => (await request(port, `/events${query}`)).body };
}

test('it comes as whoever asks can read it, with a policy that forbids everything else', async () => {
  const { port } = await startWatched({ count: 1 });
  const plain = await bytes(port, {});
  expect(plain.body).toEqual(zlib.gunzipSync(built));
  expect(plain.headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; script-src 'sha256-.+; frame-ancestors 'none'$/,
    ),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    vary: 'Accept-Encoding',
  });
  const gzip = await bytes(port, { 'accept-encoding': 'gzip, br' });
  expect(gzip.body).toEqual(built);
  expect(gzip.headers['content-encoding']).toBe('gzip');
  const evil = await request(port, '/', { headers: { host: 'evil.example' } });
  expect(evil.status).toBe(403);
});

test('what has happened is told in order, and what is new to who asks again', async () => {
  const { app, events } = await startWatched({ count: 2 });
  await app.call('reload');
  await app.call('scale', 3);
  const before = await events();
  expect(before.events.map(({ id }) => id)).toEqual(before.events.map((_, index) => index + 1));
  expect(before.last).toBe(before.events.length);
  expect(before.events.map(({ type }) => type)).toEqual(['ready', 'reload', 'exit', 'exit', 'reloaded', 'scale']);
  expect(before.events.at(-2)).toMatchObject({ ok: true, reason: null, replaced: 2 });
  expect(before.events.at(-1)).toMatchObject({ from: 2, to: 3 });

  const [victim] = await app.workers();
  await app.control(victim, 'throw', { message: '<b>broken' });
  await app.event('listening', ({ id, slot }) => slot === victim.slot && id !== victim.id);
  await app.event('exit', ({ id }) => id === victim.id);
  const after = await events(`?after=${before.last}`);
  const who = { role: 'worker', slot: victim.slot, pid: victim.pid };
  expect(after.events).toEqual([
    expect.objectContaining({ id: before.last + 1, type: 'error', process: who, fatal: true, message: '<b>broken' }),
    expect.objectContaining({ id: before.last + 2, type: 'exit', process: who, expected: false, code: 1 }),
  ]);
  expect(after.events[0].stack).toMatch(/^Error: <b>broken\n +at /);
  expect((await events(`?after=${after.last}`)).events).toEqual([]);
  const stats = await app.call('stats');
  const place = stats.children.find(({ slot }) => slot === victim.slot);
  expect([place.restarts, stats.counts.reforks.worker]).toEqual([1, 1]);
});
