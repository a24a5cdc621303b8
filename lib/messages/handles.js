'use strict';

// Handles that go along with messages between this process and its children. In the children Node itself does this
// (handleConversion in lib/internal/child_process.js), and what it does is done here: the frame around the message says what
// the receiver is to make of the descriptor. Descriptors are passed by the native master, which duplicates what it is given.

const dgram = require('dgram');
const fs = require('fs');
const net = require('net');
const { takeOver } = require('./detach');
const { ClusterError } = require('../errors');

const CMD = 'NODE_HANDLE';

/** Node's `kStateSymbol`: the `_handle` of a dgram socket warns of its deprecation. */
function datagramHandle(socket) {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
  return socket[symbol].handle;
}

/** What Node calls it, and its native handle, which is null if it was closed. */
function describe(handle) {
  // The keys of a TLS connection are in its process.
  if (handle instanceof net.Socket && !handle.encrypted) return { type: 'net.Socket', native: handle._handle };
  if (handle instanceof net.Server) return { type: 'net.Server', native: handle._handle };
  if (handle instanceof dgram.Socket)
    return { type: 'dgram.Socket', native: datagramHandle(handle), dgramType: handle.type };
  const native = handle?.constructor?.name;
  if (native === 'TCP' || native === 'Pipe') return { type: 'net.Native', native: handle };
  if (native === 'UDP') return { type: 'dgram.Native', native: handle };
  const sendable = 'Send an open net.Socket, net.Server or dgram.Socket.';
  throw new ClusterError(
    'ERR_HANDLE_INVALID',
    `send(): ${handle?.constructor?.name ?? typeof handle} is not a handle that can be sent. ${sendable}`,
  );
}

/**
 * What is to be passed along with a message.
 *
 * @returns `fd`; `frame(line)`, the line to send for that of the message; `sent()`, to be called when it is on its way. Null if
 * the handle was closed meanwhile: as in Node the message goes without it
 */
function outgoing(handle, { keepOpen = false } = {}) {
  const { native, ...kind } = describe(handle);
  if (!native) return null;
  const { fd } = native;
  if (!(fd >= 0))
    throw new ClusterError(
      'ERR_HANDLE_INVALID',
      `send(): the ${kind.type} has no descriptor yet. Bind or connect it first.`,
    );
  const head = JSON.stringify({ cmd: CMD, ...kind });
  return {
    fd,
    frame: (line) => `${head.slice(0, -1)},"msg":${line}}`,
    sent: () => kind.type === 'net.Socket' && !keepOpen && takeOver(handle).close(),
  };
}

/** The line of the message in a frame; any other line as it is. */
function messageIn(line) {
  const { cmd, msg } = Object(JSON.parse(line));
  return cmd === CMD ? JSON.stringify(msg) : line;
}

/** What Node's receiving side makes of a descriptor, by its name for it. Each owns the descriptor once it was made. */
const MAKERS = {
  'net.Socket': (fd) => new net.Socket({ handle: streamHandle(fd), readable: true, writable: true }),
  'net.Server': (fd) => net.createServer().listen({ fd }),
  'net.Native': streamHandle,
  'dgram.Socket': (fd, dgramType) => dgram.createSocket(dgramType).bind({ fd, exclusive: true }),
  'dgram.Native': nativeDatagram,
};

/** Node has no public way to a stream's native handle of a descriptor but a socket, which gives it up again here. */
function streamHandle(fd) {
  const socket = new net.Socket({ fd, manualStart: true });
  const native = socket._handle;
  socket._handle = null;
  return native;
}

/** For either family: the socket that takes it over says which (replaceHandle in lib/dgram.js). */
function nativeDatagram(fd) {
  const native = datagramHandle(dgram.createSocket('udp4'));
  const errno = native.open(fd);
  if (errno) throw new Error(`it cannot be opened: errno ${-errno}`);
  return native;
}

/** Makes of a descriptor what the frame in `line` says. `use` is called with it as soon as it can be used, or with undefined
 *  and the reason why there is none. */
function incoming(fd, line, use) {
  const { type, dgramType } = JSON.parse(line);
  let handle;
  try {
    if (!Object.hasOwn(MAKERS, type)) throw new Error(`there is no handle of type ${type}`);
    handle = MAKERS[type](fd, dgramType);
  } catch (error) {
    fs.closeSync(fd);
    use(undefined, error);
    return;
  }
  if (!(handle instanceof net.Server)) {
    use(handle);
    return;
  }
  const failed = (error) => use(undefined, error);
  handle.once('error', failed);
  handle.once('listening', () => {
    handle.off('error', failed);
    use(handle);
  });
}

module.exports = { outgoing, incoming, messageIn, close: fs.closeSync };
