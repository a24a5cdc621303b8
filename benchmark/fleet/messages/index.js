'use strict';

// `npm run bench:fleet-messages`: three hosts and a NATS server on this machine; how many messages a second one worker sends to the workers of all
// hosts, and how long a request to a worker of another host takes. `--rounds N`, `--count N` messages. It needs `npm run build:fleet`. The table goes
// to stdout and into docs/benchmarks.md.

const path = require('node:path');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../../lib/document');
const { machine } = require('../../lib/machine');
const { median, percentile } = require('../../lib/statistics');
const { Host } = require('../host');
const { Servers } = require('../servers');

const DOCUMENT = path.join(__dirname, '../../../docs/benchmarks.md');
const HOSTS = 3;
const SIZES = [64, 1024];
const REQUESTS = 2000;
/** What has not come by then was lost. */
const PATIENCE_MS = 20_000;

/** Messages a second until the last host has them all; less than all if some were lost. */
async function broadcast([sender, ...others], count, size) {
  const hosts = [sender, ...others];
  const ready = hosts.map((host) => host.next('expecting'));
  for (const host of hosts) host.ask({ action: 'expect', count });
  await Promise.all(ready);
  const all = hosts.map((host) => host.next('received'));
  const sent = sender.next('sent');
  sender.ask({ action: 'flood', count, size });
  const { begin } = await sent;
  // Who has not got all says how many it has got.
  const timer = setTimeout(() => hosts.forEach((host) => host.ask({ action: 'how many' })), PATIENCE_MS);
  const received = await Promise.all(all);
  clearTimeout(timer);
  const last = Math.max(...received.map(({ at }) => at));
  const lost = received.reduce((sum, host) => sum + count - host.count, 0);
  return { rate: lost > 0 ? NaN : count / ((last - begin) / 1000), lost };
}

async function requests([asker, other], pid) {
  const answered = asker.next('answered');
  asker.ask({ action: 'ask', count: REQUESTS, worker: `${other.name}/${pid}` });
  const { times } = await answered;
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}

async function main() {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '10' }, count: { type: 'string', default: '200000' } },
  });
  const [rounds, count] = [Number(values.rounds), Number(values.count)];
  const servers = await new Servers(1, '127.0.0.1').open();
  const hosts = [];
  const results = { 64: [], 1024: [], requests: [] };
  try {
    const settings = { servers: servers.urls, name: 'bench', lease: 15_000 };
    const app = path.join(__dirname, 'app.js');
    for (let i = 0; i < HOSTS; i += 1) hosts.push(new Host({ name: `host-${i + 1}`, app, command: [], settings }));
    await Promise.all(hosts.map((host) => host.start()));
    const { pid } = await hosts[1].tells('started');
    // Until each host knows of the others.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    for (let i = 0; i < rounds; i += 1) {
      for (const size of SIZES) results[size].push(await broadcast(hosts, count, size));
      results.requests.push(await requests(hosts, pid));
      process.stderr.write(`round ${i + 1}/${rounds}\n`);
    }
  } finally {
    await Promise.all(hosts.map((host) => host.end()));
    await servers.close();
  }
  report(rounds, count, results);
}

const thousands = (value) => `${Math.round(value / 1000)}k`;
const spread = (values, show) => [Math.min(...values), median(values), Math.max(...values)].map(show).join(' / ');

function report(rounds, count, { requests: asked, ...sizes }) {
  const least = { 64: '≥ 250k', 1024: '≥ 100k' };
  const rows = SIZES.map((size) => {
    const rates = sizes[size].map(({ rate }) => rate).filter((rate) => !Number.isNaN(rate));
    const lost = sizes[size].reduce((sum, round) => sum + round.lost, 0);
    return [`${size} B to the workers of all hosts, a second`, spread(rates, thousands), least[size], `${lost}`];
  });
  const inMs = (value) => `${value.toFixed(2)} ms`;
  const of = (name) =>
    spread(
      asked.map((round) => round[name]),
      inMs,
    );
  rows.push(['request to a worker of another host, median', of('p50'), '≤ 0.30 ms', '']);
  rows.push(['… 99 of 100', of('p99'), '', '']);
  const text = [
    '## Messages in a fleet',
    `\`npm run bench:fleet-messages\` on ${machine()}. ${HOSTS} hosts with one worker each and one NATS server, all on this machine; ${count} messages from one worker's \`process.send\` until the last worker's listener has the last, ${REQUESTS} requests one after the other; ${rounds} rounds, minimum / median / maximum.`,
    table(['', 'measured', 'at least', 'lost'], rows, ['-', ':', ':', ':']),
  ].join('\n\n');
  console.log(text);
  writeSection(DOCUMENT, 'bench:fleet-messages', text);
}

main();
