'use strict';
// `serialization: 'advanced'` over the real channels of real workers.

const path = require('node:path');
const { codecs, wrap, unwrap } = require('../../lib/messages/serialization');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startAlone, startWorker } = require('./support/preloaded');

const CMD = 'NODE_YUNFLY_ADV';
const script = path.join(__dirname, 'fixtures/advanced.js');
const boot = { serialization: 'advanced', ready: 'online' };

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

async function start(fields) {
  const child = startWorker(script, { boot: { ...boot, ...fields } });
  await child.sends('started');
  return child;
}

const frame = (message) => JSON.parse(codecs.advanced.write(message));

test("from one worker to another: everything as with Node's own advanced serialization", async () => {
  const [sender, receiver] = await Promise.all([start(), start()]);
  sender.onFrame(CMD, (passed) => receiver.send(passed));
  receiver.send(frame({ order: 'compare' }));
  sender.send(frame({ order: 'send' }));
  const { count, differing } = await receiver.sends('compared');
  expect(differing).toEqual([]);
  expect(count).toBe(Object.keys(require('../fixtures/values').values()).length);
});

test('what cannot be cloned is refused with the error that Node has for it', async () => {
  const child = await start();
  child.send(frame({ order: 'function' }));
  expect(await child.sends('refused')).toEqual({ name: 'Error', message: '() => {} could not be cloned.' });
});

test.each([
  ['message', 1],
  ['online', 0],
])("ready: '%s': whether the master must read a 'ready'", async (ready, asText) => {
  const child = startWorker(script, { boot: { ...boot, ready } });
  const texts = [];
  child.worker.process.on('internalMessage', (received) => {
    if (received.cmd === CMD) texts.push(unwrap(received));
  });
  await child.sends('started');
  expect(child.messages.filter((message) => message === 'ready')).toHaveLength(1);
  expect(texts.filter((message) => message === 'ready')).toHaveLength(1 - asText);
});

test('messages that come before anybody listens wait, in order', async () => {
  const files = folder({
    'alone.js': `
      let count = 0;
      process.on('internalMessage', function wait({ cmd }) {
        if (cmd !== '${CMD}' || ++count < 3) return;
        process.off('internalMessage', wait);
        setImmediate(() => {
          const received = [];
          process.on('message', (message) => {
            received.push(message.i);
            if (message.i === 2) throw new Error('by a listener');
            if (received.length === 4) process.send({ received });
          });
          process.send({ listening: true });
        });
      });
      process.send({ started: true });`,
  });
  const child = startAlone(path.join(files, 'alone.js'), {}, boot);
  await child.sends('started');
  await child.tells('loaded');
  for (const i of [1, 2, 3]) child.send(frame({ i }));
  await child.sends('listening');
  child.send(frame({ i: 4 }));
  expect(await child.sends('received')).toEqual([1, 2, 3, 4]);
});

test('a frame that cannot be read is a warning', async () => {
  const child = await start();
  child.send({ cmd: CMD, v8: Buffer.from('garbage').toString('base64') });
  child.drain();
  expect((await child.ended).code).toBe(0);
  expect(child.stderr).toMatch(/\[CLUSTER_MESSAGE_INVALID\] ClusterWarning: A message could not be read/);
});

describe('the frame', () => {
  const { v8, ...fields } = wrap({ to: 'worker', type: 'all', worker_pid: 7, action: 'x', data: new Map([[1, 2]]) });

  test('repeats what the master looks at', () => {
    expect(fields).toEqual({ cmd: CMD, to: 'worker', type: 'all', worker_pid: 7 });
    expect(v8).toEqual(expect.any(String));
  });

  test.each([
    ['no text', { to: 5n, type: new Set() }, {}],
    ['a pid as a text', { to: 'worker', worker_pid: '7' }, { to: 'worker', worker_pid: '7' }],
    ['a pid that is none', { to: 'worker', worker_pid: {} }, { to: 'worker', worker_pid: 0 }],
    ['a pid that was left out', { to: 'worker', worker_pid: null }, { to: 'worker' }],
    ['no object', 'text', {}],
    ['nothing', null, {}],
    ['a map', new Map([['to', 'alone']]), {}],
  ])('%s', (_what, message, expected) => {
    expect(JSON.parse(JSON.stringify({ ...wrap(message), v8: undefined }))).toEqual({ cmd: CMD, ...expected });
  });

  test("Node's own messages stay as they are, and what Node refuses", () => {
    const internal = { cmd: 'NODE_CLUSTER', act: 'online' };
    expect(wrap(internal)).toBe(internal);
    expect(wrap(undefined)).toBe(undefined);
    expect(wrap(5n)).toBe(5n);
  });
});

describe.each(['json', 'advanced'])("the app's side (%s)", (serialization) => {
  const { read, write } = codecs[serialization];

  test.each([[{ a: [1, 'x', null] }], ['text'], [7], [false], [null]])('%j arrives', (message) => {
    expect(read(write(message))).toEqual(message);
  });

  test.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a symbol', Symbol('x')],
    ['a BigInt', 5n],
  ])('%s is refused', (_what, message) => {
    expect(() => write(message)).toThrow(
      expect.objectContaining({ name: 'ClusterError', code: 'ERR_MESSAGE_INVALID' }),
    );
  });
});

test('what each of them refuses inside a message', () => {
  const refused = expect.objectContaining({ code: 'ERR_MESSAGE_INVALID', cause: expect.anything() });
  const circle = {};
  circle.self = circle;
  expect(() => codecs.json.write(circle)).toThrow(refused);
  expect(() => codecs.json.write({ big: 5n })).toThrow(refused);
  expect(() => codecs.advanced.write({ bad: () => {} })).toThrow(refused);
});

test('what came as JSON is read as JSON', () => {
  expect(codecs.advanced.read('{"from":"app","action":"random-worker"}')).toEqual({
    from: 'app',
    action: 'random-worker',
  });
});
