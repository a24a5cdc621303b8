'use strict';
// getAloneClient() and getWorkerClient() in the processes of a cluster.

const { launch, fixture } = require('../support/cluster');
const { script } = require('../support/files');
const { freePort } = require('../support/free-port');

const head = `
  const { getAloneClient, getWorkerClient } = require(${JSON.stringify(fixture('../..'))});
  const report = require(${JSON.stringify(fixture('report.js'))});`;

test.each(['json', 'advanced'])('alone and workers publish and subscribe: %s', async (serialization) => {
  const port = await freePort();
  const alone = script(`${head}
    const client = getAloneClient();
    client.publish({ key: 'settings', value: { from: 'alone' } });
    client.subscribe({ key: 'worker-to-alone' }, (value) => {
      report('asked', { value });
      client.publish({ key: 'alone-to-worker', value: \`for \${value}\` });
    });`);
  const exec = script(`${head}
    const client = getWorkerClient();
    client.subscribe({ key: 'settings' }, (value) => report('settings', { value }));
    client.subscribe({ key: 'alone-to-worker' }, (value) => report('answered', { value }));
    process.on('message', ({ action }) => {
      if (action === 'ask') client.publish({ key: 'worker-to-alone', value: process.pid });
      if (action === 'close') client.close().then(() => report('closed'));
    });
    require('node:http').createServer().listen(${port});`);
  const app = launch(
    { exec, alone, port, count: 2, serialization, mode: undefined },
    { script: fixture('yunfly-app.js'), env: { NODE_ENV: 'production', LANG: 'C' } },
  );
  const [, pids] = await app.event('started');
  // What was published before there was a worker.
  expect((await app.reported('settings', 2)).map(({ value }) => value)).toEqual([{ from: 'alone' }, { from: 'alone' }]);
  // The app's own is there as well, from before the start.
  await app.event('early', (value) => value.from === 'alone');

  await app.call('sendmessage', { to: 'worker', worker_pid: pids[0], action: 'ask' });
  expect((await app.report('asked')).value).toBe(pids[0]);
  const answered = await app.reported('answered', 2);
  expect(answered.map(({ pid }) => pid).sort()).toEqual([...pids].sort());
  expect(answered[0].value).toBe(`for ${pids[0]}`);

  // One that has closed its client hears nothing more, and the next one gets the last value.
  await app.call('sendmessage', { to: 'worker', worker_pid: pids[0], action: 'close' });
  await app.report('closed');
  process.kill(pids[1], 'SIGKILL');
  const [later] = await app.event('workerReady', (pid) => !pids.includes(pid));
  await app.report('answered', ({ pid }) => pid === later);
  await app.call('sendmessage', { to: 'worker', worker_pid: later, action: 'ask' });
  await app.report('answered', ({ pid, value }) => pid === later && value === `for ${later}`);
  expect(app.reports('answered').filter(({ pid }) => pid === pids[0]).length).toBe(1);
});
