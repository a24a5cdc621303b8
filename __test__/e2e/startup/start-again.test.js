'use strict';
// The app is killed while a worker's event loop stands still: that worker keeps what it listens on, and the next start wants it.

const dgram = require('node:dgram');
const { once } = require('node:events');
const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { request, requests } = require('../support/client');
const { freePort } = require('../support/free-port');
const { Load } = require('../support/load');
const { isAlive } = require('../support/processes');
const { until } = require('../support/until');

/** Nobody is ended by the guard before the test has seen what it is about. */
const killTimeout = 60_000;
const balances = ['auto', 'shared', 'round-robin', 'sticky'];

const config = (port, others) => ({ count: 2, killTimeout, env: { PORT: String(port) }, ...others });

/** Kills an app that has a blocked worker; resolves with that one's pid. */
async function killStuck(app) {
  const [{ pid }] = await app.workers();
  await app.control({ pid }, 'block');
  await app.report('blocking');
  await killOnly(app);
  return pid;
}

/** Kills the app, but not its children. */
async function killOnly(app) {
  app.kill('SIGKILL');
  await app.exited;
}

async function expectAnswersOf(app, port, options) {
  const pids = (await app.workers()).map(({ pid }) => pid);
  for (const { body } of await requests(port, 60, 6, '/', options)) expect(pids).toContain(body.pid);
}

/** What is left of a killed app ends; the next one goes on. */
async function endLeftovers(killed, pids) {
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  await killed.gone;
}

test.each(balances)('%s: the next start has the port at once, and nothing goes to the leftover', async (balance) => {
  const port = await freePort();
  const killed = await start(config(port, { balance }));
  const stuck = await killStuck(killed);
  const next = await start(config(port, { balance }));
  await expectAnswersOf(next, port);
  expect(isAlive(stuck)).toBe(true);
  await endLeftovers(killed, [stuck]);
  await expectAnswersOf(next, port);
});

test('a flood that the workers accept by themselves, as the leftover ends', async () => {
  const port = await freePort();
  const killed = await start(config(port, { balance: 'shared' }));
  const stuck = await killStuck(killed);
  const next = await start(config(port, { balance: 'auto' }));
  const load = new Load(port, { atOnce: 32 });
  await until(async () => (await next.call('stats')).listeners[0].acceptor === 'workers');
  await load.answered(1000);
  await endLeftovers(killed, [stuck]);
  await load.answered(1000);
  const results = await load.stop();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
});

test.each(['127.0.0.1', '::1', '0.0.0.0', '::'])('at %s only', async (host) => {
  const args = [JSON.stringify({ port: await freePort(), host })];
  const at = { exec: fixture('workers/listen.js'), args, killTimeout };
  const killed = await start({ ...at, balance: 'shared' });
  const stuck = await killStuck(killed);
  const next = await start(at);
  await next.reported('listening', 2);
  expect(next.reports('listenError')).toEqual([]);
  await expectAnswersOf(next, await next.port(), { host: host.includes(':') ? '::1' : '127.0.0.1' });
  await endLeftovers(killed, [stuck]);
});

test('also when that happens again and again', async () => {
  const port = await freePort();
  const killed = [];
  for (const balance of ['auto', 'shared', 'auto']) {
    const app = await start(config(port, { balance }));
    killed.push([app, await killStuck(app)]);
  }
  const last = await start(config(port));
  await expectAnswersOf(last, port);
  for (const [app, stuck] of killed) {
    await endLeftovers(app, [stuck]);
    await expectAnswersOf(last, port);
  }
});

test.each(balances)('%s: a second app beside the one that has taken over gets EADDRINUSE', async (balance) => {
  const port = await freePort();
  const killed = await start(config(port, { balance }));
  const stuck = await killStuck(killed);
  const next = await start(config(port, { balance }));
  const third = launch(config(port, { balance, limit: 1 }));
  await expect(third.gone).resolves.toMatchObject({ code: 1 });
  expect(third.output).toContain('EADDRINUSE');
  await expectAnswersOf(next, port);
  await endLeftovers(killed, [stuck]);
});

test.each(['auto', 'shared'])('%s: a request that the leftover has is still answered', async (balance) => {
  const port = await freePort();
  const killed = await start(config(port, { balance, count: 1 }));
  const slow = request(port, '/slow?ms=1');
  await killed.report('slow');
  const [worker] = await killed.workers();
  await killed.control(worker, 'blockFor', { ms: 3000 });
  await killed.report('blocking');
  await killOnly(killed);
  const next = await start(config(port, { balance }));
  await expectAnswersOf(next, port);
  await expect(slow).resolves.toMatchObject({ status: 200 });
  await killed.gone;
});

test('a UDP port', async () => {
  const port = await freePort();
  const datagrams = { count: 2, killTimeout, exec: fixture('workers/datagrams.js') };
  const args = [JSON.stringify(['udp4', { port, address: '127.0.0.1' }])];
  const killed = await start({ ...datagrams, args, ready: 'online' });
  await killed.reported('listening', 2);
  const stuck = await killStuck(killed);
  const next = await start({ ...datagrams, args, ready: 'online' });
  await next.reported('listening', 2);
  expect(next.reports('listenError')).toEqual([]);
  const pids = (await next.workers()).map(({ pid }) => pid);
  const client = dgram.createSocket('udp4');
  for (let i = 0; i < 20; i++) {
    const answered = once(client, 'message');
    client.send('x', port, '127.0.0.1');
    const [answer] = await answered;
    expect(pids).toContain(JSON.parse(answer).pid);
  }
  client.close();
  await endLeftovers(killed, [stuck]);
});
