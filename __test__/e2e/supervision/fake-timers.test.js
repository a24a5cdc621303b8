'use strict';
// The app's clock is a test's own: what goes on between processes doesn't stand still with it.

const path = require('node:path');
const { launch, runtime } = require('../support/cluster');
const { scripts } = require('../support/files');

const root = JSON.stringify(path.join(__dirname, '../../..'));
const fakeTimers = JSON.stringify(require.resolve('@sinonjs/fake-timers'));

const FAKED = [
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'nextTick',
  'queueMicrotask',
  'hrtime',
  'performance',
  'Date',
];

const worker = `
  const { onRequest } = require(${root});
  onRequest('twice', (n) => n * 2);
  process.on('message', ({ action }) => action === 'greet' && process.send({ to: 'app', action: 'greeted' }));
  require('node:http').createServer().listen(0);`;

const life = `
  const { EventEmitter, once } = require('node:events');
  module.exports = async ({ createCluster, sendmessage }) => {
    const cluster = createCluster({ exec: 'worker.js', cwd: __dirname, mode: 'production', alone: false, count: 2, minUptime: 0, title: 'faked' });
    await cluster.start();
    const answer = await cluster.request({ to: 'worker', action: 'twice', data: 21 });
    const greeted = once(cluster, 'message');
    cluster.sendmessage({ to: 'worker', type: 'worker', action: 'greet' });
    const [, { action }] = await greeted;
    const { ok } = await cluster.reload();
    const late = await cluster.request({ to: 'worker', action: 'unknown' }).catch(({ code }) => code);
    await cluster.close();
    const lost = once(cluster, 'undeliverable');
    cluster.sendmessage({ to: 'worker' });
    await lost;
    const itself = new EventEmitter();
    const own = once(itself, 'message');
    sendmessage(itself, 'to itself');
    const [toItself] = await own;
    return { answer, action, ok, late, toItself };
  };`;

const expected = { answer: 42, action: 'greeted', ok: true, late: 'ERR_NO_HANDLER', toItself: 'to itself' };

const install = `require(${fakeTimers}).install({ toFake: ${JSON.stringify(FAKED)} });`;
const load = `const cluster = require(${root});`;

test.each([
  ['before', install + load],
  ['after', load + install],
])('@sinonjs/fake-timers, put in place %s the package is loaded', async (_name, beginning) => {
  const finish =
    "require('./life')(cluster).then((result) => require('node:fs').writeSync(1, JSON.stringify(result)));";
  const folder = scripts({ 'start.js': beginning + finish, 'life.js': life, 'worker.js': worker });
  const app = launch({}, { commandLine: [runtime, path.join(folder, 'start.js')] });
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(JSON.parse(app.output)).toEqual(expected);
});

test('jest.useFakeTimers()', async () => {
  const check = `expect(await require('./life')(cluster)).toEqual(${JSON.stringify(expected)})`;
  const folder = scripts({
    'before.test.js': `jest.useFakeTimers(); ${load} test('it lives', async () => { ${check}; }, 30_000);`,
    'after.test.js': `${load} test('it lives', async () => { jest.useFakeTimers(); ${check}; }, 30_000);`,
    'life.js': life,
    'worker.js': worker,
  });
  const config = JSON.stringify({ rootDir: folder, transform: {}, testEnvironment: 'node' });
  const jest = [runtime, require.resolve('jest/bin/jest'), '--config', config, '--runInBand'];
  const app = launch({}, { cwd: folder, commandLine: jest });
  await expect(app.gone).resolves.toEqual({ code: 0, signal: null });
  expect(app.output).toContain('Tests:       2 passed, 2 total');
});
