'use strict';
// A port that the system chose is closed and asked for by its number: the cluster's own sockets are in nobody's way.

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { freePort } = require('../support/free-port');
const { until } = require('../support/until');

const balances = ['auto', 'round-robin', 'sticky', 'shared'];
const exec = fixture('workers/by-number.js');

test.each(balances)('%s: in 3 workers at once, again and again', async (balance) => {
  const app = await start({ exec, balance, count: 3, ready: 'message', env: { ROUNDS: '60' } });
  await app.event('report', () => app.reports('done').length === 3 || app.reports('failed').length > 0);
  expect(app.reports('failed')).toEqual([]);
});

test.each(balances)('%s: while another worker has it still, both serve it, then who is left', async (balance) => {
  const app = await start({ exec, balance, count: 2 });
  const port = await app.port();
  const [first, second] = await app.workers();
  await app.control(first, 'change');
  await app.report('changed');
  const pids = async () => new Set((await requests(port, 10, 5)).map(({ text }) => Number(text)));
  // Sticky clients have one worker each; the kernel gives to whom it likes.
  if (balance === 'auto' || balance === 'round-robin') await until(async () => (await pids()).size === 2);
  await app.control(second, 'close');
  await app.report('closed', ({ pid }) => pid === second.pid);
  expect(await pids()).toEqual(new Set([first.pid]));
  expect(app.reports('failed')).toEqual([]);
});

test('a worker that has it itself hears that it is in use', async () => {
  const app = await start({ exec, count: 2 });
  const [first] = await app.workers();
  await app.control(first, 'add');
  await expect(app.report('failed')).resolves.toMatchObject({ code: 'EADDRINUSE', port: await app.port() });
});

// On the portable path the workers have no socket with 'auto'.
const withSockets = globalThis.PORTABLE ? ['shared'] : ['auto', 'shared'];

test.each(withSockets)('%s: a port that a worker which leaves and stands still has is waited for', async (balance) => {
  const port = await freePort();
  const config = { exec: fixture('workers/relisten.js'), count: 1, env: { PORT: String(port) } };
  const app = await start({ ...config, balance, killTimeout: 5000 });
  const [old] = await app.workers();
  process.kill(old.pid, 'SIGSTOP');
  app.call('reload').catch(() => {}); // it ends when the old one has
  const [next] = await app.event('listening', ({ id }) => id !== old.id);
  // Until then it serves the slot as well, and the port stays open.
  await until(async () => (await app.workers()).some(({ id, state }) => id === old.id && state === 'draining'));
  await app.control(next, 'relisten');
  await app.report('again');
  await expect(request(port)).resolves.toMatchObject({ text: 'generation 2' });
  // The system gives the port away before anybody hears of the end.
  await app.event('exit');
  expect(app.events('exit').map(([{ id }, , signal]) => [id, signal])).toEqual([[old.id, 'SIGKILL']]);
});
