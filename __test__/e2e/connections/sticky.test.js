'use strict';

const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { hold } = require('../support/client');
const { stall } = require('../support/stall');

/** Clients of their own addresses: all of 127.0.0.0/8 is this machine. */
const addresses = Array.from({ length: 32 }, (_, i) => `127.0.0.${i + 2}`);

const startSticky = (config) => start({ exec: fixture('workers/hold.js'), count: 4, balance: 'sticky', ...config });

/** Who takes a connection of each address: { address: { slot, pid } }. */
async function homes(port, from = addresses) {
  const held = from.map((localAddress) => hold(port, { localAddress }));
  const taken = await Promise.all(held.map((one) => one.taken));
  held.forEach(({ socket }) => socket.destroy());
  return Object.fromEntries(from.map((address, i) => [address, taken[i]]));
}

const slotsOf = (taken) => Object.fromEntries(Object.entries(taken).map(([address, { slot }]) => [address, slot]));

test('a client comes back to its worker, and clients are spread over all', async () => {
  const app = await startSticky();
  const port = await app.port();
  const first = await homes(port);
  expect(new Set(Object.values(slotsOf(first)))).toEqual(new Set([1, 2, 3, 4]));
  for (let again = 0; again < 3; again++) expect(await homes(port)).toEqual(first);
});

test('many connections of one client all go to its worker, however loaded that is', async () => {
  const app = await startSticky();
  const port = await app.port();
  const many = Array.from({ length: 50 }, () => hold(port, { localAddress: '127.0.0.9' }));
  const slots = (await Promise.all(many.map(({ taken }) => taken))).map(({ slot }) => slot);
  expect(new Set(slots).size).toBe(1);
  many.forEach(({ socket }) => socket.destroy());
});

test('a worker that dies moves its own clients only, and has them back when its successor listens', async () => {
  const app = await startSticky();
  const port = await app.port();
  const before = await homes(port);
  const [victim] = await app.workers();
  const others = addresses.filter((address) => before[address].slot !== victim.slot);
  expect(others.length).toBeLessThan(addresses.length);

  process.kill(victim.pid, 'SIGKILL');
  await app.event('exit', ({ id }) => id === victim.id);
  // Whether or not the successor is there yet.
  const meanwhile = await homes(port);
  for (const address of others) expect(meanwhile[address]).toEqual(before[address]);
  for (const { pid } of Object.values(meanwhile)) expect(pid).not.toBe(victim.pid);

  await app.event('listening', ({ slot, id }) => slot === victim.slot && id !== victim.id);
  expect(slotsOf(await homes(port))).toEqual(slotsOf(before));
  for (const address of others) expect((await homes(port, [address]))[address]).toEqual(before[address]);
});

describe('a worker that stands still', () => {
  /** Connections of every address while one worker stands still; those of the other workers are served. */
  async function visitStalled(app) {
    const port = await app.port();
    const before = await homes(port);
    const [stalled] = await app.workers();
    const release = await stall(app, stalled);
    const held = addresses.map((localAddress) => ({ ...hold(port, { localAddress }), home: before[localAddress] }));
    const others = held.filter(({ home }) => home.slot !== stalled.slot);
    for (const { taken, home } of others) expect(await taken).toEqual(home);
    const its = held.filter((one) => !others.includes(one));
    expect(its.length).toBeGreaterThan(0);
    return { stalled, release, its, end: () => held.forEach(({ socket }) => socket.destroy()) };
  }

  test('its clients wait for it', async () => {
    const { release, its, end } = await visitStalled(await startSticky());
    release();
    for (const { taken, home } of its) expect(await taken).toEqual(home);
    end();
  });

  test('killed: its clients, also those that it was given already, are served by others', async () => {
    const { stalled, its, end } = await visitStalled(await startSticky());
    process.kill(stalled.pid, 'SIGKILL');
    for (const { taken } of its) expect((await taken).pid).not.toBe(stalled.pid);
    end();
  });
});

test('a client is the same whether it comes by IPv4 or by IPv4 mapped into IPv6', async () => {
  const app = await startSticky();
  const port = await app.port();
  for (const address of addresses.slice(0, 8)) {
    const held = [
      hold(port, { localAddress: address }),
      hold(port, { host: '::ffff:127.0.0.1', localAddress: `::ffff:${address}` }),
    ];
    const [plain, mapped] = await Promise.all(held.map(({ taken }) => taken));
    expect(mapped).toEqual(plain);
    held.forEach(({ socket }) => socket.destroy());
  }
});
