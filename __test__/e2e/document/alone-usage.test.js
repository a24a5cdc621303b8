'use strict';
// Section 5 of yunfly's document (README.md here): how the alone is used.

const fs = require('node:fs');
const path = require('node:path');
const { launch, start, fixture } = require('../support/cluster');
const { requests } = require('../support/client');
const { compiled } = require('../support/document');
const { scripts } = require('../support/files');
const { firstOf } = require('../support/position');
const { shared } = require('../support/shared');

const report = JSON.stringify(fixture('report.js'));

/** Takes its time to be ready, and does what it is told. */
const assistant = `
  const fs = require('node:fs');
  const report = require(${report});
  const orders = {
    throw: () => setImmediate(() => { throw new RangeError('not caught'); }),
    blockUntil({ file }) {
      report('blocking');
      while (!fs.existsSync(file));
      report('blocked');
    },
    ping: () => report('pong'),
  };
  module.exports = async function (config) {
    process.on('message', (message) => orders[message.action]?.(message));
    await new Promise((resolve) => setTimeout(resolve, 200));
    report('initialized', { title: config.title });
  };`;

/** A project as the document has it: what it runs in the alone is in src/alone, which nobody has to name. */
function project() {
  const made = scripts({
    'app.js': `require(${report})('worker', {}); require('${fixture('workers/reporting.js')}');`,
  });
  const add = (name, source) => fs.writeFileSync(path.join(made, 'src/alone', name), source);
  fs.mkdirSync(path.join(made, 'src/alone'), { recursive: true });
  add('setInterval.js', compiled('set-interval'));
  add('assistant.js', assistant);
  add('another.js', `exports.default = (config) => require(${report})('another', { title: config.title });`);
  return made;
}

let app, cwd;

beforeAll(async () => {
  cwd = await shared(project);
  // Without `alone`: it is found. In production that is the built folder, build/alone or dist/alone.
  const config = { mode: 'development', watch: false, exec: './app.js', alone: undefined, title: 'shop' };
  app = await shared(() => start(config, { cwd }));
});

const tell = (action, details) => app.call('sendmessage', { to: 'alone', action, ...details });
const alonePid = async () => (await app.call('alone')).pid;

test('5.1 Create a folder `alone` in `src`.', async () => {
  await expect(app.call('alone')).resolves.toMatchObject({ state: 'ready' });
});

test('5.2 Every file that you add to `src/alone` runs in the alone.', async () => {
  const pid = await alonePid();
  for (const kind of ['initialized', 'another']) expect(await app.reported(kind, 1)).toMatchObject([{ pid }]);
});

test('5.4 The folder may hold several files, each with its own task.', async () => {
  expect(await app.reported('initialized', 1)).toMatchObject([{ title: 'shop' }]);
  expect(await app.reported('another', 1)).toMatchObject([{ title: 'shop' }]);
});

test('5.5 Each file must export a function.', async () => {
  const alone = scripts({ 'good.js': 'module.exports = () => {};', 'constant.js': 'module.exports = 42;' });
  const failing = launch({ alone, count: 1 });
  const [error] = await failing.event('rejected');
  expect(error).toMatchObject({ code: 'ERR_START_FAILED', cause: { message: expect.stringContaining('constant.js') } });
  await expect(failing.gone).resolves.toEqual({ code: 1, signal: null });
});

test('5.6 Workers depend on the alone, so they are forked only after it has been initialized.', async () => {
  await app.report('worker');
  const kinds = app.events('report').map(([{ kind }]) => kind);
  expect(firstOf(kinds, 'initialized')).toBeLessThan(firstOf(kinds, 'worker'));
  expect(firstOf(app.eventNames(), 'aloneReady')).toBeLessThan(firstOf(app.eventNames(), 'fork'));
});

test('5.7 The alone assists the workers, but business work is not for it, or it would be worn out.', async () => {
  // While it is busy, it does nothing else; the workers do not depend on it.
  const file = path.join(cwd, 'enough');
  await tell('blockUntil', { file });
  await app.report('blocking');
  await tell('ping');
  const answers = await requests(await app.port(), 20, 4);
  expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect(app.reports('pong')).toEqual([]);
  fs.writeFileSync(file, '');
  await app.report('pong');
});

test('5.8 Because of its special role, the alone must be relatively stable.', async () => {
  const pid = await alonePid();
  await app.call('reload');
  await app.event('exit');
  expect(await alonePid()).toBe(pid);
  expect(app.events('aloneExit')).toEqual([]);
});

test('5.9 After an uncaught exception, the alone does not exit and restart as a worker does.', async () => {
  const pid = await alonePid();
  const answered = app.reports('pong').length;
  await tell('throw');
  await app.event('aloneError');
  await tell('ping');
  const pongs = await app.reported('pong', answered + 1);
  expect(pongs.at(-1).pid).toBe(pid);
  expect(app.events('aloneExit')).toEqual([]);

  const [worker] = await app.workers();
  await app.control(worker, 'throw', { message: 'thrown on purpose' });
  const [, code] = await app.event('unexpectedExit', ({ id }) => id === worker.id);
  expect(code).toBe(1);
});

test('5.10 Instead, the exception is logged and reported, for a human to act on.', async () => {
  const pid = await alonePid();
  const [alone, error] = await app.event('aloneError');
  expect(alone.pid).toBe(pid);
  expect(error).toMatchObject({ name: 'RangeError', message: 'not caught' });
  await app.event('output', (line) => line === `shop:alone (pid ${pid}): uncaught exception`);
  await app.event('output', (line) => line === 'RangeError: not caught');
});

// Last: its first line comes after 3 s.
test('5.3 Example: a timer in the alone.', async () => {
  await app.event('output', (line) => line === 'console alone worker msg: 0');
});
