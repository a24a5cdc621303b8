'use strict';
// Who started the app is told of its cluster: by a file with its pid, and by PM2's messages.

const fs = require('node:fs');
const path = require('node:path');
const { test } = require('../support/at-once');
const { launch, start } = require('../support/cluster');
const { folder, script } = require('../support/files');
const { root } = require('../support/project');

const withParent = { stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'ipc'] };

/** An app with a parent, and what this hears. */
function launchWithParent(config) {
  const app = launch({ count: 1, ...config }, withParent);
  const messages = [];
  app.process.on('message', (message) => messages.push(message));
  return { app, messages };
}

test("a parent hears 'ready', and by its 'shutdown' the app ends as by SIGTERM; its pid file is there meanwhile", async () => {
  const file = path.join(folder(), 'app.pid');
  const { app, messages } = launchWithParent({ notifyParent: true, pidFile: file });
  await app.event('started');
  expect(fs.readFileSync(file, 'utf8')).toBe(`${app.pid}\n`);
  app.process.send('else');
  app.process.send('shutdown');
  const [worker] = await app.event('exit');
  expect(worker.exitReason).toBe('shutdown');
  await expect(app.exited).resolves.toEqual({ code: 0, signal: null });
  expect(messages).toEqual(['ready']);
  expect(fs.existsSync(file)).toBe(false);
});

test('a cluster that is closed leaves the channel to the parent: the app may end', async () => {
  const { app, messages } = launchWithParent({ notifyParent: true });
  await app.event('started');
  await app.call('close');
  app.process.stdin.end();
  await app.gone;
  expect(messages).toEqual(['ready']);
});

test("what the parent says before the app listens waits for that, as Node keeps it; but not 'shutdown'", async () => {
  const echo = script(`
    const { startCluster } = require(${JSON.stringify(root)});
    const { config } = JSON.parse(process.argv[2]);
    startCluster(config).then(() => process.on('message', (message) => process.send({ heard: message })));`);
  const app = launch({ count: 1, notifyParent: true }, { ...withParent, script: echo });
  app.process.send('one');
  app.process.send('two');
  const messages = [];
  await new Promise((resolve) => app.process.on('message', (message) => messages.push(message) === 3 && resolve()));
  expect(messages).toEqual(['ready', { heard: 'one' }, { heard: 'two' }]);
  app.process.send('shutdown');
  await expect(app.exited).resolves.toEqual({ code: 0, signal: null });
});

test('without notifyParent nobody is told, and without a parent it has no effect', async () => {
  const { app, messages } = launchWithParent({});
  await app.event('started');
  app.process.send('shutdown');
  const alone = await start({ count: 1, notifyParent: true });
  expect(alone.output).toBe('');
  await app.call('close');
  expect(app.events('exit').map(([{ exitReason }]) => exitReason)).toEqual(['shutdown']);
  expect(messages).toEqual([]);
});

test('a pid file that another cluster holds: nothing is started, and the start fails', async () => {
  const file = path.join(folder(), 'app.pid');
  const first = await start({ count: 1, pidFile: file });
  const second = launch({ count: 1, pidFile: file });
  const [error] = await second.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_PID_FILE_IN_USE', message: expect.stringContaining(String(first.pid)) });
  expect(second.events('fork')).toEqual([]);
  await second.stop();
  expect(fs.readFileSync(file, 'utf8')).toBe(`${first.pid}\n`);
});
