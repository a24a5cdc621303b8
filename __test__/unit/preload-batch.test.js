'use strict';
// What sendmessage() and the like write together, and that nothing of it is lost or comes out of turn.

const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startWorker } = require('./support/preloaded');

const lib = path.join(__dirname, '../../lib');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

/** A worker that runs this when it is told to. `writes()`: how often it wrote to its channel. */
function worker(source, options) {
  const text = `
    const { sendmessage } = require(${JSON.stringify(path.join(lib, 'messages/sendmessage'))});
    const { handle } = require(${JSON.stringify(path.join(lib, 'preload/node-channel'))});
    const write = handle.writeUtf8String;
    let count = 0;
    let isFailing = false;
    handle.writeUtf8String = function (...args) {
      if (isFailing) {
        isFailing = false;
        throw new Error('on purpose');
      }
      count += 1;
      return Reflect.apply(write, this, args);
    };
    const writes = () => count;
    const send = (n, more) => sendmessage(process, { to: 'alone', n, ...more });
    const sendAll = (from, to) => { for (let n = from; n < to; n++) send(n); };
    const wait = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    process.once('message', () => { ${source} });
    process.send({ to: 'alone', up: true });`;
  return startWorker(path.join(folder({ 'worker.js': text }), 'worker.js'), options);
}

async function started(source, options) {
  const child = worker(source, options);
  await child.sends('up');
  child.send({});
  return child;
}

const numbers = (child) => child.messages.filter(({ n }) => n !== undefined).map(({ n }) => n);
const upTo = (count) => Array.from({ length: count }, (_, n) => n);

test('what is sent in one turn is written together, and arrives in order', async () => {
  const child = await started(`
    const before = writes();
    sendAll(0, 1000);
    setImmediate(() => process.send({ last: writes() - before }));`);
  expect(await child.sends('last')).toBeLessThan(500);
  expect(numbers(child)).toEqual(upTo(1000));
});

test('process.send() comes after what was sent before it', async () => {
  const child = await started(`
    for (let n = 0; n < 100; n += 2) {
      send(n);
      process.send({ to: 'alone', n: n + 1 });
    }
    process.send({ last: true });`);
  await child.sends('last');
  expect(numbers(child)).toEqual(upTo(100));
});

test('a turn that takes long holds back nothing that is sent now and then', async () => {
  const child = await started(`
    for (let n = 0; n < 3; n++) {
      send(n);
      wait(20);
    }
    sendmessage(process, { last: true });
    for (;;);`);
  await child.sends('last');
  expect(numbers(child)).toEqual(upTo(3));
});

test('the first ones are out although the process does nothing else any more', async () => {
  const child = await started(
    "sendAll(0, 7); sendmessage(process, { last: true }); process.kill(process.pid, 'SIGKILL');",
  );
  await child.ended;
  expect(numbers(child)).toEqual(upTo(7));
  expect(await child.sends('last')).toBe(true);
});

test.each([
  ['process.exit()', 'sendAll(0, 100); process.exit();'],
  ["'exit'", "process.on('exit', () => sendAll(0, 100)); process.exit();"],
  ["'exit', after others", "sendAll(0, 50); process.on('exit', () => sendAll(50, 100)); process.exit();"],
  ["an 'exit' listener that exits", "process.on('exit', () => process.exit()); sendAll(0, 100); process.exit();"],
  ['process.disconnect()', 'sendAll(0, 100); process.disconnect();'],
  ['an uncaught exception', "sendAll(0, 100); throw new Error('on purpose');"],
])('nothing is lost by %s', async (_name, source) => {
  const child = await started(source);
  await child.ended;
  // Few enough for the system to take them all: what Node would write later, an exit takes away.
  expect(numbers(child)).toEqual(upTo(100));
});

test('large messages do not wait, and come in order', async () => {
  const child = await started(`
    sendAll(0, 10);
    send(10, { text: 'x'.repeat(2 ** 20) });
    sendAll(11, 20);
    sendmessage(process, { last: true });`);
  await child.sends('last');
  expect(numbers(child)).toEqual(upTo(20));
});

test('what cannot be sent is an error where it is sent', async () => {
  const child = await started(`
    const circular = {};
    circular.circular = circular;
    const codes = [circular, 5n, undefined, () => {}].map((message) => {
      send(0);
      try {
        sendmessage(process, message);
      } catch (error) {
        return error.code ?? error.name;
      }
    });
    process.send({ codes });`);
  expect(await child.sends('codes')).toEqual([
    'TypeError',
    'ERR_INVALID_ARG_TYPE',
    'ERR_MISSING_ARGS',
    'ERR_INVALID_ARG_TYPE',
  ]);
});

test('a receiver that is behind holds back what is for it', async () => {
  const child = worker(`
    sendAll(0, 10);
    sendmessage(process, { to: 'worker', n: 'other' });
    const returned = send(10);
    process.on('message', () => sendmessage(process, { to: 'alone', last: true }));
    sendmessage(process, { to: 'worker', returned });`);
  await child.sends('up');
  child.tell('pause', { lane: 'alone' });
  child.send({});
  expect(await child.sends('returned')).toBe(false);
  expect(numbers(child)).toEqual(['other']);
  child.tell('resume', { lane: 'alone' });
  child.send({});
  await child.sends('last');
  expect(numbers(child)).toEqual(['other', ...upTo(11)]);
});

test('nothing is lost where the channel is closed while a receiver is behind', async () => {
  const child = worker(`
    for (let n = 0; n < 100; n++) (n % 3 === 0 ? (message) => process.send(message) : (message) => sendmessage(process, message))({ to: 'alone', n });
    process.send({ to: 'worker', sent: true });
    process.disconnect();`);
  await child.sends('up');
  child.tell('pause', { lane: 'alone' });
  child.send({});
  await child.ended;
  expect(numbers(child)).toEqual(upTo(100));
  expect(child.stderr).toBe('');
});

test('a wrapper of process.send() that the app puts there gets each message, as any caller gives it', async () => {
  const child = await started(`
    const original = process.send;
    process.send = (message, handle = null, callback = null) => {
      const counted = Object.assign({ arguments: [handle, callback].filter(Boolean).length }, message);
      return original.call(process, counted, handle, undefined, callback);
    };
    sendAll(0, 100);
    process.send({ last: true });`);
  await child.sends('last');
  expect(child.messages.filter(({ n }) => n >= 0)).toEqual(upTo(100).map((n) => ({ arguments: 0, to: 'alone', n })));
});

test('so does one that was there before this package', async () => {
  const wrapper = folder({
    'wrapper.js': `
      const { send } = process;
      process.send = function (message, ...rest) {
        return Reflect.apply(send, this, [{ ...message, isSeen: true }, ...rest]);
      };`,
  });
  const child = await started('sendAll(0, 100); sendmessage(process, { last: true });', {
    env: { NODE_OPTIONS: `--require ${path.join(wrapper, 'wrapper.js')}` },
  });
  await child.sends('last');
  expect(child.messages.filter(({ n }) => n >= 0)).toEqual(upTo(100).map((n) => ({ to: 'alone', n, isSeen: true })));
});

test('a throw in the middle of a write loses and repeats nothing', async () => {
  const child = await started(`
    sendAll(0, 20);
    isFailing = true;
    let caught;
    try {
      process.send({ to: 'alone', n: 'lost' });
    } catch ({ message }) {
      caught = message;
    }
    sendAll(20, 40);
    process.send({ caught });`);
  expect(await child.sends('caught')).toBe('on purpose');
  expect(numbers(child)).toEqual(upTo(40));
});

test('a Node that writes in another way gets each message by itself', async () => {
  const child = await started(`
    sendAll(0, 10);
    // What the batch put there.
    delete handle.writeUtf8String;
    sendAll(10, 20);
    process.nextTick(() => {
      sendAll(20, 30);
      process.send({ last: true });
    });`);
  await child.sends('last');
  expect(numbers(child)).toEqual(upTo(30));
});
