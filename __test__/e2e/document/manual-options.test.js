'use strict';
// Section 14 (README.md here): what the framework's manual adds about the options, which it passes to the package in its own way.

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const { launch, fixture } = require('../support/cluster');
const { freePort } = require('../support/free-port');
const { shared } = require('../support/shared');

/** One CPU that this process may use, as a container may have only that one. Linux. */
const cpu = () => /^Cpus_allowed_list:\s+(\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1];

const hasTaskset = () => {
  try {
    return Boolean(execFileSync('sh', ['-c', 'command -v taskset']));
  } catch {
    return false;
  }
};
const isLimited = process.platform === 'linux' && hasTaskset();

/** A cluster with this in `config.cluster`; the framework finds the scripts, and adds them with the app's port. */
async function startFramework(cluster, NODE_ENV, command) {
  const port = await freePort();
  const added = {
    exec: fixture('workers/yunfly'),
    alone: fixture('alone/reporting'),
    args: [JSON.stringify({ port })],
    port,
  };
  const options = { mode: undefined, count: undefined, ...cluster, ...added };
  const app = launch(options, { script: fixture('yunfly-app.js'), env: { NODE_ENV, LANG: 'C' }, command });
  await app.event('started');
  return app;
}

/** Nothing but `enable: true` in production, on one CPU; with options in development, and in development as in a test. */
let enabled, developed, tested;

beforeAll(async () => {
  [enabled, developed, tested] = await shared(() =>
    Promise.all([
      startFramework({ enable: true }, 'production', isLimited ? ['taskset', '-c', cpu()] : []),
      startFramework({ enable: true, count: 3 }, 'development'),
      startFramework({ enable: true, count: 3, mode: 'test', useAloneWorker: false }, 'development'),
    ]),
  );
});

test('14.1 `enable: true` is all that you have to write.', async () => {
  const [pid] = await enabled.call('workers');
  expect(pid).toEqual(expect.any(Number));
});

test('14.2 `useAloneWorker` (boolean, optional): whether the alone is started; by default, it is.', async () => {
  await expect(enabled.call('alone')).resolves.toEqual(expect.any(Number));
  expect(await enabled.reported('alone', 1)).toHaveLength(1);
});

test('14.3 If you need no alone, set `useAloneWorker: false`.', async () => {
  await expect(tested.call('alone')).resolves.toBeNull();
  expect(tested.reports('alone')).toEqual([]);
});

test('14.4 `count` (number, optional): by default 1 in development, and in production the number of CPUs that the container has.', async () => {
  const workers = await enabled.call('workers');
  expect(workers.length).toBeLessThanOrEqual(isLimited ? 1 : os.cpus().length);
  await expect(developed.call('workers')).resolves.toHaveLength(1);
});

test("14.5 `mode` (string, optional): with 'test', you may choose `count` in development, too.", async () => {
  await expect(tested.call('workers')).resolves.toHaveLength(3);
});
