'use strict';
// Handles that wait for their receiver, and are closed meanwhile by who sent them: they arrive all the same.

const dgram = require('node:dgram');
const { once } = require('node:events');
const { test } = require('../support/at-once');
const { start, fixture } = require('../support/cluster');
const { connect, readAll } = require('../support/client');

/** Who has the handle of this port answers. */
async function ask(kind, port) {
  if (!kind.toLowerCase().includes('datagrams')) return readAll(await connect(port));
  const socket = dgram.createSocket('udp4');
  socket.send('?', port, '127.0.0.1');
  const [text] = await once(socket, 'message');
  socket.close();
  return String(text);
}

test.each([
  ['socket', 'Socket'],
  ['server', 'Server'],
  ['datagrams', 'Socket'],
  ['nativeServer', 'TCP'],
  ['nativeDatagrams', 'UDP'],
])('%s', async (kind, className) => {
  const app = await start({ exec: fixture('workers/closing.js'), alone: fixture('alone/handles.js'), count: 1 });
  const [worker] = await app.workers();
  const alone = await app.call('alone');
  process.kill(alone.pid, 'SIGSTOP');
  await app.call('sendmessage', { to: 'worker', action: 'pass', kind });
  const { port } = await app.report('made');
  const answer = ask(kind, port);
  await app.report('passed', ({ pid }) => pid === worker.pid);
  process.kill(alone.pid, 'SIGCONT');
  expect(await answer).toBe(`${alone.pid} ${className} late`);
  expect(app.events('undeliverable')).toEqual([]);
});
