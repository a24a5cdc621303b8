'use strict';

// `npm run bench:fleet`: three hosts and a real NATS server; what happens to the alone when a host stops, dies, is cut off or frozen, and when
// servers die. `--rounds N` of each kind (frozen: 2/5 of them, servers: 1/4). It needs `npm run build:fleet`; hosts can be cut off only by who may make
// network namespaces (root). The table goes to stdout and into docs/benchmarks.md.

const path = require('node:path');
const { parseArgs } = require('node:util');
const { table, writeSection } = require('../lib/document');
const { machine } = require('../lib/machine');
const { median } = require('../lib/statistics');
const { Host } = require('./host');
const { Loopback, Network, isAllowed } = require('./network');
const { Resource } = require('./resource');
const { cutOff, frozen, graceful, killed, serverKilled } = require('./rounds');
const { Servers } = require('./servers');

const DOCUMENT = path.join(__dirname, '../../docs/benchmarks.md');
const HOSTS = 3;
const LEASE = 3000;
const LONG_LEASE = 15_000;
/** After a server was killed, and after it came back. */
const SETTLE = 8000;

async function withFleet(network, { servers: count, lease }, run) {
  const resource = await new Resource().open();
  const servers = await new Servers(count, network.address).open();
  const settings = { servers: servers.urls, name: 'bench', lease };
  const hosts = Array.from({ length: HOSTS }, (_, i) => {
    const app = path.join(__dirname, 'app.js');
    const env = { BENCH_RESOURCE: resource.path };
    return new Host({ name: `host-${i + 1}`, app, command: network.command(i), settings, env });
  });
  try {
    await Promise.all(hosts.map((host) => host.start()));
    return await run({ hosts, network, resource, servers });
  } finally {
    await Promise.all(hosts.map((host) => host.kill()));
    await servers.close();
    resource.close();
  }
}

async function repeat(rounds, label, round) {
  const results = [];
  for (let i = 0; i < rounds; i += 1) {
    results.push(await round(i));
    process.stderr.write(`${label} ${i + 1}/${rounds}\n`);
  }
  return results;
}

const ms = (value) => `${Math.round(value)}`;
const spread = (values) => [Math.min(...values), median(values), Math.max(...values)].map(ms).join(' / ');
const of = (results, name) => spread(results.map((result) => result[name]));

async function main() {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '50' } } });
  const rounds = Number(values.rounds);
  const canCut = isAllowed();
  const network = (canCut ? new Network(HOSTS) : new Loopback()).open();
  try {
    const one = await withFleet(network, { servers: 1, lease: LEASE }, async (fleet) => ({
      graceful: await repeat(rounds, 'graceful', () => graceful(fleet)),
      killed: await repeat(rounds, 'killed', () => killed(fleet)),
      cutOff: canCut ? await repeat(rounds, 'cut off', () => cutOff(fleet)) : [],
      frozen: await repeat(Math.ceil(rounds * 0.4), 'frozen', () => frozen(fleet)),
    }));
    const serverRounds = Math.ceil(rounds / 4);
    const servers = await withFleet(network, { servers: 3, lease: LONG_LEASE }, (fleet) =>
      repeat(serverRounds, 'servers', (i) => serverKilled(fleet, i, SETTLE)),
    );
    report(rounds, one, servers);
  } finally {
    network.close();
  }
}

function report(rounds, one, servers) {
  const cut = one.cutOff.length > 0;
  const total = (name) => one.frozen.reduce((sum, round) => sum + round[name], 0);
  const stayed = servers.filter((round) => round.stayed).length;
  const text = [
    '## A fleet',
    `\`npm run bench:fleet\` on ${machine()}. Three hosts on one machine${cut ? ', each in a network namespace of its own' : ''}, one NATS server, \`lease: ${LEASE}\`; the alone writes each millisecond to something that checks its token. In ms: minimum / median / maximum.`,
    table(
      ['', 'rounds', 'the next alone writes after', 'without a write', 'at least'],
      [
        [
          'graceful: from the end of the alone to the next lease',
          `${rounds}`,
          of(one.graceful, 'handover'),
          of(one.graceful, 'gap'),
          "≤ 20, and the alone's start",
        ],
        ['killed, all of it', `${rounds}`, of(one.killed, 'next'), of(one.killed, 'gap'), '≤ 3100; never two'],
        [
          'cut off',
          cut ? `${rounds}` : '0 (not allowed here)',
          cut ? of(one.cutOff, 'next') : '',
          cut ? of(one.cutOff, 'gap') : '',
          '≤ 3100; gap ≥ 500',
        ],
      ],
      ['-', ':', ':', ':', '-'],
    ),
    `Frozen (SIGSTOP to all of it) until another host had the alone, and thawed: ${one.frozen.length} rounds. ${total('refused')} writes with the old token came late and were refused; accepted were ${total('accepted')} (target: 0).`,
    `Three servers (\`lease: ${LONG_LEASE}\`), each killed in turn: the alone stayed in ${stayed} of ${servers.length} rounds; longest pause between two writes: ${of(servers, 'pause')} (target: it stays, ≤ 100).`,
  ].join('\n\n');
  console.log(text);
  writeSection(DOCUMENT, 'bench:fleet', text);
}

main();
