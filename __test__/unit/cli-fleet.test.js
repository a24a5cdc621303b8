'use strict';
// What the command line says of a fleet, and what it tells it, by what stats() says.

const { describe: describeCluster } = require('../../lib/cli/control/describe');
const { fleet } = require('../../lib/cli/control/fleet');
const { noStats } = require('../../lib/cluster/no-stats');

const leases = { acquired: 0, moved: 0, expired: 0, taken: 0 };
const randomWorker = { holder: null, token: null, validFor: null, leases };
const ALONE = { state: 'ready', restarts: 0, limitReached: false };

function cluster({ alone = ALONE, ...told } = {}) {
  const about = { host: 'a', connected: true, draining: false, members: [], holder: null, token: null };
  const stats = { ...noStats('shop'), alone, fleet: { ...about, validFor: null, leases, randomWorker, ...told } };
  return { stats: async () => stats, fleetMove: jest.fn() };
}

const hasIt = (host) => ({ host, ready: true });

test.each([
  ['another host has it', { holder: hasIt('b') }, 'the alone: b'],
  ['each host has its own', {}, 'the alone: each host has its own'],
  ['this host has none', { alone: null }, 'the alone: no host has it'],
  ['no host has it', { alone: { ...ALONE, state: 'elsewhere' } }, 'the alone: no host has it'],
  ["it runs on after its lease (onLost: 'keep')", { leases: { ...leases, acquired: 1 } }, 'the alone: no host has it'],
])('the alone: %s', async (_what, told, line) => {
  const { lines } = await describeCluster(cluster(told));
  expect(lines.filter((each) => each.includes('fleet'))).toEqual([expect.stringMatching(`a, the only host; ${line}$`)]);
  const shown = await fleet(cluster(told), { operand: 'alone' });
  expect(shown.lines).toEqual([told.holder ? 'b' : line]);
  expect(shown.failed === true).toBe(!told.holder);
});

test('the random worker, where a host has it', async () => {
  const told = { holder: hasIt('a'), randomWorker: { ...randomWorker, holder: hasIt('b') } };
  const { lines } = await describeCluster(cluster(told));
  expect(lines).toContainEqual(expect.stringMatching('the alone: a; the random worker: b$'));
});

test('what no host has cannot be moved', async () => {
  const none = cluster();
  await expect(fleet(none, { operand: 'move', timeout: 1000 })).rejects.toMatchObject({ code: 'ERR_NO_ALONE' });
  expect(none.fleetMove).not.toHaveBeenCalled();
});
