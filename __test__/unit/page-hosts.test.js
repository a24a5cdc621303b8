'use strict';
// The hosts of a fleet on the page: who they are, and what each has.

const { HOSTS, hosts } = require('../../page/hosts');
const { LANGUAGES } = require('../../page/texts');

const member = (host, fields) => ({ host, workers: 2, version: '1.0.0', startedAt: 1000, draining: false, ...fields });
const stats = (fleet) => ({
  workers: { listening: 4 },
  version: '1.1.0',
  startedAt: 4000,
  now: 61_000,
  fleet: {
    host: 'b',
    connected: true,
    draining: false,
    holder: { host: 'a', ready: true },
    randomWorker: { holder: { host: 'b', ready: true } },
    members: [member('c', { draining: true }), member('a')],
    ...fleet,
  },
});

/** The cells of the table. */
const shown = (fleet, { en } = LANGUAGES) =>
  hosts(stats(fleet)).map((each) => Object.values(HOSTS.cells).map((cell) => cell(each, en)));

test('each has a row, in the order of their names', () => {
  expect(shown()).toEqual([
    ['a', 'alone', 'online', 2, '1 min 0 s', '1.0.0'],
    ['b (this host)', 'random worker', 'online', 4, '57 s', '1.1.0'],
    ['c', '–', 'draining', 2, '1 min 0 s', '1.0.0'],
  ]);
  expect(hosts(stats()).map(HOSTS.key)).toEqual(['a', 'b', 'c']);
});

test('one host may have both, or nobody has anything', () => {
  const has = (fleet) => shown(fleet).map(([, each]) => each);
  expect(has({ randomWorker: { holder: { host: 'a', ready: false } } })).toEqual(['alone, random worker', '–', '–']);
  expect(has({ holder: null, randomWorker: { holder: null } })).toEqual(['–', '–', '–']);
});

test('this host drains, or is cut off', () => {
  const own = (fleet) => shown({ members: [], ...fleet }).map(([, , state]) => state);
  expect(own({ draining: true })).toEqual(['draining']);
  expect(own({ connected: false })).toEqual(['not connected']);
});

test('each column has a head in both languages, each cell of every state a text', () => {
  for (const texts of Object.values(LANGUAGES)) {
    expect(Object.keys(HOSTS.columns(texts))).toEqual(Object.keys(HOSTS.cells));
  }
});
