'use strict';
// What a child holds back while a receiver is behind, and what it doesn't.

const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { folder, removeFolders } = require('./support/folder');
const { endAll, startWorker } = require('./support/preloaded');

const script = (source) => path.join(folder({ 'worker.js': source }), 'worker.js');

jest.setTimeout(120_000);
afterEach(endAll);
afterAll(removeFolders);

/** Sends what it is told to, and what the callback gets. */
const obedient = script(`
  process.on('message', ({ send = [], exit }) => {
    const returned = send.map((message) => process.send(message, (error) => error && process.stderr.write(error.code)));
    process.send({ to: 'worker', worker_pid: 1, returned });
    if (exit) process.exit();
  });
  process.send({ to: 'worker', worker_pid: 1, up: true });`);

/** A worker that was asked to hold back what it has for these lanes. */
async function holding(...lanes) {
  const child = startWorker(obedient);
  await child.sends('up');
  for (const lane of lanes) child.tell('pause', { lane });
  return child;
}

const texts = (child) => child.messages.filter(({ text }) => text).map(({ text }) => text);

test.each([
  ['app', {}, { to: 'alone' }],
  ['alone', { to: 'alone' }, { to: 'worker' }],
  ['worker', { to: 'worker' }, { to: 'worker', type: 'all' }],
  ['all', { to: 'worker', type: 'all' }, { to: 'worker', worker_pid: 7 }],
  [7, { to: 'worker', worker_pid: 7 }, { to: 'worker', worker_pid: 8 }],
  [7, { to: 'worker', worker_pid: '7' }, { to: 'worker', worker_pid: '8' }],
  ['fleet-alone', { to: 'alone', scope: 'fleet' }, { to: 'alone' }],
  ['fleet-worker', { to: 'worker', scope: 'fleet' }, { to: 'worker' }],
  ['fleet-all', { to: 'worker', type: 'all', scope: 'fleet' }, { to: 'worker', type: 'all' }],
  ['fleet-one', { to: 'worker', worker_pid: 'b/7', scope: 'fleet' }, { to: 'worker', worker_pid: 7 }],
  [7, { to: 'worker', worker_pid: 7, scope: 'fleet' }, { to: 'worker', worker_pid: 'b/7', scope: 'fleet' }],
  ['app', { to: 'app', scope: 'fleet' }, { to: 'alone', scope: 'fleet' }],
])(
  'what is for the lane %j waits until it may go on, in order; what is for others goes at once',
  async (lane, target, other) => {
    const child = await holding(lane);
    const [one, two] = [
      { ...target, text: 'one' },
      { ...target, text: 'two' },
    ];
    child.send({ send: [one, { ...other, text: 'other' }, two] });
    expect(await child.sends('returned')).toEqual([false, true, false]);
    expect(texts(child)).toEqual(['other']);
    child.tell('resume', { lane });
    child.send({ send: [{ ...target, text: 'three', last: true }] });
    await child.sends('last');
    expect(texts(child)).toEqual(['other', 'one', 'two', 'three']);
  },
);

/** A worker that does this, in which messages to the alone wait, and then says so. */
async function whileAloneWaits(does) {
  const child = startWorker(
    script(`
      process.on('message', ({ send }) => {
        if (!send) return;
        ${does}
        process.send({ to: 'worker', worker_pid: 1, sent: true });
      });
      process.send({ to: 'worker', worker_pid: 1, up: true });`),
  );
  await child.sends('up');
  child.tell('pause', { lane: 'alone' });
  child.send({ send: true });
  await child.sends('sent');
  return child;
}

test('a message that waits arrives as it was when it was sent', async () => {
  const child = await whileAloneWaits(`
    const message = { to: 'alone', list: [1] };
    process.send(message);
    message.list.push(2);`);
  child.tell('resume', { lane: 'alone' });
  expect(await child.sends('list')).toEqual([1]);
});

test('behind a handle that is not acknowledged yet, too; what cannot be written throws at once', async () => {
  const lib = (file) => JSON.stringify(path.join(__dirname, '../../lib', file));
  const child = startWorker(
    script(`
      const { sendmessage } = require(${lib('messages/sendmessage')});
      const message = { to: 'alone', list: [1] };
      const codeOf = (send) => { try { send(); return 'sent'; } catch (error) { return error.name; } };
      const server = require('node:net').createServer().listen({ port: 0, exclusive: true }, () => {
        process.send({ to: 'alone', server: true }, server);
        process.send(message);
        message.list.push(2);
        const big = { to: 'alone', n: 1n };
        const thrown = [codeOf(() => sendmessage(process, big)), codeOf(() => process.send(big))];
        process.send({ to: 'alone', thrown }, () => server.close());
      });`),
  );
  expect(await child.sends('thrown')).toEqual(['TypeError', 'TypeError']);
  expect(child.messages.map(({ list }) => list).filter(Boolean)).toEqual([[1]]);
  expect(child.stderr).toBe('');
});

test('what its toJSON() makes null is sent all the same', async () => {
  const child = await whileAloneWaits(`
    process.send({ to: 'alone' });
    process.send(new Date(NaN));`);
  expect(child.messages.slice(1)).toEqual([null, { to: 'worker', worker_pid: 1, sent: true }]);
});

test.each([
  ['all', {}],
  ['fleet-all', { scope: 'fleet' }],
])(
  'a request to %s has a lane of its own, comes after the messages that wait before it, and lets others pass',
  async (lane, scope) => {
    const to = { to: 'worker', type: 'all', ...scope };
    const request = (id) => ({ cmd: 'NODE_YUNFLY_RPC', act: 'request', id, ...to });
    const order = [];
    const child = await holding(lane, 'each');
    child.onFrame('NODE_YUNFLY_RPC', ({ id }) => order.push(id));
    child.onMessage(({ text }) => text && order.push(text));
    child.send({ send: [{ ...to, text: 'one' }, request(1), { ...to, text: 'two' }] });
    await child.sends('returned');
    child.tell('resume', { lane });
    child.send({ send: [{ ...to, text: 'three' }, request(2), { ...to, text: 'four', last: true }] });
    await child.sends('last');
    expect(order).toEqual(['one', 'two', 'three', 'four']);
    child.tell('resume', { lane: 'each' });
    child.send({ send: [request(3), { to: 'alone', end: true }] });
    await child.sends('end');
    expect(order.slice(4)).toEqual([1, 2, 3]);
  },
);

test('answers to other hosts have one lane, whatever process they are for', async () => {
  const reply = (id, host) => ({ cmd: 'NODE_YUNFLY_RPC', act: 'reply', id, to: 'worker', worker_pid: 7, host });
  const order = [];
  const child = await holding('fleet-one');
  child.onFrame('NODE_YUNFLY_RPC', ({ id }) => order.push(id));
  child.send({ send: [reply(1, 'b'), reply(2), reply(3, 'c')] });
  expect(await child.sends('returned')).toEqual([false, true, false]);
  child.tell('resume', { lane: 'fleet-one' });
  child.send({ send: [{ to: 'alone', last: true }] });
  await child.sends('last');
  expect(order).toEqual([2, 1, 3]);
});

test('what is published waits in one lane with the subscriptions, whatever the topics, and lets messages pass', async () => {
  const topic = (act, name) => ({ cmd: 'NODE_YUNFLY_TOPIC', act, topic: name, to: 'alone' });
  const order = [];
  const child = await holding('topics');
  child.onFrame('NODE_YUNFLY_TOPIC', ({ act, topic: name }) => order.push(`${act} ${name}`));
  child.send({
    send: [topic('subscribe', 'a'), topic('publish', 'a'), { to: 'alone', text: 'other' }, topic('publish', 'b')],
  });
  expect(await child.sends('returned')).toEqual([false, false, true, false]);
  expect([texts(child), order]).toEqual([['other'], []]);
  child.tell('resume', { lane: 'topics' });
  child.send({ send: [topic('unsubscribe', 'a'), { to: 'alone', last: true }] });
  await child.sends('last');
  expect(order).toEqual(['subscribe a', 'publish a', 'publish b', 'unsubscribe a']);
});

test('a request to all does not pass messages to all that wait', async () => {
  const to = { to: 'worker', type: 'all' };
  const order = [];
  const child = await holding('all');
  child.onFrame('NODE_YUNFLY_RPC', ({ id }) => order.push(id));
  child.onMessage(({ text }) => text && order.push(text));
  child.send({
    send: [
      { ...to, text: 'one' },
      { cmd: 'NODE_YUNFLY_RPC', act: 'request', id: 1, ...to },
      { ...to, text: 'two' },
    ],
  });
  await child.sends('returned');
  child.tell('resume', { lane: 'all' });
  child.send({ send: [{ to: 'alone', last: true }] });
  await child.sends('last');
  expect(order).toEqual(['one', 1, 'two']);
});

test('a lane of which much waits leaves the others their turn', async () => {
  const child = await holding('alone', 'app');
  const many = Array.from({ length: 300 }, (_, n) => ({ to: 'alone', text: n }));
  child.send({ send: [...many, { to: 'app', text: 'other' }, { to: 'alone', text: 'end', last: true }] });
  await child.sends('returned');
  child.tell('resume', { lane: 'alone' });
  child.tell('resume', { lane: 'app' });
  await child.sends('last');
  const order = texts(child);
  expect(order.filter((text) => text !== 'other')).toEqual([...many.map(({ text }) => text).filter(Boolean), 'end']);
  expect(order).toContain('other');
  expect(order.indexOf('other')).toBeLessThan(200);
});

test('a request that is given up is not sent any more', async () => {
  const child = await holding('alone');
  const rpc = (act, id) => ({ cmd: 'NODE_YUNFLY_RPC', act, id, ...(act === 'request' && { to: 'alone' }) });
  const frames = [];
  child.onFrame('NODE_YUNFLY_RPC', ({ act, id }) => frames.push([act, id]));
  child.send({ send: [rpc('request', 1), rpc('request', 2), rpc('cancel', 1), rpc('cancel', 3)] });
  expect(await child.sends('returned')).toEqual([false, false, true, true]);
  child.tell('resume', { lane: 'alone' });
  child.send({ send: [{ to: 'alone', last: true }] });
  await child.sends('last');
  expect(frames).toEqual([
    ['cancel', 3],
    ['request', 2],
  ]);
});

test('the callback of a message that waited runs in the context of its send(), as under Node (AsyncLocalStorage)', async () => {
  const child = startWorker(
    script(`
      const { AsyncLocalStorage } = require('async_hooks');
      const place = new AsyncLocalStorage();
      process.once('message', () => {
        const tell = () => process.send({ to: 'worker', place: place.getStore() ?? null });
        place.run('here', () => process.send({ to: 'alone' }, tell));
        process.send({ to: 'worker', sent: true });
      });
      process.send({ to: 'worker', up: true });`),
  );
  await child.sends('up');
  child.tell('pause', { lane: 'alone' });
  child.send({});
  await child.sends('sent');
  child.tell('resume', { lane: 'alone' });
  expect(await child.sends('place')).toBe('here');
});

test('what Node throws for a message that waited is an uncaught exception, and the next one is sent', async () => {
  const child = startWorker(
    script(`
      process.on('uncaughtException', ({ code }) => process.send({ code }));
      process.on('message', () => {
        process.send({ to: 'alone', n: 1 }, 'no handle');
        process.send({ to: 'alone', n: 2 });
        process.send({ to: 'worker', sent: true });
      });
      process.send({ to: 'worker', worker_pid: 1, up: true });`),
  );
  await child.sends('up');
  child.tell('pause', { lane: 'alone' });
  child.send({});
  await child.sends('sent');
  child.tell('resume', { lane: 'alone' });
  expect(await child.sends('n')).toBe(2);
  expect(await child.sends('code')).toBe('ERR_INVALID_HANDLE_TYPE');
});

test('a process that exits first sends what waits', async () => {
  const child = await holding('app');
  child.send({ send: [{ text: 'one' }, { text: 'two' }], exit: true });
  await child.ended;
  expect(texts(child)).toEqual(['one', 'two']);
});

/** This process reads nothing until that one has ended: it is a zombie then, as it is not waited for meanwhile. */
function readNothingUntilEnded({ pid }) {
  execFileSync('sh', ['-c', `while case $(ps -o stat= -p ${pid}) in Z* | '') false ;; esac; do :; done`]);
}

/** A worker that, told so, sends to 'app' what is held back there, 20 times 100,000 bytes, and then does this. */
async function holdingMuch(then, meanwhile = () => {}) {
  const child = startWorker(
    script(`
      const data = 'x'.repeat(100_000);
      process.once('message', () => {
        for (let n = 0; n < 20; n++) process.send({ n, data });
        ${then}
      });
      process.send({ to: 'worker', up: true });`),
  );
  await child.sends('up');
  child.tell('pause', { lane: 'app' });
  child.send({});
  meanwhile(child);
  await child.ended;
  return child;
}

const numbers = (child) => child.messages.filter(({ data }) => data).map(({ n }) => n);
const upTo = (count) => Array.from({ length: count }, (_, n) => n);

test('a process that exits with more than the channel takes logs how much is lost', async () => {
  const child = await holdingMuch('process.exit();', readNothingUntilEnded);
  const [, lost] = child.stderr.match(
    /^unit:worker:3 \(pid \d+\): it ended before (\d+) message\(s\) were sent, whose receivers were behind$/m,
  );
  expect(numbers(child)).toEqual(upTo(20 - Number(lost)));
  expect(Number(lost)).toBeLessThan(20);
});

test('a process that runs out of work first sends all that waits', async () => {
  const child = await holdingMuch('process.channel.unref();');
  expect(numbers(child)).toEqual(upTo(20));
  expect(child.stderr).toBe('');
});

test('a draining process sends all that waits, although it is asked to pause', async () => {
  const child = await holding('app');
  child.send({ send: [{ text: 'one' }] });
  await child.sends('returned');
  child.drain();
  expect(await child.ended).toEqual({ code: 0, signal: null });
  expect(texts(child)).toEqual(['one']);
  expect(child.acts).toEqual(['drained']);
});

test('where the channel is closed callbacks get the error, and a warning tells how many are lost', async () => {
  const child = await holding('app');
  child.send({ send: [{ text: 'one' }, { text: 'two' }] });
  await child.sends('returned');
  child.disconnect();
  await child.ended;
  expect(child.stderr.match(/ERR_IPC_CHANNEL_CLOSED/g)).toHaveLength(2);
  expect(child.stderr).toContain('CLUSTER_CHANNEL_CLOSED');
});

test('more than the channel takes at once: everything arrives in order, and what Node says itself is in between', async () => {
  const child = startWorker(
    script(`
      const http = require('http');
      process.on('message', () => {
        const data = 'x'.repeat(10_000);
        for (let n = 0; n < 500; n++) process.send({ to: 'alone', n, data });
        http.createServer().listen(0);
        process.send({ to: 'alone', n: 500, last: true });
      });
      process.send({ to: 'worker', worker_pid: 1, up: true });`),
  );
  await child.sends('up');
  let atListening;
  child.worker.on('listening', () => {
    atListening = child.messages.length;
  });
  child.send({});
  await child.sends('last');
  expect(child.messages.slice(1).map(({ n }) => n)).toEqual(Array.from({ length: 501 }, (_, n) => n));
  expect(atListening).toBeLessThan(400);
});
