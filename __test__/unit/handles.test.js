'use strict';

const fs = require('node:fs');
const net = require('node:net');
const tls = require('node:tls');
const { once } = require('node:events');
const { incoming, messageIn, outgoing } = require('../../lib/messages/handles');

const isOpen = (fd) => {
  try {
    fs.fstatSync(fd);
    return true;
  } catch {
    return false;
  }
};

test.each([
  ['a type that Node does not have', { type: 'net.Shark' }],
  ['a type of every object', { type: 'toString' }],
  ['no type', {}],
  ['a file as a connection', { type: 'net.Socket' }],
  ['a file as a native handle', { type: 'net.Native' }],
  ['a file as a datagram socket', { type: 'dgram.Socket', dgramType: 'udp4' }],
  ['a datagram socket of no family', { type: 'dgram.Socket' }],
])('nothing can be made of %s: told, and the descriptor is closed', (_what, frame) => {
  const fd = fs.openSync(__filename);
  const told = [];
  incoming(fd, JSON.stringify({ cmd: 'NODE_HANDLE', ...frame, msg: 1 }), (...args) => told.push(args));
  expect(told).toEqual([[undefined, expect.objectContaining({ message: expect.any(String) })]]);
  expect(isOpen(fd)).toBe(false);
});

test('the line of a frame is what Node reads', async () => {
  const server = net.createServer().listen(0);
  await once(server, 'listening');
  const { fd, frame } = outgoing(server);
  expect(fd).toBe(server._handle.fd);
  expect(JSON.parse(frame('{"a":[1]}'))).toEqual({ cmd: 'NODE_HANDLE', type: 'net.Server', msg: { a: [1] } });
  expect(messageIn(frame('{"a":[1]}'))).toBe('{"a":[1]}');
  server.close();
  expect(outgoing(server)).toBeNull();
});

test.each(['{"cmd":"other","msg":1}', '"text"', 'null', '[1]', '7'])(
  'a line that is no frame is the message itself: %s',
  (line) => {
    expect(messageIn(line)).toBe(line);
  },
);

test('a TLS connection is refused: its keys are in this process', () => {
  const socket = new tls.TLSSocket(new net.Socket());
  expect(() => outgoing(socket)).toThrow(
    expect.objectContaining({ code: 'ERR_HANDLE_INVALID', message: expect.stringContaining('TLSSocket') }),
  );
});

test('a server whose last connection is sent to another process has none left', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = net.connect(server.address().port, '127.0.0.1');
  const [socket] = await once(server, 'connection');
  const closed = once(server, 'close');
  server.close();
  outgoing(socket).sent();
  await closed;
  client.destroy();
});
