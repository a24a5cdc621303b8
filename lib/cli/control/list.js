'use strict';

const { findClusters, noAnswer } = require('../../control/find');
const { Screen } = require('../screen');
const { STATUS, column, table } = require('../table');
const { age, megabytes, percent } = require('../text');
const { cpuOf, processesOf, slotsOf, statusOf, sum } = require('./processes');

const COLUMNS = [
  { ...column('title', ({ title }) => title), least: 8 },
  column('pid', ({ pid }) => pid),
  STATUS,
  column('uptime', ({ uptime }) => uptime, age),
  column('workers', ({ workers }) => `${workers.ready}/${workers.total}`),
  column('conns', ({ connections }) => connections),
  column('cpu', ({ cpu }) => cpu, percent),
  column('memory', ({ rss }) => rss, megabytes),
];

async function list() {
  const { clients, silent, refused } = await findClusters();
  // One may end meanwhile.
  const asked = await Promise.allSettled(clients.map((client) => client.stats()));
  const clusters = asked.filter(({ status }) => status === 'fulfilled').map(({ value }) => summary(value));
  const none = ['No cluster of this user runs here.'];
  for (const { pid } of silent) console.error(`cluster-native: ${noAnswer(pid).message}`);
  for (const { pid, error } of refused) console.error(`cluster-native: pid ${pid}: ${error.message}`);
  return { lines: clusters.length > 0 ? shown(clusters) : none, json: clusters };
}

function summary(stats) {
  const { title, version, state, ready, uptime, app } = stats;
  const processes = processesOf(stats);
  return {
    title,
    pid: app.pid,
    version,
    state,
    ...(isWaiting(stats) && { waitsFor: "the fleet's alone" }),
    ready,
    uptime,
    workers: slotsOf(stats),
    connections: sum(processes.map(({ connections }) => connections)) ?? 0,
    cpu: sum(processes.map(cpuOf)),
    rss: sum(processes.map(({ usage }) => usage && usage.rss)),
  };
}

/** Its workers are not forked before some host has a ready alone. */
function isWaiting({ state, fleet, workers, alone }) {
  const { listening, starting } = workers;
  return state === 'starting' && alone?.state === 'elsewhere' && !fleet.holder?.ready && listening + starting === 0;
}

function shown(clusters) {
  const status = ({ state, ready, waitsFor }) => {
    if (waitsFor) return `waiting for ${waitsFor}`;
    return state === 'running' && !ready ? 'not ready' : statusOf(state);
  };
  const rows = clusters.map((each) => ({ ...each, type: each.title, status: status(each) }));
  return table(rows, new Screen(process.stdout, process.env), COLUMNS);
}

module.exports = { list };
