'use strict';

// How a message becomes a line on a channel. Every channel is in Node's JSON mode, whatever `serialization` says: the
// master finds `to`, `type`, `worker_pid` and `scope` without decoding V8's format, and Node 18 hangs when the length of one of its
// own advanced messages is split over two reads. In advanced mode a message travels V8-serialized, as a text in a frame
// that repeats these fields. Its `cmd` is internal to Node: no 'message' listener sees the frame itself.

const { ClusterError } = require('../errors');

const CMD = 'NODE_YUNFLY_ADV';

/** What process.send takes (lib/internal/child_process.js); all else is an error in both modes. */
const SENDABLE = new Set(['string', 'object', 'number', 'boolean']);

/** Loaded when it is needed: most clusters send JSON, and `v8` costs each process a millisecond of its start. */
const v8text = () => require('./v8-text');

/** Node's rule (isInternal in lib/internal/child_process.js). */
function isInternal(message) {
  return typeof message?.cmd === 'string' && message.cmd.startsWith('NODE_');
}

/** The frame in which a message travels in advanced mode. What is Node's own stays as it is; so does what cannot be sent,
 *  for the error that Node has for it. */
function wrap(message) {
  if (!SENDABLE.has(typeof message) || isInternal(message)) return message;
  const { to, type, worker_pid: pid, scope } = Object(message);
  return {
    cmd: CMD,
    to: typeof to === 'string' ? to : undefined,
    type: typeof type === 'string' ? type : undefined,
    scope: scope === 'fleet' ? scope : undefined,
    // What is neither number nor text names no process; 0 is nobody's.
    worker_pid: ['number', 'string'].includes(typeof pid) ? pid : pid == null ? undefined : 0,
    v8: v8text().toBase64(message),
  };
}

const isWrapped = (frame) => frame?.cmd === CMD;

/** The message in a frame. Nobody sends what is Node's own in this way: whoever passed it on would say it in its own name. */
function unwrap({ v8: text }) {
  const message = v8text().fromBase64(text);
  if (isInternal(message)) throw new Error(`its cmd (${message.cmd}) is Node's own`);
  return message;
}

function toJson(message) {
  return stringify(message, (value) => value);
}

function stringify(message, frameOf) {
  let cause;
  try {
    const json = SENDABLE.has(typeof message) ? JSON.stringify(frameOf(message)) : undefined;
    if (json !== undefined) return json;
  } catch (err) {
    cause = err;
  }
  const why = cause ? cause.message : `it is of type ${typeof message}`;
  throw new ClusterError('ERR_MESSAGE_INVALID', `The message cannot be written: ${why}. Send plain data.`, { cause });
}

/** For each value of `serialization`: `write` and `read` between a message and its line; `pack` puts a value into the frame of
 *  a request, of an answer or of a topic, `unpack` takes it out. */
const codecs = {
  json: {
    write: toJson,
    read: (line) => JSON.parse(line),
    pack(frame, data) {
      // JSON would make `undefined` of it, which is a value of its own.
      if (typeof data === 'function' || typeof data === 'symbol') throw new TypeError(`it is of type ${typeof data}`);
      return Object.assign(frame, { data });
    },
    unpack: ({ data }) => data,
  },
  advanced: {
    write: (message) => stringify(message, wrap),
    read(line) {
      const frame = JSON.parse(line);
      return isWrapped(frame) ? unwrap(frame) : frame;
    },
    pack: (frame, data) => Object.assign(frame, { v8: v8text().toBase64(data) }),
    unpack: ({ v8: text }) => v8text().fromBase64(text),
  },
};

/** The codec of the app, whose messages no channel limits: what is too large for a child's is too large for the app's. */
function limitedCodec({ serialization, maxMessageBytes }) {
  const codec = codecs[serialization];
  const write = (message) => within(codec.write(message), maxMessageBytes);
  const frame = (fields) => within(JSON.stringify(fields), maxMessageBytes);
  const json = (message) => within(toJson(message), maxMessageBytes);
  return { ...codec, write, frame, json };
}

function within(json, limit) {
  // Each character is a byte at least; only near the limit they are counted.
  if (json.length * 3 <= limit) return json;
  const bytes = Buffer.byteLength(json);
  if (bytes <= limit) return json;
  const message = `A message of ${bytes} bytes was not sent: at most ${limit} are allowed.`;
  throw new ClusterError(
    'ERR_MESSAGE_TOO_LARGE',
    `${message} Send less, or raise maxMessageBytes in the cluster config.`,
  );
}

module.exports = { codecs, isInternal, limitedCodec, toJson, wrap, isWrapped, unwrap };
