'use strict';
// What the face does to its process, and tells of reloads: on a cluster that is none.

const { EventEmitter } = require('events');

class Fake extends EventEmitter {
  title = 'shop';
  alone = null;
  workers = new Map();
  reloads = [];
  start = () => new Promise(() => {});
  reload = ({ target }) => new Promise((resolve) => this.reloads.push({ target, resolve }));
}
jest.mock('../../lib/cluster/cluster', () => ({ Cluster: jest.fn(() => new Fake()) }));
const { YunflyMaster } = require('../../lib/yunfly/master');

const WATCHED = ['SIGTERM', 'SIGINT', 'SIGQUIT', 'exit', 'disconnect'];
const counts = () => WATCHED.map((name) => process.listenerCount(name));
const turn = () => new Promise((resolve) => setImmediate(resolve));

let lines;
const logger = Object.fromEntries(['error', 'warn', 'info'].map((level) => [level, (text) => lines.push(text)]));
const run = (options) => new YunflyMaster({ exec: './app', port: 9000, mode: 'production', logger, ...options });

beforeEach(() => {
  lines = [];
});

test.each([
  ['by default', {}, [1, 1, 1, 1, 1]],
  ['`enable: false`: signals end the process', { enable: false }, [0, 0, 0, 1, 1]],
  ['`handleSignals: false`', { handleSignals: false }, [0, 0, 0, 0, 1]],
])('who listens, until the cluster is closed: %s', async (_name, options, added) => {
  const before = counts();
  const { cluster } = run(options);
  expect(counts().map((count, index) => count - before[index])).toEqual(added);
  cluster.emit('close');
  await turn();
  expect(counts()).toEqual(before);
});

test.each([
  ['production', 'alone', 'worker', true],
  ['production', 'worker', 'worker', true],
  // That one has been cut off.
  ['development', 'worker', 'worker', false],
])(
  'in %s, a reload of the %s that failed while one of the %s was asked for: told %p',
  async (mode, one, other, isTold) => {
    const master = run({ mode });
    const asked = { alone: () => master.reloadAppAlone(), worker: () => master.reloadAppWorker() };
    const first = asked[one]();
    asked[other]();
    const error = new Error('a mistake');
    master.cluster.reloads[0].resolve({ ok: false, error });
    expect((await first).error).toBe(error);
    expect(lines.some((line) => line.includes(`not reloaded: ${one}. a mistake`))).toBe(isTold);
    master.cluster.emit('close');
  },
);
