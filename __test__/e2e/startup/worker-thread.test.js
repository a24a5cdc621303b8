'use strict';
// A cluster that is started by a worker thread (node:worker_threads): it ends with that thread, not only with the process.

const { start, fixture } = require('../support/cluster');
const { request } = require('../support/client');
const { until } = require('../support/until');

const startInThread = (config) => start(config, { script: fixture('thread-app.js') });

test.each(['terminate', 'exitThread'])(
  '%s: requests under way are answered, the processes end, and the app goes on',
  async (action) => {
    const app = await startInThread({ count: 2, alone: fixture('alone/reporting.js') });
    expect(app.processes()).toHaveLength(4);
    const slow = request(await app.port(), '/slow?ms=700');
    await app.report('slow');
    await app.call(action);
    await app.event('threadExit');
    await expect(slow).resolves.toMatchObject({ status: 200 });
    await until(() => app.processes().length === 1);
    expect(app.processes()[0].pid).toBe(app.pid);
    await expect(app.call('alive')).resolves.toBe(true);
  },
);

test('a stuck one does not keep the others, and is killed in time', async () => {
  const app = await startInThread({ count: 2, killTimeout: 1000 });
  const [[{ pid }]] = app.events('listening');
  process.kill(pid, 'SIGSTOP');
  await app.call('terminate');
  await until(() => app.processes().length === 1);
  await expect(app.call('alive')).resolves.toBe(true);
});
