'use strict';

// Four WebSockets and an event stream are open.

const { setTimeout: sleep } = require('node:timers/promises');
const { openWebSocket, openEvents } = require('../clients');
const { withPeer } = require('../peers');
const { counted, endsOf, seconds } = require('../words');

const WORKERS = 2;
const WEB_SOCKETS = 4;
const RELOAD_PATIENCE_MS = 60_000;
const STOP_PATIENCE_MS = 30_000;
/** Until a client has heard of its end. */
const NEWS_MS = 200;

async function withSockets({ port, subject }, act) {
  const webSockets = await Promise.all(Array.from({ length: WEB_SOCKETS }, () => openWebSocket(port)));
  const events = await openEvents(port);
  const { took, isOver, pids } = await act();
  await sleep(NEWS_MS);
  const found = {
    took,
    isOver,
    codes: counted(webSockets.map(({ how }) => how)),
    events: events.how,
    ends: endsOf(pids, subject.ends),
  };
  for (const client of [...webSockets, events]) client.end();
  return found;
}

const run = (peer) =>
  withPeer(peer, { workers: WORKERS }, async (running) => {
    const reload = peer.reloads && (await withSockets(running, () => running.reload(RELOAD_PATIENCE_MS)));
    return { reload, stop: await withSockets(running, () => running.stop(STOP_PATIENCE_MS)) };
  });

const duration = ({ took, isOver }) => `${isOver ? '' : 'more than '}${seconds(took)}`;

module.exports = {
  name: 'sockets',
  run,
  // They wait, and do nothing else.
  isIdle: true,
  rows: ['reload', 'stop'].flatMap((when) => {
    const row = (what, show) => ({ what, show: (values) => values[when] && show(values[when]) });
    return [
      row(`${when} with ${WEB_SOCKETS} WebSockets and an event stream open takes`, duration),
      row('… close codes of the WebSockets', ({ codes }) => codes),
      row('… the event stream', ({ events }) => events),
      row('… how the workers ended', ({ ends }) => ends),
    ];
  }),
};
