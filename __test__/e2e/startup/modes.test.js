'use strict';

const { test } = require('../support/at-once');
const { launch, start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { script } = require('../support/files');

test('development: one worker whatever count says, and no refork after a crash', async () => {
  const app = await start({ mode: 'development', count: 4 });
  const [worker, ...others] = await app.workers();
  expect(others).toEqual([]);
  process.kill(worker.pid, 'SIGKILL');
  await app.event('unexpectedExit');
  await app.call('close');
  expect(app.events('fork')).toHaveLength(1);
});

test('development: refork: true is ignored, with a warning', async () => {
  const app = await start({ mode: 'development', refork: true });
  const [warning] = await app.event('warning');
  expect(warning.message).toContain('refork');
  const [worker] = await app.workers();
  process.kill(worker.pid, 'SIGKILL');
  await app.event('unexpectedExit');
  await app.call('close');
  expect(app.events('fork')).toHaveLength(1);
});

test.each([
  ['production', 4],
  ['development', 1],
  ['test', 1],
])('NODE_ENV=%s: %i workers by default', async (NODE_ENV, count) => {
  const app = await start({ mode: undefined, count: undefined }, { env: { NODE_ENV } });
  await expect(app.workers()).resolves.toHaveLength(count);
});

test('NODE_ENV unset: development, and one line says so', async () => {
  const app = await start({ mode: undefined }, { env: { NODE_ENV: undefined } });
  await expect(app.workers()).resolves.toHaveLength(1);
  expect(app.output).toMatch(/NODE_ENV.*development|development.*NODE_ENV/);
});

test("count: 'auto' is what this process may use", async () => {
  const app = await start({ count: 'auto' });
  const workers = await app.workers();
  expect(workers.length).toBeGreaterThanOrEqual(1);
  expect(workers.length).toBeLessThanOrEqual(require('node:os').cpus().length);
});

test('enable: false loads exec in the app itself', async () => {
  const report = JSON.stringify(fixture('report.js'));
  const exec = script(`
    const { isPrimary } = require('node:cluster');
    const server = require('node:http').createServer((_request, response) => response.end('alone in the world'));
    server.listen(0, () => {
      require(${report})('inApp', { isPrimary, port: server.address().port });
      setTimeout(() => server.close(), 500);
    });
  `);
  const app = launch({ enable: false, exec });
  const { pid, isPrimary, port } = await app.report('inApp');
  expect([pid, isPrimary]).toEqual([app.pid, true]);
  await expect(request(port)).resolves.toMatchObject({ text: 'alone in the world' });
  expect(app.processes()).toHaveLength(1);
  expect(app.events('fork')).toEqual([]);
});
