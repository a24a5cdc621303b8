'use strict';

// `npm run bench:fleet-cron`: three hosts and three NATS servers on this machine; a job each second in the alone of the fleet and one in its random
// worker, while workers, hosts and servers are killed at random. `--minutes N` (10). It needs `npm run build:fleet`. It fails if a tick came twice, or
// was missed while somebody was at it, or if none came. The table goes to stdout and into docs/benchmarks.md.

const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../../lib/document');
const { machine } = require('../../lib/machine');
const { Host } = require('../host');
const { Loopback } = require('../network');
const { Servers } = require('../servers');
const { Ticks } = require('./ticks');

const DOCUMENT = path.join(__dirname, '../../../docs/benchmarks.md');
const HOSTS = 3;
const LEASE = 15_000;
const SERIES = ['alone', 'random worker'];
/** Between two kills. */
const PAUSE_MS = [3000, 15_000];
/** Until what was killed comes back. */
const AWAY_MS = [2000, 20_000];

const between = ([least, most]) => least + Math.random() * (most - least);
const any = (list) => list[Math.floor(Math.random() * list.length)];

async function killWorker({ hosts }) {
  const host = any(hosts);
  host.ask('workers');
  const { pids } = await host.next('workers');
  process.kill(any(pids), 'SIGKILL');
}

async function killHost({ hosts }) {
  const host = any(hosts);
  await host.kill();
  await sleep(between(AWAY_MS));
  await host.start();
}

async function killServer({ servers }) {
  const index = Math.floor(Math.random() * servers.count);
  await servers.kill(index);
  await sleep(between(AWAY_MS));
  await servers.start(index);
}

const KILLS = { worker: killWorker, host: killHost, server: killServer };

async function chaos(fleet, end) {
  const kills = { worker: 0, host: 0, server: 0 };
  while (Date.now() < end) {
    await sleep(between(PAUSE_MS));
    const what = any(Object.keys(KILLS));
    await KILLS[what](fleet);
    kills[what] += 1;
    process.stderr.write(`${what} killed, ${Math.max(0, Math.round((end - Date.now()) / 1000))} s left\n`);
  }
  return kills;
}

async function main() {
  const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
  const network = new Loopback();
  const [servers, ticks] = await Promise.all([new Servers(3, network.address).open(), new Ticks().open()]);
  const settings = { servers: servers.urls, name: 'cron', lease: LEASE };
  const hosts = Array.from({ length: HOSTS }, (_, i) => {
    const app = path.join(__dirname, 'app.js');
    return new Host({ name: `host-${i + 1}`, app, command: [], settings, env: { BENCH_TICKS: ticks.path } });
  });
  try {
    await Promise.all(hosts.map((host) => host.start()));
    const begin = Date.now();
    const kills = await chaos({ hosts, servers }, begin + Number(values.minutes) * 60_000);
    const [from, to] = [begin, Date.now()].map((at) => Math.ceil(at / 1000));
    report(
      SERIES.map((name) => [name, ticks.judge(name, from, to)]),
      kills,
    );
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
    await servers.close();
    ticks.close();
  }
}

function report(results, kills) {
  const rows = results.map(([name, { seconds, once, twice, missed, withoutHolder, holders }]) => {
    return [name, seconds, once, twice, missed, withoutHolder, holders].map(String);
  });
  const text = [
    '## A job each second in a fleet',
    `\`npm run bench:fleet-cron\` on ${machine()}. ${HOSTS} hosts with two workers each and three NATS servers, all on this machine, \`lease: ${LEASE}\`. Killed at random (SIGKILL): ${kills.worker} workers, ${kills.host} hosts, ${kills.server} servers. Target: no tick twice; none missed while somebody was there to do it.`,
    table(['the job of', 'ticks', 'once', 'twice', 'missed', 'while there was nobody', 'who had it, in turn'], rows, [
      '-',
      ':',
      ':',
      ':',
      ':',
      ':',
      ':',
    ]),
  ].join('\n\n');
  console.log(text);
  writeSection(DOCUMENT, 'bench:fleet-cron', text);
  if (results.some(([, { twice, missed, once }]) => twice + missed > 0 || once === 0)) process.exitCode = 1;
}

main();
