'use strict';

// Two workers send to the alone.

const { throughput } = require('./throughput');

const sizes = [
  ['64', '64 B', 64],
  ['4k', '4 KiB', 4096],
  ['100k', '100 KB', 100_000],
  ['8m', '8 MiB', 8 * 1024 * 1024],
];

const flood = (name, title, size, isOwn) => ({
  name: `flood-${name}`,
  title: `Two workers to the alone, ${title}`,
  workers: 2,
  columns: ['rate', 'cpu', 'peak', 'growth', 'left', 'missing'],
  run: (session, { seconds }) =>
    throughput(session, {
      senders: session.workers,
      receivers: [session.alone],
      seconds,
      size,
      target: { to: 'alone' },
      // npm's sendmessage() is process.send().
      own: isOwn && session.peer.hasRequest === true,
    }),
});

module.exports = [
  ...sizes.map(([name, title, size]) => flood(name, title, size, false)),
  flood('sendmessage', "64 B, with each stack's `sendmessage()`", 64, true),
];
