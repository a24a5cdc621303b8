'use strict';

// The hosts of the fleet, as this one knows them. Pure.

const format = require('./format');

/** In the order of their names, this one included. */
function hosts({ fleet, workers, version, startedAt, now }) {
  const own = { host: fleet.host, workers: workers.listening, version, startedAt, draining: fleet.draining === true };
  const has = (holder, { host }) => holder?.host === host;
  return [own, ...fleet.members]
    .sort((one, other) => (one.host < other.host ? -1 : 1))
    .map((each) => ({
      ...each,
      isSelf: each === own,
      state: each === own && !fleet.connected ? 'cutOff' : each.draining ? 'draining' : 'ready',
      uptime: Math.max(0, now - each.startedAt),
      roles: [has(fleet.holder, each) && 'alone', has(fleet.randomWorker?.holder, each) && 'randomWorker'].filter(
        Boolean,
      ),
    }));
}

/** What the table shows (see table.js). */
const HOSTS = {
  cells: {
    host: ({ host, isSelf }, texts) => (isSelf ? texts.self(host) : host),
    has: ({ roles }, texts) => roles.map((role) => texts.has[role]).join(', ') || format.NONE,
    state: ({ state }, texts) => texts.hostStates[state],
    workers: ({ workers }) => workers,
    uptime: ({ uptime }, texts) => format.duration(uptime, texts.units),
    version: ({ version }) => version,
  },
  textColumns: ['host', 'has', 'state'],
  columns: (texts) => texts.hostColumns,
  key: ({ host }) => host,
};

module.exports = { HOSTS, hosts };
