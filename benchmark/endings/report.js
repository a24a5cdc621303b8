'use strict';

const { table } = require('../lib/document');
const { system } = require('../lib/machine');

const METHOD = [
  '- Everybody runs the same app (`benchmark/endings/app`): an `http` server, under egg the one that egg makes. Its handler, where it',
  '  has one, is registered for SIGTERM and SIGINT; which of them called it stands in brackets. 2 workers; 1 where lines are',
  '  written and in *crash*, 4 in the storm.',
  '- cluster-native: production, default options. *reload*: `cluster.reload()`; *stop*: SIGTERM to the app.',
  '- node:cluster: a primary that forks again whoever ends unasked, and disconnects its workers on SIGTERM. It has no reload.',
  '- PM2: cluster mode with default options, in one process as `pm2-runtime` runs it. *reload*: `pm2 reload`; *stop*: `pm2 stop`, of',
  '  which PM2 sends SIGINT and, 1.6 s later, SIGKILL. Its workers write their stdout into a file.',
  "- egg: `egg.startCluster()` with `env: 'prod'`; *stop*: SIGTERM to its master. A reload of its workers exists in development only.",
  '- *–*: there is no such thing. *failed*: cut, refused, or without an answer for 10 s; after a stop a refused connection is no',
  '  failure.',
  '- Requests under load: 200 a second (150 with work behind them, 50 in the storm), each on a new connection, a fifth of them slow',
  '  (50 to 300 ms).',
  '- The slow pipe is read every 150 ms, 64 KiB at a time. The lines are written while one request is handled, and the reload or stop',
  '  begins when it is answered.',
  '- The storm: a request each 400 ms to a route that throws in a later turn of the event loop; its client waits until the storm is',
  '  over. Memory is summed up every 500 ms over all processes, pages that they share counted in each.',
  '- The app closes no WebSocket and no stream by itself, nor do the clients. Close code 1006: the connection ended without one.',
].join('\n');

const NOT_MEASURED = [
  '- PM2 in daemon mode, and with `wait_ready`, `kill_timeout` or `shutdown_with_message`.',
  "- What a peer has of its own to await work at the end: egg's `beforeClose`, this project's `yunfly:drain`.",
  '- macOS; keep-alive connections; TLS and HTTP/2.',
];

/** `outcomes`: of each test by peer, `{ values }` or `{ failure }`. */
function report(outcomes, { peers, stormSeconds }) {
  const cell = ({ values, failure }, show) => (failure ? 'not measured' : show(values) || '–');
  const rows = [...outcomes].flatMap(([test, byPeer]) =>
    test.rows.map(({ what, show }) => [what, ...peers.map((peer) => cell(byPeer.get(peer), show))]),
  );
  const failures = [...outcomes].flatMap(([test, byPeer]) =>
    peers
      .filter((peer) => byPeer.get(peer).failure)
      .map((peer) => `- ${test.name} of ${peer.name}: ${byPeer.get(peer).failure.split('\n', 1)[0]}`),
  );
  return [
    `\`npm run bench:endings\` on ${system()}. One run, a storm of ${stormSeconds} s.`,
    table(
      ['', ...peers.map((peer) => peer.label())],
      rows,
      ['', ...peers].map(() => '-'),
    ),
    `How it is measured:\n\n${METHOD}`,
    `Not measured:\n\n${[...NOT_MEASURED, ...failures].join('\n')}`,
  ].join('\n\n');
}

module.exports = { report };
