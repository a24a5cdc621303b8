'use strict';

const { once } = require('node:events');
const { test: atOnce } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { ask, connect, hold, request, requests } = require('../support/client');
const { script } = require('../support/files');
const { Load } = require('../support/load');
const { stall } = require('../support/stall');
const { until } = require('../support/until');

const orderly = { code: 0, signal: null };
const byMaster = ['auto', 'round-robin'];
const every = [...byMaster, 'shared'];

const startHttp = (config) => start({ exec: fixture('workers/stalling.js'), args: ['{"port":0}'], ...config });
const pidOf = (answer) => JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).pid;

/** `count` clients that connected and sent a request, and the answers that came so far. */
async function clients(port, count) {
  const asked = await Promise.all(Array.from({ length: count }, () => ask(port)));
  const answered = [];
  const all = Promise.all(asked.map(async ({ answer }) => answered.push(await answer)));
  all.catch(() => {}); // it is awaited later
  return { all, answered, atLeast: (least) => until(() => answered.length >= least) };
}

function expectAnswered(answered, count) {
  expect(answered).toHaveLength(count);
  for (const answer of answered) expect(answer).toMatch(/^HTTP\/1\.1 200 /);
}

test.each(every)('%s: a worker that stands still is killed: all 20 clients are answered', async (balance) => {
  const app = await startHttp({ balance });
  const port = await app.port();
  const [victim] = await app.workers();
  await stall(app, victim);
  const { all, answered, atLeast } = await clients(port, 20);
  // The other one serves all but what was handed to the victim before it was known to stand still.
  await atLeast(19);
  expect(answered.map(pidOf)).not.toContain(victim.pid);
  process.kill(victim.pid, 'SIGKILL');
  await all;
  expectAnswered(answered, 20);
  expect(answered.map(pidOf)).not.toContain(victim.pid);
  if (balance === 'shared') return;
  // What the victim was given before is what went to the other.
  const [{ counts }] = (await app.call('stats')).listeners;
  expect(counts.handedAgain).toBe(1);
});

test.each(every)(
  '%s: a stalled worker gets nothing new, and its share again when it has recovered',
  async (balance) => {
    const app = await startHttp({ balance });
    const port = await app.port();
    const [stalled, other] = await app.workers();
    const release = await stall(app, stalled);
    const { all, answered, atLeast } = await clients(port, 50);
    await atLeast(49);
    expect(new Set(answered.map(pidOf))).toEqual(new Set([other.pid]));
    release();
    await all;
    expectAnswered(answered, 50);
    await until(async () => (await requests(port, 20, 4)).some(({ body }) => body.pid === stalled.pid));
  },
);

atOnce.each(every)(
  '%s: all workers are killed at once: who connects meanwhile waits for the next ones',
  async (balance) => {
    const app = await startHttp({ balance });
    const port = await app.port();
    const victims = (await app.workers()).map(({ pid }) => pid);
    for (const pid of victims) process.kill(pid, 'SIGKILL');
    const { all, answered } = await clients(port, 20);
    await all;
    expectAnswered(answered, 20);
    for (const pid of victims) expect(answered.map(pidOf)).not.toContain(pid);
  },
);

test.each([
  ['auto', false],
  ['auto', true],
  ['round-robin', false],
  ['shared', false],
  ['sticky', false],
])('%s, keep-alive %s: a worker that leaves under load fails no request', async (balance, keepAlive) => {
  const app = await startHttp({ balance });
  const load = new Load(await app.port(), { keepAlive, pause: 0 });
  await load.answered(200);
  for (const { id, slot } of await app.workers()) {
    await app.call('worker', id, 'disconnect');
    await app.event('exit', (worker) => worker.id === id);
    await app.event('listening', (worker) => worker.slot === slot && worker.id !== id);
    await load.answered(100);
  }
  const results = await load.stop();
  expect(results.filter(({ status }) => status !== 200)).toEqual([]);
});

atOnce.each(every)('%s: at close() those who wait for stalled workers are answered', async (balance) => {
  const app = await startHttp({ balance });
  const port = await app.port();
  const releases = [];
  for (const worker of await app.workers()) releases.push(await stall(app, worker));
  const { all, answered } = await clients(port, 20);
  const closed = app.call('close');
  await app.call('title'); // a command that came after it was answered: the close is under way
  // Where newcomers cannot be held off the master takes who waits, and closes: nobody else comes while the workers stand still.
  if (globalThis.PORTABLE && balance !== 'shared')
    await until(() =>
      connect(port).then(
        (socket) => void socket.destroy(),
        ({ code }) => code === 'ECONNREFUSED',
      ),
    );
  releases.forEach((release) => release());
  await all;
  expectAnswered(answered, 20);
  await closed;
  await expect(app.gone).resolves.toEqual(orderly);
});

test.each([...every, 'sticky'])(
  '%s: close() under load holds off who comes, and is held up by nobody',
  async (balance) => {
    // So long the queues may take to become empty: twice as long as this test may.
    const app = await startHttp({ balance, killTimeout: 240_000 });
    const load = new Load(await app.port(), { atOnce: 48, pause: 0 });
    await load.answered(300);
    const closed = app.call('close');
    const results = await load.refused();
    await closed;
    const lost = results.filter(({ status, error }) => status !== 200 && error?.code !== 'ECONNREFUSED');
    if (!globalThis.PORTABLE) expect(lost).toEqual([]);
    // Nobody is held off there: who comes just when the socket is closed is reset. With 'shared' the last of the workers closes it, a
    // turn of its event loop after it has looked.
    else if (balance !== 'shared') expect(lost.length).toBeLessThanOrEqual(1);
    await expect(app.gone).resolves.toEqual(orderly);
  },
);

describe.each([...byMaster, 'sticky'])('maxConnections, balance %s', (balance) => {
  const startLimited = (config) => start({ exec: fixture('workers/hold.js'), balance, ...config });

  /** Connections; `by` is set when a worker took one. */
  const holdSome = (port, count) =>
    Array.from({ length: count }, () => {
      const one = hold(port);
      one.taken.then(
        ({ pid }) => (one.by = pid),
        () => {},
      );
      return one;
    });
  const served = (held) => held.filter(({ by }) => by);
  const waiting = ({ listeners: [listener] }) => listener.waiting + listener.queued; // in the master, in the kernel

  atOnce('what is over it waits until there is room, and none is reset', async () => {
    const app = await startLimited({ env: { MAX_CONNECTIONS: '2' } });
    const port = await app.port();
    const held = holdSome(port, 6);
    await until(() => served(held).length === 4);
    for (const { pid } of await app.workers()) expect(held.filter(({ by }) => by === pid)).toHaveLength(2);
    await until(async () => waiting(await app.call('stats')) === 2);
    for (const room of [5, 6]) {
      served(held)
        .find(({ socket }) => !socket.destroyed)
        .socket.destroy();
      await until(() => served(held).length === room);
    }
    held.forEach(({ socket }) => socket.destroy());
  });

  atOnce('short ones, more at a time than there is room for: none is reset', async () => {
    const app = await startLimited({ env: { MAX_CONNECTIONS: '2' } });
    const port = await app.port();
    let begun = 0;
    const lane = async () => {
      for (; begun < 600; begun++) {
        const one = hold(port);
        await one.taken;
        one.socket.destroy();
      }
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    // It never leaves them to the workers: Node resets what it accepts over maxConnections.
    const [{ acceptor, counts }] = (await app.call('stats')).listeners;
    expect([acceptor, counts.switches]).toEqual(['master', 0]);
  });

  atOnce('close() while some wait: they are served when there is room', async () => {
    const app = await startLimited({ count: 1, env: { MAX_CONNECTIONS: '1' } });
    const first = hold(await app.port());
    await first.taken;
    const second = hold(await app.port());
    await until(async () => waiting(await app.call('stats')) === 1);
    const closed = app.call('close');
    await app.call('title');
    first.socket.end();
    await second.taken;
    second.socket.end();
    await closed;
    await expect(app.gone).resolves.toEqual(orderly);
  });
});

atOnce.each(byMaster)('%s: clients that wait for a full server keep nobody from another one', async (balance) => {
  const exec = script(`
    const net = require('node:net');
    const http = require('node:http');
    const full = net.createServer((socket) => socket.write('taken'));
    full.maxConnections = 1;
    full.listen(0, () => http.createServer((_request, response) => response.end('served')).listen(0));`);
  const app = await start({ exec, balance, count: 2 });
  await until(() => app.events('listening').length === 4);
  const [full, other] = app
    .events('listening')
    .filter(([{ id }]) => id === 1)
    .map(([, { port }]) => port);
  const taken = await Promise.all(
    [1, 2].map(async () => {
      const socket = await connect(full);
      await once(socket, 'data');
      return socket;
    }),
  );
  const waiting = await connect(full);
  for (let i = 0; i < 10; i++) expect((await request(other)).text).toBe('served');
  taken[0].destroy();
  await once(waiting, 'data');
  for (const socket of [...taken, waiting]) socket.destroy();
});
