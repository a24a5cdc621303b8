'use strict';

const path = require('node:path');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { connect, readAll, request } = require('../support/client');
const { folder, script } = require('../support/files');
const { until } = require('../support/until');

const COUNT = 20;
const CLIENTS = 40;

const ours = (frames, act) => frames.filter((frame) => frame.act === act);

describe.each([
  ['round-robin', 'a port'],
  ['round-robin', 'a path'],
  ['sticky', 'a port'],
  ['auto', 'a port'],
])('a worker that is given connections (%s, %s)', (balance, where) => {
  test('says of each once that it has it, and then at which socket', async () => {
    const at = where === 'a path' ? path.join(folder(), 'socket') : undefined;
    const app = await start({
      exec: fixture('workers/written.js'),
      count: 1,
      balance,
      env: at && { LISTEN_PATH: at },
    });
    const port = at ? undefined : await app.port();
    const written = async () =>
      JSON.parse((await request(port, '/', { socketPath: at })).text).map((line) => JSON.parse(line));
    for (let n = 1; n < COUNT; n += 1) await written();
    const frames = await written();
    expect(frames.filter(({ accepted }) => accepted)).toHaveLength(COUNT);
    expect(frames.filter(({ cmd }) => cmd === 'NODE_HANDLE_ACK').length).toBeLessThanOrEqual(1);
    await until(async () => ours(await written(), 'connections').length > 0);
    const [{ servers }] = ours(await written(), 'connections').slice(-1);
    expect(servers).toEqual([expect.objectContaining({ key: expect.any(String) })]);
  });
});

test('a worker that passes handles on meanwhile takes all that it is given', async () => {
  const exec = script(`
    const net = require('node:net');
    process.on('message', (message, handle) => handle?.destroy());
    net.createServer((socket) => {
      // A handle of its own is on its way, and everything that it sends waits for the acknowledgement.
      process.send({ to: 'worker', type: 'all' }, socket, { keepOpen: true });
      socket.end('taken');
    }).listen(0, '127.0.0.1');`);
  const app = await start({ exec, count: 1, balance: 'sticky' });
  const port = await app.port();
  const texts = await Promise.all(Array.from({ length: CLIENTS }, async () => readAll(await connect(port))));
  expect(texts).toEqual(Array(CLIENTS).fill('taken'));
});

// As if it had none: Number(process.env.MAX) where there is no MAX.
test.each(['NaN', "'many'"])('maxConnections = %s limits nothing', async (value) => {
  const exec = script(`
    const server = require('node:net').createServer((socket) => socket.end('taken'));
    server.maxConnections = ${value};
    server.listen(0, '127.0.0.1');`);
  const app = await start({ exec, count: 1, balance: 'round-robin' });
  expect(await readAll(await connect(await app.port()))).toBe('taken');
});
