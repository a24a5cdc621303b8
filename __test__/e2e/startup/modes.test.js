'use strict';

const { start } = require('../support/cluster');

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

test('NODE_ENV=test: development', async () => {
  const app = await start({ mode: undefined, count: undefined }, { env: { NODE_ENV: 'test' } });
  await expect(app.workers()).resolves.toHaveLength(1);
});

test('NODE_ENV unset: development, and one line says so', async () => {
  const app = await start({ mode: undefined }, { env: { NODE_ENV: undefined } });
  await expect(app.workers()).resolves.toHaveLength(1);
  await app.wrote(/NODE_ENV.*development|development.*NODE_ENV/);
});

test("count: 'auto' is what this process may use", async () => {
  const app = await start({ count: 'auto' });
  const workers = await app.workers();
  expect(workers.length).toBeGreaterThanOrEqual(1);
  expect(workers.length).toBeLessThanOrEqual(require('node:os').cpus().length);
});
