'use strict';

// `npm run bench:fleet-messages`: three hosts and a NATS server on this machine; how many messages a second one worker sends to the workers of all
// hosts, beside the same within one host with three workers, and how long a request to a worker of another host takes. Before that what the
// engines do by themselves. `--rounds N`, `--count N` messages. It needs `npm run build:fleet`. The table goes to stdout and into
// docs/benchmarks.md.

const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../../lib/document');
const { machine } = require('../../lib/machine');
const { median, percentile } = require('../../lib/statistics');
const { withNatsServer } = require('../../../scripts/nats-server');
const { Host } = require('../host');
const { Servers } = require('../servers');

const DOCUMENT = path.join(__dirname, '../../../docs/benchmarks.md');
const HOSTS = 3;
const SIZES = [64, 1024];
const REQUESTS = 2000;
/** What has not come by then was lost. */
const PATIENCE_MS = 20_000;

/** Messages a second until the last of three workers has them all; NaN if some were lost. `hosts`: three with one worker, or one with three. */
async function broadcast(hosts, count, size) {
  const [sender] = hosts;
  const isFleet = hosts.length > 1;
  const eachSays = (name) => (isFleet ? Promise.all(hosts.map((host) => host.next(name))) : sender.nextOf(name, HOSTS));
  const tellAll = (what) => hosts.forEach((host) => host.ask(what));
  const ready = eachSays('expecting');
  tellAll({ action: 'expect', count });
  await ready;
  const all = eachSays('received');
  const sent = sender.next('sent');
  sender.ask({ action: 'flood', first: true, count, size, ...(isFleet && { scope: 'fleet' }) });
  const { begin } = await sent;
  // Who has not got all says how many it has got.
  const timer = setTimeout(() => tellAll({ action: 'how many' }), PATIENCE_MS);
  const received = await all;
  clearTimeout(timer);
  const last = Math.max(...received.map(({ at }) => at));
  const lost = received.reduce((sum, host) => sum + count - host.count, 0);
  return { rate: lost > 0 ? NaN : count / ((last - begin) / 1000), lost };
}

/** Without JavaScript: what engines send and hear, three hosts (engines/nats/tests/nats/speed.rs). */
function engines() {
  const args = ['test', '--release', '--test', 'nats', '--', '--ignored', '--nocapture', '--test-threads=1', 'speed'];
  const cwd = path.join(__dirname, '../../../engines/nats');
  const env = withNatsServer(process.env);
  const { stdout, status, stderr } = spawnSync('cargo', args, { cwd, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return {
    broadcasts: [
      ...stdout.matchAll(/broadcast to 3 hosts, (\d+) B, 16 in a parcel: (\d+)\/s; heard and missed: (.*)/g),
    ].map(([, size, rate, heard]) => ({
      size: Number(size),
      rate: Number(rate),
      missed: [...heard.matchAll(/\((\d+), (\d+)\)/g)].reduce((sum, [, , missed]) => sum + Number(missed), 0),
    })),
    p50: /request and answer: p50 ([\d.]+)µs/.exec(stdout)?.[1],
    absent: /nobody there: p50 ([\d.]+)µs/.exec(stdout)?.[1],
  };
}

async function requests([asker, other], pid) {
  const answered = asker.next('answered');
  asker.ask({ action: 'ask', count: REQUESTS, worker: `${other.name}/${pid}` });
  const { times } = await answered;
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

/** Starts hosts, each with so many workers, and ends them when `use` is done. */
async function withHosts(names, count, settings, use) {
  const app = path.join(__dirname, 'app.js');
  const hosts = names.map((name) => new Host({ name, app, command: [], settings: { ...settings, count } }));
  try {
    await Promise.all(hosts.map((host) => host.start()));
    return await use(hosts);
  } finally {
    await Promise.all(hosts.map((host) => host.end()));
  }
}

const NAMES = Array.from({ length: HOSTS }, (_, index) => `host-${index + 1}`);

async function main() {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '10' }, count: { type: 'string', default: '200000' } },
  });
  const [rounds, count] = [Number(values.rounds), Number(values.count)];
  const withoutJs = engines();
  const servers = await new Servers(1, '127.0.0.1').open();
  const results = { fleet: { 64: [], 1024: [] }, alone: { 64: [], 1024: [] }, requests: [] };
  try {
    const settings = { servers: servers.urls, name: 'bench', lease: 15_000 };
    await withHosts(NAMES, 1, settings, (hosts) =>
      withHosts(['one host'], HOSTS, {}, async (alone) => {
        await Promise.all(hosts.map((host) => host.tells('member', ({ members }) => members === HOSTS)));
        const { pid } = await hosts[1].tells('started');
        for (let i = 0; i < rounds; i += 1) {
          for (const size of SIZES) {
            results.fleet[size].push(await broadcast(hosts, count, size));
            results.alone[size].push(await broadcast(alone, count, size));
          }
          results.requests.push(await requests(hosts, pid));
          process.stderr.write(`round ${i + 1}/${rounds}\n`);
        }
      }),
    );
  } finally {
    await servers.close();
  }
  report(rounds, count, results, withoutJs);
}

const thousands = (value) => `${Math.round(value / 1000)}k`;
const times = (value) => `${value.toFixed(2)} ×`;
const inMs = (value) => `${value.toFixed(2)} ms`;
const spread = (values, show) => [Math.min(...values), median(values), Math.max(...values)].map(show).join(' / ');

function report(rounds, count, { fleet, alone, requests: asked }, { broadcasts, p50, absent }) {
  const least = { 64: '≥ 250k', 1024: '≥ 100k' };
  const lostOf = (all) => String(all.reduce((sum, round) => sum + round.lost, 0));
  const rates = (all) => all.map(({ rate }) => rate).filter((rate) => !Number.isNaN(rate));
  const rows = broadcasts.map(({ size, rate, missed }) => [
    `${size} B from engine to engine, a second (once)`,
    thousands(rate),
    least[size],
    String(missed),
  ]);
  rows.push(['request and answer from engine to engine, median', inMs(p50 / 1000), '≤ 0.30 ms', '']);
  rows.push(['a request that reaches nobody, the same', inMs(absent / 1000), '', '']);
  for (const size of SIZES) {
    const ratios = fleet[size].map(({ rate }, index) => rate / alone[size][index].rate);
    rows.push([
      `${size} B from a worker to the workers of all hosts, a second`,
      spread(rates(fleet[size]), thousands),
      '',
      lostOf(fleet[size]),
    ]);
    rows.push([
      '… of what the three workers of one host get',
      spread(
        ratios.filter((ratio) => !Number.isNaN(ratio)),
        times,
      ),
      '',
      '',
    ]);
  }
  const of = (name) =>
    spread(
      asked.map((round) => round[name]),
      inMs,
    );
  rows.push(['`request()` to a worker of another host, median', of('p50'), '≤ 0.30 ms', '']);
  rows.push(['… 99 of 100', of('p99'), '', '']);
  const text = [
    '## Messages in a fleet',
    `\`npm run bench:fleet-messages\` on ${machine()}. ${HOSTS} hosts with one worker each and one NATS server, all on this machine; ${count} messages from one worker's \`sendmessage()\` until the last worker's listener has the last, ${REQUESTS} requests one after the other; ${rounds} rounds, minimum / median / maximum. Engines are flooded with all that they take, so the readers lose what they have no room for; it is counted.`,
    table(['', 'measured', 'at least', 'lost'], rows, ['-', ':', ':', ':']),
  ].join('\n\n');
  console.log(text);
  writeSection(DOCUMENT, 'bench:fleet-messages', text);
}

main();
