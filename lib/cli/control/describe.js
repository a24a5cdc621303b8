'use strict';

const { Screen } = require('../screen');
const { STATUS, column, table } = require('../table');
const { age, cut, megabytes, pad, percent } = require('../text');
const { aloneHolder } = require('./holder');
const { cpuOf, processesOf, slotsOf, statusOf } = require('./processes');

const NAME_WIDTH = 14;

/** A queue is mostly empty, and short where it is not. */
const kilobytes = (bytes) => `${Math.ceil(bytes / 1024)} KB`;

const PROCESSES = [
  { ...column('name', ({ name }) => name), least: 8 },
  column('pid', ({ pid }) => pid),
  STATUS,
  column('uptime', ({ uptime }) => uptime, age),
  column('cpu', cpuOf, percent),
  column('memory', ({ usage }) => usage && usage.rss, megabytes),
  column('conns', ({ connections }) => connections),
  column('messages', ({ received, sent }) => (received === undefined ? null : received + sent)),
  column('queued', ({ queuedBytes }) => queuedBytes, kilobytes),
];

const LISTENERS = [
  { ...column('address', ({ address }) => address), least: 8 },
  column('accepted by', ({ acceptor }) => acceptor),
  column('waiting', ({ waiting, queued }) => waiting + (queued ?? 0)),
  column('accepted', ({ counts }) => counts.accepted),
];

/** Everything, without what only a second look tells: how busy its processes are (`top`). */
async function describe(cluster) {
  const stats = await cluster.stats();
  const screen = new Screen(process.stdout, process.env);
  const rows = processesOf(stats).map((each) => ({ ...each, type: each.name, status: statusOf(each.state) }));
  const listeners = stats.listeners.map((each) => ({ ...each, type: each.address, pid: '', status: each.acceptor }));
  const lines = [
    ...facts([['title', stats.title], ...about(stats)], screen),
    ...table(rows, screen, PROCESSES),
    ...(listeners.length > 0 ? table(listeners, screen, LISTENERS) : []),
    ...facts(happened(stats), screen),
  ];
  return { lines, json: stats };
}

function facts(all, { width, colors }) {
  const told = all.filter(([, text]) => text !== '');
  return told.map(([name, text]) => `${colors.dim(pad(name, NAME_WIDTH))}${cut(String(text), width - NAME_WIDTH)}`);
}

function about({ app, state, ready, uptime, version, workers, alone, ...stats }) {
  const slots = slotsOf({ workers, ...stats });
  const others = Object.entries(workers).filter(([name, count]) => name !== 'listening' && count > 0);
  return [
    ['pid', app.pid],
    ['state', ready ? `${state}, ready` : `${state}, not ready`],
    ['uptime', age(uptime)],
    ['version', version],
    ['workers', [`${slots.ready} of ${slots.total} ready`, ...others.map(([name, n]) => `${n} ${name}`)].join(', ')],
    ['alone', alone ? aloneText(alone) : ''],
    ['fleet', stats.fleet ? fleetText({ alone, ...stats }) : ''],
  ];
}

function fleetText(stats) {
  const { host, connected, members, randomWorker } = stats.fleet;
  const hosts = members.length === 0 ? 'the only host' : `one of ${members.length + 1} hosts`;
  const away = connected ? '' : ', not connected';
  // Of none it isn't known here whether each host has its own.
  const random = randomWorker.holder ? `; the random worker: ${randomWorker.holder.host}` : '';
  return `${host}, ${hosts}${away}; the alone: ${aloneHolder(stats)}${random}`;
}

function aloneText({ state, restarts, limitReached }) {
  const again = restarts > 0 ? `, restarted ${restarts} times` : '';
  return `${state}${again}${limitReached ? ', does not stay up' : ''}`;
}

/** What has happened since the start; of what should not happen only what did. */
function happened({ counts, output }) {
  const { forks, reforks, exits, unexpectedExits, reloads, errors, undeliverable, missed, protocolErrors } = counts;
  const workers = (count) => (count === 1 ? '1 worker' : `${count} workers`);
  const byRole = ({ worker, alone }) => [worker > 0 && workers(worker), alone > 0 && `${alone} × alone`];
  const byReason = (reasons) => Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  const rows = [
    ['started', byRole(forks)],
    ['replaced', byRole(reforks)],
    ['ended', [...byReason(exits.worker), ...byReason(exits.alone).map((text) => `${text} (alone)`)]],
    ['unasked', byRole(unexpectedExits)],
    ['reloads', [`${reloads.ok} ok`, reloads.failed > 0 && `${reloads.failed} failed`]],
    ['errors', byRole(errors)],
    ['undeliverable', byReason(undeliverable)],
    ['missed', [missed > 0 && `${missed} messages`]],
    ['broken frames', byRole(protocolErrors)],
    ['dropped lines', [output.droppedLines > 0 && String(output.droppedLines)]],
  ];
  return rows.map(([name, parts]) => [name, parts.filter(Boolean).join(', ')]);
}

module.exports = { describe };
