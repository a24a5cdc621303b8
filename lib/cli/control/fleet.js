'use strict';

// `fleet`: the hosts, as this one knows them, and what they are told. An order may be for another host, so it is seen by what has become of
// it that it was carried out.

const { setTimeout: sleep } = require('timers/promises');
const { ClusterError } = require('../../errors');
const { now } = require('../../real-timers');
const { Screen } = require('../screen');
const { STATUS, column, table } = require('../table');
const { age, duration } = require('../text');
const { aloneHolder } = require('./holder');

const LOOK_EACH_MS = 100;

const HOSTS = [
  { ...column('host', ({ name }) => name), least: 8 },
  STATUS,
  column('has', ({ has }) => has || null),
  column('workers', ({ workers }) => workers),
  column('uptime', ({ uptime }) => uptime, age),
  column('version', ({ version }) => version),
];

/** What stats() tells of the fleet. */
async function look(cluster) {
  const stats = await cluster.stats();
  if (stats.fleet) return stats;
  throw new ClusterError('ERR_NO_FLEET', 'The cluster has no fleet. Set `fleet` in its configuration.');
}

function hostsOf({ fleet, workers, version, startedAt, now: time }) {
  const own = { host: fleet.host, workers: workers.listening, version, startedAt, draining: fleet.draining };
  const has = (host) =>
    [fleet.holder?.host === host && 'alone', fleet.randomWorker.holder?.host === host && 'random worker'].filter(
      Boolean,
    );
  return [own, ...fleet.members]
    .sort((one, other) => (one.host < other.host ? -1 : 1))
    .map((each) => ({ ...each, self: each === own, has: has(each.host), uptime: Math.max(0, time - each.startedAt) }));
}

async function list(cluster) {
  const stats = await look(cluster);
  const hosts = hostsOf(stats);
  const status = ({ self, draining }) => {
    if (self && !stats.fleet.connected) return 'not connected';
    return draining ? 'draining' : 'ready';
  };
  const rows = hosts.map((each) => ({
    ...each,
    type: each.host,
    pid: '',
    name: each.self ? `${each.host} (here)` : each.host,
    status: status(each),
    has: each.has.join(', '),
  }));
  return { lines: table(rows, new Screen(process.stdout, process.env), HOSTS), json: hosts };
}

async function alone(cluster) {
  const stats = await look(cluster);
  const { holder, token, validFor } = stats.fleet;
  if (!holder) return { lines: [`the alone: ${aloneHolder(stats)}`], json: null, failed: true };
  const own = token === null ? '' : `, token ${token}, valid for ${duration(validFor)}`;
  return { lines: [`${holder.host}${holder.ready ? '' : ', not ready'}${own}`], json: { ...holder, token, validFor } };
}

async function move(cluster, { second: to, timeout }) {
  const begin = now();
  const { holder: before, token } = (await look(cluster)).fleet;
  if (before === null) throw new ClusterError('ERR_NO_ALONE', 'No host of the fleet has the alone.');
  if (before.host === to) return { lines: [`${to} has the alone already`], json: { from: to, to } };
  await cluster.fleetMove(to);
  const isDone = ({ fleet: { holder } }) => holder?.ready && holder.host !== before.host;
  // It may come back to the host that had it: with another token, which that host knows.
  const isBack = ({ fleet }) => token !== null && fleet.token !== null && fleet.token !== token && fleet.holder?.ready;
  const { holder } = (
    await until(cluster, timeout, (stats) => isDone(stats) || isBack(stats), 'the alone has not moved')
  ).fleet;
  const line = `the alone moved from ${before.host} to ${holder.host} in ${duration(now() - begin)}`;
  return { lines: [line], json: { from: before.host, to: holder.host } };
}

async function drain(cluster, { second: host, timeout }) {
  await cluster.fleetDrain(host);
  const isDone = ({ draining, has }) => draining && has.length === 0;
  const name = await becomes(cluster, host, timeout, isDone, 'does not drain, or still has something');
  return {
    lines: [`${name} has neither the alone nor the random worker, and takes neither`],
    json: { host: name, draining: true },
  };
}

async function resume(cluster, { second: host, timeout }) {
  await cluster.fleetResume(host);
  const name = await becomes(cluster, host, timeout, ({ draining }) => !draining, 'still drains');
  return { lines: [`${name} may have the alone and the random worker again`], json: { host: name, draining: false } };
}

/** @returns the name of the host */
async function becomes(cluster, host, timeout, isIt, why) {
  const ofHost = (stats) => hostsOf(stats).find((each) => (host === undefined ? each.self : each.host === host));
  const stats = await until(
    cluster,
    timeout,
    (told) => ofHost(told) && isIt(ofHost(told)),
    `${host ?? 'this host'} ${why}`,
  );
  return ofHost(stats).host;
}

async function until(cluster, timeout, isDone, why) {
  const begin = now();
  for (;;) {
    const stats = await look(cluster);
    if (isDone(stats)) return stats;
    if (now() - begin >= timeout) {
      throw new ClusterError('ERR_CONTROL_FAILED', `After ${duration(timeout)} ${why}. See cluster-native fleet ls.`);
    }
    await sleep(LOOK_EACH_MS);
  }
}

const ACTIONS = { ls: list, alone, move, drain, resume };

function fleet(cluster, typed) {
  return ACTIONS[typed.operand](cluster, typed);
}

module.exports = { fleet };
