'use strict';
// The same cases with every version of npm's package and with ours: they are to do the same.

const { execFileSync, fork } = require('node:child_process');
const { EventEmitter, once } = require('node:events');
const path = require('node:path');
const { Worker } = require('node:worker_threads');

const echo = path.join(__dirname, 'fixtures/echo.js');
const message = { to: 'somebody', data: { text: '你好', list: [1, null, 'x'] } };

const implementations = [
  ['ours', '../../lib/messages/sendmessage'],
  ['npm 1', 'sendmessage-1'],
  ['npm 2', 'sendmessage-2'],
  ['npm 3', 'sendmessage-3'],
].map(([name, id]) => [name, require.resolve(id)]);

const load = (file) => {
  const loaded = require(file);
  return loaded.sendmessage ?? loaded;
};

let running = [];

function start(child) {
  running.push(child);
  return child;
}

afterEach(async () => {
  for (const child of running.filter((each) => each.exitCode === null && each.signalCode === null)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  running = [];
});

describe.each(implementations)('%s', (_name, file) => {
  const sendmessage = load(file);

  test('to a child, and by the child to its parent', async () => {
    const child = start(fork(echo, [file]));
    const answered = once(child, 'message');
    sendmessage(child, message);
    expect((await answered)[0]).toEqual({ echo: message });
  });

  test('to something with the channel in `process`, as cluster workers have', async () => {
    const child = start(fork(echo, [file]));
    const worker = { process: child, send: (sent) => child.send(sent) };
    const answered = once(child, 'message');
    sendmessage(worker, message);
    expect((await answered)[0]).toEqual({ echo: message });
  });

  test('to a process without a channel: it gets the message itself, later', async () => {
    const target = new EventEmitter();
    const received = once(target, 'message');
    let now = true;
    target.on('message', () => expect(now).toBe(false));
    sendmessage(target, message);
    now = false;
    expect((await received)[0]).toBe(message);
  });
});

// Version 1 knows no threads.
test.each(implementations.filter(([name]) => name !== 'npm 1'))(
  '%s: to a thread, and by the thread to its parent',
  async (_name, file) => {
    const thread = new Worker(echo, { argv: [file] });
    const answered = once(thread, 'message');
    load(file)(thread, message);
    expect((await answered)[0]).toEqual({ echo: message });
    await thread.terminate();
  },
);

test('to a closed channel: a warning that names the process, and nothing is thrown', () => {
  const code = `
    const child = require('child_process').fork(${JSON.stringify(echo)}, [${JSON.stringify(implementations[0][1])}]);
    process.on('warning', ({ name, code, message }) => console.log(JSON.stringify({ name, code, named: message.includes(child.pid) })));
    child.disconnect();
    child.on('exit', () => require(${JSON.stringify(implementations[0][1])}).sendmessage(child, {}));`;
  const told = execFileSync(process.execPath, ['--no-warnings', '-e', code], { encoding: 'utf8' });
  expect(JSON.parse(told)).toEqual({ name: 'ClusterWarning', code: 'CLUSTER_CHANNEL_CLOSED', named: true });
});
