'use strict';

// A process that asks until it is told to end, and looks at every answer. Arguments: port, and the connections as JSON:
// { "keepalive": 16, "short": 0, "idle": 0 }. They ask as fast as they are answered, but "idle" ones, which pause in between. It tells what it has counted every now and then; with `isOver`
// when what was under way at the end has been answered or given up.

const { RawSocket } = require('../../http/load/raw-socket');
const { Answer } = require('./answer');

const HUNG_MS = 10_000;
const LOOK_MS = 200;
/** After a failure: a port that refuses must not make millions of failures. */
const PAUSE_MS = 10;
/** An idle connection pauses for so long at most, and connects again when it was closed meanwhile. */
const IDLE_MS = 10_000;
/** The ports of one address are few: each that was closed is kept by the system for a minute. 127.0.0.0/8 is all local. */
const ADDRESSES = 16;
let opened = 0;

const port = Number(process.argv[2]);
const counted = { requests: 0, longest: 0, refused: 0, cut: 0, truncated: 0, status: 0, body: 0, hung: 0 };
const underWay = new Set();
let isEnding = false;

const question = (kind) =>
  `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: ${kind === 'short' ? 'close' : 'keep-alive'}\r\n\r\n`;

/** A request that waits for its connection waits from the beginning on. */
function begin(giveUp) {
  const request = { from: performance.now(), giveUp };
  underWay.add(request);
  return request;
}

function finish(request, outcome) {
  underWay.delete(request);
  counted.requests += 1;
  counted.longest = Math.max(counted.longest, performance.now() - request.from);
  if (outcome !== 'good') counted[outcome] += 1;
}

function connect(kind) {
  const giveUp = () => {
    outcome = 'hung';
    socket.end(false);
  };
  let request = begin(giveUp);
  let answer = new Answer();
  let outcome = 'refused';
  const ask = () => {
    outcome = 'cut';
    socket.write(question(kind));
  };
  const askNext = () => {
    answer = new Answer();
    request = begin(giveUp);
    ask();
  };
  let pause;
  const socket = new RawSocket(
    port,
    {
      onConnect: ask,
      onData(bytes) {
        outcome = answer.add(bytes);
        if (outcome !== 'good' || kind === 'short') return;
        finish(request, outcome);
        request = null;
        // Whoever is told that the connection closes asks nothing more on it (RFC 9112, 9.6).
        if (answer.closes || isEnding) return socket.end(false);
        if (kind === 'idle') pause = setTimeout(askNext, Math.random() * IDLE_MS);
        else askNext();
      },
      onEnd(failed) {
        clearTimeout(pause);
        // A reset after the whole answer is one, too.
        if (outcome === 'good' && failed) outcome = 'cut';
        if (request) finish(request, outcome);
        if (isEnding) return;
        if (outcome === 'good') setImmediate(connect, kind);
        else setTimeout(connect, PAUSE_MS, kind);
      },
    },
    addressOf(kind),
  );
}

/** Of its own, where there are many. */
function addressOf(kind) {
  if (kind !== 'idle') return undefined;
  opened += 1;
  return `127.4.0.${1 + (opened % ADDRESSES)}`;
}

function look() {
  const now = performance.now();
  for (const { from, giveUp } of underWay) if (now - from > HUNG_MS) giveUp();
  process.send({ ...counted, isOver: isEnding && underWay.size === 0 });
}

process.on('message', () => (isEnding = true));
process.on('disconnect', () => process.exit());
setInterval(look, LOOK_MS);

for (const [kind, count] of Object.entries(JSON.parse(process.argv[3]))) {
  for (let i = 0; i < count; i += 1) connect(kind);
}
