'use strict';

// A process that asks as fast as it is answered, on a fixed number of connections. On 'begin' it starts to count, on
// 'end' it tells: { requests, failed, latencies (in µs), cpu (its own, in µs) }. Arguments: port, connections, and
// 'short' (a new connection for each request) or 'keepalive'.

const { BODY } = require('../app/body');
const { RawSocket } = require('./raw-socket');

const [port, connections] = process.argv.slice(2).map(Number);
const isShort = process.argv[4] === 'short';
const QUESTION = `GET / HTTP/1.1\r\nHost: localhost\r\nConnection: ${isShort ? 'close' : 'keep-alive'}\r\n\r\n`;
const LAST = BODY.charCodeAt(BODY.length - 1);
const STATUS_AT = 'HTTP/1.1 '.length;
const TWO = '2'.charCodeAt(0);

let counted = null;

function count(from, succeeded) {
  if (!counted) return;
  if (!succeeded) counted.failed += 1;
  else counted.latencies.push(Math.round((performance.now() - from) * 1000));
}

function connect() {
  let from = performance.now();
  let isGood = false;
  let isBegun = false;
  const ask = () => {
    isGood = isBegun = false;
    socket.write(QUESTION);
  };
  const socket = new RawSocket(port, {
    onConnect: ask,
    onData(bytes) {
      if (!isBegun) isGood = bytes[STATUS_AT] === TWO;
      isBegun = true;
      // The body is the only place where a part of the answer can end with its last character, after the head's own end.
      const isWhole = bytes.at(-1) === LAST && bytes.at(-2) === BODY.charCodeAt(BODY.length - 2);
      if (isShort || !isWhole) return;
      count(from, isGood);
      from = performance.now();
      ask();
    },
    onEnd(failed) {
      count(from, isShort && isGood && !failed);
      // Not within the callback: a refused port must not be a recursion.
      setImmediate(connect);
    },
  });
}

process.on('message', (order) => {
  if (order === 'begin') counted = { failed: 0, latencies: [], cpu: process.cpuUsage() };
  if (order !== 'end') return;
  const { user, system } = process.cpuUsage(counted.cpu);
  const { failed, latencies } = counted;
  counted = null;
  process.send({ requests: latencies.length, failed, latencies, cpu: user + system }, () => process.exit());
});
process.on('disconnect', () => process.exit());

for (let i = 0; i < connections; i += 1) connect();
