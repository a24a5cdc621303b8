'use strict';
// cluster.randomWorker() with `scope: 'fleet'`, over the channel of a real worker: what it gets, and what the app is told of it.

const path = require('node:path');
const { RequestEndpoint } = require('../../lib/messages/request');
const { codecs } = require('../../lib/messages/serialization');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startWorker } = require('./support/preloaded');

const CMD = 'NODE_YUNFLY_RPC';

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

const SCRIPT = `
  const cluster = require('cluster');
  process.on('message', (message) => process.send({ ofProcess: message }));
  setTimeout(() => cluster.worker.on('message', (message) => process.send({ ofWorker: message })), 50);
  process.send({ started: true });`;

/** This process takes the places of the app and of the masters of both hosts. */
async function start(boot) {
  const child = startWorker(path.join(folder({ 'app.js': SCRIPT }), 'app.js'), { boot: { ready: 'online', ...boot } });
  await child.sends('started');
  const link = {
    role: 'app',
    hasFleet: true,
    unreachable: () => undefined,
    send: (frame) => child.send(frame),
  };
  const app = new RequestEndpoint(link, codecs[boot.serialization ?? 'json']);
  child.onFrame(CMD, (frame) => app.receive({ ...frame, host: 'b' }));
  return { child, app };
}

test.each([
  ['worker', 'json'],
  ['process', 'json'],
  ['worker', 'advanced'],
])("randomWorker: '%s' (%s): where it arrives, and who has it", async (randomWorker, serialization) => {
  const { child, app } = await start({ hasFleet: true, randomWorker, serialization });
  const chosen = await app.randomWorker({ data: new Date(0), action: 'own' });
  expect(chosen).toEqual({ host: 'b', pid: child.pid });
  const message = {
    from: 'app',
    to: 'worker',
    action: 'own',
    // JSON, in both modes.
    data: '1970-01-01T00:00:00.000Z',
    worker_id: child.worker.id,
    worker_pid: child.pid,
  };
  if (randomWorker === 'process') expect(await child.sends('ofProcess')).toEqual(message);
  else expect(await child.sends('ofWorker')).toEqual(message);
  expect(child.messages.some((each) => 'ofProcess' in each)).toBe(randomWorker === 'process');
});

test('without a fleet nobody answers it', async () => {
  const { app } = await start({});
  await expect(app.randomWorker()).rejects.toMatchObject({ code: 'ERR_NO_HANDLER' });
});
